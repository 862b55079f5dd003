"""Compiles a Keras model as its file and the SPEC say, and trains it on one batch as `fit` does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.optimizer_named import new_optimizer


def keras_step(model: Any, x: Any, y: Any, sample_weight: Any = None) -> Any:
    """One step of a compiled model, as `fit` does it; its loss, and its metrics of this batch alone."""
    if type(model).train_step is not keras.Model.train_step:  # the person's own
        model.reset_metrics()
        return model.train_step(keras.utils.pack_x_y_sample_weight(x, y, sample_weight))
    with tf.GradientTape() as tape:
        predicted = model(x, training=True) if model._call_has_training_arg else model(x)
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=sample_weight, training=True)
        scaled = model.optimizer.scale_loss(loss)
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
    if not _measures(model):
        return loss
    model.reset_metrics()
    return {**model.compute_metrics(x, y, predicted, sample_weight), "loss": loss}


def _measures(model: Any) -> bool:
    """Whether it was compiled with metrics, and their variables are there."""
    metrics = getattr(model, "_compile_metrics", None)
    return metrics is not None and metrics.built


def make_metrics(model: Any, batch: tuple[Any, Any, Any]) -> str:
    """Make the variables of a model's metrics, which a traced step cannot; why it has none of them, or an empty text.

    Args:
        model: a Keras model.
        batch: features, targets and sample weights.
    """
    if getattr(model, "_compile_metrics", None) is None:
        return ""
    try:
        x, y, sample_weight = tf.nest.map_structure(lambda one: None if one is None else one[:1], batch)
        model.compute_metrics(x, y, model(x), sample_weight)
    except Exception as error:  # whatever a metric makes of it, the run can do without
        model._compile_metrics = None
        lines = [line for line in str(error).splitlines() if line.strip()]
        return f"The model's metrics are left out: {lines[-1].strip() if lines else type(error).__name__}"
    return ""


def rates_of(optimizers: Sequence[Any]) -> dict[str, float]:
    """The learning rates as they are now, by name."""
    several = len(optimizers) > 1
    return {
        f"{one.name}/learning_rate" if several else "learning_rate": float(np.asarray(one.learning_rate))
        for one in optimizers
    }


def compile_model(model: Any, settings: Mapping[str, Any], job: Job, *, scaled: bool = False) -> None:
    """Compile a model with what the SPEC has in place of its settings, and build its optimizer on all weights.

    Args:
        model: a Keras model.
        settings: what its file says.
        job: the run.
        scaled: whether the optimizer scales the loss, also where the file does not say so.

    Raises:
        RunFault: it has no loss, or one that Keras does not know.
    """
    settings = dict(settings)
    if job.spec.optimizer is not None:
        settings["optimizer"] = new_optimizer(job.spec.optimizer)
    if job.spec.loss is not None:
        settings["loss"] = job.spec.loss
    if not settings.get("loss"):
        raise RunFault("The model was not compiled, so it has no loss; name one.")
    for name in keras.tree.flatten(settings["loss"]):
        _check_loss(name)
    optimizer = keras.optimizers.get(settings.get("optimizer") or "rmsprop")
    if scaled and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
    model.compile(**{**settings, "optimizer": optimizer}, jit_compile=False)
    optimizer.build(model.trainable_variables)


def _check_loss(loss: Any) -> None:
    """See that a loss that is only named is one of Keras's. Raises RunFault."""
    try:
        if isinstance(loss, str):
            keras.losses.get(loss)
    except ValueError as error:
        raise RunFault(
            f"Keras has no loss {loss!r}; name another one, or for a model with a loss of your own, write a recipe "
            "that builds it."
        ) from error


def set_rate(optimizer: Any, rate: float) -> None:
    """Give an optimizer another learning rate.

    Raises:
        RunFault: it follows a schedule.
    """
    try:
        optimizer.learning_rate = rate
    except TypeError as error:
        raise RunFault(
            "The optimizer's learning rate follows a schedule; name another optimizer to change it."
        ) from error
