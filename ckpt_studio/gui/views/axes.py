"""Axes whose numbers can be trusted: no automatic SI prefixes, whole numbers for indices and counts."""

from __future__ import annotations

import math
from typing import Any, Final

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.plots.colours import PlotColours


class ValueAxis(pg.AxisItem):
    """An axis of values."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.setStyle(hideOverlappingLabels=False)  # or the numbers at both ends are missing
        self.enableAutoSIPrefix(False)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Each with the digits that tell it from its neighbours."""
        largest = max((abs(v) for v in values), default=0.0)
        if not largest:
            return ["0" for _ in values]
        digits = max(1, math.ceil(math.log10(largest / spacing)) + 1) if spacing > 0 else 6
        return [f"{v:.{min(digits, 17)}g}" if abs(v) > spacing * 1e-6 else "0" for v in values]


class IndexAxis(pg.AxisItem):
    """An axis of indices: ticks stand in the middle of an element."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.setStyle(hideOverlappingLabels=False)  # or the numbers at both ends are missing
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[Any]:
        """Whole numbers only."""
        spacings = super().tickSpacing(minVal, maxVal, size)
        whole = [(max(1, round(spacing)), offset) for spacing, offset in spacings if spacing >= 1]
        return [(spacing, 0.5) for spacing, _ in whole] or [(1, 0.5)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Indices, thousands apart."""
        return [f"{math.floor(v):,}" for v in values]


class CountAxis(pg.AxisItem):
    """An axis of counts, linear or logarithmic."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self.setStyle(hideOverlappingLabels=False)  # or the numbers at both ends are missing
        self.enableAutoSIPrefix(False)

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[Any]:
        """Whole numbers only; powers of ten where the axis is logarithmic."""
        if self.logMode:
            decades = max(1, math.ceil((maxVal - minVal) / max(size / 40, 1)))
            return [(decades, 0)]
        major, *_ = super().tickSpacing(minVal, maxVal, size)
        return [(max(1, major[0]), 0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[Any]:
        """No extra ticks between the powers of ten."""
        if not self.logMode:
            return super().tickValues(minVal, maxVal, size)
        step = self.tickSpacing(minVal, maxVal, size)[0][0]
        first = max(0, math.ceil(minVal / step) * step)
        return [(step, [float(v) for v in range(first, math.floor(maxVal) + 1, step)])]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Counts, thousands apart."""
        counts = [10**v if self.logMode else v for v in values]
        return [f"{v:,.0f}" if v < 1e9 else f"{v:.3g}" for v in counts]


def colour_plot(plot: pg.PlotWidget, colours: PlotColours) -> None:
    """Give a plot's ground and axes the colours of the window."""
    plot.setBackground(colours.base)
    for side in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(side)
        axis.setPen(colours.faint)
        axis.setTextPen(colours.text)


_ZOOMS: Final[dict[int, float]] = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Equal: 0.8, Qt.Key.Key_Minus: 1.25}
_MOVES: Final[dict[int, tuple[int, int]]] = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)
}  # fmt: skip


class FramedPlot(pg.PlotWidget):
    """A plot with our own axes, without menu and buttons, that is zoomed by keys as well as by the pointer.

    There is room around it for the halves of numbers at its corners.
    """

    def __init__(self, bottom: pg.AxisItem, left: pg.AxisItem, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False, axisItems={"bottom": bottom, "left": left})
        item = self.getPlotItem()
        item.hideButtons()
        item.layout.setContentsMargins(4, 8, 14, 4)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def reset_zoom(self) -> None:
        """Show all there is."""
        self.getPlotItem().getViewBox().autoRange(padding=0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom with + and -, move with the arrows, 0 shows all."""
        if event.key() == Qt.Key.Key_0:
            self.reset_zoom()
        elif not self._zoom_by(event.key()):
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all again."""
        self.reset_zoom()
        event.accept()

    def _zoom_by(self, key: int) -> bool:
        box = self.getPlotItem().getViewBox()
        (left, right), (top, bottom) = box.viewRange()
        across, down = box.state["mouseEnabled"]
        if key in _ZOOMS:
            box.scaleBy((_ZOOMS[key] if across else 1, _ZOOMS[key] if down else 1))
        elif key in _MOVES:
            dx, dy = _MOVES[key]
            box.translateBy(
                x=dx * (right - left) / 10 if across else 0, y=dy * (bottom - top) / 10 if down else 0
            )
        return key in _ZOOMS or key in _MOVES
