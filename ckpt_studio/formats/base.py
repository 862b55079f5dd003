"""What every format offers: an opened `Checkpoint`, and a `Reader` that knows its own files when it sees them."""

from __future__ import annotations

from collections.abc import Iterator
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


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a reader will not open a path, as a sentence; `certain` when it knows what the file is instead."""

    reason: str
    certain: bool = False


class Reader(Protocol):
    """One format. `claim` is cheap: it looks at names and a few bytes."""

    format: ClassVar[str]

    def claim(self, path: str) -> str | Declined:
        """The path to open (a prefix, say, where one of its files was named), or why not."""
        ...

    def open(self, path: str) -> Checkpoint:
        """Open what `claim` returned.

        Raises:
            FileFault: it cannot be opened; the message says why.
        """
        ...
