"""The check of the open document's health: every variable as it is staged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.watched_work import WatchedWork

if TYPE_CHECKING:
    from ckpt_studio.analysis.health import Finding
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.core.tensors import TensorSource
    from ckpt_studio.gui.session import Session


class HealthCheck(WatchedWork):
    """Looks over the session's document; what was found so far stays when it is stopped.

    Attributes:
        findings: what was found so far; it grows while the check goes on.
        source: the staged view that was looked at, or None before the first check.
    """

    began = Signal()
    """A check begins, or another document is open: nothing is found yet."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        self.findings: list[Finding] = []
        self.source: TensorSource | None = None
        super().__init__(session, parent)

    @property
    def complete(self) -> bool:
        """Whether the last check came to its end."""
        return self.source is not None and self.task is None and not self.stopped

    def start(self) -> None:
        """Look over all variables from the beginning."""
        document = self._session.document
        if document is None:
            return
        self._other_document()
        self.source = document.staged
        source, found, cache = self.source, self.findings, self._session.figure_cache
        self._begin(
            lambda task: _check(source, cache, found, task),
            lambda _: self._end(stopped=False),
            self.tr("Checking health"),
        )

    def _other_document(self) -> None:
        self.findings, self.source = [], None
        super()._other_document()
        self.began.emit()


def _check(source: TensorSource, cache: FigureCache, found: list[Finding], task: Task) -> None:
    from ckpt_studio.analysis.health import check_health
    from ckpt_studio.analysis.remembered import Remembering

    with Remembering(source, cache) as figures:
        for finding in check_health(source, figures, task):
            found.append(finding)
