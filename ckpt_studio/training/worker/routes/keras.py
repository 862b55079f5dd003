"""The run of a Keras model that was built from its configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import keras
import tensorflow as tf
from keras.src.saving.serialization_lib import SafeModeScope

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.variables_file import read_known
from ckpt_studio.training.worker.confine import confine_job
from ckpt_studio.training.worker.hold_still import hold_still
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import Writer
from ckpt_studio.training.worker.keras_data import ModelData, plan_data
from ckpt_studio.training.worker.keras_files import KerasWriter
from ckpt_studio.training.worker.keras_layers import give_vocabularies, settle
from ckpt_studio.training.worker.keras_step import (
    compile_model,
    keras_step,
    make_metrics,
    rates_of,
    set_rate,
)
from ckpt_studio.training.worker.legacy_settings import legacy_model, legacy_settings
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.live import LiveVariable, keras_variables
from ckpt_studio.training.worker.routes.stepped import Parts, SteppedTrainer, prepare_tensorflow
from ckpt_studio.training.worker.stepping import Batches, FedBatches

_WRAPPED: Final = "optimizer/inner_optimizer/"


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

        if feeder is not None:
            fed = FedBatches(feeder.many, feed.batch)
            note = make_metrics(model, fed.pick(fed.take(0, 1), tf.constant(0)))
            card = replace(card, notes=(*card.notes, note) if note else card.notes)
        variables = keras_variables(model, model.optimizer, is_new=job.spec.optimizer is not None)

        def writer(frozen: Sequence[LiveVariable], _: Sequence[str]) -> Writer:
            return KerasWriter(job.folder, model, frozen)

        step = partial(_step, model)
        rates = partial(rates_of, [model.optimizer])
        settled = partial(settle, [model])
        return SteppedTrainer(
            job,
            Parts(
                card,
                variables,
                step,
                batches,
                writer,
                hold,
                rates=rates,
                settle=settled,
                counted=lambda: model.metrics_variables,
            ),
        )


def _step(model: Any, batch: Any) -> Any:
    return keras_step(model, *batch)


def _model(job: Job) -> Any:
    """The model, compiled as the file and the SPEC say, with its optimizer built on all weights.

    Raises:
        RunFault: Keras cannot make it from what the file says.
    """
    said = json.loads(job.folder.model.read_text("utf-8"))
    try:
        model, settings = _made(said)
        give_vocabularies(model, job.folder.assets, job.card.meta_graph)
    except (ValueError, TypeError, LookupError, AttributeError, ImportError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RunFault(
            f"Keras cannot make the model from {job.card.meta_graph}: {lines[0].rstrip('.')}; write a recipe that "
            "builds it."
        ) from error
    compile_model(model, settings, job, scaled=_is_scaled(said, job))
    return model


def _made(said: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The model and the settings that it was compiled with."""
    with SafeModeScope(True):
        if said["kind"] == "keras":
            model = keras.saving.deserialize_keras_object(
                {**said["model"], "compile_config": None}, safe_mode=True
            )
            settings = keras.saving.deserialize_keras_object(said["training"]) if said["training"] else {}
        else:
            model = legacy_model(said["model"])
            settings = legacy_settings(said["training"])
    kept = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")
    return model, {name: settings.get(name) for name in kept}


def _is_scaled(said: Mapping[str, Any], job: Job) -> bool:
    """Whether the loss is scaled, for weights of half precision.

    Keras wraps the optimizer for that without saying so in a file's settings; that it did is seen by what it kept. A
    new optimizer is wrapped where Keras would.
    """
    if any(one.key.startswith(_WRAPPED) for one in read_known(job.folder.known)):
        return True
    config = said["model"].get("config")
    policy = config.get("dtype") if isinstance(config, Mapping) else None
    policy = policy.get("config", {}).get("name") if isinstance(policy, Mapping) else policy
    return job.spec.optimizer is not None and policy == "mixed_float16"
