"""The trained variables as a TensorSource: what a run's checkpoint is written from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import (
    BLOCK_BYTES,
    Columns,
    Names,
    Role,
    RoleSource,
    Stored,
    TensorSource,
    encode,
)
from ckpt_studio.core.windows import Window, check_window


class TrainedValues:
    """Arrays over the checkpoint that the run began with: keys that the run does not hold come from there.

    Args:
        start: the start checkpoint.
        values: key -> value, strings as object arrays of bytes.
    """

    def __init__(self, start: TensorSource, values: Mapping[str, NDArray[Any]]) -> None:
        self._start = start
        self._values = values
        self._columns = self._join()

    @property
    def columns(self) -> Columns:
        """All keys."""
        return self._columns

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        if key not in self._values:
            return self._start.read(key, window)
        values = np.asarray(self._values[key])
        return np.array(values[check_window(window, values.shape)], values.dtype)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        if key not in self._values:
            yield from self._start.blocks(key, task)
            return
        flat = np.ascontiguousarray(self._values[key]).reshape(-1)
        count = max(1, BLOCK_BYTES // flat.itemsize)
        for at in range(0, flat.size, count):
            block = flat[at : at + count]
            task.advance(block.nbytes)
            yield block

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return f"trained:{id(self._values[key])}" if key in self._values else self._start.identity(key)

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`."""
        return None if key in self._values else self._start.stored(key)

    def _join(self) -> Columns:
        old = self._start.columns
        kept = {old.keys[row]: row for row in range(len(old)) if old.keys[row] not in self._values}
        keys = sorted([*kept, *self._values], key=encode)
        shapes = [old.shape(kept[key]) if key in kept else np.shape(self._values[key]) for key in keys]
        dims = np.full((len(keys), max((len(s) for s in shapes if s is not None), default=0)), -1, np.int64)
        for row, shape in enumerate(shapes):
            dims[row, : len(shape or ())] = shape or ()
        return Columns(
            keys=Names.of_text(keys),
            dtype=np.array(
                [
                    old.dtype[kept[k]] if k in kept else dtypes.of_numpy(self._values[k].dtype).number
                    for k in keys
                ],
                np.uint8,
            ),
            rank=np.array([-1 if shape is None else len(shape) for shape in shapes], np.int8),
            dims=dims,
            nbytes=np.array(
                [old.nbytes[kept[k]] if k in kept else _nbytes(self._values[k]) for k in keys], np.int64
            ),
            role=np.full(len(keys), Role.weight, np.uint8),
            role_source=np.full(len(keys), RoleSource.by_name, np.uint8),
            slot_of=np.full(len(keys), -1, np.int32),
            slot_name=np.full(len(keys), -1, np.int16),
            slot_names=(),
            trainable=np.full(len(keys), -1, np.int8),
        )


def _nbytes(values: NDArray[Any]) -> int:
    return sum(len(item) for item in values.flat) if values.dtype.hasobject else values.nbytes
