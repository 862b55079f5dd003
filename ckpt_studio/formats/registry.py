"""The one door to every format: opens any path, or says what it is instead and what to do."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from typing import Any, Final

from ckpt_studio.core.errors import FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Reader
from ckpt_studio.formats.files import said
from ckpt_studio.formats.folder import Folder, explain_empty, names_of, nearest_to, scan_deeply, scan_folder
from ckpt_studio.formats.meant import candidates, meant
from ckpt_studio.formats.readers import READERS
from ckpt_studio.formats.recognise import describe, pointer_sentence
from ckpt_studio.formats.tf_bundle.state_file import NAME as STATE_FILE

_ATTEMPTS: Final = 3
"""A folder is looked at so often when its newest checkpoint goes away just before it is opened."""


class NoCheckpointHere(Unrecognised):
    """A folder holds no checkpoint itself.

    Attributes:
        folder: what was found in it and below it, to choose from; None where the error was raised anew.
    """

    def __init__(self, message: str, *, folder: Folder | None = None, **where: Any) -> None:
        super().__init__(message, **where)
        self.folder = folder


@dataclass(frozen=True, slots=True)
class Glance:
    """What opening a path would give, as far as names and a few bytes tell.

    Attributes:
        entry: the checkpoint, or None.
        folder: the checkpoints that lie beside it; where there is none to open, those to choose from.
        parts: how many files hold its data, 0 where that is not known.
    """

    entry: FolderEntry | None
    folder: Folder
    parts: int = 0


def glance(path: str) -> Glance:
    """See what `open_checkpoint` would open, without opening it.

    Raises:
        MissingFile, FileFault: its folder cannot be read.
    """
    path = meant(path)
    claimed = _claim(path.rstrip(os.sep) if os.path.isdir(path) else path)
    if claimed is not None and not (os.path.isdir(path) and os.path.isfile(claimed[1] + ".index")):
        folder = scan_folder(os.path.dirname(claimed[1].rstrip(os.sep)) or os.curdir)
        entry = next((entry for entry in folder.entries if entry.prefix == claimed[1]), None)
    else:
        folder = scan_deeply(path if os.path.isdir(path) else os.path.dirname(path) or os.curdir)
        entry = folder.newest if os.path.isdir(path) or os.path.basename(path) == STATE_FILE else None
        entry = None if folder.below else entry
    return Glance(entry, folder, 0 if entry is None else _parts(entry))


def _parts(entry: FolderEntry) -> int:
    """How many files hold the data of a checkpoint: each says so in its name."""
    try:
        names = os.listdir(os.path.dirname(entry.opens) or os.curdir)
    except OSError:
        return 0
    found = (re.search(r"-of-(\d{5,10})", name) for name in names if name.startswith(entry.name))
    return max((int(match[1]) for match in found if match), default=0)


def instead_of(path: str, error: FileFault) -> Folder | None:
    """What a person may have meant by a path that cannot be opened: checkpoints below the folder, or beside the name.

    Args:
        path: as it was given to `open_checkpoint`.
        error: what that raised.
    """
    if isinstance(error, NoCheckpointHere) and error.folder is not None:
        return error.folder if error.folder.below else None
    place = os.path.abspath(meant(path))
    if not os.path.isdir(place):
        if not isinstance(error, MissingFile):
            return None
        place = os.path.dirname(place)
    try:
        folder = scan_folder(place)
    except FileFault:
        return None
    return folder if folder.entries else None


def besides(path: str, opened: Checkpoint) -> Folder | None:
    """What a person may have meant by a folder of which a SavedModel in it was opened: that, and those further below.

    Args:
        path: as it was given to `open_checkpoint`.
        opened: what that gave.
    """
    place = meant(path)
    if not os.path.isdir(place) or os.path.realpath(opened.prefix) == os.path.realpath(place):
        return None
    try:
        folder = scan_deeply(place)
    except FileFault:
        return None
    return replace(folder, entries=(), below=(*folder.entries, *folder.beside)) if folder.beside else None


def open_checkpoint(path: str) -> Checkpoint:
    """Open a file, prefix or folder, under any of the names that a person knows; of a folder, its newest checkpoint.

    Raises:
        NoCheckpointHere: a folder without one; the message says where there are some below it.
        MissingFile, Unrecognised, FileFault: it cannot be opened; the message says what it is instead.
    """
    path = meant(os.fspath(path))
    if os.path.isdir(path):
        checkpoint = _open_folder(path)
    elif os.path.basename(path) == STATE_FILE and os.path.isfile(path) and _claim(path) is None:
        checkpoint = _open_newest(os.path.dirname(path) or os.curdir)
    else:
        checkpoint = _open_file(path)
    checkpoint.path = path
    return checkpoint


def _open_folder(path: str) -> Checkpoint:
    """A folder that is one checkpoint, the newest of those in it, or the bundle that has the folder's name."""
    path = path.rstrip(os.sep) or os.sep
    claimed = _claim(path)
    if claimed is not None and not os.path.isfile(claimed[1] + ".index"):
        return _opened(*claimed)
    try:
        return _open_newest(path)
    except NoCheckpointHere:
        if claimed is None:
            raise
        return _opened(*claimed)


def _open_newest(path: str) -> Checkpoint:
    for attempt in range(_ATTEMPTS):
        folder = scan_deeply(path)
        newest = folder.newest
        if newest is None or folder.below:
            raise NoCheckpointHere(explain_empty(folder), folder=folder, path=folder.path)
        try:
            checkpoint = _open_file(newest.prefix)
        except MissingFile:  # a job has just deleted it, or not
            if attempt == _ATTEMPTS - 1:
                raise
        except FileFault as error:
            others = [entry for entry in folder.entries if entry.complete and entry is not newest]
            if not others:
                raise
            raise _with_more(
                error, f"of the same folder, {names_of(others)} can be opened instead"
            ) from error
        else:
            checkpoint.notes = (*folder.notes, *checkpoint.notes)
            return checkpoint
    raise AssertionError("unreachable")


def _open_file(path: str) -> Checkpoint:
    for candidate in candidates(path):
        claimed = _claim(candidate)
        if claimed is not None:
            return _opened(*claimed)
    raise _refusal(path)


def _claim(path: str) -> tuple[Reader, str] | None:
    """The first reader that claims a path, and what it would open."""
    for reader in READERS:
        claim = reader.claim(path)
        if isinstance(claim, str):
            return reader, claim
    return None


def _opened(reader: Reader, path: str) -> Checkpoint:
    """What a reader opens; parts of it that are pointers of Git LFS are said to be that."""
    try:
        checkpoint = reader.open(path)
    except FileFault as error:
        sentence = None if error.path is None else pointer_sentence(error.path)
        if sentence is None:
            raise
        raise Unrecognised(sentence, path=error.path) from error
    pointers = [sentence for file in checkpoint.files() if (sentence := pointer_sentence(file))]
    checkpoint.notes = (*checkpoint.notes, *pointers[:1])
    if len(pointers) > 1:
        checkpoint.notes = (*checkpoint.notes, f"{len(pointers)} files of it are Git LFS pointers.")
    return checkpoint


def _refusal(path: str) -> FileFault:
    """Why a path that no reader claims cannot be opened."""
    try:
        what = describe(path.rstrip(os.sep) or path)
    except MissingFile as error:
        near = nearest_to(path)
        return error if near is None else _with_more(error, near)
    except FileFault as error:
        return error
    claims = [reader.claim(path) for reader in READERS]
    declined = [claim for claim in claims if isinstance(claim, Declined)]
    certain = next((claim.reason for claim in declined if claim.certain), None)
    *most, last = dict.fromkeys(claim.reason for claim in declined)
    why = f"{', '.join(most)}, and {last}" if most else last
    return Unrecognised(
        certain or what or f"{said(path)} is not a checkpoint that Ckpt Studio knows: {why}.", path=path
    )


def _with_more(error: FileFault, clause: str) -> FileFault:
    """The same error, its sentence with another clause at its end."""
    message = f"{error.message.removesuffix('.')}; {clause}."
    return type(error)(message, path=error.path, key=error.key, offset=error.offset)
