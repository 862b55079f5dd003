"""What every format offers: an opened `Checkpoint`, and a `Reader` that knows its own files when it sees them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault that `Checkpoint.verify` found.

    Attributes:
        key: the variable, or None where the fault is the file's.
        kind: the `kind` of the error.
        message: one sentence for a person.
    """

    key: str | None
    kind: str
    message: str

    @classmethod
    def of(cls, error: CkptStudioError) -> Fault:
        """The fault that an error describes."""
        return cls(error.key, error.kind, error.message)


class Checkpoint(TensorSource, Protocol):
    """An opened checkpoint: a `TensorSource` that knows where it lies. It is read-only.

    Attributes:
        format: as CONTRACT.md names it (`tf_bundle`, ...).
        path: what was opened: a prefix, file or folder.
        prefix: the path that its files share; equals `path` for single files.
        step: the training step, or None when nothing says.
        notes: sentences that a person should see (a state file that points elsewhere, ...).
        meta_graph: path of its MetaGraph file, or None.
    """

    format: ClassVar[str]
    path: str
    prefix: str
    step: int | None
    notes: tuple[str, ...]
    meta_graph: str | None

    def files(self) -> tuple[str, ...]:
        """Every file that belongs to it."""
        ...

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """Read everything and compare every checksum, one fault at a time.

        `task.total` is set to the bytes to be checked, `task.done` counts them.

        Raises:
            Cancelled: if asked to stop.
        """
        ...

    def close(self) -> None:
        """Let go of the files. Reading afterwards opens them again."""
        ...


def way_to(prefix: str) -> str:
    """The path that opens the checkpoint of this prefix and no other."""
    return f"{prefix}.index" if prefix.endswith(os.sep) else prefix


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One checkpoint of a folder.

    Attributes:
        prefix: what opens it.
        name: its file name without endings; empty for `.index`.
        format: as CONTRACT.md names it.
        step: the training step that its name says, or None.
        mtime: when it was written, in seconds since 1970.
        nbytes: of all its files.
        complete: whether all its files are there, and those that a job writes in place have their ends.
        preserved: whether the state file lists it.
        newest: whether opening the folder opens this one.
    """

    prefix: str
    name: str
    format: str
    step: int | None
    mtime: float
    nbytes: int
    complete: bool = True
    preserved: bool = False
    newest: bool = False

    @property
    def opens(self) -> str:
        """The path that opens this one and no other: the index of a bundle without a name, else the prefix."""
        return way_to(self.prefix)

    @property
    def file_name(self) -> str:
        """What a person sees of it in the folder: the file that it is, or what its files have in common."""
        return os.path.basename(self.opens)


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file or folder directly in a folder: links are followed."""

    name: str
    nbytes: int
    mtime: float
    is_folder: bool
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found in a folder.

    Attributes:
        entries: its checkpoints there, in any order.
        files: names of the files that are its own, whether they make a checkpoint or not.
        sentences: what is not whole, for a person.
    """

    entries: tuple[FolderEntry, ...] = ()
    files: frozenset[str] = frozenset()
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a reader will not open a path.

    Attributes:
        reason: a clause about the path that the sentence of the refusal lists with those of the other readers, such as
            "it has no .index file beside it"; where `certain`, the whole sentence.
        certain: whether the reader knows what the file is instead, so that nothing else need be said.
    """

    reason: str
    certain: bool = False


class Reader(Protocol):
    """One format. `claim` and `find` are cheap: they look at names and a few bytes."""

    format: ClassVar[str]

    def claim(self, path: str) -> str | Declined:
        """The path to open (a prefix, say, where one of its files was named), or why not.

        A folder is claimed by the format whose checkpoint it is as a whole, as a SavedModel is. What is claimed is the
        `prefix` of the checkpoint that `open` gives, and of its entry in `find`.
        """
        ...

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """The checkpoints of this format directly in a folder.

        Args:
            folder: its path.
            members: by name, what lies in it and no format before this one has claimed.
        """
        ...

    def open(self, path: str) -> Checkpoint:
        """Open what `claim` returned.

        Raises:
            FileFault: it cannot be opened; the message says why.
        """
        ...
