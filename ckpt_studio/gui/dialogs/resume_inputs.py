"""Which array of the person's data feeds which input of the graph: a guess to start from, and a verdict a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.texts import tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.training.data import ArrayInfo, FeedPlan, Input

INPUT, TAKES, SOURCE, VERDICT = range(4)


class InputsTable(QTableWidget):
    """The mapping. `changed` is emitted when a person has changed a row."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        named(self, "inputsTable", self.tr("Inputs of the graph and their data"))
        self.setHorizontalHeaderLabels(
            [self.tr("Input"), self.tr("Takes"), self.tr("Array or number"), self.tr("Verdict")]
        )
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        heads = self.horizontalHeader()
        heads.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in (INPUT, TAKES, SOURCE):
            heads.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        heads.setSectionResizeMode(VERDICT, QHeaderView.ResizeMode.Stretch)
        self._inputs: Sequence[Input] = ()
        self._arrays: Mapping[str, ArrayInfo] = {}
        self._chosen: dict[str, str | float] = {}

    def show_inputs(
        self, inputs: Sequence[Input], arrays: Mapping[str, ArrayInfo], mapping: Mapping[str, str | float]
    ) -> bool:
        """One row an input. Rows that stand already are left as they are, so that nobody's typing is disturbed.

        Returns whether the rows were made anew.
        """
        if inputs == self._inputs and list(arrays) == list(self._arrays):
            return False
        self._inputs, self._arrays = inputs, arrays
        self.setRowCount(len(inputs))
        for row, one in enumerate(inputs):
            for column, text in ((INPUT, one.name), (TAKES, one.describe()), (VERDICT, "")):
                self.setItem(row, column, _item(text))
            self.setCellWidget(row, SOURCE, self._combo(one, mapping.get(one.name)))
        return True

    def _combo(self, one: Input, source: str | float | None) -> QComboBox:
        combo = QComboBox(self)
        named(combo, f"sourceCombo:{one.name}", self.tr("Array or number for {0}").format(visible(one.name)))
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.setMinimumContentsLength(12)
        if one.optional:
            combo.addItem(self.tr("the graph's own"), None)
        for name, info in self._arrays.items():
            combo.addItem(visible(name), name)
            combo.setItemData(combo.count() - 1, tooltip(info.describe()), Qt.ItemDataRole.ToolTipRole)
        combo.setCurrentIndex(combo.findData(source))
        if source is not None and combo.currentIndex() < 0:
            combo.setEditText(visible(source) if isinstance(source, str) else f"{source:g}")
        edit = combo.lineEdit()
        if edit is not None:
            edit.setPlaceholderText(self.tr("choose …"))
        combo.editTextChanged.connect(lambda _text: self._edited(one.name, combo))
        return combo

    def fields(self) -> list[QWidget]:
        """The combos, top down, for the dialog's tab order."""
        return [self.cellWidget(row, SOURCE) for row in range(self.rowCount())]

    def _edited(self, name: str, combo: QComboBox) -> None:
        source = _source(combo)
        if source is None:
            self._chosen.pop(name, None)
        else:
            self._chosen[name] = source
        self.changed.emit()

    def chosen(self) -> dict[str, str | float]:
        """Input -> array name or number, where a person has said so; the rest is guessed."""
        known = {one.name for one in self._inputs}
        return {name: source for name, source in self._chosen.items() if name in known}

    def forget_arrays(self) -> None:
        """Another data file: choices of the old one's arrays mean nothing any more, numbers do."""
        self._chosen = {name: source for name, source in self._chosen.items() if not isinstance(source, str)}
        self._inputs = ()

    def show_plan(
        self,
        plan: FeedPlan,
        arrays: Mapping[str, ArrayInfo],
        mapping: Mapping[str, str | float],
        later: bool,
    ) -> None:
        """Say in each row how its input is fed, or why it cannot be; `later`, where the training process guesses."""
        feeds = {feed.input.name: feed for feed in plan.feeds}
        for row, one in enumerate(self._inputs):
            feed = feeds.get(one.name)
            problem = next((p for p in plan.problems if one.name in p), None)
            if feed is not None and isinstance(feed.source, str):
                shown = arrays[feed.source].describe()
                text = self.tr("✓ rows of {0}") if feed.rows else self.tr("✓ the whole of {0}")
                text = text.format(shown)
            elif feed is not None:
                text = self.tr("✓ a number")
            elif one.optional and problem is None:
                text = self.tr("– the graph's own value")
            elif later and arrays and problem is None:
                text = self.tr("– guessed when the model is built")
            elif problem is None or one.name not in mapping:
                text = self.tr("⚠ no data yet")
            else:
                text = self.tr("⚠ {0}").format(problem)
            self.setItem(row, VERDICT, _item(text))


def _source(combo: QComboBox) -> str | float | None:
    """An array's name where the text is one, else the number that it is, else the text (which then fits nothing)."""
    text = combo.currentText().strip()
    row = combo.findText(text, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
    if row >= 0:
        data = combo.itemData(row)
        return data if isinstance(data, str) else None
    try:
        number = float(text)
    except ValueError:
        return text or None
    return number if math.isfinite(number) else text


def _item(text: str) -> QTableWidgetItem:
    item = QTableWidgetItem(visible(text))
    item.setToolTip(tooltip(visible(text)))
    return item
