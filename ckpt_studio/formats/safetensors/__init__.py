"""safetensors, the format of Hugging Face: a header of JSON, then the tensors' bytes, and nothing else.

    8 bytes      N, the size of the header: uint64, little-endian, at most 100,000,000
    N bytes      JSON: {"__metadata__": {TEXT: TEXT, ...},       what the writer had to say; may be absent
                        NAME: {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ...}   and spaces
    the rest     the tensors, little-endian and in C order; offsets count from here

The tensors fill the rest without a hole, an overlap or a byte left over. A model in several files has an index beside
them, `NAME.safetensors.index.json`: {"metadata": {...}, "weight_map": {KEY: FILE, ...}}, and files that are named
`NAME-00001-of-00003.safetensors`. There are no checksums.

Reading goes: `header` (one file's header, judged as the format's own reader does) and `weight_map` (the index)
-> `checkpoint` (rows, windows and blocks); `reader` finds the files.
"""
