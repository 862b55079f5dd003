"""Ramps of colours, for light and dark: from values to an index of a small table of colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

from ckpt_studio.analysis.heatmap import Heatmap
from ckpt_studio.gui.plots.colours import PlotColours

NAN_INDEX: Final = 0
INF_INDEX: Final = 255
_FIRST: Final = 1
_LAST: Final = 254


class Ramp(Enum):
    """How values become colours."""

    around_zero = "around_zero"
    """Diverging: zero is neutral, both signs have their colour, limits are symmetric."""
    low_to_high = "low_to_high"
    """From the smallest to the largest value."""


_RAMPS: Final = {
    (Ramp.around_zero, False): ["#08306b", "#2171b5", "#85bbdc", "#f4f4f4", "#f0a07c", "#cb3b2c", "#67000d"],
    (Ramp.around_zero, True): ["#b8e2ff", "#4aa3f0", "#22588f", "#1e2127", "#8f3424", "#f0684a", "#ffd9c7"],
    (Ramp.low_to_high, False): ["#440154", "#46327e", "#365c8d", "#1f9e89", "#4ac16d", "#a0da39", "#fde725"],
    (Ramp.low_to_high, True): ["#440154", "#46327e", "#365c8d", "#1f9e89", "#4ac16d", "#a0da39", "#fde725"],
}


def colour_table(ramp: Ramp, colours: PlotColours) -> NDArray[np.uint8]:
    """RGBA of each index, uint8 [256, 4]: NaN, then the ramp, then Inf."""
    stops = [QColor(name) for name in _RAMPS[ramp, colours.dark]]
    anchors = np.array([[c.red(), c.green(), c.blue()] for c in stops], np.float64)
    places = np.linspace(0, len(stops) - 1, _LAST - _FIRST + 1)
    table = np.full((256, 4), 255, np.uint8)
    for channel in range(3):
        table[_FIRST : _LAST + 1, channel] = np.interp(
            places, np.arange(len(stops)), anchors[:, channel]
        ).round()
    for index, colour in ((NAN_INDEX, colours.nan), (INF_INDEX, colours.inf)):
        table[index, :3] = colour.red(), colour.green(), colour.blue()
    return table


def limits_of(ramp: Ramp, low: float | None, high: float | None) -> tuple[float, float]:
    """The values at both ends of a ramp for data from `low` to `high`; never equal."""
    if low is None or high is None:
        return -1.0, 1.0
    if ramp is Ramp.around_zero:
        largest = max(abs(low), abs(high))
        return (-largest, largest) if largest else (-1.0, 1.0)
    if low == high:
        half = abs(low) / 2 or 0.5
        return low - half, high + half
    return low, high


def indices_of(
    values: NDArray[np.float64],
    nan: NDArray[np.bool_],
    inf: NDArray[np.bool_],
    limits: tuple[float, float],
) -> NDArray[np.uint8]:
    """Index into the colour table of each value, uint8 of the same shape."""
    low, high = limits
    with np.errstate(invalid="ignore", over="ignore"):
        places = (values / 2 - low / 2) / (high / 2 - low / 2) * (_LAST - _FIRST)
    places = np.nan_to_num(places, nan=0.0, posinf=_LAST, neginf=0.0)
    indices = (np.clip(places, 0, _LAST - _FIRST).round() + _FIRST).astype(np.uint8)
    indices[inf | ~np.isfinite(values)] = INF_INDEX
    indices[nan] = NAN_INDEX
    return indices


@dataclass(frozen=True, slots=True)
class Painted:
    """A heatmap whose values have become colour indices, ready to be drawn.

    Attributes:
        heatmap: what was painted.
        ramp: how values become colours.
        limits: the values at both ends of the ramp.
        indices: into the colour table, uint8 [down, across].
    """

    heatmap: Heatmap
    ramp: Ramp
    limits: tuple[float, float]
    indices: NDArray[np.uint8]

    @classmethod
    def of(cls, heatmap: Heatmap, ramp: Ramp, limits: tuple[float, float] | None = None) -> Painted:
        """Paint a heatmap, over its own range if no limits are given; work for a background thread."""
        limits = limits or limits_of(ramp, heatmap.low, heatmap.high)
        return cls(
            heatmap, ramp, limits, indices_of(heatmap.values, heatmap.nan_mask, heatmap.inf_mask, limits)
        )
