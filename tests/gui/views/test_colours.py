"""Values become colours that can be told apart, and NaN and Inf look like no value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ckpt_studio.analysis.heatmap import HeatmapRequest, heatmap
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.gui.plots.colours import PlotColours
from ckpt_studio.gui.style import palette
from ckpt_studio.gui.views.colours import (
    BLANK_INDEX,
    FIRST,
    INF_INDEX,
    LAST,
    NAN_INDEX,
    Painted,
    Ramp,
    Tone,
    colour_table,
    tone_of,
)
from tests.helpers.memory_source import MemorySource


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ramp", list(Ramp))
def test_nan_and_inf_look_like_no_value(ramp: Ramp, dark: bool) -> None:
    table = colour_table(ramp, PlotColours.of(palette(dark)))
    special = {tuple(table[NAN_INDEX]), tuple(table[INF_INDEX]), tuple(table[BLANK_INDEX])}
    assert len(special) == 3
    assert special.isdisjoint({tuple(line) for line in table[FIRST : LAST + 1]})


def indices(values: Any, tone: Tone) -> list[int]:
    array = np.asarray(values, np.float64)[None]
    picture = heatmap(
        MemorySource({"v": array}), HeatmapRequest.whole("v", SliceSpec.of_shape(array.shape), (9, 9))
    )
    return Painted.of(picture, tone).indices[0].tolist()


def test_values_become_indices() -> None:
    around = tone_of(Ramp.around_zero, -1.0, 2.0)
    assert (around.low, around.high) == (-2, 2)
    assert indices([-2, 0, 2, np.nan, np.inf], around) == [FIRST, 127, LAST, NAN_INDEX, INF_INDEX]
    assert indices([-1.7e308, 0, 1.7e308], tone_of(Ramp.around_zero, -1.7e308, 1.7e308)) == [FIRST, 127, LAST]
    assert tone_of(Ramp.around_zero, 0.0, 0.0).limits == (-1, 1)
    assert tone_of(Ramp.low_to_high, 3.0, 3.0).limits == (1.5, 4.5)
    assert tone_of(Ramp.low_to_high, None, None).limits == (-1, 1)
    log = tone_of(Ramp.low_to_high, 1.0, 1e4, logarithmic=True)
    assert indices([1, 100, 1e4, 1e9], log) == [FIRST, 127, LAST, LAST]
    both = tone_of(Ramp.around_zero, -5.0, 5.0, logarithmic=True)
    found = indices([-5, -0.05, 0, 0.05, 5], both)
    assert found == sorted(found)
    assert (found[2], found[1] + found[3]) == (127, 254)
    assert both.value(both.place(0.3)) == pytest.approx(0.3)
