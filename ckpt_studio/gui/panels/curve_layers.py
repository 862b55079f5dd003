"""What the plot of a run draws beside plain curves: numbers on a range of their own, and the dots of checkpoints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen

from ckpt_studio.gui.plots.colours import Colour
from ckpt_studio.gui.plots.layers import Curve, Layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ckpt_studio.gui.plots.frame import Frame

_MARGIN: Final = 0.06
"""A range of its own keeps this part of the height free above and below."""
_RADIUS: Final = 4.5
_NEAR: Final = 9.0
"""A dot is meant from so many pixels away."""


class RangedCurve(Curve):
    """A curve that takes the whole height of the picture, whatever the y axis says.

    Attributes:
        ends: its least and largest value, or None before the first.
    """

    def __init__(self, colour: Colour) -> None:
        super().__init__(colour, width=1.2)
        self.ends: tuple[float, float] | None = None

    def _down(self, frame: Frame, y: NDArray[Any]) -> NDArray[np.float64]:
        low, high = self.ends or (0.0, 1.0)
        part = (y - low) / (high - low) if high > low else y * 0 + 0.5
        room = frame.area.height()
        return frame.area.bottom() - room * (_MARGIN + part * (1 - 2 * _MARGIN))


class Dots(Layer):
    """Points that can be clicked, each with a text that says what it is."""

    def __init__(self, colour: Colour) -> None:
        super().__init__()
        self._colour = colour
        self._dots: tuple[tuple[float, float, str], ...] = ()

    def set_dots(self, dots: tuple[tuple[float, float, str], ...]) -> None:
        """Draw these, (x, y, text)."""
        if dots != self._dots:
            self._dots = dots
            self.changed()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        painter.setPen(QPen(self._colour(frame.colours), 1.8))
        painter.setBrush(frame.colours.base)
        for x, y, _ in self._dots:
            painter.drawEllipse(QPointF(frame.across(x), frame.down(y)), _RADIUS, _RADIUS)

    def near(self, frame: Frame, x: float, y: float) -> str | None:
        """The text of the dot that is meant by a place, None where none is near."""
        at = QPointF(frame.across(x), frame.down(y))

        def far(dot: tuple[float, float, str]) -> float:
            place = QPointF(frame.across(dot[0]), frame.down(dot[1])) - at
            return math.hypot(place.x(), place.y())

        nearest = min(self._dots, key=far, default=None)
        return nearest[2] if nearest is not None and far(nearest) <= _NEAR else None
