"""Random sequences of edits, undo, redo and removal, against a plain dict; then TensorFlow reads what was written."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ckpt_studio.core.errors import NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import encode
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits import Drop, Freeze, Replace, Unfreeze
from ckpt_studio.document.patch import load_patch
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.tensorflow_child import TensorFlowChild

FITS = {
    "dense/bias": ["dense/bias"],
    "out/kernel": ["net/out/kernel"],
    "dense/kernel": ["dense/kernel"],
    "global_step": ["global_step", "wide"],
    "odd\udcff[1]*": ["odd\udcff[1]*"],
    "text": ["text"],
}
KEYS = sorted(MODEL)
READ = """
reader = tf.train.load_checkpoint(args[0])
names = {key.encode("utf-8", "surrogateescape") for key in args[1]}
result = [[reader.get_tensor(n).reshape(-1).tolist() if n not in args[2] else
           [t.hex() for t in reader.get_tensor(n).reshape(-1)]] for n in args[1]]
"""


@dataclass(frozen=True)
class Model:
    """The perfect simple document."""

    frozen: frozenset[str]
    values: dict[str, Any]
    dropped: frozenset[str] = frozenset()

    @property
    def kept(self) -> dict[str, Any]:
        return {key: value for key, value in self.values.items() if key not in self.dropped}


def slots(key: str) -> set[str]:
    return {key, *(other for other in KEYS if other in (f"{key}/Adam", f"{key}/Adam_1"))}


def after(model: Model, edit: Any) -> Model:
    if isinstance(edit, Replace):
        values = {key: np.asarray(DONOR[other]).astype(model.values[key].dtype) for key, other in edit.pairs}
        return replace(model, values={**model.values, **values})
    marks = set().union(*(slots(key) for key in edit.keys))
    if isinstance(edit, Drop):
        return replace(model, dropped=model.dropped | marks)
    return replace(model, frozen=model.frozen | marks if isinstance(edit, Freeze) else model.frozen - marks)


class DocumentMachine(RuleBasedStateMachine):
    folder: Path
    base: Bundle
    donor: Bundle
    child: TensorFlowChild

    @initialize()
    def open(self) -> None:
        self.document = Document(self.base)
        start = Model(frozenset(), {key: np.asarray(value) for key, value in MODEL.items()})
        self.history: list[tuple[list[Any], Model]] = [([], start)]
        self.at = 0

    def push(self, edits: list[Any]) -> None:
        model = self.history[0][1]
        for edit in edits:
            model = after(model, edit)
        self.history[self.at + 1 :] = [(edits, model)]
        self.at += 1

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1), freeze=st.booleans())
    def mark(self, keys: set[str], freeze: bool) -> None:
        self.do((Freeze if freeze else Unfreeze)(tuple(sorted(keys))))

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1, max_size=3))
    def drop(self, keys: set[str]) -> None:
        self.do(Drop(tuple(sorted(keys))))

    def do(self, edit: Any) -> None:
        """What concerns only dropped variables, or would leave nothing, is refused."""
        model = self.history[self.at][1]
        if set(edit.keys) <= model.dropped or not after(model, edit).kept:
            with pytest.raises(RequestFault):
                self.document.do(edit)
            return
        self.document.do(edit)
        self.push([*self.history[self.at][0], edit])

    @rule(data=st.data(), keys=st.sets(st.sampled_from(sorted(FITS)), min_size=1))
    def swap(self, data: st.DataObject, keys: set[str]) -> None:
        pairs = tuple((key, data.draw(st.sampled_from(FITS[key]))) for key in sorted(keys))
        self.do(Replace(pairs, self.donor, self.donor.path))

    @precondition(lambda self: self.at > 0)
    @rule()
    def undo(self) -> None:
        self.document.undo()
        self.at -= 1

    @precondition(lambda self: self.at < len(self.history) - 1)
    @rule()
    def redo(self) -> None:
        self.document.redo()
        self.at += 1

    @precondition(lambda self: self.history[self.at][0])
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        edits = self.history[self.at][0]
        edit = data.draw(st.sampled_from(edits))
        self.document.remove(edit)
        self.push([other for other in edits if other is not edit])

    @precondition(lambda self: self.history[self.at][0])
    @rule()
    def revert(self) -> None:
        self.document.revert_all()
        self.push([])

    @rule(sharing=st.sampled_from(["copy", "link", "compact"]))
    def write(self, sharing: Any) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        written = write_document(self.document, str(folder / "new" / "m"), WriteOptions(sharing))
        model = self.history[self.at][1]
        copy = open_bundle(written.prefix)
        assert list(copy.verify()) == []
        assert list(copy.columns.keys) == sorted(model.kept, key=encode)
        for key, value in model.kept.items():
            np.testing.assert_array_equal(copy.read(key), value)
        names = [key for key in KEYS if key.isprintable() and key in model.kept]
        for name, (got,) in zip(names, self.child(READ, written.prefix, names, ["text"]), strict=True):
            want = model.values[name].reshape(-1)
            assert got == ([text.hex() for text in want] if want.dtype == object else want.tolist())
        reopened = Document(copy)
        assert reopened.frozen_keys() == model.frozen - model.dropped
        # The patch beside it does the same again.
        again = Document(self.base)
        for edit in load_patch(f"{written.prefix}.ckpt-studio.json").edits(again):
            again.do(edit)
        assert again.frozen_keys() == model.frozen - model.dropped
        assert set(again.dropped_keys()) == model.dropped
        for key, value in model.kept.items():
            np.testing.assert_array_equal(again.staged.read(key), value)

    @invariant()
    def agrees(self) -> None:
        edits, model = self.history[self.at]
        assert list(self.document.edits) == edits
        assert self.document.frozen_keys() == model.frozen - model.dropped
        assert set(self.document.dropped_keys()) == model.dropped
        assert self.document.can_undo == (self.at > 0)
        assert self.document.can_redo == (self.at < len(self.history) - 1)
        assert self.document.modified == (self.at > 0)
        staged = self.document.staged
        assert list(staged.columns.keys) == sorted(model.kept, key=encode)
        origins = staged.origins(self.base)
        assert origins is not None
        for row, (key, value) in enumerate(sorted(model.kept.items(), key=lambda item: encode(item[0]))):
            swapped = self.document.state(key).replaced_by is not None
            assert origins[row] == (-1 if swapped else self.base.columns.row(key))
            np.testing.assert_array_equal(staged.read(key), value)
            weight = staged.columns.of(key).slot_of
            assert weight in (None, self.base.columns.of(key).slot_of)
            assert weight is None or weight in model.kept
            frozen = key in model.frozen and "Adam" not in key
            before = self.base.columns.of(key).trainable
            assert staged.columns.of(key).trainable == (False if frozen else before)
        for key in model.dropped:
            with pytest.raises(NoSuchVariable):
                staged.read(key)


@pytest.mark.parametrize("seed", [1])
def test_a_document_behaves_as_a_dict(tmp_path: Path, tensorflow_child: TensorFlowChild, seed: int) -> None:
    DocumentMachine.folder = tmp_path
    DocumentMachine.child = tensorflow_child
    DocumentMachine.base = make(tmp_path / "base", "model.ckpt-100", MODEL)
    DocumentMachine.donor = make(tmp_path / "donor", "best-9", DONOR)
    run_state_machine_as_test(
        DocumentMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
