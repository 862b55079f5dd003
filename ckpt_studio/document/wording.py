"""How a document speaks of variables: by the names that a person knows, and by the group that they make up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Columns, printable
from ckpt_studio.core.texts import some_of
from ckpt_studio.document.patterns import rows_of, shared_path

_MOST_NAMES: Final = 1000
"""The names of more variables are not looked up for a title."""
_SAID: Final = 5


def named(keys: Sequence[str]) -> str:
    """A few words for some variables."""
    if len(keys) == 1:
        return printable(keys[0])
    return f"{len(keys)} variables"


def called(columns: Columns, row: int) -> str:
    """What a person calls a variable: its key where others have its name, too."""
    if columns.names is None:
        return columns.keys[row]
    text, wanted = b"\n" + columns.names.blob, b"\n" + columns.names.raw(row) + b"\n"
    first = text.find(wanted)
    twice = text.find(wanted, first + len(wanted) - 1) >= 0
    return columns.keys[row] if twice else columns.names[row]


def spoken(keys: Sequence[str], columns: Columns) -> str:
    """As `named`, by the names of `columns`; several variables by the group that holds them all, if there is one.

    Raises:
        NoSuchVariable: a key is not there.
    """
    if len(keys) == 1:
        return printable(called(columns, columns.row(keys[0])))
    names = keys
    if columns.names is not None:
        names = columns.names.take(rows_of(columns.keys, keys[:_MOST_NAMES]).tolist())
        if len(keys) > len(names):
            return named(keys)
    group = shared_path(names).rstrip("/") if keys else ""
    return f"{printable(group)} ({len(keys)} variables)" if group else named(keys)


def counted(columns: Columns, rows: NDArray[np.int64]) -> str:
    """How many variables, and what some of them are called."""
    count = "1 variable" if len(rows) == 1 else f"{len(rows)} variables"
    return f"{count} ({listed(columns, rows.tolist())})"


def listed(columns: Columns, rows: Sequence[int]) -> str:
    """What the first few of some variables are called, and how many more there are."""
    more = f" and {len(rows) - _SAID} more" if len(rows) > _SAID else ""
    return some_of([called(columns, row) for row in rows[:_SAID]]) + more
