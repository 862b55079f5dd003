"""A document and the simple model beside it: whatever is done to both, shown and written they are the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ckpt_studio.core.errors import NoSuchVariable, RequestFault
from ckpt_studio.core.tensors import encode
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.registry import edit_of_record
from ckpt_studio.document.patch import load_patch
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.document.simple_model import FIRST, Model, Refused, after, at_first, live
from tests.helpers.tensorflow_child import TensorFlowChild

READ = """
reader = tf.train.load_checkpoint(args[0])
values = [reader.get_tensor(n) for n in args[1]]
result = [[str(v.dtype), list(v.shape), [t.hex() if isinstance(t, bytes) else str(t) for t in v.reshape(-1).tolist()]]
          for v in values]
"""


class DocumentBesideModel(RuleBasedStateMachine):
    """Does every edit to both, goes back and forth in them, and looks whether they agree."""

    folder: Path
    base: Bundle
    donor: Bundle
    child: TensorFlowChild

    @initialize()
    def open(self) -> None:
        self.document = Document(self.base)
        self.history: list[tuple[list[Any], Model]] = [([], at_first())]
        self.at = 0

    @property
    def edits(self) -> list[Any]:
        return self.history[self.at][0]

    @property
    def model(self) -> Model:
        return self.history[self.at][1]

    def push(self, edits: list[Any], model: Model) -> None:
        self.history[self.at + 1 :] = [(edits, model)]
        self.at += 1

    def do(self, edit: Any) -> None:
        """What the model refuses, the document does; the sentence has an end."""
        try:
            model = after(self.model, edit)
        except Refused:
            with pytest.raises(RequestFault, match=r"\.$"):
                self.document.do(edit)
            return
        self.document.do(edit)
        self.push([*self.edits, edit], model)

    def some(self, data: st.DataObject, most: int = 3) -> tuple[str, ...]:
        """Variables that are there, now and then one that was dropped."""
        keys = sorted(self.model if data.draw(st.integers(0, 5)) == 0 else live(self.model))
        return tuple(sorted(data.draw(st.sets(st.sampled_from(keys), min_size=1, max_size=most))))

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
        edit = data.draw(st.sampled_from(self.edits))
        others = [other for other in self.edits if other is not edit]
        model = at_first()
        try:
            for other in others:
                model = after(model, other)
        except Refused:
            with pytest.raises(RequestFault, match="revert it first"):
                self.document.remove(edit)
            return
        self.document.remove(edit)
        self.push(others, model)

    @precondition(lambda self: self.history[self.at][0])
    @rule()
    def revert(self) -> None:
        self.document.revert_all()
        self.push([], at_first())

    def teardown(self) -> None:
        """Whatever was done, in the end it is written."""
        if hasattr(self, "history"):
            self.write(("copy", "link", "compact")[len(self.history) % 3])

    def write(self, sharing: Any) -> None:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        written = write_document(self.document, str(folder / "new" / "m"), WriteOptions(sharing))
        kept = live(self.model)
        copy = open_bundle(written.prefix)
        assert list(copy.verify()) == []
        assert list(copy.columns.keys) == sorted(kept, key=encode)
        for key, row in kept.items():
            same(copy.read(key), row.value)
        names = [key for key in kept if key.isprintable()]
        for name, (dtype, shape, got) in zip(names, self.child(READ, written.prefix, names), strict=True):
            want = kept[name].value
            assert (dtype, shape) == (str(want.dtype), list(want.shape))
            texts = (
                text.hex() if isinstance(text, bytes) else str(text) for text in want.reshape(-1).tolist()
            )
            assert got == list(texts)
        assert Document(copy).frozen_keys() == {key for key, row in kept.items() if row.frozen}
        # The patch beside it does the same again, and so does the journal.
        again = Document(self.base)
        for edit in load_patch(f"{written.prefix}.ckpt-studio.json").edits(again):
            again.do(edit)
        self.check(again)
        recovered = Document(self.base)
        for edit in self.document.edits:
            record = json.loads(json.dumps(edit.record(), allow_nan=False))
            recovered.do(edit_of_record(record, lambda path: self.donor if "donor" in path else self.base))
        self.check(recovered)

    def check(self, document: Document) -> None:
        """What a person sees of the variables is what the model says."""
        kept = live(self.model)
        assert document.frozen_keys() == {key for key, row in kept.items() if row.frozen}
        staged = document.staged
        assert list(staged.columns.keys) == sorted(kept, key=encode)
        for key, row in kept.items():
            same(staged.read(key), row.value)
            info = staged.columns.of(key)
            assert (info.shape, info.dtype.numpy) == (row.value.shape, row.value.dtype)

    @invariant()
    def agrees(self) -> None:
        document, kept = self.document, live(self.model)
        assert list(document.edits) == self.edits
        assert set(document.dropped_keys()) == self.model.keys() - kept.keys()
        assert document.can_undo == (self.at > 0)
        assert document.can_redo == (self.at < len(self.history) - 1)
        assert document.modified == bool(self.edits)
        self.check(document)
        staged = document.staged
        origins = staged.origins(self.base)
        assert origins is not None
        by_name = {row.name: key for key, row in kept.items()}
        for at, key in enumerate(staged.columns.keys):
            row, info = kept[key], staged.columns.of(key)
            if origins[at] >= 0:
                assert self.base.columns.keys[int(origins[at])] == row.name
                same(self.base.read(row.name), row.value)
            else:
                assert document.state(key).replaced_by is not None
            assert info.slot_of == (by_name.get(row.weight) if row.weight else None)
            if row.name in FIRST:
                before = self.base.columns.of(row.name).trainable
                assert info.trainable == (False if row.frozen and row.weight is None else before)
        for key in self.model.keys() - kept.keys():
            with pytest.raises(NoSuchVariable):
                staged.read(key)


def same(got: Any, want: Any) -> None:
    """Values, bit by bit where they are numbers, and their type."""
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got, want)
