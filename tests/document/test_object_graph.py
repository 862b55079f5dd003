"""Renamed, moved and added variables of an object graph: stock TensorFlow restores models with the new names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.tensors import Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.base import Edit
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.slim import Slim
from ckpt_studio.document.following import GRAPH_KEY, Change, told
from ckpt_studio.document.paths import following_name, path_of
from ckpt_studio.document.patterns import resolve_keys
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild

END = "/.ATTRIBUTES/VARIABLE_VALUE"
MODELS = """
keras = tf.keras

class Part(tf.Module):
    def __init__(self, names, dtype=tf.float32):
        super().__init__()
        for i, name in enumerate(names):
            setattr(self, name, tf.Variable(tf.ones(2, dtype) * (i + 1), name=name))

def module(shape):
    root = tf.train.Checkpoint()
    for name, what in shape.items():
        at, parts = root, name.split("/")
        for part in parts[:-1]:
            if not hasattr(at, part):
                setattr(at, part, tf.Module())
            at = getattr(at, part)
        setattr(at, parts[-1], Part(what) if isinstance(what, list) else tf.Variable(tf.ones(2) * what))
    return root

class Net(keras.Model):
    def __init__(self, first, second):
        super().__init__()
        self.order = (first, second)
        setattr(self, first, keras.layers.Dense(3, name=first))
        setattr(self, second, keras.layers.Dense(2, name=second))
    def call(self, x):
        for name in self.order:
            x = getattr(self, name)(x)
        return x

def net(first, second):
    model = Net(first, second)
    model(tf.ones((1, 4)))
    model.optimizer = keras.optimizers.Adam(0.1)
    model.optimizer.build(model.trainable_variables)
    return tf.train.Checkpoint(model=model, optimizer=model.optimizer), model.variables + model.optimizer.variables
"""
WRITE = f"""{MODELS}
root = module({{"enc/a": ["w", "b"], "enc/c": ["w", "b"], "dec": ["w"], "step": 7}})
root.write(args[0] + "/module")
root, variables = net("first", "second")
for i, variable in enumerate(variables):
    variable.assign(tf.zeros_like(variable) + i + 1)
root.write(args[0] + "/net")
"""
READ = f"""{MODELS}
root = module(args[1])
def variables(at, path=()):
    for name, child in sorted(vars(at).items()):
        if isinstance(child, tf.Variable):
            yield "/".join([*path, name]), child
        elif isinstance(child, tf.Module):
            yield from variables(child, [*path, name])
for _, variable in variables(root):
    variable.assign(tf.zeros_like(variable))
status = root.read(args[0])
status.assert_existing_objects_matched()
status.assert_consumed()
result = {{name: variable.numpy().tolist() for name, variable in variables(root)}}
"""
READ_NET = f"""{MODELS}
root, variables = net(*args[1])
for variable in variables:
    variable.assign(tf.zeros_like(variable))
status = root.read(args[0])
status.assert_existing_objects_matched()
status.assert_consumed()
result = [np.asarray(variable).tolist() for variable in variables]
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    folder = tmp_path_factory.mktemp("models")
    tensorflow_child(WRITE, folder)
    return folder


def edited(prefix: Path, out: Path, *edits: Any) -> str:
    """Write a checkpoint with these edits, each made of the state before it where it is a function."""
    document = Document(open_checkpoint(str(prefix)))
    for edit in edits:
        made: Edit = edit(document.rows.columns) if callable(edit) else edit
        document.do(made)
    prefix_out = write_document(document, str(out / "new" / "m")).prefix
    assert list(open_checkpoint(prefix_out).verify()) == []
    return prefix_out


def move(source: str, target: str) -> Any:
    return lambda columns: Move.of(columns, source, target)


W, B = [1.0, 1.0], [2.0, 2.0]


@pytest.mark.parametrize(
    ("edits", "shape", "expected"),
    [
        ([move("enc", "encoder")], {"encoder/a": ["w", "b"], "encoder/c": ["w", "b"], "dec": ["w"], "step": 7}, {}),
        ([move("enc/a", "first/one")], {"first/one": ["w", "b"], "enc/c": ["w", "b"], "dec": ["w"], "step": 7}, {}),
        (
            [Rename((("enc/a/w" + END, "enc/a/kernel" + END),))],
            {"enc/a": ["kernel", "b"], "enc/c": ["w", "b"], "dec": ["w"], "step": 7},
            {"enc/a/kernel": W},
        ),
        (
            [RenameMany((("enc/a/w" + END, "enc/a/b" + END), ("enc/a/b" + END, "enc/a/w" + END)))],
            {"enc/a": ["w", "b"], "enc/c": ["w", "b"], "dec": ["w"], "step": 7},
            {"enc/a/w": B, "enc/a/b": W, "enc/c/w": W},
        ),
        (
            [lambda columns: RenamePattern.of(columns, "^enc/a/", "dec/x/")],
            {"enc/c": ["w", "b"], "dec/x": ["w", "b"], "dec/w": 0, "step": 7},
            {"dec/x/b": B, "dec/w": W},
        ),
        ([move("enc/c", "dec")], None, {}),
        (
            [Drop(("dec/w" + END,)), move("enc/a", "dec")],
            {"dec": ["w", "b"], "enc/c": ["w", "b"], "step": 7},
            {"dec/b": B},
        ),
        ([move("enc", "")], {"a": ["w", "b"], "c": ["w", "b"], "dec": ["w"], "step": 7}, {}),
        ([move("enc/a", ""), move("enc", "dec")], {"w": 0, "b": 0, "dec/c": ["w", "b"], "dec/w": 0, "step": 7},
         {"w": W, "b": B, "dec/w": W}),
        (
            [Add("more/deep/v" + END, BY_NAME["float32"], (2,), Value(5))],
            {"enc/a": ["w", "b"], "enc/c": ["w", "b"], "dec": ["w"], "step": 7, "more/deep": ["v"]},
            {"more/deep/v": [5.0, 5.0]},
        ),
    ],
)  # fmt: skip
def test_a_model_with_the_new_names_is_restored(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, edits: Any, shape: Any, expected: Any
) -> None:
    if shape is None:
        with pytest.raises(Exception, match="two variables"):
            edited(written / "module", tmp_path, *edits)
        return
    values = tensorflow_child(READ, edited(written / "module", tmp_path, *edits), shape)
    assert values["step"] == [7.0, 7.0]
    assert {key: values[key] for key in expected} == expected
    for key, value in values.items():
        if key not in expected and key != "step":
            assert value == (B if key.endswith("/b") else W)


def test_all_that_there_is_moves_below_a_new_object(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    """What a Keras model has only by other names than its keys' goes along."""
    prefix = edited(written / "net", tmp_path, move("", "trainer/parts"))
    script = READ_NET.replace("status =", "holder = tf.Module(); holder.parts = root\nroot = tf.train.Checkpoint("
                              "trainer=holder)\nstatus =")  # fmt: skip
    before = tensorflow_child(READ_NET, written / "net", ["first", "second"])
    assert tensorflow_child(script, prefix, ["first", "second"]) == before


def test_a_keras_model_with_other_layers_names_and_its_optimizer(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    before = tensorflow_child(READ_NET, written / "net", ["first", "second"])
    base = open_checkpoint(str(written / "net"))
    prefix = edited(written / "net", tmp_path, move("model/first", "model/input_layer"))
    assert tensorflow_child(READ_NET, prefix, ["input_layer", "second"]) == before
    new = open_checkpoint(prefix)
    slots = [info for info in map(new.columns.info, range(len(new.columns))) if info.role.name == "slot"]
    assert {slot.slot_of.split("/")[1] for slot in slots if slot.slot_of} == {"input_layer", "second"}
    assert len(slots) == list(base.columns.role).count(Role.slot) == 8


SEVERAL = """
table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
iterator = iter(tf.data.Dataset.range(9))
names = dict(zip(args[1], (table, iterator)))
root = tf.train.Checkpoint(w=tf.Variable(1.0), **names)
"""


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """A table and an iterator, which are stored as tensors whose keys the object graph does not have."""
    prefix = tmp_path_factory.mktemp("several") / "m"
    fill = "table.insert(['a', 'b'], [1, 2]); next(iterator); next(iterator)\nroot.write(args[0])"
    tensorflow_child(SEVERAL + fill, prefix, ["table", "iterator"])
    return prefix


RESTORE = """
status = root.read(args[0])
status.assert_existing_objects_matched(); status.assert_consumed()
result = [table.lookup(tf.constant(["b"])).numpy().tolist(), int(next(iterator))]
"""


def test_tables_and_iterators_move(several: Path, tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    prefix = edited(several, tmp_path, move("table", "deep/words"), move("iterator", "data"))
    deep = SEVERAL.replace("(table,", "(tf.train.Checkpoint(words=table),")
    assert tensorflow_child(deep + RESTORE, prefix, ["deep", "data"]) == [[2], 2]


def test_a_table_is_dropped_with_any_of_its_parts(
    several: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    prefix = edited(several, tmp_path, Drop(("table/.ATTRIBUTES/table-values",)))
    script = SEVERAL + "status = root.read(args[0])\nstatus.assert_consumed()\nresult = int(next(iterator))"
    assert tensorflow_child(script.replace("(table,", "(tf.Module(),"), prefix, ["table", "iterator"]) == 2


def test_tables_and_iterators_stay_where_others_are_damaged(several: Path) -> None:
    opened = open_checkpoint(str(several))
    raw = bytes(opened.read(GRAPH_KEY).item())
    kept = frozenset(key for key in opened.columns.keys if not key.startswith("w/"))
    graph = TrackableObjectGraph.FromString(told(raw, Change({}, frozenset(), kept, ())))
    assert {one.checkpoint_key for node in graph.nodes for one in node.attributes} == {
        "table/.ATTRIBUTES/table",
        "iterator/.ATTRIBUTES/ITERATOR",
    }


def test_members_of_a_list_have_other_places_than_their_keys_say(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    """Where one was dropped, those behind it have moved up: what is renamed is the variable, not its old place."""
    save = "tf.train.Checkpoint(l=[tf.Variable(float(i)) for i in range(4)]).write(args[0])"
    tensorflow_child(save, tmp_path / "in" / "m")
    shorter = edited(tmp_path / "in" / "m", tmp_path / "shorter", Drop(("l/0" + END,)))
    prefix = edited(Path(shorter), tmp_path / "named", Rename((("l/1" + END, "x" + END),)))
    restore = """
    root = tf.train.Checkpoint(x=tf.Variable(-1.0))
    root.read(args[0]).assert_existing_objects_matched()
    result = float(root.x)
    """
    assert tensorflow_child(restore, prefix) == 1


FROZEN = f"""{MODELS}
keras.backend.clear_session()
model = keras.Sequential([keras.Input((3,)), *[keras.layers.Dense(3, name=name) for name in "abc"]])
model.get_layer("b").trainable = not args[1]
optimizer = keras.optimizers.Adam(0.1)
optimizer.build(model.trainable_variables)
root = tf.train.Checkpoint(model=model, optimizer=optimizer)
variables = {{v.path: v for v in [*model.variables, *optimizer.variables]}}
"""


def test_an_optimizer_without_what_it_kept_for_a_frozen_layer(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    """Keras's lists are by place: the weight goes from those that are trained as its slots go."""
    save = "for i, v in enumerate(variables.values()): v.assign(tf.zeros_like(v) + i)\nroot.write(args[0])\n"
    save += "result = {name: float(np.mean(v)) for name, v in variables.items()}"
    truth = tensorflow_child(FROZEN + save, tmp_path / "m", False)
    document = Document(open_checkpoint(str(tmp_path / "m")))
    document.do(Freeze(resolve_keys("*/b/*", document.rows.live)))
    document.do(Slim.of(document.rows, "frozen_slots"))
    prefix = write_document(document, str(tmp_path / "new" / "m")).prefix
    restore = "for v in variables.values(): v.assign(tf.zeros_like(v) - 1)\nstatus = root.read(args[0])\n"
    restore += "status.assert_existing_objects_matched(); status.assert_consumed()\n"
    restore += "result = {name: float(np.mean(v)) for name, v in variables.items()}"
    got = tensorflow_child(FROZEN + restore, prefix, True)
    assert got == {name: truth[name] for name in got}
    assert len(got) == len(truth) - 4
    columns = open_checkpoint(prefix).columns
    assert {columns.of(key).slot_of for key in columns.keys} - {None} == {
        key
        for key in columns.keys
        if columns.of(key).name.count("/") == 2 and "/b/" not in columns.of(key).name
    }


def test_an_optimizer_without_one_kind_of_what_it_kept(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    build = FROZEN.replace("Adam(0.1)", "Adam(0.1, amsgrad=args[2], use_ema=args[2])")
    save = "for i, v in enumerate(variables.values()): v.assign(tf.zeros_like(v) + i)\nroot.write(args[0])\n"
    save += "result = {name: float(np.mean(v)) for name, v in variables.items()}"
    truth = tensorflow_child(build + save, tmp_path / "m", False, True)
    kinds = ("*_velocity_hat", "*_average")
    drops = [lambda columns, kind=kind: Drop(resolve_keys(kind, columns)) for kind in kinds]
    prefix = edited(tmp_path / "m", tmp_path / "new", *drops)
    restore = (
        "status = root.read(args[0])\nstatus.assert_existing_objects_matched(); status.assert_consumed()\n"
    )
    restore += "result = {name: float(np.mean(v)) for name, v in variables.items()}"
    got = tensorflow_child(build + restore, prefix, False, False)
    assert got == {name: truth[name] for name in got}


def test_a_part_of_what_an_optimizer_keeps_leaves_a_gap(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    tensorflow_child(
        FROZEN + "root.write(args[0])",
        tmp_path / "m",
        False,
    )
    old = open_checkpoint(str(tmp_path / "m")).columns
    gone = resolve_keys("*_a_kernel_momentum", old) + resolve_keys("*/learning_rate", old)
    columns = open_checkpoint(edited(tmp_path / "m", tmp_path / "new", Drop(gone))).columns
    for key in columns.keys:
        if not key.startswith("_"):
            assert columns.of(key).slot_of == old.of(key).slot_of


@pytest.mark.parametrize("keep_counters", [False, True])
def test_a_keras_model_without_its_optimizer(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, keep_counters: bool
) -> None:
    document = Document(open_checkpoint(str(written / "net")))
    document.do(Slim.of(document.rows, "optimizer", keep_counters=keep_counters))
    prefix = write_document(document, str(tmp_path / "new" / "m")).prefix
    values = tensorflow_child(
        f"{MODELS}\nmodel = Net('first', 'second')\nmodel(tf.ones((1, 4)))\nroot = tf.train.Checkpoint(model=model)\n"
        "for v in root.model.variables: v.assign(tf.zeros_like(v))\nstatus = root.read(args[0])\n"
        "status.assert_existing_objects_matched()\n"
        "status.expect_partial() if args[1] else status.assert_consumed()\n"
        "result = [float(np.mean(v)) for v in root.model.variables]",
        prefix,
        keep_counters,
    )
    assert values[:4] == [1.0, 2.0, 3.0, 4.0]
    names = {key.split("/")[1] for key in document.staged.columns.keys if key.startswith("optimizer/")}
    assert names == ({"_iterations"} if keep_counters else set())


def test_a_cast_variable_goes_into_a_variable_of_its_new_type(
    written: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_checkpoint(str(written / "module"))
    keys = resolve_keys("dec/*", base.columns)
    prefix = edited(written / "module", tmp_path, Cast(keys, dtype=BY_NAME["float16"]))
    value = tensorflow_child(
        f"{MODELS}\nroot = tf.train.Checkpoint(dec=Part(['w'], tf.float16))\n"
        "root.dec.w.assign([0, 0])\nroot.read(args[0]).assert_existing_objects_matched()\n"
        "result = root.dec.w.numpy().tolist()",
        prefix,
    )
    assert value == W


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("net/first/kernel", "model/first/_kernel" + END, "model/start/_kernel" + END, "net/start/kernel"),
        ("a/b", "a/b", "c", "c"),
        ("kernel", "x/y" + END, "z/y" + END, "kernel"),
        ("x/x", "x/y" + END, "z/y" + END, "x/x"),
        ("m/a/b/w", "r/a/b/w" + END, "r/w" + END, "m/w"),
    ],
)
def test_full_names_follow_where_they_say_the_same(name: str, old: str, new: str, expected: str) -> None:
    assert following_name(name, old, new) == expected


def test_paths_are_read_as_tensorflow_escapes_them() -> None:
    assert path_of("a.Sb/c..d" + END) == ("a/b", "c.d")
    assert path_of("plain/name") is None
    np.testing.assert_equal(path_of("w/.OPTIMIZER_SLOT/o/m" + END), ("w", ".OPTIMIZER_SLOT", "o", "m"))
