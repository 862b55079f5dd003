"""Makes the sample that the program offers to somebody who has no checkpoint at hand. Run by hand, with TensorFlow:

    .venv/bin/python resources/samples/make_sample.py

A small classifier of 8 x 8 pixel digits in TensorFlow 1 style (placeholders, Adam, a global step, the collections
`train_op`, `losses` and `trainable_variables`), stopped while its loss still falls:

    data.npz   x float32 [1500, 64], y int64 [1500]: the digits to train on
    run/       five checkpoints of one run, model.ckpt-100 to -500, with their graphs and state file
    donor/     one checkpoint of a longer run on the digits and two letters: its encoder fits the run's, its
               classifier has 12 classes instead of 10 and does not

All is deterministic for one version of TensorFlow, apart from the floating-point habits of the processor.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

os.environ.update(TF_CPP_MIN_LOG_LEVEL="2", TF_ENABLE_ONEDNN_OPTS="0")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

v1 = tf.compat.v1
HERE = Path(__file__).resolve().parent
DIGITS, LETTERS = "0123456789", "AE"
BATCH = 50

# Rows of a 5 x 7 pixel glyph, each as five bits.
GLYPHS = {
    "0": (14, 17, 19, 21, 25, 17, 14), "1": (4, 12, 4, 4, 4, 4, 14), "2": (14, 17, 1, 2, 4, 8, 31),
    "3": (31, 2, 4, 2, 1, 17, 14), "4": (2, 6, 10, 18, 31, 2, 2), "5": (31, 16, 30, 1, 1, 17, 14),
    "6": (6, 8, 16, 30, 17, 17, 14), "7": (31, 1, 2, 4, 8, 8, 8), "8": (14, 17, 17, 14, 17, 17, 14),
    "9": (14, 17, 17, 15, 1, 2, 12), "A": (14, 17, 17, 31, 17, 17, 17), "E": (31, 16, 16, 30, 16, 16, 31),
}  # fmt: skip


def draw(classes: str, count: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Pictures float32 [count, 64] from 0 to 1 and labels int64 [count]: shifted, blurred, noisy glyphs."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % len(classes))
    pictures = np.zeros((count, 8, 8))
    for picture, label in zip(pictures, labels, strict=True):
        rows = np.array(GLYPHS[classes[label]])
        top, left = random.integers(0, 2), random.integers(0, 4)
        picture[top : top + 7, left : left + 5] = rows[:, None] >> np.arange(4, -1, -1) & 1
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    neighbours = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
    pictures = 0.76 * pictures + 0.06 * neighbours
    pictures *= random.uniform(0.6, 1.0, (count, 1, 1))
    pictures += random.normal(0, 0.12, pictures.shape)
    # Whole 255ths compress well and are what a picture file would have held.
    pictures = np.round(np.clip(pictures, 0, 1) * 255) / 255
    return pictures.reshape(count, 64).astype(np.float32), labels.astype(np.int64)


def dense(inputs: Any, units: int, name: str, activation: Any = None) -> Any:
    """A dense layer with the variables `name/kernel` and `name/bias`."""
    with v1.variable_scope(name):
        kernel = v1.get_variable(
            "kernel", [inputs.shape[1], units], initializer=v1.random_normal_initializer(stddev=0.06, seed=7)
        )
        bias = v1.get_variable("bias", [units], initializer=v1.zeros_initializer())
        outputs = tf.matmul(inputs, kernel) + bias
        return outputs if activation is None else activation(outputs)


def train(classes: str, folder: Path, steps: int, save_every: int, seed: int) -> None:
    """Train a classifier on glyphs of `classes` and keep its last five checkpoints in `folder`."""
    pictures, labels = draw(classes, 1500, seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tf.Graph().as_default():
        v1.set_random_seed(seed)
        x = v1.placeholder(tf.float32, [None, 64], name="x")
        y = v1.placeholder(tf.int64, [None], name="y")
        with v1.variable_scope("encoder"):
            hidden = dense(x, 48, "dense_1", tf.nn.relu)
            hidden = dense(hidden, 32, "dense_2", tf.nn.relu)
        logits = dense(hidden, len(classes), "classifier")
        loss = v1.losses.sparse_softmax_cross_entropy(y, logits, scope="loss")
        hits = tf.equal(tf.argmax(logits, 1), y)
        accuracy = tf.reduce_mean(tf.cast(hits, tf.float32), name="accuracy")
        step = v1.train.get_or_create_global_step()
        train_op = v1.train.AdamOptimizer(0.0005).minimize(loss, global_step=step, name="train_op")
        saver = v1.train.Saver(max_to_keep=5, save_relative_paths=True)
        one_thread = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        random = np.random.default_rng(seed)
        with v1.Session(config=one_thread) as session:
            session.run(v1.global_variables_initializer())
            for done in range(1, steps + 1):
                rows = random.choice(len(labels), BATCH, replace=False)
                session.run(train_op, {x: pictures[rows], y: labels[rows]})
                if done % save_every == 0:
                    saver.save(session, str(folder / "model.ckpt"), global_step=done)
                    values = session.run([loss, accuracy], {x: pictures, y: labels})
                    print(f"{folder.name}: step {done}, loss {values[0]:.3f}, accuracy {values[1]:.3f}")
    settle_times(folder)


def settle_times(folder: Path) -> None:
    """Give the state file times that do not depend on when this script ran: a minute between checkpoints."""
    start = 1_700_000_000
    state = v1.train.get_checkpoint_state(str(folder))
    times = [float(start + 60 * n) for n in range(len(state.all_model_checkpoint_paths))]
    paths = [Path(path).name for path in state.all_model_checkpoint_paths]
    new = v1.train.generate_checkpoint_state_proto(
        str(folder),
        paths[-1],
        paths,
        all_model_checkpoint_timestamps=times,
        last_preserved_timestamp=float(start),
    )
    (folder / "checkpoint").write_text(str(new), encoding="utf-8")


def main() -> None:
    """Make everything anew, beside this script."""
    v1.disable_v2_behavior()
    pictures, labels = draw(DIGITS, 1500, seed=1)
    np.savez_compressed(HERE / "data.npz", x=pictures, y=labels)
    train(DIGITS, HERE / "run", steps=500, save_every=100, seed=1)
    train(DIGITS + LETTERS, HERE / "donor", steps=4000, save_every=4000, seed=2)


if __name__ == "__main__":
    main()
