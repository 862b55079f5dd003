"""The longest stall of the window's event loop while it opens, plots, changes, writes and runs."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

from ckpt_studio.core.resources import resources_folder
from tests.benchmarks.report import Row
from tests.helpers.tensorflow_child import TensorFlowChild

LIMIT_MS = 50
MANY = 100_000
ROUNDS = 3

WRITE = """
names = [f"block_{i // 1000}/weight_{i}" for i in range(20000)] + ["large"]
large = np.random.default_rng(1).standard_normal([8192, 8192], np.float32)
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names),
                  tensors=[tf.fill([2, 2], float(i)) for i in range(20000)] + [tf.constant(large)])
"""


WRITE_MANY = """
names = [f"block_{i // 1000}/weight_{i}" for i in range(args[1])]
tf.raw_ops.SaveV2(prefix=args[0], tensor_names=names, shape_and_slices=[""] * len(names),
                  tensors=[tf.fill([2, 2], float(i)) for i in range(len(names))])
"""


def measure(folder: Path) -> list[Row]:
    """The median of some rounds, so that another program's burst does not count as ours."""
    large, many = (folder / name / "model.ckpt-1" for name in ("large", "many"))
    large.parent.mkdir()
    many.parent.mkdir()
    child = TensorFlowChild()
    try:
        child(WRITE, large)
        child(WRITE_MANY, many, MANY)
    finally:
        child.close()
    rounds = []
    for number in range(ROUNDS):
        sample, out = folder / f"sample-{number}", folder / f"out-{number}"
        shutil.copytree(resources_folder() / "samples", sample)
        out.mkdir()
        command = [
            sys.executable,
            "-X",
            "faulthandler",
            "-m",
            "tests.benchmarks.stall_job",
            str(large),
            str(many),
            str(sample),
            str(out),
        ]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        rounds.append(json.loads(told.stdout.splitlines()[-1]))
    rows = []
    for phase in rounds[0]:
        stall, waited = statistics.median_low([tuple(each[phase]) for each in rounds])
        rows.append(
            Row(f"stall: {phase}", stall, None, LIMIT_MS, f"{waited:.0f} ms of it without a processor")
        )
    return rows
