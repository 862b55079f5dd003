"""Where the marks of an axis stand and what is written at them: round numbers, as many as there is room for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ckpt_studio.gui.plots.scales import Linear, Log, Scale, SymLog

_STEPS: Final = (1, 2, 5)
_MOST: Final = 200
"""Never more marks than this, whatever rounding makes of a range."""
_PLAIN: Final = 10_000_000
"""Numbers from here on are written with an exponent."""


class Numbers(Enum):
    """What the numbers of an axis are."""

    values = "values"
    """Any numbers."""
    counts = "counts"
    """Whole numbers from zero."""
    indices = "indices"
    """Whole numbers, each as wide as the element that it counts: its mark stands in the middle."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark.

    Attributes:
        value: where it stands.
        text: what is written at it; "" for a small mark between two others.
    """

    value: float
    text: str = ""


Room = Callable[[str], float]
"""How many pixels along the axis a text takes, with the gap to its neighbour."""


def ticks_of(
    scale: Scale, numbers: Numbers, low: float, high: float, length: float, room: Room
) -> list[Tick]:
    """The marks of an axis that shows `low` to `high` on `length` pixels, rising; texts do not overlap."""
    if not low < high or length <= 0:
        return []
    start, stop = scale.place(low), scale.place(high)

    def fits(ticks: list[Tick]) -> bool:
        last = -math.inf
        for tick in ticks:
            if not tick.text:
                continue
            centre = (scale.place(tick.value) - start) / (stop - start) * length
            half = room(tick.text) / 2
            if centre - half < last:
                return False
            last = centre + half
        return True

    wanted = max(2, min(12, int(length / max(room("0"), 1) / 2)))
    while wanted > 1:
        ticks = _some(scale, numbers, low, high, wanted)
        if fits(ticks):
            return ticks
        wanted -= 1
    ticks = _some(scale, numbers, low, high, 1)
    return ticks if fits(ticks) else [tick for tick in ticks if tick.text][:1]


def _some(scale: Scale, numbers: Numbers, low: float, high: float, wanted: int) -> list[Tick]:
    if isinstance(scale, Linear):
        return linear_ticks(low, high, wanted, numbers)
    decades = _decades(scale, low, high)
    if len(decades) < 2:  # hardly more than one power of ten is seen: round numbers tell more
        return linear_ticks(low, high, wanted, numbers)
    most = 2 * wanted  # powers of ten may stand closer: their texts are short
    ticks = _thinned(decades, most)
    if len(decades) <= most:
        ticks += [Tick(v) for v in _between(decades) if low <= v <= high]
    return sorted(ticks, key=lambda tick: tick.value)


def linear_ticks(low: float, high: float, wanted: int, numbers: Numbers) -> list[Tick]:
    """About `wanted` round numbers from `low` to `high`."""
    step = _round_step(high / wanted - low / wanted, whole=numbers is not Numbers.values)
    width = _times(1, step)
    shift = 0.5 if numbers is Numbers.indices else 0.0
    first, last = math.ceil((low - shift) / width), math.floor((high - shift) / width)
    values = [_times(k, step) for k in range(first, min(last, first + _MOST) + 1)]
    values = [v for v in values if low <= v + shift <= high]  # division may have rounded one in
    if numbers is not Numbers.values:
        values = [v for v in values if v >= 0]
        return [Tick(v + shift, whole_text(v)) for v in values]
    return [Tick(v, text) for v, text in zip(values, _texts(values, width, step[1]), strict=True)]


def whole_text(value: float) -> str:
    """A whole number: its thousands apart, with an exponent where it is huge."""
    return f"{value:,.0f}" if abs(value) < 1e9 else _short(f"{value:.3g}")


def _round_step(span: float, whole: bool) -> tuple[int, int]:
    """The next step of 1, 2 or 5 times a power of ten that is not smaller, as (factor, exponent)."""
    if whole and span <= 1:
        return 1, 0
    exponent = math.floor(math.log10(span)) if span > 0 else 0
    for factor in _STEPS:
        if _times(1, (factor, exponent)) >= span * (1 - 1e-9):
            return factor, exponent
    return 1, exponent + 1


def _times(count: int, step: tuple[int, int]) -> float:
    """`count` steps, rounded once; infinite where float64 ends."""
    factor, exponent = step
    if exponent < 0:
        return count * factor / 10**-exponent
    try:
        return float(count * factor * 10**exponent)
    except OverflowError:
        return math.copysign(math.inf, count)


def _texts(values: list[float], step: float, exponent: int) -> list[str]:
    """Each with the digits that tell it from its neighbours."""
    largest = max((abs(v) for v in values), default=0.0)
    if largest < _PLAIN and exponent >= -4:
        return [f"{v:,.{max(0, -exponent)}f}" for v in values]
    digits = min(max(1, math.ceil(math.log10(largest / step)) + 1), 17) if largest else 1
    return [_short(f"{v:.{digits}g}") if v else "0" for v in values]


def _short(text: str) -> str:
    """An exponent without sign and leading zeros where it needs none: 1e+06 becomes 1e6."""
    number, e, exponent = text.partition("e")
    return f"{number}e{int(exponent)}" if e else text


def _decades(scale: Scale, low: float, high: float) -> list[float]:
    """Powers of ten from `low` to `high`, of both signs around zero where the scale has them."""
    if isinstance(scale, Log):
        return _powers(low, high)
    assert isinstance(scale, SymLog)
    least = 3 * scale.linear  # or it would stand on the zero
    found = [-v for v in reversed(_powers(max(-high, least), -low))]
    if low <= 0 <= high:
        found.append(0.0)
    return found + _powers(max(low, least), high)


def _powers(low: float, high: float) -> list[float]:
    if low <= 0 or high < low:
        return []
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [_times(1, (1, e)) for e in range(first, last + 1) if e <= 308]


def _thinned(decades: list[float], wanted: int) -> list[Tick]:
    """Every n-th of them, counted from one and from zero, so that the same ones stay when the view moves."""
    every = max(1, math.ceil(len(decades) / wanted))
    return [Tick(v, _decade_text(v)) for v in decades if not v or round(math.log10(abs(v))) % every == 0]


def _decade_text(value: float) -> str:
    size = abs(value)
    if not size or 1e-3 <= size < 1e6:
        return f"{value:,.0f}" if not size or size >= 1 else f"{value:g}"
    return _short(f"{value:.0e}")


def _between(decades: Iterable[float]) -> list[float]:
    """Twice to nine times each power of ten."""
    return [v * k for v in decades if v for k in range(2, 10)]
