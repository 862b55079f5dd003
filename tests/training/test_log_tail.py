"""The log as it grows: complete lines, each once, and no more than a window can show."""

from __future__ import annotations

from pathlib import Path

from ckpt_studio.training.log_tail import LogTail


def test_lines_come_once_and_complete(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    tail = LogTail(log)
    assert tail.new_lines() == []
    log.write_bytes(b"one\ntw")
    assert tail.new_lines() == ["one"]
    with log.open("ab") as file:
        file.write(b"o\n\nthree \xff\r\n")
    assert tail.new_lines() == ["two", "three \ufffd"]
    assert tail.new_lines() == []


def test_a_flood_is_cut_and_a_line_without_end_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    tail = LogTail(log)
    log.write_bytes(b"x" * 300 + b"\n" + b"line\n" * 100_000)
    lines = tail.new_lines()
    assert "left out" in lines[0]
    assert lines[-1] == "line"
    assert len(lines) < 20_000
    with log.open("ab") as file:
        file.write(b"y" * 5000)
    assert [len(line) for line in tail.new_lines()] == [2000]
