"""Headers of NumPy arrays: what we accept, numpy reads as the same array; what numpy writes, we accept."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ckpt_studio.core.errors import FileFault
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.npz.checkpoint import Npy
from ckpt_studio.formats.npz.contents import read_array_file
from ckpt_studio.formats.npz.header import MOST_BYTES, element_of, parse_header
from ckpt_studio.formats.registry import open_checkpoint
from tests.helpers.work import at_most

DETERMINISTIC = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DATA = bytes(range(256)) * 2


def array(header: str | bytes, version: tuple[int, int] = (1, 0), size: int | None = None) -> bytes:
    raw = (
        header
        if isinstance(header, bytes)
        else header.encode("utf-8" if version == (3, 0) else "latin-1", "replace")
    )
    length = struct.pack("<H" if version == (1, 0) else "<I", (len(raw) if size is None else size) % 65536)
    return b"\x93NUMPY" + bytes(version) + length + raw + DATA


def peer(path: Path) -> np.ndarray[Any, Any] | None:
    """What numpy reads, None where it refuses."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.load(path, allow_pickle=False)
    except Exception:
        return None
    assert isinstance(found, np.ndarray)
    return found


def assert_not_laxer(path: Path, data: bytes) -> bool:
    """Where we read, numpy reads the same. Returns whether we read."""
    path.write_bytes(data)
    try:
        with FileReader(str(path)) as file:
            values = Npy(str(path), file.identity, read_array_file(file, "f")).read("f")
    except FileFault as fault:
        assert fault.message.endswith(".")  # noqa: PT017
        return False
    expected = peer(path)
    assert expected is not None, data
    assert values.shape == expected.shape
    if values.dtype == object:
        texts = [
            text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text for text in expected.flat
        ]
        assert list(values.flat) == texts
    else:
        assert values.dtype.isnative
        assert values.dtype == expected.dtype.newbyteorder("=")
        assert values.tobytes() == expected.astype(values.dtype).tobytes()
    return True


descrs = st.sampled_from(
    (
        *(
            "'<f4'",
            "'>f8'",
            "'|b1'",
            "'|S3'",
            "'<U2'",
            "'>U2'",
            "'>c8'",
            "'<c16'",
            "'=i2'",
            "'|i4'",
            "'>u8'",
            "'<f2'",
        ),
        *(
            "'|O'",
            "'<V2'",
            "'<M8[D]'",
            "'<f16'",
            "'|S0'",
            "'<U0'",
            "'f4'",
            "'<f3'",
            "'<S99999999999'",
            "'S-1'",
        ),
        *(
            "[('a', '<i4'), ('b', '|O')]",
            "('<i4', (2,))",
            "None",
            "1",
            '"<i2"',
            "'<i8 '",
            "''",
            "'<i4', 'x': 1",
        ),
    )
)
shapes = st.sampled_from(
    (
        *(
            "()",
            "(3,)",
            "(2, 3)",
            "(2,3)",
            "(2, 3,)",
            "(0,)",
            "(0, 5)",
            "(2, 2, 2)",
            "(3)",
            "[3]",
            "(-1,)",
            "(3L, 2L)",
        ),
        *(
            "(True,)",
            "(1.0,)",
            "(1e3,)",
            "(9999999999999999999999,)",
            "(0, 9999999999999999999999)",
            "(4000000000,)",
        ),
        *(
            "(0, 4611686018427387904, 4)",
            "(03,)",
            "(0x3,)",
            "(1_0,)",
            "(None,)",
            "((2,),)",
            "(" + "1," * 40 + ")",
        ),
    )
)
orders = st.sampled_from(("False", "True", "0", "None", "'False'"))
changes = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=2)


@DETERMINISTIC
@given(
    descrs,
    orders,
    shapes,
    st.sampled_from([(1, 0), (2, 0), (3, 0), (4, 0)]),
    changes,
    st.sampled_from(["", " \n", "\n\n", "x", ",", "\0"]),
)
@example("'<f4'", "True", "(2, 3)", (1, 0), [], "\n")
@example("'<f4'", "False", "(3L, 2L)", (1, 0), [], "\n")
@example("'|O'", "False", "(3,)", (1, 0), [], "\n")
def test_no_laxer_than_numpy(
    tmp_path: Path,
    descr: str,
    order: str,
    shape: str,
    version: tuple[int, int],
    mutations: list[tuple[int, int]],
    end: str,
) -> None:
    data = bytearray(
        array(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}{end}", version)
    )
    for at, byte in mutations:
        data[at % len(data)] = byte
    assert_not_laxer(tmp_path / "f.npy", bytes(data))


@DETERMINISTIC
@given(
    st.sampled_from(["<f4", ">f8", "|b1", "|S3", "<U2", ">U2", ">c8", "<i2", ">u8", "<f2", "|i1"]),
    st.lists(st.integers(0, 4), max_size=5).map(tuple),
    st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_what_numpy_writes(
    tmp_path: Path, descr: str, shape: tuple[int, ...], fortran: bool, version: tuple[int, int]
) -> None:
    values = np.arange(int(np.prod(shape))).reshape(shape).astype(descr)
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(values, order="F" if fortran else "C"), version=version)
    assert assert_not_laxer(tmp_path / "f.npy", stream.getvalue())


def test_python_2_wrote_long_integers(tmp_path: Path) -> None:
    header = "{'descr': '<i2', 'fortran_order': False, 'shape': (3L, 2L), }\n"
    assert assert_not_laxer(tmp_path / "f.npy", array(header))
    assert not assert_not_laxer(tmp_path / "f.npy", array(header, (3, 0)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{" * 3000, "damaged"),
        ("(" * 9000, "damaged"),
        ("-" * 9000, "damaged"),
        ("{'descr': " + "[" * 19 + "]" * 19 + "}", "does not tell"),
        ("{'descr': " + "[" * 40 + "]" * 40 + "}", "damaged"),
        ("__import__('os')", "damaged"),
        ("{'descr': '<f4', 'fortran_order': False}", "does not tell"),
        ("[]", "does not tell"),
        ("{1: 2}", "damaged"),
        ("{'descr': '<f4'} x", "damaged from"),
        ("{'descr': '<f4'} 3", "goes on"),
        ("{'shape': " + "9" * 5000 + "}", "damaged"),
        ("", "damaged"),
        ("x" * (MOST_BYTES + 1), "more than 10000"),
    ],
)
def test_what_is_no_header(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "f.npy").write_bytes(array(text, (2, 0)))
    with at_most(5_000), pytest.raises(FileFault, match=words):
        open_checkpoint(str(tmp_path / "f.npy"))


@pytest.mark.parametrize(
    "head", [b"\x93NUMPY", b"\x93NUMPY\1\0\5", b"\x93NUMPY\2\0\5\0", b"\x93NUMPY\1\0\xff\xff{", b"NUMPY"]
)
def test_cut_off_headers(head: bytes) -> None:
    with pytest.raises(ValueError, match=r"it ends in its header|does not begin|are not believed"):
        parse_header(head)


@pytest.mark.parametrize(
    ("descr", "name"),
    [
        *(("|O", "object"), ("<V2", "void"), ([("a", "<i4")], "void"), ("<M8[ns]", "datetime64")),
        *(
            ("<m8", "timedelta64"),
            ("<f16", "float128"),
            ("<c32", "complex256"),
            ("|S0", "void"),
            (">U7", "string"),
        ),
    ],
)
def test_element_types(descr: Any, name: str) -> None:
    assert element_of(descr)[0].name == name
