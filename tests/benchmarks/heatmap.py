"""Windows and overviews of huge tensors, beside plain reads of the same bytes; how the window feels meanwhile.

The tensors are zeros in sparse files, so that they take no room; read once, the system has them in memory like any.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np
from crc32c import crc32c

from ckpt_studio.analysis.heatmap import HeatmapRequest, Refinement, heatmap
from ckpt_studio.analysis.slices import SliceSpec
from ckpt_studio.core.arrays import room
from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row, best_ms
from tests.helpers.bundles import BundleMaker, Record, shard_name
from tests.helpers.tensorflow_child import TensorFlowChild

SCREEN = (600, 1000)
OVERVIEW, PAN, LARGE = (50_000, 4_096), (16_384, 32_768), (32_768, 32_768)
BLOCK = 1 << 20
STALL_MS = 50
ROUNDS = 3

READ = """
import time
spec = f"{args[1][0]} {args[1][1]} 5000,100:7000,100"
began = time.perf_counter()
part = tf.raw_ops.RestoreV2(prefix=args[0], tensor_names=["w"], shape_and_slices=[spec], dtypes=[tf.float32])[0]
assert part.shape == (100, 100)
result = (time.perf_counter() - began) * 1e3
"""


def write_zeros(prefix: Path, shape: tuple[int, int]) -> str:
    """A bundle with one float32 tensor `w` of zeros, whose data file has no blocks."""
    prefix.parent.mkdir()
    size, crc = shape[0] * shape[1] * 4, 0
    zeros = bytes(BLOCK)
    for _ in range(size // BLOCK):
        crc = crc32c(zeros, crc)
    crc = crc32c(zeros[: size % BLOCK], crc)
    masked = (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
    maker = BundleMaker()
    maker.put("w", Record(1, shape, 0, 0, size, masked).encode())
    maker.write(prefix)
    with Path(shard_name(prefix, 0, 1)).open("wb") as file:
        file.truncate(size)
    return str(prefix)


def read_all(prefix: str) -> None:
    """Every byte of the data file once, through one buffer: the least that a picture of everything can take.

    The buffer begins at a line of the cache: at some other places the system takes twice as long.
    """
    buffer = room((BLOCK,)).data
    with Path(shard_name(prefix, 0, 1)).open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def measure(folder: Path) -> list[Row]:
    """The best of some calls each, because other programs only ever make it slower."""
    overview, pan, large = (
        write_zeros(folder / name / "model.ckpt-1", shape)
        for name, shape in (("overview", OVERVIEW), ("pan", PAN), ("large", LARGE))
    )
    for prefix in (overview, pan, large):
        read_all(prefix)
    return [*_window(pan), *_overview(overview), *_in_the_window(overview, pan, large)]


def _window(prefix: str) -> list[Row]:
    source = open_checkpoint(prefix)
    part = np.s_[5000:5100, 7000:7100]
    mapped = np.memmap(shard_name(prefix, 0, 1), np.float32, "r", shape=PAN)
    ours = best_ms(lambda: source.read("w", part), 200)
    bare = best_ms(lambda: np.array(mapped[part]), 200)
    child = TensorFlowChild()
    try:
        stock = min(child(READ, prefix, list(PAN)) for _ in range(2))
    finally:
        child.close()
    return [
        Row("100x100 window of 2 GiB", ours, None, 0.2, f"numpy's memory map {bare:.3f} ms"),
        Row("100x100 window of 2 GiB", ours, stock, 0.01, "TensorFlow's RestoreV2 of the slice"),
    ]


def _overview(prefix: str) -> list[Row]:
    source = open_checkpoint(prefix)
    request = HeatmapRequest.whole("w", SliceSpec.of_shape(OVERVIEW), SCREEN)
    rounds = [
        (best_ms(lambda: read_all(prefix), 1), best_ms(lambda: heatmap(source, request), 1)) for _ in range(9)
    ]
    read, exact = (min(times) for times in zip(*rounds, strict=True))
    first = best_ms(lambda: Refinement(source, request).step(), 9)
    return [
        Row("overview of 50,000 x 4,096, first picture", first, None, 30),
        Row("overview of 50,000 x 4,096, exact", exact, read, 1.5, "the read alone, one thread"),
    ]


def _in_the_window(overview: str, pan: str, large: str) -> list[Row]:
    command = [
        sys.executable, "-X", "faulthandler", "-m", "tests.benchmarks.heatmap_job", overview, pan, large
    ]  # fmt: skip
    rounds = []
    for _ in range(ROUNDS):
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        rounds.append(json.loads(told.stdout.splitlines()[-1]))
    first, exact = (
        min(times) for times in zip(*(look for found in rounds for look in found["looks"]), strict=True)
    )
    memory = max(found["memory"] for found in rounds)
    read = best_ms(lambda: read_all(overview), 5)
    rows = [
        Row("overview in the window, first picture", first, None, 30),
        Row("overview in the window, exact", exact, read, None, "the read alone"),
        Row("memory while looking at 4 GiB", memory, None, 200, "over the window before", "MiB"),
    ]
    for phase in rounds[0]["stalls"]:
        stall, waited = statistics.median_low([tuple(found["stalls"][phase]) for found in rounds])
        rows.append(
            Row(f"stall: {phase}", stall, None, STALL_MS, f"{waited:.0f} ms of it without a processor")
        )
    return rows
