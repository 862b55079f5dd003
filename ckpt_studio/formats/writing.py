"""What the writers of all formats have in common: a person's choices, the answer, and looking at the target first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ckpt_studio.core.errors import RequestFault, SaveFault

Sharing: TypeAlias = Literal["copy", "link", "compact"]

Sidecars: TypeAlias = Mapping[str, bytes | Callable[[int], bytes]]
"""Files beside the checkpoint: suffix -> contents, or a function that makes them of the number of data files."""

NO_SIDECARS: Final[Sidecars] = {}
_MARGIN: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a checkpoint is written.

    Attributes:
        sharing: what happens to data that did not change: `copy` (by reflink where the disk can), `link` (a hard link
            of the data files where possible), `compact` (live bytes only). Formats other than the V2 bundle have
            nothing that could be shared.
        overwrite: whether an existing checkpoint of the same name may be replaced.
        shard_size: most bytes of a data file, where the format can have several; a larger tensor has one of its own.
            None: one file. Data files that are taken over as a whole keep their sizes.
    """

    sharing: Sharing = "copy"
    overwrite: bool = False
    shard_size: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a save has made.

    Attributes:
        prefix: the path that opens it: what the new files share, or the one file that it is.
        files: the new files, the one that makes it exist first; not the state file.
        written_bytes: bytes of them that take space of their own; they were read back and compared.
        shared_bytes: bytes of them that are shared with the old checkpoint; they were not read.
    """

    prefix: str
    files: tuple[str, ...]
    written_bytes: int
    shared_bytes: int


def split_target(path: str) -> tuple[str, str]:
    """Folder and name of a target, the folder absolute.

    Raises:
        RequestFault: it has no name.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if not name or "\0" in path or os.path.basename(path) in ("", os.curdir, os.pardir):
        raise RequestFault("The new checkpoint needs a name: a folder, and a name in it.", path=path)
    return folder, name


def writable_parent(folder: str) -> str:
    """The folder, or the nearest that exists above it.

    Raises:
        SaveFault: it is none, or nothing can be written there.
    """
    parent = folder
    while not os.path.lexists(parent) and os.path.dirname(parent) != parent:
        parent = os.path.dirname(parent)
    if not os.path.isdir(parent):
        raise SaveFault(f"{parent!r} is not a folder; choose another place.", path=folder)
    if not os.access(parent, os.W_OK | os.X_OK):
        raise SaveFault(f"{parent!r} cannot be written to; choose another folder.", path=folder)
    return parent


def free_bytes(parent: str) -> int:
    """What the disk of an existing folder has."""
    return shutil.disk_usage(parent).free


def check_space(folder: str, written_bytes: int, free: int) -> None:
    """Raise SaveFault if the disk is too full for so many bytes."""
    if written_bytes + _MARGIN > free:
        raise SaveFault(
            f"{folder!r} has {_said(free)} free, and {_said(written_bytes)} are to be "
            "written; free some space or choose another folder.",
            path=folder,
        )


def file_id(path: str) -> tuple[int, int] | None:
    """What tells whether two paths are one file; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino)


def _said(size: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size} {unit}"
        size = round(size / 1000)
    return f"{size} GB" if size < 10_000 else f"{size / 1000:.0f} TB"
