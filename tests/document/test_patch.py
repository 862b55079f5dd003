"""PATCH files: what they mean, and which sentence a wrong one gets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.core.errors import CkptStudioError, NoSuchVariable, RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.patch import load_patch
from ckpt_studio.document.patterns import covering, resolve_keys
from ckpt_studio.formats.tf_bundle.bundle import Bundle
from tests.document.bundles import DONOR, MODEL, make


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return make(tmp_path / "base", "model.ckpt-100", MODEL)


@pytest.fixture
def donor(tmp_path: Path) -> Bundle:
    return make(tmp_path / "donor", "best-9", DONOR)


def applied(base: Bundle, tmp_path: Path, *edits: Any) -> Document:
    path = tmp_path / "patch.json"
    path.write_text(json.dumps({"version": 1, "edits": edits}))
    document = Document(base)
    for edit in load_patch(str(path)).edits(document):
        document.do(edit)
    return document


ODD = "odd\udcff[1]*"


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("dense/kernel", {"dense/kernel"}),
        ("dense/*", {k for k in MODEL if k.startswith("dense/")}),
        ("*kernel", {"dense/kernel", "out/kernel"}),
        ("d?nse/bi[a-c]s", {"dense/bias"}),
        ("hex:" + ODD.encode("utf-8", "surrogateescape").hex(), {ODD}),
        ("odd*", {ODD}),
    ],
)
def test_patterns(base: Bundle, pattern: str, keys: set[str]) -> None:
    assert set(resolve_keys(pattern, base.columns)) == keys


@pytest.mark.parametrize("pattern", ["nothing", "Dense/*", "hex:", "hex:6f", "dense"])
def test_a_pattern_that_matches_nothing_is_an_error(base: Bundle, pattern: str) -> None:
    with pytest.raises(NoSuchVariable, match="matches no variable"):
        resolve_keys(pattern, base.columns)


def test_hex_that_is_none(base: Bundle) -> None:
    with pytest.raises(RequestFault, match="hexadecimal"):
        resolve_keys("hex:xy", base.columns)


@pytest.mark.parametrize(
    "keys", [["dense/kernel"], [ODD], ["out/kernel", "global_step"], [k for k in MODEL if "/" in k]]
)
def test_covering_means_exactly_these(base: Bundle, keys: list[str]) -> None:
    patterns = covering(keys, base.columns)
    found = [key for pattern in patterns for key in resolve_keys(pattern, base.columns)]
    assert sorted(found) == sorted(keys)


def test_a_subtree_is_one_pattern(base: Bundle) -> None:
    assert covering([k for k in MODEL if k.startswith("dense/")], base.columns) == ["dense/*"]


def test_freeze_unfreeze_and_replace(base: Bundle, donor: Bundle, tmp_path: Path) -> None:
    document = applied(
        base,
        tmp_path,
        {"op": "freeze", "match": "dense/*"},
        {"op": "unfreeze", "match": "dense/bias"},
        {"op": "replace", "match": "dense/bias", "from": "donor/best-9"},
        {"op": "replace", "match": "out/kernel", "from": "donor", "map": {"out/kernel": "net/out/kernel"}},
    )
    assert document.frozen_keys() == {"dense/kernel", "dense/kernel/Adam", "dense/kernel/Adam_1"}
    np.testing.assert_array_equal(document.staged.read("dense/bias"), DONOR["dense/bias"])
    np.testing.assert_array_equal(document.staged.read("out/kernel"), DONOR["net/out/kernel"])


def test_keys_of_a_map_may_be_hex(base: Bundle, donor: Bundle, tmp_path: Path) -> None:
    odd = "hex:" + ODD.encode("utf-8", "surrogateescape").hex()
    document = applied(base, tmp_path, {"op": "replace", "match": odd, "from": "donor", "map": {odd: odd}})
    np.testing.assert_array_equal(document.staged.read(ODD), DONOR[ODD])


def test_a_document_gives_a_patch_that_does_the_same(base: Bundle, donor: Bundle, tmp_path: Path) -> None:
    document = Document(base)
    document.do(Freeze((ODD, "dense/kernel")))
    document.do(Replace(((ODD, ODD), ("out/kernel", "net/out/kernel")), donor, donor.path))
    patch = document.patch()
    text = json.dumps(patch, ensure_ascii=False)
    text.encode("utf-8")
    again = applied(base, tmp_path, *patch["edits"])
    assert again.frozen_keys() == document.frozen_keys()
    for key in MODEL:
        np.testing.assert_array_equal(again.staged.read(key), document.staged.read(key))


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ([{"op": "freeze", "match": "*"}, {"op": "explode"}], "edit 2 has the unknown op 'explode'"),
        ([{"op": "freeze"}], "edit 1 .freeze. lacks the field 'match'"),
        ([{"op": "freeze", "match": 1}], "edit 1 .freeze. has a field 'match' of the wrong kind"),
        ([{"op": "freeze", "match": "*", "form": "x"}], "edit 1 .freeze. has the unknown field 'form'"),
        (
            [{"op": "replace", "match": "*", "from": "x", "map": {"a": 1}}],
            "edit 1 .replace. has a field 'map'",
        ),
        (["freeze"], "edit 1 must be an object"),
        ([{"op": "freeze", "match": "nope"}], "Edit 1 of patch.json: 'nope' matches no variable"),
        ([{"op": "replace", "match": "text", "from": "absent"}], "Edit 1 of patch.json"),
        (
            [{"op": "replace", "match": "*", "from": "donor"}],
            "Edit 1 of patch.json: best-9 has no variable 'beta1_power'|has no variable 'beta1_power'",
        ),
        (
            [{"op": "replace", "match": "text", "from": "donor", "map": {"dense/bias": "text"}}],
            "'dense/bias' is in its map, but its match does not mean it",
        ),
        (
            [{"op": "freeze", "match": "*"}, {"op": "replace", "match": "out/kernel", "from": "donor"}],
            r"^Edit 2 of patch.json: 'out/kernel' cannot take .*\[3, 2\] here, \[3, 5\] there",
        ),
        ([{"op": "freeze", "match": "\ud800"}], r"Edit 1 of patch.json: '.*ud800' matches no variable"),
        ([{"op": "replace", "match": "text", "from": "\ud800"}], r"Edit 1 of patch.json: \\ud800"),
    ],
)
def test_sentences(base: Bundle, donor: Bundle, tmp_path: Path, edits: list[Any], words: str) -> None:
    with pytest.raises(CkptStudioError, match=words):
        applied(base, tmp_path, *edits)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", '"version": 1'),
        ('{"version": 2, "edits": []}', '"version": 1'),
        ('{"version": true, "edits": []}', '"version": 1'),
        ('{"version": 1}', '"edits" must be a list'),
        ('{"version": 1, "edits": [], "more": 1}', "no field 'more'"),
        ('{"version": 1, "edits": [], "frozen": "x"}', '"frozen" must be a list'),
    ],
)
def test_what_is_no_patch(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(text)
    with pytest.raises(RequestFault, match=words):
        load_patch(str(path))


def test_a_patch_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")  # opened without care it would wait for somebody who writes
    for path, words in (
        (tmp_path / "absent.json", "absent.json does not exist"),
        (tmp_path / "pipe.json", "pipe.json is a pipe, not a regular file"),
        (tmp_path, "is a folder, not a regular file"),
        (Path("/dev/zero"), "zero is a device, not a regular file"),
    ):
        with pytest.raises(RequestFault, match=words):
            load_patch(str(path))
