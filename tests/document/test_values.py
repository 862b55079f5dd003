"""Values that are made or changed on their way: numbers of initializers, what a cast costs, little memory."""

from __future__ import annotations

import tracemalloc
from statistics import NormalDist
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.arithmetic import Scale
from ckpt_studio.document.edits.arrange import Reshape, Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.cast import Cast, CastLoss, cast_loss
from ckpt_studio.document.edits.contents import Initial
from ckpt_studio.document.values.base import Want
from ckpt_studio.document.values.changed import cast
from ckpt_studio.document.values.made import Initialised, Initializer, InitializerName
from ckpt_studio.document.values.random_numbers import Stream, inverse_normal, logarithm
from ckpt_studio.document.values.stretches import slabs, windows_of
from tests.helpers.memory_source import MemoryCheckpoint, MemorySource

NAN, INF = float("nan"), float("inf")


def initialised(name: InitializerName, shape: tuple[int, ...], dtype: str = "float64", **more: Any) -> Any:
    return Initialised(Want("w", BY_NAME[dtype], shape, "w"), Initializer(name, **more), "w")


@pytest.mark.parametrize(
    ("name", "deviation", "most"),
    [
        ("normal", 0.05, None),
        ("uniform", 0.1 / 12**0.5, 0.05),
        ("truncated_normal", 0.05 * 0.87962566, 0.1),
        ("glorot_normal", (2 / 700) ** 0.5, 2 * (2 / 700) ** 0.5 / 0.87962566),
        ("glorot_uniform", (2 / 700) ** 0.5, (6 / 700) ** 0.5),
        ("he_normal", (2 / 400) ** 0.5, 2 * (2 / 400) ** 0.5 / 0.87962566),
        ("he_uniform", (2 / 400) ** 0.5, (6 / 400) ** 0.5),
    ],
)
def test_random_initializers_have_the_spread_of_keras(
    name: Any, deviation: float, most: float | None
) -> None:
    values = initialised(name, (400, 300), seed=5).read()
    assert abs(values.mean()) < 0.02 * deviation
    assert values.std() == pytest.approx(deviation, rel=0.01)
    assert most is None or 0.9 * most < np.abs(values).max() <= most
    other = initialised(name, (400, 300), seed=6).read()
    assert abs(np.corrcoef(values.reshape(-1), other.reshape(-1))[0, 1]) < 0.02


@pytest.mark.parametrize("shape", [(40, 30), (30, 40), (3, 3, 4, 20)])
def test_orthogonal_and_identity(shape: tuple[int, ...]) -> None:
    matrix = initialised("orthogonal", shape, gain=2.0).read().reshape(-1, shape[-1])
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
    if len(shape) == 2:
        np.testing.assert_array_equal(initialised("identity", shape).read(), np.eye(*shape))


def test_normal_numbers_are_the_inverse_of_their_distribution() -> None:
    parts = np.array([1e-300, 1e-20, 1e-9, 0.001, 0.07, 0.3, 0.5, 0.6, 0.95, 1 - 1e-9])
    np.testing.assert_allclose(inverse_normal(parts), [NormalDist().inv_cdf(p) for p in parts], rtol=1e-12)
    numbers = np.geomspace(1e-300, 1e300, 500)
    np.testing.assert_allclose(logarithm(numbers), np.log(numbers), rtol=1e-14)


@given(first=st.integers(0, 50), size=st.integers(1, 40))
def test_a_stream_can_be_read_from_any_place(first: int, size: int) -> None:
    stream = Stream(3, "layer/w")
    np.testing.assert_array_equal(
        stream.uniform(first, first + size), stream.uniform(0, 100)[first : first + size]
    )


@given(shape=st.lists(st.integers(0, 4), max_size=4).map(tuple), data=st.data())
def test_windows_cover_a_stretch_and_slabs_cover_all(shape: tuple[int, ...], data: Any) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    first = data.draw(st.integers(0, array.size))
    after = data.draw(st.integers(first, array.size))
    parts = [array[window].reshape(-1) for window in windows_of(shape, first, after)]
    assert [number for part in parts for number in part] == list(range(first, after))
    parts = [array[window].reshape(-1) for window in slabs(shape, 8, 40)]
    assert [number for part in parts for number in part] == list(range(array.size))
    assert all(part.nbytes <= 40 for part in parts)


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("int8", [1.9, -1.9, 200.0, -1e30, NAN, INF], [1, -1, 127, -128, 0, 127]),
        ("uint8", [-1.0, 255.9, 256.0], [0, 255, 255]),
        ("int64", [2.0**63, -(2.0**63), 2.0**62], [2**63 - 1, -(2**63), 2**62]),
        ("uint64", [2.0**64, -1.0, 2.0**63], [2**64 - 1, 0, 2**63]),
        ("float16", [70000.0, 1e-9, 1.0, NAN], [INF, 0, 1, NAN]),
        ("int4", [7.5, -9.0], [7, -8]),
    ],
)
def test_a_cast_means_the_same_everywhere(dtype: str, values: list[float], expected: list[float]) -> None:
    result = cast(np.array(values), BY_NAME[dtype])
    assert result.dtype == BY_NAME[dtype].numpy
    as_told = [float(one) for one in result] if "float" in dtype else [int(one) for one in result]
    np.testing.assert_array_equal(as_told, expected)
    assert cast(np.array([300, -300]), BY_NAME["int8"]).tolist() == [127, -128]


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float16", np.array([1, 70000, 1e-9, 0.1, NAN], "f4"), CastLoss("w", 5, 1, 1, 1, 0)),
        ("int32", np.array([1, 0.25, 2.5, 3e9, NAN, INF], "f4"), CastLoss("w", 6, 1, 1, 1, 2)),
        ("int8", np.array([1, 127, 128, -5], "i8"), CastLoss("w", 4, 1, 0, 0, 0)),
        ("float64", np.array([0.1, NAN], "f4"), CastLoss("w", 2)),
        ("bfloat16", np.array([1, 257], "i4"), CastLoss("w", 2, 0, 0, 1, 0)),
        ("uint8", np.array([True, False]), CastLoss("w", 2)),
        ("float32", np.array([1.5], ml_dtypes.bfloat16), CastLoss("w", 1)),
    ],
)
def test_what_a_cast_loses_is_counted(dtype: str, values: Any, expected: CastLoss) -> None:
    found = cast_loss(MemorySource({"w": values}, block_bytes=8), "w", BY_NAME[dtype])
    assert found == expected
    assert found.lossless == (expected == CastLoss("w", len(values)))


@settings(max_examples=30, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple), data=st.data())
def test_any_window_of_rearranged_values(shape: tuple[int, ...], data: Any) -> None:
    array = np.arange(np.prod(shape), dtype="f4").reshape(shape)
    document = Document(MemoryCheckpoint({"w": array}))
    axes = tuple(data.draw(st.permutations(range(len(shape)))))
    flat = data.draw(st.booleans())
    new = (array.size,) if flat else (array.shape[axes[0]], -1)
    document.do(Transpose(("w",), axes=axes))
    document.do(Reshape(("w",), shape=new))
    expected = array.transpose(axes).reshape(new)
    window = []
    for extent in expected.shape:
        start = data.draw(st.integers(0, extent))
        window.append(slice(start, data.draw(st.integers(start, extent))))
    np.testing.assert_array_equal(document.staged.read("w", tuple(window)), expected[tuple(window)])
    np.testing.assert_array_equal(np.concatenate(list(document.staged.blocks("w"))), expected.reshape(-1))


def test_values_of_any_size_take_little_memory() -> None:
    shape = (2500, 3000)
    source = MemoryCheckpoint({"w": np.broadcast_to(np.float32(2), shape)})
    document = Document(source)
    document.do(Assign(("w",), contents=Initial(Initializer("normal", seed=1))))
    document.do(Scale(("w",), factor=2))
    document.do(Cast(("w",), dtype=BY_NAME["float16"]))
    document.do(Reshape(("w",), shape=(3000, 2500)))
    tracemalloc.start()
    size = sum(block.nbytes for block in document.staged.blocks("w"))
    corner = document.staged.read("w", (slice(2990, 3000), slice(0, 3)))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 2 * 2500 * 3000
    assert corner.shape == (10, 3)
    assert most < 24 << 20
