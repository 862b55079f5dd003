"""Some variables of a TensorSource as one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Columns, Stored, TensorSource
from ckpt_studio.core.windows import Window


class Part:
    """Only these keys of a source, which has them all; implements `TensorSource`."""

    def __init__(self, source: TensorSource, keys: Collection[str]) -> None:
        self._source = source
        self._keys = keys

    @cached_property
    def columns(self) -> Columns:
        """As `TensorSource.columns`."""
        columns = self._source.columns
        rows = np.array(sorted(columns.row(key) for key in self._keys), np.int64)
        faults = {at: columns.faults[int(row)] for at, row in enumerate(rows) if int(row) in columns.faults}
        return columns.subset(rows, faults)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        return self._source.read(key, window)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        return self._source.blocks(key, task)

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return self._source.identity(key)

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`."""
        return self._source.stored(key)
