"""The drawing of a heatmap: never the whole slice, only its reduced picture.

Imported late, because it needs pyqtgraph.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.views.axes import FramedPlot, IndexAxis, colour_plot
from ckpt_studio.gui.views.colours import (
    INF_INDEX,
    NAN_INDEX,
    Painted,
    colour_table,
)
from ckpt_studio.gui.views.numbers import number_text

_SETTLE_MS: Final = 40
"""A zoom or drag has to rest this long before what is seen is asked for."""


class HeatmapPlot(FramedPlot):
    """An overview of the whole slice and, over it, the part that is seen in detail.

    `viewChanged` is emitted when another part is seen, `pointed` with (row, column) under the pointer or None.
    """

    viewChanged = Signal()
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(IndexAxis("bottom"), IndexAxis("left"), parent)
        self._extent = (1, 1)
        self._overview: Painted | None = None
        self._detail: Painted | None = None
        plot = self.getPlotItem()
        box = plot.getViewBox()
        box.invertY(True)
        box.setDefaultPadding(0)
        box.disableAutoRange()
        self._images = tuple(pg.ImageItem(axisOrder="row-major") for _ in range(2))
        for image in self._images:
            plot.addItem(image)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.viewChanged)
        box.sigRangeChanged.connect(lambda *_: self._settle.start())
        self._take_colours()

    # ---- what is drawn

    def name_axes(self, rows: str, columns: str) -> None:
        """What runs down and what runs across."""
        self.getPlotItem().setLabel("left", rows)
        self.getPlotItem().setLabel("bottom", columns)

    def begin(self, rows: int, columns: int) -> None:
        """A slice of this extent: forget the pictures of the one before, show all of it."""
        room = self.fontMetrics().horizontalAdvance(f"{rows:,}") + self.fontMetrics().height() + 22
        self.getPlotItem().getAxis("left").setWidth(room)  # or the picture's size would follow the zoom
        if (rows, columns) != self._extent:
            self._extent = (rows, columns)
            box = self.getPlotItem().getViewBox()
            box.setLimits(
                xMin=0, xMax=columns, yMin=0, yMax=rows, minXRange=min(1, columns), minYRange=min(1, rows)
            )
        self._overview = self._detail = None
        for image in self._images:
            image.clear()
        self.reset_zoom()

    def set_overview(self, picture: Painted) -> None:
        """The whole slice; its limits are those of the colours."""
        self._overview = picture
        self._draw(self._images[0], picture)

    def set_detail(self, picture: Painted | None) -> None:
        """The part that is seen."""
        if picture is not None or self._detail is not None:
            self._detail = picture
            self._draw(self._images[1], picture)

    def reset_zoom(self) -> None:
        """Show the whole slice."""
        rows, columns = self._extent
        self.getPlotItem().getViewBox().setRange(xRange=(0, columns), yRange=(0, rows), padding=0)

    @property
    def overview(self) -> Painted | None:
        """The whole slice, if it was drawn."""
        return self._overview

    @property
    def detail(self) -> Painted | None:
        """The part that is seen, if it was drawn."""
        return self._detail

    def _draw(self, image: pg.ImageItem, picture: Painted | None) -> None:
        if picture is None:
            image.clear()
            return
        table = colour_table(picture.ramp, PlotColours.of(self.palette()))
        image.setImage(picture.indices, autoLevels=False, levels=(0, 255), lut=table)
        top, bottom = picture.heatmap.request.rows
        left, right = picture.heatmap.request.columns
        image.setRect(QRectF(left, top, right - left, bottom - top))

    # ---- what is seen

    def seen(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """(start, stop) of the rows and of the columns that are seen."""
        (left, right), (top, bottom) = self.getPlotItem().getViewBox().viewRange()
        rows, columns = self._extent
        return _whole(top, bottom, rows), _whole(left, right, columns)

    def pixels(self) -> tuple[int, int]:
        """Device pixels of the picture, (down, across); rather one too few, so that none is left out in drawing."""
        self.getPlotItem().layout.activate()  # the axes may have got other labels just now
        size = self.getPlotItem().getViewBox().size()
        ratio = self.devicePixelRatioF()
        return max(1, int(size.height() * ratio)), max(1, int(size.width() * ratio))

    @property
    def is_whole(self) -> bool:
        """Whether all of the slice is seen."""
        return self.seen() == ((0, self._extent[0]), (0, self._extent[1]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other pixels need another picture."""
        super().resizeEvent(event)
        if hasattr(self, "_settle"):
            self._settle.start()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Say which element is under the pointer."""
        super().mouseMoveEvent(event)
        spot = self.getPlotItem().getViewBox().mapSceneToView(self.mapToScene(event.position().toPoint()))
        row, column = int(np.floor(spot.y())), int(np.floor(spot.x()))
        inside = 0 <= row < self._extent[0] and 0 <= column < self._extent[1]
        self.pointed.emit((row, column) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is somewhere else."""
        super().leaveEvent(event)
        self.pointed.emit(None)

    # ---- colours

    def changeEvent(self, event: QEvent) -> None:
        """Follow the window from light to dark and back."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_settle"):
            self._take_colours()
            for image, picture in zip(self._images, (self._overview, self._detail), strict=True):
                self._draw(image, picture)

    def _take_colours(self) -> None:
        colour_plot(self, PlotColours.of(self.palette()))


def _whole(low: float, high: float, extent: int) -> tuple[int, int]:
    start = min(max(int(np.floor(low + 1e-6)), 0), extent - 1)
    return start, min(max(int(np.ceil(high - 1e-6)), start + 1), extent)


class ColourBar(QWidget):
    """Which colour stands for which value, and for NaN and Inf where there are some."""

    _WIDTH = 14

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heatmapColourBar")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._painted: Painted | None = None
        self._special: list[tuple[str, int]] = []

    def show_colours(self, painted: Painted) -> None:
        """Draw the ramp of this picture."""
        self._painted = painted
        found = painted.heatmap
        masks = (("NaN", NAN_INDEX, found.nan_mask), ("Inf", INF_INDEX, found.inf_mask))
        self._special = [(name, index) for name, index, mask in masks if mask.any()]
        texts = [self.tr("Colours from {0} to {1}").format(*map(number_text, painted.limits))]
        texts += [self.tr("{0} has a colour of its own").format(name) for name, _ in self._special]
        self.setAccessibleName(", ".join(texts))
        self.update()

    def sizeHint(self) -> QSize:
        """Room for any number with three digits, so that the picture keeps its size."""
        return QSize(self._WIDTH + 10 + self.fontMetrics().horizontalAdvance("-0.00e-000"), 120)

    @staticmethod
    def _marks(limits: tuple[float, float]) -> list[tuple[float, str]]:
        low, high = limits
        parts = [i / 4 for i in range(5)]
        return [(p, number_text(float(f"{low * (1 - p) + high * p:.3g}"))) for p in parts]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it on the screen."""
        self.draw(QPainter(self))

    def draw(self, painter: QPainter) -> None:
        """Draw ramp, numbers and the special colours at the painter's origin."""
        if self._painted is None:
            return
        metrics, colours = self.fontMetrics(), PlotColours.of(self.palette())
        table = colour_table(self._painted.ramp, colours)
        line = metrics.height() + 4
        foot = line * len(self._special) + (8 if self._special else 0)
        top, height = metrics.height() // 2 + 2, self.height() - foot - metrics.height() - 4
        ramp = np.ascontiguousarray(table[254:0:-1].reshape(-1, 1, 4))
        image = QImage(ramp.data, 1, len(ramp), 4, QImage.Format.Format_RGBA8888)
        painter.drawImage(QRect(0, top, self._WIDTH, height), image)
        painter.setPen(colours.text)
        for part, text in self._marks(self._painted.limits):
            y = round(top + height * (1 - part))
            painter.drawLine(self._WIDTH, y, self._WIDTH + 3, y)
            painter.drawText(self._WIDTH + 6, y + metrics.ascent() // 2 - 1, text)
        for place, (name, index) in enumerate(self._special):
            box = QRect(0, self.height() - line * (len(self._special) - place), self._WIDTH, line - 4)
            painter.fillRect(box, QColor(*map(int, table[index, :3])))
            painter.drawText(
                QRect(self._WIDTH + 6, box.top(), self.width(), box.height()),
                Qt.AlignmentFlag.AlignVCenter,
                name,
            )
