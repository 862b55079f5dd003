"""Checking every checksum of a large checkpoint, beside a plain checksum of its file, and beside TensorFlow.

The plain checksum runs on two threads as ours does: to read and sum what the system has in memory is bound by how fast
memory answers, so a second thread does not halve the time, and a limit against one thread would measure the machine.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crc32c import crc32c

from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row
from tests.helpers.tensorflow_child import TensorFlowChild

BLOCK = 1 << 20
REPEAT = 7

WRITE = """
random = np.random.default_rng(1)
names = ["large"] + [f"block_{i // 100}/weight_{i}" for i in range(8192)]
tensors = [tf.constant(random.standard_normal([8192, 16384], np.float32))]
tensors += [tf.constant(random.standard_normal([64, 256], np.float32)) for _ in range(8192)]
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names), tensors=tensors)
"""

PEER = """
import statistics, time
times = []
for _ in range(3):
    start = time.perf_counter()
    reader = tf.train.load_checkpoint(args[0])
    for name in reader.get_variable_to_dtype_map():
        reader.get_tensor(name)
    times.append((time.perf_counter() - start) * 1e3)
result = statistics.median(times)
"""


def plain(path: str) -> None:
    """The checksum of each half of a file in blocks, on two threads: what can be had at best."""
    file = os.open(path, os.O_RDONLY)
    half = os.fstat(file).st_size // 2 // BLOCK * BLOCK

    def sum_up(start: int, stop: int) -> int:
        buffer, crc = memoryview(bytearray(BLOCK)), 0
        while start < stop and (size := os.preadv(file, [buffer], start)):
            crc = crc32c(buffer[:size], crc)
            start += size
        return int(crc)

    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(sum_up, (0, half), (half, sys.maxsize)))
    finally:
        os.close(file)


def taken(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor; two threads halve the former on two idle processors."""
    before, started = time.process_time(), time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3, (time.process_time() - before) * 1e3


def measure(folder: Path) -> list[Row]:
    """TensorFlow writes 1 GiB in one large tensor and many small ones; the system has the file in memory."""
    prefix = str(folder / "checked")
    child = TensorFlowChild()
    try:
        child(WRITE, prefix)
        read = child(PEER, prefix)
    finally:
        child.close()
    file = f"{prefix}.data-00000-of-00001"
    ours: list[tuple[float, float]] = []
    by_hand: list[tuple[float, float]] = []
    for _ in range(REPEAT):  # in turns, so that a burst of another program meets both
        by_hand.append(taken(lambda: plain(file)))
        ours.append(taken(lambda: list(open_checkpoint(prefix).verify())))
    (by_clock, work), (clock_by_hand, work_by_hand) = (
        map(min, zip(*each, strict=True)) for each in (ours, by_hand)
    )
    return [
        Row("verify 1 GiB", by_clock, clock_by_hand, 1.4, "two threads, checksum of the file"),
        Row("... time of the processor", work, work_by_hand, 1.3, "two threads, checksum of the file"),
        Row("verify 1 GiB", by_clock, read, 0.25, "TensorFlow reads every tensor"),
    ]
