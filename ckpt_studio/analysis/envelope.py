"""A vector of any length as a line on a screen: the smallest and the largest value of each of a few thousand stretches.

It is read once, a block at a time, and nothing that sticks out is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import magnitude
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

_AT_ONCE: Final = 1 << 18
"""Elements that are read together."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Elements `start` to `stop` of a vector.

    Attributes:
        start, stop: the part of the vector.
        edges: int64 [n + 1], where stretches begin and the last ends.
        low, high: float64 [n], finite values of each stretch, NaN where there is none; complex by magnitude.
        nan, inf: how many elements are not a number, or infinite.
    """

    start: int
    stop: int
    edges: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    nan: int
    inf: int

    @property
    def is_exact(self) -> bool:
        """Whether each stretch is one element."""
        return len(self.low) == self.stop - self.start

    def part(self, first: int, last: int) -> tuple[int, int, float, float]:
        """Of the stretches that elements `first` to `last` are in: start, stop, smallest and largest value."""
        places = np.clip(np.searchsorted(self.edges, (first, last), "right") - 1, 0, len(self.low) - 1)
        begin, end = int(places[0]), int(places[1]) + 1
        low, high = np.fmin.reduce(self.low[begin:end]), np.fmax.reduce(self.high[begin:end])
        return int(self.edges[begin]), int(self.edges[end]), float(low), float(high)

    def points(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """A line through all of it, x and y; each stretch is a stroke from its smallest to its largest value."""
        if self.is_exact:
            return self.edges[:-1].astype(np.float64), self.low
        x = np.repeat((self.edges[:-1] + self.edges[1:] - 1) / 2, 2)
        return x, np.stack([self.low, self.high], axis=1).ravel()


def envelope(
    source: TensorSource, key: str, start: int, stop: int, stretches: int, task: Task = UNTENDED
) -> Envelope:
    """The envelope of a part of a numeric variable of rank 1, in at most so many stretches of equal length.

    Args:
        source: what holds it.
        key: the variable.
        start: the first element.
        stop: the one after the last.
        stretches: how many at most.
        task: counts the elements.

    Raises:
        as `TensorSource.read`, and Cancelled.
    """
    count = max(1, min(stretches, stop - start))
    edges = start + np.arange(count + 1, dtype=np.int64) * (stop - start) // count
    low, high = np.full(count, np.nan), np.full(count, np.nan)
    nan = inf = 0
    task.total = stop - start
    for begin in range(start, stop, _AT_ONCE):
        end = min(begin + _AT_ONCE, stop)
        values = _numbers(source.read(key, (slice(begin, end),)))
        odd = ~np.isfinite(values)
        if odd.any():
            missing = int(np.count_nonzero(np.isnan(values)))
            nan += missing
            inf += int(np.count_nonzero(odd)) - missing
            values[odd] = np.nan
        first = int(np.searchsorted(edges, begin, "right")) - 1
        last = int(np.searchsorted(edges, end, "left"))
        cuts = np.maximum(edges[first:last], begin) - begin
        low[first:last] = np.fmin(low[first:last], np.fmin.reduceat(values, cuts))
        high[first:last] = np.fmax(high[first:last], np.fmax.reduceat(values, cuts))
        task.advance(end - begin)
    return Envelope(start, stop, edges, low, high, nan, inf)


def _numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    """Values that are ours to change, as float64."""
    return magnitude(values) if values.dtype.kind == "c" else values.astype(np.float64)
