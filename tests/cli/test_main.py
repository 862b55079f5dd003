"""The program's door: exit statuses, what goes to which stream, and what stays unloaded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ckpt_studio import __version__
from ckpt_studio.core.resources import resources_folder

SAMPLE = resources_folder() / "samples" / "run"


def studio(*words: str | Path, **how: object) -> subprocess.CompletedProcess[str]:
    """Run the program as a shell would."""
    command = [sys.executable, "-P", "-m", "ckpt_studio", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **how)  # type: ignore[call-overload]


COMMANDS = ("list", "stats", "verify", "apply", "train")


@pytest.mark.parametrize("words", [["--version"], *([command, "--version"] for command in COMMANDS)])
def test_version_everywhere(words: list[str]) -> None:
    told = studio(*words)
    assert (told.returncode, told.stdout) == (0, f"Ckpt Studio {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command: str) -> None:
    told = studio(command, "--help")
    assert told.returncode == 0
    assert told.stdout.startswith(f"usage: ckpt-studio {command}")


def test_help_names_every_command() -> None:
    told = studio("--help")
    assert told.returncode == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command} +\S", told.stdout, re.MULTILINE)
    assert "--install-desktop" in told.stdout


@pytest.mark.parametrize(
    "words", [["list"], ["list", "--wrong", "x"], ["--wrong"], ["--install-desktop", "x"]]
)
def test_wrong_usage_is_two(words: list[str]) -> None:
    told = studio(*words)
    assert (told.returncode, told.stdout) == (2, "")
    assert "usage: ckpt-studio" in told.stderr


def test_fault_is_one_sentence_and_one(tmp_path: Path) -> None:
    told = studio("list", tmp_path / "absent")
    assert (told.returncode, told.stdout) == (1, "")
    assert len(told.stderr.splitlines()) == 1
    assert "absent" in told.stderr


def test_fault_under_json_is_an_error_object(tmp_path: Path) -> None:
    told = studio("list", tmp_path / "absent", "--json")
    assert told.returncode == 1
    error = json.loads(told.stdout)["error"]
    assert set(error) == {"kind", "message", "path", "key"}
    assert error["message"] in told.stderr


@pytest.mark.parametrize(
    ("command", "options"), [("list", ["--json"]), ("list", ["--js"]), ("train", []), ("train", ["--json"])]
)
def test_every_failure_of_a_command_that_speaks_json_is_an_error_object(
    command: str, options: list[str]
) -> None:
    """Also one that the command did not foresee; `train` speaks JSON without being asked."""
    planted = (
        "import sys; from types import SimpleNamespace; from ckpt_studio.cli import main\n"
        "def run(args): raise OSError(5, 'planted', 'place')\n"
        "def take(parser): parser.add_argument('--json', action='store_true')\n"
        "sys.modules['planted'] = SimpleNamespace(HELP='', add_arguments=take, run=run)\n"
        "main.COMMANDS[sys.argv[1]] = 'planted'; raise SystemExit(main.main())"
    )
    told = subprocess.run(
        [sys.executable, "-c", planted, command, *options], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert json.loads(told.stdout)["error"]["message"] == "place: planted."


def test_mistake_of_ours_is_told_with_a_report_and_no_traceback(tmp_path: Path, studio_home: Path) -> None:
    planted = (
        "from ckpt_studio.cli import main; main.COMMANDS['list'] = 'no_such'; raise SystemExit(main.main())"
    )
    told = subprocess.run(
        [sys.executable, "-c", planted, "list", "--json"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    assert json.loads(told.stdout)["error"]["kind"] == "internal"
    (report,) = (studio_home / "reports").iterdir()
    assert str(report) in told.stderr
    assert "ModuleNotFoundError" in report.read_text()


def test_reader_that_goes_away_is_no_trouble() -> None:
    command = f"'{sys.executable}' -P -m ckpt_studio list '{SAMPLE}' --json | head -c 10"
    told = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert told.stderr == ""


def test_other_encodings_of_the_terminal_are_no_trouble() -> None:
    told = studio("list", SAMPLE, env=dict(os.environ, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"))
    assert told.returncode == 0
    assert told.stdout.isascii()


def test_commands_load_neither_qt_nor_tensorflow() -> None:
    ask = (
        "import sys; from ckpt_studio.cli.main import main; status = main(); "
        "print([name for name in sys.modules if name.partition('.')[0] in "
        "{'PySide6', 'shiboken6', 'pyqtgraph', 'tensorflow', 'keras'}], status)"
    )
    told = subprocess.run(
        [sys.executable, "-c", ask, "list", str(SAMPLE)], capture_output=True, text=True, check=True
    )
    assert told.stdout.endswith("[] 0\n")
