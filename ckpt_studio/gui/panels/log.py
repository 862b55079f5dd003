"""The dock of the log: what the program did and what went wrong, with the time, as plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTime
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ckpt_studio.gui.texts import visible

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session

_LINES: Final = 5000


class LogPanel(QPlainTextEdit):
    """The lines, newest last; it follows the end unless somebody scrolled up."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logView")
        self.setAccessibleName(self.tr("Log"))
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setMaximumBlockCount(_LINES)
        self.setAcceptDrops(False)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        session.logged.connect(self.add)

    def add(self, text: str) -> None:
        """Add a text, a line each."""
        now = QTime.currentTime().toString("HH:mm:ss")
        for line in text.splitlines() or [""]:
            self.appendPlainText(f"{now}  {visible(line)}")
