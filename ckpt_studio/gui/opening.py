"""The work of opening a checkpoint, done on a background thread: it names no widget and touches no Qt object."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ckpt_studio.core.errors import CkptStudioError, FileFault
from ckpt_studio.core.tasks import Task

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.journal import Journal
    from ckpt_studio.formats.base import FolderEntry
    from ckpt_studio.formats.folder import Folder
    from ckpt_studio.gui.holding import Holding

WRITING_SECONDS: Final = 60.0
"""A checkpoint that lacks a file and is younger than this is taken to be still written."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A folder as it was looked at.

    Attributes:
        folder: its checkpoints, or None where it cannot be listed.
        staged: prefixes of those whose journals hold staged edits.
    """

    folder: Folder | None
    staged: frozenset[str]


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening gave.

    Attributes:
        document: the document, its journal's edits staged again.
        journal: the journal that it keeps.
        listing: the checkpoints beside it.
        offered: more to choose from, where a folder was opened that has some below it; else None.
    """

    document: Document
    journal: Journal
    listing: Listing
    offered: Folder | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """What looking for a checkpoint gave where there is none to open, but some to choose from.

    Attributes:
        error: why the path cannot be opened.
        listing: what can be opened instead: checkpoints of the folder, or those below it.
    """

    error: CkptStudioError
    listing: Listing


def open_document(path: str, holding: Holding, task: Task) -> Opened | Offered:
    """Open what a path stands for: a folder (its newest checkpoint), any file of a checkpoint, or a prefix.

    Raises:
        FileFault: it cannot be opened, and there is nothing else; the message says why.
        Cancelled: a newer request took its place.
    """
    from ckpt_studio.formats.registry import besides, instead_of, open_checkpoint

    try:
        base = open_checkpoint(path)
    except FileFault as error:
        folder = instead_of(path, error)
        if folder is None:
            raise
        return Offered(error, listing_of(folder))
    try:
        listing = read_folder(folder_of(base.prefix))
        offered = besides(path, base)
        document, journal = holding.document_of(base, task)
        return Opened(document, journal, listing, offered)
    except BaseException:
        base.close()
        raise


def sample_folder() -> Path | None:
    """The sample that comes with the program, or None where it was left out."""
    from ckpt_studio.core.errors import InternalFault
    from ckpt_studio.core.resources import resources_folder

    try:
        folder = resources_folder() / "samples"
    except InternalFault:
        return None
    return folder if folder.is_dir() else None


def copy_sample(task: Task) -> str:
    """Make the working copy of the sample, if there is none yet; the folder to open."""
    import shutil

    from ckpt_studio.core.resources import home_folder

    source, target = sample_folder(), home_folder() / "sample"
    if source is None:
        raise FileFault("The sample was left out of this installation.")
    if not target.is_dir():
        home_folder().mkdir(parents=True, exist_ok=True)
        making = home_folder() / f".sample-{os.getpid()}"
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(source, making)
        task.check()
        making.rename(target)
    return str(target / "run")


def being_written(entry: FolderEntry) -> bool:
    """Whether a checkpoint lacks files that may still come."""
    return not entry.complete and time.time() - entry.mtime < WRITING_SECONDS


def folder_of(prefix: str) -> str:
    """The folder that a checkpoint lies in."""
    return str(Path(prefix).absolute().parent)


def read_folder(path: str, offered: Folder | None = None) -> Listing:
    """The checkpoints of a folder as they are now; what is staged is looked up for those that are offered, too."""
    from ckpt_studio.formats.folder import scan_folder

    try:
        return listing_of(scan_folder(path), offered)
    except CkptStudioError:
        return Listing(None, frozenset())


def listing_of(folder: Folder, offered: Folder | None = None) -> Listing:
    """A folder, and which of its checkpoints, and of those that are offered, have staged edits."""
    from ckpt_studio.document.journal import staged_prefixes

    journaled = staged_prefixes()
    entries = [entry for one in (folder, offered) if one is not None for entry in (*one.entries, *one.below)]
    return Listing(folder, frozenset(e.prefix for e in entries if os.path.realpath(e.prefix) in journaled))


def sweep() -> list[str]:
    """Clear away what saves and runs of processes that were killed left behind; the paths."""
    from ckpt_studio.formats.save_log import sweep_unfinished
    from ckpt_studio.training.run_record import sweep_lost_runs

    return [*sweep_unfinished(), *sweep_lost_runs()]


def staged_last_time() -> tuple[str, ...]:
    """Prefixes of checkpoints that are still there and have staged edits which were not written, newest first."""
    from ckpt_studio.document.journal import staged_prefixes

    written = {prefix: _written_at(prefix) for prefix in staged_prefixes()}
    there = [(when, prefix) for prefix, when in written.items() if when is not None]
    return tuple(prefix for _, prefix in sorted(there, reverse=True))


def _written_at(prefix: str) -> float | None:
    """When a checkpoint was written, by its index, itself or the first of its files; None where it is gone."""
    for path in (f"{prefix}.index", prefix, prefix.replace("?????", "00000")):
        try:
            return Path(path).stat().st_mtime
        except (OSError, ValueError):
            continue
    return None
