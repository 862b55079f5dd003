"""The journal read as a stranger's file: every record well-formed and checksummed, but not what the program wrote."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from crc32c import crc32c

from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.journal import Journal, journal_folder
from ckpt_studio.document.patch import parse_patch
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from tests.document.bundles import DONOR, MODEL, make
from tests.formats.save_stage import CALLS
from tests.formats.save_victim import REFUSED, WRITTEN, Victim

EDITS: list[dict[str, Any]] = [
    {"op": "freeze", "match": "dense/*"},
    {"op": "replace", "match": "dense/bias", "from": "DONOR"},
    {"op": "assign", "match": "out/kernel", "initializer": "normal", "seed": 3},
    {"op": "assign", "match": "beta1_power", "value": 0.5},
    {"op": "set_cells", "key": "dense/kernel", "cells": [[[1, 2], 7.5], [[0, 0], "NaN"]]},
    {"op": "rename", "from": "out/kernel", "to": "head/kernel"},
    {"op": "cast", "match": "dense/kernel", "dtype": "float16"},
    {"op": "drop", "match": "text"},
    {"op": "unfreeze", "match": "dense/bias"},
]
JUNK: list[Any] = [
    None, True, False, 0, -1, 7, 1 << 40, 1 << 70, -(1 << 63), 0.5, 1e308, "", "x", "hex:ff", "hex:zz", "\ud800",
    "../x", "dense/bias", "nothing", [], [[]], [[0, 0], 1], {}, {"op": "drop"}, ["dense/bias"] * 50,
]  # fmt: skip
SLICE, CAMPAIGN = 24, 6_000


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    make(tmp_path / "donor", "best-9", DONOR)
    return make(tmp_path / "base", "model.ckpt-100", MODEL)


def written(base: Bundle, tmp_path: Path) -> list[Any]:
    """The records of a document with an edit of each kind, an undo and a redo."""
    journal = Journal(base)
    document = Document(base, journal)
    text = json.dumps({"version": 1, "edits": EDITS}).replace("DONOR", str(tmp_path / "donor"))
    for edit in parse_patch(text.encode(), "patch").edits(document):
        document.do(edit)
    document.undo()
    document.redo()
    document.remove(document.edits[0])
    document.close()
    return [json.loads(line.partition(b" ")[2]) for line in journal.path.read_bytes().splitlines()]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a record with every index of it."""
    for index in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, index
        if isinstance(value[index], dict | list):
            yield from places(value[index])


def changed(records: list[Any], chance: random.Random) -> list[Any]:
    """Records of which some parts are something else, gone, doubled or in another place."""
    forged = copy.deepcopy(records)
    for _ in range(chance.randint(1, 3)):
        steps = forged[1:]
        where = chance.random()
        if where < 0.2 and len(forged) > 2:
            at, to = chance.randrange(1, len(forged)), chance.randrange(1, len(forged))
            forged.insert(to, forged.pop(at) if chance.random() < 0.5 else copy.deepcopy(forged[at]))
            continue
        found = [place for step in steps for place in places(step)]
        if not found:
            break
        container, index = chance.choice(found)
        if where < 0.4:
            del container[index]
        elif where < 0.6:
            other, there = chance.choice(found)
            container[index] = copy.deepcopy(other[there])
        else:
            container[index] = copy.deepcopy(chance.choice(JUNK))
    return forged


def attack(base: Bundle, records: list[Any], seed: int) -> None:
    """Open a document on forged records; whatever they say, it opens, can be read, edited and closed."""
    (path,) = journal_folder().glob("*.journal")
    lines = (json.dumps(record).encode() for record in changed(records, random.Random(seed)))
    path.write_bytes(b"".join(b"%08x %s\n" % (crc32c(line), line) for line in lines))
    document = Document(open_bundle(base.prefix), Journal(base))
    keys = list(document.staged.columns.keys)
    assert keys, seed
    assert document.patch()["version"] == 1
    document.do(Freeze((next(key for key in keys if "Adam" not in key),)))
    document.close()
    again = Document(open_bundle(base.prefix), Journal(base))
    assert len(again.edits) == len(document.edits), seed
    again.close()


@pytest.mark.parametrize("part", range(4))
def test_forged_records(base: Bundle, tmp_path: Path, part: int) -> None:
    records = written(base, tmp_path)
    for seed in range(part, SLICE, 4):
        attack(base, records, seed)


@pytest.mark.campaign("saving")
def test_very_many_forged_records(base: Bundle, tmp_path: Path) -> None:
    records = written(base, tmp_path)
    for seed in range(SLICE, CAMPAIGN):
        attack(base, records, seed)


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    server = Victim()
    yield server
    server.close()


KEPT = ["dense/bias", "dense/kernel", "out/kernel", "text"]
JOURNAL_CALLS = {name: CALLS[name] for name in ("write", "sync", "create")} | {
    "cut": "^ftruncate$",
    "place": "^lseek$",
}


def journal_hit(
    base: Bundle, victim: Victim, home: Path, calls: str, fault: str, place: int
) -> tuple[int, bool]:
    """Keep some edits with a fault at one call; what comes back is a beginning of them, all of them if it said so."""
    for path in journal_folder().glob("*.journal"):
        path.unlink()
    job = {"journal": KEPT, "source": base.prefix, "home": str(home)}
    status, hit = victim.save(job, calls, fault, place)
    document = Document(open_bundle(base.prefix), Journal(base))
    found = [edit.keys[0] for edit in document.edits]
    assert found == KEPT[: len(found)], (place, found)
    assert status in (WRITTEN, REFUSED, -9), place
    if status == WRITTEN:
        assert found == KEPT, place
    document.discard()
    document.close()
    return status, hit


@pytest.mark.parametrize(
    ("name", "fault", "places"),
    [
        ("write", "signal=KILL", range(4, 5)),
        ("sync", "error=EIO", range(3, 4)),
        ("cut", "signal=KILL", range(2, 3)),
    ],
)
def test_keeping_edits_is_hit(
    base: Bundle, victim: Victim, studio_home: Path, name: str, fault: str, places: range
) -> None:
    for place in places:
        journal_hit(base, victim, studio_home, JOURNAL_CALLS[name], fault, place)


@pytest.mark.campaign("saving")
@pytest.mark.parametrize(
    "fault", ["signal=KILL", *(f"error={name}" for name in ("ENOSPC", "EIO", "EROFS", "EDQUOT"))]
)
@pytest.mark.parametrize("name", sorted(JOURNAL_CALLS))
def test_keeping_edits_is_hit_at_every_call(
    base: Bundle, victim: Victim, studio_home: Path, name: str, fault: str
) -> None:
    for place in count(1):
        _, hit = journal_hit(base, victim, studio_home, JOURNAL_CALLS[name], fault, place)
        if not hit:
            break
