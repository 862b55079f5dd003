"""Another optimizer on generated graphs of all kinds: as if stock TensorFlow had built them with it, to the bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.formats.meta_graph.optimizers import chosen_optimizer
from tests.formats.meta_graph.test_stock_graphs import KINDS, OPTIMIZERS, ROOT, _builders
from tests.helpers.tensorflow_child import TensorFlowChild

NEW = ("sgd", "momentum", "adam", "rmsprop", "centered", "adagrad", "adadelta", "ftrl")
REFUSED = {
    "updates_in_function": "and only on a condition or in a loop, as where",
    "gan": "say whose optimizer is replaced",
}
"""Graphs whose optimizer cannot be replaced, and why."""
SCRIPT = """
import sys
sys.path.insert(0, args[0])
from tests.formats.meta_graph import replaced
result = replaced.examine(*args[1:])
"""


def _slice() -> Iterator[tuple[str, bool, str]]:
    """Each new optimizer, and each kind of graph that asks for something of its own."""
    cases = [*((f"{OPTIMIZERS[place % 7]}:listed", new) for place, new in enumerate(NEW)),
             ("embedding", "adam"), ("embedding", "sgd"), ("batch_norm", "adam"), ("moving_average", "rmsprop"),
             ("clip_by_global_norm", "momentum"), ("partitioned", "ftrl"), ("while_v2_rnn", "adam"),
             ("other_writer_behind_frozen", "adam"), ("hand_written", "adam"), ("manual_backprop", "momentum"),
             ("updates_in_condition", "adam"), ("updates_guarded_by_function", "adam"),
             ("step_in_function", "momentum"), ("optimizer_in_function", "adam"),
             ("optimizer_in_loop", "adam"), ("optimizer_in_loop", "adam"), ("steps_in_loop", "momentum"),
             ("guarded_in_loop", "adam"), ("gradient_accumulation", "momentum"),
             *((name, "adam") for name in REFUSED)]  # fmt: skip
    for place, (name, new) in enumerate(cases):
        yield name, bool(place % 2), new


def _all() -> Iterator[tuple[str, bool, str]]:
    for name in [
        *(f"{one}:{listed}" for one in OPTIMIZERS for listed in ("listed", "unlisted")),
        *_builders(),
    ]:
        for resource in KINDS:
            for new in NEW:
                yield name, resource, new


def _named(case: tuple[str, bool, str]) -> str:
    name, resource, new = case
    return f"{name}-{'resource' if resource else 'ref'}-{new}"


@pytest.mark.parametrize("case", list(_slice()), ids=_named)
def test_graph(case: tuple[str, bool, str], tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    check(case, tensorflow_child(SCRIPT, ROOT, *case, tmp_path))


@pytest.mark.campaign("metagraph")
@pytest.mark.parametrize("case", list(_all()), ids=_named)
def test_every_graph(case: tuple[str, bool, str], tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    check(case, tensorflow_child(SCRIPT, ROOT, *case, tmp_path))


@pytest.mark.parametrize(
    "name", ["while_loop_rnn", "while_v2_rnn", "embedding", "batch_norm", "moving_average"]
)
def test_computed_gradients_are_those_of_the_graph(
    name: str, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    """For graphs that show none, they are computed: through loops of both kinds, too."""
    assert (
        tensorflow_child(SCRIPT.replace("examine", "agree"), ROOT, name, len(name) % 2 == 0, tmp_path) == []
    )


def check(case: tuple[str, bool, str], found: dict[str, Any]) -> None:
    name, _, _ = case
    if name in REFUSED:
        assert REFUSED[name] in found["refused"]
        return
    assert "refused" not in found, found
    one, two = found["train_ops"]
    assert one == two, "resumed, the train operation is found again"
    assert not found["unlike_5_and_5"]
    assert not found["unlike_stock"]
    assert not found["blocked"]
    assert not found["frozen_that_moved"]
    assert not found["trainable_that_stayed"]
    assert not found["written"]["frozen_that_moved"]
    assert not found["written"]["not_saved"]
    assert set(found["written"]["not_restored"]) <= set(found["missing"])


def test_a_spec_may_call_it_as_tensorflow_or_keras_does() -> None:
    assert chosen_optimizer("AdamOptimizer") == chosen_optimizer("Adam")
    keras = {
        "class_name": "SGD",
        "config": {"name": "SGD", "learning_rate": 0.5, "momentum": 0.9, "clipnorm": None, "use_ema": False},
    }
    assert chosen_optimizer(keras).settings == {"learning_rate": 0.5, "momentum": 0.9, "nesterov": False}
    assert chosen_optimizer(keras, 0.25).settings["learning_rate"] == 0.25
    for said, part in (
        ("lion", "choose one of sgd, momentum, adam"),
        ({"class_name": "Adam", "config": {"amsgrad": True}}, "has no 'amsgrad' on a graph"),
        ({"class_name": "Adam", "config": {"beta_1": "much"}}, "needs a number for 'beta_1'"),
        ({"class_name": "Adam", "config": [1]}, "must be an object"),
        ({"class_name": "Adam", "train_op": 3}, "must be the name of one"),
    ):
        with pytest.raises(RequestFault, match=part):
            chosen_optimizer(said)  # type: ignore[arg-type]
