"""Figures come back after a restart, never for other values, and a damaged cache costs nothing but time."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from ckpt_studio.analysis.remembered import FigureCache, Remembering, fingerprint, remembered_statistics
from ckpt_studio.analysis.statistics import Statistics, statistics
from ckpt_studio.core.errors import Cancelled
from ckpt_studio.core.tasks import UNTENDED, Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.bundles import BundleMaker
from tests.helpers.memory_source import MemorySource


@pytest.fixture
def cache(tmp_path: Path) -> FigureCache:
    return FigureCache(tmp_path / "cache" / "figures.sqlite")


ODD = {
    "float": np.array([1.5, math.nan, math.inf, -math.inf, 5e-324, 0]),
    "huge": np.array([1.7e308, -1.7e308]),
    "uint64": np.array([2**64 - 1, 0], np.uint64),
    "empty": np.zeros((0, 3), np.float32),
    "text": np.array([b"a"], object),
}


def remembered(source: TensorSource, cache: FigureCache) -> dict[str, Statistics]:
    with Remembering(source, cache) as figures:
        return {key: figures(key) for key in source.columns.keys}


def test_figures_come_back_as_they_were(cache: FigureCache, tmp_path: Path) -> None:
    source = MemorySource(ODD)
    wanted = {key: statistics(source, key) for key in ODD}
    assert remembered(source, cache) == wanted
    cache.close()
    read = source.bytes_read
    again = FigureCache(tmp_path / "cache" / "figures.sqlite")
    assert remembered(source, again) == wanted
    assert source.bytes_read == read
    again.close()


def test_other_values_have_other_figures(cache: FigureCache) -> None:
    source = MemorySource({"v": np.zeros(3), "w": np.zeros(3)})
    assert remembered(source, cache)["v"].max == 0
    assert fingerprint(source, "v") != fingerprint(source, "w")
    source.set("v", np.ones(3))
    assert remembered(source, cache)["v"].max == 1


def test_a_rewritten_file_is_read_again(cache: FigureCache, tmp_path: Path) -> None:
    for number, value in enumerate((1.0, 2.0)):
        made = BundleMaker()
        made.add("w", np.full(4, value, np.float32), 1)
        prefix = made.write(tmp_path / "m")
        for file in tmp_path.glob("m.*"):
            os.utime(file, ns=(number, number))
        assert remembered(open_checkpoint(prefix), cache)["w"].max == value


def test_a_damaged_or_forbidden_cache_only_costs_time(tmp_path: Path) -> None:
    source = MemorySource({"v": np.ones(3)})
    path = tmp_path / "figures.sqlite"
    path.write_bytes(b"no database at all, but long enough to be looked at " * 100)
    damaged = FigureCache(path)
    assert remembered(source, damaged)["v"].max == 1
    assert damaged.find([fingerprint(source, "v")])
    damaged.close()
    (tmp_path / "file").write_text("")
    nowhere = FigureCache(tmp_path / "file" / "figures.sqlite")
    assert remembered(source, nowhere)["v"].max == 1


def test_two_windows_share_it(tmp_path: Path) -> None:
    figures = [(bytes([n]) * 16, Statistics(count=n)) for n in range(100)]
    caches = [FigureCache(tmp_path / "figures.sqlite") for _ in range(2)]
    threads = [threading.Thread(target=cache.keep, args=(figures[i::2],)) for i, cache in enumerate(caches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = caches[0].find(print_ for print_, _ in figures)
    assert found == dict(figures)
    for cache in caches:
        cache.close()


class Slow(MemorySource):
    """A source whose reading waits to be let go on."""

    def __init__(self, arrays: Mapping[str, ArrayLike]) -> None:
        super().__init__(arrays)
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.passes = 0

    def blocks(self, key: str, task: Task = UNTENDED) -> Iterator[NDArray[Any]]:
        self.passes += 1
        self.begun.set()
        assert self.go_on.wait(10)
        task.check()
        yield from super().blocks(key, task)


def test_threads_that_look_for_the_same_share_one_pass(cache: FigureCache) -> None:
    source = Slow({"a": np.arange(10.0)})
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(remembered_statistics, source, "a", cache) for _ in range(4)]
        assert source.begun.wait(10)
        source.go_on.set()
        found = [each.result() for each in asked]
    assert {each.max for each in found} == {9.0}
    assert source.passes == 1


def test_who_waits_for_a_stopped_thread_looks_itself(cache: FigureCache) -> None:
    source, first, third = Slow({"a": np.arange(10.0)}), Task(), Task()
    with ThreadPoolExecutor(3) as pool:
        stopped = pool.submit(remembered_statistics, source, "a", cache, first)
        assert source.begun.wait(10)
        waiting = pool.submit(remembered_statistics, source, "a", cache)
        third.cancel()
        with pytest.raises(Cancelled):  # and who waits can be stopped, too
            pool.submit(remembered_statistics, source, "a", cache, third).result(10)
        first.cancel()
        source.go_on.set()
        with pytest.raises(Cancelled):
            stopped.result(10)
        assert waiting.result(10).max == 9.0
    assert source.passes == 2
