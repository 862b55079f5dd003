"""Routes x optimizers x what is frozen: frozen bits stay, the rest moves, 6 steps are 3 + 3, stock TensorFlow goes on.

`./studio test --campaign matrix` runs all of it and ends with a table, a row an optimizer of a route; a part of it by
`-k "objects and Adam"`. The normal suite has a cell of each route, in the tests of that route.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.tensors import Role
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.training.spec import DataSpec
from tests.helpers.outcome_table import outcome_table
from tests.helpers.tensorflow_child import TensorFlowChild
from tests.training.conftest import Start, Watched
from tests.training.matrix import graphs, models
from tests.training.matrix.cell import PATTERNS, Cell, examine

pytestmark = pytest.mark.campaign("matrix")

TABLE = outcome_table(
    "Frozen bits kept, the rest moved, stock TensorFlow restores the end and trains on; `true`: 3 + 3 steps are as 6"
)


class Files:
    """What stock TensorFlow wrote, made when first asked for: one folder a kind and optimizer."""

    def __init__(self, child: TensorFlowChild, folder: Path) -> None:
        self._child, self._folder = child, folder

    def __call__(self, kind: str, optimizer: str) -> Path:
        folder = self._folder / f"{kind} {optimizer}"
        if not folder.exists():
            folder.mkdir()
            if kind == "models":
                self._child(models.MAKE, folder, [optimizer], models.RECIPE)
            elif kind == "signature":
                self._child(models.SIGNATURE, folder, [optimizer])
            else:
                self._child(graphs.MAKE, folder, [optimizer], kind == "resource")
        return folder


@pytest.fixture(scope="session")
def files(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tensorflow_child, tmp_path_factory.mktemp("matrix"))


@dataclass(frozen=True)
class Case:
    """An optimizer and a pattern of freezing, on whatever route a test takes with them."""

    optimizer: str
    pattern: str
    files: Files
    start: Start
    out: Path
    tensorflow: TensorFlowChild

    def folder(self, kind: str) -> Path:
        return self.files(kind, self.optimizer)

    def examine(self, route: str, path: Path, **fields: Any) -> Cell:
        """Of runs from this checkpoint whose SPEC holds these fields."""

        def run(checkpoint: Checkpoint, frozen: frozenset[str], out: str, steps: int) -> Watched:
            return self.start(
                checkpoint, frozen, steps=steps, save_every=3, out=str(self.out / out), **fields
            )

        TABLE.begin(f"{route} {self.optimizer}", self.pattern)
        return examine(open_checkpoint(str(path)), self.pattern, run)

    def end(self, route: str, cell: Cell) -> None:
        """Write down what came of it."""
        reason = "" if cell.word == "true" else cell.reason
        TABLE.end(f"{route} {self.optimizer}", self.pattern, cell.word, reason)


@pytest.fixture
def case(
    optimizer: str,
    pattern: str,
    files: Files,
    start: Start,
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
) -> Case:
    return Case(optimizer, pattern, files, start, tmp_path, tensorflow_child)


def assert_restored(prefix: str, values: dict[str, list[float]]) -> None:
    """Stock TensorFlow has, variable by variable, what the run wrote."""
    columns = (checkpoint := open_checkpoint(prefix)).columns
    values = {unnumbered(name): value for name, value in values.items()}
    for row, key in enumerate(columns.keys):
        name = unnumbered(columns.name(row))
        while name not in values and "/" in name:  # Keras scopes what an optimizer keeps by when it was built
            name = name.partition("/")[2]
        if columns.role[row] != Role.metadata or name in values:
            np.testing.assert_array_equal(checkpoint.read(key).ravel(), np.array(values[name], "f8"), key)


def unnumbered(name: str) -> str:
    """A name without the numbers that Keras gives to scopes that are entered again, as in `adam_3/kernel_momentum`."""
    return re.sub(r"_\d+(?=/)", "", name)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", models.OPTIMIZERS)
@pytest.mark.parametrize("route", ["keras", "h5"])
def test_model(route: str, case: Case) -> None:
    folder = case.folder("models")
    data = str(folder / "data.npz")
    done = case.examine(route, folder / f"0.{route}", data=DataSpec(data), batch_size=16)
    assert_restored(done.prefix, case.tensorflow(models.WHOLE, done.prefix, data))
    case.end(route, done)


RECIPES = {
    "weights, recipe": ("0.weights.h5", "late"),
    "objects, optimizer built late": ("0-3", "late"),
    "objects, optimizer built early": ("0-3", "early"),
}
"""The file and whether the recipe builds its optimizer before values are restored, by which slots shift elsewhere."""


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", models.OPTIMIZERS)
@pytest.mark.parametrize("route", RECIPES)
def test_recipe(route: str, case: Case) -> None:
    folder, (file, built) = case.folder("models"), RECIPES[route]
    recipe = str(folder / f"0{built}.py")
    done = case.examine(route, folder / file, data=None, recipe=recipe)
    if done.prefix.endswith(".keras"):  # what stock Keras can rebuild is saved as a whole
        values = case.tensorflow(models.WHOLE, done.prefix, str(folder / "data.npz"))
    else:
        values = case.tensorflow(models.PARTS, done.prefix, recipe)
    assert_restored(done.prefix, values)
    case.end(route, done)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", graphs.OPTIMIZERS)
@pytest.mark.parametrize("kind", ["ref", "resource"])
def test_meta_graph(kind: str, case: Case) -> None:
    route, folder = f"graph, {kind}", case.folder(kind)
    data = str(folder / "data.npz")
    done = case.examine(route, folder / "0" / "model.ckpt-3", data=DataSpec(data), batch_size=16)
    if done.prefix:
        train = "averaged" if case.optimizer.endswith("ema") else "train"
        values, moved = case.tensorflow(graphs.RESTORE, done.prefix, data, train)
        assert_restored(done.prefix, values)
        assert moved
        assert not done.frozen & set(moved)
    case.end(route, done)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", models.OPTIMIZERS)
def test_signature(case: Case) -> None:
    folder = case.folder("signature")
    data = str(folder / "data.npz")
    done = case.examine("signature", folder / "0", data=DataSpec(data), batch_size=16)
    assert np.isfinite(case.tensorflow(models.SIGNED, done.prefix, data))
    case.end("signature", done)
