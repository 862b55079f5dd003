"""How a graph's texts name nodes and tensors: `layer/w`, `layer/w:0`, `^layer/w`."""

from __future__ import annotations

CONTROL = -1
"""Output number that stands for a control dependency."""


def parse_input(text: str) -> tuple[str, int]:
    """(node, output number) of an input, `CONTROL` for a control dependency."""
    if text.startswith("^"):
        return text[1:], CONTROL
    name, _, number = text.partition(":")
    return name, int(number) if number.isdecimal() else 0


def node_of(text: str) -> str:
    """Name of the node that an input, a tensor's name or a node's name names."""
    return parse_input(text)[0]


def tensor_name(node: str, output: int) -> str:
    """Name of a tensor as TensorFlow's session takes it."""
    return f"{node}:{output}"


def is_control(text: str) -> bool:
    """Whether an input is a control dependency."""
    return text.startswith("^")
