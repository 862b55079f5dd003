"""The tree in another order, against sorting brothers one by one."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Role
from ckpt_studio.gui.models.tree_build import build_nodes
from ckpt_studio.gui.models.tree_nodes import TreeNodes
from ckpt_studio.gui.models.tree_sort import sorted_nodes
from tests.helpers.tree_columns import columns_of

names = st.lists(st.text(st.sampled_from("abc/12"), min_size=1, max_size=8), unique=True, max_size=25)


def outline(nodes: TreeNodes) -> list[str]:
    return [f"{'  ' * int(nodes.depth[node])}{nodes.label(node)}" for node in range(len(nodes))]


def plainly(nodes: TreeNodes, key: list[float], descending: bool) -> list[str]:
    """The same outline by recursion."""
    children: dict[int, list[int]] = {}
    for node in range(len(nodes)):
        children.setdefault(int(nodes.parent[node]), []).append(node)

    def best(node: int) -> float:
        row = int(nodes.row[node])
        if row >= 0:
            return key[row]
        values = [value for child in children[node] if not math.isnan(value := best(child))]
        return (max if descending else min)(values) if values else math.nan

    def lines(parent: int) -> list[str]:
        def rank(node: int) -> tuple[bool, float]:
            value = best(node)
            return math.isnan(value), 0.0 if math.isnan(value) else -value if descending else value

        out = []
        for node in sorted(children.get(parent, []), key=rank):
            out += [f"{'  ' * int(nodes.depth[node])}{nodes.label(node)}", *lines(node)]
        return out

    return lines(-1)


@settings(max_examples=120, deadline=None)
@given(names, st.data(), st.booleans())
def test_brothers_are_sorted_and_nobody_changes_parents(
    keys: list[str], data: st.DataObject, down: bool
) -> None:
    columns = columns_of(keys)
    values = st.sampled_from([0.0, 1.0, -2.5, 7.0, math.nan])
    key = data.draw(st.lists(values, min_size=len(keys), max_size=len(keys)))
    nodes = build_nodes(columns)
    found = sorted_nodes(nodes, np.array(key), down)
    assert outline(found) == plainly(nodes, key, down)
    for node in range(len(found)):
        row = int(found.row[node])
        if row >= 0:
            assert found.node_of_row[row] == node
            assert found.total_bytes(node) >= columns.nbytes[row]
        parent = int(found.parent[node])
        assert parent < node < (int(found.end[parent]) if parent >= 0 else len(found))
    assert outline(sorted_nodes(nodes, None, False)) == outline(nodes)


def test_slots_stay_under_their_weight_and_what_stands_apart_at_the_end() -> None:
    columns = columns_of(
        ["a", "a/m", "b", "b/m", "count"],
        slots={"a/m": ("a", "m"), "b/m": ("b", "m")},
        roles={"count": Role.counter},
    )
    found = sorted_nodes(build_nodes(columns), np.array([1.0, 90, 2, 0, 99]), True)
    assert outline(found) == ["b", "  m", "a", "  m", "", "  count"]
