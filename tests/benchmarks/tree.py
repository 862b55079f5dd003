"""The tree of very many variables: how much longer it takes to stand, each key of the filter, and the longest stall."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.listing import write
from tests.benchmarks.report import Row

FEW, MANY, HUGE = 10, 100_000, 1_000_000
MORE_MS = 250
KEY_MS = 100
STALL_MS = 50


def measure(folder: Path) -> list[Row]:
    """One process for all of it."""
    prefixes = []
    for count in (FEW, MANY, HUGE):
        place = folder / str(count)
        place.mkdir()
        prefixes.append(write(place / "model.ckpt-1", count))
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.benchmarks.tree_job", *prefixes]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    found = json.loads(told.stdout.splitlines()[-1])
    rows = [
        Row(
            f"tree of {MANY:,} variables, more than of {FEW}",
            found["many"] - found["few"],
            None,
            MORE_MS,
            f"{found['few']:.0f} ms of {FEW}",
        ),
        Row(
            f"a key of the filter over {HUGE:,} names",
            statistics.median(found["typed"]),
            None,
            KEY_MS,
            f"longest {max(found['typed']):.0f} ms",
        ),
    ]
    for what, (stall, waited) in found["stalls"].items():
        rows.append(
            Row(f"stall: {what}", stall, None, STALL_MS, f"{waited:.0f} ms of it without a processor")
        )
    return rows
