"""What is expanded, chosen and looked at goes along into a tree of other names, by the variables that it means."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Columns
from ckpt_studio.gui.models.carry import Place, carried
from ckpt_studio.gui.models.selection import keys_of
from ckpt_studio.gui.models.tree_build import build_nodes
from ckpt_studio.gui.models.tree_nodes import TreeNodes
from ckpt_studio.gui.models.visible_nodes import VisibleNodes
from tests.helpers.tree_columns import columns_of

KEYS = [f"layer-{i}/{part}" for i in range(3) for part in ("k", "k/Adam", "b")]


def some_columns() -> Columns:
    names = {f"layer-{i}/{part}": f"net/dense_{i}/{part}" for i in range(3) for part in ("k", "b")}
    slots = {key: (key.removesuffix("/Adam"), "m") for key in KEYS if key.endswith("Adam")}
    return columns_of(KEYS, slots=slots, names=names)


def place(nodes: TreeNodes, *, expanded: list[str], chosen: list[str], current: str | None = None) -> Place:
    """A place by the paths of nodes."""
    by_path = {nodes.path(node): node for node in range(len(nodes))}
    mask = np.zeros(len(nodes), np.bool_)
    mask[[by_path[path] for path in expanded]] = True
    picked = np.array(sorted(by_path[path] for path in chosen), np.int32)
    return Place(nodes, mask, picked, None if current is None else by_path[current])


def shown(place: Place) -> list[str]:
    nodes = place.nodes
    return [nodes.label(node) for node in VisibleNodes(nodes, place.expanded).ids.tolist()]


def test_groups_that_mean_the_same_stay_open_and_chosen() -> None:
    columns = some_columns()
    old, new = build_nodes(columns, "key"), build_nodes(columns, "name")
    before = place(old, expanded=["layer-1"], chosen=["layer-2"], current="layer-1/b")
    after = carried(before, new)
    assert shown(after) == ["net", "dense_0", "dense_1", "b", "k", "dense_2"]
    assert [new.label(node) for node in after.chosen.tolist()] == ["dense_2"]
    assert after.current is not None
    assert new.path(after.current) == "net/dense_1/b"


def test_all_open_and_all_shut_stay_so() -> None:
    columns = some_columns()
    old, new = build_nodes(columns, "name"), build_nodes(columns, "key")
    everything = Place(old, np.ones(len(old), np.bool_), np.empty(0, np.int32), None)
    assert len(shown(carried(everything, new))) == len(new)
    nothing = Place(old, np.zeros(len(old), np.bool_), np.empty(0, np.int32), None)
    assert shown(carried(nothing, new)) == ["layer-0", "layer-1", "layer-2"]


def test_a_single_variable_stays_itself_where_it_is_alone_in_its_group() -> None:
    columns = columns_of(["a/b", "a/c"], names={"a/b": "x", "a/c": "y"})
    old, new = build_nodes(columns, "name"), build_nodes(columns, "key")
    after = carried(place(old, expanded=[], chosen=["x"]), new)
    assert [new.path(node) for node in after.chosen.tolist()] == ["a/b"]
    assert keys_of(new, after.chosen) == ("a/b",)


parts = st.text("abc/", min_size=1, max_size=6)


@given(st.lists(st.tuples(parts, parts), unique_by=lambda pair: pair[0], min_size=1, max_size=25), st.data())
@settings(max_examples=80, deadline=None)
def test_the_choice_always_means_the_same_variables(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    columns = columns_of([key for key, _ in pairs], names=dict(pairs))
    old, new = build_nodes(columns, "key"), build_nodes(columns, "name")
    picked = data.draw(st.lists(st.integers(0, len(old) - 1), unique=True))
    chosen = np.array(sorted(picked), np.int32)
    after = carried(Place(old, np.zeros(len(old), np.bool_), chosen, None), new)
    assert keys_of(new, after.chosen) == keys_of(old, chosen)
    seen = set(VisibleNodes(new, after.expanded).ids.tolist())
    assert set(after.chosen.tolist()) <= seen
