"""Changes `trainable` of some layers in the text of a configuration, and leaves every other byte of it as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from typing import Final

from ckpt_studio.formats.keras.config import Place

_TOKEN: Final = re.compile(r'[\[\]{},:]|"(?:[^"\\]|\\.)*"|[^\s\[\]{},:"]+', re.DOTALL)
_FLAG: Final = ("config", "trainable")
_WORDS: Final = {True: "true", False: "false"}


def with_trainable(text: str, layers: Mapping[Place, bool]) -> str:
    """The text with other flags.

    Args:
        text: JSON.
        layers: by the place of a layer that has a flag, what it shall be.
    """
    wanted = {(*place, *_FLAG): _WORDS[value] for place, value in layers.items()}
    spans = _spans(text, wanted.keys())
    for place in sorted(spans, key=spans.__getitem__, reverse=True):
        start, stop = spans[place]
        text = text[:start] + wanted[place] + text[stop:]
    return text


def _spans(text: str, wanted: Set[Place]) -> dict[Place, tuple[int, int]]:
    """Where the plain values at some places stand; of a name that stands there twice, the last, as JSON is read."""
    found: dict[Place, tuple[int, int]] = {}
    place: list[str | int] = []  # of each object and list that is open, where we are in it
    in_list: list[bool] = []
    named = False  # whether the name of what comes now has been read
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in ("{", "["):
            place.append(0)
            in_list.append(word == "[")
            named = False
        elif word in ("}", "]"):
            place.pop()
            in_list.pop()
        elif word == ",":
            named = False
            if in_list[-1]:
                place[-1] = int(place[-1]) + 1
        elif word == ":":
            named = True
        elif in_list and not in_list[-1] and not named:
            place[-1] = json.loads(word)
        elif tuple(place) in wanted:
            found[tuple(place)] = token.span()
    return found
