"""The pipe's messages: whatever bytes come, the parser hands out only sane messages in order or says what is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_studio.training.protocol import LINE_BYTES, Parser, ProtocolFault, encode


def test_messages_come_out_as_they_went_in_however_they_are_cut() -> None:
    said = [
        ("ready", {"pid": 3}),
        (
            "metrics",
            {
                "steps": [1, 2],
                "losses": [0.5, "NaN"],
                "scalars": {"accuracy": [None, 1]},
                "rate": 1.5,
                "done": 2,
            },
        ),
        ("log", {"text": "a\nb ü"}),
        ("stop", {}),
    ]
    data = b"".join(encode(number, kind, **fields) for number, (kind, fields) in enumerate(said))
    for size in (1, 7, len(data)):
        parser = Parser()
        got = [m for at in range(0, len(data), size) for m in parser.feed(data[at : at + size])]
        assert [(m.pop("type"), m) for m in got if m.pop("n") >= 0] == said


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"[]",
        b"{}",
        b'{"n":0,"type":"run_this"}',
        b'{"n":1,"type":"stop"}',
        b'{"n":true,"type":"stop"}',
        b'{"n":0,"type":["stop"]}',
        b'{"n":0,"type":"ready","pid":"3"}',
        b'{"n":0,"type":"ready","pid":true}',
        b'{"n":0,"type":"checkpoint","step":1e400,"name":"model.ckpt-1"}',
        b'{"n":0,"type":"checkpoint","step":NaN,"name":"model.ckpt-1"}',
        b'{"n":0,"type":"checkpoint","step":99999999999999999999,"name":"x"}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[],"scalars":{},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":["1"],"losses":[1],"scalars":{},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[[1]],"scalars":{},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":["hello"],"scalars":{},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[1],"scalars":{},"rate":1e999,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[1],"scalars":{"a":[1,2]},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[1],"scalars":{"a":["b"]},"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[1],"scalars":[1],"rate":1,"done":1}',
        b'{"n":0,"type":"metrics","steps":[1],"losses":[1],"rate":1,"done":1}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
def test_what_is_not_the_protocol_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolFault):
        list(Parser().feed(line + b"\n"))


def test_an_endless_line_is_refused_before_it_fills_the_memory() -> None:
    parser = Parser()
    for _ in range(LINE_BYTES // 1000):
        assert list(parser.feed(b"x" * 1000)) == []
    with pytest.raises(ProtocolFault, match="bytes"):
        list(parser.feed(b"x" * 1000))
    with pytest.raises(ProtocolFault, match="too long"):
        encode(0, "log", text="x" * LINE_BYTES)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {"n": st.just(0) | json_values, "type": st.sampled_from(["metrics", "checkpoint", "state", "done"])},
        optional=dict.fromkeys(("steps", "losses", "rate", "done", "step", "name", "state"), json_values),
    )
)
@settings(max_examples=200, deadline=None)
def test_any_fields_are_refused_or_of_the_right_kinds(fields: dict[str, Any]) -> None:
    with suppress(ProtocolFault):
        for message in Parser().feed(json.dumps(fields).encode() + b"\n"):
            assert message["n"] == 0
            if message["type"] == "metrics":
                assert all(isinstance(step, int) for step in message["steps"])
                assert len([float(loss or 0) for loss in message["losses"]]) == len(message["steps"])


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_or_wait_for_more(data: bytes) -> None:
    with suppress(ProtocolFault):
        list(Parser().feed(data))
