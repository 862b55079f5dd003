"""The `checkpoint` state file of a folder: which checkpoint is the newest, and which ones are kept."""

from __future__ import annotations

import ntpath
import os
import re
from dataclasses import dataclass
from typing import Final

from ckpt_studio.core.errors import Corrupt
from ckpt_studio.core.tensors import decode, encode
from ckpt_studio.formats.files import read_settled, said
from ckpt_studio.formats.text_proto import TextFault, parse_text

NAME: Final = "checkpoint"
"""The file's name."""

_MAX_BYTES: Final = 1 << 20
_OF_WINDOWS: Final = re.compile(r"[A-Za-z]:[\\/]|\\\\")


@dataclass(frozen=True, slots=True)
class StateFile:
    """What a state file says.

    Attributes:
        latest: path of the newest checkpoint, as written: relative to the folder, or absolute.
        paths: all that are kept, oldest first, as written.
        timestamps: when each of `paths` was saved, in seconds since 1970; empty where the file has none.
        last_preserved: when a checkpoint was last kept for good, or None.
    """

    latest: str
    paths: tuple[str, ...] = ()
    timestamps: tuple[float, ...] = ()
    last_preserved: float | None = None


def split_path(path: str) -> tuple[str, str]:
    r"""Folder and name of a checkpoint as a state file says it; `C:\run\m-7` comes from another machine perhaps."""
    return ntpath.split(path) if _OF_WINDOWS.match(path) else os.path.split(path)


def parse_state_file(path: str) -> StateFile:
    """Read a state file, again if another program is rewriting it.

    Raises:
        MissingFile, FileFault: it cannot be read.
        Corrupt: it is not a state file, or names no checkpoint.
    """
    return read_settled(path, _MAX_BYTES, lambda data, _: _parse(data, path))


def _parse(data: bytes, path: str) -> StateFile:
    from ckpt_studio.formats.protos.checkpoint_state_pb2 import CheckpointState

    text = data.decode("utf-8", "surrogateescape")
    text = re.sub("[\udc80-\udcff]", lambda found: f"\\{ord(found[0]) - 0xDC00:03o}", text)
    try:
        proto = parse_text(text, CheckpointState())
    except TextFault as fault:
        raise Corrupt(f"{said(path)} is not a readable state file.", path=path) from fault
    if not proto.model_checkpoint_path:
        raise Corrupt(f"{said(path)} names no checkpoint.", path=path)
    if any(b"\0" in name for name in (proto.model_checkpoint_path, *proto.all_model_checkpoint_paths)):
        raise Corrupt(f"{said(path)} names a checkpoint with a zero byte, which no file has.", path=path)
    return StateFile(
        latest=decode(proto.model_checkpoint_path),
        paths=tuple(map(decode, proto.all_model_checkpoint_paths)),
        timestamps=tuple(proto.all_model_checkpoint_timestamps),
        last_preserved=proto.last_preserved_timestamp or None,
    )


def encode_state_file(state: StateFile) -> bytes:
    """The bytes of a state file as TensorFlow writes and reads it.

    Raises:
        ValueError: there are timestamps, but not one for each path: TensorFlow would forget the list.
    """
    if state.timestamps and len(state.timestamps) != len(state.paths):
        raise ValueError(f"{len(state.timestamps)} timestamps for {len(state.paths)} paths")
    from google.protobuf import text_format

    from ckpt_studio.formats.protos.checkpoint_state_pb2 import CheckpointState

    proto = CheckpointState(
        model_checkpoint_path=encode(state.latest),
        all_model_checkpoint_paths=[encode(path) for path in state.paths],
        all_model_checkpoint_timestamps=state.timestamps,
        last_preserved_timestamp=state.last_preserved or 0.0,
    )
    return text_format.MessageToString(proto).encode("utf-8")
