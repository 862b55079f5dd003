"""The reduced picture of a slice keeps every extreme and every NaN, and reads only what is seen."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

import ckpt_studio.analysis.heatmap as module
from ckpt_studio.analysis.heatmap import HeatmapRequest, Reduce, heatmap
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.core.errors import Cancelled, RequestFault, Unsupported
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource


@st.composite
def pictures(draw: st.DrawFn) -> tuple[NDArray[Any], HeatmapRequest]:
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=6, min_side=1, max_side=7))
    array = draw(
        hnp.arrays(
            draw(st.sampled_from([np.float32, np.float64, np.float16, np.int32, ml_dtypes.bfloat16])),
            shape,
            elements=st.integers(-100, 100),
        )
    )
    if array.dtype.kind != "i":
        for place in draw(st.lists(st.integers(0, array.size - 1), max_size=4)):
            array.reshape(-1)[place] = draw(st.sampled_from([math.nan, math.inf, -math.inf, -0.0, 1e-40]))
    axes = draw(st.permutations(range(len(shape))))
    rows = axes[0]
    columns = axes[1] if len(axes) > 1 else None
    fixed = tuple(draw(st.integers(0, extent - 1)) for extent in shape)
    spec = SliceSpec(shape, rows, columns, fixed)
    spans = []
    for extent in (spec.rows, spec.columns):
        start = draw(st.integers(0, extent - 1))
        spans.append((start, draw(st.integers(start + 1, extent))))
    out = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    reduce: Reduce = draw(st.sampled_from(["extreme", "mean", "min", "max"]))
    return array, HeatmapRequest("v", spec, spans[0], spans[1], out, reduce)


def plane_of(array: NDArray[Any], spec: SliceSpec) -> NDArray[np.float64]:
    return np.array(
        [[float(array[spec.index(r, c)]) for c in range(spec.columns)] for r in range(spec.rows)], np.float64
    )


@settings(max_examples=150, deadline=None)
@given(pictures(), st.sampled_from([1, 16, 64, 1 << 20]))
def test_every_pixel_is_what_numpy_says(case: tuple[NDArray[Any], HeatmapRequest], tile: int) -> None:
    array, request = case
    kept, module._TILE_BYTES = module._TILE_BYTES, tile
    try:
        found = heatmap(MemorySource({"v": array}), request)
    finally:
        module._TILE_BYTES = kept
    plane = plane_of(array, request.spec)
    assert (found.row_edges[0], found.row_edges[-1]) == request.rows
    assert (found.column_edges[0], found.column_edges[-1]) == request.columns
    for i in range(found.values.shape[0]):
        for j in range(found.values.shape[1]):
            part = plane[
                found.row_edges[i] : found.row_edges[i + 1], found.column_edges[j] : found.column_edges[j + 1]
            ]
            assert found.nan_mask[i, j] == np.isnan(part).any()
            assert found.inf_mask[i, j] == np.isinf(part).any()
            finite = part[np.isfinite(part)]
            if not finite.size:
                assert math.isnan(found.values[i, j])
                continue
            assert (found.minimum[i, j], found.maximum[i, j]) == (finite.min(), finite.max())
            if request.reduce == "extreme":
                assert abs(found.values[i, j]) == np.abs(finite).max()
                assert found.values[i, j] in finite
            else:
                wanted = getattr(np, request.reduce)(finite)
                assert found.values[i, j] == pytest.approx(wanted, rel=1e-6, abs=1e-30)
    seen = plane[slice(*request.rows), slice(*request.columns)]
    seen = seen[np.isfinite(seen)]
    assert (found.low, found.high) == ((seen.min(), seen.max()) if seen.size else (None, None))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([(1, 40_000), (40_000, 1), (300, 200), (20_000, 3)]), st.data())
def test_one_spike_and_one_nan_are_never_lost(shape: tuple[int, int], data: st.DataObject) -> None:
    array = np.zeros(shape, np.float32)
    spike, hole = (data.draw(st.integers(0, array.size - 1)) for _ in range(2))
    array.reshape(-1)[spike] = -7
    array.reshape(-1)[hole] = np.nan
    found = heatmap(
        MemorySource({"v": array}), HeatmapRequest.whole("v", SliceSpec.of_shape(shape), (50, 60))
    )
    assert found.nan_mask.sum() == 1
    assert (found.values == -7).sum() == (spike != hole)


def test_zoomed_in_reads_only_what_is_seen() -> None:
    source = MemorySource({"v": np.zeros((1000, 1000), np.float32)})
    spec = SliceSpec.of_shape((1000, 1000))
    found = heatmap(source, HeatmapRequest("v", spec, (100, 110), (200, 220), (500, 500)))
    assert source.bytes_read == 10 * 20 * 4
    assert found.values.shape == (10, 20)


def test_preview_reads_one_row_a_pixel() -> None:
    source = MemorySource({"v": np.arange(1_000_000.0).reshape(1000, 1000)})
    spec = SliceSpec.of_shape((1000, 1000))
    found = heatmap(source, HeatmapRequest("v", spec, (0, 1000), (0, 1000), (10, 10), preview=True))
    assert source.bytes_read == 10 * 1000 * 8
    assert found.values.shape == (10, 10)
    assert found.high == 900_999


def test_scalar_complex_and_bool() -> None:
    def one(array: Any) -> float:
        spec = SliceSpec.of_shape(np.shape(array))
        return float(
            heatmap(MemorySource({"v": array}), HeatmapRequest.whole("v", spec, (9, 9))).values[0, 0]
        )

    assert one(np.float32(4)) == 4
    assert one(np.array([3 + 4j])) == 5
    assert one(np.array([[True]])) == 1


def test_mean_of_huge_and_of_many() -> None:
    found = heatmap(
        MemorySource({"v": np.full((4, 4), 3e38, np.float32)}),
        HeatmapRequest.whole("v", SliceSpec.of_shape((4, 4)), (1, 1), "mean"),
    )
    assert found.values[0, 0] == pytest.approx(3e38, rel=1e-6)
    assert not found.inf_mask.any()


def test_what_cannot_be_drawn_is_refused() -> None:
    def ask(array: Any, rows: tuple[int, int]) -> None:
        spec = SliceSpec.of_shape(np.shape(array))
        heatmap(MemorySource({"v": array}), HeatmapRequest("v", spec, rows, (0, spec.columns), (9, 9)))

    with pytest.raises(Unsupported, match="string"):
        ask(np.array([b"x"], object), (0, 1))
    for rows in ((0, 5), (3, 3), (-1, 2)):
        with pytest.raises(RequestFault):
            ask(np.zeros((4, 4)), rows)
    with pytest.raises(RequestFault):
        ask(np.zeros((0, 4)), (0, 0))


def test_cancel_is_noticed_between_tiles() -> None:
    task = Task()
    task.cancel()
    spec = SliceSpec.of_shape((10, 10))
    with pytest.raises(Cancelled):
        heatmap(MemorySource({"v": np.zeros((10, 10))}), HeatmapRequest.whole("v", spec, (5, 5)), task)
