"""Checkpoints that TensorFlow 1.0 to 1.15 write, resumed with frozen variables, and taken back by the same release.

`./studio test --campaign tf1` makes an environment for each release below pytest's cache (2.5 GB of packages, once) and
ends with a table, which is kept where `CKPT_STUDIO_TF1` names a folder. It has no slice in the normal suite, whose only
TensorFlow is ours: that one writes the graphs of `tests/formats/meta_graph`, which are of the same kinds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.tensors import Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.events import RunState
from ckpt_studio.training.spec import DataSpec
from tests.helpers.outcome_table import outcome_table
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched
from tests.training.tf1.releases import RELEASES, Release, environment

pytestmark = pytest.mark.campaign("tf1")

FOLDER = Path(__file__).parent
CALL = """
import sys
if args[0] not in sys.path:
    sys.path.insert(0, args[0])
from tests.training.tf1 import old
result = getattr(old, args[1])(*args[2:])
"""


def _names() -> list[str]:
    """Kinds of graphs; their modules are not imported here, since they need an old TensorFlow."""
    names: list[str] = []
    for file in ("optimizers.py", "networks.py", "sources.py"):
        for node in ast.parse((FOLDER / file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(
                getattr(one, "id", "") == "graph" for one in node.decorator_list
            ):
                names.append(node.name)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names += _listed(node.targets[0].id, node.value)
    return names


def _listed(name: str, value: ast.expr) -> list[str]:
    """Names that a table of a module stands for."""
    keys = [
        one.value
        for one in getattr(value, "keys", getattr(value, "elts", ()))
        if isinstance(one, ast.Constant)
    ]
    patterns = {
        "OPTIMIZERS": ("{}",),
        "AS_RESOURCE": ("{}_resource",),
        "SPARSE": ("embedding_{}",),
        "SPARSE_RESOURCE": ("embedding_{}_resource",),
        "ESTIMATORS": ("{}",),
    }
    return [pattern.format(key) for key in keys for pattern in patterns.get(name, ())]


class Old:
    """One release in a child process."""

    def __init__(self, python: str) -> None:
        self._child = TensorFlowChild(python)

    def __call__(self, what: str, *arguments: Any) -> Any:
        return self._child(CALL, FOLDER.parents[2], what, *arguments)

    def close(self) -> None:
        self._child.close()


NAMES = _names()
TABLE = outcome_table(
    "tf1",
    "Kinds of graphs and releases: resumed, frozen bits kept, taken back by the release; 3 + 3 steps as 6",
    lambda of: (of["name"], of["old"].version),
)


@pytest.fixture(scope="module", params=RELEASES, ids=[release.version for release in RELEASES])
def old(request: pytest.FixtureRequest) -> Iterator[tuple[Release, Old]]:
    release: Release = request.param
    python = environment(release, request.config.cache.mkdir("tf1"))
    if python is None:
        pytest.skip(f"no Python {release.python} on this machine, which TensorFlow {release.version} needs")
    child = Old(python)
    yield release, child
    child.close()


@pytest.mark.parametrize("name", NAMES)
def test_graph(name: str, old: tuple[Release, Old], start: Start, tmp_path: Path) -> None:
    release, call = old
    cell = name, release.version
    TABLE.begin(cell)
    told = call("write", name, tmp_path / "old")
    if "lacks" in told:
        TABLE.end(cell, "-", "the release has no such thing yet")
        return
    base = open_checkpoint(told["prefix"])
    assert values_of(base) == told["values"]
    assert_roles(base, told)
    columns = base.columns
    rows = (columns.info(row) for row in range(len(columns)))
    weights = sorted(one.key for one in rows if one.role is Role.weight and one.trainable is not False)
    document = Document(base)
    document.do(Freeze(tuple(weights[::2])))
    frozen = document.frozen_keys()
    assert frozen

    def run(checkpoint: Checkpoint, out: str, steps: int, save_every: int) -> Watched:
        data = None if told["own_data"] else DataSpec(str(tmp_path / "old" / "data.npz"), told["feeds"])
        run = start(
            checkpoint, frozen, data=data, steps=steps, batch_size=None if data is None else 8,
            save_every=save_every, out=str(tmp_path / out),
        )  # fmt: skip
        outcome = run.end()
        assert outcome.state is RunState.finished, outcome
        assert outcome.frozen_unchanged is True
        return run

    whole = run(base, "whole", 6, 3)
    prefix, still = str(whole.end().prefix), set(told["still"])
    end = open_checkpoint(prefix)
    assert set(whole.end().never_moved) <= still
    assert set(columns.keys) == set(end.columns.keys) - {one.name for one in whole.card.missing}
    for key in weights + sorted(frozen):
        same = end.read(key).tobytes() == base.read(key).tobytes()
        assert same == (key in frozen | still), key

    rest = run(open_checkpoint(whole.checkpoints[0].prefix), "rest", 3, 3)
    exact = values_of(open_checkpoint(str(rest.end().prefix))) == values_of(end)
    assert exact or rest.card.inexact
    assert exact or not told["exact"]

    held = values_of(end)
    for how in ("code", "graph"):
        (tmp_path / how).mkdir()
        restored, later = (
            call("restored_by_code", name, prefix, tmp_path / how) if how == "code"
            else call("restored_by_graph", prefix, told, tmp_path / how)
        )  # fmt: skip
        assert restored == {key: held[key] for key in restored}
        assert later != restored
        if how == "graph":
            assert {key: later[key] for key in frozen & set(later)} == {
                key: held[key] for key in frozen & set(later)
            }
    word, reason = ("true", "") if exact else ("said", "not exact, and the card says why")
    TABLE.end(cell, word, reason)


def values_of(checkpoint: Checkpoint) -> dict[str, Any]:
    return {key: checkpoint.read(key).ravel().tolist() for key in checkpoint.columns.keys}


def assert_roles(base: Checkpoint, told: dict[str, Any]) -> None:
    """Weights and slots are known as what they are."""
    columns = base.columns
    for weight in told.get("weights", ()):
        if weight in columns:
            assert columns.of(weight).role is Role.weight, weight
    for weight, slots in told["slots"].items():
        for slot in slots:
            info = columns.of(slot)
            assert (info.role, info.slot_of) == (Role.slot, weight), slot
