"""Conversions between names and objects: `tf.train.Checkpoint` restores what was named, and odd names are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.cli.main import main
from tests.cli.conversions import converted, same, values
from tests.document.bundles import make
from tests.helpers.tensorflow_child import TensorFlowChild


def test_a_name_based_checkpoint_becomes_object_based(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    prefix = str(tmp_path / "in" / "m")
    make_it = """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        w = tf.compat.v1.get_variable("net/dense/w", [4, 3]); b = tf.compat.v1.get_variable("net/b.c", [3])
        loss = tf.reduce_sum((tf.ones([2, 4]) @ w + b) ** 2)
        train = tf.compat.v1.train.AdamOptimizer(0.1).minimize(loss)
        session.run(tf.compat.v1.global_variables_initializer()); session.run(train)
        tf.compat.v1.train.Saver().save(session, args[0])
        result = [v.tolist() for v in session.run([w, b])]
    """
    w, b = tensorflow_child(make_it, prefix)
    before = {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    written = converted(prefix, tmp_path / "out" / "m", "--names", "objects", "--certify")
    restore = """
    net = tf.Module(); net.dense = tf.Module(); net.dense.w = tf.Variable(tf.zeros([4, 3]))
    setattr(net, "b.c", tf.Variable(tf.zeros([3])))
    optimizer = tf.compat.v1.train.AdamOptimizer(0.1)
    status = tf.train.Checkpoint(net=net, optimizer=optimizer).read(args[0])
    status.assert_existing_objects_matched()
    loss = lambda: tf.reduce_sum((tf.ones([2, 4]) @ net.dense.w + getattr(net, "b.c")) ** 2)
    result = [net.dense.w.numpy(), getattr(net, "b.c").numpy()]
    optimizer.minimize(loss, var_list=[net.dense.w, getattr(net, "b.c")])
    reader = tf.train.load_checkpoint(args[0])
    result.append(sorted(n for n in reader.get_variable_to_shape_map() if "SLOT" in n))
    """
    answer = tensorflow_child(restore, written)
    assert answer[:2] == [w, b]
    assert answer[2] == [
        f"net/{path}/.OPTIMIZER_SLOT/optimizer/{slot}/.ATTRIBUTES/VARIABLE_VALUE"
        for path in ("b..c", "dense/w")
        for slot in ("m", "v")
    ]
    back = converted(written, tmp_path / "back" / "m", "--names", "full")
    same(values(back), values(prefix))
    assert {path.name: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_what_has_no_name_of_its_own_stays_the_object_that_it_is(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    prefix = str(tmp_path / "in" / "m")
    twins = """
    net = tf.Module(); net.a = tf.Variable([1.0, 1.0]); setattr(net, "b.c", tf.Variable([2.0, 2.0]))
    tf.train.Checkpoint(net=net, w=tf.Variable([3.0], name="w")).write(args[0])
    """
    tensorflow_child(twins, prefix)
    written = converted(prefix, tmp_path / "out" / "m", "--names", "objects", "--certify")
    restore = """
    net = tf.Module(); net.a = tf.Variable([0.0, 0.0]); setattr(net, "b.c", tf.Variable([0.0, 0.0]))
    tf.train.Checkpoint(net=net).read(args[0]).assert_existing_objects_matched()
    result = [net.a.numpy(), getattr(net, "b.c").numpy()]
    """
    assert tensorflow_child(restore, written) == [[1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["a//b", "a/b"], "'a//b' and 'a/b' would be the same object; rename one of them."),
        (["a/b", "odd\udcff"], r"'odd\\xff' is not UTF-8, and can be no object's name; rename or drop it."),
    ],
)
def test_names_that_no_objects_can_have_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: list[str], words: str
) -> None:
    make(tmp_path / "in", "m", {key: np.zeros(2, "f4") for key in keys})
    assert main(["convert", str(tmp_path / "in"), str(tmp_path / "out" / "m"), "--names", "objects"]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out" / "m.index").exists()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["net/a//b", "net/a/b"], "'net/net/a//b' is no path in an HDF5 file; rename it."),
        (["net/./w"], "'net/net/./w' is no path in an HDF5 file"),
        (
            ["net/w", "net/w/x"],
            "'net/net/w' and 'net/net/w/x' cannot both be in an HDF5 file, where one is a group",
        ),
    ],
)
def test_names_that_hdf5_takes_for_others_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], keys: list[str], words: str
) -> None:
    make(tmp_path / "in", "m", {key: np.zeros(2, "f4") for key in keys})
    assert main(["convert", str(tmp_path / "in"), str(tmp_path / "m.h5")]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "m.h5").exists()


def test_an_object_graph_is_made_anew(
    keras_files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = converted(keras_files / "ckpt", tmp_path / "m", "--names", "objects", "--json")
    assert json.loads(capsys.readouterr().out)["lost"] == [
        "The object graph: another one is made of full names."
    ]
    same(values(written), values(str(keras_files / "ckpt")))
