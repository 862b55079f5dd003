"""What the docks with a list of things have in common: a table of rows to choose from, and buttons that act on them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPushButton, QTableView, QWidget


def row_table(parent: QWidget, name: str, title: str, model: QAbstractItemModel) -> QTableView:
    """A table whose rows are chosen whole and all have one height, so that their number does not matter."""
    table = QTableView(parent)
    table.setObjectName(name)
    table.setAccessibleName(title)
    table.setModel(model)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setAlternatingRowColors(True)
    rows, columns = table.verticalHeader(), table.horizontalHeader()
    rows.hide()
    rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    rows.setDefaultSectionSize(parent.fontMetrics().height() + 6)
    columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    columns.setHighlightSections(False)
    return table


def push_button(parent: QWidget, name: str, text: str, pressed: Callable[[], object]) -> QPushButton:
    """A button that calls `pressed`."""
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.clicked.connect(lambda checked=False: pressed())
    return button
