"""V1 checkpoints are found by a few bytes, shards by their names, and opened under every name that a person knows."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.folder import scan_folder
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.bundles import BundleMaker
from tests.helpers.v1_tables import Table, typed

META = b"\n\x02\n\x00\x12\x00"
"""A MetaGraph with an empty graph."""


def write(folder: Path, name: str, value: float = 1) -> Path:
    table = Table()
    table.add_whole("w", (2,), 1, typed("float32", np.full(2, value, np.float32)))
    return Path(table.write(folder / name))


def test_a_run_folder_lists_v1_beside_v2_in_step_order(tmp_path: Path) -> None:
    write(tmp_path, "model.ckpt-20")
    (tmp_path / "model.ckpt-20.meta").write_bytes(META)
    for number in range(2):
        write(tmp_path, f"model.ckpt-5-{number:05d}-of-00002", number)
    (tmp_path / "model.ckpt-5.meta").write_bytes(META)
    made = BundleMaker()
    made.add("w", np.zeros(2, np.float32), 1)
    made.write(tmp_path / "model.ckpt-10")
    (tmp_path / "model.ckpt-10.meta").write_bytes(META)
    for name in ("notes.txt", "events.out.tfevents.1", "train.py", "wall_t.5"):
        (tmp_path / name).write_bytes(b"something else, and long enough to have an end of its own")
    folder = scan_folder(str(tmp_path))
    found = [(entry.name, entry.format, entry.step, entry.complete) for entry in folder.entries]
    assert found == [
        ("model.ckpt-5-?????-of-00002", "tf_v1", 5, True),
        ("model.ckpt-10", "tf_bundle", 10, True),
        ("model.ckpt-20", "tf_v1", 20, True),
    ]
    assert folder.notes == ()
    sizes = [
        sum(path.stat().st_size for path in tmp_path.glob(f"model.ckpt-{step}*")) for step in (5, 10, 20)
    ]
    assert [entry.nbytes for entry in folder.entries] == sizes
    for entry in folder.entries:
        assert open_checkpoint(entry.prefix).prefix == entry.prefix
    assert open_checkpoint(str(tmp_path)).prefix == str(tmp_path / "model.ckpt-20")
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-5-?????-of-00002"\n')
    checkpoint = open_checkpoint(str(tmp_path))
    assert (checkpoint.step, checkpoint.notes) == (5, ())
    assert checkpoint.meta_graph == str(tmp_path / "model.ckpt-5.meta")


@pytest.mark.parametrize(
    "name",
    ["m-00000-of-00002", "m-00001-of-00002", "m-?????-of-00002", "m", "m.meta", "m-00000-of-00002.meta"],
)
def test_any_name_of_several_tables_leads_to_all_of_them(tmp_path: Path, name: str) -> None:
    for number in range(2):
        write(tmp_path, f"m-{number:05d}-of-00002", number)
    (tmp_path / "m.meta").write_bytes(META)
    checkpoint = open_checkpoint(str(tmp_path / name))
    assert checkpoint.prefix == str(tmp_path / "m-?????-of-00002")
    assert len(checkpoint.files()) == 3


def test_of_two_sets_of_tables_the_larger_is_meant(tmp_path: Path) -> None:
    for count in (1, 3, 2):
        for number in range(count):
            write(tmp_path, f"m-{number:05d}-of-{count:05d}", count)
    assert open_checkpoint(str(tmp_path / "m")).prefix.endswith("of-00003")
    assert len(scan_folder(str(tmp_path)).entries) == 3


@pytest.mark.parametrize(
    "name", ["-x", "a[1]*?", "mit Leerzeichen", "größe", "x" * 255, "wei\nrd", "m.ckpt-?????-of"]
)
def test_any_file_name(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    assert open_checkpoint(str(tmp_path / name)).read("w").tolist() == [1, 1]
    assert [entry.name for entry in scan_folder(str(tmp_path)).entries] == [name]


def test_what_is_not_whole_is_said(tmp_path: Path) -> None:
    write(tmp_path, "a-00001-of-00003")
    path = write(tmp_path, "cut.ckpt-7")
    os.truncate(path, path.stat().st_size - 1)
    (tmp_path / "gone.meta").write_bytes(META)
    (tmp_path / "picture.png.meta").write_bytes(b"fileFormatVersion: 2\nguid: 0\n")
    folder = scan_folder(str(tmp_path))
    assert [(entry.name, entry.complete) for entry in folder.entries] == [
        ("a-?????-of-00003", False),
        ("cut.ckpt-7", False),
    ]
    said = " ".join(folder.notes)
    for words in (
        "Of the 3 files of a-?????-of-00003, 2 are missing",
        "cut.ckpt-7 is cut off",
        "gone.meta is a graph",
    ):
        assert words in said
    assert "picture" not in said


def test_a_graph_belongs_to_its_table(tmp_path: Path) -> None:
    path = write(tmp_path, "model.ckpt")
    (tmp_path / "model.ckpt.meta").write_bytes(META)
    assert open_checkpoint(f"{path}.meta").prefix == str(path)
    assert scan_folder(str(tmp_path)).notes == ()
    path.unlink()
    with pytest.raises(FileFault):
        open_checkpoint(f"{path}.meta")
    assert "model.ckpt.meta is a graph without a checkpoint." in scan_folder(str(tmp_path)).notes


def test_other_files_are_not_taken_for_tables(tmp_path: Path) -> None:
    for name, data in {"a": b"", "b": bytes(100), "c": b"\0\0\x20\x0a", "d": os.urandom(5000)}.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Unrecognised):
            open_checkpoint(str(tmp_path / name))
    assert scan_folder(str(tmp_path)).entries == ()
    with pytest.raises(MissingFile):
        open_checkpoint(str(tmp_path / "m-00000-of-00002"))
