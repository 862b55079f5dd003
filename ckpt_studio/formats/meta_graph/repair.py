"""Mends what old TensorFlow releases left in graphs and what a cut-down graph lacks, so that it can be imported.

Only the GraphDef of a run is mended. Odd version texts and collections that name absent nodes stop TensorFlow's own
`import_meta_graph`, but a run never calls it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_studio.formats.meta_graph.ops import control_inputs, data_inputs
from ckpt_studio.formats.protos.meta_graph_pb2 import GraphDef, NodeDef

_LOCATION = b"loc:@"
_BOOL = 10


def repair_graph(graph: GraphDef) -> None:
    """Mend a graph in place, after it was cut down to what runs.

    - Devices are left to TensorFlow: the old machine's do not exist here.
    - `_output_shapes` goes: releases up to 0.12 wrote empty lists, and rewritten nodes no longer fit theirs.
    - Colocation with nodes that are no longer there goes.
    - `BatchDataset` becomes `BatchDatasetV2`: its first version cannot be imported any more.
    """
    there = {node.name.encode() for node in graph.node}
    for node in _all_nodes(graph):
        node.device = ""
        if "_output_shapes" in node.attr:
            del node.attr["_output_shapes"]
    for node in graph.node:
        _drop_absent_locations(node, there)
    _renew_batches(graph)


def _all_nodes(graph: GraphDef) -> Iterator[NodeDef]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def _drop_absent_locations(node: NodeDef, there: set[bytes]) -> None:
    if "_class" not in node.attr:
        return
    old = list(node.attr["_class"].list.s)
    kept = [one for one in old if not one.startswith(_LOCATION) or one.removeprefix(_LOCATION) in there]
    if len(kept) != len(old):
        del node.attr["_class"].list.s[:]
        node.attr["_class"].list.s.extend(kept)
    if not kept:
        del node.attr["_class"]


def _renew_batches(graph: GraphDef) -> None:
    for node in [one for one in graph.node if one.op == "BatchDataset"]:
        _renew_batch(node, graph.node.add(), "")
    for function in graph.library.function:
        for node in [one for one in function.node_def if one.op == "BatchDataset"]:
            _renew_batch(node, function.node_def.add(), ":output:0")


def _renew_batch(node: NodeDef, keep_rest: NodeDef, output: str) -> None:
    keep_rest.name = f"{node.name}_drop_remainder"
    keep_rest.op = "Const"
    keep_rest.attr["dtype"].type = _BOOL
    value = keep_rest.attr["value"].tensor
    value.dtype = _BOOL
    value.tensor_shape.SetInParent()
    value.bool_val.append(False)
    inputs = [*data_inputs(node), keep_rest.name + output, *control_inputs(node)]
    node.op = "BatchDatasetV2"
    del node.input[:]
    node.input.extend(inputs)
