"""Where the bins of a histogram begin and end, and which bin a value is in: exact for every type of number.

Bins of integers hold whole numbers. Bins of float32 values begin at float32 numbers: those at which the quick way to
find a value's bin, a product and a sum in float32, goes on to the next one. They lie within a thousandth of a bin of
equal bins, and what the edges say is what was counted, to the last value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.collect import Number

_LARGEST: Final = float(np.finfo(np.float64).max)
_MOST_UNEVEN: Final = 1e-3
"""So many bins may an edge lie beside the place where equal bins have it."""
_SMALLER_SCALES: Final = 64
_HALF: Final = np.int32(0x7FFFFFFF)


@dataclass(frozen=True, slots=True)
class Quick:
    """A value's bin in float32: the whole part of `value * scale + offset`, for values in `low..high`.

    Attributes:
        scale, offset: as said.
        low, high: the first and last float32 number in the range.
        steps: float32 [bins - 1], the first number of each bin but the first.
    """

    scale: np.float32
    offset: np.float32
    low: np.float32
    high: np.float32
    steps: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal bins over `low..high`; for integers `low` and `width` are whole numbers, exact at any size."""

    low: Number
    width: Number
    number: int
    high: Number
    quick: Quick | None = None

    def edges(self) -> NDArray[np.float64]:
        """float64 [number + 1]; a bin holds its left edge, the last also its right edge."""
        if isinstance(self.low, int):
            return np.array([float(self.low + i * int(self.width)) for i in range(self.number + 1)]) - 0.5
        if self.quick is not None:
            return np.concatenate([[self.low], self.quick.steps, [self.high]]).astype(np.float64)
        half = np.linspace(self.low / 2, self.high / 2, self.number + 1)
        return half * 2

    def places(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """The bin of each value; all of them are in the range."""
        if self.quick is not None:
            return np.searchsorted(self.quick.steps.astype(np.float64), values, side="right")
        places = np.floor((values - self.low) / self.width).astype(np.intp)
        return np.minimum(places, self.number - 1)


def whole_bins(low: Number, high: Number, bins: int) -> Bins:
    """Bins of whole numbers over a range, at most so many."""
    first, last = math.ceil(low), math.floor(high)
    if first > last:
        first = last
    width = -(-(last - first + 1) // bins)
    return Bins(first, width, -(-(last - first + 1) // width), last)


def real_bins(low: float, high: float, bins: int, float32: bool) -> Bins:
    """So many equal bins over a range; `float32` where no other wide type is counted in them."""
    if low == high:  # a constant: as wide as shows it in the middle
        half = max(0.5, abs(low) * 1e-3)
        low, high = max(low - half, -_LARGEST), min(high + half, _LARGEST)
    least = 4 * bins * max(math.ulp(low), math.ulp(high))
    if high / 2 - low / 2 < least / 2:  # closer than float64 can divide
        middle = low / 2 + high / 2
        low, high = max(middle - least, -_LARGEST), min(middle + least, _LARGEST)
    width = high / bins - low / bins
    return Bins(low, width, bins, high, _quick(low, high, width, bins) if float32 else None)


def _quick(low: float, high: float, width: float, bins: int) -> Quick | None:
    """How to find bins in float32; None where float32 does not tell so many bins apart in this range."""
    with np.errstate(all="ignore"):
        first, last = np.float32(low), np.float32(high)
        if float(first) < low:
            first = np.nextafter(first, np.float32(np.inf))
        if float(last) > high:
            last = np.nextafter(last, np.float32(-np.inf))
        scale = np.float32(1 / width)
        for _ in range(_SMALLER_SCALES):
            offset = np.float32(-low * float(scale))
            if not first * scale + offset > -1:
                return None
            if last * scale + offset < bins:
                break
            scale = np.nextafter(scale, np.float32(0))
        else:
            return None
        if not (first * scale + offset < 1 and last * scale + offset >= bins - 1):
            return None
        steps = _steps(scale, offset, first, last, bins)
        equal = low + width * np.arange(1, bins)
        uneven = np.abs(steps - equal).max(initial=0)
    ends = np.concatenate([[first], steps.astype(np.float64), [last]])
    if uneven > _MOST_UNEVEN * width or not (np.diff(ends[:-1]) > 0).all() or ends[-2] > high:
        return None
    return Quick(scale, offset, first, last, steps)


def _steps(
    scale: np.float32, offset: np.float32, first: np.float32, last: np.float32, bins: int
) -> NDArray[np.float32]:
    """The first float32 number of each bin but the first, by halving the numbers in question."""
    wanted = np.arange(1, bins, dtype=np.float32)
    below = np.full(bins - 1, _order(first), np.int64)
    there = np.full(bins - 1, _order(last), np.int64)
    while (there - below > 1).any():
        middle = (below + there) >> 1
        reached = _number(middle) * scale + offset >= wanted
        there = np.where(reached, middle, there)
        below = np.where(reached, below, middle)
    return _number(there) + np.float32(0)


def _order(number: np.float32) -> int:
    """The place of a float32 number among all of them."""
    bits = number.view(np.int32)
    return int(bits ^ (_HALF if bits < 0 else np.int32(0)))


def _number(places: NDArray[np.int64]) -> NDArray[Any]:
    bits = places.astype(np.int32)
    return np.where(bits < 0, bits ^ _HALF, bits).astype(np.int32).view(np.float32)
