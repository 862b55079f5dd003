"""Damaged bundles taken over: what is live is compared, what was replaced is no hindrance, the rest stops the save."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import ChecksumMismatch, FileFault, MissingFile, SaveFault
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.temporary_file import TemporaryFile
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.formats.tf_bundle.replacing import READ_ALL, replaced, seen
from tests.helpers.bundles import BundleMaker, shard_name
from tests.helpers.damage import flip_variables
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild


def flipped(bundle: Bundle, *keys: str) -> Bundle:
    """Damage these variables on the disk, and open again."""
    flip_variables(bundle, *keys)
    return open_bundle(bundle.prefix)


def copied(original: str, folder: Path) -> Bundle:
    base = open_bundle(original)
    write_bundle(base, str(folder / "m"), take_over=base)
    return open_bundle(str(folder / "m"))


@pytest.mark.parametrize("sharing", ["copy", "compact"])
def test_damaged_tensors_stop_the_save_and_all_are_named(original: str, tmp_path: Path, sharing: Any) -> None:
    damaged = flipped(copied(original, tmp_path / "in"), "dense/kernel", "step", "texts")
    with pytest.raises(
        FileFault,
        match=r"3 variables \(.*\) are damaged in m, so nothing is written; take them .* or drop them",
    ) as caught:
        write_bundle(
            damaged, str(tmp_path / "out" / "m"), take_over=damaged, options=WriteOptions(sharing=sharing)
        )
    assert all(key in caught.value.message for key in ("dense/kernel", "step", "texts"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_damage_that_was_swapped_is_no_hindrance(
    original: str, tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """The dead bytes of a taken-over file are not looked at; what is live is compared."""
    expected = tensorflow_child(READ_ALL, original)
    damaged = flipped(copied(original, tmp_path / "in"), "dense/kernel")
    kernel = np.arange(35, dtype="f4").reshape(7, 5)
    view = replaced(damaged, MemorySource({"dense/kernel": kernel}))
    new = str(tmp_path / "out" / "m")
    write_bundle(view, new, take_over=damaged, options=WriteOptions(sharing=sharing))
    assert tensorflow_child(READ_ALL, new) == {**expected, **seen({"dense/kernel": kernel})}
    assert list(open_bundle(new).verify()) == []
    damaged = flipped(damaged, "step")
    view = replaced(damaged, MemorySource({"dense/kernel": kernel}))
    with pytest.raises(ChecksumMismatch, match="step is damaged"):
        write_bundle(view, str(tmp_path / "2" / "m"), take_over=damaged)


def test_linked_files_are_shared_unread_unless_damage_is_known(tmp_path: Path) -> None:
    """A link costs nothing and is no copy: what it holds is what the original holds, and `verify` says so."""
    made = BundleMaker(2)
    for i in range(4):
        made.add(f"t{i}", np.full(10, i, np.float32), 1, shard=i % 2)
    damaged = flipped(open_bundle(made.write(tmp_path / "m")), "t0")
    link = WriteOptions(sharing="link")
    write_bundle(damaged, str(tmp_path / "out" / "m"), take_over=damaged, options=link)
    assert [fault.key for fault in open_bundle(str(tmp_path / "out" / "m")).verify()] == ["t0"]
    Path(damaged.shard_path(1)).unlink()
    damaged = open_bundle(damaged.prefix)
    view = replaced(damaged, MemorySource({f"t{i}": np.ones(10, np.float32) for i in (1, 3)}))
    with pytest.raises(ChecksumMismatch, match="t0 is damaged"):
        write_bundle(view, str(tmp_path / "2" / "m"), take_over=damaged, options=link)


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_what_is_left_of_a_bundle_with_lost_files_is_kept(
    tmp_path: Path, tensorflow_child: TensorFlowChild, sharing: Any
) -> None:
    """One data file is missing, one is cut: what lay in them is swapped, the others' data is taken over."""
    made = BundleMaker(4)
    for i in range(8):
        made.add(f"t{i}", np.full(10, i, np.float32), 1, shard=i % 4)
    prefix = made.write(tmp_path / "m")
    Path(shard_name(prefix, 1, 4)).unlink()
    os.truncate(shard_name(prefix, 2, 4), 60)
    base = open_bundle(prefix)
    out = str(tmp_path / "out" / "m")
    with pytest.raises(FileFault, match=r"3 variables \(t1, t5, t6\) are damaged in m"):
        write_bundle(base, out, take_over=base, options=WriteOptions(sharing=sharing))
    view = replaced(base, MemorySource({key: np.ones(10, np.float32) for key in ("t1", "t5", "t6")}))
    write_bundle(view, out, take_over=base, options=WriteOptions(sharing=sharing))
    want = {f"t{i}": np.full(10, 1 if i in (1, 5, 6) else i, np.float32) for i in range(8)}
    assert tensorflow_child(READ_ALL, out) == seen(want)
    assert list(open_bundle(out).verify()) == []
    if sharing == "copy":
        assert Path(shard_name(out, 1, 5)).stat().st_size == 0


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    original: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is damaged behind the save's back, the original is not."""
    base = copied(original, tmp_path / "in")
    real = Saving.seal_unread

    def lying(saving: Saving, file: TemporaryFile) -> None:
        real(saving, file)
        with Path(file.path).open("r+b") as changed:
            changed.write(b"\xff\x00\xff")

    monkeypatch.setattr(Saving, "seal_unread", lying)
    with pytest.raises(SaveFault, match="gave back other bytes"):
        write_bundle(base, str(tmp_path / "out" / "m"), take_over=base)
    assert not (tmp_path / "out").exists()


def test_a_missing_data_file_stops_the_save(original: str, tmp_path: Path) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "m"), take_over=base)
    broken = open_bundle(str(tmp_path / "m"))
    Path(broken.shard_path(0)).unlink()
    with pytest.raises(MissingFile):
        write_bundle(broken, str(tmp_path / "out" / "m"), take_over=broken)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("sharing", ["copy", "link", "compact"])
def test_a_pipe_in_place_of_a_data_file_is_not_waited_for(
    original: str, tmp_path: Path, sharing: Any
) -> None:
    base = open_bundle(original)
    write_bundle(base, str(tmp_path / "m"), take_over=base)
    shard = Path(open_bundle(str(tmp_path / "m")).shard_path(0))
    shard.unlink()
    os.mkfifo(shard)
    broken = open_bundle(str(tmp_path / "m"))
    with pytest.raises(FileFault):
        write_bundle(
            broken, str(tmp_path / "out" / "m"), take_over=broken, options=WriteOptions(sharing=sharing)
        )
    assert not (tmp_path / "out").exists()
