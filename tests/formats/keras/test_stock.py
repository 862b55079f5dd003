"""What stock Keras 3 wrote is shown under the names of the live model, with its values, roles and slots."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.conftest import Stock

MODELS = (
    "adam", "sgd", "adamw", "rmsprop", "lion", "scaled", "own", "ftrl", "adagrad", "adafactor", "muon",
    "accumulated", "half",
)  # fmt: skip
FORMATS = {".keras": "keras", ".weights.h5": "keras_weights", ".h5": "keras_h5"}
COUNTERS = ("iteration", "step_counter")
SETTINGS = ("learning_rate", "dynamic_scale")


@contextmanager
def opened(path: Path) -> Iterator[tuple[Checkpoint, dict[str, TensorInfo]]]:
    checkpoint = open_checkpoint(str(path))
    try:
        columns = checkpoint.columns
        yield checkpoint, {info.key: info for info in map(columns.info, range(len(columns)))}
    finally:
        checkpoint.close()


def live_rows(
    checkpoint: Checkpoint, rows: dict[str, TensorInfo], model: dict[str, Any]
) -> dict[str, list[Any]]:
    """The live variable that each row holds, by its bytes."""
    by_bytes = {raw: [path, dtype, shape, trainable] for path, dtype, shape, raw, trainable in model["rows"]}
    assert len(by_bytes) == len(model["rows"])
    return {key: by_bytes[checkpoint.read(key).tobytes().hex()] for key in rows}


def without_model(path: str, model: str) -> str:
    """A live path, as the names have it: without the name of the model as a whole."""
    return path.removeprefix(model + "/")


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_every_variable_is_the_live_one(stock: Stock, name: str, ending: str) -> None:
    model = stock.models[name]
    if f"{name}{ending}" not in model["files"]:
        assert (name, ending) in (("own", ".h5"), ("adafactor", ".h5"))  # Keras itself cannot write them
        return
    with opened(stock.folder / f"{name}{ending}") as (checkpoint, rows):
        assert checkpoint.format == FORMATS[ending]
        assert checkpoint.notes == ()
        assert list(checkpoint.verify()) == []
        live = live_rows(checkpoint, rows, model)
        said = {
            path for path, *_ in model["rows"] if not path.endswith("seed_generator_state")
        }  # Keras leaves them out
        assert {path for path, *_ in live.values()} == said
        if name != "scaled":  # there the wrapped optimizer is kept twice
            assert len(rows) == sum(row[0] in said for row in model["rows"])
        for key, info in rows.items():
            _, dtype, shape, trainable = live[key]
            assert (info.dtype.name, list(info.shape or ()), info.error) == (dtype, shape, None)
            assert info.trainable in (None, trainable) or (ending == ".h5" and name == "half")
        if len(rows) > model["own"]:
            iteration = next(path for path, *_ in model["rows"] if path.endswith("/iteration"))
            found = next(key for key, (path, *_) in live.items() if path == iteration)
            assert checkpoint.step == int(checkpoint.read(found))


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_names_and_slots_are_never_wrong(stock: Stock, name: str, ending: str) -> None:
    model = stock.models[name]
    if f"{name}{ending}" not in model["files"]:
        assert (name, ending) in (("own", ".h5"), ("adafactor", ".h5"))  # Keras itself cannot write them
        return
    own = {path for path, *_ in model["rows"][: model["own"]]}
    with opened(stock.folder / f"{name}{ending}") as (checkpoint, rows):
        live = live_rows(checkpoint, rows, model)
    for key, info in rows.items():
        path = live[key][0]
        last = path.rpartition("/")[2]
        if path in own:
            said = info.name.removesuffix(last)
            known = info.name.endswith(without_model(path, model["model"]))
            assert known or (said == info.name and info.name.rpartition("/")[2].isdigit()), info.name
            assert info.role in (Role.weight, Role.statistic)
            assert (info.role == Role.statistic) == last.startswith("moving_")
        elif info.slot_of is not None:
            weight = live[info.slot_of][0]
            flat = weight.replace("/", "_")
            sums = last == weight.rpartition("/")[2] and info.slot_name in ("r", "c")
            assert (
                sums
                or last == f"{flat}_{info.slot_name}"
                or (last.startswith(flat) and info.slot_name is None)
            )
            assert info.role == Role.slot
        else:
            assert info.role == (Role.counter if last in (*COUNTERS, "variable") else Role.metadata)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("own", "half")])
def test_with_a_configuration_every_slot_has_its_weight(stock: Stock, name: str) -> None:
    model = stock.models[name]
    with opened(stock.folder / f"{name}.keras") as (checkpoint, rows):
        live = live_rows(checkpoint, rows, model)
        singles = (*COUNTERS, *SETTINGS, "variable")
        for key, info in rows.items():
            last = live[key][0].rpartition("/")[2]
            if key.startswith("optimizer/"):
                assert (info.slot_of is None) == (last in singles), key
                assert info.slot_name is not None or info.slot_of is None
            assert info.role_source == RoleSource.config
            assert info.name != info.key
            assert info.trainable is live[key][3] or key.startswith("optimizer/")


def test_names_read_as_a_person_says_them(stock: Stock) -> None:
    with opened(stock.folder / "rmsprop.keras") as (_, rows):
        names = {info.name for info in rows.values() if not info.key.startswith("optimizer/")}
    assert names == {
        "middle/encoder/inside/kernel", "middle/encoder/inside/bias",
        *(f"middle/encoder/batch_normalization/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")),
        "middle/dense/kernel", "middle/dense/bias", "shared/kernel", "shared/bias", "dense_1/kernel", "dense_1/bias",
    }  # fmt: skip
    with opened(stock.folder / "adamw.weights.h5") as (_, rows):
        names = {info.name for info in rows.values() if not info.key.startswith("optimizer/")}
    assert {
        "bidirectional/backward_lstm/lstm_cell/recurrent_kernel", "multi_head_attention/attention_output/kernel",
        "rnn/stacked_rnn_cells/gru_cell/bias", "embedding/embeddings", "time_distributed/dense/kernel",
    } <= names  # fmt: skip


def test_frozen_layers_are_not_trainable(stock: Stock) -> None:
    with opened(stock.folder / "lion.keras") as (_, rows):
        frozen = {info.name for info in rows.values() if info.trainable is False and info.role == Role.weight}
    assert frozen == {
        "base/dense/kernel", "base/dense/bias", "base/batch_normalization/gamma", "base/batch_normalization/beta",
        "dense_1/kernel", "dense_1/bias",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["adam", "ftrl", "adagrad", "accumulated", "scaled"])
def test_weights_alone_still_tell_every_slot_of_simple_models(stock: Stock, name: str) -> None:
    with opened(stock.folder / f"{name}.weights.h5") as (_, rows):
        mine = [info for info in rows.values() if info.key.startswith("optimizer/") and info.shape]
        assert mine
        assert [info.key for info in mine if info.slot_of is None] == []


def test_weights_in_several_files(stock: Stock) -> None:
    model = stock.models["adam"]
    parts = sorted(stock.folder.glob("parts_*.weights.h5"))
    assert len(parts) > 2
    with opened(stock.folder / "parts.weights.json") as (checkpoint, rows):
        assert checkpoint.format == "keras_weights"
        assert {path for path, *_ in live_rows(checkpoint, rows, model).values()} == {
            row[0] for row in model["rows"]
        }
        assert {Path(file).name for file in checkpoint.files()} == {
            "parts.weights.json",
            *(p.name for p in parts),
        }
        assert list(checkpoint.verify()) == []
    with opened(parts[1]) as (checkpoint, _):
        assert checkpoint.prefix == str(stock.folder / "parts.weights.json")


def test_an_unzipped_model_is_told_by_the_configuration_beside_it(stock: Stock) -> None:
    with opened(stock.folder / "unzipped" / "model.weights.h5") as (checkpoint, rows):
        assert checkpoint.format == "keras_weights"
        assert all(info.role_source == RoleSource.config for info in rows.values())
