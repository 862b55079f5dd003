"""Counts small whole numbers by the million: the one step of a histogram that no vector instruction does.

Two numbers below 256 are counted at once, as the place of their pair among 65,536: half the steps, and the time goes
into nothing else. The interpreter is held meanwhile, some 300 microseconds for a chunk.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BYTE: Final = 256
_MOST: Final = 65_536


class Tally:
    """How often each of the numbers below `number` came; `number` is at most 65,536.

    Attributes:
        code: the type that numbers are to be given in.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._pairs = number <= _BYTE
        self.code: np.dtype[Any] = np.dtype(np.uint8 if self._pairs else np.uint16)
        self._table = np.zeros(_MOST if self._pairs else number, np.int64)
        self._single = np.zeros(_BYTE, np.int64)

    def add(self, codes: NDArray[Any]) -> None:
        """Count these numbers, contiguous and of type `code`; each is below `number`."""
        if self._pairs:
            if codes.size % 2:
                self._single[codes[-1]] += 1
                codes = codes[:-1]
            codes = codes.view(np.uint16)
        np.add.at(self._table, codes.astype(np.intp), 1)

    def merge(self, other: Tally) -> None:
        """Take over what another one of the same `number` has counted."""
        self._table += other._table
        self._single += other._single

    @property
    def counts(self) -> NDArray[np.int64]:
        """int64 [number]."""
        if not self._pairs:
            return self._table
        pairs = self._table.reshape(_BYTE, _BYTE)
        counts: NDArray[np.int64] = (pairs.sum(axis=0) + pairs.sum(axis=1) + self._single)[: self._number]
        return counts
