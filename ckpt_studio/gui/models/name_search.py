"""Finds text in the names of a million variables while a person types: one lower-cased blob, no object a name."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import Names

_PIECE: Final = 1 << 16
_FEW: Final = 5000
"""Up to so many hits are found one by one; more are found by comparing whole arrays."""


class NameSearch:
    """Names made ready for searching; ASCII letters match in either case.

    `Names` puts a newline after each name, so a needle without one never matches across two.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._blob = names.blob.lower()
        self._bytes = np.frombuffer(self._blob, np.uint8)
        self._offsets = names.offsets
        self._frequency = np.bincount(self._bytes[:: max(1, len(self._bytes) // 1_000_000)], minlength=256)

    def find(self, text: str) -> NDArray[np.bool_]:
        """bool [N]: which names hold the text."""
        found = np.zeros(len(self._offsets) - 1, np.bool_)
        needle = text.encode("utf-8", "surrogateescape").lower()
        if not needle:
            found[:] = True
            return found
        places = self._few(needle)
        if places is None:
            places = self._many(needle)
        found[np.searchsorted(self._offsets, places, side="right") - 1] = True
        return found

    def match(self, pattern: re.Pattern[bytes], task: Task = UNTENDED) -> NDArray[np.bool_]:
        """bool [N]: in which names a regular expression is found; upper and lower case differ.

        Raises:
            Cancelled: if asked to stop.
        """
        found = np.zeros(len(self._names), np.bool_)
        blob, offsets = self._names.blob, self._offsets
        row, count = 0, len(found)
        while row < count:  # the interpreter is held while a piece is searched
            task.check()
            past = max(int(np.searchsorted(offsets, offsets[row] + _PIECE, side="right")) - 1, row + 1)
            row = self._match_piece(pattern, blob[offsets[row] : offsets[past]], row, past, found)
        return found

    def _match_piece(
        self, pattern: re.Pattern[bytes], piece: bytes, first: int, past: int, found: NDArray[np.bool_]
    ) -> int:
        offsets = (self._offsets[first : past + 1] - self._offsets[first]).tolist()
        at = 0
        while at < len(piece) and (hit := pattern.search(piece, at)) is not None:
            row = bisect_right(offsets, hit.start()) - 1
            if row >= past - first:
                break
            end = offsets[row + 1] - 1
            found[first + row] = hit.end() <= end or pattern.search(piece[offsets[row] : end]) is not None
            at = end + 1
        return past

    def _few(self, needle: bytes) -> NDArray[np.int64] | None:
        places: list[int] = []
        at = self._blob.find(needle)
        while at >= 0:
            if len(places) == _FEW:
                return None
            places.append(at)
            at = self._blob.find(needle, at + 1)
        return np.array(places, np.int64)

    def _many(self, needle: bytes) -> NDArray[np.int64]:
        """Places of the rarest byte of the needle, thinned by its other bytes."""
        letters = np.frombuffer(needle, np.uint8)
        rarest = int(self._frequency[letters].argmin())
        last = len(self._bytes) - len(needle)
        places = np.flatnonzero(self._bytes[rarest : last + 1 + rarest] == letters[rarest])
        for i, letter in enumerate(letters):
            if i != rarest:
                places = places[self._bytes[places + i] == letter]
        return places
