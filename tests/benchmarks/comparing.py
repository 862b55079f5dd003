"""Comparing two checkpoints of one shape beside numpy's own calls on the whole arrays, and where checksums agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ckpt_studio.analysis.comparison import compare
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.benchmarks.report import Row, best_ms
from tests.helpers.memory_source import MemorySource

SHAPE = (16_384, 4_096)
"""Two of these, 256 MiB each, in each checkpoint."""


def measure(folder: Path) -> list[Row]:
    """The best of some rounds; the files are in the disk's cache."""
    rng = np.random.default_rng(1)
    arrays = {name: rng.standard_normal(SHAPE, np.float32) for name in ("a", "b")}
    moved = {name: array * np.float32(1.001) for name, array in arrays.items()}
    prefixes = [str(folder / name) for name in ("one", "two", "again")]
    for prefix, held in zip(prefixes, (arrays, moved, arrays), strict=True):
        write_bundle(MemorySource(held), prefix)
    one, two, again = map(open_checkpoint, prefixes)

    def by_numpy() -> None:
        for name in arrays:
            a, b = one.read(name), two.read(name)
            np.array_equal(a, b, equal_nan=True)
            gap = a - b
            np.abs(gap).max()
            np.linalg.norm(gap) / np.linalg.norm(a)

    ours, peer, same = (
        best_ms(work, 4) for work in (lambda: compare(one, two), by_numpy, lambda: compare(one, again))
    )
    against = "numpy on the whole arrays"
    return [
        Row("compare 2 x 512 MiB of float32", ours, peer, 0.6, against),
        Row("the same with equal checksums", same, ours, 0.02, "reading them"),
    ]
