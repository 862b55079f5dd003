"""One pass over a variable: its blocks are cut into pieces that fit a processor's cache and fed to a reducer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import CHUNK, magnitude
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource


class Reducer(Protocol):
    """Something that a pass makes of all values of a variable."""

    def add(self, chunk: NDArray[Any]) -> None:
        """Take in at most `CHUNK` values, valid during the call; complex numbers come as float64 magnitudes."""
        ...


C = TypeVar("C", bound=Reducer)


def one_pass(source: TensorSource, key: str, new: Callable[[], C], task: Task) -> C:
    """Feed all values of a numeric variable to a reducer that `new` makes, in C order.

    Raises:
        as `TensorSource.blocks`.
    """
    reducer = new()
    for block in source.blocks(key, task):
        for start in range(0, block.size, CHUNK):
            piece = block[start : start + CHUNK]
            reducer.add(magnitude(piece) if piece.dtype.kind == "c" else piece)
    return reducer


class PatternCounts:
    """How often each bit pattern of an 8 or 16 bit type occurs.

    Attributes:
        counts: int64 [256] or [65536].
    """

    def __init__(self, itemsize: int) -> None:
        self._pattern = np.dtype(f"u{itemsize}")
        self.counts = np.zeros(1 << (8 * itemsize), np.int64)

    def add(self, chunk: NDArray[Any]) -> None:
        """As `Reducer.add`."""
        self.counts += np.bincount(chunk.view(self._pattern), minlength=len(self.counts))
