"""Trust: asked once a folder, bound to what the graph holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_studio.core.errors import MissingFile
from ckpt_studio.training.trust import FILE_NAME, TrustStore


def test_trust_holds_for_a_folder_and_a_content(tmp_path: Path) -> None:
    home, one, two = tmp_path / "home", tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "a.meta").write_bytes(b"graph")
    store = TrustStore(home)
    assert not store.trusted(str(one / "a.meta"))
    store.trust(str(one / "a.meta"))
    again = TrustStore(home)
    assert again.trusted(str(one / "a.meta"))
    assert not again.trusted(str(two / "a.meta"))
    (one / "b.meta").write_bytes(b"graph")
    assert again.trusted(str(one / "b.meta"))
    (one / "a.meta").write_bytes(b"another graph")
    assert not again.trusted(str(one / "a.meta"))
    again.trust(str(one / "a.meta"))
    assert store.trusted(str(one / "a.meta"))
    assert store.trusted(str(one / "b.meta"))


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"folders": 3}', '{"folders": {"a": 3}}', "\0"])
def test_a_damaged_store_trusts_nothing_and_is_repaired(tmp_path: Path, damage: str) -> None:
    (tmp_path / FILE_NAME).write_text(damage)
    (tmp_path / "a.meta").write_bytes(b"graph")
    store = TrustStore(tmp_path)
    assert not store.trusted(str(tmp_path / "a.meta"))
    store.trust(str(tmp_path / "a.meta"))
    assert store.trusted(str(tmp_path / "a.meta"))


def test_a_missing_graph_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.meta"):
        TrustStore(tmp_path).trusted(str(tmp_path / "none.meta"))
