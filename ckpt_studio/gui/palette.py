"""One list to find things in by typing: the commands (Ctrl+Shift+P) and the variables (Ctrl+P)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

_WIDTH: Final = 560
_HEIGHT: Final = 380
_ICON: Final = QSize(16, 16)


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry: what it says, what stands at its right, and what happens when it is chosen."""

    text: str
    note: str
    chosen: Callable[[], object]
    icon: QIcon | None = None


Offer = Callable[[str], Sequence[Choice]]
"""Entries for what was typed so far."""


class Palette(QDialog):
    """The list, over the middle of the window; Enter chooses, Escape goes away."""

    def __init__(self, offer: Offer, name: str, hint: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self._window = parent.window()
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offer = offer
        self._choices: Sequence[Choice] = ()
        self.edit = QLineEdit(self)
        self.edit.setObjectName(f"{name}Edit")
        self.edit.setPlaceholderText(hint)
        self.edit.setAccessibleName(hint)
        self.list = QListWidget(self)
        self.list.setObjectName(f"{name}List")
        self.list.setAccessibleName(hint)
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(_ICON)
        nothing = QPixmap(_ICON)
        nothing.fill(Qt.GlobalColor.transparent)
        self._blank = QIcon(nothing)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.edit)
        layout.addWidget(self.list, 1)
        self.edit.textChanged.connect(self._fill)
        self.edit.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self._choose())
        self._fill("")

    def open(self) -> None:
        """Show it."""
        window = self._window
        width, height = min(_WIDTH, window.width() - 40), min(_HEIGHT, window.height() - 80)
        self.resize(width, height)
        self.move(window.mapToGlobal(QPoint((window.width() - width) // 2, 60)))
        self.show()
        self.edit.setFocus(Qt.FocusReason.PopupFocusReason)

    def _fill(self, text: str) -> None:
        self._choices = self._offer(text.strip())
        self.list.clear()
        with_icons = any(choice.icon is not None for choice in self._choices)
        for choice in self._choices:
            item = QListWidgetItem(
                f"{choice.text}    {choice.note}" if choice.note else choice.text, self.list
            )
            if with_icons:
                item.setIcon(self._blank if choice.icon is None or choice.icon.isNull() else choice.icon)
        if self._choices:
            self.list.setCurrentRow(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrow keys move in the list while the cursor stays in the field."""
        if watched is self.edit and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = {
                Qt.Key.Key_Down: 1,
                Qt.Key.Key_Up: -1,
                Qt.Key.Key_PageDown: 10,
                Qt.Key.Key_PageUp: -10,
            }.get(Qt.Key(event.key()))
            if step is not None and self._choices:
                at = max(0, min(self.list.currentRow() + step, len(self._choices) - 1))
                self.list.setCurrentRow(at)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose()
                return True
        return super().eventFilter(watched, event)

    def _choose(self) -> None:
        at = self.list.currentRow()
        if not 0 <= at < len(self._choices):
            return
        chosen = self._choices[at].chosen
        self.close()
        chosen()
