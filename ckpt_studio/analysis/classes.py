"""How the values of a variable are spread over all magnitudes: counted in one pass in classes of one and the same first
20 bits, so that bins of a logarithmic axis and percentiles follow without looking at the values again.

A class is at most a 256th of its values wide, for float32 and smaller types a 2,048th. Bins begin and end where classes
do, so what their edges say is what was counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.histogram import Histogram
from ckpt_studio.analysis.kinds import Kind, is_discrete, kind_of, pattern_values
from ckpt_studio.analysis.passes import one_pass, pattern_counts
from ckpt_studio.analysis.statistics import Statistics
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable

_FIRST: Final = 20
"""Bits that the values of a class have in common: sign, exponent, and the first of the fraction."""
_NEXT: Final = 16
"""Bits behind them that a second pass looks at."""
_AT_ONCE: Final = 1 << 16
"""Values that are counted at once: the interpreter is held meanwhile, a tenth of a millisecond."""


@dataclass(frozen=True, slots=True)
class _Bits:
    """A float type whose bits are looked at; narrower types and integers are widened to it."""

    wide: np.dtype[Any]
    code: np.dtype[Any]
    infinite: int
    """First class of what is not finite."""

    @classmethod
    def of(cls, dtype: DType) -> _Bits:
        single = dtype.name == "float32" or kind_of(dtype) is Kind.counted
        wide, code = (np.dtype(np.float32), np.uint32) if single else (np.dtype(np.float64), np.uint64)
        found = cls(wide, np.dtype(code), 0)
        return cls(wide, np.dtype(code), int(found.classes(np.array([np.inf], wide))[0]))

    @property
    def shift(self) -> int:
        """Bits that are not looked at."""
        return self.wide.itemsize * 8 - _FIRST

    def bits(self, values: NDArray[Any]) -> NDArray[Any]:
        """The bits of each value; both zeros are one."""
        with np.errstate(invalid="ignore"):
            found: NDArray[Any] = (values.astype(self.wide, copy=False) + self.wide.type(0)).view(self.code)
        return found

    def classes(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """The class of each value."""
        found: NDArray[np.intp] = (self.bits(values) >> self.code.type(self.shift)).astype(np.intp)
        return found

    def near(self, classes: NDArray[np.intp]) -> NDArray[np.float64]:
        """The value of each class that is nearest to zero."""
        codes = classes.astype(self.code) << self.code.type(self.shift)
        with np.errstate(invalid="ignore"):
            values: NDArray[np.float64] = codes.view(self.wide).astype(np.float64)
        return values

    def beyond(self, classes: NDArray[np.intp]) -> NDArray[np.float64]:
        """Where the next class away from zero begins, or the largest number."""
        begins: NDArray[np.float64] = np.clip(self.near(classes + 1), *_ends(self.wide))
        return begins


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes that hold finite values, rising; complex numbers by magnitude.

    Attributes:
        codes: intp [classes], their first bits.
        near: float64 [classes], the value of each that is nearest to zero.
        counts: int64 [classes].
        exact: whether a class has no other value than `near`.
    """

    codes: NDArray[np.intp]
    near: NDArray[np.float64]
    counts: NDArray[np.int64]
    exact: bool
    bits: _Bits

    @property
    def negative(self) -> NDArray[np.bool_]:
        """bool [classes]: values below zero."""
        return np.signbit(self.near)

    def smallest_positive(self) -> float | None:
        """The least positive number that begins a class with values; None where there is none."""
        found = self.near[self.near > 0]
        return float(found[0]) if len(found) else None

    def typical_size(self) -> float | None:
        """About the median magnitude of the values that are not zero; None where there is none."""
        sizes, here = np.abs(self.near), self.near != 0
        order = np.argsort(sizes[here], kind="stable")
        running = np.cumsum(self.counts[here][order])
        if not len(running):
            return None
        return float(sizes[here][order][np.searchsorted(running, running[-1] / 2)])

    def edges(self, wanted: NDArray[np.float64], whole: bool = False) -> NDArray[np.float64]:
        """Edges of bins as near to these as classes allow, so that no value from the first to the last is left out.

        Args:
            wanted: float64, at least two, rising.
            whole: whether all values are integers: then edges lie halfway between two of them, as far as classes do.

        Returns:
            float64, rising, at least two, at most as many as were wanted.
        """
        ends, wide = _ends(self.bits.wide), self.bits.wide
        low, high = np.clip(wanted[[0, -1]], *ends).astype(wide).tolist()
        if whole:
            wanted = np.append(np.ceil(wanted[:-1]) - 0.5, np.floor(wanted[-1]) + 0.5)
        classes = self.bits.classes(np.clip(wanted, *ends))
        inner, outer = self.bits.near(classes), self.bits.beyond(classes)
        first = inner[0] if inner[0] < low or low == inner[0] >= 0 else outer[0]
        last = inner[-1] if inner[-1] > high or high == inner[-1] < 0 else outer[-1]
        between = inner[1:-1]
        between = np.unique(between[(between > first) & (between < last)])
        return np.concatenate([[first], between, [last]]) + 0.0

    def counted(self, edges: NDArray[np.float64], figures: Statistics) -> Histogram:
        """Count the values in bins; an edge belongs to the bin farther from zero.

        Args:
            edges: as `edges` made them.
            figures: of the same variable.
        """
        totals = np.zeros(len(edges) + 1, np.int64)
        np.add.at(totals, _columns_of(self.near, edges), self.counts)
        return Histogram(totals[1:-1], edges, int(totals[0]), int(totals[-1]), figures)


class ClassColumns:
    """Finds the column of a `Ridgeline`'s table for bins whose edges `Classes` has made; the bits tell it."""

    def __init__(self, found: Classes, edges: NDArray[np.float64]) -> None:
        self._bits = found.bits
        near = found.bits.near(np.arange(1 << _FIRST))
        self._columns = np.where(np.isfinite(near), _columns_of(near, edges), len(edges) + 1).astype(np.int32)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """0 below the bins, then one a bin, one above them, one for what is not finite."""
        return self._columns[self._bits.classes(values)].astype(np.intp)


def _columns_of(near: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """0 below the edges, then one a bin, one above; an edge belongs to the side farther from zero."""
    left, right = np.searchsorted(edges, near, "left"), np.searchsorted(edges, near, "right")
    return np.where(np.signbit(near), left, right)


def _ends(wide: np.dtype[Any]) -> tuple[float, float]:
    largest = float(np.finfo(wide).max)
    return -largest, largest


class _Counter:
    """Counts the classes of chunks; a `passes.Reducer`."""

    def __init__(self, bits: _Bits) -> None:
        self._bits = bits
        self.counts = np.zeros(1 << _FIRST, np.int64)

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        for start in range(0, chunk.size, _AT_ONCE):
            np.add.at(self.counts, self._bits.classes(chunk[start : start + _AT_ONCE]), 1)

    def merge(self, other: Self) -> None:
        """As `Reducer.merge`."""
        self.counts += other.counts


def count_classes(source: TensorSource, key: str, task: Task = UNTENDED) -> Classes:
    """Count a variable's values by class. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    if kind_of(info.dtype) in (Kind.text, Kind.opaque):
        raise Unsupported(
            f"{printable(info.name)} holds {info.dtype.name} values, which have no histogram.", key=key
        )
    bits = _Bits.of(info.dtype)
    counter = _Counter(bits)
    counted = kind_of(info.dtype) is Kind.counted
    if counted:
        times = pattern_counts(source, key, task)
        there = np.flatnonzero(times)
        np.add.at(counter.counts, bits.classes(pattern_values(info.dtype)[there]), times[there])
    else:
        counter = one_pass(source, key, lambda: _Counter(bits), task)
    # integers of 16 bits have more digits than a class tells apart
    exact = counted and not (info.dtype.itemsize == 2 and is_discrete(info.dtype))
    return _found(counter.counts, bits, exact)


def _found(counts: NDArray[np.int64], bits: _Bits, exact: bool) -> Classes:
    half = len(counts) // 2
    positive = np.flatnonzero(counts[: bits.infinite])
    negative = half + np.flatnonzero(counts[half : half + bits.infinite])
    classes = np.concatenate([negative[::-1], positive])
    return Classes(classes, bits.near(classes), counts[classes], exact, bits)


class _Within:
    """Counts the next bits of the values of a few classes; a `passes.Reducer`."""

    def __init__(self, bits: _Bits, classes: NDArray[np.intp]) -> None:
        self._bits = bits
        self._row = np.full(1 << _FIRST, -1, np.int8)
        self._row[classes] = np.arange(len(classes))
        self.taken = min(_NEXT, bits.shift)
        self.counts = np.zeros((len(classes), 1 << self.taken), np.int64)

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        bits = self._bits.bits(chunk)
        code = bits.dtype.type
        rows = self._row[(bits >> code(self._bits.shift)).astype(np.intp)]
        here = rows >= 0
        behind = bits[here] >> code(self._bits.shift - self.taken) & code((1 << self.taken) - 1)
        places = rows[here].astype(np.intp) << self.taken | behind.astype(np.intp)
        np.add.at(self.counts.reshape(-1), places, 1)  # numpy is slow with two indices

    def merge(self, other: Self) -> None:
        """As `Reducer.merge`."""
        self.counts += other.counts


def percentiles(
    source: TensorSource, key: str, found: Classes, shares: tuple[float, ...], task: Task = UNTENDED
) -> tuple[float, ...]:
    """The values below which these shares (0 to 1) of the finite values lie, between two of them by the line.

    One more pass over the values, but for types of which every value is a class. Exact for types of up to 16 bits and
    for float32, else good to seven digits.

    Args:
        source: where the variable is.
        key: the variable.
        found: its classes.
        shares: at most 60 of them.
        task: cancelled, and advanced by the bytes read.

    Returns:
        A value a share; empty where no value is finite.

    Raises:
        as `count_classes`.
    """
    count = int(found.counts.sum())
    if not count:
        return ()
    places = [share * (count - 1) for share in shares]
    ranks = sorted({rank for place in places for rank in (int(place), min(int(place) + 1, count - 1))})
    values = _ranked(source, key, found, np.array(ranks), task)
    result = []
    for place in places:
        low, part = int(place), place - int(place)
        above = values[min(low + 1, count - 1)]
        result.append(values[low] * (1 - part) + above * part if part else values[low])
    return tuple(result)


def _ranked(
    source: TensorSource, key: str, found: Classes, ranks: NDArray[np.int64], task: Task
) -> dict[int, float]:
    """The values of these ranks, the smallest value having rank 0."""
    ends = np.cumsum(found.counts)
    rows = np.searchsorted(ends, ranks, "right")
    if found.exact:
        return dict(zip(ranks.tolist(), found.near[rows].tolist(), strict=True))
    wanted = np.unique(rows)
    bits = found.bits
    within = one_pass(source, key, lambda: _Within(bits, found.codes[wanted]), task)
    values = {}
    for rank, row in zip(ranks.tolist(), rows.tolist(), strict=True):
        counts = within.counts[np.searchsorted(wanted, row)]
        behind = rank - int(ends[row] - found.counts[row])  # rank inside of the class
        if found.negative[row]:
            behind = int(found.counts[row]) - 1 - behind  # larger bits are smaller values
        part = int(np.searchsorted(np.cumsum(counts), behind, "right"))
        code = (int(found.codes[row]) << bits.shift) | (part << (bits.shift - within.taken))
        values[rank] = float(np.array([code], bits.code).view(bits.wide)[0])
    return values
