"""Reads `.meta` files as inert bytes: the whole MetaGraph for a run or a save, or only what is trainable."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.errors import Corrupt, FileFault, Unrecognised
from ckpt_studio.formats.files import FileIdentity, FileReader, read_settled, said
from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.variables import (
    VariableNode,
    collect_variables,
    definitions,
    listed_names,
)
from ckpt_studio.formats.meta_graph.wire import fields
from ckpt_studio.formats.protos.meta_graph_pb2 import CollectionDef, MetaGraphDef
from ckpt_studio.formats.wire import ReadAt

LIMIT: Final = (1 << 31) - 1
"""Protobuf's own limit for one message, in bytes."""

_COLLECTION: Final = 4
_MOST_OF_AN_ENTRY: Final = 8
_TRAINABLE: Final = b"trainable_variables"
_OTHERS: Final = {
    b"fileFormatVersion:": "belongs to the Unity engine",
    b"version https://git-lfs": "is a Git LFS pointer; fetch the file itself with `git lfs pull`",
    b"<": "is a text file, not a graph",
    b"{": "is a text file, not a graph",
}


class MetaGraph:
    """One MetaGraph. Nobody changes `proto`: what rewrites it works on a copy.

    Attributes:
        proto: what the file says, unknown fields included.
        path: the file, or None when it was made in memory.
    """

    def __init__(self, proto: MetaGraphDef, *, path: str | None = None, raw: bytes | None = None) -> None:
        self.proto = proto
        self.path = path
        self._raw = raw

    @cached_property
    def trainable(self) -> frozenset[str] | None:
        """Names of the trainable variables (`layer/w`, without `:0`), None when there is no such collection."""
        if _TRAINABLE.decode() not in self.proto.collection_def:
            return None
        return frozenset(listed_names(self.proto.collection_def[_TRAINABLE.decode()]))

    @cached_property
    def view(self) -> GraphView:
        """The graph by names, with who consumes what."""
        return GraphView(self.proto)

    @cached_property
    def variables(self) -> dict[str, VariableNode]:
        """The variables of the graph by the name of their node, in the order of the nodes."""
        return collect_variables(self.proto, self.view)

    def listed(self, collection: str) -> list[str]:
        """Names of the nodes that a collection lists; empty when there is no such collection."""
        if collection not in self.proto.collection_def:
            return []
        return list(listed_names(self.proto.collection_def[collection]))

    def serialise(self) -> bytes:
        """The bytes of a `.meta` file; for one that was loaded, exactly those that were read."""
        return self._raw if self._raw is not None else self.proto.SerializeToString(deterministic=True)


def load_meta_graph(path: str) -> MetaGraph:
    """The MetaGraph in a file.

    Raises:
        Unrecognised: the file belongs to another program.
        Corrupt, Truncated, MissingFile, FileFault: it cannot be read or parsed.
    """

    def parse(data: bytes, _: FileIdentity) -> MetaGraph:
        return parse_meta_graph(data, path)

    return read_settled(path, LIMIT, parse)


def parse_meta_graph(data: bytes, path: str | None = None) -> MetaGraph:
    """The MetaGraph in `data`; `path` is for the sentences.

    Raises:
        Unrecognised, Corrupt, Truncated: as `load_meta_graph`.
    """
    name = said(path) if path is not None else "The MetaGraph"
    try:
        _check_owner(data[:64], name)
        for _ in fields(lambda at, size: data[at : at + size], 0, len(data), name):
            pass
    except FileFault as fault:
        raise type(fault)(fault.message, path=path, offset=fault.offset) from fault
    try:
        proto = MetaGraphDef.FromString(data)
    except (DecodeError, ValueError) as error:
        raise Corrupt(f"{name} is damaged: it does not parse as a MetaGraph.", path=path) from error
    if not (proto.HasField("graph_def") or proto.collection_def or proto.HasField("meta_info_def")):
        raise Corrupt(f"{name} is no MetaGraph: it holds no graph.", path=path)
    return MetaGraph(proto, path=path, raw=data)


def trainable_names(path: str) -> frozenset[str] | None:
    """Names of the trainable variables of a `.meta` file, None when it has no such collection.

    A part of a partitioned variable is named both by its node and by the whole variable's name, which is the key in a
    checkpoint. Only collections are read: the graph is passed over.

    Raises:
        as `load_meta_graph`.
    """
    with FileReader(path) as file:
        end = file.identity.size

        def read(at: int, size: int) -> bytes:
            return file.read(at, min(size, end - at)).tobytes()

        try:
            _check_owner(read(0, 64), said(path))
            found = find_collections(read, 0, end, said(path), (_TRAINABLE,)).get(_TRAINABLE)
        except DecodeError as error:
            raise Corrupt(f"{said(path)} is damaged: a collection does not parse.", path=path) from error
        except FileFault as fault:
            raise type(fault)(fault.message, path=path, offset=fault.offset) from fault
        file.check_unchanged()
    return None if found is None else variable_names(found)


def variable_names(collection: CollectionDef) -> frozenset[str]:
    """Names of the variables of a collection: of a part of a partitioned one also the whole variable's."""
    names = set(map(node_of, collection.node_list.value))
    for one in definitions(collection):
        names.add(node_of(one.variable_name))
        if one.save_slice_info_def.full_name:
            names.add(one.save_slice_info_def.full_name)
    return frozenset(names)


def find_collections(
    read: ReadAt, start: int, end: int, name: str, wanted: tuple[bytes, ...]
) -> dict[bytes, CollectionDef]:
    """These collections, as far as there are any, of the MetaGraph that stands between `start` and `end` of a file.

    Args:
        read: bytes of the file.
        start: where the MetaGraph begins; all of it but the wanted collections is passed over.
        end: where it ends.
        name: how sentences name the file.
        wanted: names of collections.

    Raises:
        Truncated, Corrupt: it is no MetaGraph.
        DecodeError: a collection does not parse.
    """
    longest = max(map(len, wanted))
    found = {}
    for number, first, after in fields(read, start, end, name):
        if number == _COLLECTION:
            entry = fields(read, first, after, name, _MOST_OF_AN_ENTRY)
            parts = {part: (begin, stop) for part, begin, stop in entry}
            begin, stop = parts.get(1, (0, 0))
            key = read(begin, stop - begin) if stop - begin <= longest else b""
            if key in wanted:
                begin, stop = parts.get(2, (0, 0))
                found[key] = CollectionDef.FromString(read(begin, stop - begin))
    return found


def _check_owner(head: bytes, name: str) -> None:
    if not head:
        raise Corrupt(f"{name} is empty.")
    for start, sentence in _OTHERS.items():
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(start):
            raise Unrecognised(f"{name} is no MetaGraph: it {sentence}.")
