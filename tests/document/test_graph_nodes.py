"""Object graphs that are told of a few or of very many changes: every object is found by the path that its key is."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from ckpt_studio.document.following import Change, told
from ckpt_studio.document.object_based import object_keys
from ckpt_studio.document.paths import path_of
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from tests.benchmarks.listing import object_graph
from tests.helpers.memory_source import MemorySource

END = "/.ATTRIBUTES/VARIABLE_VALUE"
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


def some_objects(random: Random) -> tuple[TrackableObjectGraph, list[str]]:
    """A tree of objects whose leaves are variables, some with a second name and with slots; and the keys."""
    graph = TrackableObjectGraph()
    graph.nodes.add()
    paths: list[tuple[str, ...]] = [()]
    for _ in range(random.choice((4, 15, 60))):
        parent = random.randrange(len(paths))
        name = random.choice(("a", "b", "x.y", "u/v", f"layer_{len(paths)}"))
        if name not in {child.local_name for child in graph.nodes[parent].children}:
            graph.nodes[parent].children.add(node_id=len(paths), local_name=name)
            graph.nodes.add()
            paths.append((*paths[parent], name))
    for number in range(random.randint(0, 3)):
        second = graph.nodes[random.randrange(len(paths))].children.add(local_name=f"second_{number}")
        second.node_id = random.randrange(len(paths))
    weights = [number for number, node in enumerate(graph.nodes) if number and not node.children]
    if random.random() < 0.7:
        graph.nodes[0].children.add(node_id=len(graph.nodes), local_name="optimizer")
        graph.nodes.add()
    keys = []
    for number in weights:
        path = "/".join(name.replace(".", "..").replace("/", ".S") for name in paths[number])
        keys.append(path + END)
        graph.nodes[number].attributes.add(
            name="VARIABLE_VALUE", full_name="/".join(paths[number]), checkpoint_key=path + END
        )
        for name in "mv" if len(graph.nodes) > len(paths) and random.random() < 0.7 else "":
            graph.nodes[len(paths)].slot_variables.add(
                original_variable_node_id=number, slot_name=name, slot_variable_node_id=len(graph.nodes)
            )
            keys.append(f"{path}{SLOT}optimizer/{name}{END}")
            graph.nodes.add().attributes.add(name="VARIABLE_VALUE", checkpoint_key=keys[-1])
    return graph, keys


def some_change(random: Random, keys: list[str]) -> Change:
    """Variables that go, and others that are called otherwise, alone, with all beside them, or each as another."""
    lost = set(random.sample(keys, min(len(keys), random.choice((0, 1, 12)))))
    left = [key for key in keys if key not in lost]
    moved: dict[str, str] = {}
    for number in range(random.randint(0, 2) if left else 0):
        key = random.choice([key for key in left if SLOT not in key] or left)
        stem = key.removesuffix(END)
        folder = stem.rpartition("/")[0]
        new = random.choice((f"{stem}_n", f"deep/er/{stem}", f"{folder}_n/{number}"))
        before = random.choice((f"{stem}/", f"{folder}/" if folder else f"{stem}/"))
        after = new + "/" if before.startswith(stem) else f"{new}/{number}/"
        moved |= {one: after + one.removeprefix(before) for one in left if one.startswith(before)}
    if len(left) > 1 and not moved:
        first, second = (one.partition("/.")[0] for one in random.sample(left, 2))
        swapped = {f"{first}/.": f"{second}/.", f"{second}/.": f"{first}/."}
        moved = {
            one: one.replace(old, new)
            for one in left
            for old, new in swapped.items()
            if one.startswith(old) and first != second
        }
        moved = moved if not {*moved.values()} & ({*left} - {*moved}) else {}
    return Change(moved, frozenset(lost), None, ())


def relations(graph: TrackableObjectGraph) -> set[tuple[str, str, str]]:
    """Key of the weight, name and key of the slot."""
    key = {number: one.checkpoint_key for number, node in enumerate(graph.nodes) for one in node.attributes}
    return {
        (key[one.original_variable_node_id], one.slot_name, key[one.slot_variable_node_id])
        for node in graph.nodes
        for one in node.slot_variables
    }


def test_graphs_of_any_form_follow() -> None:
    random = Random(5)
    for _ in range(300):
        before, keys = some_objects(random)
        change = some_change(random, keys)
        graph = TrackableObjectGraph.FromString(told(before.SerializeToString(), change))
        new = {key: change.renamed.get(key, key) for key in keys if key not in change.dropped}
        found = found_by_path(graph)
        there = [one.checkpoint_key for node in graph.nodes for one in node.attributes]
        assert sorted(there) == sorted(new.values())
        assert all(found.values()), change
        assert relations(graph) == {
            (new[weight], new[slot].removesuffix(END).rpartition("/")[2], new[slot])
            for weight, _, slot in relations(before)
            if weight in new and slot in new
        }
        nodes = zip(before.nodes, graph.nodes, strict=False)
        holding = [(one.attributes[0], other) for one, other in nodes if one.attributes]
        for one, other in holding:  # keys that nobody named stand as they did
            if new.get(one.checkpoint_key) == one.checkpoint_key:
                assert list(other.attributes) == [one]
        if not (change.renamed or change.dropped):
            assert graph == before


@pytest.mark.parametrize(
    "renamed",
    [
        {"x": "x/y", "x/y": "x"},
        {"x": "other/z"},
        {"other/w": "x/y/deep"},
        {"other/w": "other", "x": "x/y/z", "x/y": "w"},
        {"other/v": "other", "x/y": "x/w"},
    ],
)
def test_an_object_that_has_a_value_and_others_below(renamed: dict[str, str]) -> None:
    """As where objects are made of names: `w`, and `w/Adam` below it."""
    names = ["other/v", "other/w", "x", "x/y"]
    columns = MemorySource(dict.fromkeys(names, 0.0)).columns
    _, raw = object_keys(columns, np.arange(4), names)
    change = Change({old + END: new + END for old, new in renamed.items()}, frozenset(), None, ())
    found = found_by_path(TrackableObjectGraph.FromString(told(raw, change)))
    assert found == {renamed.get(name, name) + END: True for name in names}


def test_what_is_no_graph_stays_as_it_is() -> None:
    change = Change({"a/.ATTRIBUTES/V": "b/.ATTRIBUTES/V"}, frozenset(["c"]), None, ())
    _, raw = object_graph(60)
    for damaged in (b"\xff", raw[:-3], b"", raw[:40]):
        assert told(damaged, change) == damaged
