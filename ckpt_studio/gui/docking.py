"""Where the docks of a window stand when nobody has moved them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

LEFT_WIDTH: Final = 450
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
    window.resizeDocks([docks["variablesDock"], docks["detailsDock"]], [LEFT_WIDTH, _RIGHT_WIDTH], across)
    window.resizeDocks([docks["checkpointsDock"], docks["variablesDock"]], [220, 530], down)
    window.resizeDocks([docks["detailsDock"], docks["changesDock"]], [480, 280], down)
    window.resizeDocks([docks["runDock"]], [_BOTTOM_HEIGHT], down)
