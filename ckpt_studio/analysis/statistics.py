"""The figures of one variable in one streaming pass, so that they cost one read and no memory, whatever its size.

Each chunk is reduced to a handful of numbers while it lies in the cache; they are put together at the end with exact
sums. The variance is never the small difference of two large numbers, and squares neither overflow nor vanish.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.chunks import (
    CHUNK,
    Kind,
    chunks,
    count_values,
    is_discrete,
    kind_of,
    pattern_values,
)
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

Number = int | float

_SQUARES_OVERFLOW: Final = 2.0**480
_SQUARES_VANISH: Final = 2.0**-480
_HALF: Final = 2**63
_ONE_THREAD: Final = 1 << 13
"""BLAS starts threads of its own for longer vectors; beside ours they cost many times what they save."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures of one variable; complex numbers by magnitude.

    Attributes:
        count: number of elements.
        min, max: of the finite values; int for integers and bool. None where there is no finite value.
        mean, std, l2: of the finite values, std with ddof 0; None where there is none.
        zeros: values equal to zero.
        nan, inf: elements that are not a number, or infinite with either sign.

    Everything but `count` is None where figures mean nothing (strings, opaque types).
    """

    count: int
    min: Number | None = None
    max: Number | None = None
    mean: float | None = None
    std: float | None = None
    l2: float | None = None
    zeros: int | None = None
    nan: int | None = None
    inf: int | None = None


def statistics(source: TensorSource, key: str, task: Task = UNTENDED) -> Statistics:
    """The figures of a variable. `task` is advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    kind = kind_of(info.dtype)
    if kind is Kind.opaque:
        if info.error is not None and info.shape is None:
            raise FileFault(info.error, key=key)
        return Statistics(count=info.size)
    if kind is Kind.text:
        return Statistics(count=sum(len(block) for block in source.blocks(key, task)))
    if kind is Kind.counted:
        return statistics_of_counts(count_values(source, key, info.dtype, task), info.dtype)
    collect = _Integers() if kind is Kind.integer else _Reals()
    for chunk in chunks(source, key, task):
        collect.add(chunk)
    return collect.result()


def statistics_of_counts(counts: NDArray[np.int64], dtype: DType) -> Statistics:
    """The figures of a variable of an 8 or 16 bit type, from how often each bit pattern occurs."""
    present = np.flatnonzero(counts)
    values, times = pattern_values(dtype)[present], counts[present]
    finite = np.isfinite(values)
    nan, inf = int(times[np.isnan(values)].sum()), int(times[np.isinf(values)].sum())
    total = int(times.sum())
    values, times = values[finite], times[finite]
    if not len(values):
        return Statistics(count=total, zeros=0, nan=nan, inf=inf)
    count = int(times.sum())
    mean = math.fsum(values * times) / count
    low, high = float(values.min()) + 0.0, float(values.max()) + 0.0
    return Statistics(
        count=total,
        min=int(low) if is_discrete(dtype) else low,
        max=int(high) if is_discrete(dtype) else high,
        mean=mean,
        std=math.sqrt(math.fsum(times * (values - mean) ** 2) / count),
        l2=math.sqrt(math.fsum(times * values**2)),
        zeros=int(times[values == 0].sum()),
        nan=nan,
        inf=inf,
    )


@dataclass(slots=True)
class _Parts:
    """What each chunk gave: its finite values were multiplied by 2**-exponent before they were summed."""

    counts: list[int] = field(default_factory=list)
    exponents: list[int] = field(default_factory=list)
    means: list[float] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)
    deviations: list[float] = field(default_factory=list)

    def add(self, values: NDArray[np.float64], exponent: int = 0) -> None:
        """Reduce finite values that were scaled so that their squares neither overflow nor vanish; may change them."""
        count = values.size
        mean = float(values.sum()) / count
        squares = _square_sum(values)
        deviation = squares - count * mean * mean
        if deviation < 1e-3 * squares:  # more than three digits would be lost: subtract before squaring
            values -= mean
            slip = float(values.sum()) / count
            deviation = _square_sum(values) - count * slip * slip
            mean += slip
        self.counts.append(count)
        self.exponents.append(exponent)
        self.means.append(mean)
        self.squares.append(squares)
        self.deviations.append(max(deviation, 0.0))

    def combined(self) -> tuple[float, float, float]:
        """Mean, std and l2 of all chunks."""
        counts = np.array(self.counts, np.float64)
        top = max(self.exponents)
        shifts = np.array(self.exponents) - top
        means, total = np.ldexp(self.means, shifts), counts.sum()
        mean = math.fsum(means * counts) / total
        squares = math.fsum(np.ldexp(self.squares, 2 * shifts))
        spread = math.fsum(np.ldexp(self.deviations, 2 * shifts)) + math.fsum(counts * (means - mean) ** 2)
        return _ldexp(mean, top), _ldexp(math.sqrt(spread / total), top), _ldexp(math.sqrt(squares), top)


def _square_sum(values: NDArray[np.float64]) -> float:
    pieces = (values[start : start + _ONE_THREAD] for start in range(0, values.size, _ONE_THREAD))
    return math.fsum(float(np.dot(piece, piece)) for piece in pieces)


def _ldexp(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


class _Reals:
    """Collects the figures of float32 and float64 chunks."""

    def __init__(self) -> None:
        self._parts = _Parts()
        self._wide = np.empty(CHUNK)
        self._flags = np.empty(CHUNK, np.bool_)
        self._count = self._zeros = self._nan = self._inf = 0
        self._low, self._high = math.inf, -math.inf

    def add(self, chunk: NDArray[Any]) -> None:
        self._count += chunk.size
        low, high = float(chunk.min()), float(chunk.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            chunk = self._only_finite(chunk)
            if not chunk.size:
                return
            low, high = float(chunk.min()), float(chunk.max())
        self._low, self._high = min(self._low, low), max(self._high, high)
        if low <= 0 <= high:
            flags = self._flags[: chunk.size]
            np.equal(chunk, 0, out=flags)
            self._zeros += int(np.count_nonzero(flags))
        wide = self._wide[: chunk.size]
        largest = max(abs(low), abs(high))
        if largest == 0 or _SQUARES_VANISH < largest < _SQUARES_OVERFLOW:
            wide[:] = chunk
            self._parts.add(wide)
        else:
            exponent = math.frexp(largest)[1]
            np.ldexp(chunk, -exponent, out=wide)
            self._parts.add(wide, exponent)

    def _only_finite(self, chunk: NDArray[Any]) -> NDArray[Any]:
        finite = np.isfinite(chunk)
        nan = int(np.count_nonzero(np.isnan(chunk)))
        self._nan += nan
        self._inf += chunk.size - int(np.count_nonzero(finite)) - nan
        kept: NDArray[Any] = chunk[finite]
        return kept

    def result(self) -> Statistics:
        counted = {"count": self._count, "zeros": self._zeros, "nan": self._nan, "inf": self._inf}
        if not self._parts.counts:
            return Statistics(**counted)
        mean, std, l2 = self._parts.combined()
        return Statistics(**counted, min=self._low + 0.0, max=self._high + 0.0, mean=mean, std=std, l2=l2)


class _Integers:
    """Collects the figures of 32 and 64 bit integers: count, min, max, zeros and the sum are exact.

    Deviations are taken from an origin among the values, because float64 does not tell large neighbours apart.
    """

    def __init__(self) -> None:
        self._parts = _Parts()
        self._wide = np.empty(CHUNK)
        self._l2 = 0.0
        self._origin = 0
        self._count = self._zeros = self._sum = 0
        self._low: int | None = None
        self._high: int | None = None

    def add(self, chunk: NDArray[Any]) -> None:
        low, high = int(chunk.min()), int(chunk.max())
        if self._low is None:
            self._origin = low
        self._low = low if self._low is None else min(self._low, low)
        self._high = high if self._high is None else max(self._high, high)
        self._count += chunk.size
        self._zeros += chunk.size - int(np.count_nonzero(chunk))
        self._sum += _exact_sum(chunk)
        wide = self._wide[: chunk.size]
        wide[:] = chunk
        self._l2 = math.hypot(self._l2, math.sqrt(_square_sum(wide)))
        if chunk.dtype.itemsize == 8 and low - self._origin >= -_HALF and high - self._origin < _HALF:
            wide[:] = (chunk - chunk.dtype.type(self._origin)).view(np.int64)
        else:
            wide -= float(self._origin)
        self._parts.add(wide)

    def result(self) -> Statistics:
        if self._low is None or self._high is None:
            return Statistics(count=0, zeros=0, nan=0, inf=0)
        std = self._parts.combined()[1]
        return Statistics(
            count=self._count,
            min=self._low,
            max=self._high,
            mean=self._sum / self._count,
            std=0.0 if self._low == self._high else std,
            l2=self._l2,
            zeros=self._zeros,
            nan=0,
            inf=0,
        )


def _exact_sum(chunk: NDArray[Any]) -> int:
    if chunk.dtype.itemsize < 8:
        return int(chunk.sum(dtype=np.int64))
    low = int((chunk & chunk.dtype.type(0xFFFFFFFF)).sum(dtype=np.uint64))
    return (int((chunk >> chunk.dtype.type(32)).sum()) << 32) + low


def range_of(found: Iterable[Statistics]) -> tuple[Number, Number] | None:
    """Smallest and largest finite value of several variables, None when none has one."""
    ends = [(s.min, s.max) for s in found if s.min is not None and s.max is not None]
    return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None
