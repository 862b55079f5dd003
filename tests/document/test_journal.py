"""Staged edits outlast a crash, a torn write and a full disk; what comes back is checked like a stranger's file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import FileFault, RequestFault
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.journal import Journal, journal_folder
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from tests.document.bundles import DONOR, MODEL, make

BIAS = np.array(DONOR["dense/bias"])


@pytest.fixture
def base(tmp_path: Path) -> Bundle:
    return make(tmp_path / "base", "model.ckpt-100", MODEL)


@pytest.fixture
def donor(tmp_path: Path) -> Bundle:
    return make(tmp_path / "donor", "best-9", DONOR)


def crash(document: Document, journal: Journal) -> None:
    """As if the process ended now: the system takes the lock away, and nothing else happens."""
    journal.flush()
    assert journal._lock is not None
    journal._lock.close()
    journal._lock = None


def staged(base: Bundle, donor: Bundle) -> Document:
    journal = Journal(base)
    document = Document(base, journal)
    document.do(Freeze(("dense/kernel",)))
    document.do(Replace((("dense/bias", "dense/bias"),), donor, donor.path))
    document.do(Freeze(("odd\udcff[1]*",)))
    document.undo()
    crash(document, journal)
    return document


def reopened(base: Bundle) -> Document:
    return Document(open_bundle(base.prefix), Journal(base))


def test_edits_and_their_history_come_back(base: Bundle, donor: Bundle) -> None:
    before = staged(base, donor)
    document = reopened(base)
    assert document.recovered == 2
    assert document.notes == []
    assert [edit.label for edit in document.edits] == [edit.label for edit in before.edits]
    assert document.frozen_keys() == before.frozen_keys()
    np.testing.assert_array_equal(document.staged.read("dense/bias"), BIAS)
    assert document.modified
    document.redo()
    assert document.is_frozen("odd\udcff[1]*")
    document.close()


def test_a_process_that_is_killed_loses_nothing(base: Bundle, studio_home: Path) -> None:
    script = """
import os, signal, sys
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.journal import Journal
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
base = open_bundle(sys.argv[1])
journal = Journal(base)
document = Document(base, journal)
document.do(Freeze(("dense/bias",)))
journal.flush()
print("done", flush=True)
signal.pause()
"""
    child = subprocess.Popen([sys.executable, "-c", script, base.prefix], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        assert child.stdout.readline() == "done\n"
        other = Journal(base)
        assert other.owner is not None
        assert other.owner.process == child.pid
        document = Document(base, other)
        with pytest.raises(RequestFault, match=f"another window .process {child.pid}."):
            document.do(Freeze(("dense/kernel",)))
        assert document.edits == ()
        child.kill()
    assert reopened(base).frozen_keys() == {"dense/bias", "dense/bias/Adam", "dense/bias/Adam_1"}


def test_written_edits_do_not_come_back_after_closing(base: Bundle) -> None:
    document = reopened(base)
    document.do(Freeze(("text",)))
    document.close()
    document = reopened(base)
    assert document.recovered == 1
    document.mark_written("elsewhere")
    document.close()
    assert reopened(base).recovered == 0


def test_discarded_edits_are_gone(base: Bundle) -> None:
    document = reopened(base)
    document.do(Freeze(("text",)))
    document.discard()
    assert document.edits == ()
    document.close()
    assert list(journal_folder().iterdir()) == []
    assert reopened(base).edits == ()


def test_a_torn_last_record_is_dropped_and_the_journal_goes_on(base: Bundle, donor: Bundle) -> None:
    staged(base, donor)
    (path,) = journal_folder().iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-7])
    document = reopened(base)
    assert [type(edit).__name__ for edit in document.edits] == ["Freeze", "Replace", "Freeze"], (
        "only the undo is lost"
    )
    document.do(Freeze(("text",)))
    document.close()
    assert len(reopened(base).edits) == 4


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_survived(base: Bundle, donor: Bundle, seed: int) -> None:
    before = staged(base, donor)
    (path,) = journal_folder().iterdir()
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for _ in range(random.integers(1, 4)):
        data[int(random.integers(len(data)))] = int(random.integers(256))
    path.write_bytes(data)
    document = reopened(base)
    assert len(document.edits) <= len(before.edits) + 1
    document.do(Freeze(("text",)))
    document.close()
    assert reopened(base).edits[-1].label == "Freeze text"


def forge(base: Bundle, *steps: object) -> None:
    """Well-formed records that a stranger could have written."""
    from crc32c import crc32c

    journal = Journal(base)
    journal.append(lambda: {"revert": True})
    crash(Document(base), journal)
    with journal.path.open("ab") as file:
        for step in steps:
            text = json.dumps(step).encode()
            file.write(b"%08x %s\n" % (crc32c(text), text))


@pytest.mark.parametrize(
    "step",
    [
        {"do": {"op": "freeze", "keys": ["nothing"], "match": ""}},
        {"do": {"op": "freeze", "keys": 7, "match": ""}},
        {"do": {"op": "explode"}},
        {"do": []},
        {"remove": 99},
        {"remove": "x"},
        {"undo": True, "redo": True},
        {"redo": True},
        {"nonsense": 1},
        {},
        {"do": {"op": "replace", "pairs": [["dense/bias"]], "from": "x", "match": ""}},
        {"do": {"op": "freeze", "keys": ["hex:zz"], "match": ""}},
    ],
)
def test_steps_that_make_no_sense_end_it(base: Bundle, step: object) -> None:
    forge(base, {"do": {"op": "freeze", "keys": ["text"], "match": ""}}, step, {"undo": True})
    document = reopened(base)
    assert document.frozen_keys() == {"text"}
    assert "could not be brought back" in document.notes[0]
    document.close()
    again = reopened(base)
    assert (again.frozen_keys(), again.notes) == ({"text"}, [])


def test_another_checkpoint_of_the_same_name_starts_afresh(
    base: Bundle, donor: Bundle, tmp_path: Path
) -> None:
    staged(base, donor)
    shutil.rmtree(tmp_path / "base")
    again = make(tmp_path / "base", "model.ckpt-100", {**MODEL, "extra": np.zeros(2)})
    assert Document(again, Journal(again)).edits == ()


def test_a_donor_that_is_gone_keeps_its_place_in_the_list(
    base: Bundle, donor: Bundle, tmp_path: Path
) -> None:
    staged(base, donor)
    (tmp_path / "donor").rename(tmp_path / "moved")
    document = reopened(base)
    assert [type(edit).__name__ for edit in document.edits] == ["Freeze", "Replace"]
    assert document.notes == []
    ((waiting, fault),) = document.waiting
    assert waiting is document.edits[1]
    assert "does not exist" in fault.message
    with pytest.raises(FileFault, match="swapped in from"):
        document.staged.read("dense/bias")
    np.testing.assert_array_equal(document.staged.read("out/kernel"), MODEL["out/kernel"])
    assert document.staged.columns.of("dense/bias").shape == (3,)
    document.remove(document.edits[1])
    np.testing.assert_array_equal(document.staged.read("dense/bias"), MODEL["dense/bias"])
    document.close()
    (tmp_path / "moved").rename(tmp_path / "donor")


def test_a_home_that_cannot_be_written_is_said_and_editing_goes_on(base: Bundle, studio_home: Path) -> None:
    (studio_home / "journal").write_text("a file where the folder should be")
    journal = Journal(base)
    assert journal.fault is not None
    assert "a crash would lose them" in journal.fault
    document = Document(base, journal)
    document.do(Freeze(("text",)))
    assert document.frozen_keys() == {"text"}
    document.close()


def test_no_thread_stays(base: Bundle) -> None:
    before = set(threading.enumerate())
    document = reopened(base)
    for _ in range(30):
        document.do(Freeze(("text",)))
        document.undo()
    document.close()
    assert set(threading.enumerate()) <= before
    assert os.listdir(journal_folder()) == []  # noqa: PTH208
