"""safetensors and NumPy headers that are wrong, with lengths, offsets and sizes made right around them."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from random import Random

from tests.fuzz.mutate import mutated_bytes, mutated_json, mutated_text, number

SAFETENSORS_WORDS = (
    *("F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "C64", "F4", "F6_E2M3", "F8_E8M0", "F8_E4M3", "F99"),
    *("dtype", "shape", "data_offsets", "__metadata__", "step", "weight", "weight/Adam", "\udc80", "\ud83d"),
    *(
        '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
        '["U8",[1],[0,1]]',
        "null",
        "-0",
        "1e400",
        "[",
        "]",
        "{",
    ),
)
NPY_WORDS = (
    *(
        b"'<f4'",
        b"'>f8'",
        b"'|O'",
        b"'|S3'",
        b"'<U2'",
        b"'>U5'",
        b"'|V3'",
        b"'<M8[ns]'",
        b"'<f16'",
        b"'>c16'",
        b"'|b1'",
    ),
    *(
        b"True",
        b"False",
        b"None",
        b"(2,)",
        b"(0, 3)",
        b"()",
        b"(-1,)",
        b"(2L,)",
        b"[('a', '<i4')]",
        b"'descr'",
        b"'",
    ),
    *(
        b"'shape'",
        b"'fortran_order'",
        b"{",
        b"}",
        b"(",
        b")",
        b",",
        b": ",
        b"\0",
        b"4611686018427387904, ",
        b"'|S0'",
    ),
)


def mutated_safetensors(rng: Random, data: bytes) -> bytes:
    """A file with another header whose length is right, and mostly with as many bytes as the header speaks of."""
    size = int.from_bytes(data[:8], "little")
    header, rest = data[8 : 8 + size], data[8 + size :]
    kind = rng.randrange(12)
    if kind == 0:
        return mutated_bytes(rng, data)
    if kind == 1:
        return struct.pack("<Q", number(rng, size) & (2**64 - 1)) + header + rest
    if kind == 2:
        return data[:8] + header + mutated_bytes(rng, rest)
    anew = kind <= 5
    header = _laid_out_anew(rng, header) if anew else mutated_json(rng, header.decode(), SAFETENSORS_WORDS)
    if rng.random() < 0.7:
        end = _end_of(header, len(rest))
        rest = rest[:end].ljust(end, b"\x3f")
    return struct.pack("<Q", len(header)) + header + rest


def _end_of(header: bytes, usual: int) -> int:
    """How many bytes a header speaks of, if that is a number to be believed."""
    try:
        ends = [info["data_offsets"][1] for info in json.loads(header).values() if "data_offsets" in info]
        end = max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return usual
    return end if type(end) is int and 0 <= end < 1 << 16 else usual


def _laid_out_anew(rng: Random, header: bytes) -> bytes:
    """Other shapes and types, laid out as they have to be, but for some."""
    bits = {"F32": 32, "F16": 16, "BF16": 16, "F64": 64, "U8": 8, "BOOL": 8, "C64": 64, "F4": 4, "F6_E3M2": 6}
    bits |= {"F8_E8M0": 8, "F8_E5M2": 8, "I64": 64}
    end, out = 0, {}
    for place in range(rng.randrange(6)):
        code = rng.choice(list(bits))
        shape = [rng.choice((0, 1, 2, 3, 4, 8)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 35, 130)))]
        if rng.random() < 0.1:
            shape = [0, *(number(rng) for _ in range(rng.randrange(3)))]
        size = bits[code]
        for extent in shape:
            size *= extent
        stop = end + (size // 8 if 0 <= size < 1 << 16 else 0)
        out[rng.choice((f"t{place}", "a", "a/Adam", "w\n", "é"))] = {
            "dtype": code, "shape": shape, "data_offsets": [end, stop + (rng.random() < 0.03)],
        }  # fmt: skip
        end = stop
    return json.dumps(out).encode() + b" " * rng.randrange(9)


def mutated_weight_map(rng: Random, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A model in several files with another index, another file, or one missing."""
    out = dict(files)
    index = next(name for name in out if name.endswith(".json"))
    names = [name for name in out if name != index]
    kind = rng.randrange(6)
    if kind <= 3:
        words = (*names, "../x.safetensors", "/etc/passwd", "", ".", "a\0b", "weight_map", "metadata", "step")
        out[index] = mutated_json(rng, out[index].decode(), words)
    elif kind == 4:
        name = rng.choice(names)
        out[name] = mutated_safetensors(rng, out[name])
    else:
        del out[rng.choice(names)]
    return out


def mutated_npy(rng: Random, data: bytes) -> bytes:
    """An array with another header whose length is right, or with other elements."""
    wide = data[6] > 1
    start = 12 if wide else 10
    size = int.from_bytes(data[8:start], "little")
    header, rest = data[start : start + size], data[start + size :]
    kind = rng.randrange(12)
    if kind == 0:
        return mutated_bytes(rng, data)
    if kind == 1:
        size = number(rng, size)
    elif kind == 2:
        rest = mutated_bytes(rng, rest)
    elif kind <= 5:
        header = _other_header(rng)
        size = len(header)
    else:
        header = mutated_text(rng, header, NPY_WORDS)
        size = len(header)
    version = rng.choice((1, 2, 3))
    width = 2 if version == 1 else 4
    length = (size & ((1 << 8 * width) - 1)).to_bytes(width, "little")
    return b"\x93NUMPY" + bytes((version, 0)) + length + header + rest * rng.choice((1, 1, 1, 3))


def _other_header(rng: Random) -> bytes:
    """A header as numpy writes it, of any type and shape."""
    descr = rng.choice(NPY_WORDS[:11]).decode()
    extents = [
        str(rng.choice((0, 1, 2, 3, number(rng)))) for _ in range(rng.choice((0, 1, 1, 2, 3, 33, 140)))
    ]
    shape = f"({', '.join(extents)}{',' if len(extents) == 1 else ''})"
    order = rng.choice(("True", "False", "False", "None"))
    return (
        f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
        + b" " * rng.randrange(4)
        + b"\n"
    )
