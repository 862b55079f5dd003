"""Says what a run leaves out: operations that change its variables and that nothing it runs needs.

Scripts of TensorFlow 1 run more than the train operation in a step: they clip weights, gather gradients over several
batches, take averages, copy weights to a second network. A graph does not say so, but it holds those operations.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ckpt_studio.core.texts import some_of
from ckpt_studio.formats.meta_graph.graph import GraphView, Write
from ckpt_studio.formats.meta_graph.names import node_of
from ckpt_studio.formats.meta_graph.ops import VARIABLE_OPS, data_inputs
from ckpt_studio.formats.meta_graph.variables import VariableNode

_GRADIENTS: Final = re.compile(r"(^|/)gradients(_\d+)?/")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is left out.

    Attributes:
        gathered: variables that the train operations apply as gradients and that only other operations fill: with any,
            a run would apply the same values over and over.
        filled_by: those operations.
        others: a sentence about each other operation of the kind.
    """

    gathered: tuple[str, ...] = ()
    filled_by: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the run would not train, one sentence."""
        if not self.gathered:
            return ()
        return (
            f"The train operation applies what is gathered in {some_of(self.gathered, 3)}, and it does not run "
            f"{some_of(self.filled_by, 3)}, which gathers it; name all operations of a step as train operation, in "
            "their order and with commas between them.",
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person may want to run too, one sentence."""
        if not self.others:
            return ()
        return (
            f"The run does not run {some_of(self.others, 3)}; where each step of your script does, name it beside the "
            "train operation, with a comma between them.",
        )


def find_left_out(
    view: GraphView,
    variables: dict[str, VariableNode],
    runs: Collection[str],
    choices: Iterable[str],
    held: Collection[str],
) -> LeftOut:
    """What the graph has beside the train operations.

    Args:
        view: the graph.
        variables: its variables.
        runs: the train operations and the loss.
        choices: other train operations: what belongs to them is an alternative.
        held: names of the variables that the checkpoint has: what keeps them up to date matters, too.
    """
    behind = view.behind(runs)
    passed_over = behind | {str(one.initializer) for one in variables.values()}
    for choice in choices:
        passed_over |= view.behind([choice])
    gathered, filled_by = set[str](), dict[str, None]()
    for accumulator, fillers in _waited_for(view, behind):
        gathered.add(accumulator)
        filled_by |= dict.fromkeys(_end(view, name) for name in fillers)
    others: dict[str, set[str]] = {}
    for write in _beside(view, passed_over, {*held, *(behind & variables.keys())}):
        values = view.behind_values(view.nodes[write.node])
        if any(_GRADIENTS.search(name) for name in values):
            new = {
                name
                for name in write.all
                if not variables[name].trainable and not _filled(view, name, behind)
            }
            gathered |= new & behind
            filled_by |= dict.fromkeys([_end(view, write.node)] if new & behind else [])
        elif any(view.nodes[name].op in VARIABLE_OPS for name in values):
            others.setdefault(_end(view, write.node), set()).update(write.all)
    said = [f"{end} (which changes {some_of(sorted(changed), 2)})" for end, changed in others.items()]
    return LeftOut(tuple(sorted(gathered)), tuple(filled_by), tuple(said))


def _waited_for(view: GraphView, behind: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """Accumulators that gradients are taken from and that nothing that runs puts any into, with what does.

    Graphs of several workers have them; a run would wait for ever.
    """
    taken = {
        node_of(data_inputs(node)[0])
        for name, node in view.nodes.items()
        if name in behind and node.op.endswith("AccumulatorTakeGradient")
    }
    for accumulator in sorted(taken):
        fillers = [
            name
            for name in view.consumers.get(accumulator, ())
            if view.nodes[name].op.endswith("AccumulatorApplyGradient")
        ]
        if not any(name in behind for name in fillers):
            yield accumulator, fillers


def _beside(view: GraphView, passed_over: Collection[str], used: Collection[str]) -> Iterator[Write]:
    """Writers of such variables that are run by nothing passed over, and that put in no checkpoint's values."""
    for name, write in view.writes.items():
        apart = name not in passed_over and not write.all.isdisjoint(used)
        if apart and not view.is_restoring(name) and not view.in_frame(name):
            yield write


def _filled(view: GraphView, variable: str, behind: Collection[str]) -> bool:
    """Whether something that runs puts gradients into a variable."""
    return any(
        name in behind and any(_GRADIENTS.search(one) for one in view.behind_values(view.nodes[name]))
        for name in view.writers_of[variable]
    )


def _end(view: GraphView, writer: str) -> str:
    """What a script would run for a writer: the operation at the end of all that needs it."""
    ends = [name for name in view.ahead([writer]) if not view.consumers.get(name)]
    groups = [name for name in ends if view.nodes[name].op == "NoOp"]
    return groups[0] if len(groups) == 1 else writer
