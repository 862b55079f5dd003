"""Which colour stands for which value, how many values have it, and how NaN and Inf look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QLineF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.plots.ticks import Numbers, ticks_of
from ckpt_studio.gui.views.colours import FIRST, INF_INDEX, LAST, NAN_INDEX, Painted, Tone, colour_table
from ckpt_studio.gui.views.numbers import number_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        self._tone: Tone | None = None
        self._spread: Spread | None = None
        self._counts: NDArray[np.float64] | None = None
        self._special: list[tuple[str, int]] = []
        self._mark: float | None = None

    def show_colours(self, painted: Painted, spread: Spread | None) -> None:
        """Draw the ramp of this picture, and how its values are spread, if that is known."""
        found = painted.heatmap
        masks = (("NaN", NAN_INDEX, found.nan_mask), ("Inf", INF_INDEX, found.inf_mask))
        special = [(name, index) for name, index, mask in masks if mask.any()]
        if (painted.tone, spread, special) == (self._tone, self._spread, self._special):
            return
        self._tone, self._spread, self._special = painted.tone, spread, special
        texts = [self.tr("Colours from {0} to {1}").format(*map(number_text, painted.tone.limits))]
        texts += [self.tr("{0} has a colour of its own").format(name) for name, _ in special]
        self.setAccessibleName(", ".join(texts))
        self._counts = None
        if spread is not None and len(spread.classes.counts):
            counts = np.log1p(spread.histogram(painted.tone.edges(_BINS)))
            self._counts = counts / counts.max()
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
        tone = self._tone
        if tone is None:
            return
        metrics, colours = self.fontMetrics(), PlotColours.of(self.palette())
        table = colour_table(tone.ramp, colours)
        line = metrics.height() + 4
        foot = line * len(self._special) + (8 if self._special else 0)
        top = metrics.height() // 2 + 4
        ramp = QRectF(_COUNTS, top, _RAMP, max(20, self.height() - foot - 2 * top))
        _draw_pixels(painter, ramp, table[LAST : FIRST - 1 : -1, None])
        if self._counts is not None:
            _draw_pixels(
                painter, ramp.adjusted(-_COUNTS, 0, -_RAMP - 2, 0), _bars(self._counts, colours.text)
            )
        self._draw_numbers(painter, ramp, tone, colours)
        painter.setPen(colours.text)
        for place, (name, index) in enumerate(self._special):
            box = QRect(_COUNTS, self.height() - line * (len(self._special) - place), _RAMP, line - 4)
            painter.fillRect(box, QColor(*map(int, table[index, :3])))
            room = QRect(_COUNTS + _RAMP + 6, box.top(), self.width(), box.height())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, name)

    def _draw_numbers(self, painter: QPainter, ramp: QRectF, tone: Tone, colours: PlotColours) -> None:
        metrics = self.fontMetrics()
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


def _bars(parts: NDArray[np.float64], colour: QColor) -> NDArray[np.uint8]:
    """A line of pixels for each part of 1, growing leftwards; the first part is the lowest. RGBA [parts, pixels, 4]."""
    filled = np.arange(_COUNTS)[::-1] < parts[::-1, None] * _COUNTS
    pixels = np.empty((*filled.shape, 4), np.uint8)
    pixels[..., :3] = colour.red(), colour.green(), colour.blue()
    pixels[..., 3] = filled * 90
    return pixels


def _draw_pixels(painter: QPainter, place: QRectF, pixels: NDArray[np.uint8]) -> None:
    """RGBA [down, across, 4]. In one go: each call of Qt lets other threads have the interpreter."""
    pixels = np.ascontiguousarray(pixels)
    down, across, _ = pixels.shape
    image = QImage(pixels.data, across, down, across * 4, QImage.Format.Format_RGBA8888)
    painter.drawImage(place, image)
