"""Rounding is tried on every 16-bit pattern and on what lies between neighbours."""

from fractions import Fraction

import numpy as np
import pytest

from recipe.merge.arithmetic import add, is_finite, narrow, widen

PATTERNS = np.arange(2**16, dtype=np.uint32)
EVERY_BF16 = (PATTERNS << 16).view(np.float32)
FINITE = np.isfinite(EVERY_BF16)


def test_every_bf16_number_comes_through_unchanged() -> None:
    raw = PATTERNS.astype("<u2").tobytes()

    back = narrow(widen(raw, "BF16"), "BF16")

    numbers = ~np.isnan(EVERY_BF16)
    assert (back[numbers] == PATTERNS[numbers]).all()
    assert np.isnan(widen(back.tobytes(), "BF16"))[~numbers].all()


@pytest.mark.parametrize(
    ("low_bits", "goes"),
    [(0x0001, "down"), (0x7FFF, "down"), (0x8001, "up"), (0xFFFF, "up"), (0x8000, "to even")],
)
def test_between_two_bf16_numbers_the_nearer_one_is_taken_and_the_even_one_in_the_middle(
    low_bits: int, goes: str
) -> None:
    """Over all 65,536 patterns: the bits above the cut count on, also into infinity."""
    low = PATTERNS[FINITE]
    between = ((low << 16) | low_bits).view(np.float32)
    up = (low & 1) if goes == "to even" else int(goes == "up")

    rounded = narrow(between, "BF16")

    assert (rounded == low + up).all()


def test_rounding_agrees_with_exact_fractions() -> None:
    values = np.random.default_rng(3).normal(0, 1, 500).astype(np.float32)

    rounded = widen(narrow(values.copy(), "BF16").tobytes(), "BF16")

    for value, found in zip(values, rounded, strict=True):
        bits = int(np.float32(found).view(np.uint32)) >> 16
        near = [(np.uint32(bits + step) << np.uint32(16)).view(np.float32) for step in (-1, 1)]
        off = abs(Fraction(float(value)) - Fraction(float(found)))
        assert all(off <= abs(Fraction(float(value)) - Fraction(float(each))) for each in near)


def test_no_number_stays_no_number_and_is_found() -> None:
    patterns = np.array([0x7F80_0001, 0xFFFF_FFFF, 0x7FC0_0000, 0xFF80_0001], np.uint32)

    rounded = narrow(patterns.view(np.float32), "BF16")

    assert np.isnan(widen(rounded.tobytes(), "BF16")).all()
    assert not is_finite(rounded, "BF16")


def test_what_is_too_large_becomes_infinite_and_is_found() -> None:
    largest = np.array([3.4e38], np.float32)

    assert not is_finite(narrow(largest.copy(), "BF16"), "BF16")
    assert not is_finite(narrow(np.array([65_520], np.float32), "F16"), "F16")
    assert is_finite(narrow(np.array([65_519], np.float32), "F16"), "F16")
    assert is_finite(narrow(largest.copy(), "F32"), "F32")


def test_every_fp16_number_comes_through_unchanged() -> None:
    raw = PATTERNS.astype("<u2").tobytes()
    numbers = np.isfinite(np.frombuffer(raw, "<f2"))

    back = narrow(widen(raw, "F16"), "F16").view("<u2")

    assert (back[numbers] == PATTERNS[numbers]).all()


def test_the_sum_is_the_golden_one() -> None:
    """Worked out by hand: 1 + 0.5 * (2*3 + 4*5) and so on, all exact in fp32."""
    rows = np.array([[1, 2], [3, 4]], np.float32)
    b = np.array([[2, 4], [1, 0]], np.float32)
    a = np.array([[3, 1], [5, 2]], np.float32)

    assert add(rows, b, a, 0.5).tolist() == [[14.0, 7.0], [4.5, 4.5]]
