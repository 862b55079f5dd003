"""A header is accepted and refused exactly as the safetensors package does, whatever is in it."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from ckpt_studio.core.errors import CkptStudioError, Corrupt, FileFault
from ckpt_studio.formats.files import FileReader
from ckpt_studio.formats.safetensors.header import TYPES, Header, read_header

DETERMINISTIC = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
F32 = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'


def whole(header: str | bytes, data: bytes = b"abcd", length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def peer(data: bytes) -> dict[str, Any] | None:
    """What the safetensors package reads, None where it refuses."""
    try:
        return {name: (view["dtype"], view["shape"], bytes(view["data"])) for name, view in deserialize(data)}
    except (SafetensorError, OverflowError):
        return None


def ours(path: Path, data: bytes) -> Header | None:
    path.write_bytes(data)
    try:
        with FileReader(str(path)) as file:
            return read_header(file)
    except FileFault:
        return None


def assert_same(path: Path, data: bytes) -> None:
    expected, header = peer(data), ours(path, data)
    assert (header is None) == (expected is None), data
    if header is None or expected is None:
        return
    assert header.tensors.keys() == expected.keys()
    for name, (code, shape, values) in expected.items():
        tensor = header.tensors[name]
        assert (TYPES[code], list(tensor.shape)) == ((tensor.bits, tensor.dtype), shape)
        assert data[header.data_at + tensor.start : header.data_at + tensor.stop] == values


numbers = st.sampled_from(
    (
        *("0", "1", "4", "8", "-0", "-1", "01", "1.0", "1e0", "4e2", "1e999", "-1e999", "9" * 400, "1" * 25),
        *(str(2**k + d) for k in (31, 32, 63, 64) for d in (-1, 0, 1)),
        *("null", "true", "[]", "{}", '"4"', "NaN", "Infinity", "-Infinity", ""),
    )
)
texts = st.sampled_from(
    (
        *('"F32"', '"BF16"', '"F4"', '"F6_E2M3"', '"U8"', '"f32"', '{"F32":null}', '{"F32":{}}', '["F32"]'),
        *('""', "17", '"\\u0046\\u00332"', '{"F32":null,"U8":null}', '{"\\ud83d\\ude00":null}'),
    )
)
names = st.sampled_from(
    (
        *('"a"', '"b"', '"__metadata__"', '"\\u0061"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"'),
        *(
            '"\\\\ud800"',
            '"é"',
            '"\x7f"',
            '"\x01"',
            '"\\u0000"',
            '"\\x"',
            '"\udc80"',
            "a",
            '"/"',
            '"\\/"',
            '""',
        ),
    )
)
lists = st.lists(numbers, max_size=3).map(lambda items: f"[{','.join(items)}]")
extra = st.sampled_from(
    (
        *(
            "null",
            "1.5",
            '{"a":1,"a":2}',
            '"\\ud800"',
            "1e999",
            "tru",
            "[1,]",
            '{"a":' * 125 + "1" + "}" * 125,
        ),
        *("[" * depth + middle + "]" * depth for depth in (124, 125, 126, 1200) for middle in ("", "1")),
    )
)
spaces = st.sampled_from(["", " ", "\n\t\r", "\0", "\ufeff", "\v", "x"])


@st.composite
def sound_tensors(draw: st.DrawFn) -> tuple[str, int]:
    """A header that is right, and the bytes that it speaks of."""
    end, parts = 0, []
    for place in range(draw(st.integers(0, 4))):
        code, bits = draw(st.sampled_from([(code, bits) for code, (bits, _) in TYPES.items()]))
        shape = draw(st.lists(st.sampled_from([0, 1, 2, 4, 8, 3]), max_size=4))
        count = bits
        for extent in shape:
            count *= extent
        size = count // 8
        info = {"dtype": code, "shape": shape, "data_offsets": [end, end + size]}
        parts.append(f'"t{place}":{json.dumps(info)}')
        end += size
    order = draw(st.permutations(parts))
    return "{" + ",".join(order) + "}", end


@st.composite
def odd_headers(draw: st.DrawFn) -> str:
    """Headers put together from what could be doubted."""
    parts = []
    for _ in range(draw(st.integers(0, 3))):
        fields = [
            draw(st.just('"dtype"') | names) + ":" + draw(st.just('"F32"') | texts),
            draw(st.just('"shape"') | names) + ":" + draw(st.just("[1]") | lists | numbers),
            draw(st.just('"data_offsets"') | names) + ":" + draw(st.just("[0,4]") | lists),
            *draw(st.lists(st.tuples(names, extra).map(":".join), max_size=1)),
        ]
        values = (
            f"[{','.join(field.partition(':')[2] for field in fields)}]",
            "null",
            '{"a":"b","a":"c"}',
        )
        value = draw(st.just("{" + ",".join(fields) + "}") | st.sampled_from(values))
        parts.append(f"{draw(names)}:{value}")
    return draw(spaces) + "{" + ",".join(parts) + "}" + draw(spaces)


@DETERMINISTIC
@given(sound_tensors())
def test_sound_headers(tmp_path: Path, made: tuple[str, int]) -> None:
    assert_same(
        tmp_path / "f", whole(made[0], bytes(range(256)) * (made[1] // 256 + 1))[: 8 + len(made[0]) + made[1]]
    )


@DETERMINISTIC
@given(odd_headers(), st.sampled_from([b"abcd", b"", b"abcdefgh", b"abc"]))
@example('{"a":["F32",[1],[0,4]]}', b"abcd")
@example('{"a":["F32",[1],[0,4],1]}', b"abcd")
@example(f'{{"a":{F32},"a":{F32}}}', b"abcd")
@example(f'{{"a":["U8",[9],[0,4]],"a":{F32}}}', b"abcd")
@example(f'{{"__metadata__":null,"a":{F32}}}', b"abcd")
@example(f'{{"__metadata__":{{"a":1}},"a":{F32}}}', b"abcd")
@example(f'{{"__metadata__":{{}},"__metadata__":{{}},"a":{F32}}}', b"abcd")
@example("[]", b"")
@example("null", b"")
@example("", b"")
@example('{"a":{"dtype":"F32","shape":[9223372036854775808,4,0],"data_offsets":[0,0]}}', b"")
@example('{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}', b"")
@example('{"a":{"dtype":"F4","shape":[7],"data_offsets":[0,4]}}', b"abcd")
def test_odd_headers(tmp_path: Path, header: str, data: bytes) -> None:
    assert_same(tmp_path / "f", whole(header, data))


@DETERMINISTIC
@given(
    sound_tensors(),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3),
    st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from([b"{", b"}", b"[", b",", b'"', b"0"])), max_size=2),
    st.integers(-2, 2) | st.sampled_from([0, 0, 2**63, 100_000_001]),
    st.none() | st.integers(0, 300),
)  # fmt: skip
def test_mutated_headers(
    tmp_path: Path,
    made: tuple[str, int],
    changes: list[tuple[int, int]],
    inserted: list[tuple[int, bytes]],
    off: int,
    cut: int | None,
) -> None:
    raw = bytearray(made[0].encode())
    for at, byte in changes:
        raw[at % len(raw)] = byte
    for at, text in inserted:
        raw[at % len(raw) : at % len(raw)] = text
    assert_same(tmp_path / "f", whole(bytes(raw), bytes(made[1]), max(len(raw) + off, 0))[:cut])


def test_a_repeated_name_is_noted(tmp_path: Path) -> None:
    header = ours(
        tmp_path / "f",
        whole(f'{{"a":{F32},"b":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},"a":{F32}}}'),
    )
    assert header is not None
    assert header.repeated == {"a"}


LARGE = [
    b"[" * (4 << 20),
    b'{"a":' * (1 << 20),
    b"[" + b"[]," * (1 << 20) + b"[]]",
    b'{"a":' + b"9" * (4 << 20) + b"}",
    b'{"' + b"a" * (4 << 20) + b'":1}',
    b'{"a":["F32",[' + b"1," * (1 << 19) + b"1],[0,4]]}",
    b'{"__metadata__":{' + b'"a":"",' * (1 << 19) + b'"a":""}}',
    b"{"
    + b",".join(b'"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}' % i for i in range(40_000))
    + b"}",
    b"{" + b",".join(b'"%d":["U8",[0],[0,0]]' % (i % 2) for i in range(40_000)) + b"}",
]
"""Headers of some megabytes; how long they take is in the benchmarks."""


@pytest.mark.parametrize("raw", LARGE, ids=range(len(LARGE)))
def test_a_large_header_takes_little_memory(tmp_path: Path, raw: bytes) -> None:
    tracemalloc.start()
    ours(tmp_path / "f", whole(raw, b"abcd"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 << 20


def test_faults_say_what_and_where(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for data, words in (
        (b"abc", "only 3 bytes"),
        (whole("{}", b"", 2**40), "claims a header of"),
        (whole("{}", b"", 50), "its header alone should have 50"),
        (whole(f'{{"a":{F32}}}', b"ab"), "is cut off: it has 64 bytes where its header speaks of 66"),
        (whole(f'{{"a":{F32}}}', b"abcdef"), "ends with 2 bytes that belong to no tensor"),
        (whole('{"a":1}', b""), "'a'"),
        (whole("{", b""), "no JSON from its character 1"),
    ):
        path.write_bytes(data)
        with FileReader(str(path)) as file, pytest.raises(CkptStudioError, match=words) as caught:
            read_header(file)
        assert "model.safetensors" in caught.value.message
    path.write_bytes(whole('{"a":["F32",[1],[0,4]],"b":["F32",[1],[8,12]]}', bytes(12)))
    with FileReader(str(path)) as file, pytest.raises(Corrupt, match="'b' leaves a hole"):
        read_header(file)
