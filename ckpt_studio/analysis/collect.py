"""Reduces chunks of numbers to figures while they lie in the cache, so that a pass costs hardly more than its read.

Each chunk becomes a handful of numbers; they are put together at the end with exact sums. The variance is never the
small difference of two large numbers, and squares neither overflow nor vanish. Both classes are a `passes.Reducer`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Number = int | float

_ROW: Final = 512
"""A product of vectors is made of products of so many numbers: each stays with one thread of BLAS, and numpy lets go of
the interpreter where there are more than 500 of them."""
_ONES: Final = np.ones((_ROW, 1))
_SQUARES_OVERFLOW: Final = 2.0**480
_SQUARES_VANISH: Final = 2.0**-480
_HALF: Final = 2**63


@dataclass(slots=True)
class _Parts:
    """What each chunk gave: its finite values were multiplied by 2**-exponent before they were summed."""

    counts: list[int] = field(default_factory=list)
    exponents: list[int] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)
    magnitudes: list[float] = field(default_factory=list)

    def add(self, values: NDArray[np.float64], exponent: int = 0, one_sign: bool = False) -> None:
        """Reduce finite values that were scaled so that their squares neither overflow nor vanish.

        Leaves their magnitudes in their place, but with `one_sign`: where no two of them have different signs, the sum
        tells those too.
        """
        count = values.size
        total = _sum(values)
        mean = total / count
        squares = _square_sum(values)
        deviation = squares - count * mean * mean
        if deviation < 1e-3 * squares:  # more than three digits would be lost: subtract before squaring
            shifted = values - mean
            slip = _sum(shifted) / count
            deviation = _square_sum(shifted) - count * slip * slip
            mean += slip
        self.counts.append(count)
        self.exponents.append(exponent)
        self.means.append(mean)
        self.squares.append(squares)
        self.deviations.append(max(deviation, 0.0))
        self.magnitudes.append(abs(total) if one_sign else _sum(np.abs(values, out=values)))

    def merge(self, other: _Parts, shift: float = 0.0) -> None:
        """Take over the chunks of another; its means are `shift` too small."""
        self.counts += other.counts
        self.exponents += other.exponents
        self.means += [mean + shift for mean in other.means] if shift else other.means
        self.squares += other.squares
        self.deviations += other.deviations
        self.magnitudes += other.magnitudes

    def combined(self) -> dict[str, float]:
        """Mean, std, l2 and l1 of all chunks."""
        counts = np.array(self.counts, np.float64)
        top = max(self.exponents)
        shifts = np.array(self.exponents) - top
        means, total = np.ldexp(self.means, shifts), counts.sum()
        mean = math.fsum(means * counts) / total
        squares = math.fsum(np.ldexp(self.squares, 2 * shifts))
        spread = math.fsum(np.ldexp(self.deviations, 2 * shifts)) + math.fsum(counts * (means - mean) ** 2)
        return {
            "mean": _ldexp(mean, top),
            "std": _ldexp(math.sqrt(spread / total), top),
            "l2": _ldexp(math.sqrt(squares), top),
            "l1": _ldexp(math.fsum(np.ldexp(self.magnitudes, shifts)), top),
        }


class Scratch:
    """Memory to work in, as much as the largest chunk asked for: most variables are small, and need little.

    What lies in it is nobody's finding: a copy of it begins empty.
    """

    def __init__(self, dtype: Any) -> None:
        self._memory = np.empty(0, dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        return Scratch, (self._memory.dtype,)

    def take(self, size: int) -> NDArray[Any]:
        """So many elements; what is in them is not said."""
        if self._memory.size < size:
            self._memory = np.empty(size, self._memory.dtype)
        return self._memory[:size]


def _sum(values: NDArray[np.float64]) -> float:
    """The sum of a vector."""
    rows, rest = _rows(values)
    return float(np.matmul(rows, _ONES).sum()) + float(rest.sum())


def _square_sum(values: NDArray[np.float64]) -> float:
    """The sum of the squares of a vector."""
    rows, rest = _rows(values)
    return float(np.matmul(rows, rows.transpose(0, 2, 1)).sum()) + float(np.square(rest).sum())


def _rows(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A vector as [n, 1, _ROW], and what is left over."""
    whole = values.size // _ROW * _ROW
    return values[:whole].reshape(-1, 1, _ROW), values[whole:]


def _ldexp(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


class Reals:
    """Collects the figures of float32 and float64 chunks.

    Args:
        smallest_normal: of the element type, in the type itself: what is nearer to zero is denormal.
    """

    def __init__(self, smallest_normal: float) -> None:
        self._parts = _Parts()
        self._wide = Scratch(np.float64)
        self._normal = smallest_normal
        self._count = self._zeros = self._denormals = self._nan = self._inf = self._neg_inf = 0
        self._low, self._high = math.inf, -math.inf

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        self._count += chunk.size
        low, high = float(chunk.min()), float(chunk.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            chunk = self._only_finite(chunk)
            if not chunk.size:
                return
            low, high = float(chunk.min()), float(chunk.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        if self._smallest(chunk, low, high) < self._normal:
            self._count_small(chunk)

    def _smallest(self, chunk: NDArray[Any], low: float, high: float) -> float:
        """Sum up finite values; the smallest magnitude among them, or less where it vanishes beside the largest."""
        wide = self._wide.take(chunk.size)
        largest, exponent = max(abs(low), abs(high)), 0
        one_sign = low >= 0 or high <= 0
        if largest == 0 or _SQUARES_VANISH < largest < _SQUARES_OVERFLOW:
            wide[:] = chunk
        else:
            exponent = math.frexp(largest)[1]
            np.ldexp(chunk, -exponent, out=wide)
        self._parts.add(wide, exponent, one_sign)
        if one_sign:
            return low if low >= 0 else -high
        return math.ldexp(float(wide.min()), exponent)  # which are magnitudes by now

    def _count_small(self, chunk: NDArray[Any]) -> None:
        """Count zeros and denormals."""
        sizes = self._wide.take(chunk.size).view(chunk.dtype)[: chunk.size]
        np.abs(chunk, out=sizes)
        small = int(np.count_nonzero(np.less(sizes, chunk.dtype.type(self._normal))))
        zeros = int(np.count_nonzero(np.equal(sizes, 0)))
        self._zeros += zeros
        self._denormals += small - zeros

    def _only_finite(self, chunk: NDArray[Any]) -> NDArray[Any]:
        finite = np.isfinite(chunk)
        nan = int(np.count_nonzero(np.isnan(chunk)))
        self._nan += nan
        self._inf += chunk.size - int(np.count_nonzero(finite)) - nan
        self._neg_inf += int(np.count_nonzero(chunk == -np.inf))
        kept: NDArray[Any] = chunk[finite]
        return kept

    def merge(self, other: Reals) -> None:
        """As `Reducer.merge`."""
        self._parts.merge(other._parts)
        self._count += other._count
        self._zeros += other._zeros
        self._denormals += other._denormals
        self._nan += other._nan
        self._inf += other._inf
        self._neg_inf += other._neg_inf
        self._low, self._high = min(self._low, other._low), max(self._high, other._high)

    def figures(self) -> dict[str, Any]:
        """By field of `Statistics`."""
        found = {
            "count": self._count,
            "zeros": self._zeros,
            "denormals": self._denormals,
            "nan": self._nan,
            "inf": self._inf,
            "neg_inf": self._neg_inf,
        }
        if not self._parts.counts:
            return found
        return {**found, "min": self._low + 0.0, "max": self._high + 0.0, **self._parts.combined()}


class Integers:
    """Collects the figures of 32 and 64 bit integers: count, min, max, zeros and the sum are exact.

    Deviations are taken from an origin among the values, because float64 does not tell large neighbours apart.
    """

    def __init__(self) -> None:
        self._parts = _Parts()
        self._wide = Scratch(np.float64)
        self._l1: list[float] = []
        self._squares: list[float] = []
        self._origin = 0
        self._count = self._zeros = self._sum = 0
        self._low: int | None = None
        self._high: int | None = None

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        low, high = int(chunk.min()), int(chunk.max())
        if self._low is None:
            self._origin = low
        self._widen(low, high)
        self._count += chunk.size
        self._zeros += chunk.size - int(np.count_nonzero(chunk))
        total = _exact_sum(chunk)
        self._sum += total
        wide = self._wide.take(chunk.size)
        wide[:] = chunk
        self._squares.append(_square_sum(wide))
        self._l1.append(abs(total) if low >= 0 or high <= 0 else _sum(np.abs(wide, out=wide)))
        if chunk.dtype.itemsize == 8 and low - self._origin >= -_HALF and high - self._origin < _HALF:
            wide[:] = (chunk - chunk.dtype.type(self._origin)).view(np.int64)
        else:
            np.subtract(chunk, float(self._origin), out=wide)
        self._parts.add(wide)

    def merge(self, other: Integers) -> None:
        """As `Reducer.merge`."""
        if other._low is None or other._high is None:
            return
        if self._low is None:
            self._origin = other._origin
        self._widen(other._low, other._high)
        self._parts.merge(other._parts, float(other._origin - self._origin))
        self._count += other._count
        self._zeros += other._zeros
        self._sum += other._sum
        self._l1 += other._l1
        self._squares += other._squares

    def _widen(self, low: int, high: int) -> None:
        self._low = low if self._low is None else min(self._low, low)
        self._high = high if self._high is None else max(self._high, high)

    def figures(self) -> dict[str, Any]:
        """By field of `Statistics`."""
        found = {"count": self._count, "zeros": self._zeros, "denormals": 0, "nan": 0, "inf": 0, "neg_inf": 0}
        if self._low is None or self._high is None:
            return found
        return {
            **found,
            "min": self._low,
            "max": self._high,
            "mean": self._sum / self._count,
            "std": 0.0 if self._low == self._high else self._parts.combined()["std"],
            "l2": math.sqrt(math.fsum(self._squares)),
            "l1": math.fsum(self._l1),
        }


def _exact_sum(chunk: NDArray[Any]) -> int:
    if chunk.dtype.itemsize < 8:
        return int(chunk.sum(dtype=np.int64))
    low = int((chunk & chunk.dtype.type(0xFFFFFFFF)).sum(dtype=np.uint64))
    return (int((chunk >> chunk.dtype.type(32)).sum()) << 32) + low
