"""Numbers as text for a person: short where they are read, complete where they are copied."""

from __future__ import annotations

import math
import sys
from enum import Enum
from typing import Any, Final


class NumberFormat(Enum):
    """How the table writes numbers."""

    short = "short"
    """Six digits."""
    full = "full"
    """As many digits as tell the value apart."""
    scientific = "scientific"
    fixed = "fixed"
    hex = "hex"
    """The bits of the element, as they are stored but for the byte order."""


_DIGITS: Final = {NumberFormat.short: 6, NumberFormat.scientific: 4, NumberFormat.fixed: 6}
"""What is written of a number where nobody says how much."""


def number_text(value: Any, how: NumberFormat = NumberFormat.short, digits: int | None = None) -> str:
    """One element as text; any numpy scalar or Python number, or bytes.

    `digits` are significant ones in the short format, and those behind the point in the others.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if how is NumberFormat.hex and hasattr(value, "dtype"):
        return hex_text(value)
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool | int):
        return str(plain)
    if how in (NumberFormat.full, NumberFormat.hex):
        return _named(plain) or str(value).strip("()")
    places = _DIGITS[how] if digits is None else digits
    if isinstance(plain, complex):
        sign = "-" if math.copysign(1, plain.imag) < 0 else "+"
        return f"{_real(plain.real, how, places)}{sign}{_real(abs(plain.imag), how, places)}j"
    return _real(float(plain), how, places)


def bits_of(value: Any) -> str:
    """The bits of a numpy scalar, the most significant first; those of a complex number as real and imaginary part."""
    raw = value.tobytes()
    size = len(raw) // (2 if value.dtype.kind == "c" else 1)
    parts = [int.from_bytes(raw[start : start + size], sys.byteorder) for start in range(0, len(raw), size)]
    bits = "".join(f"{part:0{8 * size}b}" for part in parts)
    width = _WIDTHS.get(value.dtype.name)  # numpy keeps these in a byte of their own
    return bits if width is None else bits[-width:]


_WIDTHS: Final = {"int4": 4, "uint4": 4, "int2": 2, "uint2": 2, "float4_e2m1fn": 4}


def hex_text(value: Any) -> str:
    """The bits of a numpy scalar as a hexadecimal number; those of a complex number as two."""
    bits = bits_of(value)
    parts = [bits] if value.dtype.kind != "c" else [bits[: len(bits) // 2], bits[len(bits) // 2 :]]
    return " ".join(f"0x{int(part, 2):0{-(-len(part) // 4)}x}" for part in parts)


def _named(value: Any) -> str:
    """The special values as CONTRACT.md writes them, "" for all others."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return ""


def _real(value: float, how: NumberFormat, digits: int) -> str:
    if special := _named(value):
        return special
    if how is NumberFormat.scientific:
        return f"{value:.{digits}e}"
    if how is NumberFormat.fixed:
        return f"{value:.{digits}f}"
    return f"{value:.{max(digits, 1)}g}"


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
