"""The resumable checkpoints that others made: they train on, on the data they ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start
from tests.training.keras_files import LOADED

READ = """
v1 = tf.compat.v1
prefix, = args
reader = tf.train.load_checkpoint(prefix)
result = {key: np.asarray(reader.get_tensor(key), "f8").ravel().tolist() for key in reader.get_variable_to_shape_map()}
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(prefix + ".meta", clear_devices=True)
    saver.restore(session, prefix)
"""


def test_a_regression_without_a_step_and_with_unnamed_inputs(
    corpus: Path, start: Start, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = open_checkpoint(str(corpus / "pandabc__PHM08" / "tmp"))
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "data.npz", sensors=rng.standard_normal((256, 24)), life=rng.random((256, 1)))
    frozen = frozenset({"Variable", "Variable/Momentum"})
    run = start(base, frozen, data=DataSpec(str(tmp_path / "data.npz")), steps=20)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert outcome.frozen_unchanged is True
    assert run.card.mapping == {"Placeholder:0": "sensors", "Placeholder_1:0": "life"}
    assert run.steps == list(range(1, 21))
    stock = tensorflow_child(READ, outcome.prefix)
    assert stock["Variable"] == base.read("Variable").ravel().tolist()
    assert stock["Variable_2"] != base.read("Variable_2").ravel().tolist()


def test_an_estimator_with_data_of_its_own(
    corpus: Path, start: Start, tensorflow_child: TensorFlowChild
) -> None:
    base = open_checkpoint(str(corpus / "Hishmad__basic-machine-learning" / "iris_model"))
    frozen = frozenset({"dnn/hiddenlayer_0/weights"})
    run = start(base, frozen, data=None, steps=20, save_every=10)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert outcome.frozen_unchanged is True
    assert run.card.inputs == ()
    assert "dnn/hiddenlayer_0/weights/t_0/Adagrad" in run.card.frozen
    first = int(base.read("global_step"))
    assert run.steps == list(range(first + 1, first + 21))
    stock = tensorflow_child(READ, outcome.prefix)
    assert stock["global_step"] == [first + 20]
    assert sorted(stock) == sorted(base.columns.keys)
    for key in run.card.frozen:
        assert stock[key] == base.read(key).ravel().tolist()
    assert stock["dnn/logits/weights"] != base.read("dnn/logits/weights").ravel().tolist()
    assert open_bundle(str(outcome.prefix)).meta_graph is not None


def test_a_whole_model_of_earlier_keras(
    corpus: Path, start: Start, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    base = open_checkpoint(str(corpus / "404error-010__ANN-Churn-Classification" / "model.h5"))
    rng = np.random.default_rng(1)
    np.savez(tmp_path / "data.npz", x=rng.standard_normal((256, 12)).astype("f"), y=rng.integers(0, 2, 256))
    key = next(key for key in base.columns.keys if key.endswith("dense_6/kernel"))
    run = start(base, frozenset({key}), data=DataSpec(str(tmp_path / "data.npz")), steps=20)
    outcome = run.end()
    assert outcome.state is RunState.finished, outcome
    assert (run.card.missing, run.card.unused, run.card.problems) == ((), (), ())
    assert run.steps == list(range(4251, 4271))
    assert outcome.frozen_unchanged is True
    assert outcome.never_moved == ()
    values, iterations = tensorflow_child(LOADED, outcome.prefix, [256, 12], "f4")
    frozen = next(value for name, value in values.items() if name.endswith("dense_6/kernel"))
    assert np.array(frozen, "f4").tobytes() == base.read(key).tobytes()
    assert iterations == 4278
