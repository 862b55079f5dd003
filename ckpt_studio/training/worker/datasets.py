"""Batches of a recipe's dataset: pulled inside the graph from one iterator that begins where the checkpoint stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from ckpt_studio.core.errors import RunFault
from ckpt_studio.training.arrays import info_of
from ckpt_studio.training.data import Input, plan_feeds
from ckpt_studio.training.feeder import Feeder
from ckpt_studio.training.worker.stepping import Batches, FedBatches


class DatasetBatches:
    """A `tf.data.Dataset`, over and over; the n-th step of a checkpoint's life takes its n-th batch.

    Args:
        dataset: its elements are batches.
    """

    def __init__(self, dataset: tf.data.Dataset) -> None:
        self._dataset = dataset
        self._at: int | None = None
        self._iterator: Any = None

    def spec(self) -> Any:
        """As `Batches.spec`."""
        return tf.data.IteratorSpec(self._dataset.element_spec)

    def take(self, at: int, count: int) -> Any:
        """As `Batches.take`."""
        if self._at != at:
            self._iterator = iter(afresh(self._dataset).repeat().skip(at))
        self._at = at + count
        return self._iterator

    def pick(self, taken: Any, i: tf.Tensor) -> Any:
        """As `Batches.pick`."""
        return taken.get_next()


def afresh(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The same dataset as if nobody had read it yet.

    Shuffling goes by how often it was begun, which a resource of the dataset counts; a shuffle of the first version has
    the same seeds and counts for itself.
    """
    try:
        told = tf.raw_ops.DatasetToGraphV2(input_dataset=dataset._variant_tensor, external_state_policy=1)
        graph = tf.compat.v1.GraphDef.FromString(told.numpy())
        for node in graph.node:
            if node.op == "ShuffleDatasetV3":
                node.op = "ShuffleDataset"
                del node.input[4]
        made = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
        return tf.data.experimental.from_variant(made, structure=dataset.element_spec)
    except (tf.errors.OpError, IndexError):  # it holds something that cannot be copied
        return dataset


def batches_of(dataset: Any, batch_size: int | None, seed: int) -> tuple[Batches, Any, tuple[str, ...]]:
    """The batches of whatever a recipe gave as its dataset, the first one, and why resuming is not exact.

    Raises:
        RunFault: it is none, or empty.
    """
    if isinstance(dataset, tf.data.Dataset):
        first = next(iter(afresh(dataset).take(1)), None)
        if first is None:
            raise RunFault("The recipe's dataset is empty.")
        return DatasetBatches(dataset), first, ()
    flat = tf.nest.flatten(dataset)
    if flat and all(isinstance(one, np.ndarray) for one in flat):
        batches = _array_batches(dataset, flat, batch_size, seed)
        return batches, batches.pick(batches.take(0, 1), tf.constant(0)), ()
    if not isinstance(dataset, Iterable):
        raise RunFault(
            "The recipe's dataset must be a tf.data.Dataset, arrays or an iterable of batches, "
            f"not {type(dataset).__name__}."
        )
    return _iterable_batches(dataset)


def _array_batches(dataset: Any, flat: list[Any], batch_size: int | None, seed: int) -> FedBatches:
    inputs = [
        Input(f"{place}:0", tf.as_dtype(one.dtype).name, (None, *one.shape[1:]), "Dataset")
        for place, one in enumerate(flat)
    ]
    arrays = {one.name: values for one, values in zip(inputs, flat, strict=True)}
    plan = plan_feeds(
        inputs,
        {name: info_of(name, one) for name, one in arrays.items()},
        {name: name for name in arrays},
        batch_size,
    )
    if plan.problems:
        raise RunFault(" ".join(plan.problems))
    feeder = Feeder(plan, arrays, seed)
    return FedBatches(
        feeder.many, lambda fed: tf.nest.pack_sequence_as(dataset, [fed[one.name] for one in inputs])
    )


def _iterable_batches(dataset: Iterable[Any]) -> tuple[Batches, Any, tuple[str, ...]]:
    source = list(dataset) if iter(dataset) is dataset else dataset  # what a generator gave is gone
    first = next(iter(source), None)
    if first is None:
        raise RunFault("The recipe's dataset is empty.")
    signature = tf.nest.map_structure(
        lambda one: tf.TensorSpec((None, *np.shape(one)[1:]), tf.as_dtype(np.asarray(one).dtype)), first
    )
    made = tf.data.Dataset.from_generator(lambda: iter(source), output_signature=signature)
    reason = "The dataset is made by Python code: a resumed run sees the same batches only if that gives them again."
    return DatasetBatches(made), tf.nest.map_structure(tf.constant, first), (reason,)
