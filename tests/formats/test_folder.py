"""Folders: the newest checkpoint by the state file's names, never outside; and sentences about what is not whole."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Corrupt, FileFault, MissingFile, Unrecognised
from ckpt_studio.formats import below
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.folder import scan_deeply, scan_folder
from ckpt_studio.formats.registry import NoCheckpointHere, open_checkpoint
from ckpt_studio.formats.tf_bundle.reader import BundleReader
from ckpt_studio.formats.tf_bundle.state_file import StateFile, encode_state_file, parse_state_file
from ckpt_studio.formats.tf_bundle.write_state import with_latest
from tests.helpers.bundles import BundleMaker, shard_name
from tests.helpers.tensorflow_child import TensorFlowChild

BROKEN_STATES = [
    b"",
    b"\xff\xfe\x00garbage",
    b"model_checkpoint_path: ",
    b'model_checkpoint_path: ""',
    b"{" * 5000,
]


def make(folder: Path, name: str, value: float = 0, time: int | None = None) -> str:
    made = BundleMaker()
    made.add("w", np.array(value, np.float32), 1)
    prefix = made.write(f"{folder}/{name}")
    if time is not None:
        os.utime(f"{prefix}.index", (time, time))
    return prefix


def state(folder: Path, latest: str, *paths: str) -> None:
    text = f'model_checkpoint_path: "{latest}"\n' + "".join(
        f'all_model_checkpoint_paths: "{p}"\n' for p in paths
    )
    (folder / "checkpoint").write_text(text)


def test_in_step_order_then_by_time(tmp_path: Path) -> None:
    for name, time in (("m-100", 5), ("m-20", 9), ("b", 3), ("a", 4), ("m-3", 10)):
        make(tmp_path, name, time=time)
    folder = scan_folder(str(tmp_path))
    assert [entry.name for entry in folder.entries] == ["b", "a", "m-3", "m-20", "m-100"]
    assert [entry.step for entry in folder.entries] == [None, None, 3, 20, 100]
    assert [entry.newest for entry in folder.entries] == [False] * 4 + [True]
    assert all(entry.complete and not entry.preserved for entry in folder.entries)
    entry = folder.entries[0]
    assert entry.nbytes == 4 + (tmp_path / "b.index").stat().st_size
    assert (entry.prefix, entry.mtime, entry.format) == (str(tmp_path / "b"), 3, "tf_bundle")


def test_the_state_file_says_which_is_newest(tmp_path: Path) -> None:
    for step in (10, 20, 30):
        make(tmp_path, f"m-{step}", step)
    state(tmp_path, "m-20", "m-10", "m-20")
    folder = scan_folder(str(tmp_path))
    assert [(e.newest, e.preserved) for e in folder.entries] == [(False, True), (True, True), (False, False)]
    assert folder.notes == ()
    checkpoint = open_checkpoint(str(tmp_path))
    assert (checkpoint.step, checkpoint.path) == (20, str(tmp_path))
    assert open_checkpoint(str(tmp_path / "checkpoint")).prefix == checkpoint.prefix


def test_a_copied_folder_shows_its_own_files(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    state(old, make(old, "m-1", 1.0), "m-1")
    shutil.copytree(old, new)
    make(new, "m-1", 2.0)
    checkpoint = open_checkpoint(str(new))
    assert checkpoint.read("w") == 2.0
    assert any("outside this folder" in note for note in checkpoint.notes)
    assert open_checkpoint(str(old)).notes == ()


@pytest.mark.parametrize("latest", [r"C:\Users\me\run\m-1", "D:/run/m-1", r"\\host\share\m-1"])
def test_a_folder_that_comes_from_windows_shows_its_own_files(tmp_path: Path, latest: str) -> None:
    make(tmp_path, "m-1", 1)
    make(tmp_path, "m-2", 2)
    escaped = latest.replace("\\", r"\\")
    state(tmp_path, escaped, escaped, "m-2")
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.step == 1
    assert [note for note in checkpoint.notes if "outside this folder; m-1 of this folder is used" in note]
    known = parse_state_file(str(tmp_path / "checkpoint"))
    assert with_latest(known, "m-3", str(tmp_path)).paths == ("m-1", "m-2", "m-3")


@pytest.mark.parametrize("latest", ["C:m-1", "a:1", r"odd\m-1"])
def test_a_name_that_windows_would_take_apart_is_whole(tmp_path: Path, latest: str) -> None:
    make(tmp_path, latest)
    make(tmp_path, "m-2")
    state(tmp_path, latest.replace("\\", r"\\"))
    checkpoint = open_checkpoint(str(tmp_path))
    assert (Path(checkpoint.prefix).name, checkpoint.notes) == (latest, ())


@pytest.mark.parametrize("latest", ["../elsewhere/m-1", "/etc/m-1", "sub/m-1"])
def test_the_state_file_is_not_followed_outside(tmp_path: Path, latest: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    make(tmp_path / "elsewhere", "m-1", 7)
    folder = tmp_path / "here"
    folder.mkdir()
    make(folder, "m-2", 2)
    state(folder, latest)
    checkpoint = open_checkpoint(str(folder))
    assert checkpoint.step == 2
    assert any("outside this folder" in note for note in checkpoint.notes)


@pytest.mark.parametrize(
    "content",
    BROKEN_STATES,
)
def test_a_broken_state_file_is_noted(tmp_path: Path, content: bytes) -> None:
    make(tmp_path, "m-5")
    (tmp_path / "checkpoint").write_bytes(content)
    checkpoint = open_checkpoint(str(tmp_path))
    assert checkpoint.step == 5
    assert any("by step and time" in note for note in checkpoint.notes)
    with pytest.raises(Corrupt):
        parse_state_file(str(tmp_path / "checkpoint"))


def test_a_state_file_that_names_what_is_gone(tmp_path: Path) -> None:
    make(tmp_path, "m-5")
    state(tmp_path, "m-6")
    assert any("m-6, which is not in this folder; m-5 is used" in n for n in scan_folder(str(tmp_path)).notes)


@pytest.mark.parametrize("kept", [0, 20, -1])
def test_an_index_that_is_being_written_is_not_complete(tmp_path: Path, kept: int) -> None:
    make(tmp_path, "m-1")
    index = Path(f"{make(tmp_path, 'm-2')}.index")
    whole = index.read_bytes()
    index.write_bytes(whole[:kept])
    folder = scan_folder(str(tmp_path))
    assert [(e.name, e.complete) for e in folder.entries] == [("m-1", True), ("m-2", False)]
    assert folder.notes == ("The index of m-2 is cut off or not finished.",)
    index.write_bytes(whole)
    assert all(entry.complete for entry in scan_folder(str(tmp_path)).entries)


def test_what_is_not_whole_has_a_sentence(tmp_path: Path) -> None:
    for name in ("whole-1", "nodata-2", "noindex-3"):
        make(tmp_path, name)
    Path(shard_name(tmp_path / "nodata-2", 0, 1)).unlink()
    (tmp_path / "noindex-3.index").unlink()
    (tmp_path / "graph-4.meta").write_bytes(b"\x0a\x00")
    (tmp_path / "texture.meta").write_bytes(b"fileFormatVersion: 2\nguid: 1\n")
    folder = scan_folder(str(tmp_path))
    assert [(e.name, e.complete) for e in folder.entries] == [("whole-1", True), ("nodata-2", False)]
    assert len(folder.notes) == 3
    for words in ("Data files of nodata-2", "noindex-3 has data files", "graph-4.meta is a graph"):
        assert any(words in note for note in folder.notes)


def test_with_a_v1_file_of_the_same_name_v2_wins(tmp_path: Path) -> None:
    prefix = make(tmp_path, "m")
    Path(prefix).write_bytes(b"whatever V1 is")
    assert open_checkpoint(prefix).format == "tf_bundle"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="missing-file"):
        open_checkpoint(str(tmp_path / "missing-file"))
    with pytest.raises(Unrecognised, match=r"holds no checkpoint: it is empty\."):
        open_checkpoint(str(tmp_path))


def test_what_goes_away_between_looking_and_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in (1, 2):
        make(tmp_path, f"m-{step}")
    opened = BundleReader.open

    def delete_first(self: BundleReader, path: str) -> Checkpoint:
        Path(f"{tmp_path}/m-2.index").unlink(missing_ok=True)
        return opened(self, path)

    monkeypatch.setattr(BundleReader, "open", delete_first)
    assert open_checkpoint(str(tmp_path)).step == 1


def test_when_the_newest_cannot_be_opened_the_others_are_named(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        make(tmp_path, f"m-{step}")
    index = tmp_path / "m-3.index"
    whole = bytearray(index.read_bytes())
    whole[10] ^= 1
    index.write_bytes(whole)
    with pytest.raises(FileFault, match=r"; of the same folder, m-1 and m-2 can be opened instead\.$"):
        open_checkpoint(str(tmp_path))


def test_state_files_are_what_tensorflow_writes_and_reads(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    wanted = StateFile("größe-3", ("a-1", "größe-3"), (1.5, 1600000000.25), 12.5)
    (tmp_path / "checkpoint").write_bytes(encode_state_file(wanted))
    assert parse_state_file(str(tmp_path / "checkpoint")) == wanted
    script = """
    found = tf.train.get_checkpoint_state(args[0])
    result = [found.model_checkpoint_path, list(found.all_model_checkpoint_paths),
              list(found.all_model_checkpoint_timestamps), found.last_preserved_timestamp]
    paths = [args[1] + "/b-1", args[1] + "/größe-9"]
    tf.compat.v1.train.update_checkpoint_state(args[1], paths[1], paths, all_model_checkpoint_timestamps=[3.0, 4.5])
    """
    other = tmp_path / "other"
    other.mkdir()
    found = tensorflow_child(script, tmp_path, other)
    absolute = [str(tmp_path / path) for path in wanted.paths]
    assert found == [str(tmp_path / wanted.latest), absolute, list(wanted.timestamps), 12.5]
    read = parse_state_file(str(other / "checkpoint"))
    assert (Path(read.latest).name, read.timestamps) == ("größe-9", (3.0, 4.5))
    with pytest.raises(ValueError, match="timestamps"):
        encode_state_file(StateFile("a", ("a", "b"), (1.0,)))


def test_a_state_file_that_says_it_twice_is_read_as_tensorflow_does(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    (tmp_path / "checkpoint").write_bytes(b'model_checkpoint_path: "a-1"\nmodel_checkpoint_path: "a-2"\n')
    found = tensorflow_child(
        "result = tf.train.get_checkpoint_state(args[0]).model_checkpoint_path", tmp_path
    )
    assert Path(found).name == parse_state_file(str(tmp_path / "checkpoint")).latest == "a-2"


def test_state_files_with_names_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(b'model_checkpoint_path: "caf\xe9-1"\n')
    assert parse_state_file(str(path)).latest == "caf\udce9-1"
    assert encode_state_file(parse_state_file(str(path))).isascii()


def test_a_folder_of_folders_offers_what_it_finds(tmp_path: Path) -> None:
    for place in ("h", "a/b", "d/e/f", "c", "g/1/2/3", "t/o/o/d/e/e/p/h/ere", ".hidden"):
        (tmp_path / place).mkdir(parents=True)
        for step in (20, 100):
            make(tmp_path / place, f"m-{step}")
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "elsewhere").symlink_to("/")
    os.mkfifo(tmp_path / "pipe.index")
    with pytest.raises(NoCheckpointHere) as caught:
        open_checkpoint(str(tmp_path))
    name = tmp_path.name
    assert caught.value.message == (
        f"{name} holds no checkpoint itself; at least 5 below it do: a/b, c, d/e/f and 2 more."
    )
    assert caught.value.path == str(tmp_path)
    found = caught.value.folder.below
    names = [f"{place}/m-{step}" for place in ("a/b", "c", "d/e/f", "g/1/2/3", "h") for step in (20, 100)]
    assert [entry.name for entry in found] == names
    assert all(
        open_checkpoint(entry.prefix).prefix == entry.prefix == f"{tmp_path}/{entry.name}" for entry in found
    )
    with pytest.raises(NoCheckpointHere, match=r"d holds no checkpoint itself; e/f does\."):
        open_checkpoint(str(tmp_path / "d"))


def test_the_search_below_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(below, "MOST_SEEN", 50)
    for number in range(40):
        (tmp_path / f"{number:02}").mkdir()
        make(tmp_path / f"{number:02}", "m-1")
    with pytest.raises(NoCheckpointHere, match=r"at least 5 below it do: 00, 01, 02 and 2 more\.") as caught:
        open_checkpoint(str(tmp_path))
    assert caught.value.folder.cut_short
    monkeypatch.setattr(below, "SECONDS", -1.0)
    assert scan_deeply(str(tmp_path)).below == ()
