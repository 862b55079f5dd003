"""Turns element types into a few kinds of number, each of which is treated in its own way.

Every analysis treats a type in one of three ways: small types (8 and 16 bits) by counting how often each of their
values occurs, wide integers exactly, everything else as float64.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NAME, DType

CHUNK: Final = 1 << 19
"""Elements that are worked on at once: few enough for the third-level cache, and so many that two threads seldom wait
for the interpreter, which each call of numpy hands back and asks for again."""


class Kind(Enum):
    """How the elements of a type are treated."""

    counted = "counted"
    """8 or 16 bits: how often each value occurs says everything."""
    integer = "integer"
    """32 or 64 bits, exact."""
    real = "real"
    """float32, float64, and the magnitude of complex numbers."""
    text = "text"
    """Strings: there is nothing to calculate."""
    opaque = "opaque"
    """Bytes that nobody but TensorFlow understands."""


def kind_of(dtype: DType) -> Kind:
    """How the elements of `dtype` are treated."""
    if dtype.numpy is None:
        return Kind.opaque
    if dtype.numpy.hasobject:
        return Kind.text
    if dtype.itemsize <= 2:
        return Kind.counted
    return Kind.integer if dtype.numpy.kind in "iu" else Kind.real


def is_discrete(dtype: DType) -> bool:
    """Whether the elements are integers or truth values, so that bins should fall on whole numbers."""
    return dtype.numpy is not None and (dtype.numpy.kind in "iub" or dtype.name in _SMALL_INTEGERS)


_SMALL_INTEGERS: Final = frozenset({"int4", "uint4", "int2", "uint2"})


def magnitude(values: NDArray[Any]) -> NDArray[np.float64]:
    """Absolute values of complex numbers in float64, so that complex64 does not overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        sizes: NDArray[np.float64] = np.abs(values.astype(np.complex128, copy=False))
        return sizes


@cache
def _pattern_values(name: str) -> NDArray[np.float64]:
    dtype = BY_NAME[name]
    assert dtype.numpy is not None
    patterns = np.arange(1 << (8 * dtype.itemsize), dtype=f"u{dtype.itemsize}")
    if dtype.numpy.kind == "b":
        truth: NDArray[np.float64] = (patterns != 0).astype(np.float64)
        return truth
    with np.errstate(invalid="ignore"):
        values: NDArray[np.float64] = patterns.view(dtype.numpy).astype(np.float64)
    return values


def pattern_values(dtype: DType) -> NDArray[np.float64]:
    """The value of each bit pattern of an 8 or 16 bit type, exact: float64 [256] or [65536]."""
    return _pattern_values(dtype.name)


def smallest_normal(dtype: DType) -> float:
    """The smallest positive number that a float type holds with full precision; 0.0 for types without denormals."""
    if dtype.numpy is None or dtype.numpy.kind in "iub" or is_discrete(dtype):
        return 0.0
    part = dtype.numpy.type(0).real.dtype if dtype.numpy.kind == "c" else dtype.numpy.newbyteorder("=")
    return float(ml_dtypes.finfo(part).smallest_normal)  # type: ignore[no-untyped-call]
