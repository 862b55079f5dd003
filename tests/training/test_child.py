"""The process at the other end of the pipe: however it behaves, it is noticed, and it never outlives its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ckpt_studio.training.child import Child, Ended
from ckpt_studio.training.events import Cause
from ckpt_studio.training.outcome import lines_of, of_exit, shown
from ckpt_studio.training.protocol import encode


@contextmanager
def python(script: str) -> Iterator[Child]:
    child = Child((sys.executable, "-c", script))
    try:
        yield child
    finally:
        child.close()


def ended(child: Child) -> Ended:
    while True:
        said = child.messages.get(timeout=20)
        if isinstance(said, Ended):
            return said


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def test_garbage_and_endless_lines_end_the_process() -> None:
    with python("print('hello', flush=True); import time; time.sleep(60)") as child:
        end = ended(child)
        assert end.fault is not None
        assert "hello" in end.fault
    with python("import sys\nwhile True: sys.stdout.write('x' * 4096)") as child:
        end = ended(child)
        assert end.fault is not None
        assert "bytes" in end.fault


def test_its_words_its_end_and_its_early_output_are_heard() -> None:
    line = encode(0, "log", text="hi")
    with python(
        f"import sys; sys.stderr.write('oh no'); sys.stdout.buffer.write({line!r}); sys.exit(7)"
    ) as child:
        first = child.messages.get(timeout=20)
        assert isinstance(first, dict)
        assert first["text"] == "hi"
        assert ended(child) == Ended(7)
        assert child.early_output() == "oh no"
        child.send("stop")


def test_it_is_sent_messages_and_can_be_killed() -> None:
    script = "import sys\nfor line in sys.stdin: sys.stdout.write(line); sys.stdout.flush()"
    with python(script) as child:
        for number in range(3):
            child.send("beat", idle=0)
            said = child.messages.get(timeout=20)
            assert isinstance(said, dict)
            assert said["n"] == number
        child.kill()
        assert ended(child).status == -signal.SIGKILL


def test_a_command_that_is_not_there_is_said() -> None:
    child = Child(("/no/such/program",))
    end = ended(child)
    child.close()
    assert end.status is None
    assert "could not be started" in str(end.fault)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tied to its parent by Linux")
def test_the_worker_dies_with_its_parent() -> None:
    script = (
        "from ckpt_studio.training.child import Child\n"
        "child = Child()\n"
        "assert child.messages.get()['type'] == 'beat'  # said once it is tied to us\n"
        "print(child.pid, flush=True)\n"
        "import time; time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    for _ in range(3000):
        if gone(pid):
            break
        time.sleep(0.02)
    assert gone(pid)


@pytest.mark.parametrize(
    ("status", "lines", "cause", "said"),
    [
        (-signal.SIGSEGV, [], Cause.segfault, "segmentation fault"),
        (
            -signal.SIGABRT,
            ["2026-01-01 10:00:00.0: F t.cc:1] Check failed: 1"],
            Cause.abort,
            "Check failed: 1",
        ),
        (-signal.SIGABRT, ["terminate called", "what():  std::bad_alloc"], Cause.out_of_memory, "memory"),
        (-signal.SIGABRT, [], Cause.abort, "aborted"),
        (-signal.SIGKILL, [], Cause.killed, "killed"),
        (-signal.SIGTERM, [], Cause.killed, "SIGTERM"),
        (1, ["Timeout!"], Cause.exception, "Timeout!"),
        (1, ["MemoryError"], Cause.out_of_memory, "memory"),
    ],
)
def test_each_end_has_its_sentence(status: int, lines: list[str], cause: Cause, said: str) -> None:
    got, sentence = of_exit(status, lines, oom_killed=False)
    assert got is cause
    assert said in sentence


def test_the_stacks_that_follow_a_crash_are_left_out() -> None:
    stacks = [f"  File x, line {number}" for number in range(900)]
    said = [
        "2026: oneDNN custom operations are on.",
        "F t.cc:1] Check failed: n",
        "Fatal Python error: Aborted",
    ]
    lines = lines_of("\n".join([*said, *stacks]))
    assert of_exit(-signal.SIGABRT, lines, oom_killed=False)[1].endswith("Check failed: n")
    assert shown(lines) == ("F t.cc:1] Check failed: n", "Fatal Python error: Aborted")
    assert shown(stacks) == tuple(stacks[-20:])


def test_a_kill_for_want_of_memory_is_said() -> None:
    cause, sentence = of_exit(-signal.SIGKILL, [], oom_killed=True)
    assert cause is Cause.out_of_memory
    assert "memory" in sentence
