"""Which turn, or press of a member, the running task is about: its log lines say so."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

_reference: ContextVar[str] = ContextVar("reference", default="")


@contextmanager
def about(reference: str) -> Generator[None, None, None]:
    """Whatever the block logs is about *reference*."""
    before = _reference.set(reference)
    try:
        yield
    finally:
        _reference.reset(before)


def current_reference() -> str:
    """What the running task is about; empty if nothing was said."""
    return _reference.get()
