"""How far two variables of the same shape are apart, collected chunk by chunk in one pass over both.

NaN equals NaN, and zeros of either sign are equal. Where only one of two elements is NaN, so is their distance, and
with it every figure that it is part of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.collect import Number
from ckpt_studio.analysis.kinds import CHUNK, Kind, is_discrete, kind_of, magnitude
from ckpt_studio.core.dtypes import DType

_OVERFLOWN: Final = 2.0**960
_VANISHED: Final = 2.0**-960
"""A sum of squares that is no larger may have lost some of them."""


class Gaps(Protocol):
    """What a pass over two variables collects.

    Attributes:
        differing: how many elements differ.
    """

    differing: int

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> None:
        """Take in some elements of both, as flat arrays of one length."""
        ...

    @property
    def max_abs(self) -> Number | None:
        """The largest distance; None where distances mean nothing."""
        ...

    @property
    def rel_l2(self) -> float | None:
        """The norm of all distances in terms of that of a's finite values; None where distances mean nothing."""
        ...


def gaps_for(a: DType, b: DType) -> Gaps:
    """What collects the distances between elements of these two types, both numeric or both strings."""
    if kind_of(a) is Kind.text:
        return Texts()
    if a.number == b.number and a.itemsize == 8 and kind_of(a) is Kind.integer:
        return WideIntegers()
    return Numbers(whole=is_discrete(a) and is_discrete(b))


def aligned(
    a: Iterator[NDArray[Any]], b: Iterator[NDArray[Any]]
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Pieces of at most `CHUNK` elements that two streams have in common, whatever blocks each of them comes in."""
    left, right = next(a, None), next(b, None)
    while left is not None and right is not None:
        size = min(len(left), len(right), CHUNK)
        yield left[:size], right[:size]
        left, right = left[size:], right[size:]
        if not len(left):
            left = next(a, None)
        if not len(right):
            right = next(b, None)


class _Norm:
    """The square root of a sum of squares, which neither overflow nor vanish."""

    def __init__(self) -> None:
        self._sums: list[tuple[int, float]] = []
        self._odd = 0.0

    def add(self, values: NDArray[np.float64]) -> None:
        """Take in some numbers."""
        total = float(np.einsum("i,i->", values, values))
        if _VANISHED < total < _OVERFLOWN:
            self._sums.append((0, total))
            return
        largest = float(np.abs(values).max(initial=0.0))
        if not math.isfinite(largest):
            self._odd += largest
        elif largest:
            exponent = math.frexp(largest)[1]
            parts = np.ldexp(values, -exponent)
            self._sums.append((exponent, float(np.einsum("i,i->", parts, parts))))

    def add_finite(self, values: NDArray[np.float64]) -> None:
        """Take in those of some numbers that are finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            finite = math.isfinite(values.sum())  # or two of them are too large for this, which does no harm
        self.add(values if finite else values[np.isfinite(values)])

    @property
    def value(self) -> float:
        """The norm so far."""
        if self._odd:
            return self._odd
        top = max((exponent for exponent, _ in self._sums), default=0)
        total = math.fsum(math.ldexp(part, 2 * (exponent - top)) for exponent, part in self._sums)
        try:
            return math.ldexp(math.sqrt(total), top)
        except OverflowError:
            return math.inf


class _Distances:
    """What numbers of every kind have in common: the largest distance, and two norms."""

    def __init__(self) -> None:
        self.differing = 0
        self._largest: Number = 0
        self._gaps, self._base = _Norm(), _Norm()

    def _take(self, gaps: NDArray[Any], largest: Number) -> None:
        """Distances of some elements, float64, and the largest of them."""
        self.differing += int(np.count_nonzero(gaps != 0))
        if not largest <= self._largest:  # also where it is NaN, which then stays
            self._largest = self._largest if math.isnan(self._largest) else largest
        self._gaps.add(gaps)

    @property
    def rel_l2(self) -> float:
        """As `Gaps.rel_l2`; infinite where a is zero and b is not."""
        gap, base = self._gaps.value, self._base.value
        if base:
            return gap / base
        return gap if math.isnan(gap) else math.inf if gap else 0.0


class Numbers(_Distances):
    """Collects the distances between numbers whose values float64 holds, and of complex ones by magnitude.

    Args:
        whole: whether both are integers, so that their largest distance is one.
    """

    def __init__(self, whole: bool) -> None:
        super().__init__()
        self._whole = whole

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> None:
        """As `Gaps.add`."""
        mixed = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
        x, y = a.astype(mixed), b.astype(mixed)
        self._base.add_finite(magnitude(x) if mixed is np.complex128 else x.real)
        with np.errstate(over="ignore", invalid="ignore"):
            gaps = np.abs(x - y)
        largest = float(gaps.max())
        if math.isnan(largest):
            gaps[(x == y) | (np.isnan(x) & np.isnan(y))] = 0  # also infinity less infinity
            largest = float(gaps.max())
        if largest:
            self._take(gaps, largest)

    @property
    def max_abs(self) -> Number:
        """As `Gaps.max_abs`."""
        return int(self._largest) if self._whole else float(self._largest)


class WideIntegers(_Distances):
    """Collects the distances between integers of 64 bits of one type, whose largest is exact."""

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> None:
        """As `Gaps.add`."""
        self._base.add(a.astype(np.float64))
        high, low = np.maximum(a, b).view(np.uint64), np.minimum(a, b).view(np.uint64)
        gaps = high - low  # which wraps around to the right number
        largest = int(gaps.max())
        if largest:
            self._take(gaps.astype(np.float64), largest)

    @property
    def max_abs(self) -> int:
        """As `Gaps.max_abs`."""
        return int(self._largest)


class Texts:
    """Counts the strings that differ; there is no distance between them."""

    max_abs = None
    rel_l2 = None

    def __init__(self) -> None:
        self.differing = 0

    def add(self, a: NDArray[Any], b: NDArray[Any]) -> None:
        """As `Gaps.add`."""
        self.differing += int(np.count_nonzero(a != b))
