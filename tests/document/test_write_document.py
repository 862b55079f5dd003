"""A written document: its graph, its patch, its folder; and TensorFlow trains on with what is left trainable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

GRAPH = """
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    tf.compat.v1.set_random_seed(3)
    x = tf.compat.v1.placeholder(tf.float32, [None, 4], "x")
    w = tf.compat.v1.get_variable("a/w", [4, 3]); v = tf.compat.v1.get_variable("b/w", [3, 1])
    loss = tf.reduce_mean(tf.square(tf.matmul(tf.tanh(tf.matmul(x, w)), v) - 1.0), name="loss")
    step = tf.compat.v1.train.get_or_create_global_step()
    tf.compat.v1.add_to_collection("train_op", tf.compat.v1.train.AdamOptimizer(0.1).minimize(loss, step))
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.train.Saver().save(session, args[0], global_step=5)
"""

TRAIN = """
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    saver = tf.compat.v1.train.import_meta_graph(args[0] + ".meta")
    saver.restore(session, args[0])
    variables = {v.op.name: v for v in tf.compat.v1.global_variables()}
    before = session.run(variables)
    for _ in range(3):
        session.run(tf.compat.v1.get_collection("train_op"), {"x:0": np.ones([2, 4], np.float32)})
    after = session.run(variables)
    moved = sorted(n for n in variables if not np.array_equal(before[n], after[n]))
    result = [moved, sorted(v.op.name for v in tf.compat.v1.trainable_variables())]
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> str:
    prefix = str(tmp_path_factory.mktemp("trained") / "model.ckpt")
    tensorflow_child(GRAPH, prefix)
    return f"{prefix}-5"


def everything(folder: Path) -> dict[str, Any]:
    return {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in folder.iterdir()}


def test_the_graph_of_a_written_checkpoint_follows_its_frozen_marks(
    trained: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    original = everything(Path(trained).parent)
    document = Document(open_checkpoint(trained))
    document.do(Freeze(("a/w",)))
    frozen = write_document(document, str(tmp_path / "frozen" / "model.ckpt-5"))
    moved, trainable = tensorflow_child(TRAIN, frozen.prefix)
    assert trainable == ["b/w"]
    assert not any(name.startswith("a/w") for name in moved)
    assert {"b/w", "global_step"} <= set(moved)

    again = Document(open_checkpoint(frozen.prefix))
    assert again.frozen_keys() == {"a/w", "a/w/Adam", "a/w/Adam_1"}
    assert again.state("a/w").original_frozen
    again.do(Unfreeze(("a/w",)))
    thawed = write_document(again, str(tmp_path / "thawed" / "model.ckpt-5"))
    moved, trainable = tensorflow_child(TRAIN, thawed.prefix)
    assert trainable == ["a/w", "b/w"]
    assert {"a/w", "b/w"} <= set(moved)

    # The patch was lost: the graph itself remembers what it froze.
    Path(f"{frozen.prefix}.ckpt-studio.json").unlink()
    lost = Document(open_checkpoint(frozen.prefix))
    assert lost.is_frozen("a/w")
    lost.do(Freeze(("b/w",)))
    both = write_document(lost, str(tmp_path / "both" / "model.ckpt-5"))
    moved, trainable = tensorflow_child(TRAIN, both.prefix)
    assert trainable == []
    assert not any(name.startswith(("a/w", "b/w")) for name in moved)
    assert everything(Path(trained).parent) == original


def test_an_unmarked_graph_goes_along_byte_for_byte(trained: str, tmp_path: Path) -> None:
    document = Document(open_checkpoint(trained))
    written = write_document(document, str(tmp_path / "n" / "m"))
    assert Path(f"{written.prefix}.meta").read_bytes() == Path(f"{trained}.meta").read_bytes()


def test_a_damaged_graph_goes_along_unchanged_with_a_note(tmp_path: Path) -> None:
    base = make(tmp_path / "in", "m", MODEL)
    Path(f"{base.prefix}.meta").write_bytes(b"fileFormatVersion: 2\n")
    document = Document(open_bundle(base.prefix))
    document.do(Freeze(("out/kernel",)))
    prefix = str(tmp_path / "out" / "m")
    assert any("goes along unchanged" in note for note in plan_write(document, prefix).notes)
    write_document(document, prefix)
    assert Path(f"{prefix}.meta").read_bytes() == b"fileFormatVersion: 2\n"
    assert Document(open_bundle(prefix)).frozen_keys() == {"out/kernel"}


def test_the_plan_says_what_will_be_written(tmp_path: Path) -> None:
    base, donor = make(tmp_path / "in", "m", MODEL), make(tmp_path / "donor", "d", DONOR)
    document = Document(base)
    document.do(Replace((("dense/kernel", "dense/kernel"), ("text", "text")), donor, donor.path))
    prefix = str(tmp_path / "out" / "m")
    plan = plan_write(document, prefix, WriteOptions("link"))
    assert plan.changed == ("dense/kernel", "text")
    assert plan.notes == ("Replace 2 variables from d: float64 to float32, rounded where needed.",)
    assert not (tmp_path / "out").exists()
    written = write_document(document, prefix, WriteOptions("link"))
    assert plan.shared_bytes == written.shared_bytes == Path(base.shard_path(0)).stat().st_size


@pytest.mark.parametrize("name", ["a[1]/m", "a\\b", "a*?{}@ é"])
def test_a_name_that_tensorflow_will_not_find_is_said(
    tmp_path: Path, tensorflow_child: TensorFlowChild, name: str
) -> None:
    document = Document(make(tmp_path / "in", "m", {"w": np.ones(2, "f4")}))
    prefix = str(tmp_path / "out" / name)
    said = [note for note in plan_write(document, prefix).notes if "will not find the new checkpoint" in note]
    write_document(document, prefix)
    script = """
    try:
        result = bool(tf.train.load_checkpoint(args[0]))
    except tf.errors.NotFoundError:
        result = False
    """
    assert tensorflow_child(script, prefix) is not bool(said)


def test_beside_the_original_only_with_consent(tmp_path: Path) -> None:
    base = make(tmp_path / "in", "m-1", MODEL)
    document = Document(base)
    with pytest.raises(RequestFault, match="folder of the original"):
        write_document(document, str(tmp_path / "in" / "m-2"))
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(RequestFault, match="folder of the original"):
        write_document(document, str(tmp_path / "link" / "m-2"))
    write_document(document, str(tmp_path / "in" / "m-2"), beside=True)
    assert 'model_checkpoint_path: "m-2"' in (tmp_path / "in" / "checkpoint").read_text()


def test_the_patch_says_where_the_checkpoint_came_from(tmp_path: Path) -> None:
    base = make(tmp_path / "in", "m", MODEL)
    document = Document(base)
    document.do(Freeze(("odd\udcff[1]*",)))
    written = write_document(document, str(tmp_path / "out" / "m"))
    text = Path(f"{written.prefix}.ckpt-studio.json").read_text(encoding="utf-8")
    value = json.loads(text)
    assert value["frozen"] == ["hex:" + "odd\udcff[1]*".encode("utf-8", "surrogateescape").hex()]
    source = value["provenance"]["source"]
    assert source["prefix"] == base.prefix
    size = Path(f"{base.prefix}.index").stat().st_size
    assert source["identity"].startswith(f"{size}-")
    assert value["provenance"]["program"].startswith("Ckpt Studio ")


@pytest.mark.parametrize("text", ["{", '{"version": 1, "edits": [], "frozen": ["absent"], "num_shards": 9}'])
def test_a_patch_that_does_not_belong_is_said_and_ignored(tmp_path: Path, text: str) -> None:
    base = make(tmp_path / "in", "m", MODEL)
    Path(f"{base.prefix}.ckpt-studio.json").write_text(text)
    document = Document(base)
    assert document.frozen_keys() == frozenset()
    assert "not applied" in document.notes[0]


def test_memory_does_not_grow_with_the_checkpoint(tmp_path: Path) -> None:
    script = """
import resource, sys
import numpy as np
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.writing import WriteOptions
base, donor = open_bundle(sys.argv[1]), open_bundle(sys.argv[2])
document = Document(base)
write_document(document, sys.argv[3] + "/warm/m", WriteOptions("link"))
document.do(Replace((("a", "a"),), donor, donor.path))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for sharing in ("copy", "compact"):
    write_document(document, f"{sys.argv[3]}/{sharing}/m", WriteOptions(sharing))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    for name, dtype in (("in", "f4"), ("donor", "f8")):
        values = {"a": np.zeros(6 << 20, dtype), "b": np.zeros(12 << 20, "f4")}
        write_bundle(MemorySource(values), str(tmp_path / name / "m"), state="new")
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "in" / "m", tmp_path / "donor" / "m", tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 16 << 10, "KiB"
