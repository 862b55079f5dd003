"""The columns of the tree of variables."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from PySide6.QtCore import Qt


class Column(IntEnum):
    """The columns, left to right."""

    label = 0
    frozen = 1
    shape = 2
    state = 3
    dtype = 4
    size = 5
    mean = 6
    std = 7
    norm = 8
    nan = 9


FIGURES: Final = (Column.mean, Column.std, Column.norm, Column.nan)
"""The columns that fill in the background."""
_TO_THE_RIGHT: Final = frozenset((Column.size, *FIGURES))
_ALIGN_RIGHT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_ALIGN_LEFT: Final = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def alignment_of(column: int) -> Qt.AlignmentFlag:
    """Numbers stand at the right of their column."""
    return _ALIGN_RIGHT if column in _TO_THE_RIGHT else _ALIGN_LEFT
