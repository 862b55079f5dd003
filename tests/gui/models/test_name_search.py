"""Searching names: the same answer as looking at each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.core.tensors import Names
from ckpt_studio.gui.models import name_search
from ckpt_studio.gui.models.name_search import NameSearch

texts = st.lists(st.text(st.sampled_from("abAB/é_ "), max_size=8), max_size=30)


@pytest.mark.parametrize("few", [0, 1, 5000])
@given(texts, st.text(st.sampled_from("abA/é_ "), max_size=3))
@settings(max_examples=80, deadline=None)
def test_as_python_would(few: int, names: list[str], wanted: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(name_search, "_FEW", few)
        found = NameSearch(Names.of_text(names)).find(wanted)

    def low(text: str) -> bytes:
        return text.encode().lower()

    assert found.tolist() == [low(wanted) in low(name) for name in names]


def test_many_names() -> None:
    names = NameSearch(Names.of_text(f"block_{i}/kernel" for i in range(20_000)))
    assert int(names.find("kernel").sum()) == 20_000
    assert np.flatnonzero(names.find("BLOCK_77/")).tolist() == [77]
    assert not names.find("nothing").any()
