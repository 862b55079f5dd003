"""What is drawn over the picture of a heatmap: values in the cells, lines between filters, and where a person looks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ckpt_studio.gui.plots.colours import PlotColours, faded
from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.layers import Layer
from ckpt_studio.gui.views.colours import (
    BLANK_INDEX,
    INF_INDEX,
    NAN_INDEX,
    Painted,
    colour_table,
    image_of,
)
from ckpt_studio.gui.views.numbers import number_text

_LEAST_CELL: Final = 9
"""Pixels from which on a cell has room for a sign."""
_MOST_CELLS: Final = 1500
_GAP: Final = 14
"""Pixels between the lines of filters, at least."""
_MARK: Final = 5
"""Pixels of a mark at the edge."""
_FRAMED: Final = 4
"""Pixels from which on the element that is read gets a frame."""


class Cells(Layer):
    """The value of each element in its cell, where there is room; where there is less, a sign for NaN and Inf."""

    def __init__(self) -> None:
        super().__init__()
        self._painted: Painted | None = None

    def set_picture(self, painted: Painted | None) -> None:
        """The values of this picture, if its pixels are single elements."""
        self._painted = painted if painted is not None and painted.heatmap.elements is not None else None
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        painted = self._painted
        if painted is None:
            return
        picture = painted.heatmap
        top, left = picture.request.rows[0], picture.request.columns[0]
        wide, high = frame.across(1) - frame.across(0), frame.down(1) - frame.down(0)
        rows = _seen(frame.y.view, picture.request.rows)
        columns = _seen(frame.x.view, picture.request.columns)
        if min(wide, high) < _LEAST_CELL or len(rows) * len(columns) > _MOST_CELLS:
            return
        inks = _inks(painted, frame.colours)
        metrics = painter.fontMetrics()
        roomy = high >= metrics.height() + 2 and wide >= metrics.horizontalAdvance("-0.00") + 4
        for row in rows:
            for column in columns:
                place = row - top, column - left
                special = picture.nan_mask[place] or picture.inf_mask[place]
                if not (roomy or special) or picture.request.plane.index(row, column) is None:
                    continue
                cell = frame.rect(column, row, column + 1, row + 1)
                text = self._text(painted, place, cell, metrics) if roomy else _sign(picture.nan_mask[place])
                painter.setPen(inks[painted.indices[place]])
                painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)

    @staticmethod
    def _text(painted: Painted, place: tuple[int, int], cell: QRectF, metrics: object) -> str:
        """As many digits as there is room for."""
        elements = painted.heatmap.elements
        assert elements is not None
        value = elements[place]
        text = number_text(value)
        advance = metrics.horizontalAdvance  # type: ignore[attr-defined]
        if advance(text) <= cell.width() - 4:
            return text
        number = complex(value) if elements.dtype.kind == "c" else float(value)
        for digits in (4, 3, 2, 1):
            text = f"{number:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")
            if advance(text) <= cell.width() - 4:
                return text
        return "…"


def _seen(view: tuple[float, float], span: tuple[int, int]) -> range:
    return range(max(int(view[0]), span[0]), min(int(np.ceil(view[1])), span[1]))


def _sign(nan: bool) -> str:
    return "×" if nan else "∞"


def _inks(painted: Painted, colours: PlotColours) -> list[QColor]:
    """Black or white for each colour of the table, whichever is read better on it."""
    table = colour_table(painted.tone.ramp, colours)
    bright = table[:, :3] @ np.array([0.299, 0.587, 0.114])
    return [QColor("#000000" if light else "#ffffff") for light in (bright > 140).tolist()]


class EdgeMarks(Layer):
    """Marks at the right and at the top edge where a row and a column have NaN or Inf: one pixel is easily missed."""

    def __init__(self) -> None:
        super().__init__()
        self._painted: Painted | None = None
        self._marks: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None

    def set_picture(self, painted: Painted | None) -> None:
        """Mark what this picture has."""
        self._painted, self._marks = painted, None
        if painted is not None:
            nan, inf = painted.heatmap.nan_mask, painted.heatmap.inf_mask
            if nan.any() or inf.any():
                sides = (np.where(nan.any(axis), NAN_INDEX, np.where(inf.any(axis), INF_INDEX, BLANK_INDEX))
                         for axis in (1, 0))  # fmt: skip
                right, top = (np.ascontiguousarray(side, np.uint8) for side in sides)
                self._marks = right, top
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._painted is None or self._marks is None:
            return
        picture, area = self._painted.heatmap, frame.area
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        right, top, bottom = _part(self._marks[0], picture.row_edges, frame.y.view)
        place = QRectF(area.right() - _MARK, frame.down(top), _MARK, frame.down(bottom) - frame.down(top))
        self._draw(painter, right[:, None], place, frame)
        above, first, last = _part(self._marks[1], picture.column_edges, frame.x.view)
        place = QRectF(frame.across(first), area.top(), frame.across(last) - frame.across(first), _MARK)
        self._draw(painter, above[None], place, frame)

    def _draw(self, painter: QPainter, marks: NDArray[np.uint8], place: QRectF, frame: Frame) -> None:
        if self._painted is not None and marks.size:
            painter.drawImage(place, image_of(marks, self._painted.tone, frame.colours))


def _part(
    marks: NDArray[np.uint8], edges: NDArray[np.int64], view: tuple[float, float]
) -> tuple[NDArray[np.uint8], int, int]:
    """Those that are seen, and where the first begins and the last ends; the drawing engine is imprecise with more."""
    first = max(int(np.searchsorted(edges, view[0], "right")) - 1, 0)
    last = max(min(int(np.searchsorted(edges, view[1], "left")), len(marks)), first)
    return marks[first:last], int(edges[first]), int(edges[last])


class FilterLines(Layer):
    """Lines between the filters of a grid, where they do not stand too close."""

    def __init__(self) -> None:
        super().__init__()
        self._cell: tuple[int, int] | None = None

    def set_cells(self, cell: tuple[int, int] | None) -> None:
        """Rows and columns of a filter, None for no lines."""
        self._cell = cell
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._cell is None:
            return
        high, wide = self._cell
        if min(frame.down(high) - frame.down(0), frame.across(wide) - frame.across(0)) < _GAP:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(faded(frame.colours.text, 0.5), 1))
        area = frame.area
        for row in range(int(frame.y.view[0]) // high * high, int(frame.y.view[1]) + 1, high):
            at = frame.down(row)
            painter.drawLine(QLineF(area.left(), at, area.right(), at))
        for column in range(int(frame.x.view[0]) // wide * wide, int(frame.x.view[1]) + 1, wide):
            at = frame.across(column)
            painter.drawLine(QLineF(at, area.top(), at, area.bottom()))


class Spot(Layer):
    """The element that is read: lines to both axes, and a frame around it; while it is pinned, the lines are solid."""

    over = True

    def __init__(self) -> None:
        super().__init__()
        self._at: tuple[int, int] | None = None
        self._pinned = False

    def set_spot(self, at: tuple[int, int] | None, pinned: bool) -> None:
        """Row and column."""
        self._at, self._pinned = at, pinned
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._at is None:
            return
        row, column = self._at
        cell = frame.rect(column, row, column + 1, row + 1)
        area, middle = frame.area, cell.center()
        style = Qt.PenStyle.SolidLine if self._pinned else Qt.PenStyle.DotLine
        painter.setPen(QPen(frame.colours.text if self._pinned else frame.colours.faint, 1, style))
        painter.drawLine(QLineF(middle.x(), area.top(), middle.x(), cell.top()))
        painter.drawLine(QLineF(middle.x(), cell.bottom(), middle.x(), area.bottom()))
        painter.drawLine(QLineF(area.left(), middle.y(), cell.left(), middle.y()))
        painter.drawLine(QLineF(cell.right(), middle.y(), area.right(), middle.y()))
        if min(cell.width(), cell.height()) >= _FRAMED:
            painter.setPen(QPen(frame.colours.text, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(cell)
