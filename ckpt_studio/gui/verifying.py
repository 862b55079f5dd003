"""The check of the open document's checksums: one at a time, in the background, to be watched and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.texts import byte_size

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.standing import Verified
    from ckpt_studio.gui.session import Session

_FRAME_MS: Final = 33


class Verifying(QObject):
    """Verifies the session's document; what is found becomes part of the document.

    Attributes:
        task: what is going on, or None.
        stopped: whether the last check was stopped before its end.
    """

    changed = Signal()
    """It began, went on or ended."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.task: Task | None = None
        self.stopped = False
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._look)
        session.documentChanged.connect(self._other_document)

    def start(self) -> None:
        """Verify the document from the beginning."""
        document = self._session.document
        if document is None:
            return
        self.stopped = False
        self.task = self._session.bridge.submit(
            lambda task: _verify(document, task),
            lambda verified: self._done(document, verified),
            self._failed,
            owner=self,
            slot="verify",
            label=self.tr("Verifying"),
            may_hang=True,
        )
        self._frames.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what was found so far is forgotten."""
        if self.task is not None:
            self.task.cancel()
            self._end(stopped=True)

    def _look(self) -> None:
        """The status bar can stop it, too."""
        if self.task is not None and self.task.cancelled:
            self._end(stopped=True)
        else:
            self.changed.emit()

    def _other_document(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self._end(stopped=False)

    def _end(self, *, stopped: bool) -> None:
        self.task, self.stopped = None, stopped
        self._frames.stop()
        self.changed.emit()

    def _done(self, document: Document, verified: Verified) -> None:
        if document is self._session.document:
            document.note_verified(verified)
            text = self.tr("%n problems", "", len(verified.faults))
            size = byte_size(verified.checked_bytes)
            self._session.log(self.tr("Verified %1: %2").replace("%1", size).replace("%2", text))
        self._end(stopped=False)

    def _failed(self, error: CkptStudioError) -> None:
        self._end(stopped=True)
        self._session.trouble(error)


def _verify(document: Document, task: Task) -> Verified:
    from ckpt_studio.document.standing import Verified

    faults = tuple(document.base.verify(task))
    return Verified(faults, task.done)
