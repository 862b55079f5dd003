"""The row and the column of one element as lines: what a heatmap shows in colours, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.plots.layers import Curve, Lines
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.views.numbers import number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.heatmap import Heatmap


class Profile(Plot):
    """One line of a plane."""

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, name, title)
        self.x_axis.numbers = Numbers.indices
        self.x_axis.least = 1
        self.y_axis.zooms = False
        self.y_axis.grid = True
        self.crosshair = True
        self._title = title
        self._curve = self.add(Curve(lambda colours: colours.staged))
        self._here = self.add(Lines(lambda colours: colours.original))

    def show_line(self, picture: Heatmap, place: int, at: int, label: str) -> None:
        """A picture of one line, the place of the element in it, and what stands at its axis."""
        across = picture.values.shape[0] == 1
        low, high, values = (
            (p[0] if across else p[:, 0]) for p in (picture.minimum, picture.maximum, picture.values)
        )
        edges = picture.column_edges if across else picture.row_edges
        middle = (edges[:-1] + edges[1:]) / 2
        single = len(low) == edges[-1] - edges[0]
        self.x_axis.label = f"{label} · {self._title} {at:,}"
        if self.x_axis.bounds != (edges[0], edges[-1]):
            self.set_bounds(x=(edges[0], edges[-1]))
        self.set_bounds(y=_room(picture.low, picture.high))
        if single:
            self._curve.set_points(middle, values)
        else:  # from the smallest to the largest value of each pixel
            self._curve.set_points(np.repeat(middle, 2), np.column_stack([low, high]).reshape(-1))
        self._here.set_lines((place + 0.5, ""))
        said = f"{self._title} {at:,}"
        if picture.low is not None and picture.high is not None:
            ends = number_text(picture.low), number_text(picture.high)
            said = self.tr("{0}: from {1} to {2}").format(said, *ends)
        self.setAccessibleDescription(said)


def _room(low: float | None, high: float | None) -> tuple[float, float]:
    if low is None or high is None:
        return -1.0, 1.0
    half = (high / 2 - low / 2) * 0.05 or abs(low) / 2 or 0.5
    return max(low - half, -1.7e308), min(high + half, 1.7e308)


class Profiles(QWidget):
    """Row and column side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("heatmapProfiles")
        self.row = Profile("heatmapRowProfile", self.tr("Row"), self)
        self.column = Profile("heatmapColumnProfile", self.tr("Column"), self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.row)
        layout.addWidget(self.column)
        self.setMinimumHeight(9 * self.fontMetrics().height())
