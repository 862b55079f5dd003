"""What the tests of bundles share: a bundle that stock TensorFlow has saved."""

from __future__ import annotations

import pytest

from tests.helpers.tensorflow_child import TensorFlowChild

MAKE = """
tf.random.set_seed(5)
with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
    v = tf.compat.v1.get_variable
    v("dense/kernel", [7, 5]); v("dense/bias", [5]); v("half", [3], tf.float16, tf.compat.v1.ones_initializer())
    v("step", [], tf.int64, tf.compat.v1.constant_initializer(7)); v("empty", [0, 3])
    v("split", [10, 4], partitioner=tf.compat.v1.fixed_size_partitioner(3))
    tf.compat.v1.get_variable("texts", initializer=tf.constant([b"a", b"", b"x" * 300]))
    session.run(tf.compat.v1.global_variables_initializer())
    tf.compat.v1.train.Saver().save(session, args[0])
"""


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, tensorflow_child: TensorFlowChild) -> str:
    """Its prefix. Nothing may write there."""
    prefix = str(tmp_path_factory.mktemp("original") / "model.ckpt-7")
    tensorflow_child(MAKE, prefix)
    return prefix
