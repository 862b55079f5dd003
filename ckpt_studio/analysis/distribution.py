"""All that a histogram view shows of one variable, and of others laid over it, on a linear or a logarithmic axis."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.classes import ClassColumns, Classes, count_classes, percentiles
from ckpt_studio.analysis.histogram import MAX_BINS, Histogram, HistogramRequest, histograms
from ckpt_studio.analysis.kinds import is_discrete
from ckpt_studio.analysis.remembered import FigureCache, remembered_statistics
from ckpt_studio.analysis.ridgeline import EqualColumns, Ridgeline, ridgeline
from ckpt_studio.analysis.statistics import Statistics, range_of, statistics
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

ValueScale = Literal["linear", "log", "symlog"]
"""How values lie along the axis: "log" shows positive ones only, "symlog" both signs, linear around zero."""
_LARGEST: Final = float(np.finfo(np.float64).max)
_MOST_KNOWN: Final = 8


@dataclass(frozen=True, slots=True)
class DistributionRequest:
    """What to look at.

    Attributes:
        sides: variables to count in the same bins, (source, key); percentiles and channels are those of the first.
        bins: at most this many.
        low, high: ends of the range; None for the smallest and the largest value.
        scale: of the values.
        shares: percentiles to find, as parts of one.
        axis: whose channels are counted one by one, or None.
    """

    sides: tuple[tuple[TensorSource, str], ...]
    bins: int = 128
    low: float | None = None
    high: float | None = None
    scale: ValueScale = "linear"
    shares: tuple[float, ...] = ()
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """What was found.

    Attributes:
        request: what was asked for.
        histograms: one a side, all with the same edges.
        linear: on a symmetric-logarithmic axis, the magnitude up to which it is nearly linear; else None.
        percentiles: (share, value); empty where no value is finite.
        channels: counts by channel, or None.
    """

    request: DistributionRequest
    histograms: tuple[Histogram, ...]
    linear: float | None = None
    percentiles: tuple[tuple[float, float], ...] = ()
    channels: Ridgeline | None = None


@dataclass(slots=True)
class Known:
    """What was found out about variables lately, so that another binning reads no more than it has to.

    May be used by several threads.

    Attributes:
        cache: what is remembered of statistics between starts, or None.
    """

    cache: FigureCache | None = None
    _found: OrderedDict[tuple[Any, ...], Any] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def statistics(self, source: TensorSource, key: str, task: Task) -> Statistics:
        """As `statistics.statistics`."""

        def find() -> Statistics:
            if self.cache is None:
                return statistics(source, key, task)
            return remembered_statistics(source, key, self.cache, task)

        found: Statistics = self._recall(source, key, "statistics", find)
        return found

    def classes(self, source: TensorSource, key: str, task: Task) -> Classes:
        """As `classes.count_classes`."""
        found: Classes = self._recall(source, key, "classes", lambda: count_classes(source, key, task))
        return found

    def percentiles(
        self, source: TensorSource, key: str, shares: tuple[float, ...], task: Task
    ) -> tuple[float, ...]:
        """As `classes.percentiles`."""
        found: tuple[float, ...] = self._recall(
            source, key, shares,
            lambda: percentiles(source, key, self.classes(source, key, task), shares, task),
        )  # fmt: skip
        return found

    def _recall(self, source: TensorSource, key: str, what: Any, find: Callable[[], Any]) -> Any:
        place = (source.identity(key), what)
        with self._lock:
            if place in self._found:
                self._found.move_to_end(place)
                return self._found[place]
        found = find()
        with self._lock:
            self._found[place] = found
            while len(self._found) > _MOST_KNOWN:
                self._found.popitem(last=False)
        return found


def distribution(request: DistributionRequest, known: Known, task: Task = UNTENDED) -> Distribution:
    """Find what is asked for. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        RequestFault: range, number of bins or axis make no sense.
        FileFault: a variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    linear = None
    if request.scale == "linear":
        wanted = []
        for source, key in request.sides:
            figures = known.statistics(source, key, task)
            wanted.append((source, HistogramRequest(key, request.bins, request.low, request.high, figures)))
        found = histograms(wanted, task)
    else:
        found, linear = _scaled(request, known, task)
    source, key = request.sides[0]
    values = known.percentiles(source, key, request.shares, task) if request.shares else ()
    channels = None
    if request.axis is not None:
        edges = found[0].edges
        columns: EqualColumns | ClassColumns = EqualColumns(edges)
        if request.scale != "linear":
            columns = ClassColumns(known.classes(source, key, task), edges)
        channels = ridgeline(source, key, request.axis, edges, columns, task)
    pairs = tuple(zip(request.shares, values, strict=True)) if values else ()
    return Distribution(request, tuple(found), linear, pairs, channels)


def _scaled(request: DistributionRequest, known: Known, task: Task) -> tuple[list[Histogram], float | None]:
    """Histograms of equal bins on a logarithmic axis."""
    if not 1 <= request.bins <= MAX_BINS:
        raise RequestFault(f"A histogram has 1 to {MAX_BINS:,} bins, not {request.bins:,}.")
    figures = [known.statistics(source, key, task) for source, key in request.sides]
    counted = [known.classes(source, key, task) for source, key in request.sides]
    linear = None
    if request.scale == "log":
        low, high = _positive_range(request, figures, counted)
        edges = np.geomspace(low, high, request.bins + 1)
    else:
        linear = _linear_part(counted)
        low, high = _range(request, range_of(figures) or (0, 0))
        edges = _symmetric(low, high, request.bins, linear)
    edges[0], edges[-1] = low, high
    whole = all(is_discrete(source.columns.of(key).dtype) for source, key in request.sides)
    coarsest = max(
        counted, key=lambda each: each.bits.wide.itemsize
    )  # its edges are edges of the finer ones too
    shared = coarsest.edges(edges, whole)
    return [s.counted(shared, f) for s, f in zip(counted, figures, strict=True)], linear


def _positive_range(
    request: DistributionRequest, figures: list[Statistics], counted: list[Classes]
) -> tuple[float, float]:
    least = min((s for s in (each.smallest_positive() for each in counted) if s is not None), default=None)
    ends = range_of(figures)
    if least is None or ends is None:
        return _range(request, (0.1, 10.0))
    low, high = _range(request, (least, max(float(ends[1]), least)))
    if low <= 0:
        low = least if least < high else high / 10
    if high <= 0:
        raise RequestFault("A logarithmic axis shows positive values only: let its range end above zero.")
    return (low, high) if low < high else (low / 2, low * 2)


def _range(request: DistributionRequest, ends: tuple[float, float]) -> tuple[float, float]:
    low = float(ends[0]) if request.low is None else request.low
    high = float(ends[1]) if request.high is None else request.high
    if low > high and request.low is not None and request.high is not None:
        raise RequestFault(f"The range of a histogram rises: {low:g} is above {high:g}.")
    if low >= high:
        middle = high if request.low is None else low
        half = max(0.5, abs(middle) * 1e-3)
        return max(middle - half, -_LARGEST), min(middle + half, _LARGEST)
    return low, high


def _linear_part(counted: list[Classes]) -> float:
    """A power of ten near the typical size of the smallest variable: below it, the axis is nearly linear."""
    sizes = [size for each in counted if (size := each.typical_size())]
    return float(10.0 ** math.floor(math.log10(min(sizes)))) if sizes else 1.0


def _symmetric(low: float, high: float, bins: int, linear: float) -> NDArray[np.float64]:
    """Edges of equal bins where a value's place is log(1 + |value| / linear) with its sign."""

    def place(value: float) -> float:
        return math.copysign(math.log(min(abs(value) + linear, _LARGEST)) - math.log(linear), value)

    places = np.linspace(place(low), place(high), bins + 1)
    with np.errstate(over="ignore"):
        far = np.exp(np.abs(places) + math.log(linear))  # where the other overflows
        sizes = np.where(np.abs(places) < 600, linear * np.expm1(np.abs(places)), far)
    return np.copysign(np.minimum(sizes, _LARGEST), places)
