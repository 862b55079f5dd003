"""Shows what a resumed run will do before it does it: graph, data, what is frozen, where it goes, the exact command."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.core.resources import home_folder
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.dialogs.card_text import card_lines, risk_line, run_lines
from ckpt_studio.gui.dialogs.fields import (
    Notice,
    PlainLabel,
    copy_text,
    fill_combo,
    named,
    prepare,
)
from ckpt_studio.gui.dialogs.places import data_beside, new_run_folder
from ckpt_studio.gui.dialogs.resume_data import DataBox
from ckpt_studio.gui.dialogs.resume_numbers import RunBox
from ckpt_studio.gui.dialogs.resume_prospect import Prospect, look_ahead
from ckpt_studio.gui.dialogs.trust import TrustDialog
from ckpt_studio.gui.texts import visible

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.session import Session
    from ckpt_studio.training.spec import RunSpec

_PAUSE_MS: Final = 200


class ResumeDialog(QDialog):
    """Asks for what a run needs and starts it through `runs`; a graph that was never run is asked about first."""

    def __init__(self, session: Session, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if session.document is None:
            raise ValueError("there is no document to resume from")
        prepare(self, "resumeDialog", self.tr("Resume training"))
        self._session = session
        self._runs = runs
        self._document: Document = session.document
        self._prospect: Prospect | None = None
        self._error = ""
        self._looking = True
        self._again = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._again.timeout.connect(self._look)
        self._build()
        prefix = self._document.base.prefix
        session.bridge.submit(
            lambda _task: new_run_folder(prefix), self._default_folder, owner=self, slot="folder"
        )
        if self._document.base.meta_graph is not None:
            runs.warm_up()

    # ---- layout

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        left, right = QWidget(split), QWidget(split)
        fields, story = QVBoxLayout(left), QVBoxLayout(right)
        for column in (fields, story):
            column.setContentsMargins(0, 0, 0, 0)
        fields.addWidget(self._graph_box())
        self._data, self._run = DataBox(self), RunBox(self)
        for box in (self._data, self._run):
            box.changed.connect(self._changed)
        fields.addWidget(self._data, 1)
        fields.addWidget(self._run)
        story.addWidget(self._card_box(), 1)
        split.addWidget(left)
        split.addWidget(right)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        self._notice = Notice("resumeReason", self)
        column = QVBoxLayout(self)
        column.addWidget(split, 1)
        column.addWidget(self._notice)
        column.addWidget(self._buttons())
        self.resize(1040, 660)
        split.setSizes([620, 400])

    def _graph_box(self) -> QWidget:
        box = QGroupBox(self.tr("Graph"), self)
        self._train_op = self._combo("trainOpCombo", self.tr("Train operation"))
        self._loss = self._combo("lossCombo", self.tr("Loss to show"))
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        form.addRow(self.tr("&Train operation:"), self._train_op)
        form.addRow(self.tr("&Loss to show:"), self._loss)
        return box

    def _combo(self, object_name: str, accessible: str) -> QComboBox:
        combo = QComboBox(self)
        named(combo, object_name, accessible)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(20)
        combo.addItem(self.tr("found automatically"), None)
        combo.currentIndexChanged.connect(self._changed)
        return combo

    def _card_box(self) -> QWidget:
        box = QGroupBox(self.tr("What will happen"), self)
        self._card = QPlainTextEdit(box)
        named(self._card, "resumeCard", self.tr("What will happen"))
        self._card.setReadOnly(True)
        self._card.setTabChangesFocus(True)
        self._card.setPlainText(self.tr("Reading the graph …"))
        self._command = QPlainTextEdit(box)
        named(self._command, "commandEdit", self.tr("The training process"))
        self._command.setReadOnly(True)
        self._command.setTabChangesFocus(True)
        self._command.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self._command.setFixedHeight(3 * self.fontMetrics().lineSpacing() + 12)
        copy = QPushButton(self.tr("&Copy"), box)
        named(copy, "copyCommandButton", self.tr("Copy the command"))
        copy.setAutoDefault(False)
        copy.clicked.connect(lambda: copy_text(self._command.toPlainText()))
        label = PlainLabel(
            "commandLabel",
            self.tr("The training process, and its job as it will lie in the run folder:"),
            box,
        )
        row = QHBoxLayout()
        row.addWidget(self._command, 1)
        row.addWidget(copy)
        column = QVBoxLayout(box)
        column.addWidget(self._card, 1)
        column.addWidget(label)
        column.addLayout(row)
        return box

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        self._start = QPushButton(self.tr("&Start"), self)
        cancel = QPushButton(self.tr("Cancel"), self)
        named(self._start, "startButton", self.tr("Start the run"))
        named(cancel, "resumeCancelButton", self.tr("Cancel"))
        box.addButton(self._start, QDialogButtonBox.ButtonRole.AcceptRole)
        box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        self._start.setDefault(True)
        self._start.clicked.connect(self._begin)
        cancel.clicked.connect(self.reject)
        return box

    # ---- what a person says

    def spec(self) -> RunSpec:
        """The run as the fields say it now."""
        from ckpt_studio.training.spec import DataSpec, RunSpec

        mapping, run = self._data.mapping(), self._run
        file = _absolute(self._data.path())
        return RunSpec(
            checkpoint=self._document.base.prefix,
            out=_absolute(run.folder.path()),
            steps=run.steps.value() or None,
            save_every=run.save_every.value(),
            max_to_keep=run.keep.value(),
            batch_size=run.batch.value() or None,
            seed=run.seed.value(),
            data=DataSpec(file or None, mapping) if file or mapping else None,
            train_op=self._train_op.currentData(),
            loss=self._loss.currentData(),
        )

    def _default_folder(self, folder: str) -> None:
        if not self._run.folder.path():
            self._run.folder.set_path(folder)
        self._changed()

    def _changed(self, *_: object) -> None:
        self._looking = True
        self._again.start()
        self._show_state()

    # ---- what that would come to

    def _look(self) -> None:
        spec, document = self.spec(), self._document
        self._session.bridge.submit(
            lambda _task: look_ahead(spec, document),
            self._looked,
            self._look_failed,
            owner=self,
            slot="card",
            label=self.tr("Reading the graph"),
        )

    def _looked(self, prospect: Prospect) -> None:
        self._looking = False
        self._error = ""
        first = self._prospect is None
        self._prospect = prospect
        card = prospect.card
        self._offer(self._train_op, card.train_choices, ", ".join(card.train_ops))
        self._offer(self._loss, card.loss_choices, card.loss or "")
        plan, anew = self._data.show_prospect(prospect)
        if anew:
            for before, after in pairwise([*self._data.fields(), self._run.steps]):
                self.setTabOrder(before, after)
        self._card.setPlainText("\n".join([*card_lines(card), *run_lines(prospect.spec, plan)]))
        self._command.setPlainText(prospect.command)
        if first:
            self._start.setFocus()
            if not all(one.optional for one in card.inputs):
                self._look_for_data()
        self._show_state()

    def _look_for_data(self) -> None:
        prefix = self._document.base.prefix
        self._session.bridge.submit(
            lambda _task: data_beside(prefix), self._data.guess, owner=self, slot="data"
        )

    def _look_failed(self, error: CkptStudioError) -> None:
        self._looking = False
        self._prospect = None
        self._error = error.message
        self._card.setPlainText("")
        self._show_state()

    def _offer(self, combo: QComboBox, choices: tuple[str, ...], found: str) -> None:
        chosen = combo.currentData()
        automatic = self.tr("found automatically")
        if chosen is None and found:
            automatic = self.tr("automatic: {0}").format(found)
        fill_combo(combo, [(automatic, None), *((name, name) for name in choices)], chosen)

    def _reason(self) -> str:
        """Why the run cannot be started now, or an empty text."""
        if self._document.base.meta_graph is None:
            return self.tr(
                "There is no .meta file beside this checkpoint, so there is no graph that could be trained."
            )
        if self._runs.active:
            return self.tr("A run is going on in this window; stop it before starting another.")
        if self._error:
            return self._error
        if self._prospect is None or self._looking:
            return ""
        if self._prospect.folder_problem:
            return self._prospect.folder_problem
        card = self._prospect.card
        if (
            card.inputs
            and not self._prospect.arrays
            and any(not one.optional for one in card.inputs)
            and card.problems
        ):
            return self.tr("Choose the data: the graph takes {0}.").format(
                ", ".join(f"{one.name} ({one.describe()})" for one in card.inputs)
            )
        return card.problems[0] if card.problems else ""

    def _show_state(self) -> None:
        reason = self._reason()
        self._notice.say(visible(reason))
        self._start.setEnabled(self._prospect is not None and not self._looking and not reason)

    # ---- the start

    def _begin(self) -> None:
        prospect = self._prospect
        if prospect is None or not self._start.isEnabled():
            return
        if prospect.trusted:
            self._go()
            return
        dialog = TrustDialog(
            prospect.card.meta_graph, [risk_line(risk) for risk in prospect.card.risks], self
        )
        dialog.accepted.connect(self._remember_trust)
        dialog.open()

    def _remember_trust(self) -> None:
        meta = self._document.base.meta_graph
        assert meta is not None

        def work(_task: Task) -> None:
            from ckpt_studio.training.trust import TrustStore

            TrustStore(home_folder()).trust(meta)

        self._start.setEnabled(False)
        self._session.bridge.submit(
            work, lambda _none: self._go(), self._look_failed, owner=self, slot="trust"
        )

    def _go(self) -> None:
        assert self._prospect is not None
        try:
            self._runs.start(self._prospect.granted(), self._document)
        except CkptStudioError as error:
            self._look_failed(error)
            return
        self.accept()

    def done(self, result: int) -> None:
        """Close; a training process that was started ahead and not used is let go of."""
        self._again.stop()
        self._runs.cool_down()
        super().done(result)


def _absolute(path: str) -> str:
    return str(Path(path).absolute()) if path else ""
