"""What Keras writes: whole models and weights as HDF5, and HDF5 in an archive.

    .keras         a zip archive: metadata.json, config.json (the model and how it was compiled), model.weights.h5
    .weights.h5    Keras 3, tf.keras since 2.12: objects as groups, numbered variables      (see `object_tree`)
    .weights.json  the same in several files: which of them holds which group                (see `shards`)
    .h5 .hdf5      Keras 1 and 2, tf.keras, Keras 3: lists of layers and of their weights    (see `legacy`)

Which of them a file is, its content says, not its name. Nothing in it is executed or instantiated: the configuration
is read as data (`config`), what layers and optimizers keep is known from their classes (`layers`, `optimizer`,
`order`). HDF5 is taken apart in a process that can be killed (`hdf5`); numbers that lie together in the file
are then read straight from it (`values`). A row's key is its path in the HDF5 file.
"""
