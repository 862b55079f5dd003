"""The picture that a histogram's read gives as well is the one that its own read would give."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ckpt_studio.analysis import passes
from ckpt_studio.analysis.ahead import Ahead
from ckpt_studio.analysis.engine.process import Engine
from ckpt_studio.analysis.grids import FilterGrid
from ckpt_studio.analysis.heatmap import Heatmap, HeatmapRequest, Refinement, heatmap
from ckpt_studio.analysis.histogram import HistogramRequest, histogram
from ckpt_studio.analysis.passes import ELSEWHERE, Pass
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.core.errors import Changed
from ckpt_studio.core.tasks import UNTENDED
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.registry import open_checkpoint
from tests.analysis.test_heatmap import check, pictures
from tests.helpers.memory_source import MemorySource

SIZE = 9 << 20
"""Bytes from which on a pass is shared out, and some more."""
PIXELS = (211, 307)


def same(found: Heatmap | None, expected: Heatmap) -> None:
    assert found is not None
    for name in ("values", "minimum", "maximum", "nan_mask", "inf_mask", "row_edges", "column_edges"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), name)
    assert (found.exact, found.low, found.high) == (expected.exact, expected.low, expected.high)


@settings(max_examples=150, deadline=None)
@given(pictures(), st.data())
def test_whatever_pieces_come_in_whatever_order(
    case: tuple[NDArray[Any], HeatmapRequest], data: st.DataObject
) -> None:
    array, request = case
    whole = HeatmapRequest.whole("v", request.plane, request.out_shape, request.reduce)
    refinement = Refinement(MemorySource({"v": array}), whole)
    mine, other = refinement.overview(), refinement.overview()
    assume(mine is not None)
    assert mine is not None
    assert other is not None
    flat, buffer = array.reshape(-1), np.empty_like(array.reshape(-1))
    step = mine.piece * data.draw(st.integers(1, 3))
    for start in data.draw(st.permutations(range(0, flat.size, step))):
        part = buffer[: min(step, flat.size - start)]  # the same memory each time, as a pass has it
        part[:] = flat[start : start + step]
        data.draw(st.sampled_from([mine, other])).add(part, start)
    mine.merge(other)
    check(refinement.finish(mine), array, whole)


def test_parts_grids_and_endless_rows_have_none() -> None:
    source = MemorySource({"v": np.zeros((4, 5, 6)), "long": np.zeros(passes.CHUNK + 1)})

    def none(request: HeatmapRequest) -> bool:
        return Refinement(source, request).overview() is None

    assert none(HeatmapRequest.whole("v", SliceSpec.of_shape((4, 5, 6)), (9, 9)))
    assert none(HeatmapRequest.whole("v", FilterGrid.of_shape((4, 5, 6)), (9, 9)))
    assert none(HeatmapRequest.whole("long", SliceSpec.of_shape((passes.CHUNK + 1,)), (9, 9)))
    source = MemorySource({"v": np.zeros((4, 5))})
    assert none(HeatmapRequest("v", SliceSpec.of_shape((4, 5)), (0, 3), (0, 5), (9, 9)))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    engine = Engine()
    monkeypatch.setattr(ELSEWHERE, "make", engine.make)
    monkeypatch.setattr(ELSEWHERE, "ride", engine.ride)
    yield engine
    engine.close()


def opened(folder: Path, array: NDArray[Any]) -> TensorSource:
    np.save(folder / "w.npy", array)
    return open_checkpoint(str(folder / "w.npy"))


def matrix(dtype: Any, width: int) -> NDArray[Any]:
    """Of more than `SIZE` bytes, the last row of pixels not full."""
    kind = np.dtype(dtype)
    made = np.random.default_rng(5).standard_normal((SIZE // kind.itemsize // width + 3, width)) * 50
    array: NDArray[Any] = made.astype(kind)
    if kind.kind not in "iu":
        array[7, 1], array[-1, -1] = math.nan, math.inf
    return array


def seen_whole(folder: Path) -> tuple[TensorSource, HeatmapRequest]:
    """A matrix in a file, and what to draw of it."""
    array = matrix(np.float32, 700)
    return opened(folder, array), HeatmapRequest.whole("w", SliceSpec.of_shape(array.shape), PIXELS)


def found_soon(ahead: Ahead, source: TensorSource, request: HeatmapRequest) -> Heatmap | None:
    """The picture comes beside the histogram, not before it."""
    until = time.monotonic() + 20
    while (found := ahead.find(source, request)) is None and time.monotonic() < until:
        time.sleep(0.01)
    return found


@pytest.mark.parametrize(
    ("dtype", "width"),
    [
        (np.float32, 700), (">f4", 40_000), (np.float64, 2), (np.complex64, 300), (np.int16, 3_000), (np.float16, 999),
        (ml_dtypes.bfloat16, 512), (np.uint64, 100), (np.float32, 250_000),
    ],
)  # fmt: skip
@pytest.mark.parametrize("turned", [False, True])
def test_a_histogram_brings_it_along(
    dtype: Any, width: int, turned: bool, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passes, "_recent", passes.OrderedDict())
    array = matrix(dtype, width)
    if array.dtype == ml_dtypes.bfloat16:
        source: TensorSource = bundle(tmp_path, array)
    else:
        source = opened(tmp_path, array)
    plane = SliceSpec.of_shape(array.shape)
    request = HeatmapRequest.whole("w", plane.transposed() if turned else plane, PIXELS)
    ahead = Ahead()
    ahead.expect(source, request)
    counted = histogram(source, HistogramRequest("w"))
    same(found_soon(ahead, source, request), heatmap(source, request))
    monkeypatch.setattr(ELSEWHERE, "make", None)
    alone = histogram(source, HistogramRequest("w"))
    np.testing.assert_array_equal(counted.counts, alone.counts)
    np.testing.assert_array_equal(counted.edges, alone.edges)
    for name in ("count", "min", "max", "zeros", "nan", "inf"):
        assert getattr(counted.statistics, name) == getattr(alone.statistics, name)


def bundle(folder: Path, array: NDArray[Any]) -> TensorSource:
    from ckpt_studio.formats.tf_bundle.write import write_bundle

    write_bundle(MemorySource({"w": array}), str(folder / "model.ckpt-1"))
    return open_checkpoint(str(folder / "model.ckpt-1.index"))


def test_another_picture_is_not_taken_for_it(engine: Engine, tmp_path: Path) -> None:
    source, request = seen_whole(tmp_path)
    plane, ahead = request.plane, Ahead()
    ahead.expect(source, request)
    assert ahead.find(source, request) is None
    histogram(source, HistogramRequest("w"))
    assert found_soon(ahead, source, request) is not None
    for other in (
        HeatmapRequest.whole("w", plane, PIXELS, "mean"),
        HeatmapRequest.whole("w", plane.transposed(), PIXELS),
        HeatmapRequest("w", plane, (0, 100), (0, 700), PIXELS),
        HeatmapRequest.whole("w", plane, (400, 307)),
        HeatmapRequest.whole("w", plane, (200, 307)),
    ):
        assert ahead.find(source, other) is None
    assert ahead.find(source, HeatmapRequest.whole("w", plane, (220, 350))) is not None
    before = ahead._expected
    ahead.expect(source, HeatmapRequest.whole("w", plane, (220, 350)))
    assert ahead._expected is before
    ahead.forget()
    assert ahead.find(source, request) is None


def test_what_is_not_wanted_any_more_gets_off(engine: Engine, tmp_path: Path) -> None:
    source, request = seen_whole(tmp_path)
    ahead = Ahead()
    for pixels in ((50, 60), (70, 80), PIXELS):
        ahead.expect(source, replace(request, out_shape=pixels))
    histogram(source, HistogramRequest("w"))
    assert found_soon(ahead, source, request) is not None
    assert len(engine._asked) == 1
    ahead.forget()
    assert not engine._asked


def test_a_process_that_dies_brings_nothing(engine: Engine, tmp_path: Path) -> None:
    source, request = seen_whole(tmp_path)
    ahead = Ahead()
    ahead.expect(source, request)
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    assert histogram(source, HistogramRequest("w")).statistics.nan == 1
    assert ahead.find(source, request) is None
    ahead.expect(source, request)
    ahead.forget()


def test_a_file_that_was_rewritten_is_said(engine: Engine, tmp_path: Path) -> None:
    source, request = seen_whole(tmp_path)
    ahead = Ahead()
    ahead.expect(source, request)
    np.save(tmp_path / "w.npy", matrix(np.float32, 800))
    with pytest.raises(Changed):
        histogram(source, HistogramRequest("w"))
    assert ahead.find(source, request) is None


def test_a_pass_here_takes_a_rider_along_too(tmp_path: Path) -> None:
    source, request = seen_whole(tmp_path)
    stored = source.stored("w")
    assert stored is not None
    refinement = Refinement(source, request)
    overview = refinement.overview()
    assert overview is not None
    Pass(stored, np.dtype(np.float32), passes._Patterns(2), overview).run(UNTENDED)
    same(refinement.finish(overview), heatmap(source, request))
