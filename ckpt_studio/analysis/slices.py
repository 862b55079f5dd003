"""A flat picture of a tensor of any rank: which axis runs down, which runs across, and where the others stand.

Heatmap and value table show the same slice, so both ask here which window of the tensor a rectangle of it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

from numpy.typing import NDArray

from ckpt_studio.analysis.planes import Span, Tile
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.core.windows import Window

_FAR: Final = 8 << 10
"""Bytes that are rather read over than left out (`formats.reading`)."""
_OVERHEAD: Final = 16
"""So many times the bytes of its elements may be read for one tile, or a cancel would come late."""


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """A two-dimensional slice.

    Attributes:
        shape: of the tensor.
        row_axis: the axis that runs down, or None where there is one row only.
        column_axis: the axis that runs across, or None where there is one column only.
        fixed: one index an axis; those of the two axes above are not looked at.
    """

    shape: tuple[int, ...]
    row_axis: int | None
    column_axis: int | None
    fixed: tuple[int, ...]

    def __post_init__(self) -> None:
        shown = [axis for axis in (self.row_axis, self.column_axis) if axis is not None]
        if len(set(shown)) != len(shown) or any(not 0 <= axis < len(self.shape) for axis in shown):
            raise ValueError(f"axes {shown} of a tensor of rank {len(self.shape)}")
        if len(self.fixed) != len(self.shape):
            raise ValueError(f"{len(self.fixed)} indices for a tensor of rank {len(self.shape)}")
        for axis, (index, extent) in enumerate(zip(self.fixed, self.shape, strict=True)):
            if axis not in shown and not 0 <= index < max(extent, 1):
                raise ValueError(f"index {index} on axis {axis} of {extent}")

    @classmethod
    def of_shape(cls, shape: tuple[int, ...]) -> SliceSpec:
        """The slice to begin with: the last two axes at index 0 of the others; a vector runs down."""
        rank = len(shape)
        rows = None if rank == 0 else max(rank - 2, 0)
        return cls(shape, rows, rank - 1 if rank > 1 else None, (0,) * rank)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return 1 if self.row_axis is None else self.shape[self.row_axis]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return 1 if self.column_axis is None else self.shape[self.column_axis]

    @property
    def cell_shape(self) -> None:
        """There are no cells."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no element in the tensor."""
        return 0 in self.shape

    @property
    def runs_down(self) -> bool:
        """Whether neighbours in memory stand below each other."""
        return self.row_axis is not None and (self.column_axis is None or self.row_axis > self.column_axis)

    def transposed(self) -> SliceSpec:
        """The same slice with rows and columns exchanged."""
        return SliceSpec(self.shape, self.column_axis, self.row_axis, self.fixed)

    def window(self, rows: slice, columns: slice) -> Window:
        """The window of the tensor that holds a rectangle; `slice(start, stop)` inside the extents."""
        parts = [slice(index, index + 1) for index in self.fixed]
        if self.row_axis is not None:
            parts[self.row_axis] = rows
        if self.column_axis is not None:
            parts[self.column_axis] = columns
        return tuple(parts)

    def index(self, row: int, column: int) -> tuple[int, ...]:
        """The full index of one element."""
        index = list(self.fixed)
        if self.row_axis is not None:
            index[self.row_axis] = row
        if self.column_axis is not None:
            index[self.column_axis] = column
        return tuple(index)

    def place(self, index: tuple[int, ...]) -> tuple[int, int] | None:
        """Row and column of an element, None where it lies in another slice."""
        row = 0 if self.row_axis is None else index[self.row_axis]
        column = 0 if self.column_axis is None else index[self.column_axis]
        return (row, column) if self.index(row, column) == index else None

    def at(self, index: tuple[int, ...]) -> SliceSpec:
        """The slice along the same axes that an element lies in."""
        return SliceSpec(self.shape, self.row_axis, self.column_axis, index)

    def tiles(
        self, rows: Span, columns: Span, itemsize: int, most: int, cuts: Sequence[int] = ()
    ) -> Iterator[Tile]:
        """Rectangles that cover a rectangle once, as `Plane.tiles`."""
        reach = most * _OVERHEAD
        apart = self._cost(self.column_axis, itemsize)
        width = max(1, min(columns[1] - columns[0], most // itemsize, reach // apart))
        height = max(
            1,
            min(most // (width * itemsize), reach // max(width * apart, self._cost(self.row_axis, itemsize))),
        )
        row = rows[0]
        while row < rows[1]:
            stop = min(row + height, rows[1])
            cut = bisect_right(cuts, stop) - 1
            if cut >= 0 and cuts[cut] > row:
                stop = cuts[cut]
            for column in range(columns[0], columns[1], width):
                yield (row, stop), (column, min(column + width, columns[1]))
            row = stop

    def _cost(self, axis: int | None, itemsize: int) -> int:
        """Bytes that are read to come from one index of an axis to the next."""
        if axis is None:
            return itemsize
        return max(itemsize, min(_FAR, prod(self.shape[axis + 1 :]) * itemsize))

    def read(self, source: TensorSource, key: str, rows: slice, columns: slice) -> NDArray[Any]:
        """A rectangle of the slice as an array [rows, columns]; a window that runs against memory order is a view.

        Raises:
            as `TensorSource.read`.
        """
        values = source.read(key, self.window(rows, columns))
        height = 1 if self.row_axis is None else rows.stop - rows.start
        width = 1 if self.column_axis is None else columns.stop - columns.start
        if self.row_axis is not None and self.column_axis is not None and self.row_axis > self.column_axis:
            return values.reshape(width, height).T
        return values.reshape(height, width)
