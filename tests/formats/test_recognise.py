"""What a file is that is not opened is said in a sentence that names it."""

from __future__ import annotations

import os
import pickle
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, MissingFile, Unrecognised
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.bundles import BundleMaker, shard_name

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


def make(prefix: Path) -> str:
    made = BundleMaker()
    made.add("w", np.ones(300, np.float32), 1)
    return made.write(prefix)


def zipped(path: Path, *names: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")


@contextmanager
def without_privileges() -> Iterator[None]:
    """As a user whom permissions bind: root reads everything."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def refused(path: Path | str, words: str, kind: type[FileFault] = FileFault) -> FileFault:
    """The error of opening a path, whose sentence holds `words` (a pattern)."""
    with pytest.raises(kind, match=words) as caught:
        open_checkpoint(str(path))
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    return caught.value


def test_by_content(tmp_path: Path) -> None:
    contents = {
        "pointer.ckpt": (LFS, "Git LFS pointer"),
        "torch.ckpt": (pickle.dumps({"a": 1}, 2), "pickle"),
        "new.ckpt": (pickle.dumps(["a"], 5), "pickle"),
        "a.ckpt": (b"<!DOCTYPE html><html>", "web page"),
        "empty.ckpt": (b"", "is empty"),
        "sprite.meta": (b"fileFormatVersion: 2\nguid: 0", "Unity"),
        "lonely.meta": (b"\x0a\x05", "graph of a checkpoint whose index lonely.index"),
        "m.data-00000-of-00001": (b"1234", "data file of a checkpoint whose index m.index"),
        "what.bin": (b"anything", "not a checkpoint that Ckpt Studio knows: .*no .index file.*, and it "),
    }
    for name, (data, words) in contents.items():
        (tmp_path / name).write_bytes(data)
        error = refused(tmp_path / name, words, Unrecognised)
        assert name in error.message
        assert error.path == str(tmp_path / name)


def test_archives(tmp_path: Path) -> None:
    zipped(tmp_path / "t.ckpt", "archive/data.pkl", "archive/version")
    zipped(tmp_path / "x.zip", "readme.txt")
    whole = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-20])
    for name, words in (("t.ckpt", "PyTorch"), ("x.zip", "unpack it"), ("cut.zip", "cut off")):
        refused(tmp_path / name, f"^{name} .*{words}", Unrecognised)


@pytest.mark.parametrize("part", [".index", ".data-00000-of-00001", ".meta"])
def test_a_part_that_is_a_pointer_of_git_lfs_is_named(tmp_path: Path, part: str) -> None:
    prefix = make(tmp_path / "m-1")
    Path(prefix + part).write_bytes(LFS)
    pointer = rf"m-1\{part} is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`"
    if part == ".index":
        refused(prefix, pointer, Unrecognised)
        refused(tmp_path, pointer, Unrecognised)
    else:
        checkpoint = open_checkpoint(prefix)
        assert any(note.startswith(pointer.replace("\\", "")) for note in checkpoint.notes)
        assert (checkpoint.columns.of("w").error is None) == (part == ".meta")


def test_special_files_are_said_as_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "m.index")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as heard:
        heard.bind("s.h5")
        refused(tmp_path / "s.h5", r"s\.h5 is a socket")
    refused(tmp_path / "m.index", r"m\.index is a pipe")
    refused("/dev/zero", "zero is a device")
    refused("/proc/cpuinfo", "cpuinfo is made by the system")
    refused(tmp_path, "holds no checkpoint")


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").symlink_to(tmp_path / "b.ckpt")
    refused(tmp_path / "a.ckpt", r"a\.ckpt is a link to b\.ckpt, which does not exist", MissingFile)
    (tmp_path / "b.ckpt").symlink_to(tmp_path / "a.ckpt")
    refused(tmp_path / "a.ckpt", r"a\.ckpt is a link that leads back to itself")
    refused(tmp_path / "a.ckpt" / "m-1", "m-1 ")


def test_what_may_not_be_read(tmp_path: Path) -> None:
    prefix = make(tmp_path / "m-1")
    (tmp_path / "sub").mkdir()
    for path, mode in ((tmp_path / "sub", 0), (Path(prefix + ".index"), 0)):
        path.chmod(mode)
    with without_privileges():
        refused(tmp_path / "sub", "may not be read; check its permissions")
        refused(prefix + ".index", "may not be read; check its permissions")


def test_paths_that_cannot_be(tmp_path: Path) -> None:
    long = refused(tmp_path / ("m" * 5000), "longer than the system allows").message
    assert len(long) < 300
    refused(tmp_path / "a\0b", "cannot be read")
    refused("", "does not exist", MissingFile)
    refused(tmp_path / "none" / "deep" / "m-1", "m-1 does not exist: there is no folder none", MissingFile)
    (tmp_path / "file").write_bytes(b"x")
    refused(tmp_path / "file" / "m-1", "file is a file, not a folder", MissingFile)


def test_names_play_no_tricks(tmp_path: Path) -> None:
    name = "evil\n\u202egpj\x1b[2J.ckpt"
    (tmp_path / name).write_bytes(b"")
    message = refused(tmp_path / name, "is empty").message
    assert message.isprintable()
    assert "\\n\\u202egpj\\x1b[2J.ckpt" in message


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    prefix = make(tmp_path / "m-1")
    Path(shard_name(prefix, 0, 1)).unlink()
    os.mkfifo(shard_name(prefix, 0, 1))
    assert open_checkpoint(prefix).columns.of("w").error is not None
