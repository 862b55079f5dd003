"""Files that hold the model itself, written anew: stock Keras loads them, with what was frozen not trained any more."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ckpt_studio.cli.main import main
from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import ChecksumMismatch, RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits import (
    Assign,
    Cast,
    Drop,
    Freeze,
    RenameMany,
    SetStep,
    Transpose,
    Unfreeze,
    Value,
)
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.tensorflow_child import TensorFlowChild

MODELS = """
import hashlib, warnings, keras
L = keras.layers

@keras.saving.register_keras_serializable("own")
class Mine(L.Layer):
    def __init__(self, width, **more):
        super().__init__(**more); self.width = width; self.inside = L.Dense(width, name="inside")
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale"); self.inside.build(shape); self.built = True
    def call(self, x): return self.inside(x * self.scale)
    def get_config(self): return {**super().get_config(), "width": self.width}

@keras.saving.register_keras_serializable("own")
class Whole(keras.Model):
    def __init__(self, width=3, **more):
        super().__init__(**more); self.width = width; self.one = L.Dense(width, name="one")
        self.two = L.Dense(2, name="two")
    def build(self, shape): self.one.build(shape); self.two.build((None, self.width)); self.built = True
    def call(self, x): return self.two(self.one(x))
    def get_config(self): return {**super().get_config(), "width": self.width}

def functional():
    x = keras.Input((6, 4)); inner = keras.Input((6, 4))
    y = L.BatchNormalization(name="norm")(L.TimeDistributed(L.Dense(5, name="each"), name="timed")(inner))
    base = keras.Model(inner, L.Dropout(0.2)(y), name="base")
    chain = keras.Sequential([keras.Input((6, 5)), L.Dense(4, name="a"), L.BatchNormalization(name="b"),
                              L.Dense(4, name="c")], name="chain")
    y = L.MultiHeadAttention(2, 3, name="attention")(z := chain(base(x)), z)
    y = L.Bidirectional(L.LSTM(3), name="both")(Mine(5, name="mine")(y))
    return keras.Model(x, L.Dense(2, name="head")(L.Dense(4, name="mid")(y)), name="net")

def words():
    vectors = L.TextVectorization(output_sequence_length=4, name="words"); vectors.adapt(["ab cd", "cd ef gh"])
    return keras.Sequential([keras.Input((1,), dtype="string"), vectors, L.Embedding(8, 3, name="table"),
                             L.Flatten(), L.Dense(2, name="head")], name="says")

def trained(model, optimizer, x):
    model.compile(optimizer, keras.losses.MeanSquaredError())
    model.fit(x, np.random.rand(len(x), 2), verbose=0)
    return model

def loaded(path):
    keras.backend.clear_session()
    return keras.saving.load_model(path)

def sums(variables):
    return {v.path: hashlib.sha256(v.numpy().tobytes()).hexdigest()[:8] for v in variables}

def state(path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = loaded(path)
    return {"weights": sums(model.weights), "trained": [v.path for v in model.trainable_weights],
            "optimizer": sums(model.optimizer.variables)}
"""

MAKE = """
keras.utils.set_random_seed(3)
net = trained(functional(), "adam", np.random.rand(8, 6, 4))
net.save(args[0] + "/net.keras"); net.save(args[0] + "/net.h5")
whole = Whole(); whole.build((None, 4))
trained(whole, keras.optimizers.SGD(0.1, momentum=0.9), np.random.rand(8, 4)).save(args[0] + "/whole.keras")
trained(words(), keras.optimizers.RMSprop(), tf.constant([["ab"], ["gh"]])).save(args[0] + "/words.keras")
"""

STATES = "result = [state(path) for path in args]"

AS_KERAS = """
result = []
for names in args[1]:
    keras.backend.clear_session()
    model = keras.saving.load_model(args[0], compile=False)
    for name in names:
        layer = model
        for part in name.split("/"):
            layer = layer.get_layer(part)
        layer.trainable = False
    model.save(args[2])
    result.append([v.path for v in keras.saving.load_model(args[2], compile=False).trainable_weights])
"""

CASES = [
    ["mid", "base", "chain/b"],
    ["base/norm", "chain/a", "both", "mine"],
    ["base/timed", "chain", "attention"],
]


@dataclass
class Keras:
    """Stock Keras, and files that it has written."""

    folder: Path
    child: TensorFlowChild

    def state(self, *paths: Path | str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.child(MODELS + STATES, *map(str, paths))
        return answer

    @cached_property
    def originals(self) -> dict[str, dict[str, Any]]:
        names = ["net.keras", "net.h5", "whole.keras", "words.keras"]
        return dict(zip(names, self.state(*(self.folder / name for name in names)), strict=True))

    def trained_without(self, name: str, *cases: list[str]) -> list[list[str]]:
        """What Keras itself trains of a model that it has saved and loaded with these layers not trainable."""
        again = str(self.folder / f"again{Path(name).suffix}")
        answer: list[list[str]] = self.child(MODELS + AS_KERAS, str(self.folder / name), cases, again)
        return answer


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> Keras:
    folder = tmp_path_factory.mktemp("keras")
    tensorflow_child(MODELS + MAKE, str(folder))
    return Keras(folder, tensorflow_child)


def opened(keras: Keras, name: str) -> Document:
    return Document(open_checkpoint(str(keras.folder / name)))


def keys(document: Document, *starts: str) -> tuple[str, ...]:
    """Keys of the variables whose full names start so."""
    columns = document.staged.columns
    found = [columns.keys[row] for row in range(len(columns)) if columns.name(row).startswith(starts)]
    assert found, starts
    return tuple(found)


def frozen_names(document: Document) -> set[str]:
    """Full names of what is frozen."""
    return {document.staged.columns.of(key).name for key in document.frozen_keys()}


def member(path: Path | str, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def lost(document: Document, target: Path) -> str:
    return " ".join(plan_write(document, str(target)).lost)


@pytest.mark.parametrize("name", ["net.keras", "whole.keras", "words.keras"])
def test_without_edits_all_but_the_layout_of_the_weights_is_the_same(
    keras: Keras, tmp_path: Path, name: str
) -> None:
    written = write_document(opened(keras, name), str(tmp_path / "new" / name))
    with zipfile.ZipFile(keras.folder / name) as old, zipfile.ZipFile(written.prefix) as new:
        assert new.testzip() is None
        assert new.namelist() == old.namelist()
        assert {one.compress_type for one in new.infolist()} == {zipfile.ZIP_STORED}
        for one in old.namelist():
            assert one == "model.weights.h5" or new.read(one) == old.read(one)
    assert keras.state(written.prefix) == [keras.originals[name]]
    assert list(open_checkpoint(written.prefix).verify()) == []


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_frozen_layers_are_not_trained_and_the_optimizer_keeps_the_state_of_the_others(
    keras: Keras, tmp_path: Path, name: str
) -> None:
    before = keras.originals[name]
    written = []
    for number, layers in enumerate(CASES):
        document = opened(keras, name)
        document.do(Freeze(keys(document, *(f"{layer}/" for layer in layers))))
        document.do(Assign(keys(document, "head/bias"), contents=Value(5)))
        written.append(write_document(document, str(tmp_path / str(number) / name)).prefix)
        copy = Document(open_checkpoint(written[-1]))
        there = set(map(copy.base.columns.name, range(len(copy.base.columns))))
        assert frozen_names(copy) == frozen_names(document) & there
    states = keras.state(*written)
    for after, trained in zip(states, keras.trained_without(name, *CASES), strict=True):
        changed = {path for path, value in after["weights"].items() if value != before["weights"][path]}
        assert changed == {"head/bias"}
        assert after["weights"].keys() == before["weights"].keys()
        assert after["trained"] == trained
        assert after["optimizer"] == {path: before["optimizer"][path] for path in after["optimizer"]}
        if name == "net.keras":  # Keras itself takes no slots from a .h5 file
            assert len(after["optimizer"]) == 2 + 2 * len(trained)


def test_only_flags_of_the_frozen_layers_change_in_the_configuration(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "net.keras")
    document.do(Freeze(keys(document, "both/", "mid/")))
    written = write_document(document, str(tmp_path / "m.keras"))
    old, new = (member(path, "config.json") for path in (keras.folder / "net.keras", written.prefix))
    assert len(new) - len(old) == 4  # the wrapper, what it wraps twice, and a layer: "true" to "false"
    assert new.replace(b"false", b"true") == old.replace(b"false", b"true")


def test_a_model_that_is_frozen_as_a_whole_is_not_trained(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "words.keras")
    document.do(Freeze(keys(document, "table/", "head/")))
    (after,) = keras.state(write_document(document, str(tmp_path / "m.keras")).prefix)
    assert after["trained"] == []
    assert after["weights"] == keras.originals["words.keras"]["weights"]
    assert len(after["optimizer"]) == 2


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_thawed_layers_are_trained_again_without_those_beside_them(
    keras: Keras, tmp_path: Path, name: str
) -> None:
    document = opened(keras, name)
    document.do(Freeze(keys(document, "base/", "chain/")))
    first = write_document(document, str(tmp_path / "first" / name))
    Path(f"{first.prefix}.ckpt-studio.json").unlink()
    again = Document(open_checkpoint(first.prefix))
    again.do(Unfreeze(keys(again, "base/norm/", "chain/b/", "chain/c/")))
    assert "to be trained again" in lost(again, tmp_path / name)
    second = write_document(again, str(tmp_path / "second" / name))
    trained, sums = keras.child(
        MODELS + "m = loaded(args[0]); result = [[v.path for v in m.trainable_weights], sums(m.weights)]",
        second.prefix,
    )
    assert [trained] == keras.trained_without(name, ["base/timed", "chain/a"])
    assert sums == keras.originals[name]["weights"]


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_flags_that_contradict_each_other_stay_where_nothing_is_wanted(
    keras: Keras, tmp_path: Path, name: str
) -> None:
    odd = tmp_path / "in" / name
    odd.parent.mkdir()
    keras.child(MODELS + """
model = loaded(args[0]); model.get_layer("base").trainable = False
model.get_layer("base").get_layer("norm").trainable = True; model.save(args[1])
""", str(keras.folder / name), str(odd))  # fmt: skip
    document = Document(open_checkpoint(str(odd)))
    document.do(Assign(keys(document, "head/bias"), contents=Value(1)))
    assert "frozen marks" not in lost(document, tmp_path / "out" / name)
    written = write_document(document, str(tmp_path / "out" / name))
    if name == "net.keras":
        assert member(written.prefix, "config.json") == member(odd, "config.json")
    else:
        with h5py.File(odd) as old, h5py.File(written.prefix) as new:
            assert new.attrs["model_config"] == old.attrs["model_config"]


def test_what_is_frozen_of_a_part_of_a_layer_is_said_before(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "net.keras")
    document.do(Freeze(keys(document, "mid/kernel")))
    document.do(Freeze(keys(document, "both/forward")))
    target = tmp_path / "m.keras"
    assert "frozen marks of 1 variable (mid/kernel)" in lost(document, target)
    written = write_document(document, str(target))
    (state,) = keras.state(written.prefix)
    assert state["trained"] == [
        path for path in keras.originals["net.keras"]["trained"] if not path.startswith("forward_")
    ]
    assert Document(open_checkpoint(written.prefix)).frozen_keys() >= set(keys(document, "mid/kernel"))


def test_a_model_of_a_class_of_ones_own_says_what_its_configuration_can_hold(
    keras: Keras, tmp_path: Path
) -> None:
    document = opened(keras, "whole.keras")
    one = keys(document, "one/")
    document.do(Freeze(one))
    assert "frozen marks of 2 variables" in lost(document, tmp_path / "m.keras")
    written = write_document(document, str(tmp_path / "m.keras"))
    assert keras.state(written.prefix) == [keras.originals["whole.keras"]]
    assert Document(open_checkpoint(written.prefix)).frozen_keys() >= set(one)


@pytest.mark.parametrize("name", ["net.keras", "net.h5", "words.keras"])
def test_the_optimizer_can_be_left_out_as_a_whole(keras: Keras, tmp_path: Path, name: str) -> None:
    document = opened(keras, name)
    document.do(Drop(tuple(key for key in document.base.columns.keys if key.startswith("optimizer"))))
    assert lost(document, tmp_path / name) == ""
    written = write_document(document, str(tmp_path / name))
    answer = keras.child(MODELS + "result = sums(loaded(args[0]).weights)", written.prefix)
    assert answer == keras.originals[name]["weights"]


def test_a_part_of_the_optimizer_takes_the_rest_with_it(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "net.keras")
    document.do(Drop(("optimizer/vars/5",)))
    assert "takes all or nothing, because a part of it is left out" in lost(document, tmp_path / "m.keras")
    written = write_document(document, str(tmp_path / "m.keras"))
    assert not [key for key in open_checkpoint(written.prefix).columns.keys if key.startswith("optimizer")]


def test_types_are_the_models_own_when_it_is_loaded(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "net.keras")
    (key,) = keys(document, "mid/kernel")
    document.do(Cast((key,), dtype=BY_NAME["bfloat16"]))
    written = write_document(document, str(tmp_path / "m.keras"))
    value = keras.child(MODELS + "result = loaded(args[0]).get_layer('mid').kernel.numpy()", written.prefix)
    np.testing.assert_array_equal(value, document.staged.read(key).astype("f4"))


EDITS = {
    "cannot be added, renamed or moved": lambda key: RenameMany(((key, "layers/dense/vars/7"),)),
    "cannot be left out": lambda key: Drop((key,)),
    "cannot have another shape": lambda key: Transpose((key,)),
}


@pytest.mark.parametrize("words", EDITS)
def test_what_no_model_of_the_configuration_has_is_refused(keras: Keras, tmp_path: Path, words: str) -> None:
    document = opened(keras, "net.keras")
    (key,) = keys(document, "mid/kernel")
    document.do(EDITS[words](key))
    with pytest.raises(RequestFault, match=words):
        plan_write(document, str(tmp_path / "m.keras"))
    with pytest.raises(RequestFault, match=words):
        write_document(document, str(tmp_path / "m.keras"))
    assert list(tmp_path.iterdir()) == []
    write_document(document, str(tmp_path / "m.safetensors"))


def test_a_h5_file_that_no_model_fits_any_more_holds_weights_only(keras: Keras, tmp_path: Path) -> None:
    document = opened(keras, "net.h5")
    document.do(Drop(keys(document, "mid/")))
    assert "The model and the state of its training" in lost(document, tmp_path / "m.h5")
    written = write_document(document, str(tmp_path / "m.h5"))
    with h5py.File(written.prefix) as file:
        assert "model_config" not in file.attrs
    assert not [
        name for name in map(str, open_checkpoint(written.prefix).columns.names or ()) if "mid" in name
    ]


def test_members_that_another_program_packed_are_taken_over(keras: Keras, tmp_path: Path) -> None:
    packed = tmp_path / "packed.keras"
    with (
        zipfile.ZipFile(keras.folder / "words.keras") as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
        new.writestr("assets/nothing/", b"")
        new.writestr("more.bin", bytes(3 << 20))
    document = Document(open_checkpoint(str(packed)))
    document.do(Assign(keys(document, "table/"), contents=Value(2)))
    written = write_document(document, str(tmp_path / "new" / "new.keras"))
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(written.prefix) as new:
        assert new.namelist() == old.namelist()
        assert new.read("more.bin") == old.read("more.bin")
        assert {one.compress_type for one in new.infolist()} == {zipfile.ZIP_STORED}
    (after,) = keras.state(written.prefix)
    before = keras.originals["words.keras"]
    assert after["weights"].pop("table/embeddings") != before["weights"]["table/embeddings"]
    assert after["weights"].items() <= before["weights"].items()
    assert after["optimizer"] == before["optimizer"]


def test_a_damaged_member_stops_the_write(keras: Keras, tmp_path: Path) -> None:
    damaged = tmp_path / "in.keras"
    raw = (keras.folder / "words.keras").read_bytes()
    place = raw.index(b"cd\n")
    damaged.write_bytes(raw[:place] + b"X" + raw[place + 1 :])
    document = Document(open_checkpoint(str(damaged)))
    with pytest.raises(ChecksumMismatch, match="vocabulary"):
        write_document(document, str(tmp_path / "out" / "m.keras"))
    assert not (tmp_path / "out").exists()


def test_the_command_line_certifies_with_keras_and_fills_another_model(
    keras: Keras, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(keras.folder / "words.keras"), str(tmp_path / "m.npz")]) == 0
    with np.load(tmp_path / "m.npz") as archive:
        values = {name: archive[name] + 1 for name in archive.files}
    np.savez(tmp_path / "other.npz", **values)
    command = ["convert", str(tmp_path / "other.npz"), str(tmp_path / "m.keras")]
    assert main(command) == 1
    assert "--like" in capsys.readouterr().err
    assert main([*command, "--like", str(keras.folder / "words.keras"), "--certify", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["certified"]
    assert (answer["ok"], answer["library"].split()[0]) == (True, "Keras")
    assert answer["compared"] == len(values)
    script = "result = {v.path: v.numpy() for v in loaded(args[0]).weights}"
    for path, value in keras.child(MODELS + script, str(tmp_path / "m.keras")).items():
        np.testing.assert_array_equal(np.array(value, "f4"), values[path])


def test_models_of_ones_own_classes_are_certified_without_running_them(
    keras: Keras, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["convert", str(keras.folder / "whole.keras"), str(tmp_path / "m.keras"), "--certify", "--json"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)["certified"]
    assert answer["ok"]
    assert "not Keras" in answer["library"]


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_the_step_of_a_model_is_what_its_optimizer_has_counted(
    keras: Keras, tmp_path: Path, name: str
) -> None:
    document = opened(keras, name)
    document.do(SetStep.of(document.staged.columns, 77))
    written = write_document(document, str(tmp_path / name))
    script = "result = int(loaded(args[0]).optimizer.iterations)"
    assert keras.child(MODELS + script, written.prefix) == 77
