"""What holds in every cell, whatever the route: frozen bits stay, the rest moves, two halves are the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ckpt_studio.core.tensors import Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits import Freeze
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.events import RunState
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
    """What came of it: whether 6 steps were as 3 + 3, why not, where the end lies and which names were frozen."""

    exact: bool
    reasons: tuple[str, ...]
    prefix: str
    frozen: set[str]


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


def examine(base: Checkpoint, pattern: str, run: Run) -> Cell:
    """Run and compare; asserts what holds whatever is frozen."""
    frozen = chosen(base, pattern)
    whole = run(base, frozen, "whole", 6)
    outcome = whole.end()
    assert outcome.state is RunState.finished, outcome
    card = whole.card
    assert (card.missing, card.problems) == ((), ())
    assert outcome.frozen_unchanged is (True if frozen else None) or not frozen
    end = open_checkpoint(str(outcome.prefix))
    half = open_checkpoint(whole.checkpoints[0].prefix)
    names = {base.columns.name(base.columns.row(key)) for key in frozen}
    marked = Document(half).frozen_keys()
    assert {half.columns.name(half.columns.row(key)) for key in marked} == names
    rest = run(half, marked, "rest", 3)
    last = rest.end()
    assert last.state is RunState.finished, last
    assert_moved(base, end, names)
    exact = bits(end) == bits(open_checkpoint(str(last.prefix)))
    assert exact or rest.card.inexact
    return Cell(exact, rest.card.inexact, str(outcome.prefix), names)


def assert_moved(base: Checkpoint, end: Checkpoint, frozen: set[str]) -> None:
    """Variables of frozen names have their bits; all other weights and slots have not."""
    before, after = bits(base), bits(end)
    moved = {name for name in before if before[name] != after[name]}
    assert not moved & frozen
    columns = base.columns
    move = {columns.name(row) for row in range(len(columns)) if columns.role[row] in (Role.weight, Role.slot)}
    assert move - frozen <= moved


def bits(checkpoint: Checkpoint) -> dict[str, object]:
    """Every variable's bytes (texts: as a list) by its name: another kind of file may have other keys."""
    columns = checkpoint.columns
    values = ((columns.name(row), checkpoint.read(key)) for row, key in enumerate(columns.keys))
    return {name: value.tolist() if value.dtype == object else value.tobytes() for name, value in values}
