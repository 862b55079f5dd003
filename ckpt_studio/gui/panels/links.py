"""Names of variables that lead to them: plain text, since file texts are never markup, with the looks of a link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ckpt_studio.gui.texts import filled
from ckpt_studio.gui.wrapped_label import WrappedLabel

_NEAR: Final = 3
"""A press and a release so few pixels apart are a click."""


class LinkLabel(WrappedLabel):
    """One name. A click, Enter or Space goes there; its text can be selected all the same."""

    activated = Signal()

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(object_name, parent=parent)
        self._pressed: QPointF | None = None
        font = self.font()
        font.setUnderline(True)
        self.setFont(font)
        self.setForegroundRole(QPalette.ColorRole.Link)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton else None
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if pressed is not None and (event.position() - pressed).manhattanLength() <= _NEAR:
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit()
        else:
            super().keyPressEvent(event)


class Links(QWidget):
    """Some links, one under the other, and how many more there would be."""

    activated = Signal(str)
    """The key of the variable to go to."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self._labels: list[LinkLabel] = []
        self._keys: list[str] = []
        self._more = WrappedLabel(f"{object_name}_more", parent=self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._more)

    def show_links(self, links: Sequence[tuple[str, str]], more: int) -> None:
        """Show texts that lead to keys; `more` is how many are left out."""
        self._keys = [key for _, key in links]
        while len(self._labels) < len(links):
            self._add()
        for place, label in enumerate(self._labels):
            label.setVisible(place < len(links))
            if place < len(links):
                label.setText(links[place][0])
                label.setAccessibleName(filled(self.tr("Go to %1"), links[place][0]))
        self._more.setText(self.tr("and %n more", "", more) if more else "")
        self._more.setVisible(more > 0)

    def text(self) -> str:
        """All that is shown."""
        shown = [label.text() for label in self._labels[: len(self._keys)]]
        return ", ".join([*shown, self._more.text()] if self._more.text() else shown)

    def _add(self) -> None:
        place = len(self._labels)
        label = LinkLabel(f"{self.objectName()}_{place}", self)
        label.activated.connect(lambda: self.activated.emit(self._keys[place]))
        self._labels.append(label)
        self._layout.insertWidget(place, label)
