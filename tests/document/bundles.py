"""Small checkpoints for tests of documents: a model with optimizer slots, and a donor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.helpers.memory_source import MemorySource

MODEL: dict[str, Any] = {
    "beta1_power": np.float32(0.9),
    "dense/bias": np.arange(3, dtype="f4"),
    "dense/bias/Adam": np.zeros(3, "f4"),
    "dense/bias/Adam_1": np.ones(3, "f4"),
    "dense/kernel": np.arange(12, dtype="f4").reshape(4, 3),
    "dense/kernel/Adam": np.zeros((4, 3), "f4"),
    "dense/kernel/Adam_1": np.ones((4, 3), "f4"),
    "global_step": np.int64(100),
    "odd\udcff[1]*": np.arange(4, dtype="f8"),
    "out/kernel": np.full((3, 2), 0.5, "f4"),
    "text": np.array([b"a", b"bc"], object),
}

DONOR: dict[str, Any] = {
    "dense/bias": np.array([7.0, 8.0, 9.0], "f4"),
    "dense/kernel": np.full((4, 3), 2.5, "f8"),
    "global_step": np.int32(5),
    "huge": np.full((3, 2), 1e300, "f8"),
    "net/out/kernel": np.full((3, 2), -1.0, "f4"),
    "odd\udcff[1]*": np.arange(4, 8, dtype="f8"),
    "out/kernel": np.zeros((3, 5), "f4"),
    "text": np.array([b"swapped", b""], object),
    "wide": np.full((), 1 << 40, "i8"),
}


def make(folder: Path, name: str, arrays: dict[str, Any]) -> Bundle:
    """Write a checkpoint and open it."""
    written = write_bundle(MemorySource(arrays), str(folder / name), state="new")
    return open_bundle(written.prefix)
