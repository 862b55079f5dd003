"""Conversions to and from Keras's files: Keras loads the right weights, in the order that it goes by."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from ckpt_studio.cli.main import main
from tests.cli.conversions import LOAD, MODEL, converted
from tests.document.bundles import make
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.mark.parametrize(
    ("source", "target", "how"),
    [("ckpt", "w.weights.h5", ""), ("m.h5", "w.weights.h5", ""), ("model.keras", "w.h5", ", by_name=True")],
)
def test_keras_loads_weights_that_were_found_by_full_names(
    keras_files: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, source: str, target: str, how: str
) -> None:
    written = converted(keras_files / source, tmp_path / target)
    script = MODEL + LOAD.format(how=how)
    assert tensorflow_child(script, written, 7, str(keras_files / "truth.npz")) == [13, True]


ORDERED = """
import keras
def nested():
    x = keras.Input((3, 4))
    y = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True), name="turns")(x)
    y = keras.layers.MultiHeadAttention(2, 4, name="looks")(y, y)
    inner = [keras.layers.Dense(4, name="z"), keras.layers.BatchNormalization(name="a")]
    y = keras.Sequential([*inner, keras.layers.Dense(4, name="b")], name="inner")(y)
    return keras.Model(x, keras.layers.Dense(4, name="first")(y))
def one_after_the_other():
    parts = [keras.layers.Dense(4, name="dense_3"), keras.layers.BatchNormalization(name="batch_normalization")]
    return keras.Sequential([keras.Input((4,)), *parts, keras.layers.Dense(4, name="dense")], name="chain")
def numbered(model):
    for number, variable in enumerate(model.weights):
        variable.assign(keras.ops.zeros_like(variable) + number)
    return model
"""


@pytest.mark.parametrize(
    ("model", "source", "target"),
    [
        ("nested", "m.keras", "w.h5"),
        ("one_after_the_other", "m.keras", "w.h5"),
        ("one_after_the_other", "ckpt", "w.h5"),
        ("one_after_the_other", "ckpt", "w.weights.h5"),
    ],
)
def test_weights_stand_in_the_order_by_which_keras_loads_them(
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
    capsys: pytest.CaptureFixture[str],
    model: str,
    source: str,
    target: str,
) -> None:
    """Whether their names are in that order or not, and whatever stands before the names in a checkpoint."""
    save = """
    model = numbered(globals()[args[1]]()); model.save(args[0] + "/m.keras")
    model.compile("adam", "mse"); model.optimizer.build(model.trainable_variables)
    tf.train.Checkpoint(model=model).write(args[0] + "/ckpt")
    """
    tensorflow_child(ORDERED + dedent(save), tmp_path, model)
    written = converted(tmp_path / source, tmp_path / target, "--json")
    assert not [one for one in json.loads(capsys.readouterr().out).get("lost", ()) if "nothing tells" in one]
    load = """
    model = globals()[args[1]](); model.load_weights(args[0])
    result = [sorted(set(np.asarray(variable).flat)) for variable in model.weights]
    """
    got = tensorflow_child(ORDERED + dedent(load), written, model)
    assert got == [[float(number)] for number in range(len(got))]


def test_a_model_is_the_same_whether_its_name_stands_before_its_layers_names_or_not(
    tmp_path: Path, tensorflow_child: TensorFlowChild, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a checkpoint of a Sequential, and in a file of Keras; an optimizer's slots are named after the weights."""
    save = """
    model = numbered(one_after_the_other()); model.compile("adam", "mse")
    model.fit(np.random.rand(4, 4), np.random.rand(4, 4), verbose=0)
    tf.train.Checkpoint(model=model).write(args[0] + "/ckpt"); model.save(args[0] + "/m.keras")
    mould = one_after_the_other(); mould.compile("adam", "mse"); mould.optimizer.build(mould.trainable_variables)
    mould.save(args[0] + "/mould.keras")
    result = [np.asarray(v).tolist() for v in [*model.weights, *model.optimizer.variables]]
    """
    truth = tensorflow_child(ORDERED + dedent(save), tmp_path)
    written = converted(
        tmp_path / "ckpt", tmp_path / "new.keras", "--like", str(tmp_path / "mould.keras"), "--json"
    )
    assert "lost" not in json.loads(capsys.readouterr().out)
    load = """
    import keras
    model = keras.saving.load_model(args[0])
    result = [np.asarray(v).tolist() for v in [*model.weights, *model.optimizer.variables]]
    """
    assert tensorflow_child(load, written) == truth
    assert main(["diff", str(tmp_path / "m.keras"), written]) == 0
    capsys.readouterr()
    assert main(["diff", str(tmp_path / "m.keras"), str(tmp_path / "ckpt"), "--json"]) == 1
    compared = json.loads(capsys.readouterr().out)
    assert (compared["only_a"], compared["only_b"]) == ([], ["_CHECKPOINTABLE_OBJECT_GRAPH"])
    assert (compared["changed"], compared["equal"]) == ([], len(truth))
    other = make(tmp_path / "other", "m", {"adam/iteration": np.int64(1), "x/y": np.ones(1, "f4")}).prefix
    converted(other, tmp_path / "no.keras", "--like", str(tmp_path / "m.keras"), status=1)
    assert "no weight in common" in capsys.readouterr().err


def test_an_order_that_nothing_tells_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = {key: np.ones(2, "f4") for key in ("net/a/kernel", "net/b/kernel", "out/kernel", "out/bias")}
    make(tmp_path / "in", "m", arrays)
    converted(tmp_path / "in", tmp_path / "m.h5", "--json")
    layers, inside = json.loads(capsys.readouterr().out)["lost"]
    assert layers.startswith("The order of the layers")
    assert inside.endswith("they stand in the order of their names in net.")


def test_keras_goes_on_training_with_a_file_that_was_laid_out_like_another(
    keras_files: Path,
    mould: Path,
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = converted(
        keras_files / "ckpt", tmp_path / "w.weights.h5", "--like", str(mould / "m.weights.h5"), "--json"
    )
    assert "lost" not in json.loads(capsys.readouterr().out)
    script = MODEL + dedent(
        """
    model.compile("adam", "mse"); model.build((8, 8, 3)); model.optimizer.build(model.trainable_variables)
    other = keras.saving.load_model(args[3], compile=True)
    other.load_weights(args[0])
    truth = keras.saving.load_model(args[2], compile=True)
    result = [
        all(np.array_equal(a, b) for a, b in zip(other.get_weights(), truth.get_weights())),
        all(np.array_equal(a, b) for a, b in zip(other.optimizer.variables, truth.optimizer.variables)),
        len(other.optimizer.variables),
    ]
    """
    )
    answer = tensorflow_child(
        script, written, 7, str(keras_files / "model.keras"), str(mould / "model.keras")
    )
    assert answer == [True, True, 24]


def test_a_bundle_is_laid_out_like_another_and_tensorflow_restores_the_model(
    keras_files: Path, mould: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    written = converted(keras_files / "m.weights.h5", tmp_path / "new" / "m", "--like", str(mould / "ckpt"))
    script = MODEL + dedent(
        """
    tf.train.Checkpoint(model=model).read(args[0]).assert_existing_objects_matched()
    truth = np.load(args[2])
    result = all(np.array_equal(a, truth[f"arr_{i}"]) for i, a in enumerate(model.get_weights()))
    """
    )
    assert tensorflow_child(script, written, 7, str(keras_files / "truth.npz"))


def test_a_recurrent_layer_whose_names_do_not_tell_its_cell(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    own = [np.full((3, 20), 1, "f4"), np.full((5, 20), 2, "f4"), np.full(20, 3, "f4")]
    arrays = dict(zip(("lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"), own, strict=True))
    source = make(tmp_path / "in", "m", arrays).prefix
    script = """
    import keras
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(5, name="lstm")])
    model.load_weights(args[0]); result = model.get_weights()
    """
    got = tensorflow_child(script, converted(source, tmp_path / "w.weights.h5"))
    for want, have in zip(own, got, strict=True):
        np.testing.assert_array_equal(have, want)
