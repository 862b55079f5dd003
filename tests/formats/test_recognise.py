"""What a file is that is not opened is said in a sentence that names it."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, Unrecognised
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.bundles import table

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


def zipped(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")


def test_by_content(tmp_path: Path) -> None:
    contents = {
        "pointer.ckpt": (LFS, "Git LFS pointer"),
        "weights.h5": (b"\x89HDF\r\n\x1a\n" + bytes(100), "HDF5"),
        "model.ckpt": (table([(b"", b"\x0a\x00"), (b"k", b"v")]), "V1 checkpoint"),
        "torch.ckpt": (pickle.dumps({"a": 1}, 2), "pickle"),
        "new.ckpt": (pickle.dumps(["a"], 5), "pickle"),
        "m.safetensors": (b"\x10" + bytes(7) + b'{"a":{}         ', "safetensors"),
        "a.ckpt": (b"<!DOCTYPE html><html>", "web page"),
        "empty.ckpt": (b"", "is empty"),
        "sprite.meta": (b"fileFormatVersion: 2\nguid: 0", "Unity"),
        "lonely.meta": (b"\x0a\x05", "graph of a checkpoint whose index lonely.index"),
        "m.data-00000-of-00001": (b"1234", "data file of a checkpoint whose index m.index"),
        "saved_model.pb": (b"\x08\x01", "SavedModel"),
        "what.bin": (b"anything", "not a checkpoint that Ckpt Studio knows"),
    }
    for name, (data, words) in contents.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(Unrecognised, match=words) as caught:
            open_checkpoint(str(tmp_path / name))
        assert name in caught.value.message
        assert caught.value.path == str(tmp_path / name)


def test_archives(tmp_path: Path) -> None:
    zipped(tmp_path / "m.keras", "metadata.json", "config.json", "model.weights.h5")
    zipped(tmp_path / "t.ckpt", "archive/data.pkl", "archive/version")
    zipped(tmp_path / "x.zip", "readme.txt")
    np.savez(tmp_path / "a.npz", x=np.ones(2))
    np.save(tmp_path / "a.npy", np.ones(2))
    for name, words in (
        ("m.keras", "Keras"),
        ("t.ckpt", "PyTorch"),
        ("x.zip", "zip"),
        ("a.npz", "npz"),
        ("a.npy", "npy"),
    ):
        with pytest.raises(Unrecognised, match=words):
            open_checkpoint(str(tmp_path / name))


def test_an_index_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "m.index").write_bytes(LFS)
    with pytest.raises(Unrecognised, match=r"m\.index is a Git LFS pointer"):
        open_checkpoint(str(tmp_path / "m"))
    with pytest.raises(Unrecognised, match="Git LFS pointer"):
        open_checkpoint(str(tmp_path))


def test_a_saved_model_says_what_can_be_opened(tmp_path: Path) -> None:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01")
    (tmp_path / "variables" / "variables.index").write_bytes(b"")
    with pytest.raises(Unrecognised, match=r"SavedModel.*variables\.index"):
        open_checkpoint(str(tmp_path))


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "m.index")
    with pytest.raises(FileFault, match=r"regular file|not a checkpoint"):
        open_checkpoint(str(tmp_path / "m.index"))


def test_every_path_of_the_corpus_opens_or_says_why(corpus: Path) -> None:
    opened = 0
    for path in (corpus, *corpus.rglob("*")):
        try:
            checkpoint = open_checkpoint(str(path))
        except FileFault as fault:
            sentence = fault.message
        else:
            opened += 1
            assert len(checkpoint.columns) > 0
            continue
        assert sentence.endswith(".")
        assert path.name in sentence or "index" in sentence or "LFS" in sentence
    assert opened > 50
