"""Logarithmic bins and percentiles against numpy and against counting by hand."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ckpt_studio.analysis.classes import count_classes, percentiles
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import Unsupported
from tests.helpers.memory_source import MemorySource

NUMBERS = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e300, -1e300]),
    st.floats(allow_subnormal=True),
    st.integers(-300, 300).map(float),
)


@st.composite
def arrays(draw: st.DrawFn) -> NDArray[Any]:
    values = draw(st.lists(NUMBERS, min_size=1, max_size=40))
    kind = draw(st.sampled_from(["f4", "f8", "f2", "c8", "c16", ml_dtypes.bfloat16, ml_dtypes.float8_e5m2]))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(values).astype(kind)


def as_float64(array: NDArray[Any]) -> NDArray[np.float64]:
    with np.errstate(over="ignore", invalid="ignore"):
        if array.dtype.kind == "c":
            return np.abs(array.astype(np.complex128))
        return array.astype(np.float64)


@settings(max_examples=120, deadline=None)
@given(arrays(), st.lists(st.floats(-1e39, 1e39), min_size=2, max_size=12, unique=True))
def test_every_value_is_in_the_bin_that_its_edges_say(array: NDArray[Any], wanted: list[float]) -> None:
    source = MemorySource({"v": array}, block_bytes=64)
    found, figures = count_classes(source, "v"), statistics(source, "v")
    edges = found.edges(np.sort(wanted))
    histogram = found.counted(edges, figures)
    assert (np.diff(edges) > 0).all()
    assert 2 <= len(edges) <= len(wanted)
    with np.errstate(over="ignore"):
        inside = np.clip(wanted, -np.finfo(found.bits.wide).max, np.finfo(found.bits.wide).max)
        inside = inside.astype(found.bits.wide)
    assert edges[0] <= inside.min()
    assert edges[-1] >= inside.max()
    values = as_float64(array)
    values = values[np.isfinite(values)]
    below = ((values < edges[0]) | ((values == edges[0]) & (values < 0))).sum()
    for i, (low, high) in enumerate(pairwise(edges)):
        up = ((values > low) | ((values == low) & (values >= 0))) & (
            (values < high) | ((values == high) & (values < 0))
        )
        assert histogram.counts[i] == up.sum()
    assert histogram.below == below
    assert histogram.below + histogram.counts.sum() + histogram.above == len(values)


@given(hnp.arrays(st.sampled_from(["i4", "i8", "u1", "u8", "?"]), st.integers(1, 60)))
def test_integers_have_edges_between_them(array: NDArray[Any]) -> None:
    small = (array % 200).astype(array.dtype) if array.dtype.kind != "b" else array
    source = MemorySource({"v": small})
    found = count_classes(source, "v")
    low, high = float(small.min()), float(small.max())
    edges = found.edges(np.linspace(low, high, 9) if high > low else np.array([low, high]), whole=True)
    assert ((edges * 2) % 2 == 1).all() or low == high
    counted = found.counted(edges, statistics(source, "v"))
    assert counted.counts.sum() == small.size
    np.testing.assert_array_equal(counted.counts, np.histogram(small.astype(np.float64), edges)[0])


@settings(max_examples=120, deadline=None)
@given(arrays(), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_percentiles_are_those_of_numpy(array: NDArray[Any], shares: list[float]) -> None:
    source = MemorySource({"v": array}, block_bytes=64)
    found = percentiles(source, "v", count_classes(source, "v"), tuple(shares))
    values = as_float64(array)
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        assert found == ()
        return
    places = np.array(shares) * (len(values) - 1)
    low = values[np.floor(places).astype(int)]
    high = values[np.ceil(places).astype(int)]
    part = places - np.floor(places)
    rough = 2**-23 if array.dtype.itemsize == 8 or array.dtype.kind == "c" else 1e-12
    slack = rough * np.maximum(np.abs(low), np.abs(high)) + (2**-1048 if rough > 1e-9 else 0)
    np.testing.assert_array_less(np.abs(np.array(found) - (low * (1 - part) + high * part)), slack + 1e-300)


def test_a_million_values() -> None:
    values = np.random.default_rng(0).standard_t(2, 1_000_000).astype(np.float32)
    source = MemorySource({"v": values})
    found = count_classes(source, "v")
    shares = (0.0, 0.01, 0.5, 0.99, 1.0)
    np.testing.assert_allclose(
        percentiles(source, "v", found, shares), np.quantile(values.astype(np.float64), shares), rtol=1e-12
    )
    size = found.typical_size()
    assert size == pytest.approx(np.median(np.abs(values)), rel=1e-3)


@given(hnp.arrays(st.sampled_from(["i2", "u2", "i1", "?"]), st.integers(1, 50)))
def test_percentiles_of_small_integers_are_integers_where_numpy_says_so(array: NDArray[Any]) -> None:
    source = MemorySource({"v": array})
    shares = (0.0, 0.25, 0.5, 0.9, 1.0)
    found = percentiles(source, "v", count_classes(source, "v"), shares)
    np.testing.assert_allclose(found, np.quantile(array.astype(np.float64), shares), rtol=1e-12)


def test_large_integers_and_what_is_no_number() -> None:
    source = MemorySource(
        {"i": np.array([-(2**40), 5, 2**40, 2**53], np.int64), "s": np.array([b"x"], object)}
    )
    found = percentiles(source, "i", count_classes(source, "i"), (0.0, 1 / 3, 2 / 3, 1.0))
    assert found == (-(2**40), 5, 2**40, 2**53)
    with pytest.raises(Unsupported, match="string"):
        count_classes(source, "s")
