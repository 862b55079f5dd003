"""The person's data: read without pickles, mapped by a good guess, checked before it could abort TensorFlow."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.errors import Corrupt, MissingFile, RequestFault, Unsupported
from ckpt_studio.training.data import (
    ArrayInfo,
    Input,
    check_mapping,
    open_data,
    plan_feeds,
    read_data,
)
from ckpt_studio.training.feeder import Feeder, permutation
from tests.helpers.tensorflow_child import TensorFlowChild


def info(
    name: str, shape: tuple[int, ...], dtype: str, low: int | None = None, high: int | None = None
) -> ArrayInfo:
    return ArrayInfo(name, shape, np.dtype(dtype), low, high)


def arrays(*infos: ArrayInfo) -> dict[str, ArrayInfo]:
    return {one.name: one for one in infos}


X = Input("x:0", "float32", (None, 4), "Placeholder")
Y = Input("y:0", "int64", (None,), "Placeholder")
KEEP = Input("keep_prob:0", "float32", (), "Placeholder")
TRAINING = Input("is_training:0", "bool", (), "Placeholder")
RATE = Input("rate:0", "float32", (), "PlaceholderWithDefault", optional=True)


def test_an_npz_is_known_from_its_headers(tmp_path: Path) -> None:
    path = str(tmp_path / "d.npz")
    np.savez_compressed(
        path, images=np.zeros((6, 2, 2), np.uint8), labels=np.array([3, 1, 2], "i4"), k=np.float64(2)
    )
    found = open_data(path)
    assert found["images"] == info("images", (6, 2, 2), "u1", 0, 0)
    assert found["labels"] == info("labels", (3,), "i4", 1, 3)
    assert found["k"] == info("k", (), "f8")
    assert read_data(path, ["labels"])["labels"].tolist() == [3, 1, 2]
    with pytest.raises(RequestFault, match="nothing"):
        read_data(path, ["nothing"])


def test_bad_data_files_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="none"):
        open_data(str(tmp_path / "none.npz"))
    (tmp_path / "text.npz").write_text("not a zip")
    with pytest.raises(Corrupt, match="text"):
        open_data(str(tmp_path / "text.npz"))
    np.savez(tmp_path / "o.npz", x=np.array([{}], object))
    with pytest.raises(Unsupported, match="'x'"):
        open_data(str(tmp_path / "o.npz"))
    with zipfile.ZipFile(tmp_path / "empty.npz", "w") as archive:
        archive.writestr("readme", "nothing")
    with pytest.raises(Corrupt, match="no arrays"):
        open_data(str(tmp_path / "empty.npz"))
    np.save(tmp_path / "a.npy", np.zeros(4))
    whole = (tmp_path / "a.npy").read_bytes()
    huge = whole.replace(b"(4,), ", b"(1<<60,),"[:6])
    for name, data in {"cut": whole[:-3], "header": whole[:20], "huge": huge, "none": b""}.items():
        with zipfile.ZipFile(tmp_path / f"{name}.npz", "w") as archive:
            archive.writestr("x.npy", data)
        with pytest.raises(Corrupt, match="'x'"):
            open_data(str(tmp_path / f"{name}.npz"))


@pytest.mark.parametrize(
    ("one", "data", "source", "problem"),
    [
        (X, info("a", (9, 4), "f8"), "a", None),
        (X, info("a", (9, 2, 2), "u1"), "a", None),
        (X, info("a", (9, 5), "f4"), "a", "does not fit"),
        (X, info("a", (9,), "f4"), "a", "does not fit"),
        (X, info("a", (9, 4), "c8"), "a", "complex64"),
        (X, info("a", (9, 4), "f4"), "b", "no array 'b'"),
        (X, info("a", (9, 4), "f4"), 3.0, "needs an array"),
        (Y, info("a", (9, 1), "i4"), "a", None),
        (Y, info("a", (9,), "f4"), "a", "takes int64"),
        (Y, info("a", (9, 2), "i4"), "a", "does not fit"),
        (KEEP, info("a", (), "f8"), "a", None),
        (KEEP, info("a", (1,), "f8"), "a", None),
        (KEEP, info("a", (2,), "f8"), "a", "does not fit"),
        (KEEP, info("a", (2,), "f8"), 0.5, None),
        (TRAINING, info("a", (2,), "f8"), 1, None),
        (TRAINING, info("a", (2,), "f8"), 0.5, "0.5"),
        (Input("n:0", "uint8", (), "Placeholder"), info("a", (2,), "f8"), 300, "too large"),
        (Input("w:0", "float32", (2, 3), "Placeholder"), info("a", (2,), "f8"), 1.5, None),
        (Input("any:0", "float32", None, "Placeholder"), info("a", (9, 7), "f4"), "a", None),
        (Input("s:0", "string", (None,), "Placeholder"), info("a", (9,), "S3"), "a", None),
        (Input("s:0", "string", (None,), "Placeholder"), info("a", (9,), "f4"), "a", "string"),
        (Input("r:0", "resource", (), "Placeholder"), info("a", (), "f4"), "a", "resource"),
    ],
)
def test_whether_an_array_fits(one: Input, data: ArrayInfo, source: str | float, problem: str | None) -> None:
    problems = check_mapping([one], arrays(data), {one.name.removesuffix(":0"): source})
    if problem is None:
        assert problems == []
    else:
        assert len(problems) == 1
        assert problem in problems[0]


def test_rows_batches_and_unknown_names() -> None:
    data = arrays(info("a", (9, 4), "f4"), info("b", (8,), "i4"))
    assert "8 rows where others have 9" in check_mapping([X, Y], data, {"x": "a", "y": "b"})[0]
    assert "gets no data" in check_mapping([X, KEEP], data, {"x": "a"})[0]
    assert "no input z" in check_mapping([X], data, {"x": "a", "z": 1})[0]
    assert "9 rows" in check_mapping([X], data, {"x": "a"}, 10)[0]
    assert plan_feeds([X], data, {"x": "a"}).batch == 9
    fixed = Input("x:0", "float32", (3, 4), "Placeholder")
    assert plan_feeds([fixed], data, {"x": "a"}).batch == 3
    assert "takes 3 rows" in check_mapping([fixed], data, {"x": "a"}, 4)[0]
    weights = Input("w:0", "float32", (8,), "Placeholder")
    plan = plan_feeds([X, weights], data, {"x": "a", "w": "b"})
    assert plan.problems == ()
    assert [feed.rows for feed in plan.feeds] == [True, False]
    assert any("int32 to float32" in note for note in plan.notes)


def test_the_graphs_own_data_is_replaced_as_a_whole_or_not_at_all() -> None:
    data = arrays(info("a", (9, 4), "f4"), info("b", (9,), "i8", 0, 2))
    x = Input("next:0", "float32", (None, 4), "IteratorGetNext", optional=True)
    y = Input("next:1", "int64", (None,), "IteratorGetNext", optional=True)
    assert check_mapping([x, y], data, {}) == []
    assert check_mapping([x, y], data, {"next": "a", "next:1": "b"}) == []
    (problem,) = check_mapping([x, y], data, {"next": "a"})
    assert "next:1 gets its data together with next:0" in problem


def test_batches_are_a_function_of_seed_and_step() -> None:
    values = np.arange(40, dtype="f8").reshape(10, 4)
    plan = plan_feeds([X, KEEP], arrays(info("a", (10, 4), "f8")), {"x": "a", "keep_prob": 0.5}, 3)
    feeder = Feeder(plan, {"a": values}, seed=5)
    first = [feeder(step)["x:0"] for step in range(6)]
    again = Feeder(plan, {"a": values}, seed=5)
    for step in (4, 0, 5, 2):
        np.testing.assert_array_equal(again(step)["x:0"], first[step])
    assert first[0].dtype == np.float32
    assert feeder(0)["keep_prob:0"] == np.float32(0.5)
    epoch = np.concatenate([batch[:, 0] for batch in first[:3]])
    assert len(set(epoch.tolist())) == 9
    other = Feeder(plan, {"a": values}, seed=6)
    assert any(not np.array_equal(other(step)["x:0"], first[step]) for step in range(3))


def test_the_order_never_changes_between_releases() -> None:
    assert sorted(permutation(3, 1, 100).tolist()) == list(range(100))
    assert permutation(7, 0, 8).tolist() == [4, 1, 6, 3, 2, 7, 5, 0]


def test_values_that_do_not_fit_an_integer_input_are_refused() -> None:
    one = Input("y:0", "uint8", (None,), "Placeholder")
    plan = plan_feeds([one], arrays(info("a", (3,), "i8")), {"y": "a"})
    with pytest.raises(RequestFault, match="from -1 to 2"):
        Feeder(plan, {"a": np.array([-1, 0, 2])}, seed=0)


def test_a_table_is_columns_and_features(tmp_path: Path) -> None:
    path = tmp_path / "iris.csv"
    path.write_text("length,width,kind,label\n1.5,2,setosa,0\n2.5,3,virginica,1\n")
    found = open_data(str(path))
    assert {name: info.shape for name, info in found.items()} == {
        "length": (2,), "width": (2,), "kind": (2,), "label": (2,), "features": (2, 2)
    }  # fmt: skip
    read = read_data(str(path), ["features", "label", "kind"])
    assert read["features"].tolist() == [[1.5, 2.0], [2.5, 3.0]]
    assert (read["label"].dtype, read["label"].tolist()) == (np.int64, [0, 1])
    assert read["kind"].tolist() == [b"setosa", b"virginica"]
    bare = tmp_path / "bare.tsv"
    bare.write_text("1\t2\n3\t4\n")
    assert read_data(str(bare), ["column1"])["column1"].tolist() == [2, 4]


def test_empty_cells_are_said_and_semicolons_are_known(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("a;b;c;d;label\n1;2;3;4;0\n5;;7;8;1\n")
    found = open_data(str(path))
    assert found["features"].shape == (2, 4)
    assert (found["a"].gaps, found["b"].gaps, found["features"].gaps) == (0, 1, 1)
    (problem,) = check_mapping([X], found, {"x": "features"})
    assert problem == "Values are missing in 'features' (1 of them); fill them in, or leave those rows out."
    assert check_mapping([Y], found, {"y": "label"}) == []


def test_what_the_data_holds_is_said_where_nothing_fits() -> None:
    (problem,) = check_mapping([X], arrays(info("a", (9, 5), "f4")), {})
    assert "map it to an array (none fits: a is float32 [9, 5]) or to a number." in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("a,b\n1\n", "Row 2"),
        ("a,a\n1,2\n", "same name"),
        ("a,b\n", "no rows"),
        ("\xff", "table"),
    ],
)
def test_what_is_no_table_is_said(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Corrupt, match=said):
        open_data(str(path))


RECORDS = """
with tf.io.TFRecordWriter(args[0]) as writer:
    for i in range(5):
        feature = {
            "x": tf.train.Feature(float_list=tf.train.FloatList(value=[i, i + 0.5])),
            "y": tf.train.Feature(int64_list=tf.train.Int64List(value=[i % 3])),
            "word": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"w%d" % i])),
            "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"\\1\\0\\0"])),
        }
        writer.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())
"""


def test_examples_of_stock_tensorflow_are_rows(tensorflow_child: TensorFlowChild, tmp_path: Path) -> None:
    path = tmp_path / "data.tfrecord"
    tensorflow_child(RECORDS, path)
    found = open_data(str(path))
    assert {name: (info.shape, info.dtype.kind) for name, info in found.items()} == {
        "x": ((5, 2), "f"), "y": ((5,), "i"), "word": ((5,), "S"), "image": ((5,), "O"),
    }  # fmt: skip
    assert (
        read_data(str(path), ["image"])["image"].tolist() == [b"\1\0\0"] * 5
    )  # numpy leaves zeros at the end out
    image = Input("image:0", "string", (None,), "Placeholder")
    plan = plan_feeds([image], found, {"image": "image"}, 2)
    assert (plan.problems, plan.notes) == ((), ())
    assert Feeder(plan, read_data(str(path), ["image"]), 0)(0)["image:0"].tolist() == [b"\1\0\0"] * 2
    assert read_data(str(path), ["x"])["x"][3].tolist() == [3.0, 3.5]
    data = bytearray(path.read_bytes())
    for at, said in ((2, "no TFRecord"), (14, "damaged")):
        broken = tmp_path / "broken.tfrecord"
        changed = bytearray(data)
        changed[at] ^= 1
        broken.write_bytes(changed)
        with pytest.raises(Corrupt, match=said):
            open_data(str(broken))
    broken.write_bytes(data[:-3])
    with pytest.raises(Corrupt, match="within a record"):
        open_data(str(broken))
