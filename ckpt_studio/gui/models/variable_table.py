"""The tree of variables as a flat table: a row for each visible node, so that a million variables stay under a frame.

QTreeView lays out every expanded row and asks Python for each; QTableView asks for what is on the screen. The arrays
come ready from a background thread (`tree_work`), so this module itself needs no numpy and can stand at the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont

from ckpt_studio.gui.texts import byte_size, opaque_sentence, shape_text, shortened, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType
    from ckpt_studio.gui.models.figures import Figures
    from ckpt_studio.gui.models.row_states import RowStates
    from ckpt_studio.gui.models.variable_tree import VariableTree

_AnyIndex = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_ROOT: Final = QModelIndex()
_LABEL_LENGTH: Final = 200
_HINT_LENGTH: Final = 1000


class Column(IntEnum):
    """The columns, left to right."""

    label = 0
    frozen = 1
    shape = 2
    state = 3
    dtype = 4
    size = 5
    mean = 6
    std = 7
    norm = 8
    nan = 9


FIGURES: Final = (Column.mean, Column.std, Column.norm, Column.nan)
"""The columns that fill in the background."""


NODE_ROLE: Final = _Role.UserRole + 1
"""The node's number in the tree (int)."""
DEPTH_ROLE: Final = _Role.UserRole + 2
"""How deep it stands (int)."""
EXPANDED_ROLE: Final = _Role.UserRole + 3
"""True, False, or None where there is nothing to expand."""

_PLAIN: Final = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
_CHECKABLE: Final = _PLAIN | Qt.ItemFlag.ItemIsUserCheckable
_TO_THE_RIGHT: Final = frozenset((Column.size, *FIGURES))
_ALIGN_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


_ALIGN_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def alignment_of(column: int) -> Qt.AlignmentFlag:
    """Numbers stand at the right of their column."""
    return _ALIGN_RIGHT if column in _TO_THE_RIGHT else _ALIGN_LEFT


class VariableTable(QAbstractTableModel):
    """The flat table. It never raises: a damaged row shows its fault."""

    freezeRequested = Signal(int, bool)
    """Node, and whether to freeze what stands under it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tree: VariableTree | None = None
        self._states: RowStates | None = None
        self._figures: Figures | None = None
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
        borrowed = None if tree is None else tree.nodes.borrowed
        self._slants = borrowed is not None and bool(borrowed.any()) and not borrowed.all()
        self.endResetModel()

    def set_states(self, states: RowStates) -> None:
        """Show other states of the same rows."""
        self._states = states
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(Column) - 1))

    def figures_changed(self) -> None:
        """More figures are known."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, FIGURES[0]), self.index(self.rowCount() - 1, FIGURES[-1]))

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
        if node is None or self._tree is None:
            return None
        column = index.column()
        if role == _Role.DisplayRole:
            return self._text(node, column)
        if role == _Role.TextAlignmentRole:
            return alignment_of(column)
        if role == _Role.CheckStateRole:
            return self._check_state(node) if column == Column.frozen else None
        if role == _Role.ToolTipRole:
            return tooltip(self._hint(node, column))
        if role == _Role.UserRole:
            return self.key(node) if column == Column.label else None
        if role == _Role.FontRole:
            slanted = self._slants and column == Column.label and self._is_borrowed(node)
            return self._slanted if slanted else None
        if role == NODE_ROLE:
            return node
        if role == DEPTH_ROLE:
            return int(self._tree.nodes.depth[node])
        if role == EXPANDED_ROLE:
            return self._tree.shown.expanded(node) if self._tree.shown.can_expand(node) else None
        if role == _Role.AccessibleTextRole:
            return self._spoken(node) if column == Column.label else self._text(node, column)
        return None

    # ---- texts

    def _text(self, node: int, column: int) -> str:
        nodes = self._tree.nodes if self._tree is not None else None
        if nodes is None:
            return ""
        row = int(nodes.row[node])
        if column == Column.label:
            return self.label(node)
        if column == Column.frozen:
            return self._training_text(node)
        if column == Column.state:
            return self._state_text(node, row)
        if column in FIGURES:
            return self._figure_text(node, row, column)
        if column == Column.size:
            return byte_size(nodes.total_bytes(node) if row < 0 else int(nodes.columns.nbytes[row]))
        if row < 0:
            count = nodes.leaf_count(node)
            return self.tr("%n variables", "", count) if column == Column.shape and count != 1 else ""
        if column == Column.shape:
            return shape_text(nodes.columns.shape(row))
        return self._dtype(row).name

    def _bad_inside(self, node: int) -> int:
        """How many elements under a group are known not to be finite."""
        if self._tree is None or self._figures is None:
            return 0
        return self._figures.bad_inside(self._tree.nodes, node)

    def _figure_text(self, node: int, row: int, column: int) -> str:
        """A figure of a variable; of a group only how many of its elements are not finite."""
        if self._figures is None or self._tree is None:
            return ""
        if row < 0:
            bad = self._bad_inside(node) if column == Column.nan else 0
            return f"⚠ {bad:,}" if bad else ""
        value = self._figures.of(row, Column(column).name)
        if value is None:
            return "" if self._figures.settled[row] else "…"
        if value != value:
            return ""
        if column != Column.nan:
            return f"{value:.4g}"
        infinite = self._figures.counts(row, "inf")
        parts = [f"{int(value):,}"] if value or not infinite else []
        parts += [self.tr("%1 Inf").replace("%1", f"{infinite:,}")] if infinite else []
        return f"⚠ {' + '.join(parts)}" if value or infinite else "0"

    def label(self, node: int) -> str:
        """What the name column shows."""
        from ckpt_studio.gui.models.tree_nodes import METADATA, METRICS, OPTIMIZER

        if self._tree is None:
            return ""
        nodes = self._tree.nodes
        apart = {
            OPTIMIZER: self.tr("Optimizer and counters"), METRICS: self.tr("Metrics"),
            METADATA: self.tr("Metadata"),
        }  # fmt: skip
        row = int(nodes.row[node])
        if row in apart:
            return apart[row]
        own = visible(shortened(nodes.label(node), _LABEL_LENGTH)) or "/"
        mark = visible(shortened(nodes.twin_mark(node), _LABEL_LENGTH))
        return f"{own} ({mark})" if mark else own

    def _is_borrowed(self, node: int) -> bool:
        """Whether a variable has no name of the shown kind."""
        if self._tree is None:
            return False
        row, borrowed = int(self._tree.nodes.row[node]), self._tree.nodes.borrowed
        return row >= 0 and bool(borrowed[row])

    def _check_state(self, node: int) -> Qt.CheckState | None:
        mark = "none" if self._states is None else self._states.mark(node)
        states = {
            "frozen": Qt.CheckState.Checked,
            "trainable": Qt.CheckState.Unchecked,
            "mixed": Qt.CheckState.PartiallyChecked,
        }
        return states.get(mark)

    def _training_text(self, node: int) -> str:
        mark = "none" if self._states is None else self._states.mark(node)
        texts = {
            "frozen": self.tr("❄ frozen"),
            "trainable": self.tr("trainable"),
            "mixed": self.tr("❄ partly"),
        }
        if mark == "none" and self._states is not None and self._states.follows_frozen(node):
            return self.tr("❄ frozen")
        return texts.get(mark, "")

    def _state_text(self, node: int, row: int) -> str:
        if self._tree is None:
            return ""
        states = self._states
        if row < 0:
            return self._state_inside(node)
        if states is not None and states.dropped[row]:
            return self.tr("✕ dropped")
        if states is not None and states.swapped[row]:
            return f"● {visible(states.values(row))}"
        if states is not None and states.renamed[row]:
            return self.tr("✎ renamed")
        if states is not None and states.damaged[row]:
            return self.tr("⚠ damaged")
        if self._figures is not None and self._figures.counts(row, "nan"):
            return self.tr("⚠ NaN")
        if self._figures is not None and self._figures.counts(row, "inf"):
            return self.tr("⚠ Inf")
        return self.tr("opaque") if self._is_opaque(row) else ""

    def _state_inside(self, node: int) -> str:
        """What there is under a group; the gravest alone, because the column is narrow."""
        states = self._states
        if states is None:
            return ""
        if count := states.count(node, "damaged"):
            return self.tr("⚠ %n inside", "", count)
        if count := states.count(node, "dropped"):
            return self.tr("✕ %n inside", "", count)
        if self._bad_inside(node):
            return self.tr("⚠ NaN inside")
        count = states.count(node, "staged")
        return self.tr("● %n inside", "", count) if count else ""

    def _dtype(self, row: int) -> DType:
        from ckpt_studio.core.dtypes import unknown

        return unknown(0 if self._tree is None else int(self._tree.nodes.columns.dtype[row]))

    def _is_opaque(self, row: int) -> bool:
        return self._dtype(row).numpy is None

    def _hint(self, node: int, column: int) -> str:
        if self._tree is None:
            return ""
        nodes = self._tree.nodes
        row = int(nodes.row[node])
        if column == Column.label:
            return self._name_hint(node, row)
        if column == Column.state and row >= 0 and self._states is not None and self._states.damaged[row]:
            return visible(self._states.fault(row))
        if column == Column.state and row >= 0 and self._is_opaque(row):
            return opaque_sentence(self._dtype(row).name)
        return self._text(node, column)

    def _name_hint(self, node: int, row: int) -> str:
        if self._tree is None:
            return ""
        nodes = self._tree.nodes
        if row < 0:
            return visible(shortened(nodes.path(node), _HINT_LENGTH)) or self.label(node)
        info = nodes.columns.info(row)
        lines = [visible(shortened(info.name, _HINT_LENGTH))]
        if info.key != info.name:
            lines.append(self.tr("key: %1").replace("%1", visible(shortened(info.key, _HINT_LENGTH))))
        if info.object_path is not None:
            path = visible(shortened(info.object_path, _HINT_LENGTH))
            lines.append(self.tr("object path: %1").replace("%1", path))
        elif self._is_borrowed(node):
            lines.append(self.tr("no object path, so its name is shown"))
        if self._states is not None and self._states.damaged[row]:
            lines.append(visible(self._states.fault(row)))
        return "\n".join(lines)

    def _spoken(self, node: int) -> str:
        """For a screen reader, which sees a table and must be told that it is a tree."""
        if self._tree is None:
            return ""
        parts = [self.label(node), self.tr("level %n", "", int(self._tree.nodes.depth[node]) + 1)]
        if self._tree.shown.can_expand(node):
            parts.append(self.tr("expanded") if self._tree.shown.expanded(node) else self.tr("collapsed"))
        row = int(self._tree.nodes.row[node])
        parts += [self._training_text(node), self._state_text(node, row)]
        bad = self._figure_text(node, row, Column.nan)
        if "⚠" in bad:
            parts.append(self.tr("not finite: %1").replace("%1", bad))
        return ", ".join(part for part in parts if part)
