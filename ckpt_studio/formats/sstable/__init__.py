"""LevelDB tables, the container of a V2 bundle's index and of V1 checkpoints: bytes <-> sorted records.

    data block   entry*: varint shared, varint unshared, varint value length, key[shared:], value
                 restart offsets (uint32 each), their count (uint32)
                 type byte (0 plain, 1 snappy), masked CRC32C of block + type (uint32)
    ...
    metaindex block, index block (keys >= a block's last, value = varint offset, varint size)
    footer       metaindex handle, index handle, zeros up to 40 bytes, magic 0xdb4775248b80fb57

All integers are little-endian.
"""
