"""How the values of one variable are distributed: counts of bins, and beside them what no bin can hold."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.bins import Bins, Quick, real_bins, whole_bins
from ckpt_studio.analysis.collect import Scratch
from ckpt_studio.analysis.kinds import Kind, is_discrete, kind_of, pattern_values
from ckpt_studio.analysis.passes import one_pass, pattern_counts
from ckpt_studio.analysis.statistics import Statistics, range_of, statistics, statistics_of_counts
from ckpt_studio.analysis.tally import Tally
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import RequestFault, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable

MAX_BINS: Final = 65_536
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
    bins = _plan(wanted[0][1], takes)
    return [take.count(bins, task) for take in takes]


@dataclass(frozen=True, slots=True)
class _Take:
    """One variable whose figures are known and that is ready to be counted."""

    source: TensorSource
    key: str
    dtype: DType
    statistics: Statistics
    patterns: NDArray[np.int64] | None
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
            patterns = pattern_counts(source, request.key, task)
            figures = request.known or statistics_of_counts(patterns, info.dtype)
            return cls(source, request.key, info.dtype, figures, patterns)
        figures = request.known or statistics(source, request.key, task)
        return cls(source, request.key, info.dtype, figures, None)

    def count(self, bins: Bins, task: Task) -> Histogram:
        if self.patterns is not None:
            return self._count_patterns(self.patterns, bins)
        found: _Counter = one_pass(self.source, self.key, lambda: self._counter(bins), task)
        return Histogram(found.counts, bins.edges(), found.below, found.above, self.statistics)

    def _counter(self, bins: Bins) -> _Counter:
        all_finite = not (self.statistics.nan or self.statistics.inf)
        if isinstance(bins.low, int):
            return _Integers(bins, all_finite)
        if bins.quick is not None:
            spanned = range_of([self.statistics])
            inside = spanned is None or (bins.low <= spanned[0] and spanned[1] <= bins.high)
            return _Singles(bins, bins.quick, all_finite, inside)
        return _Reals(bins, all_finite)

    def _count_patterns(self, times: NDArray[np.int64], bins: Bins) -> Histogram:
        values = pattern_values(self.dtype)
        here = (times > 0) & np.isfinite(values)
        values, times = values[here], times[here]
        low, high = bins.low, bins.high
        below, above = int(times[values < low].sum()), int(times[values > high].sum())
        inside = (values >= low) & (values <= high)
        counts = np.zeros(bins.number, np.int64)
        np.add.at(counts, bins.places(values[inside]), times[inside])
        return Histogram(counts, bins.edges(), below, above, self.statistics)


class _Counter(ABC):
    """Counts chunks into bins; the kinds of number differ in `_count`.

    Attributes:
        below, above: values outside the range.
    """

    def __init__(self, bins: Bins, all_finite: bool) -> None:
        self._bins = bins
        self._all_finite = all_finite
        self._tally = Tally(bins.number)
        self._codes = Scratch(self._tally.code)
        self.below = self.above = 0

    @property
    def counts(self) -> NDArray[np.int64]:
        """int64 [bins]."""
        return self._tally.counts

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        values = chunk if self._all_finite else chunk[np.isfinite(chunk)]
        if values.size:
            self._count(values)

    def merge(self, other: Self) -> None:
        """As `Reducer.merge`."""
        self._tally.merge(other._tally)
        self.below += other.below
        self.above += other.above

    @abstractmethod
    def _count(self, values: NDArray[Any]) -> None: ...

    def _inside(self, values: NDArray[Any], low: Any, high: Any) -> NDArray[Any]:
        """Those of the values that are in the range; the others are counted as outside."""
        if values.min() >= low and values.max() <= high:
            return values
        below, above = values < low, values > high
        self.below += int(np.count_nonzero(below))
        self.above += int(np.count_nonzero(above))
        inside: NDArray[Any] = values[~(below | above)]
        return inside

    def _tell(self, places: NDArray[Any]) -> None:
        """Count the whole parts of these places."""
        codes = self._codes.take(places.size)
        np.copyto(codes, places, casting="unsafe")
        self._tally.add(codes)


class _Integers(_Counter):
    """32 and 64 bit integers, exact."""

    def _count(self, values: NDArray[Any]) -> None:
        bins = self._bins
        low, high = int(bins.low), int(bins.high)
        values = self._inside(values, low, high)
        if not values.size:
            return
        if high - low >= _WIDE:
            places: NDArray[Any] = _places_of_wide_bins(values, bins)
        elif values.dtype.itemsize == 8:
            # one sum for int64 and uint64: the distance comes out right modulo 2**64
            places = (values.view(np.uint64) - np.uint64(low % 2**64)) // np.uint64(bins.width)
        else:
            places = (values.astype(np.int64) - low) // int(bins.width)
        self._tell(places)


def _places_of_wide_bins(chunk: NDArray[Any], bins: Bins) -> NDArray[np.intp]:
    """The bin of each integer, where their distances may not fit into 64 bits."""
    span = np.iinfo(chunk.dtype)
    starts = [int(bins.low) + i * int(bins.width) for i in range(1, bins.number)]
    always = sum(start <= span.min for start in starts)
    inner = [start for start in starts if span.min < start <= span.max]
    return always + np.searchsorted(np.array(inner, chunk.dtype), chunk, side="right")


class _Reals(_Counter):
    """float32 and float64; each value is divided by the width in float64, never by a rounded scale."""

    def __init__(self, bins: Bins, all_finite: bool) -> None:
        super().__init__(bins, all_finite)
        self._offsets = Scratch(np.float64)
        self._halve = not math.isfinite(float(bins.high) - float(bins.low))

    def _count(self, values: NDArray[Any]) -> None:
        bins = self._bins
        offsets = self._offsets.take(values.size)
        offsets[:] = values
        # compared as float64: numpy would round the end of the range to float32
        offsets = self._inside(offsets, bins.low, bins.high)
        if self._halve:
            offsets *= 0.5
            offsets -= bins.low / 2
            offsets /= bins.width / 2
        else:
            offsets -= bins.low
            offsets /= bins.width
        self._tell(np.minimum(offsets, bins.number - 1, out=offsets))


class _Singles(_Counter):
    """float32, in float32: bins that were made for it lose nothing by that."""

    def __init__(self, bins: Bins, quick: Quick, all_finite: bool, all_inside: bool) -> None:
        super().__init__(bins, all_finite)
        self._quick = quick
        self._all_inside = all_inside
        self._places = Scratch(np.float32)

    def _count(self, values: NDArray[Any]) -> None:
        quick = self._quick
        if not self._all_inside:
            values = self._inside(values, quick.low, quick.high)
        places = self._places.take(values.size)
        np.multiply(values, quick.scale, out=places)
        np.add(places, quick.offset, out=places)
        self._tell(places)


def _plan(request: HistogramRequest, takes: list[_Take]) -> Bins:
    if not 1 <= request.bins <= MAX_BINS:
        raise RequestFault(f"A histogram has 1 to {MAX_BINS:,} bins, not {request.bins:,}.", key=request.key)
    spanned = range_of(take.statistics for take in takes) or (0, 0)
    low = spanned[0] if request.low is None else request.low
    high = spanned[1] if request.high is None else request.high
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RequestFault("The ends of a histogram's range are finite numbers.", key=request.key)
    if low > high:
        if request.low is not None and request.high is not None:
            raise RequestFault(f"The range of a histogram rises: {low:g} is above {high:g}.", key=request.key)
        low = high = high if request.low is None else low
    if all(is_discrete(take.dtype) for take in takes):
        return whole_bins(low, high, request.bins)
    wide = {take.dtype.name for take in takes if take.patterns is None}
    return real_bins(float(low), float(high), request.bins, wide == {"float32"})
