"""Columns without a checkpoint, for the models of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ckpt_studio.core.tensors import Columns, Names, Role


def columns_of(
    keys: Sequence[str],
    *,
    roles: Mapping[str, Role] = {},
    slots: Mapping[str, tuple[str, str]] = {},
    names: Mapping[str, str] | None = None,
    paths: Mapping[str, str] | None = None,
    dtypes: Mapping[str, int] = {},
    faults: Mapping[str, str] = {},
) -> Columns:
    """Matrices of 2 x 3 with these keys, float32 but for `dtypes`; `slots` maps a key to its weight and slot name."""
    keys = sorted(keys, key=lambda key: key.encode())
    row = {key: i for i, key in enumerate(keys)}
    count = len(keys)
    slot_names = tuple(sorted({name for _, name in slots.values()}))
    slot_of, slot_name = np.full(count, -1, np.int32), np.full(count, -1, np.int16)
    role = np.array([roles.get(key, Role.weight) for key in keys], np.uint8)
    for key, (weight, name) in slots.items():
        slot_of[row[key]], slot_name[row[key]] = row[weight], slot_names.index(name)
        role[row[key]] = Role.slot
    return Columns(
        keys=Names.of_text(keys),
        dtype=np.array([dtypes.get(key, 1) for key in keys], np.uint8),
        rank=np.full(count, 2, np.int8),
        dims=np.tile(np.array([2, 3], np.int64), (count, 1)),
        nbytes=np.full(count, 24, np.int64),
        role=role,
        role_source=np.zeros(count, np.uint8),
        slot_of=slot_of,
        slot_name=slot_name,
        slot_names=slot_names,
        trainable=np.full(count, -1, np.int8),
        names=None if names is None else Names.of_text(names.get(key, key) for key in keys),
        object_paths=None if paths is None else Names.of_text(paths.get(key, "") for key in keys),
        faults={row[key]: sentence for key, sentence in faults.items()},
    )
