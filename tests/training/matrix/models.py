"""Keras models under every optimizer, in every kind of file and with a recipe for those that hold no model."""

from __future__ import annotations

from typing import Final

OPTIMIZERS: Final = (
    "SGD", "SGD:momentum=0.9", "SGD:momentum=0.9:nesterov=True", "RMSprop", "RMSprop:momentum=0.9:centered=True",
    "Adagrad", "Adadelta", "Adam", "Adam:amsgrad=True", "AdamW", "Adamax", "Nadam", "Lion", "Lamb", "Adafactor",
    "Ftrl:initial_accumulator_value=0.0", "Muon", "LossScaleOptimizer:inner_optimizer=Adam", "Adam:clipnorm=0.5",
    "Adam:global_clipnorm=0.5",
    "SGD:use_ema=True", "Adam:use_ema=True:ema_overwrite_frequency=3",
)  # fmt: skip
"""Name and settings of each. Ftrl's usual start takes the weights to nought in a step, and with them all gradients."""

BUILD: Final = """
import os
import keras
import numpy as np
import tensorflow as tf

def optimizer_of(said):
    name, *settings = said.split(":")
    settings = dict(one.split("=") for one in settings)
    inner = settings.pop("inner_optimizer", None)
    settings = {key: eval(value) for key, value in settings.items()}
    if inner is not None:
        return getattr(keras.optimizers, name)(optimizer_of(inner), initial_scale=1024.0, dynamic_growth_steps=3)
    return getattr(keras.optimizers, name)(learning_rate=0.01, **settings)

def model_of():
    # Four equal layers: the trap for everything that matches by position. One that is used twice, one with statistics.
    at = x = keras.Input((8,), name="features")
    for n in range(4):
        at = keras.layers.Dense(8, activation="tanh", name="equal%d" % n)(at)
    twice = keras.layers.Dense(8, activation="tanh", name="twice")
    at = keras.layers.BatchNormalization(name="norm")(twice(twice(at)))
    at = keras.layers.Dropout(0.3, name="drop")(at)
    return keras.Model(x, keras.layers.Dense(3, name="out")(at))

def data():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((96, 8)).astype("f")
    return x, (x[:, 0] > 0).astype("i8") + (x[:, 1] > 1)

loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
"""

RECIPE: Final = (
    BUILD
    + """
def build():
    model, optimizer = model_of(), optimizer_of(SAID)
    if EARLY:
        optimizer.build(model.trainable_variables)  # once: LossScaleOptimizer makes its variables anew each time
    return {"model": model, "optimizer": optimizer, "loss": loss, "dataset": data(), "batch_size": 16}
"""
)

MAKE: Final = (
    BUILD
    + """
folder, optimizers, recipe = args
x, y = data()
np.savez(os.path.join(folder, "data.npz"), features=x, labels=y)
for number, said in enumerate(optimizers):
    keras.backend.clear_session()
    keras.utils.set_random_seed(number)
    model = model_of()
    model.compile(optimizer_of(said), loss, jit_compile=False)
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    at = os.path.join(folder, str(number))
    model.save(at + ".keras")
    try:
        model.save(at + ".h5")
    except ValueError:  # two variables of Adafactor have one name there
        os.remove(at + ".h5")
    model.save_weights(at + ".weights.h5")
    tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(at + "-3")
    for name, early in (("early", True), ("late", False)):
        with open(at + name + ".py", "w") as file:
            file.write("SAID, EARLY = %r, %r" % (said, early) + recipe)
"""
)

VALUES: Final = """
import keras

def values_of(model, optimizer):
    held = [(v.path, v) for v in (*model.variables, *optimizer.variables)]
    if hasattr(optimizer, "_u_product"):  # Nadam gives it no name
        held.append(("u_product", optimizer._u_product))
    return [(name, np.asarray(v).ravel().tolist()) for name, v in held]

def train_on(model, features, labels):
    model.run_eagerly = True  # to trace a step takes longer than to do one
    model.train_on_batch(features[:32], labels[:32])
"""

WHOLE: Final = (
    VALUES
    + """
keras.backend.clear_session()
path, data = args
model = keras.models.load_model(path)
values = values_of(model, model.optimizer)
fed = np.load(data)
train_on(model, fed["features"], fed["labels"])
result = values
"""
)
"""What stock Keras reads from a file that holds the model, and that it trains on."""

PARTS: Final = (
    VALUES
    + """
keras.backend.clear_session()
path, recipe = args
names = {}
exec(open(recipe).read(), names)
built = names["build"]()
model, optimizer = built["model"], built["optimizer"]
model.compile(optimizer, built["loss"], jit_compile=False)
if not optimizer.built:
    optimizer.build(model.trainable_variables)
if path.endswith(".h5"):
    model.load_weights(path)
else:
    tf.train.Checkpoint(model=model, optimizer=optimizer).read(path).assert_existing_objects_matched()
values = values_of(model, optimizer)
train_on(model, *built["dataset"])
result = values
"""
)
"""The same of a file that does not hold the model."""

SIGNATURE: Final = (
    BUILD
    + """
folder, optimizers = args

class Net(tf.Module):
    def __init__(self, said):
        super().__init__()
        self.model, self.optimizer = model_of(), optimizer_of(said)
        self.optimizer.build(self.model.trainable_variables)
        self.seeds = [one.value for one in self.model.variables if "seed" in one.path]  # Keras does not track them

    @tf.function(input_signature=[tf.TensorSpec((None, 8)), tf.TensorSpec((None,), tf.int64)])
    def train(self, features, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, self.model(features, training=True))
            scaled = self.optimizer.scale_loss(value)
        weights = self.model.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights))
        return {"loss": value}

x, y = data()
np.savez(os.path.join(folder, "data.npz"), features=x, labels=y)
for number, said in enumerate(optimizers):
    keras.backend.clear_session()
    keras.utils.set_random_seed(number)
    net = Net(said)
    for at in range(0, 96, 32):
        net.train(tf.constant(x[at : at + 32]), tf.constant(y[at : at + 32]))
    tf.saved_model.save(net, os.path.join(folder, str(number)), signatures={"train": net.train})
"""
)

SIGNED: Final = """
path, data = args
model = tf.saved_model.load(path)
fed = np.load(data)
told = model.signatures["train"](features=tf.constant(fed["features"]), labels=tf.constant(fed["labels"]))
result = float(told["loss"])
"""
