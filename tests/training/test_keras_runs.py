"""Runs of Keras files from end to end; what they compute and write is held against stock Keras, bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import RunFault
from ckpt_studio.document.document import Document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.events import Cause, RunState
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.spec import DataSpec
from ckpt_studio.training.worker.values import TrainedValues
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched
from tests.training.keras_files import LOADED, MAKE, OPTIMIZERS, PLAIN_LOOP
from tests.training.matrix import models

ADAM = OPTIMIZERS.index("Adam")


@pytest.fixture(scope="session")
def files(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras")
    order = ["Adam", *(one for one in OPTIMIZERS if one != "Adam")]
    tensorflow_child(MAKE, folder, order[:2])
    return folder


def begin(start: Start, path: Path, out: str = "run", **fields: Any) -> Watched:
    base = open_checkpoint(str(path))
    folder = path.parent
    data = fields.pop("data", DataSpec(str(folder / "data.npz")))
    if "tmp" in fields:
        fields["out"] = str(fields.pop("tmp") / out)
    return start(base, data=data, **fields)


def keys_of(path: Path, *parts: str) -> frozenset[str]:
    """Keys of the variables whose names hold one of these."""
    columns = open_checkpoint(str(path)).columns
    rows = range(len(columns))
    return frozenset(columns.keys[row] for row in rows if any(part in columns.name(row) for part in parts))


def values_of(path: str) -> dict[str, bytes]:
    source = open_checkpoint(path)
    return {
        source.columns.name(row): source.read(key).tobytes() for row, key in enumerate(source.columns.keys)
    }


@pytest.mark.parametrize("name", ["plain.keras"])
def test_it_computes_what_stock_keras_computes(
    name: str, start: Start, files: Path, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """Loss by loss and bit by bit, on the same batches, though many steps are done in one call."""
    run = begin(start, files / name, steps=40, batch_size=16, seed=3)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    card = run.card
    assert (card.start_step, card.missing, card.unused, card.problems) == (3, (), (), ())
    data = str(files / "data.npz")
    feeder = Feeder(
        plan_feeds(card.inputs, open_data(data), card.mapping, 16), read_data(data, ["features", "labels"]), 3
    )
    fed = feeder.many(3, 40)
    np.savez(tmp_path / "batches.npz", x=fed["features:0"], y=fed["y:0"])
    losses, values = tensorflow_child(PLAIN_LOOP, files / name, tmp_path / "batches.npz", 40)
    assert run.losses == losses
    assert (card.loss_before, card.loss_after) == (losses[0], losses[0])
    end = open_checkpoint(str(outcome.prefix))
    for row, key in enumerate(end.columns.keys):
        np.testing.assert_array_equal(end.read(key).ravel(), np.array(values[end.columns.name(row)], "f8"))


@pytest.mark.parametrize(
    "name", ["model0.keras", pytest.param("legacy.h5", marks=pytest.mark.campaign("matrix"))]
)
def test_half_and_half_is_the_whole_and_stock_keras_goes_on(
    name: str, start: Start, files: Path, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """With dropout, batch normalisation and shuffling; the first of four equal layers is frozen."""
    how: dict[str, Any] = {
        "tmp": tmp_path,
        "batch_size": 16,
        "frozen": keys_of(files / name, "equal0", "out/bias"),
    }
    begun = begin(start, files / name, "whole", steps=20, save_every=10, **how)
    whole = begun.end()
    assert whole.state is RunState.finished, whole
    half = Path(begun.checkpoints[0].prefix)
    how["frozen"] = keys_of(half, "equal0", "out/bias")
    assert Document(open_checkpoint(str(half))).frozen_keys() >= how["frozen"]
    rest = begin(start, half, "rest", steps=10, data=DataSpec(str(files / "data.npz")), **how)
    last = rest.end()
    assert last.state is RunState.finished, last
    assert rest.card.inexact == ()
    assert (whole.frozen_unchanged, last.frozen_unchanged) == (True, True)
    assert str(last.prefix).endswith("model.ckpt-23.keras")
    before, one, other = (
        values_of(str(files / name)),
        values_of(str(whole.prefix)),
        values_of(str(last.prefix)),
    )
    assert one == other
    still = {name for name in one if before[name] == one[name]}
    assert still == {name for name in one if "equal0" in name or "out_bias" in name or name == "out/bias"} | {
        "adam/learning_rate"
    }
    values, iterations = tensorflow_child(LOADED, whole.prefix)
    assert iterations == 24
    for name, raw in one.items():
        dtype = "i8" if name.endswith("iteration") else "f4"
        assert np.array(values[name], dtype).tobytes() == raw, name


@pytest.fixture(scope="session")
def hard(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a wrapped optimizer, which keeps variables twice, and of one that names not all of its variables.

    Keras does not find Lamb by its name.
    """
    folder = tmp_path_factory.mktemp("hard")
    tensorflow_child(models.MAKE, folder, ["LossScaleOptimizer:inner_optimizer=Lamb", "Nadam"], models.RECIPE)
    return folder


@pytest.mark.parametrize("name", ["0.keras", "0.h5", "1.h5"])
def test_what_is_kept_twice_or_has_no_name_is_found_and_frozen_with_its_weight(
    name: str, start: Start, hard: Path, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    run = begin(start, hard / name, steps=2, batch_size=16, frozen=keys_of(hard / name, "equal0"))
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert (run.card.missing, run.card.unused, run.card.problems) == ((), (), ())
    assert outcome.frozen_unchanged is True
    end = Path(str(outcome.prefix))
    assert Document(open_checkpoint(str(end))).frozen_keys() == keys_of(end, "equal0")
    values, iterations = tensorflow_child(LOADED, end)
    assert iterations == 3 + 2 + 1
    written = values_of(str(end))
    assert sum("equal0" in one for one in written.keys() & values.keys()) == 2 + 4
    for one in written.keys() & values.keys():
        dtype = "i8" if one.endswith(("iteration", "step_counter")) else "f4"
        assert np.array(values[one], dtype).tobytes() == written[one], one


def test_staged_values_change_the_first_loss_and_statistics_can_stay(
    start: Start, files: Path, tmp_path: Path
) -> None:
    base = open_checkpoint(str(files / "model0.keras"))
    keys = {base.columns.name(row): key for row, key in enumerate(base.columns.keys)}
    source = TrainedValues(base, {keys["out/kernel"]: np.full((8, 3), 2, "f")})
    run = begin(
        start, files / "model0.keras", source=source, steps=3, freeze_statistics=True,
        frozen=frozenset({keys["norm/gamma"]}), learning_rate=0.5, optimizer="sgd",
    )  # fmt: skip
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    card = run.card
    assert card.loss_before != card.loss_after == run.losses[0]
    assert card.blocked > 0
    assert keys["norm/moving_mean"] in card.frozen
    assert card.settings["optimizer"] == "sgd"
    before, after = values_of(base.path), values_of(str(outcome.prefix))
    for name in ("norm/gamma", "norm/moving_mean", "norm/moving_variance"):
        assert before[name] == after[name]
    assert before["norm/beta"] != after["norm/beta"]
    rate = next(raw for name, raw in after.items() if name.endswith("learning_rate"))
    assert np.frombuffer(rate, "f4") == 0.5


def test_what_does_not_fit_is_said_and_nothing_is_left(start: Start, files: Path, tmp_path: Path) -> None:
    base = open_checkpoint(str(files / "model0.keras"))
    keys = {base.columns.name(row): key for row, key in enumerate(base.columns.keys)}
    source = TrainedValues(base, {keys["out/kernel"]: np.zeros((8, 4), "f")})
    for fields, said in (
        ({"source": source}, "float32 [8, 4] in the checkpoint and float32 [8, 3] in the model"),
        ({"data": None}, "gets no data"),
        ({"data": DataSpec(str(files / "data.npz"), {"y": "features"})}, "the input y:0 takes int64"),
    ):
        run = begin(start, files / "model0.keras", steps=1, **fields)  # type: ignore[arg-type]
        outcome = run.end()
        assert (outcome.state, outcome.cause) == (RunState.failed, Cause.refused), outcome
        assert said in outcome.message
        assert not (tmp_path / "run").exists()
    with pytest.raises(RunFault, match="says no Keras model"):
        begin(start, files / "model.weights.h5", steps=1)
