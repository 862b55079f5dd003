"""What layers of a Keras model need beside values of variables: vocabularies, and constants that are made of them.

Keras sees to both when it loads a file; a run builds the model from its configuration and gives it values itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import keras
from keras.src.layers.preprocessing.index_lookup import IndexLookup
from keras.src.saving import saving_lib

from ckpt_studio.core.errors import RunFault


def give_vocabularies(model: Any, folder: Path, path: str) -> None:
    """Give layers that look words up what they were adapted to.

    Args:
        model: a Keras model that was built from its configuration.
        folder: what the file had beside variables; need not exist.
        path: the file, for messages.

    Raises:
        RunFault: a layer has no vocabulary after that.
    """
    if folder.is_dir():
        store = saving_lib.DiskIOStore(str(folder), mode="r")
        saving_lib._load_state(model, None, store, "", visited_saveables=set())
    for layer in _layers([model]):
        if isinstance(layer, IndexLookup) and layer.vocabulary_size() <= _tokens(layer):
            raise RunFault(
                f"The file {path} does not hold the vocabulary of the layer {layer.name}; write a recipe that builds "
                "the model and gives it one."
            )


def _tokens(layer: Any) -> int:
    """How many entries of a vocabulary stand for no word."""
    return int(layer.num_oov_indices) + (layer.mask_token is not None)


def settle(objects: Iterable[Any]) -> None:
    """Let layers compute the constants that they make of their variables, such as means to normalise with."""
    for layer in _layers(objects):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()


def _layers(objects: Iterable[Any]) -> Iterator[Any]:
    for one in objects:
        if isinstance(one, keras.Layer):
            yield from one._flatten_layers()
