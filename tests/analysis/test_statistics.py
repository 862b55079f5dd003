"""The figures of a variable, against numpy in float64 and against exact arithmetic."""

from __future__ import annotations

import math
import os
import threading
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import Cancelled, Changed, Corrupt, NoSuchVariable
from ckpt_studio.core.tasks import Task
from tests.helpers.bundles import opened
from tests.helpers.memory_source import MemorySource

ALL_NUMERIC = sorted(
    {d.numpy.newbyteorder("=") for d in BY_NAME.values() if d.numpy is not None and d.is_numeric}, key=str
)


def figures(array: Any, **more: Any) -> Statistics:
    return statistics(MemorySource({"v": array}, **more), "v")


def reference(array: NDArray[Any]) -> Statistics:
    """What numpy says, one call a figure."""
    values = array.astype(np.complex128) if array.dtype.kind == "c" else array.astype(np.float64)
    values = np.abs(values).reshape(-1) if values.dtype.kind == "c" else values.reshape(-1)
    finite = values[np.isfinite(values)]
    counted = {
        "count": values.size,
        "zeros": int((values == 0).sum()),
        "denormals": int(((values != 0) & (np.abs(values) < normal_from(array.dtype))).sum()),
        "nan": int(np.isnan(values).sum()),
        "inf": int(np.isinf(values).sum()),
        "neg_inf": int(np.isneginf(values).sum()),
    }
    if not finite.size:
        return Statistics(**counted)
    return Statistics(
        **counted,
        min=float(finite.min()),
        max=float(finite.max()),
        mean=float(finite.mean()),
        std=float(finite.std()),
        l2=float(np.linalg.norm(finite)),
        l1=float(np.abs(finite).sum()),
    )


def normal_from(dtype: np.dtype[Any]) -> float:
    """Where a type's full precision begins; nothing of an integer type is denormal."""
    try:
        return float(ml_dtypes.finfo(dtype).smallest_normal)
    except ValueError:
        return 0.0


def assert_same(found: Statistics, wanted: Statistics, scale: float = 0.0) -> None:
    for name in ("count", "zeros", "denormals", "nan", "inf", "neg_inf", "min", "max"):
        assert getattr(found, name) == getattr(wanted, name), name
    for name in ("mean", "std", "l2", "l1"):
        ours, theirs = getattr(found, name), getattr(wanted, name)
        if theirs is None:
            assert ours is None
        else:
            assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12 * scale + 1e-300), name


@pytest.mark.parametrize("dtype", ALL_NUMERIC, ids=str)
def test_every_numeric_dtype(dtype: np.dtype[Any]) -> None:
    values = np.random.default_rng(7).normal(0, 3, 5000)
    with np.errstate(invalid="ignore"):
        array = values.astype(dtype) if dtype.kind != "u" else np.abs(values).astype(dtype)
    assert_same(figures(array, block_bytes=1000), reference(array), scale=10)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.float16]),
        hnp.array_shapes(min_dims=0, max_dims=6, min_side=0, max_side=5),
        elements=st.one_of(
            st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 2.0**-24, -(2.0**-14), 2.0**-15]),
            st.floats(-1000, 1000, width=16),
        ),
    ),
    st.integers(4, 64),
)
def test_floats_of_any_shape(array: NDArray[Any], block_bytes: int) -> None:
    found = figures(array, block_bytes=block_bytes)
    assert_same(found, reference(array), scale=1000)
    ends = (found.min, found.max, found.max_abs)
    assert all(math.copysign(1, end) > 0 for end in ends if end == 0)


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.int64, np.uint64, np.int32, np.uint32, np.int8, np.uint16, np.bool_]),
        st.integers(1, 40),
    ),
    st.integers(8, 64),
)
def test_integers_are_exact(array: NDArray[Any], block_bytes: int) -> None:
    values = [int(v) for v in array]
    found = figures(array, block_bytes=block_bytes)
    assert (found.min, found.max, found.zeros) == (min(values), max(values), values.count(0))
    assert type(found.min) is int
    mean = Fraction(sum(values), len(values))
    assert found.mean == pytest.approx(float(mean), rel=1e-15)
    std = math.sqrt(sum((v - mean) ** 2 for v in values) / len(values))
    assert found.std == pytest.approx(std, rel=1e-12)
    assert found.l2 == pytest.approx(math.sqrt(sum(v * v for v in values)), rel=1e-12)
    assert found.l1 == pytest.approx(sum(map(abs, values)), rel=1e-12)
    assert found.max_abs == max(map(abs, values))


def test_std_does_not_drown_in_a_large_mean() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 300_000)
    assert figures(noise + 1e8).std == pytest.approx(float(np.std(noise)), rel=1e-6)
    stamps = 2**62 + np.arange(1000)
    assert figures(stamps, block_bytes=64).std == pytest.approx(float(np.std(np.arange(1000))), rel=1e-12)


@pytest.mark.parametrize("size", [1e300, 1e-300, 5e-324])
def test_squares_neither_overflow_nor_vanish(size: float) -> None:
    found = figures(np.array([size, -size] * 50), block_bytes=80)
    assert found.l2 == pytest.approx(10 * size, rel=1e-12)
    assert found.std == pytest.approx(size, rel=1e-12)
    assert found.mean == 0


def test_chunks_of_very_different_size_are_put_together() -> None:
    array = np.concatenate([np.full(10, 1e200), np.full(10, 1.0), np.full(10, 1e-200)])
    assert figures(array, block_bytes=80).l2 == pytest.approx(math.sqrt(10) * 1e200, rel=1e-12)


def test_complex_by_magnitude() -> None:
    found = figures(np.array([3 + 4j, complex(0, math.nan), complex(math.inf, 1), 0], np.complex64))
    assert (found.count, found.max, found.nan, found.inf, found.zeros) == (4, 5.0, 1, 1, 1)
    assert figures(np.array([3e38 + 3e38j], np.complex64)).max == pytest.approx(3e38 * math.sqrt(2), rel=1e-6)


def test_nothing_finite_and_nothing_at_all() -> None:
    nothing = Statistics(0, zeros=0, denormals=0, nan=0, inf=0, neg_inf=0)
    assert figures(np.array([math.nan, math.inf], np.float32)) == replace(nothing, count=2, nan=1, inf=1)
    assert figures(np.array([-math.inf], np.float16)) == replace(nothing, count=1, inf=1, neg_inf=1)
    assert figures(np.zeros((0, 3), np.float32)) == nothing
    assert figures(np.zeros((0,), np.int64)) == nothing
    assert figures(np.zeros((0,), ml_dtypes.bfloat16)) == nothing
    assert figures(np.zeros((0,), ml_dtypes.bfloat16)).max_abs is None
    assert figures(np.float32(2.5)).mean == 2.5


def test_strings_and_opaque_types_are_counted_only() -> None:
    assert figures(np.array([b"a", b"bc"], object)) == Statistics(2)
    assert statistics(MemorySource({"v": np.zeros((2, 3))}, opaque=frozenset({"v"})), "v") == Statistics(6)


def test_faults_and_cancel_come_through() -> None:
    with pytest.raises(Corrupt, match="damaged"):
        figures(np.zeros(3), faults={"v": "The bytes of v are damaged."})
    with pytest.raises(NoSuchVariable):
        statistics(MemorySource({}), "v")
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        statistics(MemorySource({"v": np.zeros(3)}), "v", task)


@pytest.mark.parametrize(
    "dtype", [np.float32, np.float64, np.int64, np.uint32, np.float16, np.int8, np.complex64]
)
@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
def test_several_threads_find_the_same_figures(
    dtype: Any, big_endian: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = (np.random.default_rng(3).normal(size=1_200_003) * 90).astype(dtype)
    if array.dtype.kind in "fc":
        array[::999] = np.nan
    array = array.reshape(1, -1, 3)
    monkeypatch.setattr("ckpt_studio.analysis.passes.SHARED_OUT", 0)
    task = Task()
    assert_same(statistics(opened(tmp_path, array, big_endian=big_endian), "v", task), figures(array))
    assert task.done == array.nbytes


def test_a_file_that_changes_or_a_cancel_ends_all_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ckpt_studio.analysis.passes.SHARED_OUT", 0)
    source = opened(tmp_path, np.ones(2_000_000))

    class Tearing(Task):
        def advance(self, amount: int) -> None:
            super().advance(amount)
            if amount:
                os.truncate(tmp_path / "v.data-00000-of-00001", 4_000_000)

    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        statistics(source, "v", task)
    for _ in range(2):  # while it is read, and from the beginning
        with pytest.raises(Changed, match="rewritten"):
            statistics(source, "v", Tearing())
    assert not [thread for thread in threading.enumerate() if thread.name == "figures"]
