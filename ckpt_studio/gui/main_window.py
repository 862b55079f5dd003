"""The window: puts actions, docks and pages together and binds what a person does to the session.

It is painted before numpy, protobuf or pyqtgraph are imported; what needs them is made right after the first paint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QGuiApplication,
    QPaintEvent,
)
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from ckpt_studio.gui.actions import Actions
from ckpt_studio.gui.banner import BannerArea
from ckpt_studio.gui.commands import Commands
from ckpt_studio.gui.drop import DropOverlay
from ckpt_studio.gui.faults import Faults
from ckpt_studio.gui.menus import fill_menus, fill_toolbar
from ckpt_studio.gui.opening import staged_last_time
from ckpt_studio.gui.panels.changes import ChangesPanel
from ckpt_studio.gui.panels.checkpoints import CheckpointsPanel
from ckpt_studio.gui.panels.details import DetailsPanel
from ckpt_studio.gui.panels.log import LogPanel
from ckpt_studio.gui.panels.variables import VariablesPanel
from ckpt_studio.gui.session import Session
from ckpt_studio.gui.start_page import StartPage
from ckpt_studio.gui.status import StatusLine
from ckpt_studio.gui.style import apply_scheme
from ckpt_studio.gui.texts import visible

if TYPE_CHECKING:
    from ckpt_studio.gui.runs import Runs

_SIZE: Final = QSize(1440, 900)
_LEFT_WIDTH: Final = 430
_RIGHT_WIDTH: Final = 310
_BOTTOM_HEIGHT: Final = 230
_Area = Qt.DockWidgetArea


class MainWindow(QMainWindow):
    """One window with one document."""

    documentOpened = Signal(str)
    """The tree of the document stands; with the path that was asked for."""
    openFailed = Signal(str, str)
    """Path and sentence."""

    def __init__(self, faults: Faults | None = None) -> None:
        super().__init__()
        self.setObjectName("mainWindow")
        self.setWindowTitle(self.tr("Ckpt Studio"))
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(_Area.AllDockWidgetAreas, self._tab_position())
        self.session = Session(self)
        apply_scheme(self.session.settings.scheme)
        self.actions_ = Actions(self.session, self)
        self.runs: Runs | None = None
        self._completed = False
        self._closing = False
        self._make_docks()
        self._make_middle()
        self.overlay = DropOverlay(self.session, self)
        self.setStatusBar(StatusLine(self.session, self))
        self.commands = Commands(self)
        self.menus = fill_menus(self, self.actions_)
        self.toolbar = fill_toolbar(self, self.actions_)
        self._lay_out()
        self._connect(faults)

    # ---- what it is made of

    @staticmethod
    def _tab_position() -> object:
        from PySide6.QtWidgets import QTabWidget

        return QTabWidget.TabPosition.North

    def _make_docks(self) -> None:
        self.variables = VariablesPanel(self.session, self)
        self.checkpoints = CheckpointsPanel(self.session, self)
        self.details = DetailsPanel(self.session, self)
        self.changes = ChangesPanel(self.session, self)
        self.log = LogPanel(self.session, self)
        self.docks = {
            name: self._dock(name, title, content)
            for name, title, content in (
                ("checkpointsDock", self.tr("Checkpoints"), self.checkpoints),
                ("variablesDock", self.tr("Variables"), self.variables),
                ("detailsDock", self.tr("Details"), self.details),
                ("changesDock", self.tr("Changes"), self.changes),
                ("runDock", self.tr("Run"), QWidget(self)),
                ("logDock", self.tr("Log"), self.log),
            )
        }

    def _dock(self, name: str, title: str, content: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setWidget(content)
        return dock

    def _make_middle(self) -> None:
        self.banners = BannerArea(self)
        self.start_page = StartPage(self.actions_, self.session.settings, self)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.start_page)
        middle = QWidget(self)
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banners)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(middle)

    def _lay_out(self) -> None:
        """As it was left, or the default."""
        screen = QGuiApplication.primaryScreen()
        self.resize(_SIZE.boundedTo(screen.availableSize() * 0.95) if screen is not None else _SIZE)
        self.reset_layout()
        remembered = self.session.settings.layout()
        if remembered is not None:
            geometry, state = remembered
            self.restoreGeometry(geometry)
            self.restoreState(state)

    def reset_layout(self) -> None:
        """Put all docks to their places."""
        docks = self.docks
        for dock in docks.values():
            dock.setFloating(False)
            dock.show()
        self.setCorner(Qt.Corner.BottomLeftCorner, _Area.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, _Area.RightDockWidgetArea)
        self.addDockWidget(_Area.LeftDockWidgetArea, docks["checkpointsDock"])
        self.splitDockWidget(docks["checkpointsDock"], docks["variablesDock"], Qt.Orientation.Vertical)
        self.addDockWidget(_Area.RightDockWidgetArea, docks["detailsDock"])
        self.splitDockWidget(docks["detailsDock"], docks["changesDock"], Qt.Orientation.Vertical)
        self.addDockWidget(_Area.BottomDockWidgetArea, docks["runDock"])
        self.tabifyDockWidget(docks["runDock"], docks["logDock"])
        docks["runDock"].raise_()
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self.resizeDocks([docks["variablesDock"], docks["detailsDock"]], [_LEFT_WIDTH, _RIGHT_WIDTH], across)
        self.resizeDocks([docks["checkpointsDock"], docks["variablesDock"]], [150, 600], down)
        self.resizeDocks([docks["detailsDock"], docks["changesDock"]], [480, 280], down)
        self.resizeDocks([docks["runDock"]], [_BOTTOM_HEIGHT], down)

    def _connect(self, faults: Faults | None) -> None:
        session = self.session
        session.documentChanged.connect(self._document_changed)
        session.stagedChanged.connect(self._show_title)
        session.openFailed.connect(self.openFailed)
        session.troubled.connect(self.banners.tell)
        self.variables.stood.connect(self._stood)
        self.changes.countChanged.connect(self._count_changes)
        self.start_page.openRequested.connect(self.open_path)
        self.overlay.openRequested.connect(self.open_path)
        self.overlay.swapRequested.connect(self.commands.swap_from)
        session.settings.schemeChanged.connect(apply_scheme)
        if faults is not None:
            faults.troubled.connect(self.banners.tell)
            faults.troubled.connect(lambda trouble: session.log(trouble.sentence))
            faults.noted.connect(session.log)

    # ---- the first paint and what follows

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._completed:
            QTimer.singleShot(0, self, self.complete)

    def complete(self) -> None:
        """Make what the first paint did not wait for: icons, the view of tensors, the Run panel."""
        if self._completed:
            return
        self._completed = True
        self.actions_.tint()
        self.changes.tint()
        from ckpt_studio.gui.panels.run import RunPanel
        from ckpt_studio.gui.runs import Runs
        from ckpt_studio.gui.views.panel import TensorPanel

        self.runs = Runs(self.session, self)
        placeholder = self.docks["runDock"].widget()
        self.docks["runDock"].setWidget(RunPanel(self.session, self.runs, self))
        placeholder.deleteLater()
        self.pages.addWidget(TensorPanel(self.session, self))
        self.runs.checkpointWritten.connect(lambda _: self.session.rescan())
        self._document_changed()
        if not self.session.opening and self.session.document is None:
            self.session.bridge.submit(lambda task: staged_last_time(), self._offer_staged, owner=self)

    def _offer_staged(self, prefixes: tuple[str, ...]) -> None:
        """After a crash: say that staged edits wait, and where."""
        if prefixes and self.session.document is None and not self.session.opening:
            name = visible(Path(prefixes[0]).name)
            self.session.notice(
                self.tr("%1 has staged edits that were not written.").replace("%1", name),
                self.tr("Open"),
                lambda: self.open_path(prefixes[0]),
            )

    # ---- the document

    def open_path(self, path: str) -> None:
        """Open a folder, a file of a checkpoint or a prefix; returns at once.

        `documentOpened` follows when the tree stands, or `openFailed`.
        """
        QTimer.singleShot(0, self, self.complete)
        self.banners.clear()
        self.session.open(str(path))

    def _document_changed(self) -> None:
        has_one = self.session.document is not None
        self.pages.setCurrentIndex(1 if has_one and self.pages.count() > 1 else 0)
        self._show_title()

    def _stood(self) -> None:
        self.documentOpened.emit(self.session.opened_path)

    def _show_title(self, *_: object) -> None:
        document = self.session.document
        if document is None:
            self.setWindowTitle(self.tr("Ckpt Studio"))
            return
        place = Path(document.base.prefix)
        mark = "● " if document.modified else ""
        self.setWindowTitle(f"{mark}{visible(place.name)} — {visible(place.parent.name)} — {self.tr('Ckpt Studio')}")

    def _count_changes(self, count: int) -> None:
        title = self.tr("Changes")
        self.docks["changesDock"].setWindowTitle(f"{title} ({count})" if count else title)

    # ---- Qt's events

    def createPopupMenu(self) -> QMenu | None:  # type: ignore[override]  # Qt allows for none
        """The docks' menu, as in the Window menu."""
        menu = QMenu(self)
        for dock in self.docks.values():
            menu.addAction(dock.toggleViewAction())
        return menu

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._completed:
            self.actions_.tint()
            self.changes.tint()
            self.banners.tint()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.overlay.handle(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.overlay.handle(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self.overlay.handle(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Staged edits and a run are asked about once; then everything is let go of."""
        if not self._closing and self.runs is not None and self.commands.ask_before_closing(self.runs):
            event.ignore()
            return
        self._closing = True
        self._remember_layout()
        if self.runs is not None:
            self.runs.close()
        self.session.close()
        super().closeEvent(event)

    def close_now(self) -> None:
        """Close without asking again."""
        self._closing = True
        self.close()

    def _remember_layout(self) -> None:
        self.session.settings.save_layout(QByteArray(self.saveGeometry()), QByteArray(self.saveState()))
