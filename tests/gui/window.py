"""What tests look for in a main window, and how they wait for it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QTableView,
)
from pytestqt.qtbot import QtBot

from ckpt_studio.gui.main_window import MainWindow
from ckpt_studio.gui.models.tree_columns import Column


def tree(window: MainWindow) -> QTableView:
    return window.findChild(QTableView, "variableTree")


def action(window: MainWindow, name: str) -> QAction:
    return window.findChild(QAction, name)


def row_of(window: MainWindow, key: str) -> int:
    model = tree(window).model()
    return next(
        row for row in range(model.rowCount()) if model.index(row, 0).data(Qt.ItemDataRole.UserRole) == key
    )


def text(window: MainWindow, key: str, column: Column) -> str:
    return str(tree(window).model().index(row_of(window, key), column).data())


def settle(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.session.bridge.busy, timeout=10_000)
