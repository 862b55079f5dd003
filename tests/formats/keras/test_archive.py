"""`.keras` archives as others pack them anew, and as they come when something went wrong."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from ckpt_studio.core.errors import ChecksumMismatch, Corrupt, FileFault, Unsupported
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import RoleSource
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.legacy_files import layer, values

CONFIG = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"name": "sequential", "layers": [layer("Dense", "first"), layer("Dense", "second")]},
    "registered_name": None,
}


def weights_file(path: Path) -> bytes:
    with h5py.File(path, "w") as file:
        for number, group in enumerate(("dense", "dense_1")):
            file[f"layers/{group}/vars/0"] = values(40, 30, seed=number)
            file[f"layers/{group}/vars/1"] = values(30, seed=number)
    return path.read_bytes()


def archive(path: Path, packing: int = zipfile.ZIP_STORED, **members: bytes | None) -> Path:
    """An archive as Keras writes it; members are given by their names with `__` for the dot."""
    contents: dict[str, bytes | None] = {
        "metadata.json": b'{"keras_version": "3.0.0"}',
        "config.json": json.dumps(CONFIG).encode(),
        "model.weights.h5": weights_file(path.with_suffix(".h5")),
    }
    path.with_suffix(".h5").unlink()
    contents |= {name.replace("__", "."): data for name, data in members.items()}
    with zipfile.ZipFile(path, "w", packing) as file:
        for name, data in contents.items():
            if data is not None:
                file.writestr(name, data)
    return path


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_packed_anew(tmp_path: Path, packing: int) -> None:
    """Where the file has no names, as those of older Keras, the configuration's are taken by class and order."""
    checkpoint = open_checkpoint(str(archive(tmp_path / "model-7.keras", packing)))
    try:
        columns = checkpoint.columns
        assert {columns.name(row) for row in range(4)} == {
            f"{name}/{part}" for name in ("first", "second") for part in ("kernel", "bias")
        }
        np.testing.assert_array_equal(checkpoint.read("layers/dense_1/vars/0"), values(40, 30, seed=1))
        window = (slice(3, 9), slice(2, 4))
        np.testing.assert_array_equal(checkpoint.read("layers/dense/vars/0", window), values(40, 30)[window])
        assert (checkpoint.format, checkpoint.step, checkpoint.notes) == ("keras", 7, ())
        task = Task()
        assert list(checkpoint.verify(task)) == []
        assert task.done == task.total > 0
    finally:
        checkpoint.close()


def test_a_layer_whose_configuration_tells_no_name_hides_no_others(tmp_path: Path) -> None:
    """Layers of somebody's own need not say what they are called; the file does."""
    own = {"class_name": "My", "config": {"trainable": True}, "registered_name": "pkg>My", "module": None}
    config = {**CONFIG, "config": {"name": "sequential", "layers": [own, layer("Dense", "second")]}}
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for group, name in (("my", "mine"), ("dense", "second")):
            for number, shape in enumerate([(40, 30), (30,)]):
                file[f"layers/{group}/vars/{number}"] = values(*shape)
            file[f"layers/{group}/vars"].attrs["name"] = name
    made = {
        "config__json": json.dumps(config).encode(),
        "model__weights__h5": (tmp_path / "w.h5").read_bytes(),
    }
    checkpoint = open_checkpoint(str(archive(tmp_path / "m.keras", **made)))
    try:
        info = checkpoint.columns.of("layers/dense/vars/0")
        assert (info.name, info.role_source, info.trainable) == ("second/kernel", RoleSource.config, True)
        assert checkpoint.columns.of("layers/my/vars/0").name == "mine/0"
    finally:
        checkpoint.close()


def test_any_name_and_any_order(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path) as file, zipfile.ZipFile(tmp_path / "model.zip", "w") as other:
        for name in reversed(file.namelist()):
            other.writestr(name, file.read(name))
    checkpoint = open_checkpoint(str(tmp_path / "model.zip"))
    assert checkpoint.format == "keras"
    checkpoint.close()


def test_damage_is_found(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras")
    data = bytearray(path.read_bytes())
    at = data.index(values(40, 30).tobytes())
    data[at] ^= 1
    path.write_bytes(data)
    checkpoint = open_checkpoint(str(path))
    (fault,) = checkpoint.verify()
    checkpoint.close()
    assert (fault.kind, "model.weights.h5" in fault.message) == (ChecksumMismatch.kind, True)


def test_without_a_readable_configuration_the_weights_open(tmp_path: Path) -> None:
    for config, words in ((None, "no config.json"), (b"\xff\xfe", "no text")):
        checkpoint = open_checkpoint(str(archive(tmp_path / "m.keras", config__json=config)))
        names = {checkpoint.columns.name(row) for row in range(4)}
        checkpoint.close()
        assert names == {f"layers/{g}/{part}" for g in ("dense", "dense_1") for part in ("kernel", "bias")}
        assert any(words in note for note in checkpoint.notes)


def test_a_configuration_of_other_layers_is_not_believed(tmp_path: Path) -> None:
    other = json.dumps({**CONFIG, "config": {"name": "s", "layers": [layer("Conv2D", "c")]}}).encode()
    checkpoint = open_checkpoint(str(archive(tmp_path / "m.keras", config__json=other)))
    names = {checkpoint.columns.name(row) for row in range(4)}
    checkpoint.close()
    assert "layers/dense/kernel" in names


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    cases = {
        "pickles.keras": (
            Unsupported,
            "Python pickles",
            {"model__weights__h5": None, "model__weights__npz": b"x"},
        ),
        "empty.keras": (Corrupt, "no Keras model", {"model__weights__h5": None}),
        "other.keras": (Corrupt, "no HDF5 file", {"model__weights__h5": b"x" * 300}),
    }
    for name, (kind, words, members) in cases.items():
        archive(tmp_path / name, **members)
        with pytest.raises(kind, match=words) as caught:
            open_checkpoint(str(tmp_path / name))
        assert name in caught.value.message


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = archive(tmp_path / "bomb.keras", zipfile.ZIP_DEFLATED, model__weights__h5=bytes(100 << 20))
    with pytest.raises(Corrupt, match="which no weights are"):
        open_checkpoint(str(path))


def test_cut_off_anywhere(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras")
    data = path.read_bytes()
    for length in (0, 3, 30, 200, len(data) // 2, len(data) - 30, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(FileFault, match=r"m\.keras"):
            open_checkpoint(str(path))
