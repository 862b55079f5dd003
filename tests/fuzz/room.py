"""Folders in memory that hold the files of one input after the other; whoever writes into them is noticed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping

_MEMORY = "/dev/shm"


class Room:
    """One folder a seed, so that of most inputs only what was changed is written. A context manager.

    Attributes:
        path: the folder that was filled last.
    """

    def __init__(self) -> None:
        self._root = tempfile.mkdtemp(prefix="fuzz-", dir=_MEMORY if os.path.isdir(_MEMORY) else None)
        self._held: dict[str, dict[str, bytes]] = {}
        self.path = self._root

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fill(self, files: Mapping[str, bytes], place: int = 0) -> None:
        """Let the folder of a seed hold these files and nothing else."""
        self.path = os.path.join(self._root, str(place))
        if self.path not in self._held:
            os.mkdir(self.path)
        held = self._held.setdefault(self.path, {})
        for name in [name for name in held if name not in files]:
            os.unlink(os.path.join(self.path, name))
            del held[name]
            if "/" in name and not os.listdir(above := os.path.dirname(os.path.join(self.path, name))):
                os.rmdir(above)
        for name, data in files.items():
            if held.get(name) is data:
                continue
            path = os.path.join(self.path, name)
            if "/" in name:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb", buffering=0) as file:
                file.write(data)
            held[name] = data

    def look(self) -> dict[str, tuple[int, int]]:
        """Size and time of every file in the folder that was filled last."""
        return self._look("")

    def _look(self, below: str) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        with os.scandir(os.path.join(self.path, below)) as scan:
            for entry in scan:
                if entry.is_dir():
                    found.update(self._look(f"{below}{entry.name}/"))
                else:
                    status = entry.stat()
                    found[f"{below}{entry.name}"] = (status.st_size, status.st_mtime_ns)
        return found

    def is_untouched(self, before: Mapping[str, tuple[int, int]]) -> bool:
        """Whether it is as it was, and holds what it was filled with."""
        held = {name: len(data) for name, data in self._held[self.path].items()}
        return self.look() == before and {name: size for name, (size, _) in before.items()} == held

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self._root)
