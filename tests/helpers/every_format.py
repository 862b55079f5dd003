"""One checkpoint of every format, made or copied from the corpus, for tests of what stands above the formats."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

ARRAYS = {"dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "dense/bias": np.ones(3, np.float32)}
CHURN = "404error-010__ANN-Churn-Classification"
SAVED_MODEL = "theIArchitecture__tensorflow/tensorflow/cc/saved_model/testdata/OptimizerSlotVariableModule"
HALF = "uve__tensorflow/tensorflow/contrib/session_bundle/testdata/half_plus_two/00000123"


def copied(name: str) -> Callable[[Path, Path], Path]:
    def make(corpus: Path, folder: Path) -> Path:
        target = folder / Path(name).name
        if (corpus / name).is_dir():
            return Path(shutil.copytree(corpus / name, target, copy_function=shutil.copyfile))
        return Path(shutil.copyfile(corpus / name, target))

    return make


def weights_of_keras(corpus: Path, folder: Path) -> Path:
    with zipfile.ZipFile(corpus / CHURN / "model.keras") as archive:
        return Path(archive.extract("model.weights.h5", folder))


def one_safetensors(corpus: Path, folder: Path) -> Path:
    save_file(ARRAYS, folder / "model.safetensors")
    return folder / "model.safetensors"


def many_safetensors(corpus: Path, folder: Path) -> Path:
    files = {}
    for number, (key, array) in enumerate(ARRAYS.items(), 1):
        files[key] = f"model-{number:05}-of-00002.safetensors"
        save_file({key: array}, folder / files[key])
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": files}))
    return index


def npz(corpus: Path, folder: Path) -> Path:
    np.savez(folder / "model.npz", **ARRAYS)
    return folder / "model.npz"


def npy(corpus: Path, folder: Path) -> Path:
    np.save(folder / "kernel.npy", ARRAYS["dense/kernel"])
    return folder / "kernel.npy"


MADE: dict[str, Callable[[Path, Path], Path]] = {
    "tf_v1": copied("Gknoblau__nxt-tensorflow/video_weights.ckpt"),
    "tf_v1 in files": copied(HALF),
    "saved_model": copied(SAVED_MODEL),
    "keras": copied(f"{CHURN}/model.keras"),
    "keras_h5": copied(f"{CHURN}/model.h5"),
    "keras_weights": weights_of_keras,
    "safetensors": one_safetensors,
    "safetensors in files": many_safetensors,
    "npz": npz,
    "npy": npy,
}
"""By format (and in how many files): makes one in a folder, given the corpus; the path that a person names."""
