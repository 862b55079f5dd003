"""The dock of the comparison: what differs from another checkpoint, the largest difference first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import ElidedLabel
from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.models.difference_table import DifferenceTable
from ckpt_studio.gui.panels.lists import push_button, row_table
from ckpt_studio.gui.texts import filled, visible

if TYPE_CHECKING:
    from ckpt_studio.gui.comparing import Comparing
    from ckpt_studio.gui.session import Session

_WIDTHS: Final = (200, 184, 88, 104, 80)
_TYPING_MS: Final = 80
_REL_L2: Final = 3


class ComparePanel(QWidget):
    """A line that says how it stands, a filter, the table, and what can be done with the rows that are selected."""

    goToRequested = Signal(str)
    """The variable of a row is to be shown."""
    swapRequested = Signal(object, str)
    """tuple[str, ...] and path: these variables are to be taken from the compared checkpoint."""
    otherRequested = Signal()
    """A person wants to choose another checkpoint to compare with."""

    def __init__(self, session: Session, comparing: Comparing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePanel")
        self._session = session
        self._comparing = comparing
        self._shown: object = None
        self._summary = ElidedLabel("compareSummary", parent=self)
        self._bar = QProgressBar(self)
        self._bar.setObjectName("compareProgress")
        self._bar.setAccessibleName(self.tr("Progress of the comparison"))
        self._bar.setMaximumWidth(220)
        self._filter = QLineEdit(self)
        self._filter.setObjectName("compareFilter")
        self._filter.setAccessibleName(self.tr("Filter the differences"))
        self._filter.setPlaceholderText(self.tr("Filter by name"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMaximumWidth(220)
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._filter_now)
        self._filter.textChanged.connect(lambda _: self._typing.start())
        self._stop = push_button(self, "compareCancelButton", self.tr("Cancel"), comparing.stop)
        self._again = push_button(self, "compareAgainButton", self.tr("Compare again"), comparing.again)
        self._close = push_button(self, "compareCloseButton", self.tr("Close"), comparing.end)
        self._close.setToolTip(self.tr("Compare no more"))
        self._other = push_button(self, "compareOtherButton", self.tr("Other…"), self.otherRequested.emit)
        self._other.setToolTip(self.tr("Compare with another checkpoint"))
        self._swap = push_button(self, "compareSwapButton", self.tr("Swap…"), self._ask_swap)
        self._swap.setToolTip(self.tr("Take the selected variables' values from the compared checkpoint"))
        self._copy = push_button(self, "compareCopyButton", self.tr("Copy"), self.copy)
        self._copy.setToolTip(self.tr("Copy the selected rows, or all"))
        self.model = DifferenceTable(self)
        self.table = self._table()
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 4, 0)
        head.addWidget(self._summary, 1)
        for widget in (self._bar, self._stop, self._again, self._close):
            head.addWidget(widget)
        feet = QHBoxLayout()
        feet.setContentsMargins(4, 0, 4, 4)
        feet.addWidget(self._filter)
        feet.addStretch(1)
        for button in (self._other, self._swap, self._copy):
            feet.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addLayout(feet)
        comparing.changed.connect(self._show_state)
        self._show_state()

    def _table(self) -> QTableView:
        table = row_table(self, "compareTable", self.tr("Differences"), self.model)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        columns = table.horizontalHeader()
        columns.setStretchLastSection(False)
        columns.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate(_WIDTHS):
            columns.resizeSection(column, width)
        columns.setSortIndicator(_REL_L2, Qt.SortOrder.DescendingOrder)
        table.setSortingEnabled(True)
        table.clicked.connect(self._go_to)
        table.activated.connect(self._go_to)
        table.selectionModel().selectionChanged.connect(self._enable)
        return table

    def tint(self) -> None:
        """Give the buttons their icons, in the colour of the palette."""
        for button, name in (
            (self._close, "x"), (self._swap, "arrow-left-right"), (self._copy, "copy"),
            (self._other, "git-compare"), (self._again, "refresh-cw"),
        ):  # fmt: skip
            button.setIcon(icon(name))

    # ---- what is shown

    def _filter_now(self) -> None:
        self.model.filter_by(self._filter.text())
        self._enable()

    def _show_state(self) -> None:
        comparing, task = self._comparing, self._comparing.task
        if comparing.rows is not self._shown:
            self._shown = comparing.rows
            self.model.show(comparing.rows)
        busy = task is not None or comparing.opening
        self._bar.setVisible(busy)
        self._stop.setVisible(task is not None)
        self._again.setVisible(comparing.stopped)
        if busy:
            total = 0 if task is None else task.total
            self._bar.setRange(0, 1000 if total else 0)  # Qt counts in 32 bits
            self._bar.setValue(min(1000, task.done * 1000 // total) if task is not None and total else 0)
        self._summary.set_full(self._sentence())
        self._enable()

    def _sentence(self) -> str:
        compared, rows = self._session.compared, self._comparing.rows
        if compared is None:
            return self.tr("Nothing is compared.")
        name = visible(compared.label)
        if rows is None:
            told = (
                self.tr("Comparing with %1 was stopped.")
                if self._comparing.stopped
                else self.tr("Comparing with %1 …")
            )
            return filled(told, name)
        found = rows.comparison
        if found.same:
            return filled(self.tr("%1 holds the same, %2 variables."), name, f"{found.equal:,}")
        counts = (len(found.rows), len(found.pairs.only_a), len(found.pairs.only_b), found.equal)
        return filled(
            self.tr("%1: %2 different, %3 only here, %4 only there, %5 equal"),
            name,
            *(f"{count:,}" for count in counts),
        )

    def _enable(self, *_: object) -> None:
        document = self._session.document
        some = self.model.rowCount() > 0
        editable = document is not None and document.read_only is None
        self._swap.setEnabled(some and editable and self.table.selectionModel().hasSelection())
        self._copy.setEnabled(some)

    # ---- what can be done

    def _go_to(self, index: QModelIndex) -> None:
        key = self.model.key(index.row())
        if key is not None:
            self.goToRequested.emit(key)

    def _selected(self) -> list[int]:
        return sorted(index.row() for index in self.table.selectionModel().selectedRows())

    def _ask_swap(self) -> None:
        keys = tuple(key for row in self._selected() if (key := self.model.key(row)) is not None)
        compared = self._session.compared
        if keys and compared is not None:
            self.swapRequested.emit(keys, compared.checkpoint.path)

    def copy(self) -> None:
        """Copy the selected rows, or all, a line each."""
        rows = self._selected() or range(self.model.rowCount())
        QApplication.clipboard().setText("\n".join(self.model.line(row) for row in rows))
