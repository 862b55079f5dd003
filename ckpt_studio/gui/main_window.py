"""The window: its light half is painted first, the other half is made right after that, or when it is asked for."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QTimer

from ckpt_studio.gui.frame import Frame
from ckpt_studio.gui.turns import in_next_turn

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDragLeaveEvent,
        QDragMoveEvent,
        QDropEvent,
        QPaintEvent,
    )
    from PySide6.QtWidgets import QMenu

    from ckpt_studio.gui.beginning import Beginning
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.workbench import Workbench


_PARTS: Final = (
    "ckpt_studio.gui.session",
    "ckpt_studio.gui.panels.variables",
    "ckpt_studio.gui.panels.details",
    "ckpt_studio.gui.workbench",
)
"""Modules of the other half, each of which imports about as many others as the next."""
_UNSEEN_MS: Final = 500
"""A window that is not painted within this time goes on with what is opened in it all the same."""
_LOOK_MS: Final = 5


class MainWindow(Frame):
    """One window with one document.

    Args:
        begun: what is opened in it, or None.
    """

    _workbench: Workbench | None = None
    _building = False

    def __init__(self, begun: Beginning | None = None) -> None:
        super().__init__()
        self._begun = begun
        if begun is not None:
            QTimer.singleShot(_UNSEEN_MS, self, self._go_on_unseen)

    def _go_on_unseen(self) -> None:
        if not self._closing:
            self._make_workbench()

    # ---- the other half

    @property
    def workbench(self) -> Workbench:
        """The other half, made now if it is not there yet."""
        return self._make_workbench()

    def _make_workbench(self) -> Workbench:
        if self._workbench is None:
            self._building = True
            from ckpt_studio.gui.workbench import Workbench

            self._workbench = Workbench(self)
            self._building = False
            self.built.emit()
            if self._begun is not None:
                self._workbench.go_on(self._begun)
                self._begun = None
        return self._workbench

    @property
    def session(self) -> Session:
        """What the window works on."""
        return self.workbench.session

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._workbench is None:
            in_next_turn(self, self._import_workbench)

    def _import_workbench(self, parts: tuple[str, ...] = _PARTS) -> None:
        """Import the other half, a part a round of the event loop, and make it: some short waits, not a long one."""
        if self._begun is not None and self._begun.importing:
            QTimer.singleShot(_LOOK_MS, self, partial(self._import_workbench, parts))
            return
        import_module(parts[0])
        following = partial(self._import_workbench, parts[1:]) if parts[1:] else self._make_workbench
        in_next_turn(self, following)

    def findChild(self, *args: Any, **how: Any) -> Any:
        """As QObject has it: what is looked for exists, though the window was never painted."""
        self._whole()
        return super().findChild(*args, **how)

    def findChildren(self, *args: Any, **how: Any) -> Any:
        """As QObject has it: what is looked for exists, though the window was never painted."""
        self._whole()
        return super().findChildren(*args, **how)

    def _whole(self) -> None:
        if not self._building:
            self.workbench.furnish_now()

    # ---- what is asked of a window

    def open_path(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once.

        `documentOpened` follows when the tree stands, or `openFailed`.
        """
        self.workbench.open_path(str(path))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Staged edits and a run are asked about once; then everything is let go of."""
        if self._workbench is not None:
            if not self._closing and self._workbench.asks_before_closing():
                event.ignore()
                return
            self._workbench.close()
        elif self._begun is not None:
            self._begun.close()
        self._closing = True
        super().closeEvent(event)

    # ---- Qt's events

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab and Shift+Tab."""
        from PySide6.QtCore import Qt

        from ckpt_studio.gui.tab_order import next_stop

        stop = next_stop(self, forward)
        if stop is None:
            return False
        stop.setFocus(Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason)
        return True

    def createPopupMenu(self) -> QMenu:
        """The docks' menu, as in the Window menu."""
        return self.workbench.dock_menu()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if self._workbench is not None and event.type() == event.Type.PaletteChange:
            self._workbench.tint()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.workbench.overlay.handle(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.workbench.overlay.handle(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.workbench.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.workbench.overlay.handle(event)
