"""Two bars that show how many bytes of a checkpoint are weights, optimizer slots and the rest, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.texts import byte_size

_GAP: Final = 6
_COLOURS: Final = {
    "weight": ("#3b6fd4", "#6c9bf2"),
    "slot": ("#d98324", "#e9a45a"),
    "statistic": ("#3f9b63", "#62c088"),
    "counter": ("#8a63c9", "#ab8be0"),
    "metadata": ("#7b8087", "#9aa0a8"),
}
"""On light and on dark."""


class RoleBar(QWidget):
    """The bars, to one scale, with a text beside each part's colour below them."""

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, object_name, self.tr("Bytes by role"))
        self._before: Mapping[str, int] = {}
        self._after: Mapping[str, int] | None = None
        self._words = {
            "weight": self.tr("weights"), "slot": self.tr("optimizer slots"), "counter": self.tr("counters"),
            "statistic": self.tr("statistics"), "metadata": self.tr("metadata"),
        }  # fmt: skip
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bytes(self, before: Mapping[str, int], after: Mapping[str, int] | None) -> None:
        """Show these bytes by role; without `after`, as they are."""
        self._before, self._after = before, after
        texts = [self.tr("Before: %1").replace("%1", self._said(before))]
        if after is not None:
            texts.append(self.tr("After: %1").replace("%1", self._said(after)))
        self.setAccessibleDescription(". ".join(texts))
        self.update()

    def _said(self, amounts: Mapping[str, int]) -> str:
        parts = (f"{self._words[role]} {byte_size(count)}" for role, count in amounts.items())
        return ", ".join(parts)

    def sizeHint(self) -> QSize:
        return QSize(360, 3 * self._line() + 2 * _GAP)

    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        rows = ((self.tr("Before"), self._before), (self.tr("After"), self._after))
        label = max(self.fontMetrics().horizontalAdvance(text) for text, _ in rows) + 10
        amount = self.fontMetrics().horizontalAdvance("888.8 MB") + 10
        room = max(self.width() - label - amount, 1)
        whole = max(sum(self._before.values()), sum((self._after or {}).values()), 1)
        line = self._line()
        for row, (text, amounts) in enumerate(rows):
            top = row * (line + _GAP)
            painter.setPen(self.palette().windowText().color())
            painter.drawText(QRectF(0, top, label, line), Qt.AlignmentFlag.AlignVCenter, text)
            if amounts is None:
                continue
            left = float(label)
            for role, count in amounts.items():
                width = room * count / whole
                painter.fillRect(QRectF(left, top + 2, width, line - 4), self._colour(role))
                left += width
            painter.drawText(
                QRectF(left + 6, top, amount, line),
                Qt.AlignmentFlag.AlignVCenter,
                byte_size(sum(amounts.values())),
            )
        self._paint_legend(painter, 2 * (line + _GAP), label)

    def _paint_legend(self, painter: QPainter, top: int, left: int) -> None:
        line = self._line()
        side = line // 2
        for role in self._before:
            painter.fillRect(QRectF(left, top + (line - side) / 2, side, side), self._colour(role))
            text = self._words[role]
            width = self.fontMetrics().horizontalAdvance(text)
            painter.drawText(
                QRectF(left + side + 4, top, width + 2, line), Qt.AlignmentFlag.AlignVCenter, text
            )
            left += side + width + 20

    def _colour(self, role: str) -> QColor:
        dark = self.palette().window().color().lightness() < 128
        return QColor(_COLOURS[role][dark])
