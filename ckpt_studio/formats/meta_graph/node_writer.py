"""Adds nodes to a graph: under names that nobody has, at the device and place of a node that they belong to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import encode
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef

INT32: Final = 3
STRING: Final = 7
RESOURCE: Final = 20
_LOCATION: Final = b"loc:@"


class NodeWriter:
    """Adds nodes to one graph, in place.

    Args:
        proto: the graph.
        taken: further names that new nodes must not have.
    """

    def __init__(self, proto: MetaGraphDef, taken: Collection[str] = ()) -> None:
        self._graph = proto.graph_def
        self._names = {node.name for node in proto.graph_def.node} | set(taken)

    def has(self, name: str) -> bool:
        """Whether a node or a key has this name."""
        return name in self._names

    def free(self, name: str) -> str:
        """This name, or with the lowest number behind it that makes it new; nothing may stand below it either."""
        number, found = 0, name
        while found in self._names or any(one.startswith(f"{found}/") for one in self._names):
            number += 1
            found = f"{name}_{number}"
        return found

    def add(
        self, op: str, name: str, inputs: Sequence[str], near: NodeDef | None = None, **types: int
    ) -> NodeDef:
        """A new node.

        Args:
            op: its operation.
            name: what it is called, unless another node has that name.
            inputs: its inputs.
            near: a node whose device it takes, and beside which it lies.
            types: its attributes that are element types, by TensorFlow's numbers.
        """
        number, found = 0, name
        while found in self._names:
            number += 1
            found = f"{name}_{number}"
        self._names.add(found)
        node = self._graph.node.add(name=found, op=op, input=inputs)
        for attr, number in types.items():
            node.attr[attr].type = number
        if near is not None:
            node.device = near.device
            node.attr["_class"].list.s.append(_LOCATION + encode(near.name))
        return node

    def constant(self, name: str, values: ArrayLike, dtype: int, near: NodeDef | None = None) -> str:
        """A constant of numbers; its name."""
        array = np.asarray(values, dtypes.unknown(dtype).numpy)
        node = self.add("Const", name, (), near, dtype=dtype)
        value = node.attr["value"].tensor
        value.dtype = dtype
        value.tensor_shape.SetInParent()
        for extent in array.shape:
            value.tensor_shape.dim.add(size=extent)
        value.tensor_content = array.tobytes()
        return node.name

    def texts(self, name: str, values: Sequence[str]) -> str:
        """A constant list of texts; its name."""
        node = self.add("Const", name, (), dtype=STRING)
        value = node.attr["value"].tensor
        value.dtype = STRING
        value.tensor_shape.dim.add(size=len(values))
        value.string_val.extend(encode(text) for text in values)
        return node.name
