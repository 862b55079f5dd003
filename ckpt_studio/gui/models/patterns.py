"""The two patterns of the filter field: regular expressions over names, and shapes with open axes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, encode
from ckpt_studio.gui.texts import filled, translate

_REPEATS: Final = frozenset("*+{")


def checked_pattern(text: str) -> re.Pattern[bytes]:
    """A regular expression over the bytes of names.

    Raises:
        RequestFault: it is none, or one that may take for ever.
    """
    if _repeats_a_repetition(text):
        sentence = translate("Filter", "“%1” repeats what is repeated itself, which can take for ever.")
        raise RequestFault(filled(sentence, text))
    try:
        return re.compile(encode(text), re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        sentence = translate("Filter", "“%1” is no regular expression: %2.")
        raise RequestFault(filled(sentence, text, str(error))) from error


def _repeats_a_repetition(text: str) -> bool:
    """Whether a group that holds `*`, `+` or `{` is repeated: such an expression can hold up the window for hours."""
    inside: list[bool] = [False]
    at = 0
    while at < len(text):
        letter = text[at]
        if letter == "\\":
            at += 1
        elif letter == "[":
            closed = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]").match(text, at)
            at = closed.end() - 1 if closed else len(text)
        elif letter == "(":
            inside.append(False)
        elif letter == ")" and len(inside) > 1:
            repeated = inside.pop()
            if repeated and text[at + 1 : at + 2] in _REPEATS and at + 1 < len(text):
                return True
            inside[-1] |= repeated
        elif letter in _REPEATS:
            inside[-1] = True
        at += 1
    return False


def shape_pattern(text: str) -> Callable[[Columns], NDArray[np.bool_]]:
    """Which rows have a shape like `3x3x*`: a star stands for any extent, and at the end for one axis or more.

    Raises:
        RequestFault: it is no shape.
    """
    parts = [] if text in ("", "scalar") else re.split("[x×,]", text.strip("[]()"))
    if not all(part == "*" or (part.isdecimal() and len(part) < 19) for part in parts):
        sentence = translate(
            "Filter", "“%1” is no shape; shapes are written like 3x3x64, with * for any extent."
        )
        raise RequestFault(filled(sentence, text))
    open_end = bool(parts) and parts[-1] == "*"

    def fits(columns: Columns) -> NDArray[np.bool_]:
        count = len(parts)
        if count > columns.dims.shape[1]:
            return np.zeros(len(columns), np.bool_)
        found: NDArray[np.bool_] = columns.rank >= count if open_end else columns.rank == count
        for axis, part in enumerate(parts):
            if part != "*":
                found &= columns.dims[:, axis] == int(part)
        return found

    return fits
