"""Saving a large checkpoint beside `cp` and beside TensorFlow's restore and save; rename and drop in a large index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from crc32c import crc32c

from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.benchmarks import listing
from tests.benchmarks.report import Row
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

LARGE = 100
"""Variables of the large checkpoint, 20 MB each: 2 GB."""
ELEMENTS = 5_000_000
ROUNDS = 3
BLOCK = 1 << 20

OURS = """
import json, resource, sys, time
from ckpt_studio.document.document import Document
from ckpt_studio.document.patch import load_patch
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.writing import WriteOptions
patch, source, target, sharing, warm = sys.argv[1:]
def save(source, target, patch):
    document = Document(open_checkpoint(source))
    for edit in load_patch(patch).edits(document):
        document.do(edit)
    document.staged.columns
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    write_document(document, target, WriteOptions(sharing))
    return time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
save(warm, target + "-warm", patch)
seconds, kibibytes = save(source, target, patch)
print(json.dumps([seconds * 1e3, kibibytes / 1024]))
"""

PEER = """
import time
start = time.perf_counter()
reader = tf.train.load_checkpoint(args[0])
names = sorted(reader.get_variable_to_dtype_map())
tensors = [tf.constant(reader.get_tensor(name)) for name in names]
tensors[0] = tf.constant(np.load(args[2]))
tf.raw_ops.SaveV2(prefix=args[1], tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
result = (time.perf_counter() - start) * 1e3
"""


READ_ALL = """
import time
start = time.perf_counter()
for prefix in args[0]:
    reader = tf.train.load_checkpoint(prefix)
    for name in reader.get_variable_to_dtype_map():
        reader.get_tensor(name)
result = (time.perf_counter() - start) * 1e3
"""


def large(prefix: Path, elements: int) -> str:
    """A checkpoint of a third of weights and two thirds of their slots."""
    values = np.random.default_rng(1).standard_normal(elements, np.float32)
    names = [f"layer_{i // 3:03d}/w{('', '/Adam', '/Adam_1')[i % 3]}" for i in range(LARGE)]
    return write_bundle(MemorySource(dict.fromkeys(names, values)), str(prefix)).prefix


def patch(folder: Path, name: str, *edits: dict[str, object]) -> str:
    """A PATCH file."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"version": 1, "edits": edits}))
    return str(path)


def ours(patch: str, source: str, target: Path, sharing: str, warm: str) -> tuple[float, float]:
    """Milliseconds of a save in a process that has saved before, and MiB that it took."""
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-c", OURS, patch, source, str(target / "m"), sharing, warm]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ms, mebibytes = json.loads(done.stdout)
    return ms, mebibytes


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def cp(source: str, target: Path) -> None:
    """`cp` and fsync."""
    subprocess.run(["cp", "--reflink=never", source, target], check=True)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def verified_copy(source: str, target: Path, size: int) -> None:
    """The first bytes of a file, copied in blocks with their checksum, made durable, read back and compared."""
    buffer = memoryview(bytearray(BLOCK))
    crc, left = 0, size
    with Path(source).open("rb", buffering=0) as old, target.open("wb", buffering=0) as new:
        while left:
            part = buffer[: min(BLOCK, left)]
            left -= old.readinto(part)
            crc = crc32c(part, crc)
            new.write(part)
        os.fsync(new.fileno())
    again = 0
    with target.open("rb", buffering=0) as new:
        while count := new.readinto(buffer):
            again = crc32c(buffer[:count], again)
    assert again == crc


def read_all(files: list[str]) -> None:
    """Some files through a checksum."""
    buffer = memoryview(bytearray(BLOCK))
    for path in files:
        with Path(path).open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                crc32c(buffer[:count])


def averaged(folder: Path, child: TensorFlowChild) -> list[Row]:
    """The mean of five checkpoints of 400 MB, written and read back, beside only reading the five."""
    random = np.random.default_rng(2)
    prefixes = []
    for number in range(5):
        values = random.standard_normal(ELEMENTS, np.float32)
        tensors = MemorySource({f"w{i:02d}": values for i in range(20)})
        prefixes.append(write_bundle(tensors, str(folder / f"part-{number}")).prefix)
    files = [f"{prefix}.data-00000-of-00001" for prefix in prefixes]
    edits = patch(folder, "average", {"op": "average", "match": "*", "from": prefixes})
    tensorflow, plain, own = [], [], []
    for _ in range(ROUNDS):
        tensorflow.append(child(READ_ALL, prefixes))
        plain.append(
            timed(lambda: (read_all(files), verified_copy(files[0], folder / "copy", 20 * 4 * ELEMENTS)))
        )
        (folder / "copy").unlink()
        own.append(ours(edits, prefixes[0], folder / "out", "copy", prefixes[0])[0])
    return [
        Row("mean of 5 checkpoints of 400 MB", min(own), min(tensorflow), 1.5, "TensorFlow reads them all"),
        Row(
            "... its reading and writing by hand", min(own), min(plain), 1.5, "read all, write one, checksums"
        ),
    ]


def measure(folder: Path) -> list[Row]:
    """In turns, so that a burst of another program meets all; the best of some rounds."""
    source, small = large(folder / "large", ELEMENTS), large(folder / "small", 1000)
    data = f"{source}.data-00000-of-00001"
    changed = folder / "changed.npy"
    np.save(changed, np.zeros(ELEMENTS, np.float32))
    np.save(folder / "few.npy", np.zeros(1000, np.float32))
    swap = {"op": "assign", "match": "layer_000/w", "value": 0.5}
    one, strip = patch(folder, "one", swap), patch(folder, "strip", {"op": "drop", "match": "*/Adam*"})
    kept = 4 * ELEMENTS * sum(i % 3 == 0 for i in range(LARGE))
    times: dict[str, list[float]] = {}
    memory = 0.0
    for _ in range(ROUNDS):
        for name, work in {
            "cp": lambda: cp(data, folder / "copy"),
            "verified": lambda: verified_copy(data, folder / "copy", kept),
            "bytes": lambda: cp(str(changed), folder / "copy"),
        }.items():
            times.setdefault(name, []).append(timed(work))
            (folder / "copy").unlink()
        for name, edits, sharing in (
            ("copied", one, "copy"),
            ("linked", one, "link"),
            ("stripped", strip, "compact"),
        ):
            ms, mebibytes = ours(edits, source, folder / "out", sharing, small)
            times.setdefault(name, []).append(ms)
            memory = max(memory, mebibytes)
    best = {name: min(values) for name, values in times.items()}
    child = TensorFlowChild()
    try:
        tensorflow = child(PEER, source, str(folder / "out" / "tf"), str(changed))
        mean = averaged(folder, child)
    finally:
        child.close()
    return [
        Row("2 GB, one variable of 20 MB changed, copied", best["copied"], best["cp"], 1.4, "cp and fsync"),
        Row("... beside TensorFlow", best["copied"], tensorflow, 1 / 3, "load_checkpoint, SaveV2"),
        Row("... memory over the program's own", memory, None, 64, unit="MiB"),
        Row("... shared, without writing 20 MB", best["linked"] - best["bytes"], None, 100),
        Row("... without optimizer state", best["stripped"], best["verified"], 1.3, "copy with checksums"),
        *mean,
        *index_only(folder),
    ]


def index_only(folder: Path) -> list[Row]:
    """Rename and drop among 100,000 variables, sharing the data."""
    many, few = listing.write(folder / "many", listing.COUNT), listing.write(folder / "few", 6)
    objects, one = listing.write_objects(folder / "objects", listing.COUNT), folder / "object"
    first, end = listing.name_of(0), "/.ATTRIBUTES/VARIABLE_VALUE"
    weight = f"model/layer_0/weight_0{end}"
    rows = []
    tiny, in_graph = listing.write_objects(one, 60), f"model/layer_0/w{end}"
    for name, source, small, key, new, limit in (
        ("", many, few, first, "another/name", 150),
        (", object graph too", objects, tiny, weight, in_graph, 150),
    ):
        renamed = patch(folder, "rename", {"op": "rename", "from": key, "to": new})
        dropped = patch(folder, "drop", {"op": "drop", "match": key})
        for what, edits in (("rename", renamed), ("drop", dropped)):
            ms = min(ours(edits, source, folder / "out", "link", small)[0] for _ in range(ROUNDS))
            rows.append(Row(f"{what} one of 100,000 variables{name}", ms, None, limit))
    return rows
