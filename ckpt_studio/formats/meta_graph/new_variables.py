"""Adds variables to a graph as TensorFlow 1 makes them: initialised, listed, saved and restored by its own Saver."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import encode
from ckpt_studio.formats.meta_graph.load import MetaGraph
from ckpt_studio.formats.meta_graph.names import node_of, tensor_name
from ckpt_studio.formats.meta_graph.node_writer import INT32, NodeWriter
from ckpt_studio.formats.meta_graph.variables import Part, VariableNode
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef, VariableDef

_FIRST_SAVED = 3


class NewVariables:
    """Adds variables to one graph, in place. `list_and_save` must come last.

    Args:
        meta: the graph as it was.
        proto: the copy that is added to.
        keys: the checkpoint's keys, none of which a new variable may have.
    """

    def __init__(self, meta: MetaGraph, proto: MetaGraphDef, keys: Collection[str]) -> None:
        self._meta = meta
        self._proto = proto
        self.writer = NodeWriter(proto, keys)
        self._made: list[VariableNode] = []

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the new variables."""
        return tuple(one.name for one in self._made)

    def add(
        self, like: VariableNode, name: str, first: float, shape: Sequence[int], part: Part | None
    ) -> str:
        """A variable of the kind and type of another, beside which it lies; its name.

        Args:
            like: the other one.
            name: what it is called, unless that name is taken.
            first: what it is filled with at first.
            shape: its shape.
            part: which part of a whole it holds, where the other one does.
        """
        number = dtypes.BY_NAME[like.dtype].number
        near = self._meta.view.nodes[like.name]
        resource = like.kind == "resource"
        node = self.writer.add("VarHandleOp" if resource else "VariableV2", name, (), near, dtype=number)
        node.attr["shape"].shape.SetInParent()
        for extent in shape:
            node.attr["shape"].shape.dim.add(size=extent)
        node.attr["container"].s = b""
        node.attr["shared_name"].s = encode(node.name) if resource else b""
        self._initialise(node, first, shape, number)
        read = self.writer.add(
            "ReadVariableOp" if resource else "Identity",
            f"{node.name}/read",
            [node.name],
            near,
            **{"dtype" if resource else "T": number},
        )
        assert read.name == f"{node.name}/read"
        made = VariableNode(
            node.name, like.dtype, tuple(shape), like.kind, False, f"{node.name}/Assign", part, ()
        )
        self._made.append(made)
        return node.name

    def _initialise(self, node: NodeDef, first: float, shape: Sequence[int], number: int) -> None:
        value = self.writer.constant(f"{node.name}/Initializer/value", first, number, node)
        if shape:
            extents = self.writer.constant(f"{node.name}/Initializer/shape", list(shape), INT32, node)
            value = self.writer.add(
                "Fill", f"{node.name}/Initializer/filled", [extents, value], node, T=number
            ).name
        self._assign(node, value, f"{node.name}/Assign", number)

    def _assign(self, node: NodeDef, value: str, name: str, number: int) -> str:
        if node.op == "VarHandleOp":
            return self.writer.add("AssignVariableOp", name, [node.name, value], node, dtype=number).name
        return self.writer.add("Assign", name, [node.name, value], node, T=number).name

    # ---- what lists and saves them

    def list_and_save(self) -> bool:
        """Put the new variables in the collections of variables and in the graph's Saver; whether that has them."""
        for collection in ("variables",):
            self._list(collection)
        return self._save()

    def _list(self, collection: str) -> None:
        if collection not in self._proto.collection_def:
            return
        listed = self._proto.collection_def[collection]
        if listed.node_list.value:
            listed.node_list.value.extend(tensor_name(one.name, 0) for one in self._made)
        else:
            listed.bytes_list.value.extend(
                _definition(one).SerializeToString(deterministic=True) for one in self._made
            )

    def _save(self) -> bool:
        saver = self._proto.saver_def
        nodes = {node.name: node for node in self._proto.graph_def.node}
        restore = nodes.get(node_of(saver.restore_op_name.removeprefix("^")))
        saves = [
            nodes[name]
            for name in sorted(self._meta.view.behind([node_of(saver.save_tensor_name)]))
            if nodes[name].op == "SaveV2"
        ]
        if restore is None or restore.op != "NoOp" or not saves or not self._made:
            return not self._made
        save = saves[-1]
        lists = [nodes[node_of(text)] for text in save.input[1:_FIRST_SAVED] if node_of(text) in nodes]
        if len(lists) < _FIRST_SAVED - 1 or not all(_is_list(one, len(save.input)) for one in lists):
            return False
        keys = [one.key for one in self._made]
        slices = ["" if one.part is None else _slice_text(one.part) for one in self._made]
        reads = [node_of(f"{one.name}/read") for one in self._made]
        numbers = [dtypes.BY_NAME[one.dtype].number for one in self._made]
        for one, texts in zip(lists, (keys, slices), strict=True):
            _lengthen(one, texts)
        values, rest = list(save.input[:_FIRST_SAVED]), list(save.input[_FIRST_SAVED:])
        before = len(save.attr["dtypes"].list.type)
        del save.input[:]
        save.input.extend([*values, *rest[:before], *reads, *rest[before:]])
        save.attr["dtypes"].list.type.extend(numbers)
        self._restore(save, restore, keys, slices, numbers)
        return True

    def _restore(
        self, save: NodeDef, restore: NodeDef, keys: list[str], slices: list[str], numbers: list[int]
    ) -> None:
        scope = f"{save.name.rpartition('/')[0]}/RestoreV2".removeprefix("/")
        scope = self.writer.free(scope)
        inputs = [self._meta.proto.saver_def.filename_tensor_name]
        inputs += [
            self.writer.texts(f"{scope}/tensor_names", keys),
            self.writer.texts(f"{scope}/shape_and_slices", slices),
        ]
        node = self.writer.add("RestoreV2", scope, [_text(inputs[0]), *inputs[1:]])
        node.device = save.device
        node.attr["dtypes"].list.type.extend(numbers)
        nodes = {one.name: one for one in self._proto.graph_def.node}
        for place, (one, number) in enumerate(zip(self._made, numbers, strict=True)):
            value = f"{node.name}:{place}" if place else node.name
            given = self._assign(nodes[one.name], value, f"{scope}/assign_{place}", number)
            restore.input.append(f"^{given}")


def _text(tensor: str) -> str:
    return tensor.removesuffix(":0")


def _is_list(constant: NodeDef, most: int) -> bool:
    """Whether a node is a constant list of texts, of a length that can be."""
    shape = constant.attr["value"].tensor.tensor_shape
    return constant.op == "Const" and len(shape.dim) == 1 and 0 < shape.dim[0].size <= most


def _lengthen(constant: NodeDef, texts: Sequence[str]) -> None:
    """Add texts to a constant list; in a file, one text alone may stand for all."""
    tensor = constant.attr["value"].tensor
    count = tensor.tensor_shape.dim[0].size
    while len(tensor.string_val) < count:
        tensor.string_val.append(tensor.string_val[-1] if tensor.string_val else b"")
    tensor.string_val.extend(encode(text) for text in texts)
    tensor.tensor_shape.dim[0].size = len(tensor.string_val)
    if "_output_shapes" in constant.attr:
        del constant.attr["_output_shapes"]


def _slice_text(part: Part) -> str:
    """A part of a whole as SaveV2 takes it."""
    extents = "".join(f"{extent} " for extent in part.full_shape)
    return extents + ":".join(f"{at},{size}" for at, size in zip(part.offset, part.shape, strict=True))


def _definition(one: VariableNode) -> VariableDef:
    filled = f"{one.name}/Initializer/{'filled' if one.shape else 'value'}"
    said = VariableDef(
        variable_name=tensor_name(one.name, 0),
        initializer_name=f"{one.name}/Assign",
        snapshot_name=tensor_name(f"{one.name}/read", 0),
        initial_value_name=tensor_name(filled, 0),
        is_resource=one.kind == "resource",
    )
    if one.part is not None:
        said.save_slice_info_def.full_name = one.part.full_name
        said.save_slice_info_def.full_shape.extend(one.part.full_shape)
        said.save_slice_info_def.var_offset.extend(one.part.offset)
        said.save_slice_info_def.var_shape.extend(one.part.shape)
    return said
