"""Writes the staged view as a new checkpoint: where to, what is written and shared, then the work with Cancel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.core.errors import CkptStudioError, RequestFault, TargetExists
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.dialogs.fields import Notice, PathField, named, prepare
from ckpt_studio.gui.dialogs.places import checkpoint_name, name_of_next, new_checkpoint_folder
from ckpt_studio.gui.dialogs.write_choices import WriteChoices
from ckpt_studio.gui.dialogs.write_outlook import WriteOutlook
from ckpt_studio.gui.dialogs.write_work import Report, SaveTask, WriteJob, do
from ckpt_studio.gui.texts import byte_size, visible
from ckpt_studio.gui.trouble import Trouble

if TYPE_CHECKING:
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.saving import WritePlan
    from ckpt_studio.document.template import Filled
    from ckpt_studio.formats.writing import WriteOptions
    from ckpt_studio.gui.session import Session

_PLAN_MS: Final = 200
_FRAME_MS: Final = 33


class WriteDialog(QDialog):
    """Writes the session's document. `written` is emitted with the Written once it is complete on disk."""

    written = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if session.document is None:
            raise ValueError("there is no document to write")
        prepare(self, "writeDialog", self.tr("Write a new checkpoint"))
        self._session = session
        self._document = session.document
        self._filled: Filled | None = None
        self._original = Path(self._document.base.prefix).absolute()
        self._taken_name = checkpoint_name(self._document.base.prefix)
        self._own_name = name_of_next(self._document)
        self._plan: WritePlan | None = None
        self._task: Task | None = None
        self._writing = False
        self._other_folder = ""
        self._replan = QTimer(self, singleShot=True, interval=_PLAN_MS)
        self._replan.timeout.connect(self._ask_for_plan)
        self._frames = QTimer(self, interval=_FRAME_MS)
        self._frames.timeout.connect(self._show_progress)
        self._build()
        self._place_changed()
        session.bridge.submit(
            lambda _task: new_checkpoint_folder(str(self._original)),
            self._default_folder,
            owner=self,
            slot="folder",
        )

    # ---- layout

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self._place_box())
        self._choices = WriteChoices(self._document.base.format, self)
        self._choices.changed.connect(self._choices_changed)
        self._choices.likeChosen.connect(self._like_chosen)
        column.addWidget(self._choices)
        self._outlook = WriteOutlook(self)
        column.addWidget(self._outlook, 1)
        self._notice = Notice("writeError", self)
        column.addWidget(self._notice)
        self._overwrite = QCheckBox(self.tr("Rep&lace what is there"), self)
        named(self._overwrite, "overwriteBox", self.tr("Replace the checkpoint that is there"))
        self._overwrite.hide()
        self._overwrite.toggled.connect(self._plan_again)
        column.addWidget(self._overwrite)
        self._progress = QProgressBar(self)
        named(self._progress, "writeProgress", self.tr("Progress of the write"))
        self._progress.hide()
        column.addWidget(self._progress)
        buttons = QDialogButtonBox(self)
        self._write = QPushButton(self.tr("&Write"), self)
        self._cancel = QPushButton(self.tr("Cancel"), self)
        named(self._write, "writeButton", self.tr("Write the new checkpoint"))
        named(self._cancel, "writeCancelButton", self.tr("Cancel"))
        buttons.addButton(self._write, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(self._cancel, QDialogButtonBox.ButtonRole.RejectRole)
        self._write.setDefault(True)
        self._write.clicked.connect(self._start)
        self._cancel.clicked.connect(self.reject)
        column.addWidget(buttons)
        self.resize(640, 660)

    def _place_box(self) -> QWidget:
        self._place = box = QGroupBox(self.tr("Where"), self)
        self._new_folder = QRadioButton(self.tr("In a &new folder"), box)
        self._beside = QRadioButton(self.tr("&Beside the original"), box)
        named(self._new_folder, "newFolderRadio", self.tr("In a new folder"))
        named(self._beside, "besideRadio", self.tr("Beside the original"))
        self._new_folder.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self._new_folder)
        group.addButton(self._beside)
        self._new_folder.toggled.connect(self._place_changed)
        self._folder = PathField("writeFolderEdit", self.tr("Folder"), box, files=None)
        self._folder.edited.connect(self._target_changed)
        self._name = QLineEdit(self._own_name, box)
        named(self._name, "writeNameEdit", self.tr("Name"))
        self._name.textChanged.connect(self._target_changed)
        self._warning = Notice("besideNotice", box)
        self._confirm = QCheckBox(self.tr("&Yes, add it to that folder"), box)
        named(self._confirm, "besideConfirmBox", self.tr("Yes, add it to the original's folder"))
        self._confirm.toggled.connect(self._show_state)
        form = QFormLayout(box)
        form.addRow(self._new_folder)
        form.addRow(self._beside)
        form.addRow(self.tr("&Folder:"), self._folder)
        form.addRow(self.tr("N&ame:"), self._name)
        form.addRow(self._warning)
        form.addRow(self._confirm)
        return box

    # ---- where to

    @property
    def beside(self) -> bool:
        """Whether the new checkpoint goes into the original's folder."""
        return self._beside.isChecked()

    def prefix(self) -> str:
        """The prefix that would be written, or an empty text while something is missing."""
        folder = self._folder.path()
        name = self._name.text().strip()
        return str(Path(folder).absolute() / self._choices.file_name(name)) if folder and name else ""

    def _default_folder(self, folder: str) -> None:
        if self.beside:
            self._other_folder = self._other_folder or folder
        elif not self._folder.path():
            self._folder.set_path(folder)

    def _place_changed(self, *_: object) -> None:
        if self.beside and self._name.text() == self._taken_name:
            self._name.setText(f"{self._taken_name}-edited")
        elif not self.beside and self._name.text() == f"{self._taken_name}-edited":
            self._name.setText(self._own_name)
        if self.beside:
            self._other_folder = self._folder.path()
            self._folder.set_path(str(self._original.parent))
        elif self._other_folder:
            self._folder.set_path(self._other_folder)
        self._folder.setEnabled(not self.beside)
        self._confirm.setVisible(self.beside)
        self._confirm.setChecked(False)
        self._warn()
        self._target_changed()

    def _warn(self) -> None:
        """What writing beside the original means."""
        folder = visible(str(self._original.parent))
        text = (
            self.tr(
                "A line is added to the file “checkpoint” in {0}, and programs that look for the newest "
                "checkpoint there will find the new one. Nothing else in the folder changes."
            )
            if self._choices.format == "tf_bundle"
            else self.tr("A file is added to {0}. Nothing else in the folder changes.")
        )
        self._warning.say(text.format(folder) if self.beside else "")

    def _choices_changed(self) -> None:
        self._warn()
        self._target_changed()

    def _target_changed(self, *_: object) -> None:
        """Another target: nobody has agreed to replacing what is there."""
        self._overwrite.hide()
        self._overwrite.setChecked(False)
        self._plan_again()

    def _plan_again(self, *_: object) -> None:
        self._plan = None
        self._replan.start()
        self._show_state()

    def _options(self) -> WriteOptions:
        return self._choices.options(overwrite=self._overwrite.isChecked())

    # ---- names like those of another checkpoint

    @property
    def _source(self) -> Document:
        """What is written: the document, or the checkpoint that takes its values."""
        return self._document if self._filled is None else self._filled.document

    def _like_chosen(self, path: str) -> None:
        self._set_filled(None)
        if not path:
            self._replan.start()
            return
        self._replan.stop()
        document = self._document
        unwritten = self.tr(
            "Write the staged edits first; what is written can then be laid out like another."
        )

        def work(_task: Task) -> Filled:
            from ckpt_studio.document.template import laid_out_like

            if document.edits:
                raise RequestFault(unwritten)
            return laid_out_like(path, document.base)

        self._session.bridge.submit(work, self._set_filled, self._no_plan, owner=self, slot="plan")

    def _set_filled(self, filled: Filled | None) -> None:
        self._filled = filled
        self._outlook.show_fits(() if filled is None else filled.fits)
        self._choices.set_original(self._source.base.format)

    # ---- the plan

    def _ask_for_plan(self) -> None:
        prefix = self.prefix()
        if not prefix or (self._choices.like and self._filled is None):
            return
        document, options, beside = self._source, self._options(), self.beside
        original = self._document
        names = self._choices.names
        own_folder = self.tr("This is the original's own folder; say “Beside the original” to write there.")

        def work(_task: Task) -> tuple[WritePlan, bool]:
            from ckpt_studio.document.saving import is_beside, plan_write

            if not beside and is_beside(original, prefix):
                raise RequestFault(own_folder, path=prefix)
            plan = plan_write(document, prefix, options, names)
            return plan, plan.format == "tf_bundle" and (Path(prefix).parent / "checkpoint").exists()

        self._session.bridge.submit(work, self._planned, self._no_plan, owner=self, slot="plan")

    def _planned(self, answer: tuple[WritePlan, bool]) -> None:
        self._plan, joins = answer
        self._notice.say("")
        more = []
        if joins and not self.beside:
            more = [self.tr("The folder has checkpoints already: a line is added to its file “checkpoint”.")]
        lost = () if self._filled is None else self._filled.lost
        self._outlook.show_plan(self._plan, self._source, more, lost)
        self._show_state()

    def _no_plan(self, error: CkptStudioError) -> None:
        self._plan = None
        self._outlook.say("")
        self._notice.say(visible(error.message))
        self._overwrite.setVisible(isinstance(error, TargetExists) or self._overwrite.isChecked())
        self._show_state()

    def _show_state(self, *_: object) -> None:
        confirmed = not self.beside or self._confirm.isChecked()
        self._write.setEnabled(self._plan is not None and confirmed and not self._writing)
        for box in (self._place, self._choices, self._overwrite):
            box.setEnabled(not self._writing)

    # ---- the work

    def _start(self) -> None:
        if self._plan is None or self._writing:
            return
        certify = self._plan.format if self._choices.certify else None
        job = WriteJob(
            self._source, self.prefix(), self._choices.names, self._options(), self.beside, certify
        )
        self._writing = True
        self._notice.say("")
        self._progress.setRange(0, 0)
        self._progress.show()
        self._frames.start()
        self._show_state()

        self._task = task = SaveTask()

        def work(window: Task) -> Report | None:
            task.window = window
            return do(job, task)

        self._session.bridge.submit(work, self._done, self._failed, owner=self, label=self.tr("Writing"))

    def _show_progress(self) -> None:
        task = self._task
        if task is not None and task.total > 0:
            self._progress.setRange(0, 1000)
            self._progress.setValue(min(1000 * task.done // task.total, 1000))

    def _end_of_work(self) -> None:
        self._writing = False
        self._task = None
        self._frames.stop()
        self._progress.hide()
        self._cancel.setEnabled(True)
        self._show_state()

    def _done(self, report: Report | None) -> None:
        self._end_of_work()
        if report is None:
            self._notice.say(self.tr("The write was stopped; nothing was left behind."))
            return
        written = report.written
        self._source.mark_written(written.prefix)
        if self.beside:
            self._session.rescan()
        self._tell(report)
        self.accept()
        self.written.emit(written)

    def _tell(self, report: Report) -> None:
        """Say what was written, and what restoring it has shown."""
        written, certificate = report.written, report.certificate
        sentence = self.tr("Written: {0} ({1} written, {2} shared).").format(
            visible(written.prefix), byte_size(written.written_bytes), byte_size(written.shared_bytes)
        )
        if certificate is not None:
            sentence += f" {visible(certificate.sentence)}"
        elif report.uncertified:
            sentence += " " + self.tr("It could not be certified: {0}").format(visible(report.uncertified))
        faulty = certificate is not None and bool(certificate.faults)
        self._session.log(sentence)
        self._session.troubled.emit(
            Trouble(sentence, self.tr("Open"), lambda: self._session.open(written.prefix), grave=faulty)
        )

    def _failed(self, error: CkptStudioError) -> None:
        self._end_of_work()
        self._notice.say(visible(error.message))

    def reject(self) -> None:
        """Close; while writing, stop the work first and stay until it has cleared up behind itself."""
        if not self._writing:
            super().reject()
        elif self._task is not None:
            self._cancel.setEnabled(False)
            self._task.cancel()
