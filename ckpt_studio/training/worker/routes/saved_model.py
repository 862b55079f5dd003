"""The run of a SavedModel: TensorFlow loads it, and one of its signatures is the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final

import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.roles.object_graph import parse_graph
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.binding import Live
from ckpt_studio.training.data import Input
from ckpt_studio.training.worker.confine import confine_job
from ckpt_studio.training.worker.graft import GRAPH_KEY
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import Writer
from ckpt_studio.training.worker.keras_data import plan_data
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.live import LiveVariable
from ckpt_studio.training.worker.lockstep import Saved, walk
from ckpt_studio.training.worker.routes.stepped import Parts, SteppedTrainer, prepare_tensorflow
from ckpt_studio.training.worker.saved_model_files import SavedModelWriter
from ckpt_studio.training.worker.stepping import Batches, FedBatches

_TRAINS: Final = ("train", "fit", "learn", "update")


class SavedModelRun:
    """Runs of the route `saved_model`."""

    name: ClassVar[str] = "saved_model"

    def build(self, job: Job, link: Link) -> SteppedTrainer:
        """As `WorkerRoute.build`."""
        data = job.spec.data
        confine_job(job, link, [] if data is None or data.file is None else [Path(data.file)])
        prepare_tensorflow(job)
        loaded = tf.saved_model.load(str(job.folder.saved_model))
        name, signature = _signature(job, loaded.signatures)
        inputs = _inputs(signature)
        loss = _loss(job, signature)
        plan, mapping, feeder = plan_data(job, inputs)
        card = replace(
            job.card,
            train_ops=(name,),
            train_choices=tuple(sorted(loaded.signatures)),
            loss=loss,
            loss_choices=tuple(signature.structured_outputs),
            inputs=inputs,
            mapping=mapping,
            problems=plan.problems,
            notes=(*job.card.notes, *plan.notes),
        )

        def step(batch: Mapping[str, Any]) -> Any:
            told = signature(**batch)
            return {"loss": told.pop(loss), **told}

        def batches() -> Batches:
            assert feeder is not None
            return FedBatches(
                feeder.many, lambda fed: {tensor.removesuffix(":0"): value for tensor, value in fed.items()}
            )

        variables = _variables(job, loaded)

        def writer(_: Sequence[LiveVariable], frozen: Sequence[str]) -> Writer:
            return SavedModelWriter(job.folder, frozen)

        return SteppedTrainer(job, Parts(card, variables, step, batches, writer, _nothing))


def _nothing(_: Sequence[LiveVariable]) -> None:
    """Nobody but the graph knows who updates what, so frozen variables are held still there."""


def _signature(job: Job, signatures: Mapping[str, Any]) -> tuple[str, Any]:
    wanted = job.spec.train_op
    likely = [name for name in sorted(signatures) if any(word in name.lower() for word in _TRAINS)]
    name = wanted if wanted is not None else next(iter(likely), None)
    if name is None or name not in signatures:
        known = ", ".join(sorted(signatures)) or "none"
        said = "no signature that trains" if wanted is None else f"no signature {wanted!r}"
        raise RunFault(
            f"The SavedModel has {said}; its signatures are: {known}. Name one of them, or write a recipe."
        )
    return name, signatures[name]


def _inputs(signature: Any) -> tuple[Input, ...]:
    return tuple(
        Input(
            f"{name}:0", spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape), "Signature"
        )
        for name, spec in signature.structured_input_signature[1].items()
    )


def _loss(job: Job, signature: Any) -> str:
    """The output that is the loss: the one that a person named, the one of that name, the first number."""
    outputs = signature.structured_outputs
    wanted = job.spec.loss
    if wanted is not None and wanted not in outputs:
        raise RunFault(
            f"The signature has no output {wanted!r}; its outputs are: {', '.join(sorted(outputs))}."
        )
    numbers = [name for name, spec in sorted(outputs.items()) if spec.dtype.is_floating]
    found = wanted or ("loss" if "loss" in outputs else next(iter(numbers), None))
    if found is None:
        raise RunFault("The signature gives no number that could be its loss.")
    return str(found)


def _variables(job: Job, loaded: Any) -> list[LiveVariable]:
    start = open_bundle(job.start)
    raw = start.read(GRAPH_KEY).reshape(-1)[0] if GRAPH_KEY in start.columns else None
    saved = Saved(None if raw is None else parse_graph(raw))
    return [
        LiveVariable(
            Live(
                name=one.variable.name.removesuffix(":0"),
                shape=tuple(one.variable.shape),
                dtype=one.variable.dtype.name,
                places=tuple(one.places),
                trained=one.variable.trainable,
            ),
            one.variable,
        )
        for one in walk({"": loaded}, saved, at_root=True)
    ]
