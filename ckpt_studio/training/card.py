"""The binding card: what a run would do with a checkpoint and its graph, model or recipe; said before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ckpt_studio.training.data import Input
from ckpt_studio.training.strict import strict

__all__ = ["Bound", "Card", "Differs", "Initialised", "Input", "Risk"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A variable of the model that takes its value from the checkpoint.

    Attributes:
        key: the checkpoint's.
        name: the model's.
        how: what they were matched by: `path`, `name`, `slot`, `file`.
        slot: the kind of optimizer slot that it is, empty for others.
        trained: whether the run trains it.
        stored: where a file of Keras 3 has it, empty where that is not known.
    """

    key: str
    name: str
    how: str
    slot: str = ""
    trained: bool = False
    stored: str = ""


@dataclass(frozen=True, slots=True)
class Initialised:
    """A variable that no checkpoint holds, how it gets its value, and the free keys whose names are nearest to it."""

    name: str
    how: str
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Differs:
    """A variable that the checkpoint holds in another shape or dtype than the model has; texts for a person."""

    key: str
    name: str
    checkpoint: str
    model: str


@dataclass(frozen=True, slots=True)
class Risk:
    """An operation that a person should know of before the graph runs; `kind` is files, python, network, ..."""

    kind: str
    op: str
    node: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a run would do.

    Attributes:
        meta_graph: path of what runs: the graph, the model's file or the recipe.
        train_ops: the operations that one step runs.
        train_choices: all that could be chosen, best first.
        loss: the tensor or operation whose value is shown, the loss of the compiled model, or None.
        loss_choices: all that could be chosen, best first.
        inputs: where data enters.
        step_variable: key of the step, or None.
        start_step: the step that the run starts from.
        bound: keys that are set from the checkpoint.
        missing: variables of the graph that the checkpoint does not hold.
        unused: keys of the checkpoint that the graph does not know; they are carried on unchanged.
        frozen: keys that the run must not change.
        blocked: how many update operations are replaced for that.
        risks: operations that touch files, network or code.
        mapping: input -> array name or number, as given or guessed.
        inexact: why resuming is not bit for bit repeatable, one sentence each.
        notes: further sentences.
        problems: why it cannot start, one sentence each; empty when it can.
        route: the kind of run, see `routes.registry`.
        bindings: each bound variable with the model's name for it; empty before the model was built.
        differs: variables of another shape or dtype, which are initialised instead where the person allowed that.
        settings: optimizer, learning rate, loss and metrics that the run uses.
        custom: classes that the model needs and that are not TensorFlow's own.
        trained: keys of the variables that the run trains, frozen ones included.
        loss_before, loss_after: one batch's loss with the values of the checkpoint as it lies on disk, and with the
            staged ones; None where it was not computed.
    """

    meta_graph: str
    train_ops: tuple[str, ...] = ()
    train_choices: tuple[str, ...] = ()
    loss: str | None = None
    loss_choices: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    step_variable: str | None = None
    start_step: int = 0
    bound: tuple[str, ...] = ()
    missing: tuple[Initialised, ...] = ()
    unused: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    blocked: int = 0
    risks: tuple[Risk, ...] = ()
    mapping: Mapping[str, str | float] = field(default_factory=dict)
    inexact: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    route: str = "meta_graph"
    bindings: tuple[Bound, ...] = ()
    differs: tuple[Differs, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    custom: tuple[str, ...] = ()
    trained: tuple[str, ...] = ()
    loss_before: float | None = None
    loss_after: float | None = None

    @property
    def what(self) -> str:
        """What kind of thing `meta_graph` is, at the beginning of a sentence."""
        words = {"recipe": "The recipe", "keras": "The model", "saved_model": "The SavedModel"}
        return words.get(self.route, "The graph")

    @property
    def binds(self) -> str:
        """`29 of 30 variables` for a person."""
        return f"{len(self.bound)} of {len(self.bound) + len(self.missing)} variables"

    def to_json(self) -> dict[str, Any]:
        """As the `card` event holds it."""
        fields = asdict(self)
        for name in ("loss_before", "loss_after"):
            fields[name] = strict(fields[name])
        return fields
