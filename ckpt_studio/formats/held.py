"""Many windows of one variable through one open file: to open it for each costs more than a small window does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, TensorSource
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.formats.files import FileReader, open_stored
from ckpt_studio.formats.reading import Place, read_window


class Held:
    """A source whose file stays open for one variable of numbers, where its bytes lie together in one.

    A context manager; what was read may be believed when it is left without an error.

    Args:
        source: where the variable is.
        key: the variable.
    """

    def __init__(self, source: TensorSource, key: str) -> None:
        self._source = source
        self._file: FileReader | None = None
        info, stored = source.columns.of(key), source.stored(key)
        if stored is not None and stored.size and info.dtype.is_numeric:
            self._place = Place(
                key, info.dtype, info.shape or (), 0, stored.offset, stored.size, stored.crc or 0
            )
            self._big_endian = stored.big_endian
            self._file = open_stored(stored)

    def __enter__(self) -> Held:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self._file is not None:
            with self._file as file:
                if kind is None:
                    file.check_unchanged()

    @property
    def columns(self) -> Columns:
        """As `TensorSource.columns`."""
        return self._source.columns

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        if self._file is None or key != self._place.key:
            return self._source.read(key, window)
        full = check_window(window, self._place.shape)
        return read_window(self._file, self._place, full, self._big_endian)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        return self._source.blocks(key, task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return self._source.identity(key)

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`."""
        return self._source.stored(key)
