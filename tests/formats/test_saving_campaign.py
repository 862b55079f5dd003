"""`./studio test --campaign saving`: every system call of every kind of save is killed and failed; disks are pulled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from ckpt_studio.formats.save_log import sweep_unfinished
from tests.formats.save_stage import CALLS, KINDS, Stage, fail, kill
from tests.formats.save_victim import REFUSED, WRITTEN, Victim

pytestmark = [
    pytest.mark.campaign("saving"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

ERRORS = ["ENOSPC", "EIO", "EROFS", "EDQUOT"]
IMAGE_BYTES = 320 << 20

counts: Counter[str] = Counter()


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    server = Victim()
    yield server
    server.close()
    sys.stderr.write(f"\nsaving campaign: {dict(counts)}\n")


@pytest.fixture(params=KINDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, studio_home: Path) -> Stage:
    return Stage(tmp_path, studio_home, request.param)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_killed_at_every_call(stage: Stage, victim: Victim, name: str) -> None:
    counts["killed"] += kill(stage, victim, CALLS[name], step=1)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_failing_at_every_call(stage: Stage, victim: Victim, name: str, error: str) -> None:
    counts[error] += fail(stage, victim, CALLS[name], error, count(1))


@pytest.mark.parametrize("size", [1, 100])
def test_short_writes(stage: Stage, victim: Victim, size: int) -> None:
    stage.reset()
    status, _ = victim.save({**stage.job, "short": size})
    assert status == WRITTEN
    assert stage.is_new()
    stage.check_clean()
    counts["short writes"] += 1


class Disk:
    """A file system in a file, mounted over a loop device."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.image, self.mounted = folder / "image", folder / "mounted"
        self.mounted.mkdir()
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        make = shutil.which(f"mkfs.{kind}", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
        if make is None or os.geteuid():
            pytest.skip(f"{kind} images need mkfs.{kind} and root")
        subprocess.run([make, "-q", self.image], check=True)
        if subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=False).returncode:
            pytest.skip("loop devices cannot be mounted here")

    def plug_in(self) -> None:
        """Mount it again, which replays its journal."""
        self.unmount()
        subprocess.run(["mount", "-o", "loop", self.image, self.mounted], check=True)

    def unmount(self) -> None:
        subprocess.run(["umount", self.mounted], check=True)


@contextmanager
def disk_of(folder: Path, kind: str) -> Iterator[Disk]:
    disk = Disk(folder, kind)
    try:
        yield disk
    finally:
        disk.unmount()


@pytest.mark.parametrize("filesystem", ["ext4", "xfs"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if "links" not in kind])
def test_the_disk_goes_down_at_every_change(
    tmp_path: Path, studio_home: Path, victim: Victim, filesystem: str, kind: str
) -> None:
    (tmp_path / "disk").mkdir()
    with disk_of(tmp_path / "disk", filesystem) as disk:
        stage = Stage(tmp_path, studio_home, kind, target=disk.mounted)
        victim.save({**stage.job, "warm": True, "overwrite": True})
        told = tmp_path / "told"
        for place in count(1):
            stage.reset()
            os.sync()
            status, _ = victim.save({**stage.job, "pull": [str(disk.mounted), place, str(told)]})
            disk.plug_in()
            assert status in (WRITTEN, REFUSED), place
            new = stage.is_new()
            assert new or status == REFUSED, f"it said Written at call {place} of {kind} on {filesystem}"
            sweep_unfinished()
            assert stage.is_new() == new, place
            if new:
                stage.check_clean(state=status == WRITTEN)
            assert stage.files("source") | stage.files("donor") == stage.inputs
            if not told.read_bytes():
                break
            counts[f"{filesystem} went down"] += 1
