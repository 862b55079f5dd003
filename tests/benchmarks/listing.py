"""Everything that a large checkpoint lists, from the start of a process to all of it in memory, beside TensorFlow."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row, median_ms
from tests.helpers.bundles import MAGIC, Record, block, header, masked, string_bytes, table, varint
from tests.helpers.tensorflow_child import TensorFlowChild

COUNT = 100_000
MANY = 1_000_000
ROUNDS = 7
PER_BLOCK = 8192

OURS = """
import sys
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.registry import open_checkpoint
columns = open_checkpoint(sys.argv[1]).columns
assert len(columns.keys) == len(columns.dims) == len(columns.dtype) == int(sys.argv[2])
"""

AS_MAPS = """
import sys
from ckpt_studio.core import dtypes
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.registry import open_checkpoint
columns = open_checkpoint(sys.argv[1]).columns
keys = columns.keys.take(range(len(columns)))
shapes = dict(zip(keys, [dims[:rank] for dims, rank in zip(columns.dims.tolist(), columns.rank.tolist())]))
types = dict(zip(keys, map(dtypes.BY_NUMBER.get, columns.dtype.tolist())))
assert len(shapes) == len(types) == int(sys.argv[2])
"""

PEER = """
import sys
import tensorflow as tf
reader = tf.train.load_checkpoint(sys.argv[1])
shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
assert len(shapes) == len(types) == int(sys.argv[2])
"""

WARM_PEER = """
import statistics, time
times = []
for _ in range(5):
    start = time.perf_counter()
    listed = tf.train.list_variables(args[0])
    times.append((time.perf_counter() - start) * 1e3)
result = [len(listed), statistics.median(times)]
"""


class Run(NamedTuple):
    """One process: milliseconds from its start to its end, and the most memory that it had."""

    ms: float
    mebibytes: float


def run(*arguments: str) -> Run:
    """Run Python with arguments, to its end."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return Run((time.perf_counter() - start) * 1e3, usage.ru_maxrss / 1024)


def middle(runs: list[Run]) -> Run:
    """Medians of both."""
    return Run(statistics.median(r.ms for r in runs), statistics.median(r.mebibytes for r in runs))


def name_of(number: int) -> str:
    """Names as an optimizer with two slots a weight makes them, in their order."""
    weight, slot = divmod(number, 3)
    return (
        f"model/block_{weight // 1000:04d}/layer_{weight // 10 % 100:02d}/weight_{weight % 10}"
        + (
            "",
            "/Adam",
            "/Adam_1",
        )[slot]
    )


def write(prefix: Path, count: int) -> str:
    """A bundle of so many 2 x 2 variables that share their bytes; byte by byte, because TensorFlow takes minutes."""
    data = bytes(16)
    Path(f"{prefix}.data-00000-of-00001").write_bytes(data)
    entry = Record(1, (2, 2), 0, 0, len(data), masked(data)).encode()
    index, handles = bytearray(), []

    def add(contents: bytes) -> bytes:
        nonlocal index
        handle = varint(len(index)) + varint(len(contents))
        body = contents + b"\0"
        index += body + masked(body).to_bytes(4, "little")
        return handle

    for first in range(0, count, PER_BLOCK):
        records = [(name_of(i).encode(), entry) for i in range(first, min(first + PER_BLOCK, count))]
        handles.append((records[-1][0], add(block([(b"", header())] * (not first) + records))))
    footer = add(block([])) + add(block(handles, interval=1))
    index += footer.ljust(40, b"\0") + MAGIC.to_bytes(8, "little")
    Path(f"{prefix}.index").write_bytes(index)
    return str(prefix)


def object_graph(count: int) -> tuple[list[bytes], bytes]:
    """Keys and graph of a model with ten weights a layer and an optimizer with two slots a weight."""
    graph = TrackableObjectGraph()
    root, model, optimizer = (graph.nodes.add() for _ in range(3))
    root.children.add(node_id=1, local_name="model")
    root.children.add(node_id=2, local_name="optimizer")
    keys: list[bytes] = []

    def variable(path: str, full_name: str) -> int:
        key = f"{path}/.ATTRIBUTES/VARIABLE_VALUE"
        keys.append(key.encode())
        node = graph.nodes.add()
        node.attributes.add(name="VARIABLE_VALUE", full_name=full_name, checkpoint_key=key)
        return len(graph.nodes) - 1

    for layer in range(count // 30):
        own = graph.nodes.add()
        model.children.add(node_id=len(graph.nodes) - 1, local_name=f"layer_{layer}")
        for place in range(10):
            path, full_name = f"model/layer_{layer}/weight_{place}", f"layer_{layer}/weight_{place}"
            weight = variable(path, full_name)
            own.children.add(node_id=weight, local_name=f"weight_{place}")
            for name in "mv":
                slot = variable(f"{path}/.OPTIMIZER_SLOT/optimizer/{name}", f"{full_name}/{name}")
                optimizer.slot_variables.add(
                    original_variable_node_id=weight, slot_name=name, slot_variable_node_id=slot
                )
    for name in ("iter", "beta_1", "beta_2", "decay", "learning_rate"):
        optimizer.children.add(node_id=variable(f"optimizer/{name}", name), local_name=name)
    return keys, graph.SerializeToString()


def write_objects(prefix: Path, count: int) -> str:
    """A bundle of so many variables, and how they hang together; its values lie in one place, as those of `write`."""
    keys, graph = object_graph(count)
    values = bytes(16)
    raw, crc = string_bytes([graph])
    entry = Record(1, (2, 2), 0, 0, len(values), masked(values)).encode()
    records = dict.fromkeys(keys, entry)
    records[b"_CHECKPOINTABLE_OBJECT_GRAPH"] = Record(7, (), 0, len(values), len(raw), crc).encode()
    Path(f"{prefix}.data-00000-of-00001").write_bytes(values + raw)
    Path(f"{prefix}.index").write_bytes(
        table([(b"", header()), *sorted(records.items())], per_block=PER_BLOCK)
    )
    return str(prefix)


def measure(folder: Path) -> list[Row]:
    """Alternating processes; the first round only warms the disk's cache."""
    prefix, count = write(folder / "many", COUNT), str(COUNT)
    rounds = [
        (
            run("-c", PEER, prefix, count),
            run("-c", OURS, prefix, count),
            run("-c", AS_MAPS, prefix, count),
            run("-m", "ckpt_studio", "list", "--json", prefix),
        )
        for _ in range(ROUNDS)
    ][1:]
    peer, opened, mapped, listed = (middle(list(runs)) for runs in zip(*rounds, strict=True))
    against = "python -c 'tf.train.load_checkpoint ...'"
    return [
        Row("process: 100,000 names, shapes, types", opened.ms, peer.ms, 0.1, against),
        Row("... memory at its most", opened.mebibytes, peer.mebibytes, 0.125, against, "MiB"),
        Row("... as dictionaries, as TensorFlow has them", mapped.ms, peer.ms, None, against),
        Row("process: list --json of them, with roles", listed.ms, peer.ms, 0.2, against),
        Row("... memory at its most", listed.mebibytes, peer.mebibytes, None, against, "MiB"),
        *object_based(folder, against),
        *in_a_running_process(prefix),
        *a_million(folder, against),
    ]


def object_based(folder: Path, against: str) -> list[Row]:
    """As many variables of TF2, whose names and slots an object graph tells."""
    prefix = write_objects(folder / "objects", COUNT)
    count = str(len(open_checkpoint(prefix).columns))
    rounds = [
        (run("-c", PEER, prefix, count), run("-m", "ckpt_studio", "list", "--json", prefix))
        for _ in range(ROUNDS)
    ][1:]
    peer, listed = (middle(list(runs)) for runs in zip(*rounds, strict=True))
    return [
        Row("process: list --json of 100,000 objects", listed.ms, peer.ms, 0.2, against),
        Row("... memory at its most", listed.mebibytes, peer.mebibytes, 0.27, against, "MiB"),
    ]


def in_a_running_process(prefix: str) -> list[Row]:
    """The same where everything is imported, as in the window."""
    child = TensorFlowChild()
    try:
        count, peer = child(WARM_PEER, prefix)
    finally:
        child.close()
    assert count == COUNT

    def with_roles() -> Any:
        return open_checkpoint(prefix).columns.role

    def every_row() -> Any:
        columns = open_checkpoint(prefix).columns
        return [columns.info(row) for row in range(len(columns))]

    against = "tf.train.list_variables"
    return [
        Row("open 100,000 variables, as the window does", median_ms(with_roles), peer, 1.0, against),
        Row("an object for each of 100,000", median_ms(every_row), peer, None, against),
    ]


def a_million(folder: Path, against: str) -> list[Row]:
    """Ten times as many."""
    prefix, count = write(folder / "million", MANY), str(MANY)
    run("-c", OURS, prefix, count)
    opened = middle([run("-c", OURS, prefix, count) for _ in range(3)])
    listed = middle([run("-m", "ckpt_studio", "list", "--json", prefix) for _ in range(3)])
    peer = run("-c", PEER, prefix, count)
    return [
        Row("process: 1,000,000 names, shapes, types", opened.ms, None, 3000),
        Row("... beside TensorFlow", opened.ms, peer.ms, 0.2, against),
        Row("... memory at its most", opened.mebibytes, peer.mebibytes, None, against, "MiB"),
        Row("process: list --json of 1,000,000, with roles", listed.ms, None, 3000),
    ]
