"""The curves of a run: drawn from pyramids, following the run until a person zooms, dots for checkpoints.

The loss has the axis; every other number is drawn on a range of its own, which the legend names. Runs before it stay
behind it in grey.

Imported late, since it needs numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent
from PySide6.QtWidgets import QWidget

from ckpt_studio.gui.panels.curve_layers import Dots, RangedCurve
from ckpt_studio.gui.panels.loss_history import LossHistory
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.plots.layers import Curve
from ckpt_studio.gui.plots.plot import Plot
from ckpt_studio.gui.plots.scales import Linear, Log
from ckpt_studio.gui.plots.ticks import Numbers

_FRAME_MS: Final = 80
_MOST_EARLIER: Final = 8


def colour_of(place: int, colours: PlotColours) -> QColor:
    """The colour of the chosen number at a place."""
    known = (colours.original, colours.compared, *colours.slots)
    return known[place % len(known)]


class LossPlot(Plot):
    """Steps of the run's own axis (continuing the checkpoint's) against the loss.

    `checkpointClicked` is emitted with the prefix of the dot that was clicked.

    Attributes:
        history: the loss.
        scalars: the other numbers by name.
    """

    checkpointClicked = Signal(str)
    checkpointMenuWanted = Signal(str, QPoint)
    """A dot was clicked with the right button: its prefix, and where on the screen."""
    followingChanged = Signal(bool)
    """Whether the whole run is shown, said when that changes."""
    drawn = Signal()
    """What is seen has been drawn anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lossPlot")
        self.setAccessibleName(self.tr("Loss by step"))
        self.history = LossHistory()
        self.scalars: dict[str, LossHistory] = {}
        self.crosshair = True
        self.x_axis.label, self.y_axis.label = self.tr("step"), self.tr("loss")
        self.x_axis.numbers = Numbers.counts
        self.x_axis.grid = self.y_axis.grid = True
        self._checkpoints: list[tuple[int, str]] = []
        self._earlier: list[tuple[LossHistory, Curve]] = []
        self._chosen: dict[str, RangedCurve] = {}
        self._line = self.add(Curve(lambda colours: colours.staged))
        self._dots = self.add(Dots(lambda colours: colours.text))
        self._following = True
        self._timer = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._timer.timeout.connect(self.redraw_curves)
        self.seenChanged.connect(self._seen)
        self.clicked.connect(self._clicked)
        self.pointed.connect(self._point_at)

    # ---- what it shows

    def begin_run(self) -> None:
        """Show another run from now on; the one that was shown stays behind it."""
        if len(self.history):
            curve = Curve(lambda colours: colours.faint, width=1.0)
            self._layers.insert(0, curve)
            self._earlier.append((self.history, curve))
            if len(self._earlier) > _MOST_EARLIER:
                self.remove(self._earlier.pop(0)[1])
        self.history, self.scalars = LossHistory(), {}
        self._checkpoints = []
        for curve in self._chosen.values():
            curve.set_points(None, None)
        self.follow()

    @property
    def earlier(self) -> tuple[LossHistory, ...]:
        """The runs behind the one that is shown, oldest first."""
        return tuple(history for history, _ in self._earlier)

    def extend(
        self,
        steps: Any,
        losses: Any,
        scalars: Mapping[str, tuple[Sequence[int], Sequence[float]]] | None = None,
    ) -> None:
        """Append points and draw them soon; `scalars` are steps and values of other numbers."""
        self.history.extend(steps, losses)
        for name, (at, values) in (scalars or {}).items():
            self.scalars.setdefault(name, LossHistory()).extend(at, values)
        self._plan()

    def choose(self, names: Sequence[str]) -> None:
        """Show these numbers beside the loss."""
        for name in [name for name in self._chosen if name not in names]:
            self.remove(self._chosen.pop(name))
        for place, name in enumerate(names):
            if name not in self._chosen:
                self._chosen[name] = self.add(RangedCurve(partial(colour_of, place)))
        self._plan()

    def ends_of(self, name: str) -> tuple[float, float] | None:
        """The range of a chosen number, as it is drawn."""
        return self._chosen[name].ends if name in self._chosen else None

    def set_checkpoints(self, checkpoints: Sequence[tuple[int, str]]) -> None:
        """Put a dot at the step of each (step, prefix), and nowhere else."""
        self._checkpoints = list(checkpoints)
        self._plan()

    def set_log(self, log: bool) -> None:
        """Show the loss on a logarithmic axis or a linear one."""
        self.y_axis.scale = Log() if log else Linear()
        self.follow()

    def set_log_steps(self, log: bool) -> None:
        """Show the steps on a logarithmic axis or a linear one."""
        self.x_axis.scale = Log() if log else Linear()
        self.follow()

    # ---- which part of it

    @property
    def following(self) -> bool:
        """Whether the whole run is shown as it grows; False once a person has zoomed."""
        return self._following

    def follow(self) -> None:
        """Show the whole run from now on, as it grows."""
        self.x_axis.set_bounds(*self._steps())
        self.y_axis.set_bounds(*self._losses())
        self.tell_seen()

    def _seen(self) -> None:
        following = self.x_axis.is_whole and self.y_axis.is_whole
        if following != self._following:
            self._following = following
            self.followingChanged.emit(following)
        self._plan()

    def _plan(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _steps(self) -> tuple[float, float]:
        """First and last step of all that is shown, with some room."""
        spans = [span for history in (self.history, *self.earlier) if (span := history.span) is not None]
        if not spans:
            return 1.0, 2.0
        first, last = min(first for first, _ in spans), max(last for _, last in spans)
        if isinstance(self.x_axis.scale, Log):
            return max(first, 1), max(last, 2)
        room = max((last - first) * 0.015, 0.5)
        return first - room, last + room

    def _losses(self) -> tuple[float, float]:
        """Least and largest loss of all that is shown, with some room."""
        log = isinstance(self.y_axis.scale, Log)
        found = [
            ends for one in (self.history, *self.earlier) if (ends := one.ends(positive=log)) is not None
        ]
        if not found:
            return (0.1, 1.0) if log else (0.0, 1.0)
        low, high = min(low for low, _ in found), max(high for _, high in found)
        if log:
            ratio = max((high / low) ** 0.06, 1.02) if high / low < 1e300 else 1.0
            return max(low / ratio, 1e-300), min(high * ratio, 1e300)
        room = max((high - low) * 0.06, abs(high) * 1e-9, 1e-12)
        return max(low - room, -1e300), min(high + room, 1e300)

    # ---- drawing

    def redraw_curves(self) -> None:
        """Draw what is to be seen now."""
        self._timer.stop()
        self.x_axis.grow(*self._steps())
        self.y_axis.grow(*self._losses())
        for history, curve in ((self.history, self._line), *self._earlier):
            curve.set_points(*self._points(history))
        for name, ranged in self._chosen.items():
            scalar = self.scalars.get(name)
            ranged.ends = None if scalar is None else scalar.ends()
            ranged.set_points(*((None, None) if scalar is None else self._points(scalar)))
        dots = ((step, self.history.loss_at(step), prefix) for step, prefix in self._checkpoints)
        log = isinstance(self.y_axis.scale, Log)
        self._dots.set_dots(
            tuple((step, y, prefix) for step, y, prefix in dots if y is not None and (y > 0 or not log))
        )
        self.redraw()
        self.drawn.emit()

    def _points(self, history: LossHistory) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is to be seen of a number; no more points than the picture can show, wherever they lie on its axis."""
        width = max(self.pixels()[1], 100)
        parts = [history.curve(first, last, round(width * share)) for first, last, share in self._shares()]
        for at, (x, y) in enumerate(
            parts[:-1]
        ):  # the first bucket of a coarser part begins inside the one before it
            end = np.searchsorted(
                x, min((after[0] for after, _ in parts[at + 1 :] if len(after)), default=np.inf)
            )
            parts[at] = x[:end], y[:end]
        x, y = (np.concatenate(column) for column in zip(*parts, strict=True))
        return x, y

    def _shares(self) -> list[tuple[float, float, float]]:
        """First and last step of the parts of the axis that show steps alike, and their part of the picture."""
        low, high = self.x_axis.view
        if not isinstance(self.x_axis.scale, Log):
            return [(low, high, 1.0)]
        edges = [low, *(10.0**power for power in range(19) if low < 10.0**power < high), high]
        whole = np.log(high / low)
        return [(a, np.nextafter(b, a), float(np.log(b / a) / whole)) for a, b in pairwise(edges)]

    # ---- its dots

    def _near(self, at: tuple[float, float] | None) -> str | None:
        return None if at is None else self._dots.near(self.frame(), *at)

    def _clicked(self, at: tuple[float, float]) -> None:
        prefix = self._near(at)
        if prefix is not None:
            self.checkpointClicked.emit(prefix)

    def _point_at(self, at: tuple[float, float] | None) -> None:
        if self._near(at) is not None:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        elif self.cursor().shape() == Qt.CursorShape.PointingHandCursor:
            self.unsetCursor()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with the dot below the pointer is asked for."""
        prefix = self._near(self.frame().at(QPointF(event.pos())))
        if prefix is not None:
            self.checkpointMenuWanted.emit(prefix, event.globalPos())
            event.accept()
