"""Source, donor, patch and target of one kind of save, and what may be seen of it after something went wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.save_log import saves_folder, sweep_unfinished
from tests.document.bundles import DONOR, MODEL, make
from tests.formats.keras.archives import make_archive
from tests.formats.save_victim import REFUSED, WRITTEN, Victim

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
SWAPPED = {"dense/bias": "dense/bias", "out/kernel": "net/out/kernel"}
OLD = {"old/kernel": np.arange(5.0)}
WEIGHTS = {
    key: value for key, value in MODEL.items() if "Adam" not in key and "odd" not in key and key != "text"
}
"""What every format can hold."""

NAMES = {
    "bundle": "m",
    "safetensors": "m.safetensors",
    "safetensors in files": "m.safetensors",
    "npz": "m.npz",
    "h5": "m.h5",
    "keras": "m.keras",
}
KINDS = [
    *NAMES,
    *(f"{kind} over another" for kind in ("bundle", "safetensors", "npz", "h5", "keras")),
    "bundle by links",
]


class Stage:
    """One kind of save.

    Args:
        folder: empty; all files are in it.
        home: the program's own folder.
        kind: of `KINDS`.
        target: where it is written to (default: in `folder`).
    """

    def __init__(self, folder: Path, home: Path, kind: str, target: Path | None = None) -> None:
        self.folder = folder
        self.kind, _, how = kind.partition(" over ")
        self.kind, _, links = self.kind.partition(" by ")
        self.overwrite, sharing = bool(how), "link" if links else "copy"
        self.is_bundle = self.kind == "bundle"
        self.model: dict[str, Any] = MODEL if self.is_bundle else WEIGHTS
        self.swapped = {**SWAPPED, "text": "text"} if self.is_bundle else SWAPPED
        if self.kind == "keras":
            self.source = make_archive(folder / "source", "model.keras", self.model)
        else:
            self.source = make(folder / "source", "model.ckpt-100", self.model)
        make(folder / "donor", "best-9", DONOR)
        if self.is_bundle and not self.overwrite:
            Path(f"{self.source.prefix}.meta").write_bytes(b"\x12\x04\x22\x02\x08\x1b")
        columns = self.source.columns
        by_name = {columns.name(row): columns.keys[row] for row in range(len(columns))}
        edits: list[dict[str, Any]] = [{"op": "freeze", "match": "dense/*"}]
        edits += [
            {"op": "replace", "match": own, "from": "donor", "map": {by_name[own]: other}}
            for own, other in self.swapped.items()
        ]
        (folder / "patch.json").write_text(json.dumps({"version": 1, "edits": edits}))
        self.root = target or folder / "a"
        self.target = self.root / "b"
        self.name = NAMES[self.kind]
        self.job: dict[str, Any] = {
            "source": self.source.prefix,
            "patch": str(folder / "patch.json"),
            "prefix": str(self.target / self.name),
            "sharing": sharing,
            "overwrite": self.overwrite,
            "shard_size": 40 if kind.endswith("in files") else None,
            "home": str(home),
        }
        self._make_old()
        self.reset()
        self.inputs = self.files("source") | self.files("donor")
        self.old = self.files(self.root)

    @property
    def opens(self) -> Path:
        """What opens the target, and makes it exist."""
        if self.is_bundle:
            return self.target / "m.index"
        return self.target / (f"{self.name}.index.json" if self.job["shard_size"] else self.name)

    def _make_old(self) -> None:
        old = self.folder / "old"
        if self.kind == "keras":
            make_archive(old, self.name, OLD)
            return
        bundle = make(old if self.is_bundle else self.folder / "made", "m", OLD)
        if not self.is_bundle:
            from ckpt_studio.document.document import Document
            from ckpt_studio.document.saving import write_document

            write_document(Document(bundle), str(old / self.name))

    def files(self, root: str | Path) -> dict[str, Any]:
        root = self.folder / root
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns) for p in root.rglob("*") if p.is_file()}

    def reset(self) -> None:
        shutil.rmtree(self.target, ignore_errors=True)
        if self.overwrite:
            shutil.copytree(self.folder / "old", self.target)
        elif self.root == self.folder / "a":
            shutil.rmtree(self.root, ignore_errors=True)

    def is_new(self) -> bool:
        """Check that the target is complete; whether it is the new checkpoint."""
        if not self.opens.exists():
            assert not self.overwrite
            return False
        found = open_checkpoint(str(self.opens))
        assert list(found.verify()) == []
        named = {found.columns.name(row): found.columns.keys[row] for row in range(len(found.columns))}
        old = [key for name, key in named.items() if name.startswith("old/")]
        if old:
            np.testing.assert_array_equal(found.read(old[0]), OLD["old/kernel"])
            return False
        kept = self.model.keys() - ({"global_step", "beta1_power"} if self.kind in ("h5", "keras") else set())
        assert set(named) == kept
        for key in kept:
            expected = DONOR[self.swapped[key]] if key in self.swapped else self.model[key]
            np.testing.assert_array_equal(found.read(named[key]), expected)
        return True

    def check_untouched(self) -> None:
        assert self.files(self.root) == self.old
        assert self.overwrite or not self.target.exists()

    def check_clean(self, *, state: bool = True) -> None:
        """Exactly the names of the new checkpoint."""
        found = open_checkpoint(str(self.opens))
        expected = {Path(path).name for path in found.files()}
        if not self.is_bundle:
            expected.add(f"{self.opens.name}.ckpt-studio.json")
        names = {path.name for path in self.target.iterdir()}
        assert names - {"checkpoint"} == expected, sorted(names)
        if state and self.is_bundle:
            assert "checkpoint" in names


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


def kill(stage: Stage, victim: Victim, calls: str, step: int) -> int:
    """Kill at each of these calls; how many saves were killed."""
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
    return place


def fail(stage: Stage, victim: Victim, calls: str, error: str, places: Iterable[int]) -> int:
    """Let each of these calls fail; how many saves met that."""
    met = 0
    for place, status in hits(stage, victim, calls, f"error={error}", places):
        assert status in (WRITTEN, REFUSED), (place, error)
        met += 1
        if status == WRITTEN:
            assert stage.is_new(), place
            sweep_unfinished()
            stage.check_clean()
        else:
            stage.check_untouched()
    return met
