"""All filters of a convolution kernel side by side: the flat picture of a tensor with more than two axes.

Two axes make a cell, the others count the cells, in C order. Cells are laid out row by row; where they do not fill the
last row, places are blank.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.planes import Span, Tile
from ckpt_studio.core.tensors import TensorSource


@dataclass(frozen=True, slots=True)
class FilterGrid:
    """A plane of cells.

    Attributes:
        shape: of the tensor; two axes or more.
        row_axis, column_axis: the axes of a cell, down and across.
        cells_across: how many cells stand side by side.
    """

    shape: tuple[int, ...]
    row_axis: int
    column_axis: int
    cells_across: int

    @classmethod
    def of_shape(cls, shape: tuple[int, ...]) -> FilterGrid:
        """The grid to begin with: a cell is a filter, which is small; TensorFlow has its axes first, others last."""
        rank = len(shape)
        first = max(0, rank - 4)
        if rank < 4 or shape[first] * shape[first + 1] > shape[-2] * shape[-1]:
            first = rank - 2
        return cls.of_axes(shape, first, first + 1)

    @classmethod
    def of_axes(cls, shape: tuple[int, ...], row_axis: int, column_axis: int) -> FilterGrid:
        """Cells along these axes, about as wide as high all together.

        Where two axes or more count the cells, the last of them fills whole rows, or a row holds the whole of it.
        """
        others = [max(1, extent) for axis, extent in enumerate(shape) if axis not in (row_axis, column_axis)]
        wanted = math.sqrt(prod(others) * max(1, shape[row_axis]) / max(1, shape[column_axis]))
        if len(others) > 1:
            last, rest = others[-1], prod(others[:-1])
            counts = _divisors(last) + [last * count for count in _divisors(rest)]
            across = min(counts, key=lambda count: (abs(math.log(count / wanted)), -count))
        else:
            across = max(1, min(math.ceil(wanted), prod(others)))
        return cls(shape, row_axis, column_axis, across)

    @property
    def cell_axes(self) -> tuple[int, ...]:
        """The axes that count the cells."""
        return tuple(a for a in range(len(self.shape)) if a not in (self.row_axis, self.column_axis))

    @property
    def cell_shape(self) -> tuple[int, int]:
        """Rows and columns of a cell."""
        return self.shape[self.row_axis], self.shape[self.column_axis]

    @property
    def cells(self) -> int:
        """How many there are."""
        return prod(self.shape[axis] for axis in self.cell_axes)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return -(-self.cells // self.cells_across) * self.cell_shape[0]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.cells_across * self.cell_shape[1]

    @property
    def is_empty(self) -> bool:
        """Whether there is no element in the tensor."""
        return 0 in self.shape

    @property
    def runs_down(self) -> bool:
        """Reading arranges the elements anyway."""
        return False

    def transposed(self) -> FilterGrid:
        """The same cells in the same order, each transposed."""
        return FilterGrid.of_axes(self.shape, self.column_axis, self.row_axis)

    def index(self, row: int, column: int) -> tuple[int, ...] | None:
        """The full index of one element, None where the place is blank."""
        (down, y), (across, x) = divmod(row, self.cell_shape[0]), divmod(column, self.cell_shape[1])
        cell = down * self.cells_across + across
        if cell >= self.cells:
            return None
        index = [0] * len(self.shape)
        index[self.row_axis], index[self.column_axis] = y, x
        for axis in reversed(self.cell_axes):
            cell, index[axis] = divmod(cell, self.shape[axis])
        return tuple(index)

    def place(self, index: tuple[int, ...]) -> tuple[int, int]:
        """Row and column of an element."""
        cell = 0
        for axis in self.cell_axes:
            cell = cell * self.shape[axis] + index[axis]
        down, across = divmod(cell, self.cells_across)
        high, wide = self.cell_shape
        return down * high + index[self.row_axis], across * wide + index[self.column_axis]

    def tiles(
        self, rows: Span, columns: Span, itemsize: int, most: int, cuts: Sequence[int] = ()
    ) -> Iterator[Tile]:
        """Rectangles without blanks, as `Plane.tiles`: rows of cells, cells, or parts of one, whatever fits."""
        high, wide = self.cell_shape
        full = self.cells // self.cells_across * high  # rows without blanks
        at_once = max(1, most // (high * self.columns * itemsize)) * high
        row = rows[0]
        while row < rows[1]:
            stop = min(rows[1], (row // high + 1) * high)
            if row % high == 0 and at_once > high and columns == (0, self.columns) and row < full:
                stop = max(stop, min(row + at_once, rows[1] // high * high, full))
            here = self.cells_across if row < full else self.cells % self.cells_across
            yield from self._cut(
                (row, stop), (columns[0], min(columns[1], here * wide)), max(1, most // itemsize)
            )
            row = stop

    def _cut(self, rows: Span, columns: Span, most: int) -> Iterator[Tile]:
        """Parts of at most so many elements of whole or partial cells that stand side by side."""
        high, wide = self.cell_shape
        cells = most // ((rows[1] - rows[0]) * wide)
        if cells or rows[1] - rows[0] > high:
            step = max(1, cells) * wide
            for left in range(columns[0] // wide * wide, columns[1], step):
                yield rows, (max(left, columns[0]), min(left + step, columns[1]))
            return
        width = min(wide, most)
        height = max(1, most // width)
        for cell in range(columns[0] // wide * wide, columns[1], wide):
            first, last = max(cell, columns[0]), min(cell + wide, columns[1])
            for row in range(rows[0], rows[1], height):
                for left in range(first, last, width):
                    yield (row, min(row + height, rows[1])), (left, min(left + width, last))

    def read(self, source: TensorSource, key: str, rows: slice, columns: slice) -> NDArray[Any]:
        """The elements of a rectangle without blanks, [rows, columns].

        Raises:
            as `TensorSource.read`.
        """
        high, wide = self.cell_shape
        down = range(rows.start // high, -(-rows.stop // high))
        across = range(columns.start // wide, -(-columns.stop // wide))
        top, left = down.start * high, across.start * wide
        inner = [slice(0, high), slice(0, wide)]
        if len(down) == 1:
            inner[0] = slice(rows.start - top, rows.stop - top)
            top = rows.start
        if len(across) == 1:
            inner[1] = slice(columns.start - left, columns.stop - left)
            left = columns.start
        if len(across) == self.cells_across:
            strips = [self._cells(source, key, down.start, len(down), across, inner)]
        else:
            strips = [self._cells(source, key, strip, 1, across, inner) for strip in down]
        values = np.concatenate(strips)
        return values[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]

    def _cells(
        self, source: TensorSource, key: str, first: int, count: int, across: range, inner: list[slice]
    ) -> NDArray[Any]:
        """Some rows of cells (only one, if they are not whole), each cell cut to `inner`."""
        start = first * self.cells_across + across.start
        stop = start + count * len(across)
        axes = self.cell_axes
        window = [slice(0, extent) for extent in self.shape]
        window[self.row_axis], window[self.column_axis] = inner
        rest = prod(self.shape[axis] for axis in axes[1:])
        skipped = 0
        if axes:
            outer = slice(start // rest, -(-stop // rest))
            window[axes[0]], skipped = outer, outer.start * rest
        values = source.read(key, tuple(window)).transpose(*axes, self.row_axis, self.column_axis)
        high, wide = values.shape[-2:]
        cells = values.reshape(-1, high, wide)[start - skipped : stop - skipped]
        shape = (count, len(across), high, wide)
        return cells.reshape(shape).transpose(0, 2, 1, 3).reshape(count * high, len(across) * wide)


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})
