"""What a person types as a value, as the JSON of a patch has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.texts import translate

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType

_WORDS = {"true": True, "false": False}
_NON_FINITE = {
    "nan": "NaN", "inf": "Infinity", "infinity": "Infinity", "-inf": "-Infinity", "-infinity": "-Infinity",
}  # fmt: skip


def typed_value(text: str, dtype: DType) -> Any:
    """The value that a text means for an element type: a text for strings, else a number.

    Raises:
        RequestFault: it is no number.
    """
    if dtype.name == "string":
        return text
    word = text.strip().lower().removeprefix("+")
    if word in _WORDS:
        return _WORDS[word]
    if word in _NON_FINITE:
        return _NON_FINITE[word]
    for kind in (lambda: int(word, 0), lambda: float(word)):
        try:
            return kind()
        except ValueError:
            continue
    try:
        number = complex(word.replace("i", "j"))
    except ValueError:
        raise _no_number(text) from None
    return [number.real, number.imag]


def typed_integers(text: str) -> tuple[int, ...]:
    """Whole numbers as people write shapes and axes: `3 × 64`, `3x64`, `3, 64`, `(3, 64)`, `[3 64]`.

    Raises:
        RequestFault: there is something else among them.
    """
    try:
        return tuple(int(word) for word in re.split(r"[\s,;x×*()\[\]]+", text.strip().lower()) if word)
    except ValueError:
        sentence = translate("EditDialog", "“%1” is no list of whole numbers; write 3 × 64, for example.")
        raise RequestFault(sentence.replace("%1", text)) from None


def typed_number(text: str) -> float:
    """The real number that a text means; whole ones stay whole.

    Raises:
        RequestFault: it is none.
    """
    for kind in (int, float):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    raise _no_number(text)


def _no_number(text: str) -> RequestFault:
    sentence = translate("EditDialog", "“%1” is no number; type one such as 0.5 or 1e-3.")
    return RequestFault(sentence.replace("%1", text))
