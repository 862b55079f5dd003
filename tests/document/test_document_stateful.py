"""Random sequences of all edits, undo, redo and removal, against a plain dict; then TensorFlow reads the result."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.core.errors import RequestFault
from ckpt_studio.document.edits.add import Add
from ckpt_studio.document.edits.arithmetic import ReplaceNan, Scale
from ckpt_studio.document.edits.arrange import Reshape, Transpose
from ckpt_studio.document.edits.assign import Assign
from ckpt_studio.document.edits.average import Average, Part
from ckpt_studio.document.edits.cast import Cast
from ckpt_studio.document.edits.cells import SetCells
from ckpt_studio.document.edits.contents import Array, Initial, Value
from ckpt_studio.document.edits.drop import Drop
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.rename import Move, Rename, RenameMany, RenamePattern
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.edits.slim import Slim, SwapAverages
from ckpt_studio.document.edits.step import SetStep
from ckpt_studio.document.filling import Filling
from ckpt_studio.document.values.made import Initializer
from ckpt_studio.formats.npz.reader import NpyReader, NpzReader
from tests.document.bundles import DONOR, make
from tests.document.document_beside_model import DocumentBesideModel
from tests.document.simple_model import FILES, FIRST, is_average, live
from tests.helpers.tensorflow_child import TensorFlowChild

NEW = ["a", "b/w", "dense/bias", "dense/kernel/Adam", "out", "text", "z/z/z"]
PATTERNS = [("^dense/", "d/"), ("kernel$", "weights"), ("Adam", "slot"), ("/", "."), ("^b", "dense/b")]
INITIALIZERS = ["zeros", "ones", "identity", "uniform", "truncated_normal", "he_normal", "orthogonal"]


class DocumentMachine(DocumentBesideModel):
    """Every edit there is, with arguments that mostly fit."""

    @rule(data=st.data(), freeze=st.booleans())
    def mark(self, data: st.DataObject, freeze: bool) -> None:
        self.do((Freeze if freeze else Unfreeze)(self.some(data, 8)))

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        self.do(Drop(self.some(data)))

    @rule(what=st.sampled_from(["optimizer", "frozen_slots", "averages"]), keep=st.booleans())
    def slim(self, what: Any, keep: bool) -> None:
        kept = live(self.model)
        averages = {key for key, row in kept.items() if is_average(row)}
        slots = {key for key, row in kept.items() if row.weight and key not in averages}
        counters = {"beta1_power"} | (set() if keep else {"global_step"})
        frozen = {row.name for row in kept.values() if row.frozen}
        wanted = {
            "averages": averages,
            "frozen_slots": {key for key in slots if kept[key].weight in frozen},
            "optimizer": slots
            | {key for key, row in kept.items() if row.name in counters and row.name == key},
        }[what]
        try:
            edit = Slim.of(self.document.rows, what, keep_counters=keep)
        except RequestFault:
            assert not wanted
            return
        # What a variable is for is told when the checkpoint is opened, whatever it is called now.
        assert wanted <= set(edit.keys) <= wanted | {k for k, row in kept.items() if row.name in counters}
        self.do(edit)

    @rule(keep=st.booleans())
    def swap_averages(self, keep: bool) -> None:
        kept = live(self.model)
        averaged = {row.weight for row in kept.values() if is_average(row)} & {
            row.name for row in kept.values()
        }
        try:
            edit = SwapAverages.of(self.document.staged.columns, keep=keep)
        except RequestFault:
            assert not averaged
            return
        assert {kept[key].name for key in edit.keys} == averaged
        self.do(edit)

    @rule(data=st.data(), filling=st.sampled_from([None, None, Filling(None), Filling(Initializer("zeros"))]))
    def swap(self, data: st.DataObject, filling: Filling | None) -> None:
        """Mostly what fits. Values that do not fit the type are errors when they are read; other tests look at them."""
        pairs = []
        for key in self.some(data):
            value = self.model[key].value
            kept = [name for name, other in DONOR.items() if keeps(np.asarray(other), value.dtype)]
            fits = [name for name in kept if np.shape(DONOR[name]) == value.shape]
            chosen = kept if not fits or data.draw(st.integers(0, 5)) == 0 else fits
            pairs.append((key, data.draw(st.sampled_from(sorted(chosen)))))
        self.do(Replace(tuple(pairs), self.donor, self.donor.path, "", filling))

    @rule(data=st.data(), value=st.sampled_from([0, 1, 3]))
    def assign(self, data: st.DataObject, value: int) -> None:
        self.do(Assign(self.some(data), contents=Value(value)))

    @rule(data=st.data(), name=st.sampled_from(sorted(FILES)), say=st.booleans())
    def assign_from_a_file(self, data: st.DataObject, name: str, say: bool) -> None:
        path = self.folder / name
        member = data.draw(st.sampled_from(sorted(FILES[name]))) if say else ""
        fits = [key for key in self.some(data) if say or name == "three.npy" or key in FILES[name]]
        if fits:
            source = (NpyReader() if path.suffix == ".npy" else NpzReader()).open(str(path))
            self.do(Assign(tuple(fits), contents=Array(str(path), source, member)))

    @rule(data=st.data(), name=st.sampled_from(INITIALIZERS), seed=st.integers(0, 2))
    def initialise(self, data: st.DataObject, name: Any, seed: int) -> None:
        self.do(Assign(self.some(data), contents=Initial(Initializer(name, seed))))

    @rule(data=st.data(), value=st.sampled_from([0, 2, 7, "x"]))
    def set_cells(self, data: st.DataObject, value: Any) -> None:
        (key,) = self.some(data, 1)
        index = tuple(data.draw(st.integers(0, n)) if n == 3 else n - 1 for n in self.model[key].value.shape)
        self.do(SetCells(key, ((index, value),)))

    @rule(data=st.data(), factor=st.sampled_from([1, 2, -1]), offset=st.sampled_from([3, -2]))
    def scale(self, data: st.DataObject, factor: int, offset: int) -> None:
        self.do(Scale(self.some(data), factor=factor, offset=offset))

    @rule(data=st.data())
    def replace_nan(self, data: st.DataObject) -> None:
        self.do(ReplaceNan(self.some(data), value=4))

    @rule(data=st.data(), name=st.sampled_from(["float16", "float64", "int32"]))
    def cast(self, data: st.DataObject, name: str) -> None:
        self.do(Cast(self.some(data), dtype=BY_NAME[name]))

    @rule(data=st.data())
    def arrange(self, data: st.DataObject) -> None:
        (key,) = self.some(data, 1)
        flat = data.draw(st.booleans())
        shape = (self.model[key].value.size, 1)
        self.do(Reshape((key,), shape=shape) if flat else Transpose((key,)))

    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        keys = self.some(data, 2)
        news = data.draw(st.lists(st.sampled_from([*NEW, *keys]), min_size=len(keys), max_size=len(keys)))
        self.do(RenameMany(tuple(zip(keys, news, strict=True))))

    @rule(data=st.data(), new=st.sampled_from(NEW))
    def rename_one(self, data: st.DataObject, new: str) -> None:
        (key,) = self.some(data, 1)
        self.do(Rename(((key, new),)))

    @rule(rule=st.sampled_from(PATTERNS))
    def rename_by_a_pattern(self, rule: tuple[str, str]) -> None:
        keys = live(self.model)
        changed = {key: re.sub(*rule, key) for key in keys}
        try:
            edit = RenamePattern.of(self.document.staged.columns, *rule)
        except RequestFault:
            assert all(key == new for key, new in changed.items())
            return
        assert dict(edit.pairs) == {key: new for key, new in changed.items() if key != new}
        self.do(edit)

    @rule(data=st.data(), to=st.sampled_from(["m", "dense", "out/x"]))
    def move(self, data: st.DataObject, to: str) -> None:
        paths = sorted({key.split("/")[0] for key in live(self.model)})
        self.do(Move.of(self.document.staged.columns, data.draw(st.sampled_from(paths)), to))

    @rule(key=st.sampled_from(NEW), name=st.sampled_from(["int8", "float32"]))
    def add(self, key: str, name: str) -> None:
        self.do(Add(key, BY_NAME[name], (2,), Value(6)))

    @rule(step=st.integers(0, 9))
    def set_step(self, step: int) -> None:
        try:
            edit = SetStep.of(self.document.staged.columns, step)
        except RequestFault:
            return
        self.do(edit)

    @rule()
    def average(self) -> None:
        parts = (Part(self.base.path, self.base, 1.0), Part(self.donor.path, self.donor, 3.0))
        self.do(Average(("dense/bias",), parts=parts))


def keeps(other: Any, dtype: np.dtype[Any]) -> bool:
    """Whether values stay what they are in another type, or the types are too different for that to be tried."""
    if object in (dtype, other.dtype):
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.array_equal(other.astype(dtype).astype(float), other))


def behaves(folder: Path, child: TensorFlowChild, **how: Any) -> None:
    DocumentMachine.folder = folder
    DocumentMachine.child = child
    for name, members in FILES.items():
        if name.endswith(".npy"):
            np.save(folder / name, members[""])
        else:
            np.savez(folder / name, **members)
    DocumentMachine.base = make(folder / "base", "model.ckpt-100", FIRST)
    DocumentMachine.donor = make(folder / "donor", "best-9", DONOR)
    run_state_machine_as_test(
        DocumentMachine,
        settings=settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), **how),
    )


def test_a_document_behaves_as_a_dict(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    behaves(tmp_path, tensorflow_child, max_examples=12, stateful_step_count=16, derandomize=True)


@pytest.mark.campaign("edits")
def test_a_document_behaves_as_a_dict_for_long(tmp_path: Path, tensorflow_child: TensorFlowChild) -> None:
    behaves(tmp_path, tensorflow_child, max_examples=300, stateful_step_count=40)
