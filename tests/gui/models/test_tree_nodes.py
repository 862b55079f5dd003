"""The tree as arrays: what stands where, for names as people choose them and as nobody would."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.gui.models.tree_build import build_nodes
from ckpt_studio.gui.models.tree_nodes import METADATA, METRICS, OPTIMIZER, TreeNodes
from tests.helpers.tree_columns import columns_of


def outline(nodes: TreeNodes) -> list[str]:
    """One line a node, indented."""
    top = {OPTIMIZER: "<optimizer>", METRICS: "<metrics>", METADATA: "<metadata>"}
    lines = []
    for node in range(len(nodes)):
        text = top.get(int(nodes.row[node])) or nodes.label(node)
        mark = nodes.twin_mark(node)
        lines.append("  " * int(nodes.depth[node]) + (f"{text} ({mark})" if mark else text))
    return lines


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


VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
STRING, INT64, VARIANT = 7, 9, 21


def test_slots_stand_under_their_weight_and_what_is_no_weight_apart_at_the_end() -> None:
    metrics = "keras_api/metrics/0/total"
    columns = columns_of(
        [
            "a/w", "a/w/Adam", "a/w/Adam_1", "a/b", "a/moving_mean", "global_step", "lr", metrics, "auc/true_positives",
            "iterator", "_CHECKPOINTABLE_OBJECT_GRAPH", "gone/m",
        ],
        roles={
            "global_step": Role.counter, "_CHECKPOINTABLE_OBJECT_GRAPH": Role.metadata, "lr": Role.metadata,
            metrics: Role.statistic, "auc/true_positives": Role.statistic, "a/moving_mean": Role.statistic,
            "iterator": Role.metadata, "gone/m": Role.slot,
        },
        slots={"a/w/Adam": ("a/w", "m"), "a/w/Adam_1": ("a/w", "v")},
        dtypes={"global_step": INT64, "_CHECKPOINTABLE_OBJECT_GRAPH": STRING, "iterator": VARIANT},
    )  # fmt: skip
    assert outline(build_nodes(columns)) == [
        "a", "  b", "  moving_mean", "  w", "    m", "    v",
        "<optimizer>", "  global_step", "  gone/m", "  lr",
        "<metrics>", "  auc/true_positives", f"  {metrics}",
        "<metadata>", "  _CHECKPOINTABLE_OBJECT_GRAPH", "  iterator",
    ]  # fmt: skip


def keras_3() -> Columns:
    """A weight that the optimizer's list names first, its slot, another weight, and the graph itself."""
    weight, slot = f"optimizer/_trainable_variables/0{VALUE}", f"optimizer/_variables/2{VALUE}"
    return columns_of(
        [weight, slot, f"model/bias{VALUE}", "_CHECKPOINTABLE_OBJECT_GRAPH"],
        roles={"_CHECKPOINTABLE_OBJECT_GRAPH": Role.metadata},
        slots={slot: (weight, "momentum")},
        names={weight: "net/dense/kernel", slot: "adam/net_dense_kernel_m", f"model/bias{VALUE}": "net/dense/bias"},
        paths={key: key.removesuffix(VALUE) for key in (weight, slot, f"model/bias{VALUE}")},
        dtypes={"_CHECKPOINTABLE_OBJECT_GRAPH": STRING},
    )  # fmt: skip


def test_the_three_namings_show_the_same_variables() -> None:
    columns = keras_3()
    apart = ["<metadata>", "  _CHECKPOINTABLE_OBJECT_GRAPH"]
    named = build_nodes(columns, "name")
    assert outline(named) == ["net/dense", "  bias", "  kernel", "    momentum", *apart]
    for naming in ("object", "key"):
        weight, slot = "optimizer/_trainable_variables/0", "optimizer/_variables/2"
        nodes = build_nodes(columns, naming)
        assert outline(nodes) == ["model/bias", weight, f"  {slot}", *apart]
        assert [columns.keys[row] for row in np.flatnonzero(nodes.borrowed)] == (
            ["_CHECKPOINTABLE_OBJECT_GRAPH"] if naming == "object" else []
        )


def test_without_object_paths_the_names_stand_in() -> None:
    nodes = build_nodes(columns_of(["k/1", "k/2"], names={"k/1": "net/w", "k/2": "net/b"}), "object")
    assert outline(nodes) == ["net", "  b", "  w"]
    assert nodes.borrowed.all()


def test_a_slot_by_key_shows_what_its_key_adds_to_its_weight() -> None:
    slots = {"a/w/Adam": ("a/w", "m"), f"x/.SLOT/m{VALUE}": (f"x{VALUE}", "m")}
    nodes = build_nodes(columns_of(["a/w", "a/w/Adam", f"x{VALUE}", f"x/.SLOT/m{VALUE}"], slots=slots), "key")
    assert outline(nodes) == ["a/w", "  Adam", "x", "  .SLOT/m"]


def test_those_of_the_same_name_are_told_apart_by_key() -> None:
    keys = [f"net/{part}{VALUE}" for part in "abc"]
    slots = {f"net/c/.SLOT/{opt}/m{VALUE}": (f"net/c{VALUE}", "m") for opt in ("one", "two")}
    names = {keys[0]: "same", keys[1]: "same", keys[2]: "other"}
    nodes = build_nodes(columns_of([*keys, *slots], slots=slots, names=names))
    assert outline(nodes) == [
        "other", "  m (.SLOT/one/m)", "  m (.SLOT/two/m)", "same (net/a)", "same (net/b)",
    ]  # fmt: skip


def test_empty_parts_and_newlines_are_kept() -> None:
    nodes = build_nodes(columns_of(["/lead/w", "/lead/b", "a//b", "a//c", "end/", "x\ny", "x\nz/w"]))
    assert outline(nodes) == ["/lead", "  b", "  w", "a/", "  b", "  c", "end/", "x\ny", "x\nz/w"]


def test_a_variable_may_bear_the_name_of_a_group() -> None:
    nodes = build_nodes(columns_of(["a", "a/b", "a/c", "a-b"]))
    assert outline(nodes) == ["a", "a-b", "a", "  b", "  c"]


def test_a_slot_of_a_slot_or_of_itself_is_under_nothing() -> None:
    columns = columns_of(["a", "b", "c"], slots={"b": ("a", "m"), "c": ("b", "m")})
    columns.slot_of[0] = 0
    assert outline(build_nodes(columns)) == ["a", "  m", "<optimizer>", "  c"]


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
    cut = "/" if any("/" in key for key in keys) else "."
    assert sorted(nodes.row[nodes.row >= 0].tolist()) == list(range(len(keys)))
    for node in range(len(nodes)):
        parent = int(nodes.parent[node])
        if parent >= 0:
            assert parent < node < int(nodes.end[parent])
            assert int(nodes.depth[node]) == int(nodes.depth[parent]) + 1
            assert nodes.path(node).startswith(nodes.path(parent) + cut)
        if nodes.row[node] < 0:
            children = np.flatnonzero(nodes.parent == node)
            assert len(children) > 1
            inside = {columns.keys[row] for row in nodes.rows_of(node).tolist()}
            assert inside == {key for key in keys if key.startswith(nodes.path(node) + cut)}


@given(names)
@settings(max_examples=40, deadline=None)
def test_siblings_are_in_the_order_a_person_counts(keys: list[str]) -> None:
    nodes = build_nodes(columns_of(keys))

    def counted(text: str) -> bytes:
        return re.sub(r"\d+", lambda digits: f"{min(len(digits[0]), 9)}{digits[0]}", text).encode()

    shown = [nodes.path(node) for node in range(len(nodes)) if nodes.row[node] >= 0]
    assert shown == sorted(shown, key=counted)
