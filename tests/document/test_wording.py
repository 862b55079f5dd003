"""What variables are called in sentences: never so that two of them could be meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ckpt_studio.core.tensors import Names
from ckpt_studio.document.wording import called, counted, spoken
from tests.helpers.memory_source import MemorySource


@pytest.mark.parametrize("names", ["Variable Variable w", "w Variable Variable", "Variable w Variable"])
def test_what_others_are_called_too_is_called_by_its_key(names: str) -> None:
    columns = MemorySource(dict.fromkeys("abc", np.zeros(1, "f4"))).columns
    columns = replace(columns, names=Names.of_text(names.split()))
    expected = [key if name == "Variable" else name for key, name in zip("abc", names.split(), strict=True)]
    assert [called(columns, row) for row in range(3)] == expected
    assert [spoken([key], columns) for key in "abc"] == expected
    assert counted(columns, np.arange(3)) == f"3 variables ({', '.join(expected)})"
