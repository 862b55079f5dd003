"""What a picture or a region of one is made of: a flat arrangement of a tensor's elements, read in rectangles.

A slice along two axes is one (`slices`), a grid of filters another (`grids`). Who draws, counts or looks for something
in a picture asks a plane, and need not know how its elements lie in the tensor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import TensorSource

Span = tuple[int, int]
"""(start, stop) along one side of a plane."""
Tile = tuple[Span, Span]
"""A rectangle: its rows and its columns."""


class Plane(Protocol):
    """Elements of one tensor, arranged in rows and columns. Places at the end of a grid may be blank."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's."""
        ...

    @property
    def row_axis(self) -> int | None:
        """The axis of the tensor that runs down, None where there is one row only."""
        ...

    @property
    def column_axis(self) -> int | None:
        """The axis of the tensor that runs across, None where there is one column only."""
        ...

    @property
    def cell_shape(self) -> tuple[int, int] | None:
        """Rows and columns of a cell, where the plane is made of cells that begin with index 0 of both axes."""
        ...

    @property
    def rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def columns(self) -> int:
        """Number of columns."""
        ...

    @property
    def is_empty(self) -> bool:
        """Whether there is no element in the tensor."""
        ...

    @property
    def runs_down(self) -> bool:
        """Whether neighbours in memory stand below each other, so that it is better read as `transposed`."""
        ...

    def transposed(self) -> Plane:
        """The same elements with rows and columns exchanged."""
        ...

    def index(self, row: int, column: int) -> tuple[int, ...] | None:
        """The full index of the element at a place, None where the place is blank."""
        ...

    def place(self, index: tuple[int, ...]) -> tuple[int, int] | None:
        """Row and column of an element, None where it is not in the plane."""
        ...

    def tiles(
        self, rows: Span, columns: Span, itemsize: int, most: int, cuts: Sequence[int] = ()
    ) -> Iterator[Tile]:
        """Rectangles without blanks that cover a rectangle's elements once, in reading order.

        Args:
            rows: of the rectangle.
            columns: of the rectangle.
            itemsize: bytes of an element.
            most: bytes of the elements of one tile, about; tiles whose elements lie far apart get fewer.
            cuts: rows, rising, where a tile should rather end.
        """
        ...

    def read(self, source: TensorSource, key: str, rows: slice, columns: slice) -> NDArray[Any]:
        """The elements of a rectangle without blanks, [rows, columns].

        Raises:
            as `TensorSource.read`.
        """
        ...


def elements(plane: Plane, source: TensorSource, key: str, rows: Span, columns: Span) -> NDArray[Any]:
    """A rectangle that fits into memory, [rows, columns] in the tensor's type; blanks are zero.

    Raises:
        as `TensorSource.read`.
    """
    dtype = source.columns.of(key).dtype
    assert dtype.numpy is not None
    shape = (rows[1] - rows[0], columns[1] - columns[0])
    found: NDArray[Any] = np.zeros(shape, dtype.numpy)
    for down, across in plane.tiles(rows, columns, max(1, dtype.itemsize), 1 << 22):
        found[down[0] - rows[0] : down[1] - rows[0], across[0] - columns[0] : across[1] - columns[0]] = (
            plane.read(source, key, slice(*down), slice(*across))
        )
    return found
