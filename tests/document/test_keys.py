"""Keys that stand as rows of a checkpoint: to whoever looks they are the list of their texts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.core.arrays import distinct
from ckpt_studio.core.keys import Keys
from ckpt_studio.core.tensors import Names, encode
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.rename import RenameMany
from ckpt_studio.document.patterns import rows_of, shared_path, texts_of
from ckpt_studio.document.state import State
from tests.helpers.memory_source import MemorySource

names = st.lists(st.text(st.characters(codec="utf-8"), min_size=1), unique=True, min_size=1, max_size=12)


@given(names, st.data())
def test_they_are_the_list_of_their_texts(texts: list[str], data: st.DataObject) -> None:
    every = sorted(texts, key=encode)
    rows = sorted(data.draw(st.sets(st.integers(0, len(every) - 1))))
    keys, expected = Keys(Names.of_text(every), np.array(rows, np.int64)), [every[row] for row in rows]
    assert list(keys) == expected
    assert keys == expected
    assert tuple(expected) == keys
    assert keys != [*expected, "more"]
    assert hash(keys) == hash(tuple(expected))
    assert [keys[at] for at in range(len(keys))] == expected
    assert [name in keys for name in every] == [name in expected for name in every]
    low, high = data.draw(st.tuples(st.integers(0, len(keys)), st.integers(0, len(keys))))
    assert list(keys[low:high]) == expected[low:high]
    assert texts_of(keys) == texts_of(expected)
    if expected:
        assert shared_path(keys) == shared_path(expected)
        assert rows_of(keys.names, keys).tolist() == rows
        assert rows_of(Names.of_text(every), keys).tolist() == rows


@given(st.lists(st.integers(-5, 5)))
def test_distinct_values_are_those_of_a_set(values: list[int]) -> None:
    assert distinct(np.array(values, np.int64)).tolist() == sorted(set(values))


def test_edits_take_them_and_they_follow_a_renaming() -> None:
    source = MemorySource({name: np.zeros(2, np.float32) for name in ("a/1", "a/2", "b/1", "c")})
    state = State.of(source.columns)
    chosen = Keys(state.columns.keys, np.array([0, 1, 3]))
    assert Freeze(chosen).title(state.columns) == Freeze(tuple(chosen)).title(state.columns)
    assert Drop(chosen).record() == Drop(tuple(chosen)).record()
    assert Drop(chosen).apply(state).dropped.tolist() == [True, True, False, True]
    after = RenameMany((("a/1", "z"), ("b/1", "a/1"))).apply(state)
    assert list(after.keys_after(state, chosen)) == ["a/2", "c", "z"]
    assert list(after.keys_after(state, ("b/1",))) == ["a/1"]
