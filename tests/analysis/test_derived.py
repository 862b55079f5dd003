"""What is made of other sources is read like any variable, and says what numpy says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ckpt_studio.analysis.derived
import ckpt_studio.analysis.spread
from ckpt_studio.analysis.derived import Difference, Region
from ckpt_studio.analysis.grids import FilterGrid
from ckpt_studio.analysis.places import next_place
from ckpt_studio.analysis.planes import Plane
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.analysis.spread import spread
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import Cancelled, RequestFault
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource

FLOATS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.5, -2.25, 1e-40, 3e38, 7.0])


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=4, max_side=5), elements=FLOATS), st.data()
)
def test_statistics_of_a_region(array: np.ndarray, data: st.DataObject) -> None:
    axes = data.draw(st.permutations(range(array.ndim)))[:2]
    fixed = tuple(data.draw(st.integers(0, extent - 1)) for extent in array.shape)
    plane: Plane = SliceSpec(array.shape, *axes, fixed)
    if data.draw(st.booleans()):
        plane = FilterGrid.of_axes(array.shape, *axes)
    spans = []
    for extent in (plane.rows, plane.columns):
        start = data.draw(st.integers(0, extent - 1))
        spans.append((start, data.draw(st.integers(start + 1, extent))))
    source = MemorySource({"v": array})
    region = Region(source, "v", plane, *spans)
    indices = [plane.index(r, c) for r in range(*spans[0]) for c in range(*spans[1])]
    values = np.array([array[i] for i in indices if i is not None], np.float64)
    found = statistics(region, "v")
    finite = values[np.isfinite(values)]
    assert (found.count, found.nan, found.inf) == (
        values.size,
        np.isnan(values).sum(),
        np.isinf(values).sum(),
    )
    np.testing.assert_array_equal(np.sort(region.read("v")), np.sort(values))
    if finite.size:
        assert (found.min, found.max) == (finite.min(), finite.max())
        assert found.mean == pytest.approx(finite.mean(), rel=1e-6, abs=1e-30)
        assert found.std == pytest.approx(finite.std(), rel=1e-6, abs=1e-30)
    assert region.identity("v") != source.identity("v")


@given(hnp.arrays(np.float32, (3, 4), elements=FLOATS), hnp.arrays(np.float32, (3, 4), elements=FLOATS))
def test_difference_of_two_variables(ours: np.ndarray, theirs: np.ndarray) -> None:
    source = Difference(MemorySource({"a": ours}), "a", MemorySource({"b": theirs}), "b")
    with np.errstate(all="ignore"):
        wanted = ours.astype(np.float64) - theirs
    wanted[(ours == theirs) | (np.isnan(ours) & np.isnan(theirs))] = 0
    np.testing.assert_array_equal(source.read("a"), wanted)
    np.testing.assert_array_equal(np.concatenate(list(source.blocks("a"))), wanted.reshape(-1))
    np.testing.assert_array_equal(source.read("a", (slice(1, 2), slice(0, 3))), wanted[1:2, :3])
    holes = np.argwhere(np.isnan(wanted))
    assert next_place(source, "a", "nan") == (tuple(holes[0]) if len(holes) else None)
    assert source.columns.of("a").dtype.name == "float64"
    assert source.stored("a") is None


def test_differences_of_other_types() -> None:
    a, b = np.array([3 + 1j], np.complex64), np.array([1], np.int64)
    assert Difference(MemorySource({"a": a}), "a", MemorySource({"a": b}), "a").read("a").tolist() == [2 + 1j]
    for other in (np.zeros(2), np.array([b"x"], object)):
        with pytest.raises(RequestFault):
            Difference(MemorySource({"a": a}), "a", MemorySource({"a": other}), "a")


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=FLOATS))
def test_percentiles_are_right_to_within_a_percent(array: np.ndarray) -> None:
    found = spread(MemorySource({"v": array}), "v", SliceSpec.of_shape(array.shape))
    values = np.sort(array[np.isfinite(array)])
    assert int(found.classes.counts.sum()) == values.size
    for percent in (0, 1, 25, 50, 99, 100):
        value = found.percentile(percent)
        if not values.size:
            assert value is None
            continue
        wanted = values[max(0, math.ceil(percent / 100 * values.size) - 1)]
        assert value == pytest.approx(wanted, rel=0.01, abs=1e-38)
    if values.size:
        edges = np.array([-1e39, -1.0, 1.0, 1e39])
        wanted_counts = [(values < -1).sum(), (np.abs(values) <= 1).sum(), (values > 1).sum()]
        assert found.histogram(edges).tolist() == wanted_counts


def test_of_a_large_plane_one_stretch_in_some_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ckpt_studio.analysis.spread, "_MOST_BYTES", 1 << 18)
    monkeypatch.setattr(ckpt_studio.analysis.derived, "_STRETCH_BYTES", 1 << 12)
    array = np.zeros((1 << 10, 1 << 10), np.int8)
    array[::2] = 5
    source = MemorySource({"v": array})
    found = spread(source, "v", SliceSpec.of_shape(array.shape))
    assert found.every == 4
    assert source.bytes_read == array.nbytes / 4
    assert (found.percentile(10), found.percentile(90)) == (0, 5)
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        spread(source, "v", SliceSpec.of_shape(array.shape), task)
