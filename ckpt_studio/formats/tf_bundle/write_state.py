"""Adds a checkpoint to a folder's `checkpoint` state file without losing what others wrote there."""

from __future__ import annotations

import ntpath
import os
import time
from typing import Final

from ckpt_studio.core.errors import FileFault, MissingFile, SaveFault
from ckpt_studio.formats.files import FileIdentity
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE
from ckpt_studio.formats.tf_bundle.state_file import (
    StateFile,
    encode_state_file,
    parse_state_file,
    split_path,
)

_ATTEMPTS: Final = 5


def write_state(saving: Saving, name: str) -> None:
    """Make `name` the latest checkpoint of the folder that is being saved into.

    The other entries stay, with their timestamps; one that names a checkpoint of this folder by an absolute path
    becomes relative. Where another program writes the state file at the same moment, its entries are read again.

    Raises:
        SaveFault, OSError: as `Saving`; or the state file that is there cannot be understood.
    """
    path = os.path.join(saving.folder, STATE_FILE)
    for _ in range(_ATTEMPTS):
        before = _identity(path)
        old = None if before is None else _understood(path)
        file = saving.write_small(encode_state_file(with_latest(old, name, saving.folder)))
        if _identity(path) == before:
            saving.switch(file, STATE_FILE)
            return
    raise SaveFault(f"Nothing was written: another program keeps rewriting {path!r}; try again.", path=path)


def _understood(path: str) -> StateFile:
    """The state file that is there; what it may say must not be lost."""
    try:
        return parse_state_file(path)
    except FileFault as fault:
        raise SaveFault(
            f"Nothing was written: {fault.message.rstrip('.')}; choose another folder.", path=path
        ) from fault


def with_latest(old: StateFile | None, name: str, folder: str) -> StateFile:
    """The state file's contents with `name` as the last entry."""
    now = time.time()
    if old is None:
        return StateFile(name, (name,), (now,), None)
    paths = [_relative(path, folder) for path in old.paths]
    times = list(old.timestamps)
    if len(times) != len(paths):
        # TensorFlow's manager drops a list whose timestamps do not match, and then never deletes again.
        times = [_written(path, folder, now) for path in paths]
    kept = [(path, when) for path, when in zip(paths, times, strict=True) if path != name]
    return StateFile(
        latest=name,
        paths=(*(path for path, _ in kept), name),
        timestamps=(*(when for _, when in kept), now),
        last_preserved=old.last_preserved,
    )


def _relative(path: str, folder: str) -> str:
    elsewhere, base = split_path(path)
    if (os.path.isabs(elsewhere) or ntpath.isabs(elsewhere)) and os.path.exists(
        os.path.join(folder, f"{base}.index")
    ):
        return base
    return path


def _written(path: str, folder: str, now: float) -> float:
    try:
        return os.stat(os.path.join(folder, f"{path}.index")).st_mtime
    except OSError:
        return now


def _identity(path: str) -> FileIdentity | None:
    try:
        return FileIdentity.at(path)
    except MissingFile:
        return None
