"""A picture while rectangles of elements are folded into it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.folding import Patch, Pixels
from ckpt_studio.analysis.planes import Span

Reduce = Literal["extreme", "mean", "min", "max", "marks"]
"""Which of a pixel's values stands for it (`heatmap.HeatmapRequest`)."""


class Canvas:
    """Pixels [down, across] and what is known of their elements.

    Args:
        down, across: how the plane is divided into pixels.
        reduce: what the pixels will show.

    Attributes:
        down, across: as given.
        sums: whether sums are needed.
        low, high: float64, smallest and largest finite value so far; NaN where there was none.
        nan, inf: bool, whether a NaN, an Inf was seen.
        elements: the elements in their own type, if they are kept.
    """

    def __init__(self, down: Pixels, across: Pixels, reduce: Reduce) -> None:
        shape = (len(down), len(across))
        self.down, self.across = down, across
        self.sums = reduce == "mean"
        self.low, self.high = np.full(shape, np.nan), np.full(shape, np.nan)
        self.nan, self.inf = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self.elements: NDArray[Any] | None = None
        self._reduce: Reduce = reduce
        self._total, self._count = (np.zeros(shape if self.sums else (0, 0)) for _ in range(2))

    def keep_elements(self, dtype: Any) -> None:
        """Keep the elements as they are, if each pixel is one of them."""
        extent = tuple(side.edges[-1] - side.edges[0] for side in (self.down, self.across))
        if extent == self.low.shape:
            self.elements = np.zeros(extent, dtype)

    def keep(self, tile: NDArray[Any], rows: Span, columns: Span) -> None:
        """Elements of a rectangle; may be called from any thread, for different rectangles."""
        if self.elements is not None:
            top, left = self.down.edges[0], self.across.edges[0]
            self.elements[rows[0] - top : rows[1] - top, columns[0] - left : columns[1] - left] = tile

    def add(self, across: slice, patch: Patch) -> None:
        """Fold in what a rectangle has for some columns of pixels."""
        place = (patch.down, across)
        np.fmin(self.low[place], patch.low, out=self.low[place])
        np.fmax(self.high[place], patch.high, out=self.high[place])
        if patch.nan is not None and patch.inf is not None:
            self.nan[place] |= patch.nan
            self.inf[place] |= patch.inf
        if patch.total is not None and patch.count is not None:
            self._total[place] += patch.total
            self._count[place] += patch.count

    def merge(self, other: Canvas) -> None:
        """Fold in what another canvas of the same pixels has."""
        sums = (other._total, other._count) if self.sums else (None, None)
        patch = Patch(slice(0, len(self.down)), other.low, other.high, other.nan, other.inf, *sums)
        self.add(slice(0, len(self.across)), patch)

    def so_far(self, rough: Canvas | None) -> Canvas:
        """A copy; where nothing is known of it yet, it shows a rougher picture of the same columns, if there is one."""
        copied = Canvas(self.down, self.across, self._reduce)
        known = self.nan | self.inf | ~np.isnan(self.low)
        rows = None if rough is None else np.searchsorted(rough.down.edges, self.down.edges[:-1], "right") - 1
        for name in ("low", "high", "nan", "inf", *(("_total", "_count") if self.sums else ())):
            mine = getattr(self, name)
            setattr(copied, name, np.where(known, mine, mine if rows is None else getattr(rough, name)[rows]))
        return copied

    def values(self) -> NDArray[np.float64]:
        """What stands for each pixel."""
        if self._reduce == "mean":
            with np.errstate(invalid="ignore", over="ignore"):
                return self._total / self._count
        if self._reduce == "min":
            return self.low
        if self._reduce == "max":
            return self.high
        if self._reduce == "marks":
            return np.where(np.isnan(self.low) & ~(self.nan | self.inf), np.nan, self.nan | self.inf)
        return np.where(-self.low > self.high, self.low, self.high)

    def range(self) -> tuple[float, float] | tuple[None, None]:
        """Smallest and largest finite value seen, None when there is none."""
        low = float(np.fmin.reduce(self.low, axis=None))
        return (None, None) if np.isnan(low) else (low, float(np.fmax.reduce(self.high, axis=None)))
