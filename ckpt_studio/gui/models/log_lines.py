"""The lines of the log: bounded, filtered inside the model, and put in many at a time, so that a flood costs little."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPalette
from PySide6.QtWidgets import QApplication

from ckpt_studio.gui.texts import tooltip, visible

MOST_LINES: Final = 20_000
_SPARE: Final = 2_000
"""So many lines go at once when there are too many."""
_AnyIndex = QModelIndex | QPersistentModelIndex
_ROOT: Final = QModelIndex()
_ERROR: Final = re.compile(
    r"\b(error|exception|traceback|fatal|failed|aborted|\w+Error)\b|^E\d{4} ", re.IGNORECASE
)
_WARNING: Final = re.compile(r"\bwarn(ing)?\b|^W\d{4} ", re.IGNORECASE)


class Level(Enum):
    """How much a line matters."""

    info = 0
    warning = 1
    error = 2


class Source(Enum):
    """Who said a line."""

    program = "program"
    trouble = "trouble"
    run = "run"


class Showing(Enum):
    """Which lines are shown."""

    everything = "everything"
    run = "run"
    program = "program"
    warnings = "warnings"
    errors = "errors"

    def takes(self, line: LogLine) -> bool:
        """Whether it shows a line."""
        if self is Showing.run:
            return line.source is Source.run
        if self is Showing.program:
            return line.source is not Source.run
        if self is Showing.warnings:
            return line.level is not Level.info
        return self is Showing.everything or line.level is Level.error


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line.

    Attributes:
        time: of the day, as it is shown.
        source: who said it.
        level: as its source says, or as its words sound.
        text: plain, printable.
    """

    time: str
    source: Source
    level: Level
    text: str

    @classmethod
    def of(cls, time: str, source: Source, text: str) -> LogLine:
        """A line; output of a run is as bad as it sounds."""
        level = Level.info
        if source is Source.trouble or (source is Source.run and _ERROR.search(text)):
            level = Level.error
        elif source is Source.run and _WARNING.search(text):
            level = Level.warning
        return cls(time, source, level, visible(text))

    @property
    def copied(self) -> str:
        """As it is put on the clipboard."""
        return f"{self.time}  {self.text}"


class LogLines(QAbstractListModel):
    """The newest lines that the filter takes, oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._text = ""
        self._showing = Showing.everything
        self._widest = 0

    def add(self, lines: Iterable[LogLine]) -> int:
        """Put lines behind the others; how many of the oldest that were shown went for them."""
        fresh = list(lines)[-MOST_LINES:]
        gone = self._make_room(len(fresh))
        self._lines += fresh
        taken = [line for line in fresh if self._takes(line)]
        if taken:
            first = len(self._shown)
            self.beginInsertRows(_ROOT, first, first + len(taken) - 1)
            self._shown += taken
            self._widest = max(self._widest, *(len(line.text) for line in taken))
            self.endInsertRows()
        return gone

    def _make_room(self, count: int) -> int:
        over = len(self._lines) + count - MOST_LINES
        if over <= 0:
            return 0
        left = self._lines[: min(over + _SPARE, len(self._lines))]
        del self._lines[: len(left)]
        gone = sum(map(self._takes, left))
        if gone:
            self.beginRemoveRows(_ROOT, 0, gone - 1)
            del self._shown[:gone]
            self.endRemoveRows()
        return gone

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self._lines, self._shown, self._widest = [], [], 0
        self.endResetModel()

    def show(self, text: str, showing: Showing) -> None:
        """Show only lines with this text in them, whatever its case, and of this kind."""
        if (text.casefold(), showing) == (self._text, self._showing):
            return
        self.beginResetModel()
        self._text, self._showing = text.casefold(), showing
        self._shown = [line for line in self._lines if self._takes(line)]
        self._widest = max((len(line.text) for line in self._shown), default=0)
        self.endResetModel()

    def _takes(self, line: LogLine) -> bool:
        return self._showing.takes(line) and self._text in line.text.casefold()

    def __len__(self) -> int:
        """All lines, those that are not shown included."""
        return len(self._lines)

    def text(self, rows: Iterable[int] | None = None) -> str:
        """The lines of some rows, or of all."""
        lines = self._shown if rows is None else [self._shown[row] for row in rows]
        return "\n".join(line.copied for line in lines)

    # ---- Qt's questions

    def rowCount(self, parent: _AnyIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: _AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._shown):
            return None
        line = self._shown[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{line.time}  {_MARKS[line.level]} {line.text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(line.text)
        if role == Qt.ItemDataRole.ForegroundRole and line.level is not Level.info:
            return _colour(line.level)
        if role == Qt.ItemDataRole.SizeHintRole:
            metrics = QFontMetrics(self.font())
            return QSize(metrics.horizontalAdvance("0") * (self._widest + 13), metrics.height() + 1)
        return None

    def font(self) -> Any:
        """The font of the view, which gives every line the same room."""
        view = self.parent()
        return view.font() if view is not None and hasattr(view, "font") else QApplication.font()


_MARKS: Final = {Level.info: " ", Level.warning: "⚠", Level.error: "✗"}


def _colour(level: Level) -> QColor:
    dark = QApplication.palette().color(QPalette.ColorRole.Base).lightnessF() < 0.5
    if level is Level.error:
        return QColor("#ff9d8f" if dark else "#a3271c")
    return QColor("#ffcf6b" if dark else "#8a5a00")
