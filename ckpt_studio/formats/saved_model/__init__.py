"""SavedModels: a folder with a graph and, over `tf_bundle`, its variables.

    folder/
      saved_model.pb               or saved_model.pbtxt (text), or saved_model.cpb (in chunks, not read)
      variables/variables.index    a V2 bundle; absent where there are no variables
      variables/variables.data-?????-of-?????
      assets/ assets.extra/ fingerprint.pb keras_metadata.pb

    saved_model.pb                 SavedModel
      1 schema version (number)
      2 MetaGraph, one or more     1 info   2 graph and functions (passed over)   3 saver   4 collections
        7 objects (TF2)            1 one object a node, 2 functions' signatures (passed over)
          1 child {1 node, 2 local name}      3 slot variable {1 weight, 2 name, 3 node}
          4 user object {1 identifier}        7 variable {1 dtype, 2 shape, 3 trainable, 6 name}

A TF2 SavedModel's variables have the object graph of any TF2 checkpoint in their index, whose nodes have the numbers of
the objects in `saved_model.pb`; the latter add what is trainable and which objects are metrics. TF1's builder wrote no
objects: there the collections of each MetaGraph say what is trainable.

Reading goes: `reader` (which folders) -> `model` (the checkpoint) -> `graph_file` (the graph's bytes) -> `objects`;
`layout` has the names of the files.
"""
