"""A histogram for each channel of one axis, in the bins of the histogram of all, to be drawn behind each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import CHUNK, magnitude
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.formats.reading import covering_windows

MOST_ROWS: Final = 2048
"""Longer axes have several neighbouring channels in a row."""


@dataclass(frozen=True, slots=True)
class Ridgeline:
    """Counts by channel.

    Attributes:
        axis: whose channels.
        channels: how many there are.
        per_row: channels in a row; the last may have fewer.
        edges: float64 [bins + 1], as they were given.
        counts: int64 [rows, bins].
        outside: int64 [rows], finite values in no bin.
        not_finite: int64 [rows], NaN and Inf.
    """

    axis: int
    channels: int
    per_row: int
    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    outside: NDArray[np.int64]
    not_finite: NDArray[np.int64]

    def span(self, row: int) -> tuple[int, int]:
        """First and last channel of a row."""
        first = row * self.per_row
        return first, min(first + self.per_row, self.channels) - 1


class EqualColumns:
    """Finds the column of a table for nearly equal bins: first by their width, then by looking at the edges beside.

    A bin holds its left edge, the last also its right edge.
    """

    def __init__(self, edges: NDArray[np.float64]) -> None:
        self._edges = edges
        self._half_width = (edges[-1] / 2 - edges[0] / 2) / (len(edges) - 1)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.intp]:
        """0 below the bins, then one a bin, one above them, one for what is not finite."""
        edges, last = self._edges, len(self._edges) - 2
        finite = np.isfinite(values)
        whole = bool(finite.all())
        numbers = values.astype(np.float64) if whole else np.where(finite, values, 0).astype(np.float64)
        with np.errstate(over="ignore"):
            places = (numbers / 2 - edges[0] / 2) / self._half_width
        near = np.clip(places, 0, last).astype(np.intp)
        columns: NDArray[np.intp] = near + (numbers >= edges[near]) + (numbers >= edges[near + 1])
        columns[numbers == edges[-1]] = last + 1
        if not whole:
            columns[~finite] = last + 3
        return columns


def ridgeline(
    source: TensorSource,
    key: str,
    axis: int,
    edges: NDArray[np.float64],
    columns: Callable[[NDArray[Any]], NDArray[np.intp]],
    task: Task = UNTENDED,
) -> Ridgeline:
    """Count the values of each channel of a numeric variable.

    Args:
        source: where the variable is.
        key: the variable.
        axis: whose channels.
        edges: float64 [bins + 1].
        columns: which bin a value is in, as `EqualColumns` and `classes.ClassColumns` tell it.
        task: cancelled, and advanced by the bytes read.

    Raises:
        NoSuchVariable: no such key.
        RequestFault: the variable has no such axis.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    shape = info.shape or ()
    if not 0 <= axis < len(shape):
        raise RequestFault(f"{printable(info.name)} has no axis {axis}: it has {len(shape)}.", key=key)
    per_row = max(1, -(-shape[axis] // MOST_ROWS))
    table = np.zeros((-(-shape[axis] // per_row), len(edges) + 2), np.int64)
    for window in covering_windows(shape, info.dtype.itemsize, CHUNK * info.dtype.itemsize):
        task.check()
        values = source.read(key, window)
        places = columns(magnitude(values) if values.dtype.kind == "c" else values)
        rows = (np.arange(window[axis].start, window[axis].stop) // per_row) * table.shape[1]
        places += rows.reshape([-1 if i == axis else 1 for i in range(values.ndim)])
        np.add.at(table.reshape(-1), places.reshape(-1), 1)
        task.advance(values.nbytes)
    outside = table[:, 0] + table[:, -2]
    return Ridgeline(axis, shape[axis], per_row, edges, table[:, 1:-2], outside, table[:, -1])
