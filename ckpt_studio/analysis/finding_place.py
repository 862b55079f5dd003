"""Leads from a finding of the health check to the element, row or column that it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.health import Concern, Finding
from ckpt_studio.analysis.kinds import magnitude
from ckpt_studio.analysis.places import Wanted, next_place
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource

_NEXT: Final[dict[Concern, Wanted]] = {
    Concern.nan: "nan", Concern.inf: "inf", Concern.denormal: "denormal",
}  # fmt: skip
_LARGEST: Final = frozenset((Concern.overflow, Concern.huge))


def place_of(source: TensorSource, finding: Finding, task: Task = UNTENDED) -> tuple[int, ...] | None:
    """The index of the first element that a finding is about; None where it is about the whole variable.

    Raises:
        NoSuchVariable: it is not there any more.
        FileFault: the variable is damaged or missing.
        Cancelled: if asked to stop.
    """
    shape = source.columns.of(finding.key).shape or ()
    if finding.concern in _NEXT:
        return next_place(source, finding.key, _NEXT[finding.concern], task=task)
    if finding.concern is Concern.dead_rows:
        return (*[0] * (len(shape) - 2), finding.places[0], 0)
    if finding.concern is Concern.dead_columns:
        return (*[0] * (len(shape) - 1), finding.places[0])
    blocks = source.blocks(finding.key, task)
    if finding.concern in _LARGEST:
        return _index(_largest(map(magnitude_of, blocks)), shape)
    if finding.concern is Concern.negative_square:
        return _index(_largest(-block.astype(np.float64) for block in blocks), shape)
    return None


def magnitude_of(block: NDArray[Any]) -> NDArray[np.float64]:
    """Absolute values in float64."""
    return magnitude(block) if block.dtype.kind == "c" else np.abs(block.astype(np.float64))


def _largest(blocks: Iterable[NDArray[np.float64]]) -> int | None:
    """Place of the largest finite value over all blocks."""
    place, largest, start = None, -np.inf, 0
    for block in blocks:
        finite = np.where(np.isfinite(block), block, -np.inf)
        at = int(finite.argmax()) if finite.size else 0
        if finite.size and finite[at] > largest:
            place, largest = start + at, float(finite[at])
        start += block.size
    return place


def _index(place: int | None, shape: tuple[int, ...]) -> tuple[int, ...] | None:
    return None if place is None else tuple(int(i) for i in np.unravel_index(place, shape))
