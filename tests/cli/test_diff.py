"""`diff` as a script calls it: CONTRACT.md's JSON, the exit statuses of diff(1), and any two formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_studio.cli.main import main
from tests.helpers.bundles import BundleMaker
from tests.helpers.every_format import MADE


def call(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any, str]:
    """Exit status, the JSON document, and what stood on standard error."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not strict JSON")

    status = main(["diff", *map(str, words), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out, parse_constant=refuse), err


def bundle(path: Path, **arrays: Any) -> str:
    made = BundleMaker()
    for key, array in arrays.items():
        made.add(
            key, np.asarray(array), {"float32": 1, "float64": 2, "int32": 3}[np.asarray(array).dtype.name]
        )
    return str(made.write(path))


f32 = np.float32


def test_what_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = bundle(
        tmp_path / "a",
        gone=f32([1]), nan=f32([np.nan, 1]), same=f32([0, np.nan]), shape=f32([1, 2]), type=f32([1]), w=f32([3, 4]),
    )  # fmt: skip
    b = bundle(
        tmp_path / "b",
        nan=f32([1, 1]), new=f32([1]), same=f32([-0.0, np.nan]), shape=f32([[1, 2]]), type=np.float64([1]),
        w=f32([3, 4.5]),
    )  # fmt: skip
    status, document, err = call(capsys, a, b)
    assert (status, err) == (1, "")
    float32 = {"dtype_a": "float32", "dtype_b": "float32"}
    assert document == {
        "only_a": ["gone"],
        "only_b": ["new"],
        "equal": 1,
        "changed": [
            {"key": "nan", "max_abs": "NaN", "rel_l2": "NaN", "shape_a": [2], "shape_b": [2], **float32},
            {"key": "shape", "max_abs": None, "rel_l2": None, "shape_a": [2], "shape_b": [1, 2], **float32},
            {"key": "type", "max_abs": 0.0, "rel_l2": 0.0, "shape_a": [1], "shape_b": [1],
             "dtype_a": "float32", "dtype_b": "float64"},
            {"key": "w", "max_abs": 0.5, "rel_l2": 0.1, "shape_a": [2], "shape_b": [2], **float32},
        ],
    }  # fmt: skip
    status, document, _ = call(capsys, a, a)
    assert (status, document) == (0, {"only_a": [], "only_b": [], "changed": [], "equal": 6})


def test_a_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = (
        bundle(tmp_path / "a", v=f32([1]), w=f32([1, 2])),
        bundle(tmp_path / "b", w=f32([2, 2]), x=f32([1])),
    )
    assert main(["diff", a, b]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[1].split() == ["w", "1", "0.447214", "1"]
    assert out[2:] == ["only in A: v", "only in B: x", "0 equal, 1 different, 1 only in A, 1 only in B"]


def test_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = bundle(tmp_path / "a", v=f32([1, 2, 3]), w=f32([1]))
    assert main(["diff", a]) == 2
    capsys.readouterr()
    status, document, err = call(capsys, a, tmp_path / "nothing")
    assert (status, document["error"]["kind"]) == (2, "missing")
    assert "nothing does not exist" in err
    b = bundle(tmp_path / "b", v=f32([1, 2, 4]), w=f32([2]))
    data = tmp_path / "b.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:-1])
    status, document, err = call(capsys, a, b)
    assert status == 2
    assert [("error" in row, row["key"]) for row in document["changed"]] == [(False, "v"), (True, "w")]
    assert "1 of 2 variables could not be compared" in err


def test_damage_below_equal_checksums_is_found_by_reading(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = (bundle(tmp_path / name, v=f32([1, 2, 3])) for name in "ab")
    data = tmp_path / "b.data-00000-of-00001"
    data.write_bytes(bytes([*data.read_bytes()[:-1], 1]))
    assert call(capsys, a, b)[0] == 0
    status, document, _ = call(capsys, a, b, "--read-all")
    assert (status, [row["key"] for row in document["changed"]]) == (1, ["v"])


def test_any_two_formats(tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = {}
    for name, make in MADE.items():
        (tmp_path / name).mkdir()
        paths[name] = make(corpus, tmp_path / name)
    for path in paths.values():
        status, document, _ = call(capsys, path, path)
        assert status == 0, (path, document)
        assert document["equal"] > 0
    alike = [("safetensors", "safetensors in files"), ("safetensors", "npz"), ("npz", "safetensors in files")]
    assert [call(capsys, paths[a], paths[b])[0] for a, b in alike] == [0, 0, 0]
    status, document, _ = call(
        capsys, paths["keras_h5"], paths["keras"]
    )  # of the same model, matched by name
    assert (status, document["equal"], document["changed"]) == (0, 20, [])  # and slots by their weights
