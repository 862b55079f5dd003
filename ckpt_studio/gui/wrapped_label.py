"""A label for names and paths: they have no blanks, and a word that Qt cannot break is cut off at the label's edge."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QClipboard, QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QWidget

_BREAK: Final = "\u200b"
"""No width, but a line may end here."""
_LONG_WORD: Final = re.compile(r"\S{13,}")
_ROOM: Final = 10_000
_PIECE: Final = re.compile(r"[^/\\._:@=-]{1,8}[/\\._:@=-]*|[/\\._:@=-]{1,8}")


def breakable(text: str) -> str:
    """The text with places to break long words, after separators if there are some."""
    return _LONG_WORD.sub(lambda word: _BREAK.join(_PIECE.findall(word[0])), text)


class WrappedLabel(QLabel):
    """Plain text that is shown whole at any width, in as many lines as that takes. It can be selected and copied."""

    def __init__(self, object_name: str, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._full = ""
        self.setText(text)

    def sizeHint(self) -> QSize:
        """Qt's, and the height of the text where it has room: Qt's own breaks it, and layouts fill up to that."""
        return QSize(super().sizeHint().width(), self.heightForWidth(_ROOM))

    def setText(self, text: str) -> None:
        """Show `text`."""
        self._full = text
        super().setText(breakable(text))

    def text(self) -> str:
        """What was set."""
        return self._full

    def selectedText(self) -> str:
        """What is selected, as it was set."""
        return super().selectedText().replace(_BREAK, "")

    def copy(self, mode: QClipboard.Mode = QClipboard.Mode.Clipboard) -> None:
        """Put what is selected on the clipboard, without the places to break."""
        if self.hasSelectedText():
            QGuiApplication.clipboard().setText(self.selectedText(), mode)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """On X, what is selected can be pasted at once."""
        super().mouseReleaseEvent(event)
        if QGuiApplication.clipboard().supportsSelection():
            self.copy(QClipboard.Mode.Selection)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copy and Select All; Qt's own would copy the places to break."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Copy"), self.copy).setEnabled(self.hasSelectedText())
        menu.addAction(self.tr("Select All"), lambda: self.setSelection(0, len(breakable(self._full))))
        menu.popup(event.globalPos())
