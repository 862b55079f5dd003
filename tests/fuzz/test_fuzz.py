"""Hostile files: whatever is in them, they open or are refused in a sentence, in little time and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import campaign
from tests.fuzz.inputs import KINDS, Input, case
from tests.fuzz.room import Room
from tests.fuzz.visit import Depth
from tests.fuzz.worker import limits, run

FOUND = Path(__file__).with_name("found")
SLICE = 160


def test_inputs_are_the_same_again() -> None:
    for form in KINDS:
        assert case(form, 12).files == case(form, 12).files
        assert len({repr(case(form, number).files) for number in range(20)}) > 15


@pytest.fixture(scope="module")
def worker() -> Iterator[campaign.Worker]:
    worker = campaign.Worker()
    yield worker
    worker.close()


@pytest.mark.parametrize("form", KINDS)
def test_a_slice_of_the_campaign(worker: campaign.Worker, form: str) -> None:
    for result in worker.run(form, 0, min(SLICE, KINDS[form].goal // 1000)):
        assert not result.failures, "\n".join(failure.text for failure in result.failures)


@pytest.mark.parametrize(
    "folder", sorted(FOUND.iterdir()) if FOUND.exists() else [], ids=lambda path: path.name
)
def test_what_the_campaign_found(folder: Path) -> None:
    """Each folder is named FORMAT-WHAT."""
    form = folder.name.partition("-")[0]
    files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    room = Room()
    try:
        with limits():
            _, signature, text = run(form, Input(files, KINDS[form].opens(list(files))), room, Depth.verify)
    finally:
        room.close()
    assert not signature, text


@pytest.mark.campaign("formats")
def test_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        assert campaign.main() == 0
