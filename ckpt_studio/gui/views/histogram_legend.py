"""The histogram's legend, drawn as the histograms are: filled, and outlined, with words beside it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.plots.colours import PlotColours

_GAP = 6


class Legend(QWidget):
    """Which drawing is which: staged values are filled, original ones an outline."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("histogramLegend")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._entries = ((True, self.tr("Staged")), (False, self.tr("Original")))
        self.setAccessibleName(self.tr("Staged values are filled, original values are an outline"))
        self.hide()

    def sizeHint(self) -> QSize:
        """One line."""
        metrics = self.fontMetrics()
        width = sum(
            metrics.horizontalAdvance(text) + 2 * metrics.height() + _GAP for _, text in self._entries
        )
        return QSize(width, metrics.height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it on the screen."""
        self.draw(QPainter(self))

    def draw(self, painter: QPainter) -> None:
        """Draw it at the painter's origin."""
        colours, metrics = PlotColours.of(self.palette()), self.fontMetrics()
        side, left = metrics.height(), 4
        for filled, text in self._entries:
            line = colours.staged if filled else colours.original
            fill = QColor(line)
            fill.setAlphaF(0.55 if filled else 0.0)
            painter.setPen(QPen(line, 1.5))
            painter.setBrush(fill)
            painter.drawRect(QRectF(left, 5, side * 1.2, side - 4))
            left += round(side * 1.2) + _GAP
            painter.setPen(colours.text)
            painter.drawText(left, 3 + metrics.ascent(), text)
            left += metrics.horizontalAdvance(text) + side
