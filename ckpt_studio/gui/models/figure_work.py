"""The work of finding figures for the columns of the tree, done on a background thread a slice at a time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis.remembered import fingerprint
from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.errors import Cancelled, CkptStudioError
from ckpt_studio.core.tasks import Task
from ckpt_studio.gui.models.figures import lines_of

if TYPE_CHECKING:
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.document.document import Document
    from ckpt_studio.document.state import State


def work_out(
    document: Document, state: State, cache: FigureCache, rows: NDArray[np.int64], seconds: float, task: Task
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The first of these rows with their figures, as `Figures.put` takes them: as many as the time allows, and one.

    Values of the checkpoint itself are remembered between starts. A row that cannot be read has no figures.

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
    own = (state.version[rows] == 0) & (state.origin[rows] >= 0)
    staged = state.columns.keys.take(rows.tolist())
    keys = [
        document.base.columns.keys[int(state.origin[row])] if its_own else key
        for row, key, its_own in zip(rows.tolist(), staged, own.tolist(), strict=True)
    ]
    prints = [_print(document, key) if its_own else None for key, its_own in zip(keys, own, strict=True)]
    known = cache.find(set(filter(None, prints)))
    found: list[Statistics | None] = []
    fresh: list[tuple[bytes, Statistics]] = []
    try:
        for key, its_own, print_ in zip(keys, own.tolist(), prints, strict=True):
            if found and time.monotonic() > until:
                break
            figures = known.get(print_) if print_ is not None else None
            if figures is None:
                figures = _figures(document, key, its_own, task)
                if figures is not None and print_ is not None:
                    fresh.append((print_, figures))
            found.append(figures)
    finally:
        cache.keep(fresh)
    return rows[: len(found)], lines_of(found)


def _print(document: Document, key: str) -> bytes | None:
    """What identifies the values of a variable of the checkpoint."""
    try:
        return fingerprint(document.base, key)
    except CkptStudioError:
        return None


def _figures(document: Document, key: str, its_own: bool, task: Task) -> Statistics | None:
    try:
        source, key = (document.base, key) if its_own else document.shown(key)
        return statistics(source, key, task)
    except Cancelled:
        raise
    except CkptStudioError:
        return None
