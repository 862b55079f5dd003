"""The window's light half: menu titles and start page, painted before anything else of the program is imported.

The other half, `workbench`, is made right after the first paint, or earlier if somebody asks for it. Until then this
module keeps away from the `Qt` namespace, whose hundreds of enumerations alone would cost a tenth of the start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from ckpt_studio.gui.menu_titles import MENUS, menu_title
from ckpt_studio.gui.settings import Settings
from ckpt_studio.gui.start_page import StartPage
from ckpt_studio.gui.style import apply_scheme

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

    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.workbench import Workbench

_SIZE: Final = QSize(1440, 900)


class MainWindow(QMainWindow):
    """One window with one document."""

    documentOpened = Signal(str)
    """The tree of the document stands; with the path that was asked for."""
    openFailed = Signal(str, str)
    """Path and sentence."""
    built = Signal()
    """The first paint is over and the rest of the window is there."""

    _workbench: Workbench | None = None
    _building = False
    _closing = False

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(self.tr("Ckpt Studio"))
        self.settings = Settings(self)
        apply_scheme(self.settings.scheme)
        self.start_page = StartPage(self.settings, self)
        middle = QWidget(self)
        self.middle = QVBoxLayout(middle)
        self.middle.setContentsMargins(0, 0, 0, 0)
        self.middle.setSpacing(0)
        self.middle.addWidget(self.start_page, 1)
        self.setCentralWidget(middle)
        self.menus = {name: self.menuBar().addMenu(menu_title(title)) for name, title in MENUS}
        self.setAcceptDrops(True)
        self._resize()

    def _resize(self) -> None:
        self.resize(_SIZE.boundedTo(self.screen().availableSize() * 0.95))
        layout = self.settings.layout()
        if layout is not None:
            self.restoreGeometry(layout[0])

    # ---- the other half

    @property
    def workbench(self) -> Workbench:
        """The other half, made now if it is not there yet."""
        if self._workbench is None:
            self._building = True
            from ckpt_studio.gui.workbench import Workbench

            self._workbench = Workbench(self)
            self._building = False
            self.built.emit()
        return self._workbench

    @property
    def session(self) -> Session:
        """What the window works on."""
        return self.workbench.session

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._workbench is None:
            QTimer.singleShot(0, self, self._import_workbench)

    def _import_workbench(self) -> None:
        """Import the other half, and make it in the next round of the event loop: two short waits, not a long one."""
        import_module("ckpt_studio.gui.workbench")
        QTimer.singleShot(0, self, lambda: self.workbench)

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

    def close_now(self) -> None:
        """Close without asking about staged edits or a run: those are in their journal, this is stopped."""
        self._closing = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Staged edits and a run are asked about once; then everything is let go of."""
        if self._workbench is not None:
            if not self._closing and self._workbench.asks_before_closing():
                event.ignore()
                return
            self._workbench.close()
        self._closing = True
        super().closeEvent(event)

    # ---- Qt's events

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
