"""Makes the nodes of an optimizer's updates as `tf.compat.v1.train` does: the same kernels in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ckpt_studio.core import dtypes
from ckpt_studio.formats.meta_graph.gradients import Gradient
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.new_variables import NewVariables
from ckpt_studio.formats.meta_graph.node_writer import INT32, RESOURCE
from ckpt_studio.formats.meta_graph.ops import control_inputs, data_inputs
from ckpt_studio.formats.meta_graph.optimizers import GRADIENT, INDICES, POWERS, Optimizer
from ckpt_studio.formats.meta_graph.variables import VariableNode
from ckpt_studio.formats.meta_graph.way_in import WayIn
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef, NodeDef

_KEPT_ATTRS: Final = ("_class",)


@dataclass(frozen=True, slots=True)
class Weight:
    """A variable that is trained, the node that updates it, and the gradient that this is given."""

    variable: VariableNode
    node: str
    gradient: Gradient


class Updates:
    """Replaces updates in one graph, in place.

    Args:
        proto: the graph, which is rewritten.
        variables: adds variables to it.
        optimizer: whose updates they become.
        way: into the loop that all of them lie in; without frames where they lie in none.
    """

    def __init__(
        self, proto: MetaGraphDef, variables: NewVariables, optimizer: Optimizer, way: WayIn
    ) -> None:
        self._proto = proto
        self._nodes = {node.name: node for node in proto.graph_def.node}
        self._variables = variables
        self.writer = variables.writer
        self._rule = optimizer.rule
        self._optimizer = optimizer
        self._word = optimizer.rule.op.removeprefix("Centered")
        self._scope = self.writer.free(self._word)
        self._way = way
        self._anchor = ""
        self._numbers: dict[tuple[str, int], str] = {}
        self._values: dict[str, str] = {}
        self._powers: list[str] = []

    def replace(self, weight: Weight) -> None:
        """Let a node update its variable as the new optimizer does."""
        node = self._nodes[weight.node]
        scope = f"{self._scope}/update_{weight.variable.name}"
        number = dtypes.BY_NAME[weight.variable.dtype].number
        self._anchor = self._anchor or node_of(weight.gradient.values)
        if self._rule.has_powers and not self._powers:
            self._make_powers(weight.variable)
        slots = self._slots(weight.variable)
        gradient = weight.gradient
        if gradient.rows is not None and not gradient.summed and self._rule.op != "GradientDescent":
            gradient = self._summed(gradient, scope, number)
        update = _Update(self, node, weight.variable, scope)
        takes = self._rule.takes if gradient.rows is None else self._rule.sparse_takes
        if takes is not None:
            inputs = [
                update.handle,
                *map(self.handle, slots),
                *(update.input(one, gradient) for one in takes),
            ]
            kind = f"{'' if gradient.rows is None else 'Sparse'}Apply{self._rule.op}"
            update.apply(
                kind, inputs, gradient, nesterov=self._optimizer.nesterov and self._rule.op == "Momentum"
            )
        elif self._rule.op == "Adam":
            update.adam_of_rows(slots, gradient)
        else:
            update.descent_of_rows(gradient)

    def finish(self, updates: Sequence[str]) -> tuple[str, ...]:
        """What has to run after all updates: Adam's powers go on."""
        made = []
        for power, beta in zip(self._powers, ("beta_1", "beta_2"), strict=False):
            near = self.node(power)
            number = near.attr["dtype"].type
            waits = [f"^{name}" for name in updates]
            times = self.writer.add(
                "Mul",
                f"{self._scope}/{power}/mul",
                [self.value(power), self.number(beta, number)],
                near,
                T=number,
            )
            resource = near.op == "VarHandleOp"
            op, attr = ("AssignVariableOp", "dtype") if resource else ("Assign", "T")
            name = f"{self._scope}/{power}/Assign"
            inputs = [self.handle(power), times.name, *waits]
            made.append(self.writer.add(op, name, inputs, near, **{attr: number}).name)
        return tuple(made)

    def number(self, setting: str, dtype: int) -> str:
        """A setting as a constant of a type."""
        if (setting, dtype) not in self._numbers:
            value = self._optimizer.settings[setting]
            self._numbers[setting, dtype] = self.constant(f"{self._scope}/{setting}", value, dtype)
        return self._numbers[setting, dtype]

    def constant(self, name: str, value: float, dtype: int) -> str:
        """A number, as the updates can take it."""
        return self._way.enter(self.writer.constant(name, value, dtype), dtype, self.writer)

    def handle(self, variable: str) -> str:
        """A new variable, as the updates can take it."""
        node = self.node(variable)
        reference = node.op != "VarHandleOp"
        number = node.attr["dtype"].type if reference else RESOURCE
        return self._way.enter(variable, number, self.writer, reference=reference)

    def value(self, variable: str) -> str:
        """What a new variable holds before the updates of a step; in a loop, of each round."""
        if not self._way.frames:
            return f"{variable}/read"
        if variable not in self._values:
            node, inputs = self.node(variable), [self.handle(variable), f"^{self._anchor}"]
            resource, number = node.op == "VarHandleOp", node.attr["dtype"].type
            op, attr = ("ReadVariableOp", "dtype") if resource else ("Identity", "T")
            made = self.writer.add(op, f"{variable}/read_in_loop", inputs, None, **{attr: number})
            made.device = node.device
            self._values[variable] = made.name
        return self._values[variable]

    def power(self, name: str, dtype: int) -> str:
        """One of Adam's powers as a tensor of a type."""
        variable = self._powers[POWERS.index(name)]
        own = self.node(variable).attr["dtype"].type
        value = self.value(variable)
        if own == dtype:
            return value
        return self.writer.add("Cast", f"{self._scope}/{name}", [value], SrcT=own, DstT=dtype).name

    def node(self, name: str) -> NodeDef:
        """A node of the graph by its name, one that was added too."""
        if name not in self._nodes:
            self._nodes = {node.name: node for node in self._proto.graph_def.node}
        return self._nodes[name]

    def _make_powers(self, like: VariableNode) -> None:
        for name, beta in zip(POWERS, ("beta_1", "beta_2"), strict=True):
            free = self.writer.free(name)
            self._powers.append(self._variables.add(like, free, self._optimizer.settings[beta], (), None))

    def _slots(self, variable: VariableNode) -> list[str]:
        """New slots of a variable, in the order of the operation's inputs."""
        made: dict[int, str] = {}
        turn = self._first_turn(variable.name)
        for count, place in enumerate(self._rule.order()):
            _, first = self._rule.slots[place]
            value = self._optimizer.settings[first] if isinstance(first, str) else first
            slot = f"{self._word}_{turn + count}" if turn + count else self._word
            part = variable.part
            if part is not None:
                part = replace(part, full_name=f"{part.full_name}/{slot}")
            made[place] = self._variables.add(
                variable, f"{variable.name}/{slot}", value, variable.shape or (), part
            )
        return [made[place] for place in sorted(made)]

    def _first_turn(self, name: str) -> int:
        """Number of the first slot: behind those of other optimizers of this name, a whole number of times as many."""
        count, turn = max(1, len(self._rule.slots)), 0
        while any(self.writer.has(f"{name}/{self._word}_{at}" if at else f"{name}/{self._word}")
                  for at in range(turn, turn + count)):  # fmt: skip
            turn += count
        return turn

    def _summed(self, gradient: Gradient, scope: str, number: int) -> Gradient:
        """A gradient in which each row is there once."""
        assert gradient.rows is not None
        index = gradient.rows_type
        unique = self.writer.add("Unique", f"{scope}/Unique", [gradient.rows], T=index).name
        count = self.writer.add("Size", f"{scope}/Size", [unique], T=index).name
        values = self.writer.add(
            "UnsortedSegmentSum", f"{scope}/UnsortedSegmentSum", [gradient.values, f"{unique}:1", count],
            T=number, Tindices=INT32,
        )  # fmt: skip
        return Gradient(values.name, unique, index)


class _Update:
    """The update of one variable, made where the old one stands.

    Args:
        of: the optimizer's updates.
        node: the old one.
        variable: what it updates.
        scope: for the names of further nodes.

    Attributes:
        handle: the variable as the old one is given it: in a branch of a condition, only where that is taken.
    """

    def __init__(self, of: Updates, node: NodeDef, variable: VariableNode, scope: str) -> None:
        self._of = of
        self._node = node
        self.handle = data_inputs(node)[0]
        self._resource = variable.kind == "resource"
        self._scope = scope
        self._number = dtypes.BY_NAME[variable.dtype].number

    def input(self, name: str, gradient: Gradient) -> str:
        """An input of the update operation: the gradient, its rows, a power or a setting."""
        if name == GRADIENT:
            return gradient.values
        if name == INDICES:
            assert gradient.rows is not None
            return gradient.rows
        return self._of.power(name, self._number) if name in POWERS else self._of.number(name, self._number)

    def apply(self, kind: str, inputs: Sequence[str], gradient: Gradient, *, nesterov: bool) -> None:
        """Become an update operation."""
        types = {"T": self._number}
        if gradient.rows is not None:
            types["Tindices"] = gradient.rows_type
        self._become(f"{'Resource' if self._resource else ''}{kind}", inputs, types)
        if nesterov:
            self._node.attr["use_nesterov"].b = True

    def descent_of_rows(self, gradient: Gradient) -> None:
        """Become the gradient descent of some rows."""
        assert gradient.rows is not None
        rate = self.input("learning_rate", gradient)
        types = {"Tindices": gradient.rows_type}
        if self._resource:
            step = self._math("Mul", "step", self._math("Neg", "neg", gradient.values), rate)
            inputs, op, types = (
                [self.handle, gradient.rows, step],
                "ResourceScatterAdd",
                {**types, "dtype": self._number},
            )
        else:
            step = self._math("Mul", "step", gradient.values, rate)
            inputs, op, types = (
                [self.handle, gradient.rows, step],
                "ScatterSub",
                {**types, "T": self._number},
            )
        self._become(op, inputs, types)

    def adam_of_rows(self, slots: Sequence[str], gradient: Gradient) -> None:
        """Become Adam's update of a variable whose gradient is about some rows: the slots fade everywhere."""
        one = self._of.constant(f"{self._scope}/one", 1.0, self._number)
        math = self._math
        said = {name: self.input(name, gradient) for name in (*POWERS, "learning_rate", "epsilon")}
        left = math("Sqrt", "sqrt", math("Sub", "sub", one, said[POWERS[1]]))
        rate = math("RealDiv", "rate", math("Mul", "mul", said["learning_rate"], left),
                    math("Sub", "sub", one, said[POWERS[0]]))  # fmt: skip
        square = math("Mul", "square", gradient.values, gradient.values)
        first, second = (
            self._faded(slot, beta, values, one, gradient)
            for slot, beta, values in zip(slots, ("beta_1", "beta_2"), (gradient.values, square), strict=True)
        )
        below = math("Add", "add", math("Sqrt", "sqrt", second), said["epsilon"])
        step = math("RealDiv", "step", math("Mul", "mul", rate, first), below)
        op, attr = ("AssignSubVariableOp", "dtype") if self._resource else ("AssignSub", "T")
        self._become(op, [self.handle, step], {attr: self._number})

    def _faded(self, slot: str, beta: str, values: str, one: str, gradient: Gradient) -> str:
        """A slot after it has faded and some rows have got something, as a tensor."""
        assert gradient.rows is not None
        kept = self._of.number(beta, self._number)
        faded = self._math("Mul", "faded", self._of.value(slot), kept)
        added = self._math("Mul", "added", values, self._math("Sub", "sub", one, kept))
        add, near, slot = self._of.writer.add, self._of.node(slot), self._of.handle(slot)
        types = {"Tindices": gradient.rows_type}
        if self._resource:
            assigned = add(
                "AssignVariableOp", f"{self._scope}/assign", [slot, faded], near, dtype=self._number
            )
            inputs = [slot, gradient.rows, added, f"^{assigned.name}"]
            scattered = add(
                "ResourceScatterAdd", f"{self._scope}/scatter", inputs, near, dtype=self._number, **types
            )
            inputs = [slot, f"^{scattered.name}"]
            return add("ReadVariableOp", f"{self._scope}/read", inputs, near, dtype=self._number).name
        assigned = add("Assign", f"{self._scope}/assign", [slot, faded, f"^{added}"], near, T=self._number)
        inputs = [slot, gradient.rows, added, f"^{assigned.name}"]
        return add("ScatterAdd", f"{self._scope}/scatter", inputs, near, T=self._number, **types).name

    def _math(self, op: str, name: str, *inputs: str) -> str:
        return self._of.writer.add(op, f"{self._scope}/{name}", inputs, T=self._number).name

    def _become(self, op: str, inputs: Sequence[str], types: dict[str, int]) -> None:
        node, waits = self._node, control_inputs(self._node)
        node.op = op
        del node.input[:]
        node.input.extend([*inputs, *waits])
        for attr in [one for one in node.attr if one not in _KEPT_ATTRS]:
            del node.attr[attr]
        for attr, number in types.items():
            node.attr[attr].type = number
