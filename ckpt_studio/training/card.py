"""The binding card: what a run would do with a checkpoint and its graph, said before the first step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ckpt_studio.training.data import Input

@dataclass(frozen=True, slots=True)
class Initialised:
    """A variable that no checkpoint holds, and how it gets its value."""

    name: str
    how: str


@dataclass(frozen=True, slots=True)
class Risk:
    """An operation that a person should know of before the graph runs; `kind` is read, write, code, net or unknown."""

    kind: str
    op: str
    node: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a run would do.

    Attributes:
        meta_graph: path of the graph.
        train_ops: the operations that one step runs.
        train_choices: all that could be chosen, best first.
        loss: the tensor or operation whose value is shown, or None.
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
    """

    meta_graph: str
    train_ops: tuple[str, ...]
    train_choices: tuple[str, ...]
    loss: str | None
    loss_choices: tuple[str, ...]
    inputs: tuple[Input, ...]
    step_variable: str | None
    start_step: int
    bound: tuple[str, ...]
    missing: tuple[Initialised, ...]
    unused: tuple[str, ...]
    frozen: tuple[str, ...]
    blocked: int
    risks: tuple[Risk, ...]
    mapping: Mapping[str, str | float] = field(default_factory=dict)
    inexact: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def binds(self) -> str:
        """`29 of 30 variables` for a person."""
        return f"{len(self.bound)} of {len(self.bound) + len(self.missing)} variables"

    def to_json(self) -> dict[str, Any]:
        """As the `card` event holds it."""
        return asdict(self)
