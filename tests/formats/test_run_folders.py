"""A run folder as years leave it: checkpoints of all formats side by side, and data among them."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from ckpt_studio.formats.folder import scan_deeply, scan_folder
from ckpt_studio.formats.registry import NoCheckpointHere, besides, open_checkpoint
from tests.helpers.bundles import BundleMaker
from tests.helpers.v1_tables import Table, floats

SAVED_MODEL = "theIArchitecture__tensorflow/tensorflow/cc/saved_model/testdata/CyclicModule"
KERAS = "404error-010__ANN-Churn-Classification"
ARRAYS = {"w": np.zeros(2, np.float32)}


def make_bundle(prefix: Path) -> str:
    made = BundleMaker()
    made.add("w", ARRAYS["w"], 1)
    return made.write(prefix)


def make_v1(path: Path) -> str:
    made = Table()
    made.add_whole("w", (2,), 1, floats([0.0, 0.0]))
    return made.write(path)


@pytest.fixture
def run(corpus: Path, tmp_path: Path) -> Path:
    """`run/`, with a checkpoint of every format at a step of its own."""
    folder = tmp_path / "run"
    folder.mkdir()
    make_bundle(folder / "m-70")
    make_v1(folder / "m-60")
    shutil.copytree(corpus / SAVED_MODEL, folder / "export-50", copy_function=shutil.copyfile)
    shutil.copyfile(corpus / KERAS / "model.keras", folder / "m-40.keras")
    shutil.copyfile(corpus / KERAS / "model.h5", folder / "m-30.h5")
    save_file(ARRAYS, folder / "m-20.safetensors")
    np.savez(folder / "m-10.npz", **ARRAYS)
    return folder


def test_all_formats_are_listed_in_step_order(run: Path) -> None:
    entries = scan_folder(str(run)).entries
    assert [(entry.format, entry.step, entry.file_name) for entry in entries] == [
        ("npz", 10, "m-10.npz"),
        ("safetensors", 20, "m-20.safetensors"),
        ("keras_h5", 30, "m-30.h5"),
        ("keras", 40, "m-40.keras"),
        ("saved_model", 50, "export-50"),
        ("tf_v1", 60, "m-60"),
        ("tf_bundle", 70, "m-70"),
    ]
    assert all(entry.complete for entry in entries)
    assert [entry.newest for entry in entries] == [False] * 6 + [True]
    assert open_checkpoint(str(run)).step == 70


def test_each_is_opened_by_what_its_entry_says(run: Path) -> None:
    for entry in scan_folder(str(run)).entries:
        checkpoint = open_checkpoint(entry.opens)
        assert (checkpoint.prefix, checkpoint.format) == (entry.prefix, entry.format)
        assert sum(Path(file).stat().st_size for file in checkpoint.files()) == pytest.approx(
            entry.nbytes, rel=0.2
        )


@pytest.mark.parametrize("name", ["m-60", "m-70"])
def test_the_state_file_names_old_and_new_alike(run: Path, name: str) -> None:
    (run / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\n')
    newest = scan_folder(str(run)).newest
    assert newest is not None
    assert (newest.name, newest.preserved) == (name, True)
    assert open_checkpoint(str(run / "checkpoint")).prefix == str(run / name)


def test_equal_names_of_different_formats(tmp_path: Path) -> None:
    for kind in ("safetensors", "npz"):
        path = tmp_path / f"m-5.{kind}"
        save_file(ARRAYS, path) if kind == "safetensors" else np.savez(path, **ARRAYS)
    make_v1(tmp_path / "m-5")
    assert sorted(entry.file_name for entry in scan_folder(str(tmp_path)).entries) == [
        "m-5", "m-5.npz", "m-5.safetensors",
    ]  # fmt: skip
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m-5"\n')
    assert open_checkpoint(str(tmp_path)).format == "tf_v1"
    make_bundle(tmp_path / "m-5")
    assert [entry.format for entry in scan_folder(str(tmp_path)).entries].count("tf_v1") == 0
    assert open_checkpoint(str(tmp_path)).format == "tf_bundle"


@pytest.mark.parametrize("data", ["data-900.npz", "train.h5", "images.npy", "x_test.npz"])
def test_data_is_not_taken_for_the_newest_checkpoint(tmp_path: Path, data: str) -> None:
    make_bundle(tmp_path / "m-5")
    if data.endswith(".h5"):
        with h5py.File(tmp_path / data, "w") as file:
            file["x"] = np.zeros(9)
    else:
        (np.save if data.endswith("npy") else np.savez)(tmp_path / data, np.zeros(9))
    assert open_checkpoint(str(tmp_path)).format == "tf_bundle"
    assert open_checkpoint(str(tmp_path / data)).format == {"h5": "keras_h5"}.get(data[-2:], data[-3:])
    (tmp_path / "alone").mkdir()
    shutil.copy(tmp_path / data, tmp_path / "alone")
    assert open_checkpoint(str(tmp_path / "alone")).prefix == str(tmp_path / "alone" / data)


def test_data_above_the_runs_is_not_opened_instead(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **ARRAYS)
    for name in ("run", "donor"):
        (tmp_path / name).mkdir()
        make_bundle(tmp_path / name / "m-1")
    with pytest.raises(NoCheckpointHere, match=r"itself; 2 below it do: donor, run\.$"):
        open_checkpoint(str(tmp_path))
    (tmp_path / "weights.npz").write_bytes((tmp_path / "data.npz").read_bytes())
    assert open_checkpoint(str(tmp_path)).prefix == str(tmp_path / "weights.npz")


def test_what_is_not_whole_is_not_the_newest(tmp_path: Path) -> None:
    make_bundle(tmp_path / "m-1")
    prefix = make_bundle(tmp_path / "m-2")
    Path(prefix + ".data-00000-of-00001").unlink()
    assert open_checkpoint(str(tmp_path)).step == 1
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "m-2"\n')
    assert open_checkpoint(str(tmp_path)).step == 2, "the state file has the last word"


def test_saved_models_below_are_named_themselves(corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "serving" / "model" / "123"
    shutil.copytree(corpus / SAVED_MODEL, folder, copy_function=shutil.copyfile)
    with pytest.raises(NoCheckpointHere, match=r"holds no checkpoint itself; serving/model/123 does\.$"):
        open_checkpoint(str(tmp_path))
    assert [entry.name for entry in scan_deeply(str(tmp_path)).below] == ["serving/model/123"]
    for path in (folder, folder / "saved_model.pb", folder / "variables", folder.parent):
        assert (open_checkpoint(str(path)).format, open_checkpoint(str(path)).prefix) == (
            "saved_model", str(folder),
        )  # fmt: skip


def test_runs_beside_a_saved_model_are_mentioned(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(corpus / SAVED_MODEL, tmp_path / "export", copy_function=shutil.copyfile)
    assert open_checkpoint(str(tmp_path)).notes == open_checkpoint(str(tmp_path / "export")).notes
    assert scan_deeply(str(tmp_path)).beside == ()
    for name in ("runs/b", "runs/a"):
        (tmp_path / name).mkdir(parents=True)
        make_bundle(tmp_path / name / "m-1")
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.prefix == str(tmp_path / "export")
    assert "There are more checkpoints in folders below it: runs/a, runs/b." in checkpoint.notes
    assert open_checkpoint(str(tmp_path / "export")).notes == checkpoint.notes[1:]
    folder = besides(str(tmp_path), checkpoint)
    assert folder is not None
    assert [entry.name for entry in folder.below] == ["export", "runs/a/m-1", "runs/b/m-1"]
    make_bundle(tmp_path / "own-1")
    assert scan_deeply(str(tmp_path)).beside == ()
