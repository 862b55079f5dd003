"""The widget that holds the table of values: its headers, its pages, and the place in the slice that a person is at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QSpinBox, QTableView, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.views.numbers import NumberFormat
from ckpt_studio.gui.views.value_model import PAGE_COLUMNS, PAGE_ROWS, ValueModel
from ckpt_studio.gui.views.values_grid import ValueGrid
from ckpt_studio.gui.views.values_slice import NumberStyle

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType
    from ckpt_studio.gui.bridge import Bridge
    from ckpt_studio.gui.views.values_slice import ShownSlice

_TEXT_WIDTH: Final = 60
"""Characters a column of strings has room for."""
_LEAST: Final = 7
"""Characters that any column has room for."""
_HIGHEST: Final = (2**31 - 1) // PAGE_ROWS
_WIDEST: Final = (2**31 - 1) // PAGE_COLUMNS
"""Pixels that Qt can lay out a page with."""


class ValueTable(QWidget):
    """A table of any size. `placed` is emitted when another cell is the current one, or its value has come."""

    placed = Signal()

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ValueModel(bridge, self)
        self._shown: ShownSlice | None = None
        self._style = NumberStyle()
        self.view = self._make_view()
        self._bar = self._make_pages()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.view, 1)
        column.addWidget(self._bar)
        self.setFocusProxy(self.view)
        self.model.arrived.connect(self.placed)
        self.view.selectionModel().currentChanged.connect(lambda *_: self.placed.emit())

    def _make_view(self) -> ValueGrid:
        table = ValueGrid(self.model, self)
        named(table, "valueTable", self.tr("Values"))
        table.setWordWrap(False)
        table.setSelectionMode(QTableView.SelectionMode.ContiguousSelection)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerItem)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        table.setCornerButtonEnabled(False)
        table.setTabKeyNavigation(False)
        for header, size in (
            (table.verticalHeader(), min(table.fontMetrics().height() + 6, _HIGHEST)),
            (table.horizontalHeader(), 100),
        ):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(8)
            header.setDefaultSectionSize(size)
            header.setSectionsClickable(True)
        middle = Qt.AlignmentFlag.AlignVCenter
        table.verticalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | middle)
        return table

    def _make_pages(self) -> QWidget:
        bar = QWidget(self)
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self._spins = []
        for name, text in (
            ("valuesRowPage", self.tr("Page of rows")),
            ("valuesColumnPage", self.tr("Page of columns")),
        ):
            spin = QSpinBox(bar)
            named(spin, name, text)
            spin.setPrefix(f"{text} ")
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda _: self._page_chosen())
            row.addWidget(spin)
            self._spins.append(spin)
        self._page_text = PlainLabel("valuesPageText", parent=bar)
        row.addWidget(self._page_text, 1)
        return bar

    # ---- what is shown

    def show_slice(self, shown: ShownSlice | None) -> None:
        """Another slice or other values; None for an empty table."""
        self._shown = shown
        self.model.show_slice(shown)
        self._fit_columns()
        self._show_pages()

    def set_style(self, style: NumberStyle) -> None:
        """How numbers are written."""
        self._style = style
        self.model.set_style(style)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Room for a number, or for a piece of text; a header that fits the largest index."""
        if self._shown is None:
            return
        dtype = self._shown.side.info.dtype
        numbers = max(_characters(dtype, self._style), _LEAST)
        sample = "0" * numbers if dtype.is_numeric else "x" * _TEXT_WIDTH
        if self._shown.other is not None:
            sample = f"{sample}  |  {sample}"
        metrics = self.view.fontMetrics()
        last = f"{self._shown.spec.columns:,}"
        widths = [metrics.horizontalAdvance(text) for text in (sample, last)]
        header = self.view.horizontalHeader()
        header.setStretchLastSection(False)  # what was stretched becomes like the others first
        header.setDefaultSectionSize(min(max(widths) + 14, _WIDEST))
        header.setStretchLastSection(not dtype.is_numeric and self._shown.spec.columns == 1)

    @property
    def natural_width(self) -> int:
        """What the table needs to show its columns whole."""
        rows = self.view.verticalHeader().sizeHint().width()
        columns = self.model.columnCount() * self.view.horizontalHeader().defaultSectionSize()
        return rows + columns + self.view.verticalScrollBar().sizeHint().width() + 4

    # ---- pages

    def _show_pages(self) -> None:
        pages = self.model.pages
        self._bar.setVisible(pages != (1, 1))
        for spin, count, now in zip(self._spins, pages, self.model.page, strict=True):
            spin.blockSignals(True)
            spin.setRange(1, count)
            spin.setValue(now + 1)
            spin.blockSignals(False)
            spin.setVisible(count > 1)
        first, counts = self.model.first, (self.model.rowCount(), self.model.columnCount())
        texts = [f"{start:,}–{start + count - 1:,}" for start, count in zip(first, counts, strict=True)]
        self._page_text.setText(self.tr("rows {0}, columns {1}").format(*texts))

    def _page_chosen(self) -> None:
        self.model.show_page(*(spin.value() - 1 for spin in self._spins))
        self._show_pages()

    # ---- where a person is

    @property
    def place(self) -> tuple[int, int] | None:
        """Row and column of the slice of the current cell."""
        index = self.view.currentIndex()
        if not index.isValid():
            return None
        down, across = self.model.first
        return down + index.row(), across + index.column()

    @property
    def block(self) -> tuple[slice, slice] | None:
        """Rows and columns of the slice that are selected."""
        selection = self.view.selectionModel().selection()
        if selection.isEmpty():
            return None
        chosen = selection.first()
        down, across = self.model.first
        return (
            slice(down + chosen.top(), down + chosen.bottom() + 1),
            slice(across + chosen.left(), across + chosen.right() + 1),
        )

    def go_to(self, row: int, column: int) -> None:
        """Make a cell of the slice the current one, on whatever page it is."""
        page = (row // PAGE_ROWS, column // PAGE_COLUMNS)
        if page != self.model.page:
            self.model.show_page(*page)
            self._show_pages()
        index = self.model.index(row % PAGE_ROWS, column % PAGE_COLUMNS)
        self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.view.scrollTo(index, QTableView.ScrollHint.PositionAtCenter)


def _characters(dtype: DType, style: NumberStyle) -> int:
    """How many characters a number of this type takes, but for huge ones in the fixed format."""
    import numpy as np

    assert dtype.numpy is not None
    parts = 2 if dtype.numpy.kind == "c" else 1
    if style.how is NumberFormat.hex:
        return dtype.itemsize * 2 + 2 * parts + parts - 1
    if dtype.numpy.kind == "b":
        return len("False")
    if dtype.numpy.kind in "iu":
        return (
            len(str(np.iinfo(dtype.numpy).min))
            if dtype.numpy.kind == "i"
            else len(str(np.iinfo(dtype.numpy).max))
        )
    size = dtype.itemsize // parts
    digits = {
        NumberFormat.full: 17 if size == 8 else 9 if size == 4 else 6,
        NumberFormat.short: 6 if style.digits is None else style.digits,
        NumberFormat.scientific: 5 if style.digits is None else style.digits + 1,
        NumberFormat.fixed: 10 if style.digits is None else style.digits + 4,
    }[style.how]
    return (digits + (2 if style.how is NumberFormat.fixed else 6)) * parts
