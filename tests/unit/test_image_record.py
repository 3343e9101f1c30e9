"""The record that an image carries: the same bytes for the same record, and nothing else is taken for one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.compat.image.record import SECTION, ProgramRecord, Record, read_record, record_c, record_json
from bpfcc.errors import InputError

DIGEST = "0123456789abcdef" * 4
PROGRAM = ProgramRecord("drop", "xdp", "xdp", "xdp", DIGEST, "accepted", 42)
RECORD = Record("drop.bpf.c", DIGEST, "windows", DIGEST, {"emit": "sys", "lines": True, "arch": "x86_64", "cc": None}, (PROGRAM,), "0.1.0")

texts = st.text(max_size=80)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
programs = st.builds(
    ProgramRecord, texts, texts, texts, st.none() | texts, digests,
    st.sampled_from(["accepted", "rejected", "unsupported", "unjudged"]), st.none() | st.integers(0, 1 << 40),
)  # fmt: skip
values = texts | st.integers(-(1 << 53), 1 << 53) | st.booleans() | st.none() | st.lists(texts, max_size=3).map(tuple)
records = st.builds(
    Record, texts, digests, texts, digests, st.dictionaries(texts, values, max_size=5),
    st.lists(programs, max_size=4).map(tuple), st.text(min_size=1, max_size=10),
)  # fmt: skip


@given(records, st.integers(0, 600))
def test_what_is_written_is_read(record: Record, padding: int) -> None:
    text = record_json(record)
    assert read_record(text + bytes(padding)) == record
    assert record_json(read_record(text)) == text


def test_it_does_not_depend_on_the_order_of_options() -> None:
    backwards = Record(**{name: getattr(RECORD, name) for name in RECORD.__slots__} | {"options": dict(reversed(RECORD.options.items()))})
    assert record_json(backwards) == record_json(RECORD)


def test_the_version_is_this_one_where_none_is_given() -> None:
    assert read_record(record_json(Record("x", DIGEST, "windows", DIGEST))).bpfcc.startswith("0.")


def test_c_text_holds_it() -> None:
    text = record_c(RECORD)
    body = text[text.index("= {") :]
    assert bytes(int(number) for number in re.findall(r"\d+", body)) == record_json(RECORD) + b"\0"
    assert f'section("{SECTION}")' in text
    # Names of other people's cannot end a comment or a string: there is none of their text in it.
    assert "drop" not in text


def test_accepted_means_every_program() -> None:
    assert RECORD.accepted
    rejected = ProgramRecord("b", "xdp", "xdp", None, DIGEST, "rejected")
    assert not Record("x", DIGEST, "windows", DIGEST, {}, (PROGRAM, rejected)).accepted
    assert not Record("x", DIGEST, "windows", DIGEST).accepted


def changed(**changes: Any) -> bytes:
    return json.dumps(json.loads(record_json(RECORD)) | changes).encode()


GOOD_PROGRAM = json.loads(record_json(RECORD))["programs"][0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (bytes(100), "empty"),
        (b"x" * ((1 << 20) + 1), "too long"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "schema"),
        (changed(schema="bpfcc.record/2"), "schema 'bpfcc.record/2'"),
        (changed(object="12"), "'object' is not a SHA-256"),
        (changed(object=None), "'object'"),
        (changed(source=3), "'source'"),
        (changed(source="x" * 5000), "'source' is too long"),
        (changed(source="\ud800"), "half a character"),
        (changed(options={"\udc00": 1}), "half a character"),
        (changed(platform="windows"), "'platform'"),
        (changed(options={"a": [3]}), "options"),
        (changed(options={"a": {}}), "options"),
        (changed(options={"a": 1.5}), "options"),
        (changed(options={"a": ["x"] * 257}), "options"),
        (changed(options={"a": 1 << 60}), "options"),
        (changed(options={"a": float("nan")}), "NaN"),
        (changed(max_insns=float("inf")), "Infinity"),
        (record_json(RECORD).replace(b'"source":', b'"source":"x","source":'), "a key twice"),
        (record_json(RECORD).replace(b'"arch":', b'"arch":"x","arch":'), "a key twice"),
        (record_json(RECORD).replace(b'"max_insns":42', b'"max_insns":' + b"4" * 5000), "not JSON"),
        (changed(programs=[GOOD_PROGRAM | {"max_insns": -1}]), "max_insns"),
        (changed(programs=[GOOD_PROGRAM | {"max_insns": 10**4000}]), "max_insns"),
        (changed(programs=[3]), "a program"),
        (changed(programs=[GOOD_PROGRAM] * 5000), "too many"),
        (changed(programs=[GOOD_PROGRAM | {"verdict": "fine"}]), "no verdict 'fine'"),
        (changed(programs=[GOOD_PROGRAM | {"max_insns": "3"}]), "max_insns"),
        (changed(programs=[GOOD_PROGRAM | {"ir": DIGEST.upper()}]), "'ir' is not a SHA-256"),
    ],
)
def test_everything_else_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        read_record(data)
