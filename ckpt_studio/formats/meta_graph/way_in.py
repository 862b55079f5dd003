"""The way into the loop that an update lies in: what it takes from outside has to enter the frames of that loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import node_of, parse_input
from ckpt_studio.formats.meta_graph.node_writer import NodeWriter
from ckpt_studio.formats.meta_graph.ops import PASS_OPS, data_inputs
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef

_ENTERS: Final = ("Enter", "RefEnter")
_FRAME: Final = ("frame_name", "parallel_iterations")


@dataclass(frozen=True)
class WayIn:
    """The frames of a loop, and of those around it.

    Attributes:
        frames: a node by which something enters each, from the outermost on.
    """

    frames: tuple[NodeDef, ...]
    _entered: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[bytes, ...]:
        """What the frames are called."""
        return tuple(one.attr["frame_name"].s for one in self.frames)

    def enter(self, text: str, number: int, writer: NodeWriter, *, reference: bool = False) -> str:
        """A tensor that does not change while the loop goes on, as the nodes in it can take it.

        Args:
            text: the tensor.
            number: its element type.
            writer: adds nodes.
            reference: whether it is a variable of the first kind.
        """
        if text not in self._entered:
            inside = text
            for frame in self.frames:
                op, name = ("RefEnter" if reference else "Enter"), f"{node_of(text)}/Enter"
                node = writer.add(op, name, [inside], T=number)
                node.device = frame.device
                for attr in _FRAME:
                    node.attr[attr].CopyFrom(frame.attr[attr])
                node.attr["is_constant"].b = True
                inside = node.name
            self._entered[text] = inside
        return self._entered[text]


def way_in(view: GraphView, node: str) -> WayIn:
    """The way by which a variable comes to the node that updates it; without frames where that is in no loop."""
    frames: list[NodeDef] = []
    text = data_inputs(view.nodes[node])[0]
    seen: set[str] = set()
    while (name := parse_input(text)[0]) in view.nodes and name not in seen:
        seen.add(name)
        source = view.nodes[name]
        if source.op not in PASS_OPS or not data_inputs(source):
            break
        if source.op in _ENTERS:
            frames.insert(0, source)
        text = data_inputs(source)[0]
    return WayIn(tuple(frames))
