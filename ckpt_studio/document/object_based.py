"""Variables with an object graph, so that `tf.train.Checkpoint` restores them: objects are what their names say.

`encoder/dense/kernel` is the variable `kernel` of the object `dense` of the object `encoder` of the root. What has no
name but its key in an object-based checkpoint stays where that key says. Optimizer slots hang on an object `optimizer`,
by the slot relations that the source tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import (
    ROW_ARRAYS,
    Columns,
    Names,
    Role,
    Stored,
    TensorSource,
    decode,
    encode,
    printable,
)
from ckpt_studio.core.windows import Window, check_window
from ckpt_studio.document.paths import path_of
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.roles.by_name import GRAPH_KEY
from ckpt_studio.formats.roles.object_graph import escape
from ckpt_studio.formats.writing import Derived

_VALUE: Final = "VARIABLE_VALUE"
_END: Final = f"/.ATTRIBUTES/{_VALUE}"
_OPTIMIZER: Final = "optimizer"


class Objects:
    """An object graph under construction.

    Attributes:
        graph: what there is so far; node 0 is the root.
    """

    def __init__(self) -> None:
        self.graph = TrackableObjectGraph()
        self.graph.nodes.add()
        self._nodes: dict[tuple[str, ...], int] = {(): 0}
        self._names: dict[tuple[str, ...], str] = {}

    def _node(self, path: tuple[str, ...]) -> int:
        """The object at a path, made if need be, with all above it."""
        if path not in self._nodes:
            parent = self._node(path[:-1])
            self._nodes[path] = len(self.graph.nodes)
            self.graph.nodes.add()
            self.graph.nodes[parent].children.add(node_id=self._nodes[path], local_name=path[-1])
        return self._nodes[path]

    def add(self, name: str) -> str:
        """Add a variable of this name; its key.

        Raises:
            RequestFault: another variable's name means the same object.
        """
        path = _path_of(name)
        other = self._names.setdefault(path, name)
        if other != name:
            raise RequestFault(
                f"{printable(other)!r} and {printable(name)!r} would be the same object; rename one of them.",
                key=name,
            )
        key = f"{_joined(path)}{_END}"
        self._hold(self._node(path), "/".join(path) if name == key else name, key)
        return key

    def add_slot(self, name: str, weight: str, slot: str) -> str:
        """Add an optimizer slot of a weight that was added; its key."""
        path = _path_of(weight)
        key = f"{_joined(path)}/.OPTIMIZER_SLOT/{_OPTIMIZER}/{_joined((slot,))}{_END}"
        number = len(self.graph.nodes)
        self.graph.nodes.add()
        self._hold(number, name, key)
        self.graph.nodes[self._node((_OPTIMIZER,))].slot_variables.add(
            original_variable_node_id=self._node(path), slot_name=slot, slot_variable_node_id=number
        )
        return key

    def _hold(self, number: int, name: str, key: str) -> None:
        self.graph.nodes[number].attributes.add(name=_VALUE, full_name=name, checkpoint_key=key)
        self.graph.nodes[number].has_checkpoint_values.value = True


def _path_of(name: str) -> tuple[str, ...]:
    """The local names from the root to the variable of this name."""
    path = path_of(name) if name.endswith(_END) else name.split("/")
    return tuple(part for part in path or () if part) or (name,)


def _joined(path: tuple[str, ...]) -> str:
    return "/".join(decode(escape(encode(part))) for part in path)


def object_keys(columns: Columns, rows: NDArray[np.int64], names: list[str]) -> tuple[list[str], bytes]:
    """The keys of variables in an object-based checkpoint, and the bytes of its graph.

    Args:
        columns: of the source.
        rows: int64 [n], the variables.
        names: what each is called.

    Raises:
        RequestFault: a name can be no object's, or two mean the same object.
    """
    _check_texts(names)
    objects = Objects()
    name_of = dict(zip(rows.tolist(), names, strict=True))
    keys: dict[int, str] = {}
    slots: set[tuple[int, int]] = set()
    for row, name in name_of.items():
        relation = (int(columns.slot_of[row]), int(columns.slot_name[row]))
        is_slot = columns.role[row] == Role.slot and relation[0] in name_of and relation[1] >= 0
        if is_slot and relation not in slots:
            slots.add(relation)
        else:
            keys[row] = objects.add(name)
    for row, name in name_of.items():
        if row not in keys:
            weight, slot = int(columns.slot_of[row]), columns.slot_names[int(columns.slot_name[row])]
            keys[row] = objects.add_slot(name, name_of[weight], slot)
    return [keys[row] for row in name_of], objects.graph.SerializeToString(deterministic=True)


def _check_texts(names: list[str]) -> None:
    """Raise RequestFault for a name that is not UTF-8."""
    for name in names:
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raise RequestFault(
                f"{printable(name)!r} is not UTF-8, and can be no object's name; rename or drop it.", key=name
            ) from None


class ObjectBased:
    """A `TensorSource`: variables under the keys that an object graph gives them, and the graph.

    Args:
        source: the variables.
        graph: the bytes of the graph.
    """

    def __init__(self, source: TensorSource, graph: bytes) -> None:
        self._source = source
        self._graph = graph

    @cached_property
    def _place(self) -> int:
        """The graph's row."""
        want = encode(GRAPH_KEY)
        keys = self._source.columns.keys
        return sum(keys.raw(row) < want for row in range(len(keys)))

    @cached_property
    def columns(self) -> Columns:
        """Those of the source, and a row for the graph."""
        old, place = self._source.columns, self._place
        raw = [old.keys.raw(row) for row in range(len(old))]
        own: dict[str, int] = {
            "dtype": BY_NAME["string"].number, "rank": 0, "dims": -1, "nbytes": len(self._graph),
            "role": Role.metadata, "role_source": 0, "slot_name": -1, "trainable": -1,
        }  # fmt: skip
        slot_of = old.slot_of + (old.slot_of >= place)
        return replace(
            old,
            keys=Names.of([*raw[:place], encode(GRAPH_KEY), *raw[place:]]),
            names=None,
            object_paths=None,
            slot_of=np.insert(slot_of, place, -1).astype(np.int32),
            faults={row + (row >= place): text for row, text in old.faults.items()},
            **{name: np.insert(getattr(old, name), place, own[name], axis=0) for name in ROW_ARRAYS},
        )

    def origins(self, base: object) -> NDArray[np.int64] | None:
        """As `Derived.origins`; the graph is new."""
        known = self._source.origins(base) if isinstance(self._source, Derived) else None
        return None if known is None else np.insert(known, self._place, -1)

    def read(self, key: str, window: Window | None = None) -> NDArray[Any]:
        """As `TensorSource.read`."""
        if key != GRAPH_KEY:
            return self._source.read(key, window)
        check_window(window, ())
        return np.array(self._graph, object)

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        """As `TensorSource.blocks`."""
        if key != GRAPH_KEY:
            return self._source.blocks(key, task)
        return iter([self.read(key).reshape(-1)])

    def identity(self, key: str) -> str:
        """As `TensorSource.identity`."""
        return self._source.identity(key) if key != GRAPH_KEY else f"graph of {len(self._graph)} bytes"

    def stored(self, key: str) -> Stored | None:
        """As `TensorSource.stored`."""
        return self._source.stored(key) if key != GRAPH_KEY else None
