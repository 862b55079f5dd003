"""Files of Keras 1, Keras 2 and tf.keras: names, slots, frozen layers; and the ones that others put on the net."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.legacy_files import dense, layer, save_model, save_names, save_weights, values

ADAM = {"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.001}}}


def rows_of(path: Path) -> tuple[dict[str, TensorInfo], Any]:
    """Rows by name, and the checkpoint, closed, after every value was compared with what h5py reads."""
    checkpoint = open_checkpoint(str(path))
    try:
        rows = [checkpoint.columns.info(row) for row in range(len(checkpoint.columns))]
        with h5py.File(path) as file:
            for info in rows:
                np.testing.assert_array_equal(checkpoint.read(info.key), file[info.key][()])
    finally:
        checkpoint.close()
    assert len({info.name for info in rows}) == len(rows)
    return {info.name: info for info in rows}, checkpoint


def slots(rows: dict[str, TensorInfo]) -> dict[str, tuple[str, str | None]]:
    """Slot row -> names of its weight and of the slot."""
    names = {info.key: name for name, info in rows.items()}
    return {n: (names[i.slot_of], i.slot_name) for n, i in rows.items() if i.slot_of is not None}


def model_of(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "sequential", "layers": list(layers)}}


def test_tf_keras_names_slots_after_their_weights(tmp_path: Path) -> None:
    weights = {"dense": dense("dense", 4, 3), "dropout": [], "dense_1": dense("dense_1", 3, 2)}
    optimizer = [("Adam/iter:0", np.array(17, np.int64))]
    for slot in ("m", "v"):
        for own in weights.values():
            optimizer += [(f"Adam/{name[:-2]}/{slot}:0", value * 2) for name, value in own]
    config = model_of(layer("Dense", "dense"), layer("Dropout", "dropout"), layer("Dense", "dense_1"))
    save_model(tmp_path / "m.h5", weights, config, optimizer, ADAM)
    rows, checkpoint = rows_of(tmp_path / "m.h5")
    assert (checkpoint.format, checkpoint.step, checkpoint.notes) == ("keras_h5", 17, ())
    assert rows["dense/kernel"].key == "model_weights/dense/dense/kernel:0"
    assert rows["dense/kernel"].role_source == RoleSource.config
    assert rows["Adam/iter"].role == Role.counter
    assert slots(rows) == {
        f"Adam/{name}/{slot}": (name, slot)
        for name in ("dense/kernel", "dense/bias", "dense_1/kernel", "dense_1/bias")
        for slot in ("m", "v")
    }


@pytest.mark.parametrize(
    ("pattern", "slot"),
    [
        ("training/Adam/{}/m:0", "m"),  # TensorFlow 1
        ("Adam/m/{}:0", "m"),  # tf.keras since 2.11
        ("m/{}:0", "m"),  # the same, wrapped for weights of half precision
        ("RMSprop/average_gradient/{}:0", "average_gradient"),
    ],
)
def test_other_ways_of_naming_slots(tmp_path: Path, pattern: str, slot: str) -> None:
    weights = {"a": dense("a", 4, 3), "b": dense("b", 3, 2)}
    optimizer = [(pattern.format(name[:-2]), value) for own in weights.values() for name, value in own]
    save_model(
        tmp_path / "m.h5", weights, model_of(layer("Dense", "a"), layer("Dense", "b")), optimizer, ADAM
    )
    rows, _ = rows_of(tmp_path / "m.h5")
    assert set(slots(rows).values()) == {
        (name, slot) for name in ("a/kernel", "a/bias", "b/kernel", "b/bias")
    }


@pytest.mark.parametrize("has_vhats", [False, True])
@pytest.mark.parametrize("name", ["training/Adam/Variable{}:0", "param{}"])
def test_nameless_slots_go_by_their_order(tmp_path: Path, name: str, has_vhats: bool) -> None:
    weights = {"a": dense("a", 4, 3), "b": dense("b", 3, 2)}
    own = [value for each in weights.values() for _, value in each]
    parts = [*own, *own, *([np.zeros(1, np.float32)] * 4 if has_vhats else [])]
    optimizer = [("Adam/iterations:0", np.array(3, np.int64))]
    optimizer += [(name.format(f"_{number}" if number else ""), value) for number, value in enumerate(parts)]
    save_model(
        tmp_path / "m.h5", weights, model_of(layer("Dense", "a"), layer("Dense", "b")), optimizer, ADAM
    )
    rows, checkpoint = rows_of(tmp_path / "m.h5")
    assert checkpoint.step == 3
    found = [
        (weight, slot)
        for _, (weight, slot) in sorted(slots(rows).items(), key=lambda item: rows[item[0]].key)
    ]
    assert sorted(found) == sorted(
        (weight, slot) for slot in ("m", "v") for weight in ("a/kernel", "a/bias", "b/kernel", "b/bias")
    )
    order = {name.format(f"_{n}" if n else "").removesuffix(":0"): n for n in range(8)}
    names = ["a/kernel", "a/bias", "b/kernel", "b/bias"] * 2
    for row, (weight, slot) in slots(rows).items():
        assert (names[order[row]], "mv"[order[row] // 4]) == (weight, slot)


def test_what_could_mean_several_things_is_left_open(tmp_path: Path) -> None:
    """Two equal layers, one of them frozen at some time: nobody can tell which slots are whose."""
    weights = {"a": dense("a", 3, 3), "b": dense("b", 3, 3)}
    optimizer = [("Adam/iterations:0", np.array(3, np.int64))]
    optimizer += [(f"param_{n}", value) for n, (_, value) in enumerate([*dense("x", 3, 3)] * 2)]
    save_model(
        tmp_path / "m.h5", weights, model_of(layer("Dense", "a"), layer("Dense", "b")), optimizer, ADAM
    )
    rows, _ = rows_of(tmp_path / "m.h5")
    assert slots(rows) == {}
    assert rows["param_1"].role == Role.metadata


def test_frozen_layers_and_statistics(tmp_path: Path) -> None:
    norm = [(f"norm/{part}:0", values(3, seed=i)) for i, part in enumerate(("gamma", "beta", "moving_mean"))]
    weights = {
        "base": [*dense("inner", 4, 3), *norm],
        "head": dense("head", 3, 2),
        "own": [("own/w:0", values(2))],
    }
    base = {
        "name": "base",
        "layers": [layer("Dense", "inner", trainable=False), layer("BatchNormalization", "norm")],
    }
    config = model_of(
        {"class_name": "Model", "config": base},
        layer("Dense", "head"),
        {"class_name": "mine>Own", "config": {"name": "own", "trainable": True}},
    )
    save_model(tmp_path / "m.h5", weights, config)
    rows, _ = rows_of(tmp_path / "m.h5")
    assert {name: info.trainable for name, info in rows.items()} == {
        "base/inner/kernel": False, "base/inner/bias": False,
        "base/norm/gamma": True, "base/norm/beta": True, "base/norm/moving_mean": False,
        "head/kernel": True, "head/bias": True,
        "own/w": None,
    }  # fmt: skip
    assert rows["base/norm/moving_mean"].role == Role.statistic


def test_keras_1_and_weights_alone(tmp_path: Path) -> None:
    old = {"dense_1": [("dense_1_W", values(4, 3)), ("dense_1_b", values(3))], "activation_1": []}
    with h5py.File(tmp_path / "old.h5", "w") as file:
        save_weights(file, old, version=None)
    rows, checkpoint = rows_of(tmp_path / "old.h5")
    assert set(rows) == {"dense_1/W", "dense_1/b"}
    assert (checkpoint.format, checkpoint.notes) == ("keras_h5", ())
    assert {info.trainable for info in rows.values()} == {None}
    assert {info.role_source for info in rows.values()} == {RoleSource.by_name}

    with h5py.File(tmp_path / "model-12.hdf5", "w") as file:
        save_weights(file, {"time_distributed": dense("dense", 4, 3)})
    rows, checkpoint = rows_of(tmp_path / "model-12.hdf5")
    assert set(rows) == {"time_distributed/dense/kernel", "time_distributed/dense/bias"}
    assert checkpoint.step == 12


def test_lists_of_names_in_several_attributes(tmp_path: Path) -> None:
    many = {f"{'layer_' * 25}{n:03}": [("w:0", values(2, seed=n))] for n in range(600)}
    with h5py.File(tmp_path / "many.h5", "w") as file:
        save_weights(file, many)
        assert "layer_names1" in file.attrs
    checkpoint = open_checkpoint(str(tmp_path / "many.h5"))
    try:
        assert {checkpoint.columns.name(row) for row in range(600)} == {f"{name}/w" for name in many}
    finally:
        checkpoint.close()


def test_hdf5_that_keras_did_not_write_is_shown_as_it_is(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["group/data"] = values(3)
        save_names(file, "names", ["a"])
    rows, checkpoint = rows_of(tmp_path / "other.h5")
    assert set(rows) == {"group/data"}
    assert "Keras did not write" in checkpoint.notes[0]


def test_a_keras_name_on_a_whole_model(tmp_path: Path) -> None:
    save_model(tmp_path / "m.keras", {"a": dense("a", 4, 3)}, model_of(layer("Dense", "a")))
    assert rows_of(tmp_path / "m.keras")[1].format == "keras_h5"


@pytest.mark.parametrize("file", ["model.h5", "model.keras"])
def test_corpus_model(corpus: Path, file: str) -> None:
    path = corpus / "404error-010__ANN-Churn-Classification" / file
    checkpoint = open_checkpoint(str(path))
    try:
        rows = [checkpoint.columns.info(row) for row in range(len(checkpoint.columns))]
        opened: Any = path
        if file == "model.keras":
            with zipfile.ZipFile(path) as archive:
                opened = io.BytesIO(archive.read("model.weights.h5"))
        with h5py.File(opened) as peer:
            for info in rows:
                np.testing.assert_array_equal(checkpoint.read(info.key), peer[info.key][()])
        weights = {info.name for info in rows if info.role == Role.weight}
        assert weights == {f"dense_{n}/{part}" for n in (6, 7, 8) for part in ("kernel", "bias")}
        assert checkpoint.step == 4250
        assert sum(info.slot_of is not None for info in rows) == 12
        assert list(checkpoint.verify()) == []
    finally:
        checkpoint.close()


def test_corpus_weights(corpus: Path) -> None:
    rows, _ = rows_of(corpus / "KalraA__Reinforcement-Toe-Tactics" / "weights.h5")
    assert set(rows) == {f"dense_{n}/{part}" for n in (1, 2, 3) for part in "Wb"}
    nested = corpus / "keras-team__keras/keras/src/saving/test_data/pre_pr22362_nested_container.keras"
    checkpoint = open_checkpoint(str(nested))
    names = {checkpoint.columns.name(row) for row in range(len(checkpoint.columns))}
    checkpoint.close()
    assert names == {"d_0/kernel", "d_1/kernel", "d_2/kernel", "dense/kernel", "dense/bias"}
