"""Routes x optimizers x what is frozen: frozen bits stay, the rest moves, 6 steps are 3 + 3, stock TensorFlow goes on.

`./studio test --campaign matrix` runs all of it and ends with a table, a row an optimizer of a route; a part of it by
`-k "objects and Adam"`. All rows come once before one comes again, with another pattern: so a session that is ended
early (Ctrl-C) has seen a bit of everything, and where `CKPT_STUDIO_MATRIX` names a folder, the next one goes on there.
The normal suite has a cell of each route, in the tests of that route.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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
    "matrix",
    "Frozen bits kept, the rest moved, stock TensorFlow restores the end and trains on; `true`: 3 + 3 steps are as 6",
    lambda of: (f"{of['route']} {of['optimizer']}", of["pattern"]),
    tuple(PATTERNS),
)


class Files:
    """What stock TensorFlow wrote, made when first asked for: one folder a kind and optimizer."""

    def __init__(self, child: TensorFlowChild, folder: Path) -> None:
        self._child, self._folder = child, folder
        self._made: set[Path] = set()
        self._opened: dict[Path, Checkpoint] = {}

    def __call__(self, kind: str, optimizer: str) -> Path:
        folder = self._folder / f"{kind} {optimizer}"
        if folder not in self._made:
            folder.mkdir(exist_ok=True)
            if kind == "models":
                self._child(models.MAKE, folder, [optimizer], models.RECIPE)
            elif kind == "signature":
                self._child(models.SIGNATURE, folder, [optimizer])
            else:
                self._child(graphs.MAKE, folder, [optimizer], kind == "resource")
            self._made.add(folder)
        return folder

    def opened(self, path: Path) -> Checkpoint:
        """One of them: to open a file of HDF5 starts a process."""
        if path not in self._opened:
            self._opened[path] = open_checkpoint(str(path))
        return self._opened[path]


@pytest.fixture(scope="session")
def files(tensorflow_child: TensorFlowChild, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tensorflow_child, tmp_path_factory.mktemp("matrix"))


@dataclass(frozen=True)
class Case:
    """An optimizer and a pattern of freezing, on whatever route a test takes with them."""

    route: str
    optimizer: str
    pattern: str
    files: Files
    start: Start
    out: Path
    tensorflow: TensorFlowChild

    def folder(self, kind: str) -> Path:
        return self.files(kind, self.optimizer)

    def examine(self, path: Path, **fields: Any) -> Cell:
        """Of runs from this checkpoint whose SPEC holds these fields."""

        def run(checkpoint: Checkpoint, frozen: frozenset[str], out: str, steps: int) -> Watched:
            return self.start(
                checkpoint, frozen, steps=steps, save_every=3, out=str(self.out / out), **fields
            )

        from_slots = "ema_overwrite" in self.optimizer
        return examine(self.files.opened(path), self.pattern, run, from_slots=from_slots)


def assert_restored(checkpoint: Checkpoint | None, values: Iterable[tuple[str, list[float]]]) -> None:
    """Stock TensorFlow has, variable by variable, what the run wrote; some of Adafactor's share a name."""
    assert checkpoint is not None
    columns = checkpoint.columns
    named: dict[str, list[list[float]]] = {}
    for name, value in values:
        named.setdefault(unnumbered(name), []).append(value)
    for row, key in enumerate(columns.keys):
        name = unnumbered(columns.name(row))
        while name not in named and "/" in name:  # Keras scopes what an optimizer keeps by when it was built
            name = name.partition("/")[2]
        if columns.role[row] == Role.metadata and name not in named:
            continue
        there = named.get(name) or [
            value for several in named.values() if len(several) > 1 for value in several
        ]
        assert checkpoint.read(key).ravel().tolist() in there, key


def unnumbered(name: str) -> str:
    """A name without the numbers that Keras gives to scopes that are entered again, as in `adam_3/kernel_momentum`."""
    return re.sub(r"_\d+(?=/)", "", name)


def whole_model(case: Case) -> Cell:
    folder = case.folder("models")
    file, data = folder / f"0.{case.route}", str(folder / "data.npz")
    if not file.exists():
        return Cell("-", "stock Keras itself cannot save it as such a file")
    done = case.examine(file, data=DataSpec(data), batch_size=16)
    assert_restored(done.end, case.tensorflow(models.WHOLE, done.path, data))
    return done


RECIPES = {
    "weights, recipe": ("0.weights.h5", "late"),
    "objects, optimizer built late": ("0-3", "late"),
    "objects, optimizer built early": ("0-3", "early"),
}
"""The file and whether the recipe builds its optimizer before values are restored, by which slots shift elsewhere."""


def recipe(case: Case) -> Cell:
    folder, (file, built) = case.folder("models"), RECIPES[case.route]
    code = str(folder / f"0{built}.py")
    done = case.examine(folder / file, data=None, recipe=code)
    if done.path.endswith(".keras"):  # what stock Keras can rebuild is saved as a whole
        values = case.tensorflow(models.WHOLE, done.path, str(folder / "data.npz"))
    else:
        values = case.tensorflow(models.PARTS, done.path, code)
    assert_restored(done.end, values)
    return done


def meta_graph(case: Case) -> Cell:
    folder = case.folder(case.route.removeprefix("graph, "))
    data = str(folder / "data.npz")
    done = case.examine(folder / "0" / "model.ckpt-3", data=DataSpec(data), batch_size=16)
    if done.end is not None:
        train = "averaged" if case.optimizer.endswith("ema") else "train"
        values, moved = case.tensorflow(graphs.RESTORE, done.path, data, train)
        assert_restored(done.end, values.items())
        assert moved
        assert not done.frozen & set(moved)
    return done


def signature(case: Case) -> Cell:
    folder = case.folder("signature")
    data = str(folder / "data.npz")
    done = case.examine(folder / "0", data=DataSpec(data), batch_size=16)
    assert np.isfinite(case.tensorflow(models.SIGNED, done.path, data))
    return done


ROUTES: dict[str, tuple[Callable[[Case], Cell], tuple[str, ...]]] = {
    "keras": (whole_model, models.OPTIMIZERS),
    "h5": (whole_model, models.OPTIMIZERS),
    **dict.fromkeys(RECIPES, (recipe, models.OPTIMIZERS)),
    "graph, ref": (meta_graph, graphs.OPTIMIZERS),
    "graph, resource": (meta_graph, graphs.OPTIMIZERS),
    "signature": (signature, models.OPTIMIZERS),
}


def cells() -> list[tuple[str, str, str]]:
    """All of them, in rounds that have every row once."""
    rows = [(route, optimizer) for route, (_, optimizers) in ROUTES.items() for optimizer in optimizers]
    patterns = list(PATTERNS)
    return [
        (*row, patterns[(number + turn) % len(patterns)])
        for turn in range(len(patterns))
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize(("route", "optimizer", "pattern"), cells())
def test_cell(
    route: str,
    optimizer: str,
    pattern: str,
    files: Files,
    start: Start,
    tmp_path: Path,
    tensorflow_child: TensorFlowChild,
) -> None:
    at = f"{route} {optimizer}", pattern
    TABLE.begin(at)
    case = Case(route, optimizer, pattern, files, start, tmp_path, tensorflow_child)
    done = ROUTES[route][0](case)
    TABLE.end(at, done.word, "" if done.word == "true" else done.reason)
