"""A TensorSource over arrays in memory, so that tests of analysis, document and views need no file and no format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import Corrupt, Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import BLOCK_BYTES, Columns, Names, Role, RoleSource, Stored, encode
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.base import Fault

_numbers = count()


class MemorySource:
    """Named arrays as a TensorSource.

    Strings are arrays of `bytes` objects. `opaque` names variables of TensorFlow's variant dtype (their array only
    gives the shape). `faults` makes a variable's row faulty. `bytes_read` counts what `read` and `blocks` handed out.
    """

    def __init__(
        self,
        arrays: Mapping[str, ArrayLike],
        *,
        opaque: frozenset[str] = frozenset(),
        faults: Mapping[str, str] | None = None,
        block_bytes: int = BLOCK_BYTES,
        name: str = "memory",
    ) -> None:
        keys = sorted(arrays, key=encode)
        self.arrays: dict[str, NDArray[Any]] = {key: np.asarray(arrays[key]) for key in keys}
        self.block_bytes = block_bytes
        self.bytes_read = 0
        self.reads: list[tuple[str, Window]] = []
        self._name = f"{name}-{next(_numbers)}"
        self._versions = dict.fromkeys(keys, 0)
        self._opaque = opaque
        self._faults = dict(faults or {})
        self._columns = self._make_columns()

    def set(self, key: str, array: ArrayLike) -> None:
        """Other values for a variable, old or new: `identity` changes, `columns` is another object."""
        self.arrays[key] = np.asarray(array)
        self.arrays = {k: self.arrays[k] for k in sorted(self.arrays, key=encode)}
        self._versions[key] = self._versions.get(key, 0) + 1
        self._columns = self._make_columns()

    def _dtype(self, key: str) -> dtypes.DType:
        return dtypes.BY_NAME["variant"] if key in self._opaque else dtypes.of_numpy(self.arrays[key].dtype)

    def _make_columns(self) -> Columns:
        keys = list(self.arrays)
        n = len(keys)
        arrays = [self.arrays[key] for key in keys]
        dims = np.full((n, max((a.ndim for a in arrays), default=0)), -1, np.int64)
        for row, array in enumerate(arrays):
            dims[row, : array.ndim] = array.shape
        return Columns(
            keys=Names.of_text(keys),
            dtype=np.array([self._dtype(key).number for key in keys], np.uint8),
            rank=np.array([a.ndim for a in arrays], np.int8),
            dims=dims,
            nbytes=np.array([self._nbytes(a) for a in arrays], np.int64),
            role=np.full(n, Role.weight, np.uint8),
            role_source=np.full(n, RoleSource.by_name, np.uint8),
            slot_of=np.full(n, -1, np.int32),
            slot_name=np.full(n, -1, np.int16),
            slot_names=(),
            trainable=np.full(n, -1, np.int8),
            faults={row: self._faults[key] for row, key in enumerate(keys) if key in self._faults},
        )

    @staticmethod
    def _nbytes(array: NDArray[Any]) -> int:
        return sum(len(item) for item in array.flat) if array.dtype.hasobject else array.nbytes

    @property
    def columns(self) -> Columns:
        return self._columns

    def _array(self, key: str) -> NDArray[Any]:
        self._columns.row(key)
        if key in self._faults:
            raise Corrupt(self._faults[key], key=key)
        if key in self._opaque:
            raise Unsupported(f"{key} is of a dtype whose values cannot be shown.", key=key)
        return self.arrays[key]

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        array = self._array(key)
        full = check_window(window, array.shape)
        values = array[full].copy(order="C") if array.ndim else array.copy()
        self.bytes_read += values.nbytes
        self.reads.append((key, full))
        return values

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        flat = self._array(key).reshape(-1)
        step = max(1, self.block_bytes // flat.itemsize)
        for start in range(0, flat.size, step):
            block = flat[start : start + step].copy()
            self.bytes_read += block.nbytes
            task.advance(block.nbytes)
            yield block

    def identity(self, key: str) -> str:
        self._columns.row(key)
        return f"{self._name}:{key}:{self._versions[key]}"

    def stored(self, key: str) -> Stored | None:
        self._columns.row(key)
        return None


class MemoryCheckpoint(MemorySource):
    """A MemorySource that can stand where an opened checkpoint is asked for, under a path that does not exist."""

    format: ClassVar[str] = "memory"
    step: int | None = None
    notes: tuple[str, ...] = ()
    meta_graph: str | None = None

    def __init__(self, arrays: Mapping[str, ArrayLike], *, path: str = "memory/model", **more: Any) -> None:
        super().__init__(arrays, **more)
        self.path = path
        self.prefix = path

    def files(self) -> tuple[str, ...]:
        return ()

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        for key, sentence in self._faults.items():
            task.check()
            yield Fault(key, Corrupt.kind, sentence)

    def close(self) -> None:
        pass
