"""Which names end in a part that is of interest: of very many names few differ in it, and each is looked at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names

_AT_ONCE: Final = 1 << 15
_WORD: Final = 8
_WORDS: Final = 4
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


def rows_by_last_part(
    names: Names, rows: NDArray[np.int64], wanted: Callable[[bytes], bool]
) -> NDArray[np.int64]:
    """Those of `rows` whose name ends in a part (what stands behind the last `/`) that is wanted.

    Args:
        names: of all rows.
        rows: int64, ascending.
        wanted: says so of a part; it is asked once for each that differs, mostly.
    """
    found = [_some(names, rows[first : first + _AT_ONCE], wanted) for first in range(0, len(rows), _AT_ONCE)]
    return np.concatenate(found) if found else rows


def _some(names: Names, rows: NDArray[np.int64], wanted: Callable[[bytes], bool]) -> NDArray[np.int64]:
    begin, stop = int(names.offsets[rows[0]]), int(names.offsets[rows[-1] + 1])
    text = names.blob[begin:stop] + bytes(_WORD)
    start, end = names.offsets[rows] - begin, names.offsets[rows + 1] - 1 - begin
    first = np.maximum(start, _last_slashes(text, end) + 1)
    words = _words(text, first, end)
    mixed = np.zeros(len(rows), np.uint64)
    for word, factor in zip(words, _FACTORS, strict=True):
        mixed = (mixed ^ word) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    _, sample, which = np.unique(mixed, return_index=True, return_inverse=True)
    yes = np.array([wanted(text[int(first[i]) : int(end[i])]) for i in sample.tolist()], np.bool_)[which]
    size = end - first
    unlike = (size != size[sample][which]) | (size > _WORD * _WORDS)
    for word in words:
        unlike |= word != word[sample][which]
    for i in np.flatnonzero(
        unlike
    ).tolist():  # longer than is compared, or mixed to the same number by chance
        yes[i] = wanted(text[int(first[i]) : int(end[i])])
    return rows[yes]


def _last_slashes(text: bytes, end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the last `/` before each end stands, -1 where there is none."""
    slashes = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("/"))
    before = np.searchsorted(slashes, end) - 1
    return np.append(slashes, -1)[before]


def _words(text: bytes, first: NDArray[np.int64], end: NDArray[np.int64]) -> list[NDArray[np.uint64]]:
    """Parts of up to 32 bytes as four numbers: the first two words, and the last two; zeros where there is no more."""
    at = np.ndarray((len(text) - _WORD + 1,), "<u8", text, strides=(1,))
    size = end - first

    def word(place: NDArray[np.int64], missing: NDArray[np.int64]) -> NDArray[np.uint64]:
        kept: NDArray[np.uint64] = at[place] & _MASKS[np.clip(missing, 0, _WORD)]
        return kept

    return [
        word(first, size),
        word(np.minimum(first + _WORD, end), size - _WORD),
        word(np.maximum(end - _WORD, first), np.where(size > 2 * _WORD, _WORD, 0)),
        word(np.maximum(end - 2 * _WORD, first), np.where(size > 3 * _WORD, _WORD, 0)),
    ]
