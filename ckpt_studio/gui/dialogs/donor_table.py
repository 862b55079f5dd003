"""The preview of a swap as a table: a row for each variable, what the donor has for it, whether that fits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QStringListModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckpt_studio.gui.texts import shape_text, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.core.tensors import Columns
    from ckpt_studio.document.matching import Match

NAME, DONOR_NAME, SHAPE, DONOR_SHAPE, DTYPE, DONOR_DTYPE, VERDICT = range(7)

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


def _chosen(matches: Sequence[Match], left_out: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (match.key, match.donor_key)
        for match in matches
        if match.donor_key is not None and match.usable and match.key not in left_out
    )


class DonorModel(QAbstractTableModel):
    """Matches as rows. Rows that fit are chosen until a person says otherwise, also after the rules change."""

    chosenChanged = Signal()
    overridden = Signal(str, object)
    """Key and donor key (None for "nothing of the donor") that a person has put in by hand."""

    def __init__(self, own: Columns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own = own
        self._donor: Columns | None = None
        self._matches: Sequence[Match] = ()
        self._shown: Sequence[int] = ()
        self._only_fitting = False
        self._left_out: set[str] = set()
        self._usable = 0
        self._chosen = 0
        self._heads = (
            self.tr("Variable"),
            self.tr("In the donor"),
            self.tr("Shape"),
            self.tr("Donor's shape"),
            self.tr("Type"),
            self.tr("Donor's type"),
            self.tr("Verdict"),
        )
        self._words = {
            "fits": self.tr("✓ fits"),
            "dtype": self.tr("~ type differs (converted)"),
            "opaque": self.tr("≠ type cannot be converted"),
            "shape": self.tr("≠ shape differs"),
            "resized": self.tr("~ made to fit"),
            "missing": self.tr("– missing"),
        }

    def set_matches(self, matches: Sequence[Match], donor: Columns | None) -> None:
        """Show these matches."""
        self.beginResetModel()
        self._matches = matches
        self._donor = donor
        self._filter()
        self._count()
        self.endResetModel()
        self.chosenChanged.emit()

    def set_only_fitting(self, only: bool) -> None:
        """Hide the rows that cannot be chosen, or show all."""
        self.beginResetModel()
        self._only_fitting = only
        self._filter()
        self.endResetModel()

    def choose_all(self, chosen: bool) -> None:
        """Choose every row that fits, or none."""
        self._left_out = set() if chosen else {m.key for m in self._matches if m.usable}
        self._count()
        if self._shown:
            self.dataChanged.emit(self.index(0, NAME), self.index(len(self._shown) - 1, NAME))
        self.chosenChanged.emit()

    def toggle(self, rows: Sequence[int]) -> None:
        """Choose these shown rows; where all of them are chosen already, take them out."""
        keys = {self.match_at(row).key for row in rows if self.match_at(row).usable}
        if keys & self._left_out:
            self._left_out -= keys
        else:
            self._left_out |= keys
        self._count()
        for row in rows:
            self.dataChanged.emit(self.index(row, NAME), self.index(row, NAME))
        self.chosenChanged.emit()

    @property
    def usable(self) -> int:
        """How many rows can be chosen."""
        return self._usable

    @property
    def total(self) -> int:
        """How many rows there are, hidden ones included."""
        return len(self._matches)

    @property
    def chosen_count(self) -> int:
        """How many rows are chosen."""
        return self._chosen

    def chosen(self) -> Callable[[], tuple[tuple[str, str], ...]]:
        """What gives (key, donor key) of every row that is chosen now, hidden ones included; in any thread."""
        return partial(_chosen, self._matches, frozenset(self._left_out))

    def donor_names(self, shape: tuple[int, ...] | None) -> list[str]:
        """The donor's keys, those of the same shape first."""
        if self._donor is None:
            return []
        donor = self._donor
        names = list(donor.keys)
        if shape is None:
            return names
        rank = len(shape)
        same = donor.rank == rank
        if rank:
            same = (
                same & (donor.dims[:, :rank] == shape).all(axis=1)
                if donor.dims.shape[1] >= rank
                else same & False
            )
        flags = same.tolist()
        fitting = [name for name, fits in zip(names, flags, strict=True) if fits]
        return fitting + [name for name, fits in zip(names, flags, strict=True) if not fits]

    def match_at(self, row: int) -> Match:
        """The match of a shown row."""
        return self._matches[self._shown[row]]

    def own_shape(self, row: int) -> tuple[int, ...] | None:
        """Shape of the own variable of a shown row."""
        return self._own.shape(self._own.row(self.match_at(row).key))

    def _filter(self) -> None:
        rows: Collection[int] = range(len(self._matches))
        if self._only_fitting:
            rows = [i for i in rows if self._matches[i].usable]
        self._shown = rows if isinstance(rows, range) else list(rows)

    def _count(self) -> None:
        usable = [m.key for m in self._matches if m.usable]
        self._usable = len(usable)
        self._chosen = len(usable) - sum(key in self._left_out for key in usable)

    # ---- what Qt asks

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._heads)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def flags(self, index: _Index) -> Qt.ItemFlag:
        usable = self.match_at(index.row()).usable
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren | Qt.ItemFlag.ItemIsEnabled
        if index.column() == NAME and usable:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        if index.column() == DONOR_NAME and self._donor is not None:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        match = self.match_at(index.row())
        if role == Qt.ItemDataRole.UserRole:
            return match.key
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME and match.usable:
            return Qt.CheckState.Unchecked if match.key in self._left_out else Qt.CheckState.Checked
        if role == Qt.ItemDataRole.EditRole and index.column() == DONOR_NAME:
            return match.donor_key or ""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(match, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            full = match.note if index.column() == VERDICT else self._text(match, index.column())
            return tooltip(full) if full else None
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        match = self.match_at(index.row())
        if role == Qt.ItemDataRole.CheckStateRole and match.usable:
            if Qt.CheckState(value) == Qt.CheckState.Checked:
                self._left_out.discard(match.key)
            else:
                self._left_out.add(match.key)
            self._count()
            self.dataChanged.emit(index, index)
            self.chosenChanged.emit()
            return True
        if role == Qt.ItemDataRole.EditRole and index.column() == DONOR_NAME:
            wanted = str(value).strip() or None
            if wanted != match.donor_key:
                self.overridden.emit(match.key, wanted)
            return True
        return False

    def _text(self, match: Match, column: int) -> str:
        if column == NAME:
            return visible(self._own.name(self._own.row(match.key)))
        if column == DONOR_NAME:
            return visible(match.donor_key) if match.donor_key is not None else ""
        if column == VERDICT:
            return self._words[_word(match)]
        if column in (SHAPE, DTYPE):
            return self._fact(self._own, match.key, column == SHAPE)
        return (
            "" if match.donor_key is None else self._fact(self._donor, match.donor_key, column == DONOR_SHAPE)
        )

    def _fact(self, columns: Columns | None, key: str, of_shape: bool) -> str:
        row = -1 if columns is None else columns.keys.find(key)
        if columns is None or row < 0:
            return ""
        if of_shape:
            return shape_text(columns.shape(row))
        from ckpt_studio.core import dtypes

        return dtypes.unknown(int(columns.dtype[row])).name


def _word(match: Match) -> str:
    """Which of the words for verdicts a match is told by."""
    if match.verdict == "shape":
        return "resized" if match.usable else "shape"
    return "opaque" if match.verdict == "dtype" and not match.usable else match.verdict


class DonorTable(QTableView):
    """The preview. Space chooses the selected rows, or takes them out, whatever column is current."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model = self.model()
        if event.key() == Qt.Key.Key_Space and isinstance(model, DonorModel):
            model.toggle([index.row() for index in self.selectionModel().selectedRows()])
            event.accept()
        else:
            super().keyPressEvent(event)


class DonorNameDelegate(QStyledItemDelegate):
    """Edits a donor's name with a list of the donor's keys to choose from, those of the right shape first."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        edit = QLineEdit(parent)
        edit.setObjectName("donorNameEdit")
        edit.setAccessibleName(self.tr("Name in the donor"))
        model = index.model()
        if isinstance(model, DonorModel):
            completer = QCompleter(edit)
            completer.setModel(QStringListModel(model.donor_names(model.own_shape(index.row())), completer))
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setMaxVisibleItems(12)
            edit.setCompleter(completer)
            completer.activated.connect(lambda _text: self.commitData.emit(edit))
        return edit

    def setEditorData(self, editor: QWidget, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(str(index.data(Qt.ItemDataRole.EditRole)))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: _Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text(), Qt.ItemDataRole.EditRole)
