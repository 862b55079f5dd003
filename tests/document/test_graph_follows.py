"""A graph (`.meta`) beside a checkpoint whose variables were renamed or dropped: stock TensorFlow goes on with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.rename import Rename, RenamePattern
from ckpt_studio.document.edits.slim import Slim
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.meta_graph.load import load_meta_graph
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild

GRAPH = """
v1 = tf.compat.v1
for kind, resource in (("ref", False), ("resource", True)):
    with tf.Graph().as_default(), v1.Session() as session:
        v1.set_random_seed(3)
        x = v1.placeholder(tf.float32, [None, 4], "x")
        with v1.variable_scope("net", use_resource=resource):
            w = v1.get_variable("a/w", [4, 3])
            v = v1.get_variable("b/w", [3, 1], partitioner=None if resource else v1.fixed_size_partitioner(3))
        loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w)), v) - 1.0), name="loss")
        step = v1.train.get_or_create_global_step()
        v1.add_to_collection("train_op", v1.train.AdamOptimizer(0.1).minimize(loss, step))
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, args[0] + "/" + kind, global_step=5)
"""
TRAIN = """
v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    saver = v1.train.import_meta_graph(args[0] + ".meta")
    session.run(v1.global_variables_initializer())
    saver.restore(session, args[0])
    variables = {v.op.name: v for v in v1.global_variables()}
    reader = tf.train.load_checkpoint(args[0])
    before = session.run(variables)
    whole = [name for name in variables if reader.has_tensor(name)]
    same = all(np.array_equal(before[name], reader.get_tensor(name)) for name in whole)
    losses = [session.run(["loss:0", *v1.get_collection("train_op")], {"x:0": np.ones([2, 4], np.float32)})[0]
              for _ in range(3)]
    moved = sorted(n for n, now in session.run(variables).items() if not np.array_equal(before[n], now))
    session.run(v1.global_variables_initializer())
    keys = {v: (v._save_slice_info.full_name if v._save_slice_info else v.op.name) for v in variables.values()}
    if set(keys.values()) <= set(reader.get_variable_to_shape_map()):
        v1.train.Saver(v1.global_variables()).restore(session, args[0])
    result = [sorted(variables), same, losses, moved, sorted(v.op.name for v in v1.trainable_variables())]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    tensorflow_child(GRAPH, folder)
    return folder


@pytest.mark.parametrize("kind", ["ref", "resource"])
def test_a_renamed_graph_trains_on_and_can_be_frozen(
    trained: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, kind: str
) -> None:
    before = tensorflow_child(TRAIN, trained / f"{kind}-5")
    document = Document(open_checkpoint(str(trained / f"{kind}-5")))
    document.do(RenamePattern.of(document.rows.columns, "^net/(.)/w", r"model/\1/kernel"))
    written = write_document(document, str(tmp_path / "renamed" / "m"))
    names, same, losses, moved, trainable = tensorflow_child(TRAIN, written.prefix)
    assert same
    assert losses == before[2]
    assert "model/a/kernel" in trainable
    if kind == "resource":
        assert not [name for name in names if name.startswith("net/")]
        assert moved == [name.replace("net/", "model/").replace("/w", "/kernel") for name in before[3]]
    else:  # parts of a partitioned variable keep their nodes; their key is what the saver asks for
        assert "net/b/w/part_0" in names
        assert "model/a/kernel/Adam" in names

    again = Document(open_checkpoint(written.prefix))
    again.do(Freeze(("model/a/kernel",)))
    again.do(Rename((("model/a/kernel", "k"),)))
    frozen = write_document(again, str(tmp_path / "frozen" / "m"))
    _, same, _, moved, trainable = tensorflow_child(TRAIN, frozen.prefix)
    assert same
    assert "k" not in [*moved, *trainable]
    thawed = Document(open_checkpoint(frozen.prefix))
    assert thawed.is_frozen("k")
    thawed.do(Unfreeze(("k",)))
    out = write_document(thawed, str(tmp_path / "thawed" / "m"))
    assert tensorflow_child(TRAIN, out.prefix)[2] == before[2]


@pytest.mark.parametrize("kind", ["ref", "resource"])
def test_what_was_dropped_is_not_restored_any_more(
    trained: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, kind: str
) -> None:
    document = Document(open_checkpoint(str(trained / f"{kind}-5")))
    document.do(Drop(("global_step", "net/a/w/Adam_1")))
    document.do(Slim.of(document.rows, "optimizer"))
    prefix = str(tmp_path / "out" / "m")
    notes = " ".join(plan_write(document, prefix).notes)
    assert "Saver does not restore beta1_power, beta2_power" in notes
    written = write_document(document, prefix)
    assert set(open_checkpoint(written.prefix).columns.keys) == {"net/a/w", "net/b/w"}
    _, same, losses, _, _ = tensorflow_child(TRAIN, written.prefix)
    assert same
    assert losses[0] == tensorflow_child(TRAIN, trained / f"{kind}-5")[2][0]
    assert load_meta_graph(f"{prefix}.meta").view.restored.keys() == {
        name for name in load_meta_graph(f"{trained}/{kind}-5.meta").variables if name.endswith("w") or ("part_" in name
        and "Adam" not in name)
    }  # fmt: skip


def test_a_graph_that_no_longer_fits_is_said(trained: Path, tmp_path: Path) -> None:
    document = Document(open_checkpoint(str(trained / "ref-5")))
    document.do(Cast(("net/a/w",), dtype=BY_NAME["float16"]))
    notes = plan_write(document, str(tmp_path / "m")).notes
    assert any("no longer fits net/a/w: it makes it of the old type" in note for note in notes)
