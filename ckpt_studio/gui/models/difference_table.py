"""The table of what differs from the compared checkpoint, of any number of variables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ckpt_studio.gui.texts import filled, shape_text, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.gui.models.difference_rows import DifferenceRows

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()
_NAME, _WHAT, _MAX_ABS, _REL_L2, _DIFFERING = range(5)
_NUMBER: Final = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class DifferenceTable(QAbstractTableModel):
    """A variable a row, the largest relative difference first. Texts are made when they are shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: DifferenceRows | None = None
        self._text = ""
        self._sorting = (_REL_L2, True)
        self._shown: list[int] = []
        self._headers = (
            self.tr("Variable"), self.tr("What differs"), self.tr("Max |Δ|"), self.tr("Relative L2"),
            self.tr("Elements"),
        )  # fmt: skip
        self._hints = (
            "",
            "",
            self.tr("The largest distance between two elements"),
            self.tr("The norm of the difference in terms of that of our values"),
            self.tr("How many elements differ"),
        )

    def show(self, rows: DifferenceRows | None) -> None:
        """Show what a comparison has found."""
        self.beginResetModel()
        self._rows = rows
        self._arrange()
        self.endResetModel()

    def filter_by(self, text: str) -> None:
        """Show only rows whose names hold all words of a text."""
        self.beginResetModel()
        self._text = text
        self._arrange()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """As Qt has it."""
        self.beginResetModel()
        self._sorting = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        rows, words = self._rows, self._text.lower().split()
        if rows is None:
            self._shown = []
            return
        from ckpt_studio.gui.models.difference_rows import Figure

        column, descending = self._sorting
        shown = rows.sorted_by(Figure(column), descending).tolist()
        for word in words:
            shown = [row for row in shown if word in rows.lowered[row]]
        self._shown = shown

    # ---- what stands where

    def key(self, row: int) -> str | None:
        """Our variable of a row, None where only the other checkpoint has it."""
        return None if self._rows is None else self._rows.key(self._shown[row])

    def line(self, row: int) -> str:
        """A row as text to copy."""
        return "\t".join(self._cell(row, column) for column in range(len(self._headers)))

    def _cell(self, row: int, column: int) -> str:
        rows = self._rows
        if rows is None:
            return ""
        place = self._shown[row]
        if column == _NAME:
            return visible(rows.names[place])
        if column == _WHAT:
            return self._what(rows, place)
        found = rows.difference(place)
        if found is None:
            return "—"
        if column == _DIFFERING:
            return "—" if found.differing is None else f"{found.differing:,}"
        value = found.max_abs if column == _MAX_ABS else found.rel_l2
        return "—" if value is None else _number(value)

    def _what(self, rows: DifferenceRows, place: int) -> str:
        from ckpt_studio.gui.models.difference_rows import Kind

        kind, found = Kind(int(rows.kinds[place])), rows.difference(place)
        if kind is Kind.only_here:
            return self.tr("− only here")
        if kind is Kind.only_there:
            return self.tr("+ only there")
        if found is not None and found.error is not None:
            return f"⚠ {visible(found.error)}"
        ours, theirs = rows.places(place)
        a, b = rows.comparison.pairs.a.info(ours), rows.comparison.pairs.b.info(theirs)
        parts = []
        if a.shape != b.shape:
            shapes = self.tr("shape %1 → %2")
            parts.append(filled(shapes, shape_text(a.shape), shape_text(b.shape)))
        if a.dtype.number != b.dtype.number:
            parts.append(f"{a.dtype.name} → {b.dtype.name}")
        return "⚠ " + ", ".join(parts) if parts else self.tr("values")

    def _hint(self, row: int) -> str:
        """What a row's cells have no room for."""
        rows = self._rows
        if rows is None:
            return ""
        place = self._shown[row]
        ours, theirs = rows.places(place)
        pairs = rows.comparison.pairs
        keys = dict.fromkeys(
            visible(columns.keys[at]) for columns, at in ((pairs.a, ours), (pairs.b, theirs)) if at >= 0
        )
        return "\n".join((*keys, self._what(rows, place)))

    # ---- Qt's questions

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self._headers):
            if role == _Role.DisplayRole:
                return self._headers[section]
            if role == _Role.ToolTipRole:
                return tooltip(self._hints[section])
            if role == _Role.TextAlignmentRole and section >= _MAX_ABS:
                return _NUMBER
        return None

    def data(self, index: _AnyIndex, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        if role == _Role.DisplayRole:
            return self._cell(index.row(), index.column())
        if role == _Role.TextAlignmentRole and index.column() >= _MAX_ABS:
            return _NUMBER
        if role == _Role.ToolTipRole:
            return tooltip(self._hint(index.row()))
        if role == _Role.UserRole:
            return self.key(index.row()) if index.column() == _NAME else None
        return None


def _number(value: float) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
