"""A safetensors file's header, accepted and refused exactly as the format's own reader does.

That one is written in Rust on serde, whose habits show: fields that nobody knows are passed over, a tensor may be a
list of its three fields, JSON deeper than 127 is refused. Only a name that stands there twice is judged more strictly:
the format forbids it, so its row is faulty.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, NoReturn, TypeGuard

from ckpt_studio.core.dtypes import BY_NAME, FOREIGN, DType
from ckpt_studio.core.errors import Corrupt, Truncated
from ckpt_studio.core.tensors import printable
from ckpt_studio.formats.files import FileReader, said

MAX_HEADER_BYTES: Final = 100_000_000
LENGTH_BYTES: Final = 8
_METADATA: Final = "__metadata__"
_FIELDS: Final = ("dtype", "shape", "data_offsets")
_DEEPEST_FIELD: Final = 125
_WORD: Final = 1 << 64
_SMALL: Final = 1 << 20
_HALF_PAIR: Final = re.compile(r"\\u[dD][89a-fA-F]")

TYPES: Final[dict[str, tuple[int, DType]]] = {
    code: (bits, BY_NAME.get(name) or FOREIGN[name])
    for code, bits, name in (
        ("BOOL", 8, "bool"), ("U8", 8, "uint8"), ("I8", 8, "int8"), ("U16", 16, "uint16"), ("I16", 16, "int16"),
        ("U32", 32, "uint32"), ("I32", 32, "int32"), ("U64", 64, "uint64"), ("I64", 64, "int64"),
        ("F16", 16, "float16"), ("BF16", 16, "bfloat16"), ("F32", 32, "float32"), ("F64", 64, "float64"),
        ("C64", 64, "complex64"), ("F8_E5M2", 8, "float8_e5m2"), ("F8_E4M3", 8, "float8_e4m3fn"),
        ("F8_E4M3FNUZ", 8, "float8_e4m3fnuz"), ("F8_E5M2FNUZ", 8, "float8_e5m2fnuz"),
        ("F8_E8M0", 8, "float8_e8m0fnu"), ("F6_E2M3", 6, "float6_e2m3fn"), ("F6_E3M2", 6, "float6_e3m2fn"),
        ("F4", 4, "float4_e2m1fn"),
    )
}  # fmt: skip
"""Bits of one element and its type, by the format's word for it."""


class Tensor(NamedTuple):
    """One tensor of a header that was validated as a whole.

    Attributes:
        bits: of one element; less than 8 where elements are packed.
        dtype: the element type.
        shape: extents up to 2**64 - 1, where another one is zero.
        start, stop: its bytes, counted from the end of the header.
    """

    bits: int
    dtype: DType
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Header:
    """What one file holds.

    Attributes:
        data_at: where the tensors' bytes begin in the file.
        tensors: by name, in the order of the header.
        repeated: names that stand there more than once; the last one is in `tensors`.
        metadata: what the writer had to say.
    """

    data_at: int
    tensors: dict[str, Tensor]
    repeated: frozenset[str]
    metadata: dict[str, str]


def read_header(file: FileReader) -> Header:
    """Read and judge the header of an open file.

    Raises:
        Truncated, Corrupt: it is not what the format's own reader would take.
        FileFault: as `FileReader`.
    """
    path, size = file.path, file.identity.size
    if size < LENGTH_BYTES:
        raise Truncated(f"{said(path)} has only {size} bytes; it is no complete safetensors file.", path=path)
    length = int.from_bytes(file.read(0, LENGTH_BYTES).tobytes(), "little")
    if length > MAX_HEADER_BYTES:
        raise Corrupt(
            f"{said(path)} claims a header of {length} bytes; more than {MAX_HEADER_BYTES} are not believed.",
            path=path,
            offset=0,
        )
    if length > size - LENGTH_BYTES:
        raise Truncated(
            f"{said(path)} is cut off: it has {size} bytes, and its header alone should have {length}.",
            path=path,
            offset=0,
        )
    raw = file.read(LENGTH_BYTES, length).tobytes()
    file.check_unchanged()
    try:
        header = parse_header(raw)
    except ValueError as error:
        raise Corrupt(
            f"{said(path)} has a damaged header: {error}.", path=path, offset=LENGTH_BYTES
        ) from error
    _check_end(header, path, size)
    return header


def _check_end(header: Header, path: str, size: int) -> None:
    end = header.data_at + max((tensor.stop for tensor in header.tensors.values()), default=0)
    if end > size:
        raise Truncated(
            f"{said(path)} is cut off: it has {size} bytes where its header speaks of {end}.",
            path=path,
            offset=size,
        )
    if end < size:
        raise Corrupt(
            f"{said(path)} ends with {size - end} bytes that belong to no tensor.", path=path, offset=end
        )


def parse_header(raw: bytes) -> Header:
    """The header in the bytes behind its length; `Header.data_at` is where they end.

    Raises:
        ValueError: it is damaged; the text says how.
    """
    pairs = parse_json(raw)
    if not is_object(pairs):
        raise ValueError("it is no JSON object")
    tensors: dict[str, Tensor] = {}
    repeated = set()
    metadata: dict[str, str] | None = None
    for name, value in pairs:
        if name == _METADATA:
            if metadata is not None:
                raise ValueError(f"{_METADATA} stands there twice")
            metadata = _metadata(value)
            continue
        if name in tensors:
            repeated.add(name)
        try:
            tensors[name] = _tensor(value)
        except ValueError as error:
            raise ValueError(f"of {printable(name)!r}, {error}") from error
    _check_cover(tensors)
    return Header(LENGTH_BYTES + len(raw), tensors, frozenset(repeated), metadata or {})


def is_object(value: Any) -> TypeGuard[tuple[tuple[str, Any], ...]]:
    """Whether a value of `parse_json` is an object other than a `Tensor`."""
    return isinstance(value, tuple) and not isinstance(value, Tensor)


def parse_json(raw: bytes) -> Any:
    """JSON as serde reads it; objects come as tuples of pairs, so that nothing of what was written is lost.

    Those that describe a tensor as every writer does come as `Tensor`: a header holds little else.

    Raises:
        ValueError: it is none.
    """
    if len(raw) > _SMALL and 12 * (raw.count(b"[") + raw.count(b"{")) > len(raw):
        raise ValueError("it is little but brackets")  # each would cost twenty times its size in memory
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant
    )
    try:
        answer = decoder.decode(text)
        if _HALF_PAIR.search(text):
            json.dumps(answer, ensure_ascii=False, default=str).encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError("a text of it holds half a pair of surrogates") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is no JSON from its character {error.pos} on") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return answer


def _object(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) == 3:
        (first, code), (second, shape), (third, offsets) = pairs
        known = (first, second, third) == _FIELDS and isinstance(code, str) and code in TYPES
        if known and _are_counts(shape) and _are_counts(offsets) and len(offsets) == 2:
            return Tensor(*TYPES[code], tuple(shape), *offsets)
    return tuple(pairs)


def _integer(text: str) -> int | float:
    """What fits 64 bits is an integer; -0 and all else is a float, which no shape or offset may be."""
    if len(text) < 19 and text != "-0":
        return int(text)
    value = _real(text)
    number = int(text)
    return number if -(_WORD >> 1) <= number < _WORD and number else value


def _real(text: str) -> float:
    value = float(text)
    if value in (float("inf"), -float("inf")):
        raise ValueError("a number of it is too large")
    return value


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _metadata(value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    if not is_object(value) or not all(isinstance(text, str) for _, text in value):
        raise ValueError(f"{_METADATA} holds something else than texts")
    return dict(value)


def _tensor(value: Any) -> Tensor:
    """One tensor, not yet compared with the others."""
    if isinstance(value, Tensor):
        return value
    code, shape, offsets = _fields(value)
    if is_object(code) and len(code) == 1 and code[0][1] is None:
        code = code[0][0]
    if not isinstance(code, str) or code not in TYPES:
        raise ValueError("the element type is unknown")
    if not _are_counts(shape):
        raise ValueError("the shape is no list of counts")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError("the offsets are no pair of counts")
    bits, dtype = TYPES[code]
    return Tensor(bits, dtype, tuple(shape), *offsets)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int and number >= 0 for number in value)


def _fields(value: Any) -> tuple[Any, Any, Any]:
    """Type, shape and offsets."""
    if isinstance(value, list) and len(value) == 3:
        return value[0], value[1], value[2]
    if not is_object(value):
        raise ValueError("there is no description of a tensor")
    found = {}
    for field, content in value:
        if field not in _FIELDS:
            _check_depth(content)
        elif field in found:
            raise ValueError(f"{field} stands there twice")
        else:
            found[field] = content
    if len(found) != 3:
        raise ValueError("type, shape or offsets are missing")
    return found["dtype"], found["shape"], found["data_offsets"]


def _check_depth(value: Any) -> None:
    """What nobody needs is passed over, but not however deep it is."""
    level = [value]
    for _ in range(_DEEPEST_FIELD + 1):
        level = [part for part in level if isinstance(part, list | tuple)]
        if not level:
            return
        level = [item for part in level for item in _items(part)]
    raise ValueError("it is nested too deeply")


def _items(part: list[Any] | tuple[Any, ...]) -> Iterator[Any]:
    if isinstance(part, Tensor):
        return iter([[]])  # its shape and offsets are as deep as that
    return iter(part) if isinstance(part, list) else (item for _, item in part)


def _check_cover(tensors: dict[str, Tensor]) -> None:
    """The tensors fill the file one after the other, each with as many bytes as its shape asks for."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        if tensor.start != end or tensor.stop < end:
            what = "leaves a hole before it" if tensor.start > end else "overlaps the one before"
            raise ValueError(f"{printable(name)!r} {what}")
        end = tensor.stop
        bits = _bits(tensor)
        if bits is None or bits >= _WORD:
            raise ValueError(f"of {printable(name)!r}, the shape is larger than any file")
        if bits != 8 * (tensor.stop - tensor.start):
            raise ValueError(f"the size of {printable(name)!r} does not fit its shape and type")


def _bits(tensor: Tensor) -> int | None:
    """Bits of all elements; None where that is not believed, even if a later extent is zero."""
    count = 1
    for extent in tensor.shape:
        count *= extent
        if count >= _WORD:
            return None
    return count * tensor.bits
