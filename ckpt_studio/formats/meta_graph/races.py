"""Finds reference variables that one call both reads and writes in no order: such training is never quite repeatable.

A read of a reference variable copies nothing, so what takes its value sees whatever is there by then. Optimizers order
their updates after all gradients; updates by hand often do not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ckpt_studio.formats.meta_graph.graph import GraphView
from ckpt_studio.formats.meta_graph.names import parse_input
from ckpt_studio.formats.meta_graph.ops import PASS_OPS, data_inputs

_ALIASES: Final = PASS_OPS | {"Reshape", "Squeeze", "ExpandDims", "StopGradient"}
"""Operations whose output may be the memory of their first input."""


def racing_variables(view: GraphView, roots: Collection[str]) -> list[str]:
    """Names of the reference variables that one call of `roots` writes and, in no order with that, reads or writes."""
    inside = view.behind(roots)
    writers = {
        variable: now
        for variable, names in view.writers_of.items()
        if view.nodes[variable].op != "VarHandleOp" and (now := [name for name in names if name in inside])
    }
    if not writers:
        return []
    bits = {
        name: 1 << place for place, name in enumerate({name for names in writers.values() for name in names})
    }
    sources = {name: [one for one in view.sources[name] if one in inside] for name in inside}
    needed_by = _turned(sources)
    order = _in_order(view, sources, needed_by)
    before = _gathered(order, sources, bits)
    after = _gathered(order[::-1], needed_by, bits)
    found = []
    for variable, names in writers.items():
        users = {*names, *_readers(view, variable, inside)}
        all_writers = sum(bits[name] for name in names)
        if any(all_writers & ~(before.get(one, 0) | after.get(one, 0) | bits.get(one, 0)) for one in users):
            found.append(variable)
    return found


def _in_order(
    view: GraphView, sources: Mapping[str, Collection[str]], needed_by: Mapping[str, Collection[str]]
) -> list[str]:
    """Nodes such that each comes after what it needs, but for the ways back in loops."""
    back = {name for name in sources if "NextIteration" in view.nodes[name].op}
    left = {name: sum(one not in back for one in needs) for name, needs in sources.items()}
    order = [name for name, count in left.items() if not count]
    for name in order:  # it grows meanwhile
        for one in () if name in back else needed_by.get(name, ()):
            left[one] -= 1
            if not left[one]:
                order.append(one)
    return order


def _turned(sources: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, needs in sources.items():
        for one in needs:
            found.setdefault(one, []).append(name)
    return found


def _gathered(
    order: Sequence[str], steps: Mapping[str, Collection[str]], bits: Mapping[str, int]
) -> dict[str, int]:
    """For each node, the bits of all writers that are reached from it by `steps`, around loops too."""
    found = dict.fromkeys(order, 0)
    changed = True
    while changed:  # once more for each loop within a loop
        changed = False
        for name in order:
            mask = found[name]
            for one in steps.get(name, ()):
                mask |= found.get(one, 0) | bits.get(one, 0)
            if mask != found[name]:
                found[name] = mask
                changed = True
    return found


def _readers(view: GraphView, variable: str, inside: set[str]) -> set[str]:
    """Nodes that take a variable's memory as a value."""
    found: set[str] = set()
    seen = {variable}
    todo = [variable]
    while todo:
        name = todo.pop()
        for one in view.consumers.get(name, ()):
            node = view.nodes[one]
            if (
                one in seen
                or one not in inside
                or name not in {parse_input(text)[0] for text in data_inputs(node)}
            ):
                continue
            writes = one in view.writes and variable in view.writes[one].all
            if writes or node.op in _ALIASES:
                seen.add(one)
                todo.append(one)
            else:
                found.add(one)
    return found
