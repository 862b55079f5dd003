"""Keras files as stock Keras writes them, and a plain loop of stock Keras to hold runs against."""

from __future__ import annotations

from typing import Final

OPTIMIZERS: Final = (
    "SGD", "SGD:momentum=0.9", "RMSprop:momentum=0.9:centered=True", "Adagrad", "Adadelta", "Adam", "Adam:amsgrad=True",
    "AdamW", "Adamax", "Nadam", "Ftrl", "Lion", "Adam:clipnorm=0.5", "Adam:global_clipnorm=0.5", "SGD:use_ema=True",
)  # fmt: skip
"""Name and settings of each."""

BUILD: Final = """
import os
import keras
keras.backend.clear_session()

def optimizer_of(said):
    name, *settings = said.split(":")
    settings = {one.split("=")[0]: eval(one.split("=")[1]) for one in settings}
    return getattr(keras.optimizers, name)(learning_rate=0.01, **settings)

def model_of(dropout=True):
    # Four equal layers: the trap for everything that matches by position.
    x = keras.Input((8,), name="features")
    at = x
    for n in range(4):
        at = keras.layers.Dense(8, activation="tanh", name="equal%d" % n)(at)
    at = keras.layers.BatchNormalization(name="norm")(at)
    if dropout:
        at = keras.layers.Dropout(0.3, name="drop")(at)
    return keras.Model(x, keras.layers.Dense(3, name="out")(at))
"""

MAKE: Final = (
    BUILD
    + """
folder, optimizers = args
rng = np.random.default_rng(5)
x = rng.standard_normal((96, 8)).astype("f")
y = (x[:, 0] > 0).astype("i8") + (x[:, 1] > 1)
np.savez(os.path.join(folder, "data.npz"), features=x, labels=y)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
for number, said in enumerate(optimizers):
    keras.utils.set_random_seed(number)
    model = model_of()
    model.compile(optimizer_of(said), loss, jit_compile=False)
    model.fit(x, y, epochs=1, batch_size=32, verbose=0)
    model.save(os.path.join(folder, "model%d.keras" % number))
    if number == 0:
        model.save(os.path.join(folder, "legacy.h5"))
        model.save_weights(os.path.join(folder, "model.weights.h5"))
        tf.train.Checkpoint(model=model, optimizer=model.optimizer).write(os.path.join(folder, "objects"))
        keras.utils.set_random_seed(number)
        plain = model_of(dropout=False)
        plain.compile(optimizer_of(said), loss, jit_compile=False)
        plain.fit(x, y, epochs=1, batch_size=32, verbose=0)
        plain.save(os.path.join(folder, "plain.keras"))
"""
)

PLAIN_LOOP: Final = """
import keras
path, batches, steps = args
model = keras.models.load_model(path)
fed = np.load(batches)

@tf.function
def step(x, y):
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=x, y=y, y_pred=model(x, training=True))
    weights = model.trainable_weights
    model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    return loss

losses = [float(step(tf.constant(fed["x"][i]), tf.constant(fed["y"][i]))) for i in range(steps)]
values = {v.path: np.asarray(v).ravel().tolist() for v in (*model.variables, *model.optimizer.variables)}
result = [losses, values]
"""

LOADED: Final = """
import keras
model = keras.models.load_model(args[0])
values = {v.path: np.asarray(v).ravel().tolist() for v in (*model.variables, *model.optimizer.variables)}
shape = args[1] if len(args) > 1 else [8, 8]
model.fit(np.ones(shape, "f"), np.zeros(shape[0], args[2] if len(args) > 2 else "i8"), epochs=1, verbose=0)
result = [values, int(model.optimizer.iterations.numpy())]
"""
