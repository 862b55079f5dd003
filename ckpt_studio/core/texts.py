"""How names from files and folders are shown: nothing in them can play tricks on a terminal or turn a line around.

It is part of the window's first paint, so it imports nothing that takes time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

_HIDDEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: str) -> str:
    r"""A name for showing: control, bidirectional and invisible characters as `\u202e`, bad bytes as `\xNN`."""
    if text.isascii() and text.isprintable():
        return text
    with suppress(UnicodeEncodeError):  # half a pair of surrogates, which no bytes mean
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(_escaped(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first few of some names, for a sentence."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(visible, names[:most])) + more
