"""Freezes variables in a MetaGraph: for a run, and for a written file, where it can be undone exactly later on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.errors import Corrupt
from ckpt_studio.formats.meta_graph.freezing import Blocked, Freezer, with_companions
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.train_ops import TrainOpFinder
from ckpt_studio.formats.meta_graph.variables import VARIABLE_COLLECTIONS, listed_names
from ckpt_studio.formats.protos.meta_graph_pb2 import FrozenRecord, MetaGraphDef, NodeDef, VariableDef

RECORD: Final = "ckpt_studio_frozen"
"""The collection that keeps what freezing took out: one FrozenRecord in base64, which TensorFlow carries along."""


@dataclass(frozen=True, slots=True)
class FrozenResult:
    """A MetaGraph with frozen variables.

    Attributes:
        meta: the new MetaGraph.
        frozen: names of the frozen variables' nodes, their slots and shadows included.
        replaced: the nodes that were replaced, as they were.
        blocked: nodes that would still write frozen variables.
        notes: sentences that a person should see.
    """

    meta: MetaGraph
    frozen: frozenset[str]
    replaced: tuple[NodeDef, ...]
    blocked: tuple[Blocked, ...]
    notes: tuple[str, ...]


def resolve_frozen(meta: MetaGraph, names: Collection[str]) -> frozenset[str]:
    """The variables' nodes that keys of a checkpoint (or nodes' names) name, with their slots and shadows.

    All parts of a partitioned variable are named by its one key. Names that the graph does not have are left out.
    """
    wanted = frozenset(names)
    view = meta.view
    found = {
        name
        for name, one in meta.variables.items()
        if name in wanted or one.key in wanted or not wanted.isdisjoint(view.restored.get(name, ()))
    }
    return with_companions(view, meta.variables, found)


def freeze_nodes(meta: MetaGraph, frozen: Collection[str], train_ops: Collection[str] | None) -> FrozenResult:
    """Replace every update of frozen variables that the train operations run, for a run.

    Args:
        meta: the graph.
        frozen: keys or names of variables.
        train_ops: nodes whose closure is frozen; None for all writers of the graph, initializers included.
    """
    view, names = meta.view, resolve_frozen(meta, frozen)
    if train_ops is None:
        return _freeze(meta, names, set(view.writes), ())
    return _freeze(meta, names, view.behind(train_ops) & set(view.writes), [[one] for one in train_ops])


def freeze_meta_graph(meta: MetaGraph, frozen: Collection[str]) -> FrozenResult:
    """A MetaGraph for a written checkpoint in which exactly these variables are frozen.

    They leave `trainable_variables`, their definitions say so, and their updates are replaced wherever a train
    operation runs them; what initialises, saves and restores them stays. What an earlier freezing took out is brought
    back first.

    Args:
        meta: the graph, as read or as written by this function.
        frozen: keys of the checkpoint, or names of variables.

    Raises:
        Corrupt: the record of an earlier freezing is damaged.
    """
    meta = unfreeze_meta_graph(meta)
    names = resolve_frozen(meta, frozen)
    if not names:
        return FrozenResult(meta, names, (), (), ())
    view = meta.view
    listed_ops = meta.listed("train_op")
    found = TrainOpFinder(view, meta.variables, (), listed_ops).find()
    roots = {*found.chosen, *(one.name for one in found.candidates), *listed_ops}
    initializers = {one.initializer for one in meta.variables.values()}
    writers = {
        name
        for name in view.behind(roots) & set(view.writes)
        if name not in initializers and not view.is_restoring(name)
    }
    result = _freeze(meta, names, writers, [*([one] for one in found.chosen), roots])
    record = FrozenRecord(variables=sorted(names), nodes=result.replaced)
    before = {one.signature.name for one in meta.proto.graph_def.library.function}
    for function in result.meta.proto.graph_def.library.function:
        if function.signature.name not in before:
            record.functions.append(function.signature.name)
    _mark_collections(result.meta.proto, names, record)
    kept = base64.b64encode(record.SerializeToString(deterministic=True))
    result.meta.proto.collection_def[RECORD].bytes_list.value.append(kept)
    return result


def unfreeze_meta_graph(meta: MetaGraph) -> MetaGraph:
    """The MetaGraph as it was before `freeze_meta_graph`; itself if nothing of it is frozen.

    Raises:
        Corrupt: the record of the freezing is damaged.
    """
    if RECORD not in meta.proto.collection_def:
        return meta
    record = _record(meta)
    proto = MetaGraphDef()
    proto.CopyFrom(meta.proto)
    del proto.collection_def[RECORD]
    replaced = {node.name: node for node in record.nodes}
    for node in proto.graph_def.node:
        if node.name in replaced:
            node.CopyFrom(replaced[node.name])
    added = set(record.functions)
    functions = proto.graph_def.library.function
    for place in reversed(range(len(functions))):
        if functions[place].signature.name in added:
            del functions[place]
    for name, collection in record.collection_def.items():
        proto.collection_def[name].CopyFrom(collection)
    return MetaGraph(proto, path=meta.path)


def frozen_names(meta: MetaGraph) -> frozenset[str]:
    """Names of the variables that `freeze_meta_graph` froze in this MetaGraph, slots and shadows included.

    Raises:
        Corrupt: the record of the freezing is damaged.
    """
    return frozenset(_record(meta).variables) if RECORD in meta.proto.collection_def else frozenset()


def _record(meta: MetaGraph) -> FrozenRecord:
    try:
        (kept,) = meta.proto.collection_def[RECORD].bytes_list.value
        return FrozenRecord.FromString(base64.b64decode(kept, validate=True))
    except (ValueError, binascii.Error, DecodeError) as error:
        raise Corrupt(
            f"The MetaGraph's record of what was frozen (its collection {RECORD}) is damaged; use the original.",
            path=meta.path,
        ) from error


def _freeze(
    meta: MetaGraph, names: frozenset[str], writers: Collection[str], roots: Sequence[Collection[str]]
) -> FrozenResult:
    proto = MetaGraphDef()
    proto.CopyFrom(meta.proto)
    freezer = Freezer(proto, meta.view, names)
    freezer.freeze(writers, roots)
    notes = list(freezer.notes)
    if freezer.replaced and any("global_norm" in name for group in roots for name in meta.view.behind(group)):
        notes.append("Clipping by global norm still counts the gradients of the frozen variables.")
    return FrozenResult(
        MetaGraph(proto, path=meta.path),
        names,
        tuple(freezer.replaced.values()),
        tuple(freezer.blocked),
        tuple(notes),
    )


def _mark_collections(proto: MetaGraphDef, names: frozenset[str], record: FrozenRecord) -> None:
    """Take frozen variables out of `trainable_variables` and say in their definitions that they do not train."""
    for name in VARIABLE_COLLECTIONS:
        if name not in proto.collection_def:
            continue
        collection = proto.collection_def[name]
        if names.isdisjoint(listed_names(collection)):
            continue
        record.collection_def[name].CopyFrom(collection)
        drop = name == "trainable_variables"
        values, nodes = list(collection.bytes_list.value), list(collection.node_list.value)
        if values:
            del collection.bytes_list.value[:]
            collection.bytes_list.SetInParent()
            collection.bytes_list.value.extend(_marked(values, names, drop))
        elif drop:
            del collection.node_list.value[:]
            collection.node_list.SetInParent()
            collection.node_list.value.extend(one for one in nodes if node_of(one) not in names)


def _marked(values: Collection[bytes], names: frozenset[str], drop: bool) -> list[bytes]:
    kept = []
    for value in values:
        try:
            definition = VariableDef.FromString(value)
        except DecodeError:
            kept.append(value)
            continue
        if node_of(definition.variable_name) not in names:
            kept.append(value)
        elif not drop:
            definition.trainable = False
            kept.append(definition.SerializeToString(deterministic=True))
    return kept
