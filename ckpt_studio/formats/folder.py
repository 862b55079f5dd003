"""Which checkpoints a folder holds, which of them is the newest, and which checkpoint any one of its files belongs to.

The state file is believed by file name only, inside the folder: a moved folder keeps its checkpoints, and a copied one
never silently shows the files of the original.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from typing import Final

from ckpt_studio.core.errors import FileFault, MissingFile
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.base import FolderEntry, Member
from ckpt_studio.formats.files import fault_of, said
from ckpt_studio.formats.readers import READERS
from ckpt_studio.formats.recognise import describe_or_none
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE
from ckpt_studio.formats.tf_bundle.state_file import StateFile, parse_state_file

_MANY: Final = 8


@dataclass(frozen=True)
class Folder:
    """The checkpoints of a folder in step order, then by time; and what a person should know about it."""

    path: str
    entries: tuple[FolderEntry, ...]
    notes: tuple[str, ...]

    @property
    def newest(self) -> FolderEntry | None:
        """The one that opening the folder opens."""
        return next((entry for entry in self.entries if entry.newest), None)


def scan_folder(path: str) -> Folder:
    """List the checkpoints of a folder. Only names, sizes, a few bytes and the state file are read.

    Raises:
        MissingFile, FileFault: the folder cannot be read.
    """
    members = _members(path)
    notes: list[str] = []
    state = _state(path, notes)
    kept = {os.path.basename(p) for p in (*state.paths, state.latest)} if state else set()
    entries: list[FolderEntry] = []
    sentences: list[str] = []
    for reader in READERS:
        found = reader.find(path, members)
        entries += [replace(entry, preserved=entry.name in kept) for entry in found.entries]
        sentences += found.sentences
        members = {name: member for name, member in members.items() if name not in found.files}
    entries.sort(key=_order)
    newest = _newest(path, entries, state, notes)
    notes += sentences[:_MANY]
    if len(sentences) > _MANY:
        notes.append(f"{len(sentences) - _MANY} more checkpoints are not whole.")
    return Folder(path, tuple(replace(entry, newest=entry is newest) for entry in entries), tuple(notes))


def _members(path: str) -> dict[str, Member]:
    """What lies directly in a folder, sorted by name."""
    members = {}
    try:
        with os.scandir(path) as scan:
            for file in scan:
                try:
                    status = file.stat()
                except OSError:
                    continue  # gone meanwhile, or a link to nowhere
                members[file.name] = Member(
                    file.name, status.st_size, status.st_mtime, stat.S_ISDIR(status.st_mode)
                )
    except (OSError, ValueError) as error:
        raise fault_of(error, path) from error
    return dict(sorted(members.items()))


def _order(entry: FolderEntry) -> tuple[int, float, list[tuple[int, str]]]:
    """By step, then time, then name with its numbers as numbers; what has no step comes first."""
    parts = re.findall(r"(\d{1,18})|(\D+)", entry.name)
    return -1 if entry.step is None else entry.step, entry.mtime, [(int(n or 0), text) for n, text in parts]


def _state(path: str, notes: list[str]) -> StateFile | None:
    """The state file of a folder; a note where it cannot be understood."""
    try:
        return parse_state_file(os.path.join(path, STATE_FILE))
    except MissingFile:
        return None
    except FileFault as error:
        if not os.path.isdir(os.path.join(path, STATE_FILE)):
            notes.append(f"{error.message[:-1]}; the newest checkpoint is taken by step and time.")
        return None


def _newest(
    path: str, entries: list[FolderEntry], state: StateFile | None, notes: list[str]
) -> FolderEntry | None:
    """The checkpoint that opening the folder opens; notes say where the state file is not followed to the letter."""
    by_order = entries[-1] if entries else None
    if state is None:
        return by_order
    name = os.path.basename(state.latest)
    there = next((entry for entry in entries if entry.name == name), None)
    elsewhere = os.path.dirname(state.latest)
    if elsewhere and os.path.realpath(os.path.join(path, elsewhere)) != os.path.realpath(path):
        notes.append(
            f"The state file names {printable(state.latest)}, which is outside this folder; "
            + (f"{printable(name)} of this folder is used." if there else "it is not followed.")
        )
    elif there is None:
        other = f"; {printable(by_order.name)} is used" if by_order else ""
        notes.append(f"The state file names {printable(name)}, which is not in this folder{other}.")
    return there or by_order


def explain_empty(folder: Folder) -> str:
    """Why a folder without a checkpoint cannot be opened."""
    path = folder.path
    name = said(os.path.abspath(path))
    if os.path.isfile(os.path.join(path, "saved_model.pb")):
        inside = os.path.join(path, "variables", "variables.index")
        hint = f"; its variables can be opened as {printable(inside)}" if os.path.isfile(inside) else ""
        return f"{name} is a SavedModel{hint}."
    if folder.notes:
        return f"{name} holds no checkpoint that can be opened. {folder.notes[-1]}"
    below = _below(path)
    if below is not None:
        return f"{name} holds no checkpoint itself; {printable(below)} does."
    what = _something_else(path)
    return f"{name} holds no checkpoint: {what or 'there is no .index file in it'}."


def _something_else(path: str) -> str | None:
    """What one of the first files of a folder is, if that is known."""
    try:
        with os.scandir(path) as scan:
            files = sorted(entry.name for entry in scan if entry.is_file(follow_symlinks=False))[:_MANY]
    except OSError:
        return None
    found = (describe_or_none(os.path.join(path, name)) for name in files)
    return next((sentence.rstrip(".") for sentence in found if sentence is not None), None)


def _below(path: str) -> str | None:
    """A folder directly below that holds an index."""
    try:
        with os.scandir(path) as scan:
            folders = sorted(entry.name for entry in scan if entry.is_dir(follow_symlinks=False))[:64]
        for name in folders:
            with os.scandir(os.path.join(path, name)) as inner:
                if any(entry.name.endswith(".index") for entry in inner):
                    return os.path.join(path, name)
    except OSError:
        return None
    return None
