"""What a person types or pastes as values of cells, in the form in which a patch has them. Names no Qt class."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING, Any, Final

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.gui.texts import filled, shortened, translate, visible

if TYPE_CHECKING:
    from ckpt_studio.core.dtypes import DType

MOST_CELLS: Final = 10_000
"""More than this is a matter for values from a file."""
_TRUTH: Final = {"true": True, "false": False}
_SPACES: Final = re.compile(r"\s+")
_ESCAPED: Final = {"\\t": "\t", "\\r": "\r", "\\n": "\n", "\\\\": "\\"}


def cell_of(text: str, dtype: DType) -> Any:
    """The value that a text means for an element of this type.

    Raises:
        RequestFault: it means none.
    """
    if not dtype.is_numeric:
        return text
    plain = text.strip().replace("\u2212", "-").replace("_", "")
    if plain.lower() in _TRUTH:
        return _TRUTH[plain.lower()]
    for read in (_whole, _real, _complex):
        try:
            value = read(plain)
        except ValueError:
            continue
        if "inf" in plain.lower() or not _is_infinite(value):
            return value
    sentence = translate("ValuesView", "%1 is no value of the type %2.")
    raise RequestFault(filled(sentence, f"“{visible(shortened(text, 60))}”", dtype.name))


def _is_infinite(value: Any) -> bool:
    """Whether it is an infinity, for which Python takes digits that mean too large a number."""
    return "Infinity" in str(value)


def _whole(text: str) -> int:
    return int(text, 16) if text.lower().lstrip("+-").startswith("0x") else int(text)


def _real(text: str) -> float | str:
    value = float(text)
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def _complex(text: str) -> list[float | str]:
    value = complex(text.replace("Infinity", "inf").replace("i", "j") if "j" not in text else text)
    return [_real(repr(value.real)), _real(repr(value.imag))]


def block_of(text: str, dtype: DType) -> list[list[Any]]:
    """The values of a block that was copied from here, from a spreadsheet or from a file; all lines are as long.

    Raises:
        RequestFault: it is no block, too large, or one of its cells means no value.
    """
    rows = _lines(text.replace("\r\n", "\n").removesuffix("\n"), dtype)
    if not text.strip() or not rows:
        raise RequestFault(translate("ValuesView", "There is nothing to paste."))
    count = sum(map(len, rows))
    if count > MOST_CELLS:
        sentence = translate("ValuesView", "Pasting takes at most {0:,} cells, and these are {1:,}.")
        raise RequestFault(sentence.format(MOST_CELLS, count))
    if len({len(row) for row in rows}) > 1:
        raise RequestFault(translate("ValuesView", "The lines to paste have different numbers of cells."))
    return [[cell_of(cell, dtype) for cell in row] for row in rows]


def _lines(text: str, dtype: DType) -> list[list[str]]:
    lines = text.split("\n")
    if not dtype.is_numeric:
        return [[_unescaped(cell) for cell in line.split("\t")] for line in lines]
    if "\t" in text:
        return [line.split("\t") for line in lines if line]
    bare = [line.strip().strip("[](),;") for line in lines]
    for between in (",", ";"):
        if between in text:
            return list(csv.reader((line for line in bare if line), delimiter=between, skipinitialspace=True))
    return [_SPACES.split(line) for line in bare if line]


def _unescaped(cell: str) -> str:
    """As `values_copy.as_text` has escaped it."""
    return re.sub(r"\\[trn\\]", lambda found: _ESCAPED[found[0]], cell)
