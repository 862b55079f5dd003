"""The signs of the histogram's legend, drawn as the histograms are: filled, and outlined."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.views.colours import PlotColours


class LegendSign(QWidget):
    """A small box in the colour of the staged or the original values."""

    def __init__(self, filled: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self._filled = filled
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As high as the text beside it."""
        side = self.fontMetrics().height()
        return QSize(side + side // 2, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box."""
        colours = PlotColours.of(self.palette())
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(2, 3, -2, -3)
        line = colours.staged if self._filled else colours.original
        painter.setPen(QPen(line, 1.5))
        if self._filled:
            fill = QColor(line)
            fill.setAlphaF(0.55)
            painter.setBrush(fill)
        painter.drawRect(box)
