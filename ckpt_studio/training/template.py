"""Writes the recipe that a checkpoint most likely needs, with its own shapes: a start for the person's code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ckpt_studio.core.tensors import Columns, Role, TensorSource, printable
from ckpt_studio.formats.base import Checkpoint

_NUMBER: Final = re.compile(r"(\d+)")
_GATES: Final = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
_OPTIMIZERS: Final = {
    frozenset({"momentum", "velocity"}): "Adam", frozenset({"m", "v"}): "Adam", frozenset({"momentum"}): "SGD",
    frozenset({"velocity"}): "RMSprop", frozenset({"rms"}): "RMSprop", frozenset({"accumulator"}): "Adagrad",
    frozenset({"Adam", "Adam_1"}): "Adam", frozenset({"Momentum"}): "SGD",
}  # fmt: skip
_LISTED: Final = 200


@dataclass
class _Layer:
    """What the variables of one layer are called and how large they are."""

    name: str
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)


def recipe_for(source: TensorSource, base: Checkpoint) -> str:
    """The text of a recipe; what cannot be told from variables is left to the person, and marked so."""
    columns = source.columns
    layers = _layers(columns)
    built = [_call(layer) for layer in layers]
    known = [call for call in built if call is not None]
    width = _input(layers)
    lines = [
        f'"""Builds what {printable(base.path)} holds, for a resumed run; compare it with the code that trained it."""',
        "",
        "import keras",
        "import numpy as np",
        "",
        "# What the checkpoint holds:",
        *_listing(columns),
        "",
        "",
        "def build():",
        "    model = keras.Sequential([",
        f"        keras.Input({width}),",
        *(f"        {call}," for call in known),
        "    ])",
        f"    optimizer = keras.optimizers.{_optimizer(columns)}",
        "    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        "",
        "    # Two arrays of rows, or a tf.data.Dataset of batches (then without batch_size).",
        '    data = np.load("data.npz")',
        '    dataset = (data["features"], data["labels"])',
        '    return {"model": model, "optimizer": optimizer, "loss": loss, "dataset": dataset, "batch_size": 32}',
        "",
        "",
        "# Instead of model, optimizer and loss, build() may return any objects that hold variables, under the names",
        "# that tf.train.Checkpoint had for them, and a function train_step(batch) that returns its loss, or a dict of",
        '# "loss" and other numbers to be shown.',
    ]
    left = [layer.name for layer, call in zip(layers, built, strict=True) if call is None]
    if left:
        lines.insert(10, f"# No layer of Keras was recognised in: {', '.join(map(printable, left[:20]))}.")
    return "\n".join(lines) + "\n"


def _layers(columns: Columns) -> list[_Layer]:
    """Weights by the layer that their names tell, in the order of the object graph's numbers, else of their names."""
    rows = [row for row in range(len(columns)) if columns.role[row] in (Role.weight, Role.statistic)]
    rows = [row for row in rows if columns.shape(row) is not None and columns.slot_of[row] < 0]
    rows.sort(key=lambda row: (columns.role[row] != Role.weight, _natural(columns.keys[row])))
    found: dict[str, _Layer] = {}
    for row in rows:
        layer, _, variable = columns.name(row).removesuffix(":0").rpartition("/")
        if layer or columns.rank[row]:
            found.setdefault(layer, _Layer(layer)).shapes[variable] = columns.shape(row) or ()
    return list(found.values())


def _natural(key: str) -> list[tuple[int, int | str]]:
    return [(0, int(part)) if part.isdigit() else (1, part) for part in _NUMBER.split(key) if part]


def _call(layer: _Layer) -> str | None:
    """The layer of Keras that has these variables, as code."""
    shapes = layer.shapes
    kernel = shapes.get("kernel", shapes.get("w", shapes.get("weights")))
    name = f"name={layer.name.rpartition('/')[2]!r}"
    bias = "" if "bias" in shapes or "b" in shapes or "biases" in shapes else ", use_bias=False"
    if "recurrent_kernel" in shapes:
        units, gates = shapes["recurrent_kernel"]
        kind = _GATES.get(gates // units, "RNN")
        return f"keras.layers.{kind}({units}, {name})"
    if {"gamma", "moving_mean"} <= set(shapes):
        return f"keras.layers.BatchNormalization({name})"
    if "gamma" in shapes and kernel is None:
        return f"keras.layers.LayerNormalization({name})"
    if "embeddings" in shapes and len(shapes["embeddings"]) == 2:
        rows, width = shapes["embeddings"]
        return f"keras.layers.Embedding({rows}, {width}, {name})"
    if "depthwise_kernel" in shapes and len(shapes["depthwise_kernel"]) == 4:
        return f"keras.layers.DepthwiseConv2D({shapes['depthwise_kernel'][:2]}{bias}, {name})"
    if kernel is None or len(kernel) < 2:
        return None
    if len(kernel) == 2:
        return f"keras.layers.Dense({kernel[1]}{bias}, {name})"
    if len(kernel) in (3, 4, 5):
        return f"keras.layers.Conv{len(kernel) - 2}D({kernel[-1]}, {kernel[:-2]}{bias}, {name})"
    return None


def _input(layers: Sequence[_Layer]) -> str:
    """The shape of the features, as far as the first layer tells it."""
    for layer in layers:
        kernel = layer.shapes.get("kernel", layer.shapes.get("w"))
        if "embeddings" in layer.shapes:
            return "(None,)"
        if kernel is not None and len(kernel) >= 2:
            unknown = ["None"] * (len(kernel) - 2)
            unknown = unknown or (["None"] if "recurrent_kernel" in layer.shapes else [])
            return f"({', '.join([*unknown, str(kernel[-2])])},)"
    return "(None,)"


def _optimizer(columns: Columns) -> str:
    kinds = Counter(int(number) for number in columns.slot_name if number >= 0)
    names = frozenset(columns.slot_names[number] for number in kinds)
    found = next((name for slots, name in _OPTIMIZERS.items() if names == slots), None)
    if found is None:
        return "SGD()" if not names else "Adam()"
    return "SGD(momentum=0.9)" if found == "SGD" else f"{found}()"


def _listing(columns: Columns) -> list[str]:
    rows = [row for row in range(len(columns)) if columns.role[row] in (Role.weight, Role.statistic)]
    lines = []
    for row in rows[:_LISTED]:
        info = columns.info(row)
        where = f"  ({info.object_path})" if info.object_path and info.object_path != info.name else ""
        lines.append(
            f"#   {printable(info.name)}: {info.dtype.name} {list(info.shape or ())}{printable(where)}"
        )
    return lines + ([f"#   and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else [])
