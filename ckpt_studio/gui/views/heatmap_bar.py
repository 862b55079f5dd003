"""Which colour stands for which value, how many values have it, and how NaN and Inf look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.plots.ticks import Numbers, ticks_of
from ckpt_studio.gui.views.colours import FIRST, INF_INDEX, LAST, NAN_INDEX, Painted, colour_table
from ckpt_studio.gui.views.numbers import number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.spread import Spread

_RAMP: Final = 14
_COUNTS: Final = 40
_BINS: Final = 96


class ColourBar(QWidget):
    """The ramp with its numbers; at its left the counts of the values (of their logarithms, so that few are seen)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "heatmapColourBar", self.tr("Colours"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._painted: Painted | None = None
        self._spread: Spread | None = None
        self._counts: list[float] = []
        self._special: list[tuple[str, int]] = []
        self._mark: float | None = None

    def show_colours(self, painted: Painted, spread: Spread | None) -> None:
        """Draw the ramp of this picture, and how its values are spread, if that is known."""
        self._painted, self._spread = painted, spread
        found = painted.heatmap
        masks = (("NaN", NAN_INDEX, found.nan_mask), ("Inf", INF_INDEX, found.inf_mask))
        self._special = [(name, index) for name, index, mask in masks if mask.any()]
        texts = [self.tr("Colours from {0} to {1}").format(*map(number_text, painted.tone.limits))]
        texts += [self.tr("{0} has a colour of its own").format(name) for name, _ in self._special]
        self.setAccessibleName(", ".join(texts))
        self._counts = []
        if spread is not None and len(spread.counts):
            counts = np.log1p(spread.histogram(painted.tone.edges(_BINS)))
            self._counts = (counts / counts.max()).tolist()
        self.setToolTip(self._explained())
        self.update()

    def _explained(self) -> str:
        if self._spread is None:
            return ""
        if self._spread.every > 1:
            return self.tr("Counts of one stretch of values in {0:,}, on a logarithmic scale").format(
                self._spread.every
            )
        return self.tr("Counts of the values, on a logarithmic scale")

    def set_mark(self, value: float | None) -> None:
        """Point at the colour of a value."""
        if value is not None and not np.isfinite(value):
            value = None
        if value != self._mark:
            self._mark = value
            self.update()

    def sizeHint(self) -> QSize:
        """Room for any number with three digits, so that the picture keeps its size."""
        return QSize(_COUNTS + _RAMP + 12 + self.fontMetrics().horizontalAdvance("-0.00e-000"), 120)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it on the screen."""
        painter = QPainter(self)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """Draw ramp, counts, numbers and the special colours at the painter's origin."""
        painted = self._painted
        if painted is None:
            return
        metrics, colours = self.fontMetrics(), PlotColours.of(self.palette())
        table = colour_table(painted.tone.ramp, colours)
        line = metrics.height() + 4
        foot = line * len(self._special) + (8 if self._special else 0)
        top = metrics.height() // 2 + 4
        ramp = QRectF(_COUNTS, top, _RAMP, max(20, self.height() - foot - 2 * top))
        pixels = np.ascontiguousarray(table[LAST : FIRST - 1 : -1].reshape(-1, 1, 4))
        painter.drawImage(ramp, QImage(pixels.data, 1, len(pixels), 4, QImage.Format.Format_RGBA8888))
        self._draw_counts(painter, ramp, colours)
        self._draw_numbers(painter, ramp, painted, colours)
        painter.setPen(colours.text)
        for place, (name, index) in enumerate(self._special):
            box = QRect(_COUNTS, self.height() - line * (len(self._special) - place), _RAMP, line - 4)
            painter.fillRect(box, QColor(*map(int, table[index, :3])))
            room = QRect(_COUNTS + _RAMP + 6, box.top(), self.width(), box.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_counts(self, painter: QPainter, ramp: QRectF, colours: PlotColours) -> None:
        high = ramp.height() / max(1, len(self._counts))
        right = ramp.left() - 2
        outline = [QPointF(right, ramp.bottom())]
        for place, part in enumerate(self._counts):
            bottom, left = ramp.bottom() - place * high, right - part * (_COUNTS - 6)
            outline += [QPointF(left, bottom), QPointF(left, bottom - high)]
        outline.append(QPointF(right, ramp.top()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(faded(colours.text, 0.35))
        painter.drawPolygon(QPolygonF(outline))

    def _draw_numbers(self, painter: QPainter, ramp: QRectF, painted: Painted, colours: PlotColours) -> None:
        tone, metrics = painted.tone, self.fontMetrics()
        painter.setPen(colours.text)
        for tick in ticks_of(
            tone.scale, Numbers.values, *tone.limits, ramp.height(), lambda _: metrics.height() * 1.6
        ):
            y = ramp.bottom() - tone.place(tick.value) * ramp.height()
            painter.drawLine(QLineF(ramp.right(), y, ramp.right() + (3 if tick.text else 2), y))
            painter.drawText(int(ramp.right()) + 6, int(y + metrics.ascent() / 2 - 1), tick.text)
        if self._mark is not None:
            y = ramp.bottom() - tone.place(self._mark) * ramp.height()
            painter.setPen(QPen(colours.text, 2))
            painter.drawLine(QLineF(ramp.left() - 4, y, ramp.right() + 4, y))
