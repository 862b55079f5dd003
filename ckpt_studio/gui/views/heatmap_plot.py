"""The drawing of a heatmap: never the whole plane, only its reduced pictures, one of all and one of what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.plots.hand import Drag
from ckpt_studio.gui.plots.layers import Band, Picture
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.views.heatmap_layers import Cells, EdgeMarks, FilterLines, Spot

if TYPE_CHECKING:
    from ckpt_studio.gui.views.colours import Painted

Span = tuple[int, int]

_STEPS: Final[dict[int, tuple[int, int]]] = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)
}  # fmt: skip
_AROUND: Final = 24
"""Elements seen on each side of one that is gone to, where more were seen before."""


class HeatmapPlot(Plot):
    """An overview of the whole plane and, over it, what is seen in detail.

    `spotted` is emitted with (row, column) of the element that is pointed at, or None. A click pins it; Ctrl with the
    arrows moves a pinned one. `boxed` is emitted with (rows, columns) of a region that was chosen, or None.
    """

    spotted = Signal(object)
    boxed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.y_axis.inverted = True
        for axis in (self.x_axis, self.y_axis):
            axis.numbers = Numbers.indices
            axis.least = 1
        self._extent = (1, 1)
        self._shown: list[Painted | None] = [None, None]
        self._pictures = (self.add(Picture()), self.add(Picture()))
        self._lines = self.add(FilterLines())
        self._cells = self.add(Cells())
        self._edges = self.add(EdgeMarks())
        self._region = self.add(
            Band(lambda _: self.palette().color(QPalette.ColorRole.Highlight), fill=0.1, outline=True)
        )
        self._mark = self.add(Spot())
        self._spot: tuple[int, int] | None = None
        self._pinned = False
        self._box: tuple[Span, Span] | None = None
        self.pointed.connect(self._pointed_at)
        self.clicked.connect(self._clicked_at)
        self.chosen.connect(self._chosen_box)

    # ---- what is drawn

    def begin(self, rows: int, columns: int, cell: tuple[int, int] | None) -> None:
        """A plane of this extent, of filters with `cell` rows and columns: forget the pictures, show all of it."""
        self._extent = (rows, columns)
        self.y_axis.reserve = f"{rows:,}"  # or the picture's size would follow the zoom
        self._lines.set_cells(cell)
        self.set_overview(None)
        self.set_detail(None)
        self.set_region(None)
        self._set_spot(None, pinned=False)
        self.set_bounds(x=(0, columns), y=(0, rows))

    def name_axes(self, rows: str, columns: str) -> None:
        """What runs down and what runs across."""
        if (self.y_axis.label, self.x_axis.label) != (rows, columns):
            self.y_axis.label, self.x_axis.label = rows, columns
            self.redraw()

    def set_overview(self, painted: Painted | None) -> None:
        """The whole plane; its tone is that of the detail, too."""
        self._show(0, painted)

    def set_detail(self, painted: Painted | None) -> None:
        """What is seen."""
        if painted is not None or self._shown[1] is not None:
            self._show(1, painted)

    def _show(self, place: int, painted: Painted | None) -> None:
        self._shown[place] = painted
        if painted is None:
            self._pictures[place].set_image(None)
        else:
            (top, bottom), (left, right) = painted.heatmap.request.rows, painted.heatmap.request.columns
            image = painted.image(PlotColours.of(self.palette()))
            self._pictures[place].set_image(image, QRectF(left, top, right - left, bottom - top))
        for layer in (self._cells, self._edges):
            layer.set_picture(self._shown[1] or self._shown[0])

    @property
    def overview(self) -> Painted | None:
        """The whole plane, if it was drawn."""
        return self._shown[0]

    @property
    def detail(self) -> Painted | None:
        """What is seen, if it was drawn by itself."""
        return self._shown[1]

    def changeEvent(self, event: QEvent) -> None:
        """Follow the window from light to dark and back."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_mark"):
            for place, painted in enumerate(self._shown):
                self._show(place, painted)
        super().changeEvent(event)

    # ---- what is seen

    def seen(self) -> tuple[Span, Span]:
        """(start, stop) of the rows and of the columns that are seen."""
        rows, columns = self._extent
        return _whole(self.y_axis.view, rows), _whole(self.x_axis.view, columns)

    @property
    def is_whole(self) -> bool:
        """Whether all of the plane is seen."""
        return self.x_axis.is_whole and self.y_axis.is_whole

    def go_to(self, row: int, column: int) -> None:
        """See an element in the middle, large enough to be found, and pin it."""
        spans = []
        for at, (start, stop) in zip((row, column), self.seen(), strict=True):
            half = min((stop - start) / 2, _AROUND)
            spans.append((at + 0.5 - half, at + 0.5 + half))
        self.show_part(x=spans[1], y=spans[0])
        self._set_spot((row, column), pinned=True)

    # ---- what is pointed at

    @property
    def element(self) -> tuple[int, int] | None:
        """The element that is read."""
        return self._spot

    @property
    def pinned(self) -> tuple[int, int] | None:
        """The element that is read, if it was pinned."""
        return self._spot if self._pinned else None

    def _set_spot(self, spot: tuple[int, int] | None, pinned: bool) -> None:
        if (spot, pinned) == (self._spot, self._pinned):
            return
        self._spot, self._pinned = spot, pinned
        self._mark.set_spot(spot, pinned)
        self.spotted.emit(spot)

    def _element(self, at: tuple[float, float]) -> tuple[int, int]:
        rows, columns = self._extent
        return min(max(int(at[1]), 0), rows - 1), min(max(int(at[0]), 0), columns - 1)

    def _pointed_at(self, at: tuple[float, float] | None) -> None:
        if not self._pinned:
            self._set_spot(None if at is None else self._element(at), pinned=False)

    def _clicked_at(self, at: tuple[float, float]) -> None:
        spot = self._element(at)
        self._set_spot(spot, pinned=not (self._pinned and spot == self._spot))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl and an arrow read the next element, Escape lets go of what is chosen."""
        step = _STEPS.get(event.key())
        if step is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._step(*step)
        elif event.key() == Qt.Key.Key_Escape and (self._pinned or self._box is not None):
            self._set_spot(None, pinned=False)
            self.set_region(None)
        else:
            super().keyPressEvent(event)

    def _step(self, down: int, across: int) -> None:
        (top, bottom), (left, right) = self.seen()
        row, column = self._spot or ((top + bottom) // 2, (left + right) // 2)
        if self._pinned:
            row, column = self._element((column + across, row + down))
        self._set_spot((row, column), pinned=True)
        if not (top <= row < bottom and left <= column < right):
            self.y_axis.move(down / (bottom - top))
            self.x_axis.move(across / (right - left))
            self.tell_seen()

    # ---- a region

    def choose_regions(self, on: bool) -> None:
        """Whether dragging chooses a region; otherwise it moves the picture."""
        self.drag = Drag.choose if on else Drag.move

    @property
    def region(self) -> tuple[Span, Span] | None:
        """The rows and columns that are chosen."""
        return self._box

    def set_region(self, box: tuple[Span, Span] | None) -> None:
        """The rows and columns that are chosen."""
        if box == self._box:
            return
        self._box = box
        rows, columns = box or (None, None)
        self._region.set_band(x=columns, y=rows)
        self.boxed.emit(box)

    def _chosen_box(self, values: tuple[float, float, float, float]) -> None:
        left, top, right, bottom = values
        rows, columns = self._extent
        self.set_region((_whole((top, bottom), rows), _whole((left, right), columns)))


def _whole(view: tuple[float, float], extent: int) -> Span:
    """The elements that a view touches."""
    start = min(max(int(view[0] + 1e-6), 0), extent - 1)
    return start, min(max(-int(-(view[1] - 1e-6) // 1), start + 1), extent)
