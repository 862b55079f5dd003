"""The dock of the health check: what was found in the checkpoint as it is staged; each finding leads to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.models.finding_table import Column, FindingTable
from ckpt_studio.gui.panels.lists import push_button, row_table
from ckpt_studio.gui.texts import byte_size

if TYPE_CHECKING:
    from ckpt_studio.gui.health_check import HealthCheck
    from ckpt_studio.gui.session import Session

_WIDTHS: Final = {Column.severity: 96, Column.variable: 240}


class HealthPanel(QWidget):
    """A line that says how it stands, and the table of findings."""

    countChanged = Signal(int)
    placeWanted = Signal(str, object)
    """Key of a variable, and the index in it that is to be shown; None for the variable alone."""

    def __init__(self, session: Session, check: HealthCheck, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("healthPanel")
        self._session = session
        self._check = check
        self._sorted = False
        self._summary = QLabel(self)
        self._summary.setObjectName("healthSummary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar(self)
        self._bar.setObjectName("healthProgress")
        self._bar.setAccessibleName(self.tr("Progress of the health check"))
        self._bar.setMaximumWidth(260)
        self._start = push_button(self, "healthButton", self.tr("Check health"), check.start)
        self._start.setToolTip(self.tr("Look over all variables as they are staged"))
        self._cancel = push_button(self, "healthCancelButton", self.tr("Cancel"), check.cancel)
        self._copy = push_button(self, "healthCopyButton", self.tr("Copy"), self.copy)
        self._copy.setToolTip(self.tr("Copy the selected findings, or all"))
        head = QHBoxLayout()
        head.setContentsMargins(6, 2, 4, 0)
        head.addWidget(self._summary, 1)
        for widget in (self._bar, self._cancel, self._copy, self._start):
            head.addWidget(widget)
        self.model = FindingTable(self)
        self.table = self._table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.table, 1)
        check.began.connect(self._begin)
        check.changed.connect(self._show)
        session.stagedChanged.connect(lambda _: self._show())
        self._show()

    def _table(self) -> QTableView:
        table = row_table(self, "healthTable", self.tr("Findings"), self.model)
        columns = table.horizontalHeader()
        columns.setStretchLastSection(True)
        for column, width in _WIDTHS.items():
            columns.resizeSection(column, width)
        columns.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.setSortingEnabled(True)
        table.clicked.connect(self._go_to)
        table.activated.connect(self._go_to)
        return table

    def tint(self) -> None:
        """Give the buttons their icons, in the colour of the palette."""
        self._start.setIcon(icon("heart-pulse"))
        self._copy.setIcon(icon("copy"))

    # ---- what is shown

    def _begin(self) -> None:
        self._sorted = False
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.model.watch(self._check.findings)

    def _show(self) -> None:
        task = self._check.task
        self.model.take()
        for widget in (self._bar, self._cancel):
            widget.setVisible(task is not None)
        self._start.setVisible(task is None)
        self._start.setEnabled(self._session.document is not None)
        self._copy.setEnabled(bool(self.model.rowCount()))
        if task is not None:
            # Qt counts in 32 bits
            self._bar.setRange(0, 1000 if task.total else 0)
            self._bar.setValue(min(1000, task.done * 1000 // task.total) if task.total else 0)
        elif self._check.complete and not self._sorted:
            self._sorted = True
            self.table.sortByColumn(Column.severity, Qt.SortOrder.AscendingOrder)
        self._summary.setText(self._sentence())
        self.countChanged.emit(self.model.rowCount())

    def _sentence(self) -> str:
        document, task, source = self._session.document, self._check.task, self._check.source
        count = self.model.rowCount()
        if document is None:
            return ""
        if task is not None:
            done, total = byte_size(task.done), byte_size(task.total)
            return self.tr("Looking over the variables: %1 of %2").replace("%1", done).replace("%2", total)
        if source is None:
            return self.tr("The variables have not been looked over yet.")
        if not self._check.complete:
            return self.tr("The check was stopped before its end.")
        text = (
            self.tr("Nothing was found.")
            if not count
            else self.tr("1 finding.")
            if count == 1
            else self.tr("%n findings.", "", count)
        )
        stale = source is not document.staged
        return f"{text} {self.tr('Edits have been staged since: check again.')}" if stale else text

    # ---- what can be done

    def _go_to(self, index: QModelIndex) -> None:
        """Show the variable at once, and the place in it as soon as it is found."""
        finding, source = self.model.finding(index.row()), self._check.source
        if source is None:
            return
        self.placeWanted.emit(finding.key, None)
        from ckpt_studio.analysis.finding_place import place_of

        def found(place: tuple[int, ...] | None) -> None:
            if place is not None and self._session.current == finding.key:
                self.placeWanted.emit(finding.key, place)

        self._session.bridge.submit(
            lambda task: place_of(source, finding, task),
            found,
            lambda error: None,  # the variable shows its fault itself
            owner=self,
            slot="place",
            label=self.tr("Looking for the place"),
        )

    def copy(self) -> None:
        """Copy the selected findings, or all, a line each."""
        selected = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        rows = selected or range(self.model.rowCount())
        QApplication.clipboard().setText("\n".join(self.model.line(row) for row in rows))
