"""Runs of a recipe: the person's Python file builds model, optimizer and data; any checkpoint can be its start."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import ClassVar

from ckpt_studio.core.errors import MissingFile, RunFault
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.training.card import Card
from ckpt_studio.training.prepare import Start, start_step
from ckpt_studio.training.spec import RunSpec


class RecipeRoute:
    """What the recipe builds is known only to the training process; here it is read as text."""

    name: ClassVar[str] = "recipe"

    def declines(self, base: Checkpoint, spec: RunSpec) -> str | None:
        """As `Route.declines`.

        Raises:
            MissingFile: there is no such recipe.
        """
        if spec.recipe is not None and not Path(spec.recipe).is_file():
            raise MissingFile(f"The recipe {spec.recipe} is not there.", path=spec.recipe)
        return "no recipe was named that builds its model" if spec.recipe is None else None

    def prospect(self, source: TensorSource, base: Checkpoint, spec: RunSpec, frozen: frozenset[str]) -> Card:
        """As `Route.prospect`.

        Raises:
            MissingFile: the recipe cannot be read.
            RunFault: it is no Python.
        """
        assert spec.recipe is not None
        settings: dict[str, object] = {"format": base.format}
        if spec.learning_rate is not None:
            settings["learning_rate"] = spec.learning_rate
        return Card(
            meta_graph=spec.recipe,
            route=self.name,
            start_step=start_step(source, base),
            frozen=tuple(sorted(frozen)),
            settings=settings,
            mapping={} if spec.data is None else dict(spec.data.map),
            problems=tuple(_problems(spec.recipe)),
        )

    def write_start(self, start: Start) -> str:
        """As `Route.write_start`."""
        return start.write()


def _problems(path: str) -> list[str]:
    try:
        tree = ast.parse(Path(path).read_bytes(), path)
    except OSError as error:
        raise MissingFile(f"The recipe {path} cannot be read: {error.strerror}.", path=path) from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = "" if line is None else f", line {line}"
        raise RunFault(f"The recipe {path}{place} is no Python: {error.args[0]}.", path=path) from error
    names = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    names |= {
        alias.asname or alias.name
        for one in tree.body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }
    names |= {
        target.id for one in tree.body if isinstance(one, ast.Assign) for target in one.targets
        if isinstance(target, ast.Name)
    }  # fmt: skip
    return [] if "build" in names else [f"The recipe {path} has no function build()."]
