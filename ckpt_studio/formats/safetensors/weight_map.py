"""The index of a model in several safetensors files: which file holds which tensor."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ckpt_studio.core.errors import Corrupt
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileIdentity, read_settled, said
from ckpt_studio.formats.safetensors.header import MAX_HEADER_BYTES, is_object, parse_json


@dataclass(frozen=True, slots=True)
class WeightMap:
    """An index.

    Attributes:
        path, identity: its file.
        files: file name by key, as written, unchecked.
        repeated: keys that it names more than once.
        step: the training step that its metadata tell, or None.
    """

    path: str
    identity: FileIdentity
    files: dict[str, str]
    repeated: frozenset[str]
    step: int | None


def read_weight_map(path: str) -> WeightMap:
    """Read an index, again if another program is rewriting it.

    Raises:
        Corrupt: it is no index.
        FileFault: as `read_settled`.
    """
    return read_settled(path, MAX_HEADER_BYTES, lambda data, identity: _parse(data, path, identity))


def _parse(data: bytes, path: str, identity: FileIdentity) -> WeightMap:
    try:
        document = parse_json(data)
    except ValueError as error:
        raise Corrupt(f"{said(path)} is a damaged index: {error}.", path=path) from error
    found = dict(document) if is_object(document) else {}
    pairs = found.get("weight_map")
    if not is_object(pairs) or not all(isinstance(file, str) for _, file in pairs):
        raise Corrupt(f"{said(path)} is no index of safetensors files: it has no weight_map.", path=path)
    files: dict[str, str] = {}
    repeated = set()
    for key, file in pairs:
        if files.setdefault(key, file) != file:
            repeated.add(key)
    metadata = found.get("metadata")
    return WeightMap(
        path,
        identity,
        files,
        frozenset(repeated),
        step_in(dict(metadata) if is_object(metadata) else {}),
    )


def step_in(metadata: Mapping[str, object]) -> int | None:
    """The training step that metadata tell, as a number or a text of one."""
    for name in ("global_step", "step"):
        value = metadata.get(name)
        if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.ASCII):
            return int(value)
        if type(value) is int and 0 <= value < 10**18:
            return value
    return None


def is_plain_name(file: str) -> bool:
    """Whether a text is the name of a file in the same folder, and nothing that leads elsewhere."""
    return bool(file) and file == os.path.basename(file) and file not in (".", "..") and "\0" not in file


def outside(file: str) -> str:
    """The fault of a row whose index leads out of the folder."""
    return f"The index puts it into {printable(file)!r}, which is no file of this folder."
