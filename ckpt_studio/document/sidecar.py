"""The patch beside a written checkpoint, `PREFIX.ckpt-studio.json`: edits, where they were made, and frozen marks."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio import __version__
from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.document.journal import checkpoint_identity, files_identity
from ckpt_studio.document.patterns import text_of
from ckpt_studio.formats.base import Checkpoint

if TYPE_CHECKING:
    from ckpt_studio.document.edits.base import Json

SUFFIX: Final = ".ckpt-studio.json"
_PATHS: Final = ("from", "file")
"""Fields of edits that name files."""


def sidecar(base: Checkpoint, patch: Json, folder: str, frozen: Collection[str], num_shards: int) -> bytes:
    """The contents for a checkpoint that was made of `base`.

    Args:
        base: the original.
        patch: the edits, as a PATCH.
        folder: what its paths are relative to.
        frozen: keys that are frozen.
        num_shards: data files of the new checkpoint. They say which index it belongs to: a checkpoint that is
            overwritten always gets another number of them.
    """
    value = {
        **patch,
        "provenance": {
            "program": f"Ckpt Studio {__version__}",
            "source": {"prefix": os.path.abspath(base.prefix), "identity": checkpoint_identity(base)},
            "others": {path: files_identity(files) for path, files in other_files(patch, folder).items()},
        },
        "frozen": sorted(text_of(key) for key in frozen),
        "num_shards": num_shards,
    }
    return json.dumps(value, indent=1).encode("ascii") + b"\n"


def other_files(patch: Json, folder: str) -> dict[str, tuple[str, ...]]:
    """The other checkpoints and arrays that edits took values from, as far as they are there, with their files."""
    found: dict[str, tuple[str, ...]] = {}
    waiting: list[Any] = [patch["edits"]]
    while waiting:
        value = waiting.pop()
        waiting += value if isinstance(value, list) else ()
        if not isinstance(value, dict):
            continue
        waiting += value.values()
        named = [value.get(name) for name in _PATHS]
        for path in [path for one in named for path in (one if isinstance(one, list) else [one])]:
            if isinstance(path, str):
                full = os.path.normpath(os.path.join(folder, path))
                files = tuple(filter(os.path.isfile, (f"{full}.index", full)))
                found |= {full: files[:1]} if files else {}
    return found


def frozen_marks(base: Checkpoint) -> tuple[NDArray[np.bool_], str]:
    """Bool [N], what the patch beside a checkpoint marks as frozen; and a sentence if it could not be used, or ""."""
    marks = np.zeros(len(base.columns), np.bool_)
    path = base.prefix + SUFFIX
    if not os.path.lexists(path):
        return marks, ""
    from ckpt_studio.document.patch import load_patch

    try:
        patch = load_patch(path)
    except CkptStudioError as error:
        return marks, f"{error.message} Its frozen marks were not applied."
    shards = getattr(base, "num_shards", None)
    if patch.num_shards is not None and shards is not None and patch.num_shards != shards:
        name = os.path.basename(path)
        return marks, f"{name} belongs to another checkpoint of this name; its marks were not applied."
    for key in patch.frozen or ():
        row = base.columns.keys.find(key)
        if row >= 0:
            marks[row] = True
    return marks, ""
