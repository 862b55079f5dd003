"""What holds in every cell, whatever the route: frozen bits stay, the rest moves, two halves are the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ckpt_studio.core.tensors import Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.events import Cause, RunState
from tests.training.conftest import Watched

PATTERNS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "first": ("equal0/*",),
    "last": ("out/*",),
    "all but bias": ("*/kernel", "*/gamma", "*/beta"),
    "by pattern": ("equal[13]/k*",),
    "block": ("equal*", "norm/*"),
    "twice used": ("twice/*",),
    "norm": ("norm/gamma", "norm/beta"),
    "norm and statistics": ("norm/*",),
    "slots": (),
}
"""Names of the weights that are frozen; `slots`: all slots and no weight. Statistics where they are named."""

Run = Callable[[Checkpoint, frozenset[str], str, int], Watched]
"""Runs a checkpoint with frozen keys in a folder of this name, so many steps, saving at every third one."""


@dataclass(frozen=True)
class Cell:
    """What came of it.

    Attributes:
        word: `true`: 6 steps were as 3 + 3; `said`: they were not, and the card says why; `refused`: it does not start;
            `-`: there is no such checkpoint.
        reason: why, where it is not true.
        end: what the run ended with, None where it was refused.
        frozen: keys that were frozen there.
    """

    word: str
    reason: str = ""
    end: Checkpoint | None = None
    frozen: frozenset[str] = frozenset()

    @property
    def path(self) -> str:
        """Where the end is."""
        return "" if self.end is None else self.end.prefix


def chosen(checkpoint: Checkpoint, pattern: str) -> frozenset[str]:
    """Keys that a person gets frozen by marking what the pattern names."""
    columns = checkpoint.columns
    rows = range(len(columns))
    kinds = (Role.slot,) if pattern == "slots" else (Role.weight, Role.statistic)
    keys = tuple(
        columns.keys[row]
        for row in rows
        if columns.role[row] in kinds
        and (pattern == "slots" or any(fnmatchcase(columns.name(row), one) for one in PATTERNS[pattern]))
    )
    document = Document(checkpoint)
    if keys:
        document.do(Freeze(keys))
    return document.frozen_keys()


def examine(base: Checkpoint, pattern: str, run: Run, *, from_slots: bool = False) -> Cell:
    """Run and compare; asserts what holds whatever is frozen.

    Args:
        base: what is trained on.
        pattern: what is frozen.
        run: how it is trained.
        from_slots: whether the optimizer puts averages that it keeps in the place of the weights.
    """
    frozen = chosen(base, pattern)
    whole = run(base, frozen, "whole", 6)
    outcome = whole.end()
    if pattern == "slots" and outcome.cause is Cause.refused:  # one operation writes a weight and its slot
        assert "cannot be frozen" in outcome.message
        return Cell(
            "refused", "one operation writes a weight and its slots: they are frozen together or not at all"
        )
    assert outcome.state is RunState.finished, outcome
    assert (whole.card.missing, whole.card.problems) == ((), ()), whole.card
    assert outcome.frozen_unchanged is True or not frozen
    end, half = open_checkpoint(str(outcome.prefix)), open_checkpoint(whole.checkpoints[0].prefix)
    place = places(base, half)
    marked, asked = Document(half).frozen_keys(), frozenset[str]().union(*(place[key] for key in frozen))
    # A start without the model may not tell whose its slots are; what the run wrote does.
    asked |= {key for key in half.columns.keys if half.columns.of(key).slot_of in asked}
    assert marked == asked, sorted(marked ^ asked)
    frozen |= {key for key, there in place.items() if there and there <= marked}
    assert_moved(base, end, frozen, still_weights=from_slots and pattern == "slots")
    rest = run(half, marked, "rest", 3)
    last = rest.end()
    assert last.state is RunState.finished, last
    exact = bits(end) == bits(open_checkpoint(str(last.prefix)))
    assert exact or rest.card.inexact
    return Cell("true" if exact else "said", " ".join(rest.card.inexact), end, marked)


def places(base: Checkpoint, end: Checkpoint) -> dict[str, frozenset[str]]:
    """Keys of what a run began with -> those of what it wrote, which may be another kind of file.

    A file of Keras 3 holds twice what a wrapped optimizer keeps: as `adam/...` and as `loss_scale_optimizer/adam/...`.
    """
    one, two = base.columns, end.columns
    if set(one.keys) <= set(two.keys):
        return {key: frozenset((key,)) for key in one.keys}
    names = [(f"/{two.name(row)}", key) for row, key in enumerate(two.keys)]
    found = {}
    for row, key in enumerate(one.keys):
        name = f"/{one.name(row)}"
        found[key] = frozenset(other for its, other in names if its.endswith(name) or name.endswith(its))
    return found


def assert_moved(base: Checkpoint, end: Checkpoint, frozen: frozenset[str], *, still_weights: bool) -> None:
    """Frozen variables have their bits; all other weights and slots have not.

    But for single numbers that stand where Adafactor needs no slot, and weights that are taken from frozen averages.
    """
    before, after, place = bits(base), bits(end), places(base, end)
    kept = {key: {before[key] == after[other] for other in place[key]} for key in before}
    assert not (changed := [key for key in frozen if kept[key] != {True}]), changed
    columns = base.columns
    kinds = (Role.slot,) if still_weights else (Role.weight, Role.slot)
    moves = {
        key
        for row, key in enumerate(columns.keys)
        if columns.role[row] in kinds and (columns.role[row] == Role.weight or columns.rank[row] > 0)
    }
    assert not (still := [key for key in moves - frozen if kept[key] != {False}]), still


def bits(checkpoint: Checkpoint) -> dict[str, object]:
    """Every variable's bytes; texts as a list."""
    values = {key: checkpoint.read(key) for key in checkpoint.columns.keys}
    return {key: one.tolist() if one.dtype == object else one.tobytes() for key, one in values.items()}
