"""A SavedModel as a checkpoint: a bundle whose names and trainable marks come from the graph beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import ClassVar, Final

from ckpt_studio.core.errors import FileFault, MissingFile
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.base import Fault
from ckpt_studio.formats.files import FileIdentity, said
from ckpt_studio.formats.recognise import pointer_sentence
from ckpt_studio.formats.roles.by_meta_graph import mark_trainable
from ckpt_studio.formats.roles.marks import Marks
from ckpt_studio.formats.roles.object_graph import ObjectGraph
from ckpt_studio.formats.saved_model.graph_file import GraphFile, read_graph_file
from ckpt_studio.formats.saved_model.layout import ASSETS, BESIDE, IN_CHUNKS, VARIABLES, graph_file_of
from ckpt_studio.formats.saved_model.objects import mark_by_objects
from ckpt_studio.formats.sstable.writer import TableWriter
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from ckpt_studio.formats.tf_bundle.entries import Header
from ckpt_studio.formats.tf_bundle.index import Index, load_index, parse_index

_STEM: Final = os.path.join(VARIABLES, VARIABLES)
"""The path that the files of the variables share, in the folder."""


class SavedModel(Bundle):
    """One opened SavedModel; implements `Checkpoint`. `meta_graph` is None: no run starts from its graph.

    Attributes:
        graph_file: `saved_model.pb` or what stands for it.
    """

    format: ClassVar[str] = "saved_model"

    def __init__(self, folder: str, graph_file: str, index: Index) -> None:
        super().__init__(folder, index)
        self.graph_file = graph_file
        if graph_file.endswith(IN_CHUNKS):
            self.notes = (
                *self.notes,
                f"{said(graph_file)} is a graph in several chunks, which is not read: names come from the variables.",
            )

    def _mark_more(self, marks: Marks, objects: ObjectGraph | None) -> None:
        if self.graph_file.endswith(IN_CHUNKS):
            return
        try:
            graph = read_graph_file(self.graph_file)
        except FileFault as error:
            if pointer_sentence(self.graph_file) is None:  # whoever opened it says that of all files
                self.notes = (*self.notes, error.message)
            return
        if graph.trainable is not None:
            mark_trainable(marks, graph.trainable)
        if graph.objects is not None and objects is not None:
            mark_by_objects(marks, graph.objects, objects)

    def verify(self, task: Task = UNTENDED) -> Iterator[Fault]:
        """As `Checkpoint.verify`."""
        return super().verify(task) if len(self.index) else iter(())

    def files(self) -> tuple[str, ...]:
        """Every file that belongs to it: graph, variables, assets, what Keras and TensorFlow add."""
        folder = os.path.dirname(self.graph_file)
        others = [os.path.join(folder, name) for name in BESIDE]
        others += [path for name in ASSETS for path in sorted(_files_in(os.path.join(folder, name)))]
        variables = super().files()
        return (self.graph_file, *(path for path in (*variables, *others) if os.path.isfile(path)))


def open_saved_model(folder: str) -> SavedModel:
    """Open the SavedModel in a folder. One without variables has no rows, and a note says so.

    Raises:
        MissingFile: its variables are missing.
        FileFault: their index, or where there is none the graph, cannot be read.
    """
    graph_file = graph_file_of(folder)
    if graph_file is None:
        raise MissingFile(f"{said(folder)} has no saved_model.pb any more.", path=folder)
    path = os.path.join(folder, _STEM) + ".index"
    try:
        return SavedModel(folder, graph_file, load_index(path))
    except MissingFile as error:
        graph = _graph_alone(graph_file, error)
        if graph.has_variables:
            raise MissingFile(_missing(folder, graph_file), path=path) from error
    model = SavedModel(folder, graph_file, _no_index(path))
    model.notes = (*model.notes, "This SavedModel holds no variables.")
    return model


def _graph_alone(graph_file: str, missing: MissingFile) -> GraphFile:
    """What the graph says where there is no index; nothing is left to be opened where it cannot be read."""
    try:
        return read_graph_file(graph_file)
    except FileFault as error:
        if pointer_sentence(graph_file) is not None:
            raise
        message = f"{error.message.removesuffix('.')}; {missing.message}"
        raise type(error)(message, path=error.path, offset=error.offset) from error


def _missing(folder: str, graph_file: str) -> str:
    """The sentence for variables that are not there."""
    inside = os.path.join(folder, VARIABLES)
    names = sorted(os.path.basename(path) for path in _files_in(inside))
    if names:
        found = f"its folder “variables” has no variables.index, only {printable(', '.join(names[:3]))}"
    elif os.path.isdir(inside):
        found = "its folder “variables” is empty"
    else:
        found = "there is no folder “variables” beside it"
    return f"{said(graph_file)} of {said(os.path.abspath(folder))} names variables, but {found}."


def _no_index(path: str) -> Index:
    """The index of a bundle without variables."""
    data = bytearray()
    writer = TableWriter(data.extend)
    writer.add(b"", Header(0, big_endian=False).encode())
    writer.finish()
    return parse_index(bytes(data), path, FileIdentity(0, 0, 0, 0))


def _files_in(folder: str) -> Iterator[str]:
    """The regular files directly in a folder; none where it cannot be read."""
    try:
        with os.scandir(folder) as scan:
            yield from (entry.path for entry in scan if entry.is_file())
    except OSError:
        return
