"""Takes an input to the parser that its change is aimed at, past the search for formats and the sound files around it.

To open the same sound bundle a million times for a million state files would find nothing: so most inputs come here,
and one of some goes the whole way of `visit`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from math import prod

from ckpt_studio.formats.base import Checkpoint, FolderEntry
from ckpt_studio.formats.folder import _find as entries_of
from ckpt_studio.formats.folder import _newest as newest_of
from ckpt_studio.formats.members import members_of
from ckpt_studio.formats.meta_graph.load import trainable_names
from ckpt_studio.formats.npz.checkpoint import open_archive, open_array_file
from ckpt_studio.formats.roles import rows
from ckpt_studio.formats.roles.by_graph import mark_by_graph
from ckpt_studio.formats.roles.by_meta_graph import mark_trainable
from ckpt_studio.formats.roles.marks import Marks
from ckpt_studio.formats.roles.object_graph import ObjectGraph, parse_graph
from ckpt_studio.formats.safetensors.checkpoint import open_file, open_index
from ckpt_studio.formats.saved_model.graph_file import read_graph_file
from ckpt_studio.formats.saved_model.layout import GRAPHS
from ckpt_studio.formats.saved_model.objects import mark_by_objects
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.formats.tf_bundle.state_file import parse_state_file
from ckpt_studio.formats.tf_v1 import checkpoint as v1
from ckpt_studio.formats.tf_v1.checkpoint import open_v1
from tests.fuzz.inputs import Files, Input
from tests.fuzz.room import Room
from tests.fuzz.visit import (
    check_columns,
    check_list,
    errors_of_ours,
    require,
    same_by_both_routes,
    visit_archive,
    visit_table,
)

_VALUES = 6
_SMALL = 1 << 14


def visit_aimed(form: str, given: Input, room: Room) -> bool | None:
    """Read what was changed. Returns whether that could be read; None where the change has no parser of its own."""
    if form == "object_graph":
        return _graph(given)
    if form not in _AIMED:
        return None
    room.fill(given.files, id(given.seed))
    return _AIMED[form](room.path, given, given.changed)


def _opened(
    opener: Callable[[str], Checkpoint], look: Callable[[Checkpoint], None]
) -> Callable[[str, Input, list[str]], bool]:
    """What opens one format alone."""

    def run(folder: str, given: Input, _: list[str]) -> bool:
        checkpoint = None
        with errors_of_ours(), _names_as_they_are():
            checkpoint = opener(os.path.join(folder, given.name))
            look(checkpoint)
        return checkpoint is not None

    return run


@contextmanager
def _names_as_they_are() -> Iterator[None]:
    """Formats that know nothing of roles look for them in names, which costs as much as all else."""
    found = [(module, module.mark_by_names) for module in (rows, v1)]
    for module, _ in found:
        module.mark_by_names = lambda _: None
    try:
        yield
    finally:
        for module, work in found:
            module.mark_by_names = work


def _bundle(folder: str, given: Input, changed: list[str]) -> bool:
    """The index by both routes; values are read where it is not the index alone that was changed."""
    bundle = None
    with errors_of_ours():
        bundle = open_bundle(os.path.join(folder, given.name))
        check_columns(bundle.columns, roles=False)
        index_alone = all(name.endswith(".index") for name in changed)
        _read_some(bundle, 1 if index_alone else _VALUES)
        if index_alone:
            same_by_both_routes(bundle)
    return bundle is not None


def _read_some(checkpoint: Checkpoint, count: int) -> None:
    """Read the first values as a whole."""
    columns = checkpoint.columns
    for row in range(min(len(columns), count)):
        elements = prod(columns.dims[row, : max(int(columns.rank[row]), 0)].tolist())
        if max(int(columns.nbytes[row]), elements) <= _SMALL:
            with errors_of_ours():
                checkpoint.read(columns.keys[row])


def _list_and_read(checkpoint: Checkpoint) -> None:
    check_list(checkpoint)
    _read_some(checkpoint, _VALUES)


def _open_array(path: str) -> Checkpoint:
    return open_array_file(path)


def _table(folder: str, given: Input, _: list[str]) -> bool:
    return visit_table(given.files[given.name], os.path.join(folder, given.name))


def _archive(folder: str, given: Input, _: list[str]) -> bool:
    return visit_archive(os.path.join(folder, given.name))


@cache
def _entries(folder: str) -> list[FolderEntry]:
    """The checkpoints beside the state file, which are always the same ones."""
    return entries_of(folder, members_of(folder))[0]


def _state(folder: str, given: Input, _: list[str]) -> bool:
    state, notes = None, []
    with errors_of_ours():
        state = parse_state_file(os.path.join(folder, "checkpoint"))
    newest = newest_of(folder, _entries(folder), state, notes)
    require(newest in _entries(folder), "another folder's checkpoint is opened")
    require(all(note.endswith(".") for note in notes), "a note without a sentence")
    return state is not None


class _Sound:
    """The sound bundle of a seed, opened once: what marks begin with, and its own object graph."""

    def __init__(self, files: Mapping[str, bytes], prefix: str) -> None:
        with Room() as room:
            room.fill(files)
            bundle = open_bundle(os.path.join(room.path, prefix))
            self.columns = bundle.columns
            graph = bundle._object_graph()
        self.graph: ObjectGraph | None = None if graph is None else parse_graph(graph)

    def check(self, work: Callable[[Marks], None]) -> None:
        """What comes of the rows when they are marked."""
        own = self.columns
        marks = Marks.of(own.keys, own.dtype, own.rank, own.dims)
        work(marks)
        check_columns(marks.columns(own.nbytes, {}))


_SOUND: dict[int, tuple[Files, _Sound]] = {}


def _sound(seed: Files, prefix: str) -> _Sound:
    found = _SOUND.get(id(seed))
    if found is None:
        found = _SOUND[id(seed)] = (seed, _Sound(seed, prefix))
    return found[1]


def _graph(given: Input) -> bool:
    graph = parse_graph(given.inside)
    if graph is not None:
        _sound(given.seed, given.name).check(lambda marks: mark_by_graph(marks, graph))
    return graph is not None


def _meta(folder: str, given: Input, _: list[str]) -> bool:
    opened = False
    with errors_of_ours():
        names = trainable_names(f"{os.path.join(folder, given.name)}.meta")
        opened = True
        _sound(given.seed, given.name).check(lambda marks: mark_trainable(marks, names or ()))
    return opened


def _saved_model(folder: str, given: Input, changed: list[str]) -> bool | None:
    if len(changed) != 1 or changed[0] not in GRAPHS or "variables/variables.index" not in given.seed:
        return None
    opened = False
    with errors_of_ours():
        graph = read_graph_file(os.path.join(folder, changed[0]))
        opened = True
        sound = _sound(given.seed, "variables/variables")

        def mark(marks: Marks) -> None:
            if sound.graph is not None:
                mark_by_graph(marks, sound.graph)
            if graph.trainable is not None:
                mark_trainable(marks, graph.trainable)
            if graph.objects is not None and sound.graph is not None:
                mark_by_objects(marks, graph.objects, sound.graph)

        sound.check(mark)
    return opened


_AIMED: dict[str, Callable[[str, Input, list[str]], bool | None]] = {
    "tf_bundle": _bundle,
    "sstable": _table,
    "tf_v1": _opened(open_v1, _list_and_read),
    "state": _state,
    "meta": _meta,
    "saved_model": _saved_model,
    "safetensors": _opened(lambda path: open_file(path, None), check_list),
    "weight_map": _opened(lambda path: open_index(path, None), check_list),
    "npy": _opened(_open_array, check_list),
    "npz": _opened(open_archive, check_list),
    "keras": _archive,
}
