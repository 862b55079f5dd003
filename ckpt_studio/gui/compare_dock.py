"""When the dock of the comparison is seen: it comes up with a comparison and goes with it; what failed is said."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.gui.comparing import Comparing
from ckpt_studio.gui.docking import Docks
from ckpt_studio.gui.frame import Frame
from ckpt_studio.gui.session import Session

_NAME = "compareDock"


class CompareDock(QObject):
    """Follows the comparison of a window."""

    def __init__(self, comparing: Comparing, session: Session, docks: Docks, window: Frame) -> None:
        super().__init__(window)
        self._comparing = comparing
        self._session = session
        self._docks = docks
        self._window = window
        comparing.opened.connect(self._show)
        comparing.failed.connect(self._failed)
        session.comparedChanged.connect(self.hide_unused)

    def _show(self) -> None:
        self._docks.bring_up(_NAME)

    def hide_unused(self) -> None:
        """Hide it where nothing is compared."""
        if not self._comparing.active:
            self._docks[_NAME].hide()

    def _failed(self, error: CkptStudioError) -> None:
        """A dialog that asked says it itself, and a person who stopped it knows."""
        if self._window.findChild(QDialog, "compareDialog") is None and error.kind != Cancelled.kind:
            self._session.trouble(error)
