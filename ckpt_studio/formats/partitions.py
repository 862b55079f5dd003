"""Variables that are stored in slices: where each slice lies in the whole, and windows put together from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.windows import Window
from ckpt_studio.formats.sstable.ordered_code import Extent

_MANY: Final = 4096


@dataclass(frozen=True, eq=False)
class Partition:
    """The slices of one variable: int64 `start` and `stop` of each, [S, rank], and what its format knows each by."""

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    records: NDArray[np.int64]

    def touching(self, window: Window) -> NDArray[np.int64]:
        """Which slices have elements in a window."""
        low = np.array([part.start for part in window], np.int64)
        high = np.array([part.stop for part in window], np.int64)
        return np.flatnonzero(((self.start < high) & (self.stop > low) & (low < high)).all(axis=1))

    def fill(self, out: NDArray[Any], window: Window, read: Callable[[int, Window], NDArray[Any]]) -> None:
        """Fill `out` with a window of the whole.

        Args:
            out: of the window's shape.
            window: checked against the shape of the whole.
            read: gives a window of the slice that is known by this record; called only for those that it touches.
        """
        for i in self.touching(window).tolist():
            theirs, ours = [], []
            for part, low, high in zip(window, self.start[i].tolist(), self.stop[i].tolist(), strict=True):
                start, stop = max(part.start, low), min(part.stop, high)
                theirs.append(slice(start - low, stop - low))
                ours.append(slice(start - part.start, stop - part.start))
            out[tuple(ours)] = read(int(self.records[i]), tuple(theirs))


def bounds_of(
    shape: tuple[int, ...], pieces: Sequence[tuple[Extent, ...]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where slices start and stop in a variable, checked to make up all of it without overlap.

    Raises:
        ValueError: they do not; the text says why.
    """
    if any(len(piece) != len(shape) for piece in pieces):
        raise ValueError("a slice has another rank than the variable")
    extents = [
        [
            (0, dim) if length == -1 else (start, length)
            for (start, length), dim in zip(piece, shape, strict=True)
        ]
        for piece in pieces
    ]
    if any(not 0 <= s <= s + n <= dim for piece in extents for (s, n), dim in zip(piece, shape, strict=True)):
        raise ValueError("a slice reaches out of the variable")
    both = np.array(extents, np.int64).reshape(len(extents), len(shape), 2)
    start, stop = both[:, :, 0], both[:, :, 0] + both[:, :, 1]
    _check_cover(start, stop, shape)
    return start, stop


def _check_cover(start: NDArray[np.int64], stop: NDArray[np.int64], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the slices fill the shape and do not overlap."""
    size = stop - start
    filled = (size > 0).all(axis=1)
    start, stop, size = start[filled], stop[filled], size[filled]
    total = 1
    for dim in shape:
        total *= dim
    if sum(size.prod(axis=1).tolist()) != total:
        raise ValueError("its slices do not fill it")
    cut = [axis for axis in range(len(shape)) if (size[:, axis] < shape[axis]).any()]
    if len(cut) <= 1:
        for axis in cut:
            order = np.argsort(start[:, axis], kind="stable")
            if (stop[order[:-1], axis] > start[order[1:], axis]).any():
                raise ValueError("its slices overlap")
        if not cut and len(start) > 1:
            raise ValueError("its slices overlap")
        return
    if len(start) > _MANY:
        raise ValueError(f"it is cut into {len(start)} slices along several axes, which is not supported")
    for i in range(len(start)):
        later = slice(i + 1, None)
        if ((start[later] < stop[i]) & (stop[later] > start[i])).all(axis=1).any():
            raise ValueError("its slices overlap")
