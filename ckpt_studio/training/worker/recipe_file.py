"""Runs a recipe and takes what its `build()` returns: model, optimizer, loss, dataset or a train step."""

from __future__ import annotations

import importlib.util
import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import keras
import tensorflow as tf
from tensorflow.python.trackable.base import Trackable

from ckpt_studio.core.errors import RunFault

_NO_OBJECTS: Final = ("loss", "dataset", "train_step", "batch_size")


@dataclass
class Recipe:
    """What a recipe built.

    Attributes:
        path: its file.
        objects: trackable objects by name: the root of the checkpoint.
        model, optimizer: those of these names, or None.
        loss: a name, a Keras loss or a function of targets and predictions.
        dataset: a `tf.data.Dataset`, arrays, an iterable of batches, or None.
        train_step: a function of a batch, or None.
        batch_size: rows a step where the dataset is arrays.
        seeds: states of random numbers by name, which TensorFlow's checkpoints do not hold.
    """

    path: Path
    objects: dict[str, Any] = field(default_factory=dict)
    model: Any = None
    optimizer: Any = None
    loss: Any = None
    dataset: Any = None
    train_step: Any = None
    batch_size: int | None = None
    seeds: dict[str, Any] = field(default_factory=dict)


def load_recipe(path: str) -> Recipe:
    """Run a recipe.

    Raises:
        RunFault: it does not keep to the contract; the message says how.
        Exception: whatever it raises.
    """
    file = Path(path)
    spec = importlib.util.spec_from_file_location("recipe", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["recipe"] = module
    sys.path.insert(0, str(file.parent))
    os.chdir(file.parent)
    spec.loader.exec_module(module)
    build = getattr(module, "build", None)
    if not callable(build):
        raise RunFault(f"The recipe {path} has no function build().", path=path)
    if any(one.default is one.empty and one.kind is not one.VAR_KEYWORD and one.kind is not one.VAR_POSITIONAL
           for one in inspect.signature(build).parameters.values()):  # fmt: skip
        raise RunFault(f"build() of the recipe {path} must take no arguments.", path=path)
    return _recipe(file, build())


def _recipe(file: Path, built: Any) -> Recipe:
    if isinstance(built, keras.Model):
        built = {"model": built}
    elif isinstance(built, tuple) and len(built) == 2:
        built = {"model": built[0], "dataset": built[1]}
    elif not isinstance(built, Mapping):
        built = {name: getattr(built, name) for name in _names(built)}
    recipe = Recipe(file)
    for name in ("model", "optimizer", "loss", "dataset", "train_step", "batch_size"):
        setattr(recipe, name, built.get(name))
    recipe.objects = {
        str(name): one
        for name, one in built.items()
        if name not in _NO_OBJECTS and isinstance(one, Trackable) and not isinstance(one, tf.data.Dataset)
    }
    recipe.seeds = {
        str(name): one.state for name, one in built.items() if isinstance(one, keras.random.SeedGenerator)
    }
    if isinstance(recipe.model, keras.Model) and recipe.optimizer is None:
        recipe.optimizer = getattr(recipe.model, "optimizer", None)
        if recipe.optimizer is not None:
            recipe.objects.setdefault("optimizer", recipe.optimizer)
    parts = (recipe.optimizer, recipe.loss)
    is_plain = isinstance(recipe.model, keras.Model) and recipe.train_step is None
    if is_plain and not recipe.model.compiled and None not in parts:
        recipe.model.compile(*parts, jit_compile=False)
    if not recipe.objects:
        raise RunFault(
            f"build() of the recipe {file} returned nothing that TensorFlow could save.", path=file
        )
    compiled = getattr(recipe.model, "compiled", False)
    if recipe.train_step is None and not compiled and (recipe.optimizer is None or recipe.loss is None):
        raise RunFault(
            f"build() of the recipe {file} must return a train_step, a compiled model, or model, optimizer and loss.",
            path=file,
        )
    return recipe


def _names(built: Any) -> list[str]:
    """Public attributes of an object, those of named tuples and slots included."""
    names = getattr(built, "_fields", None) or [
        *getattr(built, "__dict__", {}),
        *getattr(built, "__slots__", ()),
    ]
    return [name for name in names if not name.startswith("_")]
