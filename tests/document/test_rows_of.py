"""Rows of many keys at once: the short cuts find what one search a key finds."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.errors import NoSuchVariable
from ckpt_studio.core.tensors import Names, decode, encode
from ckpt_studio.document.patterns import rows_of, text_of, texts_of

names = st.lists(
    st.binary(max_size=3) | st.sampled_from([b"a\nb", b"a", b"b\nc", b"c", b"hex:61", b"\n"]), unique=True
)


@given(names, st.data())
def test_as_one_search_a_key(raw: Sequence[bytes], data: st.DataObject) -> None:
    stored = Names.of(sorted(raw))
    keys = [decode(name) for name in sorted(raw)]
    start = data.draw(st.integers(0, len(keys)))
    in_a_row = keys[start : data.draw(st.integers(start, len(keys)))]
    scattered = data.draw(st.lists(st.sampled_from(keys))) if keys else []
    for wanted in (in_a_row, scattered):
        assert rows_of(stored, wanted).tolist() == [keys.index(key) for key in wanted]
        assert texts_of(wanted) == [text_of(key) for key in wanted]


@pytest.mark.parametrize("wanted", [["a", "x"], ["x"], ["a", "b\nc"], ["a", "\ud800"], ["d", "e"]])
def test_a_key_that_is_not_there_is_named(wanted: list[str]) -> None:
    stored = Names.of([encode(name) for name in ("a", "b", "c", "d")])
    missing = next(key for key in wanted if key not in "abcd")
    with pytest.raises(NoSuchVariable) as caught:
        rows_of(stored, wanted)
    assert caught.value.key == missing
