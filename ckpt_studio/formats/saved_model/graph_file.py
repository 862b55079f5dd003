"""What `saved_model.pb` says of variables: graphs and functions, which are nearly all of it, are passed over.

`saved_model.pbtxt` is the same as text. `saved_model.cpb`, a graph in several chunks, is recognised and not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.errors import Corrupt, FileFault, Truncated, Unsupported
from ckpt_studio.formats.files import FileReader, read_whole, said
from ckpt_studio.formats.meta_graph.load import find_collections, variable_names
from ckpt_studio.formats.meta_graph.wire import fields
from ckpt_studio.formats.saved_model.layout import IN_CHUNKS
from ckpt_studio.formats.saved_model.objects import SavedObjects, parse_objects
from ckpt_studio.formats.text_proto import TextFault, parse_text
from ckpt_studio.formats.wire import LENGTH, ReadAt, WireFault, walk

_META_GRAPHS: Final = 2
_SCHEMA, _SAVER, _OBJECTS = 1, 3, 7
_TRAINABLE: Final = b"trainable_variables"
_COLLECTIONS: Final = (_TRAINABLE, b"variables")
_MOST_GRAPHS: Final = 100
_MOST_OBJECT_BYTES: Final = 1 << 30
_MOST_TEXT_BYTES: Final = 64 << 20
_MOST_KEPT_TEXT: Final = 1 << 19
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|#[^\n]*|[{}<>]|[A-Za-z_]\w*', re.DOTALL)
_KEPT: Final = frozenset(
    {
        b"meta_graphs", b"saver_def", b"collection_def", b"value", b"node_list", b"bytes_list", b"object_graph_def",
        b"nodes", b"children", b"slot_variables", b"user_object", b"variable",
    }
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class GraphFile:
    """What a SavedModel's graph says.

    Attributes:
        objects: the objects of TF2, or None where it was written by TF1's builder.
        trainable: names of the trainable variables by TF1's collections, None where there is no such collection.
        has_variables: whether there must be files of variables.
    """

    objects: SavedObjects | None
    trainable: frozenset[str] | None
    has_variables: bool


def read_graph_file(path: str) -> GraphFile:
    """What a graph file says.

    Raises:
        Unsupported: it is in chunks, or a very long text.
        MissingFile, Truncated, Corrupt, Changed, FileFault: it cannot be read or parsed.
    """
    name = said(path)
    if path.endswith(IN_CHUNKS):
        raise Unsupported(f"{name} is a graph in several chunks, which Ckpt Studio does not read.", path=path)
    try:
        if path.endswith(".pbtxt"):
            data = _from_text(read_whole(path, _MOST_TEXT_BYTES)[0], name)
            return _parse(lambda at, size: data[at : at + size], len(data), name)
        with FileReader(path) as file:
            end = file.identity.size
            graph = _parse(lambda at, size: file.read(at, min(size, end - at)).tobytes(), end, name)
            file.check_unchanged()
            return graph
    except WireFault as fault:
        if fault.short:
            raise Truncated(f"{name} is cut off: it was not written to its end.", path=path) from fault
        raise Corrupt(f"{name} is no SavedModel's graph: {fault}.", path=path, offset=fault.offset) from fault
    except (DecodeError, ValueError) as error:
        raise Corrupt(f"{name} is damaged: what it says of variables does not parse.", path=path) from error
    except FileFault as fault:
        raise type(fault)(fault.message, path=path, offset=fault.offset) from fault


def _parse(read: ReadAt, end: int, name: str) -> GraphFile:
    objects: SavedObjects | None = None
    trainable: frozenset[str] | None = None
    has_variables = False
    count = 0
    for first, after in _meta_graphs(read, end, name):
        count += 1
        collections = find_collections(read, first, after, name, _COLLECTIONS)
        if _TRAINABLE in collections:
            trainable = (trainable or frozenset()) | variable_names(collections[_TRAINABLE])
        has_saver = False
        for number, begin, stop in fields(read, first, after, name):
            has_saver |= number == _SAVER
            if number == _OBJECTS:
                if stop - begin > _MOST_OBJECT_BYTES:
                    raise Corrupt(f"{name} has {stop - begin} bytes of objects, too many to be believed.")
                objects = parse_objects(read(begin, stop - begin))
        in_collections = any(map(variable_names, collections.values()))
        has_variables |= in_collections or (has_saver if objects is None else objects.has_variables)
    if not count:
        raise Corrupt(f"{name} holds no graph.")
    return GraphFile(objects, trainable, has_variables)


def _meta_graphs(read: ReadAt, end: int, name: str) -> Iterator[tuple[int, int]]:
    """Where each MetaGraph begins and ends."""
    if not end:
        raise Corrupt(f"{name} is empty.")
    for count, (number, kind, first, after) in enumerate(walk(read, 0, end)):
        if count > _MOST_GRAPHS:
            raise Corrupt(f"{name} has more than {_MOST_GRAPHS} parts, too many to be believed.")
        if (number == _SCHEMA and kind == LENGTH) or number > _META_GRAPHS:
            raise Corrupt(f"{name} is no SavedModel's graph; it may be a frozen graph or another program's.")
        if number == _META_GRAPHS and kind == LENGTH:
            yield first, after


def _from_text(text: bytes, name: str) -> bytes:
    """The bytes that a text means, without what is not of variables."""
    from ckpt_studio.formats.protos.saved_model_pb2 import SavedModel

    kept = _of_variables(text)
    if len(kept) > _MOST_KEPT_TEXT:
        raise Unsupported(
            f"{name} is a very long text, which is not read: names come from the variables alone."
        )
    try:
        model = parse_text(kept.decode("utf-8", "replace"), SavedModel())
    except TextFault as fault:
        raise Corrupt(f"{name} is no SavedModel's graph: {fault}.") from fault
    return model.SerializeToString(deterministic=True)


def _of_variables(text: bytes) -> bytes:
    """A text proto without the messages that say nothing of variables: protobuf takes minutes to pass over them."""
    kept = []
    depth, dropped_at, begin = 0, -1, 0
    last, last_at = b"", 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in (b"{", b"<"):
            if dropped_at < 0 and last not in _KEPT:
                kept.append(text[begin:last_at])
                dropped_at = depth
            depth += 1
        elif token in (b"}", b">"):
            depth -= 1
            if depth == dropped_at:
                dropped_at, begin = -1, found.end()
        elif token[:1] not in b"\"'#":
            last, last_at = token, found.start()
    if dropped_at < 0:
        kept.append(text[begin:])
    return b"".join(kept)
