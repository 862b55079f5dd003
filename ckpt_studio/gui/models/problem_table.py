"""The table of what is wrong with a checkpoint: rows that were faulty at opening, or all that verifying has found."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ckpt_studio.gui.texts import tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.formats.base import Fault

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()


class Column(IntEnum):
    """The columns, left to right."""

    variable = 0
    kind = 1
    sentence = 2
    staged = 3


class ProblemTable(QAbstractTableModel):
    """A problem a row. Sentences of a checkpoint that was not verified are made when they are shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._rows: list[int] = []
        self._faults: tuple[Fault, ...] = ()
        self._headers = (self.tr("Variable"), self.tr("Kind"), self.tr("What is wrong"), self.tr("Staged"))
        self._kinds = {
            "checksum": self.tr("checksum"), "missing": self.tr("missing"), "truncated": self.tr("cut off"),
            "corrupt": self.tr("contradictory"), "overlap": self.tr("overlap"), "changed": self.tr("changed"),
            "unsupported": self.tr("unknown kind"),
        }  # fmt: skip

    def show(self, document: Document | None) -> None:
        """Show what is known to be wrong with a document's checkpoint."""
        self.beginResetModel()
        self._document = document
        verified = None if document is None else document.verified
        self._faults = () if verified is None else verified.faults
        known = document is not None and verified is None
        self._rows = list(document.base.columns.faults) if known and document is not None else []
        self.endResetModel()

    def refresh(self) -> None:
        """What is staged has changed."""
        if self.rowCount():
            last = self.index(self.rowCount() - 1, Column.staged)
            self.dataChanged.emit(self.index(0, Column.staged), last)

    # ---- what stands where

    def key(self, row: int) -> str | None:
        """The variable of a problem; None for one of the files."""
        if self._faults:
            return self._faults[row].key
        return None if self._document is None else self._document.base.columns.keys[self._rows[row]]

    def staged_key(self, row: int) -> str | None:
        """What the variable of a problem is called now; None where there is none."""
        key = self.key(row)
        if key is None or self._document is None:
            return None
        staged = self._document.rows
        at = staged.row_of(self._document.base.columns.keys.find(key))
        return staged.columns.keys[at] if at >= 0 else None

    def keys(self, rows: Iterable[int]) -> tuple[str, ...]:
        """The variables of these problems that are there, each once, without those that an edit has mended."""
        if self._document is None:
            return ()
        found = dict.fromkeys(key for row in rows if (key := self.key(row)) is not None)
        columns, staged = self._document.base.columns, self._document.rows
        places = (staged.row_of(columns.keys.find(key)) for key in found)
        here = [at for at in places if at >= 0 and not (staged.dropped[at] or staged.foreign[at])]
        return tuple(staged.columns.keys.take(here))

    def line(self, row: int) -> str:
        """A problem as text to copy."""
        return "\t".join(
            self._text(row, column) for column in (Column.variable, Column.kind, Column.sentence)
        )

    def said(self, row: int) -> str:
        """A problem as one sentence that names its variable."""
        sentence = self._text(row, Column.sentence)
        return sentence if self.key(row) is None else f"{self._text(row, Column.variable)}: {sentence}"

    def _text(self, row: int, column: int) -> str:
        if self._document is None:
            return ""
        columns, key = self._document.base.columns, self.key(row)
        at = -1 if key is None else columns.keys.find(key)
        if column == Column.variable:
            return "—" if key is None else visible(columns.name(at) if at >= 0 else key)
        if column == Column.staged:
            return self._staged(at) if at >= 0 else ""
        if not self._faults:
            return (
                self.tr("unreadable") if column == Column.kind else visible(columns.faults[self._rows[row]])
            )
        fault = self._faults[row]
        if column == Column.kind:
            return self._kinds.get(fault.kind, fault.kind)
        sentence = visible(fault.message)
        if key is not None:
            sentence = sentence.removeprefix(f"{visible(key)}: ")
        return sentence[:1].upper() + sentence[1:]

    def _staged(self, at: int) -> str:
        assert self._document is not None
        staged = self._document.rows
        row = staged.row_of(at)
        if row < 0 or staged.dropped[row]:
            return self.tr("✕ dropped")
        label = staged.label(row)
        return f"● {visible(label)}" if label else ""

    # ---- Qt's questions

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._faults) or len(self._rows)

    def columnCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return self._headers[section]
        return None

    def data(self, index: _AnyIndex, role: int = _Role.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        if role == _Role.DisplayRole:
            return self._text(index.row(), index.column())
        if role == _Role.ToolTipRole:
            key = self.key(index.row())
            text = self._text(index.row(), index.column())
            return tooltip(visible(key) if index.column() == Column.variable and key else text)
        if role == _Role.UserRole:
            return self.key(index.row()) if index.column() == Column.variable else None
        return None
