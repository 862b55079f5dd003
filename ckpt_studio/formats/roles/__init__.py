"""What each variable is for: weight, optimizer slot, counter, statistic, metadata, and what a person calls it.

`marks` holds the columns while they are filled in. `by_graph` marks what an `object_graph` says, `keras_slots` what the
lists of Keras's optimizers in it do, `by_meta_graph` what is trainable; `by_name` knows the names that TensorFlow's
optimizers, normalizations and metrics give. Every format uses them, so that a slot is a slot everywhere.
"""
