"""Which donor's variable goes where, and what the preview says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ckpt_studio.core.errors import RequestFault
from ckpt_studio.core.tensors import Columns, Names
from ckpt_studio.document.matching import SEVERAL, MatchRules, match
from tests.helpers.memory_source import MemorySource

OWN = MemorySource(
    {
        "model/a": np.zeros(3, "f4"),
        "model/b": np.zeros((2, 2), "f4"),
        "model/c": np.zeros(2, "i4"),
        "model/d": np.zeros(1, "f4"),
        "model/s": np.array([b"x"], object),
    }
).columns
DONOR = MemorySource(
    {
        "a": np.zeros(3, "f4"),
        "b": np.zeros((2, 3), "f4"),
        "c": np.zeros(2, "f4"),
        "model/a": np.ones(3, "f8"),
        "net_d": np.zeros(1, "f4"),
        "s": np.array([b"y"], object),
    }
).columns
KEYS = list(OWN.keys)


def verdicts(rules: MatchRules, **overrides: str | None) -> dict[str, tuple[str | None, str, bool]]:
    chosen = {f"model/{key}": value for key, value in overrides.items()}
    found = match(OWN, DONOR, KEYS, rules, chosen)
    return {one.key.removeprefix("model/"): (one.donor_key, one.verdict, one.usable) for one in found}


def test_exact_names_go_first() -> None:
    assert verdicts(MatchRules()) == {
        "a": ("model/a", "dtype", True),
        "b": (None, "missing", False),
        "c": (None, "missing", False),
        "d": (None, "missing", False),
        "s": (None, "missing", False),
    }


def test_rules_for_the_rest() -> None:
    assert verdicts(MatchRules(strip_prefix="model/")) == {
        "a": ("model/a", "dtype", True),
        "b": ("b", "shape", False),
        "c": ("c", "dtype", False),
        "d": (None, "missing", False),
        "s": ("s", "fits", True),
    }
    assert verdicts(MatchRules(strip_prefix="model/", add_prefix="net_"))["d"] == ("net_d", "fits", True)
    assert verdicts(MatchRules(pattern=r"^(\w+)/d$", replacement=r"net_d"))["d"] == ("net_d", "fits", True)


def test_what_a_person_says_goes_before_everything() -> None:
    found = verdicts(MatchRules(), a="a", d="net_d", b=None, c="nowhere")
    assert found["a"] == ("a", "fits", True)
    assert found["d"] == ("net_d", "fits", True)
    assert found["b"] == found["c"] == (None, "missing", False)


def test_notes_name_both_sides() -> None:
    notes = {one.key: one.note for one in match(OWN, DONOR, KEYS, MatchRules(strip_prefix="model/"), {})}
    assert notes["model/a"] == "float64 to float32, rounded where needed"
    assert notes["model/b"] == "[2, 2] here, [2, 3] there"
    assert notes["model/c"] == "int32 here, float32 there, which cannot be converted"
    assert notes["model/s"] == ""


@pytest.mark.parametrize("rules", [MatchRules(pattern="("), MatchRules(pattern="a", replacement=r"\9")])
def test_wrong_rules_are_said(rules: MatchRules) -> None:
    with pytest.raises(RequestFault):
        match(OWN, DONOR, KEYS, rules, {})


def test_opaque_and_faulty_variables_never_fit() -> None:
    opaque = MemorySource({"v": np.zeros(2)}, opaque=frozenset({"v"})).columns
    assert not match(opaque, opaque, ["v"], MatchRules(), {})[0].usable
    faulty = MemorySource({"v": np.zeros(2)}, faults={"v": "broken"}).columns
    fine = MemorySource({"v": np.zeros(2)}).columns
    assert match(fine, faulty, ["v"], MatchRules(), {})[0].note == "broken"


def called(**names: str) -> Columns:
    """The columns of variables of one shape, by key, and what each is called."""
    columns = MemorySource({key: np.zeros(2, "f4") for key in names}).columns
    return replace(columns, names=Names.of_text(names[key] for key in columns.keys))


def test_a_name_that_several_have_tells_none_of_them() -> None:
    """Whatever nobody named is a `Variable` to TensorFlow: the values of any of them would be a guess."""
    own = called(a="Variable", b="w", c="x", d="x")
    found = match(own, called(p="Variable", q="Variable", r="w", s="x"), list(own.keys), MatchRules(), {})
    assert {one.key: one.donor_key for one in found} == {"a": None, "b": "r", "c": None, "d": None}
    assert found[0].note == SEVERAL
    (chosen,) = match(own, called(p="Variable", q="Variable"), ["a"], MatchRules(), {"a": "q"})
    assert (chosen.donor_key, chosen.usable) == ("q", True)
