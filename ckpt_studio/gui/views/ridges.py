"""Draws a histogram for each channel behind the next one, or as shades where there are more than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ckpt_studio.gui.plots.colours import faded
from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.layers import Layer, staircase

if TYPE_CHECKING:
    from ckpt_studio.analysis.ridgeline import Ridgeline

OVERLAP: Final = 1.8
"""A ridge is at most so many rows high."""
_LEAST_ROW: Final = 5.0
"""Rows of fewer pixels are drawn as shades."""


class Ridges(Layer):
    """The channels of one axis, the first at the top; each is as high as its own highest bin lets it be.

    The y axis counts channels and is inverted.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: Ridgeline | None = None
        self._heights: NDArray[np.float64] = np.empty((0, 0))

    def set_ridges(self, found: Ridgeline | None, log: bool = False) -> None:
        """Draw these, with heights that are counts or their logarithms; None for nothing."""
        self._found = found
        if found is not None:
            heights = np.log1p(found.counts) if log else found.counts.astype(np.float64)
            self._heights = heights / np.maximum(heights.max(1, initial=0, keepdims=True), 1e-9)
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        found = self._found
        if found is None:
            return
        low, high = frame.y.view
        first = max(int(low), 0) // found.per_row
        last = min(int(np.ceil(high / found.per_row)), len(self._heights))
        if frame.area.height() / max(high - low, 1e-9) * found.per_row >= _LEAST_ROW:
            self._paint_ridges(painter, frame, found, first, last)
        else:
            self._paint_shades(painter, frame, found)

    def _paint_ridges(self, painter: QPainter, frame: Frame, found: Ridgeline, first: int, last: int) -> None:
        line = frame.colours.staged
        fill = faded(_mixed(frame.colours.base, line, 0.35), 0.9)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for row in range(
            first, min(last + 2, len(self._heights))
        ):  # the next ones reach up into what is seen
            ground = float((row + 1) * found.per_row)
            tops = ground - self._heights[row] * OVERLAP * found.per_row
            path = staircase(frame, found.edges, tops, ground)
            painter.fillPath(path, fill)
            painter.strokePath(path, QPen(line, 1))

    def _paint_shades(self, painter: QPainter, frame: Frame, found: Ridgeline) -> None:
        """Each pixel shows the highest of the bins that it stands for."""
        down = max(int(frame.area.height() * frame.ratio), 1)
        low, high = frame.y.view
        ends = np.linspace(low, high, down + 1) / found.per_row
        rows = np.clip(np.floor(ends[:-1]).astype(np.intp), 0, len(self._heights) - 1)
        tallest = np.maximum.reduceat(self._heights, rows, axis=0)
        columns = frame.columns()
        bins = np.searchsorted(found.edges, (columns[:-1] + columns[1:]) / 2, "right") - 1
        shades = tallest[:, np.clip(bins, 0, self._heights.shape[1] - 1)]
        shades[ends[:-1] < 0] = 0
        shades[:, (bins < 0) | (bins >= self._heights.shape[1])] = 0
        table = (
            np.linspace(_rgb(frame.colours.base), _rgb(frame.colours.staged), 256).round().astype(np.uint8)
        )
        pixels = np.ascontiguousarray(table[(shades * 255).round().astype(np.uint8)])
        height, width = shades.shape
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        painter.drawImage(frame.area, image, QRectF(0, 0, width, height))


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _mixed(one: QColor, other: QColor, part: float) -> QColor:
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return QColor(*(round(a * (1 - part) + b * part) for a, b in pairs))
