"""Whatever kills or fails a save: the checkpoint is the old one or the new one, complete; nothing else is left."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import SaveFault
from ckpt_studio.formats.save_log import saves_folder, sweep_unfinished
from ckpt_studio.formats.saving import Saving
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from tests.document.bundles import DONOR, MODEL, make
from tests.formats.save_victim import REFUSED, WRITTEN, Victim

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

CALLS = {
    "create": "^open(at)?$",
    "write": "^write$",
    "copy": "^copy_file_range$",
    "sync": "^fsync$",
    "close": "^close$",
    "link": "^link(at)?$",
    "unlink": "^unlink(at)?$",
    "rename": "^rename(at2?)?$",
    "mkdir": "^mkdir(at)?$",
}
HEADER = b'{"folder": "FOLDER", "token": "abc", "making": []}\n'
SWAPPED = {"dense/bias": "dense/bias", "out/kernel": "net/out/kernel", "text": "text"}


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    server = Victim()
    yield server
    server.close()


class Stage:
    """Source, donor, patch and target folder of one kind of save, and what may be seen of it afterwards."""

    def __init__(self, folder: Path, home: Path, *, overwrite: bool, sharing: str = "copy") -> None:
        self.folder = folder
        self.source = make(folder / "source", "model.ckpt-100", MODEL)
        make(folder / "donor", "best-9", DONOR)
        if not overwrite:
            Path(f"{self.source.prefix}.meta").write_bytes(b"\x12\x04\x22\x02\x08\x1b")
        edits = [
            {"op": "replace", "match": own, "from": "donor", "map": {own: other}}
            for own, other in SWAPPED.items()
        ]
        (folder / "patch.json").write_text(json.dumps({"version": 1, "edits": edits}))
        self.target = folder / "a" / "b"
        self.overwrite = overwrite
        self.job: dict[str, Any] = {
            "source": self.source.prefix,
            "patch": str(folder / "patch.json"),
            "prefix": str(self.target / "m"),
            "sharing": sharing,
            "overwrite": overwrite,
            "home": str(home),
        }
        make(folder / "old", "m", {"old": np.arange(5.0)})
        self.reset()
        self.inputs = self.files("source") | self.files("donor")
        self.old = self.files("a")

    def files(self, name: str) -> dict[str, Any]:
        root = self.folder / name
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}

    def reset(self) -> None:
        shutil.rmtree(self.folder / "a", ignore_errors=True)
        if self.overwrite:
            shutil.copytree(self.folder / "old", self.target)

    def is_new(self) -> bool:
        """Check that the target is complete; whether it is the new checkpoint."""
        if not (self.target / "m.index").exists():
            assert not self.overwrite
            return False
        found: Bundle = open_bundle(str(self.target / "m"))
        assert list(found.verify()) == []
        if "old" in found.columns:
            np.testing.assert_array_equal(found.read("old"), np.arange(5.0))
            return False
        for key, value in MODEL.items():
            expected = DONOR[SWAPPED[key]] if key in SWAPPED else value
            np.testing.assert_array_equal(found.read(key), expected)
        return True

    def check_untouched(self) -> None:
        assert self.files("a") == self.old
        if not self.overwrite:
            assert not (self.folder / "a").exists()

    def check_clean(self, *, state: bool = True) -> None:
        """Exactly the names of the new checkpoint."""
        found = open_bundle(str(self.target / "m"))
        expected = {Path(path).name for path in found.files()}
        names = {path.name for path in self.target.iterdir()}
        assert names - {"checkpoint"} == expected
        if state:
            assert "checkpoint" in names


@pytest.fixture(params=["new folder", "overwriting"])
def stage(request: pytest.FixtureRequest, tmp_path: Path, studio_home: Path) -> Stage:
    return Stage(tmp_path, studio_home, overwrite=request.param == "overwriting")


def hits(
    stage: Stage, victim: Victim, calls: str, fault: str, places: Iterable[int]
) -> Iterator[tuple[int, int]]:
    """Saves with a fault at each of these calls, until there are not so many: (place, exit status)."""
    stage.reset()
    warm, _ = victim.save({**stage.job, "warm": True, "overwrite": True})
    assert warm in (WRITTEN, REFUSED)
    for place in places:
        stage.reset()
        status, hit = victim.save(stage.job, calls, fault, place)
        yield place, status
        assert list(saves_folder().iterdir()) == [], place
        assert stage.files("source") | stage.files("donor") == stage.inputs
        if not hit:
            assert status == WRITTEN
            return


def kill(stage: Stage, victim: Victim, calls: str, step: int) -> None:
    place = 0
    for place, status in hits(stage, victim, calls, "signal=KILL", count(1, step)):
        assert status in (-9, WRITTEN), place
        new = stage.is_new()
        sweep_unfinished()
        assert stage.is_new() == new, place
        if new:
            stage.check_clean(state=status == WRITTEN)
        else:
            assert status != WRITTEN, place
            stage.check_untouched()
    assert place >= 1


def fail(stage: Stage, victim: Victim, calls: str, error: str, places: Iterable[int]) -> None:
    for place, status in hits(stage, victim, calls, f"error={error}", places):
        assert status in (WRITTEN, REFUSED), (place, error)
        if status == WRITTEN:
            assert stage.is_new(), place
            sweep_unfinished()
            stage.check_clean()
        else:
            stage.check_untouched()


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


@pytest.mark.campaign("saving")
@pytest.mark.parametrize("name", sorted(CALLS))
def test_killed_at_every_call(stage: Stage, victim: Victim, name: str) -> None:
    kill(stage, victim, CALLS[name], step=1)


@pytest.mark.campaign("saving")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS", "EDQUOT"])
@pytest.mark.parametrize("name", sorted(CALLS))
def test_failing_at_every_call(stage: Stage, victim: Victim, name: str, error: str) -> None:
    fail(stage, victim, CALLS[name], error, count(1))


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
        HEADER + b'{"placing": [["../precious", 1, 2, 3]]}\n',
        HEADER + b'{"placing": [["precious", 1, 2, 3]]}\n',
        HEADER + b'{"placing": "precious"}\n',
        HEADER + b'{"commit": ["precious", 1, 2, 3], "stale": [], "switch": []}\n',
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
