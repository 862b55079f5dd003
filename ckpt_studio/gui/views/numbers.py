"""Numbers as text for a person: short where they are read, complete where they are copied."""

from __future__ import annotations

import math
from enum import Enum
from typing import Any


class NumberFormat(Enum):
    """How the table writes numbers."""

    short = "short"
    """Six digits."""
    full = "full"
    """As many digits as tell the value apart."""
    scientific = "scientific"
    fixed = "fixed"


def number_text(value: Any, how: NumberFormat = NumberFormat.short) -> str:
    """One element as text; any numpy scalar or Python number, or bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool | int):
        return str(plain)
    if how is NumberFormat.full:
        return _named(plain) or str(value)
    if isinstance(plain, complex):
        sign = "-" if math.copysign(1, plain.imag) < 0 else "+"
        return f"{_real(plain.real, how)}{sign}{_real(abs(plain.imag), how)}j"
    return _real(float(plain), how)


def _named(value: Any) -> str:
    """The special values as CONTRACT.md writes them, "" for all others."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return ""


def _real(value: float, how: NumberFormat) -> str:
    if special := _named(value):
        return special
    if how is NumberFormat.scientific:
        return f"{value:.4e}"
    if how is NumberFormat.fixed:
        return f"{value:.6f}"
    return f"{value:.6g}"


def count_text(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}"


def share_text(part: int, whole: int) -> str:
    """A part of a whole in percent, never rounded to nothing or to everything."""
    if not part or not whole:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < percent < 100 else f"{percent:.3g} %"
