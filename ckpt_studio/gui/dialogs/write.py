"""Writes the staged view as a new checkpoint: where to, what is written and shared, then the work with Cancel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
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

from ckpt_studio.core.errors import Cancelled, CkptStudioError, RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.gui.dialogs.fields import Notice, PathField, PlainLabel, named, prepare
from ckpt_studio.gui.dialogs.places import checkpoint_name, new_checkpoint_folder
from ckpt_studio.gui.texts import byte_size, visible

if TYPE_CHECKING:
    from ckpt_studio.document.saving import WritePlan
    from ckpt_studio.formats.writing import WriteOptions, Written
    from ckpt_studio.gui.session import Session

_PLAN_MS: Final = 200
_FRAME_MS: Final = 33

Sharing = Literal["copy", "link", "compact"]


class _SaveTask(Task):
    """Cancelled by the dialog or with the window; the dialog waits for the end of it, unlike the bridge."""

    __slots__ = ("window",)

    def __init__(self) -> None:
        super().__init__()
        self.window: Task = UNTENDED

    @property
    def cancelled(self) -> bool:
        """Whether the dialog or the window asked to stop."""
        return self.window.cancelled or super().cancelled

    def check(self) -> None:
        """Look at both."""
        self.window.check()
        super().check()


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
        self._original = Path(self._document.base.prefix).absolute()
        self._own_name = checkpoint_name(self._document.base.prefix)
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
        column.addWidget(self._sharing_box())
        column.addWidget(self._plan_box(), 1)
        self._notice = Notice("writeError", self)
        column.addWidget(self._notice)
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
        self.resize(620, 520)

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

    def _sharing_box(self) -> QWidget:
        self._unchanged = box = QGroupBox(self.tr("Data that does not change"), self)
        self._sharing = QComboBox(box)
        named(self._sharing, "sharingCombo", self.tr("Data that does not change"))
        choices: tuple[tuple[str, Sharing], ...] = (
            (self.tr("Copy (shared by the file system where it can)"), "copy"),
            (self.tr("Link to the original's data files"), "link"),
            (self.tr("Compact: write everything anew into one file"), "compact"),
        )
        for text, data in choices:
            self._sharing.addItem(text, data)
        self._sharing.currentIndexChanged.connect(self._sharing_changed)
        self._sharing_text = PlainLabel("sharingText", parent=box)
        column = QVBoxLayout(box)
        column.addWidget(self._sharing)
        column.addWidget(self._sharing_text)
        self._explain_sharing()
        return box

    def _plan_box(self) -> QWidget:
        box = QGroupBox(self.tr("What will happen"), self)
        self._plan_text = PlainLabel("writePlan", self.tr("Looking …"), box)
        self._plan_text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout(box)
        column.addWidget(self._plan_text)
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
        return str(Path(folder).absolute() / name) if folder and name else ""

    def _default_folder(self, folder: str) -> None:
        if self.beside:
            self._other_folder = self._other_folder or folder
        elif not self._folder.path():
            self._folder.set_path(folder)

    def _place_changed(self, *_: object) -> None:
        if self.beside and self._name.text() == self._own_name:
            self._name.setText(f"{self._own_name}-edited")
        elif not self.beside and self._name.text() == f"{self._own_name}-edited":
            self._name.setText(self._own_name)
        if self.beside:
            self._other_folder = self._folder.path()
            self._folder.set_path(str(self._original.parent))
        elif self._other_folder:
            self._folder.set_path(self._other_folder)
        self._folder.setEnabled(not self.beside)
        self._confirm.setVisible(self.beside)
        self._confirm.setChecked(False)
        self._warning.say(
            self.tr(
                "A line is added to the file “checkpoint” in {0}, and programs that look for the newest "
                "checkpoint there will find the new one. Nothing else in the folder changes."
            ).format(visible(str(self._original.parent)))
            if self.beside
            else ""
        )
        self._target_changed()

    def _target_changed(self, *_: object) -> None:
        self._plan = None
        self._replan.start()
        self._show_state()

    def _sharing_changed(self, *_: object) -> None:
        self._explain_sharing()
        self._target_changed()

    def _explain_sharing(self) -> None:
        texts = {
            "copy": self.tr("The new checkpoint stands on its own."),
            "link": self.tr(
                "No room and no time for unchanged data files: both checkpoints are names for the same bytes. A "
                "program that overwrites one in place changes the other."
            ),
            "compact": self.tr("Takes the longest, and gives one data file without gaps."),
        }
        self._sharing_text.setText(texts[self._sharing.currentData()])

    def _options(self) -> WriteOptions:
        from ckpt_studio.formats.writing import WriteOptions

        return WriteOptions(sharing=self._sharing.currentData())

    # ---- the plan

    def _ask_for_plan(self) -> None:
        prefix = self.prefix()
        if not prefix:
            return
        document, options, beside = self._document, self._options(), self.beside
        own_folder = self.tr("This is the original's own folder; say “Beside the original” to write there.")

        def work(_task: Task) -> tuple[WritePlan, bool]:
            from ckpt_studio.document.saving import is_beside, plan_write

            if not beside and is_beside(document, prefix):
                raise RequestFault(own_folder, path=prefix)
            return plan_write(document, prefix, options), (Path(prefix).parent / "checkpoint").exists()

        self._session.bridge.submit(work, self._planned, self._no_plan, owner=self, slot="plan")

    def _planned(self, answer: tuple[WritePlan, bool]) -> None:
        self._plan, joins = answer
        self._notice.say("")
        lines = self._describe(self._plan)
        if joins and not self.beside:
            lines.append(
                self.tr("The folder has checkpoints already: a line is added to its file “checkpoint”.")
            )
        self._plan_text.setText("\n".join(lines))
        self._show_state()

    def _no_plan(self, error: CkptStudioError) -> None:
        self._plan = None
        self._plan_text.setText("")
        self._notice.say(visible(error.message))
        self._show_state()

    def _describe(self, plan: WritePlan) -> list[str]:
        frozen = len(self._document.frozen_keys())
        edits = len(self._document.edits)
        lines = [
            self.tr("Writes {0}, shares {1} with the original; {2} are free.").format(
                byte_size(plan.written_bytes), byte_size(plan.shared_bytes), byte_size(plan.free_bytes)
            ),
            self.tr("Variables with other values: {0} of {1}. Frozen: {2}.").format(
                len(plan.changed), len(self._document.staged.columns), frozen
            ),
            self.tr("Edits that are kept beside it as a patch: {0}.").format(edits),
        ]
        if self._document.base.meta_graph is None:
            lines.append(self.tr("There is no .meta file to carry along; frozen marks go into the patch."))
        else:
            lines.append(
                self.tr(
                    "The .meta goes along; its trainable variables and update operations follow the frozen marks."
                )
            )
        return lines + [visible(note) for note in plan.notes]

    def _show_state(self, *_: object) -> None:
        confirmed = not self.beside or self._confirm.isChecked()
        self._write.setEnabled(self._plan is not None and confirmed and not self._writing)
        for box in (self._place, self._unchanged):
            box.setEnabled(not self._writing)

    # ---- the work

    def _start(self) -> None:
        if self._plan is None or self._writing:
            return
        document, prefix, options, beside = self._document, self._plan.prefix, self._options(), self.beside
        self._writing = True
        self._notice.say("")
        self._progress.setRange(0, 0)
        self._progress.show()
        self._frames.start()
        self._show_state()

        self._task = task = _SaveTask()

        def work(window: Task) -> Written | None:
            from ckpt_studio.document.saving import write_document

            task.window = window
            try:
                return write_document(document, prefix, options, beside=beside, task=task)
            except Cancelled:
                return None

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

    def _done(self, written: Written | None) -> None:
        self._end_of_work()
        if written is None:
            self._notice.say(self.tr("The write was stopped; nothing was left behind."))
            return
        self._document.mark_written(written.prefix)
        prefix = written.prefix
        if self.beside:
            self._session.rescan()
        self._session.notice(
            self.tr("Written: {0} ({1} written, {2} shared).").format(
                visible(prefix), byte_size(written.written_bytes), byte_size(written.shared_bytes)
            ),
            self.tr("Open"),
            lambda: self._session.open(prefix),
        )
        self.accept()
        self.written.emit(written)

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
