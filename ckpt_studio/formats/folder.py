"""Which checkpoints a folder holds, which of them is the newest, and which checkpoint any one of its files belongs to.

The state file is believed by file name only, inside the folder: a moved folder keeps its checkpoints, and a copied one
never silently shows the files of the original.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ckpt_studio.core.errors import FileFault, MissingFile
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileReader, fault_of, said
from ckpt_studio.formats.recognise import describe_or_none
from ckpt_studio.formats.sstable.table import check_end
from ckpt_studio.formats.tf_bundle.bundle import Bundle, step_of
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE
from ckpt_studio.formats.tf_bundle.state_file import StateFile, parse_state_file

_PART: Final = re.compile(
    r"(?s)^(?P<name>.*)(?:\.(?P<kind>index|meta)|\.data-(?P<shard>\d{5,10})-of-(?P<count>\d{5,10}))$"
)
_MANY: Final = 8


@dataclass(frozen=True)
class FolderEntry:
    """One checkpoint of a folder.

    Attributes:
        prefix: what opens it.
        name: its file name without endings; empty for `.index`.
        format: as CONTRACT.md names it.
        step: the training step that its name says, or None.
        mtime: when it was written, in seconds since 1970.
        nbytes: of all its files.
        preserved: whether the state file lists it.
        newest: whether opening the folder opens this one.
        complete: whether all its data files are there, and its index has its end: a job that saves writes it in place.
    """

    prefix: str
    name: str
    format: str
    step: int | None
    mtime: float
    nbytes: int
    preserved: bool
    newest: bool
    complete: bool


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


@dataclass
class _Parts:
    """The files found of one prefix. `ends` is whether the index ends as one must."""

    nbytes: int = 0
    mtime: float | None = None
    ends: bool = False
    meta: bool = False
    shards: dict[int, set[int]] = field(default_factory=dict)

    @property
    def has_data(self) -> bool:
        return any(len(found) == count for count, found in self.shards.items())


def scan_folder(path: str) -> Folder:
    """List the checkpoints of a folder. Only names, sizes, the ends of indexes and the state file are read.

    Raises:
        MissingFile, FileFault: the folder cannot be read.
    """
    found, loose = _find_parts(path)
    notes: list[str] = []
    state = _state(path, notes)
    kept = {os.path.basename(p) for p in (*state.paths, state.latest)} if state else set()
    entries = []
    for name, parts in found.items():
        if parts.mtime is None:
            continue
        prefix = os.path.join(path, name)
        parts.ends = _has_its_end(f"{prefix}.index")
        entries.append(
            FolderEntry(
                prefix=prefix,
                name=name,
                format=Bundle.format,
                step=step_of(prefix) if name else None,
                mtime=parts.mtime,
                nbytes=parts.nbytes,
                preserved=name in kept,
                newest=False,
                complete=parts.has_data and parts.ends,
            )
        )
    entries.sort(key=_order)
    newest = _newest(path, entries, state, notes)
    notes += _orphans(path, found, loose)
    marked = tuple(replace(entry, newest=entry is newest) for entry in entries)
    return Folder(path, marked, tuple(notes))


def _order(entry: FolderEntry) -> tuple[int, float, list[tuple[int, str]]]:
    """By step, then time, then name with its numbers as numbers; what has no step comes first."""
    parts = re.findall(r"(\d{1,18})|(\D+)", entry.name)
    return -1 if entry.step is None else entry.step, entry.mtime, [(int(n or 0), text) for n, text in parts]


def _find_parts(path: str) -> tuple[dict[str, _Parts], list[str]]:
    """What each prefix has, and the names of other files."""
    found: dict[str, _Parts] = {}
    loose = []
    try:
        with os.scandir(path) as scan:
            for file in scan:
                match = _PART.match(file.name)
                if match is None:
                    loose.append(file.name)
                    continue
                try:
                    status = file.stat()
                except OSError:
                    continue  # gone meanwhile, or a link to nowhere
                if file.is_dir():
                    continue
                parts = found.setdefault(match["name"], _Parts())
                parts.nbytes += status.st_size
                if match["kind"] == "index":
                    parts.mtime = status.st_mtime
                elif match["kind"] == "meta":
                    parts.meta = True
                elif int(match["shard"]) < int(match["count"]):
                    parts.shards.setdefault(int(match["count"]), set()).add(int(match["shard"]))
    except (OSError, ValueError) as error:
        raise fault_of(error, path) from error
    return found, sorted(loose)


def _has_its_end(index: str) -> bool:
    """Whether an index has the footer that is written last."""
    try:
        with FileReader(index) as file:
            check_end(file)
    except FileFault:
        return False
    return True


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


def _orphans(path: str, found: dict[str, _Parts], loose: list[str]) -> Iterator[str]:
    """Sentences about files that belong to no checkpoint, and about checkpoints that are not whole."""
    sentences = []
    for name, parts in sorted(found.items()):
        said_name = printable(name)
        if parts.mtime is not None and not parts.has_data:
            sentences.append(f"Data files of {said_name or 'the checkpoint without a name'} are missing.")
        elif parts.mtime is not None and not parts.ends:
            sentences.append(
                f"The index of {said_name or 'the checkpoint without a name'} is cut off or not finished."
            )
        elif parts.mtime is None and parts.shards:
            sentences.append(f"{said_name} has data files, but its index is missing.")
        elif parts.mtime is None and parts.meta:
            what = describe_or_none(os.path.join(path, name)) if name in loose else None
            unity = describe_or_none(os.path.join(path, name + ".meta"))
            if what is not None:
                sentences.append(what)
            elif unity is None or "Unity" not in unity:
                sentences.append(f"{said_name}.meta is a graph without a checkpoint.")
    yield from sentences[:_MANY]
    if len(sentences) > _MANY:
        yield f"{len(sentences) - _MANY} more checkpoints are not whole."


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


def prefix_of(path: str) -> str | None:
    """The prefix of the V2 bundle that a file (or the prefix itself) belongs to, if its index is there."""
    candidates = [path]
    match = _PART.match(os.path.basename(path))
    if match is not None:
        candidates.insert(0, os.path.join(os.path.dirname(path), match["name"]))
    for suffix in (".ckpt-studio.json", ".ckpt-studio.npz"):
        if path.endswith(suffix):
            candidates.insert(0, path[: -len(suffix)])
    return next((prefix for prefix in candidates if os.path.isfile(prefix + ".index")), None)
