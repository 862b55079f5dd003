"""What a run tells those who watch it: the window, the command line and `events.jsonl` see the same values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from ckpt_studio.training.strict import strict

if TYPE_CHECKING:
    from ckpt_studio.training.card import Card

Json: TypeAlias = dict[str, Any]


class RunState(StrEnum):
    """Where a run stands."""

    preparing = "preparing"
    compiling = "compiling"
    running = "running"
    paused = "paused"
    saving = "saving"
    stopping = "stopping"
    finished = "finished"
    stopped = "stopped"
    failed = "failed"
    lost = "lost"

    @property
    def over(self) -> bool:
        """Whether nothing follows any more."""
        return self in (RunState.finished, RunState.stopped, RunState.failed, RunState.lost)


class Cause(StrEnum):
    """Why a run failed."""

    refused = "refused"
    exception = "exception"
    not_a_number = "nan"
    abort = "abort"
    segfault = "segfault"
    killed = "killed"
    out_of_memory = "out_of_memory"
    hung = "hung"
    protocol = "protocol"
    frozen_changed = "frozen_changed"


@dataclass(frozen=True, slots=True)
class State:
    """The run entered another state (its last state is told by `End`)."""

    state: RunState


@dataclass(frozen=True, slots=True)
class CardEvent:
    """What binds, what does not, what is not exact; comes before the first step."""

    card: Card


@dataclass(frozen=True, slots=True)
class Metrics:
    """Some steps that were done since the last such event, oldest first.

    Attributes:
        steps: the step axis of the checkpoint, after each step.
        losses: one a step; None where the graph has no loss that can be fetched.
        rate: steps a second over the last few seconds, 0 while unknown.
        done: steps done in this run, the last of `steps` included.
        scalars: other numbers by name, one a step; None where a step has none.
    """

    steps: tuple[int, ...]
    losses: tuple[float | None, ...]
    rate: float
    done: int
    scalars: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Metrics:
        """As a `metrics` message of the training process has them."""
        scalars = {name: _numbers(values) for name, values in message["scalars"].items()}
        losses, rate = _numbers(message["losses"]), float(message["rate"])
        return cls(tuple(message["steps"]), losses, rate, message["done"], scalars)


def _numbers(values: list[Any]) -> tuple[float | None, ...]:
    return tuple(None if value is None else float(value) for value in values)


@dataclass(frozen=True, slots=True)
class CheckpointWritten:
    """A checkpoint of the run is complete on disk."""

    step: int
    prefix: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line for the log pane."""

    text: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The training process answers; `idle` seconds have passed since its last step ended."""

    idle: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended, with sentences ready for a person; the last event of every run.

    Attributes:
        state: finished, stopped, failed or lost.
        cause: why it failed, None otherwise.
        message: one sentence.
        prefix: its newest complete checkpoint, or None.
        frozen_unchanged: whether every frozen variable of `prefix` has the bits that it started with; None where
            nothing was frozen or nothing was written.
        never_moved: keys of variables that were trained and that `prefix` holds as they were at the start.
        last_lines: the end of the log, oldest first; empty where the run did not fail.
        place: where in the recipe it failed, as FILE:LINE; empty where it did not fail there.
    """

    state: RunState
    cause: Cause | None
    message: str
    prefix: str | None
    frozen_unchanged: bool | None
    last_lines: tuple[str, ...] = ()
    never_moved: tuple[str, ...] = ()
    place: str = ""


End: TypeAlias = Outcome
RunEvent: TypeAlias = State | CardEvent | Metrics | CheckpointWritten | LogLine | Heartbeat | Outcome


def to_json(event: RunEvent) -> Iterator[Json]:
    """The objects that CONTRACT.md's event lines hold: one a step for metrics, none for heartbeats."""
    if isinstance(event, Metrics):
        for at, (step, loss) in enumerate(zip(event.steps, event.losses, strict=True)):
            line = {"event": "metrics", "step": step, "loss": strict(loss), "rate": round(event.rate, 3)}
            told = {name: values[at] for name, values in event.scalars.items() if values[at] is not None}
            yield line | {"scalars": {name: strict(value) for name, value in told.items()}} if told else line
    elif isinstance(event, CardEvent):
        yield {"event": "card", **event.card.to_json()}
    elif isinstance(event, CheckpointWritten):
        yield {"event": "checkpoint", "step": event.step, "prefix": event.prefix}
    elif isinstance(event, State):
        yield {"event": "state", "state": str(event.state)}
    elif isinstance(event, LogLine):
        yield {"event": "log", "text": event.text}
    elif isinstance(event, Outcome):
        yield {
            "event": "end",
            "state": str(event.state),
            "cause": None if event.cause is None else str(event.cause),
            "prefix": event.prefix,
            "message": event.message,
            "frozen_unchanged": event.frozen_unchanged,
            "last_lines": list(event.last_lines),
            "never_moved": list(event.never_moved),
            **({"place": event.place} if event.place else {}),
        }
