"""What all staged values offer: shape and type without reading, and windows and blocks of what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType, unknown
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Stored, TensorSource
from ckpt_studio.core.windows import Window

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Want:
    """What an edit promised that a variable is afterwards.

    Attributes:
        key: what it is called now, for sentences.
        dtype: its element type.
        shape: None when unknown.
        was: what it was called when the edit was made: names whatever else belongs to it.
    """

    key: str
    dtype: DType
    shape: Shape | None
    was: str

    @property
    def known(self) -> Shape:
        """The shape of what was checked to have one."""
        assert self.shape is not None
        return self.shape


class Values(Protocol):
    """The values of one variable. The methods mean what those of `TensorSource` do."""

    @property
    def dtype(self) -> DType:
        """Element type."""
        ...

    @property
    def shape(self) -> Shape | None:
        """None when unknown."""
        ...

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`; also raises Unsupported where a value does not fit the type."""
        ...

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        ...

    def identity(self) -> str:
        """A text that changes when the values may have changed."""
        ...

    def stored(self) -> Stored | None:
        """Where the bytes lie in V2 encoding, or None."""
        ...


class SourceValues:
    """The values of a source under one of its keys, as they are."""

    def __init__(self, source: TensorSource, key: str) -> None:
        self._source, self._key = source, key

    @cached_property
    def _row(self) -> int:
        return self._source.columns.row(self._key)

    @property
    def dtype(self) -> DType:
        """As `Values.dtype`."""
        return unknown(int(self._source.columns.dtype[self._row]))

    @property
    def shape(self) -> Shape | None:
        """As `Values.shape`."""
        return self._source.columns.shape(self._row)

    def read(self, window: Window | None = None) -> NDArray[Any]:
        """As `Values.read`."""
        return self._source.read(self._key, window)

    def blocks(self, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `Values.blocks`."""
        return self._source.blocks(self._key, task)

    def identity(self) -> str:
        """As `Values.identity`."""
        return self._source.identity(self._key)

    def stored(self) -> Stored | None:
        """As `Values.stored`."""
        return self._source.stored(self._key)


class Unstored:
    """Has what values that are not on any disk have in common.

    Attributes:
        want: what they are.
    """

    def __init__(self, want: Want) -> None:
        self.want = want

    @property
    def dtype(self) -> DType:
        """As `Values.dtype`."""
        return self.want.dtype

    @property
    def shape(self) -> Shape | None:
        """As `Values.shape`."""
        return self.want.shape

    def stored(self) -> Stored | None:
        """None: nowhere."""
        return None
