"""The exact picture of a whole matrix, made from the read that another pass of it takes anyway."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.canvas import Canvas, Reduce
from ckpt_studio.analysis.folding import Patch, Pixels, fold_columns, fold_rows
from ckpt_studio.analysis.kinds import CHUNK
from ckpt_studio.analysis.passes import MOST_AT_ONCE

_BATCH: Final = 16
"""So many stretches are folded down before their columns are folded across, all at once."""


class Overview:
    """A `passes.Rider` that folds the rows of a matrix into the pixels of a canvas.

    Args:
        down, across: how the matrix is divided into pixels.
        reduce: what these will show.

    Raises:
        ValueError: a row does not fit into a chunk.
    """

    def __init__(self, down: Pixels, across: Pixels, reduce: Reduce) -> None:
        self._down, self._across, self._reduce = down, across, reduce
        self._columns = across.edges[-1]
        if self._columns > CHUNK:
            raise ValueError(f"rows of {self._columns} values")
        pixel = down.edges[1] * self._columns
        self.piece = pixel if pixel <= MOST_AT_ONCE else self._columns
        self._folded: list[Patch] = []

    @cached_property
    def canvas(self) -> Canvas:
        """What was folded so far; made when it is needed, for who is still empty is sent to another process."""
        return Canvas(self._down, self._across, self._reduce)

    def add(self, values: NDArray[Any], start: int) -> None:
        """As `Rider.add`."""
        rows = values.reshape(-1, self._columns)
        first = start // self._columns
        folded = fold_rows(rows, (first, first + len(rows)), self._down, self._reduce == "mean")
        self._folded.append(folded)
        if len(self._folded) == _BATCH or np.may_share_memory(folded.low, values):
            self._settle()

    def merge(self, other: Self) -> None:
        """As `Rider.merge`."""
        self._settle()
        other._settle()
        self.canvas.merge(other.canvas)

    def _settle(self) -> None:
        """Fold what is left of the columns."""
        if self._folded:
            across, patches = fold_columns(self._folded, (0, self._columns), self._across)
            for patch in patches:
                self.canvas.add(across, patch)
            self._folded.clear()
