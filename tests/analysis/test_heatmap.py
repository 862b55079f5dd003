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
from ckpt_studio.analysis.canvas import Reduce
from ckpt_studio.analysis.grids import FilterGrid
from ckpt_studio.analysis.heatmap import Heatmap, HeatmapRequest, Refinement, heatmap
from ckpt_studio.analysis.planes import Plane
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.core.errors import Cancelled, RequestFault, Unsupported
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource

DTYPES = [
    np.float32, np.float64, np.float16, np.int32, np.uint64, np.bool_, np.complex64,
    ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4,
]  # fmt: skip
SHAPES = hnp.array_shapes(min_dims=1, max_dims=6, min_side=1, max_side=7).filter(lambda s: math.prod(s) < 700)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[NDArray[Any], HeatmapRequest]:
    shape, dtype = draw(SHAPES), np.dtype(draw(st.sampled_from(DTYPES)))
    signed = dtype.kind not in "ub"
    values = draw(hnp.arrays(np.int8, shape, elements=st.integers(-7 if signed else 0, 7)))
    array = values.astype(dtype)
    if dtype.kind not in "iub" and dtype != ml_dtypes.int4:
        specials = np.array([math.nan, math.inf, -math.inf, -0.0, 2.0**-9, 1e-40], np.float64)
        for place in draw(st.lists(st.integers(0, array.size - 1), max_size=4)):
            with np.errstate(all="ignore"):
                array.reshape(-1)[place] = draw(st.sampled_from(list(specials.astype(dtype))))
    plane = draw(planes(shape))
    spans = []
    for extent in (plane.rows, plane.columns):
        start = draw(st.integers(0, extent - 1))
        spans.append((start, draw(st.integers(start + 1, extent))))
    out = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    reduce: Reduce = draw(st.sampled_from(["extreme", "mean", "min", "max", "marks"]))
    return array, HeatmapRequest("v", plane, spans[0], spans[1], out, reduce)


@st.composite
def planes(draw: st.DrawFn, shape: tuple[int, ...]) -> Plane:
    axes = draw(st.permutations(range(len(shape))))
    if len(axes) > 1 and draw(st.booleans()):
        grid = FilterGrid.of_axes(shape, *axes[:2])
        return FilterGrid(shape, *axes[:2], draw(st.integers(1, grid.cells)))
    columns = axes[1] if len(axes) > 1 else None
    fixed = tuple(draw(st.integers(0, extent - 1)) for extent in shape)
    return SliceSpec(shape, axes[0], columns, fixed)


def laid_out(array: NDArray[Any], plane: Plane) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The plane element by element, and where it is blank."""
    values = np.zeros((plane.rows, plane.columns))
    blank = np.zeros(values.shape, np.bool_)
    for place in np.ndindex(values.shape):
        index = plane.index(*place)
        blank[place] = index is None
        if index is not None:
            values[place] = abs(array[index]) if array.dtype.kind == "c" else float(array[index])
    return values, blank


def check(found: Heatmap, array: NDArray[Any], request: HeatmapRequest) -> None:
    """Against numpy in float64."""
    plane, blank = laid_out(array, request.plane)
    assert found.exact
    assert (found.row_edges[0], found.row_edges[-1]) == request.rows
    assert (found.column_edges[0], found.column_edges[-1]) == request.columns
    for i, j in np.ndindex(found.values.shape):
        pixel = np.s_[
            found.row_edges[i] : found.row_edges[i + 1], found.column_edges[j] : found.column_edges[j + 1]
        ]
        part = plane[pixel][~blank[pixel]]
        assert found.nan_mask[i, j] == np.isnan(part).any()
        assert found.inf_mask[i, j] == np.isinf(part).any()
        finite = part[np.isfinite(part)]
        if request.reduce == "marks" and part.size:
            assert found.values[i, j] == (not np.isfinite(part).all())
        elif not finite.size:
            assert math.isnan(found.values[i, j])
            assert math.isnan(found.minimum[i, j])
        else:
            check_pixel(found, i, j, finite)
    seen = plane[slice(*request.rows), slice(*request.columns)]
    seen = seen[np.isfinite(seen) & ~blank[slice(*request.rows), slice(*request.columns)]]
    assert (found.low, found.high) == ((seen.min(), seen.max()) if seen.size else (None, None))


def check_pixel(found: Heatmap, i: int, j: int, finite: NDArray[np.float64]) -> None:
    assert (found.minimum[i, j], found.maximum[i, j]) == (finite.min(), finite.max())
    if found.request.reduce == "extreme":
        assert abs(found.values[i, j]) == np.abs(finite).max()
        assert found.values[i, j] in finite
    else:
        wanted = getattr(np, found.request.reduce)(finite)
        assert found.values[i, j] == pytest.approx(wanted, rel=1e-12, abs=1e-300)


@settings(max_examples=150, deadline=None)
@given(pictures(), st.sampled_from([1, 16, 64, 1 << 20]), st.booleans())
def test_every_pixel_is_what_numpy_says(
    case: tuple[NDArray[Any], HeatmapRequest], tile: int, threads: bool
) -> None:
    array, request = case
    kept = module._TILE_BYTES, module._ALONE_BYTES
    module._TILE_BYTES, module._ALONE_BYTES = tile, 0 if threads else kept[1]
    try:
        found = heatmap(MemorySource({"v": array}), request)
    finally:
        module._TILE_BYTES, module._ALONE_BYTES = kept
    check(found, array, request)
    if found.elements is not None:
        assert found.elements.dtype == array.dtype
        for row, column in np.ndindex(found.elements.shape):
            index = request.plane.index(row + request.rows[0], column + request.columns[0])
            assert index is None or found.elements[row, column].tobytes() == array[index].tobytes()


@settings(max_examples=40, deadline=None)
@given(pictures(), st.data())
def test_steps_lead_to_the_exact_picture(
    case: tuple[NDArray[Any], HeatmapRequest], data: st.DataObject
) -> None:
    array, request = case
    kept = {name: getattr(module, name) for name in ("_TILE_BYTES", "_BATCH", "_ROUGH", "_STEP_SECONDS")}
    module._TILE_BYTES, module._BATCH, module._STEP_SECONDS = 16, 1, data.draw(st.sampled_from([0.0, 1e-4]))
    module._ROUGH = ((1, 4, 0), (2, 2, 0))
    try:
        steps = Refinement(MemorySource({"v": array}), request)
        found = None
        while not steps.exact:
            found = steps.step()
            assert found.exact == steps.exact
    finally:
        for name, value in kept.items():
            setattr(module, name, value)
    assert found is not None
    check(found, array, request)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 9), st.integers(1, 400), st.integers(1, 4), st.integers(1, 120), st.integers(0, 2**32 - 1)
)
def test_pixels_of_any_width(rows: int, columns: int, down: int, across: int, seed: int) -> None:
    array = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    kept, module._TILE_BYTES = module._TILE_BYTES, 1 << 9
    try:
        found = heatmap(
            MemorySource({"v": array}),
            HeatmapRequest.whole("v", SliceSpec.of_shape(array.shape), (down, across)),
        )
    finally:
        module._TILE_BYTES = kept
    check_extremes(found, array)


@pytest.mark.parametrize("rows", [2_000, 2_003, 70_001])
def test_tall_pixels_have_the_same_height_but_the_last(rows: int) -> None:
    array = np.random.default_rng(rows).normal(size=(rows, 50)).astype(np.float32)
    request = HeatmapRequest.whole("v", SliceSpec.of_shape(array.shape), (20, 7))
    found = heatmap(MemorySource({"v": array}), request)
    assert len(set(np.diff(found.row_edges[:-1]).tolist())) == 1
    check_extremes(found, array)


def check_extremes(found: Heatmap, array: NDArray[Any]) -> None:
    for picture, function in ((found.minimum, np.minimum), (found.maximum, np.maximum)):
        wanted = function.reduceat(function.reduceat(array, found.row_edges[:-1]), found.column_edges[:-1], 1)
        np.testing.assert_array_equal(picture, wanted)


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


def test_the_first_picture_of_a_large_plane_reads_little() -> None:
    array = np.zeros((1 << 15, 1 << 10), np.int8)
    array[:] = np.arange(1 << 15)[:, None] // 256
    source = MemorySource({"v": array})
    steps = Refinement(source, HeatmapRequest.whole("v", SliceSpec.of_shape(array.shape), (500, 500)))
    found = steps.step()
    assert not found.exact
    assert found.values.shape == (64, 500)
    assert found.values[:, 0].tolist() == array[::512, 0].tolist()
    assert source.bytes_read <= array.nbytes / 100
    assert steps.step().exact


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
