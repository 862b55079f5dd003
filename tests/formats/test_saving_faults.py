"""Whatever kills or fails a save: the checkpoint is the old one or the new one, complete; nothing else is left."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ckpt_studio.core.errors import SaveFault
from ckpt_studio.formats.save_log import saves_folder, sweep_unfinished
from ckpt_studio.formats.saving import Saving
from tests.formats.save_stage import CALLS, Stage, fail, kill
from tests.formats.save_victim import WRITTEN, Victim

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

HEADER = b'{"folder": "FOLDER", "token": "abc", "making": []}\n'


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    server = Victim()
    yield server
    server.close()


@pytest.fixture(params=["bundle", "bundle over another"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, studio_home: Path) -> Stage:
    return Stage(tmp_path, studio_home, request.param)


@pytest.fixture(
    params=["safetensors over another", "safetensors in files", "npz", "h5", "keras over another"]
)
def file_stage(request: pytest.FixtureRequest, tmp_path: Path, studio_home: Path) -> Stage:
    return Stage(tmp_path, studio_home, request.param)


@pytest.mark.parametrize(("name", "step"), [("sync", 6), ("link", 2), ("rename", 1), ("mkdir", 2)])
def test_killed(stage: Stage, victim: Victim, name: str, step: int) -> None:
    kill(stage, victim, CALLS[name], step)


@pytest.mark.parametrize(
    ("name", "error", "places"),
    [
        ("write", "ENOSPC", range(2, 12, 4)),
        ("sync", "EIO", range(2, 20, 6)),
        ("close", "EIO", range(5, 40, 17)),
        ("copy", "ENOSPC", range(1, 2)),
        ("link", "EIO", range(1, 6, 3)),
        ("link", "EPERM", range(1, 2)),
        ("rename", "EIO", range(1, 4)),
        ("unlink", "EIO", range(1, 4, 2)),
        ("create", "EROFS", range(4, 20, 7)),
    ],
)
def test_failing(stage: Stage, victim: Victim, name: str, error: str, places: range) -> None:
    fail(stage, victim, CALLS[name], error, places)


def test_files_killed(file_stage: Stage, victim: Victim) -> None:
    kill(file_stage, victim, CALLS["sync"], 9 if file_stage.kind in ("h5", "keras") else 5)


@pytest.mark.parametrize(("name", "error"), [("write", "EDQUOT"), ("rename", "EIO"), ("link", "EIO")])
def test_files_failing(file_stage: Stage, victim: Victim, name: str, error: str) -> None:
    fail(file_stage, victim, CALLS[name], error, range(1, 2))


def test_short_writes_are_gone_on_with(file_stage: Stage, victim: Victim) -> None:
    file_stage.reset()
    status, _ = victim.save({**file_stage.job, "short": 7})
    assert status == WRITTEN
    assert file_stage.is_new()
    file_stage.check_clean()


@pytest.mark.parametrize(
    ("error", "words"),
    [(errno.ENOSPC, "no space left"), (errno.EROFS, "read-only"), (errno.EIO, "reported an error")],
)
def test_a_failure_is_said_with_its_reason(tmp_path: Path, error: int, words: str) -> None:
    def fails() -> None:
        with Saving(str(tmp_path / "f")) as saving:
            saving.create().write(b"x")
            raise OSError(error, os.strerror(error))

    with pytest.raises(SaveFault, match=f"Nothing was written to .*{words}"):
        fails()
    assert list(tmp_path.iterdir()) == []


def test_sweeping_leaves_the_saves_of_the_living_alone(tmp_path: Path) -> None:
    with Saving(str(tmp_path / "f")) as saving:
        file = saving.create()
        file.write(b"x")
        assert sweep_unfinished() == []
        assert len(list((tmp_path / "f").iterdir())) == 1
        saving.seal(file)
        saving.commit(file, "done")
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["done"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]\n",
        b'{"folder": "relative", "token": "abc", "making": []}\n',
        b'{"folder": "FOLDER", "token": "../x"}\n',
        HEADER + b'{"placing": [["../precious", 2, 3]]}\n',
        HEADER + b'{"placing": [["precious", 2, 3]]}\n',
        HEADER + b'{"placing": "precious"}\n',
        HEADER + b'{"commit": ["precious", 2, 3], "stale": [], "switch": []}\n',
        b'{"folder": "FOLDER", "token": "abc", "making": ["FOLDER"]}\n',
    ],
)
def test_a_record_of_a_stranger_deletes_nothing(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for path in (folder / "precious", tmp_path / "precious"):
        path.write_text("mine")
    saves_folder().mkdir(parents=True)
    (saves_folder() / "abc.jsonl").write_bytes(text.replace(b"FOLDER", str(folder).encode()))
    assert sweep_unfinished() == []
    assert (folder / "precious").read_text() == (tmp_path / "precious").read_text() == "mine"
