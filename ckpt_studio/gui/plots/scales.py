"""Scales of an axis: from a value to its place along the axis and back, for single numbers and for arrays.

A place is any number that grows with the value; equal steps of places are equal lengths on the screen.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST: Final = sys.float_info.max
_LN10: Final = math.log(10)


class Scale(Protocol):
    """How values lie along an axis."""

    def place(self, value: float) -> float:
        """Where a finite value is; -inf where it is nowhere."""
        ...

    def value(self, place: float) -> float:
        """The finite value at a place."""
        ...

    def places(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """As `place`, of each element; what is not finite stays so."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """Equal lengths for equal differences."""

    def place(self, value: float) -> float:
        """Half of it, so that the distance of any two is finite."""
        return value / 2

    def value(self, place: float) -> float:
        return _finite(place * 2)

    def places(self, values: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        return np.asarray(values, np.float64) / 2


@dataclass(frozen=True, slots=True)
class Log:
    """Equal lengths for equal ratios; only positive values have a place."""

    def place(self, value: float) -> float:
        return math.log10(value) if value > 0 else -math.inf

    def value(self, place: float) -> float:
        return _power(place)

    def places(self, values: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        numbers = np.asarray(values, np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(np.where(numbers < 0, 0, numbers))


@dataclass(frozen=True, slots=True)
class SymLog:
    """Logarithmic towards both sides and linear around zero, for values of both signs with heavy tails.

    Attributes:
        linear: magnitude where the linear part goes over into the logarithmic one; positive.
    """

    linear: float

    def place(self, value: float) -> float:
        size = abs(value)
        ratio = size / self.linear
        far = ratio == math.inf
        place = math.log10(size) - math.log10(self.linear) if far else math.log1p(ratio) / _LN10
        return math.copysign(place, value)

    def value(self, place: float) -> float:
        size = abs(place)
        if size > 300:
            found = _power(size + math.log10(self.linear))
        else:
            found = _finite(math.expm1(size * _LN10) * self.linear)
        return math.copysign(found, place)

    def places(self, values: NDArray[Any]) -> NDArray[np.float64]:
        import numpy as np

        numbers = np.asarray(values, np.float64)
        sizes = np.abs(numbers)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            ratios = sizes / self.linear
            far = np.isinf(ratios) & np.isfinite(sizes)
            found = np.where(far, np.log10(sizes) - math.log10(self.linear), np.log1p(ratios) / _LN10)
        return np.copysign(found, numbers)


def _power(place: float) -> float:
    try:
        return _finite(10.0**place)
    except OverflowError:
        return _LARGEST


def _finite(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)
