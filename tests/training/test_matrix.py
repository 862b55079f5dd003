"""Every optimizer with every way of freezing: frozen bits stay, the rest moves, and half and half is the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start
from tests.training.keras_files import MAKE, OPTIMIZERS
from tests.training.test_keras_runs import begin, keys_of, values_of

PATTERNS: dict[str, tuple[str, ...]] = {
    "nothing": (),
    "first": ("equal0",),
    "one bias": ("equal2/bias", "equal2_bias"),
    "norm": ("norm/gamma", "norm_gamma", "norm/beta", "norm_beta"),
    "last": ("out",),
    "all but last": ("equal", "norm"),
}


@pytest.fixture(scope="session")
def every_optimizer(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matrix")
    tensorflow_child(MAKE, folder, OPTIMIZERS)
    return folder


@pytest.mark.campaign("matrix")
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("number", range(len(OPTIMIZERS)), ids=OPTIMIZERS)
def test_keras(number: int, pattern: str, start: Start, every_optimizer: Path, tmp_path: Path) -> None:
    file = every_optimizer / f"model{number}.keras"
    how: dict[str, Any] = {"tmp": tmp_path, "batch_size": 16, "freeze_statistics": pattern == "norm"}
    data = {"data": DataSpec(str(every_optimizer / "data.npz"))}
    parts = PATTERNS[pattern]
    frozen = keys_of(file, *parts) if parts else frozenset()
    whole = begin(start, file, "whole", steps=8, frozen=frozen, **how, **data)
    outcome = whole.end()
    assert outcome.state is RunState.finished, outcome
    assert (whole.card.missing, whole.card.problems) == ((), ())
    half = begin(start, file, "half", steps=4, frozen=frozen, **how, **data).end()
    again = keys_of(Path(str(half.prefix)), *parts) if parts else frozenset()
    rest = begin(start, Path(str(half.prefix)), "rest", steps=4, frozen=again, **how, **data)
    last = rest.end()
    assert last.state is RunState.finished, last
    assert rest.card.inexact == ()
    before, one, other = values_of(str(file)), values_of(str(outcome.prefix)), values_of(str(last.prefix))
    assert one == other
    still = {name for name in one if before[name] == one[name]}
    wanted = {name for name in one if any(part in name for part in parts)}
    assert wanted <= still
    weights = open_checkpoint(str(file)).columns
    rows = range(len(weights))
    trained = {weights.name(row) for row in rows if weights.role[row] == Role.weight}
    assert not (still & trained) - wanted
    if parts:
        assert (outcome.frozen_unchanged, last.frozen_unchanged) == (True, True)
