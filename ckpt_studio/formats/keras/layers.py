"""What Keras's own layers keep, in the order in which Keras writes it: names of variables, and layers inside layers.

A layer's class goes by its name in snake case, as Keras itself names groups of a file: `Conv2DTranspose` is
`conv2d_transpose`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from ckpt_studio.core.dtypes import DType
from ckpt_studio.core.tensors import Role

_NUMBER: Final = re.compile(r"_\d{1,9}$")
_ANY: Final = tuple(range(33))


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a kind of layer.

    Attributes:
        name: what Keras calls it.
        ranks: how many axes it may have.
        flag: name of the entry of the configuration that says whether it is there; empty if it always is.
        trainable: whether it is, while its layer is.
        role: what it is for.
        again: whether it is a variable that an inner layer keeps too.
    """

    name: str
    ranks: tuple[int, ...] = _ANY
    flag: str = ""
    trainable: bool = True
    role: Role = Role.weight
    again: bool = False


def _kernel(rank: int, name: str = "kernel") -> Variable:
    return Variable(name, (rank,))


def _statistic(name: str, flag: str = "") -> Variable:
    return Variable(name, _ANY, flag, trainable=False, role=Role.statistic)


_BIAS: Final = Variable("bias", (1,), "use_bias")
_GAMMA, _BETA = Variable("gamma", _ANY, "scale"), Variable("beta", _ANY, "center")
_CELL: Final = (Variable("kernel"), Variable("recurrent_kernel"), Variable("bias", (1, 2), "use_bias"))

VARIABLES: Final[Mapping[str, tuple[Variable, ...]]] = {
    "dense": (_kernel(2), _BIAS),
    "einsum_dense": (Variable("kernel"), Variable("bias", _ANY, "bias_axes")),
    "embedding": (_kernel(2, "embeddings"),),
    "reversible_embedding": (
        _kernel(2, "embeddings"),
        Variable("reverse_embeddings", (2,), "-tie_weights"),
    ),
    **{f"conv{n}d": (_kernel(n + 2), _BIAS) for n in (1, 2, 3)},
    **{f"conv{n}d_transpose": (_kernel(n + 2), _BIAS) for n in (1, 2, 3)},
    **{f"depthwise_conv{n}d": (Variable("kernel", (n + 2,)), _BIAS) for n in (1, 2)},
    **{
        f"separable_conv{n}d": (_kernel(n + 2, "depthwise_kernel"), _kernel(n + 2, "pointwise_kernel"), _BIAS)
        for n in (1, 2)
    },
    "batch_normalization": (_GAMMA, _BETA, _statistic("moving_mean"), _statistic("moving_variance")),
    "layer_normalization": (_GAMMA, _BETA),
    "group_normalization": (_GAMMA, _BETA),
    "rms_normalization": (Variable("scale"),),
    "normalization": (_statistic("mean"), _statistic("variance"), _statistic("count")),
    "spectral_normalization": (Variable("kernel", again=True), Variable("vector_u", (2,), trainable=False)),
    "p_re_lu": (Variable("alpha"),),
    "additive_attention": (Variable("scale", (1,), "use_scale"),),
    "attention": (
        Variable("scale", (0,), "use_scale"),
        Variable("concat_score_weight", (0,), "score_mode=concat"),
    ),
    **dict.fromkeys(("lstm_cell", "gru_cell", "simple_rnn_cell", "conv_lstm_cell"), _CELL),
    "seed_generator": (Variable("seed_generator_state", (1,), trainable=False, role=Role.counter),),
}
"""In the order of `vars/0`, `vars/1`, ..."""

_CELLS: Final = {
    "lstm": "lstm_cell",
    "gru": "gru_cell",
    "simple_rnn": "simple_rnn_cell",
    **{f"conv_lstm{n}d": "conv_lstm_cell" for n in (1, 2, 3)},
}
_FOLLOWED: Final = ("lstm", "gru", "simple_rnn")
_ATTENTION: Final = ("query", "key", "gate", "value", "output")
_ATTENTIONS: Final = ("multi_head_attention", "grouped_query_attention", "group_query_attention")
_WRAPPERS: Final = ("time_distributed", "spectral_normalization", "wrapper")


@dataclass(frozen=True, slots=True)
class Inner:
    """A layer inside a layer.

    Attributes:
        kind: its class in snake case, empty where the configuration has to tell.
        name: what Keras calls it, empty where the configuration has to tell.
        entry: the entry of the outer layer's configuration that is its own; empty if it shares the outer one's.
        prefix: what stands before the name that its configuration gives.
        follows: whether Keras makes it as trainable as the outer one, whose configuration it shares.
    """

    kind: str = ""
    name: str = ""
    entry: str = ""
    prefix: str = ""
    follows: bool = False


def inner_layers(kind: str) -> Mapping[str, Inner]:
    """The layers inside a kind of layer by the name of their group, in the order in which Keras keeps them."""
    if kind in _CELLS:
        return {"cell": Inner(_CELLS[kind], _CELLS[kind], follows=kind in _FOLLOWED)}
    if kind in _ATTENTIONS:
        found = {}
        for part in _ATTENTION:
            name = "attention_output" if part == "output" else part
            for group in (f"{part}_dense", f"_{part}_dense"):
                found[group] = Inner("einsum_dense", name)
        return found
    if kind == "bidirectional":
        return {
            "forward_layer": Inner(entry="layer", prefix="forward_"),
            "backward_layer": Inner(entry="backward_layer", prefix="backward_"),
        }
    if kind in _WRAPPERS:
        return {"layer": Inner(entry="layer")}
    if kind == "rnn":
        return {"cell": Inner(entry="cell")}
    return {}


def snake_case(name: str) -> str:
    """A class's name as Keras writes it into a file: `LSTMCell` -> `lstm_cell`."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def without_number(name: str) -> str:
    """`dense_12` -> `dense`, which is the class where Keras gave the name."""
    return _NUMBER.sub("", name)


def is_known(kind: str) -> bool:
    """Whether this is a kind of layer of which all is known that it keeps."""
    return kind in VARIABLES or bool(inner_layers(kind))


def variables_of(
    kind: str,
    config: Mapping[str, Any] | None,
    shapes: Sequence[tuple[int, ...] | None],
    dtypes: Sequence[DType],
) -> list[Variable | None]:
    """Which variable each of those that a layer keeps is; None where that is not certain.

    Args:
        kind: the layer's class in snake case.
        config: its configuration, or None where there is none.
        shapes: of what it keeps, in order.
        dtypes: the same.
    """
    known = VARIABLES.get(kind)
    unknown: list[Variable | None] = [None] * len(shapes)
    if known is None or any(dtype.name.startswith(("int8", "uint8", "int4")) for dtype in dtypes):
        return unknown  # quantized layers keep more, in an order of their own
    ways = [way for way in _ways(known, config, len(shapes)) if _fits(kind, way, shapes)]
    if not ways:
        return unknown
    return [column[0] if len(set(column)) == 1 else None for column in zip(*ways, strict=True)]


def _ways(
    known: Sequence[Variable], config: Mapping[str, Any] | None, count: int
) -> list[tuple[Variable, ...]]:
    """The ways in which `count` of the variables can be there."""
    if config is not None:
        way = tuple(variable for variable in known if _is_there(variable, config))
        return [way] if len(way) == count else []
    optional = [variable for variable in known if variable.flag]
    missing = len(known) - count
    if not 0 <= missing <= len(optional):
        return []
    return [
        tuple(variable for variable in known if variable not in left_out)
        for left_out in combinations(optional, missing)
    ]


def _is_there(variable: Variable, config: Mapping[str, Any]) -> bool:
    flag, _, value = variable.flag.partition("=")
    if not flag:
        return True
    if value:
        return bool(config.get(flag) == value)
    if flag.startswith("-"):
        return not config.get(flag[1:], True)
    if flag == "bias_axes" and flag not in config:
        flag = "use_bias"  # a part of an attention layer, whose configuration is meant
    return bool(config.get(flag, True))


def _fits(kind: str, way: Sequence[Variable], shapes: Sequence[tuple[int, ...] | None]) -> bool:
    """Whether the shapes are what these variables have: numbers of axes, and a bias as long as its kernel is wide."""
    found: dict[str, tuple[int, ...]] = {}
    for variable, shape in zip(way, shapes, strict=True):
        if shape is None or len(shape) not in variable.ranks:
            return False
        found[variable.name] = shape
    if "moving_mean" in found:
        return len(set(found.values())) == 1
    kernel = found.get("pointwise_kernel", found.get("kernel", ()))
    if kernel and found.get("recurrent_kernel", kernel)[-1] != kernel[-1]:
        return False
    bias = found.get("bias")
    if bias is None or kind == "einsum_dense":
        return True
    width = kernel[-2] if kind.endswith("_transpose") else kernel[-1]
    return bias[-1] == (width * kernel[-2] if kind.startswith("depthwise") else width)
