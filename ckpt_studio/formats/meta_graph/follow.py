"""A MetaGraph that follows its checkpoint: variables that are called otherwise, or that are not there any more.

A variable's node takes the new key for its name, wherever the graph, its collections and its savers name it. What is
not there any more is taken out of what the savers save and restore; the variable itself stays, because the graph may
need it, and has to be initialised. What cannot follow is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, MutableSequence
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError

from ckpt_studio.core.tensors import decode, encode
from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.names import is_control, node_of, parse_input
from ckpt_studio.formats.meta_graph.variables import VARIABLE_COLLECTIONS
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef, VariableDef

_SAVERS: Final = ("SaveV2", "RestoreV2", "Save", "SaveSlices", "Restore", "RestoreSlice")
"""Operations whose second input is a list of keys."""
_RESTORE_ONE: Final = ("Restore", "RestoreSlice")
_FIRST_SAVED: Final = 3
"""Place of the first value among the inputs of SaveV2."""
_NODE_NAME: Final = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""tensorflow/core/framework/node_def_util.cc"""
_SHAPES: Final = "_output_shapes"
_LOCATION: Final = b"loc:@"
_NAMES: Final = ("variable_name", "initializer_name", "snapshot_name", "initial_value_name")


@dataclass(frozen=True, slots=True)
class Followed:
    """A MetaGraph that has followed.

    Attributes:
        meta: the new one.
        notes: what a person should know.
    """

    meta: MetaGraph
    notes: tuple[str, ...]


def follow(meta: MetaGraph, renamed: Mapping[str, str], dropped: Collection[str]) -> Followed:
    """The MetaGraph for a checkpoint in which variables were renamed or dropped.

    Args:
        meta: the graph, nothing of it frozen.
        renamed: new key by old key.
        dropped: old keys.
    """
    proto = MetaGraphDef()
    proto.CopyFrom(meta.proto)
    gone = _without_saving(proto, frozenset(dropped))
    restored = meta.view.restored
    keys = {key: name for name, one in meta.variables.items() for key in restored.get(name, (one.key,))}
    whole = {one.part.full_name for one in meta.variables.values() if one.part is not None}
    nodes, notes = {}, []
    for old, new in renamed.items():
        if keys.get(old) == old and old not in whole:
            nodes[old] = new
    taken = {node.name for node in proto.graph_def.node} - nodes.keys()
    odd = [old for old, new in nodes.items() if not _NODE_NAME.fullmatch(new) or new in taken]
    for old in odd:
        del nodes[old]
    if odd:
        notes.append(
            f"The graph keeps the old names of {some_of(sorted(odd))}: the new ones cannot be those of nodes; its own "
            "Saver restores them all the same."
        )
    _rename_nodes(proto, nodes)
    _rename_keys(proto, renamed)
    if _rename_in_collections(proto, nodes, renamed):
        notes.append(
            "Loops of the graph still name variables as they were; build their gradients before you write."
        )
    if gone:
        notes.append(
            f"The graph's own Saver does not restore {some_of(sorted(gone))} any more: initialise what the graph "
            "still holds of it."
        )
    return Followed(MetaGraph(proto, path=meta.path), tuple(notes))


# ---- names of nodes


def _rename_nodes(proto: MetaGraphDef, nodes: Mapping[str, str]) -> None:
    if not nodes:
        return
    for node in proto.graph_def.node:
        old = node.name
        node.name = nodes.get(old, old)
        for place, text in enumerate(node.input):
            name = node_of(text)
            if name in nodes:
                node.input[place] = _as_said(text, nodes[name])
        if "shared_name" in node.attr and node.attr["shared_name"].s == encode(old) and old in nodes:
            node.attr["shared_name"].s = encode(nodes[old])
        if "_class" in node.attr:
            classes = node.attr["_class"].list.s
            for place, said in enumerate(classes):
                name = decode(said.removeprefix(_LOCATION))
                if said.startswith(_LOCATION) and name in nodes:
                    classes[place] = _LOCATION + encode(nodes[name])


def _as_said(text: str, name: str) -> str:
    """An input, or a tensor's or node's name, with another node."""
    if is_control(text):
        return f"^{name}"
    return f"{name}:{parse_input(text)[1]}" if ":" in text else name


def _rename_in_collections(proto: MetaGraphDef, nodes: Mapping[str, str], renamed: Mapping[str, str]) -> bool:
    """Whether something is left that still has an old name."""
    left = False
    old = [encode(f"{name}:0") for name in nodes]
    for name, collection in proto.collection_def.items():
        for place, text in enumerate(collection.node_list.value):
            if node_of(text) in nodes:
                collection.node_list.value[place] = _as_said(text, nodes[node_of(text)])
        for place, value in enumerate(collection.bytes_list.value):
            if name in VARIABLE_COLLECTIONS:
                collection.bytes_list.value[place] = _definition(value, nodes, renamed)
            elif name.endswith("_context"):
                left |= any(one in value for one in old)
    return left


def _definition(value: bytes, nodes: Mapping[str, str], renamed: Mapping[str, str]) -> bytes:
    try:
        said = VariableDef.FromString(value)
    except DecodeError:
        return value
    whole, before = said.save_slice_info_def.full_name, said.SerializeToString(deterministic=True)
    for field in _NAMES:
        text = getattr(said, field)
        if node_of(text) in nodes:
            setattr(said, field, _as_said(text, nodes[node_of(text)]))
    if whole in renamed:
        said.save_slice_info_def.full_name = renamed[whole]
    after = said.SerializeToString(deterministic=True)
    return value if before == after else after


# ---- keys of savers


def _key_lists(proto: MetaGraphDef) -> Iterator[tuple[NodeDef, NodeDef]]:
    """Each saving or restoring node, with the constant that lists its keys."""
    nodes = {node.name: node for node in proto.graph_def.node}
    for node in proto.graph_def.node:
        if node.op in _SAVERS and len(node.input) > 1:
            listed = nodes.get(node_of(node.input[1]))
            if listed is not None and listed.op == "Const" and "value" in listed.attr:
                yield node, listed


def _rename_keys(proto: MetaGraphDef, renamed: Mapping[str, str]) -> None:
    for constant in {listed.name: listed for _, listed in _key_lists(proto)}.values():
        texts = constant.attr["value"].tensor.string_val
        for place, text in enumerate(texts):
            texts[place] = encode(renamed.get(decode(text), decode(text)))


def _without_saving(proto: MetaGraphDef, dropped: frozenset[str]) -> set[str]:
    """Take keys out of what is saved and restored; which of them were there.

    What saves in the old V1 kind, or would save nothing at all, stays as it is.
    """
    nodes = {node.name: node for node in proto.graph_def.node}
    found: set[str] = set()
    lost: set[str] = set()
    restored: dict[str, list[int]] = {}
    constants: dict[str, list[int]] = {}
    for node, listed in _key_lists(proto):
        keys = [decode(text) for text in listed.attr["value"].tensor.string_val]
        here = [place for place, key in enumerate(keys) if key in dropped]
        types = node.attr["dtypes"].list.type if "dtypes" in node.attr else ()
        if here and node.op in _RESTORE_ONE:
            found.update(keys)
            lost.add(node.name)
        if not here or node.op not in ("SaveV2", "RestoreV2") or len(types) != len(keys):
            continue
        found.update(keys[place] for place in here)
        if len(here) == len(keys):
            lost.update({node.name} if node.op == "RestoreV2" else ())
            continue
        _delete(node.attr["dtypes"].list.type, here)
        if node.op == "SaveV2":
            _delete(node.input, [place + _FIRST_SAVED for place in here])
        else:
            restored[node.name] = here
        constants.update((node_of(text), here) for text in node.input[1:3])
        if _SHAPES in node.attr:
            del node.attr[_SHAPES]
    for name, here in constants.items():
        _shorten(nodes[name], here)
    _unrestore(proto, restored, lost)
    return found


def _shorten(constant: NodeDef, places: list[int]) -> None:
    """Take texts out of a constant list; one text alone stands for all."""
    tensor = constant.attr["value"].tensor
    if len(tensor.string_val) > 1:
        _delete(tensor.string_val, places)
    if tensor.tensor_shape.dim:
        tensor.tensor_shape.dim[0].size -= len(places)
    if _SHAPES in constant.attr:
        del constant.attr[_SHAPES]


def _unrestore(proto: MetaGraphDef, gone: Mapping[str, list[int]], lost: set[str]) -> None:
    """Take away what assigns the outputs that restoring nodes do not have any more, and count the others anew.

    Args:
        proto: the graph.
        gone: outputs by node.
        lost: nodes that have none left; what takes values of them is added.
    """
    changed = True
    while changed:
        changed = False
        for node in proto.graph_def.node:
            if node.name in lost:
                continue
            sources = [parse_input(text) for text in node.input if not is_control(text)]
            if any(name in lost or output in gone.get(name, ()) for name, output in sources):
                lost.add(node.name)
                changed = True
    for node in proto.graph_def.node:
        for place in reversed(range(len(node.input))):
            text = node.input[place]
            name, output = parse_input(text)
            if name in lost and is_control(text):
                del node.input[place]
            elif name in gone and not is_control(text):
                now = output - sum(one < output for one in gone[name])
                node.input[place] = f"{name}:{now}" if now else name
    _filter(proto, lambda node: node.name not in lost)


def _filter(proto: MetaGraphDef, kept: Callable[[NodeDef], bool]) -> None:
    for place in reversed(range(len(proto.graph_def.node))):
        if not kept(proto.graph_def.node[place]):
            del proto.graph_def.node[place]


def _delete(values: MutableSequence[Any], places: list[int]) -> None:
    for place in sorted(places, reverse=True):
        del values[place]
