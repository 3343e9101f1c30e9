"""Judging in confined children: what they say is checked, how they end is understood, and what one program does harms no other."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from bpfcc.errors import InputError, InternalError
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.objects import load
from bpfcc.frontend.toolchain import find_toolchain
from bpfcc.hints import from_text, to_text
from bpfcc.isolate import Limits, ReadRequest, judging
from bpfcc.isolate.channel import MAX_REPLY_BYTES, Channel, Lines, reply_bytes
from bpfcc.isolate.judge import JudgeRequest, answer_of_record
from bpfcc.isolate.judging import judge_object, judge_objects
from bpfcc.isolate.solver import SolverChild
from bpfcc.isolate.spawn import judge_line, parse_judge_request
from bpfcc.isolate.spawned import SpawnedCrew
from bpfcc.isolate.task import JudgedObject, JudgedProgram
from bpfcc.isolate.worker import ForkedCrew, ForkedWorker, Worker
from bpfcc.judgement import Rules
from bpfcc.smt import SmtAnswer, solver_version
from bpfcc.verdict_cache import VerdictCache
from bpfcc.verifier.options import Options
from tests.engines import Judgement, accepted, by_name, rejected, warned, with_engine
from tests.processes import no_child_left

linux = pytest.mark.skipif(sys.platform != "linux", reason="fork and seccomp are Linux's")
SMALL = Limits(wall_seconds=20, cpu_seconds=20, memory_bytes=256 << 20, answer_bytes=1 << 20)
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
int third(struct xdp_md *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&third } };
SEC("xdp") int first(struct xdp_md *ctx) { return XDP_PASS; }
SEC("xdp") int second(struct xdp_md *ctx) { return XDP_DROP; }
SEC("later") int third(struct xdp_md *ctx) { return XDP_TX; }
SEC("tc") int fourth(struct __sk_buff *skb) { bpf_tail_call(skb, &jumps, 0); return 0; }
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(autouse=True)
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner of the tests may have threads, which only sleep: engines of tests are there in forked children alone."""
    if sys.platform == "linux":
        monkeypatch.setattr("bpfcc.isolate.judging.choose_crew", ForkedCrew)


@cache
def object_bytes() -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.c"
        path.write_text(SOURCE)
        return compile_c(path, toolchain=find_toolchain(None)).object


def request(*programs: str, rules: Rules | None = None, **given: Any) -> JudgeRequest:
    return JudgeRequest(ReadRequest(object_bytes(), "x.o", programs=programs or None), rules or Rules(), **given)


def statuses(programs: Sequence[JudgedProgram]) -> dict[str, str | None]:
    return {each.key: each.verdict.status if each.verdict is not None else None for each in programs}


def at(name: str, what: Callable[[], Any]) -> Any:
    """An engine that does something at one program."""

    def engine(module: Any, request: Any) -> Judgement:
        if module.entry.name == name:
            what()
        return accepted(module, request)

    return engine


def forever() -> None:
    while True:
        pass


def hoard() -> None:
    pieces = []
    while True:
        pieces.append(bytearray(1 << 20))


# ---- answers


@linux
def test_every_program_gets_its_verdict_in_the_order_of_the_object(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"second": rejected("V011"), "fourth": warned("V024")}))
    found = judge_object(request(), limits=SMALL)
    assert statuses(found) == {"first": "accepted", "second": "rejected", "third": "unsupported", "fourth": "accepted"}
    assert [each.key for each in found] == list(load(object_bytes()).programs)
    for each in found:
        assert each.verdict is not None
        assert each.verdict.digest == (each.ir or "")
        assert each.verdict.section in {"xdp", "later", "tc"}
        assert each.verdict.stats.peak_kib > 1000
    second = next(each.verdict for each in found if each.key == "second")
    assert second is not None
    # The engine's own words, with the names that the source has.
    assert second.findings[0].message != "{base} is wrong"
    assert second.findings[0].source is not None
    assert second.findings[0].source.file.endswith("x.c")


@linux
def test_the_unknown_type_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    (found,) = judge_object(request("third"), limits=SMALL)
    assert found.verdict is not None
    (finding,) = found.verdict.findings
    assert (finding.code, finding.level, finding.cause) == ("V075", "error", "environment")
    assert "--type later=TYPE" in (finding.suggestion or "")
    typed = replace(request("third"), read=ReadRequest(object_bytes(), "x.o", {"later": "xdp"}, programs=("third",)))
    assert statuses(judge_object(typed, limits=SMALL)) == {"third": "accepted"}


@linux
@pytest.mark.parametrize("parts", [2, 3, 9])
def test_programs_are_shared_among_children(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"second": rejected("V011")}))
    alone = judge_object(request(), limits=SMALL)
    (found,) = judge_objects([request()], limits=SMALL, jobs=2, parts=parts)
    assert statuses(found.programs) == statuses(alone)
    assert [each.key for each in found.programs] == [each.key for each in alone]


@linux
def test_objects_come_in_order_whatever_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, at("first", lambda: sum(range(3_000_000))))
    bad = JudgeRequest(ReadRequest(b"rubbish", "bad.o"), Rules())
    given = JudgedObject("given.c", error=InputError("does not compile"))
    requests = [request("first"), bad, given, request("second"), replace(request("fourth"), sections=("nowhere",))]
    found = list(judge_objects(requests, limits=SMALL, jobs=4))
    assert [each.file for each in found] == ["x.o", "bad.o", "given.c", "x.o", "x.o"]
    assert [each.error is None for each in found] == [True, False, False, True, False]
    assert "no program in section 'nowhere'" in str(found[4].error)


@linux
def test_requests_are_taken_when_there_is_a_child_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    taken = []

    def requests() -> Iterator[JudgeRequest]:
        for number in range(6):
            taken.append(number)
            yield request("first")

    with no_child_left():
        answers = judge_objects(requests(), limits=SMALL, jobs=2)
        next(answers)
        # Two at work, and two whose children may have ended at once.
        assert len(taken) <= 4
        answers.close()  # type: ignore[attr-defined]


@linux
def test_programs_that_tail_calls_enter_are_judged_as_what_their_callers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    found = judge_object(request("fourth", targets=True), limits=SMALL)
    assert statuses(found) == {"fourth": "accepted", "third": "accepted"}
    assert found[1].verdict is not None
    assert found[1].verdict.type == "sched_cls"


# ---- how a child ends


@linux
@pytest.mark.parametrize(
    ("what", "limits", "says"),
    [
        (forever, replace(SMALL, wall_seconds=0.5), "time (0.5 s)"),
        (forever, replace(SMALL, cpu_seconds=1), "processor time (1 s)"),
        (hoard, SMALL, "memory (256 MiB)"),
        (lambda: bytearray(10 << 30), SMALL, "memory (256 MiB)"),
    ],
    ids=["wall", "cpu", "memory", "memory at once"],
)
def test_running_out_is_a_finding_that_says_of_what(what: Any, limits: Limits, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, at("second", what))
    found = judge_object(request("first", "second", "fourth"), limits=limits)
    assert statuses(found) == {"first": "accepted", "second": "rejected", "fourth": "accepted"}
    assert found[1].verdict is not None
    (finding,) = found[1].verdict.findings
    assert (finding.code, finding.cause, finding.level) == ("V071", "analysis-limit", "error")
    assert says in finding.message
    assert found[1].verdict.digest == ""


@linux
def test_a_killed_child_is_a_finding_too(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []
    start = ForkedCrew.start

    def noted(crew: ForkedCrew, request: JudgeRequest, limits: Limits) -> Worker:
        worker = start(crew, request, limits)
        children.append(worker._child)  # type: ignore[attr-defined]
        return worker

    monkeypatch.setattr(ForkedCrew, "start", noted)
    with_engine(monkeypatch, at("first", forever))

    def kill() -> None:
        # Once it has begun to judge.
        if len(killed) < 1 and children and time.monotonic() - begun > 0.6:
            os.kill(children[0], signal.SIGKILL)
            killed.append(children[0])

    killed: list[int] = []
    begun = time.monotonic()
    (found,) = judge_objects([request("first")], limits=SMALL, tick=kill)
    assert killed
    assert statuses(found.programs) == {"first": "rejected"}
    assert found.programs[0].verdict is not None
    assert "its process was killed" in found.programs[0].verdict.findings[0].message


@linux
def test_a_program_is_tried_again_alone_before_it_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second program needs what is left by the first: alone there is enough."""
    kept: list[bytearray] = []

    def take() -> None:
        kept.append(bytearray(150 << 20))

    def engine(module: Any, request: Any) -> Judgement:
        if module.entry.name in {"first", "second"}:
            take()
        return accepted(module, request)

    with_engine(monkeypatch, engine)
    assert statuses(judge_object(request("first", "second"), limits=SMALL)) == {"first": "accepted", "second": "accepted"}


@linux
def test_a_crash_is_a_bug_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, at("second", os.abort))
    found = judge_object(request("first", "second", "fourth"), limits=SMALL)
    assert statuses(found) == {"first": "accepted", "second": None, "fourth": "accepted"}
    assert isinstance(found[1].error, InternalError)
    assert re.search(r"crashed \(SIG[A-Z]+\) while it judged second", str(found[1].error))


@linux
def test_a_bug_in_the_engine_is_a_bug_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, at("second", lambda: {}["nothing"]))
    found = judge_object(request("first", "second", "fourth"), limits=SMALL)
    assert statuses(found) == {"first": "accepted", "second": None, "fourth": "accepted"}
    assert "KeyError" in str(found[1].error)


@linux
def test_a_structure_that_is_too_deep_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep() -> None:
        deep()

    with_engine(monkeypatch, at("first", deep))
    (found,) = judge_object(request("first"), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].code == "V071"
    assert "too deep" in found.verdict.findings[0].message


@linux
def test_a_child_can_do_nothing_but_judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import socket

    tried = {
        "read": lambda: Path("/etc/passwd").read_bytes(),
        "write": lambda: (tmp_path / "stolen").write_text("x"),
        "socket": socket.socket,
        "fork": os.fork,
        "stdin": lambda: os.read(0, 1),
    }

    def engine(module: Any, _request: Any) -> Judgement:
        worked = []
        for name, what in tried.items():
            try:
                what()
            except OSError:
                continue
            worked.append(name)
        return rejected("V075", message=f"worked: {worked}")(module, _request)

    with_engine(monkeypatch, engine)
    (found,) = judge_object(request("first"), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].message == "worked: []"


@linux
def test_no_child_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, at("second", forever))
    judge_object(request("first"), limits=SMALL)
    with no_child_left():
        judge_object(request(), limits=replace(SMALL, wall_seconds=0.3), jobs=2)


@linux
def test_a_child_that_is_left_is_seen() -> None:
    processes = []
    with pytest.raises(AssertionError), no_child_left():
        processes.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))
    for process in processes:
        process.communicate(b"\n")


# ---- what a child says is not believed


def scripted(*records: Any, raw: bytes | None = None) -> Any:
    """A crew whose children say just this, whatever they are asked."""

    class Crew:
        def start(self, _request: JudgeRequest, limits: Limits) -> Worker:
            data = raw if raw is not None else b"".join(json.dumps(record).encode() + b"\n" for record in records)
            return ForkedWorker(lambda channel: os.write(channel._answer_fd, data) and None, limits)

        def wait(self, workers: Sequence[Worker], timeout: float) -> list[tuple[Worker, bytes]]:
            return ForkedCrew().wait(workers, timeout)

    return Crew()


BEGIN = {"programs": [["first", "first", "xdp", "xdp"]], "share": [0], "needs_kernel_types": False}
DIGEST = "0" * 64


def verdict_record(**changes: Any) -> dict[str, Any]:
    program = {
        "section": "xdp", "name": "first", "type": "xdp", "verdict": "accepted", "findings": [], "stats": {}, "platform": "linux",
        "digest": DIGEST, "zeroed": {},
    } | changes  # fmt: skip
    return {"schema": "bpfcc.verify/1", "object": "x.o", "programs": [program]}


GOOD = [BEGIN, {"start": 0}, {"index": 0, "code": DIGEST, "ir": DIGEST, "verdict": verdict_record()}, {"end": True}]


@linux
def test_the_script_of_a_good_child_is_believed() -> None:
    (found,) = judge_object(request("first"), limits=SMALL, crew=scripted(*GOOD))
    assert found.verdict is not None
    assert found.verdict.accepted


ERROR = {"code": "V011", "level": "error", "message": "", "cause": "source", "insn": 0, "related": []}
RUBBISH: dict[str, list[Any]] = {
    "nothing": [],
    "no object": [[1, 2]],
    "programs of another kind": [BEGIN | {"programs": 3}],
    "a program without names": [BEGIN | {"programs": [["a", "b"]]}],
    "a program twice": [BEGIN | {"programs": BEGIN["programs"] * 2}],
    "no share": [{"programs": BEGIN["programs"], "needs_kernel_types": False}],
    "a share of another kind": [BEGIN | {"share": "0"}],
    "a share of what is not there": [BEGIN | {"share": [1]}],
    "a share that is too large": [BEGIN | {"share": [0, 0]}],
    "a program that nobody takes": [BEGIN | {"share": []}, {"end": True}],
    "an unknown word": [BEGIN, {"hello": 1}],
    "a start beyond the end": [BEGIN, {"start": 1}],
    "a start below zero": [BEGIN, {"start": -1}],
    "two starts": [BEGIN, {"start": 0}, {"start": 0}],
    "an answer without a start": [BEGIN, GOOD[2]],
    "an end without an answer": [BEGIN, {"end": True}],
    "an end inside": [BEGIN, {"start": 0}, {"end": True}],
    "words after the end": [*GOOD, {"start": 0}],
    "a digest that is none": [BEGIN, {"start": 0}, GOOD[2] | {"ir": "xyz"}],
    "a verdict of another digest": [BEGIN, {"start": 0}, GOOD[2] | {"ir": "1" * 64}],
    "accepted without a digest": [BEGIN, {"start": 0}, GOOD[2] | {"ir": None, "verdict": verdict_record(digest="")}],
    "accepted with an error": [BEGIN, {"start": 0}, GOOD[2] | {"verdict": verdict_record(findings=[ERROR])}],
    "no verdict": [BEGIN, {"start": 0}, {"index": 0, "code": DIGEST, "ir": DIGEST, "verdict": None}],
    "two verdicts": [BEGIN, {"start": 0}, GOOD[2] | {"verdict": verdict_record() | {"programs": verdict_record()["programs"] * 2}}],
    "a hit that was not asked for": [BEGIN, {"start": 0}, {"index": 0, "code": DIGEST, "ir": DIGEST, "hit": True}],
    "a question without a cache": [BEGIN, {"start": 0}, {"ask": [], "ir": DIGEST}],
    "hints of another kind": [BEGIN, {"start": 0}, GOOD[2] | {"hints": 3}],
    "a draft that is no verdict": [BEGIN, {"start": 0}, {"draft": {"verdict": 3}}],
    "a draft of nothing": [BEGIN, {"draft": GOOD[2]}],
    "kernel types again": [{"programs": [], "share": [], "needs_kernel_types": True}],
}  # fmt: skip


@linux
@pytest.mark.parametrize("name", sorted(RUBBISH))
def test_rubbish_is_an_input_error(name: str) -> None:
    with pytest.raises(InputError, match=r"x\.o: .*sensible answer"):
        judge_object(request("first"), limits=SMALL, crew=scripted(*RUBBISH[name]))


@linux
@pytest.mark.parametrize("data", [b"{", b"\xff\xfe\n", b"[" * 10_000 + b"\n", b"3\n", b"null\n", b"x" * 70_000 + b"\n"])
def test_bytes_that_are_no_records_are_an_input_error(data: bytes) -> None:
    with pytest.raises(InputError, match="sensible answer"):
        judge_object(request("first"), limits=SMALL, crew=scripted(raw=data))


@linux
def test_too_much_is_cut() -> None:
    with pytest.raises(InputError, match="more than 1048576 bytes"):
        judge_object(request("first"), limits=SMALL, crew=scripted(raw=b" " * (2 << 20)))


@linux
def test_an_error_of_the_child_is_the_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, accepted)
    with pytest.raises(InputError, match=r"bad\.o: "):
        judge_object(JudgeRequest(ReadRequest(b"\x7fELF" + bytes(100), "bad.o"), Rules()), limits=SMALL)


def test_lines_are_put_together_again() -> None:
    lines = Lines(1000, file=None)
    data = b'{"a": 1}\n{"b": 2}\n{"c"'
    assert [record for at in range(0, len(data), 5) for record in lines.feed(data[at : at + 5])] == [{"a": 1}, {"b": 2}]


def test_a_parent_that_is_gone_ends_the_child() -> None:
    reader, writer = os.pipe()
    channel = Channel(os.open(os.devnull, os.O_WRONLY), reader)
    os.write(writer, reply_bytes({"hit": True}))
    assert channel.ask({}) == {"hit": True}
    os.close(writer)
    with pytest.raises(OSError, match="does not reply"):
        channel.ask({})
    assert MAX_REPLY_BYTES > 0


# ---- the cache


@pytest.fixture
def kept(tmp_path: Path) -> VerdictCache:
    return VerdictCache(tmp_path / "c" / "verdicts")


@linux
def test_what_was_judged_is_not_judged_again(monkeypatch: pytest.MonkeyPatch, kept: VerdictCache) -> None:
    with_engine(monkeypatch, by_name({"second": rejected("V011"), "fourth": warned("V024")}))
    first = judge_object(request(), limits=SMALL, cache=kept)
    assert kept.contents()[0] == 3
    with_engine(monkeypatch, lambda *_: {}["must not be asked"])
    second = judge_object(request(), limits=SMALL, cache=kept)
    assert {each.key for each in second if each.cached} == {"first", "second", "fourth"}
    assert [each.verdict for each in second if each.cached] == [each.verdict for each in first if each.key != "third"]
    other = request("first", rules=Rules(options=Options(strict=True)))
    assert judge_object(other, limits=SMALL, cache=kept)[0].error is not None


@linux
def test_what_ran_out_is_not_kept(monkeypatch: pytest.MonkeyPatch, kept: VerdictCache) -> None:
    with_engine(monkeypatch, at("first", forever))
    assert statuses(judge_object(request("first"), limits=replace(SMALL, wall_seconds=0.3), cache=kept)) == {"first": "rejected"}
    assert kept.contents()[0] == 0
    with_engine(monkeypatch, accepted)
    assert statuses(judge_object(request("first"), limits=SMALL, cache=kept)) == {"first": "accepted"}


@linux
@pytest.mark.parametrize("record", [{}, {"schema": "bpfcc.verify/1"}, verdict_record(digest="1" * 64), verdict_record(verdict="fine")])
def test_a_cache_that_makes_no_sense_is_a_miss(record: Any, monkeypatch: pytest.MonkeyPatch, kept: VerdictCache) -> None:
    with_engine(monkeypatch, by_name({"first": rejected("V011")}))
    monkeypatch.setattr(VerdictCache, "get", lambda *_: record)
    (found,) = judge_object(request("first"), limits=SMALL, cache=kept)
    assert not found.cached
    assert found.verdict is not None
    assert found.verdict.status == "rejected"


# ---- explaining


@linux
@pytest.mark.parametrize("what", [forever, hoard, lambda: os.kill(os.getpid(), signal.SIGSEGV)])
def test_a_program_that_ends_the_child_while_it_looks_for_names_keeps_its_verdict(what: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"first": rejected("V011"), "second": rejected("V020")}))
    monkeypatch.setattr("bpfcc.isolate.judge.explain_verdict", lambda *_: what())
    found = judge_object(request("first", "second", "fourth"), limits=replace(SMALL, wall_seconds=0.5))
    assert statuses(found[:2]) == {"first": "rejected", "second": "rejected"}
    assert statuses(found) == {"first": "rejected", "second": "rejected", "fourth": "accepted"}
    for each in found[:2]:
        assert each.verdict is not None
        assert each.verdict.findings[0].message == "the address is wrong"


@linux
def test_names_do_not_change_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"first": rejected("V011")}))
    monkeypatch.setattr("bpfcc.isolate.judge.explain_verdict", lambda verdict, *_: replace(verdict, status="accepted", findings=()))
    with pytest.raises(InputError, match="no sensible answer"):
        judge_object(request("first"), limits=SMALL)


@linux
def test_a_search_that_ends_the_child_does_not_take_the_names_along(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"first": rejected("V011")}))
    monkeypatch.setattr("bpfcc.isolate.judge.illustrate", lambda *_: hoard())
    (found,) = judge_object(request("first"), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].source is not None


HINTS = {3: ({"packet": {12: 8, 13: 0}, "length": 34, "maps": {"m": {b"\0\1": b"\xff"}}, "data": b"x"}, {})}


@linux
def test_hints_reach_the_child_that_searches(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(verdict: Any, _program: Any, _module: Any, hints: Any) -> Any:
        return replace(verdict, findings=(replace(verdict.findings[0], known=repr(hints == HINTS)),))

    with_engine(monkeypatch, lambda module, request: replace(rejected("V011")(module, request), hints=HINTS))
    monkeypatch.setattr("bpfcc.isolate.judge.illustrate", search)
    (found,) = judge_object(request("first"), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].known == "True"


def test_hints_are_text_on_the_way() -> None:
    assert from_text(to_text(HINTS)) == HINTS
    assert to_text({}) == ""
    assert to_text({1: ({"packet": bytes(1 << 20)},)}) == ""


@pytest.mark.parametrize(
    "text", ["", "x", "3", "[]", "{}", '{"table": 3}', '{"table": [[{"table": []}, 1]]}', '{"bytes": "zz"}', "[" * 100_000]
)
def test_hints_that_make_no_sense_are_none(text: str) -> None:
    assert from_text(text) == {}


@linux
def test_without_explanation_there_is_one_child(monkeypatch: pytest.MonkeyPatch) -> None:
    with_engine(monkeypatch, by_name({"first": rejected("V011")}))
    monkeypatch.setattr("bpfcc.isolate.judge.explain_verdict", lambda *_: os.abort())
    (found,) = judge_object(request("first", rules=Rules(explain=False)), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].message == "the address is wrong"


# ---- kernel types


@linux
def test_a_program_that_asks_for_the_kernels_types_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(module: Any, request: Any) -> Judgement:
        if module.entry.name == "second" and request.kernel_types is not None:
            request.kernel_types.named("task_struct")
        return accepted(module, request)

    with_engine(monkeypatch, engine)
    assert set(statuses(judge_object(request("first", "second", "fourth"), limits=SMALL)).values()) == {"accepted"}


# ---- the solver


needs_z3 = pytest.mark.skipif(solver_version() is None, reason="z3 is not installed")
SATISFIABLE = "(declare-const x (_ BitVec 8))(declare-const b Bool)(assert (= (bvadd x #x01) #x00))(assert b)"


@linux
@needs_z3
def test_the_solver_answers_from_a_child_of_its_own() -> None:
    with no_child_left():
        solver = SolverChild(SMALL)
        assert solver.ask(SATISFIABLE, 1_000_000) == {"status": "sat", "model": {"x": 255, "b": 1}}
        assert solver.ask("(assert false)", 1_000_000)["status"] == "unsat"
        assert solver.ask("(this is no query", 1_000_000)["status"] == "unknown"
        assert solver.ask("(assert false)", 0)["status"] == "unknown"
        assert solver.ask("(assert false)", 1_000_000)["status"] == "unsat"
        assert "z3" not in sys.modules or sys.modules["z3"] is not None
        solver.close()


@linux
@needs_z3
def test_a_budget_of_steps_ends_a_query() -> None:
    hard = """
        (declare-const a (_ BitVec 64)) (declare-const b (_ BitVec 64)) (assert (= (bvmul a b) #xfffffffffffffff1))
        (assert (bvugt a #x0000000000000001)) (assert (bvugt b #x0000000000000001))
        (assert (bvult a #x00000000ffffffff)) (assert (bvult b #x00000000ffffffff))
    """
    solver = SolverChild(SMALL)
    assert solver.ask(hard, 10_000)["status"] == "unknown"
    solver.close()


@linux
@needs_z3
def test_a_solver_that_is_killed_does_not_know_and_is_started_again() -> None:
    solver = SolverChild(SMALL)
    assert solver.ask("(assert false)", 1_000_000)["status"] == "unsat"
    assert solver._worker is not None
    solver._worker.kill()
    assert solver.ask("(assert false)", 1_000_000)["status"] == "unknown"
    assert solver.ask("(assert false)", 1_000_000)["status"] == "unsat"
    solver.close()


@linux
@needs_z3
def test_queries_of_a_child_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(module: Any, request: Any, *, smt: Any = None) -> Judgement:
        answers = [smt(SATISFIABLE, 1_000_000).model.get("x"), smt("(assert false)", 1_000_000).status]
        return rejected("V075", message=f"{answers}")(module, request)

    engine.__annotations__["smt"] = "Smt"
    with_engine(monkeypatch, engine)
    (found,) = judge_object(request("first", smt=True), limits=SMALL)
    assert found.verdict is not None
    assert found.verdict.findings[0].message == "[255, 'unsat']"


@pytest.mark.parametrize(
    "record", [None, 3, {}, {"status": "yes"}, {"status": "sat", "model": [1]}, {"status": "sat", "model": {"x": "1"}}]
)
def test_a_solver_that_makes_no_sense_does_not_know(record: Any) -> None:
    assert answer_of_record(record) == SmtAnswer("unknown")


# ---- without a fork


@linux
def test_requests_to_judge_cross_a_pipe() -> None:
    verdict = judging_verdict()
    rules = Rules("linux", Options(deny=frozenset({"bounds"}), max_insns=5), explain=False)
    original = request(
        "first",
        rules=rules,
        illustrate={"first": verdict},
        hints={"first": "{}"},
        part=(1, 2),
        sections=("xdp",),
        targets=True,
        only=("a",),
        smt=True,
    )
    parsed = parse_judge_request(judge_line(original, SMALL))
    assert parsed is not None
    assert parsed[1] == SMALL
    assert parsed[0].read.data == original.read.data
    assert replace(parsed[0], read=original.read) == original


def judging_verdict() -> Any:
    (found,) = judge_object(request("first"), limits=SMALL, crew=scripted(*GOOD))
    return found.verdict


def test_a_fresh_process_judges_the_same() -> None:
    here = judge_object(request("first", "third"), limits=judging.JUDGE_LIMITS)
    there = judge_object(request("first", "third"), limits=judging.JUDGE_LIMITS, crew=SpawnedCrew())
    assert statuses(there) == statuses(here)
    assert [(each.code, each.ir) for each in there] == [(each.code, each.ir) for each in here]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('rubbish')", "no sensible answer"),
        ("import time; time.sleep(60)", "longer than 1 s"),
        ("pass", "no sensible answer"),
        ("import os; os.kill(os.getpid(), 9)", "more memory or time"),
    ],
)
def test_a_fresh_process_is_not_believed_either(code: str, message: str) -> None:
    crew = SpawnedCrew((sys.executable, "-S", "-c", code))
    with pytest.raises(InputError, match=message):
        judge_object(request("first"), limits=replace(SMALL, wall_seconds=1), crew=crew)


def test_a_command_that_does_not_exist_is_an_input_error() -> None:
    with pytest.raises(InputError, match="cannot be started"):
        judge_object(request("first"), limits=SMALL, crew=SpawnedCrew(("/nowhere/python",)))


# ---- late imports


def late_imports(path: Path) -> set[str]:
    """Modules that functions of a file import, as `module` or `module.name`."""
    found: set[str] = set()
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module)
    return found


ROOT = Path(__file__).parents[2]
# What only parents do: begin, write caches, load what children then have. z3 belongs to the solver's child.
IN_PARENTS = {"explain/cause.py", "explain/sarif.py", "explain/text.py", "explain/__init__.py", "types/__init__.py", "specs/tables.py"}


@pytest.mark.parametrize("runs", [False, True])
def test_no_child_imports_late(runs: bool) -> None:
    script = (
        "import sys\nfrom bpfcc.pipeline import warm_up as first\nfrom bpfcc.judgement import Rules, warm_up\n"
        f"first(lift=True)\nwarm_up(Rules(), runs={runs})\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.split())
    folders = (
        ["src/bpfcc/explain", "src/bpfcc/counterexamples", "runtime/maps", "backends/interp"]
        if runs
        else ["verifier", "src/bpfcc/types", "src/bpfcc/explain", "runtime/specs"]
    )
    late = {}
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            place = f"{path.parent.name}/{path.name}"
            unknown = late_imports(path) - loaded
            if unknown and place not in IN_PARENTS and "catalogue" not in path.parts:
                late[place] = unknown
    assert late == {}


@linux
def test_no_table_is_read_late(monkeypatch: pytest.MonkeyPatch) -> None:
    def engine(module: Any, request: Any) -> Judgement:
        # What is read when it is first asked for has been asked for.
        names = [name for name, value in vars(type(request.platform)).items() if isinstance(value, cached_property)]
        assert "kfuncs" in names
        for name in names:
            getattr(request.platform, name)
        return accepted(module, request)

    with_engine(monkeypatch, engine)
    for platform in ("linux", "windows"):
        (found,) = judge_object(request("first", rules=Rules(platform)), limits=SMALL)
        assert found.error is None
