"""Thins out what has more points than the screen has pixels, so that no extreme is lost and drawing takes no longer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.arrays import distinct


def least_and_largest(
    x: NDArray[Any], y: NDArray[Any], columns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First, smallest, largest and last point of each pixel column.

    Args:
        x: not falling.
        y: NaN breaks the line.
        columns: where columns begin, rising; points before the first are a column of their own.

    Returns:
        x and y of at most four points a column, in the order of the columns; a column of NaN alone gives NaN.
    """
    starts = distinct(np.append(0, np.searchsorted(x, columns)))
    starts = starts[starts < len(x)]
    with np.errstate(invalid="ignore"):
        low, high = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    ends = np.append(starts[1:], len(y)) - 1
    values = np.column_stack([y[starts], low, high, y[ends]]).astype(np.float64, copy=False)
    places = np.column_stack([x[starts], x[starts], x[starts], x[ends]]).astype(np.float64, copy=False)
    keep = np.ones(values.shape, np.bool_)
    keep[:, 1:3] = np.isfinite(values[:, 1:3])  # a NaN between two numbers of a column is no gap
    return places[keep], values[keep]


def largest_of_bins(
    edges: NDArray[np.float64], heights: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Bins put together so that each is about a pixel wide and as high as the highest of them.

    Args:
        edges: pixels [bins + 1], rising.
        heights: [bins].

    Returns:
        edges and heights of the fewer bins.
    """
    columns = np.floor(edges[:-1])
    starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1]))
    return np.append(edges[:-1][starts], edges[-1]), np.maximum.reduceat(heights, starts)
