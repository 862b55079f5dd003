"""Histograms on every scale, channels and percentiles of one variable, and of others laid over it."""

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

from ckpt_studio.analysis.distribution import Distribution, DistributionRequest, Known, distribution
from ckpt_studio.core.errors import Cancelled, RequestFault
from ckpt_studio.core.tasks import Task
from tests.helpers.memory_source import MemorySource

ODD: dict[str, Any] = {
    "constant": np.full(7, 3.0, np.float32),
    "nan": np.full((2, 3), np.nan, np.float32),
    "infinite": np.array([np.inf, -np.inf], np.float64),
    "integers": np.arange(-5, 300, dtype=np.int64).reshape(5, 61),
    "truth": np.array([True, False, True]),
    "complex": np.array([3 + 4j, 0, 1e30j], np.complex64),
    "float8": np.linspace(-4, 4, 12).astype(ml_dtypes.float8_e4m3fn),
    "int4": np.arange(-8, 8).astype(ml_dtypes.int4),
    "wide": np.array([1e30, -1e-30, 1e-300, -1e300, 0.0]),
    "ends": np.array([-1.7e308, 1.7e308, 5e-324]),
    "float32": np.array([-3.4e38, 3.4e38, 1e-45], np.float32),
    "scalar": np.float32(2),
    "zeros": np.zeros(4, np.float32),
    "negative": -np.arange(1.0, 9.0, dtype=np.float32),
    "empty": np.zeros((0, 3), np.float32),
}


def find(array: Any, **how: Any) -> Distribution:
    source = MemorySource({"v": array}, block_bytes=256)
    return distribution(DistributionRequest(((source, "v"),), **how), Known())


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("name", list(ODD))
def test_every_element_of_odd_variables_is_somewhere(name: str, scale: Any) -> None:
    array = np.asarray(ODD[name])
    found = find(array, scale=scale, bins=16, shares=(0.5,))
    (histogram,) = found.histograms
    figures = histogram.statistics
    assert (
        histogram.counts.sum() + histogram.below + histogram.above + figures.nan + figures.inf == array.size
    )
    assert (np.diff(histogram.edges) > 0).all()
    assert np.isfinite(histogram.edges).all()
    if scale != "log":
        assert histogram.below == histogram.above == 0
    finite = np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)
    finite = finite[np.isfinite(finite)]
    assert len(found.percentiles) == (1 if finite.size else 0)
    if scale == "log":
        least = 1e-310 if array.dtype == np.float64 else 1e-42  # what is smaller shares the class of zero
        assert histogram.counts.sum() == (finite > least).sum()
        assert histogram.edges[0] > 0


def test_logarithmic_bins_are_nearly_equal_on_their_axis() -> None:
    values = np.random.default_rng(1).lognormal(0, 3, 100_000).astype(np.float32)
    edges = find(values, scale="log", bins=64).histograms[0].edges
    widths = np.diff(np.log(edges))
    assert widths.max() / widths.min() < 1.05
    found = find(np.concatenate([values, -values]), scale="symlog", bins=64)
    assert found.linear in (0.1, 1.0)
    edges = found.histograms[0].edges
    widths = np.diff(np.copysign(np.log1p(np.abs(edges) / found.linear), edges))
    assert widths.max() / widths.min() < 1.05


def test_overlaid_variables_share_their_bins() -> None:
    small, large = np.full(10, 1e-6, np.float32), np.full(10, 1e6, np.float64)
    source, other = MemorySource({"v": small}), MemorySource({"w": large})
    for scale in ("linear", "log", "symlog"):
        found = distribution(
            DistributionRequest(((source, "v"), (other, "w")), scale=scale),
            Known(),  # type: ignore[arg-type]
        )
        one, two = found.histograms
        np.testing.assert_array_equal(one.edges, two.edges)
        assert one.counts.sum() == two.counts.sum() == 10


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["f4", "f8", "i2", "c8"]),
        hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=5),
        elements=st.integers(-20, 20),
    ),
    st.data(),
)
def test_channels_are_counted_in_the_bins_of_all(array: NDArray[Any], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, array.ndim - 1))
    scale = data.draw(st.sampled_from(["linear", "symlog"]))
    source = MemorySource({"v": array}, block_bytes=16)
    found = distribution(DistributionRequest(((source, "v"),), 7, scale=scale, axis=axis), Known())
    ridge, (histogram,) = found.channels, found.histograms
    assert ridge is not None
    assert ridge.counts.sum() + ridge.outside.sum() + ridge.not_finite.sum() == array.size
    values = np.abs(array) if array.dtype.kind == "c" else array
    for row in range(array.shape[axis]):
        channel = np.take(values, row, axis).astype(np.float64).reshape(-1)
        assert ridge.span(row) == (row, row)
        assert ridge.counts[row].sum() == len(channel)
    if scale == "linear":
        np.testing.assert_array_equal(ridge.counts.sum(0), histogram.counts)


def test_long_axes_have_several_channels_in_a_row_and_nan_is_counted_by_channel() -> None:
    array = np.zeros((5000, 2), np.float32)
    array[4999] = np.nan, np.inf
    ridge = find(array, axis=0, bins=3).channels
    assert ridge is not None
    assert (ridge.per_row, len(ridge.counts), ridge.span(1666)) == (3, 1667, (4998, 4999))
    assert ridge.counts.sum() == 9998
    assert ridge.not_finite.tolist() == [0] * 1666 + [2]


def test_what_is_known_is_not_read_again() -> None:
    source = MemorySource({"v": np.random.default_rng(0).normal(size=1000).astype(np.float32)})
    known = Known()
    for bins in (10, 20, 30):
        distribution(DistributionRequest(((source, "v"),), bins, scale="symlog", shares=(0.1, 0.9)), known)
    assert source.bytes_read == 3 * 4000  # statistics, classes, and the second look for percentiles
    source.set("v", np.ones(1000, np.float32))
    again = distribution(DistributionRequest(((source, "v"),), scale="symlog"), known)
    assert again.histograms[0].statistics.max == 1


def test_a_cancel_is_noticed_and_remembered_as_nothing() -> None:
    source, known, task = MemorySource({"v": np.ones(1000)}), Known(), Task()
    task.cancel()
    with pytest.raises(Cancelled):
        distribution(DistributionRequest(((source, "v"),), scale="log"), known, task)
    assert (
        distribution(DistributionRequest(((source, "v"),), scale="log"), known).histograms[0].counts.sum()
        == 1000
    )


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"low": 5.0, "high": 1.0}, "range of a histogram rises"),
        ({"low": 5.0, "high": 1.0, "scale": "symlog"}, "range of a histogram rises"),
        ({"high": -1.0, "scale": "log"}, "above zero"),
        ({"bins": 0, "scale": "log"}, "bins"),
        ({"axis": 1}, "no axis 1"),
    ],
)
def test_what_makes_no_sense_is_said(how: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestFault, match=sentence):
        find(np.arange(1.0, 9.0), **how)


def test_a_given_range_leaves_out_the_rest() -> None:
    values = np.array([-1e9, -1, -0.01, 0, 0.01, 1, 1e9])
    histogram = find(values, scale="symlog", low=-2.0, high=2.0).histograms[0]
    assert (histogram.below, histogram.counts.sum(), histogram.above) == (1, 5, 1)
    histogram = find(values, scale="log", low=0.001, high=2.0).histograms[0]
    assert (histogram.below, histogram.counts.sum(), histogram.above) == (4, 2, 1)
    assert math.isclose(histogram.edges[0], 0.001, rel_tol=1 / 256)
