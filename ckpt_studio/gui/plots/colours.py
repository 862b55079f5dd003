"""Colours of plots, taken from the palette so that they follow the window from light to dark and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QColor, QPalette


@dataclass(frozen=True, slots=True)
class PlotColours:
    """Colours of lines and texts."""

    base: QColor
    text: QColor
    faint: QColor
    grid: QColor
    staged: QColor
    original: QColor
    compared: QColor
    slots: tuple[QColor, ...]
    nan: QColor
    inf: QColor
    dark: bool

    @classmethod
    def of(cls, palette: QPalette) -> PlotColours:
        """The colours that go with a palette."""
        base, text = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text)
        dark = base.lightnessF() < 0.5
        named = _DARK if dark else _LIGHT
        return cls(
            base=base,
            text=text,
            faint=faded(text, 0.6),
            grid=faded(text, 0.12),
            dark=dark,
            slots=tuple(map(QColor, named["slots"])),
            **{name: QColor(colour) for name, colour in named.items() if name != "slots"},
        )


_LIGHT: dict[str, Any] = {
    "staged": "#2563c9",
    "original": "#c2570c",
    "compared": "#7b3fb5",
    "slots": ("#0f766e", "#9d174d", "#4d7c0f", "#6b7280"),
    "nan": "#00a83a",
    "inf": "#d4a800",
}
_DARK: dict[str, Any] = {
    "staged": "#6aa9ff",
    "original": "#ffb454",
    "compared": "#c59bf2",
    "slots": ("#5eead4", "#f9a8d4", "#bef264", "#9ca3af"),
    "nan": "#39e75f",
    "inf": "#ffe14d",
}

Colour = Callable[[PlotColours], QColor]
"""Which of the colours something has, such as `lambda colours: colours.staged`."""


def faded(colour: QColor, opacity: float) -> QColor:
    """The colour, so much of it."""
    made = QColor(colour)
    made.setAlphaF(opacity)
    return made
