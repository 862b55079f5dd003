"""The program's door: a command of the command line, or the window for anything else on the line.

Commands are imported when they are called and the window is found by name, so `ckpt-studio list` never loads
Qt, and the window is painted before anything that it does not need for that is loaded.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from ckpt_studio import __version__
from ckpt_studio.core.errors import CkptStudioError, FileFault, InternalFault

if TYPE_CHECKING:
    import argparse

COMMANDS: Final[dict[str, str]] = {
    "list": "ckpt_studio.cli.list_command",
    "stats": "ckpt_studio.cli.stats_command",
    "verify": "ckpt_studio.cli.verify_command",
    "diff": "ckpt_studio.cli.diff_command",
    "apply": "ckpt_studio.cli.apply_command",
    "convert": "ckpt_studio.cli.convert_command",
    "train": "ckpt_studio.cli.train_command",
}
"""Each module has HELP (a line), add_arguments(parser) and run(args) -> exit status."""

_ALWAYS_JSON: Final = frozenset({"train"})
_FAULT_STATUS: Final = {"diff": 2}
"""Where 1 means something else than a fault, as with diff(1)."""

WINDOW: Final = "ckpt_studio.gui.app"
"""Has main(paths) -> exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (default: those of the process) and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in COMMANDS:
        status = _FAULT_STATUS.get(words[0], 1)
        return _guarded(
            lambda: _command(words[0], words[1:]), as_json=_speaks_json(words), fault_status=status
        )
    if words and words[0] == "gui":
        del words[0]
    if any(word.startswith("-") for word in words):
        return _guarded(lambda: _options(words))
    return _guarded(lambda: _window(words))


def _command(name: str, words: list[str]) -> int:
    module = import_module(COMMANDS[name])
    parser = _parser(f"ckpt-studio {name}", module.HELP)
    module.add_arguments(parser)
    return int(module.run(parser.parse_args(words)))


def _options(words: list[str]) -> int:
    """A line with options and no command: about the program, or paths for the window."""
    import argparse

    commands = (
        "\n".join(f"  {name:8} {import_module(COMMANDS[name]).HELP}" for name in COMMANDS)
        if _asks_help(words)
        else ""
    )
    parser = _parser(
        "ckpt-studio",
        "Browse, edit and resume TensorFlow checkpoints. Without a command, opens the window.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"commands (ckpt-studio COMMAND --help says more):\n{commands}",
        usage="ckpt-studio [PATH...]\n       ckpt-studio COMMAND ...",
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="folders or files of checkpoints to open in the window"
    )
    desktop = parser.add_mutually_exclusive_group()
    desktop.add_argument(
        "--install-desktop",
        action="store_true",
        help="open checkpoints by double-click: add menu entry and file types for this user",
    )
    desktop.add_argument(
        "--remove-desktop", action="store_true", help="take menu entry and file types away again"
    )
    args = parser.parse_args(words)
    if not (args.install_desktop or args.remove_desktop):
        return _window(args.paths)
    if args.paths:
        parser.error("--install-desktop and --remove-desktop take no PATH")
    from ckpt_studio.cli import desktop as integration

    return integration.install() if args.install_desktop else integration.remove()


def _speaks_json(words: list[str]) -> bool:
    """Whether a command's line asks for JSON, in short perhaps, as argparse allows it."""
    return words[0] in _ALWAYS_JSON or any(len(w) > 2 and "--json".startswith(w) for w in words)


def _asks_help(words: list[str]) -> bool:
    return "-h" in words or any(word.startswith("--h") for word in words)


def _parser(prog: str, description: str, **how: Any) -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(prog=prog, description=description, **how)
    parser.add_argument("--version", action="version", version=f"Ckpt Studio {__version__}")
    return parser


def _window(paths: list[str]) -> int:
    return int(import_module(WINDOW).main(paths))


def _guarded(work: Callable[[], int], *, as_json: bool = False, fault_status: int = 1) -> int:
    """Call `work`; whatever it raises becomes one sentence and an exit status."""

    def fail(error: CkptStudioError) -> int:
        _tell(error, as_json)
        return fault_status

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names from files must never break a print
            stream.reconfigure(errors="backslashreplace")
    try:
        status = work()
        sys.stdout.flush()
        return status
    except CkptStudioError as error:
        return fail(error)
    except BrokenPipeError:
        # The reader of our output went away, as `head` does. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # argparse: 0 after --help, 2 after a wrong line
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except OSError as error:
        place = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else None
        reason = error.strerror or str(error)
        return fail(FileFault(f"{place}: {reason}." if place else f"{reason}.", path=place))
    except MemoryError:
        return fail(CkptStudioError("There is not enough memory for this; close other programs first."))
    except Exception as error:
        from ckpt_studio.cli.output import write_report

        report = write_report(error)
        sentence = (
            f"Ckpt Studio made a mistake ({type(error).__name__}); what is needed to mend it is in {report}."
        )
        return fail(InternalFault(sentence))


def _tell(error: CkptStudioError, as_json: bool) -> None:
    from ckpt_studio.cli.output import error_json, print_json, say
    from ckpt_studio.cli.table import harmless

    say(f"ckpt-studio: {harmless(error.message)}")
    if as_json:
        print_json(error_json(error))
