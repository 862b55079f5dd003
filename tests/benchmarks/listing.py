"""Listing a checkpoint of 100,000 variables, beside TensorFlow's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row, median_ms
from tests.helpers.tensorflow_child import TensorFlowChild

COUNT = 100_000

WRITE = """
names = [f"model/block_{i // 1000}/layer_{i // 10 % 100}/weight_{i % 10}" for i in range(args[1])]
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names),
                  tensors=[tf.fill([2, 2], float(i)) for i in range(len(names))])
"""

PEER = """
import statistics, time
times = []
for _ in range(5):
    start = time.perf_counter()
    listed = tf.train.list_variables(args[0])
    times.append((time.perf_counter() - start) * 1e3)
result = [len(listed), statistics.median(times)]
"""


def measure(folder: Path) -> list[Row]:
    """TensorFlow writes the checkpoint, then both list names and shapes of everything."""
    prefix = str(folder / "many")
    child = TensorFlowChild()
    try:
        child(WRITE, prefix, COUNT)
        count, peer = child(PEER, prefix)
    finally:
        child.close()
    assert count == COUNT

    def open_only() -> Any:
        return open_checkpoint(prefix).columns

    def every_row() -> Any:
        columns = open_checkpoint(prefix).columns
        return [columns.info(row) for row in range(len(columns))]

    assert len(open_only()) == COUNT
    against = "tf.train.list_variables"
    return [
        Row("open 100,000 variables, as the window does", median_ms(open_only), peer, 1.0, against),
        Row("name, shape and dtype of each of 100,000", median_ms(every_row), peer, None, against),
    ]
