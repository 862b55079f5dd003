"""How values become colours: a ramp, a scale and limits, and a small table of colours that the screen looks up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from ckpt_studio.analysis.heatmap import Heatmap
from ckpt_studio.analysis.spread import Spread
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.plots.scales import Linear, Log, Scale, SymLog

NAN_INDEX: Final = 0
BLANK_INDEX: Final = 254
INF_INDEX: Final = 255
FIRST: Final = 1
LAST: Final = 253
_DECADES_DOWN: Final = 1e-3
"""On a logarithmic scale, values smaller than this part of the largest are shown linearly."""


class Ramp(Enum):
    """Which colours there are."""

    around_zero = "around_zero"
    """Diverging: zero is neutral, both signs have their colour, limits are symmetric."""
    low_to_high = "low_to_high"
    """From the smallest to the largest value."""


class Limits(Enum):
    """Which values the ends of the ramp stand for. Numbers are percentiles that are left out at both ends."""

    all = 0.0
    seen = -1.0
    """The smallest and the largest value of what is seen."""
    most = 0.1
    many = 1.0
    inner = 5.0


@dataclass(frozen=True, slots=True)
class Tone:
    """How values become colours.

    Attributes:
        ramp: which colours.
        scale: how values lie along the ramp.
        low, high: the values at its ends; never equal.
    """

    ramp: Ramp
    scale: Scale
    low: float
    high: float

    @property
    def limits(self) -> tuple[float, float]:
        """The values at the ends of the ramp."""
        return self.low, self.high

    def place(self, value: float) -> float:
        """Where on the ramp a finite value is: 0 at its low end, 1 at its high end, and inside of them."""
        first, last = self.scale.place(self.low), self.scale.place(self.high)
        return min(max((self.scale.place(value) - first) / (last - first), 0.0), 1.0)

    def value(self, place: float) -> float:
        """The value at a place of the ramp."""
        first, last = self.scale.place(self.low), self.scale.place(self.high)
        return self.scale.value(first + place * (last - first))

    def edges(self, bins: int) -> NDArray[np.float64]:
        """Values that divide the ramp into equal parts, rising, float64 [bins + 1]."""
        return np.array([self.value(i / bins) for i in range(bins + 1)])

    def indices(self, picture: Heatmap) -> NDArray[np.uint8]:
        """Index into the colour table of each pixel, uint8 [down, across]."""
        return self.indices_of(picture.values, picture.nan_mask, picture.inf_mask)

    def indices_of(
        self, values: NDArray[np.float64], nan: NDArray[np.bool_], inf: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        """Index into the colour table of each value; NaN that is not marked as such is blank."""
        first, last = self.scale.place(self.low), self.scale.place(self.high)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            places = (self.scale.places(values) - first) * ((LAST - FIRST) / (last - first))
            np.clip(places, 0, LAST - FIRST, out=places)
        places += FIRST + 0.5
        none = np.isnan(places)
        places[none] = BLANK_INDEX
        indices = places.astype(np.uint8)
        indices[inf] = INF_INDEX
        indices[nan] = NAN_INDEX
        return indices


@dataclass(frozen=True, slots=True)
class Colouring:
    """What a person chose of how values become colours."""

    ramp: Ramp = Ramp.around_zero
    logarithmic: bool = False
    limits: Limits = Limits.all

    def tone(self, picture: Heatmap, spread: Spread | None) -> Tone:
        """The colours of a picture; percentiles need to know how all values are spread."""
        low, high = _range(picture)
        if self.limits.value > 0 and spread is not None and picture.request.reduce != "marks":
            ends = spread.percentile(self.limits.value), spread.percentile(100 - self.limits.value)
            if ends[0] is not None and ends[1] is not None:
                low, high = ends
        return tone_of(self.ramp, low, high, self.logarithmic)


def _range(picture: Heatmap) -> tuple[float | None, float | None]:
    """Of what the pixels show, which means and the like keep far from the extremes."""
    if picture.request.reduce == "extreme":
        return picture.low, picture.high
    if picture.request.reduce == "marks":
        return 0.0, 1.0
    low = np.fmin.reduce(picture.values, axis=None)
    return (None, None) if np.isnan(low) else (float(low), float(np.fmax.reduce(picture.values, axis=None)))


def tone_of(ramp: Ramp, low: float | None, high: float | None, logarithmic: bool = False) -> Tone:
    """Colours for values from `low` to `high`."""
    if low is None or high is None:
        low, high = -1.0, 1.0
    elif ramp is Ramp.around_zero:
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    elif low == high:
        half = abs(low) / 2 or 0.5
        low, high = low - half, high + half
    scale: Scale = Linear()
    if logarithmic:
        largest = max(abs(low), abs(high))
        far = low > 0 and low > largest * _DECADES_DOWN * _DECADES_DOWN
        scale = Log() if far else SymLog(max(largest * _DECADES_DOWN, np.finfo(np.float64).tiny))
    return Tone(ramp, scale, low, high)


_RAMPS: Final = {
    (Ramp.around_zero, False): ["#08306b", "#2171b5", "#85bbdc", "#f4f4f4", "#f0a07c", "#cb3b2c", "#67000d"],
    (Ramp.around_zero, True): ["#b8e2ff", "#4aa3f0", "#22588f", "#1e2127", "#8f3424", "#f0684a", "#ffd9c7"],
    (Ramp.low_to_high, False): ["#440154", "#46327e", "#365c8d", "#1f9e89", "#4ac16d", "#a0da39", "#fde725"],
    (Ramp.low_to_high, True): ["#440154", "#46327e", "#365c8d", "#1f9e89", "#4ac16d", "#a0da39", "#fde725"],
}


def colour_table(ramp: Ramp, colours: PlotColours) -> NDArray[np.uint8]:
    """RGBA of each index, uint8 [256, 4]: NaN, then the ramp, then blank and Inf. Not to be changed."""
    return _colour_table(ramp, colours.dark, colours.nan.rgb(), colours.inf.rgb())


@cache
def _colour_table(ramp: Ramp, dark: bool, nan: int, inf: int) -> NDArray[np.uint8]:
    stops = [QColor(name) for name in _RAMPS[ramp, dark]]
    anchors = np.array([[c.red(), c.green(), c.blue()] for c in stops], np.float64)
    places = np.linspace(0, len(stops) - 1, LAST - FIRST + 1)
    table = np.full((256, 4), 255, np.uint8)
    for channel in range(3):
        table[FIRST : LAST + 1, channel] = np.interp(
            places, np.arange(len(stops)), anchors[:, channel]
        ).round()
    table[BLANK_INDEX] = 0
    for index, colour in ((NAN_INDEX, QColor(nan)), (INF_INDEX, QColor(inf))):
        table[index, :3] = colour.red(), colour.green(), colour.blue()
    return table


@dataclass(frozen=True, slots=True)
class Painted:
    """A heatmap whose values have become colour indices, ready to be drawn.

    Attributes:
        heatmap: what was painted.
        tone: how values became colours.
        indices: into the colour table, uint8 [down, across].
    """

    heatmap: Heatmap
    tone: Tone
    indices: NDArray[np.uint8]

    @classmethod
    def of(cls, heatmap: Heatmap, tone: Tone) -> Painted:
        """Paint a heatmap; work for a background thread."""
        return cls(heatmap, tone, tone.indices(heatmap))

    def image(self, colours: PlotColours) -> QImage:
        """The picture, in the format that the screen draws fastest."""
        return image_of(self.indices, self.tone, colours)


def image_of(indices: NDArray[np.uint8], tone: Tone, colours: PlotColours) -> QImage:
    """Indices into the colour table [down, across] as an image that owns its pixels."""
    indices = np.ascontiguousarray(indices)
    table = colour_table(tone.ramp, colours).astype(np.uint32)
    down, across = indices.shape
    image = QImage(indices.data, across, down, across, QImage.Format.Format_Indexed8)
    argb = table[:, 3] << 24 | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2]
    image.setColorTable(argb.tolist())
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
