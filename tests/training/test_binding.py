"""Matching a model's variables with a checkpoint's: by paths, names and slots, never by position."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.training.binding import Live, bind
from ckpt_studio.training.variables_file import Known


def known(
    name: str, shape: tuple[int, ...] = (4, 4), path: str = "", role: str = "weight", **fields: str
) -> Known:
    return Known(key=fields.pop("key", f"k:{name}"), name=name, path=path, shape=shape, dtype="float32", role=role,
                 **fields)  # fmt: skip


def live(name: str, shape: tuple[int, ...] = (4, 4), **fields: object) -> Live:
    return replace(Live(name, shape, "float32"), **fields)  # type: ignore[arg-type]


def pairs(lives: list[Live], knowns: list[Known]) -> dict[str, str]:
    binding = bind(lives, knowns)
    return {lives[i].name: knowns[k].name for i, (k, _) in binding.pairs.items()}


EQUAL = [f"equal{n}/kernel" for n in range(4)]


@given(st.permutations(EQUAL), st.permutations(EQUAL))
def test_equal_layers_are_matched_by_name_whatever_their_order(here: list[str], there: list[str]) -> None:
    found = pairs([live(name) for name in here], [known(name) for name in there])
    assert found == {name: name for name in EQUAL}


def test_layers_that_were_numbered_anew_are_ambiguous_where_their_shapes_agree() -> None:
    numbered = [known(f"dense_{n}/kernel") for n in range(4, 8)]
    binding = bind([live("dense/kernel"), *(live(f"dense_{n}/kernel") for n in range(1, 4))], numbered)
    assert not binding.pairs
    assert "dense/kernel, dense_1/kernel" in binding.problems[0]
    shapes = [(1, 2), (2, 3), (3, 4)]
    found = pairs(
        [live(f"dense_{n}/kernel", shape) for n, shape in enumerate(shapes)],
        [known(f"dense_{n + 3}/kernel", shape) for n, shape in enumerate(shapes)],
    )
    assert found == {f"dense_{n}/kernel": f"dense_{n + 3}/kernel" for n in range(3)}


def test_slots_follow_their_weights_under_old_and_new_names_of_their_kinds() -> None:
    weights = [known("a/w", key="a"), known("b/w", key="b")]
    slots = [
        known("Adam/m/b/w", role="slot", slot_of="b", slot="m"),
        known("Adam/m/a/w", role="slot", slot_of="a", slot="m"),
        known("Adam/v/a/w", role="slot", slot_of="a", slot="v"),
    ]  # fmt: skip
    lives = [
        live("a/w"), live("b/w"), live("adam/a_w_momentum", slot_of=0, slot="momentum"),
        live("adam/b_w_momentum", slot_of=1, slot="momentum"), live("adam/a_w_velocity", slot_of=0, slot="velocity"),
        live("adam/b_w_velocity", slot_of=1, slot="velocity"),
    ]  # fmt: skip
    binding = bind(lives, [*weights, *slots])
    found = {lives[i].name: [*weights, *slots][k].name for i, (k, _) in binding.pairs.items()}
    assert found == {
        "a/w": "a/w", "b/w": "b/w", "adam/a_w_momentum": "Adam/m/a/w", "adam/b_w_momentum": "Adam/m/b/w",
        "adam/a_w_velocity": "Adam/v/a/w",
    }  # fmt: skip
    assert [one.name for one in binding.missing()] == ["adam/b_w_velocity"]


@pytest.mark.parametrize(("name", "bound"), [("blocks_w", True), ("other_w", False)])
def test_a_place_in_a_list_counts_only_where_the_names_agree(name: str, bound: bool) -> None:
    there = known(name, (2,), key="blocks/0/w")
    binding = bind([live("blocks_w", (2,), places=(("blocks/0/w", True),))], [there])
    assert bool(binding.pairs) is bound


def test_attributes_outdo_names() -> None:
    lives = [live("w", (2,), places=((f"net/{one}", False),)) for one in "ab"]
    knowns = [known("w", (2,), key="net/b"), known("w", (2,), key="net/a")]
    assert {i: knowns[k].key for i, (k, _) in bind(lives, knowns).pairs.items()} == {0: "net/a", 1: "net/b"}


def test_what_differs_and_what_is_missing_is_told_with_the_nearest_names() -> None:
    binding = bind(
        [live("out/kernel", (4, 3)), live("head/kernel", (4, 2))],
        [known("out/kernel", (4, 4)), known("heads/kernel", (4, 2)), known("tail/bias", (2,))],
    )
    assert [(one.name, one.checkpoint, one.model) for one in binding.differs] == [
        ("out/kernel", "float32 [4, 4]", "float32 [4, 3]")
    ]
    (missing,) = binding.missing()
    assert (missing.name, missing.nearest) == ("head/kernel", ("k:heads/kernel",))
    assert binding.unused == ("k:heads/kernel", "k:tail/bias")


def test_what_a_file_of_keras_holds_twice_is_one_variable() -> None:
    """A wrapped optimizer's own list, which Keras reads last, and the wrapper's."""
    stored = ("optimizer/inner_optimizer/vars/2", "optimizer/vars/4")
    knowns = [
        known("a/w", key="a"),
        known("scale/adam/a_w_momentum", key=stored[1], role="slot", slot_of="a", slot="momentum"),
        known("adam/a_w_momentum", key=stored[0], role="slot", slot_of="a", slot="momentum"),
    ]
    slot = live("inner/a_w_momentum", stored=stored, slot_of=0, slot="momentum")
    binding = bind([live("a/w"), slot], knowns)
    assert [(one.key, one.stored) for one in binding.bound] == [("a", ""), (stored[0], stored[0])]
    assert [binding.keys_of(at) for at in (0, 1)] == [("a",), stored]
    assert (binding.unused, binding.missing()) == ((), ())
    elsewhere = [replace(one, key=one.key.replace("/", ".")) for one in knowns]  # another kind of file
    assert bind([live("a/w"), slot], elsewhere).unused


@pytest.mark.parametrize("saved", ["nadam/variable", "variable_4"])
def test_the_only_number_that_an_optimizer_left_unnamed_is_matched_whatever_its_scope(saved: str) -> None:
    own = live("variable_1", (), of_optimizer=True)
    assert pairs([own], [known(saved, (), role="metadata")]) == {own.name: saved}


def test_an_unnamed_number_is_matched_with_nothing_else_and_where_there_are_several_with_none() -> None:
    own, there = live("variable_1", (), of_optimizer=True), known("nadam/variable", (), role="metadata")
    assert not pairs([live("layer/variable", ())], [there])
    assert not pairs([own], [replace(there, role="weight")])
    assert not pairs([own, live("variable_2", (), of_optimizer=True)], [there])
    assert not pairs([own], [there, replace(there, key="other", name="other/variable")])


def test_the_one_count_of_an_optimizer_that_is_wrapped_today_is_the_inner_ones() -> None:
    lives = [
        live("a/w"),
        live("loss_scale_optimizer/iteration", (), of_optimizer=True),
        live("adam/iteration", (), of_optimizer=True),
    ]
    found = pairs(lives, [known("a/w"), known("iteration", (), role="counter")])
    assert found == {"a/w": "a/w", "adam/iteration": "iteration"}
