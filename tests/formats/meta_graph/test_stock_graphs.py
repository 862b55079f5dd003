"""Generated graphs of all kinds: what is found out about them, and how they train with frozen variables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.tensorflow_child import TensorFlowChild

ROOT = Path(__file__).resolve().parents[3]
OPTIMIZERS = ("GradientDescent", "Momentum", "Adam", "RMSProp", "Adagrad", "Adadelta", "Ftrl")
PATTERNS = ("every second", "the first", "all but the last", "all")
KINDS = (False, True)

SCRIPT = """
import sys
sys.path.insert(0, args[0])
from tests.formats.meta_graph import stock
result = stock.examine(*args[1:])
"""


def _builders() -> list[str]:
    """Names of the generated graphs; their modules are not imported here, since they need TensorFlow."""
    folder = Path(__file__).parent
    sources = [(folder / name).read_text(encoding="utf-8") for name in ("usual_graphs.py", "odd_graphs.py")]
    return [
        node.name
        for source in sources
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and any(getattr(one, "id", "") == "graph" for one in node.decorator_list)
    ]


def _all() -> Iterator[tuple[str, bool, str]]:
    names = [f"{one}:{listed}" for one in OPTIMIZERS for listed in ("listed", "unlisted")]
    for name in [*names, *_builders()]:
        for resource in KINDS:
            for pattern in PATTERNS:
                yield name, resource, pattern


def _slice() -> Iterator[tuple[str, bool, str]]:
    """Each graph once, with some plain ones; the other traits take turns, so that each meets many."""
    names = [f"{one}:{'listed' if place % 2 else 'unlisted'}" for place, one in enumerate(OPTIMIZERS[::2])]
    for place, name in enumerate([*names, *_builders()]):
        yield name, bool(place % 3 % 2), PATTERNS[place % 2]


def _named(case: tuple[str, bool, str]) -> str:
    name, resource, pattern = case
    return f"{name}-{'resource' if resource else 'ref'}-{pattern}".replace(" ", "_")


@pytest.mark.parametrize("case", list(_slice()), ids=_named)
def test_graph(case: tuple[str, bool, str], tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    examine(case, tensorflow_child, tmp_path)


@pytest.mark.campaign("metagraph")
@pytest.mark.parametrize("case", list(_all()), ids=_named)
def test_whole_matrix(case: tuple[str, bool, str], tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    examine(case, tensorflow_child, tmp_path)


def examine(case: tuple[str, bool, str], child: TensorFlowChild, folder: Path) -> None:
    name, resource, pattern = case
    found = child(SCRIPT, ROOT, name, resource, folder, pattern)
    check_plan(found["expected"], found["plan"])
    check_frozen_run(found["expected"], found["frozen_run"], all_frozen=pattern == "all")
    check_written(found["expected"], found["written"], all_frozen=pattern == "all")
    assert found["round_trip"], "our definitions of the file's messages lose something"
    assert not found["stock_run"], "unfrozen, our graph must train as the original does, to the bit"


def check_plan(expected: dict[str, Any], plan: dict[str, Any]) -> None:
    for trait in ("train_ops", "step", "feeds", "missing", "trainable"):
        assert plan[trait] == expected[trait], trait
    assert plan["loss"] == f"{expected['loss']}:0"
    assert not plan["risks"]
    assert bool(plan["inexact"]) is not expected["exact"]
    assert plan["quick_names_agree"]


def check_frozen_run(expected: dict[str, Any], run: dict[str, Any], all_frozen: bool) -> None:
    assert not run["blocked"]
    assert not run["frozen_that_moved"]
    assert not run["trainable_that_stayed"]
    assert run["finite"]
    assert run["inexact"] is not expected["exact"]
    if expected["exact"]:
        assert not run["unlike_5_and_5"], "10 steps must be as 5 + 5, to the bit"
    elif not all_frozen:
        assert run["unlike_5_and_5"], "said to be inexact, but is exact"


def check_written(expected: dict[str, Any], written: dict[str, Any], all_frozen: bool) -> None:
    assert not written["blocked"]
    assert not written["frozen_that_moved"]
    assert not written["not_restored"], "a saver must still put values into frozen variables"
    assert written["undone"], "unfreezing must bring back the original graph"
    assert written["refreezing_is_the_same"]
    assert written["undone_after_stock"], "stock TensorFlow must carry along what undoes the freezing"
    if not all_frozen:
        assert set(written["moved"]) & set(written["trainable"]), "what is not frozen must train on"
    else:
        assert not set(expected["trainable"]) & set(written["trainable"])
