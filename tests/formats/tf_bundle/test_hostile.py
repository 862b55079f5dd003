"""Files made to harm: they open or are refused with a typed error, quickly and in little memory, and never crash."""

from __future__ import annotations

import contextlib
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FileFault
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.index import load_index
from ckpt_studio.formats.tf_bundle.verify import index_faults
from tests.helpers.bundles import BundleMaker, Record, header, repaired, shard_name, slice_key, table
from tests.helpers.work import at_most

GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
END = "/.ATTRIBUTES/VARIABLE_VALUE"


def sound() -> BundleMaker:
    """A bit of everything."""
    made = BundleMaker(2)
    made.add("net/w", np.arange(6, dtype=np.float32).reshape(2, 3), 1)
    made.add("net/w/Momentum", np.zeros((2, 3), np.float32), 1, shard=1)
    made.add("b" + END, np.zeros(3, np.int64), 9)
    made.add_slices(
        "parts", np.arange(12, dtype=np.int32).reshape(4, 3), 3, [((0, 2), (0, -1)), ((2, 2), (0, -1))]
    )
    made.add_strings("words", [b"a", b"bc", b""], (3,))
    graph = TrackableObjectGraph()
    root = graph.nodes.add()
    root.children.add(node_id=1, local_name="b")
    graph.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name="bias", checkpoint_key="b" + END)
    made.add_strings(GRAPH, [graph.SerializeToString()], ())
    return made


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
    st.none() | st.integers(0, 300),
)
def test_mutated_bundles(
    tmp_path_factory: pytest.TempPathFactory,
    index_changes: list[tuple[int, int]],
    data_changes: list[tuple[int, int]],
    cut: int | None,
) -> None:
    made = sound()
    prefix = made.write(tmp_path_factory.getbasetemp() / "mutated", per_block=4)
    whole = made.index(per_block=4)
    for at, value in index_changes:
        with contextlib.suppress(IndexError, ValueError):
            whole = repaired(whole, at % len(whole), value)
    Path(prefix + ".index").write_bytes(whole)
    data = bytes(made.shards[0][:cut])
    for at, value in data_changes:
        data = data[: at % 300] + bytes([value]) + data[at % 300 + 1 :]
    Path(shard_name(prefix, 0, 2)).write_bytes(data)
    try:
        bundle = open_bundle(prefix)
    except FileFault:
        return
    columns = bundle.columns
    for row in range(len(columns)):
        info = columns.info(row)
        with contextlib.suppress(FileFault):
            values = bundle.read(info.key)
            assert info.shape is not None
            assert values.shape == info.shape
            assert sum(len(block) for block in bundle.blocks(info.key)) == info.size
    list(bundle.verify())


def opened(path: str) -> None:
    with contextlib.suppress(FileFault):
        checkpoint = open_checkpoint(path)
        columns = checkpoint.columns
        for row in range(0, len(columns), max(1, len(columns) // 50)):
            with contextlib.suppress(FileFault):
                checkpoint.read(columns.keys[row])


def many_odd_entries() -> bytes:
    """Entries with a field that nobody knows, so that each is decoded for itself."""
    odd = Record(1, (2,), size=8, crc=1 << 30).encode() + b"\x48\x01"
    return table([(b"", header()), *((b"%06d" % i, odd) for i in range(20_000))], per_block=20_000)


def many_shards() -> bytes:
    entries = ((b"%06d" % i, Record(1, (2,), i, size=8).encode()) for i in range(20_000))
    return table([(b"", header(2**31 - 1)), *entries], per_block=20_000)


def many_false_slices() -> bytes:
    """One variable that lists twenty thousand slices, all of them the same one."""
    piece = ((0, 1),)
    whole = Record(1, (20_000,), slices=(piece,) * 20_000).encode()
    one = (slice_key(b"v", piece), Record(1, (1,), size=4).encode())
    return table([(b"", header()), one, (b"v", whole)])


def many_slices_in_both_directions() -> bytes:
    pieces = tuple(((i, 1), (j, 1)) for i in range(80) for j in range(80))
    entries = [(slice_key(b"v", piece), Record(1, (1, 1), size=4).encode()) for piece in pieces]
    return table(
        [(b"", header()), *entries, (b"v", Record(1, (80, 80), slices=pieces).encode())], per_block=9000
    )


def slots_without_weights() -> bytes:
    entries = ((b"a/b/c/d/e%06d/Adam" % i, Record(1, (2,), size=8).encode()) for i in range(20_000))
    return table([(b"", header()), *entries], per_block=20_000)


@pytest.mark.parametrize(
    "make",
    [many_odd_entries, many_shards, many_false_slices, many_slices_in_both_directions, slots_without_weights],
    ids=lambda make: make.__name__,
)
def test_a_small_file_is_little_work(tmp_path: Path, make: object) -> None:
    whole = make()  # type: ignore[operator]
    assert len(whole) < 2 << 20
    (tmp_path / "m.index").write_bytes(whole)
    Path(shard_name(tmp_path / "m", 0, 1)).write_bytes(bytes(8))
    with at_most(1_000_000):
        opened(str(tmp_path / "m"))
    tracemalloc.start()
    opened(str(tmp_path / "m"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


@pytest.mark.parametrize(
    "content", [b"", b"\0", bytes(3 << 20), np.random.default_rng(0).bytes(3 << 20)], ids=len
)
@pytest.mark.parametrize("name", ["m.index", "checkpoint", "m.meta", "m", "m.data-00000-of-00001", "m.h5"])
def test_garbage_under_any_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path / name, tmp_path, tmp_path / "m"):
        with at_most(10_000), pytest.raises(FileFault):
            open_checkpoint(str(path))


def graphs() -> dict[str, bytes]:
    """Object graphs that contradict themselves."""
    cycle = TrackableObjectGraph()
    for number in range(3):
        node = cycle.nodes.add()
        node.children.add(node_id=(number + 1) % 3, local_name="next")
        node.children.add(node_id=number, local_name="iterations")
    out = TrackableObjectGraph()
    node = out.nodes.add()
    for number in (-1, 5, 2**31 - 1):
        node.children.add(node_id=number, local_name="_trainable_variables")
        node.slot_variables.add(original_variable_node_id=number, slot_name="m", slot_variable_node_id=number)
    own = TrackableObjectGraph()
    node = own.nodes.add()
    node.attributes.add(name="VARIABLE_VALUE", full_name="x" * 100, checkpoint_key="b" + END)
    node.slot_variables.add(original_variable_node_id=0, slot_name="m", slot_variable_node_id=0)
    for number in range(40_000):
        node.slot_variables.add(original_variable_node_id=0, slot_name=f"s{number}", slot_variable_node_id=0)
    empty = TrackableObjectGraph(nodes=[TrackableObjectGraph.TrackableObject()] * 400_000)
    return {
        "cycle": cycle.SerializeToString(),
        "out of range": out.SerializeToString(),
        "slot of itself": own.SerializeToString(),
        "four hundred thousand nodes": empty.SerializeToString(),
        "too large": bytes(2) + b"\x0a\x00" * (2 << 20),
        "garbage": b"\xff" * 100,
        "deep": b"\x0a\x7f" * 1000,
        "nothing": b"",
    }


@pytest.mark.parametrize("name", graphs())
def test_object_graphs(tmp_path: Path, name: str) -> None:
    made = BundleMaker()
    made.add("b" + END, np.zeros(3, np.int64), 9)
    made.add_strings(GRAPH, [graphs()[name]], ())
    prefix = made.write(tmp_path / "m")
    with at_most(10_000):
        columns = open_bundle(prefix).columns
    assert columns.of("b" + END).role == Role.weight
    assert columns.of(GRAPH).role == Role.metadata


@pytest.mark.parametrize("command", [load_index, lambda path: list(index_faults(path))])
def test_a_large_file_that_is_no_index_is_not_read(tmp_path: Path, command: Callable[[str], object]) -> None:
    path = tmp_path / "m.index"
    path.touch()
    os.truncate(path, 1 << 30)
    tracemalloc.start()
    try:
        with contextlib.suppress(FileFault):
            command(str(path))
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
