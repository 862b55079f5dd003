"""Several steps of a graph in one call, beside the same steps one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.formats.meta_graph.test_stock_graphs import ROOT
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Graphs, Start
from tests.training.test_runs import assert_same

SCRIPT = """
import sys
sys.path.insert(0, args[0])
from ckpt_studio.formats.meta_graph import build_run_graph, load_meta_graph, plan_training
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from ckpt_studio.training.worker.graph_session import GraphSession
from tests.formats.meta_graph import stock
_, name, resource, folder = args
prefix = folder + "/model.ckpt-2"
expected = stock.write_case(name, resource, prefix)
start, meta = open_bundle(prefix), load_meta_graph(prefix + ".meta")
plan = plan_training(meta, frozenset(start.columns.keys))
frozen = [plan.trainable[0]]
graph = build_run_graph(meta, plan, frozen, fed=expected.feeds, seed=3)
session = GraphSession(graph, step=graph.step is not None, intra_op=2, inter_op=2)
session.begin(start)
names = {one.tensor: one.placeholder for one in graph.feeds}
def fed(step):
    data = {names[tensor]: make(step) for tensor, make in expected.feeds.items()}
    return data | ({} if graph.step_feed is None else {graph.step_feed: np.int64(step)})
steps = [fed(step) for step in range(2, 14)]
stacked = {tensor: np.stack([one[tensor] for one in steps]) for tensor in steps[0]}
result = {"can": session.can_loop()}
if result["can"]:
    before = session.snapshot()
    one_by_one = [session.step(one) for one in steps]
    after = session.snapshot()
    session.loop_over(stacked, {})
    session.go_back(before)
    losses, step = session.many(stacked, len(steps))
    result["losses"] = losses == [loss for loss, _ in one_by_one]
    result["step"] = [step, one_by_one[-1][1]]
    result["differs"] = stock.same(after, session.snapshot())
    result["moved"] = len(stock.same(before, after))
"""


CAN = (
    "Adam:listed", "dropout", "batch_norm", "embedding", "while_v2_rnn", "while_loop_rnn", "partitioned", "no_inputs",
    "updates_in_condition", "updates_in_function",
)  # fmt: skip
CANNOT = ("gan", "lookup_table", "random_gamma")


@pytest.mark.parametrize("place", range(len(CAN)), ids=CAN)
def test_it_computes_the_same_bits(place: int, tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    check(CAN[place], place % 2 == 1, tensorflow_child, tmp_path)


@pytest.mark.campaign("metagraph")
@pytest.mark.parametrize("resource", [False, True], ids=["ref", "resource"])
@pytest.mark.parametrize("name", CAN)
def test_every_kind(name: str, resource: bool, tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    check(name, resource, tensorflow_child, tmp_path)


@pytest.mark.parametrize("name", CANNOT)
def test_what_a_loop_might_not_compute_alike_is_done_step_by_step(
    name: str, tensorflow_child: TensorFlowChild, tmp_path: Path
) -> None:
    assert tensorflow_child(SCRIPT, ROOT, name, True, tmp_path) == {"can": False}


def check(name: str, resource: bool, tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    found = tensorflow_child(SCRIPT, ROOT, name, resource, tmp_path)
    assert found["can"]
    assert found["moved"]
    assert (found["losses"], found["differs"]) == (True, [])
    assert found["step"][0] == found["step"][1]


def test_a_run_of_many_steps_is_as_two_of_fewer(start: Start, graphs: Graphs, tmp_path: Path) -> None:
    """One saves in the midst of what would be one call, the other begins anew there."""
    data = DataSpec(graphs.data, {"rate": 0.01})
    how: dict[str, Any] = {"learning_rate": 0.02, "batch_size": 16, "data": data}
    whole = start("dropout", steps=41, out=str(tmp_path / "whole"), **how)
    end = whole.end()
    assert end.state is RunState.finished, end
    first = whole.steps[0]
    assert whole.steps == list(range(first, first + 41))
    half = start("dropout", steps=23, out=str(tmp_path / "half"), **how).end()
    rest = start(open_bundle(str(half.prefix)), steps=18, out=str(tmp_path / "rest"), **how)
    assert_same(str(end.prefix), str(rest.end().prefix))
    assert whole.losses[23:] == rest.losses
