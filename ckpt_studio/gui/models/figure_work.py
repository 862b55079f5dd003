"""The work of finding figures for the columns of the tree, done on a background thread a slice at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.remembered import fingerprint
from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.gui.models.figures import lines_of

if TYPE_CHECKING:
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.state import State


def work_out(
    document: Document, state: State, cache: FigureCache, rows: NDArray[np.int64], seconds: float, task: Task
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The first of these rows with their figures, as `Figures.put` takes them: as many as the time allows, and one.

    They are remembered between starts. A row that cannot be read has no figures.

    Args:
        document: what is open.
        state: its state, that the rows are of.
        cache: what is remembered.
        rows: int64 [n].
        seconds: the time.
        task: cancelled when nobody wants to know any more.

    Raises:
        Cancelled: if asked to stop.
    """
    until = time.monotonic() + seconds
    places = [_place(document, key, task) for key in state.columns.keys.take(rows.tolist())]
    known = cache.find({place.print_ for place in places if place is not None})
    found: list[Statistics | None] = []
    fresh: list[tuple[bytes, Statistics]] = []
    try:
        for place in places:
            if found and time.monotonic() > until:
                break
            task.check()
            figures = None if place is None else known.get(place.print_)
            if figures is None and place is not None:
                figures = _figures(place, cache, task)
                if figures is not None:
                    fresh.append((place.print_, figures))
            found.append(figures)
    finally:
        cache.keep(fresh)
    return rows[: len(found)], lines_of(found)


class _Place(NamedTuple):
    source: TensorSource
    key: str
    print_: bytes


def _place(document: Document, key: str, task: Task) -> _Place | None:
    """Where the values of a variable are, and what identifies them; None where they cannot be had."""
    task.check()
    try:
        source, key = document.shown(key)
        return _Place(source, key, fingerprint(source, key))
    except CkptStudioError:
        return None


def _figures(place: _Place, cache: FigureCache, task: Task) -> Statistics | None:
    try:
        return cache.once.find(place.print_, lambda: statistics(place.source, place.key, task), task)
    except Cancelled:
        raise
    except CkptStudioError:
        return None
