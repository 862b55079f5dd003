"""The run of a Keras model that was built from its configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import keras
from keras.src.saving.serialization_lib import SafeModeScope

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.worker.confine import confine_job
from ckpt_studio.training.worker.hold_still import hold_still
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keras_data import ModelData, plan_data
from ckpt_studio.training.worker.keras_files import KerasWriter
from ckpt_studio.training.worker.legacy_settings import legacy_model, legacy_settings
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.live import LiveVariable, keras_variables
from ckpt_studio.training.worker.routes.stepped import Parts, SteppedTrainer, prepare_tensorflow
from ckpt_studio.training.worker.stepping import Batches, FedBatches


class KerasRun:
    """Runs of the route `keras`."""

    name: ClassVar[str] = "keras"

    def build(self, job: Job, link: Link) -> SteppedTrainer:
        """As `WorkerRoute.build`."""
        data = job.spec.data
        confine_job(job, link, [] if data is None or data.file is None else [Path(data.file)])
        prepare_tensorflow(job)
        model = _model(job)
        feed = ModelData(model)
        plan, mapping, feeder = plan_data(job, feed.inputs)
        card = replace(
            job.card,
            inputs=feed.inputs,
            mapping=mapping,
            problems=plan.problems,
            notes=(*job.card.notes, *plan.notes),
        )

        def batches() -> Batches:
            assert feeder is not None
            return FedBatches(feeder.many, feed.batch)

        weights = list(model.trainable_variables)

        def hold(frozen: Sequence[LiveVariable]) -> None:
            hold_still(model.optimizer, weights, [one.variable for one in frozen])
            if job.spec.learning_rate is not None:
                set_rate(model.optimizer, job.spec.learning_rate)

        variables = keras_variables(model, model.optimizer, is_new=job.spec.optimizer is not None)
        writer = KerasWriter(job.folder, model, job.card.frozen)
        return SteppedTrainer(
            job, Parts(card, variables, lambda batch: keras_step(model, *batch), batches, writer, hold)
        )


def keras_step(model: Any, x: Any, y: Any, sample_weight: Any = None) -> Any:
    """One step of a compiled model, as `fit` does it; its loss."""
    import tensorflow as tf

    if type(model).train_step is not keras.Model.train_step:  # the person's own
        model.reset_metrics()
        told = model.train_step((x, y) if sample_weight is None else (x, y, sample_weight))
        return told["loss"] if isinstance(told, Mapping) else told
    with tf.GradientTape() as tape:
        predicted = model(x, training=True) if model._call_has_training_arg else model(x)
        loss = model.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=sample_weight, training=True)
        scaled = model.optimizer.scale_loss(loss)
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
    return loss


def _model(job: Job) -> Any:
    """The model, compiled as the file and the SPEC say, with its optimizer built on all weights."""
    said = json.loads(job.folder.model.read_text("utf-8"))
    with SafeModeScope(True):
        if said["kind"] == "keras":
            model = keras.saving.deserialize_keras_object(
                {**said["model"], "compile_config": None}, safe_mode=True
            )
            settings = keras.saving.deserialize_keras_object(said["training"]) if said["training"] else {}
        else:
            model = legacy_model(said["model"])
            settings = legacy_settings(said["training"])
    settings = {name: settings.get(name) for name in ("optimizer", "loss", "loss_weights")}
    compile_model(model, settings, job)
    return model


def compile_model(model: Any, settings: Mapping[str, Any], job: Job) -> None:
    """Compile a model with what the SPEC has in place of its settings, and build its optimizer on all weights.

    Raises:
        RunFault: it has no loss.
    """
    settings = dict(settings)
    if job.spec.optimizer is not None:
        given = job.spec.optimizer
        settings["optimizer"] = keras.optimizers.get(given if isinstance(given, str) else dict(given))
    if job.spec.loss is not None:
        settings["loss"] = job.spec.loss
    if not settings.get("loss"):
        raise RunFault("The model was not compiled, so it has no loss; name one.")
    optimizer = keras.optimizers.get(settings.get("optimizer") or "rmsprop")
    model.compile(**{**settings, "optimizer": optimizer}, jit_compile=False)
    optimizer.build(model.trainable_variables)


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
