"""Shows what a resumed run will do before it does it: graph, data, what is frozen, where it goes, the exact command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
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
    named,
    prepare,
)
from ckpt_studio.gui.dialogs.places import data_beside, new_run_folder
from ckpt_studio.gui.dialogs.resume_data import DataBox
from ckpt_studio.gui.dialogs.resume_model import ModelBox
from ckpt_studio.gui.dialogs.resume_numbers import RunBox
from ckpt_studio.gui.dialogs.resume_prospect import Prospect, look_ahead, rehearse, write_template
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
        self._guessing = False
        self._again = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._again.timeout.connect(self._look)
        self._build()
        prefix = self._document.base.prefix
        taken = self._taken()
        session.bridge.submit(
            lambda _task: new_run_folder(prefix, taken), self._default_folder, owner=self, slot="folder"
        )

    # ---- layout

    def _build(self) -> None:
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        left, right = QWidget(split), QWidget(split)
        fields, story = QVBoxLayout(left), QVBoxLayout(right)
        for column in (fields, story):
            column.setContentsMargins(0, 0, 0, 0)
        self._model, self._data, self._run = ModelBox(self), DataBox(self), RunBox(self)
        for box in (self._model, self._data, self._run):
            box.changed.connect(self._changed)
        self._model.templateWanted.connect(self._write_template)
        fields.addWidget(self._model)
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

    def _card_box(self) -> QWidget:
        box = QGroupBox(self.tr("What will happen"), self)
        self._card = QPlainTextEdit(box)
        named(self._card, "resumeCard", self.tr("What will happen"))
        self._card.setReadOnly(True)
        self._card.setTabChangesFocus(True)
        self._card.setPlainText(self.tr("Reading what could be trained …"))
        self._command = QPlainTextEdit(box)
        named(self._command, "commandEdit", self.tr("The same without a window"))
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
            self.tr("The same without a window, for a shell:"),
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
        self._try = QPushButton(self.tr("&Try one batch"), self)
        named(self._try, "rehearseButton", self.tr("Try one batch"))
        self._try.setToolTip(
            self.tr("Build it, bind every variable, and compute one batch's loss; nothing is trained or kept")
        )
        self._try.setAutoDefault(False)
        box.addButton(self._try, QDialogButtonBox.ButtonRole.ActionRole)
        self._start.setDefault(True)
        self._start.clicked.connect(lambda: self._trusted(self._go))
        self._try.clicked.connect(lambda: self._trusted(self._rehearse))
        cancel.clicked.connect(self.reject)
        return box

    # ---- what a person says

    def spec(self) -> RunSpec:
        """The run as the fields say it now.

        Raises:
            RequestFault: a field makes no sense.
        """
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
            keep_best=run.best.value(),
            freeze_statistics=run.statistics.isChecked(),
            on_nan="continue" if run.go_on.isChecked() else "stop",
            recipe=_absolute(self._model.recipe) or None,
            **self._model.fields(),
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
        document = self._document
        try:
            spec = self.spec()
        except CkptStudioError as error:
            self._look_failed(error)
            return
        self._session.bridge.submit(
            lambda _task: look_ahead(spec, document),
            self._looked,
            self._look_failed,
            owner=self,
            slot="card",
            label=self.tr("Reading the graph"),
        )

    def _rehearse(self) -> None:
        prospect, document = self._prospect, self._document
        if prospect is None:
            return
        self._looking = True
        self._card.setPlainText(self.tr("Trying one batch in a training process …"))
        self._show_state()
        self._session.bridge.submit(
            lambda task: rehearse(prospect, document, task),
            self._looked,
            self._rehearsal_failed,
            owner=self,
            slot="card",
            label=self.tr("Trying one batch"),
            may_hang=True,
        )

    def _rehearsal_failed(self, error: CkptStudioError) -> None:
        self._looking = False
        self._error = error.message
        self._card.setPlainText(visible(error.message))
        self._show_state()

    def _looked(self, prospect: Prospect) -> None:
        self._looking = False
        self._error = ""
        first = self._prospect is None
        if first and self.isVisible():  # an answer can come after the dialog was closed
            self._runs.warm_up()
        self._prospect = prospect
        card = prospect.card
        self._model.show_card(card)
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
        """What is found changes the card: nothing is started on the one without."""
        prefix = self._document.base.prefix
        self._guessing = True
        self._session.bridge.submit(
            lambda _task: data_beside(prefix), self._data_found, owner=self, slot="data"
        )

    def _data_found(self, path: str) -> None:
        self._guessing = False
        self._data.guess(path)
        self._show_state()

    def _look_failed(self, error: CkptStudioError) -> None:
        self._looking = False
        self._prospect = None
        self._error = error.message
        self._model.show_nothing()
        self._card.setPlainText("")
        self._show_state()

    def _reason(self) -> str:
        """Why the run cannot be started now, or an empty text."""
        if self._error:
            return self._error
        if self._prospect is None or self._looking:
            return ""
        if self._prospect.folder_problem:
            return self._prospect.folder_problem
        if self._prospect.spec.out in self._taken():
            return self.tr("Another run writes into this folder; choose another one.")
        card = self._prospect.card
        if (
            card.inputs
            and not self._prospect.arrays
            and any(not one.optional for one in card.inputs)
            and card.problems
        ):
            return self.tr("Choose the data: it takes {0}.").format(
                ", ".join(f"{one.name} ({one.describe()})" for one in card.inputs)
            )
        return card.problems[0] if card.problems else ""

    def _taken(self) -> frozenset[str]:
        """Folders of the runs that go on or wait."""
        going = [self._runs.spec] if self._runs.active and self._runs.spec is not None else []
        return frozenset(one.out for one in (*going, *self._runs.waiting))

    def _show_state(self) -> None:
        reason = self._reason()
        self._notice.say(visible(reason))
        ready = self._prospect is not None and not (self._looking or self._guessing or reason)
        self._start.setText(self.tr("&Queue") if self._runs.active else self.tr("&Start"))
        self._start.setEnabled(ready)
        self._try.setEnabled(ready)

    def _write_template(self, path: str) -> None:
        document = self._document
        self._session.bridge.submit(
            lambda _task: write_template(document, path),
            lambda _none: self._model.use_recipe(path),
            self._look_failed,
            owner=self,
            slot="template",
            label=self.tr("Writing a recipe"),
        )

    # ---- the start

    def _trusted(self, then: Callable[[], None]) -> None:
        """Do something that runs the person's program, once they have said that it may run."""
        prospect = self._prospect
        if prospect is None or not self._start.isEnabled():
            return
        if prospect.trusted:
            then()
            return
        card = prospect.card
        dialog = TrustDialog(card.route, card.meta_graph, [risk_line(risk) for risk in card.risks], self)
        dialog.accepted.connect(lambda: self._remember_trust(prospect, then))
        dialog.open()

    def _remember_trust(self, prospect: Prospect, then: Callable[[], None]) -> None:
        program = prospect.card.meta_graph
        self._prospect = replace(prospect, trusted=True)

        def work(_task: Task) -> None:
            from ckpt_studio.training.trust import TrustStore

            TrustStore(home_folder()).trust(program)

        self._start.setEnabled(False)
        self._session.bridge.submit(work, lambda _none: then(), self._look_failed, owner=self, slot="trust")

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
