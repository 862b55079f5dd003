"""LevelDB tables, V2 bundles and V1 checkpoints that are wrong in ways that checksums do not show."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from random import Random

from ckpt_studio.formats.protos.bundle_pb2 import BundleEntry
from ckpt_studio.formats.sstable.table import Table
from tests.fuzz.mutate import mutated_bytes, mutated_message, number, varint
from tests.helpers.bundles import MAGIC, Record, TableBytes, block, masked, slice_key, string_bytes

GRAPH = b"_CHECKPOINTABLE_OBJECT_GRAPH"
_SIZES = {
    1: 4,
    2: 8,
    3: 4,
    4: 1,
    5: 2,
    6: 1,
    8: 8,
    9: 8,
    10: 1,
    14: 2,
    17: 2,
    18: 16,
    19: 2,
    22: 4,
    23: 8,
    25: 1,
    29: 1,
}

Item = tuple[bytes, bytes]
Named = tuple[str, bytes]
ValueChange = Callable[[Random, bytes, bytes], bytes]


def records_of(table: bytes) -> list[Item]:
    """The records of a sound table."""
    return list(_records(table))


@lru_cache(maxsize=32)
def _records(table: bytes) -> tuple[Item, ...]:
    records = Table(table, "seed").records()
    return tuple((key, records.value(i)) for i, key in enumerate(records.keys()))


def any_message(rng: Random, _: bytes, value: bytes) -> bytes:
    """Any field of any record."""
    return mutated_message(rng, value)


def mutated_table(rng: Random, table: bytes, change: ValueChange = any_message) -> bytes:
    """A table whose checksums are right, but for some."""
    kind = rng.randrange(20)
    if kind == 0:
        return mutated_bytes(rng, table)
    records = records_of(table)
    if kind <= 11:
        for _ in range(1 + (rng.random() < 0.3)):
            at = rng.randrange(len(records))
            records[at] = (records[at][0], change(rng, *records[at]))
    elif kind <= 15:
        records = other_records(rng, records)
    return built(rng, records, broken=kind >= 16)


def other_records(rng: Random, records: list[Item]) -> list[Item]:
    """Records left out, repeated, moved or renamed; mostly in order again."""
    records = list(records)
    at = rng.randrange(len(records))
    key, value = records[at]
    kind = rng.randrange(6)
    if kind == 0:
        del records[at]
    elif kind == 1:
        records[at:at] = [(key, value)] * rng.choice((1, 1, 3, 300))
    elif kind == 2:
        records[at] = (mutated_bytes(rng, key), value)
    elif kind == 3:
        records[at] = (
            rng.choice(records)[0] + rng.choice((b"", b"/Adam", b"/part_0", b"\0", b"\n", b"\xff")),
            value,
        )
    elif kind == 4:
        records[at] = (key, rng.choice(records)[1])
    else:
        records.append(
            (slice_key(b"w", [(number(rng) % 64, rng.randrange(-1, 9))] * rng.randrange(4)), value)
        )
    if rng.random() < 0.75:
        records.sort()
    return records


def built(rng: Random, records: Sequence[Item], broken: bool = False) -> bytes:
    """A table of these records; a broken one contradicts itself where no checksum tells."""
    made = TableBytes()
    per_block = rng.choice((1, 2, 5, 1000, 1000))
    interval = rng.choice((1, 2, 16, 16, 100))
    snappy = rng.random() < 0.15
    handles = []
    target = rng.randrange(4) if broken else -1
    parts = [records[at : at + per_block] for at in range(0, len(records), per_block)]
    victim = rng.randrange(len(parts)) if parts else 0
    for place, part in enumerate(parts):
        contents = block(part, interval)
        if target == 0 and place == victim:
            contents = _other_block(rng, contents)
        handle = made.add(contents, snappy=snappy)
        if target == 1 and place == victim:
            handle = _other_handle(rng, handle)
        handles.append((part[-1][0], handle))
    if target == 1 and rng.random() < 0.2:
        handles += handles[:1] * rng.choice((1, 300))
    index = block(handles, interval=1)
    if target == 2:
        index = _other_block(rng, index)
    footer = made.add(block([])) + made.add(index)
    if target == 3:
        footer = _other_handle(rng, footer)
    data = bytes(made.data)
    if target == 0 and snappy and rng.random() < 0.5:
        data = _other_snappy(rng, data)
    return data + footer[:40].ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def _other_block(rng: Random, contents: bytes) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        count = number(rng, struct.unpack_from("<I", contents, len(contents) - 4)[0]) & 0xFFFFFFFF
        return contents[:-4] + struct.pack("<I", count)
    if kind == 1:
        restarts = [number(rng) & 0xFFFFFFFF for _ in range(rng.randrange(5))]
        return contents[:-8] + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    if kind == 2:
        at = rng.randrange(len(contents))
        return contents[:at] + varint(number(rng)) + contents[at + 1 :]
    return mutated_bytes(rng, contents)


def _other_handle(rng: Random, handle: bytes) -> bytes:
    if rng.random() < 0.5:
        return mutated_bytes(rng, handle)
    return varint(number(rng)) + varint(number(rng))


def _other_snappy(rng: Random, data: bytes) -> bytes:
    """The first block changed as it is packed, its checksum made right again."""
    end = data.find(b"\x01", 1, 5000)
    if end < 0:
        return data
    body = mutated_bytes(rng, data[:end])[:end].ljust(end, b"\0") + b"\x01"
    return body + struct.pack("<I", masked(body)) + data[end + 5 :]


# ---- V2 bundles


def mutated_bundle(rng: Random, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A bundle with another index, other data, or both, whose checksums mostly fit."""
    out = dict(files)
    index = next(name for name in out if name.endswith(".index"))
    shards = [name for name in out if ".data-" in name]
    kind = rng.randrange(10)
    if kind <= 5 or not shards:
        out[index] = mutated_table(
            rng, out[index], lambda r, key, value: _other_entry(r, key, value, out, shards)
        )
    elif kind == 6:
        name = rng.choice(shards)
        out[name] = mutated_bytes(rng, out[name])
        out[index] = repaired(out[index], out, shards) if rng.random() < 0.6 else out[index]
    elif kind == 7:
        name = rng.choice(shards)
        if rng.random() < 0.5:
            del out[name]
        else:
            out[name] = out[name][: rng.randrange(len(out[name]) + 1)]
    else:
        other_strings(rng, out, index, shards)
    return out


def _other_entry(
    rng: Random, key: bytes, value: bytes, files: Mapping[str, bytes], shards: Sequence[str]
) -> bytes:
    """An entry with a field changed, or a new one that points to bytes that are there."""
    if not key or rng.random() < 0.7 or not shards:
        return mutated_message(rng, value)
    data = files[rng.choice(shards)]
    dtype = rng.choice([*_SIZES, 7, 7, 21])
    shape = tuple(
        rng.choice((0, 1, 1, 2, 3, 4, number(rng))) for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 9, 40, 200)))
    )
    size = _SIZES.get(dtype, 1)
    for extent in shape:
        size *= extent
    offset = rng.randrange(len(data) + 1)
    crc = masked(data[offset : offset + size]) if 0 <= size < 1 << 20 else 0
    slices = ((((0, 1),) * len(shape)),) * rng.choice((0, 0, 0, 1, 2, 30))
    return Record(dtype, shape, rng.choice((0, 0, 1)), offset, size, crc, slices).encode()


def repaired(index: bytes, files: Mapping[str, bytes], shards: Sequence[str]) -> bytes:
    """An index whose entries' checksums fit the data, where they lie in it and are no strings."""
    records = records_of(index)
    for at, (key, value) in enumerate(records):
        entry = BundleEntry.FromString(value) if key else None
        if entry is None or entry.dtype in (7, 21) or entry.slices or entry.shard_id >= len(shards):
            continue
        data = files.get(sorted(shards)[entry.shard_id], b"")
        entry.crc32c = masked(data[entry.offset : entry.offset + entry.size])
        records[at] = (key, entry.SerializeToString())
    return built(Random(0), records)


def put_strings(
    files: dict[str, bytes], index: str, shards: Sequence[str], key: bytes, raw: bytes, crc: int
) -> None:
    """Give a string tensor other bytes, at the end of its shard."""
    records = dict(records_of(files[index]))
    entry = BundleEntry.FromString(records[key])
    name = sorted(shards)[entry.shard_id]
    entry.offset, entry.size, entry.crc32c = len(files[name]), len(raw), crc
    files[name] += raw
    records[key] = entry.SerializeToString()
    files[index] = built(Random(0), sorted(records.items()))


def other_strings(rng: Random, files: dict[str, bytes], index: str, shards: Sequence[str]) -> None:
    """A string tensor whose bytes are changed, and whose own checksums mostly are right all the same."""
    keys = [
        key for key, value in records_of(files[index]) if key and BundleEntry.FromString(value).dtype == 7
    ]
    if not keys:
        return
    key = rng.choice(keys)
    items = [rng.randbytes(rng.choice((0, 1, 5, 200))) for _ in range(rng.choice((0, 1, 2, 3, 3, 6)))]
    raw, crc = string_bytes(items)
    if rng.random() < 0.6:
        raw = mutated_bytes(rng, raw)
        crc = masked(raw) if rng.random() < 0.5 else crc
    put_strings(files, index, shards, key, raw, crc)


def mutated_graph(rng: Random, files: Mapping[str, bytes]) -> bytes:
    """Another object graph for a bundle."""
    graph = _graph_of(*files.items())
    for _ in range(1 + (rng.random() < 0.4)):
        graph = mutated_message(rng, graph)
    return graph


@cache
def _graph_of(*files: Named) -> bytes:
    """The object graph of a bundle's files."""
    held = dict(files)
    index = next(name for name in held if name.endswith(".index"))
    shards = sorted(name for name in held if ".data-" in name)
    entry = BundleEntry.FromString(dict(records_of(held[index]))[GRAPH])
    return string_of(held[shards[entry.shard_id]][entry.offset : entry.offset + entry.size])


def put_graph(files: Mapping[str, bytes], graph: bytes) -> dict[str, bytes]:
    """A bundle with another object graph."""
    out = dict(files)
    index = next(name for name in out if name.endswith(".index"))
    shards = [name for name in out if ".data-" in name]
    put_strings(out, index, shards, GRAPH, *string_bytes([graph]))
    return out


def string_of(data: bytes) -> bytes:
    """The one string of a string tensor."""
    at = 0
    while data[at] >= 128:
        at += 1
    return data[at + 5 :]
