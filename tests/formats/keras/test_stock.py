"""What stock Keras 3 wrote is shown under the names of the live model, with its values, roles and slots."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.conftest import Stock

MODELS = (
    "adam", "sgd", "adamw", "rmsprop", "lion", "scaled", "own", "ftrl", "adafactor", "muon", "half",
)  # fmt: skip
FORMATS = {".keras": "keras", ".weights.h5": "keras_weights", ".h5": "keras_h5"}
WITH_H5 = ("adam", "rmsprop", "lion", "scaled", "half")
FILES = [(name, ending) for name in MODELS for ending in FORMATS if ending != ".h5" or name in WITH_H5]
COUNTERS = ("iteration", "step_counter")
SINGLES = (*COUNTERS, "learning_rate", "dynamic_scale", "variable")


@dataclass(frozen=True)
class Seen:
    """What was seen of one file."""

    format: str
    prefix: str
    step: int | None
    notes: tuple[str, ...]
    files: tuple[str, ...]
    faults: list[Fault]
    rows: dict[str, TensorInfo]
    values: dict[str, bytes]

    def live(self, model: dict[str, Any]) -> dict[str, list[Any]]:
        """Path, type, shape and trainable of the live variable that each row holds, by its bytes."""
        by_bytes = {raw: [path, dtype, shape, trained] for path, dtype, shape, raw, trained in model["rows"]}
        assert len(by_bytes) == len(model["rows"])
        return {key: by_bytes[raw.hex()] for key, raw in self.values.items()}

    def own(self) -> list[TensorInfo]:
        """The rows of the model itself."""
        return [info for key, info in self.rows.items() if not key.startswith("optimizer")]


@cache
def seen(path: Path) -> Seen:
    checkpoint = open_checkpoint(str(path))
    try:
        columns = checkpoint.columns
        rows = {info.key: info for info in map(columns.info, range(len(columns)))}
        return Seen(
            checkpoint.format,
            checkpoint.prefix,
            checkpoint.step,
            checkpoint.notes,
            checkpoint.files(),
            list(checkpoint.verify()),
            rows,
            {key: checkpoint.read(key).tobytes() for key in rows},
        )
    finally:
        checkpoint.close()


@pytest.mark.parametrize(("name", "ending"), FILES)
def test_every_variable_is_the_live_one(stock: Stock, name: str, ending: str) -> None:
    model = stock.models[name]
    assert f"{name}{ending}" in model["files"]
    file = seen(stock.folder / f"{name}{ending}")
    assert (file.format, file.notes, file.faults) == (FORMATS[ending], (), [])
    live = file.live(model)
    said = {
        path for path, *_ in model["rows"] if not path.endswith("seed_generator_state")
    }  # Keras leaves them out
    assert {path for path, *_ in live.values()} == said
    if name != "scaled":  # there the wrapped optimizer is kept twice
        assert len(file.rows) == sum(row[0] in said for row in model["rows"])
    for key, info in file.rows.items():
        _, dtype, shape, trainable = live[key]
        assert (info.dtype.name, list(info.shape or ()), info.error) == (dtype, shape, None)
        assert info.trainable in (None, trainable) or info not in file.own()
    if len(file.rows) > model["own"]:
        iteration = next(path for path, *_ in model["rows"] if path.endswith("/iteration"))
        raw = next(file.values[key] for key, (path, *_) in live.items() if path == iteration)
        assert file.step == int.from_bytes(raw, "little")


@pytest.mark.parametrize(("name", "ending"), FILES)
def test_names_and_slots_are_never_wrong(stock: Stock, name: str, ending: str) -> None:
    model = stock.models[name]
    own = {path for path, *_ in model["rows"][: model["own"]]}
    file = seen(stock.folder / f"{name}{ending}")
    live = file.live(model)
    for key, info in file.rows.items():
        path = live[key][0]
        last = path.rpartition("/")[2]
        if path in own:
            uncertain = info.name.rpartition("/")[2].isdigit()
            assert uncertain or info.name.endswith(path.removeprefix(f"{model['model']}/")), info.name
            assert info.role == (Role.statistic if last.startswith("moving_") else Role.weight)
        elif info.slot_of is not None:
            weight = live[info.slot_of][0]
            flat = weight.replace("/", "_")
            sums = last == weight.rpartition("/")[2] and info.slot_name in ("r", "c")
            of_no_kind = last.startswith(f"{flat}_") and info.slot_name is None
            assert sums or of_no_kind or last == f"{flat}_{info.slot_name}"
            assert info.role == Role.slot
        elif info.shape:
            assert info.role == Role.slot, "of a weight that cannot be told"
        else:
            assert info.role == (Role.counter if last in (*COUNTERS, "variable") else Role.metadata)


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("own", "half")])
def test_with_a_configuration_all_is_told(stock: Stock, name: str) -> None:
    file = seen(stock.folder / f"{name}.keras")
    live = file.live(stock.models[name])
    for key, info in file.rows.items():
        path, *_, trainable = live[key]
        assert info.role_source == RoleSource.config
        assert info.name != info.key
        if key.startswith("optimizer/"):
            assert (info.slot_of is None) == (path.rpartition("/")[2] in SINGLES), key
            assert (info.slot_name is None) == (info.slot_of is None)
        else:
            assert info.trainable is trainable


def test_names_read_as_a_person_says_them(stock: Stock) -> None:
    assert {info.name for info in seen(stock.folder / "rmsprop.keras").own()} == {
        "middle/encoder/inside/kernel", "middle/encoder/inside/bias",
        *(f"middle/encoder/batch_normalization/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")),
        "middle/dense/kernel", "middle/dense/bias", "shared/kernel", "shared/bias", "dense_1/kernel", "dense_1/bias",
    }  # fmt: skip
    assert {
        "bidirectional/backward_lstm/lstm_cell/recurrent_kernel", "multi_head_attention/attention_output/kernel",
        "rnn/stacked_rnn_cells/gru_cell/bias", "embedding/embeddings", "time_distributed/dense/kernel",
    } <= {info.name for info in seen(stock.folder / "adamw.weights.h5").own()}  # fmt: skip


def test_frozen_layers_are_not_trainable(stock: Stock) -> None:
    for ending in (".keras", ".h5"):
        own = seen(stock.folder / f"lion{ending}").own()
        assert {info.name for info in own if info.trainable is False and info.role == Role.weight} == {
            "base/dense/kernel", "base/dense/bias", "base/batch_normalization/gamma", "base/batch_normalization/beta",
            "dense_1/kernel", "dense_1/bias",
        }  # fmt: skip


@pytest.mark.parametrize("name", ["adam", "ftrl", "scaled"])
def test_weights_alone_still_tell_every_slot_of_simple_models(stock: Stock, name: str) -> None:
    file = seen(stock.folder / f"{name}.weights.h5")
    mine = [info for info in file.rows.values() if info not in file.own() and info.shape]
    assert mine
    assert [info.key for info in mine if info.slot_of is None] == []


def test_weights_in_several_files(stock: Stock) -> None:
    parts = sorted(stock.folder.glob("parts_*.weights.h5"))
    assert len(parts) > 2
    file = seen(stock.folder / "parts.weights.json")
    assert (file.format, file.faults) == ("keras_weights", [])
    model = stock.models["adam"]
    assert {path for path, *_ in file.live(model).values()} == {row[0] for row in model["rows"]}
    assert {Path(each).name for each in file.files} == {"parts.weights.json", *(part.name for part in parts)}
    assert seen(parts[1]).prefix == str(stock.folder / "parts.weights.json")


def test_an_unzipped_model_is_told_by_the_configuration_beside_it(stock: Stock) -> None:
    file = seen(stock.folder / "unzipped" / "model.weights.h5")
    assert file.format == "keras_weights"
    assert all(info.role_source == RoleSource.config for info in file.rows.values())
