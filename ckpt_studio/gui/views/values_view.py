"""The values of a slice as a table, of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSpinBox,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.numbers import NumberFormat, number_text
from ckpt_studio.gui.views.subject import Nature, Side, Subject, Which
from ckpt_studio.gui.views.value_model import ValueModel
from ckpt_studio.gui.views.view import TensorView

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ckpt_studio.analysis.slices import SliceSpec
    from ckpt_studio.gui.session import Session

_COPY_CELLS: Final = 2_000_000
"""More than this is a matter for an export, not for the clipboard."""
_TEXT_WIDTH: Final = 60
"""Characters a column of strings has room for."""


class ValuesView(TensorView):
    """A table of the slice that the slice bar names, with the number format and, for huge tensors, pages."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, "valuesView", translate("ValuesView", "Values"), parent)
        named(self, "valuesView", self.tr("Values"))
        self._spec: SliceSpec | None = None
        self._which = Which.staged
        self._model = ValueModel(session.bridge, self)
        self._model.failed.connect(self._failed)
        self._table = self._make_table()
        self._built = True  # nothing here has to be imported first
        self.build(self._content)

    def set_slice(self, spec: SliceSpec | None, which: Which) -> None:
        """Another slice; shown at the next `present` or `invalidate`."""
        self._spec, self._which = spec, which

    def side(self, subject: Subject) -> Side:
        return subject.side(self._which)

    def shows(self, nature: Nature) -> bool:
        return nature in (Nature.numbers, Nature.text)

    def present(self, subject: Subject | None) -> None:
        """The table follows at once even while it is hidden: it reads nothing before a cell is painted."""
        super().present(subject)
        self._show_slice()

    def refresh(self) -> None:
        self._show_slice()

    def _show_slice(self) -> None:
        side = None if self._subject is None else self.side(self._subject)
        showable = side is not None and self.shows(side.nature)
        self._model.show_slice(side if showable else None, self._spec if showable else None)
        self._fit_columns()
        pages = self._model.pages
        self._pages_bar.setVisible(pages != (1, 1))
        for spin, count in zip(self._page_spins, pages, strict=True):
            spin.blockSignals(True)
            spin.setRange(1, count)
            spin.setValue(1)
            spin.blockSignals(False)
        self._place_page()

    # ---- layout

    def _make_table(self) -> QTableView:
        table = QTableView(self._content)
        named(table, "valueTable", self.tr("Values"))
        table.setModel(self._model)
        table.setWordWrap(False)
        table.setSelectionMode(QTableView.SelectionMode.ContiguousSelection)
        table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        table.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerItem)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        table.setCornerButtonEnabled(False)
        metrics = table.fontMetrics()
        for header, size in (
            (table.verticalHeader(), metrics.height() + 6),
            (table.horizontalHeader(), metrics.horizontalAdvance("-0.000000e-000") + 8),
        ):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setDefaultSectionSize(size)
            header.setMinimumSectionSize(8)
            header.setSectionsClickable(True)
        table.verticalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        copy = table.addAction(self.tr("Copy"))
        copy.setObjectName("valuesCopy")
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self.copy_selection)
        return table

    def build(self, content: QWidget) -> None:
        self._note = PlainLabel("valuesNote", parent=content)
        self._note.setWordWrap(False)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._controls(content))
        column.addWidget(self._table, 1)
        column.addWidget(self._pages_bar)
        column.addWidget(self._note)
        selection = self._table.selectionModel()
        selection.currentChanged.connect(lambda *_: self._say_index())

    def _controls(self, content: QWidget) -> QHBoxLayout:
        self._format = QComboBox(content)
        named(self._format, "valueFormat", self.tr("Number format"))
        for text, how in (
            (self.tr("Short"), NumberFormat.short),
            (self.tr("All digits"), NumberFormat.full),
            (self.tr("Scientific"), NumberFormat.scientific),
            (self.tr("Fixed"), NumberFormat.fixed),
        ):
            self._format.addItem(text, how)
        self._format.activated.connect(lambda _: self._model.set_format(self._format.currentData()))
        label = QLabel(self.tr("&Numbers"), content)
        label.setBuddy(self._format)
        copy = QToolButton(content)
        named(copy, "valuesCopyButton", self.tr("Copy the selected cells as text"))
        copy.setText(self.tr("Copy"))
        copy.setToolTip(self.tr("Copy the selected cells as text"))
        copy.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        copy.clicked.connect(self.copy_selection)
        self._pages_bar = QWidget(content)
        pages = QHBoxLayout(self._pages_bar)
        pages.setContentsMargins(0, 0, 0, 0)
        self._page_spins = []
        titles = {"valuesRowPage": self.tr("Page of rows"), "valuesColumnPage": self.tr("Page of columns")}
        for name, text in titles.items():
            spin = QSpinBox(self._pages_bar)
            named(spin, name, text)
            spin.setPrefix(f"{text} ")
            spin.setKeyboardTracking(False)
            spin.valueChanged.connect(lambda _: self._page_chosen())
            pages.addWidget(spin)
            self._page_spins.append(spin)
        self._page_text = PlainLabel("valuesPageText", parent=self._pages_bar)
        pages.addWidget(self._page_text, 1)
        row = QHBoxLayout()
        row.addWidget(label)
        row.addWidget(self._format)
        row.addStretch(1)
        row.addWidget(copy)
        return row

    def _fit_columns(self) -> None:
        """Room for a number, or for a piece of text; a header that fits the largest index."""
        if self._subject is None:
            return
        metrics = self._table.fontMetrics()
        dtype = self.side(self._subject).info.dtype
        self._format.setEnabled(dtype.is_numeric)
        sample = "-0.000000e-000" if dtype.is_numeric else "x" * _TEXT_WIDTH
        if dtype.numpy is not None and dtype.numpy.kind == "c":
            sample *= 2
        self._table.horizontalHeader().setDefaultSectionSize(metrics.horizontalAdvance(sample) + 8)

    # ---- pages

    def _page_chosen(self) -> None:
        self._model.show_page(*(spin.value() - 1 for spin in self._page_spins))
        self._place_page()

    def _place_page(self) -> None:
        first, counts = self._model.first, (self._model.rowCount(), self._model.columnCount())
        texts = [f"{start:,}–{start + count - 1:,}" for start, count in zip(first, counts, strict=True)]
        self._page_text.setText(self.tr("rows {0}, columns {1}").format(*texts))
        self._page_spins[0].setVisible(self._model.pages[0] > 1)
        self._page_spins[1].setVisible(self._model.pages[1] > 1)

    def _say_index(self) -> None:
        index = self._table.currentIndex()
        if self._spec is None or not index.isValid():
            self._note.clear()
            return
        row, column = (a + b for a, b in zip(self._model.first, (index.row(), index.column()), strict=True))
        place = ", ".join(f"{i:,}" for i in self._spec.index(row, column))
        self._note.setText(f"[{place}] = {index.data()}")

    # ---- copying

    def copy_selection(self) -> None:
        """Put the selected block on the clipboard: all digits, cells apart by tabs."""
        selection = self._table.selectionModel().selection()
        subject, spec = self._subject, self._spec
        if subject is None or spec is None or selection.isEmpty():
            return
        block = selection.first()
        if block.height() * block.width() > _COPY_CELLS:
            self._session.trouble(
                self.tr("Copying takes at most {0:,} cells; choose fewer.").format(_COPY_CELLS)
            )
            return
        top, left = (a + b for a, b in zip(self._model.first, (block.top(), block.left()), strict=True))
        side = self.side(subject)
        rows, columns = slice(top, top + block.height()), slice(left, left + block.width())

        def work(task: Any) -> str:
            return _as_text(spec.read(side.source, side.key, rows, columns), task)

        self._session.bridge.submit(
            work, QApplication.clipboard().setText, self._session.trouble, owner=self, slot="copy"
        )


def _as_text(values: NDArray[Any], task: Any) -> str:
    lines = []
    for line in values:
        task.check()
        lines.append("\t".join(number_text(value, NumberFormat.full) for value in line))
    return "\n".join(lines)
