"""The step of a recipe: its own, or the one that its model, optimizer and loss make."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from ckpt_studio.training.worker.keras_step import keras_step
from ckpt_studio.training.worker.recipe_file import Recipe


def step_of(recipe: Recipe) -> Callable[[Any], Any]:
    """A function of a batch that trains on it; what it tells is as `told.numbers_of` takes it."""
    if recipe.train_step is not None:
        return _own_step(recipe.train_step)
    if getattr(recipe.model, "compiled", False):
        return lambda batch: keras_step(recipe.model, *parts_of(batch))
    loss = keras.losses.get(recipe.loss) if isinstance(recipe.loss, str) else recipe.loss

    def step(batch: Any) -> Any:
        x, y, weight = parts_of(batch)
        with tf.GradientTape() as tape:
            value = (
                loss(y, call(recipe.model, x)) if weight is None else loss(y, call(recipe.model, x), weight)
            )
            value = tf.reduce_mean(value) + sum(getattr(recipe.model, "losses", ()))
        weights = list(recipe.model.trainable_variables)
        recipe.optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
        return value

    return step


def call(model: Any, x: Any) -> Any:
    """The model's answer while it is trained."""
    try:
        takes = "training" in inspect.signature(model.call if hasattr(model, "call") else model).parameters
    except (TypeError, ValueError):
        takes = isinstance(model, keras.Model)
    return model(x, training=True) if takes else model(x)


def parts_of(batch: Any) -> tuple[Any, Any, Any]:
    """Features, targets and sample weights of a batch as `fit` takes it."""
    if isinstance(batch, tuple | list) and 1 <= len(batch) <= 3:
        x, y, weight = (*batch, None, None)[:3]
        return x, y, weight
    return batch, None, None


def _own_step(train_step: Any) -> Callable[[Any], Any]:
    traced = train_step if hasattr(train_step, "get_concrete_function") else tf.function(train_step)
    plain = getattr(train_step, "python_function", train_step)
    needed = [
        one for one in inspect.signature(plain).parameters.values()
        if one.default is one.empty and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]  # fmt: skip
    apart = len(needed) > 1

    def step(batch: Any) -> Any:
        return traced(*batch) if apart and isinstance(batch, tuple | list) else traced(batch)

    return step
