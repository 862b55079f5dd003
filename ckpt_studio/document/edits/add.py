"""Adding: a new variable. The object graph gets a place for it where its key is a path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import ClassVar, Final, Self

from ckpt_studio.core.dtypes import BY_NAME, DType
from ckpt_studio.core.errors import CkptStudioError, RequestFault
from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.edits.arrange import is_integers
from ckpt_studio.document.edits.assign import Given
from ckpt_studio.document.edits.base import Around, Fields, Files, Json, OpenDonor, is_text
from ckpt_studio.document.edits.contents import CONTENTS, Array, Contents, contents_of
from ckpt_studio.document.following import GRAPH_KEY
from ckpt_studio.document.paths import can_be_written
from ckpt_studio.document.patterns import key_of, text_of
from ckpt_studio.document.state import State
from ckpt_studio.document.values.base import Shape, Want

_DEEPEST: Final = 127
_LARGEST: Final = 1 << 62
"""Bytes: more cannot be counted in a file."""


@dataclass(frozen=True, eq=False)
class Add:
    """A new variable.

    Attributes:
        key: its key.
        dtype, shape: what it is.
        contents: what it holds.
    """

    op: ClassVar[str] = "add"
    needed: ClassVar[Fields] = {"key": is_text}
    optional: ClassVar[Fields] = {"dtype": is_text, "shape": is_integers, **CONTENTS}
    keys: ClassVar[tuple[str, ...]] = ()

    key: str
    dtype: DType
    shape: Shape
    contents: Contents

    @property
    def label(self) -> str:
        """As `Edit.label`."""
        return f"Add {printable(self.key)}"

    @property
    def fault(self) -> CkptStudioError | None:
        """As `Edit.fault`."""
        return self.contents.fault

    def title(self, columns: Columns) -> str:
        """As `Edit.title`."""
        return self.label

    def describe(self) -> str:
        """As `Edit.describe`."""
        return f"nothing → {self.contents.label}, {self.dtype.name} {list(self.shape)}"

    def notes(self, state: State) -> tuple[str, ...]:
        """As `Edit.notes`."""
        return ()

    def apply(self, state: State) -> State:
        """As `Edit.apply`; a key that is there already is a RequestFault."""
        if self.key == GRAPH_KEY or not can_be_written(self.key):
            raise RequestFault(
                f"A variable cannot be called {printable(self.key)!r}; choose another name.", key=self.key
            )
        if not (self.dtype.is_numeric or self.dtype.name == "string"):
            raise RequestFault(f"A new variable cannot be of the type {self.dtype.name}.", key=self.key)
        size = prod(self.shape) * self.dtype.held
        if len(self.shape) > _DEEPEST or any(extent < 0 for extent in self.shape) or size > _LARGEST:
            raise RequestFault(
                f"{printable(self.key)!r} cannot have the shape {list(self.shape)}.", key=self.key
            )
        self.contents.check(Want(self.key, self.dtype, self.shape, self.key))
        return state.adding(self.key, self.dtype.number, self.shape, self._given)

    @cached_property
    def _given(self) -> Given:
        return Given(self.contents)

    def absent(self, fault: CkptStudioError) -> Add:
        """As `Edit.absent`."""
        if not isinstance(self.contents, Array):
            return self
        return replace(self, contents=Array(self.contents.path, AbsentDonor(fault), self.contents.member))

    def to_json(self, state: State) -> list[Json]:
        """As `Edit.to_json`."""
        return [self.record()]

    def record(self) -> Json:
        """As `Edit.record`."""
        return {
            "op": self.op,
            "key": text_of(self.key),
            "dtype": self.dtype.name,
            "shape": list(self.shape),
            **self.contents.to_json(),
        }

    @classmethod
    def from_json(cls, operation: Json, around: Around) -> Self:
        """As `EditKind.from_json`; type and shape may be left to an array."""
        return cls._made(operation, contents_of(operation, around))

    @classmethod
    def from_record(cls, record: Json, open_donor: OpenDonor) -> Self:
        """As `EditKind.from_record`."""
        for name, is_right in {**cls.needed, **cls.optional}.items():
            if name in record and not is_right(record[name]):
                raise ValueError(f"{name!r} is of the wrong kind")
        return cls._made(record, contents_of(record, Files("/", open_donor), waiting=True))

    @classmethod
    def _made(cls, operation: Json, contents: Contents) -> Self:
        key = key_of(operation["key"])
        name, shape = operation.get("dtype"), operation.get("shape")
        if (name is None or shape is None) and isinstance(contents, Array) and contents.fault is None:
            info = contents.info(key)
            name = info.dtype.name if name is None else name
            shape = info.shape if shape is None else shape
        if name not in BY_NAME or shape is None:
            raise RequestFault(
                f"{printable(key)!r} needs a type and a shape: 'dtype' and 'shape' must say which.", key=key
            )
        return cls(key, BY_NAME[name], tuple(shape), contents)
