"""How SavedModels are found: as folders with a graph file, by any of these or by the folder of the variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from ckpt_studio.formats.base import Checkpoint, Declined, FolderEntry, Found, Member
from ckpt_studio.formats.files import step_of
from ckpt_studio.formats.saved_model.layout import BESIDE, GRAPHS, VARIABLES, graph_file_of


class SavedModelReader:
    """SavedModels, by their folder or a file beside the graph. The index of the variables alone is a plain bundle."""

    format: ClassVar[str] = "saved_model"

    def claim(self, path: str) -> str | Declined:
        """The folder."""
        folder, name = os.path.split(path)
        if name in GRAPHS or name in BESIDE or (name == VARIABLES and os.path.isdir(path)):
            path = folder or os.curdir
        return path if graph_file_of(path) is not None else Declined("it is no folder with a saved_model.pb")

    def find(self, folder: str, members: Mapping[str, Member]) -> Found:
        """As `Reader.find`: folders that are SavedModels, and the folder itself where it is one."""
        inside = [
            self._entry(os.path.join(folder, name), name)
            for name, member in members.items()
            if member.is_folder
        ]
        entries = [entry for entry in inside if entry is not None]
        files = {entry.name for entry in entries}
        own = self._entry(folder, os.path.basename(os.path.abspath(folder)))
        if own is not None:
            entries.append(own)
            files.update(name for name in (*GRAPHS, *BESIDE, VARIABLES) if name in members)
        return Found(tuple(entries), frozenset(files))

    def _entry(self, path: str, name: str) -> FolderEntry | None:
        """The entry of a folder, None where it is no SavedModel, or not any more."""
        graph = graph_file_of(path)
        try:
            status = None if graph is None else os.stat(graph)
        except OSError:
            status = None
        if status is None:
            return None
        sizes, complete = _variables(os.path.join(path, VARIABLES))
        return FolderEntry(
            prefix=path,
            name=name,
            format=self.format,
            step=step_of(name),
            mtime=status.st_mtime,
            nbytes=status.st_size + sizes,
            complete=complete,
        )

    def open(self, path: str) -> Checkpoint:
        """Open a folder.

        Raises:
            FileFault: it cannot be opened; the message says why.
        """
        from ckpt_studio.formats.saved_model.model import open_saved_model

        return open_saved_model(path)


def _variables(folder: str) -> tuple[int, bool]:
    """Bytes of the variables' files, and whether an index is among them, or there are none."""
    sizes, names = 0, set()
    try:
        with os.scandir(folder) as scan:
            for file in scan:
                sizes += file.stat().st_size
                names.add(file.name)
    except OSError:
        pass
    return sizes, not names or "variables.index" in names
