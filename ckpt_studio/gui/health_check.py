"""The check of the open document's health: every variable as it is staged, in the background, watched and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from ckpt_studio.core.tasks import Task

if TYPE_CHECKING:
    from ckpt_studio.analysis.health import Finding
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.core.tensors import TensorSource
    from ckpt_studio.gui.session import Session

_FRAME_MS: Final = 66


class HealthCheck(QObject):
    """Looks over the session's document.

    Attributes:
        task: what is going on, or None.
        findings: what was found so far; it grows while the check goes on.
        source: the staged view that was looked at, or None before the first check.
        complete: whether the last check came to its end.
    """

    began = Signal()
    """A check begins, or another document is open: nothing is found yet."""
    changed = Signal()
    """It went on or ended."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.task: Task | None = None
        self.findings: list[Finding] = []
        self.source: TensorSource | None = None
        self.complete = False
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._look)
        session.documentChanged.connect(self._forget)

    def start(self) -> None:
        """Look over all variables from the beginning."""
        document = self._session.document
        if document is None:
            return
        self._forget()
        source, found, cache = document.staged, self.findings, self._session.figure_cache
        self.source = source
        self.task = self._session.bridge.submit(
            lambda task: _check(source, cache, found, task),
            lambda _: self._end(complete=True),
            self._failed,
            owner=self,
            slot="health",
            label=self.tr("Checking health"),
            may_hang=True,
        )
        self._frames.start()
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what was found so far stays."""
        if self.task is not None:
            self.task.cancel()
            self._end(complete=False)

    def _look(self) -> None:
        """The status bar can stop it, too."""
        if self.task is not None and self.task.cancelled:
            self._end(complete=False)
        else:
            self.changed.emit()

    def _forget(self) -> None:
        if self.task is not None:
            self.task.cancel()
        self.findings, self.source = [], None
        self._end(complete=False)
        self.began.emit()

    def _end(self, *, complete: bool) -> None:
        self.task, self.complete = None, complete
        self._frames.stop()
        self.changed.emit()

    def _failed(self, error: CkptStudioError) -> None:
        self._end(complete=False)
        self._session.trouble(error)


def _check(source: TensorSource, cache: FigureCache, found: list[Finding], task: Task) -> None:
    from ckpt_studio.analysis.health import check_health
    from ckpt_studio.analysis.remembered import Remembering

    with Remembering(source, cache) as figures:
        for finding in check_health(source, figures, task):
            found.append(finding)
