"""What every test may use: the corpus, stock TensorFlow in a child process, and a home folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.helpers.outcome_table import TABLES
from tests.helpers.tensorflow_child import TensorFlowChild

ROOT = Path(__file__).resolve().parent.parent

LONG = (
    "tests/training/",
    "tests/cli/test_train.py",
    "tests/formats/meta_graph/test_stock",
    "tests/formats/test_saving",
)

hypothesis.settings.register_profile("studio", deadline=None)  # seconds belong to the benchmarks
hypothesis.settings.load_profile("studio")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--campaign",
        action="append",
        default=[],
        metavar="NAME",
        help="run the tests marked campaign(NAME), which are left out otherwise because they take long",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "campaign(name): takes long; runs with --campaign NAME only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--campaign"))
    names = {id(item): mark.args[0] for item in items for mark in item.iter_markers("campaign")}
    if unknown := wanted - set(names.values()):
        known = ", ".join(sorted(set(names.values()))) or "none"
        raise pytest.UsageError(f"there is no campaign {', '.join(sorted(unknown))}; known here: {known}")
    chosen = [item for item in items if (_goes_on(item, wanted) if wanted else id(item) not in names)]
    left_out = [item for item in items if item not in set(chosen)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
    # Two processes share the files in this order: the long ones first, so that none begins when all others are done.
    items[:] = sorted(chosen, key=lambda item: not item.nodeid.startswith(LONG))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for table in TABLES.values():
        table.close()
        if table and table.campaign in terminalreporter.config.getoption("--campaign"):
            terminalreporter.write_line(f"\n{table}")


def _goes_on(item: pytest.Item, wanted: set[str]) -> bool:
    """Whether a test belongs to a wanted campaign, which has not had it yet."""
    names = {mark.args[0] for mark in item.iter_markers("campaign")} & wanted
    tables = (TABLES[name] for name in names if name in TABLES)
    return bool(names) and not any(table.has(item.callspec.params) for table in tables)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of checkpoints that others made.

    `CKPT_STUDIO_CORPUS` names it, else it lies beside the project. Without it the test is skipped; in CI it must
    be there.
    """
    named = os.environ.get("CKPT_STUDIO_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    if not folder.is_dir():
        sentence = f"no corpus: CKPT_STUDIO_CORPUS names its folder, else {os.path.relpath(folder, ROOT)} would be it"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    return folder


@pytest.fixture(autouse=True)
def studio_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for settings, journal and cache, so that no test sees or touches those of a person."""
    from ckpt_studio.core.resources import home_folder

    home = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("CKPT_STUDIO_HOME", str(home))
    home_folder.cache_clear()
    yield home
    home_folder.cache_clear()


@pytest.fixture(scope="session")
def tensorflow_child() -> Iterator[TensorFlowChild]:
    """Runs code with stock TensorFlow in one child process that the session shares; see TensorFlowChild."""
    child = TensorFlowChild()
    yield child
    child.close()
