"""Small MetaGraphs written by hand, for tests that need no TensorFlow."""

from __future__ import annotations

from ckpt_studio.formats.meta_graph import MetaGraph
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef, VariableDef

FLOAT = 1


class SmallGraph:
    """A MetaGraph in the making. Every variable is of float32, of shape [2], and starts from a constant."""

    def __init__(self) -> None:
        self.proto = MetaGraphDef()
        self.proto.graph_def.versions.producer = 27

    def node(self, name: str, op: str, *inputs: str, dtype: int | None = FLOAT) -> NodeDef:
        node = self.proto.graph_def.node.add(name=name, op=op, input=inputs)
        if dtype is not None:
            node.attr["dtype" if op.startswith(("Variable", "Placeholder", "Const")) else "T"].type = dtype
        return node

    def variable(self, name: str, trainable: bool = True) -> None:
        node = self.node(name, "VariableV2")
        node.attr["shape"].shape.dim.add(size=2)
        self.node(f"{name}/initial", "Const")
        self.node(f"{name}/Assign", "Assign", name, f"{name}/initial")
        said = VariableDef(variable_name=f"{name}:0", initializer_name=f"{name}/Assign", trainable=trainable)
        for collection in ("variables", "trainable_variables") if trainable else ("variables",):
            self.proto.collection_def[collection].bytes_list.value.append(said.SerializeToString())

    def train(self, *names: str, op_name: str = "train") -> None:
        """An Apply for each variable, with a gradient that a placeholder gives, and a NoOp over them all."""
        self.node("rate", "Const")
        for name in names:
            self.node(f"{op_name}/{name}/gradient", "Placeholder")
            inputs = (name, "rate", f"{op_name}/{name}/gradient")
            self.node(f"{op_name}/update_{name}", "ApplyGradientDescent", *inputs)
        self.node(op_name, "NoOp", *(f"^{op_name}/update_{name}" for name in names), dtype=None)

    def meta(self) -> MetaGraph:
        return MetaGraph(self.proto)
