"""Finds data that a graph brings along: iterators and queues that it fills itself, from nothing outside of it.

Outside are files, Python, the network, and what somebody feeds; variables count as outside too, since what a queue
counts in them would be saved. Everything else has to be an operation that is known to be harmless.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import CUT_OPS, PASS_OPS, VARIABLE_OPS, data_inputs
from ckpt_studio.formats.meta_graph.risks import find_risks
from ckpt_studio.formats.protos.meta_graph_pb2 import CollectionDef, NodeDef, QueueRunnerDef

NOT_EXACT: Final = (
    "The position in the graph's own data is not part of a checkpoint, so the run begins that data anew."
)

_REACHED_BY: Final = {
    "files": "is read from files",
    "python": "comes from Python code that is not in the file",
    "network": "comes over the network",
}


@dataclass(frozen=True, slots=True)
class OwnQueue:
    """What fills a queue.

    Attributes:
        enqueues: nodes to run again and again, each in a thread of its own.
        close: node to run when the last of them has come to the end of its data, or "".
        cancel: node to run when one of them fails, or "".
    """

    enqueues: tuple[str, ...]
    close: str
    cancel: str


@dataclass(frozen=True, slots=True)
class OwnData:
    """How the data of one node begins and is kept coming.

    Attributes:
        starts: nodes to run once, before the first step: they begin iterators.
        queues: what fills the queues that lie behind the node.
    """

    starts: tuple[str, ...]
    queues: tuple[OwnQueue, ...]

    @property
    def fillers(self) -> tuple[str, ...]:
        """Every node that is run for the queues."""
        named = ((*one.enqueues, one.close, one.cancel) for one in self.queues)
        return tuple(name for names in named for name in names if name)


class _Outside(Exception):
    """The data does not come from the graph alone; the text continues "its data ..."."""


def find_own_data(
    view: GraphView, nodes: Iterable[NodeDef], queue_runners: CollectionDef
) -> tuple[dict[str, OwnData], tuple[str, ...]]:
    """(how each node whose data the graph brings along gets it, sentences about those that have to be fed).

    Args:
        view: the graph.
        nodes: those where data comes in; placeholders and Python calls among them are passed over.
        queue_runners: the collection of that name.
    """
    finder = _Finder(view, queue_runners)
    found: dict[str, OwnData] = {}
    notes = []
    for node in nodes:
        if CUT_OPS.fullmatch(node.op) is None or "PyFunc" in node.op:
            continue
        try:
            found[node.name] = finder.find(node)
        except _Outside as why:
            notes.append(f"{node.name} has to be fed: its data {why}.")
    return found, tuple(notes)


class _Finder:
    def __init__(self, view: GraphView, queue_runners: CollectionDef) -> None:
        self._view = view
        self._beginners: dict[str, list[str]] = {}
        for name, node in view.nodes.items():
            if node.op == "MakeIterator" and len(data_inputs(node)) > 1:
                self._beginners.setdefault(self._source(node, 1), []).append(name)
        self._runners: dict[str, list[OwnQueue]] = {}
        for value in queue_runners.bytes_list.value:
            self._add_runner(value)

    def _add_runner(self, value: bytes) -> None:
        try:
            said = QueueRunnerDef.FromString(value)
        except DecodeError:
            return
        enqueues = tuple(node_of(name) for name in said.enqueue_op_name)
        ends = [node_of(name) for name in (said.close_op_name, said.cancel_op_name)]
        if enqueues and all(name in self._view.nodes for name in (*enqueues, *filter(None, ends))):
            self._runners.setdefault(node_of(said.queue_name), []).append(OwnQueue(enqueues, *ends))

    def _source(self, node: NodeDef, place: int) -> str:
        """Name of the node that makes the iterator or queue which a data input stands for."""
        inputs = data_inputs(node)
        name = node_of(inputs[place]) if place < len(inputs) else ""
        for _ in range(8):
            at = self._view.nodes.get(name)
            if at is None or at.op not in PASS_OPS or not data_inputs(at):
                break
            name = node_of(data_inputs(at)[0])
        return name

    def find(self, node: NodeDef) -> OwnData:
        """How a node's data is made.

        Raises:
            _Outside: not by the graph alone.
        """
        starts: dict[str, None] = {}
        queues: dict[OwnQueue, None] = {}
        done: set[str] = set()
        todo = {node.name}
        while new := self._view.behind(todo) - done:
            done |= new
            todo = set()
            for name in sorted(new):
                at = self._view.nodes[name]
                if at.op.startswith("IteratorGetNext"):
                    starts |= dict.fromkeys(self._begins(self._source(at, 0)))
                elif at.op.startswith("QueueDequeue"):
                    queues |= dict.fromkeys(self._fills(self._source(at, 0)))
            todo |= {*starts, *(name for one in queues for name in _names(one))}
        self._check(done)
        return OwnData(tuple(starts), tuple(queues))

    def _begins(self, iterator: str) -> list[str]:
        node = self._view.nodes.get(iterator)
        if node is not None and node.op == "OneShotIterator":
            return []
        if node is None or node.op not in ("Iterator", "IteratorV2"):
            raise _Outside("comes from an iterator that is only chosen in a session")
        beginners = self._beginners.get(iterator, [])
        if not beginners:
            raise _Outside(f"comes from the iterator {iterator}, which nothing in the graph begins")
        if len(beginners) > 1:
            listed = ", ".join(beginners[:3])
            raise _Outside(f"comes from the iterator {iterator}, which may begin in several ways ({listed})")
        return beginners

    def _fills(self, queue: str) -> list[OwnQueue]:
        if queue not in self._runners:
            raise _Outside(f"comes from the queue {queue or '?'}, which nothing in the graph fills")
        return self._runners[queue]

    def _check(self, names: Collection[str]) -> None:
        nodes = [self._view.nodes[name] for name in sorted(names)]
        risks = find_risks(nodes, self._view.library)
        for one in sorted(risks, key=lambda risk: risk.kind not in _REACHED_BY):
            said = _REACHED_BY.get(one.kind, "comes from an operation that is not known to be harmless")
            raise _Outside(f"{said} ({one.op} at {one.node})")
        for node in nodes:
            if node.op in ("Placeholder", "PlaceholderV2"):
                raise _Outside(f"is made from what is fed to {node.name}")
            if node.op in VARIABLE_OPS:
                raise _Outside(f"is made from the variable {node.name}")


def _names(queue: OwnQueue) -> tuple[str, ...]:
    return OwnData((), (queue,)).fillers
