"""Asks once when a window with staged edits or an active run is being closed: runs may go on without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import Notice, PlainLabel, named, prepare
from ckpt_studio.gui.texts import visible, without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.gui.runs import Runs
    from ckpt_studio.gui.session import Session


class CloseDialog(QDialog):
    """`agreed` is emitted when the window may close: edits written, kept or discarded, the run stopped or kept."""

    agreed = Signal()

    def __init__(self, session: Session, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        prepare(self, "closeDialog", self.tr("Close the window?"))
        self._session = session
        self._runs = runs
        self._agreed = False
        self._buttons = QDialogButtonBox(self)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        edits = _unwritten(session)
        if edits:
            column.addWidget(PlainLabel("closeEditsText", self._edits_text(edits)))
        run = _needs_window(runs)
        if run:
            column.addWidget(PlainLabel("closeRunText", self._run_text()))
        if runs.need_window:
            column.addWidget(PlainLabel("closeQueueText", self._queue_text(run)))
        self._keep_run = QCheckBox(self._keep_text(run), self)
        named(self._keep_run, "keepRunBox", without_mnemonic(self._keep_run.text()))
        self._keep_run.setVisible((run or runs.need_window > 0) and edits > 0)
        column.addWidget(self._keep_run)
        self._progress = QProgressBar(self)
        named(self._progress, "closeProgress", self.tr("The run is being stopped"))
        self._progress.setRange(0, 0)
        self._progress.hide()
        column.addWidget(self._progress)
        self._notice = Notice("closeNotice", self)
        column.addWidget(self._notice)
        column.addWidget(self._buttons)
        self._add_buttons(bool(edits), run)
        self.setMinimumWidth(480)
        runs.ended.connect(self._go_on)
        runs.handedOver.connect(self._go_on)
        runs.notHandedOver.connect(self._not_kept)

    @staticmethod
    def needed(session: Session, runs: Runs) -> bool:
        """Whether there is anything to ask."""
        return _needs_window(runs) or runs.need_window > 0 or _unwritten(session) > 0

    def _edits_text(self, count: int) -> str:
        assert self._session.document is not None
        name = visible(self._session.document.base.prefix)
        edits = self.tr("1 staged edit of") if count == 1 else self.tr("{0} staged edits of").format(count)
        return self.tr("{0} {1} have not been written.").format(edits, name)

    def _run_text(self) -> str:
        return self.tr(
            "A run is going on. It can be stopped, which finishes its step and saves a checkpoint, or be kept "
            "running without the window: the next window offers to watch it."
        )

    def _queue_text(self, run: bool) -> str:
        count = self._runs.need_window
        if run and count == 1:
            return self.tr(
                "1 run waits for it: it begins afterwards where the run is kept, and not at all where it is stopped."
            )
        if run:
            return self.tr(
                "{0} runs wait for it: they begin afterwards where it is kept, and not at all where it is stopped."
            ).format(count)
        if count == 1:
            return self.tr(
                "1 run waits for one that goes on without the window. It can be kept waiting, too, or never begins."
            )
        return self.tr(
            "{0} runs wait for one that goes on without the window. They can be kept waiting, too, or never begin."
        ).format(count)

    def _keep_text(self, run: bool) -> str:
        if run:
            return self.tr("Keep the &run going without the window")
        return self.tr("Keep &runs waiting without the window")

    def _add_buttons(self, edits: bool, run: bool) -> None:
        role = QDialogButtonBox.ButtonRole
        cancel = self._button("closeCancelButton", self.tr("Cancel"), role.RejectRole, self.reject)
        if not edits and (run or self._runs.need_window):
            keep_text = self.tr("&Keep running") if run else self.tr("&Keep waiting")
            self._button("keepRunningButton", keep_text, role.AcceptRole, self._keep_running)
        if not edits and run:
            stop = self._button("stopAndSaveButton", self.tr("&Stop and save"), role.AcceptRole, self._finish)
            stop.setDefault(True)
            stop.setFocus()
            return
        if not edits:
            self._button("closeAnywayButton", self.tr("C&lose"), role.AcceptRole, self._finish).setDefault(
                True
            )
            return
        keep = self._button("keepButton", self.tr("&Keep for next start"), role.AcceptRole, self._finish)
        keep.setToolTip(
            self.tr("The edits are in the journal; they come back when this checkpoint is opened again")
        )
        keep.setDefault(True)
        self._button("closeWriteButton", self.tr("&Write…"), role.ActionRole, self._write)
        self._button("discardButton", self.tr("&Discard"), role.DestructiveRole, self._discard)
        cancel.setAutoDefault(False)

    def _button(
        self, object_name: str, text: str, role: QDialogButtonBox.ButtonRole, action: object
    ) -> QPushButton:
        button = QPushButton(text, self)
        named(button, object_name, without_mnemonic(text))
        button.clicked.connect(action)
        self._buttons.addButton(button, role)
        return button

    # ---- what a person chose

    def _write(self) -> None:
        from ckpt_studio.gui.dialogs.write import WriteDialog

        dialog = WriteDialog(self._session, self)
        dialog.written.connect(lambda _written: self._finish())
        dialog.open()

    def _discard(self) -> None:
        if self._session.document is not None:
            self._session.document.discard()
        self._finish()

    def _keep_running(self) -> None:
        self._keep_run.setChecked(True)
        self._finish()

    def _finish(self) -> None:
        """Close, after the run has saved and ended where it is not to go on."""
        self._agreed = True
        for button in self._buttons.buttons():
            button.setEnabled(button.objectName() == "closeCancelButton")
        if self._keep_run.isChecked():
            self._runs.keep()
        if _needs_window(self._runs):
            self._runs.stop()
        self._go_on()

    def _go_on(self) -> None:
        """Close, unless something still has to come first."""
        if not self._agreed:
            return
        if _needs_window(self._runs) or self._runs.handing_over:
            self._progress.show()
            return
        self._progress.hide()
        self.accept()
        self.agreed.emit()

    def _not_kept(self, sentence: str) -> None:
        self._agreed = False
        self._progress.hide()
        self._notice.say(sentence)
        for button in self._buttons.buttons():
            button.setEnabled(True)

    def reject(self) -> None:
        """Stay open; a run that was already asked to stop still stops."""
        self._agreed = False
        super().reject()


def _unwritten(session: Session) -> int:
    """How many edits are staged and not written."""
    document = session.document
    return len(document.edits) if document is not None and document.modified else 0


def _needs_window(runs: Runs) -> bool:
    """Whether a run goes on that ends with the window."""
    return runs.active and not runs.watching
