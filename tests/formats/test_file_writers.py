"""What holds for every writer of a file: little memory, a cancel that leaves nothing, checksums compared on the way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import Task
from ckpt_studio.document.document import Document
from ckpt_studio.document.saving import plan_write, write_document
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.document.bundles import make
from tests.formats.keras.archives import make_archive
from tests.helpers.memory_source import MemorySource

NAMES = ["m.safetensors", "m.npz", "m.h5", "m.keras"]


def opened(folder: Path, name: str, count: int) -> Checkpoint:
    """What can be written under a name: four variables of so many numbers."""
    arrays = {f"w{n}/kernel": np.ones((count, 1), "f4") for n in range(4)}
    return make_archive(folder, "in.keras", arrays) if name == "m.keras" else make(folder, "m", arrays)


class Impatient(Task):
    """Stops after so many bytes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def advance(self, amount: int) -> None:
        super().advance(amount)
        if self.done >= self.most:
            self.cancel()


@pytest.mark.parametrize("name", NAMES)
def test_a_cancel_leaves_nothing(tmp_path: Path, name: str) -> None:
    base = opened(tmp_path / "in", name, 300_000)
    total = 4 * 4 * 300_000
    for most in (1, total // 2, total + 1, 2 * total - 1):
        with pytest.raises(Cancelled):
            write_document(Document(base), str(tmp_path / "out" / name), task=Impatient(most))
        assert not (tmp_path / "out").exists(), most
    task = Impatient(1 << 60)
    plan = plan_write(Document(base), str(tmp_path / "out" / name))
    written = write_document(Document(base), str(tmp_path / "out" / name), task=task)
    size = Path(written.prefix).stat().st_size
    assert abs(plan.written_bytes - size) < 16_000
    assert total * 2 <= task.done <= task.total + 16_000


def test_a_cancel_between_files_leaves_none_of_them(tmp_path: Path) -> None:
    base = make(tmp_path / "in", "m", {f"w{n}": np.ones(300_000, "f4") for n in range(4)})
    with pytest.raises(Cancelled):
        write_document(
            Document(base),
            str(tmp_path / "out" / "m.safetensors"),
            WriteOptions(shard_size=1_200_000),
            task=Impatient(5_000_000),
        )
    assert not (tmp_path / "out").exists()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    script = """
import resource, sys
from ckpt_studio.document.document import Document
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.registry import open_checkpoint
def write_all(size):
    for name in ("m.safetensors", "m.npz", "m.h5", "m.keras"):
        base = open_checkpoint(f"{sys.argv[1]}/{size}" + ("_keras/in.keras" if name == "m.keras" else ""))
        write_document(Document(base), f"{sys.argv[1]}/written/{size}/{name}")
write_all("small")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_all("large")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    for name, count in (("small", 10), ("large", 12 << 20)):
        write_bundle(
            MemorySource({"a/w": np.zeros(count, "f4"), "b/w": np.zeros(count, "f4")}), str(tmp_path / name)
        )
        opened(tmp_path / f"{name}_keras", "m.keras", count // 4)
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 16 << 10, "KiB"
