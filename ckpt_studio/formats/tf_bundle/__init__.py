"""V2 bundles, TensorFlow's checkpoints since 1.0: `PREFIX.index` + `PREFIX.data-SSSSS-of-NNNNN` (+ `PREFIX.meta`).

    .index   a LevelDB table (see `formats.sstable`): key "" -> BundleHeader, every other key -> BundleEntry
    .data    the tensors' bytes, packed, each where its entry says: shard, offset, size, masked CRC32C

A partitioned variable has an entry that lists slices and holds no data; each slice has an entry of its own under an
OrderedCode key (see `slices`). Strings are varint lengths, a checksum of the lengths, then the bytes (see `strings`).
Reading goes: `index` (columns of all entries) -> `faults` (which rows cannot be right) -> `roles` (what rows are for)
-> `bundle` (the checkpoint) -> `reading` (windows and blocks of one tensor).
"""
