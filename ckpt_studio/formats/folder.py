"""Which checkpoints a folder holds, of all formats, which of them is the newest, and what is below one that holds none.

The state file is believed by file name only, inside the folder: a moved folder keeps its checkpoints, and a copied one
never silently shows the files of the original.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.texts import visible
from ckpt_studio.formats.base import FolderEntry, Member
from ckpt_studio.formats.below import natural, search_below
from ckpt_studio.formats.files import said
from ckpt_studio.formats.meant import candidates
from ckpt_studio.formats.members import members_of
from ckpt_studio.formats.readers import READERS
from ckpt_studio.formats.recognise import describe_or_none
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE
from ckpt_studio.formats.tf_bundle.state_file import StateFile, parse_state_file, split_path

_MANY: Final = 8
_NAMED: Final = 3

_BY_TENSORFLOW: Final = frozenset({"tf_bundle", "tf_v1"})
"""Formats whose checkpoints a state file names."""
_WHOLE_FOLDERS: Final = frozenset({"saved_model"})
"""Formats whose checkpoints are folders."""
_PERHAPS_DATA: Final = frozenset({"keras_h5", "npz", "npy"})
"""Formats that people keep their data in, too."""
_STEP: Final = re.compile(r"(?s)^(?P<stem>.*?)(?P<step>\d{1,18})(?:\.[A-Za-z][\w.]*)?$")
_LIKE_A_CHECKPOINT: Final = re.compile(r"(?i)ckpt|checkpoint|model|weight|param|variable|epoch|step|state")


@dataclass(frozen=True)
class Folder:
    """The checkpoints of a folder in step order, then by time; and what a person should know about it.

    Attributes:
        path: the folder.
        entries: what lies directly in it.
        notes: sentences.
        below: where it holds no checkpoint itself, those in the folders below; the name of each begins with the path
            of its folder.
        cut_short: whether there is more below than was looked at.
        beside: where all that it holds itself are folders that are checkpoints, those in its other folders.
    """

    path: str
    entries: tuple[FolderEntry, ...]
    notes: tuple[str, ...]
    below: tuple[FolderEntry, ...] = ()
    cut_short: bool = False
    beside: tuple[FolderEntry, ...] = ()

    @property
    def newest(self) -> FolderEntry | None:
        """The one that opening the folder opens."""
        return next((entry for entry in self.entries if entry.newest), None)


def scan_folder(path: str) -> Folder:
    """List the checkpoints of a folder. Only names, sizes, a few bytes and the state file are read.

    Raises:
        MissingFile, FileFault: the folder cannot be read.
    """
    members = members_of(path)
    notes: list[str] = []
    state = _state(path, members, notes)
    kept = {split_path(p)[1] for p in (*state.paths, state.latest)} if state else set()
    entries, sentences = _find(path, members)
    entries = [replace(e, preserved=e.format in _BY_TENSORFLOW and e.name in kept) for e in entries]
    newest = _newest(path, entries, state, notes)
    notes += sentences[:_MANY]
    if len(sentences) > _MANY:
        notes.append(f"{len(sentences) - _MANY} more checkpoints are not whole.")
    return Folder(path, tuple(replace(entry, newest=entry is newest) for entry in entries), tuple(notes))


def scan_deeply(path: str) -> Folder:
    """As `scan_folder`, and what is below where the folder holds no checkpoint, or only what may be data, or folders.

    Raises:
        MissingFile, FileFault: the folder cannot be read.
    """
    folder = scan_folder(path)
    certain = [entry for entry in folder.entries if _is_certain(entry)]
    if not all(_is_a_folder_in(path, entry) for entry in certain):
        return folder
    below = search_below(path, lambda inner, members: _find(inner, members)[0])
    if certain:
        return _with_those_beside(folder, certain, below.entries)
    found = below.entries
    if any(map(_is_certain, found)):
        places = {_place(entry) for entry in found if _is_certain(entry)}
        found = tuple(entry for entry in found if _place(entry) in places)
    elif folder.entries:
        found = ()
    return replace(folder, below=found, cut_short=below.cut_short)


def _is_a_folder_in(path: str, entry: FolderEntry) -> bool:
    return entry.format in _WHOLE_FOLDERS and os.path.realpath(entry.prefix) != os.path.realpath(path)


def _with_those_beside(folder: Folder, own: list[FolderEntry], below: Iterable[FolderEntry]) -> Folder:
    """A folder that has SavedModels in it, and what is found below it but not in these."""
    inside = tuple(os.path.join(entry.prefix, "") for entry in own)
    found = [e for e in below if _is_certain(e) and not os.path.join(e.prefix, "").startswith(inside)]
    if not found:
        return folder
    places = list(dict.fromkeys(map(_place, found)))
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    note = f"There are more checkpoints in folders below it: {', '.join(places[:_NAMED])}{more}."
    return replace(folder, beside=tuple(found), notes=(*folder.notes, note))


def _find(path: str, members: Mapping[str, Member]) -> tuple[list[FolderEntry], list[str]]:
    """The checkpoints of all formats in step order, each prefix once, and what is not whole."""
    entries: dict[str, FolderEntry] = {}
    sentences: list[str] = []
    for reader in READERS:
        try:
            found = reader.find(path, members)
        except FileFault:  # something of it cannot be read, which is no reason to hide the others
            continue
        for entry in found.entries:
            entries.setdefault(entry.prefix, entry)
        sentences += found.sentences
        members = {name: member for name, member in members.items() if name not in found.files}
    if any(entry.format != "npy" for entry in entries.values()):  # among others, a single array is none
        entries = {prefix: entry for prefix, entry in entries.items() if entry.format != "npy"}
    return sorted(entries.values(), key=_order), sentences


def _order(entry: FolderEntry) -> tuple[int, float, list[tuple[int, str]]]:
    """By step, then time, then name with its numbers as numbers; what has no step comes first."""
    return -1 if entry.step is None else entry.step, entry.mtime, natural(entry.name)


def _is_certain(entry: FolderEntry) -> bool:
    """Whether an entry is a checkpoint, as far as format and name can say: data.npz is not."""
    return entry.format not in _PERHAPS_DATA or bool(_LIKE_A_CHECKPOINT.search(entry.name))


def _state(path: str, members: Mapping[str, Member], notes: list[str]) -> StateFile | None:
    """The state file of a folder; a note where it cannot be understood."""
    member = members.get(STATE_FILE)
    if member is None or member.is_folder:
        return None
    try:
        return parse_state_file(os.path.join(path, STATE_FILE))
    except FileFault as error:
        notes.append(f"{error.message[:-1]}; the newest checkpoint is taken by step and time.")
        return None


def _newest(
    path: str, entries: list[FolderEntry], state: StateFile | None, notes: list[str]
) -> FolderEntry | None:
    """The checkpoint that opening the folder opens; notes say where the state file is not followed to the letter."""
    by_order = max(reversed(entries), key=lambda entry: (_is_certain(entry), entry.complete), default=None)
    if state is None:
        return by_order
    elsewhere, name = split_path(state.latest)
    there = next((e for e in entries if e.name == name and e.format in _BY_TENSORFLOW), None)
    if elsewhere and os.path.realpath(os.path.join(path, elsewhere)) != os.path.realpath(path):
        notes.append(
            f"The state file names {visible(state.latest)}, which is outside this folder; "
            + (f"{visible(name)} of this folder is used." if there else "it is not followed.")
        )
    elif there is None:
        other = f"; {said(by_order.opens)} is used" if by_order else ""
        notes.append(f"The state file names {visible(name)}, which is not in this folder{other}.")
    return there or by_order


def explain_empty(folder: Folder) -> str:
    """Why a folder without a checkpoint cannot be opened, and what can be opened instead."""
    name = said(os.path.abspath(folder.path))
    if folder.below:
        return f"{name} holds no checkpoint itself; {_those_below(folder)}."
    if folder.notes:
        return f"{name} holds no checkpoint that can be opened. {folder.notes[-1]}"
    return f"{name} holds no checkpoint: {_what_is_there(folder)}."


def _those_below(folder: Folder) -> str:
    """The first few places below where there are checkpoints, and how many more."""
    places = list(dict.fromkeys(_place(entry) for entry in folder.below))
    if len(places) == 1 and not folder.cut_short:
        return f"{places[0]} does"
    first = ", ".join(places[:_NAMED])
    more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
    at_least = "at least " if folder.cut_short else ""
    return f"{at_least}{len(places)} below it do: {first}{more}"


def _place(entry: FolderEntry) -> str:
    """The path from the folder that was named to the one that holds a checkpoint, or is one."""
    whole = not entry.prefix.endswith(os.sep) and os.path.isdir(entry.prefix)
    return visible(entry.name if whole else os.path.dirname(entry.name))


def names_of(entries: Iterable[FolderEntry], most: int = _NAMED) -> str:
    """A few of a folder's checkpoints in words: `a, b and 4 more`."""
    names = [said(entry.opens) for entry in entries]
    shown = names if len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def nearest_to(path: str) -> str | None:
    """For a path that is not there, a clause that names what is: the steps around it, else what its folder holds."""
    try:
        entries = scan_folder(os.path.dirname(path.rstrip(os.sep)) or os.curdir).entries
    except FileFault:
        return None
    asked = next(filter(None, map(_numbered, [*candidates(path)][::-1])), None)
    if asked is not None:
        same = [
            (found[1], entry)
            for entry in entries
            if (found := _numbered(entry.name)) and found[0] == asked[0]
        ]
        before = [entry for step, entry in same if step < asked[1]][-1:]
        after = [entry for step, entry in same if step > asked[1]][:1]
        if before or after:
            return (
                f"the nearest there {'is' if len(before + after) == 1 else 'are'} {names_of(before + after)}"
            )
    return f"its folder holds {names_of(entries)}" if entries else None


def _numbered(path: str) -> tuple[str, int] | None:
    """The name of a checkpoint before its step, and the step."""
    found = _STEP.match(os.path.basename(path))
    return None if found is None else (found["stem"], int(found["step"]))


def _what_is_there(folder: Folder) -> str:
    """What a folder without checkpoints holds: what one of its first files is, if that is known."""
    try:
        members = members_of(folder.path)
    except FileFault as error:
        return error.message.removesuffix(".")
    names = [name for name, member in members.items() if not member.is_folder]
    if not members:
        return "it is empty"
    known = (describe_or_none(os.path.join(folder.path, name)) for name in names[:_MANY])
    what = next((sentence.rstrip(".") for sentence in known if sentence is not None), None)
    if what is not None:
        return what
    files = "there is no file in it" if not names else "its only file is none" if len(names) == 1 else (
        f"none of its {len(names)} files is one"
    )  # fmt: skip
    if len(names) == len(members):
        return files
    return f"{files}, and none of the folders {'looked into ' if folder.cut_short else ''}below it holds one"
