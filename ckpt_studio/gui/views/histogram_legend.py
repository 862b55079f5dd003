"""The histogram's legend, drawn as the histograms are: the first filled, the others outlined, a word beside each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.views.overlays import Overlay

_GAP = 6


class Legend(QWidget):
    """Which drawing is which; there only where there is more than one."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("histogramLegend")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._entries: tuple[Overlay, ...] = ()
        self.hide()

    def show_entries(self, entries: Sequence[Overlay]) -> None:
        """Name these."""
        self._entries = tuple(entries)
        self.setAccessibleName(
            self.tr("Filled: {0}; outlined: {1}").format(
                entries[0].title if entries else "", ", ".join(entry.title for entry in entries[1:])
            )
        )
        self.setVisible(len(entries) > 1)
        self.update()

    def sizeHint(self) -> QSize:
        """One line."""
        return QSize(100, self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it on the screen."""
        self.draw(QPainter(self))

    def draw(self, painter: QPainter) -> None:
        """Draw it at the painter's origin."""
        colours, metrics = PlotColours.of(self.palette()), self.fontMetrics()
        side, left = metrics.height(), 4
        room = self.width() - 4
        for place, entry in enumerate(self._entries):
            line = entry.colour(colours)
            painter.setPen(QPen(line, 1.5))
            painter.setBrush(faded(line, 0.0 if place else 0.55))
            painter.drawRect(QRectF(left, 5, side * 1.2, side - 4))
            left += round(side * 1.2) + _GAP
            painter.setPen(colours.text)
            text = metrics.elidedText(entry.title, Qt.TextElideMode.ElideMiddle, max(room - left, 20))
            painter.drawText(left, 3 + metrics.ascent(), text)
            left += metrics.horizontalAdvance(text) + side
