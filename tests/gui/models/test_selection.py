"""What a choice of nodes stands for, against walking the tree."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.gui.models.selection import keys_of, row_count, rows_of
from ckpt_studio.gui.models.tree_build import build_nodes
from tests.helpers.tree_columns import columns_of

names = st.lists(
    st.text(st.sampled_from("ab/1"), min_size=1, max_size=8), unique=True, min_size=1, max_size=25
)


@settings(max_examples=100, deadline=None)
@given(names, st.data())
def test_a_group_stands_for_all_that_is_under_it(keys: list[str], data: st.DataObject) -> None:
    nodes = build_nodes(columns_of(keys))
    picked = data.draw(st.lists(st.integers(0, len(nodes) - 1), unique=True))
    chosen = np.array(sorted(picked), np.int32)
    wanted = {int(row) for node in picked for row in nodes.rows_of(node) if nodes.row[node] < 0}
    wanted |= {int(nodes.row[node]) for node in picked if nodes.row[node] >= 0}
    assert rows_of(nodes, chosen).tolist() == sorted(wanted)
    assert row_count(nodes, chosen) == len(wanted)
    assert keys_of(nodes, chosen) == tuple(nodes.columns.keys[row] for row in sorted(wanted))
