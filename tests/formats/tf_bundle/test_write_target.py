"""Where a bundle is written: the state file goes on, what is there stays or is replaced whole, the rest is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Cancelled, RequestFault, SaveFault, TargetExists
from ckpt_studio.core.tasks import Task
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.state_file import parse_state_file
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.formats.tf_bundle.replacing import READ_ALL, changes, names_in, replaced, seen, snapshot
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild


def test_the_state_file_keeps_its_entries_and_times(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    (tmp_path / "checkpoint").write_text(
        f'model_checkpoint_path: "{tmp_path}/a-2"\nall_model_checkpoint_paths: "{tmp_path}/a-1"\n'
        f'all_model_checkpoint_paths: "{tmp_path}/a-2"\nall_model_checkpoint_timestamps: 11.5\n'
        "all_model_checkpoint_timestamps: 12.5\nlast_preserved_timestamp: 3.25\n"
    )
    (tmp_path / "a-2.index").touch()
    write_bundle(base, str(tmp_path / "b-3"), take_over=base, state="append")
    state = parse_state_file(str(tmp_path / "checkpoint"))
    assert state.latest == "b-3"
    assert state.paths == (f"{tmp_path}/a-1", "a-2", "b-3")
    assert state.timestamps[:2] == (11.5, 12.5)
    assert len(state.timestamps) == 3
    assert state.last_preserved == 3.25


@pytest.mark.parametrize("content", [b"", b"garbage {", None])
def test_a_state_file_that_cannot_be_understood_is_not_replaced(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "checkpoint"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(SaveFault, match=r"^Nothing was written: checkpoint .*; choose another folder\.$"):
        write_bundle(MemorySource({"v": np.ones(2)}), str(tmp_path / "m"), state="append")
    assert names_in(tmp_path) == ["checkpoint"]
    assert content is None or path.read_bytes() == content


def test_tensorflows_manager_goes_on_with_the_state_file(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "a-1"), take_over=base, state="new")
    write_bundle(base, str(tmp_path / "a-2"), take_over=base, state="append")
    result = tensorflow_child(
        """
        manager = tf.train.CheckpointManager(tf.train.Checkpoint(v=tf.Variable(1.0)), args[0], max_to_keep=2,
                                             checkpoint_name="a")
        before = list(manager.checkpoints)
        manager.save(checkpoint_number=3)
        result = [tf.train.latest_checkpoint(args[0]), before, manager.checkpoints]
        """,
        tmp_path,
    )
    assert result[0] == str(tmp_path / "a-3")
    assert [Path(path).name for path in result[1]] == ["a-1", "a-2"]
    assert not (tmp_path / "a-1.index").exists(), "the manager knows its age and deletes it"


def test_a_target_that_exists_is_refused(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    for name in ("m.index", "m.data-00000-of-00005", "m.meta", "m.ckpt-studio.json", "m"):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_bytes(b"mine")
        with pytest.raises(TargetExists):
            write_bundle(base, str(folder / "m"), take_over=base)
        assert names_in(folder) == [name]
        assert (folder / name).read_bytes() == b"mine"


def test_a_folder_is_no_prefix(original: str, tmp_path: Path) -> None:
    """Else the files would lie beside the folder that a person named, and opening its name would open the folder."""
    (tmp_path / "run").mkdir()
    with pytest.raises(TargetExists, match="is a folder; give the name of the new checkpoint in it"):
        write_bundle(open_bundle(original), str(tmp_path / "run"))
    assert names_in(tmp_path) == ["run"]


@pytest.mark.parametrize("how", ["itself", "symlink", "folder link", "hard link"])
def test_the_source_is_never_the_target(original: str, tmp_path: Path, how: str) -> None:
    target = original
    if how == "symlink":
        target = str(tmp_path / "s")
        Path(f"{target}.index").symlink_to(f"{original}.index")
    elif how == "folder link":
        (tmp_path / "f").symlink_to(Path(original).parent)
        target = str(tmp_path / "f" / Path(original).name)
    elif how == "hard link":
        target = str(tmp_path / "h")
        os.link(f"{original}.index", f"{target}.index")
    before = snapshot(Path(original).parent)
    base = open_bundle(original)
    with pytest.raises(RequestFault):
        write_bundle(base, target, take_over=base, options=WriteOptions(overwrite=True))
    assert snapshot(Path(original).parent) == before


def test_overwriting_switches_by_the_index(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    base = open_bundle(original)
    prefix = str(tmp_path / "m")
    sidecars = {".ckpt-studio.json": b"{}"}
    write_bundle(base, prefix, take_over=base, sidecars=sidecars)
    view = replaced(base, MemorySource(changes()))
    overwrite = WriteOptions(overwrite=True)
    for number in range(3):
        own = {".ckpt-studio.json": lambda shards, n=number: f"{shards} {n}".encode()}
        written = write_bundle(view, prefix, take_over=base, sidecars=own, options=overwrite)
        shards = sum(".data-" in path for path in written.files)
        assert names_in(tmp_path) == sorted(Path(path).name for path in written.files)
        assert Path(f"{prefix}.ckpt-studio.json").read_text() == f"{shards} {number}"
        assert tensorflow_child(READ_ALL, prefix) == {
            **tensorflow_child(READ_ALL, original),
            **seen(changes()),
        }


def test_a_checkpoint_with_a_graph_is_not_overwritten(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    prefix = str(tmp_path / "m")
    write_bundle(base, prefix, take_over=base, meta=b"graph one")
    before = snapshot(tmp_path)
    for meta in (b"graph two", None):
        with pytest.raises(TargetExists, match="graph"):
            write_bundle(base, prefix, take_over=base, meta=meta, options=WriteOptions(overwrite=True))
    assert snapshot(tmp_path) == before
    write_bundle(base, prefix, take_over=base, meta=b"graph one", options=WriteOptions(overwrite=True))
    assert Path(f"{prefix}.meta").read_bytes() == b"graph one"


def test_a_full_disk_is_said_before_anything_is_made(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_bundle(original)
    usage = type("usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(SaveFault, match="free"):
        write_bundle(base, str(tmp_path / "out" / "m"), take_over=base)
    assert names_in(tmp_path) == []


def test_cancelling_leaves_nothing_behind(tmp_path: Path) -> None:
    source = MemorySource({f"v{i}": np.ones(300_000, "f4") for i in range(4)})

    class Impatient(Task):
        def advance(self, amount: int) -> None:
            super().advance(amount)
            if self.done > 2_000_000:
                self.cancel()

    with pytest.raises(Cancelled):
        write_bundle(source, str(tmp_path / "a" / "b" / "m"), task=Impatient())
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("prefix", ["", "folder/", ".", "folder/.", "folder/..", "folder/a\0b"])
def test_a_checkpoint_needs_a_name(tmp_path: Path, prefix: str) -> None:
    with pytest.raises(RequestFault, match="name"):
        write_bundle(MemorySource({}), f"{tmp_path}/{prefix}")
    with pytest.raises(RequestFault, match="name"):
        write_bundle(MemorySource({}), "")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["-m", "m [1]", "größe 数", "m*?", ".hidden", "m\udcff"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    source = MemorySource({"v": np.arange(3.0)})
    written = write_bundle(source, str(tmp_path / name), state="new")
    assert written.prefix == str(tmp_path / name)
    np.testing.assert_array_equal(open_bundle(written.prefix).read("v"), np.arange(3.0))
    assert parse_state_file(str(tmp_path / "checkpoint")).latest == name
