"""The singular values of a small matrix, and the few numbers that they say about a layer.

It is for matrices that fit into memory several times over; what it takes is bounded before anything is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.errors import CkptStudioError

MOST_VALUES: Final = 2048
"""So many singular values take some seconds."""
MOST_ELEMENTS: Final = 1 << 23


class NotFinite(CkptStudioError):
    """A matrix with NaN or infinity in it has no singular values."""

    kind = "not_finite"


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What the singular values of a matrix say.

    Attributes:
        shape: of the matrix.
        values: float64 [min(shape)], largest first.
        tolerance: singular values up to this are what rounding of the element type leaves of zero.
    """

    shape: tuple[int, int]
    values: NDArray[np.float64]
    tolerance: float

    @property
    def largest(self) -> float:
        """The spectral norm."""
        return float(self.values[0])

    @property
    def smallest(self) -> float:
        """The last of them."""
        return float(self.values[-1])

    @property
    def condition(self) -> float:
        """The largest in terms of the smallest; infinite for a matrix that is singular but for rounding."""
        return self.largest / self.smallest if self.smallest > self.tolerance else math.inf

    @property
    def rank(self) -> int:
        """How many are more than rounding."""
        return int(np.count_nonzero(self.values > self.tolerance))

    @property
    def effective_rank(self) -> float:
        """exp of the entropy of the values as shares of their sum (Roy and Vetterli, 2007); 0 for a matrix of zeros."""
        total = float(self.values.sum())
        if not total:
            return 0.0
        shares = self.values[self.values > 0] / total
        return math.exp(-float((shares * np.log(shares)).sum()))

    @property
    def stable_rank(self) -> float:
        """The squared Frobenius norm in terms of the squared spectral norm; 0 for a matrix of zeros."""
        return float(((self.values / self.largest) ** 2).sum()) if self.largest else 0.0

    def needed_for(self, share: float) -> int:
        """How many of them hold this share of the sum of squares."""
        if not self.largest:
            return 0
        held = np.cumsum((self.values / self.largest) ** 2)
        return min(int(np.searchsorted(held, share * held[-1])) + 1, len(self.values))


def fits(rows: int, columns: int) -> bool:
    """Whether a matrix is one, and small enough for its singular values to be computed."""
    return 2 <= min(rows, columns) <= MOST_VALUES and rows * columns <= MOST_ELEMENTS


def spectrum(matrix: NDArray[Any]) -> Spectrum:
    """The singular values of a matrix [rows, columns] of any numeric type, neither side empty, in float64.

    Raises:
        NotFinite: an element is NaN or infinite.
    """
    wide = matrix.astype(np.complex128 if matrix.dtype.kind == "c" else np.float64)
    if not np.isfinite(wide).all():
        count = int(np.count_nonzero(~np.isfinite(wide)))
        raise NotFinite(
            f"There are no singular values: {count:,} of the elements {'is' if count == 1 else 'are'} NaN or infinite."
        )
    values = np.asarray(np.linalg.svd(wide, compute_uv=False), np.float64)
    rows, columns = matrix.shape
    return Spectrum((rows, columns), values, float(values[0]) * max(rows, columns) * _precision(matrix.dtype))


def _precision(dtype: np.dtype[Any]) -> float:
    """How finely a type tells numbers near one apart; integers are exact, so float64's stands for theirs."""
    part = dtype.type(0).real.dtype if dtype.kind == "c" else dtype
    try:
        return float(ml_dtypes.finfo(part).eps)  # type: ignore[no-untyped-call]
    except ValueError:
        return float(np.finfo(np.float64).eps)
