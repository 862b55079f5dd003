"""What a variable can be given: one value everywhere, an array of a file, or what an initializer gives."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol, get_args

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import CkptStudioError, FileFault, NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import Columns, TensorInfo, TensorSource, printable
from ckpt_studio.document.absent import AbsentDonor
from ckpt_studio.document.convert import can_stand_in, kind_of
from ckpt_studio.document.edits.base import Fields, Files, Json, is_integer, is_number, is_text, is_value
from ckpt_studio.document.values.base import Shape, SourceValues, Values, Want
from ckpt_studio.document.values.changed import Cast, Converted
from ckpt_studio.document.values.made import (
    MOST_ORTHOGONAL,
    Constant,
    Initialised,
    Initializer,
    InitializerName,
)
from ckpt_studio.document.values.scalars import json_value, scalar_of
from ckpt_studio.formats.base import Reader
from ckpt_studio.formats.npz.reader import NpyReader, NpzReader

_PARAMETERS: Final = tuple(field.name for field in fields(Initializer) if field.name not in ("name", "seed"))
CONTENTS: Final[Fields] = {
    "value": is_value, "file": is_text, "member": is_text, "initializer": is_text, "seed": is_integer,
    **dict.fromkeys(_PARAMETERS, is_number),
}  # fmt: skip
"""The fields of a PATCH that say what a variable is given: one of `value`, `file` and `initializer`, and its own."""


class Contents(Protocol):
    """What a variable is given."""

    @property
    def label(self) -> str:
        """For a person."""
        ...

    @property
    def fault(self) -> CkptStudioError | None:
        """Why it cannot be read at the moment, or None."""
        ...

    def check(self, want: Want) -> None:
        """Raise RequestFault, with a sentence that names the variable, if it cannot be given this; reads no values."""
        ...

    def values(self, want: Want) -> Values:
        """The values."""
        ...

    def to_json(self) -> Json:
        """Its fields."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """One value everywhere; it is what JSON can say."""

    value: Any

    @property
    def label(self) -> str:
        """As `Contents.label`."""
        return printable(self.value) if isinstance(self.value, str) else repr(self.value)

    @property
    def fault(self) -> None:
        """As `Contents.fault`."""
        return None

    def check(self, want: Want) -> None:
        """As `Contents.check`."""
        scalar_of(self.value, want.dtype, want.key)

    def values(self, want: Want) -> Values:
        """As `Contents.values`."""
        return Constant(want, scalar_of(self.value, want.dtype, want.key))

    def to_json(self) -> Json:
        """As `Contents.to_json`."""
        return {"value": json_value(self.value)}


@dataclass(frozen=True, eq=False)
class Array:
    """An array of a `.npy` or `.npz` file, or of any other that opens; it stays there until it is read.

    Attributes:
        path: the file.
        source: opened.
        member: which array, or "" for the only one, or for the one with the variable's key.
    """

    path: str
    source: TensorSource
    member: str = ""

    @property
    def label(self) -> str:
        """As `Contents.label`."""
        name = os.path.basename(self.path)
        return f"{name}[{printable(self.member)}]" if self.member else name

    @property
    def fault(self) -> CkptStudioError | None:
        """As `Contents.fault`."""
        return self.source.fault if isinstance(self.source, AbsentDonor) else None

    def _key(self, columns: Columns, key: str) -> str:
        if not self.member and len(columns) == 1:
            return columns.keys[0]
        if (self.member or key) not in columns:
            raise NoSuchVariable(
                f"{os.path.basename(self.path)!r} has no array {printable(self.member or key)!r} for "
                f"{printable(key)!r}; say which one is meant.",
                path=self.path,
                key=key,
            )
        return self.member or key

    def info(self, key: str) -> TensorInfo:
        """What the array for a variable is.

        Raises:
            NoSuchVariable: there is none.
        """
        columns = self.source.columns
        return columns.of(self._key(columns, key))

    def check(self, want: Want) -> None:
        """As `Contents.check`: the shape must be the same; integers are taken by floats, too."""
        if self.fault is not None:
            return
        info = self.info(want.was)
        if info.shape != want.shape or not _takes(want.dtype, info.dtype):
            raise RequestFault(
                f"{printable(want.key)!r} cannot take {self.label!r}: {_said(want.dtype, want.shape)} here, "
                f"{_said(info.dtype, info.shape)} there.",
                path=self.path,
                key=want.key,
            )

    def values(self, want: Want) -> Values:
        """As `Contents.values`."""
        if self.fault is not None:
            return Converted(SourceValues(self.source, want.was), want)
        columns = self.source.columns
        values = SourceValues(self.source, self._key(columns, want.was))
        return Converted(values, want) if can_stand_in(want.dtype, values.dtype) else Cast(values, want)

    def to_json(self) -> Json:
        """As `Contents.to_json`."""
        return {"file": os.path.abspath(self.path), **({"member": self.member} if self.member else {})}


@dataclass(frozen=True, slots=True)
class Initial:
    """What an initializer gives."""

    how: Initializer

    @property
    def label(self) -> str:
        """As `Contents.label`."""
        return f"{self.how.name} (seed {self.how.seed})" if self.how.is_random else self.how.name

    @property
    def fault(self) -> None:
        """As `Contents.fault`."""
        return None

    def check(self, want: Want) -> None:
        """As `Contents.check`."""
        why = self._hindrance(want.dtype, want.known)
        if why:
            raise RequestFault(
                f"{printable(want.key)!r} cannot be initialised by {self.how.name}: {why}.", key=want.key
            )

    def _hindrance(self, dtype: DType, shape: Shape) -> str:
        name, random = self.how.name, self.how.is_random
        if not dtype.is_numeric:
            return f"it is of the type {dtype.name}"
        if random and kind_of(dtype) != "float":
            return f"random numbers are for float types, and it is of the type {dtype.name}"
        if name == "identity" and len(shape) != 2:
            return "it is no matrix"
        if name == "orthogonal" and (len(shape) < 2 or 0 in shape):
            return "it has fewer than two axes"
        if name == "orthogonal" and _count(shape) > MOST_ORTHOGONAL:
            return f"it has more than {MOST_ORTHOGONAL} elements"
        return ""

    def values(self, want: Want) -> Values:
        """As `Contents.values`."""
        return Initialised(want, self.how, want.was)

    def to_json(self) -> Json:
        """As `Contents.to_json`: what differs from the default."""
        plain = Initializer(self.how.name)
        said = {name: getattr(self.how, name) for name in ("seed", *_PARAMETERS)}
        changed = {name: value for name, value in said.items() if value != getattr(plain, name)}
        seed = {"seed": self.how.seed} if self.how.is_random else {}
        return {"initializer": self.how.name, **seed, **changed}


def contents_of(operation: Json, files: Files, *, waiting: bool = False) -> Contents:
    """What the fields of checked JSON say that a variable is given.

    Args:
        operation: the JSON.
        files: opens files.
        waiting: whether a file that cannot be opened is waited for.

    Raises:
        RequestFault: it says nothing, too much, or what there is not.
        FileFault: the file cannot be opened.
    """
    said = [name for name in ("value", "file", "initializer") if name in operation]
    if len(said) != 1:
        raise RequestFault("one of 'value', 'file' and 'initializer' must be given.")
    stray = sorted(
        {"member": "file", "seed": "initializer", **dict.fromkeys(_PARAMETERS, "initializer")}.items()
    )
    for name, owner in stray:
        if name in operation and owner != said[0]:
            raise RequestFault(f"{name!r} belongs to {owner!r}.")
    if said == ["value"]:
        return Value(operation["value"])
    if said == ["initializer"]:
        return Initial(_initializer(operation))
    path = files.path(operation["file"])
    source: TensorSource
    try:
        source = _opened(path, files)
    except FileFault as fault:
        if not waiting:
            raise
        source = AbsentDonor(fault)
    return Array(path, source, operation.get("member", ""))


def _opened(path: str, files: Files) -> TensorSource:
    """An array file by its ending: the arrays beside a checkpoint's patch would be taken for the checkpoint."""
    readers: dict[str, Reader] = {".npy": NpyReader(), ".npz": NpzReader()}
    reader = readers.get(os.path.splitext(path)[1])
    return files.open_donor(path) if reader is None else reader.open(path)


def _initializer(operation: Json) -> Initializer:
    name, seed = operation["initializer"], operation.get("seed", 0)
    known = get_args(InitializerName)
    if name not in known:
        raise RequestFault(f"{name!r} is no initializer; there are {', '.join(known)}.")
    if seed < 0:
        raise RequestFault(f"the seed {seed} is negative; choose 0 or more.")
    numbers = {one: float(operation[one]) for one in _PARAMETERS if one in operation}
    return Initializer(name, seed, **numbers)


def _takes(own: DType, other: DType) -> bool:
    wider = kind_of(own) in ("float", "complex") and kind_of(other) in ("int", "bool", "float")
    return own.is_numeric == other.is_numeric and (can_stand_in(own, other) or wider)


def _said(dtype: DType, shape: Shape | None) -> str:
    return f"{dtype.name} {'of an unknown shape' if shape is None else list(shape)}"


def _count(shape: Shape) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count
