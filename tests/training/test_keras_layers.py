"""Runs of Keras models that need more than variables: vocabularies, constants of layers, scaled losses, states."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.data import open_data, plan_feeds, read_data
from ckpt_studio.training.events import RunState
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched

MODELS: Final = """
import os, keras
folder = args[0]
rng = np.random.default_rng(5)
x = (3 + 2 * rng.standard_normal((64, 8))).astype("f")
y = (x[:, :1] / 3).astype("f")
words = np.array([["a b", "c d", "e a", "d d"][n % 4] for n in range(64)])
kinds = np.array(["uv?"[n % 3] for n in range(64)])
np.savez(os.path.join(folder, "data.npz"), features=x, words=words, kinds=kinds, y_out=y, y=y)
L = keras.layers

def adapted():
    features = keras.Input((8,), name="features")
    said, kind = (keras.Input((), dtype="string", name=name) for name in ("words", "kinds"))
    norm, text, look = L.Normalization(), L.TextVectorization(output_sequence_length=3), L.StringLookup()
    norm.adapt(x)
    text.adapt(["a b c", "b c d"])
    look.adapt(["u", "v"])
    at = L.GlobalAveragePooling1D()(L.Embedding(9, 4)(text(said)))
    at = L.Concatenate()([norm(features), at, L.Flatten()(L.Embedding(4, 2)(look(kind)))])
    hidden = L.Dense(4, name="hidden")(at)
    model = keras.Model([features, said, kind], {"out": L.Dense(1, name="last")(hidden), "between": hidden})
    model.compile("adam", loss={"out": "mse", "between": None}, jit_compile=False)
    return model, [x, words, kinds], {"out": y, "between": None}

def half():
    keras.config.set_dtype_policy("mixed_float16")
    model = keras.Sequential([keras.Input((8,), name="features"), L.Dense(6, "relu"), L.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    keras.config.set_dtype_policy("float32")
    return model, x, y

def stateful():
    features = keras.Input((8,), batch_size=16, name="features")
    at = L.LSTM(4, stateful=True)(L.Reshape((4, 2))(features))
    model = keras.Model(features, L.Dense(1)(at))

    def far_off(y, predicted):
        return keras.ops.max(keras.ops.abs(y - predicted))

    model.compile("adam", "mse", metrics=[far_off], jit_compile=False)
    return model, x, y
"""

MAKE: Final = (
    MODELS
    + """
for make in (adapted, half, stateful):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model, features, targets = make()
    first = lambda of: keras.tree.map_structure(lambda one: None if one is None else one[:16], of, none_is_leaf=False)
    model.train_on_batch(first(features), first(targets))
    model.save(os.path.join(folder, make.__name__ + ".keras"))

def mine(y, predicted):
    return keras.ops.mean(predicted)

model, *_ = half()
model.compile("adam", mine)
model.save(os.path.join(folder, "own_loss.keras"))
model.compile("adam", mine)
model.save(os.path.join(folder, "own_loss.h5"))
"""
)

GO_ON: Final = """
import keras
path, batches, inputs, target, policy = args
keras.config.set_dtype_policy(policy)  # as the script has it that made the model
model = keras.models.load_model(path, custom_objects={"far_off": lambda y, predicted: keras.ops.max(predicted)})
keras.config.set_dtype_policy("float32")
model.jit_compile = False
fed = np.load(batches)
for at in range(len(fed[inputs[0]])):
    x = [tf.constant(fed[name][at]) for name in inputs]
    y = tf.constant(fed[target][at])
    model.train_on_batch(x[0] if len(x) == 1 else x, {"out": y, "between": None} if len(x) > 1 else y)
result = {v.path: np.asarray(v, "f8").ravel().tolist() for v in (*model.variables, *model.optimizer.variables)}
"""


@pytest.fixture(scope="session")
def files(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    tensorflow_child(MAKE, folder)
    return folder


def begin(start: Start, path: Path, data: Path, **fields: Any) -> Watched:
    return start(open_checkpoint(str(path)), data=DataSpec(str(data / "data.npz")), batch_size=16, **fields)


@pytest.mark.parametrize(
    ("name", "inputs", "target", "policy"),
    [
        ("adapted", ["features:0", "words:0", "kinds:0"], "y_out:0", "float32"),
        ("half", ["features:0"], "y:0", "mixed_float16"),
        ("stateful", ["features:0"], "y:0", "float32"),
    ],
)
def test_it_computes_what_stock_keras_computes(
    name: str, inputs: list[str], target: str, policy: str,
    start: Start, files: Path, tensorflow_child: TensorFlowChild, tmp_path: Path,
) -> None:  # fmt: skip
    run = begin(start, files / f"{name}.keras", files, steps=6)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    card = run.card
    assert (card.missing, card.unused, card.problems) == ((), (), ())
    data = str(files / "data.npz")
    plan = plan_feeds(card.inputs, open_data(data), card.mapping, 16)
    used = [str(feed.source) for feed in plan.feeds]
    fed = Feeder(plan, read_data(data, used), 0).many(card.start_step, 6)
    np.savez(
        tmp_path / "fed.npz",
        **{key: value.astype("U") if value.dtype == object else value for key, value in fed.items()},
    )
    values = tensorflow_child(GO_ON, files / f"{name}.keras", tmp_path / "fed.npz", inputs, target, policy)
    end = open_checkpoint(str(outcome.prefix))
    compared = 0
    for row, key in enumerate(end.columns.keys):
        path = end.columns.name(row)
        if path in values and "seed" not in path:
            compared += 1
            np.testing.assert_array_equal(end.read(key).ravel().astype("f8"), np.array(values[path]), path)
    assert compared >= 10


def test_states_of_layers_are_carried_beside_the_checkpoints(
    start: Start, files: Path, tmp_path: Path
) -> None:
    begun = begin(start, files / "stateful.keras", files, steps=6, save_every=3, out=str(tmp_path / "whole"))
    whole = begun.end()
    assert whole.state is RunState.finished, whole
    assert any("state 0 of the step" in reason for reason in begun.card.inexact)
    assert any("metrics are left out" in note and "far_off" in note for note in begun.card.notes)
    rest = begin(start, Path(begun.checkpoints[0].prefix), files, steps=3, out=str(tmp_path / "rest"))
    last = rest.end()
    assert last.state is RunState.finished, last
    assert rest.card.inexact == ()
    one, other = open_checkpoint(str(whole.prefix)), open_checkpoint(str(last.prefix))
    for key in one.columns.keys:
        assert one.read(key).tobytes() == other.read(key).tobytes(), key


@pytest.mark.parametrize("name", ["own_loss.keras", "own_loss.h5"])
def test_a_loss_of_the_persons_own_needs_a_recipe(name: str, start: Start, files: Path) -> None:
    outcome = begin(start, files / name, files, steps=1).end()
    assert outcome.state is RunState.failed, outcome
    assert "mine" in outcome.message
    assert "write a recipe that builds it" in outcome.message


OF_KERAS_2: Final = """
import h5py, json, keras, os
folder = args[0]
keras.backend.clear_session()
keras.utils.set_random_seed(3)
L = keras.layers
features = keras.Input((8,), name="features")
inner = keras.Sequential([keras.Input((8,)), L.Dense(6, "relu", name="inside")], name="inner")
at = L.Bidirectional(L.LSTM(4, name="lstm"), name="both")(L.Reshape((3, 2), name="rows")(inner(features)))
model = keras.Model(features, L.Dense(1, name="out")(at))
model.compile("sgd", "mse", jit_compile=False)
path = os.path.join(folder, "keras2.h5")
model.save(path)

def said(kind, name, source=None, call=0, **config):
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    nodes = [] if source is None else [[[source, call, 0, {}]]]
    config = {"name": name, "dtype": policy, **config}
    return {"class_name": kind, "name": name, "inbound_nodes": nodes, "config": config}

start = said("InputLayer", "start", batch_input_shape=[None, 8])
lstm = said("LSTM", "lstm", units=4, time_major=False, implementation=2)
layers = [
    said("InputLayer", "features", batch_input_shape=[None, 8]),
    {**said("Sequential", "inner", "features"),
     "config": {"name": "inner", "layers": [start, said("Dense", "inside", units=6, activation="relu")]}},
    said("Reshape", "rows", "inner", 1, target_shape=[3, 2]),
    said("Bidirectional", "both", "rows", layer={key: lstm[key] for key in ("class_name", "config")}),
    said("Dense", "out", "both", units=1),
]
network = {"name": "model", "layers": layers, "input_layers": [["features", 0, 0]], "output_layers": [["out", 0, 0]]}
decay = dict(initial_learning_rate=0.1, decay_steps=3, decay_rate=0.5, staircase=False, name=None)
rate = {"class_name": "ExponentialDecay", "config": decay}
optimizer = {"class_name": "Custom>SGD", "config": {"name": "SGD", "learning_rate": rate}}
training = {"loss": "mse", "optimizer_config": optimizer}
with h5py.File(path, "r+") as file:
    file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": network})
    file.attrs["training_config"] = json.dumps(training)
    file.attrs["keras_version"] = "2.15.0"
data = np.load(os.path.join(folder, "data.npz"))
result = float(model.evaluate(data["features"], data["y"], batch_size=64, verbose=0))
"""
"""A model with another one inside, a wrapped layer and a schedule, as Keras 2 describes them."""


def test_models_of_keras_2_are_made_anew(
    start: Start, files: Path, tensorflow_child: TensorFlowChild
) -> None:
    loss = tensorflow_child(OF_KERAS_2, files)
    base = open_checkpoint(str(files / "keras2.h5"))
    frozen = frozenset(key for key in base.columns.keys if "inside" in key)
    run = start(
        base, frozen, data=DataSpec(str(files / "data.npz"), {"y": "y"}), batch_size=64, steps=3, save_every=3
    )
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert (run.card.missing, run.card.problems, outcome.frozen_unchanged) == ((), (), True)
    assert len(frozen) == 2
    np.testing.assert_allclose(run.losses[0], loss, rtol=1e-6)
