"""Graphs that were tampered with: whatever they say, the answer is an answer or one of our errors."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ckpt_studio.core.errors import CkptStudioError
from ckpt_studio.formats.meta_graph import (
    MetaGraph,
    build_run_graph,
    freeze_meta_graph,
    load_meta_graph,
    parse_meta_graph,
    plan_training,
    unfreeze_meta_graph,
)
from ckpt_studio.formats.meta_graph.new_optimizer import laid_open, put_optimizer
from ckpt_studio.formats.meta_graph.optimizers import chosen_optimizer
from ckpt_studio.formats.protos.meta_graph_pb2 import MetaGraphDef
from tests.formats.meta_graph.test_stock_graphs import ROOT
from tests.helpers.tensorflow_child import TensorFlowChild

ROUNDS = 60
OPS = (
    "Identity",
    "Assign",
    "Merge",
    "Fill",
    "While",
    "RandomUniform",
    "IteratorGetNext",
    "Switch",
    "ApplyAdam",
    "If",
)


def go_through(meta: MetaGraph) -> None:
    keys = sorted(meta.variables)[::2]
    plan = plan_training(meta, keys)
    frozen = freeze_meta_graph(meta, keys[::2])
    unfreeze_meta_graph(frozen.meta)
    build_run_graph(meta, plan, keys[::2])


def put_another(meta: MetaGraph) -> None:
    """Another optimizer on a graph, wherever its updates are."""
    keys = sorted(meta.variables)
    plan = plan_training(meta, keys)
    adam = chosen_optimizer("adam")
    put_optimizer(laid_open(meta, plan, adam), plan, adam, keys)


def answer(work: Callable[[], object]) -> str:
    """What a person reads: nothing, or the sentence of one of our errors."""
    try:
        work()
    except CkptStudioError as error:
        return error.message
    return ""


def tamper(proto: MetaGraphDef, rng: random.Random) -> None:
    bodies = [function.node_def for function in proto.graph_def.library.function if function.node_def]
    for _ in range(rng.randint(1, 4)):
        nodes = rng.choice([proto.graph_def.node, *bodies])
        node, other = rng.choice(nodes), rng.choice(nodes)
        match rng.randrange(8):
            case 0:
                del node.input[rng.randint(0, len(node.input)) :]
            case 1:
                node.input.append(
                    rng.choice((other.name, f"^{other.name}", f"{other.name}:7", "nowhere", ""))
                )
            case 2:
                node.op = rng.choice(OPS)
            case 3:
                node.attr.clear()
            case 4:
                node.name = rng.choice((other.name, "", "ckpt_studio/x"))
            case 5:
                for attr in node.attr:
                    node.attr[attr].type = rng.choice((0, 77, 101, 2**31 - 1))
            case 6:
                node.input[:] = [other.name] * len(node.input)
            case _:
                node.CopyFrom(other)


@pytest.fixture(scope="module")
def originals(corpus: Path) -> list[bytes]:
    names = (
        "pandabc__PHM08/tmp/model.ckpt.meta",
        "Hishmad__basic-machine-learning/iris_model/model.ckpt-8000.meta",
    )
    return [(corpus / name).read_bytes() for name in names]


def test_tampered_graphs(originals: list[bytes]) -> None:
    rng = random.Random(4)
    for number in range(ROUNDS):
        proto = MetaGraphDef.FromString(originals[number % 2])
        tamper(proto, rng)
        assert answer(partial(go_through, MetaGraph(proto)))[-1:] in ("", ".")


def test_flipped_bytes(originals: list[bytes]) -> None:
    rng = random.Random(5)
    for number in range(ROUNDS):
        data = bytearray(originals[number % 2])
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert answer(lambda data=bytes(data): go_through(parse_meta_graph(data)))[-1:] in ("", ".")


CALLED = """
import sys
sys.path.insert(0, args[0])
from tests.formats.meta_graph import stock
for name in args[2:]:
    for resource in (False, True):
        stock.write_case(name, resource, f"{args[1]}/{name}{resource:d}")
"""
CALLING = ("optimizer_in_function", "updates_guarded_by_function", "optimizer_in_loop", "moving_average")


@pytest.fixture(scope="module")
def calling(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Graphs whose updates are in functions and loops."""
    folder = tmp_path_factory.mktemp("calling")
    tensorflow_child(CALLED, ROOT, folder, *CALLING)
    return [path.read_bytes() for path in sorted(folder.glob("*.meta"))]


def check_other_optimizers(calling: list[bytes], seeds: range) -> None:
    for seed in seeds:
        rng = random.Random(seed)
        proto = MetaGraphDef.FromString(calling[seed % len(calling)])
        tamper(proto, rng)
        assert answer(partial(put_another, MetaGraph(proto)))[-1:] in ("", "."), seed


def test_another_optimizer_on_tampered_graphs(calling: list[bytes]) -> None:
    assert len(calling) == 2 * len(CALLING)
    for one in calling:
        assert answer(partial(put_another, parse_meta_graph(one))) == ""
    check_other_optimizers(calling, range(ROUNDS))


@pytest.mark.campaign("metagraph")
def test_other_optimizers_on_many_tampered_graphs(calling: list[bytes]) -> None:
    check_other_optimizers(calling, range(4000))


@pytest.mark.campaign("metagraph")
def test_many_tampered_graphs(originals: list[bytes]) -> None:
    for seed in range(4000):
        rng = random.Random(seed)
        proto = MetaGraphDef.FromString(originals[seed % 2])
        tamper(proto, rng)
        assert answer(partial(go_through, MetaGraph(proto)))[-1:] in ("", ".")


def test_a_file_of_the_corpus_survives_a_round(corpus: Path) -> None:
    go_through(load_meta_graph(str(corpus / "pandabc__PHM08/tmp/model.ckpt.meta")))
