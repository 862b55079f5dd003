"""The tree as arrays: what stands where, for names as people choose them and as nobody would."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Role
from ckpt_studio.gui.models.tree_nodes import COUNTERS, OTHER, TreeNodes, build_nodes
from tests.helpers.tree_columns import columns_of


def outline(nodes: TreeNodes) -> list[str]:
    """One line a node, indented."""
    top = {COUNTERS: "<counters>", OTHER: "<other>"}
    return [
        "  " * int(nodes.depth[node]) + (top.get(int(nodes.row[node])) or nodes.label(node))
        for node in range(len(nodes))
    ]


def test_path_parts_become_groups_and_numbers_count() -> None:
    nodes = build_nodes(columns_of(["net/layer10/w", "net/layer10/b", "net/layer2/w", "net/layer2/b"]))
    assert outline(nodes) == [
        "net", "  layer2", "    b", "    w", "  layer10", "    b", "    w",
    ]  # fmt: skip
    assert nodes.leaf_count(0) == 4
    assert nodes.total_bytes(0) == 96


def test_single_children_are_folded() -> None:
    suffix = "/.ATTRIBUTES/VARIABLE_VALUE"
    nodes = build_nodes(columns_of([f"model/dense/kernel{suffix}", f"model/dense/bias{suffix}"]))
    assert outline(nodes) == ["model/dense", "  bias", "  kernel"]
    assert nodes.path(0) == "model/dense"


def test_slots_stand_under_their_weight_and_counters_apart() -> None:
    columns = columns_of(
        ["a/w", "a/w/Adam", "a/w/Adam_1", "a/b", "global_step", "_CHECKPOINTABLE_OBJECT_GRAPH"],
        roles={"global_step": Role.counter, "_CHECKPOINTABLE_OBJECT_GRAPH": Role.metadata},
        slots={"a/w/Adam": ("a/w", "m"), "a/w/Adam_1": ("a/w", "v")},
    )
    assert outline(build_nodes(columns)) == [
        "a", "  b", "  w", "    m", "    v", "<counters>", "  global_step", "<other>", "  _CHECKPOINTABLE_OBJECT_GRAPH",
    ]  # fmt: skip


def test_a_variable_may_bear_the_name_of_a_group() -> None:
    nodes = build_nodes(columns_of(["a", "a/b", "a/c", "a-b"]))
    assert outline(nodes) == ["a", "a-b", "a", "  b", "  c"]


def test_a_slot_of_a_slot_or_of_itself_is_a_plain_variable() -> None:
    columns = columns_of(["a", "b", "c"], slots={"b": ("a", "m"), "c": ("b", "m")})
    columns.slot_of[0] = 0
    nodes = build_nodes(columns)
    assert sorted(nodes.row.tolist()) == [0, 1, 2]


def test_a_name_of_a_thousand_slashes_is_not_a_thousand_levels() -> None:
    nodes = build_nodes(columns_of(["/".join(["x"] * 1000) + end for end in ("/p", "/q", "")]))
    assert int(nodes.depth.max()) < 64
    assert sorted(nodes.row[nodes.row >= 0].tolist()) == [0, 1, 2]


def test_the_empty_checkpoint_has_no_nodes() -> None:
    assert len(build_nodes(columns_of([]))) == 0


names = st.lists(
    st.text(st.sampled_from("ab/1029-."), min_size=1, max_size=12), unique=True, min_size=1, max_size=40
)


@given(names)
@settings(max_examples=60, deadline=None)
def test_every_variable_once_under_what_its_name_says(keys: list[str]) -> None:
    columns = columns_of(keys)
    nodes = build_nodes(columns)
    assert sorted(nodes.row[nodes.row >= 0].tolist()) == list(range(len(keys)))
    for node in range(len(nodes)):
        parent = int(nodes.parent[node])
        if parent >= 0:
            assert parent < node < int(nodes.end[parent])
            assert int(nodes.depth[node]) == int(nodes.depth[parent]) + 1
            assert nodes.path(node).startswith(nodes.path(parent) + "/")
        if nodes.row[node] < 0:
            children = np.flatnonzero(nodes.parent == node)
            assert len(children) > 1
            inside = {columns.keys[row] for row in nodes.rows_of(node).tolist()}
            assert inside == {key for key in keys if key.startswith(nodes.path(node) + "/")}


@given(names)
@settings(max_examples=40, deadline=None)
def test_siblings_are_in_the_order_a_person_counts(keys: list[str]) -> None:
    nodes = build_nodes(columns_of(keys))

    def counted(text: str) -> bytes:
        return re.sub(r"\d+", lambda digits: f"{min(len(digits[0]), 9)}{digits[0]}", text).encode()

    shown = [nodes.path(node) for node in range(len(nodes)) if nodes.row[node] >= 0]
    assert shown == sorted(shown, key=counted)
