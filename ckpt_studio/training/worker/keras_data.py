"""What a Keras model is fed: which inputs and targets it has, and how a batch of them is put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import keras

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.data import (
    FeedPlan,
    Input,
    named_inputs,
    open_data,
    plan_feeds,
    read_data,
)
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.guess import guess_mapping
from ckpt_studio.training.worker.job import Job

_HALVES: Final = ("float16", "bfloat16")


class ModelData:
    """Inputs and targets of a model that was built.

    Raises:
        RunFault: it does not say what it takes.
    """

    def __init__(self, model: Any) -> None:
        if getattr(model, "inputs", None) is None or model.outputs is None:
            raise RunFault(
                "The model does not say its inputs before it was called; write a recipe with a dataset."
            )
        self._model = model
        self._features = [_input(tensor, tensor.name) for tensor in model.inputs]
        self._names = _output_names(model)
        names = ["y"] if len(self._names) == 1 else [f"y_{name}" for name in self._names]
        outputs = zip(model.outputs, names, _losses(model, self._names), strict=True)
        self._targets = [
            None if loss is None else _target(tensor, name, loss) for tensor, name, loss in outputs
        ]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """All that is fed."""
        weight = Input("sample_weight:0", "float32", (None,), "SampleWeight", optional=True)
        return (*self._features, *filter(None, self._targets), weight)

    def batch(self, fed: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Features, targets and sample weights as `model.fit` takes them."""
        features = [fed[one.name] for one in self._features]
        targets = [None if one is None else fed[one.name] for one in self._targets]
        x = keras.tree.pack_sequence_as(_struct(self._model, "_inputs_struct", features), features)
        y = targets[0] if len(targets) == 1 else dict(zip(self._names, targets, strict=True))
        return x, y, fed.get("sample_weight:0")


def plan_data(job: Job, inputs: Sequence[Input]) -> tuple[FeedPlan, dict[str, str | float], Feeder | None]:
    """The plan, the mapping as given and guessed, and the feeder where the plan has no problems."""
    spec, problems = job.spec, list[str]()
    file = None if spec.data is None else spec.data.file
    arrays = {} if file is None else open_data(file)
    given = named_inputs(inputs, {} if spec.data is None else spec.data.map, problems)
    left = [one for one in inputs if one.name not in given]
    free = {name: info for name, info in arrays.items() if name not in given.values()}
    mapping = given | guess_mapping(left, free)
    plan = plan_feeds(inputs, arrays, mapping, spec.batch_size)
    plan = FeedPlan(plan.feeds, plan.rows, plan.batch, (*problems, *plan.problems), plan.notes)
    if plan.problems:
        return plan, mapping, None
    used = [feed.source for feed in plan.feeds if isinstance(feed.source, str)]
    values = read_data(file, list(dict.fromkeys(used))) if file is not None and used else {}
    return plan, mapping, Feeder(plan, values, spec.seed)


def _input(tensor: Any, name: str) -> Input:
    return Input(f"{name}:0", tensor.dtype, tuple(tensor.shape), "InputLayer")


def _target(tensor: Any, name: str, loss: str) -> Input:
    shape = tuple(tensor.shape)
    if loss.startswith("sparse"):
        return Input(f"{name}:0", "int64", shape[:-1], "Target")
    dtype = "float32" if tensor.dtype in _HALVES else tensor.dtype  # losses are computed in single precision
    return Input(f"{name}:0", dtype, shape, "Target")


def _output_names(model: Any) -> list[str]:
    """What losses and targets call the outputs, in their order: keys of the dict that a model gives, else layers."""
    struct = getattr(model, "_outputs_struct", None)
    if isinstance(struct, Mapping) and set(map(id, struct.values())) == set(map(id, model.outputs)):
        return sorted(map(str, struct))
    return list(getattr(model, "output_names", ("y",)))


def _losses(model: Any, names: Sequence[str]) -> list[str | None]:
    """Name of the loss of each output, in snake case; None for one without a loss."""
    loss = model.loss
    if isinstance(loss, Mapping):
        each = [loss.get(name) for name in names]
    elif isinstance(loss, list | tuple):
        each = list(loss)
    else:
        each = [loss] * len(model.outputs)
    return [None if one is None else _name_of(one) for one in each]


def _name_of(loss: Any) -> str:
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    return str(name or "")


def _struct(model: Any, name: str, flat: list[Any]) -> Any:
    found = getattr(model, name, None)
    if found is None:
        return flat if len(flat) > 1 else flat[0]
    return found
