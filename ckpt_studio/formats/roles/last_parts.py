"""The last parts of names, what stands behind the last `/`: of very many names few differ in them, so each is looked
at once; and names that are another name with a part more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tensors import Names

_AT_ONCE: Final = 1 << 15
_WORD: Final = 8
_WORDS: Final = 4
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(_WORD + 1)], np.uint64)


@dataclass(frozen=True, eq=False)
class LastParts:
    """Rows, and in what their names end.

    Attributes:
        rows: int64 [R], ascending.
        which: int32 [R], place in `parts`.
        parts: what the names end in; the same part may stand there more than once.
        base: int64 [R], how long the name is without its last part and the `/` before; -1 where it has no other part.
    """

    rows: NDArray[np.int64]
    which: NDArray[np.int32]
    parts: list[bytes]
    base: NDArray[np.int64]

    def take(self, chosen: NDArray[np.bool_]) -> LastParts:
        """Some of the rows."""
        return LastParts(self.rows[chosen], self.which[chosen], self.parts, self.base[chosen])


def last_parts(names: Names, rows: NDArray[np.int64], wanted: Callable[[bytes], bool]) -> LastParts:
    """Those of `rows` whose name ends in a part that is wanted.

    Args:
        names: of all rows.
        rows: int64, ascending.
        wanted: says so of a part; it is asked once for each that differs, mostly.
    """
    parts: list[bytes] = []
    found = [
        _some(names, rows[first : first + _AT_ONCE], wanted, parts) for first in range(0, len(rows), _AT_ONCE)
    ]
    if not found:
        return LastParts(rows, np.zeros(0, np.int32), parts, np.zeros(0, np.int64))
    return LastParts(
        np.concatenate([some.rows for some in found]),
        np.concatenate([some.which for some in found]),
        parts,
        np.concatenate([some.base for some in found]),
    )


def _some(
    names: Names, rows: NDArray[np.int64], wanted: Callable[[bytes], bool], parts: list[bytes]
) -> LastParts:
    begin, stop = int(names.offsets[rows[0]]), int(names.offsets[rows[-1] + 1])
    text = names.blob[begin:stop] + bytes(_WORD)
    start, end = names.offsets[rows] - begin, names.offsets[rows + 1] - 1 - begin
    slash = _last_slashes(text, end)
    first = np.maximum(start, slash + 1)
    sample, which, unlike = _grouped(_words(text, first, end), end - first)
    place = [_place(text[int(first[i]) : int(end[i])], wanted, parts) for i in sample.tolist()]
    places = np.array(place, np.int32)[which]
    for i in np.flatnonzero(unlike).tolist():
        places[i] = _place(text[int(first[i]) : int(end[i])], wanted, parts)
    base = np.where(slash >= start, slash - start, -1)
    return LastParts(rows, places, parts, base).take(places >= 0)


def _place(part: bytes, wanted: Callable[[bytes], bool], parts: list[bytes]) -> int:
    """The place that a part gets in `parts`, -1 where it is not wanted."""
    if not wanted(part):
        return -1
    parts.append(part)
    return len(parts) - 1


def _last_slashes(text: bytes, end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the last `/` before each end stands, -1 where there is none."""
    slashes = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("/"))
    before = np.searchsorted(slashes, end) - 1
    return np.append(slashes, -1)[before]


def _grouped(
    words: list[NDArray[np.uint64]], size: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """One of each group of equal parts, the group of each, and which are not certain to belong to theirs."""
    mixed = np.zeros(len(size), np.uint64)
    for word, factor in zip(words, _FACTORS, strict=True):
        mixed = (mixed ^ word) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(29)
    _, sample, which = np.unique(mixed, return_index=True, return_inverse=True)
    # Longer than is compared, or mixed to the same number by chance.
    unlike = (size > _WORD * _WORDS) | (size != size[sample][which])
    for word in words:
        unlike |= word != word[sample][which]
    return sample, which, unlike


def _view(text: bytes) -> NDArray[np.uint64]:
    """The eight bytes from each place on, as one number."""
    return np.ndarray((len(text) - _WORD + 1,), "<u8", text, strides=(1,))


def _words(text: bytes, first: NDArray[np.int64], end: NDArray[np.int64]) -> list[NDArray[np.uint64]]:
    """Parts of up to 32 bytes as four numbers: the first two words, and the last two; zeros where there is no more."""
    at = _view(text)
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


def rows_above(
    names: Names, rows: NDArray[np.int64], base: NDArray[np.int64], most: int = 4
) -> NDArray[np.int64]:
    """The row whose name is the first `base` bytes of each name, if it is one of the few before it, or -1.

    Args:
        names: sorted.
        rows: int64, ascending.
        base: int64, how many bytes.
        most: how many rows before are looked at.
    """
    found = np.full(len(rows), -1, np.int64)
    for first in range(0, len(rows), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        found[part] = _some_above(names, rows[part], base[part], most)
    return found


def _some_above(
    names: Names, rows: NDArray[np.int64], base: NDArray[np.int64], most: int
) -> NDArray[np.int64]:
    begin = int(names.offsets[max(int(rows[0]) - most, 0)])
    at = _view(names.blob[begin : int(names.offsets[rows[-1] + 1])] + bytes(_WORD))
    found = np.full(len(rows), -1, np.int64)
    for step in range(1, most + 1):
        above = np.maximum(rows - step, 0)
        open_ = (found < 0) & (rows >= step) & (names.offsets[above + 1] - names.offsets[above] - 1 == base)
        left = np.flatnonzero(open_)
        one, other = names.offsets[rows[left]] - begin, names.offsets[above[left]] - begin
        equal = _equal(at, one, other, base[left])
        found[left[equal]] = above[left[equal]]
    return found


def _equal(
    at: NDArray[np.uint64], one: NDArray[np.int64], other: NDArray[np.int64], size: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether so many bytes are the same at one place and another, for many pairs of places."""
    equal = np.ones(len(size), np.bool_)
    for done in range(0, int(size.max(initial=0)), _WORD):
        live = np.flatnonzero(equal & (size > done))
        mask = _MASKS[np.minimum(size[live] - done, _WORD)]
        equal[live] = (at[one[live] + done] ^ at[other[live] + done]) & mask == 0
    return equal
