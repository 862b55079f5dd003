"""Draws the axes of a plot: lines, marks, numbers, names and grid; and knows how much room they take."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QLineF, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QFontMetricsF, QPainter, QPen

from ckpt_studio.gui.plots.axis import Axis
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.ticks import Numbers, Tick, ticks_of, whole_text

_MARK: Final = 4
_SMALL_MARK: Final = 2
_GAP: Final = 4
"""Pixels between mark, number and name."""
_EDGE: Final = 6
"""Pixels at the edge of the widget."""


class Sides:
    """Both axes of a plot, as they are seen."""

    def room(self, x: Axis, y: Axis, metrics: QFontMetrics, width: int, height: int) -> QMarginsF:
        """What the axes need around the picture, in whole pixels."""
        line = metrics.height()
        bottom = _MARK + _GAP + line + (line + 2 if x.label else 0) + 3
        top = line // 2 + _GAP
        texts = [tick.text for tick in self._down(y, height - top - bottom, metrics)] + [y.reserve]
        widest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        left = _EDGE + widest + _GAP + _MARK + (line + 2 if y.label else 0)
        return QMarginsF(left, top, max(14, metrics.horizontalAdvance("00,000") // 2), bottom)

    @staticmethod
    def _across(axis: Axis, length: float, metrics: QFontMetrics | QFontMetricsF) -> list[Tick]:
        return ticks_of(
            axis.scale, axis.numbers, *axis.view, length, lambda text: metrics.horizontalAdvance(text) + 14
        )

    @staticmethod
    def _down(axis: Axis, length: float, metrics: QFontMetrics | QFontMetricsF) -> list[Tick]:
        return ticks_of(axis.scale, axis.numbers, *axis.view, length, lambda _: metrics.height() * 1.5)

    def draw_grid(self, painter: QPainter, frame: Frame) -> None:
        """Lines under the layers."""
        painter.setPen(QPen(frame.colours.grid, 1))
        area, metrics = frame.area, painter.fontMetrics()
        if frame.x.grid:
            for tick in self._across(frame.x, area.width(), metrics):
                if tick.text:
                    at = _sharp(frame.across(tick.value))
                    painter.drawLine(QLineF(at, area.top(), at, area.bottom()))
        if frame.y.grid:
            for tick in self._down(frame.y, area.height(), metrics):
                if tick.text:
                    at = _sharp(frame.down(tick.value))
                    painter.drawLine(QLineF(area.left(), at, area.right(), at))

    def draw(self, painter: QPainter, frame: Frame, width: int, height: int) -> None:
        """Lines, marks, numbers and names, over the layers."""
        area, colours, metrics = frame.area, frame.colours, painter.fontMetrics()
        painter.setPen(QPen(colours.faint, 1))
        left, bottom = area.left() - 0.5, area.bottom() + 0.5
        painter.drawLine(QLineF(left, area.top(), left, bottom))
        painter.drawLine(QLineF(left, bottom, area.right(), bottom))
        for tick in self._across(frame.x, area.width(), metrics):
            self._draw_across(painter, frame, tick, width)
        for tick in self._down(frame.y, area.height(), metrics):
            self._draw_down(painter, frame, tick)
        self._draw_names(painter, frame, width, height)

    @staticmethod
    def _draw_across(painter: QPainter, frame: Frame, tick: Tick, width: int) -> None:
        at, bottom, metrics = (
            _sharp(frame.across(tick.value)),
            frame.area.bottom() + 0.5,
            painter.fontMetrics(),
        )
        painter.setPen(QPen(frame.colours.faint, 1))
        painter.drawLine(QLineF(at, bottom, at, bottom + (_MARK if tick.text else _SMALL_MARK)))
        painter.setPen(frame.colours.text)
        taken = metrics.horizontalAdvance(tick.text)
        left = min(at - taken / 2, width - taken - 2.0)
        painter.drawText(QPointF(left, bottom + _MARK + _GAP + metrics.ascent()), tick.text)

    @staticmethod
    def _draw_down(painter: QPainter, frame: Frame, tick: Tick) -> None:
        at, left, metrics = _sharp(frame.down(tick.value)), frame.area.left() - 0.5, painter.fontMetrics()
        painter.setPen(QPen(frame.colours.faint, 1))
        painter.drawLine(QLineF(left, at, left - (_MARK if tick.text else _SMALL_MARK), at))
        painter.setPen(frame.colours.text)
        width = metrics.horizontalAdvance(tick.text)
        middle = at + metrics.ascent() / 2 - 1
        painter.drawText(QPointF(left - _MARK - _GAP - width, middle), tick.text)

    @staticmethod
    def _draw_names(painter: QPainter, frame: Frame, width: int, height: int) -> None:
        area, metrics = frame.area, painter.fontMetrics()
        painter.setPen(frame.colours.text)
        centred = Qt.AlignmentFlag.AlignCenter
        middle = Qt.TextElideMode.ElideMiddle
        line = metrics.height()
        if frame.x.label:
            room = QRectF(area.left(), height - line - 2, area.width(), line)
            painter.drawText(room, centred, metrics.elidedText(frame.x.label, middle, int(area.width())))
        if frame.y.label:
            painter.save()
            painter.translate(1, area.bottom())
            painter.rotate(-90)
            text = metrics.elidedText(frame.y.label, middle, int(area.height()))
            painter.drawText(QRectF(0, 0, area.height(), line), centred, text)
            painter.restore()

    def draw_tags(self, painter: QPainter, frame: Frame, at: QPointF) -> None:
        """The values at a pixel, written over both axes."""
        x, y = frame.at(at)
        area, metrics = frame.area, painter.fontMetrics()
        across, down = self._text(frame.x, x), self._text(frame.y, y)
        width = metrics.horizontalAdvance(across) + 8
        left = min(max(at.x() - width / 2, 0.0), area.right() + 8 - width)
        _draw_tag(
            painter, frame.colours, QRectF(left, area.bottom() + 3, width, metrics.height() + 2), across
        )
        width = metrics.horizontalAdvance(down) + 8
        top = at.y() - metrics.height() / 2 - 1
        right = max(area.left() - 3, width)
        _draw_tag(painter, frame.colours, QRectF(right - width, top, width, metrics.height() + 2), down)

    @staticmethod
    def _text(axis: Axis, value: float) -> str:
        if axis.numbers is Numbers.indices:
            return whole_text(value // 1)
        return whole_text(round(value)) if axis.numbers is Numbers.counts else f"{value:.4g}"


def _draw_tag(painter: QPainter, colours: PlotColours, place: QRectF, text: str) -> None:
    painter.fillRect(place, colours.text)
    painter.setPen(colours.base)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _sharp(pixel: float) -> float:
    """The middle of a pixel, where a line of one pixel is sharp."""
    return int(pixel) + 0.5
