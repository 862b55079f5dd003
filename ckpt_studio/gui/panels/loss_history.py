"""The losses of a run, kept so that a curve of a million steps is drawn from a few thousand points.

Level k of a pyramid holds the least and greatest loss of each `FACTOR ** k` steps, so nothing that a person could see
(one wild step in a million) is thinned away.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

FACTOR: Final = 4


class _Column:
    """A one-dimensional array that grows at its end."""

    __slots__ = ("_data", "count")

    def __init__(self, dtype: type[Any]) -> None:
        self._data: NDArray[Any] = np.empty(1024, dtype)
        self.count = 0

    @property
    def values(self) -> NDArray[Any]:
        return self._data[: self.count]

    def write(self, start: int, values: NDArray[Any]) -> None:
        """Replace all from `start` on by `values`."""
        end = start + len(values)
        if end > len(self._data):
            grown = np.empty(max(end, 2 * len(self._data)), self._data.dtype)
            grown[: self.count] = self.values
            self._data = grown
        self._data[start:end] = values
        self.count = end


class LossHistory:
    """Steps and losses of one run, in step order. Losses that are not finite are gaps in the curve and are counted."""

    def __init__(self) -> None:
        self._steps = _Column(np.int64)
        self._losses = _Column(np.float64)
        self._levels: list[tuple[_Column, _Column]] = []
        self._ends: tuple[float, float] | None = None
        self._least_positive = np.inf
        self.not_finite = 0
        self.first_not_finite: int | None = None

    def __len__(self) -> int:
        return self._steps.count

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last step, or None before the first."""
        steps = self._steps.values
        return (int(steps[0]), int(steps[-1])) if len(steps) else None

    def extend(self, steps: ArrayLike, losses: ArrayLike) -> None:
        """Append points; those that do not come after the last step are dropped, so that the axis stays in order."""
        new_steps = np.atleast_1d(np.asarray(steps, np.int64))
        new_losses = np.atleast_1d(np.asarray(losses, np.float64))
        before = np.concatenate([[self.span[1] if self.span else np.iinfo(np.int64).min], new_steps])
        fresh = new_steps > np.maximum.accumulate(before)[:-1]
        new_steps, new_losses = new_steps[fresh], new_losses[fresh]
        if not len(new_steps):
            return
        finite = np.isfinite(new_losses)
        if not finite.all():
            if self.first_not_finite is None:
                self.first_not_finite = int(new_steps[~finite][0])
            self.not_finite += int((~finite).sum())
            new_losses = np.where(finite, new_losses, np.nan)
        self._note_ends(new_losses[np.isfinite(new_losses)])
        start = len(self)
        self._steps.write(start, new_steps)
        self._losses.write(start, new_losses)
        self._fold(start)

    def _note_ends(self, losses: NDArray[np.float64]) -> None:
        if not len(losses):
            return
        low, high = float(losses.min()), float(losses.max())
        self._ends = (
            (low, high) if self._ends is None else (min(low, self._ends[0]), max(high, self._ends[1]))
        )
        positive = losses[losses > 0]
        if len(positive):
            self._least_positive = min(self._least_positive, float(positive.min()))

    def ends(self, *, positive: bool = False) -> tuple[float, float] | None:
        """Least and largest finite loss, of the positive ones only if asked for; None where there are none."""
        if self._ends is None or not positive:
            return self._ends
        return (self._least_positive, self._ends[1]) if self._ends[1] > 0 else None

    @property
    def points(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """All steps and losses; losses that were not finite are NaN."""
        return self._steps.values, self._losses.values

    def _fold(self, start: int) -> None:
        """Bring the levels up to date, given that the points from `start` on are new."""
        low = high = self._losses
        level = 0
        while low.count > FACTOR:
            if level == len(self._levels):
                self._levels.append((_Column(np.float64), _Column(np.float64)))
                start = 0
            bucket = start // FACTOR
            edges = np.arange(bucket * FACTOR, low.count, FACTOR)
            above_low, above_high = self._levels[level]
            above_low.write(bucket, np.fmin.reduceat(low.values, edges))
            above_high.write(bucket, np.fmax.reduceat(high.values, edges))
            start, low, high = bucket, above_low, above_high
            level += 1

    def curve(self, first: float, last: float, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of a line that shows the steps from `first` to `last` in about `width` pixels.

        At most about `2 * FACTOR * width` points: every point where that is few enough, else the least and greatest
        of each bucket of the finest level that is.
        """
        steps = self._steps.values
        low_row = max(int(np.searchsorted(steps, first)) - 1, 0)
        high_row = min(int(np.searchsorted(steps, last, "right")) + 1, len(steps))
        level, size = 0, 1
        while (high_row - low_row) // size > FACTOR * max(width, 1) and level < len(self._levels):
            level, size = level + 1, size * FACTOR
        if level == 0:
            rows = slice(low_row, high_row)
            return steps[rows].astype(np.float64), self._losses.values[rows]
        low, high = self._levels[level - 1]
        buckets = slice(low_row // size, -(-high_row // size))
        y = np.column_stack([low.values[buckets], high.values[buckets]]).ravel()
        return np.repeat(steps[::size][buckets].astype(np.float64), 2), y

    @property
    def last(self) -> float | None:
        """The newest finite loss."""
        return None if self.span is None else self.loss_at(self.span[1])

    def loss_at(self, step: int) -> float | None:
        """The finite loss at a step or, failing that, at the nearest one before it."""
        row = int(np.searchsorted(self._steps.values, step, "right")) - 1
        losses = self._losses.values[max(row - 64, 0) : row + 1]
        finite = losses[np.isfinite(losses)]
        return float(finite[-1]) if len(finite) else None
