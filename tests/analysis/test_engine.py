"""Passes in a process of their own find what passes here find, whatever becomes of that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from ckpt_studio.analysis.classes import count_classes, percentiles
from ckpt_studio.analysis.engine.process import Engine
from ckpt_studio.analysis.histogram import HistogramRequest, histogram
from ckpt_studio.analysis.passes import ELSEWHERE
from ckpt_studio.analysis.remembered import FigureCache, remembered_statistics
from ckpt_studio.analysis.statistics import statistics
from ckpt_studio.core.child_environment import child_environment
from ckpt_studio.core.errors import Cancelled, Changed
from ckpt_studio.core.tasks import Task
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.formats.registry import open_checkpoint
from ckpt_studio.formats.tf_bundle.write import write_bundle
from tests.helpers.memory_source import MemorySource

SIZE = 9 << 20
"""Bytes from which on a pass is shared out, and some more."""


class Watch:
    """Who made the passes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.answers: list[Any] = []

    def make(self, work: Any, task: Task) -> Any:
        self.answers.append(self.engine.make(work, task))
        return self.answers[-1]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    engine = Engine()
    watch = Watch(engine)
    monkeypatch.setattr(ELSEWHERE, "make", watch.make)
    yield watch
    engine.close()


def values(dtype: Any, size: int = SIZE) -> np.ndarray[Any, Any]:
    kind = np.dtype(dtype)
    count = size // kind.itemsize + 3
    normal = np.random.default_rng(3).standard_normal(count)
    if kind.kind in "iu":
        return (normal * 20 + 100).astype(kind)
    if kind.kind == "c":
        return (normal + 1j * normal[::-1]).astype(kind)
    made = normal.astype(kind)
    if kind.itemsize > 1:
        made[[5, 70_000, -1]] = np.nan, np.inf, -np.inf
    return made


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorSource]:
    dtypes = ("float32", "float64", "int32", "uint64", "complex64", "float16", "uint8", ml_dtypes.bfloat16)
    prefix = str(tmp_path_factory.mktemp("engine") / "model.ckpt-1")
    write_bundle(MemorySource({np.dtype(dtype).name: values(dtype) for dtype in dtypes}), prefix)
    opened = open_checkpoint(f"{prefix}.index")
    yield opened
    opened.close()


def everything(source: TensorSource, key: str) -> list[Any]:
    found = histogram(source, HistogramRequest(key, 100))
    classes = count_classes(source, key)
    shares = percentiles(source, key, classes, (0.0, 0.01, 0.5, 0.99, 1.0))
    return [
        statistics(source, key), found.counts.tolist(), found.edges.tolist(), found.below, found.above,
        found.statistics, classes.counts.tolist(), classes.near.tolist(), shares,
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["npy", "npz", "safetensors"])
def test_files_of_others_are_read_there_too(ending: str, tmp_path: Path, watch: Watch) -> None:
    path, array = tmp_path / f"w.{ending}", values(">f4" if ending == "npy" else "f4")
    if ending == "safetensors":
        save_file({"w": array}, path)
    else:
        np.save(path, array) if ending == "npy" else np.savez(path, w=array)
    source = open_checkpoint(str(path))
    found = statistics(source, "w")
    finite = array[np.isfinite(array)].astype(np.float64)
    assert (found.count, found.nan, found.inf, found.neg_inf) == (len(array), 1, 2, 1)
    assert (found.min, found.max) == (finite.min(), finite.max())
    assert found.std == pytest.approx(finite.std(), rel=1e-12)
    assert len(watch.answers) == 1
    assert watch.answers[0] is not None


def test_it_finds_the_same_for_every_type(
    checkpoint: TensorSource, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ckpt_studio.analysis import passes

    for key in checkpoint.columns.keys:
        monkeypatch.setattr(passes, "_recent", passes.OrderedDict())
        there = everything(checkpoint, key)
        monkeypatch.setattr(passes, "_recent", passes.OrderedDict())
        with monkeypatch.context() as here:
            here.setattr(ELSEWHERE, "make", None)
            assert everything(checkpoint, key) == there
    assert watch.answers
    assert None not in watch.answers


def test_progress_is_told_and_small_variables_stay_here(tmp_path: Path, watch: Watch) -> None:
    prefix = str(tmp_path / "model.ckpt-1")
    write_bundle(MemorySource({"large": values("float32"), "small": np.ones(9, "f")}), prefix)
    source = open_checkpoint(f"{prefix}.index")
    task = Task()
    statistics(source, "large", task)
    assert task.done == source.columns.of("large").nbytes
    assert len(watch.answers) == 1
    assert statistics(source, "small").mean == 1
    assert len(watch.answers) == 1
    source.close()


@pytest.fixture
def endless(tmp_path: Path) -> TensorSource:
    """A tensor of some gigabytes, which take no room on the disk."""
    path = tmp_path / "large.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(3 << 30,))
    return open_checkpoint(str(path))


class Long:
    """A pass over all of that, which goes on until it is cancelled."""

    def __init__(self, endless: TensorSource) -> None:
        self._source = endless
        self._task = Task()
        self.found: object = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.found = statistics(self._source, "large", self._task)
        except Cancelled as error:
            self.found = error

    def under_way(self) -> Long:
        """When some of it was read."""
        while not self._task.done:
            time.sleep(0.01)
        return self

    def cancel(self) -> None:
        assert self.found is None
        self._task.cancel()
        self.thread.join()
        assert isinstance(self.found, Cancelled)


def test_what_is_cancelled_ends_and_the_next_is_answered(
    endless: TensorSource, checkpoint: TensorSource, watch: Watch
) -> None:
    Long(endless).under_way().cancel()
    assert statistics(checkpoint, "float32").nan == 1
    assert watch.answers[-1] is not None


def test_others_go_on_beside_a_long_pass(
    endless: TensorSource, checkpoint: TensorSource, watch: Watch
) -> None:
    long = Long(endless).under_way()
    assert statistics(checkpoint, "float32").nan == 1
    assert watch.answers[-1] is not None
    long.cancel()


def test_of_two_that_ask_for_the_same_the_second_goes_on_where_the_first_gives_up(
    endless: TensorSource, watch: Watch
) -> None:
    first = Long(endless).under_way()
    second = Long(endless)
    time.sleep(0.1)
    first.cancel()
    second.under_way().cancel()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_process_that_dies_is_made_up_for(
    number: signal.Signals, checkpoint: TensorSource, endless: TensorSource, watch: Watch
) -> None:
    long = Long(endless).under_way()
    assert watch.engine.pid is not None
    os.kill(watch.engine.pid, number)
    while not watch.answers:  # then the pass is begun anew, here
        time.sleep(0.01)
    assert watch.answers == [None]
    long.cancel()
    assert statistics(checkpoint, "float32").nan == 1
    assert watch.engine.pid is None


def test_a_file_that_is_another_one_is_said_as_ever(tmp_path: Path, watch: Watch) -> None:
    path = tmp_path / "w.npy"
    np.save(path, values("float32"))
    source = open_checkpoint(str(path))
    np.save(path, values("float32", 2 * SIZE))
    with pytest.raises(Changed, match=r"w\.npy was rewritten by another program"):
        statistics(source, "w")
    assert watch.answers == [None]


def test_what_the_tree_will_ask_for_is_found_ahead(checkpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = statistics(checkpoint, "float32")
    engine = Engine(f"{checkpoint.prefix}.index")
    monkeypatch.setattr(ELSEWHERE, "make", engine.make)
    wait_for_look_ahead(engine)
    task = Task()
    assert statistics(checkpoint, "float32", task) == expected
    assert task.done == 0
    engine.close()


def test_what_was_found_at_an_earlier_start_is_not_read_again(
    checkpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FigureCache()
    for key in checkpoint.columns.keys:
        remembered_statistics(checkpoint, key, cache)
    cache.close()
    engine = Engine(f"{checkpoint.prefix}.index")
    wait_for_look_ahead(engine)
    monkeypatch.setattr(ELSEWHERE, "make", engine.make)
    task = Task()
    statistics(checkpoint, "float32", task)
    assert task.done == checkpoint.columns.of("float32").nbytes
    engine.close()


def wait_for_look_ahead(engine: Engine) -> None:
    """When that is over, the engine loads what counts bytes."""
    until = time.monotonic() + 60
    while "_imaging" not in Path(f"/proc/{engine.pid}/maps").read_text():
        assert time.monotonic() < until
        time.sleep(0.02)


OWNER = """
import sys, time
from ckpt_studio.analysis.engine.process import Engine
engine = Engine(sys.argv[1])
print(engine.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("path", ["", "nothing-there.ckpt"])
def test_it_ends_with_its_window(path: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, path], stdout=subprocess.PIPE, text=True, env=child_environment()
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.kill()
    until = time.monotonic() + 60
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_alive(pid)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
