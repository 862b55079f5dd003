"""The table below an edit's fields: what it does to each variable, of any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.texts import tooltip, visible

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()

Line = tuple[str, ...]
"""The texts of one row, as the file has them; names are made visible when they are shown."""


class PreviewModel(QAbstractTableModel):
    """Rows of texts."""

    def __init__(self, heads: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._heads = tuple(heads)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self._lines = lines
        self.endResetModel()

    def update(self, lines: Sequence[Line]) -> None:
        """As many rows as before, with other texts."""
        self._lines = lines
        if lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(self._heads) - 1))

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: _AnyIndex, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._lines):
            return None
        text = visible(self._lines[index.row()][index.column()])
        if role == _Role.DisplayRole:
            return text
        return tooltip(text) if role == _Role.ToolTipRole else None


class PreviewTable(QTableView):
    """A table of texts whose first columns take the room that there is.

    Args:
        object_name, accessible: as every field has them.
        heads: the columns' titles.
        wide: how many of the first columns share the room; the others are as wide as their titles ask for.
        parent: as Qt has it.
    """

    def __init__(
        self, object_name: str, accessible: str, heads: Sequence[str], wide: int, parent: QWidget
    ) -> None:
        super().__init__(parent)
        named(self, object_name, accessible)
        self.lines = PreviewModel(heads, self)
        self.setModel(self.lines)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        columns = self.horizontalHeader()
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.setHighlightSections(False)
        least = self.fontMetrics().horizontalAdvance("3 × 3 × 512 × 512")
        for section, head in enumerate(heads):
            if section < wide:
                columns.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)
            else:
                title = self.fontMetrics().horizontalAdvance(head)
                columns.resizeSection(section, max(title + 28, least))
