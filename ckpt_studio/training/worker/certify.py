"""Restores a checkpoint with the library that it is meant for, and says the checksum of each tensor that it gets.

`python -m ckpt_studio.training.worker.certify FORMAT PATH FOLDER`: `training.certify` starts it, nobody imports it. It
prints one JSON object a line:

    {"ready": WHAT}                          when the library has opened the file
    {"key", "dtype", "shape", "crc"}         for each tensor; or
    {"key", "error"}                         where it cannot be restored
    {"key", "unable"}                        where the library cannot hand out its type
    {"end": COUNT}                           last

The key is in hexadecimal. The checksum is the CRC32C of the values in C order and little-endian; of texts, of the
length (8 bytes) and the bytes of each.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.core.crc import crc32c
from ckpt_studio.core.tensors import encode

Tensors = Iterator[tuple[str, Callable[[], Any]]]
"""Keys, each with what reads its values."""


class Unable(Exception):
    """The library has no way to hand a tensor of this type out."""


def _bundle(path: str, _room: str) -> tuple[str, Tensors]:
    import tensorflow as tf

    reader = tf.train.load_checkpoint(path)
    keys = sorted(reader.get_variable_to_dtype_map(), key=encode)
    return f"TensorFlow {tf.__version__}", ((key, lambda key=key: reader.get_tensor(key)) for key in keys)


def _npz(path: str, _room: str) -> tuple[str, Tensors]:
    archive = np.load(path, allow_pickle=False)
    return f"NumPy {np.__version__}", ((key, lambda key=key: archive[key]) for key in archive.files)


def _safetensors(path: str, _room: str) -> tuple[str, Tensors]:
    import safetensors

    paths = [Path(path)]
    if path.endswith(".json"):
        named = sorted(set(json.loads(paths[0].read_bytes())["weight_map"].values()))
        paths = [paths[0].with_name(name) for name in named]
    files: list[Any] = [safetensors.safe_open(each, framework="numpy") for each in paths]
    found = [(key, file) for file in files for key in list(file.keys())]

    def read(file: Any, key: str) -> Any:
        try:
            return file.get_tensor(key)
        except AttributeError as error:  # it looks for types of eight bits in NumPy, which has none
            raise Unable(str(error)) from error

    every = ((key, lambda key=key, file=file: read(file, key)) for key, file in found)
    return f"safetensors {safetensors.__version__}", every


def _hdf5(path: str, _room: str) -> tuple[str, Tensors]:
    import h5py

    return f"h5py {h5py.__version__}", _datasets(h5py.File(path, "r"))


def _keras(path: str, room: str) -> tuple[str, Tensors]:
    """What Keras has after loading the model, as it saves it again. Only asked for models of Keras's own classes."""
    import keras

    from ckpt_studio.training.worker.confine import confine

    tempfile.tempdir = room
    confine(Path(room), [Path(path)])
    again = Path(room) / "again.keras"
    keras.saving.load_model(path, safe_mode=True).save(again)
    found = dict(_datasets(_weights(str(again))))
    wanted = [key for key, _ in _datasets(_weights(path))]
    return f"Keras {keras.__version__}", ((key, found.get(key, _missing)) for key in wanted)


def _keras_unloaded(path: str, _room: str) -> tuple[str, Tensors]:
    import h5py

    library = f"h5py {h5py.__version__} (and not Keras, which does not have all classes of this model)"
    return library, _datasets(_weights(path))


def _missing() -> Any:
    raise KeyError("Keras does not have it")


def _weights(path: str) -> Any:
    """The HDF5 file in an archive."""
    import h5py

    return h5py.File(zipfile.ZipFile(path).open("model.weights.h5"), "r")


def _datasets(file: Any) -> Tensors:
    import h5py
    import ml_dtypes

    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)

    def read(key: str) -> Any:
        dataset = file[key]
        marked = dataset.attrs.get("dtype") == "bfloat16"
        return np.array(dataset).view(ml_dtypes.bfloat16) if marked else np.array(dataset)

    return ((key, partial(read, key)) for key in found)


OPENERS: dict[str, Callable[[str, str], tuple[str, Tensors]]] = {
    "tf_bundle": _bundle,
    "npz": _npz,
    "safetensors": _safetensors,
    "keras_weights": _hdf5,
    "keras_h5": _hdf5,
    "keras": _keras,
    "keras_unloaded": _keras_unloaded,
}


def _array(values: Any) -> np.ndarray[Any, Any]:
    """An array; a single text becomes none of NumPy's own, which would lose zero bytes at its end."""
    return np.array(values, object) if isinstance(values, bytes) else np.asarray(values)


def checksum(values: Any) -> int:
    """CRC32C of an array, as the module says."""
    array = np.asarray(values)
    if array.dtype.kind not in "OSU":
        plain = np.ascontiguousarray(array)
        if array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and sys.byteorder == "big"):
            plain = plain.byteswap()
        return crc32c(plain.reshape(-1).view(np.uint8))
    crc = 0
    for text in array.reshape(-1).tolist():
        raw = text if isinstance(text, bytes) else str(text).encode("utf-8", "surrogateescape")
        crc = crc32c(raw, crc32c(len(raw).to_bytes(8, "little"), crc))
    return crc


def main(kind: str, path: str, room: str) -> None:
    """Restore everything; `room` is an empty folder for what that needs."""
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what libraries print is no answer
    library, tensors = OPENERS[kind](path, room)
    print(json.dumps({"ready": library}), file=out, flush=True)
    count = 0
    for key, read in tensors:
        try:
            values = _array(read())
            said: dict[str, Any] = {
                "shape": values.shape,
                "dtype": values.dtype.name,
                "crc": checksum(values),
            }
        except Unable as error:
            said = {"unable": str(error)}
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {str(error).strip()[:300]}"}
        print(json.dumps({"key": encode(key).hex(), **said}), file=out, flush=True)
        count += 1
    print(json.dumps({"end": count}), file=out, flush=True)
    os._exit(0)  # libraries' own threads may take their time


if __name__ == "__main__":
    main(*sys.argv[1:])
