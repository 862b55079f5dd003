"""Small `.keras` archives as Keras writes them, without Keras: a Dense layer for each first part of the names."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import h5py

from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.legacy_files import layer


def make_archive(folder: Path, name: str, arrays: dict[str, Any]) -> Checkpoint:
    """Write one with the arrays that are `LAYER/kernel` or `LAYER/bias`, and one more member; open it."""
    kernels = [key.removesuffix("/kernel") for key in arrays if key.endswith("/kernel")]
    described = [layer("Dense", own, use_bias=f"{own}/bias" in arrays, trainable=True) for own in kernels]
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "net", "trainable": True, "layers": described},
        "registered_name": None,
    }
    folder.mkdir(parents=True)
    with h5py.File(folder / "weights", "w") as file:
        for number, own in enumerate(kernels):
            for place, part in enumerate(("kernel", "bias")):
                if f"{own}/{part}" in arrays:
                    group = f"layers/dense_{number}/vars" if number else "layers/dense/vars"
                    file[f"{group}/{place}"] = arrays[f"{own}/{part}"]
                    file[group].attrs["name"] = own
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        archive.writestr("config.json", json.dumps(config))
        archive.write(folder / "weights", "model.weights.h5")
        archive.writestr("assets/words/vocabulary.txt", "a\nb\n")
    (folder / "weights").unlink()
    return open_checkpoint(str(folder / name))
