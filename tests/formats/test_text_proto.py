"""Texts of protobuf mean what TensorFlow takes them for, which asks protobuf for Python, and nothing warns."""

from __future__ import annotations

import warnings

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from ckpt_studio.formats.protos.checkpoint_state_pb2 import CheckpointState
from ckpt_studio.formats.text_proto import TextFault, parse_text

PARTS = st.sampled_from(
    [
        r"a", r"\g", r"\?", r"\X41", r"\x4", r"\xzz", r"\777", r"\101", r"\8", r"\\", r"\n", r"\N",
        r"\u00e9", r"\ud800", r"\'", r"#", r"/", r"é", r" ", r"'", r"\N{BULLET}", r"\"", "\\"
    ]
)  # fmt: skip
LINES = st.lists(
    st.builds(
        "{}: {}{}{}".format,
        st.sampled_from(
            ["model_checkpoint_path", "all_model_checkpoint_paths", "unknown", "# model_checkpoint_path"]
        ),
        quote := st.sampled_from(['"', "'"]),
        st.lists(PARTS, max_size=6).map("".join),
        quote,
    ),
    max_size=3,
).map("\n".join)


@given(LINES)
def test_it_is_what_protobuf_for_python_takes_it_for(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = text_format.Merge(text, CheckpointState(), allow_unknown_field=True)
        except (text_format.ParseError, UnicodeError):
            expected = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if expected is None:
            with pytest.raises(TextFault):
                parse_text(text, CheckpointState())
        else:
            assert parse_text(text, CheckpointState()) == expected
