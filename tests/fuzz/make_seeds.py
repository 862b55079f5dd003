"""Writes the sound files that the campaign begins with: `python -m tests.fuzz.make_seeds FORMAT...`, with TensorFlow.

They are kept in the repository, because what stock libraries write is not the same byte for byte in every release.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save_file

from tests.helpers.bundles import BundleMaker
from tests.helpers.tensorflow_child import TensorFlowChild

SEEDS = Path(__file__).with_name("seeds")

TENSORFLOW = """
import os
v1 = tf.compat.v1
root = args[0]
def folder(*parts):
    path = os.path.join(root, *parts)
    os.makedirs(path)
    return path

names = ["float16", "float32", "bfloat16", "int8", "uint16", "int64", "complex64"]
tensors = [np.arange(6).reshape(2, 3).astype(tf.as_dtype(name).as_numpy_dtype) for name in names]
tensors += [np.array([True, False]), tf.constant([b"", b"ab", b"\\xff" * 9]), tf.constant("one"), tf.zeros([0, 3])]
tensors += [tf.cast(tf.constant([[0.5, -2.0]]), tf.dtypes.experimental.float8_e5m2)]
keys = [f"t{i}" for i in range(len(tensors))]
tf.raw_ops.SaveV2(prefix=folder("tf_bundle", "types") + "/m", tensor_names=keys, shape_and_slices=[""] * len(keys),
                  tensors=tensors)

def graph(session_work):
    with tf.Graph().as_default(), v1.Session() as session:
        w = v1.get_variable("net/w", [4, 3], partitioner=v1.fixed_size_partitioner(2), use_resource=True)
        b = v1.get_variable("net/b", [3], use_resource=True)
        v1.get_variable("frozen", [2], trainable=False)
        step = v1.train.get_or_create_global_step()
        loss = tf.reduce_sum(tf.convert_to_tensor(w)) + tf.reduce_sum(b)
        v1.train.MomentumOptimizer(0.1, 0.9).minimize(loss, global_step=step)
        session.run(v1.global_variables_initializer())
        session_work(session)

def save(session):
    v1.train.Saver().save(session, folder("tf_bundle", "slices") + "/m-5", write_meta_graph=False, write_state=False)
    v1.train.Saver().save(session, folder("meta", "graph") + "/m-5", write_state=False)
    saver = v1.train.Saver(save_relative_paths=True)
    state = folder("state", "two")
    for step in (1, 2):
        saver.save(session, state + "/m", global_step=step, write_meta_graph=False)
    old = v1.train.SaverDef.V1
    v1.train.Saver(write_version=old).save(session, folder("tf_v1", "one") + "/m-5", write_meta_graph=False,
                                           write_state=False)
    v1.train.Saver(write_version=old, sharded=True).save(session, folder("tf_v1", "sharded") + "/m-5",
                                                         write_meta_graph=False, write_state=False)
graph(save)
v1_types = ("float32", "int8", "int64", "bool", "string")
types = [t for t in tensors if tf.as_dtype(t.dtype).name in v1_types]
keys = [f"t{i}" for i in range(len(types))]
tf.raw_ops.Save(filename=folder("tf_v1", "types") + "/m", tensor_names=keys, data=types)

import keras
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2, name="first"),
                          keras.layers.BatchNormalization()])
optimizer = keras.optimizers.SGD(momentum=0.9)
optimizer.build(model.trainable_variables)
model.compile(optimizer, "mse")
model.save(folder("keras", "model") + "/m-3.keras")
model.save(folder("hdf5", "model") + "/m-3.h5")
model.save_weights(folder("hdf5", "weights") + "/m-3.weights.h5")
tf.train.Checkpoint(model=model, optimizer=optimizer).write(folder("object_graph", "keras") + "/m-3")

class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones([3, 2]), name="dense/w")
net = Net()
adam = v1.train.AdamOptimizer()
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(net.w)
adam.apply_gradients([(tape.gradient(loss, net.w), net.w)])
net.held = [tf.Variable([1, 2], name="held", trainable=False)]
net.call = tf.function(lambda x: x @ net.w, input_signature=[tf.TensorSpec([1, 3])])
tf.saved_model.save(net, folder("saved_model") + "/objects")
from tensorflow.core.protobuf import saved_model_pb2
from google.protobuf import text_format
with open(os.path.join(root, "saved_model", "objects", "saved_model.pb"), "rb") as file:
    proto = saved_model_pb2.SavedModel.FromString(file.read())
import shutil
shutil.copytree(os.path.join(root, "saved_model", "objects"), os.path.join(root, "saved_model", "text"))
os.unlink(os.path.join(root, "saved_model", "text", "saved_model.pb"))
del proto.meta_graphs[0].graph_def.node[:], proto.meta_graphs[0].graph_def.library.function[:]
del proto.meta_graphs[0].meta_info_def.stripped_op_list.op[:]
with open(os.path.join(root, "saved_model", "text", "saved_model.pbtxt"), "w") as file:
    file.write(text_format.MessageToString(proto))
with tf.Graph().as_default(), v1.Session() as session:
    w = v1.get_variable("w", [2])
    v1.get_variable("held", [2], trainable=False)
    session.run(v1.global_variables_initializer())
    v1.saved_model.simple_save(session, os.path.join(root, "saved_model", "builder"), {"w": w}, {"w": w})
tf.train.Checkpoint(net=net, optimizer=adam, step=tf.Variable(3, dtype=tf.int64)).write(
    folder("object_graph", "slots") + "/m-3")
"""


def big_endian(path: Path) -> None:
    made = BundleMaker(2, big_endian=True)
    made.add("w", np.arange(6, dtype=np.float32).reshape(2, 3), 1)
    made.add("w/Adam", np.zeros((2, 3), np.float32), 1, shard=1)
    made.add("c", np.array([1 + 2j], np.complex64), 8, shard=1)
    made.add_strings("words", [b"a", b"bc"], (2,))
    made.write(path / "m")


def arrays(root: Path) -> None:
    """safetensors and NumPy files."""
    values = {
        "dense/kernel": np.arange(6, dtype=np.float32).reshape(2, 3),
        "dense/kernel/Adam": np.zeros((2, 3), np.float32),
        "steps": np.array(7, np.int64),
        "half": np.ones(3, np.float16),
    }
    for name, metadata in (("plain", None), ("metadata", {"format": "np", "step": "12"})):
        save_file(values, made(root, "safetensors", name) / "m.safetensors", metadata=metadata)
    folder = made(root, "weight_map", "two")
    shards = [f"m-{place:05d}-of-00002.safetensors" for place in (1, 2)]
    for shard, keys in zip(shards, (("dense/kernel", "half"), ("dense/kernel/Adam", "steps")), strict=True):
        save_file({key: values[key] for key in keys}, folder / shard)
    places = dict(zip(values, (shards[0], shards[1], shards[1], shards[0]), strict=True))
    index = {"metadata": {"total_size": 62}, "weight_map": places}
    (folder / "m.safetensors.index.json").write_text(json.dumps(index))
    more = {
        **values,
        "texts": np.array(["a", "é"]),
        "bytes": np.array([b"ab", b""]),
        "turned": np.asfortranarray(values["dense/kernel"]),
    }
    for name, array in (*more.items(), ("big", np.arange(3).astype(">i4")), ("scalar", np.array(1.5))):
        np.save(made(root, "npy", name.replace("/", "_")) / "m.npy", array)
    np.savez(made(root, "npz", "stored") / "m.npz", **more)
    np.savez_compressed(made(root, "npz", "deflated") / "m.npz", **more)


def made(root: Path, *parts: str) -> Path:
    folder = root.joinpath(*parts)
    folder.mkdir(parents=True)
    return folder


def hdf5(path: Path) -> None:
    """What Keras does not write: chunks, compression, texts, links and attributes of all kinds."""
    with h5py.File(path / "m-3.h5", "w", libver="latest") as file:
        file.create_dataset(
            "packed", data=np.arange(600.0).reshape(20, 30), chunks=(7, 9), compression="gzip"
        )
        file.create_dataset(
            "shuffled", data=np.arange(64, dtype=np.int16), chunks=True, shuffle=True, fletcher32=True
        )
        group = file.create_group("a/b")
        group.create_dataset("texts", data=["one", "two"], dtype=h5py.string_dtype())
        group.create_dataset("fixed", data=np.array([b"ab", b"c"]))
        group["soft"] = h5py.SoftLink("/packed")
        group["outside"] = h5py.ExternalLink("other.h5", "/x")
        group.attrs["names"] = np.array([b"w", b"v"])
        group.attrs["text"] = "x" * 300
        group.create_dataset("records", data=np.zeros(2, [("a", "i4"), ("b", "f8")]))


def main(forms: list[str]) -> None:
    """Write the seeds of these formats anew; the numbers of their inputs then mean others."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        child = TensorFlowChild()
        child(TENSORFLOW, root)
        child.close()
        big_endian(made(root, "tf_bundle", "big_endian"))
        arrays(root)
        hdf5(made(root, "hdf5", "others"))
        for form in forms:
            shutil.rmtree(SEEDS / form, ignore_errors=True)
            shutil.copytree(root / form, SEEDS / form)


if __name__ == "__main__":
    main(sys.argv[1:])
