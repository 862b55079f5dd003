"""Statistics and histogram of one large tensor, beside one numpy call for each figure.

Both begin with a file that the system has in memory: numpy reads it into an array first, ours is never in memory whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from ckpt_studio.analysis import passes
from ckpt_studio.analysis.histogram import HistogramRequest, histogram
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.registry import open_checkpoint
from tests.benchmarks.report import Row, best_ms
from tests.helpers.tensorflow_child import TensorFlowChild

SHAPES = {"float32": (16384, 16384), "float16": (8192, 8192), "bfloat16": (8192, 8192)}
NUMPY = {"float32": np.float32, "float16": np.float16, "bfloat16": ml_dtypes.bfloat16}

WRITE = """
values = np.random.default_rng(1).standard_normal(args[1], np.float32)
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=["w"], shape_and_slices=[""],
                  tensors=[tf.cast(values, tf.as_dtype(args[2]))])
"""


def all_figures(values: NDArray[Any]) -> dict[str, Any]:
    """A call a figure, in the precision that numpy takes by itself."""
    smallest = ml_dtypes.finfo(values.dtype).smallest_normal
    return {
        "min": values.min(), "max": values.max(), "mean": values.mean(), "std": values.std(),
        "l2": np.linalg.norm(values.astype(np.float32, copy=False)), "l1": np.abs(values).sum(),
        "max_abs": np.abs(values).max(), "zeros": np.count_nonzero(values == 0), "nan": np.isnan(values).sum(),
        "inf": (values == np.inf).sum(), "neg_inf": (values == -np.inf).sum(),
        "denormals": ((np.abs(values) < smallest) & (values != 0)).sum(),
    }  # fmt: skip


def histogram_and_few(values: NDArray[Any]) -> tuple[Any, ...]:
    """What the issue names; numpy has no histogram of bfloat16, so its values are made float32 for that."""
    wide = values if values.dtype != ml_dtypes.bfloat16 else values.astype(np.float32)
    return (
        np.histogram(wide, 256), values.mean(), values.std(), values.min(), values.max(), np.isnan(values).sum(),
    )  # fmt: skip


def measure(folder: Path) -> list[Row]:
    """TensorFlow writes each tensor, and both read it from its file."""
    child = TensorFlowChild()
    try:
        for name, shape in SHAPES.items():
            child(WRITE, str(folder / name), list(shape), name)
    finally:
        child.close()
    rows = []
    for name in SHAPES:
        source = open_checkpoint(str(folder / name))
        rows += compare(name, source, f"{folder / name}.data-00000-of-00001")
    return rows


def compare(name: str, source: TensorSource, file: str) -> list[Row]:
    def by_numpy() -> NDArray[Any]:
        return np.fromfile(file, NUMPY[name])

    def ours(work: Any) -> Any:
        passes._recent.clear()
        return work(source)

    with np.errstate(over="ignore"):
        mine, theirs = statistics(source, "w"), all_figures(by_numpy())
        assert (mine.min, mine.max, mine.zeros, mine.nan) == tuple(
            theirs[what] for what in ("min", "max", "zeros", "nan")
        )
        size = f"{mine.count * np.dtype(NUMPY[name]).itemsize >> 20:,} MiB {name}"
        whole, both = (1 / 6, 1 / 7) if name == "float32" else (1 / 15, 1 / 15)
        rows = [
            Row(
                f"statistics of {size}",
                best_ms(lambda: ours(lambda source: statistics(source, "w"))),
                best_ms(lambda: all_figures(by_numpy()), 2),
                whole,
                "numpy, a call each",
            ),
            Row(
                f"histogram and statistics of {size}",
                best_ms(lambda: ours(lambda source: histogram(source, HistogramRequest("w")))),
                best_ms(lambda: histogram_and_few(by_numpy()), 2),
                both,
                "numpy, a call each",
            ),
        ]
    if name != "float32":
        again = HistogramRequest("w", 1000, -1, 2)
        rows.append(Row(f"another binning of {name}", best_ms(lambda: histogram(source, again)), None, 2.0))
    return rows
