"""Makes random operations a function of the step, so that a resumed run draws what an uninterrupted one would have.

A stateful random operation counts its draws in the session; the count is in no checkpoint. Its stateless sister takes a
seed instead, which is made from the operation's name, the run's seed and the step that is fed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Final

from ckpt_studio.formats.meta_graph.ops import control_inputs, data_inputs
from ckpt_studio.formats.protos.meta_graph_pb2 import GraphDef, NodeDef

STATELESS: Final = {
    "RandomUniform": "StatelessRandomUniform",
    "RandomStandardNormal": "StatelessRandomNormal",
    "TruncatedNormal": "StatelessTruncatedNormal",
    "RandomUniformInt": "StatelessRandomUniformInt",
    "Multinomial": "StatelessMultinomial",
}
"""Stateful random operations whose stateless sister draws from the same distribution."""

RANDOM: Final = frozenset(STATELESS) | frozenset(
    """
    RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle RandomCrop ParameterizedTruncatedNormal
    SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 NonDeterministicInts FractionalAvgPool FractionalMaxPool
    AllCandidateSampler FixedUnigramCandidateSampler LearnedUnigramCandidateSampler LogUniformCandidateSampler
    ThreadUnsafeUnigramCandidateSampler UniformCandidateSampler Skipgram Timestamp StochasticCastToInt
    """.split()  # noqa: SIM905
)
"""Operations whose values differ from run to run."""

_FLOAT: Final = 1
_INT32: Final = 3
_INT64: Final = 9


class StepKeyed:
    """Rewrites random operations of one graph in place.

    Args:
        graph: the graph; nodes are added to it.
        prefix: for the names of the added nodes.
        seed: the run's.
        step: name of the placeholder for the step (int64 scalar), or "" to draw the same values at every step.
    """

    def __init__(self, graph: GraphDef, prefix: str, seed: int, step: str) -> None:
        self._graph = graph
        self._prefix = prefix
        self._seed = seed
        self._step = step
        self._count = 0

    def rewrite_all(self, nodes: Collection[NodeDef]) -> None:
        """Make nodes of `STATELESS` functions of the step."""
        for node in nodes:
            self._rewrite(node)

    def _rewrite(self, node: NodeDef) -> None:
        key = self._key(node.name)
        data, control = data_inputs(node), control_inputs(node)
        old = {
            attr: node.attr[attr].type for attr in ("T", "dtype", "Tout", "output_dtype") if attr in node.attr
        }
        place = 2 if node.op == "Multinomial" else 1
        stateless = {"Tseed": _INT64, **_types(node.op, old)}
        node.op = STATELESS[node.op]
        del node.input[:]
        node.input.extend([*data[:place], key, *data[place:], *control])
        for attr in [one for one in node.attr if one != "_class"]:
            del node.attr[attr]
        for attr, number in stateless.items():
            node.attr[attr].type = number

    def _key(self, name: str) -> str:
        """Adds the two-number seed of a node; its name."""
        self._count += 1
        text = f"{self._seed}/{name}".encode("utf-8", "surrogateescape")
        number = int.from_bytes(hashlib.sha256(text).digest()[:8], "little", signed=True)
        first = self._constant(f"{self._prefix}random/{self._count}/key", number)
        second = self._step or self._constant(f"{self._prefix}random/{self._count}/step", -1)
        pair = self._graph.node.add(
            name=f"{self._prefix}random/{self._count}/seed", op="Pack", input=[first, second]
        )
        pair.attr["T"].type = _INT64
        pair.attr["N"].i = 2
        pair.attr["axis"].i = 0
        return pair.name

    def _constant(self, name: str, number: int) -> str:
        node = self._graph.node.add(name=name, op="Const")
        node.attr["dtype"].type = _INT64
        value = node.attr["value"].tensor
        value.dtype = _INT64
        value.tensor_shape.SetInParent()
        value.int64_val.append(number)
        return name


def _types(op: str, old: dict[str, int]) -> dict[str, int]:
    if op == "RandomUniformInt":
        return {"T": old.get("T", _INT32), "dtype": old.get("Tout", _INT32)}
    if op == "Multinomial":
        return {"T": old.get("T", _FLOAT), "output_dtype": old.get("output_dtype", _INT64)}
    return {"T": old.get("T", _INT32), "dtype": old.get("dtype", _FLOAT)}
