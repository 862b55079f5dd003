"""Folds rectangles of elements into pixels as fast as they come from memory, and loses no extreme, no NaN and no Inf.

A rectangle is reduced while it lies in the cache: first the rows of a pixel, over their whole width; then, for several
rectangles at once, what is left of the columns. Small floats are looked up in a table, integers stay what they are;
only what is left becomes float64.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import magnitude, pattern_values
from ckpt_studio.analysis.planes import Span
from ckpt_studio.core import dtypes

_NARROW: Final = 32
"""Rectangles with fewer columns are turned before they are folded: a long inner loop is what makes it fast."""
_LONG: Final = 32
"""Columns of a pixel from which on numpy's `reduceat` is fast."""
_EVEN: Final = 32
"""Elements of a pixel from which on all pixels get the same number, so that many are folded at once; this makes the
picture smaller by a pixel in so many, at most."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What a rectangle of elements says of the pixels [down, across] that it touches.

    Between the two steps of folding, `across` is still a column of elements each.

    Attributes:
        down: which rows of pixels.
        low, high: smallest and largest finite value; NaN where there is none.
        nan, inf: whether there is any, or None where there is neither at all.
        total, count: float64, sum and number of the finite values, or None if not asked for.
    """

    down: slice
    low: NDArray[Any]
    high: NDArray[Any]
    nan: NDArray[np.bool_] | None = None
    inf: NDArray[np.bool_] | None = None
    total: NDArray[np.float64] | None = None
    count: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Share:
    """The pixels that a part of a side falls into.

    Attributes:
        pixels: which ones.
        starts: where in the part each of them begins.
        size: how long the part is.
    """

    pixels: slice
    starts: list[int]
    size: int

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """Int64 [pixels]: `starts`."""
        return np.array(self.starts)

    @cached_property
    def last(self) -> NDArray[np.int64]:
        """Int64 [pixels]: the last place of each."""
        return np.append(self.first[1:], self.size) - 1

    @cached_property
    def lengths(self) -> tuple[int, int]:
        """Places of the shortest and of the longest."""
        lengths = self.last - self.first + 1
        return int(lengths.min()), int(lengths.max())


class Pixels:
    """How one side of a plane is divided into pixels.

    Attributes:
        edges: pixel i holds the places `edges[i]` up to `edges[i + 1]`; rising.
    """

    def __init__(self, span: Span, most: int) -> None:
        start, stop = span
        count = max(1, min(stop - start, most))
        step = -(-(stop - start) // count)
        self.edges: list[int] = (
            [start + i * (stop - start) // count for i in range(count + 1)]
            if step < _EVEN
            else [*range(start, stop, step), stop]
        )
        self._shared: tuple[Span, Share] | None = None

    def __len__(self) -> int:
        return len(self.edges) - 1

    def share(self, part: Span) -> Share:
        """The pixels that a part falls into; the same part is often asked for again."""
        known = self._shared
        if known is None or known[0] != part:
            first, stop = bisect_right(self.edges, part[0]) - 1, bisect_left(self.edges, part[1])
            starts = [edge - part[0] for edge in self.edges[first:stop]]
            starts[0] = 0
            known = self._shared = (part, Share(slice(first, stop), starts, part[1] - part[0]))
        return known[1]


def fold_rows(tile: NDArray[Any], rows: Span, down: Pixels, sums: bool) -> Patch:
    """Reduce the rows of a rectangle of elements [rows, columns]; complex numbers by magnitude.

    Args:
        tile: the elements, in any numeric type.
        rows: where they stand in the plane.
        down: the rows of pixels.
        sums: whether sums are wanted, too.
    """
    values = numbers(tile)
    share = down.share(rows)
    places, starts = share.pixels, share.starts
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = _reduce_rows(np.minimum, values, starts), _reduce_rows(np.maximum, values, starts)
        if values.dtype.kind == "f" and not (math.isfinite(low.min()) and math.isfinite(high.max())):
            return _fold_marked(values, places, starts, sums)
        if not sums:
            return Patch(places, low, high)
        counts = np.diff(starts, append=values.shape[0])[:, None] * np.ones(values.shape[1])
        return Patch(places, low, high, total=_reduce_rows(np.add, values, starts, np.float64), count=counts)


def _fold_marked(values: NDArray[Any], down: slice, starts: list[int], sums: bool) -> Patch:
    """The careful way, where NaN or Inf was seen."""
    finite, nan = np.isfinite(values), np.isnan(values)
    infinite = values.dtype.type(np.inf)
    low = _reduce_rows(np.minimum, np.where(finite, values, infinite), starts)
    high = _reduce_rows(np.maximum, np.where(finite, values, -infinite), starts)
    total = count = None
    if sums:
        total = _reduce_rows(np.add, np.where(finite, values, 0), starts, np.float64)
        count = _reduce_rows(np.add, finite, starts, np.float64)
    nan, inf = (_reduce_rows(np.logical_or, mark, starts) for mark in (nan, ~(finite | nan)))
    return Patch(down, low, high, nan, inf, total, count)


def fold_columns(patches: Sequence[Patch], columns: Span, across: Pixels) -> tuple[slice, list[Patch]]:
    """Reduce the columns of rectangles that have the same ones: which columns of pixels, and the finished patches."""
    share = across.share(columns)
    if any(patch.nan is not None for patch in patches):
        patches = [_with_marks(patch) for patch in patches]

    def together(name: str, function: np.ufunc) -> NDArray[Any] | None:
        parts = [getattr(patch, name) for patch in patches]
        return None if parts[0] is None else _reduce_columns(function, np.concatenate(parts), share)

    with np.errstate(invalid="ignore", over="ignore"):
        low, high = together("low", np.minimum), together("high", np.maximum)
        assert low is not None
        assert high is not None
        nan, inf = together("nan", np.logical_or), together("inf", np.logical_or)
        total, count = together("total", np.add), together("count", np.add)
    low, high = low.astype(np.float64), high.astype(np.float64)
    if nan is not None:
        low[low == np.inf] = np.nan
        high[high == -np.inf] = np.nan
    finished, first = [], 0
    for down in _joined([patch.down for patch in patches]):
        stop = first + down.stop - down.start
        parts = [None if p is None else p[first:stop] for p in (nan, inf, total, count)]
        finished.append(Patch(down, low[first:stop], high[first:stop], *parts))
        first = stop
    return share.pixels, finished


def _joined(runs: list[slice]) -> list[slice]:
    """The same places in fewer runs, where one follows the other."""
    joined = runs[:1]
    for run in runs[1:]:
        if run.start == joined[-1].stop:
            joined[-1] = slice(joined[-1].start, run.stop)
        else:
            joined.append(run)
    return joined


def _with_marks(patch: Patch) -> Patch:
    """The same with masks, where it has none because there is nothing to mark."""
    if patch.nan is not None:
        return patch
    none = np.zeros(patch.low.shape, np.bool_)
    return Patch(patch.down, patch.low, patch.high, none, none, patch.total, patch.count)


def numbers(values: NDArray[Any]) -> NDArray[Any]:
    """The same values in a type that numpy reduces fast: integers, float32 or float64; complex by magnitude."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "c":
        return magnitude(values)
    if kind == "b":
        return values.view(np.uint8)
    if kind in "iu" or (kind == "f" and size >= 4):
        return values
    if values.dtype == ml_dtypes.bfloat16:
        return values.astype(np.float32)
    return np.take(_table(values.dtype), values.view(f"u{size}"), mode="clip")


@cache
def _table(dtype: np.dtype[Any]) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore"):
        return pattern_values(dtypes.of_numpy(dtype)).astype(np.float32)


def _reduce_rows(
    function: np.ufunc, values: NDArray[Any], starts: list[int], dtype: Any = None
) -> NDArray[Any]:
    """[rows, columns] to [pixels down, columns]."""
    height, width = values.shape
    if len(starts) == height:
        return values if dtype is None else values.astype(dtype)
    if width < _NARROW:
        turned = np.ascontiguousarray(values.T)
        return np.asarray(function.reduceat(turned, starts, axis=1, dtype=dtype).T)
    each = height // len(starts)
    if values.flags.c_contiguous and starts == list(range(0, height, each)) and height % each == 0:
        return np.asarray(function.reduce(values.reshape(-1, each, width), axis=1, dtype=dtype))
    reduced = np.empty((len(starts), width), values.dtype if dtype is None else dtype)
    for row, (first, stop) in enumerate(pairwise([*starts, height])):
        function.reduce(values[first:stop], axis=0, dtype=dtype, out=reduced[row])
    return reduced


def _reduce_columns(function: np.ufunc, values: NDArray[Any], share: Share) -> NDArray[Any]:
    """[pixels down, columns] to [pixels down, pixels across]."""
    width, count = values.shape[1], len(share.starts)
    if count == width:
        return values
    if function is np.add or width >= _LONG * count:
        return np.asarray(function.reduceat(values, share.first, axis=1))
    # few columns a pixel: the fold of so many neighbours, for each place, and a look or two at that for each pixel
    shortest, longest = share.lengths
    most, window = 1 << (shortest.bit_length() - 1), 1
    while window < most:
        values = function(values[:, :-window], values[:, window:])
        window *= 2
    found = np.take(values, share.first, axis=1, mode="clip")
    for step in range(window, longest, window):
        places = np.minimum(share.first + step, share.last - window + 1)
        function(found, np.take(values, places, axis=1, mode="clip"), out=found)
    return found
