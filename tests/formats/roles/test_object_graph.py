"""The object graph as columns: what protobuf reads in it, and graphs that nobody's TensorFlow wrote."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from google.protobuf.message import DecodeError

from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.object_graph import ObjectGraph, parse_graph
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.bundles import BundleMaker, Record

END = "/.ATTRIBUTES/VARIABLE_VALUE"


def columns_of(tmp_path: Path, graph: TrackableObjectGraph, shape: tuple[int, ...] = (2,)) -> Columns:
    """A bundle of the variables that a graph names, with the graph."""
    tmp_path.mkdir(exist_ok=True)
    made = BundleMaker()
    for key in {attribute.checkpoint_key for node in graph.nodes for attribute in node.attributes}:
        made.put(key, Record(1, shape, size=4 * int(np.prod(shape))).encode())
    made.shards[0] += bytes(4096)
    made.add_strings("_CHECKPOINTABLE_OBJECT_GRAPH", [graph.SerializeToString()], ())
    return open_bundle(made.write(tmp_path / "m")).columns


def assert_same(graph: ObjectGraph, proto: TrackableObjectGraph) -> None:
    assert graph.count == len(proto.nodes)
    texts = graph.messages.texts(graph.children.first, graph.children.after)
    at = 0
    attributes, slots = [], []
    for number, node in enumerate(proto.nodes):
        assert graph.children.start[number] == at
        for child in node.children:
            assert (texts[at], graph.children.node[at]) == (child.local_name.encode(), max(child.node_id, -1))
            at += 1
        attributes += [
            (number, one.name == "VARIABLE_VALUE", one.full_name.encode(), one.checkpoint_key.encode())
            for one in node.attributes
            if one.checkpoint_key
        ]
        slots += [
            (number, one.original_variable_node_id, one.slot_variable_node_id, one.slot_name.encode())
            for one in node.slot_variables
        ]
    ours = graph.attributes
    assert attributes == list(
        zip(ours.node.tolist(), ours.is_value.tolist(), ours.full_names, graph.keys(), strict=True)
    )
    theirs = graph.slots
    found = zip(
        theirs.owner.tolist(), theirs.weight.tolist(), theirs.node.tolist(), theirs.names, strict=True
    )
    assert [(n, max(w, -1), max(s, -1), name) for n, w, s, name in slots] == list(found)


NAMES = ("", "a", "kernel", "_variables", "ü.x/", "n" * 150)


def some_graph(random: Random) -> TrackableObjectGraph:
    """Few nodes or so many that they are walked side by side, odd numbers and names, sometimes one long list."""

    def node_id() -> int:
        return random.choice((random.randint(-3, 200), random.randint(-(2**31), 2**31 - 1)))

    proto = TrackableObjectGraph()
    for _ in range(random.choice((0, 3, 120))):
        node = proto.nodes.add()
        for _ in range(random.randint(0, 4)):
            node.children.add(node_id=node_id(), local_name=random.choice(NAMES))
        for _ in range(random.choice((0, 0, 1, 2))):
            name, full_name, key = random.choice(("", "VARIABLE_VALUE")), *random.choices(NAMES, k=2)
            node.attributes.add(name=name, full_name=full_name, checkpoint_key=key)
        for _ in range(random.choice((0, 0, 1, 2))):
            slot = node.slot_variables.add(slot_name=random.choice(NAMES))
            slot.original_variable_node_id, slot.slot_variable_node_id = node_id(), node_id()
        if random.random() < 0.2:
            node.registered_saver.name = random.choice(NAMES)
            node.has_checkpoint_values.value = True
    if proto.nodes and random.random() < 0.5:
        for place in range(random.randint(60, 300)):
            proto.nodes[0].children.add(node_id=node_id(), local_name=str(place))
    return proto


def test_columns_are_what_protobuf_reads() -> None:
    random = Random(1)
    for _ in range(60):
        proto = some_graph(random)
        graph = parse_graph(proto.SerializeToString())
        assert graph is not None
        assert_same(graph, proto)


def test_damage_is_none_or_what_protobuf_reads() -> None:
    random = Random(2)
    none = 0
    for _ in range(400):
        raw = bytearray(some_graph(random).SerializeToString())
        for _ in range(random.randint(1, 3) if raw else 0):
            raw[random.randrange(len(raw))] = random.randrange(256)
        if random.random() < 0.3:
            del raw[random.randint(0, len(raw)) :]
        graph = parse_graph(bytes(raw))
        none += graph is None
        try:
            theirs = TrackableObjectGraph.FromString(bytes(raw))
        except DecodeError:
            continue
        if graph is not None:
            assert graph.count == len(theirs.nodes)
            keys = [
                one.checkpoint_key for node in theirs.nodes for one in node.attributes if one.checkpoint_key
            ]
            assert graph.keys() == [key.encode() for key in keys]
    assert none > 20


def chain(length: int) -> TrackableObjectGraph:
    proto = TrackableObjectGraph()
    for number in range(length):
        proto.nodes.add().children.add(node_id=number + 1, local_name=".")
    proto.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name="w", checkpoint_key="w")
    return proto


@pytest.mark.parametrize(
    ("depth", "path"), [(1, ".."), (3, "../../.."), (400, "/".join([".."] * 400)), (60_000, None)]
)
def test_the_path_of_a_key_that_is_none(tmp_path: Path, depth: int, path: str | None) -> None:
    info = columns_of(tmp_path, chain(depth)).of("w")
    assert (info.name, info.object_path) == ("w", path)


def test_the_shortest_of_several_paths(tmp_path: Path) -> None:
    """Round trips, a node that leads nowhere, and names that are escaped."""
    proto = TrackableObjectGraph()
    for children in (
        [("long", 1), ("me", 0), ("gone", 99), ("less", -7)],
        [("up", 0), ("x", 2)],
        [("w", 3)],
        [],
    ):
        node = proto.nodes.add()
        for name, number in children:
            node.children.add(node_id=number, local_name=name)
    proto.nodes[3].attributes.add(name="VARIABLE_VALUE", full_name="w", checkpoint_key="key")
    assert columns_of(tmp_path / "1", proto).of("key").object_path == "long/x/w"
    proto.nodes[1].children.add(node_id=3, local_name="a.b/c")
    assert columns_of(tmp_path / "2", proto).of("key").object_path == "long/a..b.Sc"
    proto.nodes[0].children.add(node_id=3, local_name="near")
    assert columns_of(tmp_path / "3", proto).of("key").object_path == "near"


def test_slots_of_each_other_belong_to_nobody(tmp_path: Path) -> None:
    proto = TrackableObjectGraph()
    for number in range(3):
        proto.nodes.add().attributes.add(name="VARIABLE_VALUE", checkpoint_key=f"{number}{END}")
    for number in range(3):
        proto.nodes[0].slot_variables.add(
            original_variable_node_id=number, slot_name="m", slot_variable_node_id=(number + 1) % 3
        )
    proto.nodes[0].slot_variables.add(original_variable_node_id=-1, slot_name="v", slot_variable_node_id=77)
    columns = columns_of(tmp_path, proto)
    assert (columns.role[1:] == Role.slot).sum() <= 3
    assert all(
        columns.role[columns.slot_of[row]] != Role.slot
        for row in np.flatnonzero(columns.slot_of >= 0).tolist()
    )


def test_many_optimizers_that_share_their_lists(tmp_path: Path) -> None:
    """Each list is walked once, else this would take minutes."""
    proto = TrackableObjectGraph()
    root, weights, slots = (proto.nodes.add() for _ in range(3))
    count = 3000
    for number in range(count):
        for node, name in ((weights, f"w{number}"), (slots, f"w{number}_momentum")):
            node.children.add(node_id=len(proto.nodes), local_name=str(number))
            proto.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name=name, checkpoint_key=name + END)
    for number in range(count):
        root.children.add(node_id=len(proto.nodes), local_name=f"optimizer{number}")
        optimizer = proto.nodes.add()
        for node, name in (
            (1, "_trainable_variables"),
            (2, "_variables"),
            (2, "_momentums"),
            (3, "_iterations"),
        ):
            optimizer.children.add(node_id=node, local_name=name)
    columns = columns_of(tmp_path, proto, (1, 2))
    info = columns.of("w7_momentum" + END)
    assert (info.slot_of, info.slot_name) == ("w7" + END, "momentum")


def test_names_that_are_very_long(tmp_path: Path) -> None:
    proto = TrackableObjectGraph()
    proto.nodes.add().children.add(node_id=1, local_name="optimizer")
    optimizer, every = proto.nodes.add(), proto.nodes.add()
    optimizer.children.add(node_id=2, local_name="_variables")
    optimizer.children.add(node_id=3, local_name="_iterations")
    for number, name in enumerate(("i", "_" * 100_000, "/" * 100_000, "a_b/" * 25_000)):
        every.children.add(node_id=len(proto.nodes), local_name=str(number))
        proto.nodes.add().attributes.add(
            name="VARIABLE_VALUE", full_name=name, checkpoint_key=f"{number}{END}"
        )
    columns = columns_of(tmp_path, proto)
    assert [columns.of(f"{number}{END}").role for number in (1, 2, 3)] == [Role.slot] * 3
