"""What the runs of TensorFlow 2 models share: binding, freezing, steps inside the graph, state beside checkpoints."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import tensorflow as tf

from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.binding import Binding, bind
from ckpt_studio.training.card import Card
from ckpt_studio.training.protocol import METRICS_SECONDS
from ckpt_studio.training.variables_file import read_known
from ckpt_studio.training.worker.faults import NotANumber
from ckpt_studio.training.worker.graft import GRAPH_KEY, graft
from ckpt_studio.training.worker.job import Job
from ckpt_studio.training.worker.keep import RunCheckpoints, Writer
from ckpt_studio.training.worker.live import LiveVariable, give_values
from ckpt_studio.training.worker.lockstep import Found
from ckpt_studio.training.worker.loose_state import loose_states
from ckpt_studio.training.worker.routes.base import Done, has_before
from ckpt_studio.training.worker.run_state import encode_state, restore_state
from ckpt_studio.training.worker.stepping import Batches, Step, Stepper
from ckpt_studio.training.worker.values import TrainedValues

_OF_METRICS: Final = re.compile(r"keras_api/|(compile_)?metrics/")


@dataclass(frozen=True)
class Parts:
    """What a route has built.

    Attributes:
        card: what it knows.
        variables: all of the model's.
        step: trains on one batch.
        batches: where they come from.
        writer: makes what writes checkpoints, of the frozen variables and the keys that the start has for them.
        hold: told which variables are frozen, before anything is traced.
        found: where each stands in the checkpoint's object graph, for checkpoints that have one.
        rates: numbers that are looked at now and then and not each step, such as the learning rate.
        settle: told when all variables have their values, before anything is traced.
        counted: the variables of metrics, once the step was traced.
    """

    card: Card
    variables: Sequence[LiveVariable]
    step: Step
    batches: Callable[[], Batches]
    writer: Callable[[Sequence[LiveVariable], Sequence[str]], Writer]
    hold: Callable[[Sequence[LiveVariable]], None]
    found: Sequence[Found] = ()
    rates: Callable[[], Mapping[str, float]] = dict
    settle: Callable[[], object] = field(default=lambda: None)
    counted: Callable[[], Sequence[Any]] = tuple


def prepare_tensorflow(job: Job) -> None:
    """Seeds and threads, before any operation runs."""
    import keras

    tf.config.threading.set_intra_op_parallelism_threads(job.intra_op)
    tf.config.threading.set_inter_op_parallelism_threads(job.inter_op)
    keras.utils.set_random_seed(job.spec.seed % (1 << 32))


class SteppedTrainer:
    """One TensorFlow 2 model with its values; implements `Trainer`."""

    most_at_once = 1024

    def __init__(self, job: Job, parts: Parts) -> None:
        self._job = job
        self._variables = parts.variables
        self._rates = parts.rates
        self._rated = 0.0
        self._start = start = open_bundle(job.start)
        self.binding = bind([one.told for one in parts.variables], read_known(job.folder.known))
        frozen = self._frozen(parts)
        card = _with_binding(parts.card, self.binding, frozen)
        writer = parts.writer([parts.variables[at] for at in frozen], card.frozen)
        self._checkpoints = RunCheckpoints(job.folder, job.spec, writer)
        if card.problems:
            self.card = card
            return
        give_values(parts.variables, self.binding, start)
        parts.settle()
        parts.hold([parts.variables[at] for at in frozen])
        self._stepper = Stepper(parts.step, parts.batches(), [parts.variables[at].resource for at in frozen])
        self._all = (*parts.variables, *loose_states(self._stepper.traced, parts.variables, parts.counted()))
        reasons = restore_state(job, self._all)
        if self._stepper.random:
            named = ", ".join(self._stepper.random)
            reasons = (*reasons, f"The step draws random numbers whose state no checkpoint holds ({named}).")
        self.card = replace(
            card, blocked=card.blocked + self._stepper.blocked, inexact=(*card.inexact, *reasons)
        )
        self._graph, self._grafted = self._graft(parts)

    def _graft(self, parts: Parts) -> tuple[Any, dict[int, str]]:
        """The object graph with what the checkpoint did not hold, and the new keys by the places of the variables."""
        places = [at for at in range(len(parts.found)) if at not in self.binding.pairs]
        if not places or GRAPH_KEY not in self._start.columns:
            return None, {}
        raw = self._start.read(GRAPH_KEY).reshape(-1)[0]
        graph, keys = graft(raw, [(parts.found[at], parts.variables[at].told.name) for at in places])
        return graph, {places[number]: key for number, key in keys.items()}

    def _frozen(self, parts: Parts) -> list[int]:
        """Places of the variables that must not change: those of frozen keys, their slots, and statistics if wanted."""
        keys = set(self._job.card.frozen)
        binding = self.binding
        found = {at for at in binding.pairs if not keys.isdisjoint(binding.keys_of(at))}
        told = [one.told for one in parts.variables]
        found |= {at for at, one in enumerate(told) if one.slot_of in found}
        if self._job.spec.freeze_statistics:
            layers = {told[at].name.rpartition("/")[0] for at in found if told[at].trained}
            found |= {
                at
                for at, one in enumerate(told)
                if not one.trained and one.slot_of is None and not one.carried
                and one.name.rpartition("/")[0] in layers
            }  # fmt: skip
        return sorted(found)

    def try_batch(self) -> tuple[float | None, float | None]:
        """As `Trainer.try_batch`: one step's loss, after which every variable gets its value back."""
        kept = [one.value().copy() for one in self._all]
        before = after = self._try(kept)
        if has_before(self._job):
            original = open_bundle(str(self._job.folder.before))
            give_values(self._variables, self.binding, original, list(original.columns.keys))
            before = self._try(kept)
        return before, after

    def _try(self, kept: Sequence[Any]) -> float:
        (loss,), _ = self._stepper.steps(self.card.start_step, 1)
        for one, value in zip(self._all, kept, strict=True):
            one.variable.assign(value)
        return loss

    def steps(self, at: int, count: int) -> Done:
        """As `Trainer.steps`."""
        losses, scalars = self._stepper.steps(at, count)
        now = time.monotonic()
        if now - self._rated >= METRICS_SECONDS:
            self._rated = now
            for name, rate in self._rates().items():
                scalars[name] = [*[None] * (count - 1), rate]
        return Done(losses, scalars=scalars)

    def save(self, step: int, loss: float) -> str:
        """As `Trainer.save`."""
        values: dict[str, Any] = {}
        for place, one in enumerate(self._variables):
            pair = self.binding.pairs.get(place)
            if pair is not None:
                known = self.binding.known[pair[0]]
                values[known.key] = _as_saved(one.value(), known.dtype)
            self._check(one, step)
        for place, key in self._grafted.items():
            values[key] = self._variables[place].value()
        if self._grafted:
            values[GRAPH_KEY] = self._graph
        state = encode_state(self._job, self._all)
        return self._checkpoints.save(step, TrainedValues(self._start, values), state, loss)

    def leave(self) -> None:
        """As `Trainer.leave`."""

    def _check(self, one: LiveVariable, step: int) -> None:
        if self._job.spec.on_nan != "stop" or not one.told.trained:
            return
        values = one.value()
        if not np.isfinite(values.astype(np.float64, copy=False)).all():
            raise NotANumber(f"{one.told.name} is not finite any more at step {step}, so that was not saved.")


def _as_saved(value: Any, dtype: str) -> Any:
    """A count in the integer type that the checkpoint has for it: releases of Keras differ in that."""
    return value.astype(dtype) if value.dtype.kind == "i" and value.dtype.name != dtype else value


def _unsure(card: Card, binding: Binding) -> list[str]:
    """Why a model cannot be the file's, though the file itself says it: it has what the model lacks, by other names."""
    if card.route != "keras":
        return []
    lacks = [
        one.name for at, one in enumerate(binding.live)
        if at not in binding.pairs and not one.of_optimizer and one.slot_of is None and not one.carried
    ]  # fmt: skip
    unused = set(binding.unused)
    has = [one.key for one in binding.known if one.key in unused and one.role in ("weight", "statistic")]
    has = [key for key in has if not _OF_METRICS.match(key)]
    if not lacks or not has:
        return []
    return [
        f"The model's {some_of(lacks, 3)} cannot be told among {some_of(has, 3)} of the checkpoint; rename what "
        "belongs together."
    ]


def _with_binding(card: Card, binding: Binding, frozen: Collection[int]) -> Card:
    bound = binding.bound
    pairs = binding.pairs
    keys = sorted({key for at in frozen if at in pairs for key in binding.keys_of(at)})
    notes = [f"{key} is frozen, and the model does not have it." for key in card.frozen if key not in keys]
    problems = [
        *binding.problems,
        *(
            f"{one.key} is {one.checkpoint} in the checkpoint and {one.model} in the model ({one.name})."
            for one in binding.differs
        ),
    ]
    missing = binding.missing()
    anew = [one.name for one in missing if not one.name.endswith("learning_rate")]  # that is a setting
    inexact = []
    if anew and card.start_step:
        inexact.append(f"The checkpoint does not hold {some_of(anew, 3)}: what is missing begins anew.")
    problems += _unsure(card, binding)
    if not any(one.trained for one in bound):
        problems.append("None of the model's weights is in the checkpoint; it is another model.")
    return replace(
        card,
        bound=tuple(sorted({one.key for one in bound})),
        bindings=bound,
        trained=tuple(sorted(one.key for one in bound if one.trained)),
        missing=missing,
        unused=binding.unused,
        differs=binding.differs,
        frozen=tuple(keys),
        notes=(*card.notes, *notes),
        inexact=(*card.inexact, *inexact),
        problems=(*card.problems, *problems),
    )
