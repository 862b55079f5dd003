"""V1 checkpoints, TensorFlow's own until 1.0: LevelDB tables (see `formats.sstable`), one file or several.

    PREFIX                      the table, or
    NAME-SSSSS-of-NNNNN         one of several; PREFIX is then NAME-?????-of-NNNNN, as TensorFlow calls all of them
    PREFIX.meta, NAME.meta      the MetaGraph

    key ""      SavedTensorSlices{meta: SavedTensorSliceMeta}: what this table holds
                  1 tensor*   1 name, 2 shape, 3 element type, 4 slice* (1 extent*: 1 start, 2 length; no length: all)
                  2 versions  1 producer, 2 min_consumer
    slice key   SavedTensorSlices{data: SavedSlice}: the values of one slice; the key is OrderedCode of name and slice
                  1 name, 2 slice, 3 data: a TensorProto without type and shape, which are in `meta`

A TensorProto holds the elements' bytes (4 tensor_content), or numbers in the repeated field of their type:

    5 float_val     6 double_val    9 scomplex_val  12 dcomplex_val     four or eight bytes a number, little-endian
    7 int_val       10 int64_val    11 bool_val     13 half_val         varints; half_val: the bits of 16-bit floats
    16 uint32_val   17 uint64_val
    8 string_val                                                        one field a string
    18 float8_val                                                       a byte an element

Too few numbers: the last one stands for all that are missing, zero where there is none.

TensorFlow writes blocks of 256 KiB, but a record is never divided, so a block is as large as its largest record, and a
record as large as its slice. Reading goes: `listed` (what a table says that it holds) -> `shard` (where each record
lies) -> `contents` (the variables of all tables, judged) -> `checkpoint` -> `record`, `values` (windows and blocks of a
slice).
"""
