"""Object graphs that are told of a few or of very many changes: every object is found by the path that its key is."""

from __future__ import annotations

import pytest

from ckpt_studio.document.following import Change, told
from ckpt_studio.document.paths import path_of
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from tests.benchmarks.listing import object_graph

SLOT = "/.OPTIMIZER_SLOT/"


def found_by_path(graph: TrackableObjectGraph) -> dict[str, bool]:
    """Of each key that is no slot's, whether its path leads to its node."""
    children = [{child.local_name: child.node_id for child in node.children} for node in graph.nodes]
    found = {}
    for number, node in enumerate(graph.nodes):
        for attribute in node.attributes:
            if SLOT not in attribute.checkpoint_key:
                at: int | None = 0
                for name in path_of(attribute.checkpoint_key) or ():
                    at = None if at is None else children[at].get(name)
                found[attribute.checkpoint_key] = at == number
    return found


@pytest.mark.parametrize("layers", [1, 250])
def test_objects_are_where_their_keys_say(layers: int) -> None:
    every, raw = object_graph(9000)
    keys = [key.decode() for key in every]
    moved = {
        key: f"net/{key[6:]}" for key in keys for n in range(layers) if key.startswith(f"model/layer_{n}/")
    }
    lost = {key for key in keys if "/weight_3/" in key and key not in moved}
    change = Change(moved, frozenset(lost), None, ("net/more/.ATTRIBUTES/VARIABLE_VALUE",))
    graph = TrackableObjectGraph.FromString(told(raw, change))
    expected = {moved.get(key, key) for key in keys if key not in lost} | set(change.added)
    assert {one.checkpoint_key for node in graph.nodes for one in node.attributes} == expected
    assert all(found_by_path(graph).values())
    slots = {one.slot_variable_node_id for node in graph.nodes for one in node.slot_variables}
    assert slots == {
        number
        for number, node in enumerate(graph.nodes)
        for one in node.attributes
        if SLOT in one.checkpoint_key
    }
    reached = {child.node_id for node in graph.nodes for child in node.children}
    assert not reached & {
        number for number, node in enumerate(graph.nodes) if not (node.attributes or node.children)
    }


def test_what_is_no_graph_stays_as_it_is() -> None:
    change = Change({"a/.ATTRIBUTES/V": "b/.ATTRIBUTES/V"}, frozenset(["c"]), None, ())
    _, raw = object_graph(60)
    for damaged in (b"\xff", raw[:-3], b"", raw[:40]):
        assert told(damaged, change) == damaged
