"""Guesses which array belongs to which input, and leaves open what could as well be the other way round."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ckpt_studio.core.dtypes import BY_NAME
from ckpt_studio.training.data import ArrayInfo, Input, fits, matches

_LABELS: Final = 10_000
_CLEAR: Final = 0.4
"""What a guess has to be ahead of another that fits; names that have nothing in common are not so far apart."""
_HELD_OUT: Final = re.compile(r"(?<![a-z])(test|val|valid|validation|eval|dev|holdout)(?![a-z])")


def guess_mapping(inputs: Sequence[Input], arrays: Mapping[str, ArrayInfo]) -> dict[str, str | float]:
    """Which array each input most likely takes: by dtype kind, trailing extents, likeness of names, range of labels.

    Each array is given away once, best pair first; where another pair would do about as well, none is given. Inputs
    with a value of their own are left to it. A boolean that speaks of training is switched on.
    """
    pairs = []
    guess: dict[str, str | float] = {}
    for at, one in enumerate(inputs):
        if one.optional:
            continue
        if not one.shape and one.dtype == "bool" and "train" in one.name.lower():
            guess[one.name] = 1
            continue
        pairs += [
            (_score(one, info), -at, one.name, info.name) for info in arrays.values() if fits(one, info)
        ]
    scores = {(name, array): score for score, _, name, array in pairs}
    taken: dict[str, str] = {}
    for score, _, name, array in sorted(pairs, reverse=True):
        if score > 0 and name not in taken and array not in taken.values():
            taken[name] = array
    return guess | {name: array for name, array in taken.items() if _is_clear(name, taken, scores)}


def _is_clear(name: str, taken: Mapping[str, str], scores: Mapping[tuple[str, str], float]) -> bool:
    """Whether no other array would suit an input about as well, be it free or in exchange with another input."""
    own = taken[name]
    owner = {array: other for other, array in taken.items()}
    for (one, array), score in scores.items():
        if one != name or array == own:
            continue
        ahead = scores[name, own] - score
        if array in owner:
            other = owner[array]
            ahead += scores[other, array] - scores.get((other, own), -math.inf)
        if ahead < _CLEAR:
            return False
    return True


def _score(one: Input, info: ArrayInfo) -> float:
    like = _likeness(one.name, info.name)
    if one.shape == ():
        return like - 0.6
    score = 1.0 + like
    wanted = BY_NAME[one.dtype].numpy if one.dtype in BY_NAME else None
    if wanted is not None and _kind(wanted) == _kind(info.dtype):
        score += 1
    if one.shape is not None:
        exact = len(one.shape) == len(info.shape) and matches(info.shape[1:], one.shape[1:])
        score += (1 + 0.25 * sum(extent is not None for extent in one.shape[1:])) if exact else 0
        per_row = math.prod(info.shape[1:])
        is_label = info.low is not None and info.high is not None and info.low >= 0 and info.high < _LABELS
        if wanted is not None and _kind(wanted) == "i" and per_row == 1 and is_label:
            score += 0.5
    return score


_LABEL_WORDS = ("label", "target", "class", "y")
_FEATURE_WORDS = ("feature", "image", "input", "data", "x")


def _likeness(input_name: str, array: str) -> float:
    own = input_name.rsplit(":", 1)[0].lower()
    last = own.rsplit("/", 1)[-1]
    other = array.lower()
    ratio = max(_in_common(last, other), _in_common(own, other))
    mine, theirs = _family(last), _family(other)
    if mine and theirs:
        ratio += 0.5 if mine == theirs else -0.5
    return ratio - 0.5 if _HELD_OUT.search(other) else ratio


def _in_common(one: str, other: str) -> float:
    """How much of two names their longest common part is: single letters that both have say nothing."""
    matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
    return 2 * matcher.find_longest_match().size / max(1, len(one) + len(other))


def _family(name: str) -> str:
    bare = name.strip("_0123456789")
    for family in (_LABEL_WORDS, _FEATURE_WORDS):
        if any(
            bare == word or bare.startswith(word + "_") or (len(word) > 1 and word in bare) for word in family
        ):
            return family[0]
    return ""


def _kind(dtype: np.dtype[Any]) -> str:
    return {"u": "i", "S": "s", "U": "s", "O": "s"}.get(dtype.kind, dtype.kind if dtype.kind != "V" else "f")
