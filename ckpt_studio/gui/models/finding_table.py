"""The table of what the health check has found; it grows while the check goes on, and sorts by any column."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ckpt_studio.gui.texts import shortened, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.analysis.health import Finding

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()
_LONGEST: Final = 400


class Column(IntEnum):
    """The columns, left to right."""

    severity = 0
    variable = 1
    sentence = 2


class FindingTable(QAbstractTableModel):
    """A finding a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._found: Sequence[Finding] = ()
        self._rows: list[Finding] = []
        self._taken = 0
        self._headers = (self.tr("Severity"), self.tr("Variable"), self.tr("What was found"))

    def watch(self, found: Sequence[Finding]) -> None:
        """Show what stands in a list, as far as it is filled at each `take`."""
        self.beginResetModel()
        self._found, self._rows, self._taken = found, [], 0
        self.endResetModel()
        self.take()

    def take(self) -> None:
        """Show what has come to the list."""
        fresh = list(self._found[self._taken :])
        if fresh:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(fresh) - 1)
            self._rows += fresh
            self._taken += len(fresh)
            self.endInsertRows()

    def finding(self, row: int) -> Finding:
        """The finding of a row."""
        return self._rows[row]

    def line(self, row: int) -> str:
        """A finding as text to copy."""
        return "\t".join(self._text(row, column) for column in Column)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """The gravest first, by name, or by what was found; equal ones stay in the order of the variables."""
        from ckpt_studio.analysis.health import Concern, Severity

        severities, concerns = list(Severity), list(Concern)
        keys: dict[int, Any] = {
            Column.severity: lambda one: severities.index(one.severity),
            Column.variable: lambda one: one.key,
            Column.sentence: lambda one: (concerns.index(one.concern), -one.amount),
        }
        if column in keys:
            self.layoutAboutToBeChanged.emit()
            self._rows.sort(key=keys[column], reverse=order == Qt.SortOrder.DescendingOrder)
            self.layoutChanged.emit()

    def _text(self, row: int, column: int) -> str:
        from ckpt_studio.gui.models.finding_texts import concern_text, severity_text

        finding = self._rows[row]
        if column == Column.severity:
            return severity_text(finding.severity)
        if column == Column.variable:
            return visible(shortened(finding.key, _LONGEST))
        return concern_text(finding)

    # ---- Qt's questions

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole and section < len(Column):
            return self._headers[section]
        return None

    def data(self, index: _AnyIndex, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        if role == _Role.DisplayRole:
            return self._text(index.row(), index.column())
        if role == _Role.ToolTipRole:
            return tooltip(self._text(index.row(), index.column()))
        if role == _Role.UserRole:
            return self._rows[index.row()].key
        return None
