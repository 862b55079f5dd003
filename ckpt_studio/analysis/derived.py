"""Sources made of other sources, so that what is derived is looked at, counted and searched like any variable.

Both hold one variable, under the key that it has in the (first) source.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.planes import Plane, Span
from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, Columns, Names, Stored, TensorSource, printable
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.reading import covering_windows

_STRETCH_BYTES: Final = 1 << 18
"""Of elements that are only looked at in part."""


class Region:
    """The elements of a rectangle of a plane, as a vector; in what order is not said.

    Args:
        source, key: the variable.
        plane: how its elements are arranged.
        rows, columns: (start, stop) of the rectangle.
        every: 1 for all its elements, n for one stretch of them in n.
    """

    def __init__(
        self, source: TensorSource, key: str, plane: Plane, rows: Span, columns: Span, every: int = 1
    ) -> None:
        info = source.columns.of(key)
        self._source, self._key = source, key
        turned = plane.runs_down
        self._plane = plane.transposed() if turned else plane
        spans = (columns, rows) if turned else (rows, columns)
        size = BLOCK_BYTES if every == 1 else _STRETCH_BYTES
        tiles = self._plane.tiles(*spans, max(1, info.dtype.itemsize), size)
        self._tiles = list(islice(tiles, 0, None, every))
        count = sum((down[1] - down[0]) * (across[1] - across[0]) for down, across in self._tiles)
        self._identity = f"{source.identity(key)}/{plane}/{rows}/{columns}/{every}"
        self.columns = _one_row(source, key, (count,), info.dtype)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        info = self.columns.of(key)
        (part,) = check_window(window, info.shape or ())
        none: NDArray[Any] = np.zeros(0, info.dtype.numpy)  # where all places are blank
        return np.concatenate([none, *self.blocks(key)])[part]

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        for rows, columns in self._tiles:
            values = self._plane.read(self._source, self._key, slice(*rows), slice(*columns))
            yield np.ascontiguousarray(values).reshape(-1)
            task.advance(values.nbytes)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return self._identity

    def stored(self, key: str) -> Stored | None:
        """Nowhere: its bytes do not lie together."""
        return None


class Difference:
    """One variable minus another of the same shape, in float64 or complex128; equal NaN and equal Inf give 0.

    Raises:
        RequestFault: their shapes differ, or they are no numbers.
        NoSuchVariable: one of them is not there.
    """

    def __init__(self, source: TensorSource, key: str, other: TensorSource, other_key: str) -> None:
        ours, theirs = source.columns.of(key), other.columns.of(other_key)
        if ours.shape is None or ours.shape != theirs.shape:
            raise RequestFault(f"{printable(ours.name)} has another shape in the other checkpoint.", key=key)
        if not (ours.dtype.is_numeric and theirs.dtype.is_numeric):
            raise RequestFault(f"{printable(ours.name)} holds no numbers to be subtracted.", key=key)
        self._shape = ours.shape
        self._sides = ((source, key), (other, other_key))
        complex_ = any(info.dtype.name.startswith("complex") for info in (ours, theirs))
        self._dtype = dtypes.BY_NAME["complex128" if complex_ else "float64"]
        self.columns = _one_row(source, key, ours.shape, self._dtype)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        ours, theirs = (source.read(name, window) for source, name in self._sides)
        assert self._dtype.numpy is not None
        with np.errstate(invalid="ignore", over="ignore"):
            a, b = ours.astype(self._dtype.numpy), theirs.astype(self._dtype.numpy)
            found: NDArray[Any] = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, a - b)
        return found

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        for window in covering_windows(self._shape, self._dtype.itemsize):
            values = self.read(key, window).reshape(-1)
            yield values
            task.advance(values.nbytes)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return " - ".join(source.identity(name) for source, name in self._sides)

    def stored(self, key: str) -> Stored | None:
        """Nowhere: it is calculated."""
        return None


def _one_row(source: TensorSource, key: str, shape: tuple[int, ...], dtype: dtypes.DType) -> Columns:
    """The row of a variable with another shape and type; nothing of it takes the longer the more others there are."""
    every = source.columns
    row = every.row(key)
    here = slice(row, row + 1)
    return Columns(
        keys=Names.of([every.keys.raw(row)]),
        dtype=np.array([dtype.number], np.uint8),
        rank=np.array([len(shape)], np.int8),
        dims=np.array([shape], np.int64).reshape(1, len(shape)),
        nbytes=np.array([prod(shape) * dtype.itemsize], np.int64),
        role=every.role[here],
        role_source=every.role_source[here],
        slot_of=np.full(1, -1, np.int32),
        slot_name=np.full(1, -1, np.int16),
        slot_names=(),
        trainable=every.trainable[here],
        names=None if every.names is None else Names.of([every.names.raw(row)]),
        object_paths=None if every.object_paths is None else Names.of([every.object_paths.raw(row)]),
    )
