"""Runs of recipes from end to end: object-based checkpoints walked into what a person's code builds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from ckpt_studio.core.errors import RunFault
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.events import Cause, RunState
from ckpt_studio.training.part import Part
from ckpt_studio.training.template import recipe_for
from ckpt_studio.training.worker.graft import GRAPH_KEY
from tests.helpers.memory_source import MemoryCheckpoint
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched
from tests.training.recipes import MAKE, RECIPES, RESTORE
from tests.training.test_keras_runs import keys_of, values_of
from tests.training.test_runs import assert_same


class Made:
    """Recipes with their checkpoints, each made when a test first asks for it."""

    def __init__(self, child: TensorFlowChild, folder: Path) -> None:
        self._child, self._folder = child, folder

    def __truediv__(self, name: str) -> Path:
        recipe = name.partition(".")[0].removesuffix("-3")
        if not (self._folder / f"{recipe}.py").exists():
            self._child(MAKE, self._folder, {recipe: RECIPES[recipe]})
        return self._folder / name


@pytest.fixture(scope="session")
def recipes(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tensorflow_child, tmp_path_factory.mktemp("recipes"))


def begin(
    start: Start, recipes: Made, name: str, out: Path, prefix: str | None = None, **fields: Any
) -> Watched:
    base = open_checkpoint(prefix or str(recipes / f"{name}-3"))
    return start(base, data=None, recipe=str(recipes / f"{name}.py"), out=str(out), **fields)


FROZEN = {
    "functional": ("equal0", "equal1/bias"),
    "subclassed": ("net_dense_1_",),
    "module": (),
    "pair": ("judge_a",),
}


_LONG = pytest.mark.campaign("matrix")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("functional"),
        pytest.param("pair", marks=_LONG),
        pytest.param("subclassed", marks=_LONG),
        pytest.param("module", marks=_LONG),
    ],
)
def test_half_and_half_is_the_whole_and_stock_tensorflow_restores_it(
    name: str, start: Start, recipes: Made, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = recipes / f"{name}-3"
    frozen = (
        keys_of(base, *FROZEN[name]) if FROZEN[name] else frozenset({"net/first/.ATTRIBUTES/VARIABLE_VALUE"})
    )
    whole = begin(start, recipes, name, tmp_path / "whole", steps=16, save_every=8, frozen=frozen)
    outcome = whole.end()
    assert outcome.state is RunState.finished, outcome
    card = whole.card
    assert card.problems == card.missing == ()
    assert {key for key in card.unused if "save_counter" not in key} == set()
    assert whole.losses[0] == card.loss_after
    assert outcome.frozen_unchanged is True
    half = whole.checkpoints[0].prefix
    rest = begin(start, recipes, name, tmp_path / "rest", prefix=half, steps=8, frozen=frozen)
    last = rest.end()
    assert last.state is RunState.finished, last
    assert str(last.prefix).endswith("model.ckpt-19")
    assert_same(str(outcome.prefix), str(last.prefix))
    assert rest.card.inexact == ()
    first, end = open_bundle(str(base)), open_bundle(str(outcome.prefix))
    still = {key for key in end.columns.keys if first.read(key).tobytes() == end.read(key).tobytes()}
    assert frozen <= still
    assert len(still) < len(end.columns) / 2
    assert tensorflow_child(RESTORE, recipes / f"{name}.py", outcome.prefix)
    again = open_bundle(f"{outcome.prefix}-again")
    for key in end.columns.keys:
        if key != GRAPH_KEY and "save_counter" not in key:
            assert again.read(key).tobytes() == end.read(key).tobytes(), key


def test_weights_without_a_model_take_it_from_a_recipe(start: Start, recipes: Made, tmp_path: Path) -> None:
    run = begin(
        start, recipes, "functional", tmp_path / "run", str(recipes / "functional.weights.h5"), steps=3
    )
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert run.card.missing == ()
    assert {one.how for one in run.card.bindings} <= {"name", "file", "slot"}
    assert len(values_of(str(outcome.prefix))) == len(run.card.bound)


@_LONG
def test_what_the_checkpoint_lacks_gets_a_place_in_it(
    start: Start, recipes: Made, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = open_checkpoint(str(recipes / "functional-3"))
    lacking = {key for key in base.columns.keys if "moment" in base.columns.name(base.columns.row(key))}
    source = Part(base, [key for key in base.columns.keys if key not in lacking])
    run = start(base, source=source, data=None, recipe=str(recipes / "functional.py"), steps=4)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert len(run.card.missing) == len(lacking)
    assert {one.how for one in run.card.missing} == {"with zeros, as a new optimizer has it"}
    assert tensorflow_child(RESTORE, recipes / "functional.py", outcome.prefix)
    end, again = open_bundle(str(outcome.prefix)), open_bundle(f"{outcome.prefix}-again")
    for key in lacking:
        assert np.any(again.read(key))
        assert again.read(key).tobytes() == end.read(key).tobytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def build(", "is no Python"),
        ("x = 1", "no function build"),
        ("def build(): return {}", "nothing that TensorFlow could save"),
        ("import tensorflow as tf\ndef build(): return {'v': tf.Variable(1.0)}", "must return a train_step"),
        ("def build(): raise ValueError('out of milk')", "recipe.py, line 1: out of milk"),
        (
            "import os\ndef build(): os.listdir('/var')",
            "Permission denied: '/var'; name what the run may read",
        ),
        ("def build(batch): pass", "must take no arguments"),
    ],
)
def test_a_recipe_that_does_not_keep_to_the_contract_is_said(
    text: str, said: str, start: Start, recipes: Made, tmp_path: Path
) -> None:
    (tmp_path / "recipe.py").write_text(text)
    run = start(
        open_checkpoint(str(recipes / "module-3")), data=None, recipe=str(tmp_path / "recipe.py"), steps=1
    )
    outcome = run.end()
    assert outcome.state is RunState.failed
    assert outcome.cause in (Cause.refused, Cause.exception)
    assert said in outcome.message


STEP = """import tensorflow as tf
w = tf.Variable([1.0, 2.0], name="w")
optimizer = tf.keras.optimizers.SGD(0.125)
optimizer.build([w])

def helper(x):
    {helper}

def train_step(batch):
    loss = tf.reduce_sum(helper(batch) * w)
    optimizer.apply_gradients([(tf.ones(2), w)])
    return {{"accuracy": tf.reduce_mean(batch), "loss": loss, "text": tf.constant("a"), "rows": batch}}

def build():
    data = tf.data.Dataset.from_tensors(tf.ones((4, 2))).repeat()
    return {{"w": w, "optimizer": optimizer, "dataset": data, "train_step": train_step}}
"""


OWN_STEP: Final = """import keras
import numpy as np
import tensorflow as tf

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.layer = keras.layers.Dense(8, name="layer")

    def call(self, x):
        return self.layer(x)

    def train_step(self, rows):  # as fit gives a dataset of features alone
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.layer(rows) - rows) ** 2)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
        return {"loss": loss}

def build():
    net = Net()
    net.compile(keras.optimizers.SGD(0.01, momentum=0.9))
    rows = np.random.default_rng(1).standard_normal((96, 8)).astype("f")
    draws = tf.random.Generator.from_seed(3)  # no checkpoint has it yet
    return {"model": net, "draws": draws, "dataset": tf.data.Dataset.from_tensor_slices(rows).batch(8)}
"""

SAVE_OWN: Final = """
import keras, os
recipe, folder = args
names = {}
exec(open(recipe).read(), names)
built = names["build"]()
built["model"].jit_compile = False
built["model"].fit(built["dataset"].take(5), verbose=0)
root = tf.train.Checkpoint(model=built["model"], optimizer=built["model"].optimizer)
result = root.save(os.path.join(folder, "ckpt"))
"""


def test_a_step_of_the_models_own_goes_on_where_the_optimizer_stood(
    start: Start, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """Files are numbered by how many were saved; the number of steps is the optimizer's."""
    recipe = tmp_path / "recipe.py"
    recipe.write_text(OWN_STEP)
    base = open_checkpoint(tensorflow_child(SAVE_OWN, recipe, tmp_path))
    run = start(base, data=None, recipe=str(recipe), steps=4, save_every=2)
    whole = run.end()
    assert whole.state is RunState.finished, whole
    assert (base.step, run.steps) == (1, [6, 7, 8, 9])
    half = open_checkpoint(run.checkpoints[0].prefix)
    rest = start(half, data=None, recipe=str(recipe), steps=2, out=str(tmp_path / "rest"))
    last = rest.end()
    assert last.state is RunState.finished, last
    assert (rest.card.missing, rest.card.inexact) == ((), ())
    one, other = open_checkpoint(str(whole.prefix)), open_checkpoint(str(last.prefix))
    assert any(key.startswith("draws/") for key in one.columns.keys)
    for key in one.columns.keys:
        assert key == GRAPH_KEY or one.read(key).tobytes() == other.read(key).tobytes(), key


@pytest.mark.parametrize(
    ("helper", "said"),
    [
        ("raise KeyError('milk')", "KeyError in recipe.py, line 7: 'milk'."),
        (
            "return tf.ones((4, 3))",
            "ValueError in recipe.py, line 10: Dimensions must be equal, but are 3 and 2",
        ),
        (
            "return tf.ensure_shape(tf.tile(x, tf.cast([1, x[0, 0]], tf.int32) * 3), (None, 2))",
            "recipe.py, line 7",
        ),
        (
            "return tf.numpy_function(lambda: open('milk'), [], tf.float32)",
            "recipe.py, line 7: FileNotFoundError: [Errno 2] No such file or directory: 'milk'",
        ),
    ],
)
def test_where_a_step_of_ones_own_failed_is_said(
    helper: str, said: str, start: Start, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text(STEP.format(helper=helper))
    base = MemoryCheckpoint({"w": np.ones(2, "f")})
    outcome = start(base, data=None, recipe=str(recipe), steps=1).end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.exception)
    assert said in outcome.message
    assert outcome.place == f"{recipe}:{said.partition('line ')[2].partition(':')[0]}"


def test_numbers_that_a_step_tells_are_kept_beside_its_loss(start: Start, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text(STEP.format(helper="return x"))
    base = MemoryCheckpoint({"w": np.ones(2, "f")})
    run = start(base, data=None, recipe=str(recipe), steps=3)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    lines = [json.loads(line) for line in (run.runner.folder.events).read_text().splitlines()]
    steps = [line for line in lines if line["event"] == "metrics"]
    assert [line["loss"] for line in steps] == [8.0, 7.0, 6.0]
    assert [line["scalars"]["accuracy"] for line in steps] == [1.0, 1.0, 1.0]
    assert steps[0]["scalars"] == {"accuracy": 1.0, "learning_rate": 0.125}
    (board,) = run.runner.folder.path.glob("events.out.tfevents.*")
    assert b"accuracy" in board.read_bytes()


def test_a_limit_of_memory_holds(start: Start, tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text("import numpy as np\ndef build(): return np.ones((1 << 17, 1 << 15))")
    base = MemoryCheckpoint({"w": np.ones(3, "f")})
    run = start(base, data=None, recipe=str(tmp_path / "recipe.py"), memory_limit=4096)
    outcome = run.end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.out_of_memory), outcome
    assert "memory" in outcome.message


def test_layers_that_are_numbered_anew_stop_the_run(start: Start, recipes: Made, tmp_path: Path) -> None:
    text = RECIPES["functional"].replace('name="equal%d" % n', 'name="dense_%d" % (n + 4)')
    (tmp_path / "recipe.py").write_text(text)
    base = open_checkpoint(str(recipes / "functional-3"))
    outcome = start(base, data=None, recipe=str(tmp_path / "recipe.py"), steps=1).end()
    assert (outcome.state, outcome.cause) == (RunState.failed, Cause.refused), outcome


def test_the_template_of_a_checkpoint_runs(start: Start, recipes: Made, tmp_path: Path) -> None:
    base = open_checkpoint(str(recipes / "functional-3"))
    text = recipe_for(base, base)
    assert "equal3/kernel: float32 [8, 8]" in text
    (tmp_path / "recipe.py").write_text(text)
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        features=rng.standard_normal((64, 8)).astype("f"),
        labels=rng.integers(0, 3, 64),
    )
    run = start(base, data=None, recipe=str(tmp_path / "recipe.py"), steps=2)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert (run.card.missing, run.card.problems) == ((), ())
    assert sum(one.trained for one in run.card.bindings) == 12


def test_without_trust_the_recipe_is_named(start: Start, recipes: Made, tmp_path: Path) -> None:
    with pytest.raises(RunFault, match=r"The recipe .*module\.py was not trusted"):
        begin(start, recipes, "module", tmp_path / "run", trust=False)
