"""Shows the flat table of variables as a tree: indent, arrows, and the keys that a tree has."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QStyleOption,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from ckpt_studio.gui.models.check_delegate import CheckDelegate
from ckpt_studio.gui.models.tree_columns import Column, alignment_of
from ckpt_studio.gui.models.variable_table import DEPTH_ROLE, EXPANDED_ROLE, VariableTable

INDENT: Final = 16
_ARROW: Final = 16
_SEARCH_SECONDS: Final = 0.02
_NAMES_SHARE: Final = 0.6
"""The column of names grows to so much of the width by itself, or to what all others leave."""
_WIDEST_SHAPE: Final = 124
"""The column of shapes grows by itself to what the kernel of a convolution takes."""
_WIDTHS: Final = {
    Column.label: 170, Column.frozen: 96, Column.shape: 84, Column.state: 96, Column.dtype: 66, Column.size: 70,
    Column.mean: 76, Column.std: 76, Column.norm: 76, Column.nan: 70,
}  # fmt: skip


_WITH_MORE: Final = frozenset((Column.label, Column.frozen))
"""Columns with a font of their own, or check boxes."""


class TreeDelegate(CheckDelegate):
    """Draws the name column with indent and arrow.

    Cells of text alone ask for no more than that: to ask for every role, as Qt does, is most of a paint's time.
    """

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        column = index.column()
        if column in _WITH_MORE:
            super().initStyleOption(option, index)
            return
        text = index.data(Qt.ItemDataRole.DisplayRole)
        if text:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDisplay
            option.text = text
            option.displayAlignment = alignment_of(column)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if index.column() != Column.label:
            super().paint(painter, option, index)
            return
        from PySide6.QtWidgets import QStyle  # here, because its many enumerations would be part of the start

        widget = option.widget
        style = QApplication.style() if widget is None else widget.style()
        whole = QStyleOptionViewItem(option)
        self.initStyleOption(whole, index)
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, whole, painter, widget)
        arrow = arrow_rect(option.rect, index)
        if index.data(EXPANDED_ROLE) is not None:
            branch = QStyleOption()
            branch.rect = arrow
            branch.palette = QPalette(option.palette)
            if option.state & QStyle.StateFlag.State_Selected:
                for role in (
                    QPalette.ColorRole.Text,
                    QPalette.ColorRole.WindowText,
                    QPalette.ColorRole.ButtonText,
                ):
                    branch.palette.setColor(role, option.palette.color(QPalette.ColorRole.HighlightedText))
            branch.state = QStyle.StateFlag.State_Children | (option.state & QStyle.StateFlag.State_Selected)
            if index.data(EXPANDED_ROLE):
                branch.state |= QStyle.StateFlag.State_Open
            style.drawPrimitive(QStyle.PrimitiveElement.PE_IndicatorBranch, branch, painter, widget)
        whole.rect = QRect(option.rect)
        whole.rect.setLeft(arrow.right() + 1)
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, whole, painter, widget)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        if index.column() == Column.label:
            size.setWidth(size.width() + arrow_rect(QRect(), index).right() + 1)
        return size


def arrow_rect(cell: QRect, index: QModelIndex | QPersistentModelIndex) -> QRect:
    """Where the arrow of a name cell is."""
    return QRect(
        cell.left() + 2 + INDENT * int(index.data(DEPTH_ROLE) or 0), cell.top(), _ARROW, cell.height()
    )


class VariableView(QTableView):
    """The tree of variables."""

    chosen = Signal(QModelIndex)
    """Enter or a double click on a variable."""
    freezeWanted = Signal(bool)
    """Space, while several rows are selected: all of them are to be frozen, or unfrozen."""

    def __init__(self, model: VariableTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = model
        self._typed, self._typed_at = "", 0.0
        self.setModel(model)
        self.setItemDelegate(TreeDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(8)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        # a header that knows what is selected asks at each paint whether whole columns are: for the flags of each row
        columns.setSelectionModel(QItemSelectionModel(model, columns))
        columns.setSectionsClickable(True)
        columns.setSortIndicatorShown(True)
        columns.setSortIndicatorClearable(True)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        columns.setStretchLastSection(True)
        columns.setResizeContentsPrecision(0)
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, width)
        self._fitting = False
        self._fits = True
        columns.sectionResized.connect(self._resized)

    def selected_ranges(self) -> list[tuple[int, int]]:
        """Ranges of table rows that are selected, first and last."""
        chosen = self.selectionModel().selection()
        return [(chosen.at(i).top(), chosen.at(i).bottom()) for i in range(chosen.count())]

    def select_ranges(self, ranges: list[tuple[int, int]]) -> None:
        """Select these ranges of rows and nothing else."""
        selection = QItemSelection()
        last = self._table.columnCount() - 1
        for top, bottom in ranges:
            selection.select(self._table.index(top, 0), self._table.index(bottom, last))
        self.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def fit_names(self) -> None:
        """Give the names and shapes on the screen room, within limits, unless the person has set a width."""
        if self._fits:
            self._fitting = True
            wanted = self.sizeHintForColumn(Column.shape)
            self.setColumnWidth(Column.shape, max(_WIDTHS[Column.shape], min(wanted, _WIDEST_SHAPE)))
            width = self.viewport().width()
            beside = self.columnWidth(Column.frozen) + self.columnWidth(Column.shape)
            others = sum(self.columnWidth(column) for column in Column if column != Column.label)
            most = max(width - others, min(width - beside, int(width * _NAMES_SHARE)))
            wanted = self.sizeHintForColumn(Column.label)
            self.setColumnWidth(Column.label, max(_WIDTHS[Column.label], min(wanted, most)))
            self._fitting = False

    def _resized(self, column: int) -> None:
        if column in (Column.label, Column.shape) and not self._fitting:
            self._fits = False

    def expandAll(self) -> None:
        """Expand every group and weight, as QTreeView has it."""
        self._table.expand_all(True)

    def collapseAll(self) -> None:
        """Collapse everything, as QTreeView has it."""
        self._table.expand_all(False)

    # ---- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and self._on_arrow(index, event):
            deep = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._table.set_expanded(index, not index.data(EXPANDED_ROLE), deep)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.column() == Column.frozen:
            super().mouseDoubleClickEvent(event)
        elif not self._on_arrow(index, event):
            self._enter(index)

    def _on_arrow(self, index: QModelIndex, event: QMouseEvent) -> bool:
        if not index.isValid() or index.column() != Column.label or index.data(EXPANDED_ROLE) is None:
            return False
        return arrow_rect(self.visualRect(index), index).contains(event.position().toPoint())

    # ---- keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex().siblingAtColumn(Column.label)
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if not index.isValid() or not (plain or event.key() == Qt.Key.Key_Asterisk):
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Right:
                self._right(index)
            case Qt.Key.Key_Left:
                self._left(index)
            case Qt.Key.Key_Home:
                self._go_to(index.siblingAtRow(0))
            case Qt.Key.Key_End:
                self._go_to(index.siblingAtRow(self._table.rowCount() - 1))
            case Qt.Key.Key_Plus:
                self._table.set_expanded(index, True)
            case Qt.Key.Key_Minus:
                self._table.set_expanded(index, False)
            case Qt.Key.Key_Asterisk:
                self._table.set_expanded(index, True, deep=True)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._enter(index)
            case Qt.Key.Key_Space:
                self._toggle_frozen(index)
            case _:
                super().keyPressEvent(event)

    def _right(self, index: QModelIndex) -> None:
        expanded = index.data(EXPANDED_ROLE)
        if expanded is False:
            self._table.set_expanded(index, True)
        elif expanded:
            self._go_to(index.siblingAtRow(index.row() + 1))

    def _left(self, index: QModelIndex) -> None:
        if index.data(EXPANDED_ROLE):
            self._table.set_expanded(index, False)
            return
        node, tree = self._table.node(index), self._table.tree
        if node is not None and tree is not None and int(tree.nodes.parent[node]) >= 0:
            self._go_to(self._table.index_of(int(tree.nodes.parent[node])))

    def _enter(self, index: QModelIndex) -> None:
        index = index.siblingAtColumn(Column.label)
        if index.data(Qt.ItemDataRole.UserRole) is not None:
            self.chosen.emit(index)
        else:
            self._table.set_expanded(index, not index.data(EXPANDED_ROLE))

    def _toggle_frozen(self, index: QModelIndex) -> None:
        cell = index.siblingAtColumn(Column.frozen)
        state = cell.data(Qt.ItemDataRole.CheckStateRole)
        if state is not None:
            frozen = Qt.CheckState(state) == Qt.CheckState.Checked
            ranges = self.selected_ranges()
            if sum(bottom - top + 1 for top, bottom in ranges) > 1 and any(
                top <= index.row() <= bottom for top, bottom in ranges
            ):
                self.freezeWanted.emit(not frozen)
                return
            wanted = Qt.CheckState.Unchecked if frozen else Qt.CheckState.Checked
            self._table.setData(cell, wanted, Qt.ItemDataRole.CheckStateRole)

    def _go_to(self, index: QModelIndex) -> None:
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def keyboardSearch(self, search: str) -> None:
        """Go to the next shown row whose label starts with what is being typed; looks on for a frame at most."""
        now = time.monotonic()
        if now - self._typed_at > QApplication.keyboardInputInterval() / 1000:
            self._typed = ""
        self._typed, self._typed_at = self._typed + search.lower(), now
        count, start = self._table.rowCount(), max(self.currentIndex().row(), 0)
        until = now + _SEARCH_SECONDS
        wanted = self._typed
        if not count or not wanted:
            return
        for step in range(0 if len(wanted) > 1 else 1, count + 1):
            index = self._table.index((start + step) % count, Column.label)
            if str(index.data() or "").lower().startswith(wanted):
                self._go_to(index)
                return
            if step % 256 == 255 and time.monotonic() > until:
                return
