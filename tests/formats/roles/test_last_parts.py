"""Names by their last part, all at once: the same rows as one by one, however long parts are and whatever they hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Names
from ckpt_studio.formats.roles import last_parts

parts = st.binary(max_size=40) | st.sampled_from(
    [b"Adam", b"Adam_1", b"", b"x" * 33, b"x" * 31 + b"y", b"\0\0"]
)
names = st.lists(st.lists(parts, min_size=1, max_size=3).map(b"/".join), max_size=60)


@pytest.fixture(autouse=True)
def _in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_parts, "_AT_ONCE", 7)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(names, st.data())
def test_the_same_rows_as_one_by_one(raw: list[bytes], data: st.DataObject) -> None:
    raw.sort()
    last = [name.rpartition(b"/")[2] for name in raw]
    wanted = frozenset(data.draw(st.lists(st.sampled_from([*last, b"Adam"]))))
    rows = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=len(raw), max_size=len(raw))))
    found = last_parts.rows_by_last_part(Names.of(raw), rows.astype(np.int64), wanted.__contains__)
    assert found.tolist() == [row for row in rows.tolist() if last[row] in wanted]


def test_parts_that_are_mixed_to_the_same_number_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_parts, "_FACTORS", (0, 0, 0, 0))
    raw = [b"a/Adam", b"a/Adam_1", b"a/w", b"b/Adam"]
    found = last_parts.rows_by_last_part(Names.of(raw), np.arange(4), lambda part: part == b"Adam")
    assert found.tolist() == [0, 3]
