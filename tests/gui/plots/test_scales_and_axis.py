"""Scales and axes as properties: there and back, order kept, never outside of what there is."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.gui.plots.axis import Axis
from ckpt_studio.gui.plots.scales import Linear, Log, Scale, SymLog

LARGEST = sys.float_info.max
anything = st.floats(-LARGEST, LARGEST)
scales = st.one_of(
    st.just(Linear()), st.just(Log()), st.floats(1e-40, 1e10).map(lambda linear: SymLog(linear))
)


def spans(scale: Scale) -> st.SearchStrategy[tuple[float, float]]:
    ends = st.floats(1e-300, LARGEST) if isinstance(scale, Log) else anything
    wide = st.tuples(ends, ends).map(lambda pair: (min(pair), max(pair)))
    return wide.filter(lambda pair: scale.place(pair[1]) - scale.place(pair[0]) > 1e-9)


@given(scales, st.floats(1e-300, LARGEST))
def test_there_and_back(scale: Scale, value: float) -> None:
    tolerance = 1e-16 if isinstance(scale, Linear) else 1e-11
    if isinstance(scale, SymLog):
        tolerance = max(tolerance, 1e-14 * scale.linear / value)
    assert scale.value(scale.place(value)) == pytest.approx(value, rel=tolerance)


@given(scales, anything, anything)
def test_order_is_kept(scale: Scale, one: float, other: float) -> None:
    if one <= other:
        assert scale.place(one) <= scale.place(other)


@given(scales, st.lists(anything, min_size=1, max_size=5))
def test_arrays_have_the_places_of_their_numbers(scale: Scale, values: list[float]) -> None:
    found = scale.places(np.array(values))
    np.testing.assert_allclose(found, [scale.place(v) for v in values], rtol=1e-14)


def test_symmetric_log_is_odd_and_linear_around_zero() -> None:
    scale = SymLog(1e-3)
    assert scale.place(0.0) == 0.0
    assert scale.place(-5.0) == -scale.place(5.0)
    assert scale.place(2e-6) == pytest.approx(2 * scale.place(1e-6), rel=1e-2)
    assert scale.place(1e5) - scale.place(1e4) == pytest.approx(1, rel=1e-6)
    assert math.isnan(scale.places(np.array([np.nan]))[0])


@given(st.data())
def test_an_axis_never_shows_what_is_not_there(data: st.DataObject) -> None:
    axis = Axis()
    axis.scale = data.draw(scales)
    low, high = data.draw(spans(axis.scale))
    axis.set_bounds(low, high)
    for _ in range(4):
        if data.draw(st.booleans()):
            axis.zoom(data.draw(st.floats(1e-3, 1e3)), data.draw(st.floats(0, 1)))
        else:
            axis.move(data.draw(st.floats(-10, 10)))
        first, last = axis.view
        assert low <= first < last <= high
        assert axis.fraction(first) == pytest.approx(0, abs=1e-6)
        assert axis.fraction(last) == pytest.approx(1, abs=1e-6)
    axis.zoom(1e9)
    assert axis.is_whole


def test_zooming_keeps_the_value_under_the_pointer() -> None:
    axis = Axis()
    axis.scale = Log()
    axis.set_bounds(1e-3, 1e3)
    before = axis.value(0.4)
    axis.zoom(0.5, 0.4)
    assert axis.value(0.4) == pytest.approx(before)
    assert axis.view[1] / axis.view[0] == pytest.approx(1e3)


def test_a_view_is_no_narrower_than_an_element() -> None:
    axis = Axis()
    axis.least = 1
    axis.set_bounds(0, 1000)
    for _ in range(100):
        axis.zoom(0.5, 0.25)
    low, high = axis.view
    assert high - low == pytest.approx(1)


def test_moving_stops_at_the_end() -> None:
    axis = Axis()
    axis.set_bounds(0, 100)
    axis.show(20, 40)
    axis.move(-3)
    assert axis.view == (0, pytest.approx(20))
    axis.show(90, 300)
    assert axis.view == (pytest.approx(0), 100) or axis.view[1] == 100


def test_bounds_have_to_rise() -> None:
    with pytest.raises(ValueError, match="an axis from 1 to 1"):
        Axis().set_bounds(1, 1)
