"""`ckpt-studio convert`: the same variables in another format, as that format's own library reads them."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from ckpt_studio.cli.main import main
from ckpt_studio.formats.registry import open_checkpoint
from tests.cli.conversions import converted, same, values
from tests.document.bundles import make
from tests.helpers.memory_source import MemorySource
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.mark.parametrize("chain", [["a.safetensors", "b", "c.npz", "d"], ["a", "b.npz", "c.safetensors"]])
def test_there_and_back(keras_files: Path, tmp_path: Path, chain: list[str]) -> None:
    known = values(str(keras_files / "m.weights.h5"))
    source = str(keras_files / "m.weights.h5")
    for name in chain:
        source = converted(source, tmp_path / name)
        same(values(source), known)
        assert list(open_checkpoint(source).verify()) == []


def test_a_v1_file_becomes_a_bundle_that_its_graph_restores(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    script = """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        v = tf.compat.v1.get_variable("w", [4, 3]); session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1).save(session, args[0])
        result = session.run(v)
    """
    truth = tensorflow_child(script, str(tmp_path / "old.ckpt"))
    written = converted(tmp_path / "old.ckpt", tmp_path / "new" / "m")
    restore = """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        saver = tf.compat.v1.train.import_meta_graph(args[0] + ".meta")
        saver.restore(session, args[0]); result = session.run("w/Read/ReadVariableOp:0")
    """
    assert tensorflow_child(restore, written) == truth
    assert Path(f"{written}.index").is_file()


def test_types_that_a_format_does_not_have_are_said_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays = {
        "b16": np.arange(4).astype(ml_dtypes.bfloat16),
        "c16": np.ones(2, "c16"),
        "f32": np.arange(6, dtype="f4").reshape(2, 3),
        "flag": np.array([True, False]),
        "half": np.array(1.5, "f2"),
        "i4": np.array([1, -2], ml_dtypes.int4),
        "none": np.zeros((0, 3), "f4"),
        "text": np.array([b"one", b"two "], object),
    }
    source = make(tmp_path / "in", "m", arrays).prefix
    tensors = converted(source, tmp_path / "m.safetensors", "--json")
    said = capsys.readouterr()
    lost = json.loads(said.out)["lost"]
    assert [line.split(":")[0] for line in lost] == [
        "Of type string, which the format does not have",
        "Of type complex128, which the format does not have",
        "Of type int4, written as int8 with the same values",
    ]
    assert "What cannot be kept:" in said.err
    found = load_file(tensors)
    assert sorted(found) == ["b16", "f32", "flag", "half", "i4", "none"]
    assert found["i4"].dtype == np.int8
    np.testing.assert_array_equal(found["b16"], arrays["b16"])
    with np.load(converted(source, tmp_path / "m.npz")) as archive:
        assert sorted(archive) == sorted(arrays)
        np.testing.assert_array_equal(archive["b16"], np.arange(4, dtype="f4"))
        np.testing.assert_array_equal(archive["text"], [b"one", b"two "])
        for key in ("c16", "f32", "flag", "half", "none"):
            np.testing.assert_array_equal(archive[key], arrays[key])
            assert archive[key].dtype == arrays[key].dtype


def test_several_files(tmp_path: Path) -> None:
    arrays = {f"v{n}": np.full((25, 10), n, "f4") for n in range(10)}
    source = make(tmp_path / "in", "m", arrays).prefix
    index = tmp_path / "out" / "m.safetensors"
    converted(source, index, "--shard-size", "2500")
    parts = sorted((tmp_path / "out").glob("m-*.safetensors"))
    assert [len(load_file(part)) for part in parts] == [2] * 5
    same(values(f"{index}.index.json"), values(source))
    bundle = converted(source, tmp_path / "b" / "m", "--shard-size", "2500")
    assert len(list((tmp_path / "b").glob("m.data-*-of-00005"))) == 5
    same(values(bundle), values(source))


def test_overwriting_needs_the_word_and_never_takes_the_source(tmp_path: Path) -> None:
    save_file({"a": np.ones(3, "f4")}, tmp_path / "old.safetensors")
    save_file({"b": np.zeros(2, "f4")}, tmp_path / "m.safetensors")
    before = (tmp_path / "m.safetensors").read_bytes()
    converted(tmp_path / "old.safetensors", tmp_path / "m.safetensors", status=1)
    assert (tmp_path / "m.safetensors").read_bytes() == before
    converted(tmp_path / "old.safetensors", tmp_path / "m.safetensors", "--overwrite")
    assert list(load_file(tmp_path / "m.safetensors")) == ["a"]
    before = (tmp_path / "old.safetensors").read_bytes()
    (tmp_path / "link.safetensors").symlink_to("old.safetensors")
    for name in ("old", "link"):
        converted(tmp_path / "old.safetensors", tmp_path / f"{name}.safetensors", "--overwrite", status=1)
    assert (tmp_path / "old.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("m.keras", "write .weights.h5"),
        ("m.pt", "write .safetensors"),
        ("m.index", "without .index"),
        ("m.weights.json", "write .weights.h5"),
        ("m.data-00000-of-00001", "without .data-00000-of-00001"),
        ("m.weights.h5", "--like"),
    ],
)
def test_what_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    source = make(tmp_path / "in", "m", {"encoder/kernel": np.ones((2, 2), "f4")}).prefix
    converted(source, tmp_path / target, status=1)
    assert words in capsys.readouterr().err
    assert not (tmp_path / target).exists()


def test_damage_stops_a_conversion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = make(tmp_path / "in", "m", {"a": np.ones(4, "f4"), "b": np.ones(4, "f4")})
    data = Path(source.shard_path(0))
    raw = bytearray(data.read_bytes())
    raw[3] ^= 1
    data.write_bytes(raw)
    for name in ("m.safetensors", "m.npz", "m.h5"):
        converted(source.prefix, tmp_path / "out" / name, status=1)
        assert "does not match its checksum" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_certificate_names_what_is_not_as_it_should_be(tmp_path: Path) -> None:
    from ckpt_studio.training.certify import certify

    wanted = MemorySource({"a": np.ones(4, "f4"), "b": np.zeros((2, 2), "f8"), "c": np.ones(1, "i4")})
    np.savez(tmp_path / "m.npz", a=np.ones(4, "f4"), b=np.ones((2, 2)), d=np.ones(1))
    certificate = certify(str(tmp_path / "m.npz"), "npz", wanted)
    assert certificate.compared == 1
    assert [fault.split(" ")[0] for fault in certificate.faults] == ["'b'", "'d'", "'c'"]
    assert certificate.sentence.startswith("Not certified: 'b' (float64) came back with other values.")


def test_a_text_that_ends_with_zero_bytes_is_certified(tmp_path: Path) -> None:
    source = make(tmp_path / "in", "m", {"text": np.array(b"ab\0\0", object), "w": np.ones(2, "f4")}).prefix
    converted(source, tmp_path / "out" / "m", "--certify")


def test_a_donor_is_never_the_target(tmp_path: Path) -> None:
    source = make(tmp_path / "in", "m", {"a": np.zeros(3, "f4")}).prefix
    save_file({"a": np.ones(3, "f4")}, tmp_path / "donor.safetensors")
    before = (tmp_path / "donor.safetensors").read_bytes()
    edit = {"op": "replace", "match": "a", "from": "donor.safetensors"}
    (tmp_path / "patch.json").write_text(json.dumps({"version": 1, "edits": [edit]}))
    command = ["apply", str(tmp_path / "patch.json"), source]
    assert main([*command, str(tmp_path / "donor.safetensors"), "--overwrite"]) == 1
    assert (tmp_path / "donor.safetensors").read_bytes() == before
    assert main([*command, str(tmp_path / "new.safetensors")]) == 0
    np.testing.assert_array_equal(load_file(tmp_path / "new.safetensors")["a"], np.ones(3))
    said = json.loads((tmp_path / "new.safetensors.ckpt-studio.json").read_text())
    assert list(said["provenance"]["others"]) == [str(tmp_path / "donor.safetensors")]
    assert (
        main(
            ["apply", str(tmp_path / "new.safetensors.ckpt-studio.json"), source, str(tmp_path / "again.npz")]
        )
        == 0
    )


def test_what_tensorflow_has_no_type_for_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tensorflow_child: TensorFlowChild
) -> None:
    np.savez(tmp_path / "in.npz", a=np.arange(3.0), when=np.array(["2020-01-01"], "M8[D]"))
    written = converted(tmp_path / "in.npz", tmp_path / "out" / "m", "--json")
    (lost,) = json.loads(capsys.readouterr().out)["lost"]
    assert "datetime64" in lost
    script = "result = [[n, tf.train.load_variable(args[0], n)] for n, _ in tf.train.list_variables(args[0])]"
    assert tensorflow_child(script, written) == [["a", [0, 1, 2]]]
