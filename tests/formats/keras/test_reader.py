"""Keras's files in folders: which checkpoints they are, and which are not whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile
from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.legacy_files import dense, save_weights, values
from tests.formats.keras.test_archive import archive


def legacy(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        save_weights(file, {"a": dense("a", 4, 3)})
    return path


def modern(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        file["layers/dense/vars/0"] = values(4, 3)
    return path


def test_a_folder_lists_them_in_step_order(tmp_path: Path) -> None:
    archive(tmp_path / "model-3.keras")
    modern(tmp_path / "ckpt-12.weights.h5")
    legacy(tmp_path / "weights-00005.hdf5")
    legacy(tmp_path / "old-1.weights.h5")
    cut = modern(tmp_path / "ckpt-9.weights.h5")
    cut.write_bytes(cut.read_bytes()[:-100])
    (tmp_path / "broken-8.keras").write_bytes(archive(tmp_path / "b.keras").read_bytes()[:-40])
    (tmp_path / "b.keras").unlink()
    (tmp_path / "notes.h5").write_text("no HDF5 at all")
    (tmp_path / "weights.json").write_text('{"by": "another program"}')
    folder = scan_folder(str(tmp_path))
    found = [(entry.name, entry.format, entry.step, entry.complete) for entry in folder.entries]
    assert found == [
        ("old-1", "keras_h5", 1, True),
        ("model-3", "keras", 3, True),
        ("weights-00005", "keras_h5", 5, True),
        ("broken-8", "keras", 8, False),
        ("ckpt-9", "keras_weights", 9, False),
        ("ckpt-12", "keras_weights", 12, True),
    ]
    for entry in folder.entries:
        if entry.complete:
            checkpoint = open_checkpoint(entry.prefix)
            assert (checkpoint.prefix, checkpoint.format) == (entry.prefix, entry.format)
            checkpoint.close()
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.prefix == str(tmp_path / "ckpt-12.weights.h5")
    checkpoint.close()


def parts(folder: Path) -> Path:
    """Weights in two files."""
    with h5py.File(folder / "m_00000.weights.h5", "w") as file:
        file["layers/dense/vars/0"] = values(4, 3)
        file["layers/dense/vars"].attrs["name"] = "first"
    with h5py.File(folder / "m_00001.weights.h5", "w") as file:
        file["layers/dense/vars/1"] = values(3)
        file["layers/dense_1/vars/0"] = values(3, 2)
        file["layers/dense_1/vars"].attrs["name"] = "second"
    weight_map = {
        "/layers/dense/vars": ["m_00000.weights.h5", "m_00001.weights.h5"],
        "/layers/dense_1/vars": "m_00001.weights.h5",
    }
    index = folder / "m.weights.json"
    index.write_text(json.dumps({"metadata": {"total_size": 84}, "weight_map": weight_map}))
    return index


def test_parts_are_one_checkpoint(tmp_path: Path) -> None:
    index = parts(tmp_path)
    (entry,) = scan_folder(str(tmp_path)).entries
    assert (entry.prefix, entry.name, entry.complete) == (str(index), "m", True)
    for name in ("m.weights.json", "m_00001.weights.h5"):
        checkpoint = open_checkpoint(str(tmp_path / name))
        names = {checkpoint.columns.name(row) for row in range(len(checkpoint.columns))}
        checkpoint.close()
        assert names == {"first/kernel", "first/bias", "second/kernel"}


def test_a_part_that_is_missing_makes_its_own_rows_faulty(tmp_path: Path) -> None:
    index = parts(tmp_path)
    (tmp_path / "m_00000.weights.h5").unlink()
    checkpoint = open_checkpoint(str(index))
    rows = {info.key: info for info in map(checkpoint.columns.info, range(len(checkpoint.columns)))}
    try:
        assert "m_00000.weights.h5, a part of m.weights.json, is missing" in (
            rows["layers/dense/vars"].error or ""
        )
        assert rows["layers/dense_1/vars/0"].error is None
        assert checkpoint.read("layers/dense_1/vars/0").shape == (3, 2)
        with pytest.raises(MissingFile):
            checkpoint.read("layers/dense/vars")
    finally:
        checkpoint.close()
    (tmp_path / "m_00001.weights.h5").unlink()
    with pytest.raises(MissingFile):
        open_checkpoint(str(index))


def test_a_list_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    index = parts(inside)
    shutil.copy(inside / "m_00000.weights.h5", tmp_path / "x.h5")
    for name in ("../x.h5", str(tmp_path / "x.h5"), "..", "", "a\\b"):
        index.write_text(json.dumps({"weight_map": {"/layers/dense/vars": name}}))
        with pytest.raises(Corrupt, match="no file of its own folder"):
            open_checkpoint(str(index))
    for text in ("{", "[]", '{"weight_map": []}', '{"weight_map": {"a": 3}}'):
        index.write_text(text)
        with pytest.raises(FileFault, match=r"m\.weights\.json"):
            open_checkpoint(str(index))


def test_an_optimizers_variables_of_an_unknown_weight_are_slots(tmp_path: Path) -> None:
    """Which of two layers of one shape was frozen cannot be told without a configuration."""
    with h5py.File(tmp_path / "m.weights.h5", "w") as file:
        for name in ("dense", "dense_1"):
            for number, shape in enumerate([(4, 4), (4,)]):
                file[f"layers/{name}/vars/{number}"] = np.ones(shape, np.float32)
            file[f"layers/{name}/vars"].attrs["name"] = name
        for number, shape in enumerate([(), (), (4, 4), (4,)]):
            file[f"optimizer/vars/{number}"] = np.ones(shape, np.int64 if number == 0 else np.float32)
        file["optimizer/vars"].attrs["name"] = "sgd"
    columns = open_checkpoint(str(tmp_path / "m.weights.h5")).columns
    slots = [columns.of(f"optimizer/vars/{number}") for number in (2, 3)]
    assert [(slot.role, slot.slot_of) for slot in slots] == [(Role.slot, None)] * 2
    assert columns.of("optimizer/vars/1").role == Role.metadata
