"""What a confined process can still do: shown in a process of its own, since there is no way back."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TRY = """
import json, os, socket, sys
from pathlib import Path
from ckpt_studio.training.worker.confine import confine

run, secret, port, everything = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "all"
other, free = map(int, sys.argv[5:])
version = confine(run, None if everything else [], [other, free])

def works(what):
    try:
        what()
    except OSError:
        return False
    return True

print(json.dumps({
    "version": version,
    "write inside": works(lambda: (run / "a").write_text("x")),
    "rename inside": works(lambda: (run / "a").rename(run / "b")),
    "delete inside": works(lambda: (run / "b").unlink()),
    "write outside": works(lambda: (secret.parent / "c").write_text("x")),
    "overwrite outside": works(lambda: secret.open("r+b").close()),
    "truncate outside": works(lambda: os.truncate(secret, 0)),
    "delete outside": works(secret.unlink),
    "read outside": works(secret.read_text),
    "read python": works(lambda: Path(os.__file__).read_text()),
    "write nowhere": works(lambda: Path("/dev/null").write_text("x")),
    "connect": works(lambda: socket.create_connection(("127.0.0.1", port), 2).close()),
    "connect to a worker": works(lambda: socket.create_connection(("127.0.0.1", other), 2).close()),
    "be a worker": works(lambda: socket.create_server(("127.0.0.1", free)).close()),
    "be a server": works(lambda: socket.create_server(("127.0.0.1", 0)).close()),
    "child writes outside": os.system("echo x > " + str(secret.parent / "d") + " 2>/dev/null") == 0,
}))
"""


@pytest.mark.parametrize("reads", ["system", "all"])
def test_it_writes_only_in_its_folder_and_has_no_network(reads: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [door.getsockname()[1] for door in doors]
    doors.pop().close()
    with doors[0], doors[1]:
        command = [
            sys.executable,
            "-c",
            TRY,
            str(run),
            str(secret),
            str(ports[0]),
            reads,
            *map(str, ports[1:]),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    got: dict[str, Any] = json.loads(done.stdout)
    version = got.pop("version")
    if version < 4:
        pytest.skip(f"this kernel has Landlock version {version}; 4 refuses the network too")
    allowed = {"write inside", "rename inside", "delete inside", "read python", "write nowhere"}
    allowed |= {"connect to a worker", "be a worker"}
    allowed |= {"read outside"} if reads == "all" else set()
    assert {name for name, works in got.items() if works} == allowed
    assert secret.read_text() == "secret"
