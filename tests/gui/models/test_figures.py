"""Figures follow what is staged: what has the same values keeps them, the rest is looked for again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.analysis.remembered import FigureCache
from ckpt_studio.core.tasks import Task
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.base import Edit
from ckpt_studio.document.edits.contents import Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.rename import Rename
from ckpt_studio.gui.models.figure_work import work_out
from ckpt_studio.gui.models.figures import Figures
from tests.helpers.memory_source import MemoryCheckpoint

KEYS = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FigureCache]:
    made = FigureCache(tmp_path_factory.mktemp("cache") / "figures.sqlite")
    yield made
    made.close()


def fill(document: Document, figures: Figures, cache: FigureCache) -> None:
    rows = np.flatnonzero(~figures.settled)
    figures.put(*work_out(document, figures.state, cache, rows, 60, Task()))


def means(figures: Figures) -> dict[str, float]:
    return {
        key: figures.of(row, "mean")
        for row, key in enumerate(figures.state.columns.keys)
        if figures.settled[row]
    }


def edit_of(number: int, key: str, document: Document) -> Edit | None:
    columns = document.rows.columns
    row = columns.keys.find(key)
    if row < 0 or document.rows.dropped[row]:
        return None
    free = next(name for name in ("x", "y", "z", "w", "v") if name not in columns)
    return (
        Assign((key,), contents=Value(float(number))), Drop((key,)), Freeze((key,)), Rename(((key, free),)),
    )[number % 4]  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 11), st.sampled_from((*KEYS, "x", "y"))), max_size=6))
def test_what_is_settled_is_true_after_every_edit(steps: list[tuple[int, str]], cache: FigureCache) -> None:
    arrays = {key: np.full(3, float(number)) for number, key in enumerate(KEYS)}
    document = Document(MemoryCheckpoint(arrays))
    figures = Figures(document.rows)
    fill(document, figures, cache)
    assert means(figures) == {"a": 0, "b": 1, "c": 2, "d": 3}
    for number, key in steps:
        edit = edit_of(number, key, document)
        if edit is None:
            document.undo()
        else:
            document.do(edit)
        figures = figures.follow(document.rows)
        for known, mean in means(figures).items():
            source, own_key = document.shown(known)
            assert source.read(own_key).mean() == mean
        fill(document, figures, cache)
        assert len(means(figures)) == len(document.rows.columns)


def test_a_freeze_costs_no_figure(cache: FigureCache) -> None:
    document = Document(MemoryCheckpoint({key: np.ones(3) for key in KEYS}))
    figures = Figures(document.rows)
    fill(document, figures, cache)
    document.do(Freeze(("a",)))
    assert figures.follow(document.rows).settled.all()
    document.do(Rename((("a", "z"),)))
    assert figures.follow(document.rows).settled.all()


def test_a_variable_that_cannot_be_read_has_no_figures(tmp_path: Path) -> None:
    source = MemoryCheckpoint(
        {"bad": np.ones(2), "fine": np.ones(2)}, faults={"bad": "The bytes are damaged."}
    )
    document, cache = Document(source), FigureCache(tmp_path / "figures.sqlite")
    figures = Figures(document.rows)
    fill(document, figures, cache)
    cache.close()
    assert figures.settled.all()
    assert np.isnan(figures.column("mean")).tolist() == [True, False]
