"""The Resume dialog's numbers: how long the run goes on, how often it saves, and where."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import PathField, named

_MOST: Final = 2_000_000_000


class RunBox(QGroupBox):
    """`changed` is emitted when anything in it has changed. A number of 0 has a meaning of its own in each field."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Run"))
        at_end = self.tr("only at the end")
        self.steps = self._spin("stepsSpin", self.tr("Steps"), 1000, self.tr("until stopped"))
        self.batch = self._spin("batchSizeSpin", self.tr("Batch size"), 0, self.tr("automatic"))
        self.save_every = self._spin("saveEverySpin", self.tr("Steps between checkpoints"), 500, at_end)
        self.keep = self._spin("keepSpin", self.tr("Checkpoints to keep"), 5, self.tr("all"))
        self.seed = self._spin("seedSpin", self.tr("Seed of the data's order"), 0, "")
        self.best = self._spin(
            "keepBestSpin", self.tr("Best checkpoints to keep beside them"), 0, self.tr("none")
        )
        self.statistics = QCheckBox(self.tr("Keep moving statistics of &frozen layers, too"), self)
        named(self.statistics, "freezeStatisticsBox", self.tr("Keep moving statistics of frozen layers, too"))
        self.statistics.toggled.connect(self.changed)
        self.go_on = QCheckBox(self.tr("Go on when the loss is &no number"), self)
        named(self.go_on, "onNanBox", self.tr("Go on when the loss is no number"))
        self.go_on.toggled.connect(self.changed)
        self.folder = PathField("runFolderEdit", self.tr("Run folder"), self, files=None)
        self.folder.edited.connect(self.changed)
        left, right = QFormLayout(), QFormLayout()
        left.addRow(self.tr("Ste&ps:"), self.steps)
        left.addRow(self.tr("Save &every:"), self.save_every)
        left.addRow(self.tr("&Keep:"), self.keep)
        right.addRow(self.tr("&Batch size:"), self.batch)
        right.addRow(self.tr("See&d:"), self.seed)
        right.addRow(self.tr("Keep best, t&oo:"), self.best)
        numbers = QHBoxLayout()
        numbers.addLayout(left)
        numbers.addSpacing(12)
        numbers.addLayout(right)
        numbers.addStretch(1)
        folder = QFormLayout()
        folder.addRow(self.tr("Run &folder:"), self.folder)
        column = QVBoxLayout(self)
        column.addLayout(numbers)
        column.addLayout(folder)
        boxes = QHBoxLayout()
        boxes.addWidget(self.statistics)
        boxes.addSpacing(12)
        boxes.addWidget(self.go_on)
        boxes.addStretch(1)
        column.addLayout(boxes)

    def _spin(self, object_name: str, accessible: str, value: int, zero: str) -> QSpinBox:
        spin = QSpinBox(self)
        named(spin, object_name, accessible)
        spin.setRange(0, _MOST)
        spin.setSpecialValueText(zero)
        spin.setGroupSeparatorShown(True)
        spin.setValue(value)
        widest = max((zero, "10,000,000"), key=len)
        spin.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest) + 48)
        spin.valueChanged.connect(self.changed)
        return spin
