"""Records of the journal and edits of a patch are a stranger's: what makes no sense is refused in known ways."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import CkptStudioError, MissingFile
from ckpt_studio.core.tensors import TensorSource
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.registry import EDITS, edit_of_record
from ckpt_studio.document.patch import parse_patch
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.document.bundles import MODEL, make

KNOWN = [
    {"op": "freeze", "match": "dense/*"}, {"op": "assign", "match": "text", "value": "x"},
    {"op": "assign", "match": "dense/*", "initializer": "normal", "seed": 3, "stddev": 2},
    {"op": "set_cells", "key": "dense/kernel", "cells": [[[0, 0], 1], [[1, 2], "NaN"]]},
    {"op": "scale", "match": "dense/*", "factor": 2, "offset": 0.5}, {"op": "rename", "from": "text", "to": "t"},
    {"op": "replace_nan", "match": "dense/*", "value": 0, "infinities": True},
    {"op": "rename_many", "map": {"text": "t"}}, {"op": "move", "from": "dense", "to": "d"},
    {"op": "rename_pattern", "pattern": "d", "replacement": "e"}, {"op": "cast", "match": "*", "dtype": "float16"},
    {"op": "reshape", "match": "dense/kernel", "shape": [12]}, {"op": "transpose", "match": "out/*", "axes": [1, 0]},
    {"op": "add", "key": "n", "dtype": "int8", "shape": [2], "value": 1}, {"op": "slim", "drop": "optimizer"},
    {"op": "average", "match": "dense/bias", "from": ["base"], "weights": [2]}, {"op": "set_step", "step": 3},
]  # fmt: skip
ODD = st.sampled_from([
    None, True, -1, 0, 1.5, 1e400, 10**30, "", "dense/kernel", "NaN", "\ud800", "hex:zz", "hex:ff", [], [[]], {},
    [-1], [10**9, 10**9], [None], {"a": 1}, {"a": "b"}, ["a"], [[[0, 0], None]], [[[10**20, 0], 1]],
])  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make(tmp_path_factory.mktemp("hostile") / "base", "model.ckpt-100", MODEL)


@pytest.fixture(scope="module")
def records(base: Bundle) -> list[dict[str, Any]]:
    found = []
    for edit in KNOWN:
        text = json.dumps({"version": 1, "edits": [edit]}).encode()
        patch = parse_patch(text, str(Path(base.prefix).parent.parent / "p.json"))
        found += [json.loads(json.dumps(made.record())) for made in patch.edits(Document(base))]
    return found


@st.composite
def mutated(draw: st.DrawFn, whole: list[dict[str, Any]]) -> dict[str, Any]:
    """A known edit of which one or two fields say something odd, are gone, or belong to another."""
    edit = dict(draw(st.sampled_from(whole)))
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted({*edit, *(key for other in whole for key in other)})))
        if draw(st.booleans()):
            edit[name] = draw(ODD)
        else:
            edit.pop(name, None)
    return edit


def opened(path: str) -> TensorSource:
    raise MissingFile(f"{path!r} does not exist.", path=path)


def test_every_edit_is_among_them(base: Bundle) -> None:
    assert {edit["op"] for edit in KNOWN} >= EDITS.keys() - {"unfreeze", "replace", "drop", "swap_averages"}


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(edit=mutated(KNOWN))
def test_odd_patches(base: Bundle, edit: dict[str, Any]) -> None:
    text = json.dumps({"version": 1, "edits": [edit]}).encode()
    document = Document(base)
    with suppress(CkptStudioError):
        for made in parse_patch(text, str(Path(base.prefix).parent / "p.json")).edits(document):
            document.do(made)
            json.dumps(document.patch(), allow_nan=False).encode()


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_records(base: Bundle, data: st.DataObject) -> None:
    document, records = Document(base), []
    for edit in KNOWN:
        text = json.dumps({"version": 1, "edits": [edit]}).encode()
        folder = str(Path(base.prefix).parent.parent / "p.json")
        records += [
            json.loads(json.dumps(made.record())) for made in parse_patch(text, folder).edits(document)
        ]
    record = data.draw(mutated(records))
    try:
        document.do(edit_of_record(record, opened))
        json.dumps(document.edits[0].record())
        list(document.staged.columns.keys)
    except (ValueError, KeyError, TypeError, IndexError, CkptStudioError):
        pass
