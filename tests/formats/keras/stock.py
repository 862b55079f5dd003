"""Models that stock Keras 3 writes, once a session, and what the live models say of every variable."""

from __future__ import annotations

MODELS = """
import json, os, keras
from keras import layers as L, optimizers as O
folder = args[0]
rng = np.random.default_rng(7)

def chain(*own, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *own])

def trained(model, optimizer, shape):
    model.compile(optimizer, "mse", run_eagerly=True)
    model(np.ones((1, *shape)))
    optimizer.build(model.trainable_variables)  # what the first step of a fit does
    return model

def plain():
    return chain(L.Dense(3), L.BatchNormalization(), L.Dense(2, use_bias=False))

def convolutions():
    i = keras.Input((8, 8, 2))
    x = L.Conv2D(3, 3, name="first")(i)
    x = L.SeparableConv2D(4, 2)(x)
    x = L.DepthwiseConv2D(2)(x)
    x = L.Conv2DTranspose(3, 2)(x)
    x = L.BatchNormalization(scale=False)(x)
    x = L.GroupNormalization(1)(x)
    x = L.PReLU()(x)
    return keras.Model(i, L.Dense(2)(L.Flatten()(x)))

def sequences():
    i = keras.Input((5,))
    x = L.Embedding(7, 4)(i)
    x = L.Bidirectional(L.LSTM(3, return_sequences=True))(x)
    x = L.MultiHeadAttention(2, 3)(x, x)
    x = L.LayerNormalization()(x)
    x = L.TimeDistributed(L.Dense(3))(x)
    x = L.EinsumDense("abc,cd->abd", output_shape=(None, 6), bias_axes="d")(x)
    x = L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_sequences=True)(x)
    x = L.GRU(3, return_sequences=True)(x)
    return keras.Model(i, L.Dense(2)(L.SimpleRNN(3)(x)))

def nested():
    inner = keras.Sequential([L.Dense(4, name="inside"), L.BatchNormalization()], name="encoder")
    i = keras.Input((4,))
    x = L.Dense(4)(inner(i))
    middle = keras.Model(i, inner(x), name="middle")
    j = keras.Input((4,))
    shared = L.Dense(4, name="shared")
    return keras.Model(j, L.Dense(2)(shared(shared(middle(j)))))

def frozen():
    base = keras.Sequential([keras.Input((4,)), L.Dense(3), L.BatchNormalization()], name="base")
    base.trainable = False
    i = keras.Input((4,))
    x = L.Dense(3, trainable=False)(base(i))
    return keras.Model(i, L.Dense(2)(L.Dense(3)(x)))

class Own(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.zed = L.Dense(3)
        self.blocks = [L.Dense(3), L.Dense(3, name="mine"), [L.Dense(5)]]
        self.head = L.Dense(2)
        self.scale = self.add_weight(shape=(2,), name="scale")
    def call(self, x):
        x = self.blocks[1](self.blocks[0](self.zed(x)))
        return self.head(self.blocks[2][0](x)) + self.scale

def half():
    with_policy = dict(dtype="bfloat16")
    return chain(L.Dense(3, **with_policy), L.Dense(2, dtype="float16"), L.Dense(2, dtype="mixed_bfloat16"))

builds = {
    "adam": lambda: trained(plain(), O.Adam(amsgrad=True), (4,)),
    "sgd": lambda: trained(convolutions(), O.SGD(momentum=0.9), (8, 8, 2)),
    "adamw": lambda: trained(sequences(), O.AdamW(), (5,)),
    "rmsprop": lambda: trained(nested(), O.RMSprop(momentum=0.5, centered=True), (4,)),
    "lion": lambda: trained(frozen(), O.Lion(), (4,)),
    "scaled": lambda: trained(plain(), O.LossScaleOptimizer(O.Nadam()), (4,)),
    "own": lambda: trained(Own(), O.SGD(momentum=0.9), (4,)),
    "ftrl": lambda: trained(
        plain(),
        O.Ftrl(O.schedules.ExponentialDecay(0.1, 10, 0.9), use_ema=True, gradient_accumulation_steps=2),
        (4,),
    ),
    "adafactor": lambda: trained(plain(), O.Adafactor(), (4,)),
    "muon": lambda: trained(plain(), O.Muon(), (4,)),
    "half": half,
}

def fill(variables):
    for number, v in enumerate(variables):
        shape = tuple(v.shape)
        if "int" in str(v.dtype):
            v.assign(np.full(shape, 1000 + number))
        else:
            v.assign(rng.normal(size=shape))

result = {}
for name, build in builds.items():
    keras.utils.clear_session()
    model = build()
    own = list(model.variables)
    slots = list(model.optimizer.variables) if getattr(model, "optimizer", None) is not None else []
    fill([*own, *slots])
    files = [f"{name}.keras", f"{name}.weights.h5"]
    model.save(os.path.join(folder, files[0]))
    model.save_weights(os.path.join(folder, files[1]))
    if name == "adam":
        keras.saving.save_weights(model, os.path.join(folder, "parts.weights.json"), max_shard_size=1e-7)
        model.save(os.path.join(folder, "unzipped"), zipped=False)
    if name in ("adam", "rmsprop", "lion", "scaled", "half"):  # last: Keras forgets the optimizer of a model then
        files.append(f"{name}.h5")
        model.save(os.path.join(folder, files[2]))
    rows = []
    for v in [*own, *slots]:
        value = np.asarray(keras.ops.convert_to_numpy(v))
        rows.append([v.path, str(v.dtype), list(value.shape), value.tobytes().hex(), bool(v.trainable)])
    result[name] = {"model": model.name, "rows": rows, "files": files, "own": len(own)}
"""
