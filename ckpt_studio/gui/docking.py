"""The docks of a window: made, shown, titled and put to their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QTabWidget, QWidget

_LEFT_WIDTH: Final = 450
_RIGHT_WIDTH: Final = 315
_BOTTOM_HEIGHT: Final = 230
_Area = Qt.DockWidgetArea


def place_docks(window: QMainWindow, docks: Mapping[str, QDockWidget]) -> None:
    """Put all docks to their places: the tree at the left, details at the right, runs and lists below."""
    window.setCorner(Qt.Corner.BottomLeftCorner, _Area.LeftDockWidgetArea)
    window.setCorner(Qt.Corner.BottomRightCorner, _Area.RightDockWidgetArea)
    window.addDockWidget(_Area.LeftDockWidgetArea, docks["checkpointsDock"])
    window.splitDockWidget(docks["checkpointsDock"], docks["variablesDock"], Qt.Orientation.Vertical)
    window.addDockWidget(_Area.RightDockWidgetArea, docks["detailsDock"])
    window.splitDockWidget(docks["detailsDock"], docks["changesDock"], Qt.Orientation.Vertical)
    window.addDockWidget(_Area.BottomDockWidgetArea, docks["runDock"])
    window.tabifyDockWidget(docks["runDock"], docks["logDock"])
    window.tabifyDockWidget(docks["logDock"], docks["problemsDock"])
    window.tabifyDockWidget(docks["problemsDock"], docks["healthDock"])
    window.tabifyDockWidget(docks["problemsDock"], docks["compareDock"])
    docks["runDock"].raise_()
    across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
    window.resizeDocks([docks["variablesDock"], docks["detailsDock"]], [_LEFT_WIDTH, _RIGHT_WIDTH], across)
    window.resizeDocks([docks["checkpointsDock"], docks["variablesDock"]], [220, 530], down)
    window.resizeDocks([docks["detailsDock"], docks["changesDock"]], [480, 280], down)
    window.resizeDocks([docks["runDock"]], [_BOTTOM_HEIGHT], down)


class Docks(dict[str, QDockWidget]):
    """The docks by their object names.

    Args:
        window: whose docks they are.

    Attributes:
        laid_out: whether a document has brought them up; the start page stands without them.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__()
        self._window = window
        self.laid_out = False
        window.setTabPosition(_Area.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        window.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )

    def add(self, name: str, title: str, content: QWidget) -> None:
        """Make a dock, hidden."""
        dock = self[name] = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setWidget(content)
        dock.hide()

    def fill(self, name: str, content: QWidget) -> None:
        """Put content into a dock that was made without."""
        placeholder = self[name].widget()
        self[name].setWidget(content)
        placeholder.deleteLater()

    def count(self, name: str, title: str, count: int) -> None:
        """Say in a dock's title how much there is in it."""
        self[name].setWindowTitle(f"{title} ({count})" if count else title)

    def bring_up(self, name: str) -> None:
        """Show a dock before those that share its place."""
        self[name].show()
        self[name].raise_()

    def stand_alone(self, name: str, area: Qt.DockWidgetArea) -> None:
        """Show a dock beside the start page, where the others are not wanted."""
        dock = self[name]
        if not self.laid_out:
            self._window.addDockWidget(area, dock)
            if area == _Area.LeftDockWidgetArea:
                self._window.resizeDocks([dock], [_LEFT_WIDTH], Qt.Orientation.Horizontal)
        dock.show()

    def reset(self) -> None:
        """Put all docks to their places."""
        for dock in self.values():
            dock.setFloating(False)
            dock.show()
        place_docks(self._window, self)

    def menu(self) -> QMenu:
        """The docks, to show and hide."""
        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for dock in self.values():
            menu.addAction(dock.toggleViewAction())
        return menu
