"""PATCH files: the list of edits as JSON, replayed on any checkpoint (CONTRACT.md, PATCH)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Protocol

from ckpt_studio.core.errors import CkptStudioError, FileFault, RequestFault
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.document.edits.base import Around, Edit, Json
from ckpt_studio.document.edits.registry import EDITS
from ckpt_studio.document.patterns import key_of
from ckpt_studio.document.state import State
from ckpt_studio.formats.files import read_whole, said

PATCH_VERSION: Final = 1
MAX_PATCH_BYTES: Final = 256 << 20
_OWN_FIELDS: Final = frozenset({"version", "edits"})
_SIDECAR_FIELDS: Final = frozenset({"provenance", "frozen", "num_shards"})


class Edited(Protocol):
    """What a patch needs of a document: what is staged."""

    @property
    def rows(self) -> State:
        """The state that the edits are for."""
        ...


@dataclass(frozen=True)
class Patch:
    """A PATCH that was read and checked; its patterns are resolved when its edits are made.

    Attributes:
        path: the file.
        operations: its edits.
        frozen: keys that were frozen in the checkpoint that it lies beside, or None in a patch of its own.
        num_shards: how many data files that checkpoint has, or None.
    """

    path: str
    operations: tuple[Json, ...]
    frozen: tuple[str, ...] | None = None
    num_shards: int | None = None

    def edits(self, document: Edited, base_folder: str | None = None) -> list[Edit]:
        """The edits for the variables of a document, each for what those before it make of them. Donors are opened.

        Args:
            document: what they are meant for.
            base_folder: what relative paths are relative to (default: the patch's folder).

        Raises:
            NoSuchVariable, RequestFault, FileFault: one cannot be made; the sentence names its number.
        """
        folder = os.path.dirname(os.path.abspath(self.path)) if base_folder is None else base_folder
        donors = _Donors()
        state = document.rows
        edits: list[Edit] = []
        for number, operation in enumerate(self.operations, 1):
            try:
                around = Around(os.path.abspath(folder), donors.open, state)
                edit = EDITS[operation["op"]].from_json(operation, around)
                state = edit.apply(state)
                edits.append(edit)
            except CkptStudioError as error:
                raise type(error)(
                    f"Edit {number} of {printable(os.path.basename(self.path))}: {error.message}",
                    path=error.path or self.path,
                    key=error.key,
                ) from error
        return edits


def load_patch(path: str) -> Patch:
    """Read a PATCH file, or the patch beside a written checkpoint.

    Raises:
        RequestFault: it is not there, or no valid PATCH; the sentence names the number of the edit.
    """
    try:
        data, _ = read_whole(path, MAX_PATCH_BYTES)
    except FileFault as fault:
        raise RequestFault(fault.message, path=path) from fault
    try:
        return parse_patch(data, path)
    except RequestFault as fault:
        raise RequestFault(f"{said(path)} is no valid patch: {fault.message}", path=path) from fault


def read_patch(stream: BinaryIO) -> Patch:
    """Read a PATCH from a stream; relative paths in it are relative to the working folder.

    Raises:
        RequestFault: it is no valid PATCH.
    """
    name = "standard input"
    try:
        return parse_patch(stream.read(MAX_PATCH_BYTES + 1), name)
    except RequestFault as fault:
        raise RequestFault(f"What came from {name} is no valid patch: {fault.message}") from fault


def parse_patch(data: bytes, path: str) -> Patch:
    """The PATCH in `data`.

    Raises:
        RequestFault: it is none; the sentence begins with what is wrong.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RequestFault(f"it is not JSON ({error}).") from error
    if (
        not isinstance(value, dict)
        or value.get("version") != PATCH_VERSION
        or isinstance(value["version"], bool)
    ):
        raise RequestFault(f'it must be an object with "version": {PATCH_VERSION}.')
    extra = sorted(value.keys() - _OWN_FIELDS - _SIDECAR_FIELDS)
    if extra:
        raise RequestFault(f"there is no field {extra[0]!r} in a patch.")
    operations = value.get("edits")
    if not isinstance(operations, list):
        raise RequestFault('"edits" must be a list.')
    for number, operation in enumerate(operations, 1):
        _check(operation, f"edit {number}")
    frozen = value.get("frozen")
    if frozen is not None and not _is_texts(frozen):
        raise RequestFault('"frozen" must be a list of keys.')
    shards = value.get("num_shards")
    if shards is not None and type(shards) is not int:
        raise RequestFault('"num_shards" must be a number.')
    keys = None if frozen is None else tuple(key_of(text) for text in frozen)
    return Patch(path, tuple(operations), keys, shards)


def _check(operation: Any, where: str) -> None:
    """Raise RequestFault unless an edit has the fields that its op asks for, and no others."""
    if not isinstance(operation, dict) or not isinstance(operation.get("op"), str):
        raise RequestFault(f'{where} must be an object with an "op".')
    kind = EDITS.get(operation["op"])
    if kind is None:
        known = ", ".join(EDITS)
        raise RequestFault(f"{where} has the unknown op {operation['op']!r}; this version knows {known}.")
    needed, optional = kind.needed, kind.optional
    for name, is_right in {**needed, **optional}.items():
        if name not in operation and name in needed:
            raise RequestFault(f"{where} ({operation['op']}) lacks the field {name!r}.")
        if name in operation and not is_right(operation[name]):
            raise RequestFault(f"{where} ({operation['op']}) has a field {name!r} of the wrong kind.")
    extra = sorted(operation.keys() - needed.keys() - optional.keys() - {"op"})
    if extra:
        raise RequestFault(f"{where} ({operation['op']}) has the unknown field {extra[0]!r}.")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


class _Donors:
    """Donors by path, each opened once."""

    def __init__(self) -> None:
        self._opened: dict[str, TensorSource] = {}

    def open(self, path: str) -> TensorSource:
        """The donor at an absolute path."""
        from ckpt_studio.formats.registry import open_checkpoint

        if path not in self._opened:
            self._opened[path] = open_checkpoint(path)
        return self._opened[path]


def relative_to(path: str, folder: str) -> str:
    """A donor's path for a patch in `folder`: relative where both are likely to move together, else absolute."""
    folder = os.path.abspath(folder)
    near = os.path.dirname(folder)
    path = os.path.abspath(path)
    if len(near) > 1 and os.path.commonpath((path, near)) == near:
        return os.path.relpath(path, folder)
    return path


def relative_paths(edit: Json, folder: str) -> Json:
    """An edit of a PATCH whose paths are as `relative_to` gives them."""
    made = dict(edit)
    for name in ("from", "file"):
        value = edit.get(name)
        if isinstance(value, str) and not isinstance(edit.get("to"), str):
            made[name] = relative_to(value, folder)
        elif isinstance(value, list):
            made[name] = [relative_to(path, folder) for path in value]
    return made
