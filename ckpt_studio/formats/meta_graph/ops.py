"""What kinds of nodes there are: variables, what hands a variable on, what writes one, and where data comes in.

Resource operations are known by a rule. Reference operations are known by the OpDefs that a `.meta` file carries, and
by the tables below, which were taken once from TensorFlow 2.21's registry (all operations with `is_ref` inputs that are
not queues, readers, tables, stacks or tensor arrays; those are strings, not variables).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import Final

from ckpt_studio.formats.meta_graph.names import is_control
from ckpt_studio.formats.protos.meta_graph_pb2 import NodeDef, OpDef

VARIABLE_OPS: Final = frozenset({"Variable", "VariableV2", "VarHandleOp", "AutoReloadVariable"})

PASS_OPS: Final = frozenset(
    {
        "Identity", "Enter", "Switch", "Merge", "NextIteration", "Exit", "IdentityN", "_SwitchN",
        "RefIdentity", "RefEnter", "RefSwitch", "RefMerge", "RefNextIteration", "RefExit", "RefSelect",
        "DebugGradientRefIdentity",
    }
)  # fmt: skip
"""Operations whose output is one of their inputs."""

READ_OPS: Final = frozenset(
    {"Identity", "ReadVariableOp", "ResourceGather", "ResourceGatherNd", "_ReadVariablesOp"}
)

LOOP_OPS: Final = frozenset({"Enter", "RefEnter", "Switch", "RefSwitch", "Merge", "RefMerge", "NextIteration",
                             "RefNextIteration", "Exit", "RefExit", "LoopCond"})  # fmt: skip

DATA_OPS: Final = re.compile(
    r"Placeholder.*|IteratorGetNext(Sync)?|QueueDequeue.*|PyFunc.*|EagerPyFunc|ReaderRead.*"
)
"""Where data comes into a graph, and where a run can put its own in."""

CUT_OPS: Final = re.compile(r"IteratorGetNext(Sync)?|QueueDequeue.*|PyFunc.*|EagerPyFunc|ReaderRead.*")
"""Those of them that a placeholder has to stand in for."""

_ONE_HANDLE = """
    Assign AssignAdd AssignSub CountUpTo DestroyTemporaryVariable StridedSliceAssign
    ApplyGradientDescent ApplyProximalGradientDescent SparseApplyProximalGradientDescent
    ScatterAdd ScatterDiv ScatterMax ScatterMin ScatterMul ScatterSub ScatterUpdate
    ScatterNdAdd ScatterNdMax ScatterNdMin ScatterNdSub ScatterNdUpdate
"""
_TWO_HANDLES = """
    ApplyAdagrad ApplyAdagradV2 ApplyAddSign ApplyMomentum ApplyPowerSign ApplyProximalAdagrad ApplyKerasMomentum
    SparseApplyAdagrad SparseApplyAdagradV2 SparseApplyMomentum SparseApplyProximalAdagrad SparseApplyKerasMomentum
    NegTrain
"""
_THREE_HANDLES = """
    ApplyAdaMax ApplyAdadelta ApplyAdagradDA ApplyAdam ApplyFtrl ApplyFtrlV2 ApplyRMSProp
    SparseApplyAdadelta SparseApplyAdagradDA SparseApplyFtrl SparseApplyFtrlV2 SparseApplyRMSProp
"""
_FOUR_HANDLES = """
    ApplyCenteredRMSProp SparseApplyCenteredRMSProp ApplyAdamWithAmsgrad
"""
_HANDLES: Final[dict[str, tuple[int, ...]]] = {
    op: tuple(range(count))
    for count, ops in enumerate((_ONE_HANDLE, _TWO_HANDLES, _THREE_HANDLES, _FOUR_HANDLES), start=1)
    for op in ops.split()
}
_NO_REF_OUTPUT: Final = frozenset({"CountUpTo", "DestroyTemporaryVariable", "NegTrain", "SdcaShrinkL1"})
_READING_REFS: Final = PASS_OPS | {"IsVariableInitialized"}
_RESOURCE_WRITE: Final = re.compile(
    r"Resource(Sparse)?Apply\w+|ResourceScatter\w+|Assign\w*VariableOp|ResourceStridedSliceAssign"
)
_RESOURCE_COUNTER: Final = re.compile(
    r"ResourceCountUpTo|Rng(Skip|ReadAndSkip)|Stateful(Random|Standard|Truncated|Uniform)\w+"
)
_RESOURCE: Final = 20

OpDefs = Mapping[str, OpDef]


def _is_data(text: str) -> bool:
    return not is_control(text)


def data_inputs(node: NodeDef) -> list[str]:
    """The inputs that carry values; they come first."""
    return list(takewhile(_is_data, node.input))


def control_inputs(node: NodeDef) -> list[str]:
    """The inputs that only say what comes first."""
    return [text for text in node.input if is_control(text)]


def written_handles(node: NodeDef, known: OpDefs) -> tuple[int, ...]:
    """Which data inputs are variables that the operation writes, the one it is about first; () for any other operation.

    Args:
        node: a node of a graph or of a function.
        known: the OpDefs that the file carries.
    """
    op = node.op
    if op in _READING_REFS or op in VARIABLE_OPS:
        return ()
    if op in _HANDLES:
        return _HANDLES[op]
    if op == "SdcaShrinkL1":
        return tuple(range(len(data_inputs(node))))
    if _RESOURCE_WRITE.fullmatch(op):
        alike = _HANDLES.get(op.removeprefix("Resource"))
        return alike or _places(known.get(op), resources=True) or (0,)
    if _RESOURCE_COUNTER.fullmatch(op):
        return (0,)
    return _places(known.get(op), resources=False)


def _places(definition: OpDef | None, *, resources: bool) -> tuple[int, ...]:
    found = []
    for place, arg in enumerate(definition.input_arg if definition is not None else ()):
        if arg.number_attr or arg.type_list_attr:
            break
        if arg.type == _RESOURCE if resources else arg.is_ref and arg.type != 7:
            found.append(place)
    return tuple(found)


def is_resource_write(op: str) -> bool:
    """Whether a writer takes a resource handle and gives no output."""
    return _RESOURCE_WRITE.fullmatch(op) is not None


def gives_reference(op: str, known: OpDefs) -> bool:
    """Whether the first output of a writer is the reference that it was given."""
    if op in _HANDLES:
        return op not in _NO_REF_OUTPUT
    definition = known.get(op)
    return definition is not None and bool(definition.output_arg) and definition.output_arg[0].is_ref


def gives_nothing(op: str, known: OpDefs) -> bool:
    """Whether a writer has no output."""
    if is_resource_write(op) or op in ("NegTrain", "SdcaShrinkL1"):
        return True
    return op in known and not known[op].output_arg
