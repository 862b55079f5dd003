"""What a layer draws on: where values are on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPointF, QRectF

from ckpt_studio.gui.plots.axis import Axis
from ckpt_studio.gui.plots.colours import PlotColours

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FAR: Final = 1e5
"""No pixel is further away: the drawing engine miscounts with huge coordinates, and nobody sees them."""


@dataclass(frozen=True)
class Frame:
    """The area of a plot that layers draw into, in logical pixels; what is drawn outside is cut off.

    Attributes:
        area: inside the axes.
        x, y: what is seen.
        colours: those of the window.
        ratio: device pixels of a logical one.
    """

    area: QRectF
    x: Axis
    y: Axis
    colours: PlotColours
    ratio: float = 1.0

    def across(self, value: float) -> float:
        """Pixel of a value of the x axis."""
        part = self.x.fraction(value)
        return _near(self.area.left() + (1 - part if self.x.inverted else part) * self.area.width())

    def down(self, value: float) -> float:
        """Pixel of a value of the y axis."""
        part = self.y.fraction(value)
        return _near(self.area.top() + (part if self.y.inverted else 1 - part) * self.area.height())

    def rect(self, left: float, top: float, right: float, bottom: float) -> QRectF:
        """Pixels between two values of each axis."""
        return QRectF(
            QPointF(self.across(left), self.down(top)), QPointF(self.across(right), self.down(bottom))
        ).normalized()

    def all_across(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """As `across`, of each element; NaN stays NaN."""
        parts = self.x.fractions(values)
        return _all_near(self.area.left() + (1 - parts if self.x.inverted else parts) * self.area.width())

    def all_down(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """As `down`, of each element; NaN stays NaN."""
        parts = self.y.fractions(values)
        return _all_near(self.area.top() + (parts if self.y.inverted else 1 - parts) * self.area.height())

    def columns(self) -> NDArray[np.float64]:
        """The rising x values at which the columns of device pixels begin."""
        import numpy as np

        count = max(int(self.area.width() * self.ratio), 1)
        return np.array([self.x.value(i / count) for i in range(count + 1)])

    def at(self, point: QPointF) -> tuple[float, float]:
        """The values at a pixel, also outside of the area."""
        across = (point.x() - self.area.left()) / max(self.area.width(), 1)
        down = (point.y() - self.area.top()) / max(self.area.height(), 1)
        return (
            self.x.value(1 - across if self.x.inverted else across),
            self.y.value(down if self.y.inverted else 1 - down),
        )


def _near(pixel: float) -> float:
    return min(max(pixel, -_FAR), _FAR)


def _all_near(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.clip(pixels, -_FAR, _FAR)
