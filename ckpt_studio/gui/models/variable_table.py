"""The tree of variables as a flat table: a row for each visible node, so that a million variables stay under a frame.

QTreeView lays out every expanded row and asks Python for each; QTableView asks for what is on the screen. The arrays
come ready from a background thread (`tree_work`), so this module itself needs no numpy and can stand at the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont

from ckpt_studio.gui.models.node_texts import NodeTexts
from ckpt_studio.gui.models.tree_columns import FIGURES, Column, alignment_of
from ckpt_studio.gui.texts import tooltip

if TYPE_CHECKING:
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.models.row_states import RowStates
    from ckpt_studio.gui.models.variable_tree import VariableTree

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()


NODE_ROLE: Final = _Role.UserRole + 1
"""The node's number in the tree (int)."""
DEPTH_ROLE: Final = _Role.UserRole + 2
"""How deep it stands (int)."""
EXPANDED_ROLE: Final = _Role.UserRole + 3
"""True, False, or None where there is nothing to expand."""

_PLAIN: Final = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_CHECKABLE: Final = _PLAIN | Qt.ItemFlag.ItemIsUserCheckable


class VariableTable(QAbstractTableModel):
    """The flat table. It never raises: a damaged row shows its fault."""

    freezeRequested = Signal(int, bool)
    """Node, and whether to freeze what stands under it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree: VariableTree | None = None
        self._states: RowStates | None = None
        self._figures: Figures | None = None
        self._texts: NodeTexts | None = None
        self._slants = False
        self._slanted = QFont()
        self._slanted.setItalic(True)
        self._headers = (
            self.tr("Name"), self.tr("Frozen"), self.tr("Shape"), self.tr("State"), self.tr("Type"), self.tr("Size"),
            self.tr("Mean"), self.tr("Std"), self.tr("Norm"), self.tr("NaN"),
        )  # fmt: skip
        self._header_hints = {
            Column.mean: self.tr("Mean of the finite values"),
            Column.std: self.tr("Standard deviation of the finite values"),
            Column.norm: self.tr("L2 norm: the root of the sum of squares of the finite values"),
            Column.nan: self.tr("Elements that are not a number, or infinite"),
        }

    # ---- content

    @property
    def tree(self) -> VariableTree | None:
        """What is shown, or None."""
        return self._tree

    @property
    def states(self) -> RowStates | None:
        """States of the rows, or None."""
        return self._states

    @property
    def figures(self) -> Figures | None:
        """Figures of the rows, or None."""
        return self._figures

    def show(
        self, tree: VariableTree | None, states: RowStates | None, figures: Figures | None = None
    ) -> None:
        """Show another tree."""
        self.beginResetModel()
        self._tree, self._states, self._figures = tree, states, figures
        self._texts = None if tree is None else NodeTexts(tree, states, figures)
        borrowed = None if tree is None else tree.nodes.borrowed
        self._slants = borrowed is not None and bool(borrowed.any()) and not borrowed.all()
        self.endResetModel()

    def set_states(self, states: RowStates) -> None:
        """Show other states of the same rows."""
        self._states = states
        if self._tree is not None:
            self._texts = NodeTexts(self._tree, states, self._figures)
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(Column) - 1))

    def figures_changed(self) -> None:
        """More figures are known."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, Column.state), self.index(self.rowCount() - 1, FIGURES[-1]))

    def set_filter(self, rows: Any) -> None:
        """Show only these rows (bool [N]) and what stands above them; None shows all."""
        if self._tree is not None and (rows is not None or self._tree.shown.filtered):
            self._reshape(lambda tree: tree.shown.filter(rows))

    def expand_all(self, expanded: bool = True) -> None:
        """Expand or collapse everything."""
        self._reshape(lambda tree: tree.shown.expand_all(expanded))

    def reveal(self, node: int) -> QModelIndex:
        """Make a node visible; its index."""
        if self._tree is None:
            return QModelIndex()
        if self._tree.shown.position(node) < 0:
            self._reshape(lambda tree: tree.shown.reveal(node))
        return self.index_of(node)

    def _reshape(self, change: Any) -> None:
        if self._tree is not None:
            self.beginResetModel()
            change(self._tree)
            self.endResetModel()

    def set_expanded(self, index: _AnyIndex, expanded: bool, deep: bool = False) -> None:
        """Expand or collapse a node; `deep` expands all that is under it too."""
        if self._tree is None or not index.isValid():
            return
        shown, row = self._tree.shown, index.row()
        node = int(shown.ids[row])
        open_now = shown.expanded(node)
        if not shown.can_expand(node) or (expanded == open_now and not (deep and open_now)):
            return
        if open_now:
            below = shown.shown_under(row)
            if below:
                self.beginRemoveRows(QModelIndex(), row + 1, row + below)
            shown.collapse(row)
            if below:
                self.endRemoveRows()
        if expanded:
            ids = shown.opened_by(node, deep)
            self.beginInsertRows(QModelIndex(), row + 1, row + len(ids))
            shown.expand(row, ids)
            self.endInsertRows()
        self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    # ---- places

    def node(self, index: _AnyIndex) -> int | None:
        """The node of an index."""
        if self._tree is None or not index.isValid() or index.row() >= len(self._tree.shown.ids):
            return None
        return int(self._tree.shown.ids[index.row()])

    def index_of(self, node: int) -> QModelIndex:
        """The index of a node, invalid while it is hidden."""
        at = -1 if self._tree is None else self._tree.shown.position(node)
        return self.index(at, 0) if at >= 0 else QModelIndex()

    def node_of_key(self, key: str) -> int | None:
        """The node of a variable."""
        if self._tree is None:
            return None
        row = self._tree.nodes.columns.keys.find(key)
        return int(self._tree.nodes.node_of_row[row]) if row >= 0 else None

    def key(self, node: int) -> str | None:
        """The variable of a node; None for a group."""
        if self._tree is None:
            return None
        row = int(self._tree.nodes.row[node])
        return self._tree.nodes.columns.keys[row] if row >= 0 else None

    def count_under(self, nodes: Iterable[int]) -> int:
        """How many variables stand in these subtrees (counted twice where one is in another)."""
        return 0 if self._tree is None else sum(self._tree.nodes.leaf_count(node) for node in nodes)

    # ---- Qt's questions

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() or self._tree is None else len(self._tree.shown.ids)

    def columnCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and 0 <= section < len(self._headers):
            if role == _Role.DisplayRole:
                return self._headers[section]
            if role == _Role.ToolTipRole:
                return self._header_hints.get(Column(section))
            if role == _Role.TextAlignmentRole:
                return alignment_of(section)
        return None

    def flags(self, index: _AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if index.column() == Column.frozen and self._states is not None:
            node = self.node(index)
            if node is not None and self._states.mark(node) != "none":
                return _CHECKABLE
        return _PLAIN

    def setData(self, index: _AnyIndex, value: Any, role: int = _Role.EditRole) -> bool:
        node = self.node(index)
        if node is None or role != _Role.CheckStateRole or index.column() != Column.frozen:
            return False
        if self._states is None or self._states.mark(node) == "none":
            return False
        self.freezeRequested.emit(node, Qt.CheckState(value) != Qt.CheckState.Unchecked)
        return True

    def data(self, index: _AnyIndex, role: int = _Role.DisplayRole) -> Any:
        node = self.node(index)
        if node is None or self._tree is None or self._texts is None:
            return None
        column = index.column()
        if role == _Role.DisplayRole:
            return self._texts.text(node, column)
        if role == _Role.TextAlignmentRole:
            return alignment_of(column)
        if role == _Role.CheckStateRole:
            return self._check_state(node) if column == Column.frozen else None
        if role == _Role.ToolTipRole:
            return tooltip(self._texts.hint(node, column))
        if role == _Role.UserRole:
            return self.key(node) if column == Column.label else None
        if role == _Role.FontRole:
            slanted = self._slants and column == Column.label and self._texts.is_borrowed(node)
            return self._slanted if slanted else None
        if role == NODE_ROLE:
            return node
        if role == DEPTH_ROLE:
            return int(self._tree.nodes.depth[node])
        if role == EXPANDED_ROLE:
            return self._tree.shown.expanded(node) if self._tree.shown.can_expand(node) else None
        if role == _Role.AccessibleTextRole:
            return self._texts.spoken(node) if column == Column.label else self._texts.text(node, column)
        return None

    def label(self, node: int) -> str:
        """What the name column shows."""
        return "" if self._texts is None else self._texts.label(node)

    def _check_state(self, node: int) -> Qt.CheckState | None:
        mark = "none" if self._states is None else self._states.mark(node)
        states = {
            "frozen": Qt.CheckState.Checked,
            "trainable": Qt.CheckState.Unchecked,
            "mixed": Qt.CheckState.PartiallyChecked,
        }
        return states.get(mark)
