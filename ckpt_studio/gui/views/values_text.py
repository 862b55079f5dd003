"""The pane that shows one string whole: as text, JSON or bytes, a part at a time where it is long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ckpt_studio.gui.dialogs.fields import PlainLabel, named
from ckpt_studio.gui.views.values_words import Reading, Words, words_of

if TYPE_CHECKING:
    from ckpt_studio.gui.session import Session


class TextPane(QWidget):
    """`saveRequested` is emitted with the bytes of the string, `edited` with what a person has made of it.

    Only what is shown whole, and as it is, can be edited.

    Attributes:
        editable: whether the string can be edited at all.
    """

    saveRequested = Signal(object)
    edited = Signal(str)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._value: bytes | None = None
        self.editable = False
        self._text = QPlainTextEdit(self)
        named(self._text, "valueText", self.tr("Text"))
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(self._controls())
        self._text.modificationChanged.connect(self._set.setEnabled)
        column.addWidget(self._text, 1)

    def _controls(self) -> QHBoxLayout:
        self._reading = QComboBox(self)
        named(self._reading, "valueTextReading", self.tr("How the string is shown"))
        for text, reading in (
            (self.tr("Automatic"), Reading.guess),
            (self.tr("Text"), Reading.text),
            (self.tr("JSON"), Reading.json),
            (self.tr("Bytes"), Reading.hex),
        ):
            self._reading.addItem(text, reading)
        self._reading.activated.connect(lambda _: self._ask(0))
        label = QLabel(self.tr("S&how as"), self)
        label.setBuddy(self._reading)
        self._part = QSpinBox(self)
        named(self._part, "valueTextPart", self.tr("Part of the string"))
        self._part.setPrefix(self.tr("part "))
        self._part.setKeyboardTracking(False)
        self._part.valueChanged.connect(lambda part: self._ask(part - 1))
        self._about = PlainLabel("valueTextAbout", parent=self)
        self._about.setWordWrap(False)
        row = QHBoxLayout()
        for widget in (label, self._reading, self._part):
            row.addWidget(widget)
        row.addWidget(self._about, 1)
        self._set = self._button("valueTextSet", self.tr("Set"), self._edited)
        self._set.setToolTip(self.tr("Stage the text as it is now"))
        for button in (
            self._set,
            self._button("valueTextCopy", self.tr("Copy"), self._copy),
            self._button("valueTextSave", self.tr("Save…"), self._save),
        ):
            row.addWidget(button)
        return row

    def _button(self, name: str, text: str, pressed: Callable[[], object]) -> QToolButton:
        button = QToolButton(self)
        named(button, name, text)
        button.setText(text)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.clicked.connect(pressed)
        return button

    def show_value(self, value: bytes | None, editable: bool = False) -> None:
        """Show a string, or nothing."""
        if value is not None and (value, editable) == (self._value, self.editable):
            return  # a text that somebody is typing over is left alone
        self._value, self.editable = value, editable
        self._ask(0)

    def _ask(self, part: int) -> None:
        value, reading = self._value, self._reading.currentData()
        if value is None:
            self._text.clear()
            self._text.setReadOnly(True)
            self._set.hide()
            self._about.clear()
            self._part.hide()
            return
        self._session.bridge.submit(
            lambda task: words_of(value, reading, part),
            lambda words: self._show(words, value),
            owner=self,
            slot="words",
        )

    def _show(self, words: Words, value: bytes) -> None:
        self._text.setPlainText(words.text)
        plain = words.reading is Reading.text and words.text.encode("utf-8", "surrogatepass") == value
        self._text.setReadOnly(not (self.editable and plain))
        self._set.setVisible(self.editable and plain)
        self._set.setEnabled(False)
        self._part.blockSignals(True)
        self._part.setRange(1, words.parts)
        self._part.setSuffix(f" / {words.parts:,}")
        self._part.setValue(words.part + 1)
        self._part.blockSignals(False)
        self._part.setVisible(words.parts > 1)
        kinds = {Reading.text: self.tr("text"), Reading.json: "JSON", Reading.hex: self.tr("bytes")}
        size = self.tr("1 byte") if words.size == 1 else self.tr("%n bytes", "", words.size)
        self._about.setText(f"{kinds[words.reading]}  ·  {size}")

    def _copy(self) -> None:
        """Put what is selected, or all that is shown, on the clipboard."""
        chosen = self._text.textCursor().selectedText().replace("\u2029", "\n")
        QApplication.clipboard().setText(chosen or self._text.toPlainText())

    def _edited(self) -> None:
        self.edited.emit(self._text.toPlainText())

    def _save(self) -> None:
        if self._value is not None:
            self.saveRequested.emit(self._value)
