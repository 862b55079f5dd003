"""Work on the open document that takes long, one at a time, in the background: it can be watched and stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.tasks import Task

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.gui.session import Session

T = TypeVar("T")

_FRAME_MS: Final = 33


class WatchedWork(QObject):
    """What verifying and the health check have in common; the work ends with the document.

    Attributes:
        task: what is going on, or None.
        stopped: whether the last work was stopped before its end.
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

    def cancel(self) -> None:
        """Stop."""
        if self.task is not None:
            self.task.cancel()
            self._end(stopped=True)

    def _begin(self, work: Callable[[Task], T], done: Callable[[T], object], label: str) -> None:
        """Begin with `work` on a background thread; `done` follows, and has to call `_end`."""
        self.stopped = False
        self.task = self._session.bridge.submit(
            work, done, self._failed, owner=self, slot="work", label=label, may_hang=True
        )
        self._frames.start()
        self.changed.emit()

    def _end(self, *, stopped: bool) -> None:
        self.task, self.stopped = None, stopped
        self._frames.stop()
        self.changed.emit()

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

    def _failed(self, error: CkptStudioError) -> None:
        self._end(stopped=True)
        self._session.trouble(error)
