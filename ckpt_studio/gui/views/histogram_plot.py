"""The drawing of histograms, one over the other or channel by channel, and the bin that is read in it.

Part of the start, so numpy is imported where it is drawn with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.plots.hand import Drag
from ckpt_studio.gui.plots.layers import Band, Lines, Steps
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.scales import Linear, Log, Scale, SymLog
from ckpt_studio.gui.plots.ticks import Numbers
from ckpt_studio.gui.views.ridges import OVERLAP, Ridges

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ckpt_studio.analysis.distribution import Distribution, ValueScale
    from ckpt_studio.analysis.histogram import Histogram
    from ckpt_studio.gui.views.overlays import Overlay

_LEAST_COUNT: Final = 0.5
"""Where a logarithmic axis of counts begins: half an element, so that a single one can be seen."""
_STEPS: Final = {
    Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)
}  # fmt: skip
"""Bins and rows to go on by."""


@dataclass(frozen=True)
class Drawing:
    """How a distribution is drawn.

    Attributes:
        log: whether counts are on a logarithmic axis.
        cumulative: whether a bin shows the share of all values up to its end.
    """

    log: bool = False
    cumulative: bool = False


class HistogramPlot(Plot):
    """Counts of bins as filled steps; further histograms are outlines. Dragging chooses a range of values.

    `binPointed` tells the bin that is read, (row of the channels or None, bin), and None when there is none;
    `wholeWanted` that a person wants to see all values again.
    """

    binPointed = Signal(object)
    wholeWanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Distribution | None = None
        self._spot: tuple[int, int] | None = None
        self.drag = Drag.choose
        self.y_axis.grid = True
        self._steps: list[Steps] = []
        self._ridges = self.add(Ridges())
        self._percentiles = self.add(Lines(lambda colours: colours.text))
        self._mark = self.add(Band(lambda colours: colours.text, 0.18))
        self.pointed.connect(self._pointed)

    # ---- what is drawn

    def show_distribution(self, found: Distribution, overlays: Sequence[Overlay], how: Drawing) -> None:
        """Draw it; the first histogram filled. What is zoomed into stays where the bins are the same."""
        same = self._found is not None and _same_axes(self._found, found)
        view = self.x_axis.view, self.y_axis.view
        self._found = found
        for steps in self._steps:
            self.remove(steps)
        self._steps = []
        edges = found.histograms[0].edges
        self.x_axis.scale = _scale(found)
        if found.channels is None:
            self._ridges.set_ridges(None)
            self._draw_steps(found.histograms, overlays, how)
        else:
            self._draw_channels(found, how)
        self._percentiles.set_lines(*((value, _percent(share)) for share, value in found.percentiles))
        self.set_bounds(x=(float(edges[0]), float(edges[-1])))
        if same:
            self.show_part(x=view[0], y=view[1] if found.channels is not None else None)
        self._read(None)

    def clear(self) -> None:
        """Draw nothing."""
        self._found = None
        for steps in self._steps:
            steps.set_steps(None, None)
        self._ridges.set_ridges(None)
        self._percentiles.set_lines()
        self._read(None)

    def _draw_steps(self, found: Sequence[Histogram], overlays: Sequence[Overlay], how: Drawing) -> None:
        import numpy as np

        drawn = [percent_up_to(each) if how.cumulative else each.counts for each in found]
        floor = _least(drawn, how.cumulative) if how.log else 0.0
        for place, (each, heights, overlay) in enumerate(zip(found, drawn, overlays, strict=True)):
            steps = Steps(overlay.colour, fill=0.0 if place else 0.55, width=1.5 if place else 1.0)
            self._steps.append(steps)
            self.add(steps)
            steps.set_steps(each.edges, np.maximum(heights, floor), floor)
        self.remove(self._percentiles)  # over what was added just now
        self.add(self._percentiles)
        axis = self.y_axis
        axis.inverted = axis.zooms = False
        axis.least = 0.0
        axis.grid = True
        axis.scale = Log() if how.log else Linear()
        axis.numbers = Numbers.values if how.cumulative else Numbers.counts
        axis.label = self.tr("percent up to here") if how.cumulative else self.tr("elements")
        top = max(float(heights.max(initial=0)) for heights in drawn)
        top = max(
            top * (1.5 if how.log and not how.cumulative else 1.06), floor * 20, 1 if not how.log else 0
        )
        self.set_bounds(y=(floor, top))

    def _draw_channels(self, found: Distribution, how: Drawing) -> None:
        assert found.channels is not None
        self._ridges.set_ridges(found.channels, how.log)
        axis = self.y_axis
        axis.inverted = axis.zooms = True
        axis.grid = False
        axis.least = 1.0
        axis.scale = Linear()
        axis.numbers = Numbers.indices
        axis.label = self.tr("channel of axis {0}").format(found.channels.axis)
        above = (OVERLAP - 1) * found.channels.per_row  # where the first ridge reaches up to
        self.set_bounds(y=(-above, found.channels.channels))

    # ---- the bin that is read

    def bin_at(self, value: float) -> int | None:
        """Which bin holds a value, None outside."""
        import numpy as np

        if self._found is None:
            return None
        edges = self._found.histograms[0].edges
        if not edges[0] <= value <= edges[-1]:
            return None
        return min(int(np.searchsorted(edges, value, "right")) - 1, len(edges) - 2)

    def _pointed(self, at: tuple[float, float] | None) -> None:
        place = None if at is None else self.bin_at(at[0])
        if at is None or place is None or self._found is None:
            self._read(None)
            return
        channels = self._found.channels
        row = 0 if channels is None else min(max(int(at[1]), 0) // channels.per_row, len(channels.counts) - 1)
        self._read((row, place))

    def _read(self, spot: tuple[int, int] | None) -> None:
        """Mark a bin of a row and tell of it."""
        self._spot = spot
        if spot is None or self._found is None:
            self._mark.set_band()
            self.binPointed.emit(None)
            return
        row, place = spot
        edges, channels = self._found.histograms[0].edges, self._found.channels
        rows = None
        if channels is not None:
            first, last = channels.span(row)
            rows = (float(first), float(last + 1))
        self._mark.set_band((float(edges[place]), float(edges[place + 1])), rows)
        self.binPointed.emit((None if channels is None else row, place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl and an arrow read the next bin or, with channels, row; Escape lets go of it."""
        key = Qt.Key(event.key())
        step = _STEPS.get(key) if event.modifiers() & Qt.KeyboardModifier.ControlModifier else None
        if key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.wholeWanted.emit()
        elif step is not None and self._found is not None:
            self._step(*step)
        elif key == Qt.Key.Key_Escape and self._spot is not None:
            self._read(None)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all values again."""
        super().mouseDoubleClickEvent(event)
        self.wholeWanted.emit()

    def _step(self, bins: int, rows: int) -> None:
        assert self._found is not None
        edges, channels = self._found.histograms[0].edges, self._found.channels
        last_row = 0 if channels is None else len(channels.counts) - 1
        if self._spot is None:
            middle = self.bin_at(self.x_axis.value(0.5))
            row = 0 if channels is None else max(int(self.y_axis.view[0]), 0) // channels.per_row
            spot = (min(row, last_row), middle or 0)
        else:
            row, place = self._spot
            spot = (min(max(row + rows, 0), last_row), min(max(place + bins, 0), len(edges) - 2))
        self._bring_into_sight(spot)
        self._read(spot)

    def _bring_into_sight(self, spot: tuple[int, int]) -> None:
        """Move what is seen so that the bin that is read is in it."""
        assert self._found is not None
        row, place = spot
        edges, channels = self._found.histograms[0].edges, self._found.channels
        pairs = [(self.x_axis, float(edges[place]), float(edges[place + 1]))]
        if channels is not None:
            first, last = channels.span(row)
            pairs.append((self.y_axis, float(first), float(last + 1)))
        for axis, start, stop in pairs:
            if axis.fraction(start) < 0:
                axis.move(axis.fraction(start))
            elif axis.fraction(stop) > 1:
                axis.move(axis.fraction(stop) - 1)
        self.tell_seen()


def percent_up_to(found: Histogram) -> NDArray[np.float64]:
    """How much of the finite values lies up to the end of each bin, float64 [bins]."""
    import numpy as np

    whole = int(found.counts.sum()) + found.below + found.above
    up_to: NDArray[np.float64] = np.cumsum(found.counts, dtype=np.float64) + found.below
    return up_to * (100 / max(whole, 1))


def _least(drawn: Sequence[NDArray[np.number]], cumulative: bool) -> float:
    """Where a logarithmic axis begins."""
    if not cumulative:
        return _LEAST_COUNT
    positive = [float(each[each > 0].min()) for each in drawn if (each > 0).any()]
    return max(min(positive, default=1.0) / 2, 1e-9)


def _scale(found: Distribution) -> Scale:
    kind: ValueScale = found.request.scale
    if kind == "log":
        return Log()
    return SymLog(found.linear) if found.linear is not None else Linear()


def _percent(share: float) -> str:
    return f"p{share * 100:g}"


def _same_axes(one: Distribution, other: Distribution) -> bool:
    import numpy as np

    a, b = one.histograms[0].edges, other.histograms[0].edges
    channels = [None if each.channels is None else each.channels.axis for each in (one, other)]
    return one.request.scale == other.request.scale and channels[0] == channels[1] and np.array_equal(a, b)
