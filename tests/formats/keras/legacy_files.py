"""Files in the layouts of Keras 1, Keras 2 and tf.keras, written as their `hdf5_format` modules write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, Sequence[tuple[str, NDArray[Any]]]]
"""By layer, in order: names and values."""

_MOST_OF_A_HEADER = 64512


def values(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    """Numbers that no other call gives."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def save_names(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    """A list of names, cut into several attributes where it is too long for one, as Keras does."""
    raw = np.asarray([text.encode() for text in texts])
    parts = 1
    while any(part.nbytes > _MOST_OF_A_HEADER for part in np.array_split(raw, parts)):
        parts += 1
    if parts == 1:
        group.attrs[name] = raw if len(texts) else np.zeros(0)
        return
    for number, part in enumerate(np.array_split(raw, parts)):
        group.attrs[f"{name}{number}"] = part


def save_weights(group: h5py.Group, weights: Weights, version: str | None = "2.2.4-tf") -> None:
    """`save_weights_to_hdf5_group`; Keras 1 wrote no version."""
    save_names(group, "layer_names", list(weights))
    if version is not None:
        group.attrs["backend"] = b"tensorflow"
        group.attrs["keras_version"] = version.encode()
    for layer, own in weights.items():
        inner = group.create_group(layer)
        save_names(inner, "weight_names", [name for name, _ in own])
        for name, value in own:
            inner.create_dataset(name, data=value)


def save_model(
    path: Path,
    weights: Weights,
    config: object,
    optimizer: Sequence[tuple[str, NDArray[Any]]] = (),
    training: object = None,
) -> None:
    """`save_model_to_hdf5`."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config).encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        save_weights(file.create_group("model_weights"), weights)
        if optimizer:
            group = file.create_group("optimizer_weights")
            save_names(group, "weight_names", [name for name, _ in optimizer])
            for name, value in optimizer:
                group.create_dataset(name, data=value)


def layer(kind: str, name: str, **config: object) -> dict[str, Any]:
    """One layer of a configuration."""
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def dense(name: str, rows: int, columns: int, ending: str = ":0") -> list[tuple[str, NDArray[Any]]]:
    """The weights of a Dense layer."""
    return [
        (f"{name}/kernel{ending}", values(rows, columns, seed=len(name))),
        (f"{name}/bias{ending}", values(columns, seed=len(name) + 1)),
    ]
