"""PATCH files: the list of edits as JSON, replayed on any checkpoint (CONTRACT.md, PATCH)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from ckpt_studio.core.errors import CkptStudioError, FileFault, RequestFault
from ckpt_studio.core.tensors import Columns, TensorSource, printable
from ckpt_studio.document.edits import Drop, Edit, Freeze, Json, Replace, Unfreeze
from ckpt_studio.document.matching import MatchRules, match
from ckpt_studio.document.patterns import key_of, resolve_keys
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.files import read_whole, said

PATCH_VERSION: Final = 1
MAX_PATCH_BYTES: Final = 256 << 20
_OWN_FIELDS: Final = frozenset({"version", "edits"})
_SIDECAR_FIELDS: Final = frozenset({"provenance", "frozen", "num_shards"})


class Edited(Protocol):
    """What a patch needs of a document: the checkpoint that it edits."""

    base: Checkpoint


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
        """The edits for the variables of a document. Donors are opened.

        Args:
            document: what they are meant for.
            base_folder: what relative paths are relative to (default: the patch's folder).

        Raises:
            NoSuchVariable, RequestFault, FileFault: one cannot be made; the sentence names its number.
        """
        folder = os.path.dirname(os.path.abspath(self.path)) if base_folder is None else base_folder
        donors = _Donors(folder)
        columns = document.base.columns
        edits: list[Edit] = []
        for number, operation in enumerate(self.operations, 1):
            try:
                edits.append(_MAKERS[operation["op"]](operation, columns, donors))
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
    fields = _FIELDS.get(operation["op"])
    if fields is None:
        known = ", ".join(_FIELDS)
        raise RequestFault(f"{where} has the unknown op {operation['op']!r}; this version knows {known}.")
    needed, optional = fields
    for name, is_right in {**needed, **optional}.items():
        if name not in operation and name in needed:
            raise RequestFault(f"{where} ({operation['op']}) lacks the field {name!r}.")
        if name in operation and not is_right(operation[name]):
            raise RequestFault(f"{where} ({operation['op']}) has a field {name!r} of the wrong kind.")
    extra = sorted(operation.keys() - needed.keys() - optional.keys() - {"op"})
    if extra:
        raise RequestFault(f"{where} ({operation['op']}) has the unknown field {extra[0]!r}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


_Fields = Mapping[str, Callable[[Any], bool]]
_FIELDS: Final[dict[str, tuple[_Fields, _Fields]]] = {
    Freeze.op: ({"match": _is_text}, {}),
    Unfreeze.op: ({"match": _is_text}, {}),
    Replace.op: ({"match": _is_text, "from": _is_text}, {"map": _is_map}),
    Drop.op: ({"match": _is_text}, {}),
}


class _Donors:
    """Donors by path, each opened once."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._opened: dict[str, TensorSource] = {}

    def open(self, path: str) -> tuple[TensorSource, str]:
        """The donor at a path of the patch, and its absolute path."""
        from ckpt_studio.formats.registry import open_checkpoint

        full = os.path.normpath(os.path.join(self._folder, path))
        if full not in self._opened:
            self._opened[full] = open_checkpoint(full)
        return self._opened[full], full


def _freeze(operation: Json, columns: Columns, donors: _Donors) -> Edit:
    return Freeze(resolve_keys(operation["match"], columns), operation["match"])


def _unfreeze(operation: Json, columns: Columns, donors: _Donors) -> Edit:
    return Unfreeze(resolve_keys(operation["match"], columns), operation["match"])


def _drop(operation: Json, columns: Columns, donors: _Donors) -> Edit:
    return Drop(resolve_keys(operation["match"], columns), operation["match"])


def _replace(operation: Json, columns: Columns, donors: _Donors) -> Edit:
    """Every variable that the pattern means must have its counterpart: none is passed over in silence."""
    keys = resolve_keys(operation["match"], columns)
    renamed: dict[str, str | None] = {key_of(k): key_of(d) for k, d in operation.get("map", {}).items()}
    stray = sorted(renamed.keys() - set(keys))
    if stray:
        raise RequestFault(
            f"{printable(stray[0])!r} is in its map, but its match does not mean it.", key=stray[0]
        )
    donor, path = donors.open(operation["from"])
    pairs = []
    for found in match(columns, donor.columns, keys, MatchRules(), renamed):
        if found.donor_key is None:
            wanted = renamed.get(found.key) or found.key
            raise RequestFault(
                f"{printable(os.path.basename(path))} has no variable {printable(wanted)!r} for "
                f"{printable(found.key)!r}; map it or match fewer.",
                path=path,
                key=found.key,
            )
        pairs.append((found.key, found.donor_key))
    edit = Replace(tuple(pairs), donor, path, operation["match"])
    edit.check(columns)
    return edit


_MAKERS: Final[dict[str, Callable[[Json, Columns, _Donors], Edit]]] = {
    Freeze.op: _freeze,
    Unfreeze.op: _unfreeze,
    Replace.op: _replace,
    Drop.op: _drop,
}


def relative_to(path: str, folder: str) -> str:
    """A donor's path for a patch in `folder`: relative where both are likely to move together, else absolute."""
    folder = os.path.abspath(folder)
    near = os.path.dirname(folder)
    path = os.path.abspath(path)
    if len(near) > 1 and os.path.commonpath((path, near)) == near:
        return os.path.relpath(path, folder)
    return path
