"""Flags in the text of a configuration: what is read back has just these changes, and the text no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.formats.keras.config_text import with_trainable

NAMES = st.sampled_from(["config", "trainable", "layers", "layer", 'a"}b', "\\", "é\u2028"])
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | NAMES


def bigger(below: Any) -> Any:
    """Lists, objects, and layers with a flag."""
    objects = st.dictionaries(NAMES, below, max_size=4)
    layers = st.builds(lambda flag, more: {"config": {**more, "trainable": flag}}, st.booleans(), objects)
    return st.lists(below | layers, max_size=3) | objects | layers


TREES = st.recursive(PLAIN, bigger, max_leaves=25)
FLAG = ["config", "trainable"]


def flags(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Places of layers that have a flag."""
    if [*place[-2:]] == FLAG and isinstance(value, bool):
        yield place[:-2]
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in below:
        yield from flags(one, (*place, key))


@given(st.dictionaries(NAMES, TREES), st.data(), st.sampled_from([None, 1, "\t"]), st.booleans())
def test_only_the_flags_change(tree: Any, data: st.DataObject, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    places = list(flags(tree))
    chosen = data.draw(st.dictionaries(st.sampled_from(places), st.booleans())) if places else {}
    for place, value in chosen.items():
        inside = tree
        for part in (*place, "config"):
            inside = inside[part]
        inside["trainable"] = value
    assert with_trainable(text, chosen) == json.dumps(tree, indent=indent, ensure_ascii=ascii_only)


def test_of_a_name_that_stands_there_twice_the_last_counts() -> None:
    text = '{"config": {"trainable": true, "trainable":true}}'
    assert with_trainable(text, {(): False}) == '{"config": {"trainable": true, "trainable":false}}'
