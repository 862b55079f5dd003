"""How the values of a plane are spread, finely enough for the percentiles and the picture that colours need.

Of a large plane every n-th stretch is looked at, which a percentile does not mind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.classes import Classes, count_classes
from ckpt_studio.analysis.derived import Region
from ckpt_studio.analysis.planes import Plane
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

_MOST_BYTES: Final = 1 << 26
"""More than this is sampled."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Counts of the finite values of a plane; complex numbers by magnitude.

    Attributes:
        classes: the values, each rounded towards zero to within half a percent.
        every: 1 where all values were looked at, n where one stretch in n was.
    """

    classes: Classes
    every: int

    def percentile(self, percent: float) -> float | None:
        """About the value that so many percent of the values do not exceed, None where there are none."""
        values = self.classes.near
        if not len(values):
            return None
        below = np.cumsum(self.classes.counts)
        place = int(np.searchsorted(below, percent / 100 * int(below[-1]), "left"))
        return float(values[min(place, len(values) - 1)])

    def histogram(self, edges: NDArray[np.float64]) -> NDArray[np.int64]:
        """Counts between rising edges, int64 [len(edges) - 1]; values outside count at the ends."""
        bins = np.clip(np.searchsorted(edges, self.classes.near, "right") - 1, 0, len(edges) - 2)
        return np.bincount(bins, self.classes.counts, len(edges) - 1).astype(np.int64)


def spread(source: TensorSource, key: str, plane: Plane, task: Task = UNTENDED) -> Spread:
    """Count the values of a plane of numbers.

    Raises:
        as `count_classes`.
    """
    nbytes = plane.rows * plane.columns * source.columns.of(key).dtype.itemsize
    every = max(1, nbytes // _MOST_BYTES)
    region = Region(source, key, plane, (0, plane.rows), (0, plane.columns), every)
    return Spread(count_classes(region, key, task), every)
