"""What the program knows about a checkpoint's variables, told to the training process: names, slots, paths.

The start checkpoint of a run is a plain bundle whatever the original was, so what its format said about names and slots
goes along in a file of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_studio.core.tensors import Columns, Role


@dataclass(frozen=True, slots=True)
class Known:
    """One variable of the checkpoint.

    Attributes:
        key: in the start checkpoint.
        name: the full name.
        path: in the object graph, empty where there is none.
        shape: as written.
        dtype: TensorFlow's name.
        role: the word of `core.tensors.Role`.
        slot_of: key of the weight that this optimizer slot belongs to, empty for others.
        slot: its kind.
    """

    key: str
    name: str
    path: str
    shape: tuple[int, ...]
    dtype: str
    role: str
    slot_of: str = ""
    slot: str = ""


def known_of(columns: Columns) -> list[Known]:
    """All variables of a source, metadata that is no model's variable left out."""
    found = []
    for row in range(len(columns)):
        info = columns.info(row)
        if info.shape is None or (info.role is Role.metadata and info.dtype.name in ("string", "variant")):
            continue
        found.append(
            Known(
                key=info.key,
                name=info.name,
                path=info.object_path or "",
                shape=info.shape,
                dtype=info.dtype.name,
                role=info.role.name,
                slot_of=info.slot_of or "",
                slot=info.slot_name or "",
            )
        )
    return found


def write_known(path: Path, known: Sequence[Known]) -> None:
    """Write them as a JSON list of lists."""
    rows = [[k.key, k.name, k.path, k.shape, k.dtype, k.role, k.slot_of, k.slot] for k in known]
    path.write_text(json.dumps(rows), "ascii")


def read_known(path: Path) -> list[Known]:
    """Read what `write_known` wrote."""
    return [
        Known(key, name, place, tuple(shape), dtype, role, slot_of, slot)
        for key, name, place, shape, dtype, role, slot_of, slot in json.loads(path.read_text("ascii"))
    ]
