"""What rows are for where only their names tell, and what a graph's word is worth against them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_studio.core.tensors import Columns, Role
from ckpt_studio.formats.protos.object_graph_pb2 import TrackableObjectGraph
from ckpt_studio.formats.tf_bundle.bundle import open_bundle
from tests.helpers.bundles import BundleMaker, Record, shard_name
from tests.helpers.work import at_most


def columns_of(
    tmp_path: Path, shapes: dict[str, tuple[int, ...]], graph: TrackableObjectGraph | None = None
) -> Columns:
    made = BundleMaker()
    for key, shape in shapes.items():
        made.put(key, Record(1, shape, size=4 * int(np.prod(shape))).encode())
    made.shards[0] += bytes(4096)
    if graph is not None:
        made.add_strings("_CHECKPOINTABLE_OBJECT_GRAPH", [graph.SerializeToString()], ())
    return open_bundle(made.write(tmp_path / "m")).columns


@pytest.mark.parametrize(
    ("slot", "weight", "name"),
    [
        ("a/w/Adam", "a/w", "m"),
        ("a/w/Adam_1", "a/w", "v"),
        ("a/w/Adam_2", "a/w", "m"),
        ("a/w/Adam_3", "a/w", "v"),
        ("a/w/Momentum", "a/w", "momentum"),
        ("a/w/RMSProp_1", "a/w", "momentum"),
        ("a/w/adam_v", "a/w", "v"),
        ("train/scope/a/w/Adam", "a/w", "m"),
        ("Adam/a/w/m", "a/w", "m"),
        ("training/Adam/a/w/vhat", "a/w", "vhat"),
        ("a/w/part_0/Ftrl_1", "a/w", "linear"),
        ("a/w/t_0/Adagrad", "a/w", "accumulator"),
        ("a/w/art_12/Adam", "a/w", "m"),
        ("a/w/w/part_0/Adam_1", "a/w", "v"),
        ("a/w//w/part_3/Adam_1", "a/w", "v"),
        ("a/w/ExponentialMovingAverage", "a/w", "average"),
        ("a/w/.OPTIMIZER_SLOT/opt/m/.ATTRIBUTES/VARIABLE_VALUE", "a/w/.ATTRIBUTES/VARIABLE_VALUE", "m"),
    ],
)
def test_slots_by_name_need_a_weight_of_their_shape(
    tmp_path: Path, slot: str, weight: str, name: str
) -> None:
    info = columns_of(tmp_path, {weight: (2, 3), slot: (2, 3)}).of(slot)
    assert (info.role, info.slot_of, info.slot_name) == (Role.slot, weight, name)
    for others in ({weight: (3, 2)}, {weight: (2, 3, 1)}, {"other": (2, 3)}):
        info = columns_of(tmp_path, {**others, slot: (2, 3)}).of(slot)
        assert info.role in (Role.weight, Role.statistic)
        assert info.slot_of is None


@pytest.mark.parametrize(
    ("key", "role"),
    [
        ("global_step", Role.counter),
        ("beta2_power_1", Role.counter),
        ("optimizer/step_counter/.ATTRIBUTES/VARIABLE_VALUE", Role.counter),
        ("optimizer/_u_product/.ATTRIBUTES/VARIABLE_VALUE", Role.counter),
        ("dnn/learning_rate", Role.metadata),
        ("bn/moving_mean", Role.statistic),
        ("loss/ExponentialMovingAverage", Role.statistic),
        ("metrics/acc/total", Role.statistic),
        ("keras_api/metrics/0/count/.ATTRIBUTES/VARIABLE_VALUE", Role.statistic),
        ("total", Role.weight),
        ("Adam", Role.weight),
        ("m", Role.weight),
        ("Variable", Role.weight),
    ],
)
def test_other_roles_by_name(tmp_path: Path, key: str, role: Role) -> None:
    assert columns_of(tmp_path, {key: ()}).of(key).role == role


def test_a_large_variable_is_no_counter(tmp_path: Path) -> None:
    assert columns_of(tmp_path, {"step": (3, 3)}).of("step").role == Role.weight


def test_an_average_of_a_slot_belongs_to_the_weight(tmp_path: Path) -> None:
    columns = columns_of(tmp_path, {"w": (2,), "w/Adam": (2,), "w/Adam/ExponentialMovingAverage": (2,)})
    assert columns.of("w/Adam/ExponentialMovingAverage").slot_of == "w"
    assert columns.slots_by_weight == {0: (1, 2)}


def test_keras_slots_of_two_models_with_the_same_flat_name(tmp_path: Path) -> None:
    """`a/b_c` and `a_b/c` are both `a_b_c` in a slot's name: then the place in the list decides."""
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    graph = TrackableObjectGraph()
    root, optimizer = graph.nodes.add(), graph.nodes.add()
    root.children.add(node_id=1, local_name="optimizer")
    lists = {}
    for name in ("_trainable_variables", "_velocities", "_variables"):
        optimizer.children.add(node_id=len(graph.nodes), local_name=name)
        lists[name] = graph.nodes.add()
    optimizer.children.add(node_id=99, local_name="_iterations")
    shapes = {}
    for i, full_name in enumerate(["a/b_c", "a_b/c"]):
        for name, full in (("_trainable_variables", full_name), ("_velocities", "sgd/a_b_c_velocity")):
            key = f"optimizer/{name}/{i}{end}"
            lists[name].children.add(node_id=len(graph.nodes), local_name=str(i))
            lists["_variables"].children.add(
                node_id=len(graph.nodes), local_name=str(len(lists["_variables"].children))
            )
            graph.nodes.add().attributes.add(name="VARIABLE_VALUE", full_name=full, checkpoint_key=key)
            shapes[key] = (2,)
    columns = columns_of(tmp_path, shapes, graph)
    for i in range(2):
        slot = columns.of(f"optimizer/_velocities/{i}{end}")
        assert (slot.slot_of, slot.slot_name) == (f"optimizer/_trainable_variables/{i}{end}", "velocity")


def test_slots_of_an_optimizer_with_a_name_of_its_own(tmp_path: Path) -> None:
    """`AdamOptimizer(name="mine")`: believed where several weights have one of their shape, not for numbers alone."""
    shapes: dict[str, tuple[int, ...]] = {"beta1_power": (), "s": (), "s/mine": (), "s-t": (2,)}
    for weight, shape in {"a/w": (2, 3), "a/w_x": (4,), "b/w": (1,)}.items():
        shapes |= {weight: shape, f"{weight}/mine": shape, f"{weight}/mine_1": shape}
    shapes |= {"a/w/mine/deeper": (2, 3), "a/w/other": (2, 3), "b/w/mine_2": (2,)}
    columns = columns_of(tmp_path, shapes)
    for weight in ("a/w", "a/w_x", "b/w"):
        for part, name in (("mine", "m"), ("mine_1", "v")):
            info = columns.of(f"{weight}/{part}")
            assert (info.role, info.slot_of, info.slot_name) == (Role.slot, weight, name)
    other_shape = columns.of("b/w/mine_2")
    assert (other_shape.role, other_shape.slot_of, other_shape.slot_name) == (Role.slot, "b/w", "mine_2")
    for key in ("a/w/mine/deeper", "a/w/other", "s-t"):
        assert columns.of(key).role == Role.weight
    alone = columns_of(tmp_path, {"s": (), "s/mine": (), "t": (), "t/mine": ()})
    assert set(alone.role.tolist()) == {Role.weight}


def test_keras_on_tensorflow_1(tmp_path: Path) -> None:
    """Its optimizers numbered their slots: nothing says whose they are."""
    keys: dict[str, tuple[int, ...]] = {
        "dense/kernel": (2, 3),
        "training/Adam/Variable": (2, 3),
        "Variable": (2,),
    }
    keys |= {
        "training/Adam/Variable_1": (2, 3),
        "training/Adam/Variable_2": (1,),
        "Adam/beta_1": (),
        "Adam/lr": (),
    }
    keys |= {"SGD/momentum": (), "Adam/iterations": (), "scope/decay": (), "scope/Variable": (2,)}
    columns = columns_of(tmp_path, keys)
    roles = {key: columns.of(key).role for key in keys}
    assert [key for key, role in roles.items() if role == Role.slot] == [
        "training/Adam/Variable",
        "training/Adam/Variable_1",
    ]
    assert columns.of("training/Adam/Variable").slot_of is None
    assert [key for key, role in roles.items() if role == Role.counter] == ["Adam/iterations"]
    settings = {key for key, role in roles.items() if role == Role.metadata}
    assert settings == {"training/Adam/Variable_2", "Adam/beta_1", "Adam/lr", "SGD/momentum"}


def test_keras_optimizers_without_their_graph(tmp_path: Path) -> None:
    end = "/.ATTRIBUTES/VARIABLE_VALUE"
    keys = {f"optimizer/_trainable_variables/0{end}": (2, 3), f"optimizer/_variables/2{end}": (2, 3)}
    keys |= {
        f"optimizer/_variables/3{end}": (),
        f"model/_variables{end}": (2,),
        f"optimizer/_iterations{end}": (),
    }
    columns = columns_of(tmp_path, keys)
    roles = [columns.of(key).role for key in keys]
    assert roles == [Role.weight, Role.slot, Role.metadata, Role.weight, Role.counter]
    assert columns.of(f"optimizer/_variables/2{end}").slot_of is None


def test_thirty_thousand_names_are_quick(tmp_path: Path) -> None:
    made = BundleMaker()
    for i in range(10_000):
        for slot in ("", "/Adam", "/Adam_1"):
            made.put(f"model/layer_{i:05d}/attention/kernel{slot}", Record(1, (4, 3), size=48).encode())
    prefix = made.write(tmp_path / "m", per_block=5000)
    os.truncate(shard_name(prefix, 0, 1), 48)
    bundle = open_bundle(prefix)
    with at_most(30_000):
        role = bundle.columns.role
    assert np.count_nonzero(role == Role.slot) == 20_000
