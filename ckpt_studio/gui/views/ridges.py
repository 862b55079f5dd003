"""Draws a histogram for each channel behind the next one, or as shades where there are more than there is room for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from ckpt_studio.gui.plots.colours import faded
from ckpt_studio.gui.plots.frame import Frame
from ckpt_studio.gui.plots.layers import Layer, staircase

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
        self._drawn: tuple[Ridgeline, NDArray[np.float64]] | None = None

    def set_ridges(self, found: Ridgeline | None, log: bool = False) -> None:
        """Draw these, with heights that are counts or their logarithms; None for nothing."""
        if found is None:
            self._drawn = None
        else:
            import numpy as np

            heights = np.log1p(found.counts) if log else found.counts.astype(np.float64)
            self._drawn = found, heights / np.maximum(heights.max(1, initial=0, keepdims=True), 1e-9)
        self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._drawn is None:
            return
        found, heights = self._drawn
        low, high = frame.y.view
        seen = max(int(low), 0) // found.per_row, min(math.ceil(high / found.per_row), len(heights))
        if frame.area.height() / max(high - low, 1e-9) * found.per_row >= _LEAST_ROW:
            _paint_ridges(painter, frame, found, heights, seen)
        else:
            _paint_shades(painter, frame, found, heights[: seen[1]])


def _paint_ridges(
    painter: QPainter,
    frame: Frame,
    found: Ridgeline,
    heights: NDArray[np.float64],
    seen: tuple[int, int],
) -> None:
    line = frame.colours.staged
    fill = faded(_mixed(frame.colours.base, line, 0.35), 0.9)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for row in range(seen[0], min(seen[1] + 2, len(heights))):  # the next ones reach up into what is seen
        ground = float((row + 1) * found.per_row)
        path = staircase(frame, found.edges, ground - heights[row] * OVERLAP * found.per_row, ground)
        painter.fillPath(path, fill)
        painter.strokePath(path, QPen(line, 1))


def _paint_shades(painter: QPainter, frame: Frame, found: Ridgeline, heights: NDArray[np.float64]) -> None:
    """Each pixel shows the highest of the bins that it stands for, in the rows up to the last that is seen."""
    import numpy as np

    down, bins = max(int(frame.area.height() * frame.ratio), 1), heights.shape[1]
    ends = np.linspace(*frame.y.view, down + 1) / found.per_row
    rows = np.clip(np.floor(ends[:-1]).astype(np.intp), 0, len(heights) - 1)
    columns = frame.columns()
    places = np.searchsorted(found.edges, (columns[:-1] + columns[1:]) / 2, "right") - 1
    shades = np.maximum.reduceat(heights, rows, axis=0)[:, np.clip(places, 0, bins - 1)]
    shades[ends[:-1] < 0] = 0
    shades[:, (places < 0) | (places >= bins)] = 0
    ends_of_ramp = _rgb(frame.colours.base), _rgb(frame.colours.staged)
    ramp = np.linspace(*ends_of_ramp, 256).round().astype(np.uint8)
    pixels = np.ascontiguousarray(ramp[(shades * 255).round().astype(np.uint8)])
    height, width = shades.shape
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    painter.drawImage(frame.area, image, QRectF(0, 0, width, height))


def _rgb(colour: QColor) -> tuple[int, int, int]:
    return colour.red(), colour.green(), colour.blue()


def _mixed(one: QColor, other: QColor, part: float) -> QColor:
    pairs = zip(_rgb(one), _rgb(other), strict=True)
    return QColor(*(round(a * (1 - part) + b * part) for a, b in pairs))
