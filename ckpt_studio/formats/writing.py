"""What the writers of all formats have in common: a person's choices, the answer, and looking at the target first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import FileFault, RequestFault, SaveFault
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.files import said

Sharing: TypeAlias = Literal["copy", "link", "compact"]

Sidecars: TypeAlias = Mapping[str, bytes | Callable[[int], bytes]]
"""Files beside the checkpoint: suffix -> contents, or a function that makes them of the number of data files."""

NO_SIDECARS: Final[Sidecars] = {}
_MARGIN: Final = 1 << 20
_ENOUGH: Final = 16 << 20
"""Bytes from which on a save tells how fast the disk is."""
_pace = [300e6]
"""Bytes a second of saves, the last one's; before the first, what a plain disk does, reading back included."""


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


@runtime_checkable
class Derived(Protocol):
    """A source that was made of another and knows which of its rows are that one's: cheaper than asking key by key."""

    def origins(self, base: object) -> NDArray[np.int64] | None:
        """Int64 [n]: for each of our rows, the row of `base` that it is, or -1; None if we were not made of `base`.

        A row is one of `base` if values, shape and type are the same, whatever it is called.
        """
        ...


@runtime_checkable
class Renaming(Protocol):
    """A source that was made of another and calls some variables otherwise: what names them there has to follow."""

    def renamed(self) -> Mapping[str, str]:
        """New key by the old one, of those that are there under another."""
        ...


class Plan(Protocol):
    """What a save would write, found out without writing.

    Attributes:
        prefix: the path that will open it, absolute.
        written_bytes: bytes that take space on the disk, nearly.
        shared_bytes: bytes that are shared with the original.
        free_bytes: what the disk has.
    """

    @property
    def prefix(self) -> str: ...  # noqa: D102
    @property
    def written_bytes(self) -> int: ...  # noqa: D102
    @property
    def shared_bytes(self) -> int: ...  # noqa: D102
    @property
    def free_bytes(self) -> int: ...  # noqa: D102

    def check_space(self) -> None:
        """Raise SaveFault if the disk is too full."""
        ...


class Writer(Protocol):
    """A format other than the V2 bundle: a file, or some files that one of them ties together.

    Attributes:
        format: as CONTRACT.md names it.
        loses: what no file of it can hold besides single variables, as sentences.
    """

    format: ClassVar[str]
    loses: ClassVar[tuple[str, ...]]

    def kept_as(self, dtype: DType) -> DType | None:
        """What a variable of this type is written as: its own, or one that holds all its values; None if nothing is."""
        ...

    def plan(self, source: TensorSource, path: str, options: WriteOptions, read: Collection[str]) -> Plan:
        """Look at everything that a save needs, without writing.

        Args:
            source: what would be written; every variable of a type that is kept.
            path: the file that opens it.
            options: overwriting, and how large a file may be.
            read: files that values are read from, which therefore cannot be the target.

        Raises:
            TargetExists, RequestFault, SaveFault, FileFault: it could not be done; the sentence says why.
        """
        ...

    def write(self, source: TensorSource, plan: Plan, sidecars: Sidecars, task: Task) -> Written:
        """Write what was planned.

        Raises:
            TargetExists, SaveFault, FileFault, Cancelled: it could not be written; nothing was left behind.
        """
        ...


def seconds_for(written_bytes: int) -> float:
    """How long a save of so many bytes takes, roughly."""
    return written_bytes / _pace[0]


def note_pace(written_bytes: int, seconds: float) -> None:
    """A save has taken so long."""
    if written_bytes >= _ENOUGH and seconds > 0:
        _pace[0] = written_bytes / seconds


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
            f"{folder!r} has {_said(free)} free, and {_said(written_bytes)} are to be written with "
            f"{_said(_MARGIN)} to spare; free some space or choose another folder.",
            path=folder,
        )


def damage_refusal(names: Sequence[str], key: str, kind: type[FileFault], prefix: str | None) -> FileFault:
    """The fault that stops a save: damaged variables are not passed on.

    Args:
        names: what a person calls them.
        key: the first of them.
        kind: what is wrong with it.
        prefix: the checkpoint that they are in, where that is certain.
    """
    are = f"{some_of(names)} is" if len(names) == 1 else f"{len(names)} variables ({some_of(names)}) are"
    them = "it" if len(names) == 1 else "them"
    where = "" if prefix is None else f" in {said(prefix)}"
    return kind(
        f"{are} damaged{where}, so nothing is written; take {them} from another checkpoint, or drop {them}.",
        path=prefix,
        key=key,
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
