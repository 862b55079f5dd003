"""The allow list of operations, held against TensorFlow's own registry."""

from __future__ import annotations

from ckpt_studio.formats.meta_graph.op_outputs import outputs_of
from ckpt_studio.formats.meta_graph.safe_ops import SAFE_OPS
from tests.helpers.tensorflow_child import TensorFlowChild

REACHING = """
import re
from tensorflow.python.framework import op_def_registry
word = re.compile(r"filename|address|hostname|directory|(^|_)file$")
found = []
for name in args[0]:
    op = op_def_registry.get(name)
    if op is not None:
        words = [a.name for a in op.input_arg] + [a.name for a in op.attr]
        if any(word.search(text) for text in words):
            found.append(name)
result = found
"""


def test_no_operation_on_the_allow_list_takes_a_file_or_an_address(tensorflow_child: TensorFlowChild) -> None:
    assert tensorflow_child(REACHING, ["Skipgram", "ReadFile"]) == ["Skipgram", "ReadFile"]
    assert tensorflow_child(REACHING, sorted(SAFE_OPS)) == []


OUTPUTS = """
from tensorflow.python.framework import op_def_registry
found = {}
for name in args[0]:
    op = op_def_registry.get(name)
    if op is not None and len(op.output_arg) != 1:
        lists = any(arg.number_attr or arg.type_list_attr for arg in op.output_arg[:-1])
        found[name] = None if lists else [arg.name for arg in op.output_arg]
result = found
"""


def test_outputs_are_those_of_the_registry(tensorflow_child: TensorFlowChild) -> None:
    several = tensorflow_child(OUTPUTS, sorted(SAFE_OPS))
    for name in SAFE_OPS:
        said = outputs_of(name)
        if said is not None:
            assert said == tuple(several.get(name) or ()), name
    assert outputs_of("FusedBatchNormV3") == tuple(several["FusedBatchNormV3"])
    assert outputs_of("ParseExample") is outputs_of("ReadFile") is None
