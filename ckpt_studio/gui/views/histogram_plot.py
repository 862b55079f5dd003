"""The drawing of histograms, one over the other; imported late, because it needs pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from ckpt_studio.analysis.histogram import Histogram
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.views.axes import CountAxis, FramedPlot, ValueAxis, colour_plot

_LOG_FLOOR = -0.3
"""Where a logarithmic axis begins: log10 of half an element, so that a single one can be seen."""


class HistogramPlot(FramedPlot):
    """Counts of bins as filled steps; a second histogram is an outline.

    `pointed` is emitted with the bin under the pointer, None when it has left.
    """

    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(ValueAxis("bottom"), CountAxis("left"), parent)
        self._found: tuple[Histogram, ...] = ()
        self._log = False
        plot = self.getPlotItem()
        plot.setLabel("bottom", self.tr("value"))
        plot.setLabel("left", self.tr("elements"))
        plot.showGrid(y=True, alpha=0.15)
        plot.getViewBox().setMouseEnabled(x=True, y=False)
        self._filled, self._outline = Steps(), Steps()
        self._outline.setZValue(1)
        self._mark = pg.LinearRegionItem(movable=False, pen=pg.mkPen(None))
        self._mark.setZValue(2)
        self._mark.hide()
        for item in (self._filled, self._outline, self._mark):
            plot.addItem(item)
        self._take_colours()

    def show_histograms(self, found: Sequence[Histogram], log: bool) -> None:
        """Draw them; the first filled, the second as an outline. All have the same edges."""
        moved = not self._found or not np.array_equal(self._found[0].edges, found[0].edges)
        self._found = tuple(found)
        self._log = log
        self._mark.hide()
        self.pointed.emit(None)
        self.getPlotItem().getAxis("left").setLogMode(y=log)
        for item, histogram in zip((self._filled, self._outline), (*self._found, None), strict=False):
            if histogram is None:
                item.clear()
            else:
                item.set_steps(histogram.edges, self._heights(histogram.counts), self._floor)
        self._fit(moved)

    def clear_histograms(self) -> None:
        """Draw nothing."""
        self._found = ()
        self._filled.clear()
        self._outline.clear()
        self._mark.hide()

    def reset_zoom(self) -> None:
        """Show all bins."""
        self._fit(True)

    @property
    def _floor(self) -> float:
        return _LOG_FLOOR if self._log else 0.0

    def _heights(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return np.log10(np.maximum(counts, 0.5)) if self._log else counts.astype(np.float64)

    def _fit(self, across: bool) -> None:
        if not self._found:
            return
        edges = self._found[0].edges
        box = self.getPlotItem().getViewBox()
        low, high = float(edges[0]), float(edges[-1])
        box.setLimits(xMin=low - (high - low) * 0.05, xMax=high + (high - low) * 0.05)
        if across:
            box.setXRange(low, high, padding=0.02)
        top = max(float(self._heights(h.counts).max(initial=0)) for h in self._found)
        box.setYRange(self._floor, self._floor + max(top - self._floor, 1) * 1.06, padding=0.0)

    # ---- the pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which bin is under the pointer."""
        super().mouseMoveEvent(event)
        self._point(event.position())

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is somewhere else."""
        super().leaveEvent(event)
        self._mark.hide()
        self.pointed.emit(None)

    def bin_at(self, value: float) -> int | None:
        """Which bin holds a value, None outside."""
        edges = self._found[0].edges if self._found else np.empty(0)
        if not len(edges) or not edges[0] <= value <= edges[-1]:
            return None
        return min(int(np.searchsorted(edges, value, "right")) - 1, len(edges) - 2)

    def _point(self, position: QPointF) -> None:
        value = self.getPlotItem().getViewBox().mapSceneToView(self.mapToScene(position.toPoint())).x()
        place = self.bin_at(value)
        if place is None:
            self._mark.hide()
        else:
            edges = self._found[0].edges
            self._mark.setRegion((float(edges[place]), float(edges[place + 1])))
            self._mark.show()
        self.pointed.emit(place)

    # ---- colours

    def changeEvent(self, event: QEvent) -> None:
        """Follow the window from light to dark and back."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_mark"):
            self._take_colours()

    def _take_colours(self) -> None:
        colours = PlotColours.of(self.palette())
        colour_plot(self, colours)
        fill = QColor(colours.staged)
        fill.setAlphaF(0.55)
        self._filled.set_colours(colours.staged, fill)
        self._outline.set_colours(colours.original, None)
        shade = QColor(colours.text)
        shade.setAlphaF(0.12)
        self._mark.setBrush(shade)


class Steps(pg.GraphicsObject):
    """A staircase over bins, filled or not: a bar each would cost an object a bin."""

    def __init__(self) -> None:
        super().__init__()
        self._path = QPainterPath()
        self._bounds = QRectF()
        self._pen: Any = pg.mkPen(None)
        self._brush: Any = pg.mkBrush(None)

    def set_steps(self, edges: NDArray[np.float64], heights: NDArray[np.float64], floor: float) -> None:
        """Bins from `edges[i]` to `edges[i + 1]`, from `floor` up to `heights[i]`."""
        x = np.repeat(edges, 2)
        y = np.concatenate([[floor], np.repeat(heights, 2), [floor]])
        self.prepareGeometryChange()
        self._path = pg.arrayToQPath(x, y, connect="all")
        top = max(float(y.max()), floor)
        self._bounds = QRectF(float(edges[0]), floor, float(edges[-1] - edges[0]), max(top - floor, 1e-9))
        self.update()

    def clear(self) -> None:
        """Draw nothing."""
        self.prepareGeometryChange()
        self._path, self._bounds = QPainterPath(), QRectF()
        self.update()

    def set_colours(self, line: QColor, fill: QColor | None) -> None:
        """Colour of the outline and, where there is one, of the area."""
        self._pen = pg.mkPen(line, width=1.5 if fill is None else 1)
        self._pen.setCosmetic(True)
        self._brush = pg.mkBrush(fill)
        self.update()

    def boundingRect(self) -> QRectF:
        """Where something is drawn."""
        return self._bounds

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw the staircase."""
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawPath(self._path)
