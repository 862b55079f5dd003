"""`list`, `stats` and `verify`, as a script calls them: CONTRACT.md's JSON and exit statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.cli import rows
from ckpt_studio.cli.main import main
from ckpt_studio.cli.output import json_text, row_json
from ckpt_studio.cli.rows import rows_text
from ckpt_studio.core import dtypes
from ckpt_studio.core.tensors import Columns, Names, encode
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.bundles import BundleMaker, Record, shard_name


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit status, the JSON document, and what stood on standard error."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not strict JSON")

    status = main([*words, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out, parse_constant=refuse), err


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    made = BundleMaker()
    made.add("net/w", np.array([[1.0, -2.0], [3.0, np.inf]], np.float32), 1)
    made.add("net/w/Adam", np.zeros((2, 2), np.float32), 1)
    made.add("net/w/Adam_1", np.full((2, 2), np.nan, np.float32), 1)
    made.add("beta1_power", np.array(0.9, np.float32), 1)
    made.add("global_step", np.array(7, np.int64), 9)
    made.add_strings("words", [b"a", b"b"], (2,))
    return made.write(tmp_path / "model.ckpt-7")


def test_list(capsys: pytest.CaptureFixture[str], prefix: str) -> None:
    status, document, err = call(capsys, "list", prefix)
    assert (status, err) == (0, "")
    assert {name: document[name] for name in ("path", "format", "prefix", "step")} == {
        "path": prefix, "format": "tf_bundle", "prefix": prefix, "step": 7,
    }  # fmt: skip
    rows = {row["key"]: row for row in document["variables"]}
    assert list(rows) == ["beta1_power", "global_step", "net/w", "net/w/Adam", "net/w/Adam_1", "words"]
    assert rows["net/w/Adam_1"] == {
        "key": "net/w/Adam_1", "name": "net/w/Adam_1", "object_path": None, "shape": [2, 2], "dtype": "float32",
        "nbytes": 16, "role": "slot", "role_source": "name", "slot_of": "net/w", "slot_name": "v",
        "trainable": None, "error": None,
    }  # fmt: skip
    assert rows["global_step"]["shape"] == []
    assert [row["role"] for row in rows.values()] == [
        "counter",
        "counter",
        "weight",
        "slot",
        "slot",
        "weight",
    ]


def listed(columns: Columns) -> list[Any]:
    """The rows as they are printed."""
    rows: list[Any] = json.loads(f"[{''.join(rows_text(columns))}]")
    return rows


def test_rows_in_bulk_are_rows_one_by_one(corpus: Path) -> None:
    for index in sorted(corpus.rglob("*.index")):
        if index.stat().st_size > 150:
            columns = open_bundle(str(index).removesuffix(".index")).columns
            assert listed(columns) == [row_json(columns.info(row)) for row in range(len(columns))]


names = st.sampled_from(
    ["w", "b/w", 'quo"te', "back\\slash", "new\nline", "größe", "\u2028", "\udce9", "a" * 99]
)


@settings(max_examples=120, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_rows_of_any_columns_are_printed_as_they_are(data: st.DataObject) -> None:
    raw = sorted({encode(f"{i % 7}/{data.draw(names)}") for i in range(data.draw(st.integers(0, 40)))})
    count = len(raw)

    def numbers(low: int, high: int, kind: Any) -> np.ndarray:
        return np.array(data.draw(st.lists(st.integers(low, high), min_size=count, max_size=count)), kind)

    others = [
        Names.of(encode(data.draw(names)) if data.draw(st.booleans()) else b"" for _ in raw) for _ in range(2)
    ]
    columns = Columns(
        keys=Names.of(raw), dtype=numbers(0, 255, np.uint8), rank=numbers(-1, 2, np.int8),
        dims=numbers(0, 9, np.int64)[:, None].repeat(2, axis=1), nbytes=numbers(0, 2**62, np.int64),
        role=numbers(0, 4, np.uint8), role_source=numbers(0, 3, np.uint8), slot_of=numbers(-1, count - 1, np.int32),
        slot_name=numbers(-1, 1, np.int16), slot_names=("m", 'v"'), trainable=numbers(-1, 1, np.int8),
        names=data.draw(st.sampled_from([None, others[0]])), object_paths=data.draw(st.sampled_from([None, others[1]])),
        faults={row: f"fault {row}" for row in range(count) if data.draw(st.booleans())},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_AT_ONCE", 5)
        assert listed(columns) == json.loads(json_text([row_json(columns.info(row)) for row in range(count)]))


def test_a_patch_beside_the_checkpoint_shows_what_is_frozen(
    capsys: pytest.CaptureFixture[str], prefix: str
) -> None:
    patch = Path(prefix + ".ckpt-studio.json")
    key = b"net/w/Adam".hex()
    patch.write_text(json.dumps({"version": 1, "edits": [], "frozen": ["net/w", f"hex:{key}", 5, "none"]}))
    rows = {row["key"]: row["trainable"] for row in call(capsys, "list", prefix)[1]["variables"]}
    assert (rows["net/w"], rows["net/w/Adam"], rows["words"]) == (False, False, None)
    for broken in ("", "[1]", '{"frozen": 3}', '{"frozen": ["net/w"], "num_shards": 4}', "[" * 100_000):
        patch.write_text(broken)
        assert call(capsys, "list", prefix)[1]["variables"][2]["trainable"] is None


def test_list_says_faults_in_rows_and_keys_in_hex(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = BundleMaker()
    made.add(b"caf\xe9", np.ones(1, np.float32), 1)
    made.put("bad", Record(1, (-1,), size=4).encode())
    status, document, _ = call(capsys, "list", made.write(tmp_path / "m"))
    bad, cafe = document["variables"]
    assert status == 0
    assert bad["shape"] is None
    assert "negative" in bad["error"]
    assert (cafe["key"], cafe["key_hex"]) == ("caf\\xe9", "636166e9")


def test_what_cannot_be_opened(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for command in ("list", "stats", "verify"):
        status, document, err = call(capsys, command, str(tmp_path / "none"))
        assert status == 1
        assert document["error"]["kind"] == "missing"
        assert document["error"]["path"] == str(tmp_path / "none")
        assert document["error"]["message"] in err
        assert "Traceback" not in err


def test_stats(capsys: pytest.CaptureFixture[str], prefix: str) -> None:
    status, document, _ = call(capsys, "stats", prefix)
    rows = {row["key"]: row for row in document["variables"]}
    assert status == 0
    assert list(rows["net/w"]) == [
        "key",
        "count",
        "min",
        "max",
        "mean",
        "std",
        "l2",
        "zeros",
        "nan",
        "inf",
        "neg_inf",
        "l1",
        "max_abs",
        "denormals",
        "error",
    ]
    finite = np.array([1.0, -2.0, 3.0])
    weight = rows["net/w"]
    assert [weight[k] for k in ("count", "min", "max", "zeros", "nan", "inf")] == [4, -2.0, 3.0, 0, 0, 1]
    assert [weight["mean"], weight["std"], weight["l2"]] == pytest.approx(
        [finite.mean(), finite.std(), np.linalg.norm(finite)]
    )
    assert [weight[k] for k in ("neg_inf", "l1", "max_abs", "denormals")] == [0, 6.0, 3.0, 0]
    assert rows["words"]["text"]["common"][0][1] == 1
    assert call(capsys, "stats", prefix)[1] == document, "remembered figures are the same"
    assert [rows["net/w/Adam_1"][k] for k in ("min", "mean", "nan")] == [None, None, 4]
    assert [rows["words"][k] for k in ("count", "min", "zeros", "error")] == [2, None, None, None]


def test_stats_of_some(capsys: pytest.CaptureFixture[str], prefix: str) -> None:
    status, document, _ = call(capsys, "stats", prefix, "--key", "net/*", "--key", "global_step")
    assert status == 0
    assert [row["key"] for row in document["variables"]] == [
        "global_step",
        "net/w",
        "net/w/Adam",
        "net/w/Adam_1",
    ]
    status, document, _ = call(capsys, "stats", prefix, "--key", "hex:" + b"words".hex())
    assert [row["key"] for row in document["variables"]] == ["words"]
    status, document, _ = call(capsys, "stats", prefix, "--key", "nothing*")
    assert (status, document["error"]["kind"]) == (1, "no_such_variable")


def test_stats_of_a_faulty_row(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = BundleMaker(2)
    made.add("a", np.ones(3, np.float32), 1)
    made.add("b", np.ones(3, np.float32), 1, shard=1)
    prefix = made.write(tmp_path / "m")
    Path(shard_name(prefix, 1, 2)).unlink()
    status, document, err = call(capsys, "stats", prefix)
    a, b = document["variables"]
    assert status == 1
    assert (a["mean"], a["error"], b["mean"]) == (1.0, None, None)
    assert "missing" in b["error"]
    assert "1 of 2" in err


def test_verify(capsys: pytest.CaptureFixture[str], prefix: str) -> None:
    size = sum(path.stat().st_size for path in Path(prefix).parent.iterdir())
    assert call(capsys, "verify", prefix)[:2] == (0, {"ok": True, "checked_bytes": size, "faults": []})
    path = Path(shard_name(prefix, 0, 1))
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    data[20] ^= 1
    path.write_bytes(data)
    status, document, _ = call(capsys, "verify", prefix)
    assert (status, document["ok"], document["checked_bytes"]) == (1, False, size)
    assert [(f["key"], f["kind"]) for f in document["faults"]] == [
        ("net/w", "checksum"),
        ("net/w/Adam", "checksum"),
    ]
    assert all(re.search(r"net/w", fault["message"]) for fault in document["faults"])


def test_verify_reports_every_bad_block_of_an_index(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = BundleMaker()
    for i in range(40):
        made.add(f"t{i:02d}", np.ones(1, np.float32), 1)
    prefix = made.write(tmp_path / "m", per_block=10)
    index = Path(prefix + ".index")
    data = bytearray(index.read_bytes())
    data[20] ^= 1
    data[600] ^= 1
    index.write_bytes(data)
    status, document, _ = call(capsys, "verify", prefix)
    assert (status, document["ok"]) == (1, False)
    assert [(f["key"], f["kind"]) for f in document["faults"]] == [(None, "checksum")] * 2


def test_verify_sees_every_cut_and_every_byte_of_an_index(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The zeros that fill the footer up have no checksum; whatever else stands there is damage all the same."""
    monkeypatch.setattr("ckpt_studio.formats.files._PAUSE", 0.0)
    made = BundleMaker()
    made.add("w", np.ones(1, np.float32), 1)
    index = Path(made.write(tmp_path / "m") + ".index")
    sound = index.read_bytes()
    flipped = [sound[:at] + bytes([sound[at] ^ 1 << at % 8]) + sound[at + 1 :] for at in range(len(sound))]
    for damaged in (*flipped, *(sound[:size] for size in range(len(sound)))):
        index.write_bytes(damaged)
        status, document, _ = call(capsys, "verify", str(tmp_path / "m"))
        assert (status, document["ok"]) == (1, False)
        assert document["faults"]


def test_tables_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = BundleMaker()
    made.add("evil\x1b[31m\nname", np.ones((2, 3), np.float32), 1)
    prefix = made.write(tmp_path / "m")
    for command, words in (("list", "2x3"), ("stats", "MEAN"), ("verify", "All checksums are right")):
        assert main([command, prefix]) == 0
        out, _ = capsys.readouterr()
        assert words in out
        assert "\x1b" not in out


def test_every_type_has_tensorflows_name() -> None:
    assert dtypes.BY_NAME["float8_e4m3fn"].number == 25
    assert dtypes.unknown(77).name == "unknown_77"
