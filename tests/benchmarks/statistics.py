"""Statistics and histogram of one large tensor, beside one numpy call for each figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.analysis.histogram import HistogramRequest, histogram
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row, median_ms
from tests.helpers.tensorflow_child import TensorFlowChild

SHAPE = (8192, 8192)  # 256 MiB of float32

WRITE = """
values = np.random.default_rng(1).standard_normal(args[1], np.float32)
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=["w"], shape_and_slices=[""], tensors=[tf.constant(values)])
"""


def by_numpy(file: str) -> dict[str, Any]:
    """Read all, then a call a figure."""
    values = np.fromfile(file, np.float32)
    return {
        "min": values.min(), "max": values.max(), "mean": values.mean(dtype=np.float64),
        "std": values.std(dtype=np.float64), "l2": np.linalg.norm(values),
        "zeros": values.size - np.count_nonzero(values), "nan": np.isnan(values).sum(), "inf": np.isinf(values).sum(),
    }  # fmt: skip


def measure(folder: Path) -> list[Row]:
    """TensorFlow writes the tensor, and both read it from its file (which the system has in memory)."""
    prefix = str(folder / "large")
    child = TensorFlowChild()
    try:
        child(WRITE, prefix, list(SHAPE))
    finally:
        child.close()
    file = prefix + ".data-00000-of-00001"
    source = open_checkpoint(prefix)
    ours, theirs = statistics(source, "w"), by_numpy(file)
    assert (ours.min, ours.max, ours.zeros) == (theirs["min"], theirs["max"], theirs["zeros"])
    assert abs(ours.std - theirs["std"]) < 1e-6
    repeat = 3
    separate = median_ms(lambda: by_numpy(file), repeat)
    counted = median_ms(lambda: np.histogram(np.fromfile(file, np.float32), 256), repeat)
    return [
        Row(
            "statistics of 256 MiB",
            median_ms(lambda: statistics(source, "w"), repeat),
            separate,
            0.5,
            "numpy, a call each",
        ),
        Row(
            "histogram and statistics of 256 MiB",
            median_ms(lambda: histogram(source, HistogramRequest("w")), repeat),
            separate + counted,
            0.5,
            "numpy, a call each",
        ),
    ]
