"""Windows through one open file: the same as from the source, and only while the file is the same."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Changed
from ckpt_studio.formats.held import Held
from tests.helpers.bundles import opened
from tests.helpers.memory_source import MemorySource

WINDOWS = [None, np.s_[0:0, 0:7], np.s_[3:5, 2:6], np.s_[0:40, 6:7]]


@pytest.mark.parametrize("big_endian", [False, True], ids=["little", "big"])
def test_windows_are_those_of_the_source(tmp_path: Path, big_endian: bool) -> None:
    array = np.arange(280, dtype=np.float32).reshape(40, 7)
    source = opened(tmp_path, array, big_endian=big_endian)
    with Held(source, "v") as held:
        for window in WINDOWS:
            np.testing.assert_array_equal(held.read("v", window), source.read("v", window))
        assert held.identity("v") == source.identity("v")


def test_what_lies_in_no_file_is_read_from_the_source() -> None:
    with Held(MemorySource({"v": np.arange(6.0), "other": np.ones(2)}), "v") as held:
        assert held.read("v", (slice(2, 4),)).tolist() == [2, 3]
        assert held.read("other").tolist() == [1, 1]


def test_a_file_that_changes_meanwhile_is_said(tmp_path: Path) -> None:
    source = opened(tmp_path, np.ones((40, 7)))
    file = tmp_path / "v.data-00000-of-00001"

    def read_while_it_changes() -> None:
        with Held(source, "v") as held:
            held.read("v", np.s_[0:1, 0:7])
            os.truncate(file, file.stat().st_size + 1)

    for _ in range(2):  # while it is open, and from the beginning
        with pytest.raises(Changed, match="rewritten"):
            read_while_it_changes()


def test_large_windows_begin_at_a_line_of_the_cache(tmp_path: Path) -> None:
    source = opened(tmp_path, np.ones((400, 70)))
    held = [source.read("v", np.s_[0:rows, 0:70]) for rows in range(300, 400, 7)]
    assert {window.ctypes.data % 64 for window in held} == {0}
