"""Asks which checkpoints of the timeline to average, and how much each counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ckpt_studio.gui.dialogs.edits.base import Draft, EditDialog, Make, facts
from ckpt_studio.gui.dialogs.edits.typed import typed_number
from ckpt_studio.gui.dialogs.fields import fill_combo, named
from ckpt_studio.gui.texts import tooltip, translate, visible

if TYPE_CHECKING:
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.document.edits.average import Part
    from ckpt_studio.document.state import State
    from ckpt_studio.gui.session import Session

_ROWS_SHOWN = 7


class AverageDialog(EditDialog):
    """Gives variables (all weights and averages where none are chosen) the mean over checkpoints of the folder."""

    def __init__(self, session: Session, keys: Sequence[str], parent: QWidget | None = None) -> None:
        self._paths: list[str] = []
        title = translate("AverageDialog", "Average over checkpoints")
        super().__init__(session, "average", title, keys, parent)

    def preferred_width(self) -> int:
        """As `EditDialog.preferred_width`."""
        return 760

    def fill(self, form: QFormLayout) -> None:
        """As `EditDialog.fill`."""
        self._how = QComboBox(self)
        named(self._how, "averageHowCombo", self.tr("Kind of average"))
        choices: list[tuple[str, object]] = [
            (self.tr("Mean: each counts the same"), "mean"),
            (self.tr("Weighted: as the column says"), "weighted"),
            (self.tr("Moving average (EMA), oldest first"), "ema"),
        ]
        fill_combo(self._how, choices, "mean")
        self._decay = QDoubleSpinBox(self)
        named(self._decay, "averageDecaySpin", self.tr("Decay"))
        self._decay.setDecimals(4)
        self._decay.setRange(0.0001, 0.9999)
        self._decay.setSingleStep(0.05)
        self._decay.setValue(0.9)
        self._table = self._checkpoints()
        form.addRow(self.tr("&How:"), self._how)
        form.addRow(self.tr("&Decay:"), self._decay)
        form.addRow(self.tr("&Over:"), self._table)
        self._form = form
        self._how.currentIndexChanged.connect(self._switch)
        self._decay.valueChanged.connect(self.changed)
        self._table.itemChanged.connect(self.changed)
        self._switch()

    def _checkpoints(self) -> QTableWidget:
        folder = self.session.folder
        entries = [] if folder is None else [entry for entry in folder.entries if entry.complete]
        self._paths = [entry.opens for entry in entries]
        table = QTableWidget(len(entries), 3, self)
        named(table, "averageTable", self.tr("Checkpoints of the folder"))
        table.setHorizontalHeaderLabels([self.tr("Checkpoint"), self.tr("Step"), self.tr("Weight")])
        table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        table.verticalHeader().hide()
        height = self.fontMetrics().height() + 8
        table.verticalHeader().setDefaultSectionSize(height)
        table.setTabKeyNavigation(False)
        fixed = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        for row, entry in enumerate(entries):
            name = QTableWidgetItem(visible(entry.file_name))
            name.setFlags(fixed | Qt.ItemFlag.ItemIsUserCheckable)
            name.setCheckState(Qt.CheckState.Checked)
            name.setToolTip(tooltip(visible(entry.prefix)))
            step = QTableWidgetItem("" if entry.step is None else f"{entry.step:,}")
            step.setFlags(fixed)
            for column, item in enumerate((name, step, QTableWidgetItem("1"))):
                table.setItem(row, column, item)
        table.setMaximumHeight(height * (_ROWS_SHOWN + 1) + 8)
        return table

    def _switch(self, *_: object) -> None:
        how = self._how.currentData()
        self._form.setRowVisible(self._decay, how == "ema")
        self._table.setColumnHidden(2, how != "weighted")
        self.changed()

    def maker(self) -> Make | None:
        """As `EditDialog.maker`."""
        rows = [row for row in range(len(self._paths)) if self._checked(row)]
        if not rows:
            return None
        how, paths = self._how.currentData(), [self._paths[row] for row in rows]
        weights = [1.0] * len(rows)
        if how == "weighted":
            weights = [typed_number(self._cell(row, 2)) for row in rows]
        decay = self._decay.value() if how == "ema" else None
        return partial(_averaged, self.keys, paths, weights, decay)

    def _checked(self, row: int) -> bool:
        item = self._table.item(row, 0)
        return item is not None and item.checkState() == Qt.CheckState.Checked

    def _cell(self, row: int, column: int) -> str:
        item = self._table.item(row, column)
        return "" if item is None else item.text()


def _averaged(
    keys: Sequence[str],
    paths: list[str],
    weights: list[float],
    decay: float | None,
    task: Task,
    state: State,
) -> Draft:
    from ckpt_studio.document.edits.average import Average, by_decay

    if decay is not None:
        weights = by_decay(len(paths), decay)
    chosen = _averageable(keys, state)
    parts = tuple(map(_part, paths, weights))
    return Draft(Average(chosen, parts=parts, decay=decay), facts(state, chosen))


def _averageable(keys: Sequence[str], state: State) -> tuple[str, ...]:
    """Those among the chosen variables, or else all that are there, that are floats and no counters."""
    from ckpt_studio.document.edits.base import numbers_among

    live = state.live
    return numbers_among(keys or tuple(live.keys), live, ("float", "complex"))


def _part(path: str, weight: float) -> Part:
    from ckpt_studio.document.edits.average import Part
    from ckpt_studio.formats.registry import open_checkpoint

    return Part(path, open_checkpoint(path), weight)
