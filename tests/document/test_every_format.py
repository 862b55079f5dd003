"""Checkpoints of every format are edited, kept in the journal, and written as bundles that stock TensorFlow reads."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.cli.main import main
from ckpt_studio.core.dtypes import unknown
from ckpt_studio.document.document import Document
from ckpt_studio.document.edits.marks import Freeze
from ckpt_studio.document.edits.replace import Replace
from ckpt_studio.document.journal import Journal, checkpoint_identity, staged_prefixes
from ckpt_studio.document.saving import write_document
from ckpt_studio.formats.base import Checkpoint
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.every_format import MADE
from tests.helpers.tensorflow_child import TensorFlowChild


@pytest.fixture(params=MADE)
def base(request: pytest.FixtureRequest, corpus: Path, tmp_path: Path) -> Checkpoint:
    (tmp_path / "original").mkdir()
    checkpoint = open_checkpoint(str(MADE[request.param](corpus, tmp_path / "original")))
    assert checkpoint.format == request.param.split()[0]
    return checkpoint


def changeable(base: Checkpoint) -> list[str]:
    """Variables of numbers, largest first."""
    infos = [base.columns.info(row) for row in range(len(base.columns))]
    return [info.key for info in sorted(infos, key=lambda info: -info.size) if info.dtype.is_numeric]


def donor_for(base: Checkpoint, key: str, folder: Path) -> Checkpoint:
    value = base.read(key)
    np.savez(folder / "donor.npz", given=np.full_like(value, 3))
    return open_checkpoint(str(folder / "donor.npz"))


def test_staged_edits_come_back_while_the_file_is_the_same(base: Checkpoint, tmp_path: Path) -> None:
    key = changeable(base)[0]
    document = Document(base, Journal(base))
    donor = donor_for(base, key, tmp_path)
    document.do(Freeze((key,)))
    document.do(Replace(((key, "given"),), donor, donor.path))
    document.close()
    assert staged_prefixes() == {os.path.realpath(base.prefix)}
    # A neighbour that comes or goes is no change of the checkpoint.
    (tmp_path / "original" / "another").write_text("x")
    again = open_checkpoint(base.path)
    recovered = Document(again, Journal(again))
    assert [edit.op for edit in recovered.edits] == ["freeze", "replace"]
    assert (recovered.staged.read(key) == 3).all()
    recovered.close()
    before = checkpoint_identity(base)
    file = Path(next((path for path in base.files() if path.endswith(".index")), base.files()[0]))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    os.utime(file, (1, 1))
    assert checkpoint_identity(base) != before


def test_written_it_is_a_bundle_that_tensorflow_reads(
    base: Checkpoint, tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    key = changeable(base)[0]
    document = Document(base)
    donor = donor_for(base, key, tmp_path)
    document.do(Freeze((key,)))
    document.do(Replace(((key, "given"),), donor, donor.path))
    written = write_document(document, str(tmp_path / "new" / "model"))
    new = open_checkpoint(written.prefix)
    assert (new.format, list(new.columns.keys)) == ("tf_bundle", list(base.columns.keys))
    assert document.staged.read(key).tolist() == new.read(key).tolist()
    assert Document(new).is_frozen(key)
    script = """
    import hashlib
    reader = tf.train.load_checkpoint(args[0])
    def digest(key):
        value = reader.get_tensor(key)
        value = np.asarray(value, object if isinstance(value, bytes) else None)
        data = repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
        return [str(list(value.shape)), hashlib.sha256(data).hexdigest()]
    result = {key: digest(key) for key in reader.get_variable_to_shape_map()}
    """
    found = tensorflow_child(script, written.prefix)
    wanted = {}
    for row, other in enumerate(base.columns.keys):
        value = document.staged.read(other)
        data = repr(value.tolist()).encode() if value.dtype == object else value.tobytes()
        wanted[other] = [str(list(value.shape)), hashlib.sha256(data).hexdigest()]
        assert unknown(int(base.columns.dtype[row])).numpy is not None
    assert found == wanted


def test_patches_apply_to_it(base: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = changeable(base)[0]
    donor = donor_for(base, key, tmp_path)
    patch = tmp_path / "patch.json"
    edits = [
        {"op": "freeze", "match": key},
        {"op": "replace", "match": key, "from": donor.path, "map": {key: "given"}},
    ]
    patch.write_text(json.dumps({"version": 1, "edits": edits}))
    assert main(["apply", str(patch), base.path, str(tmp_path / "out" / "m"), "--json"]) == 0
    prefix = json.loads(capsys.readouterr().out)["prefix"]
    assert (open_checkpoint(prefix).read(key) == 3).all()
