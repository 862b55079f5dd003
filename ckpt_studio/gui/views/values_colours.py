"""The colours behind the numbers of a table: limits that hold for the whole variable, found in one pass over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QPalette

from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.views.colours import Ramp, Tone, colour_table, tone_of

if TYPE_CHECKING:
    from ckpt_studio.analysis.remembered import FigureCache
    from ckpt_studio.core.tasks import Task
    from ckpt_studio.gui.views.subject import Side


def colours_of(ramp: Ramp, palette: QPalette) -> list[QColor]:
    """The colour of each index."""
    return [QColor(*rgba) for rgba in colour_table(ramp, PlotColours.of(palette)).tolist()]


def tone_for(side: Side, ramp: Ramp, cache: FigureCache, task: Task) -> Tone:
    """How values become colours; reads the whole variable, unless its figures are remembered.

    Raises:
        as `statistics`.
    """
    from ckpt_studio.analysis.remembered import remembered_statistics

    task.total = side.info.nbytes
    figures = remembered_statistics(side.source, side.key, cache, task)
    low, high = (None if end is None else float(end) for end in (figures.min, figures.max))
    return tone_of(ramp, low, high)


def indices_by(tone: Tone) -> Callable[[NDArray[Any]], NDArray[np.uint8]]:
    """What makes of values indices into the table of colours."""

    def indices(values: NDArray[Any]) -> NDArray[np.uint8]:
        wide = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
        return tone.indices_of(wide, np.isnan(wide), np.isinf(wide))

    return indices
