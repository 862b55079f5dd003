"""What the TensorFlow child runs to write SavedModels of every kind; `result` says what each of their variables is."""

from __future__ import annotations

WRITE = """
import os
import keras
from google.protobuf import text_format
from tensorflow.core.protobuf import saved_model_pb2
v1 = tf.compat.v1
result = {}

def number(variables):
    for value, variable in enumerate(variables, 1):
        variable.assign(tf.cast(tf.fill(variable.shape, value), variable.dtype))

def note(name, variables):
    variables = [getattr(one, "_value", one) for one in variables]
    number(variables)
    result[name] = {value: [one.name.partition(":")[0], one.trainable] for value, one in enumerate(variables, 1)}
    return f"{args[0]}/{name}"

class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.layers = [tf.Module(), tf.Module()]
        for i, layer in enumerate(self.layers):
            layer.w = tf.Variable(tf.ones([2, 3]), name=f"layer_{i}/w")
            layer.frozen = tf.Variable(tf.ones([4]), trainable=False, name=f"layer_{i}/frozen")
        self.moving_mean = tf.Variable(tf.ones([3]), name="moving_mean", trainable=True)
        self.me = self

    @tf.function(input_signature=[tf.TensorSpec([None, 2])])
    def __call__(self, x):
        return x @ self.layers[0].w

net = Net()
tf.saved_model.save(net, note("module", net.variables), signatures=net.__call__)

net = Net()
optimizer = v1.train.AdamOptimizer()
weights = [layer.w for layer in net.layers]
optimizer.apply_gradients([(tf.ones_like(w), w) for w in weights])
net.optimizer = optimizer
slots = [optimizer.get_slot(w, s) for w in weights for s in ("m", "v")]
powers = [optimizer._get_non_slot_variable(f"beta{i}_power") for i in (1, 2)]
tf.saved_model.save(net, note("optimizer", [*net.variables, *slots, *powers]))

def keras_model():
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(3, name="first"),
                              keras.layers.BatchNormalization(name="bn"), keras.layers.Dense(2, name="second")])
    model.get_layer("second").trainable = False
    return model

model = keras_model()
model.export(note("export", model.variables), verbose=False)
model = keras_model()
tf.saved_model.save(model, note("keras", model.variables))

def graph_session(name, make, tags=(("serve",),), as_text=False):
    path = f"{args[0]}/{name}"
    with tf.Graph().as_default(), v1.Session() as session:
        make()
        variables = v1.global_variables()
        session.run(v1.global_variables_initializer())
        for value, variable in enumerate(variables, 1):
            variable.load(np.full(variable.shape, value, variable.dtype.base_dtype.as_numpy_dtype), session)
        builder = v1.saved_model.builder.SavedModelBuilder(path)
        for i, tag in enumerate(tags):
            if i == 0:
                builder.add_meta_graph_and_variables(session, list(tag))
            else:
                builder.add_meta_graph(list(tag))
        builder.save(as_text=as_text)
        trainable = {one.op.name for one in v1.trainable_variables()}
        result[name] = {value: [one.op.name, one.op.name in trainable] for value, one in enumerate(variables, 1)}

def v1_net():
    w = v1.get_variable("net/w", [2, 3], use_resource=True)
    v1.get_variable("net/still", [3], trainable=False, use_resource=True)
    v1.train.MomentumOptimizer(0.1, 0.9).minimize(tf.reduce_sum(w), global_step=v1.train.get_or_create_global_step())

graph_session("v1", v1_net)
graph_session("v1_text", v1_net, as_text=True)
graph_session("v1_two", v1_net, tags=(("train",), ("serve", "gpu")))
graph_session("v1_none", lambda: tf.constant(1.0, name="c"))
with tf.Graph().as_default(), v1.Session() as session:
    x, w = v1.placeholder(tf.float32, [None, 2], name="x"), v1.get_variable("w", [2, 1])
    session.run(v1.global_variables_initializer())
    w.load(np.full([2, 1], 1.0, np.float32), session)
    v1.saved_model.simple_save(session, f"{args[0]}/simple", {"x": x}, {"y": x @ w})
    result["simple"] = {1: ["w", True]}

class Nothing(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([])])
    def __call__(self, x):
        return x + 1.0

tf.saved_model.save(Nothing(), f"{args[0]}/nothing")
result["nothing"] = {}

net = Net()
folder = note("text", net.variables)
tf.saved_model.save(net, folder, signatures=net.__call__)
with open(f"{folder}/saved_model.pb", "rb") as file:
    text = text_format.MessageToString(saved_model_pb2.SavedModel.FromString(file.read()))
with open(f"{folder}/saved_model.pbtxt", "w") as file:
    file.write(text)
os.remove(f"{folder}/saved_model.pb")
tf.saved_model.load(folder)
"""
