"""The arrays of a patch that lies beside a checkpoint: it can be replayed when the files it was made with are gone."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.document.edits.base import Edit, Json
from ckpt_studio.document.edits.contents import Array
from ckpt_studio.document.patterns import text_of
from ckpt_studio.document.state import State

SUFFIX: Final = ".ckpt-studio.npz"
_MOST: Final = 16 << 20
"""Bytes of arrays that are kept; larger ones stay where they are, and the patch says where."""


class PatchArrays:
    """Gathers the arrays of edits.

    Args:
        name: file name of what they are kept in, beside the patch.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._arrays: dict[str, NDArray[Any]] = {}
        self._size = 0

    def kept(self, edit: Edit, made: list[Json], before: State) -> list[Json]:
        """The JSON of an edit, by arrays of ours where it takes some from files that are small enough.

        Raises:
            FileFault: an array cannot be read.
        """
        contents = getattr(edit, "contents", None)
        if not isinstance(contents, Array) or contents.fault is not None:
            return made
        keys = [key for key in edit.keys if key in before.live]
        infos = [contents.info(key) for key in keys or [str(getattr(edit, "key", ""))]]
        size = sum(info.nbytes for info in infos)
        plain = all(info.dtype.numpy is not None and info.dtype.numpy.kind in "biufc" for info in infos)
        if not plain or self._size + size > _MOST:
            return made
        self._size += size
        result = []
        for place, info in enumerate(infos):
            member = str(len(self._arrays))
            self._arrays[member] = contents.source.read(info.key)
            whose = {"match": text_of(keys[place])} if keys else {}
            result.append({**made[0], **whose, "file": self._name, "member": member})
        return result

    def file(self) -> bytes | None:
        """The `.npz` file; None where there are no arrays."""
        if not self._arrays:
            return None
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **self._arrays)
        return buffer.getvalue()
