"""What the tests of writing share: values in place of a bundle's own, and how a file or a folder is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.core import dtypes
from ckpt_studio.document.edits.replace import Swap
from ckpt_studio.document.staged import StagedView
from ckpt_studio.document.state import State
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.helpers.memory_source import MemorySource

READ_ALL = """
reader = tf.train.load_checkpoint(args[0])
result = {}
for name in sorted(reader.get_variable_to_dtype_map()):
    value = reader.get_tensor(name)
    if value.dtype == object:
        result[name] = ["string", list(value.shape), [bytes(v).hex() for v in value.reshape(-1)]]
    else:
        result[name] = [tf.as_dtype(value.dtype).name, list(value.shape), value.tobytes().hex()]
"""


def seen(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """As READ_ALL answers."""
    answer = {}
    for key, value in arrays.items():
        array = np.asarray(value)
        if array.dtype == object:
            answer[key] = ["string", list(array.shape), [bytes(text).hex() for text in array.reshape(-1)]]
        else:
            name = dtypes.of_numpy(array.dtype).name
            answer[key] = [name, list(array.shape), np.ascontiguousarray(array).tobytes().hex()]
    return answer


def replaced(base: Bundle, donor: MemorySource) -> StagedView:
    """A view of `base` with every variable of `donor` in place."""
    keys = tuple(donor.arrays)
    rows = np.array([base.columns.row(key) for key in keys])
    return StagedView(base, State.of(base.columns).laying(rows, Swap(donor, "donor", keys)))


def snapshot(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def changes() -> dict[str, Any]:
    return {
        "dense/kernel": np.arange(35, dtype="f4").reshape(7, 5),
        "half": np.array([1.5, -2, 3], "f2"),
        "split": np.arange(40, dtype="f4").reshape(10, 4),
        "texts": np.array([b"one", b"\xff\0", b""], object),
    }
