"""Comparing two sources against numpy's own answers on whole arrays, whatever types and blocks they come in."""

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

from ckpt_studio.analysis import gaps
from ckpt_studio.analysis.comparison import Comparison, Difference, compare
from ckpt_studio.analysis.pairs import Pairs
from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import Names, Stored
from tests.helpers.memory_source import MemorySource

TYPES = [
    np.float32, np.float64, np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, np.complex64, np.int8,
    np.uint16, np.int32, np.int64, np.uint64, np.bool_, ml_dtypes.int4,
]  # fmt: skip


def one(a: Any, b: Any, **how: Any) -> Difference:
    """How a single variable differs; equal where nothing was found."""
    found = compare(MemorySource({"v": a}, block_bytes=52), MemorySource({"v": b}, block_bytes=88), **how)
    return found.differences[0] if found.differences else Difference(0, 0, 0.0)


def numbers(dtype: Any, data: st.DataObject, shape: tuple[int, ...]) -> NDArray[Any]:
    plain = np.dtype(dtype)
    if plain.kind in "iub":
        return data.draw(hnp.arrays(plain, shape))
    wide = np.complex128 if plain.kind == "c" else np.float64
    few = data.draw(hnp.arrays(wide, shape))
    with np.errstate(all="ignore"):
        return few.astype(plain)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_figures_are_those_of_numpy(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from(TYPES))
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6))
    a, b = numbers(dtype, data, shape), numbers(dtype, data, shape)
    if data.draw(st.booleans()):
        b = np.where(data.draw(hnp.arrays(np.bool_, shape)), a, b).astype(dtype)
    found = one(a, b)
    wide = np.complex128 if a.dtype.kind == "c" else object if a.dtype.kind in "iu" else np.float64
    x, y = a.ravel().astype(wide), b.ravel().astype(wide)
    same = (x == y) | ((x != x) & (y != y))
    with np.errstate(all="ignore"):
        distances = np.where(same, 0, abs(x - y)) if x.size else np.zeros(1)
        floats = np.array([abs(v) for v in x[x == x]], np.float64)
    assert found.differing == np.count_nonzero(~same)
    assert found.equal == bool(same.all())
    largest = float(max(distances, key=lambda d: math.inf if d != d else d, default=0.0))
    largest = math.nan if any(d != d for d in distances) else largest
    np.testing.assert_equal(float(found.max_abs or 0), largest)
    if wide is object:
        assert found.max_abs == max(distances)
    norm = math.hypot(*floats[np.isfinite(floats)])
    gap = math.nan if any(d != d for d in distances) else math.hypot(*map(float, distances))
    expected = gap / norm if norm else gap if gap != gap else math.inf if gap else 0.0
    np.testing.assert_allclose(found.rel_l2, expected, rtol=1e-9)


def test_types_that_differ_are_compared_by_value() -> None:
    found = one(np.array([1, 2], np.float32), np.array([1, 2.5], np.float64))
    assert (found.differing, found.max_abs, found.same_type) == (1, 0.5, False)
    assert not one(np.zeros(2, np.float32), np.zeros(2, np.float16)).equal
    assert one(np.zeros(2), np.zeros(3)) == Difference(same_type=False)
    assert one(np.zeros((2, 3)), np.zeros((3, 2))) == Difference(same_type=False)
    assert one(np.array([b"1"], object), np.array([1])) == Difference(same_type=False)


def test_strings_are_compared_one_by_one() -> None:
    a = np.array([b"a", b"", b"x" * 100], object)
    assert one(a, a).equal
    assert one(a, np.array([b"a", b"b", b"x" * 99], object)).differing == 2


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=5000), rng.normal(size=5000)
    whole = one(a, b)
    monkeypatch.setattr(gaps, "CHUNK", 7)
    parts = one(a, b)
    assert (whole.differing, whole.max_abs) == (parts.differing, parts.max_abs)
    assert whole.rel_l2 == pytest.approx(parts.rel_l2, rel=1e-12)


def test_a_damaged_variable_is_a_difference_that_says_why() -> None:
    sound = MemorySource({"v": np.zeros(3), "w": np.ones(2)})
    found = compare(sound, MemorySource({"v": np.zeros(3), "w": np.ones(2)}, faults={"v": "It is torn."}))
    assert [each.error for each in found.differences] == ["It is torn."]
    assert (found.equal, found.faults, found.same) == (1, 1, False)


class Summed(MemorySource):
    """A source whose variables have stored checksums, as those of a bundle do."""

    def stored(self, key: str) -> Stored | None:
        import zlib

        data = self.arrays[key].tobytes()
        return Stored("data", 0, len(data), zlib.crc32(data), False, "")


def test_where_checksums_agree_nothing_is_read() -> None:
    arrays = {"same": np.arange(1000.0), "other": np.zeros(4)}
    a, b = Summed(arrays), Summed(arrays | {"other": np.ones(4)})
    found = compare(a, b)
    assert {key for key, _ in (*a.reads, *b.reads)} == set()
    assert (a.bytes_read, b.bytes_read) == (32, 32)
    assert (found.equal, len(found.rows)) == (1, 1)
    compare(a, b, trust_checksums=False)
    assert a.bytes_read == 32 + 32 + 8000
    reshaped = Summed(arrays | {"same": np.arange(1000.0).reshape(10, 100)})
    assert [each.same_type for each in compare(a, reshaped).differences] == [False]


def test_what_is_known_is_not_read_again() -> None:
    a = MemorySource({"v": np.zeros(3), "w": np.zeros(5)}, name="a")
    b = MemorySource({"v": np.ones(3), "w": np.ones(5)}, name="b")
    before = compare(a, b)
    a.set("w", np.full(5, 3.0))
    read = a.bytes_read
    after = compare(a, b, known={keys: told for keys, told in before.known.items() if keys != ("w", "w")})
    assert a.bytes_read - read == 40
    assert [each.max_abs for each in after.differences] == [1, 2]


def test_pairs_by_key_then_by_name() -> None:
    def source(**named: str) -> MemorySource:
        made = MemorySource(dict.fromkeys(named, np.zeros(1)))
        columns = made.columns
        names = Names.of_text(named[key] for key in columns.keys)
        made._columns = type(columns)(**(vars(columns) | {"names": names}))
        return made

    a = source(k1="net/w", k2="net/b", k3="twice", k4="only a").columns
    b = source(x1="net/b", k1="something else", x2="twice", x3="twice", x4="only b").columns
    pairs = Pairs.of(a, b)
    assert {a.keys[i]: b.keys[j] for i, j in pairs.rows.tolist()} == {"k1": "k1", "k2": "x1"}
    assert [a.keys[i] for i in pairs.only_a] == ["k3", "k4"]
    assert [b.keys[i] for i in pairs.only_b] == ["x2", "x3", "x4"]
    assert [pairs.other(key) for key in ("k1", "k2", "k3", "k9")] == ["k1", "x1", None, None]


def test_it_can_be_stopped_and_tells_how_far_it_is() -> None:
    a = MemorySource({f"v{i}": np.zeros(1000) for i in range(50)})
    b = MemorySource({f"v{i}": np.ones(1000) for i in range(50)})
    task = Task()
    found: Comparison = compare(a, b, task)
    assert len(found.differences) == 50
    assert task.done == task.total == 2 * 50 * 8000
    task.cancel()
    with pytest.raises(Cancelled):
        compare(a, b, task)
