"""Some variables of a source under other keys: what a checkpoint is in another format, or with other names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import ROW_ARRAYS, Columns, Names, Stored, TensorSource, encode
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.writing import Derived


class Renamed:
    """A `TensorSource`. Values stay where they are, and a bundle is written of it without copying them anew.

    Args:
        source: holds the values.
        rows: its rows that are there, in any order.
        keys: what each of them is called; no two alike.
    """

    def __init__(self, source: TensorSource, rows: Sequence[int], keys: Sequence[str]) -> None:
        raw = [encode(key) for key in keys]
        order = sorted(range(len(raw)), key=raw.__getitem__)
        self._source = source
        self._rows = np.array(rows, np.int64)[order]
        self._keys = Names.of(raw[place] for place in order)

    @cached_property
    def columns(self) -> Columns:
        """Those of the source, with the keys for names."""
        old, rows = self._source.columns, self._rows
        now = np.full(len(old) + 1, -1, np.int32)
        now[rows] = np.arange(len(rows), dtype=np.int32)
        faults = {int(now[row]): text for row, text in old.faults.items() if now[row] >= 0}
        return replace(
            old,
            keys=self._keys,
            names=None,
            object_paths=None,
            slot_of=now[old.slot_of[rows]],
            faults=faults,
            **{name: getattr(old, name)[rows] for name in ROW_ARRAYS},
        )

    def _old(self, key: str) -> str:
        return self._source.columns.keys[int(self._rows[self.columns.row(key)])]

    def origins(self, base: object) -> NDArray[np.int64] | None:
        """As `Derived.origins`."""
        if base is self._source:
            return self._rows
        known = self._source.origins(base) if isinstance(self._source, Derived) else None
        return None if known is None else known[self._rows]

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        return self._source.read(self._old(key), window)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        return self._source.blocks(self._old(key), task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return self._source.identity(self._old(key))

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`."""
        return self._source.stored(self._old(key))
