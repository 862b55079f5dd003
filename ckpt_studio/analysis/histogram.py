"""How the values of one variable are distributed: counts of bins, and beside them what no bin can hold."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.collect import Number
from ckpt_studio.analysis.kinds import (
    CHUNK,
    Kind,
    is_discrete,
    kind_of,
    pattern_values,
)
from ckpt_studio.analysis.passes import PatternCounts, one_pass
from ckpt_studio.analysis.statistics import Statistics, range_of, statistics, statistics_of_counts
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import RequestFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable

MAX_BINS: Final = 65_536
_LARGEST: Final = float(np.finfo(np.float64).max)
_WIDE: Final = 2**62
"""From this distance of the ends on, distances and widths of integers may not fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class HistogramRequest:
    """What to count.

    Attributes:
        key: the variable.
        bins: at most this many; integers get fewer where there are fewer values.
        low, high: ends of the range, both inside it; None for the smallest and the largest value.
        known: figures of the variable, where they are known already, which saves a pass.
    """

    key: str
    bins: int = 256
    low: float | None = None
    high: float | None = None
    known: Statistics | None = None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of the values of one variable; complex numbers by magnitude.

    Attributes:
        counts: int64 [bins]. A bin holds its left edge, the last also its right edge.
        edges: float64 [bins + 1], rising. Bins of integers begin and end halfway between two of them.
        below, above: finite values outside the range.
        statistics: of all values; its `nan` and `inf` are the values that are in no bin.
    """

    counts: NDArray[np.int64]
    edges: NDArray[np.float64]
    below: int
    above: int
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class _Bins:
    """Equal bins over `low..high`; for integers `low` and `width` are whole numbers, exact at any size."""

    low: Number
    width: Number
    number: int
    high: Number

    def edges(self) -> NDArray[np.float64]:
        if isinstance(self.low, int):
            return np.array([float(self.low + i * int(self.width)) for i in range(self.number + 1)]) - 0.5
        half = np.linspace(self.low / 2, self.high / 2, self.number + 1)
        return half * 2


def histogram(source: TensorSource, request: HistogramRequest, task: Task = UNTENDED) -> Histogram:
    """Count the values of a variable. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        RequestFault: the range or the number of bins makes no sense.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    return histograms([(source, request)], task)[0]


def histograms(wanted: list[tuple[TensorSource, HistogramRequest]], task: Task = UNTENDED) -> list[Histogram]:
    """Several variables counted in the same bins, so that they can be laid over each other.

    Range and number of bins are those of the first request; an open range spans all variables.

    Raises:
        as `histogram`.
    """
    takes = [_Take.begin(source, request, task) for source, request in wanted]
    bins = _plan(wanted[0][1], [take.statistics for take in takes], all(is_discrete(t.dtype) for t in takes))
    return [take.count(bins, task) for take in takes]


@dataclass(frozen=True, slots=True)
class _Take:
    """One variable whose figures are known and that is ready to be counted."""

    source: TensorSource
    key: str
    dtype: DType
    statistics: Statistics
    values: NDArray[np.int64] | None
    """How often each bit pattern occurs, for 8 and 16 bit types."""

    @classmethod
    def begin(cls, source: TensorSource, request: HistogramRequest, task: Task) -> _Take:
        info = source.columns.of(request.key)
        kind = kind_of(info.dtype)
        if kind in (Kind.text, Kind.opaque):
            raise Unsupported(
                f"{printable(info.name)} holds {info.dtype.name} values, which have no histogram.",
                key=request.key,
            )
        if kind is Kind.counted:
            itemsize = info.dtype.itemsize
            values = one_pass(source, request.key, lambda: PatternCounts(itemsize), task).counts
            figures = request.known or statistics_of_counts(values, info.dtype)
            return cls(source, request.key, info.dtype, figures, values)
        figures = request.known or statistics(source, request.key, task)
        return cls(source, request.key, info.dtype, figures, None)

    def count(self, bins: _Bins, task: Task) -> Histogram:
        if self.values is not None:
            return self._count_patterns(self.values, bins)
        all_finite = not (self.statistics.nan or self.statistics.inf)
        kind = _Integers if isinstance(bins.low, int) else _Reals
        found: _Counter = one_pass(self.source, self.key, lambda: kind(bins, all_finite), task)
        return Histogram(found.counts, bins.edges(), found.below, found.above, self.statistics)

    def _count_patterns(self, times: NDArray[np.int64], bins: _Bins) -> Histogram:
        values = pattern_values(self.dtype)
        here = (times > 0) & np.isfinite(values)
        values, times = values[here], times[here]
        low, high = bins.low, bins.high
        below, above = int(times[values < low].sum()), int(times[values > high].sum())
        inside = (values >= low) & (values <= high)
        places = np.floor((values[inside] - low) / bins.width).astype(np.intp)
        counts = np.zeros(bins.number, np.int64)
        np.add.at(counts, np.minimum(places, bins.number - 1), times[inside])
        return Histogram(counts, bins.edges(), below, above, self.statistics)


class _Counter:
    """Counts chunks into bins; the two kinds of number differ in `_count`.

    Attributes:
        counts: int64 [bins].
        below, above: values outside the range.
    """

    def __init__(self, bins: _Bins, all_finite: bool) -> None:
        self._bins = bins
        self._all_finite = all_finite
        self.counts = np.zeros(bins.number, np.int64)
        self.below = self.above = 0

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        values = chunk if self._all_finite else chunk[np.isfinite(chunk)]
        if values.size:
            self._count(values)

    def _count(self, values: NDArray[Any]) -> None:
        raise NotImplementedError


class _Integers(_Counter):
    """32 and 64 bit integers, exact."""

    def _count(self, values: NDArray[Any]) -> None:
        bins = self._bins
        low, high = int(bins.low), int(bins.high)
        if int(values.min()) < low or int(values.max()) > high:
            self.below += int(np.count_nonzero(values < low))
            self.above += int(np.count_nonzero(values > high))
            values = values[(values >= low) & (values <= high)]
        if not values.size:
            return
        if high - low >= _WIDE:
            places = _places_of_wide_bins(values, bins)
        elif values.dtype.itemsize == 8:
            # one sum for int64 and uint64: the distance comes out right modulo 2**64
            offsets = values.view(np.uint64) - np.uint64(low % 2**64)
            places = (offsets // np.uint64(bins.width)).astype(np.intp)
        else:
            places = (values.astype(np.int64) - low) // int(bins.width)
        self.counts += np.bincount(places, minlength=bins.number)


def _places_of_wide_bins(chunk: NDArray[Any], bins: _Bins) -> NDArray[np.intp]:
    """The bin of each integer, where their distances may not fit into 64 bits."""
    span = np.iinfo(chunk.dtype)
    starts = [int(bins.low) + i * int(bins.width) for i in range(1, bins.number)]
    always = sum(start <= span.min for start in starts)
    inner = [start for start in starts if span.min < start <= span.max]
    return always + np.searchsorted(np.array(inner, chunk.dtype), chunk, side="right")


class _Reals(_Counter):
    """float32 and float64; each value is divided by the width in float64, never by a rounded scale."""

    def __init__(self, bins: _Bins, all_finite: bool) -> None:
        super().__init__(bins, all_finite)
        self._offsets = np.empty(CHUNK)
        self._places = np.empty(CHUNK, np.intp)
        self._halve = not math.isfinite(float(bins.high) - float(bins.low))

    def _count(self, values: NDArray[Any]) -> None:
        bins = self._bins
        offsets, places = self._offsets[: values.size], self._places[: values.size]
        smallest, largest = float(values.min()), float(values.max())
        offsets[:] = values
        # compared as float64: numpy would round the end of the range to float32
        below = int(np.count_nonzero(offsets < bins.low)) if smallest < bins.low else 0
        above = int(np.count_nonzero(offsets > bins.high)) if largest > bins.high else 0
        if below or above:
            np.clip(offsets, bins.low, bins.high, out=offsets)
        if self._halve:
            offsets *= 0.5
            offsets -= bins.low / 2
            offsets /= bins.width / 2
        else:
            offsets -= bins.low
            offsets /= bins.width
        np.copyto(places, offsets, casting="unsafe")
        np.minimum(places, bins.number - 1, out=places)
        self.counts += np.bincount(places, minlength=bins.number)
        self.counts[0] -= below
        self.counts[-1] -= above
        self.below += below
        self.above += above


def _plan(request: HistogramRequest, found: list[Statistics], discrete: bool) -> _Bins:
    if not 1 <= request.bins <= MAX_BINS:
        raise RequestFault(f"A histogram has 1 to {MAX_BINS:,} bins, not {request.bins:,}.", key=request.key)
    spanned = range_of(found) or (0, 0)
    low = spanned[0] if request.low is None else request.low
    high = spanned[1] if request.high is None else request.high
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RequestFault("The ends of a histogram's range are finite numbers.", key=request.key)
    if low > high:
        if request.low is not None and request.high is not None:
            raise RequestFault(f"The range of a histogram rises: {low:g} is above {high:g}.", key=request.key)
        low = high = high if request.low is None else low
    if discrete:
        return _whole_bins(low, high, request.bins)
    return _real_bins(float(low), float(high), request.bins)


def _whole_bins(low: Number, high: Number, bins: int) -> _Bins:
    first, last = math.ceil(low), math.floor(high)
    if first > last:
        first = last
    width = -(-(last - first + 1) // bins)
    return _Bins(first, width, -(-(last - first + 1) // width), last)


def _real_bins(low: float, high: float, bins: int) -> _Bins:
    if low == high:  # a constant: as wide as shows it in the middle
        half = max(0.5, abs(low) * 1e-3)
        low, high = max(low - half, -_LARGEST), min(high + half, _LARGEST)
    least = 4 * bins * max(math.ulp(low), math.ulp(high))
    if high / 2 - low / 2 < least / 2:  # closer than float64 can divide
        middle = low / 2 + high / 2
        low, high = max(middle - least, -_LARGEST), min(middle + least, _LARGEST)
    return _Bins(low, high / bins - low / bins, bins, high)
