"""Everything outside gui/ and training/worker/ works on a machine that has neither Qt nor TensorFlow."""

from __future__ import annotations

import subprocess
import sys

IMPORT_ALL = """
import importlib, pkgutil, sys

BLOCKED = ("PySide6", "shiboken6", "pyqtgraph", "tensorflow", "keras")
LEFT_OUT = ("ckpt_studio.gui", "ckpt_studio.training.worker", "ckpt_studio.__main__")

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is blocked")
        return None

sys.meta_path.insert(0, Blocker())
import ckpt_studio

def walk(package):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name in LEFT_OUT:
            continue
        imported = importlib.import_module(module.name)
        print(module.name)
        if module.ispkg:
            walk(imported)

walk(ckpt_studio)
"""


def test_everything_else_imports() -> None:
    child = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    imported = child.stdout.split()
    assert {
        "ckpt_studio.core.tensors",
        "ckpt_studio.cli.main",
        "ckpt_studio.formats.tf_bundle.bundle",
    } <= set(imported)
    assert not [name for name in imported if name.startswith("ckpt_studio.gui")]
