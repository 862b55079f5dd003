"""Edits, undo and redo, and what the staged view shows of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, NoSuchVariable, RequestFault, Unsupported
from ckpt_studio.core.tensors import Columns, Names, Role
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze, Unfreeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.state import State
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.document.bundles import DONOR, MODEL, make
from tests.helpers.memory_source import MemoryCheckpoint
from tests.helpers.work import at_most


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return make(tmp_path / "base", "model.ckpt-100", MODEL)


@pytest.fixture
def donor(tmp_path: Path) -> Bundle:
    return make(tmp_path / "donor", "best-9", DONOR)


def replace(donor: Bundle, *pairs: tuple[str, str]) -> Replace:
    return Replace(pairs, donor, donor.path)


def test_freezing_a_weight_takes_its_slots_along(base: Bundle) -> None:
    document = Document(base)
    document.do(Freeze(("dense/kernel",)))
    slots = {"dense/kernel/Adam", "dense/kernel/Adam_1"}
    assert document.frozen_keys() == {"dense/kernel", *slots}
    assert document.is_frozen("dense/kernel")
    assert not document.is_frozen("dense/bias")
    columns = document.staged.columns
    assert columns.of("dense/kernel").trainable is False
    assert columns.of("dense/bias").trainable is base.columns.of("dense/bias").trainable
    document.do(Unfreeze(("dense/kernel",)))
    assert document.frozen_keys() == frozenset()
    assert document.staged.columns is base.columns


def test_replaced_values_stand_in_and_the_original_stays_beside(base: Bundle, donor: Bundle) -> None:
    document = Document(base)
    document.do(
        replace(donor, ("dense/bias", "dense/bias"), ("out/kernel", "net/out/kernel"), ("text", "text"))
    )
    staged = document.staged
    np.testing.assert_array_equal(staged.read("dense/bias"), DONOR["dense/bias"])
    np.testing.assert_array_equal(staged.read("out/kernel", (slice(1, 2), slice(0, 2))), [[-1, -1]])
    assert staged.read("text").tolist() == [b"swapped", b""]
    np.testing.assert_array_equal(np.concatenate(list(staged.blocks("dense/bias"))), DONOR["dense/bias"])
    assert staged.identity("dense/bias") != base.identity("dense/bias")
    assert staged.identity("global_step") == base.identity("global_step")
    source, key = document.original("dense/bias")
    np.testing.assert_array_equal(source.read(key), MODEL["dense/bias"])
    state = document.state("out/kernel")
    assert (state.frozen, state.replaced_by, state.original_frozen) == (False, "best-9", False)


def test_element_types_of_one_kind_are_converted(base: Bundle, donor: Bundle) -> None:
    document = Document(base)
    document.do(replace(donor, ("dense/kernel", "dense/kernel"), ("global_step", "global_step")))
    kernel, step = document.staged.read("dense/kernel"), document.staged.read("global_step")
    assert (kernel.dtype, step.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(kernel, np.full((4, 3), 2.5, "f4"))
    assert step == 5
    assert document.staged.stored("dense/kernel") is None


def test_a_value_that_does_not_fit_is_an_error_when_it_is_read(
    base: Bundle, donor: Bundle, tmp_path: Path
) -> None:
    document = Document(base)
    document.do(replace(donor, ("out/kernel", "huge")))
    with pytest.raises(Unsupported, match="float32"):
        document.staged.read("out/kernel")
    narrow = Document(make(tmp_path / "narrow", "n", {"step": np.int32(1)}))
    narrow.do(replace(donor, ("step", "wide")))
    with pytest.raises(Unsupported, match="int32"):
        list(narrow.staged.blocks("step"))


@pytest.mark.parametrize(
    ("own", "other", "words"),
    [
        ("out/kernel", "out/kernel", r"\[3, 2\] here, \[3, 5\] there"),
        ("global_step", "text", "there"),
        ("beta1_power", "wide", "float32 here, int64 there"),
        ("dense/bias", "absent", "no variable 'absent'"),
        ("absent", "text", "no variable 'absent'"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(
    base: Bundle, donor: Bundle, own: str, other: str, words: str
) -> None:
    document = Document(base)
    with pytest.raises(RequestFault, match=words):
        document.do(replace(donor, ("text", "text"), (own, other)))
    assert document.edits == ()
    assert not document.can_undo
    assert document.staged.columns is base.columns


def test_undo_redo_remove_and_revert(base: Bundle, donor: Bundle) -> None:
    document = Document(base)
    seen: list[frozenset[str]] = []
    document.changed.connect(seen.append)
    first, second = Freeze(("out/kernel",)), replace(donor, ("text", "text"))
    document.do(first)
    document.do(second)
    assert document.undo_label == "Replace text from best-9"
    assert document.undo() is second
    assert document.redo_label == "Replace text from best-9"
    assert document.redo() is second
    document.remove(first)
    assert document.edits == (second,)
    assert document.undo_label == "Revert “Freeze out/kernel”"
    assert document.undo() is first
    assert document.edits == (first, second)
    document.revert_all()
    assert document.edits == ()
    assert document.staged.columns is base.columns
    assert document.undo() is None
    assert document.edits == (first, second)
    assert [sorted(keys) for keys in seen] == [
        ["out/kernel"], ["text"], ["text"], ["text"], ["out/kernel"], ["out/kernel"],
        ["out/kernel", "text"], ["out/kernel", "text"],
    ]  # fmt: skip
    with pytest.raises(RequestFault):
        document.remove(Freeze(("out/kernel",)))


def test_modified_means_that_something_staged_is_not_written(base: Bundle) -> None:
    document = Document(base)
    assert not document.modified
    document.do(Freeze(("text",)))
    assert document.modified
    document.mark_written("x")
    assert not document.modified
    document.undo()
    assert not document.modified, "nothing is staged"
    document.redo()
    assert not document.modified
    document.do(Freeze(("out/kernel",)))
    assert document.modified
    document.remove(document.edits[1])
    assert not document.modified, "what is staged is what was written"
    document.remove(document.edits[0])
    document.do(Freeze(("text",)))
    assert document.modified
    document.revert_all()
    assert not document.modified


def test_a_view_in_use_is_not_changed_by_later_edits(base: Bundle, donor: Bundle) -> None:
    document = Document(base)
    before = document.staged
    document.do(replace(donor, ("dense/bias", "dense/bias")))
    np.testing.assert_array_equal(before.read("dense/bias"), MODEL["dense/bias"])


def test_unknown_keys_are_refused(base: Bundle) -> None:
    document = Document(base)
    with pytest.raises(NoSuchVariable):
        document.do(Freeze(("nothing",)))
    with pytest.raises(NoSuchVariable):
        document.staged.read("nothing")


def test_a_donor_that_goes_away_is_said(base: Bundle, donor: Bundle) -> None:
    document = Document(base)
    document.do(replace(donor, ("dense/bias", "dense/bias")))
    Path(donor.shard_path(0)).unlink()
    with pytest.raises(FileFault):
        document.staged.read("dense/bias")
    np.testing.assert_array_equal(document.staged.read("dense/kernel"), MODEL["dense/kernel"])


def test_metagraph_decides_what_is_frozen_at_first(base: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    trainable = np.full(len(base.columns), -1, np.int8)
    trainable[base.columns.row("dense/kernel")] = 1
    trainable[base.columns.row("out/kernel")] = 0
    columns = dataclasses.replace(base.columns, trainable=trainable)
    monkeypatch.setattr(type(base), "columns", property(lambda _: columns))
    document = Document(base)
    assert document.state("out/kernel").original_frozen
    assert document.is_frozen("out/kernel")
    assert document.frozen_keys() == frozenset(), "nobody marked it: a run need not protect it"
    document.do(Unfreeze(("out/kernel",)))
    assert document.staged.columns.of("out/kernel").trainable is True
    document.do(Freeze(("dense",) if "dense" in base.columns else ("dense/kernel",)))
    assert document.staged.columns.of("dense/kernel").trainable is False


def test_an_edit_of_a_large_checkpoint_takes_no_time() -> None:
    n = 100_000
    keys = Names.of(b"layer%06d/w" % i for i in range(n))
    zeros: Any = np.zeros(n, np.int8)
    columns = Columns(
        keys=keys, dtype=np.ones(n, np.uint8), rank=zeros, dims=np.zeros((n, 0), np.int64),
        nbytes=np.full(n, 4), role=np.full(n, Role.weight, np.uint8), role_source=zeros.astype(np.uint8),
        slot_of=np.full(n, -1, np.int32), slot_name=np.full(n, -1, np.int16), slot_names=(), trainable=zeros - 1,
    )  # fmt: skip
    state = State.of(columns)
    some, all_of_it = Freeze(("layer050000/w",)), Freeze(tuple(keys))
    with at_most(1_000):
        some.apply(state)
    with at_most(len(keys)):
        assert all_of_it.apply(state).frozen.all()


def test_titles_say_names_and_groups_not_keys() -> None:
    keys = [f"layer-{n}/{part}/.ATTRIBUTES/VARIABLE_VALUE" for n in (1, 2) for part in ("bias", "kernel")]
    names = ["dense_1/bias", "dense_1/kernel", "out/bias", "out/kernel"]
    base = MemoryCheckpoint(dict.fromkeys(keys, np.zeros(2, np.float32)))
    columns = base._columns = dataclasses.replace(base.columns, names=Names.of_text(names))
    document = Document(base)
    document.do(Freeze((keys[1],)))
    assert document.undo_label == "Freeze dense_1/kernel"
    document.do(Freeze((keys[0], keys[1])))
    assert document.undo_label == "Freeze dense_1 (2 variables)"
    document.do(Unfreeze(tuple(keys)))
    assert document.undo_label == "Unfreeze 4 variables"
    document.remove(document.edits[0])
    assert document.undo_label == "Revert “Freeze dense_1/kernel”"
    swap = Replace(tuple((key, key) for key in keys[2:]), base, "elsewhere/best-9")
    assert swap.title(columns).startswith("Replace out (2 variables) from ")
