"""`verify` on a terminal tells how far it is; elsewhere it says nothing but the result."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.cli import progress
from ckpt_studio.cli.main import main
from tests.helpers.bundles import BundleMaker, Record, shard_name


def test_progress_is_told_on_a_terminal_only(tmp_path: Path) -> None:
    """A large sparse file lasts long enough for a line of progress; it is wiped before the result."""
    made = BundleMaker()
    size = 1 << 30
    made.put("huge", Record(4, (size,), size=size, crc=5).encode())
    prefix = made.write(tmp_path / "m")
    os.truncate(shard_name(prefix, 0, 1), size)
    command = [sys.executable, "-m", "ckpt_studio", "verify", prefix]
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        told = b""
        try:
            while block := os.read(ours, 4096):
                told += block
        except OSError:  # the other end is closed
            pass
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(ours)
    assert b" % of 1 GiB" in told
    assert told.endswith(b"\r\x1b[K")
    assert out.endswith("1 fault in 1 GiB. `ckpt-studio verify --help` says how to rescue the rest.\n")
    assert "huge: its 1073741824 bytes at 0 of m.data-00000-of-00001" in out


def test_nothing_is_told_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    made = BundleMaker()
    made.add("w", np.ones(1000, np.float32), 1)
    assert main(["verify", made.write(tmp_path / "m")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("All checksums are right (")


def test_the_help_says_how_to_rescue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--help"]) == 0
    assert '{"op": "drop", "match": "embedding/*"}' in capsys.readouterr().out
