"""The row and the column of one element as lines: what a heatmap shows in colours, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.analysis.heatmap import Heatmap, HeatmapRequest, heatmap
from ckpt_studio.gui.dialogs.fields import named
from ckpt_studio.gui.plots.layers import Curve, Lines
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.views.numbers import number_text

if TYPE_CHECKING:
    from ckpt_studio.analysis.planes import Plane, Span
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.core.tensors import TensorSource

_PIXELS: Final = 2000
"""As fine as any screen shows a line."""


class Profile(Plot):
    """One line of a plane."""

    def __init__(self, name: str, title: str, down: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._down = down
        named(self, name, title)
        self.x_axis.numbers = Numbers.indices
        self.x_axis.least = 1
        self.y_axis.zooms = False
        self.y_axis.grid = True
        self.crosshair = True
        self._title = title
        self._curve = self.add(Curve(lambda colours: colours.staged))
        self._here = self.add(Lines(lambda colours: colours.original))

    def show_line(self, picture: Heatmap, extent: int, spot: tuple[int, int], label: str) -> None:
        """What is seen of the line through an element (row, column), of so many elements, and what runs along it."""
        low, high, values = (
            p[:, 0] if self._down else p[0] for p in (picture.minimum, picture.maximum, picture.values)
        )
        edges = picture.row_edges if self._down else picture.column_edges
        place, at = spot if self._down else spot[::-1]
        middle = (edges[:-1] + edges[1:]) / 2
        self.x_axis.label = f"{label} · {self._title} {at:,}"
        if self.x_axis.bounds != (0, extent):
            self.set_bounds(x=(0, extent))
        self.set_bounds(y=_room(picture.low, picture.high))
        if len(low) == edges[-1] - edges[0]:
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
        self.row = Profile("heatmapRowProfile", self.tr("Row"), False, self)
        self.column = Profile("heatmapColumnProfile", self.tr("Column"), True, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.row)
        layout.addWidget(self.column)
        # high enough for some numbers
        self.setMinimumHeight(9 * self.fontMetrics().height())

    def show_lines(
        self, lines: tuple[Heatmap, Heatmap], plane: Plane, spot: tuple[int, int], names: tuple[str, str]
    ) -> None:
        """Pictures of the row and of the column of an element of a plane whose axes have these names."""
        self.row.show_line(lines[0], plane.columns, spot, names[1])
        self.column.show_line(lines[1], plane.rows, spot, names[0])

    def see(self, rows: tuple[float, float], columns: tuple[float, float]) -> None:
        """See this part of both."""
        self.row.show_part(x=columns)
        self.column.show_part(x=rows)


def lines_through(
    source: TensorSource, key: str, plane: Plane, spot: tuple[int, int], seen: tuple[Span, Span], task: Task
) -> tuple[Heatmap, Heatmap]:
    """Pictures of what is seen (rows, columns) of the row and of the column of an element; for a background thread."""
    (row, column), (rows, columns) = spot, seen
    across = HeatmapRequest(key, plane, (row, row + 1), columns, (1, _PIXELS))
    down = HeatmapRequest(key, plane, rows, (column, column + 1), (_PIXELS, 1))
    return heatmap(source, across, task), heatmap(source, down, task)
