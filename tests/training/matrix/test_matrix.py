"""Routes x optimizers x what is frozen: frozen bits stay, the rest moves, 6 steps are 3 + 3, stock TensorFlow goes on.

`./studio test --campaign matrix` runs all of it and ends with a table, a row an optimizer of a route; a part of it by
`-k "objects and Adam"`. The normal suite has a cell of each route, in the tests of that route.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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


@pytest.fixture
def cell(start: Start, tmp_path: Path) -> Callable[..., Cell]:
    """Examines a case: route, optimizer, pattern, path of the checkpoint and what its SPEC holds."""

    def case(route: str, optimizer: str, pattern: str, path: Path, **fields: Any) -> Cell:
        def run(checkpoint: Checkpoint, frozen: frozenset[str], out: str, steps: int) -> Watched:
            return start(checkpoint, frozen, steps=steps, save_every=3, out=str(tmp_path / out), **fields)

        TABLE.begin(f"{route} {optimizer}", pattern)
        return examine(open_checkpoint(str(path)), pattern, run)

    return case


def end(route: str, optimizer: str, pattern: str, cell: Cell) -> None:
    """Write down what came of it."""
    TABLE.end(f"{route} {optimizer}", pattern, cell.word, "" if cell.word == "true" else cell.reason)


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
def test_model(
    route: str,
    optimizer: str,
    pattern: str,
    files: Files,
    cell: Callable[..., Cell],
    tensorflow_child: TensorFlowChild,
) -> None:
    folder = files("models", optimizer)
    data = str(folder / "data.npz")
    done = cell(route, optimizer, pattern, folder / f"0.{route}", data=DataSpec(data), batch_size=16)
    assert_restored(done.prefix, tensorflow_child(models.WHOLE, done.prefix, data))
    end(route, optimizer, pattern, done)


RECIPES = {
    "weights, recipe": ("0.weights.h5", "late"),
    "objects, optimizer built late": ("0-3", "late"),
    "objects, optimizer built early": ("0-3", "early"),
}
"""The file and whether the recipe builds its optimizer before values are restored, by which slots shift elsewhere."""


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", models.OPTIMIZERS)
@pytest.mark.parametrize("route", RECIPES)
def test_recipe(
    route: str,
    optimizer: str,
    pattern: str,
    files: Files,
    cell: Callable[..., Cell],
    tensorflow_child: TensorFlowChild,
) -> None:
    folder, (file, built) = files("models", optimizer), RECIPES[route]
    recipe = str(folder / f"0{built}.py")
    done = cell(route, optimizer, pattern, folder / file, data=None, recipe=recipe)
    if done.prefix.endswith(".keras"):  # what stock Keras can rebuild is saved as a whole
        values = tensorflow_child(models.WHOLE, done.prefix, str(folder / "data.npz"))
    else:
        values = tensorflow_child(models.PARTS, done.prefix, recipe)
    assert_restored(done.prefix, values)
    end(route, optimizer, pattern, done)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", graphs.OPTIMIZERS)
@pytest.mark.parametrize("kind", ["ref", "resource"])
def test_meta_graph(
    kind: str,
    optimizer: str,
    pattern: str,
    files: Files,
    cell: Callable[..., Cell],
    tensorflow_child: TensorFlowChild,
) -> None:
    folder = files(kind, optimizer)
    data = str(folder / "data.npz")
    done = cell(
        f"graph, {kind}",
        optimizer,
        pattern,
        folder / "0" / "model.ckpt-3",
        data=DataSpec(data),
        batch_size=16,
    )
    if done.prefix:
        train = "averaged" if optimizer.endswith("ema") else "train"
        values, moved = tensorflow_child(graphs.RESTORE, done.prefix, data, train)
        assert_restored(done.prefix, values)
        assert moved
        assert not done.frozen & set(moved)
    end(f"graph, {kind}", optimizer, pattern, done)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("optimizer", models.OPTIMIZERS)
def test_signature(
    optimizer: str, pattern: str, files: Files, cell: Callable[..., Cell], tensorflow_child: TensorFlowChild
) -> None:
    folder = files("signature", optimizer)
    data = str(folder / "data.npz")
    done = cell("signature", optimizer, pattern, folder / "0", data=DataSpec(data), batch_size=16)
    assert np.isfinite(tensorflow_child(models.SIGNED, done.prefix, data))
    end("signature", optimizer, pattern, done)
