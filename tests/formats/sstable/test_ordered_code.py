"""Keys of slices: what is made is recognised, stands in order, and is what TensorFlow writes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.formats.sstable.ordered_code import is_slice_key, slice_key

DETERMINISTIC = settings(max_examples=200, deadline=None, derandomize=True, database=None)

names = st.binary(max_size=12) | st.lists(st.sampled_from([b"\0", b"\1", b"\xff", b"a"]), max_size=6).map(
    b"".join
)
extents = st.tuples(st.integers(0, 2**62), st.integers(-1, 2**62) | st.integers(-1, 200))


@DETERMINISTIC
@given(names, st.lists(extents, max_size=5).map(tuple))
def test_a_slices_key_is_recognised(name: bytes, piece: tuple[tuple[int, int], ...]) -> None:
    key = slice_key(name, piece)
    assert is_slice_key(key)
    assert not is_slice_key(key + b"x")
    assert not is_slice_key(key[:-1])


@DETERMINISTIC
@given(names, names, st.lists(st.tuples(extents, extents), min_size=1, max_size=3))
def test_keys_stand_in_the_order_of_what_they_say(
    one: bytes, other: bytes, pairs: list[tuple[tuple[int, int], tuple[int, int]]]
) -> None:
    first, second = tuple(a for a, _ in pairs), tuple(b for _, b in pairs)
    assert (slice_key(one, first) < slice_key(other, second)) == ((one, first) < (other, second))


@pytest.mark.parametrize(
    ("name", "piece", "key"),
    [  # from files that TensorFlow wrote
        (b"t", ((0, -1),), b"\0t\0\1\1\1\x80\x7f"),
        (b"a", (), b"\0a\0\1\0"),
        (b"w", ((0, 15), (100, 200)), b"\0w\0\1\1\2\x80\x8f\xc0\x64\xc0\xc8"),
    ],
)
def test_keys_are_as_tensorflow_writes_them(
    name: bytes, piece: tuple[tuple[int, int], ...], key: bytes
) -> None:
    assert slice_key(name, piece) == key


@pytest.mark.parametrize("key", [b"", b"\0", b"w", b"\0w", b"\0w\0\1", b"\0w\0\1\x02\1", b"\0w\0\1\1\1\x80"])
def test_other_keys_are_not(key: bytes) -> None:
    assert not is_slice_key(key)
