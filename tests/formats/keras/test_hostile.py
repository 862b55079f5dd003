"""HDF5 that was damaged or made to do harm costs its own process, never ours, and is said in a sentence."""

from __future__ import annotations

import os
import random
import re
import signal
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import Changed, CkptStudioError, Corrupt, FileFault
from ckpt_studio.formats.registry import open_checkpoint
from tests.formats.keras.legacy_files import dense, save_weights, values

CHILD = "ckpt_studio.formats.keras.hdf5.child"


def children() -> set[int]:
    """Processes of ours that read HDF5."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if CHILD.encode() in command and int(parent) == os.getpid():
                found.add(int(folder.name))
    return found


def weights(path: Path) -> Path:
    with h5py.File(path, "w") as file:
        save_weights(file, {"a": dense("a", 40, 30), "b": dense("b", 30, 2)})
        file.create_dataset("packed", data=values(300, 40), chunks=(10, 40), compression="gzip")
    return path


def endless(path: Path) -> Path:
    """A file that HDF5 reads for ever: the free rest of a heap of strings says to have no size."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = ["one", "two"]
        file["one/w"] = values(3)
    spoil_heap(path)
    return path


def spoil_heap(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.index(b"GCOL") + 16
    while int.from_bytes(data[at : at + 2], "little"):
        size = int.from_bytes(data[at + 8 : at + 16], "little")
        at += 16 + (size + 7) // 8 * 8
    data[at + 8 : at + 16] = bytes(8)
    path.write_bytes(data)


def test_a_file_without_end_costs_two_seconds_of_work(tmp_path: Path) -> None:
    path = endless(tmp_path / "endless.h5")
    with pytest.raises(Corrupt, match=r"endless\.h5 keeps the HDF5 library busy without end"):
        open_checkpoint(str(path))
    assert children() == set()


def test_a_dataset_without_end_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "endless.h5"
    with h5py.File(path, "w") as file:
        file["one/texts"] = ["one", "two"]
        file["one/w"] = values(3)
    spoil_heap(path)
    checkpoint = open_checkpoint(str(path))
    with pytest.raises(Corrupt, match=r"endless\.h5 keeps the HDF5 library busy without end"):
        checkpoint.read("one/texts")

    def none_is_started(*_: object, **__: object) -> None:
        raise AssertionError("another process was started for it")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess.Popen, "__init__", none_is_started)
        with pytest.raises(Corrupt, match=r"endless\.h5 keeps the HDF5 library busy without end"):
            checkpoint.read("one/texts")
    np.testing.assert_array_equal(checkpoint.read("one/w"), values(3))
    checkpoint.close()


def test_memory_is_bounded(tmp_path: Path) -> None:
    """The heap of a group says to have a gibibyte, and the file to be long enough for it."""
    path = weights(tmp_path / "large.h5")
    data = bytearray(path.read_bytes())
    heap = data.index(b"HEAP")
    data[heap + 8 : heap + 16] = (1 << 30).to_bytes(8, "little")
    data[40:48] = (1 << 33).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(FileFault, match=r"large\.h5"):
        open_checkpoint(str(path))


def one_text_for_all(path: Path, size: int) -> Path:
    """A file of many groups whose attributes all lead to the same long text."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "x" * size
        for number in range(100):
            file.create_group(f"g{number}").attrs["model_config"] = "y" * 13
    data = bytearray(path.read_bytes())
    heaps = [found.start() for found in re.finditer(b"GCOL", data)]
    whole = next(at for heap in heaps if (at := data.find(struct.pack("<IQ", size, heap))) >= 0)
    for heap in heaps:
        while (at := data.find(struct.pack("<IQ", 13, heap))) >= 0:
            data[at : at + 16] = data[whole : whole + 16]
    path.write_bytes(data)
    return path


def test_texts_cannot_be_longer_than_the_file(tmp_path: Path) -> None:
    path = one_text_for_all(tmp_path / "told.h5", 1 << 20)
    tracemalloc.start()
    with pytest.raises(Corrupt, match=r"told\.h5 holds more than .*texts that are longer than the file"):
        open_checkpoint(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


def test_paths_cannot_be_longer_than_the_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "long.h5", "w") as file:
        group = file.create_group("n" * 3900)
        for number in range(1000):
            group.create_dataset(f"d{number}", (), "f4")
    with pytest.raises(Corrupt, match="names that are too long"):
        open_checkpoint(str(tmp_path / "long.h5"))


def test_a_bomb_is_not_believed(tmp_path: Path) -> None:
    """A hundred chunks that are one and the same; one whose chunk alone is larger than what is unpacked at once."""
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("wide", (1 << 13, 1 << 14), "f4", chunks=(1 << 13, 1 << 14), compression="gzip")
        file["wide"].id.write_direct_chunk((0, 0), b"x" * 100)
        file.create_dataset("dense", (1 << 12, 1 << 12), "f4", chunks=(1 << 12, 1 << 12), compression="gzip")
        file["dense"].id.write_direct_chunk((0, 0), b"x" * 100)
    checkpoint = open_checkpoint(str(tmp_path / "bomb.h5"))
    faults = {fault.key: fault.message for fault in checkpoint.verify()}
    checkpoint.close()
    assert "chunks of 536870912 bytes" in faults["wide"]
    assert "more than compression explains" in faults["dense"]


def test_damage_anywhere_is_an_error_of_ours_or_a_faulty_row(tmp_path: Path) -> None:
    whole = weights(tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "damaged.h5"
    chance = random.Random(5)
    for _ in range(10):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 9))):
            place = chance.randrange(chance.choice((2000, len(data))))
            data[place] = chance.choice((0, 0xFF, data[place] ^ 1 << chance.randrange(8)))
        path.write_bytes(data)
        messages = []
        with suppress(CkptStudioError):
            checkpoint = open_checkpoint(str(path))
            columns = checkpoint.columns
            for row in range(len(columns)):
                try:
                    checkpoint.read(columns.keys[row])
                except CkptStudioError as error:
                    messages.append(error.message)
            checkpoint.close()
        assert all(message.endswith(".") for message in messages)


def test_a_process_that_is_gone_is_started_again(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(str(weights(tmp_path / "w.h5")))
    want = checkpoint.read("packed")
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    np.testing.assert_array_equal(checkpoint.read("packed"), want)
    (second,) = children()
    assert second != child
    checkpoint.close()
    assert children() == set()
    np.testing.assert_array_equal(checkpoint.read("packed"), want)
    del checkpoint
    assert children() == set()


def test_it_rests_after_a_while_and_ends_with_its_parent(tmp_path: Path) -> None:
    def start(idle: str) -> subprocess.Popen[bytes]:
        command = (sys.executable, "-P", "-m", CHILD, idle)
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, env=child_environment())

    with start("0.05") as resting:
        assert resting.wait(30) == -signal.SIGALRM
    with start("60") as orphan:
        assert orphan.stdin is not None
        orphan.stdin.close()
        assert orphan.wait(30) == 3


def test_a_file_that_another_program_rewrites(tmp_path: Path) -> None:
    path = weights(tmp_path / "w.h5")
    checkpoint = open_checkpoint(str(path))
    path.write_bytes(path.read_bytes() + b"more")
    for key in ("packed", "a/a/kernel:0"):
        with pytest.raises(Changed, match=r"w\.h5 was rewritten"):
            checkpoint.read(key)
    checkpoint.close()


def test_deep_and_many(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        file["/".join("d" * 80)] = 1.0
    with pytest.raises(Corrupt, match="nested more than 64 deep"):
        open_checkpoint(str(tmp_path / "deep.h5"))
    with h5py.File(tmp_path / "long.h5", "w") as file:
        file["n" * 5000] = 1.0
    with pytest.raises(Corrupt, match="names that are too long"):
        open_checkpoint(str(tmp_path / "long.h5"))


def test_a_model_as_deep_as_its_text_allows(tmp_path: Path) -> None:
    """Configurations are read as data, with bounds."""
    path = weights(tmp_path / "deep_config.h5")
    deep = '{"class_name":"M","config":{"layers":[' * 3000 + "]}}" * 3000
    for text in (deep, "[" * 100_000, "{", "null", '{"class_name": 3}'):
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = text
        checkpoint = open_checkpoint(str(path))
        assert len(checkpoint.columns) == 5
        checkpoint.close()
