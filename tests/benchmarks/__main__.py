"""Runs the benchmarks named on the command line, or all, under a virtual screen where there is one."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ckpt_studio
from tests.benchmarks.alone import measured
from tests.benchmarks.report import Row, table

BENCHMARKS = (
    "start",
    "listing",
    "statistics",
    "tree",
    "verify",
    "hostile",
    "stall",
    "saving",
    "comparing",
    "look",
    "heatmap",
    "training",
)


ON_REQUEST = ("peers",)
"""Runs only when it is named: it installs packages, and takes minutes."""


@contextmanager
def screen() -> Iterator[str]:
    """A virtual X server of our own and Qt's platform for it; without Xvfb, Qt's offscreen platform."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        yield "offscreen"
        return
    reading, writing = os.pipe()
    server = subprocess.Popen(
        [xvfb, "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        os.environ["DISPLAY"] = f":{told.readline().strip()}"
    try:
        yield "xcb"
    finally:
        server.terminate()
        server.wait()


def main(names: list[str]) -> int:
    """Run them; 1 when a limit was passed, 2 for a name that is none."""
    if unknown := set(names) - {*BENCHMARKS, *ON_REQUEST}:
        print(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join((*BENCHMARKS, *ON_REQUEST))}",
            file=sys.stderr,
        )
        return 2
    rows: list[Row] = []
    # As after an installation, which compiles; so that an environment that forbids it measures the same.
    compileall.compile_dir(Path(ckpt_studio.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder, screen() as platform:
        os.environ.update(
            QT_QPA_PLATFORM=platform, CKPT_STUDIO_HOME=f"{folder}/home", TF_CPP_MIN_LOG_LEVEL="3"
        )
        for name in names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            place = Path(folder) / name
            place.mkdir()
            rows += measured(name, place)
    print(table(rows))
    return 0 if all(row.fine for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
