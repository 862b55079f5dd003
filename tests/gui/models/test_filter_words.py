"""The language of the filter field: every word against what it says, and a sentence for what makes no sense."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Names, encode
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.gui.models.figures import Figures, lines_of
from ckpt_studio.gui.models.filter_words import Ground, understood
from ckpt_studio.gui.models.name_search import NameSearch
from ckpt_studio.gui.models.row_states import read_states
from ckpt_studio.gui.models.variable_tree import prepare
from tests.helpers.memory_source import MemoryCheckpoint

ARRAYS = {
    "conv1/kernel": np.full((3, 3, 2, 4), 0.5, np.float32),
    "conv1/bias": np.zeros(4, np.float32),
    "conv2/kernel": np.ones((3, 3, 4), np.float16) * 40,
    "dense/kernel": np.array([[math.nan, 1], [math.inf, -3]]),
    "step": np.int64(7),
    "names": np.array([b"a", b"b"], object),
    "two words": np.arange(2000, dtype=np.float64),
}
KEYS = sorted(ARRAYS)


@pytest.fixture(scope="module")
def ground() -> Ground:
    document = Document(MemoryCheckpoint(ARRAYS))
    document.do(Freeze(("conv1/kernel",)))
    document.do(Drop(("conv1/bias",)))
    columns = document.rows.columns
    tree, figures = prepare(columns, "name"), Figures(document.rows)
    known = [row for row in range(len(columns)) if not figures.settled[row]]
    figures.put(np.array(known), lines_of(statistics(document.base, KEYS[row]) for row in known))
    return Ground(tree, read_states(document, document.rows, tree.nodes), figures)


def found(ground: Ground, text: str) -> set[str]:
    rows = understood(text).rows(ground)
    return set(KEYS) if rows is None else {key for key, here in zip(KEYS, rows, strict=True) if here}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", set(KEYS)),
        ("KERNEL conv", {"conv1/kernel", "conv2/kernel"}),
        ('"two w"', {"two words"}),
        ("!kernel !step !names", {"conv1/bias", "two words"}),
        (r"/conv\d\/(kernel|bias)$/", {"conv1/kernel", "conv1/bias", "conv2/kernel"}),
        ("/^step/", {"step"}),
        ("!/e/", {"conv1/bias", "two words"}),
        ("1/kernel/", set()),
        ("dtype:float", {"conv1/kernel", "conv1/bias", "conv2/kernel", "dense/kernel", "two words"}),
        ("dtype:float16", {"conv2/kernel"}),
        ("shape:3x3x*", {"conv1/kernel", "conv2/kernel"}),
        ("shape:3x3x4", {"conv2/kernel"}),
        ("shape:*x3x2x*", {"conv1/kernel"}),
        ("shape:scalar", {"step"}),
        ("shape:9x9x9x9x9x9x9", set()),
        ("frozen:", {"conv1/kernel"}),
        ("frozen:no kernel", {"conv2/kernel", "dense/kernel"}),
        ("staged:", {"conv1/kernel", "conv1/bias"}),
        ("dropped:", {"conv1/bias"}),
        ("nan:", {"dense/kernel"}),
        ("nan:no kernel", {"conv1/kernel", "conv2/kernel"}),
        ("inf:", {"dense/kernel"}),
        ("norm>10", {"conv2/kernel", "two words"}),
        ("norm>10 std<1e-3", {"conv2/kernel"}),
        ("mean=7", {"step"}),
        ("min<0", {"dense/kernel"}),
        ("zeros>0.9", {"conv1/bias"}),
        ("zeros>90%", {"conv1/bias"}),
        ("zeros>=1", {"conv1/bias", "two words"}),
        ("!norm>10 dtype:float", {"conv1/kernel", "conv1/bias", "dense/kernel"}),
        ("size>1k", {"two words"}),
        ("size>=15.625Ki", {"two words"}),
        ("elements=2000", {"two words"}),
        ("rank>2", {"conv1/kernel", "conv2/kernel"}),
        ("kernel:0", set()),
    ],
)
def test_words(ground: Ground, text: str, keys: set[str]) -> None:
    assert found(ground, text) == keys


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("norm>", "“norm>” needs a number after >, such as norm>10."),
        ("std<tiny", "needs a number"),
        ("weight>3", "Nothing is called “weight”; conditions are about mean, std"),
        ("mean>5%", "cannot be in percent"),
        ("norm>1e999", "too large"),
        ("/(a/", "“(a” is no regular expression"),
        ("/(a+)+$/", "repeats what is repeated"),
        ("dtype:flaot", "No element type has “flaot” in its name."),
        ("role:king", "There is no role “king”; there are weight, slot"),
        ("shape:3x?", "is no shape"),
        ("shape:99999999999999999999999", "is no shape"),
    ],
)
def test_what_makes_no_sense_is_said(text: str, sentence: str) -> None:
    with pytest.raises(RequestFault, match=re.escape(sentence)):
        understood(text)


def test_rows_without_figures_wait(ground: Ground) -> None:
    assert ground.figures is not None
    words = understood("norm>10 kernel")
    unknown = Ground(ground.tree, ground.states, Figures(ground.figures.state))
    found, candidates = words.found(unknown)
    assert not found.any()
    assert candidates.sum() == 3
    assert not understood("!norm>10").rows(unknown).any()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text("ab/1\n", min_size=0, max_size=6), max_size=12),
    st.sampled_from(["a", "^a", "b$", "a/b", "[^b]*b", r"\d", "ab?", "^$", "a.b", r"[^/]+/[^/]+$"]),
)
def test_expressions_are_found_name_by_name(names: list[str], text: str) -> None:
    names = [name.replace("\n", "") for name in names]
    pattern = re.compile(text.encode(), re.MULTILINE)
    wanted = [pattern.search(encode(name)) is not None for name in names]
    assert NameSearch(Names.of_text(names)).match(pattern).tolist() == wanted
