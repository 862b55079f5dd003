"""Files that hold the model itself, written anew: stock Keras loads them, with the values that were edited."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from ckpt_studio.cli.main import main
from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import ChecksumMismatch, RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.arrange import Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.rename import RenameMany
from ckpt_studio.document.edits.step import SetStep
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.registry import open_checkpoint
from tests.document.keras_models import MODELS, Keras, keys, lost, opened


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
