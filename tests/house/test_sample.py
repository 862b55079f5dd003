"""The bundled sample must be whole, small, free of places of the machine that made it, and restorable by TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.resources import resources_folder
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.fixture
def sample() -> Path:
    return resources_folder() / "samples"


def test_is_small_and_names_no_place(sample: Path) -> None:
    files = [path for path in sample.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert sum(path.stat().st_size for path in files) < 2_000_000
    for path in files:
        assert not re.search(rb"/(home|root|tmp|work|Users)/", path.read_bytes()), path


def test_state_files_name_checkpoints_beside_them(sample: Path, tensorflow_child: TensorFlowChild) -> None:
    found = tensorflow_child(
        """
        state = tf.compat.v1.train.get_checkpoint_state(args[0])
        result = [tf.train.latest_checkpoint(args[0]), list(state.all_model_checkpoint_paths),
                  tf.io.read_file(args[0] + "/checkpoint").numpy().decode()]
        """,
        sample / "run",
    )
    prefixes = [str(sample / "run" / f"model.ckpt-{step}") for step in (100, 200, 300, 400, 500)]
    assert found[0] == prefixes[-1]
    assert found[1] == prefixes
    assert str(sample) not in found[2]
    for prefix in prefixes:
        assert all(Path(prefix + end).is_file() for end in (".index", ".meta", ".data-00000-of-00001"))


def test_trains_on_from_its_own_graph_and_data(sample: Path, tensorflow_child: TensorFlowChild) -> None:
    losses = tensorflow_child(
        """
        v1 = tf.compat.v1
        data = np.load(args[0] + "/data.npz")
        with tf.Graph().as_default() as graph, v1.Session() as session:
            saver = v1.train.import_meta_graph(args[0] + "/run/model.ckpt-500.meta")
            saver.restore(session, args[0] + "/run/model.ckpt-500")
            (train_op,), (loss,) = graph.get_collection("train_op"), graph.get_collection("losses")
            feed = {"x:0": data["x"], "y:0": data["y"]}
            before = session.run(loss, feed)
            for _ in range(100):
                session.run(train_op, feed)
            names = [v.name for v in graph.get_collection("trainable_variables")]
            result = [before, session.run(loss, feed), int(session.run("global_step:0")), names]
        """,
        sample,
    )
    before, after, step, names = losses
    assert 0.3 < before < 0.6
    assert after < 0.8 * before  # and it still has something to learn
    assert step == 600
    assert "encoder/dense_1/kernel:0" in names
    assert len(names) == 6


def test_donor_fits_but_for_the_classifier(sample: Path, tensorflow_child: TensorFlowChild) -> None:
    run, donor = (
        dict(tensorflow_child("result = tf.train.list_variables(args[0])", sample / place))
        for place in ("run/model.ckpt-500", "donor/model.ckpt-4000")
    )
    assert run.keys() == donor.keys()
    differing = {name for name in run if run[name] != donor[name]}
    assert {name.rsplit("/Adam", 1)[0].removesuffix("_1") for name in differing} == {
        "classifier/kernel",
        "classifier/bias",
    }


def test_data_is_float_pictures_and_labels(sample: Path) -> None:
    with np.load(sample / "data.npz") as data:
        assert data["x"].shape == (1500, 64)
        assert data["x"].dtype == np.float32
        assert set(data["y"].tolist()) == set(range(10))
