"""Verdicts as JSON: the documented form, there and back again, and what is refused of a process that is not trusted."""

from __future__ import annotations

import json
import string
from copy import deepcopy
from importlib.resources import files
from typing import Any, get_args

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.diagnostics import SourcePosition
from bpfcc.errors import InputError
from bpfcc.explain import object_record, parse_record, verdict_record
from bpfcc.explain.parse import MAX_BYTES, MAX_ENTRIES, MAX_FINDINGS, MAX_INPUT_BYTES, MAX_RELATED
from bpfcc.explain.record import MAX_WIRE_TEXT
from bpfcc.verifier.codes import CODES
from bpfcc.verifier.verdict import Cause, Counterexample, Finding, Level, Related, Role, Stats, Status, Verdict

PLACE = SourcePosition("x.c", 14, 9, 14, 20, "    return *p;")
FINDING = Finding(
    "V011", "error", "2 bytes", "filter", 17, required="a", known="b", cause="analysis-limit", role="base",
    related=(Related("here", 9, PLACE), Related("there", -1)), suggestion="c", source=PLACE,
    counterexample=Counterexample(
        b"\x01\xff", None, {"ifindex": 3, "cb": (1, 2)}, {"m": [{"key": 1, "value": None}, "x", True]}, {"comm": "init", "seed": 9},
        "out of bounds", 7,
    ),
)  # fmt: skip
VERDICT = Verdict(
    "filter", "xdp", "xdp", "linux", "rejected", (FINDING, Finding("V060", "error", "loop", "filter", -1)),
    Stats(31, 40, 850, {"sparse_us": 600}, 1024, 120, 24, 99), "ab" * 32, {"filter": (1 << 512) - 1, "f2": 0},
)  # fmt: skip


def schema() -> Any:
    return json.loads((files("bpfcc") / "schemas" / "verify-1.json").read_text(encoding="utf-8"))


# ---- the documented form


def test_the_form_is_the_documented_one() -> None:
    assert object_record("x.o", [VERDICT]) == {
        "schema": "bpfcc.verify/1",
        "object": "x.o",
        "programs": [
            {
                "section": "xdp", "name": "filter", "type": "xdp", "verdict": "rejected",
                "findings": [
                    {
                        "code": "V011", "class": "bounds", "level": "error", "title": "access outside of the packet", "message": "2 bytes",
                        "insn": 17, "source": {"file": "x.c", "line": 14, "column": 9, "end_line": 14, "end_column": 20},
                        "required": "a", "known": "b", "cause": "analysis-limit",
                        "related": [
                            {
                                "message": "here", "insn": 9,
                                "source": {"file": "x.c", "line": 14, "column": 9, "end_line": 14, "end_column": 20},
                            },
                            {"message": "there", "insn": None, "source": None},
                        ],
                        "suggestion": "c",
                        "counterexample": {
                            "packet": "01ff", "data": None, "context": {"ifindex": 3, "cb": [1, 2]},
                            "maps": {"m": [{"key": 1, "value": None}, "x", True]},
                            "environment": {"comm": "init", "seed": 9}, "trap": "out of bounds", "steps": 7,
                        },
                    },
                    {
                        "code": "V060", "class": "termination", "level": "error", "title": "a loop without a bound", "message": "loop",
                        "insn": None, "source": None, "required": None, "known": None, "cause": "source", "related": [],
                        "suggestion": None, "counterexample": None,
                    },
                ],
                "stats": {
                    "insns": 31, "values": 40, "time_us": 850, "stages": {"sparse_us": 600}, "peak_kib": 1024, "max_path_insns": 120,
                    "stack_bytes": 24,
                },
            }
        ],
    }  # fmt: skip


def test_the_schema_takes_it() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(object_record("x.o", [VERDICT]), schema())
    jsonschema.validate(object_record("x.o", []), schema())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "bpfcc.verify/2"), (("programs", 0, "verdict"), "fine"), (("programs", 0, "findings", 0, "cause"), "me"),
        (("programs", 0, "findings", 0, "code"), "11"), (("programs", 0, "findings", 0, "extra"), 1),
        (("programs", 0, "stats", "insns"), -1),
        (("programs", 0, "findings", 0, "counterexample", "packet"), "0g"), (("programs", 0, "findings", 0, "source", "column"), 0),
    ],
)  # fmt: skip
def test_the_schema_refuses_others(path: tuple[Any, ...], value: object) -> None:
    document = object_record("x.o", [VERDICT])
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema())


# ---- there and back


def test_everything_comes_back() -> None:
    assert parse_record(json.dumps(object_record("x.o", [VERDICT], wire=True))) == ("x.o", (VERDICT,))
    assert parse_record(json.dumps(object_record("x.o", [VERDICT])).encode())[1][0].findings[0].counterexample == FINDING.counterexample


def test_the_public_form_is_read_too() -> None:
    _, (found,) = parse_record(object_record("x.o", [VERDICT]))
    assert (found.status, found.stats.max_path_insns, found.digest, found.zeroed) == ("rejected", 120, "", {})
    assert found.findings[0].role is None


TEXT = st.text(alphabet=string.ascii_letters + " {}é漢\t\n", max_size=12)
NUMBER = st.integers(0, 2**31 - 1)
WORD = st.integers(0, 2**64 - 1)
MAYBE_TEXT, MAYBE_NUMBER = st.none() | TEXT, st.none() | NUMBER
PLACES = st.none() | st.builds(SourcePosition, TEXT, NUMBER, NUMBER, MAYBE_NUMBER, MAYBE_NUMBER, MAYBE_TEXT)
RELATED = st.builds(Related, TEXT, st.integers(-1, 99), PLACES)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MAYBE_BYTES = st.none() | st.binary(max_size=8)
EXAMPLES = st.builds(
    Counterexample, MAYBE_BYTES, MAYBE_BYTES, st.dictionaries(TEXT, WORD | st.lists(WORD, max_size=3).map(tuple), max_size=2),
    st.dictionaries(TEXT, PLAIN, max_size=2), st.dictionaries(TEXT, WORD | TEXT, max_size=2), TEXT, NUMBER,
)  # fmt: skip
FINDINGS = st.builds(
    Finding, st.sampled_from(sorted(CODES)), st.sampled_from(get_args(Level)), TEXT, TEXT, st.integers(-1, 99), MAYBE_TEXT, MAYBE_TEXT,
    st.sampled_from(get_args(Cause)), st.none() | st.sampled_from(get_args(Role)), st.lists(RELATED, max_size=2).map(tuple), MAYBE_TEXT,
    PLACES, st.none() | EXAMPLES,
)  # fmt: skip
STATS = st.builds(Stats, NUMBER, NUMBER, NUMBER, st.dictionaries(TEXT, NUMBER, max_size=2), NUMBER, st.none() | NUMBER, NUMBER, NUMBER)
VERDICTS = st.builds(
    Verdict, TEXT, TEXT, st.none() | TEXT, TEXT, st.sampled_from(get_args(Status)), st.lists(FINDINGS, max_size=3).map(tuple), STATS,
    st.just("") | st.binary(min_size=32, max_size=32).map(bytes.hex), st.dictionaries(TEXT, st.integers(0, 2**512 - 1), max_size=2),
)  # fmt: skip


@given(VERDICTS)
def test_any_verdict_comes_back_or_contradicts_itself(verdict: Verdict) -> None:
    text = json.dumps(object_record("x.o", [verdict], wire=True))
    if verdict.accepted and any(finding.level == "error" for finding in verdict.findings):
        with pytest.raises(InputError, match="accepted with errors"):
            parse_record(text)
    else:
        assert parse_record(text) == ("x.o", (verdict,))


# ---- distrust


@pytest.mark.parametrize(
    "answer", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b'{"schema": "bpfcc.verify/1"}', '{"a": NaN}']
)
def test_what_is_no_document(answer: bytes | str) -> None:
    with pytest.raises(InputError, match=r"^f\.o: "):
        parse_record(answer, file="f.o")


WRONG: list[tuple[tuple[Any, ...], object]] = [
    (("object",), 3),
    (("programs",), {}),
    (("programs", 0), []),
    (("programs", 0, "name"), None),
    (("programs", 0, "name"), "x" * (MAX_WIRE_TEXT + 1)),
    (("programs", 0, "type"), 5),
    (("programs", 0, "verdict"), "accepted"),
    (("programs", 0, "verdict"), "Rejected"),
    (("programs", 0, "verdict"), ["rejected"]),
    (("programs", 0, "findings"), None),
    (("programs", 0, "findings"), [{}] * (MAX_FINDINGS + 1)),
    (("programs", 0, "findings", 0, "code"), "V999"),
    (("programs", 0, "findings", 0, "code"), {}),
    (("programs", 0, "findings", 0, "level"), "note"),
    (("programs", 0, "findings", 0, "cause"), ""),
    (("programs", 0, "findings", 0, "role"), "arg6"),
    (("programs", 0, "findings", 0, "insn"), -2),
    (("programs", 0, "findings", 0, "insn"), True),
    (("programs", 0, "findings", 0, "insn"), 1.5),
    (("programs", 0, "findings", 0, "insn"), 1 << 40),
    (("programs", 0, "findings", 0, "source"), "x.c:3"),
    (("programs", 0, "findings", 0, "source", "line"), -1),
    (("programs", 0, "findings", 0, "source", "file"), None),
    (("programs", 0, "findings", 0, "related"), [{"message": "m", "insn": 1, "source": None}] * (MAX_RELATED + 1)),
    (("programs", 0, "findings", 0, "related", 0, "message"), None),
    (("programs", 0, "findings", 0, "counterexample", "packet"), "0G"),
    (("programs", 0, "findings", 0, "counterexample", "packet"), "000"),
    (("programs", 0, "findings", 0, "counterexample", "packet"), "00" * (MAX_INPUT_BYTES + 1)),
    (("programs", 0, "findings", 0, "counterexample", "context"), {"a": -1}),
    (("programs", 0, "findings", 0, "counterexample", "context"), {"a": [1, "2"]}),
    (("programs", 0, "findings", 0, "counterexample", "context"), {"a": [1] * (MAX_RELATED + 1)}),
    (("programs", 0, "findings", 0, "counterexample", "environment"), {"a": None}),
    (("programs", 0, "findings", 0, "counterexample", "environment"), {str(n): 1 for n in range(MAX_RELATED + 1)}),
    (("programs", 0, "findings", 0, "counterexample", "context"), {str(n): 1 for n in range(MAX_ENTRIES + 1)}),
    (("programs", 0, "findings", 0, "counterexample", "maps"), {"a": [0] * (MAX_ENTRIES + 1)}),
    (("programs", 0, "findings", 0, "counterexample", "maps"), {"a": [[[[[[[[[[1]]]]]]]]]]}),
    (("programs", 0, "findings", 0, "counterexample", "maps"), {"a": 1.5}),
    (("programs", 0, "findings", 0, "counterexample", "maps"), {"a": 1 << 64}),
    (("programs", 0, "stats"), None),
    (("programs", 0, "stats", "insns"), "1"),
    (("programs", 0, "stats", "max_path_insns"), -1),
    (("programs", 0, "stats", "stages"), {str(n): 1 for n in range(MAX_RELATED + 1)}),
    (("programs", 0, "digest"), "ab"),
    (("programs", 0, "digest"), "AB" * 32),
    (("programs", 0, "zeroed"), []),
    (("programs", 0, "zeroed"), {"f": "0x1"}),
    (("programs", 0, "zeroed"), {"f": "f" * 129}),
    (("programs", 0, "zeroed"), {"f": 1}),
]


@pytest.mark.parametrize(("path", "value"), WRONG, ids=[f"{'.'.join(map(str, path))}-{n}" for n, (path, _) in enumerate(WRONG)])
def test_what_makes_no_sense_is_refused(path: tuple[Any, ...], value: object) -> None:
    document = deepcopy(object_record("x.o", [VERDICT], wire=True))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InputError, match="no verdict that makes sense"):
        parse_record(document)


def test_an_endless_answer_is_not_parsed() -> None:
    with pytest.raises(InputError, match="more than"):
        parse_record(b" " * (MAX_BYTES + 1))


def test_control_characters_do_not_come_through() -> None:
    evil = "a\x1b[2J\x9b\x07b"
    place = SourcePosition(evil, 1, text=evil)
    example = Counterexample(context={evil: 1}, maps={evil: [evil, {evil: evil}]}, environment={evil: evil}, trap=evil)
    finding = Finding(
        "V011",
        "error",
        evil,
        evil,
        1,
        evil,
        evil,
        related=(Related(evil, 1, place),),
        suggestion=evil,
        source=place,
        counterexample=example,
    )
    verdict = Verdict(evil, evil, evil, evil, "rejected", (finding,), Stats(stages={evil: 1}), zeroed={evil: 1})
    name, (found,) = parse_record(json.dumps(object_record(evil, [verdict], wire=True)))
    text = json.dumps([name, verdict_record(found, wire=True)], ensure_ascii=False)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
    assert "\N{REPLACEMENT CHARACTER}" in text


def test_a_child_sends_no_text_that_is_refused() -> None:
    long = "x" * (10 * MAX_WIRE_TEXT)
    place = SourcePosition(long, 1, text=long)
    finding = Finding("V011", "error", long, long, 1, long, long, related=(Related(long, 1, place),), suggestion=long, source=place)
    _, (found,) = parse_record(object_record("x.o", [Verdict("f", "xdp", "xdp", "linux", "rejected", (finding,))], wire=True))
    assert len(found.findings[0].message) == MAX_WIRE_TEXT
    assert verdict_record(Verdict("f", "xdp", "xdp", "linux", "rejected", (finding,)))["findings"][0]["message"] == long
