"""Cells that are typed over or pasted become staged edits of the variable that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.texts import translate
from ckpt_studio.gui.views.values_parse import MOST_CELLS, block_of, cell_of

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.views.values_slice import ShownSlice
    from ckpt_studio.gui.views.values_table import ValueTable


class Editing(QObject):
    """The edits of one table."""

    refused = Signal(str)
    """Why what was typed or pasted cannot be staged, as a sentence."""

    def __init__(
        self, session: Session, table: ValueTable, shown: Callable[[], ShownSlice | None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._table = table
        self._shown = shown
        trigger = QAbstractItemView.EditTrigger
        table.view.setEditTriggers(trigger.DoubleClicked | trigger.AnyKeyPressed)
        table.model.edited.connect(self._typed)
        self._change = table.view.addAction(self.tr("Change the cell"))
        self._change.setObjectName("valuesChange")
        self._change.setShortcuts([QKeySequence(Qt.Key.Key_Return), QKeySequence(Qt.Key.Key_Enter)])
        self._change.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._change.triggered.connect(lambda checked=False: table.view.edit(table.view.currentIndex()))
        self._paste = table.view.addAction(self.tr("Paste"))
        self._paste.setObjectName("valuesPaste")
        self._paste.setShortcut(QKeySequence.StandardKey.Paste)
        self._paste.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._paste.triggered.connect(lambda checked=False: self.paste())

    def allow(self, editable: bool) -> None:
        """Whether what is shown can be edited: other values than the staged ones cannot."""
        self._table.model.editable = editable
        self._change.setEnabled(editable)
        self._paste.setEnabled(editable)

    def set_one(self, text: str) -> None:
        """Stage another value of the current cell; of a scalar, of the one that there is."""
        row, column = self._table.place or (0, 0)
        self._typed(row, column, text)

    def _typed(self, row: int, column: int, text: str) -> None:
        """Stage one cell of the slice."""
        self._stage(lambda shown: [(shown.spec.index(row, column), cell_of(text, shown.side.info.dtype))])

    def paste(self) -> None:
        """Stage the block on the clipboard, from the first selected cell on; a single value fills the selection."""
        text, block = QApplication.clipboard().text(), self._table.block
        if block is not None and self._table.model.editable:
            self._stage(lambda shown: _cells(shown, block, block_of(text, shown.side.info.dtype)))

    def _stage(self, cells: Callable[[ShownSlice], list[tuple[tuple[int, ...], Any]]]) -> None:
        shown = self._shown()
        if shown is None:
            return
        try:
            found = cells(shown)
        except RequestFault as fault:
            self.refused.emit(str(fault))
            return
        from ckpt_studio.document.edits.cells import SetCells

        self._session.do(SetCells(shown.side.key, tuple(found)))


def _cells(
    shown: ShownSlice, block: tuple[slice, slice], values: list[list[Any]]
) -> list[tuple[tuple[int, ...], Any]]:
    rows, columns = block
    if len(values) == len(values[0]) == 1:
        down, across = rows.stop - rows.start, columns.stop - columns.start
        if down * across > MOST_CELLS:
            sentence = translate("ValuesView", "Filling takes at most {0:,} cells; select fewer.")
            raise RequestFault(sentence.format(MOST_CELLS))
        values = [values[0] * across for _ in range(down)]
    bottom, right = rows.start + len(values), columns.start + len(values[0])
    if bottom > shown.spec.rows or right > shown.spec.columns:
        sentence = translate(
            "ValuesView", "A block of {0:,} × {1:,} cells does not fit here; begin further up or left."
        )
        raise RequestFault(sentence.format(len(values), len(values[0])))
    return [
        (shown.spec.index(rows.start + down, columns.start + across), value)
        for down, line in enumerate(values)
        for across, value in enumerate(line)
    ]
