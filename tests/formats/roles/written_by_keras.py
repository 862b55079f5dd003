"""What the TensorFlow child runs to write object-based checkpoints, and to say what each of their variables is.

Every variable gets a value of its own, by which the test finds it again: names, roles and values are checked in one.
What is expected is read off the living objects: a layer's attributes, the lists of an optimizer.
"""

from __future__ import annotations

PRELUDE = """
import keras
from keras import layers as L, optimizers as O
from tensorflow.python.trackable import trackable_utils

class Case:
    def __init__(self, name):
        self.name, self.rows, self.count = name, {}, 0

    def plain(self, variable):
        return variable._value if isinstance(variable, keras.Variable) else variable

    def note(self, variable, role, slot_of=None, slot_name=None):
        variable = self.plain(variable)
        for number, row in self.rows.items():
            if row["variable"] is variable:
                return number
        owner = None if slot_of is None else self.note(slot_of, "weight")
        self.count += 1
        variable.assign(tf.cast(tf.fill(variable.shape, self.count), variable.dtype))
        self.rows[self.count] = dict(variable=variable, name=variable.name.partition(":")[0], role=role,
                                     slot_of=owner, slot_name=slot_name)
        return self.count

    def model(self, model):
        moving = [v for layer in model._flatten_layers() for v in (getattr(layer, "moving_mean", None),
                  getattr(layer, "moving_variance", None)) if v is not None]
        for variable in model.variables:
            self.note(variable, "statistic" if any(variable is one for one in moving) else "weight")

    def optimizer(self, optimizer, lists=None):
        weights = optimizer._trainable_variables
        self.note(optimizer._iterations, "counter")
        self.note(optimizer._learning_rate, "metadata")
        for attribute in lists if lists is not None else SLOTS[type(optimizer).__name__]:
            for weight, slot in zip(weights, getattr(optimizer, attribute), strict=True):
                if slot is not None:
                    name = slot.name.removeprefix(weight.path.replace("/", "_") + "_")
                    self.note(slot, "slot", weight, attribute.strip("_") if attribute in ("_r", "_c") else name)

    def write(self, save=False, **objects):
        self.finish(tf.train.Checkpoint(**objects), save)
        if save:
            counter = dict(name="save_counter", role="counter", slot_of=None, slot_name=None)
            self.rows[1_000_000] = counter | {"path": "save_counter"}

    def finish(self, checkpoint, save=False):
        prefix = f"{args[0]}/{self.name}/ckpt"
        prefix = checkpoint.save(prefix) if save else checkpoint.write(prefix)
        _, paths = checkpoint._saver._graph_view.breadth_first_traversal()
        for number, row in list(self.rows.items()):
            variable = row.pop("variable")
            where = [path for node, path in paths.items() if self.plain(node) is variable]
            row["path"] = trackable_utils.object_path_to_string(where[0]) if where else None
            if not where and row["role"] != "slot":  # Keras does not save the state of a cell in a list, or of a seed
                del self.rows[number]
        result[self.name] = [prefix, self.rows]

SLOTS = {"SGD": ["momentums"], "Adam": ["_momentums", "_velocities"], "AdamW": ["_momentums", "_velocities"],
         "Adamax": ["_m", "_u"], "Nadam": ["_momentums", "_velocities"], "RMSprop": ["_velocities"],
         "Adagrad": ["_accumulators"], "Adadelta": ["_accumulated_grads", "_accumulated_delta_vars"],
         "Ftrl": ["_accumulators", "_linears"], "Lion": ["_momentums"], "Lamb": ["_momentums", "_velocities"],
         "Adafactor": ["_r", "_c", "_v"], "Muon": ["momentums", "adam_velocities"],
         "ScheduleFreeAdamW": ["_momentums", "_velocities"]}
result = {}

def small():
    return keras.Sequential([L.Input((4,)), L.Dense(3, name="first"), L.BatchNormalization(name="norm"),
                             L.Dense(2, name="second")])
"""

OPTIMIZERS = (
    PRELUDE
    + """
makers = {
    "sgd": (lambda: O.SGD(), []), "momentum": (lambda: O.SGD(momentum=0.9), None),
    "nesterov": (lambda: O.SGD(momentum=0.9, nesterov=True), None), "adam": (lambda: O.Adam(), None),
    "amsgrad": (lambda: O.Adam(amsgrad=True), ["_momentums", "_velocities", "_velocity_hats"]),
    "adamw": (lambda: O.AdamW(), None), "adamax": (lambda: O.Adamax(), None), "nadam": (lambda: O.Nadam(), None),
    "rmsprop": (lambda: O.RMSprop(), None),
    "rmsprop_all": (lambda: O.RMSprop(centered=True, momentum=0.5),
                    ["_velocities", "_momentums", "_average_gradients"]),
    "adagrad": (lambda: O.Adagrad(), None), "adadelta": (lambda: O.Adadelta(), None), "ftrl": (lambda: O.Ftrl(), None),
    "lion": (lambda: O.Lion(), None), "lamb": (lambda: O.Lamb(), None), "adafactor": (lambda: O.Adafactor(), None),
    "averages": (lambda: O.Adam(use_ema=True), ["_momentums", "_velocities", "_model_variables_moving_average"]),
    "accumulated": (lambda: O.SGD(gradient_accumulation_steps=2, momentum=0.9),
                    ["momentums", "_accumulated_gradients"]),
}
for name in ("Muon", "ScheduleFreeAdamW"):
    if hasattr(O, name):
        makers[name] = (getattr(O, name), None)
for name, (make, lists) in makers.items():
    case, model, optimizer = Case(name), small(), make()
    optimizer.build(model.trainable_variables)
    case.model(model)
    case.optimizer(optimizer, lists)
    if name == "nadam":
        case.note(optimizer._u_product, "counter")
    case.write(model=model, optimizer=optimizer)

case, model, inner = Case("loss_scale"), small(), O.Adam()
outer = O.LossScaleOptimizer(inner)
outer.build(model.trainable_variables)
case.model(model)
case.optimizer(inner)
case.optimizer(outer, [])
case.note(outer.step_counter, "counter")
case.note(outer.dynamic_scale, "metadata")
case.write(model=model, optimizer=outer)
"""
)

MODELS = (
    PRELUDE
    + """
def rich():
    inner = keras.Sequential([L.Input((4,)), L.Dense(4, name="inside"), L.BatchNormalization(name="bn")], name="inner")
    entry = keras.Input((5, 3))
    x = L.Bidirectional(L.LSTM(2, name="lstm", return_sequences=True), name="both")(entry)
    x = L.RNN(L.GRUCell(4, name="cell"), name="rnn")(x)
    shared = L.Dense(4, name="shared")
    return keras.Model(entry, L.Dense(2, name="out")(shared(shared(inner(inner(x))))))

class Twins(keras.Model):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.table = L.Dense(4), L.Dense(4), L.Embedding(5, 4)
        self.pair = [L.Dense(4), L.Dense(4)]

    def call(self, x):
        for layer in (self.first, self.second, *self.pair):
            x = layer(x)
        return x + self.table(tf.constant([1]))

for name, make in {"rich": O.Adam, "rich_muon": O.Muon}.items():
    case, model, optimizer = Case(name), rich(), make()
    optimizer.build(model.trainable_variables)
    case.model(model)
    case.optimizer(optimizer)
    case.write(save=name == "rich", model=model, optimizer=optimizer)
for name, make in {"twins": O.Adam, "twins_adafactor": O.Adafactor, "twins_muon": O.Muon}.items():
    case, model, optimizer = Case(name), Twins(), make()
    model(np.zeros((2, 4)))
    optimizer.build(model.trainable_variables)
    case.model(model)
    case.optimizer(optimizer)
    case.write(model=model, optimizer=optimizer)

case, generator, discriminator = Case("adversaries"), small(), small()
first, second = O.Adam(), O.SGD(momentum=0.9)
for model, optimizer in ((generator, first), (discriminator, second)):
    optimizer.build(model.trainable_variables)
    case.model(model)
    case.optimizer(optimizer)
case.write(generator=generator, discriminator=discriminator, one=first, two=second)

case, model = Case("compiled"), small()
model.compile("adam", "mse", metrics=["mae"])
model.fit(np.zeros((4, 4)), np.zeros((4, 2)), verbose=0)
case.model(model)
case.optimizer(model.optimizer)
case.finish(tf.train.Checkpoint(model))
"""
)

MODULES = (
    PRELUDE
    + """
class Holder(tf.Module):
    def __init__(self, case):
        super().__init__()

        def fresh(role="weight", value=0.0, **more):
            variable = tf.Variable(value, **more)
            case.note(variable, role)
            return variable

        self.some = [fresh(), fresh(name="two"), [fresh()], (fresh(), {"deep": fresh()})]
        self.by_key = {key: fresh() for key in ("a/b", "c.d", ".", "./.", "\\u00fc \\u2028x", "a.")}
        self.also = self.some[0]
        self.me = self
        self.global_step = fresh("counter", 0)
        self.epoch = fresh("counter", 0)
        self.learning_rate = fresh("metadata")
        self.moving_mean = fresh("statistic", np.zeros(3, np.float32))
        self.random = tf.random.Generator.from_seed(1)
        self.tracker = tf.Module()
        self.tracker.total, self.tracker.count = fresh("statistic"), fresh("statistic")
        self.total = fresh(value=np.zeros(2, np.float32))

case = Case("module")
holder = Holder(case)
case.note(holder.random._state_var, "counter")
case.write(save=True, holder=holder, extra=case.plain(holder.some[1]), data=iter(tf.data.Dataset.range(3)))

v1 = tf.compat.v1.train
makers = {
    "v1_sgd": (lambda: v1.GradientDescentOptimizer(0.1)), "v1_momentum": lambda: v1.MomentumOptimizer(0.1, 0.9),
    "v1_adam": lambda: v1.AdamOptimizer(), "v1_adagrad": lambda: v1.AdagradOptimizer(0.1),
    "v1_adadelta": lambda: v1.AdadeltaOptimizer(), "v1_ftrl": lambda: v1.FtrlOptimizer(0.1),
    "v1_rms": lambda: v1.RMSPropOptimizer(0.1, momentum=0.5, centered=True),
    "v1_proximal": lambda: v1.ProximalAdagradOptimizer(0.1),
}
for name, make in makers.items():
    case, optimizer, model = Case(name), make(), tf.Module()
    model.kernel = tf.Variable(tf.ones([3, 2]), name="dense/kernel")
    model.bias = [tf.Variable(tf.zeros([2]), name="dense/bias")]
    weights = [model.kernel, model.bias[0]]
    optimizer.apply_gradients([(tf.ones_like(w), w) for w in weights])
    for weight in weights:
        case.note(weight, "weight")
        for slot in optimizer.get_slot_names():
            case.note(optimizer.get_slot(weight, slot), "slot", weight, slot)
    for power in ("beta1_power", "beta2_power"):
        if name == "v1_adam":
            case.note(optimizer._get_non_slot_variable(power), "counter")
    case.write(model=model, optimizer=optimizer)

# What tf.keras 2.11 to 2.15 wrote: no list of weights, everything in `_variables`, names as `Adam/m/dense/kernel`.
class Optimizer2(tf.Module):
    def __init__(self, case, weights, name):
        super().__init__()
        self._variables, self._momentums, self._velocities = [], [], []
        self._iterations = tf.Variable(0, dtype=tf.int64, name="iteration")
        self._learning_rate = tf.Variable(0.1, name="learning_rate")
        case.note(self._iterations, "counter")
        case.note(self._learning_rate, "metadata")
        self._variables.append(self._iterations)
        for weight in weights:
            for slots, word in ((self._momentums, "m"), (self._velocities, "v")):
                slot = tf.Variable(tf.zeros_like(weight), name=f"{name}{word}/{weight.name[:-2]}", trainable=False)
                slots.append(slot)
                self._variables.append(slot)
                case.note(slot, "slot", weight, word)

for name, scope in (("tf_keras", "Adam/"), ("tf_keras_loss_scale", "")):
    case, model = Case(name), tf.Module()
    model.layers = [tf.Module(), tf.Module()]
    for i, layer in enumerate(model.layers):
        layer.kernel = tf.Variable(tf.ones([3, 2]), name=f"dense_{i}/kernel")
        layer.bias = tf.Variable(tf.ones([2]), name=f"dense_{i}/bias")
    weights = [w for layer in model.layers for w in (layer.kernel, layer.bias)]
    case.write(model=model, optimizer=Optimizer2(case, weights, scope))
"""
)
