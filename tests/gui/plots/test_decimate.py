"""Thinning out loses no extreme and no gap."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ckpt_studio.gui.plots.decimate import largest_of_bins, least_and_largest

heights = arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e6, 1e6) | st.just(np.nan))


@given(heights, st.integers(1, 20))
def test_extremes_of_each_column_stay(y: np.ndarray, columns: int) -> None:
    x = np.arange(len(y), dtype=np.float64)
    starts = np.linspace(0, len(y), columns + 1)
    found_x, found_y = least_and_largest(x, y, starts)
    assert len(found_x) <= 4 * (columns + 1)
    assert np.all(np.diff(found_x) >= 0)
    for start, stop in pairwise(starts):
        here, there = y[(x >= start) & (x < stop)], found_y[(found_x >= start) & (found_x < stop)]
        for extreme in (np.fmin, np.fmax):
            one, other = extreme.reduce(here, initial=np.nan), extreme.reduce(there, initial=np.nan)
            assert one == other or (np.isnan(one) and np.isnan(other))
        assert np.isnan(here).all() == np.isnan(there).all() or not len(here)


@given(arrays(np.int64, st.integers(1, 300), elements=st.integers(0, 10**9)), st.floats(0.01, 3))
def test_the_highest_bin_of_a_pixel_stands_for_it(counts: np.ndarray, width: float) -> None:
    edges = np.arange(len(counts) + 1) * width
    fewer, tops = largest_of_bins(edges, counts)
    assert (fewer[0], fewer[-1], tops.max()) == (edges[0], edges[-1], counts.max())
    assert len(fewer) == len(tops) + 1 <= edges[-1] + 2
    for i, top in enumerate(tops):
        inside = (edges[:-1] >= fewer[i]) & (edges[:-1] < fewer[i + 1])
        assert counts[inside].max() == top
