"""Counts of bins, against numpy and against counting by hand."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ckpt_studio.analysis.histogram import Histogram, HistogramRequest, histogram, histograms
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import RequestFault, Unsupported
from tests.helpers.bundles import opened
from tests.helpers.memory_source import MemorySource


def count(array: Any, block_bytes: int = 1 << 20, **request: Any) -> Histogram:
    return histogram(MemorySource({"v": array}, block_bytes=block_bytes), HistogramRequest("v", **request))


def assert_complete(found: Histogram, array: NDArray[Any]) -> None:
    """Every element is somewhere, and no bin is wrong by more than rounding at its edges."""
    figures = found.statistics
    assert found.counts.sum() + found.below + found.above + figures.nan + figures.inf == array.size
    assert (found.counts >= 0).all()
    assert (np.diff(found.edges) > 0).all()
    values = array.astype(np.float64).reshape(-1)
    values = values[np.isfinite(values)]
    running = found.below + np.concatenate([[0], np.cumsum(found.counts)])
    slack = 8 * np.spacing(np.abs(found.edges).max())
    for edge, seen in zip(found.edges[1:-1], running[1:-1], strict=True):
        assert (values < edge - slack).sum() <= seen <= (values < edge + slack).sum()


floats = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.float16]),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6),
    elements=st.one_of(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0]), st.floats(width=16)),
)


@settings(max_examples=80, deadline=None)
@given(floats, st.integers(1, 40), st.integers(8, 64))
def test_nothing_is_lost_over_the_own_range(array: NDArray[Any], bins: int, block_bytes: int) -> None:
    found = count(array, block_bytes, bins=bins)
    assert_complete(found, array)
    assert found.below == found.above == 0
    assert len(found.counts) == bins


@settings(max_examples=80, deadline=None)
@given(floats, st.floats(-100, 100), st.floats(0, 100), st.integers(1, 40))
def test_nothing_is_lost_over_a_given_range(array: NDArray[Any], low: float, width: float, bins: int) -> None:
    found = count(array, 64, bins=bins, low=low, high=low + width)
    assert_complete(found, array)
    if width > 1e-6:
        values = array.astype(np.float64)
        assert (found.edges[0], found.edges[-1]) == pytest.approx((low, low + width))
        assert found.below == (values[np.isfinite(values)] < low).sum()
        assert found.above == (values[np.isfinite(values)] > low + width).sum()


@settings(max_examples=80, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.int8, np.uint8, np.bool_, np.int32, np.uint32, np.int64, np.uint64]),
        st.integers(1, 60),
    ),
    st.integers(1, 300),
)
def test_integers_fall_into_whole_bins(array: NDArray[Any], bins: int) -> None:
    found = count(array, 64, bins=bins)
    values = sorted(int(v) for v in array)
    assert len(found.counts) <= bins
    assert found.counts.sum() == len(values)
    span = values[-1] - values[0] + 1
    width = -(-span // bins)
    wanted = [0] * len(found.counts)
    for value in values:
        wanted[(value - values[0]) // width] += 1
    assert found.counts.tolist() == wanted
    assert found.edges[0] == pytest.approx(values[0] - 0.5)


@pytest.mark.parametrize("bins", [1, 2, 3, 7])
def test_the_whole_range_of_64_bit_integers(bins: int) -> None:
    for array in (np.array([0, 2**64 - 1], np.uint64), np.array([-(2**63), 2**63 - 1], np.int64)):
        found = count(array, bins=bins)
        wanted = [2] if bins == 1 else [1, *[0] * (bins - 2), 1]
        assert found.counts.tolist() == wanted


@pytest.mark.parametrize("dtype", [np.int32, np.uint32, np.int64, np.uint64])
def test_integers_in_a_range_far_wider_than_theirs(dtype: Any) -> None:
    array = np.array([1, 2, 100], dtype)
    assert count(array, bins=10, low=-1e30, high=1e30).counts.sum() == 3
    assert count(array, bins=2, low=-1e19, high=99.0).above == 1
    nothing = count(array, bins=3, low=-1e30, high=-1e29)
    assert (nothing.counts.sum(), nothing.above) == (0, 3)


@pytest.mark.parametrize("bins", [1, 2, 255, 256, 257, 4000, 60_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_counts_as_numpy(dtype: Any, bins: int) -> None:
    array = np.random.default_rng(0).normal(0.1, 1, size=70_001).astype(dtype)
    found = count(array, bins=bins)
    wanted, edges = np.histogram(array.astype(np.float64), bins)
    width = edges[1] - edges[0]
    np.testing.assert_allclose(
        found.edges, edges, rtol=1e-12, atol=width * (1e-3 if dtype is np.float32 else 0)
    )
    np.testing.assert_array_equal(found.counts, np.histogram(array.astype(np.float64), found.edges)[0])
    if dtype is np.float64:
        np.testing.assert_array_equal(found.counts, wanted)


@settings(max_examples=100, deadline=None)
@given(
    hnp.arrays(
        np.float32, st.integers(1, 50), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)
    ),
    st.integers(1, 300),
)
def test_bins_of_any_float32_begin_where_their_edges_say(array: NDArray[Any], bins: int) -> None:
    found = count(array, 64, bins=bins)
    wanted, _ = np.histogram(array.astype(np.float64), found.edges)
    slack = 8 * np.spacing(np.abs(found.edges).max())
    if np.abs(array[:, None] - found.edges).min() > slack:
        np.testing.assert_array_equal(found.counts, wanted)
    assert_complete(found, array)


def test_far_from_zero_float32_bins_stay_equal() -> None:
    array = np.float32(1000) + np.arange(5000, dtype=np.float32) / 8192
    found = count(array, bins=200)
    assert_complete(found, array)
    np.testing.assert_allclose(np.diff(found.edges), np.diff(found.edges).mean(), rtol=2e-3)


@pytest.mark.parametrize("bins", [100, 256, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.float16, np.complex64])
def test_several_threads_count_the_same(
    dtype: Any, bins: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ckpt_studio.analysis.passes.SHARED_OUT", 0)
    array = (np.random.default_rng(2).normal(size=900_003) * 100).astype(dtype)
    array[::1000] = np.nan if array.dtype.kind in "fc" else 0
    one, several = (
        histogram(source, HistogramRequest("v", bins))
        for source in (MemorySource({"v": array}, block_bytes=1000), opened(tmp_path, array))
    )
    np.testing.assert_array_equal(one.counts, several.counts)
    np.testing.assert_array_equal(one.edges, several.edges)
    assert dataclasses.asdict(several.statistics) == pytest.approx(
        dataclasses.asdict(one.statistics), rel=1e-14
    )


def test_another_binning_of_a_counted_type_reads_nothing() -> None:
    source = MemorySource({"v": np.arange(1000).astype(ml_dtypes.bfloat16)})
    assert histogram(source, HistogramRequest("v", 10)).counts.sum() == 1000
    read = source.bytes_read
    assert histogram(source, HistogramRequest("v", 100, 0, 99)).above > 0
    assert statistics(source, "v").count == 1000
    assert source.bytes_read == read
    source.set("v", np.zeros(3, np.float16))
    assert histogram(source, HistogramRequest("v", 10)).counts.sum() == 3


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, np.float16, ml_dtypes.float8_e4m3fn])
def test_counted_types_agree_with_their_float64_values(dtype: Any) -> None:
    array = np.random.default_rng(1).normal(size=3000).astype(dtype)
    ours, theirs = count(array, bins=50), count(array.astype(np.float64), bins=50)
    np.testing.assert_array_equal(ours.counts, theirs.counts)
    np.testing.assert_array_equal(ours.edges, theirs.edges)


@pytest.mark.parametrize("value", [0.0, 3.25, -1e30, 1e308, 1.7976931348623157e308, 5e-324])
def test_a_constant_has_a_range_that_shows_it(value: float) -> None:
    found = count(np.full(10, value), bins=20)
    assert found.counts.sum() == 10
    assert np.isfinite(found.edges).all()
    assert (np.diff(found.edges) > 0).all()
    assert found.edges[0] <= value <= found.edges[-1]


def test_the_whole_range_of_float64() -> None:
    found = count(np.array([-1.7e308, 0.0, 1.7e308]), bins=3)
    assert found.counts.tolist() == [1, 1, 1]
    assert np.isfinite(found.edges).all()


def test_two_variables_share_their_bins() -> None:
    source = MemorySource({"a": np.array([0.0, 1.0]), "b": np.array([2.0, 4.0, np.nan])})
    a, b = histograms([(source, HistogramRequest("a", 4)), (source, HistogramRequest("b", 4))])
    assert a.edges.tolist() == b.edges.tolist() == [0, 1, 2, 3, 4]
    assert a.counts.tolist() == [1, 1, 0, 0]
    assert b.counts.tolist() == [0, 0, 1, 1]
    assert b.statistics.nan == 1


def test_known_figures_save_a_pass() -> None:
    source = MemorySource({"v": np.arange(1000.0)})
    known = statistics(source, "v")
    source.bytes_read = 0
    assert histogram(source, HistogramRequest("v", known=known)).counts.sum() == 1000
    assert source.bytes_read == 8000


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(RequestFault, match="rises"):
        count(np.zeros(2), low=2, high=1)
    with pytest.raises(RequestFault, match="bins"):
        count(np.zeros(2), bins=0)
    with pytest.raises(RequestFault, match="finite"):
        count(np.zeros(2), low=math.nan)
    with pytest.raises(Unsupported, match="string"):
        count(np.array([b"x"], object))
    assert count(np.zeros(4), low=5).above == 0
    assert count(np.zeros(4), low=5).below == 4
