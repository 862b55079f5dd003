"""The dock of the changes: the staged edits with before and after; one can be reverted, all copied as a patch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.edit_texts import edit_text
from ckpt_studio.gui.flow import FlowLayout
from ckpt_studio.gui.icons import icon
from ckpt_studio.gui.texts import tooltip, visible

if TYPE_CHECKING:
    from ckpt_studio.document.edits.base import Edit
    from ckpt_studio.gui.session import Session

_MOST_KEYS = 200
_MOST_IN_TOOLTIP = 8
_SIGNS = {
    "freeze": "❄", "unfreeze": "○", "replace": "⇄", "drop": "✕", "slim": "✕", "rename": "✎", "rename_many": "✎",
    "rename_pattern": "✎", "move": "✎", "assign": "=", "set_cells": "=", "set_step": "=", "scale": "×",
    "replace_nan": "≠", "cast": "≈", "reshape": "⤢", "transpose": "⤡", "add": "+", "average": "⌀",
    "swap_averages": "⌀",
}  # fmt: skip


class ChangesPanel(QWidget):
    """The edits, oldest first, the variables of each below it."""

    countChanged = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._edits: tuple[Edit, ...] = ()
        self.list = QTreeWidget(self)
        self.list.setObjectName("changeList")
        self.list.setAccessibleName(self.tr("Staged edits"))
        self.list.setHeaderLabels([self.tr("Edit"), self.tr("Before → after")])
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setUniformRowHeights(True)
        # the name matters most, and its end more than its middle
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        short = self.fontMetrics().horizontalAdvance("frozen → trainable")
        self.list.setColumnWidth(1, short + 12)
        self.list.setIndentation(14)
        self._empty = QLabel(self.tr("No staged edits. The checkpoint is as it was read."), self)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._empty.setContentsMargins(12, 12, 12, 12)
        self._revert = self._button("revertChangeButton", self.tr("Revert"), self.revert_chosen)
        self._revert.setToolTip(self.tr("Revert the chosen edit (Del); this can be undone"))
        self._copy = self._button("copyPatchButton", self.tr("Copy as JSON"), self.copy_patch)
        self._copy.setToolTip(self.tr("Copy all edits as a patch, for ckpt-studio apply"))
        self._command = self._button("copyCommandButton", self.tr("Copy as command"), self.copy_command)
        self._command.setToolTip(
            self.tr("Copy a command line that makes the same edits and writes a new checkpoint")
        )
        buttons = FlowLayout()
        buttons.setContentsMargins(4, 0, 4, 4)
        for button in (self._revert, self._copy, self._command):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._empty, 1)
        layout.addLayout(buttons)
        delete = QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list, self.revert_chosen)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        self.list.currentItemChanged.connect(self._enable)
        self.list.itemActivated.connect(self._look_at)
        self.list.itemExpanded.connect(self._expand)
        session.documentChanged.connect(self._fill)
        session.stagedChanged.connect(self._fill)
        self._fill()

    def _button(self, name: str, text: str, pressed: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.clicked.connect(pressed)
        return button

    def tint(self) -> None:
        """Give the buttons their icons, in the colour of the palette."""
        self._revert.setIcon(icon("rotate-ccw"))
        self._copy.setIcon(icon("braces"))
        self._command.setIcon(icon("terminal"))

    def _fill(self, *_: object) -> None:
        document = self._session.document
        rows = range(self.list.topLevelItemCount())
        opened = {
            id(self._edits[row]) for row in rows if self.list.isExpanded(self.list.model().index(row, 0))
        }
        self._edits = () if document is None else document.edits
        chosen = self.list.currentIndex().row()
        self.list.clear()
        if document is not None:
            for edit in self._edits:
                item = self._item(edit, document.title(edit))
                self.list.addTopLevelItem(item)
                item.setExpanded(id(edit) in opened)
        again = self.list.topLevelItem(chosen) if chosen >= 0 else None
        if again is not None:
            self.list.setCurrentItem(again)
        self.list.setVisible(bool(self._edits))
        self._empty.setVisible(not self._edits)
        self._enable()
        self.countChanged.emit(len(self._edits))

    def _item(self, edit: Edit, title: str) -> QTreeWidgetItem:
        title, about = visible(edit_text(title)), visible(edit_text(edit.describe()))
        item = QTreeWidgetItem([f"{_SIGNS.get(edit.op, '●')} {title}", about])
        keys = [visible(key) for key in edit.keys[:_MOST_IN_TOOLTIP]]
        more = ["…"] if len(edit.keys) > len(keys) else []
        item.setToolTip(0, tooltip("\n".join([title, *keys, *more])))
        item.setToolTip(1, tooltip(about))
        item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        return item

    def _expand(self, item: QTreeWidgetItem) -> None:
        """List the variables of an edit; nobody waits for those that are not looked at."""
        at, document = self.list.indexOfTopLevelItem(item), self._session.document
        if at < 0 or item.childCount() or document is None:
            return
        keys, columns = self._edits[at].keys, document.before(self._edits[at]).columns
        for key in keys[:_MOST_KEYS]:
            child = QTreeWidgetItem([visible(columns.name(columns.row(key))), ""])
            child.setData(0, Qt.ItemDataRole.UserRole, key)
            child.setToolTip(0, tooltip(visible(key)))
            item.addChild(child)
        if len(keys) > _MOST_KEYS:
            rest = QTreeWidgetItem([self.tr("and %n more", "", len(keys) - _MOST_KEYS), ""])
            rest.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.addChild(rest)

    def _enable(self, *_: object) -> None:
        self._revert.setEnabled(self.list.currentItem() is not None and bool(self._edits))
        self._copy.setEnabled(bool(self._edits))
        self._command.setEnabled(bool(self._edits))

    def revert_chosen(self, *_: object) -> None:
        """Revert the edit that is chosen, or that holds the variable which is."""
        item = self.list.currentItem()
        if item is None:
            return
        at = self.list.indexOfTopLevelItem(item.parent() or item)
        if 0 <= at < len(self._edits):
            self._session.remove(self._edits[at])

    def copy_patch(self, *_: object) -> None:
        """Copy all edits as PATCH JSON."""
        document = self._session.document
        if document is not None:
            QApplication.clipboard().setText(json.dumps(document.patch(), indent=2, allow_nan=False))

    def copy_command(self, *_: object) -> None:
        """Copy a command that a shell takes as it is, the edits in it."""
        from ckpt_studio.gui.copies import command_of

        document = self._session.document
        if document is not None:
            QApplication.clipboard().setText(command_of(document.patch(), document.base.prefix))

    def _look_at(self, item: QTreeWidgetItem) -> None:
        key = item.data(0, Qt.ItemDataRole.UserRole)
        if isinstance(key, str):
            self._session.set_current(key)
