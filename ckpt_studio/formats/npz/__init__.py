"""NumPy's own files: `.npy` holds one array, `.npz` is a zip of them, one member an array.

    .npy    \\x93NUMPY, version (2 bytes: 1 0, 2 0 or 3 0)
            size of the header: uint16, from version 2 on uint32, little-endian
            header: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } as Python writes it, spaces, newline
                    (Latin-1, in version 3 UTF-8)
            the elements, packed, in the byte order of 'descr'; column by column where 'fortran_order' says so
    .npz    see `formats.archive`; a member's name is the array's, and `.npy`

Strings have a fixed size and are filled up with zeros: `S` bytes, `U` four bytes a letter. Python objects are pickles
inside the file: reading one can run code, so those are rows that say so and are never read. An archive has a checksum
for each member, a `.npy` file has none.

Reading goes: `header` (one array's header) -> `contents` (what a file holds) -> `checkpoint` (windows and blocks, which
`values` turns into rows of C order and native byte order); `reader` finds the files.
"""
