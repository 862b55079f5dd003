"""The work of opening a checkpoint, done on a background thread: it names no widget and touches no Qt object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import Task

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.folder import Folder


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening gave: the document, and the folder that its checkpoint lies in (None where it cannot be listed)."""

    document: Document
    folder: Folder | None


def open_document(path: str, task: Task) -> Opened:
    """Open what a path stands for: a folder (its newest checkpoint), any file of a checkpoint, or a prefix.

    Raises:
        FileFault: it cannot be opened; the message says why.
        Cancelled: a newer request took its place.
    """
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.registry import open_checkpoint

    base = open_checkpoint(path)
    try:
        task.check()
        return Opened(Document(base), read_folder(folder_of(base.prefix)))
    except BaseException:
        base.close()
        raise


def folder_of(prefix: str) -> str:
    """The folder that a checkpoint lies in."""
    return str(Path(prefix).absolute().parent)


def read_folder(path: str) -> Folder | None:
    """The checkpoints of a folder, or None where it cannot be listed."""
    from ckpt_studio.formats.folder import scan_folder

    try:
        return scan_folder(path)
    except CkptStudioError:
        return None
