"""A string of a checkpoint in words: as text, as JSON with its lines in order, or as bytes. Names no Qt class."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ckpt_studio.gui.texts import visible

PART: Final = 32_768
"""Characters that are shown at once: more in one line would stall the window."""
_LARGEST_JSON: Final = 16 << 20
_HEX_WIDTH: Final = 16
_ODD: Final = 0.05
"""A string of which more than this cannot be read is shown as bytes."""


class Reading(Enum):
    """How a string is shown."""

    guess = "guess"
    text = "text"
    json = "json"
    hex = "hex"


@dataclass(frozen=True, slots=True)
class Words:
    """A part of a string, ready to be shown.

    Attributes:
        reading: how it is shown: never `guess`.
        text: the part.
        part: which part it is, from 0.
        parts: how many there are.
        size: bytes of the string.
    """

    reading: Reading
    text: str
    part: int
    parts: int
    size: int


def words_of(value: bytes, reading: Reading, part: int = 0) -> Words:
    """A part of a string; what it asks for that cannot be (JSON that is none) is shown as text."""
    if reading is Reading.guess:
        reading = _guessed(value)
    if reading is Reading.hex:
        per_part = PART // 64 * _HEX_WIDTH
        parts = max(1, -(-len(value) // per_part))
        part = min(part, parts - 1)
        return Words(reading, _dump(value, part * per_part, per_part), part, parts, len(value))
    text = _pretty(value) if reading is Reading.json else None
    if text is None:
        reading, text = Reading.text, value.decode("utf-8", "backslashreplace")
    parts = max(1, -(-len(text) // PART))
    part = min(part, parts - 1)
    shown = text[part * PART : (part + 1) * PART]
    return Words(reading, _readable(shown), part, parts, len(value))


def _guessed(value: bytes) -> Reading:
    start = value[:PART]
    text = start.decode("utf-8", "replace")
    odd = sum(not (c.isprintable() or c in "\n\r\t") or c == "\ufffd" for c in text)
    if odd > _ODD * len(text):
        return Reading.hex
    return Reading.json if start.lstrip()[:1] in (b"{", b"[") else Reading.text


def _pretty(value: bytes) -> str | None:
    """JSON with a value a line, names in their own order; None where it is none, or too large to be parsed."""
    if len(value) > _LARGEST_JSON:
        return None
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None


def _readable(text: str) -> str:
    """What cannot be seen is made visible, but for the ends of lines and tabs."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in lines)


def _dump(value: bytes, start: int, count: int) -> str:
    lines = []
    for place in range(start, min(start + count, len(value)), _HEX_WIDTH):
        row = value[place : min(place + _HEX_WIDTH, start + count)]
        seen = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
        lines.append(f"{place:08x}  {row.hex(' '):<{3 * _HEX_WIDTH - 1}}  {seen}")
    return "\n".join(lines)
