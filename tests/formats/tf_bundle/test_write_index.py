"""Variables that are renamed, left out or changed in a large index: only records change, most blocks are copied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_studio.document.renamed import Renamed
from ckpt_studio.formats.tf_bundle.bundle import Bundle, open_bundle
from ckpt_studio.formats.tf_bundle.write import write_bundle
from ckpt_studio.formats.writing import WriteOptions
from tests.helpers.bundles import BundleMaker
from tests.helpers.tensorflow_child import TensorFlowChild

COUNT = 40


@pytest.fixture(scope="module", params=[5, 100], ids=["many blocks", "one block"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Forty variables and a partitioned one, in many small blocks or in a few intervals of one."""
    maker = BundleMaker()
    for number in range(COUNT):
        maker.add(f"v/{number:02}", np.full(3, number, "f4"), 1)
    maker.add_slices(
        "parts", np.arange(20, dtype="f4").reshape(10, 2), 1, [[(0, 4), (0, -1)], [(4, 6), (0, -1)]]
    )
    return open_bundle(maker.write(tmp_path_factory.mktemp("base") / "m", per_block=request.param))


@given(
    dropped=st.sets(st.integers(0, COUNT - 1), max_size=12),
    renamed=st.dictionaries(st.integers(0, COUNT - 1), st.sampled_from("av~"), max_size=6),
    parts=st.sampled_from(["parts", "zzz", "a", None]),
    compact=st.booleans(),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_names(
    base: Bundle,
    tmp_path_factory: pytest.TempPathFactory,
    dropped: set[int],
    renamed: dict[int, str],
    parts: str | None,
    compact: bool,
) -> None:
    names = {f"v/{n:02}": f"v/{n:02}" for n in range(COUNT) if n not in dropped}
    names |= {f"v/{n:02}": f"{head}/new{n}" for n, head in renamed.items()}
    if parts is not None:
        names["parts"] = parts
    if not names:
        return
    view = Renamed(base, [base.columns.row(old) for old in names], list(names.values()))
    prefix = str(tmp_path_factory.mktemp("new") / "m")
    options = WriteOptions("compact" if compact else "link")
    written = write_bundle(view, prefix, take_over=base, options=options)
    found = open_bundle(written.prefix)
    assert sorted(found.columns.keys) == sorted(names.values())
    assert list(found.verify()) == []
    assert not found.columns.faults
    for old, new in names.items():
        np.testing.assert_array_equal(found.read(new), base.read(old))
    if not compact:
        assert Path(found.shard_path(0)).samefile(base.shard_path(0))


def test_tensorflow_finds_every_name_among_copied_blocks(
    tmp_path: Path, tensorflow_child: TensorFlowChild
) -> None:
    maker = BundleMaker()
    for number in range(20_000):
        maker.add(f"block_{number // 100}/weight_{number}", np.float32(number).reshape(1), 1)
    old = open_bundle(maker.write(tmp_path / "old", per_block=3000))
    keys = list(old.columns.keys)
    names = ["renamed" if key == "block_57/weight_5700" else key for key in keys]
    write_bundle(Renamed(old, range(len(keys)), names), str(tmp_path / "new"), take_over=old)
    script = """
    reader = tf.train.load_checkpoint(args[0])
    names = reader.get_variable_to_shape_map()
    result = [len(names), [float(reader.get_tensor(n)[0]) for n in args[1]], "block_57/weight_5700" in names]
    """
    beside = [f"block_{number // 100}/weight_{number}" for number in (0, 19_999, *range(5_701, 5_800))]
    found = tensorflow_child(script, str(tmp_path / "new"), ["renamed", *beside])
    assert found == [20_000, [5700, 0, 19_999, *range(5_701, 5_800)], False]
    before, after = (Path(f"{tmp_path / name}.index").read_bytes() for name in ("old", "new"))
    blocks = [bytes(block.whole) for block in old.index.blocks() if block.whole is not None]
    assert sum(block in after for block in blocks) == len(blocks) - 1
    assert abs(len(before) - len(after)) < 1000
