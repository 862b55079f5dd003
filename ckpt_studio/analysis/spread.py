"""How the values of a plane are spread, finely enough for percentiles and for any picture of the distribution.

Values are counted by their upper 16 bits as float32: sign, exponent and seven digits after the point, so each is known
to within one percent of itself, however far the largest is from the smallest. Of a large plane every n-th stretch is
looked at, which a percentile does not mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.folding import numbers
from ckpt_studio.analysis.planes import Plane
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

_TILE_BYTES: Final = 1 << 18
_MOST_BYTES: Final = 1 << 26
"""More than this is sampled."""
_PIECE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Spread:
    """Counts of the finite values of a plane; complex numbers by magnitude.

    Attributes:
        values: float64, rising: the values that occur, each rounded towards zero to within one percent.
        counts: int64, how often.
        every: 1 where all values were looked at, n where one stretch in n was.
    """

    values: NDArray[np.float64]
    counts: NDArray[np.int64]
    every: int

    def percentile(self, percent: float) -> float | None:
        """The value that so many percent of the values do not exceed, None where there are none."""
        if not len(self.values):
            return None
        below = np.cumsum(self.counts)
        place = int(np.searchsorted(below, percent / 100 * int(below[-1]), "left"))
        return float(self.values[min(place, len(self.values) - 1)])

    def histogram(self, edges: NDArray[np.float64]) -> NDArray[np.int64]:
        """Counts between rising edges, int64 [len(edges) - 1]; values outside count at the ends."""
        bins = np.clip(np.searchsorted(edges, self.values, "right") - 1, 0, len(edges) - 2)
        return np.bincount(bins, self.counts, len(edges) - 1).astype(np.int64)


def spread(source: TensorSource, key: str, plane: Plane, task: Task = UNTENDED) -> Spread:
    """Count the values of a plane of numbers.

    Raises:
        NoSuchVariable: no such key.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    itemsize = max(1, source.columns.of(key).dtype.itemsize)
    plane = plane.transposed() if plane.runs_down else plane
    every = max(1, plane.rows * plane.columns * itemsize // _MOST_BYTES)
    counts = np.zeros(1 << 16, np.int64)
    tiles = plane.tiles((0, plane.rows), (0, plane.columns), itemsize, _TILE_BYTES)
    for rows, columns in islice(tiles, 0, None, every):
        values = plane.read(source, key, slice(*rows), slice(*columns))
        codes = _codes(numbers(values))
        for start in range(0, codes.size, _PIECE):  # counting holds the interpreter
            counts += np.bincount(codes[start : start + _PIECE], minlength=1 << 16)
        task.advance(values.nbytes)
    every_value, order = _ordered()
    present = order[counts[order] > 0]
    return Spread(every_value[present], counts[present], every)


def _codes(values: NDArray[np.generic]) -> NDArray[np.uint16]:
    """The upper halves of the values as float32; what is too large for that becomes the largest."""
    flat = values.reshape(-1)
    if flat.dtype != np.float32:
        with np.errstate(over="ignore", invalid="ignore"):
            small = flat.astype(np.float32)
        too_large = np.isinf(small) & np.isfinite(flat)
        if too_large.any():
            small[too_large] = np.copysign(np.finfo(np.float32).max, small[too_large])
        flat = small
    return (np.ascontiguousarray(flat).view(np.uint32) >> 16).astype(np.uint16)


@cache
def _ordered() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The value of each code, and the codes of finite values in rising order."""
    with np.errstate(invalid="ignore"):
        values = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32).astype(np.float64)
    finite = np.flatnonzero(np.isfinite(values))
    return values, finite[np.argsort(values[finite], kind="stable")]
