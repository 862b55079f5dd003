"""The dock of the problems: what is wrong with the checkpoint, from opening or verifying it, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.models.problem_table import Column, ProblemTable
from ckpt_studio.gui.panels.lists import push_button, row_table
from ckpt_studio.gui.texts import byte_size

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session
    from ckpt_studio.gui.verifying import Verifying

_WIDTHS: Final = {Column.variable: 190, Column.kind: 92, Column.staged: 116}
_NARROW: Final = 620
"""Pixels: below, the sentences would have hardly any room."""


class _Sentences(QStyledItemDelegate):
    """Sentences lose their ends where there is no room, not their middles as names do."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        option.textElideMode = Qt.TextElideMode.ElideRight


class ProblemsPanel(QWidget):
    """A line that says how it stands, the table, and the buttons that act on what is selected, or on all of it.

    The sentence of the one problem that is selected stands below the table, too, whatever room the columns have.
    """

    countChanged = Signal(int)
    goToRequested = Signal(str)
    """The variable of a problem is to be shown."""
    swapRequested = Signal(object)
    """tuple[str, ...]: these variables are to be taken from another checkpoint."""

    def __init__(self, session: Session, verifying: Verifying, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problemsPanel")
        self._session = session
        self._verifying = verifying
        self._summary = QLabel(self)
        self._summary.setObjectName("problemsSummary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar(self)
        self._bar.setObjectName("verifyProgress")
        self._bar.setAccessibleName(self.tr("Progress of the verification"))
        self._bar.setMaximumWidth(260)
        self._verify = push_button(self, "verifyButton", self.tr("Verify"), verifying.start)
        self._verify.setToolTip(self.tr("Compare every checksum of the checkpoint"))
        self._cancel = push_button(self, "verifyCancelButton", self.tr("Cancel"), verifying.cancel)
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 4, 0)
        head.addWidget(self._summary, 1)
        for widget in (self._bar, self._cancel, self._verify):
            head.addWidget(widget)
        self.model = ProblemTable(self)
        self._whole = QLabel(self)
        self._whole.setObjectName("problemSentence")
        self._whole.setTextFormat(Qt.TextFormat.PlainText)
        self._whole.setWordWrap(True)
        self._whole.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._whole.setContentsMargins(6, 0, 6, 0)
        self._whole.hide()
        self.table = self._table()
        self._swap = push_button(
            self, "problemsSwapButton", self.tr("Take from another checkpoint…"), self._ask_donor
        )
        self._drop = push_button(self, "problemsDropButton", self.tr("Drop"), self._drop_them)
        self._swap.setToolTip(self.tr("Take the variables of the selected problems, or of all, from a donor"))
        self._drop.setToolTip(
            self.tr("Leave the variables of the selected problems, or of all, out of what is written")
        )
        self._copy = push_button(self, "problemsCopyButton", self.tr("Copy"), self.copy)
        self._copy.setToolTip(self.tr("Copy the selected problems, or all"))
        feet = QHBoxLayout()
        feet.setContentsMargins(4, 0, 4, 4)
        feet.addStretch(1)
        for button in (self._swap, self._drop, self._copy):
            feet.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._whole)
        layout.addLayout(feet)
        session.documentChanged.connect(self._fill)
        session.stagedChanged.connect(self._staged)
        verifying.changed.connect(self._show_state)
        self._shown: object = None
        self._fill()

    def _table(self) -> QTableView:
        table = row_table(self, "problemTable", self.tr("Problems"), self.model)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        columns = table.horizontalHeader()
        columns.setSectionsClickable(False)
        columns.setStretchLastSection(False)
        columns.setSectionResizeMode(Column.sentence, QHeaderView.ResizeMode.Stretch)
        for column, width in _WIDTHS.items():
            columns.resizeSection(column, width)
        table.clicked.connect(self._go_to)
        table.activated.connect(self._go_to)
        table.selectionModel().selectionChanged.connect(self._enable)
        table.setItemDelegateForColumn(Column.sentence, _Sentences(table))
        return table

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow dock, what the sentence says anyway makes room for it."""
        super().resizeEvent(event)
        narrow = event.size().width() < _NARROW
        self.table.setColumnHidden(Column.kind, narrow)
        self.table.horizontalHeader().resizeSection(
            Column.variable, _WIDTHS[Column.variable] // (2 if narrow else 1)
        )

    def tint(self) -> None:
        """Give the buttons their icons, in the colour of the palette."""
        for button, name in (
            (self._verify, "shield-check"), (self._swap, "arrow-left-right"), (self._drop, "trash-2"),
            (self._copy, "copy"),
        ):  # fmt: skip
            button.setIcon(icon(name))

    # ---- what is shown

    def _fill(self) -> None:
        document = self._session.document
        self._shown = None if document is None else document.verified
        self.model.show(document)
        self.countChanged.emit(self.model.rowCount())
        self._show_state()

    def _staged(self, _: object) -> None:
        """An edit may have mended something, and a verification may have found something."""
        document = self._session.document
        if document is not None and document.verified is not self._shown:
            self._fill()
            return
        self.model.refresh()
        self._show_state()

    def _show_state(self) -> None:
        task = self._verifying.task
        for widget in (self._bar, self._cancel):
            widget.setVisible(task is not None)
        self._verify.setVisible(task is None)
        self._verify.setEnabled(self._session.document is not None)
        if task is not None:
            # Qt counts in 32 bits
            self._bar.setRange(0, 1000 if task.total else 0)
            self._bar.setValue(min(1000, task.done * 1000 // task.total) if task.total else 0)
        self._summary.setText(self._sentence())
        self._enable()

    def _sentence(self) -> str:
        document, task = self._session.document, self._verifying.task
        if document is None:
            return ""
        if task is not None:
            done, total = byte_size(task.done), byte_size(task.total)
            return self.tr("Comparing checksums: %1 of %2").replace("%1", done).replace("%2", total)
        count, verified = self.model.rowCount(), document.verified
        if verified is not None and not verified.faults:
            size = f"{verified.checked_bytes:,}"
            return self.tr("All checksums are right (%1 bytes).").replace("%1", size)
        if verified is not None:
            text = self.tr("1 problem in %1.") if count == 1 else self.tr("%n problems in %1.", "", count)
            text = text.replace("%1", byte_size(verified.checked_bytes))
            mended = all(fault.key is not None for fault in verified.faults) and not self._any_left()
            return f"{text} {self.tr('Mended by staged edits: write them.')}" if mended else text
        if self._verifying.stopped:
            return self.tr("Verifying was stopped before its end.")
        if count:
            return (
                self.tr("1 variable could not be read when the checkpoint was opened; verify for the rest.")
                if count == 1
                else self.tr(
                    "%n variables could not be read when the checkpoint was opened; verify for the rest.",
                    "",
                    count,
                )
            )
        return self.tr("The checksums have not been compared yet.")

    # ---- what can be done

    def _chosen(self) -> tuple[str, ...]:
        """Damaged variables that are selected, or all of them."""
        selected = [index.row() for index in self.table.selectionModel().selectedRows()]
        return self.model.keys(selected or range(self.model.rowCount()))

    def _enable(self, *_: object) -> None:
        document = self._session.document
        some = bool(self.model.rowCount())
        editable = some and document is not None and document.read_only is None
        can = editable and self._verifying.task is None and self._any_left()
        self._swap.setEnabled(can)
        self._drop.setEnabled(can)
        self._copy.setEnabled(some)
        rows = self.table.selectionModel().selectedRows()
        self._whole.setVisible(len(rows) == 1)
        self._whole.setText(self.model.said(rows[0].row()) if len(rows) == 1 else "")
        all_of_them = not self.table.selectionModel().hasSelection()
        self._drop.setText(self.tr("Drop all") if all_of_them and some else self.tr("Drop"))

    def _any_left(self) -> bool:
        """Whether a damaged variable was not mended yet; cheap, for it is asked whenever something changes."""
        document = self._session.document
        return document is not None and len(document.faults) > 0

    def _go_to(self, index: QModelIndex) -> None:
        key = self.model.staged_key(index.row())
        if key is not None:
            self.goToRequested.emit(key)

    def _ask_donor(self) -> None:
        keys = self._chosen()
        if keys:
            self.swapRequested.emit(keys)

    def _drop_them(self) -> None:
        self._session.drop(self._chosen())

    def copy(self) -> None:
        """Copy the selected problems, or all, a line each."""
        selected = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = selected or range(self.model.rowCount())
        QApplication.clipboard().setText("\n".join(self.model.line(row) for row in rows))
