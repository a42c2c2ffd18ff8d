"""The sum and the rounding: fp32 in, fp32 added, rounded once to what the base has.

numpy knows no bf16: its bits are the upper half of an fp32 number's.
"""

import os
from typing import Any, Final

# Before numpy is loaded, which reads it once: the sums are thin (rank by width), and on a busy
# machine a second thread costs three times more in waiting than it saves.
os.putenv("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # see above
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MERGEABLE: Final = ("F32", "BF16", "F16")
_UPPER_HALF: Final = 16
_QUIET: Final = np.uint32(0x0040)
_INFINITE: Final = np.uint32(0x7F80_0000)


def widen(raw: bytes, dtype: str) -> Floats:
    """The numbers in *raw* as fp32, all exactly.

    Args:
        raw: Little-endian numbers.
        dtype: One of MERGEABLE.
    """
    if dtype == "BF16":
        bits = np.frombuffer(raw, "<u2").astype(np.uint32)
        bits <<= np.uint32(_UPPER_HALF)
        return bits.view(np.float32)
    return np.frombuffer(raw, "<f4" if dtype == "F32" else "<f2").astype(np.float32)


def narrow(values: Floats, dtype: str) -> NDArray[Any]:
    """*values* rounded to *dtype*, to the nearest and halves to the even one; *values* is used up.

    The result's bytes are what a file holds: for BF16 they come as 16-bit patterns.
    """
    if dtype == "BF16":
        return _bf16(values)
    if dtype == "F16":
        with np.errstate(over="ignore"):  # infinity is found by whoever asked
            return values.astype("<f2")
    return values.astype("<f4", copy=False)


def add(rows: Floats, b_rows: Floats, a: Floats, scaling: float) -> Floats:
    """*rows* + *scaling* * (*b_rows* @ *a*), in fp32 and in that order."""
    delta = b_rows @ a
    delta *= np.float32(scaling)
    delta += rows
    return delta


def is_finite(narrowed: NDArray[Any], dtype: str) -> bool:
    """Whether every number that `narrow` gave is one: no infinity, no NaN."""
    if dtype == "BF16":
        exponent = np.uint16(int(_INFINITE) >> _UPPER_HALF)
        return not bool(((narrowed & exponent) == exponent).any())
    return bool(np.isfinite(narrowed).all())


def _bf16(values: Floats) -> NDArray[np.uint16]:
    """Add just under half of the last bit that stays, and the bit itself for the even one."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    last = bits >> np.uint32(_UPPER_HALF)
    last &= np.uint32(1)
    last += np.uint32(0x7FFF)
    last += bits
    last >>= np.uint32(_UPPER_HALF)
    is_nan = np.isnan(values)
    if is_nan.any():  # the sum has carried some of them over into infinity or zero
        last[is_nan] = (bits[is_nan] >> np.uint32(_UPPER_HALF)) | _QUIET
    return last.astype("<u2")
