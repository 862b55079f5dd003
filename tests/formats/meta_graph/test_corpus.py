"""Real `.meta` files: what is found out about them, and whether they train on, fed with noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.formats.meta_graph import load_meta_graph, plan_training, trainable_names
from tests.helpers.tensorflow_child import TensorFlowChild

ROOT = Path(__file__).resolve().parents[3]

GRAPHS: dict[str, dict[str, Any]] = {
    "pandabc__PHM08/tmp/model.ckpt": {"train": "Momentum", "loss": "Mean:0", "covers": 4, "feeds": 2},
    "Hishmad__basic-machine-learning/iris_model/model.ckpt-8000": {
        "train": "train_op/dnn/train", "loss": "training_loss:0", "covers": 8, "feeds": 0, "step": "global_step",
    },
    "BilleChu__dnn-test-tensorflow/model.ckpt": {"train": "Adam", "loss": "Mean:0", "covers": 11, "feeds": 4},
    "damonarunion__model/model.ckpt-5000": {
        "train": "linear/head/Ftrl", "loss": "linear/head/weighted_loss/Sum:0", "covers": 13, "feeds": 13,
        "step": "global_step",
    },
    "Fatema__td-gammon/checkpoints/checkpoint-447880": {
        "train": "train", "loss": "loss:0", "covers": 4, "feeds": 2, "step": "global_step",
    },
    "Fatema__td-gammon/checkpoints/checkpoint-462746": {
        "train": "train", "loss": "loss:0", "covers": 4, "feeds": 2, "step": "global_step",
    },
    "onnx__tensorflow-onnx/tests/models/regression/checkpoint/model": {
        "train": "GradientDescent", "loss": "truediv:0", "covers": 2, "feeds": 2,
    },
}  # fmt: skip

SCRIPT = """
import sys
sys.path.insert(0, args[0])
from tests.formats.meta_graph import stock
result = stock.blind_run(args[1])
"""


@pytest.mark.parametrize("name", GRAPHS)
def test_trains_on(name: str, corpus: Path, tensorflow_child: TensorFlowChild) -> None:
    prefix = corpus / name
    expected = GRAPHS[name]
    meta = load_meta_graph(f"{prefix}.meta")
    plan = plan_training(meta, {one.key for one in meta.variables.values()})
    assert plan.train_ops == (expected["train"],)
    assert plan.loss == expected["loss"]
    assert len(plan.candidates[0].covers) == expected["covers"]
    assert len(plan.feeds) == expected["feeds"]
    assert plan.step == expected.get("step")
    assert not plan.risks
    assert any("no fixed order" in reason for reason in plan.inexact) is ("td-gammon" in name)
    found = tensorflow_child(SCRIPT, ROOT, prefix)
    assert not found["frozen_that_moved"]
    assert found["moved"]
    assert found["round_trip"]


def test_every_meta_file_loads(corpus: Path) -> None:
    found = [path for path in corpus.rglob("*") if path.name.endswith(".meta")]
    assert len(found) >= 9
    for path in found:
        meta = load_meta_graph(str(path))
        names = trainable_names(str(path))
        assert (meta.trainable or frozenset()) <= (names or frozenset())
        assert (names is None) is (meta.trainable is None)


def test_a_graph_for_inference_has_no_train_operation(corpus: Path) -> None:
    path = (
        corpus
        / "uve__tensorflow/tensorflow/contrib/session_bundle/testdata/half_plus_two/00000123/export.meta"
    )
    assert plan_training(load_meta_graph(str(path)), []).train_ops == ()
