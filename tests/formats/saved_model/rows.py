"""What the tests of SavedModels look at: the rows of one, by key or by value, in a copy that may be harmed."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from ckpt_studio.core.tensors import TensorInfo
from ckpt_studio.formats.base import Checkpoint


def infos(checkpoint: Checkpoint) -> list[TensorInfo]:
    return [checkpoint.columns.info(row) for row in range(len(checkpoint.columns))]


def by_value(checkpoint: Checkpoint) -> dict[str, TensorInfo]:
    found = {}
    for info in infos(checkpoint):
        if info.dtype.is_numeric:
            (value,) = np.unique(checkpoint.read(info.key))
            found[str(int(value))] = info
    return found


def copy_of(folder: Path, name: str, to: Path) -> Path:
    return Path(shutil.copytree(folder / name, to / name))
