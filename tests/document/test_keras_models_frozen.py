"""Models with layers frozen or thawed: stock Keras trains what it would train had it set the same flags itself."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import pytest

from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.registry import open_checkpoint
from tests.document.keras_models import MODELS, Keras, keys, lost, opened

CASES = [
    ["mid", "base", "chain/b"],
    ["base/norm", "chain/a", "both", "mine"],
    ["base/timed", "chain", "attention"],
]


def frozen_names(document: Document) -> set[str]:
    """Full names of what is frozen."""
    return {document.staged.columns.of(key).name for key in document.frozen_keys()}


def member(path: Path | str, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


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
