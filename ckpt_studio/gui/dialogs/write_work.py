"""The work behind the Write dialog: writing, and certifying what was written; it knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.core.tasks import UNTENDED, Task

if TYPE_CHECKING:
    from ckpt_studio.document.conversion import NamesAs
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.writing import WriteOptions, Written
    from ckpt_studio.training.certify import Certificate


class SaveTask(Task):
    """Cancelled by the dialog or with the window; the dialog waits for the end of it, unlike the bridge."""

    __slots__ = ("window",)

    def __init__(self) -> None:
        super().__init__()
        self.window: Task = UNTENDED

    @property
    def cancelled(self) -> bool:
        """Whether the dialog or the window asked to stop."""
        return self.window.cancelled or super().cancelled

    def check(self) -> None:
        """Look at both."""
        self.window.check()
        super().check()


@dataclass(frozen=True, slots=True)
class WriteJob:
    """All that a write needs.

    Attributes:
        document: what is written.
        target: the prefix or file.
        names: what variables are called in it.
        options: as a person chose.
        beside: whether a person agreed to the original's folder.
        certify: the format, where it shall be certified; else None.
    """

    document: Document
    target: str
    names: NamesAs
    options: WriteOptions
    beside: bool
    certify: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        written: what is there now.
        certificate: what restoring has shown, or None.
        uncertified: why it could not be restored, or an empty text.
    """

    written: Written
    certificate: Certificate | None = None
    uncertified: str = ""


def do(job: WriteJob, task: SaveTask) -> Report | None:
    """Write, and certify where that was asked; None if it was stopped before anything was written.

    Raises:
        CkptStudioError: it could not be written; nothing was left behind.
    """
    from ckpt_studio.document.saving import write_document, write_target
    from ckpt_studio.training.certify import certify

    try:
        written = write_document(
            job.document, job.target, job.options, names=job.names, beside=job.beside, task=task
        )
    except Cancelled:
        return None
    if job.certify is None:
        return Report(written)
    task.done = 0
    try:
        wanted = write_target(job.document, job.target, job.names)
        return Report(written, certify(written.prefix, job.certify, wanted, task))
    except CkptStudioError as error:
        return Report(written, uncertified=error.message)
