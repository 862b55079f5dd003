"""What is said about a graph before it runs: choices, risks, what is missing, what cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ckpt_studio.core.errors import CkptStudioError, Corrupt, RequestFault, RunFault
from ckpt_studio.formats.meta_graph import (
    build_run_graph,
    freeze_meta_graph,
    plan_training,
    unfreeze_meta_graph,
)
from ckpt_studio.formats.meta_graph.freeze import RECORD
from ckpt_studio.formats.protos.meta_graph_pb2 import GraphDef, QueueRunnerDef
from tests.formats.meta_graph.small import SmallGraph


@pytest.fixture
def graph() -> SmallGraph:
    made = SmallGraph()
    made.variable("a")
    made.variable("b")
    made.train("a", "b")
    return made


def nodes_of(serialised: bytes) -> dict[str, list[str]]:
    return {node.name: [node.op, *node.input] for node in GraphDef.FromString(serialised).node}


def test_train_operation_and_inputs(graph: SmallGraph) -> None:
    plan = plan_training(graph.meta(), ["a", "b", "other"])
    assert plan.train_ops == ("train",)
    assert [one.tensor for one in plan.feeds] == ["train/a/gradient:0", "train/b/gradient:0"]
    assert plan.unused == ("other",)
    assert plan.step is None
    assert all(one.required for one in plan.feeds)
    assert not plan.risks


def test_a_person_may_choose(graph: SmallGraph) -> None:
    plan = plan_training(graph.meta(), ["a", "b"], train_ops=["train/update_a"], loss="rate")
    assert plan.train_ops == ("train/update_a",)
    assert plan.trainable == ("a",)
    assert plan.loss == "rate:0"
    for choice in ({"train_ops": ["nothing"]}, {"loss": "nothing:0"}):
        with pytest.raises(RequestFault, match="nothing"):
            plan_training(graph.meta(), [], **choice)


def test_the_copy_whose_slots_the_checkpoint_holds(graph: SmallGraph) -> None:
    graph.variable("slot", trainable=False)
    for name in ("train_1", "train_2"):
        graph.train("a", "b", op_name=name)
    graph.node("needs_slot", "Identity", "slot")
    graph.proto.graph_def.node[-2].input.append("^needs_slot")
    plan = plan_training(graph.meta(), ["a", "b"])
    assert plan.train_ops == ("train_1",), (
        "train_2 needs a slot that the checkpoint lacks; of the others the latest"
    )
    assert any("copy" in note for note in plan.notes)


def test_what_reads_files_is_named_only_where_it_runs(graph: SmallGraph) -> None:
    graph.node("gone", "ReadFile", "rate", dtype=None)
    assert not plan_training(graph.meta(), []).risks
    graph.node("train/guard", "WriteFile", "rate", "rate", dtype=None)
    graph.proto.graph_def.node.add(name="later", op="NoOp", input=["^train", "^train/guard"])
    (risk,) = plan_training(graph.meta(), []).risks
    assert (risk.op, risk.node, risk.kind) == ("WriteFile", "train/guard", "files")


def test_python_and_files_inside_functions_are_named(graph: SmallGraph) -> None:
    function = graph.proto.graph_def.library.function.add()
    function.signature.name = "inner"
    function.node_def.add(name="call", op="EagerPyFunc")
    function.node_def.add(name="send", op="CollectiveReduce")
    call = graph.node("calls", "StatefulPartitionedCall", dtype=None)
    call.attr["f"].func.name = "inner"
    graph.proto.graph_def.node.add(name="later", op="NoOp", input=["^train", "^calls"])
    risks = plan_training(graph.meta(), []).risks
    assert [(one.node, one.kind) for one in risks] == [("inner/call", "python"), ("inner/send", "network")]


def test_operations_that_are_gone_are_named(graph: SmallGraph) -> None:
    graph.node("fused", "ContribThing", "rate")
    graph.proto.graph_def.node.add(name="later", op="NoOp", input=["^train", "^fused"])
    assert plan_training(graph.meta(), []).unknown_ops == ("ContribThing",)


def test_data_above_a_cut_is_no_risk(graph: SmallGraph) -> None:
    graph.node("file", "ReadFile", dtype=None)
    loader = graph.node("loader", "PyFunc", "file", dtype=None)
    loader.attr["Tout"].list.type.append(1)
    for node in graph.proto.graph_def.node:
        if node.op == "ApplyGradientDescent":
            node.input[2] = "loader:0"
    plan = plan_training(graph.meta(), ["a", "b"])
    assert [(one.tensor, one.op) for one in plan.feeds] == [("loader:0", "PyFunc")]
    assert not plan.risks
    assert any("Python" in note for note in plan.notes)
    run = build_run_graph(graph.meta(), plan, ())
    nodes = nodes_of(run.graph_def)
    assert not {"loader", "file"} & set(nodes)
    assert nodes[run.feeds[0].placeholder.removesuffix(":0")][0] == "Placeholder"


def test_updates_in_no_order_with_reads_are_said(graph: SmallGraph) -> None:
    """What `a` is updated with reads `b`, and nothing says whether before or after the update of `b`."""
    assert not plan_training(graph.meta(), ["a", "b"]).inexact
    graph.node("b/read", "Identity", "b")
    graph.node("half", "Mul", "b/read", "rate")
    updates = {node.name: node for node in graph.proto.graph_def.node}
    updates["train/update_a"].input[2] = "half"
    (reason,) = plan_training(graph.meta(), ["a", "b"]).inexact
    assert reason.startswith("b is read and written in no fixed order")
    updates["train/update_b"].input.append("^half")
    assert not plan_training(graph.meta(), ["a", "b"]).inexact, "now it reads first"
    updates["train/update_b"].input.pop()
    updates["half"].input.append("^train/update_b")
    assert not plan_training(graph.meta(), ["a", "b"]).inexact, "now it reads last"


def test_two_updates_of_one_variable_in_no_order_are_said(graph: SmallGraph) -> None:
    graph.node("train/again", "AssignSub", "a", "rate")
    graph.proto.graph_def.node.add(name="both", op="NoOp", input=["^train", "^train/again"])
    (reason,) = plan_training(graph.meta(), ["a", "b"]).inexact
    assert reason.startswith("a is read and written in no fixed order")


def with_iterator(graph: SmallGraph, source: str = "numbers") -> None:
    """Gradients from an iterator over what the node `source` gives."""
    graph.node("numbers", "Const")
    graph.node("rows", "TensorSliceDataset", source, dtype=None)
    graph.node("iterator", "IteratorV2", dtype=None)
    graph.node("begin", "MakeIterator", "rows", "iterator", dtype=None)
    graph.node("next", "IteratorGetNext", "iterator", dtype=None).attr["output_types"].list.type.append(1)
    gradients_from(graph, "next")


def with_queue(graph: SmallGraph, source: str = "numbers") -> None:
    """Gradients from a queue that a queue runner fills with what the node `source` gives."""
    graph.node("numbers", "Const")
    graph.node("queue", "FIFOQueueV2", dtype=None)
    graph.node("enqueue", "QueueEnqueueV2", "queue", source, dtype=None)
    graph.node("close", "QueueCloseV2", "queue", dtype=None)
    graph.node("next", "QueueDequeueV2", "queue", dtype=None).attr["component_types"].list.type.append(1)
    gradients_from(graph, "next")
    runner = QueueRunnerDef(queue_name="queue", enqueue_op_name=["enqueue"], close_op_name="close")
    graph.proto.collection_def["queue_runners"].bytes_list.value.append(runner.SerializeToString())


def gradients_from(graph: SmallGraph, name: str) -> None:
    for node in graph.proto.graph_def.node:
        if node.op == "ApplyGradientDescent":
            node.input[2] = name


def test_an_iterator_over_constants_is_data_of_the_graphs_own(graph: SmallGraph) -> None:
    with_iterator(graph)
    meta = graph.meta()
    plan = plan_training(meta, ["a", "b"])
    assert [(one.tensor, one.required) for one in plan.feeds] == [("next:0", False)]
    assert not plan.risks
    run = build_run_graph(meta, plan, ())
    assert (run.starts, run.queues, run.feeds) == (("begin",), (), ())
    assert {"next", "begin", "rows"} <= set(nodes_of(run.graph_def))
    assert any("own data" in reason for reason in run.inexact)
    fed = build_run_graph(meta, plan, (), fed=["next:0"])
    assert (fed.starts, fed.own_data, fed.inexact) == ((), False, ())
    assert [one.tensor for one in fed.feeds] == ["next:0"]
    assert not {"next", "begin", "rows"} & set(nodes_of(fed.graph_def))


def test_a_queue_over_constants_is_data_of_the_graphs_own(graph: SmallGraph) -> None:
    with_queue(graph)
    run = build_run_graph(graph.meta(), plan_training(graph.meta(), ["a", "b"]), ())
    assert [(one.enqueues, one.close, one.cancel) for one in run.queues] == [(("enqueue",), "close", "")]
    assert {"enqueue", "close", "queue"} <= set(nodes_of(run.graph_def))


@pytest.mark.parametrize("with_data", [with_iterator, with_queue])
@pytest.mark.parametrize(
    ("op", "said"),
    [
        ("ReadFile", r"read from files \(ReadFile at source\)"),
        ("PyFunc", r"Python code that is not in the file \(PyFunc at source\)"),
        ("CollectiveReduce", r"over the network \(CollectiveReduce at source\)"),
        ("ContribThing", r"not known to be harmless \(ContribThing at source\)"),
        ("Placeholder", "what is fed to source"),
        ("VariableV2", "the variable source"),
    ],
)
def test_data_that_is_made_from_something_outside_has_to_be_fed(
    with_data: Callable[[SmallGraph, str], None], op: str, said: str, graph: SmallGraph
) -> None:
    graph.node("source", op)
    with_data(graph, "source")
    plan = plan_training(graph.meta(), ["a", "b"])
    assert [(one.tensor, one.required) for one in plan.feeds] == [("next:0", True)]
    assert not plan.risks
    assert any(re.fullmatch(f"next has to be fed: its data .*{said}.", note) for note in plan.notes)
    assert not {"source", "begin", "enqueue"} & set(
        nodes_of(build_run_graph(graph.meta(), plan, ()).graph_def)
    )


def test_data_that_the_graph_alone_does_not_begin_has_to_be_fed(graph: SmallGraph) -> None:
    def note() -> str:
        plan = plan_training(graph.meta(), ["a", "b"])
        assert plan.feeds[0].required
        return next(note for note in plan.notes if note.startswith("next has to be fed"))

    with_iterator(graph)
    graph.node("begin_test", "MakeIterator", "rows", "iterator", dtype=None)
    assert "may begin in several ways (begin, begin_test)" in note()
    for node in graph.proto.graph_def.node:
        if node.op == "MakeIterator":
            node.op = "NoOp"
    assert "iterator, which nothing in the graph begins" in note()
    for node in graph.proto.graph_def.node:
        if node.name == "iterator":
            node.op = "IteratorFromStringHandleV2"
    assert "only chosen in a session" in note()
    for node in graph.proto.graph_def.node:
        if node.name == "next":
            node.op = "QueueDequeueV2"
    assert "the queue iterator, which nothing in the graph fills" in note()


def test_missing_values_come_from_initializers(graph: SmallGraph) -> None:
    plan = plan_training(graph.meta(), ["a"])
    assert plan.missing == ("b",)
    run = build_run_graph(graph.meta(), plan, ())
    assert run.initializers == ("b/Assign",)
    assert {one.name: one.held for one in run.variables} == {"a": True, "b": False}
    for node in graph.proto.graph_def.node:
        if node.name == "b/Assign":
            node.name = "elsewhere"
    for name in ("variables", "trainable_variables"):
        del graph.proto.collection_def[name]
    with pytest.raises(RunFault, match="b is not in the checkpoint"):
        build_run_graph(graph.meta(), plan_training(graph.meta(), ["a"]), ())


def test_no_train_operation_is_told() -> None:
    graph = SmallGraph()
    graph.variable("a")
    plan = plan_training(graph.meta(), ["a"])
    assert plan.train_ops == ()
    assert any("no train operation" in note for note in plan.notes)
    with pytest.raises(RequestFault, match="no train operation"):
        build_run_graph(graph.meta(), plan, ())


def test_a_write_that_may_hit_either_of_two_variables_is_blocked(graph: SmallGraph) -> None:
    graph.node("which", "Placeholder")
    graph.node("picked", "RefSelect", "which", "a", "b")
    graph.node("train/gradient", "Placeholder")
    graph.node("either", "ApplyGradientDescent", "picked", "rate", "train/gradient")
    meta = graph.meta()
    plan = plan_training(meta, ["a", "b"], train_ops=["either"])
    (blocked,) = build_run_graph(meta, plan, ["a"]).blocked
    assert "b" in blocked.reason
    assert not build_run_graph(meta, plan, ["a", "b"]).blocked


def test_a_name_of_ours_in_the_graph(graph: SmallGraph) -> None:
    graph.node("ckpt_studio/set/0", "Const")
    run = build_run_graph(graph.meta(), plan_training(graph.meta(), ["a", "b"]), ())
    assert all(one.set_op.startswith("ckpt_studio_/") for one in run.variables)


def test_a_frozen_update_still_hands_its_reference_on(graph: SmallGraph) -> None:
    frozen = freeze_meta_graph(graph.meta(), ["a"]).meta
    nodes = nodes_of(frozen.proto.graph_def.SerializeToString())
    assert nodes["train/update_a"] == ["RefIdentity", "a"]
    assert nodes["train/update_b"][0] == "ApplyGradientDescent"
    assert nodes["a/Assign"][0] == "Assign"
    assert frozen.trainable == {"b"}
    assert unfreeze_meta_graph(frozen).serialise() == graph.proto.SerializeToString(deterministic=True)
    again = freeze_meta_graph(frozen, ["b"]).meta
    assert again.serialise() == freeze_meta_graph(graph.meta(), ["b"]).meta.serialise()


def test_clipping_by_global_norm_is_said(graph: SmallGraph) -> None:
    assert not freeze_meta_graph(graph.meta(), ["a"]).notes
    for node in graph.proto.graph_def.node:
        node.input[:] = ["global_norm/rate" if one == "rate" else one for one in node.input]
        if node.name == "rate":
            node.name = "global_norm/rate"
    assert any("global norm" in note for note in freeze_meta_graph(graph.meta(), ["a"]).notes)


def test_a_damaged_record_is_told(graph: SmallGraph) -> None:
    frozen = freeze_meta_graph(graph.meta(), ["a"]).meta
    frozen.proto.collection_def[RECORD].bytes_list.value[0] = b"not base64"
    with pytest.raises(Corrupt, match=RECORD):
        unfreeze_meta_graph(frozen)


def test_a_node_without_inputs_is_told(graph: SmallGraph) -> None:
    del graph.proto.graph_def.node[-1].input[:]
    graph.node("broken", "ApplyAdam", "a")
    with pytest.raises(CkptStudioError, match="broken"):
        plan_training(graph.meta(), [])
