"""The Resume dialog's data: the file, and which of its arrays feeds which input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QGroupBox, QVBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import PathField, PlainLabel
from ckpt_studio.gui.dialogs.recent import recent_paths, remember_path
from ckpt_studio.gui.dialogs.resume_inputs import InputsTable

if TYPE_CHECKING:
    from ckpt_studio.gui.dialogs.resume_prospect import Prospect
    from ckpt_studio.training.data import FeedPlan


class DataBox(QGroupBox):
    """`changed` is emitted when a person has chosen another file, or changed a row of the inputs."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Data"))
        self._path = PathField(
            "dataPathEdit",
            self.tr("Data file"),
            self,
            files=self.tr("Data (*.npz *.csv *.tsv *.tfrecord *.tfrecords *.tfrec);;All files (*)"),
            recent=recent_paths("data"),
        )
        self._path.edit.setPlaceholderText(
            self.tr("An .npz of numpy.savez, a .csv or a TFRecord; one row a sample")
        )
        self._path.chosen.connect(self._chosen)
        self._path.edited.connect(self._show_guess)
        self._guess = ""
        self._guess_text = PlainLabel("dataGuessText", self.tr("found beside the checkpoint"), self)
        self._guess_text.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._guess_text.hide()
        self._inputs = InputsTable(self)
        self._inputs.changed.connect(self.changed)
        self._inputs.setMinimumHeight(110)
        self._no_inputs = PlainLabel("noInputsText", parent=self)
        self._no_inputs.hide()
        self._no_inputs.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._row = QWidget(self)
        form = QFormLayout(self._row)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow(self.tr("&Data file:"), self._path)
        form.addRow("", self._guess_text)
        column = QVBoxLayout(self)
        column.addWidget(self._row)
        column.addWidget(self._inputs, 1)
        column.addWidget(self._no_inputs, 1)

    def path(self) -> str:
        """The file, or an empty text."""
        return self._path.path()

    def guess(self, path: str) -> None:
        """Put a file in that may be meant, unless a person has said something already; typing replaces it."""
        if path and not self.path():
            self._guess = path
            self._path.set_path(path)
            self._path.edit.selectAll()
            self._inputs.forget_arrays()
            self.changed.emit()

    def _show_guess(self, *_: object) -> None:
        self._guess_text.setVisible(bool(self._guess) and self.path() == self._guess)

    def mapping(self) -> dict[str, str | float]:
        """Input -> array or number, where a person has said so."""
        return self._inputs.chosen()

    def fields(self) -> list[QWidget]:
        """What the keyboard walks through, from the end of the file's field on."""
        return [self._path.last_field(), *self._inputs.fields()]

    def show_prospect(self, prospect: Prospect) -> tuple[FeedPlan, bool]:
        """Show what the inputs get. Returns that, and whether there are other fields than before."""
        from ckpt_studio.training.data import plan_feeds

        card = prospect.card
        self._inputs.setVisible(bool(card.inputs))
        self._no_inputs.setVisible(not card.inputs)
        self._row.setVisible(bool(card.inputs))
        self._no_inputs.setText(
            self.tr("The recipe brings its own data.")
            if card.route == "recipe"
            else self.tr("The graph has no inputs: it trains on its own data.")
        )
        anew = self._inputs.show_inputs(card.inputs, prospect.arrays, card.mapping)
        plan = plan_feeds(card.inputs, prospect.arrays, card.mapping, prospect.spec.batch_size)
        later = card.route != "meta_graph" and not card.bound
        self._inputs.show_plan(plan, prospect.arrays, card.mapping, later)
        return plan, anew

    def _chosen(self, path: str) -> None:
        if path:
            remember_path("data", path)
        self._inputs.forget_arrays()
        self.changed.emit()
