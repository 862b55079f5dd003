"""`ckpt-studio convert`: the same variables in another format, as that format's own library reads them."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ckpt_studio.cli.main import main
from ckpt_studio.formats.registry import open_checkpoint
from tests.document.bundles import make
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild

MODEL = """
import keras
keras.utils.clear_session()
keras.utils.set_random_seed(args[1] if len(args) > 1 else 1)
def build():
    keras.backend.clear_session()
    x = keras.Input((8, 8, 3))
    y = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(x))
    y = keras.layers.LSTM(5)(keras.layers.Reshape((4, 36))(keras.layers.Flatten()(y)))
    return keras.Model(x, keras.layers.Dense(2)(keras.layers.Dense(6)(y)))
model = build()
"""

SAVE = """
model.compile("adam", "mse")
model.fit(np.random.rand(4, 8, 8, 3), np.random.rand(4, 2), verbose=0)
model.save(args[0] + "/model.keras"); model.save_weights(args[0] + "/m.weights.h5"); model.save(args[0] + "/m.h5")
tf.train.Checkpoint(model=model).write(args[0] + "/ckpt")
np.savez(args[0] + "/truth.npz", *model.get_weights())
"""

LOAD = """
truth = np.load(args[2])
model.load_weights(args[0]{how})
same = [bool(np.array_equal(a, truth[f"arr_{{i}}"])) for i, a in enumerate(model.get_weights())]
result = [len(same), all(same)]
"""


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """One trained model as `.keras`, `.weights.h5`, `.h5` and an object-based checkpoint, and its weights."""
    folder = tmp_path_factory.mktemp("keras")
    tensorflow_child(MODEL + SAVE, str(folder))
    return folder


@pytest.fixture(scope="module")
def mould(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Path:
    """The same files of another model of the same kind."""
    folder = tmp_path_factory.mktemp("mould")
    tensorflow_child(MODEL + SAVE, str(folder), 5)
    return folder


def converted(source: Path | str, target: Path | str, *more: str, status: int = 0) -> str:
    assert main(["convert", str(source), str(target), *more]) == status
    return str(target)


def values(path: str) -> dict[str, Any]:
    """By name; the object graph is left out."""
    found = open_checkpoint(path)
    rows = [row for row in range(len(found.columns)) if found.columns.info(row).dtype.name != "string"]
    return {found.columns.name(row): found.read(found.columns.keys[row]) for row in rows}


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert sorted(one) == sorted(other)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


@pytest.mark.parametrize(
    ("source", "target", "how"),
    [("ckpt", "w.weights.h5", ""), ("m.h5", "w.weights.h5", ""), ("model.keras", "w.h5", ", by_name=True")],
)
def test_keras_loads_weights_that_were_found_by_full_names(
    keras_files: Path, tmp_path: Path, tensorflow_child: TensorFlowChild, source: str, target: str, how: str
) -> None:
    written = converted(keras_files / source, tmp_path / target)
    script = MODEL + LOAD.format(how=how)
    assert tensorflow_child(script, written, 7, str(keras_files / "truth.npz")) == [13, True]


ORDERED = """
import keras
def nested():
    x = keras.Input((3, 4))
    y = keras.layers.Bidirectional(keras.layers.GRU(2, return_sequences=True), name="turns")(x)
    y = keras.layers.MultiHeadAttention(2, 4, name="looks")(y, y)
    inner = [keras.layers.Dense(4, name="z"), keras.layers.BatchNormalization(name="a")]
    y = keras.Sequential([*inner, keras.layers.Dense(4, name="b")], name="inner")(y)
    return keras.Model(x, keras.layers.Dense(4, name="first")(y))
def one_after_the_other():
    parts = [keras.layers.Dense(4, name="dense_3"), keras.layers.BatchNormalization(name="batch_normalization")]
    return keras.Sequential([keras.Input((4,)), *parts, keras.layers.Dense(4, name="dense")], name="chain")
def numbered(model):
    for number, variable in enumerate(model.weights):
        variable.assign(keras.ops.zeros_like(variable) + number)
    return model
"""


@pytest.mark.parametrize(
    ("model", "source", "target"),
    [
        ("nested", "m.keras", "w.h5"),
        ("one_after_the_other", "m.keras", "w.h5"),
        ("one_after_the_other", "ckpt", "w.h5"),
        ("one_after_the_other", "ckpt", "w.weights.h5"),
    ],
)
def test_weights_stand_in_the_order_by_which_keras_loads_them(
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
    capsys: pytest.CaptureFixture[str],
    model: str,
    source: str,
    target: str,
) -> None:
    """Whether their names are in that order or not, and whatever stands before the names in a checkpoint."""
    save = """
    model = numbered(globals()[args[1]]()); model.save(args[0] + "/m.keras")
    model.compile("adam", "mse"); model.optimizer.build(model.trainable_variables)
    tf.train.Checkpoint(model=model).write(args[0] + "/ckpt")
    """
    tensorflow_child(ORDERED + dedent(save), tmp_path, model)
    written = converted(tmp_path / source, tmp_path / target, "--json")
    assert not [one for one in json.loads(capsys.readouterr().out).get("lost", ()) if "nothing tells" in one]
    load = """
    model = globals()[args[1]](); model.load_weights(args[0])
    result = [sorted(set(np.asarray(variable).flat)) for variable in model.weights]
    """
    got = tensorflow_child(ORDERED + dedent(load), written, model)
    assert got == [[float(number)] for number in range(len(got))]


def test_a_model_is_the_same_whether_its_name_stands_before_its_layers_names_or_not(
    tmp_path: Path, tensorflow_child: TensorFlowChild, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a checkpoint of a Sequential, and in a file of Keras; an optimizer's slots are named after the weights."""
    save = """
    model = numbered(one_after_the_other()); model.compile("adam", "mse")
    model.fit(np.random.rand(4, 4), np.random.rand(4, 4), verbose=0)
    tf.train.Checkpoint(model=model).write(args[0] + "/ckpt"); model.save(args[0] + "/m.keras")
    mould = one_after_the_other(); mould.compile("adam", "mse"); mould.optimizer.build(mould.trainable_variables)
    mould.save(args[0] + "/mould.keras")
    result = [np.asarray(v).tolist() for v in [*model.weights, *model.optimizer.variables]]
    """
    truth = tensorflow_child(ORDERED + dedent(save), tmp_path)
    written = converted(
        tmp_path / "ckpt", tmp_path / "new.keras", "--like", str(tmp_path / "mould.keras"), "--json"
    )
    assert "lost" not in json.loads(capsys.readouterr().out)
    load = """
    import keras
    model = keras.saving.load_model(args[0])
    result = [np.asarray(v).tolist() for v in [*model.weights, *model.optimizer.variables]]
    """
    assert tensorflow_child(load, written) == truth
    assert main(["diff", str(tmp_path / "m.keras"), written]) == 0
    capsys.readouterr()
    assert main(["diff", str(tmp_path / "m.keras"), str(tmp_path / "ckpt"), "--json"]) == 1
    compared = json.loads(capsys.readouterr().out)
    assert (compared["only_a"], compared["only_b"]) == ([], ["_CHECKPOINTABLE_OBJECT_GRAPH"])
    assert (compared["changed"], compared["equal"]) == ([], len(truth))
    other = make(tmp_path / "other", "m", {"adam/iteration": np.int64(1), "x/y": np.ones(1, "f4")}).prefix
    converted(other, tmp_path / "no.keras", "--like", str(tmp_path / "m.keras"), status=1)
    assert "no weight in common" in capsys.readouterr().err


def test_an_order_that_nothing_tells_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays = {key: np.ones(2, "f4") for key in ("net/a/kernel", "net/b/kernel", "out/kernel", "out/bias")}
    make(tmp_path / "in", "m", arrays)
    converted(tmp_path / "in", tmp_path / "m.h5", "--json")
    layers, inside = json.loads(capsys.readouterr().out)["lost"]
    assert layers.startswith("The order of the layers")
    assert inside.endswith("they stand in the order of their names in net.")


def test_keras_goes_on_training_with_a_file_that_was_laid_out_like_another(
    keras_files: Path,
    mould: Path,
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
    capsys: pytest.CaptureFixture[str],
) -> None:
    written = converted(
        keras_files / "ckpt", tmp_path / "w.weights.h5", "--like", str(mould / "m.weights.h5"), "--json"
    )
    assert "lost" not in json.loads(capsys.readouterr().out)
    script = MODEL + dedent(
        """
    model.compile("adam", "mse"); model.build((8, 8, 3)); model.optimizer.build(model.trainable_variables)
    other = keras.saving.load_model(args[3], compile=True)
    other.load_weights(args[0])
    truth = keras.saving.load_model(args[2], compile=True)
    result = [
        all(np.array_equal(a, b) for a, b in zip(other.get_weights(), truth.get_weights())),
        all(np.array_equal(a, b) for a, b in zip(other.optimizer.variables, truth.optimizer.variables)),
        len(other.optimizer.variables),
    ]
    """
    )
    answer = tensorflow_child(
        script, written, 7, str(keras_files / "model.keras"), str(mould / "model.keras")
    )
    assert answer == [True, True, 24]


def test_a_bundle_is_laid_out_like_another_and_tensorflow_restores_the_model(
    keras_files: Path, mould: Path, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    written = converted(keras_files / "m.weights.h5", tmp_path / "new" / "m", "--like", str(mould / "ckpt"))
    script = MODEL + dedent(
        """
    tf.train.Checkpoint(model=model).read(args[0]).assert_existing_objects_matched()
    truth = np.load(args[2])
    result = all(np.array_equal(a, truth[f"arr_{i}"]) for i, a in enumerate(model.get_weights()))
    """
    )
    assert tensorflow_child(script, written, 7, str(keras_files / "truth.npz"))


@pytest.mark.parametrize("chain", [["a.safetensors", "b", "c.npz", "d"], ["a", "b.npz", "c.safetensors"]])
def test_there_and_back(keras_files: Path, tmp_path: Path, chain: list[str]) -> None:
    known = values(str(keras_files / "m.weights.h5"))
    source = str(keras_files / "m.weights.h5")
    for name in chain:
        source = converted(source, tmp_path / name)
        same(values(source), known)
        assert list(open_checkpoint(source).verify()) == []


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


def test_a_v1_file_becomes_a_bundle_that_its_graph_restores(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    script = """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        v = tf.compat.v1.get_variable("w", [4, 3]); session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1).save(session, args[0])
        result = session.run(v)
    """
    truth = tensorflow_child(script, str(tmp_path / "old.ckpt"))
    written = converted(tmp_path / "old.ckpt", tmp_path / "new" / "m")
    restore = """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(args[0] + ".meta")
        saver.restore(session, args[0]); result = session.run("w/Read/ReadVariableOp:0")
    """
    assert tensorflow_child(restore, written) == truth
    assert Path(f"{written}.index").is_file()


def test_types_that_a_format_does_not_have_are_said_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays = {
        "b16": np.arange(4).astype(ml_dtypes.bfloat16),
        "c16": np.ones(2, "c16"),
        "f32": np.arange(6, dtype="f4").reshape(2, 3),
        "flag": np.array([True, False]),
        "half": np.array(1.5, "f2"),
        "i4": np.array([1, -2], ml_dtypes.int4),
        "none": np.zeros((0, 3), "f4"),
        "text": np.array([b"one", b"two "], object),
    }
    source = make(tmp_path / "in", "m", arrays).prefix
    tensors = converted(source, tmp_path / "m.safetensors", "--json")
    said = capsys.readouterr()
    lost = json.loads(said.out)["lost"]
    assert [line.split(":")[0] for line in lost] == [
        "Of type string, which the format does not have",
        "Of type complex128, which the format does not have",
        "Of type int4, written as int8 with the same values",
    ]
    assert "What cannot be kept:" in said.err
    found = load_file(tensors)
    assert sorted(found) == ["b16", "f32", "flag", "half", "i4", "none"]
    assert found["i4"].dtype == np.int8
    np.testing.assert_array_equal(found["b16"], arrays["b16"])
    with np.load(converted(source, tmp_path / "m.npz")) as archive:
        assert sorted(archive) == sorted(arrays)
        np.testing.assert_array_equal(archive["b16"], np.arange(4, dtype="f4"))
        np.testing.assert_array_equal(archive["text"], [b"one", b"two "])
        for key in ("c16", "f32", "flag", "half", "none"):
            np.testing.assert_array_equal(archive[key], arrays[key])
            assert archive[key].dtype == arrays[key].dtype


def test_several_files(tmp_path: Path) -> None:
    arrays = {f"v{n}": np.full((25, 10), n, "f4") for n in range(10)}
    source = make(tmp_path / "in", "m", arrays).prefix
    index = tmp_path / "out" / "m.safetensors"
    converted(source, index, "--shard-size", "2500")
    parts = sorted((tmp_path / "out").glob("m-*.safetensors"))
    assert [len(load_file(part)) for part in parts] == [2] * 5
    same(values(f"{index}.index.json"), values(source))
    bundle = converted(source, tmp_path / "b" / "m", "--shard-size", "2500")
    assert len(list((tmp_path / "b").glob("m.data-*-of-00005"))) == 5
    same(values(bundle), values(source))


def test_overwriting_needs_the_word_and_never_takes_the_source(tmp_path: Path) -> None:
    save_file({"a": np.ones(3, "f4")}, tmp_path / "old.safetensors")
    save_file({"b": np.zeros(2, "f4")}, tmp_path / "m.safetensors")
    before = (tmp_path / "m.safetensors").read_bytes()
    converted(tmp_path / "old.safetensors", tmp_path / "m.safetensors", status=1)
    assert (tmp_path / "m.safetensors").read_bytes() == before
    converted(tmp_path / "old.safetensors", tmp_path / "m.safetensors", "--overwrite")
    assert list(load_file(tmp_path / "m.safetensors")) == ["a"]
    before = (tmp_path / "old.safetensors").read_bytes()
    (tmp_path / "link.safetensors").symlink_to("old.safetensors")
    for name in ("old", "link"):
        converted(tmp_path / "old.safetensors", tmp_path / f"{name}.safetensors", "--overwrite", status=1)
    assert (tmp_path / "old.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("m.keras", "write .weights.h5"),
        ("m.pt", "write .safetensors"),
        ("m.index", "without .index"),
        ("m.weights.json", "write .weights.h5"),
        ("m.data-00000-of-00001", "without .data-00000-of-00001"),
        ("m.weights.h5", "--like"),
    ],
)
def test_what_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    source = make(tmp_path / "in", "m", {"encoder/kernel": np.ones((2, 2), "f4")}).prefix
    converted(source, tmp_path / target, status=1)
    assert words in capsys.readouterr().err
    assert not (tmp_path / target).exists()


def test_damage_stops_a_conversion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = make(tmp_path / "in", "m", {"a": np.ones(4, "f4"), "b": np.ones(4, "f4")})
    data = Path(source.shard_path(0))
    raw = bytearray(data.read_bytes())
    raw[3] ^= 1
    data.write_bytes(raw)
    for name in ("m.safetensors", "m.npz", "m.h5"):
        converted(source.prefix, tmp_path / "out" / name, status=1)
        assert "does not match its checksum" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_certificate_names_what_is_not_as_it_should_be(tmp_path: Path) -> None:
    from ckpt_studio.training.certify import certify

    wanted = MemorySource({"a": np.ones(4, "f4"), "b": np.zeros((2, 2), "f8"), "c": np.ones(1, "i4")})
    np.savez(tmp_path / "m.npz", a=np.ones(4, "f4"), b=np.ones((2, 2)), d=np.ones(1))
    certificate = certify(str(tmp_path / "m.npz"), "npz", wanted)
    assert certificate.compared == 1
    assert [fault.split(" ")[0] for fault in certificate.faults] == ["'b'", "'d'", "'c'"]
    assert certificate.sentence.startswith("Not certified: 'b' (float64) came back with other values.")


def test_a_text_that_ends_with_zero_bytes_is_certified(tmp_path: Path) -> None:
    source = make(tmp_path / "in", "m", {"text": np.array(b"ab\0\0", object), "w": np.ones(2, "f4")}).prefix
    converted(source, tmp_path / "out" / "m", "--certify")


def test_a_donor_is_never_the_target(tmp_path: Path) -> None:
    source = make(tmp_path / "in", "m", {"a": np.zeros(3, "f4")}).prefix
    save_file({"a": np.ones(3, "f4")}, tmp_path / "donor.safetensors")
    before = (tmp_path / "donor.safetensors").read_bytes()
    edit = {"op": "replace", "match": "a", "from": "donor.safetensors"}
    (tmp_path / "patch.json").write_text(json.dumps({"version": 1, "edits": [edit]}))
    command = ["apply", str(tmp_path / "patch.json"), source]
    assert main([*command, str(tmp_path / "donor.safetensors"), "--overwrite"]) == 1
    assert (tmp_path / "donor.safetensors").read_bytes() == before
    assert main([*command, str(tmp_path / "new.safetensors")]) == 0
    np.testing.assert_array_equal(load_file(tmp_path / "new.safetensors")["a"], np.ones(3))
    said = json.loads((tmp_path / "new.safetensors.ckpt-studio.json").read_text())
    assert list(said["provenance"]["others"]) == [str(tmp_path / "donor.safetensors")]
    assert (
        main(
            ["apply", str(tmp_path / "new.safetensors.ckpt-studio.json"), source, str(tmp_path / "again.npz")]
        )
        == 0
    )


def test_what_tensorflow_has_no_type_for_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tensorflow_child: TensorFlowChild
) -> None:
    np.savez(tmp_path / "in.npz", a=np.arange(3.0), when=np.array(["2020-01-01"], "M8[D]"))
    written = converted(tmp_path / "in.npz", tmp_path / "out" / "m", "--json")
    (lost,) = json.loads(capsys.readouterr().out)["lost"]
    assert "datetime64" in lost
    script = "result = [[n, tf.train.load_variable(args[0], n)] for n, _ in tf.train.list_variables(args[0])]"
    assert tensorflow_child(script, written) == [["a", [0, 1, 2]]]


def test_an_object_graph_is_made_anew(
    keras_files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = converted(keras_files / "ckpt", tmp_path / "m", "--names", "objects", "--json")
    assert json.loads(capsys.readouterr().out)["lost"] == [
        "The object graph: another one is made of full names."
    ]
    same(values(written), values(str(keras_files / "ckpt")))


def test_a_recurrent_layer_whose_names_do_not_tell_its_cell(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    own = [np.full((3, 20), 1, "f4"), np.full((5, 20), 2, "f4"), np.full(20, 3, "f4")]
    arrays = dict(zip(("lstm/kernel", "lstm/recurrent_kernel", "lstm/bias"), own, strict=True))
    source = make(tmp_path / "in", "m", arrays).prefix
    script = """
    import keras
    model = keras.Sequential([keras.Input((4, 3)), keras.layers.LSTM(5, name="lstm")])
    model.load_weights(args[0]); result = model.get_weights()
    """
    got = tensorflow_child(script, converted(source, tmp_path / "w.weights.h5"))
    for want, have in zip(own, got, strict=True):
        np.testing.assert_array_equal(have, want)
