"""One axis of a plot: what there is, which part of it is seen, and how zooming and moving change that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ckpt_studio.gui.plots.scales import Linear, Scale
from ckpt_studio.gui.plots.ticks import Numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_FINEST: Final = 1e-12
"""The smallest part of a number's size that a view may be: further in, float64 has no more places."""


class Axis:
    """Values along one side of a plot. Whoever changes an attribute calls `Plot.redraw` afterwards.

    Attributes:
        label: what the values are.
        scale: linear, logarithmic or symmetric-logarithmic.
        numbers: values, counts or indices.
        zooms: whether wheel, drag and keys change the part that is seen.
        inverted: whether the values grow downwards (y) or leftwards (x).
        grid: whether lines cross the picture at its marks.
        least: no view is narrower than this difference of values (on a linear scale).
        reserve: a text that its numbers have room for, so that the picture keeps its size while they change.
    """

    def __init__(self) -> None:
        self.label = ""
        self.scale: Scale = Linear()
        self.numbers = Numbers.values
        self.zooms = True
        self.inverted = False
        self.grid = False
        self.least = 0.0
        self.reserve = ""
        self._bounds = (0.0, 1.0)
        self._view = (0.0, 1.0)

    @property
    def bounds(self) -> tuple[float, float]:
        """First and last value that can be seen."""
        return self._bounds

    @property
    def view(self) -> tuple[float, float]:
        """First and last value that is seen."""
        return self._view

    @property
    def is_whole(self) -> bool:
        """Whether all there is is seen."""
        return self._view == self._bounds

    def set_bounds(self, low: float, high: float) -> None:
        """What there is from now on; all of it is seen. `low < high`, both positive on a logarithmic scale."""
        if not low < high:
            raise ValueError(f"an axis from {low} to {high}")
        self._bounds = self._view = (float(low), float(high))

    def grow(self, low: float, high: float) -> None:
        """What there is from now on; where all was seen, all is seen, else the same part as before."""
        if self.is_whole:
            self.set_bounds(low, high)
        elif low < high:
            self._bounds = (float(low), float(high))

    def show(self, low: float, high: float) -> None:
        """See this part of it, or what of it there is."""
        self._see(self.scale.place(min(low, high)), self.scale.place(max(low, high)))

    def reset(self) -> None:
        """See all there is."""
        self._view = self._bounds

    def zoom(self, factor: float, around: float = 0.5) -> None:
        """See `factor` times as much; the place at `around` (0 the start, 1 the end of what is seen) stays."""
        start, stop = self._places()
        centre = start + around * (stop - start)
        self._see(centre - (centre - start) * factor, centre + (stop - centre) * factor)

    def move(self, part: float) -> None:
        """See what lies further on, by this part of what is seen."""
        start, stop = self._places()
        self._see(start + part * (stop - start), stop + part * (stop - start))

    def fraction(self, value: float) -> float:
        """Where a value is: 0 at the start, 1 at the end of what is seen."""
        start, stop = self._places()
        return (self.scale.place(value) - start) / (stop - start)

    def fractions(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """As `fraction`, of each element."""
        start, stop = self._places()
        return (self.scale.places(values) - start) / (stop - start)

    def value(self, fraction: float) -> float:
        """The value at a part of what is seen."""
        start, stop = self._places()
        return self.scale.value(start + fraction * (stop - start))

    def _places(self) -> tuple[float, float]:
        return self.scale.place(self._view[0]), self.scale.place(self._view[1])

    def _see(self, start: float, stop: float) -> None:
        """See from one place to another, inside the bounds and not too narrow."""
        first, last = map(self.scale.place, self._bounds)
        span = min(max(stop - start, self._least_span(first, last)), last - first)
        centre = start + (stop - start) / 2
        start = min(max(centre - span / 2, first), last - span)
        if span >= last - first:
            self._view = self._bounds
            return
        low = self._bounds[0] if start <= first else self.scale.value(start)
        high = self._bounds[1] if start + span >= last else self.scale.value(start + span)
        if low < high:
            self._view = (low, high)

    def _least_span(self, first: float, last: float) -> float:
        finest = _FINEST * max(abs(first), abs(last))
        return max(finest, self.scale.place(self.least)) if isinstance(self.scale, Linear) else finest
