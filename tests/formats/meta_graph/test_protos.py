"""Our definitions of a MetaGraph's messages have TensorFlow's field numbers and kinds."""

from __future__ import annotations

from google.protobuf.descriptor import Descriptor

from ckpt_studio.formats.protos.meta_graph_pb2 import DESCRIPTOR
from tests.helpers.tensorflow_child import TensorFlowChild

THEIRS = """
from tensorflow.core.framework import graph_pb2, variable_pb2
from tensorflow.core.protobuf import queue_runner_pb2
from tensorflow.core.protobuf import meta_graph_pb2
kinds = {5: [5, 14], 14: [5, 14]}  # int32 and enum are the same on the wire
found, todo = {}, [meta_graph_pb2.MetaGraphDef.DESCRIPTOR, variable_pb2.VariableDef.DESCRIPTOR]
todo.append(queue_runner_pb2.QueueRunnerDef.DESCRIPTOR)
while todo:
    message = todo.pop()
    name = message.full_name.removeprefix("tensorflow.")
    if name not in found:
        found[name] = {f.name: [f.number, kinds.get(f.type, [f.type]), f.is_repeated] for f in message.fields}
        todo += [f.message_type for f in message.fields if f.message_type]
result = found
"""


def messages() -> dict[str, Descriptor]:
    found: dict[str, Descriptor] = {}
    todo = list(DESCRIPTOR.message_types_by_name.values())
    while todo:
        message = todo.pop()
        found[message.full_name.removeprefix("ckpt_studio.meta_graph.")] = message
        todo.extend(message.nested_types)
    del found["FrozenRecord"], found["FrozenRecord.CollectionDefEntry"]
    return found


def test_fields_are_those_of_tensorflow(tensorflow_child: TensorFlowChild) -> None:
    theirs = tensorflow_child(THEIRS)
    for name, message in messages().items():
        for field in message.fields:
            number, kinds, repeated = theirs[name][field.name]
            assert field.number == number, f"{name}.{field.name}"
            assert field.type in kinds, f"{name}.{field.name}"
            assert field.is_repeated is repeated, f"{name}.{field.name}"
