"""SPEC files: what may be left out, and a sentence that names the field for everything that is wrong."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ckpt_studio.core.errors import FileFault, MissingFile, RequestFault
from ckpt_studio.training.spec import DataSpec, RunSpec, as_worker, load_spec


def write(folder: Path, fields: Any) -> str:
    path = folder / "spec.json"
    path.write_text(fields if isinstance(fields, str) else json.dumps(fields))
    return str(path)


def test_what_can_be_found_out_may_be_left_out(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, {"checkpoint": "model", "out": "run"}))
    assert spec == RunSpec(checkpoint=str(tmp_path / "model"), out=str(tmp_path / "run"))
    assert spec.max_to_keep == 5
    assert not spec.trust


def test_paths_are_relative_to_the_spec_and_everything_is_read(tmp_path: Path) -> None:
    fields = {
        "checkpoint": "a/model.ckpt-3",
        "out": "/elsewhere/run",
        "steps": 200,
        "save_every": 50,
        "max_to_keep": 0,
        "batch_size": 8,
        "seed": 7,
        "data": {"file": "../data.npz", "map": {"x": "images", "keep_prob:0": 0.5, "train": True}},
        "frozen": ["conv*", "hex:ff"],
        "patch": "p.json",
        "train_op": "train",
        "loss": "loss",
        "trust": True,
    }
    spec = load_spec(write(tmp_path, fields))
    assert spec.checkpoint == str(tmp_path / "a/model.ckpt-3")
    assert spec.out == "/elsewhere/run"
    assert spec.data == DataSpec(
        str(tmp_path / "../data.npz"), {"x": "images", "keep_prob:0": 0.5, "train": 1}
    )
    assert (spec.steps, spec.save_every, spec.max_to_keep, spec.batch_size, spec.seed) == (200, 50, 0, 8, 7)
    assert (spec.frozen, spec.patch) == (("conv*", "hex:ff"), str(tmp_path / "p.json"))
    assert (spec.train_op, spec.loss, spec.trust) == ("train", "loss", True)
    assert load_spec(write(tmp_path, spec.to_json())) == spec


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"out": "run"}, "checkpoint"),
        ({"checkpoint": "m"}, "out"),
        ({"checkpoint": "m", "out": 3}, "out"),
        ({"checkpoint": "m", "out": "run", "step": 3}, "step"),
        ({"checkpoint": "m", "out": "run", "steps": 0}, "steps"),
        ({"checkpoint": "m", "out": "run", "steps": 1.5}, "steps"),
        ({"checkpoint": "m", "out": "run", "steps": True}, "steps"),
        ({"checkpoint": "m", "out": "run", "save_every": -1}, "save_every"),
        ({"checkpoint": "m", "out": "run", "max_to_keep": "5"}, "max_to_keep"),
        ({"checkpoint": "m", "out": "run", "batch_size": 0}, "batch_size"),
        ({"checkpoint": "m", "out": "run", "seed": 1 << 70}, "seed"),
        ({"checkpoint": "m", "out": "run", "data": []}, "data"),
        ({"checkpoint": "m", "out": "run", "data": {"fil": "x"}}, "data.fil"),
        ({"checkpoint": "m", "out": "run", "data": {"file": "x", "map": {"x": []}}}, "data.map.x"),
        ({"checkpoint": "m", "out": "run", "data": {"map": {"x": "images"}}}, "data.file"),
        ({"checkpoint": "m", "out": "run", "frozen": "conv"}, "frozen"),
        ({"checkpoint": "m", "out": "run", "frozen": [""]}, "frozen"),
        ({"checkpoint": "m", "out": "run", "trust": "yes"}, "trust"),
        ({"checkpoint": "m", "out": "run", "workers": ["a:1"]}, "workers"),
        ({"checkpoint": "m", "out": "run", "workers": ["a:1", "a:1"]}, "workers"),
        ({"checkpoint": "m", "out": "run", "workers": ["a:1", "b"]}, "workers"),
        ({"checkpoint": "m", "out": "run", "workers": ["a:1", "b:70000"]}, "workers"),
        ({"checkpoint": "m", "out": "run", "workers": ["a:1", "b:1"], "worker": 2}, "worker"),
        ('{"checkpoint": "m", "out": "run", "out": "b"}', "out"),
        ([], "SPEC"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ('{"checkpoint": "m", "out": "run", "steps": NaN}', "NaN"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, fields: Any, named: str) -> None:
    with pytest.raises(RequestFault) as caught:
        load_spec(write(tmp_path, fields))
    assert named in caught.value.message
    assert "spec.json" in caught.value.message


def test_another_machine_says_only_which_worker_it_is(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, {"checkpoint": "m", "out": "run", "workers": ["a:1", "b:1"]}))
    assert (spec.worker, as_worker(spec, 1).worker) == (0, 1)
    for worker, alone, part in (
        (2, spec, "has workers 0 to 1"),
        (1, replace(spec, workers=()), 'no "workers"'),
    ):
        with pytest.raises(RequestFault, match=part):
            as_worker(alone, worker)


def test_what_a_run_may_be_told_comes_back(tmp_path: Path) -> None:
    optimizer = {"class_name": "Adam", "config": {"beta_1": 0.8}}
    fields = {"recipe": "train.py", "optimizer": optimizer, "learning_rate": 0.5, "freeze_statistics": True,
              "keep_best": 2, "on_nan": "continue", "workers": ["a:1", "b:1"], "worker": 1}  # fmt: skip
    spec = load_spec(write(tmp_path, {"checkpoint": "m", "out": "run", **fields}))
    told = spec.to_json()
    assert {name: told[name] for name in fields} == {**fields, "recipe": str(tmp_path / "train.py")}


def test_a_missing_file_and_one_that_is_no_text_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.json"):
        load_spec(str(tmp_path / "none.json"))
    (tmp_path / "spec.json").write_bytes(b"\xff\xfe")
    with pytest.raises(RequestFault, match="UTF-8"):
        load_spec(str(tmp_path / "spec.json"))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "spec.json"
    os.mkfifo(pipe)
    with pytest.raises(FileFault, match="not a regular file"):
        load_spec(str(pipe))


def test_half_a_surrogate_pair_names_its_field(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text('{"checkpoint": "a", "out": "\\ud800"}', encoding="utf-8")
    with pytest.raises(RequestFault, match='"out"'):
        load_spec(str(spec))
