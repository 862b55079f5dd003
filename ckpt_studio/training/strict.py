"""Numbers as strict JSON allows them."""

from __future__ import annotations

import math


def strict(number: float | None) -> float | str | None:
    """The number itself, or the text that CONTRACT.md has for one that is not finite."""
    if number is None or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
