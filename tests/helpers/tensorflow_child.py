"""Stock TensorFlow for tests, in a process of its own: the suite stays free of it, and its import is paid once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

_SERVER = """
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever TensorFlow or a script prints goes to standard error
import numpy as np
import tensorflow as tf
v1 = getattr(getattr(tf, "compat", tf), "v1", tf)  # old releases are what it is called after

def plain(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return os.fspath(value)

for line in sys.stdin:
    script, arguments = json.loads(line)
    names = {"__name__": "__tensorflow_child__", "tf": tf, "np": np, "args": arguments, "result": None}
    try:
        v1.reset_default_graph()
        exec(compile(script, "<script of the test>", "exec"), names)
        answer = {"result": names["result"]}
        text = json.dumps(answer, default=plain)
    except BaseException:
        text = json.dumps({"error": traceback.format_exc()})
    print(text, file=answers, flush=True)
"""


class TensorFlowError(AssertionError):
    """The script raised, or took the process down."""


class TensorFlowChild:
    """A child process with TensorFlow imported, started at the first call.

    `child(script, *arguments)` runs the script with the names `tf`, `np` and `args` (the arguments, as JSON
    carries them: strings, numbers, lists, dicts) and returns, again as JSON carries it, what the script assigned
    to `result` (arrays come back as lists). Large arrays travel as `.npy` files whose paths are arguments.
    The default graph is new for each script; eager mode is on unless a script uses graphs of its own
    (`with tf.Graph().as_default(), tf.compat.v1.Session() as session:`).

    Args:
        python: the interpreter; another one than ours may have another release, down to TensorFlow 1.0.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, script: str, *arguments: Any) -> Any:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        paths_as_text = json.loads(json.dumps(arguments, default=_text))
        try:
            process.stdin.write(json.dumps([textwrap.dedent(script), paths_as_text]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            status = process.wait()
            self._process = None
            raise TensorFlowError(f"the script took TensorFlow's process down (exit status {status})")
        answer = json.loads(line)
        if "error" in answer:
            raise TensorFlowError(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """End the process, which has nothing to put away."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            environment = dict(
                os.environ, TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0", CUDA_VISIBLE_DEVICES="-1"
            )
            environment.pop("PYTHONPATH", None)
            self._process = subprocess.Popen(
                [self._python, "-c", _SERVER],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        return self._process


def _text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot travel to the child; write it to a file")
