"""Recipes as a person writes them, and the checkpoints that stock TensorFlow writes of what they build."""

from __future__ import annotations

from typing import Final

HEAD: Final = """
import keras
import numpy as np
import tensorflow as tf

rng = np.random.default_rng(5)
x = rng.standard_normal((96, 8)).astype("f")
y = (x[:, 0] > 0).astype("i8") + (x[:, 1] > 1)
"""

FUNCTIONAL: Final = (
    HEAD
    + """
def build():
    at = inputs = keras.Input((8,), name="features")
    for n in range(4):
        at = keras.layers.Dense(8, activation="tanh", name="equal%d" % n)(at)
    at = keras.layers.Dropout(0.3, name="drop")(keras.layers.BatchNormalization(name="norm")(at))
    model = keras.Model(inputs, keras.layers.Dense(3, name="out")(at))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(96).batch(16)
    return {"model": model, "optimizer": keras.optimizers.Adam(0.01), "loss": loss, "dataset": dataset}
"""
)

SUBCLASSED: Final = (
    HEAD
    + """
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [keras.layers.Dense(8, activation="tanh") for _ in range(4)]
        self.drop = keras.layers.Dropout(0.2)
        self.out = keras.layers.Dense(3)

    def call(self, x, training=False):
        for block in self.blocks:
            x = block(x)
        return self.out(self.drop(x, training=training))

def build():
    net = Net()
    net.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", jit_compile=False)
    return {"model": net, "dataset": (x, y), "batch_size": 16}
"""
)

MODULE: Final = (
    HEAD
    + """
class Net(tf.Module):
    def __init__(self):
        super().__init__()
        seeds = iter(range(9))
        make = lambda n, m: tf.Variable(tf.random.stateless_normal((n, m), [next(seeds), 0]) / 3)
        self.first = make(8, 8)
        self.second = make(8, 8)
        self.out = make(8, 3)
        self.rows = tf.Variable(0, trainable=False)

    def __call__(self, x):
        return tf.tanh(tf.tanh(x @ self.first) @ self.second) @ self.out

class Momentum(tf.Module):
    def __init__(self, variables):
        super().__init__()
        self.slots = [tf.Variable(tf.zeros_like(v), name=f"slot{n}") for n, v in enumerate(variables)]

    def apply(self, gradients, variables):
        for slot, gradient, variable in zip(self.slots, gradients, variables):
            slot.assign(0.9 * slot + gradient)
            variable.assign_sub(0.05 * slot)

def build():
    net = Net()
    variables = [net.first, net.second, net.out]
    opt = Momentum(variables)

    @tf.function
    def train_step(batch):
        features, labels = batch
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, net(features)))
        opt.apply(tape.gradient(loss, variables), variables)
        net.rows.assign_add(tf.shape(features)[0])
        return {"loss": loss}

    return {"net": net, "opt": opt, "train_step": train_step, "dataset": (x, y), "batch_size": 16}
"""
)

PAIR: Final = (
    HEAD
    + """
def network(name, out):
    layers = [keras.layers.Dense(8, "tanh", name=name + "_a"), keras.layers.Dense(out, name=name + "_b")]
    return keras.Sequential([keras.Input((8,)), *layers], name=name)

def build():
    maker, judge = network("maker", 8), network("judge", 1)
    makes, judges = keras.optimizers.Adam(0.01, name="makes"), keras.optimizers.Adam(0.02, name="judges")
    seeds = keras.random.SeedGenerator(3)

    def train_step(real):
        noise = keras.random.normal(tf.shape(real), seed=seeds)
        with tf.GradientTape(persistent=True) as tape:
            fake = judge(maker(noise))
            loss = tf.reduce_mean(tf.nn.softplus(fake)) + tf.reduce_mean(tf.nn.softplus(-judge(real)))
            fooled = tf.reduce_mean(tf.nn.softplus(-fake))
        for optimizer, part, what in ((judges, judge, loss), (makes, maker, fooled)):
            weights = part.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(what, weights), weights))
        return loss

    dataset = tf.data.Dataset.from_tensor_slices(x).shuffle(96).repeat().batch(16)
    return {"maker": maker, "judge": judge, "makes": makes, "judges": judges, "seeds": seeds,
            "train_step": train_step, "dataset": dataset}
"""
)

RECIPES: Final = {"functional": FUNCTIONAL, "subclassed": SUBCLASSED, "module": MODULE, "pair": PAIR}

MAKE: Final = """
import os
import keras
folder, recipes = args
other = ("loss", "dataset", "train_step", "batch_size", "seeds")
for name, text in recipes.items():
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    open(os.path.join(folder, name + ".py"), "w").write(text)
    names = {}
    exec(text, names)
    built = names["build"]()
    if "model" in built and "loss" not in built:
        built["model"].fit(names["x"], names["y"], batch_size=32, epochs=1, verbose=0)
        built["optimizer"] = built["model"].optimizer
    elif "model" in built:
        built["model"].compile(built["optimizer"], built["loss"], jit_compile=False)
        built["model"].fit(names["x"], names["y"], batch_size=32, epochs=1, verbose=0)
        built["model"].save_weights(os.path.join(folder, name + ".weights.h5"))
    elif name == "module":
        built["train_step"]((tf.constant(names["x"]), tf.constant(names["y"])))
    else:
        built["train_step"](tf.constant(names["x"]))
    objects = {key: one for key, one in built.items() if key not in other}
    tf.train.Checkpoint(**objects).write(os.path.join(folder, name + "-3"))
"""

RESTORE: Final = """
import keras
recipe, prefix = args
keras.backend.clear_session()
names = {}
exec(open(recipe).read(), names)
built = names["build"]()
if "model" in built:
    model = built["model"]
    optimizer = built["optimizer"] if "optimizer" in built else model.optimizer
    model(names["x"][:2])
    optimizer.build(model.trainable_variables)
    built["optimizer"] = optimizer
elif "maker" in built:
    for optimizer, part in (("makes", "maker"), ("judges", "judge")):
        built[optimizer].build(built[part].trainable_variables)
other = ("loss", "dataset", "train_step", "batch_size", "seeds")
objects = {key: one for key, one in built.items() if key not in other}
root = tf.train.Checkpoint(**objects)
status = root.read(prefix)
status.assert_existing_objects_matched()
root.write(args[1] + "-again")
result = True
"""
