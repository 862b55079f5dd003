"""What was dropped is gone, with its slots and from the object graph: stock TensorFlow restores a model without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import NoSuchVariable, RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.following import GRAPH_KEY, Change, told
from ckpt_studio.document.patch import load_patch
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.bundles import block_spans, shard_name, table
from tests.helpers.tensorflow_child import TensorFlowChild

MODELS = """
keras, v1 = tf.keras, tf.compat.v1

def keras_model(names):
    model = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(3, name=name) for name in names)])
    model.optimizer = keras.optimizers.Adam(0.1)
    model.optimizer.build(model.trainable_variables)
    return tf.train.Checkpoint(model=model, optimizer=model.optimizer), model.variables + model.optimizer.variables

def listed(names):
    values = {name: tf.Variable(tf.ones(2) * (ord(name) - 96), name=name) for name in names}
    optimizer = v1.train.MomentumOptimizer(0.1, 0.9)
    loss = lambda: tf.add_n([tf.reduce_sum(v * v) for v in values.values()])
    optimizer.minimize(loss, var_list=list(values.values()))
    root = tf.train.Checkpoint(all=list(values.values()), optimizer=optimizer, **values)
    return root, [*values.values(), *(optimizer.get_slot(v, "momentum") for v in values.values())]
"""
WRITE = f"""{MODELS}
root, variables = keras_model(["first", "second", "third"])
for i, variable in enumerate(variables):
    variable.assign(tf.zeros_like(variable) + i + 1)
root.write(args[0] + "/keras")
listed("abc")[0].write(args[0] + "/listed")
"""
RESTORE = f"""{MODELS}
root, variables = keras_model(args[1]) if isinstance(args[1], list) else listed(args[1])
for variable in variables:
    variable.assign(tf.zeros_like(variable))
status = root.read(args[0])
if args[2]:
    status.assert_existing_objects_matched()
    status.assert_consumed()
result = [np.asarray(variable).tolist() for variable in variables]
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tensorflow_child(WRITE, folder)
    return folder


def dropped(prefix: Path, pattern: str, out: Path) -> tuple[Document, str]:
    document = Document(open_checkpoint(str(prefix)))
    document.do(Drop(resolve_keys(pattern, document.base.columns)))
    return document, write_document(document, str(out / "new" / "m")).prefix


def test_a_keras_model_without_a_layer_is_restored(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    document, prefix = dropped(written / "keras", "*/second/*", tmp_path)
    names = {document.base.columns.of(key).name for key in document.dropped_keys()}
    assert len(names) == 6, "kernel and bias, each with momentum and velocity"
    assert all("second" in name for name in names)
    assert any("object graph" in note for note in plan_write(document, str(tmp_path / "x" / "m")).notes)
    ours = tensorflow_child(RESTORE, prefix, ["first", "third"], True)
    every = tensorflow_child(RESTORE, written / "keras", ["first", "second", "third"], True)
    # weights of three layers, then counter and rate, then two slots of each weight
    assert ours == [v for i, v in enumerate(every) if i not in (2, 3) and not 12 <= i < 16]
    # a model that still has the layer is told so
    with pytest.raises(AssertionError, match="AssertionError"):
        tensorflow_child(RESTORE, prefix, ["first", "second", "third"], True)


@pytest.mark.parametrize("gone", ["a", "b", "c"])
def test_lists_and_slot_relations_follow(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, gone: str
) -> None:
    document, prefix = dropped(written / "listed", gone, tmp_path)
    assert len(document.dropped_keys()) == 2
    left = "abc".replace(gone, "")
    every = tensorflow_child(RESTORE, written / "listed", "abc", True)
    place = "abc".index(gone)
    expected = [v for i, v in enumerate(every) if i not in (place, 3 + place)]
    assert tensorflow_child(RESTORE, prefix, left, True) == expected
    assert list(open_checkpoint(prefix).verify()) == []


def test_a_slot_alone_leaves_its_weight(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    document = Document(open_checkpoint(str(written / "listed")))
    slot = next(
        info.key
        for info in map(document.base.columns.info, range(len(document.base.columns)))
        if info.slot_of is not None and document.base.columns.of(info.slot_of).name == "b"
    )
    document.do(Drop((slot,)))
    assert document.dropped_keys() == (slot,)
    prefix = write_document(document, str(tmp_path / "new" / "m")).prefix
    values = tensorflow_child(RESTORE, prefix, "abc", False)
    every = tensorflow_child(RESTORE, written / "listed", "abc", True)
    assert values[:4] == every[:4]
    assert values[4] == [0.0, 0.0]
    assert values[5] == every[5]


def test_the_graph_can_be_dropped_or_taken_from_a_donor_too(written: Path, tmp_path: Path) -> None:
    donor = open_checkpoint(str(written / "listed"))
    document = Document(open_checkpoint(str(written / "listed")))
    document.do(Drop(resolve_keys("b", document.base.columns)))
    follows = document.staged.read(GRAPH_KEY)[()]
    document.do(Replace(((GRAPH_KEY, GRAPH_KEY),), donor, donor.path))
    assert document.staged.read(GRAPH_KEY)[()] == follows != donor.read(GRAPH_KEY)[()]
    document.do(Drop((GRAPH_KEY,)))
    written_again = write_document(document, str(tmp_path / "n" / "m"))
    assert GRAPH_KEY not in open_checkpoint(written_again.prefix).columns


def test_a_graph_that_names_nothing_of_it_or_is_damaged_stays_as_it_is() -> None:
    change = Change({"a": "b"}, frozenset("c"), None, ())
    assert told(b"\xff\xff", change) == b"\xff\xff"
    assert told(b"", change) == b""


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return make(tmp_path / "base", "model.ckpt-100", MODEL)


def test_dropping_a_weight_drops_its_slots_and_says_so(base: Bundle) -> None:
    document = Document(base)
    document.do(Freeze(("dense/kernel",)))
    document.do(Drop(("dense/kernel",)))
    assert document.undo_label == "Drop dense/kernel with 2 slots"
    assert document.dropped_keys() == ("dense/kernel", "dense/kernel/Adam", "dense/kernel/Adam_1")
    assert document.frozen_keys() == frozenset()
    assert document.state("dense/kernel/Adam").dropped
    columns = document.staged.columns
    assert len(columns) == len(base.columns) - 3
    assert columns.of("dense/bias/Adam").slot_of == "dense/bias"
    with pytest.raises(NoSuchVariable, match="dropped"):
        document.staged.identity("dense/kernel")
    document.undo()
    assert document.staged.columns is not base.columns, "it is frozen"
    assert document.staged.read("dense/kernel").shape == (4, 3)
    assert document.dropped_keys() == ()


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Drop(("dense/bias",)), "dropped by a staged edit"),
        (Freeze(("dense/bias", "dense/bias/Adam")), "dense/bias, dense/bias/Adam are dropped"),
        (Drop(tuple(MODEL)), "nothing would be left"),
        (Drop(("nothing",)), "no variable 'nothing'"),
    ],
)
def test_what_means_only_dropped_variables_is_refused(base: Bundle, edit: Any, words: str) -> None:
    document = Document(base)
    document.do(Drop(("dense/bias",)))
    with pytest.raises(RequestFault, match=words):
        document.do(edit)
    assert len(document.edits) == 1


def test_a_patch_drops(base: Bundle, tmp_path: Path) -> None:
    patch = tmp_path / "p.json"
    patch.write_text('{"version": 1, "edits": [{"op": "drop", "match": "dense/*"}]}')
    document = Document(base)
    for edit in load_patch(str(patch)).edits(document):
        document.do(edit)
    assert document.patch()["edits"] == [{"op": "drop", "match": "dense/*"}]
    again = Document(base)
    again.do(Drop(tuple(key for key in MODEL if key.startswith("dense/"))))
    assert again.patch() == document.patch()
    out = write_document(again, str(tmp_path / "out" / "m"))
    assert not [key for key in open_checkpoint(out.prefix).columns.keys if key.startswith("dense")]


def test_a_swapped_variable_can_be_dropped_and_the_other_way_round_waits(
    base: Bundle, tmp_path: Path
) -> None:
    donor = make(tmp_path / "donor", "best-9", DONOR)
    document = Document(base)
    swap = Replace((("dense/bias", "dense/bias"), ("text", "text")), donor, donor.path)
    document.do(Drop(("dense/bias",)))
    document.do(swap)
    assert document.replaced_keys() == ("text",)
    document.remove(document.edits[0])
    assert document.replaced_keys() == ("dense/bias", "text")
    np.testing.assert_array_equal(document.staged.read("dense/bias"), DONOR["dense/bias"])


def test_a_checkpoint_of_a_damaged_index_is_written_without_what_was_lost(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    """The object graph names nothing that is not there: what is left is restored."""
    whole = open_checkpoint(str(written / "listed"))
    assert isinstance(whole, Bundle)
    raw = whole.index
    records = [(b"", raw.header.encode()), *((raw.keys.raw(i), raw.raw(i)) for i in range(len(raw)))]
    damaged = bytearray(table(records, per_block=1))
    key = next(key for key in whole.columns.keys if whole.columns.of(key).name == "c")
    slots = [k for k in whole.columns.keys if whole.columns.of(k).slot_of == key]
    spans = sorted(block_spans(bytes(damaged))[2:])
    for name in (key, *slots):
        damaged[spans[1 + whole.columns.row(name)][0] + 4] ^= 2
    (tmp_path / "m.index").write_bytes(damaged)
    Path(shard_name(tmp_path / "m", 0, 1)).write_bytes(Path(whole.shard_path(0)).read_bytes())
    document = Document(open_checkpoint(str(tmp_path / "m")))
    assert set(whole.columns.keys) - set(document.base.columns.keys) == {key, *slots}
    out = str(tmp_path / "out" / "m")
    assert any("could not be read" in note for note in plan_write(document, out).notes)
    write_document(document, out)
    every = tensorflow_child(RESTORE, written / "listed", "abc", True)
    assert tensorflow_child(RESTORE, out, "ab", True) == [*every[:2], *every[3:5]]


@pytest.mark.parametrize("value", [np.int64(1 << 27), np.arange(3), np.array([b"a", b"b"], object)], ids=str)
def test_a_variable_that_only_bears_the_graphs_name_stays_as_it_is(tmp_path: Path, value: Any) -> None:
    """A number once became so many bytes of nothing."""
    document = Document(make(tmp_path, "m", {GRAPH_KEY: value, "a": np.ones(2), "b": np.ones(2)}))
    document.do(Drop(("a",)))
    written = open_bundle(write_document(document, str(tmp_path / "new" / "m")).prefix)
    assert list(written.columns.keys) == [GRAPH_KEY, "b"]
    assert written.read(GRAPH_KEY).tolist() == np.asarray(value).tolist()
