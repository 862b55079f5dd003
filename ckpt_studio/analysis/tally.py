"""Counts small whole numbers by the million: the one step of a histogram that no vector instruction does."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_BYTE: Final = 256
_FEW: Final = 1 << 16
"""Fewer bytes than that are counted before a library is called."""
_ROW: Final = 1 << 12


class Tally:
    """How often each of the numbers below `number` came; `number` is at most 65,536.

    Attributes:
        code: the type that numbers are to be given in.
    """

    def __init__(self, number: int) -> None:
        self.code: np.dtype[Any] = np.dtype(np.uint8 if number <= _BYTE else np.uint16)
        self.counts = np.zeros(number, np.int64)

    def add(self, codes: NDArray[Any]) -> None:
        """Count these numbers, contiguous and of type `code`; each is below `number`."""
        number = len(self.counts)
        if number <= _BYTE and codes.size >= _FEW:
            whole = codes.size // _ROW * _ROW
            self.counts += _bytes(codes[:whole])[:number]
            codes = codes[whole:]
        self.counts += np.bincount(codes, minlength=number)

    def merge(self, other: Tally) -> None:
        """Take over what another one of the same `number` has counted."""
        self.counts += other.counts


def _bytes(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each byte occurs, int64 [256]; other threads go on meanwhile, as they cannot while numpy counts."""
    from PIL import Image

    size = (_ROW, codes.size // _ROW)
    return np.array(Image.frombuffer("L", size, codes, "raw", "L", 0, 1).histogram(), np.int64)


def warm_up() -> None:
    """Import what counts bytes, so that the first count does not wait for it."""
    import_module("PIL.Image")
