"""HDF5, read by the C library in a process of its own that owns nothing and can be killed.

    parent: process.Hdf5                          child: child.main  (python -m ...hdf5.child)
      request  {"do": "list"} or "read"   ----->    the C library, under limits of time and memory
               <-----  want (offset, size)          it opens no file: each byte is asked for
      piece    bytes of the file          ----->
               <-----  listing, values              checked by the parent before anything is believed
               <-----  done or fault

`frames` is the protocol. In the child, `remote` is the file as the library sees it, `walk` lists what there is and
`types` says which elements are read. In the parent, `process` owns the child and serves it, `listing` judges what it
said. Only `child`, `walk` and `types` import h5py, and nobody imports them.
"""
