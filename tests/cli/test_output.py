"""JSON that any parser reads, whatever a checkpoint holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.cli.output import error_json, json_text, print_json, row_json
from ckpt_studio.core import dtypes
from ckpt_studio.core.errors import Corrupt
from ckpt_studio.core.tensors import Role, RoleSource, TensorInfo, decode


def strict(text: str) -> object:
    def refuse(word: str) -> object:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text.encode("utf-8"), parse_constant=refuse)


def test_non_finite_numbers_are_strings() -> None:
    value = {"a": float("nan"), "b": [np.float32("inf"), -np.inf], "c": np.float64(1.5)}
    assert strict(json_text(value)) == {"a": "NaN", "b": ["Infinity", "-Infinity"], "c": 1.5}


def test_numpy_and_paths_travel() -> None:
    value = {
        "n": np.int64(3),
        "flag": np.bool_(True),
        "path": Path("a/b"),
        "array": np.arange(3),
        "set": {"b", "a"},
    }
    assert strict(json_text(value)) == {
        "n": 3,
        "flag": True,
        "path": "a/b",
        "array": [0, 1, 2],
        "set": ["a", "b"],
    }


def test_bytes_that_are_not_utf8_are_shown() -> None:
    assert strict(json_text({decode(b"w\xff"): decode(b"\xfe/b")})) == {"w\\xff": "\\xfe/b"}


def test_what_no_bytes_can_mean_is_shown_too() -> None:
    """JSON of others may hold half a pair of surrogates."""
    assert strict(json_text({"\ud800": "w\udcff"})) == {"\\ud800": "w\\xff"}


def test_unknown_object_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        json_text(object())


def test_print_is_one_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    print_json({"name": "größe\n"})
    assert capfdbinary.readouterr().out == '{"name": "größe\\n"}\n'.encode()


def info(key: bytes) -> TensorInfo:
    return TensorInfo(
        key=decode(key), name=decode(key), object_path=None, shape=(), dtype=dtypes.BY_NAME["bfloat16"], nbytes=2,
        role=Role.slot, role_source=RoleSource.by_name, slot_of="w", slot_name="m", trainable=None, error=None,
    )  # fmt: skip


def test_row_is_as_the_contract_has_it() -> None:
    row = row_json(info(b"w/m"))
    assert row == {
        "key": "w/m", "name": "w/m", "object_path": None, "shape": [], "dtype": "bfloat16", "nbytes": 2,
        "role": "slot", "role_source": "name", "slot_of": "w", "slot_name": "m", "trainable": None, "error": None,
    }  # fmt: skip


def test_only_a_key_that_is_not_utf8_carries_its_bytes() -> None:
    assert "key_hex" not in row_json(info("größe".encode()))
    row = row_json(info(b"w\xff"))
    assert (row["key"], row["key_hex"]) == ("w\\xff", "77ff")


def test_error_object() -> None:
    error = Corrupt("The index is damaged.", path="x.index", key="w", offset=3)
    assert error_json(error) == {
        "error": {"kind": "corrupt", "message": "The index is damaged.", "path": "x.index", "key": "w"}
    }
