"""Asks which checkpoint to compare with: one of the same folder, one that was a donor before, or any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import Notice, PathField, named, prepare
from ckpt_studio.gui.dialogs.recent import recent_paths, remember_path
from ckpt_studio.gui.texts import filled, tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.core.errors import CkptStudioError
    from ckpt_studio.gui.comparing import Comparing
    from ckpt_studio.gui.session import Session


class CompareDialog(QDialog):
    """Closes once the other checkpoint is open; why it cannot be opened is said beside the field."""

    def __init__(self, session: Session, comparing: Comparing, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        prepare(self, "compareDialog", self.tr("Compare with another checkpoint"))
        self._session = session
        self._comparing = comparing
        self._asked = ""
        self._path = PathField(
            "comparePathEdit",
            self.tr("Other checkpoint"),
            self,
            folders=True,
            recent=recent_paths("donors"),
        )
        self._path.edit.setPlaceholderText(self.tr("Type a path, browse, or drop a checkpoint here"))
        self._path.edited.connect(lambda _: self._show_state())
        self._path.take_drops_of(self, finish=False)
        self._notice = Notice("compareError", self)
        self._list = self._neighbours()
        form = QFormLayout()
        form.addRow(self.tr("&Checkpoint:"), self._path)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self._notice)
        if self._list.count():
            label = QLabel(self.tr("Of the &same folder:"), self)
            label.setBuddy(self._list)
            column.addWidget(label)
            column.addWidget(self._list, 1)
        else:
            self._list.hide()
        column.addWidget(self._buttons())
        self.resize(620, 380 if self._list.count() else 140)
        comparing.opened.connect(self._opened)
        comparing.failed.connect(self._failed)
        self._show_state()

    def _neighbours(self) -> QListWidget:
        found = QListWidget(self)
        named(found, "compareList", self.tr("Checkpoints of the same folder"))
        document, folder = self._session.document, self._session.folder
        own = "" if document is None else document.base.prefix
        for entry in () if folder is None else reversed(folder.entries):
            if entry.prefix != own and entry.complete:
                text = visible(entry.file_name)
                if entry.step is not None:
                    text = filled(self.tr("%1  ·  step %2"), text, f"{entry.step:,}")
                item = QListWidgetItem(text, found)
                item.setData(Qt.ItemDataRole.UserRole, entry.opens)
                item.setToolTip(tooltip(visible(entry.prefix)))
        found.currentItemChanged.connect(lambda item, _: self._choose(item))
        found.itemActivated.connect(lambda _: self._start())
        return found

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(self)
        self._compare = QPushButton(self.tr("Co&mpare"), self)
        named(self._compare, "compareButton", self.tr("Compare"))
        box.addButton(self._compare, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = QPushButton(self.tr("Cancel"), self)
        named(cancel, "compareDialogCancelButton", self.tr("Cancel"))
        box.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setAutoDefault(False)
        self._compare.setDefault(True)
        box.accepted.connect(self._start)
        box.rejected.connect(self.reject)
        return box

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._path.set_path(str(item.data(Qt.ItemDataRole.UserRole)))

    def _show_state(self) -> None:
        self._compare.setEnabled(bool(self._path.path()) and not self._comparing.opening)

    def _start(self) -> None:
        if self._compare.isEnabled():
            self._asked = self._path.path()
            self._notice.say("")
            self._comparing.start(self._asked)
            self._show_state()

    def _opened(self) -> None:
        if self._asked:
            remember_path("donors", self._asked)
            self.accept()

    def _failed(self, error: CkptStudioError) -> None:
        self._asked = ""
        self._notice.say(visible(error.message))
        self._show_state()
