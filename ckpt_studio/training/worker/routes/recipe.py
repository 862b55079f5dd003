"""The run of a recipe: the person's code builds the objects, and the checkpoint's values are walked into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

import keras
import tensorflow as tf
from keras.src.backend.common import global_state
from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.roles.object_graph import parse_graph
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.binding import Live
from ckpt_studio.training.worker.confine import confine_job
from ckpt_studio.training.worker.crew import Crew
from ckpt_studio.training.worker.datasets import batches_of
from ckpt_studio.training.worker.graft import GRAPH_KEY
from ckpt_studio.training.worker.hold_still import hold_still
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import BundleWriter, Writer
from ckpt_studio.training.worker.keras_data import ModelData, plan_data
from ckpt_studio.training.worker.keras_files import KerasWriter
from ckpt_studio.training.worker.keras_layers import settle
from ckpt_studio.training.worker.keras_step import make_metrics, rates_of, set_rate
from ckpt_studio.training.worker.link import Link
from ckpt_studio.training.worker.live import LiveVariable, keras_variables, slots_of
from ckpt_studio.training.worker.lockstep import Found, Saved, walk
from ckpt_studio.training.worker.recipe_file import Recipe, load_recipe
from ckpt_studio.training.worker.recipe_step import call, parts_of, step_of
from ckpt_studio.training.worker.routes.crewed import CrewTrainer
from ckpt_studio.training.worker.routes.stepped import Parts, SteppedTrainer, prepare_tensorflow
from ckpt_studio.training.worker.stepping import Batches, FedBatches

_SEED: Final = "seed_generator_state"


class RecipeRun:
    """Runs of the route `recipe`."""

    name: ClassVar[str] = "recipe"

    def build(self, job: Job, link: Link) -> SteppedTrainer:
        """As `WorkerRoute.build`."""
        assert job.spec.recipe is not None
        data = job.spec.data
        readable = [Path(job.spec.recipe).parent, *map(Path, job.spec.reads)]
        confine_job(
            job, link, readable if data is None or data.file is None else [*readable, Path(data.file)]
        )
        prepare_tensorflow(job)
        crew = Crew(job, link) if job.spec.workers else None
        recipe = load_recipe(job.spec.recipe)
        if crew is not None:
            crew.hook(recipe)
        card, batches, first = _data(job, recipe)
        step = step_of(recipe)
        if batches is not None:
            note = _build(recipe, step, first)
            card = replace(card, notes=(*card.notes, note) if note else card.notes)
        found, variables = _variables(job, recipe)

        def hold(frozen: Sequence[LiveVariable]) -> None:
            still = [one.variable for one in frozen]
            for optimizer in _optimizers(recipe):
                hold_still(optimizer, list(optimizer._trainable_variables), still)
                if job.spec.learning_rate is not None:
                    set_rate(optimizer, job.spec.learning_rate)

        def of_run() -> Batches:
            assert batches is not None
            return batches

        def writer(frozen: Sequence[LiveVariable], keys: Sequence[str]) -> Writer:
            return _writer(job, recipe, frozen, keys)

        rates = partial(rates_of, _optimizers(recipe))
        settled = partial(settle, list(recipe.objects.values()))

        def counted() -> Sequence[Any]:
            return recipe.model.metrics_variables if isinstance(recipe.model, keras.Model) else ()

        parts = Parts(card, variables, step, of_run, writer, hold, found, rates, settled, counted)
        return SteppedTrainer(job, parts) if crew is None else CrewTrainer(job, parts, crew, recipe)


def _data(job: Job, recipe: Recipe) -> tuple[Any, Batches | None, Any]:
    """The card with what the data says, the batches (None where it has problems), and the first one."""
    card = job.card
    if recipe.dataset is not None:
        size = job.spec.batch_size or recipe.batch_size
        batches, first, reasons = batches_of(recipe.dataset, size, job.spec.seed)
        return replace(card, inexact=(*card.inexact, *reasons)), batches, first
    if not isinstance(recipe.model, keras.Model) or not getattr(recipe.model, "compiled", False):
        raise RunFault(f"build() of the recipe {recipe.path} returned no dataset.", path=recipe.path)
    feed = ModelData(recipe.model)
    plan, mapping, feeder = plan_data(job, feed.inputs)
    card = replace(
        card, inputs=feed.inputs, mapping=mapping, problems=plan.problems, notes=(*card.notes, *plan.notes)
    )
    if feeder is None:
        return card, None, None
    fed = FedBatches(feeder.many, feed.batch)
    return card, fed, fed.pick(fed.take(0, 1), tf.constant(0))


def _optimizers(recipe: Recipe) -> list[Any]:
    return [one for one in recipe.objects.values() if isinstance(one, keras.optimizers.Optimizer)]


def _build(recipe: Recipe, step: Any, first: Any) -> str:
    """Make all variables, slots included, before anything is matched: what is made later would keep its own values.

    Returns:
        Why the model's metrics are not measured, or an empty text.
    """
    model = recipe.model
    if isinstance(model, keras.Model) and not model.built:
        call(model, parts_of(first)[0])
    if recipe.train_step is None:
        if not recipe.optimizer.built:
            recipe.optimizer.build(list(model.trainable_variables))
        return make_metrics(model, parts_of(first)) if getattr(model, "compiled", False) else ""
    tf.function(step, autograph=False).get_concrete_function(
        tf.nest.map_structure(lambda one: tf.TensorSpec(one.shape, one.dtype), first)
    )
    return ""


def _variables(job: Job, recipe: Recipe) -> tuple[list[Found], list[LiveVariable]]:
    """All variables of the recipe's objects, and where each stands in the checkpoint's object graph."""
    start = open_bundle(job.start)
    raw = start.read(GRAPH_KEY).reshape(-1)[0] if GRAPH_KEY in start.columns else None
    found = walk(recipe.objects, Saved(None if raw is None else parse_graph(raw)))
    stored: dict[int, tuple[str, ...]] = {}
    if isinstance(recipe.model, keras.Model) and raw is None:
        told = keras_variables(recipe.model, recipe.optimizer)
        stored = {id(one.variable): one.told.stored for one in told}
    trained = {
        id(variable)
        for one in recipe.objects.values()
        if not isinstance(one, keras.optimizers.Optimizer)
        for variable in getattr(
            one, "trainable_variables", (one,) if getattr(one, "trainable", False) else ()
        )
    }
    place = {id(one.variable): at for at, one in enumerate(found)}
    slots: dict[int, tuple[Any, str]] = {}
    for optimizer in _optimizers(recipe):
        slots |= slots_of(optimizer)
    return found, [_live(one, stored, trained, place, slots) for one in found] + _seeds(recipe, place)


def _seeds(recipe: Recipe, known: Collection[int]) -> list[LiveVariable]:
    """States of random numbers that no object of the recipe holds: its own, and Keras's for all who name none."""
    everybodys = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    states = {f"{name}/{_SEED}": state for name, state in recipe.seeds.items()}
    for one in recipe.objects.values():
        if isinstance(one, keras.Layer):
            states |= {state.path: state for state in one.variables if state.path.endswith(_SEED)}
    if everybodys is not None:
        states[f"keras/{_SEED}"] = everybodys.state
    return [
        LiveVariable(Live(name, tuple(state.shape), tf.as_dtype(state.dtype).name, carried=True), state)
        for name, state in states.items()
        if id(state) not in known
    ]


def _live(
    found: Found,
    stored: dict[int, tuple[str, ...]],
    trained: set[int],
    place: dict[int, int],
    slots: dict[int, tuple[Any, str]],
) -> LiveVariable:
    variable = found.variable
    name = getattr(variable, "path", variable.name).removesuffix(":0")
    weight, kind = slots.get(id(variable), (None, ""))
    at = None if weight is None else place.get(id(weight))
    live = Live(
        name=name,
        shape=tuple(variable.shape),
        dtype=tf.as_dtype(variable.dtype).name,
        places=tuple(found.places),
        stored=stored.get(id(variable), ()),
        trained=id(variable) in trained,
        slot_of=at,
        slot=kind if at is not None else "",
        of_optimizer=weight is None and id(variable) in slots,
        carried=name.endswith(_SEED),
    )
    return LiveVariable(live, variable)


def _writer(job: Job, recipe: Recipe, frozen: Sequence[LiveVariable], keys: Sequence[str]) -> Writer:
    """Files of Keras stay files of Keras; everything else is a bundle."""
    kind = job.card.settings.get("format")
    if isinstance(recipe.model, keras.Model) and isinstance(kind, str) and kind.startswith("keras"):
        return KerasWriter(job.folder, recipe.model, frozen)
    return BundleWriter(job.folder, keys)
