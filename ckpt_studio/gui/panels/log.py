"""The dock of the log: what the program did, what went wrong and what the run said, as plain text that is filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTime, QTimer
from PySide6.QtGui import QAction, QFontDatabase, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.models.log_lines import MOST_LINES, LogLine, LogLines, Showing, Source
from ckpt_studio.gui.texts import without_mnemonic

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session

_GATHER_MS: Final = 100
"""Lines are put into the view together this often at most."""


class LogView(QListView):
    """The lines, newest last."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "logView", self.tr("Log"))
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.lines = LogLines(self)
        self.setModel(self.lines)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for name, text, keys, do in (
            ("logCopySelected", self.tr("&Copy"), QKeySequence.StandardKey.Copy, self.copy_selected),
            ("logSelectAll", self.tr("Select &all"), QKeySequence.StandardKey.SelectAll, self.selectAll),
        ):
            action = QAction(text, self)
            action.setObjectName(name)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(do)
            self.addAction(action)

    def copy_selected(self) -> None:
        """Put the chosen lines on the clipboard."""
        rows = sorted(index.row() for index in self.selectedIndexes())
        if rows:
            QApplication.clipboard().setText(self.lines.text(rows))

    def toPlainText(self) -> str:
        """All lines that are shown."""
        return self.lines.text()


class LogPanel(QWidget):
    """The view below its filter; it follows the newest line until somebody scrolls up or pauses it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("logPanel")
        self._waiting: list[LogLine] = []
        self._moving = False
        self._gather = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gather.timeout.connect(self._put)
        self.view = LogView(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.addLayout(self._bar())
        column.addWidget(self.view, 1)
        self.view.verticalScrollBar().valueChanged.connect(self._scrolled)
        session.logged.connect(self.add)

    def _bar(self) -> QHBoxLayout:
        self._filter = QLineEdit(self)
        named(self._filter, "logFilterEdit", self.tr("Filter the log"))
        self._filter.setPlaceholderText(self.tr("Filter: part of a line"))
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._show)
        self._kinds = QComboBox(self)
        named(self._kinds, "logKindCombo", self.tr("Which lines are shown"))
        for text, showing in (
            (self.tr("Everything"), Showing.everything),
            (self.tr("Output of the run"), Showing.run),
            (self.tr("The program"), Showing.program),
            (self.tr("Warnings and errors"), Showing.warnings),
            (self.tr("Errors"), Showing.errors),
        ):
            self._kinds.addItem(text, showing)
        self._kinds.currentIndexChanged.connect(self._show)
        self._follow = self._button("logFollowButton", self.tr("&Follow"))
        self._follow.setToolTip(self.tr("Show the newest line as it comes; scrolling up pauses this"))
        self._follow.setCheckable(True)
        self._follow.setChecked(True)
        self._follow.toggled.connect(self._follow_on)
        copy = self._button("logCopyButton", self.tr("Co&py all"))
        copy.setToolTip(self.tr("Copy all lines that are shown"))
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self.view.toPlainText()))
        clear = self._button("logClearButton", self.tr("C&lear"))
        clear.setToolTip(self.tr("Forget all lines; the run's own log file keeps its lines"))
        clear.clicked.connect(self._clear)
        row = QHBoxLayout()
        row.addWidget(self._filter, 1)
        for widget in (self._kinds, self._follow, copy, clear):
            row.addWidget(widget)
        return row

    def _button(self, object_name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        named(button, object_name, without_mnemonic(text))
        return button

    # ---- lines

    def add(self, text: str, source: Source = Source.program) -> None:
        """Add a text, a line each, soon."""
        now = QTime.currentTime().toString("HH:mm:ss")
        self._waiting += [LogLine.of(now, source, line) for line in text.splitlines() or [""]]
        if len(self._waiting) > 2 * MOST_LINES:
            del self._waiting[:-MOST_LINES]
        if not self._gather.isActive():
            self._gather.start()

    def _put(self) -> None:
        bar = self.view.verticalScrollBar()
        read = bar.value()
        waiting, self._waiting = self._waiting, []
        self._moving = True
        gone = self.view.lines.add(waiting)
        if self._follow.isChecked():
            self.view.scrollToBottom()
        elif gone:  # what is being read stays where it is
            self.view.executeDelayedItemsLayout()
            bar.setValue(read - gone)
        self._moving = False

    def _clear(self) -> None:
        self._waiting = []
        self.view.lines.clear()
        self._follow.setChecked(True)

    # ---- what is seen

    def _show(self, *_: object) -> None:
        self.view.lines.show(self._filter.text(), self._kinds.currentData())
        self._follow_on(self._follow.isChecked())

    def _follow_on(self, on: bool) -> None:
        if on:
            self._moving = True
            self.view.scrollToBottom()
            self._moving = False

    def _scrolled(self, value: int) -> None:
        """A person who scrolls up reads; one who scrolls to the end follows again."""
        bar = self.view.verticalScrollBar()
        if not self._moving and bar.isSliderDown() | self.view.underMouse() | self.view.hasFocus():
            self._follow.setChecked(value >= bar.maximum())
