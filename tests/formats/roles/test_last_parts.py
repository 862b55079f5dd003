"""Names by their last part, all at once: the same rows as one by one, however long parts are and whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Names
from ckpt_studio.formats.roles import by_name, last_parts
from ckpt_studio.formats.roles.last_parts import LastParts
from ckpt_studio.formats.roles.marks import Marks

parts = st.binary(max_size=40) | st.sampled_from(
    [b"Adam", b"Adam_1", b"", b"x" * 33, b"x" * 31 + b"y", b"\0\0"]
)
names = st.lists(st.lists(parts, min_size=1, max_size=3).map(b"/".join), max_size=60)


@pytest.fixture(autouse=True)
def _in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_parts, "_AT_ONCE", 7)


def told(found: LastParts) -> list[tuple[int, bytes, int]]:
    return [
        (row, found.parts[place], base)
        for row, place, base in zip(
            found.rows.tolist(), found.which.tolist(), found.base.tolist(), strict=True
        )
    ]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(names, st.data())
def test_the_same_rows_as_one_by_one(raw: list[bytes], data: st.DataObject) -> None:
    raw.sort()
    split = [name.rpartition(b"/") for name in raw]
    wanted = frozenset(data.draw(st.lists(st.sampled_from([*(part for _, _, part in split), b"Adam"]))))
    rows = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(raw), max_size=len(raw))))
    found = last_parts.last_parts(Names.of(raw), rows.astype(np.int64), wanted.__contains__)
    assert told(found) == [
        (row, split[row][2], len(split[row][0]) if split[row][1] else -1)
        for row in rows.tolist()
        if split[row][2] in wanted
    ]


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(names, st.sampled_from([b"/Adam", b"/x", b"1"]))
def test_rows_above_are_those_of_the_base(raw: list[bytes], ending: bytes) -> None:
    raw = sorted({*raw, *(name + ending for name in raw[::2])})
    base = np.array([len(name) - len(ending) for name in raw], np.int64)
    rows = np.flatnonzero(base >= 0)
    found = last_parts.rows_above(Names.of(raw), rows, base[rows], most=3)
    place = {name: row for row, name in enumerate(raw)}
    expected = [place.get(raw[row][: base[row]], -1) for row in rows.tolist()]
    assert found.tolist() == [
        above if 0 < row - above <= 3 and above >= 0 else -1
        for row, above in zip(rows.tolist(), expected, strict=True)
    ]


def test_parts_that_are_mixed_to_the_same_number_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_parts, "_FACTORS", (0, 0, 0, 0))
    raw = [b"a/Adam", b"a/Adam_1", b"a/w", b"b/Adam"]
    found = last_parts.last_parts(Names.of(raw), np.arange(4), lambda part: part == b"Adam")
    assert told(found) == [(0, b"Adam", 1), (3, b"Adam", 1)]


words = st.sampled_from(
    [b"w", b"b", b"Adam", b"Adam_1", b"Momentum", b"momentum", b"Variable", b"RMSProp_2", b"training"]
)
scalars = st.sampled_from(
    [b"beta1_power", b"moving_mean", b"iter", b"ExponentialMovingAverage", b"part_0", b"x" * 40]
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.lists(words | scalars, min_size=1, max_size=4).map(b"/".join), max_size=30, unique=True),
    st.data(),
)
def test_usual_slots_are_what_each_for_itself_is(raw: list[bytes], data: st.DataObject) -> None:
    raw.sort()
    rank = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(raw), max_size=len(raw))), np.int32)
    dims = np.where(rank > 0, 3, -1).astype(np.int64).reshape(len(raw), 1)
    told = []
    for whole in (True, False):
        marks = Marks.of(Names.of(raw), np.ones(len(raw), np.uint8), rank, dims)
        with pytest.MonkeyPatch.context() as patch:
            if not whole:
                patch.setattr(by_name, "_mark_usual_slots", lambda marks, rows, centered: rows)
            by_name.mark_by_names(marks)
        names = [*marks.slot_names, None]
        told.append(
            (marks.role.tolist(), marks.slot_of.tolist(), [names[n] for n in marks.slot_name.tolist()])
        )
    assert told[0] == told[1]
