"""Finds single elements: where the next NaN, Inf, denormal or zero of a variable is."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.kinds import Kind, is_discrete, kind_of, magnitude, smallest_normal
from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.errors import Unsupported
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource, printable
from ckpt_studio.core.windows import Window
from ckpt_studio.formats.reading import covering_windows

Wanted = Literal["nan", "inf", "denormal", "zero"]
"""What is looked for."""


def next_place(
    source: TensorSource, key: str, wanted: Wanted, after: int = -1, task: Task = UNTENDED
) -> tuple[int, ...] | None:
    """Index of the first such element behind a place, in C order; goes on from the start at the end.

    Args:
        source: where the variable is.
        key: the variable.
        wanted: what is looked for; complex numbers by magnitude, as in statistics.
        after: place in C order behind which to begin; -1 for the start.
        task: cancelled, and advanced by the bytes read.

    Returns:
        One number an axis, or None where there is no such element.

    Raises:
        NoSuchVariable: no such key.
        Unsupported: the values are no numbers.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    info = source.columns.of(key)
    if kind_of(info.dtype) in (Kind.text, Kind.opaque):
        raise Unsupported(f"{printable(info.name)} holds {info.dtype.name} values, not numbers.", key=key)
    shape = info.shape or ()
    windows = list(_placed_windows(shape, info.dtype.itemsize))
    behind = [placed for placed in windows if placed[0] + _size(placed[1]) > after + 1]
    round_again = windows[: len(windows) - len(behind) + 1] if after >= 0 else []
    for begins, part in ((after + 1, behind), (0, round_again)):
        for start, window in part:
            values = source.read(key, window).reshape(-1)
            hits = np.flatnonzero(_hits(values, wanted, info.dtype)) + start
            hits = hits[hits >= begins]
            if hits.size:
                return tuple(int(i) for i in np.unravel_index(int(hits[0]), shape))
            task.advance(values.nbytes)
    return None


def _placed_windows(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[int, Window]]:
    """Windows that cover a tensor in C order, each with the place of its first element."""
    start = 0
    for window in covering_windows(shape, itemsize):
        yield start, window
        start += _size(window)


def _size(window: Window) -> int:
    return prod(part.stop - part.start for part in window)


def _hits(values: NDArray[Any], wanted: Wanted, dtype: DType) -> NDArray[np.bool_]:
    if is_discrete(dtype):
        return np.asarray(values == 0) if wanted == "zero" else np.zeros(values.shape, np.bool_)
    if wanted == "nan":
        return np.asarray(np.isnan(values))
    if wanted == "inf":
        return np.asarray(np.isinf(values) & ~np.isnan(values))
    sizes = magnitude(values) if dtype.name.startswith("complex") else np.abs(values.astype(np.float64))
    return np.asarray(sizes == 0 if wanted == "zero" else (sizes < smallest_normal(dtype)) & (sizes > 0))
