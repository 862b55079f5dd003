"""Every format that the program writes, by the ending of a file's name: a new one is a class and a line here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Final

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.formats.keras.write import KerasArchiveWriter, KerasH5Writer, KerasWriter
from ckpt_studio.formats.npz.write import NpzWriter
from ckpt_studio.formats.safetensors.write import SafetensorsWriter
from ckpt_studio.formats.writing import Writer

WRITERS: Final[dict[str, Callable[[], Writer]]] = {
    ".safetensors": SafetensorsWriter,
    ".npz": NpzWriter,
    ".weights.h5": KerasWriter,
    ".h5": KerasH5Writer,
    ".hdf5": KerasH5Writer,
    ".keras": KerasArchiveWriter,
}
"""A name with none of these endings is the prefix of a V2 bundle."""

_REFUSED: Final[dict[str, str]] = {
    ".npy": "a .npy file holds one array; write .npz",
    ".index": "give the prefix of the new checkpoint, without .index",
    ".meta": "give the prefix of the new checkpoint, without .meta",
    ".pb": "a SavedModel holds functions; write a checkpoint and load that into the model",
    ".pt": "PyTorch's pickles are not written; write .safetensors",
    ".pth": "PyTorch's pickles are not written; write .safetensors",
    ".weights.json": "the index of several files is not written for Keras; write .weights.h5",
    ".json": "give the name of the .safetensors file, without .index.json",
}


_SHARD: Final = re.compile(r"\.data-\d{5}-of-\d{5}$")


def writer_of(path: str) -> Writer | None:
    """What writes a file of this name; None for the prefix of a V2 bundle.

    Raises:
        RequestFault: nothing does; the sentence says what to name instead.
    """
    name = os.path.basename(path).lower()
    shard = _SHARD.search(name)
    if shard is not None:
        raise RequestFault(
            f"{os.path.basename(path)!r} cannot be written: give the prefix of the new checkpoint, without {shard[0]}.",
            path=path,
        )
    for ending, why in _REFUSED.items():
        if name.endswith(ending):
            raise RequestFault(f"{os.path.basename(path)!r} cannot be written: {why}.", path=path)
    return next((make() for ending, make in WRITERS.items() if name.endswith(ending)), None)
