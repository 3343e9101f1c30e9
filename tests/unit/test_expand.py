"""Calls and callbacks in the judged form: frames, returns, references, tail calls, and what is said of values in several copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.check import check
from bpfcc.bpfir.evaluate import Environment, evaluate
from bpfcc.bpfir.frame import ALL_BYTES
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Call, FrameAddr, Value
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.printer import print_module
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier import expand as expanding
from bpfcc.verifier import pseudo
from bpfcc.verifier.expand import NOWHERE, expand
from bpfcc.verifier.facts import pointers_of
from bpfcc.verifier.judge import judge
from bpfcc.verifier.options import Request
from bpfcc.verifier.unit import Surroundings
from tests.oracle.machine import Layout
from tests.oracle.memory import Memory, Region

if TYPE_CHECKING:
    from bpfcc.verifier.expand import Expanded
    from bpfcc.verifier.judge import Judgement

MAPS = (MapSpec("counts", "hash", 4, 8, 16), MapSpec("next", "prog_array", 4, 4, 8), MapSpec("events", "ringbuf", 0, 0, 4096))


def module_of(text: str, program_type: str = "xdp") -> Module:
    """Functions in the IR's textual form, with the maps of these tests."""
    module = parse_module("bpfir 1\n" + text)
    found = Module(module.functions, MAPS, type=program_type)
    check(found)
    return found


def request(program_type: str = "xdp") -> Request:
    return Request(load_platform("linux"), program_type, license="GPL")


def form_of(module: Module, program_type: str = "xdp") -> Expanded:
    form = expand(Surroundings(module, request(program_type)), module.entry)
    check(Module([form.fn, *module.functions[1:]], module.maps))
    return form


def judged(text: str, program_type: str = "xdp") -> Judgement:
    return judge(module_of(text, program_type), request(program_type))


def codes(text: str, program_type: str = "xdp") -> list[tuple[str, str, int]]:
    return [(f.code, f.function, f.insn) for f in judged(text, program_type).findings]


MAIN = "fn @main(v0) global {\nb0:\n"


def test_what_calls_nothing_stays_as_it_is() -> None:
    module = module_of(MAIN + "  exit 2 #0\n}\n")
    form = form_of(module)
    assert form.fn is module.entry
    assert not form.activations


def test_a_pointer_into_the_callers_frame_may_be_used_and_one_beyond_may_not() -> None:
    text = (
        MAIN + "  v1 = frame -16 #0\n  store.8 v1, 0, 1 #1\n  store.8 v1, 8, 2 #2\n  v2 = call @f(v1) #3\n  exit 2 #4\n}}\n"
        "fn @f(v0) static {{\nb0:\n  v1 = add.64 v0, {offset} #5\n  v2 = load.8 v1, 0 #6\n  exit 0 #7\n}}\n"
    )
    for offset, expected in ((8, []), (16, [("V010", "f", 6)]), (-600, [("V010", "f", 6)])):
        assert codes(text.replace("{offset}", f"{offset & (1 << 64) - 1:#x}").replace("{{", "{").replace("}}", "}")) == expected, offset


def test_folded_addresses_stay_in_the_frame_they_were_made_of() -> None:
    text = (
        MAIN + "  v1 = frame -16 #0\n  store.8 v1, 0, 1 #1\n  v2 = call @f(v1) #3\n  exit 2 #4\n}\n"
        "fn @f(v0) static {\nb0:\n  v3 = frame -8 #8\n  store.8 v3, 0, v0 #9\n  v1 = load.8 v3, 0 #5\n  v4 = add.64 v1, 8 #6\n"
        "  atomic_add.8 v4, 0, 1 #7\n  exit 0 #7\n}\n"
    )
    form = form_of(module_of(text))
    chains = {op.offset: form.frames[op] for op in form.fn.ops() if isinstance(op, FrameAddr)}
    assert chains[-8] == (0,)
    assert chains[-1024] == (0, 1)
    assert NOWHERE not in chains.values()


def test_the_address_of_a_frame_that_is_gone_is_not_returned() -> None:
    text = (
        MAIN + "  v1 = call @f() #0\n  v2 = load.8 v1, 0 #1\n  exit 2 #2\n}\nfn @f() static {\nb0:\n  v1 = frame -8 #3\n"
        "  store.8 v1, 0, 1 #4\n  exit v1 #5\n}\n"
    )
    assert ("V010", "f", 5) in codes(text)


def test_an_address_left_in_the_callers_frame_is_not_used_in_the_next_call() -> None:
    """Its frame would be another one."""
    text = (
        MAIN + "  v1 = frame -8 #0\n  store.8 v1, 0, 0 #1\n  v2 = call @f(v1) #2\n  v3 = call @f(v1) #3\n  exit 2 #4\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = load.8 v0, 0 #5\n  if eq.64 v1, 0 then b2 else b1 #6\n"
        "b1:\n  v2 = load.8 v1, 0 #7\n  jump b2 #7\nb2:\n  v3 = frame -8 #8\n  store.8 v3, 0, 7 #8\n  store.8 v0, 0, v3 #9\n"
        "  exit 0 #10\n}\n"
    )
    assert ("V010", "f", 7) in codes(text)


def test_nor_in_the_next_round() -> None:
    """The call is the same, and so is the activation; a back end may have put the frame somewhere else."""
    text = (
        MAIN + "  v1 = frame -8 #0\n  store.8 v1, 0, 0 #1\n  jump b1(0) #1\nb1(v2):\n  if ult.64 v2, 4 then b2 else b3 #2\n"
        "b2:\n  v3 = call @f(v1) #3\n  v4 = add.64 v2, 1 #3\n  jump b1(v4) #3\nb3:\n  exit 2 #4\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = load.8 v0, 0 #5\n  if eq.64 v1, 0 then b2 else b1 #6\nb1:\n  v2 = load.8 v1, 0 #7\n  jump b2 #7\n"
        "b2:\n  v3 = frame -8 #8\n  v4 = call helper 14() #8\n  store.8 v3, 0, v4 #8\n  v5 = atomic_fetch_add.8 v3, 0, 1 #8\n"
        "  store.8 v0, 0, v3 #9\n  v6 = atomic_fetch_add.8 v0, 0, 0 #9\n  exit 0 #10\n}\n"
    )
    assert ("V010", "f", 9) in codes(text)
    # Where the slot is promoted, a value goes round instead.
    text = text.replace("  v6 = atomic_fetch_add.8 v0, 0, 0 #9\n", "")
    assert 5 not in {op.insn for op in form_of(module_of(text)).fn.ops()}
    assert ("V010", "f", 7) in codes(text)


def test_nothing_is_written_in_a_new_frame() -> None:
    first = "  v1 = frame -8 #3\n  store.8 v1, 0, 1 #4\n"
    text = (
        MAIN
        + "  v1 = call @writes() #0\n  v2 = call @reads() #1\n  exit 2 #2\n}\nfn @writes() static {\nb0:\n"
        + first
        + "  v3 = call helper 14() #4\n  v2 = atomic_fetch_add.8 v1, 0, 1 #5\n  exit 0 #6\n}\n"
        "fn @reads() static {\nb0:\n  v1 = frame -8 #7\n  v2 = load.8 v1, 0 #8\n  exit 0 #9\n}\n"
    )
    found = judged(text)
    assert [(f.code, f.level, f.function, f.insn) for f in found.findings] == [("V002", "warning", "reads", 8)]
    assert found.zeroed == {"main": ALL_BYTES, "reads": ALL_BYTES}
    assert [(r.message, r.insn) for r in found.findings[0].related] == [("reads is called here", 1)]


def test_one_fault_in_two_calls_is_one_finding() -> None:
    text = (
        MAIN + "  v1 = call @f(v0) #0\n  v2 = call @f(v0) #1\n  exit 2 #2\n}\nfn @f(v0) static {\nb0:\n  v1 = load.8 v0, 200 #3\n"
        "  exit 0 #4\n}\n"
    )
    assert codes(text) == [("V012", "f", 3)]


def test_arguments_that_are_not_given_were_never_written() -> None:
    text = (
        MAIN + "  v1 = function @f #0\n  v2 = callx v1(v0) #1\n  exit 2 #2\n}\n"
        "fn @f(v0, v1) static {\nb0:\n  if eq.64 v1, 0 then b1 else b1 #3\nb1:\n  exit 0 #4\n}\n"
    )
    assert codes(text) == [("V001", "f", 3)]


def test_facts_are_of_the_values_of_the_module() -> None:
    text = (
        MAIN + "  v1 = call @f(3) #0\n  v2 = call @f(5) #1\n  exit 2 #2\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = call helper 7() #3\n  v2 = and.64 v1, v0 #3\n  v3 = frame -8 #3\n"
        "  store.8 v3, 0, v2 #4\n  exit v2 #5\n}\n"
    )
    module = module_of(text)
    facts = judge(module, request()).facts["f"][1]
    (param,) = module.functions[1].params
    masked = next(op for op in module.functions[1].ops() if op.insn == 3 and getattr(op, "kind", "") == "and")
    assert (facts.known(param).umin, facts.known(param).umax) == (3, 5)  # type: ignore[union-attr]
    assert facts.known(masked.result).umax == 5  # type: ignore[attr-defined, union-attr]
    assert facts.reached == set(module.functions[1].blocks)


def test_too_many_operations_are_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = "".join(f"  v{n + 1} = call @f{{next}}() #{n}\n" for n in range(3))
    text = "".join(f"fn @f{level}() static {{\nb0:\n{calls.replace('{next}', str(level + 1))}  exit 0 #6\n}}\n" for level in range(1, 6))
    text = MAIN + calls.replace("{next}", "1") + "  exit 2 #6\n}\n" + text + "fn @f6() static {\nb0:\n  exit 0 #7\n}\n"
    assert judged(text).status == "accepted"
    monkeypatch.setattr(expanding, "SMALL_OPS", 100)
    (finding,) = judged(text).findings
    assert (finding.code, finding.cause) == ("V071", "analysis-limit")


# ---- tail calls and packet loads --------------------------------------------------------------------------------------------


def test_a_tail_call_of_a_callee_returns_anything() -> None:
    text = (
        MAIN
        + "  v1 = call @f(v0) #0\n  if ugt.64 v1, 1 then b1 else b2 #1\nb1:\n  v2 = load.8 v0, 200 #2\n  exit 2 #3\nb2:\n  exit 2 #3\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = map 1 #4\n  v2 = call helper 12(v0, v1, 3) #5\n  exit 1 #6\n}\n"
    )
    assert codes(text) == [("V012", "main", 2)]
    assert codes(text.replace("call helper 12(v0, v1, 3)", "call helper 7()")) == []


def test_what_is_held_at_a_tail_call_is_said_once() -> None:
    text = (
        MAIN + "  v1 = call @f(v0) #0\n  exit 2 #1\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = map 2 #2\n  v2 = call helper 131(v1, 8, 0) #3\n  if eq.64 v2, 0 then b1 else b2 #4\n"
        "b1:\n  exit 0 #5\n"
        "b2:\n  v3 = assume v2 where ne.64 v2, 0 #4\n  v4 = map 1 #6\n  v5 = call helper 12(v0, v4, 3) #7\n"
        "  v6 = call helper 133(v3, 0) #8\n  exit 0 #9\n}\n"
    )
    assert codes(text) == [("V042", "f", 7)]


def test_a_packet_load_of_a_callee_may_return_zero_at_once() -> None:
    text = (
        MAIN
        + "  v1 = call @f(v0) #0\n  if eq.64 v1, 0 then b1 else b2 #1\nb1:\n  v2 = load.8 v0, 500 #2\n  exit 2 #3\nb2:\n  exit 2 #3\n}\n"
        "fn @f(v0) static {\nb0:\n  v1 = packet_load.1 v0, 0, 4 #4\n  exit 1 #5\n}\n"
    )
    assert codes(text, "socket_filter") == [("V012", "main", 2)]


# ---- callbacks ----------------------------------------------------------------------------------------------------------------

LOOP = (
    MAIN + "  v1 = frame -8 #0\n  store.8 v1, 0, 0 #1\n  v5 = load.4 v0, 16 #1\n  v2 = function @step #2\n"
    "  v3 = call helper 181({count}, v2, v1, 0) #3\n"
    "  v4 = load.8 v1, 0 #4\n  exit v4 #5\n}\n"
    "fn @step(v0, v1) static {\nb0:\n  v2 = load.8 v1, 0 #6\n  v3 = add.64 v2, v0 #7\n  store.8 v1, 0, v3 #8\n"
    "  if ugt.64 v0, 5 then b1 else b2 #9\nb1:\n  exit 1 #10\nb2:\n  exit 0 #11\n}\n"
)


def run(module: Module, rounds: int) -> int:
    """The judged form of the loop, on integers."""
    form = form_of(module)
    layout = Layout()
    memory = Memory([Region("packet", 0x1000, rounds.to_bytes(4, "little") * 8), Region("frame", layout.frame_top(0) - 1024, bytes(1024))])
    helpers = {pseudo.EXPANDED - 181: lambda *_args: 0, pseudo.LEAVE: lambda *_args: 0, pseudo.ENTER_FRAME: lambda *_args: 0}
    environment = Environment(memory, layout.frame_top, lambda _depth: None, lambda _depth: None, helpers=helpers)
    return evaluate(Module([form.fn, *module.functions[1:]], module.maps), (0x1000,), environment)


@pytest.mark.parametrize(("rounds", "total"), [(0, 0), (1, 0), (4, 6), (6, 15), (7, 21), (100, 21), ((1 << 23) + 1, 0)])
def test_a_loop_calls_until_it_is_told_to_stop(rounds: int, total: int) -> None:
    assert run(module_of(LOOP.replace("{count}", "v5")), rounds) == total
    assert run(module_of(LOOP.replace("{count}", str(rounds))), 0) == total


def test_the_loop_has_a_plain_shape() -> None:
    form = form_of(module_of(LOOP.replace("{count}", "16")))
    text = print_module(Module([form.fn]))
    assert ", 16 then" in text
    assert "store" not in text
    assert f"call helper {pseudo.EXPANDED - 181}(16, " in text


@pytest.mark.parametrize(("result", "expected"), [("1", []), ("2", ["V050"]), ("v1", ["V050"])])
def test_results_of_callbacks_are_looked_at(result: str, expected: list[str]) -> None:
    text = LOOP.replace("{count}", "16").replace("exit v4", "exit 2").replace("exit 1 #10", f"exit {result} #10")
    assert [(code, "step", 10) for code in expected] == codes(text)


def test_a_callback_that_may_be_one_of_several_is_refused() -> None:
    text = (
        MAIN + "  v1 = load.4 v0, 16 #0\n  if eq.64 v1, 0 then b1 else b2 #1\nb1:\n  v2 = function @step #2\n  jump b3(v2) #2\n"
        "b2:\n  v3 = function @other #3\n  jump b3(v3) #3\nb3(v4):\n  v5 = call helper 181(16, v4, 0, 0) #4\n  exit 2 #5\n}\n"
        "fn @step(v0) static {\nb0:\n  exit 0 #6\n}\nfn @other(v0) static {\nb0:\n  exit 1 #7\n}\n"
    )
    assert codes(text) == [("V065", "main", 4)]


EACH = (
    MAIN + "  v1 = map 0 #0\n  v2 = function @visit #1\n  v3 = call helper 164(v1, v2, 0, 0) #2\n  exit 2 #3\n}\n"
    "fn @visit(v0, v1, v2, v3) static {\nb0:\n  {body}\n  exit 0 #5\n}\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("v4 = load.4 v1, 0 #4", []),
        ("store.4 v1, 0, 1 #4", ["V015"]),
        ("v4 = load.8 v1, 0 #4", ["V014"]),
        ("store.8 v2, 0, 1 #4", []),
        ("store.8 v2, 8, 1 #4", ["V013"]),
        ("v4 = load.8 v3, 0 #4", ["V020"]),
        ("v4 = call helper 3(v0, v1) #4", []),
    ],
)
def test_elements_of_a_map(body: str, expected: list[str]) -> None:
    assert codes(EACH.replace("{body}", body)) == [(code, "visit", 4) for code in expected]


def test_the_form_of_a_loop_over_a_map_stops_anywhere() -> None:
    form = form_of(module_of(EACH.replace("{body}", "store.8 v2, 0, 1 #4")))
    calls = [op.helper for op in form.fn.ops() if isinstance(op, Call)]
    assert calls.count(pseudo.CHOICE) == 1
    assert pseudo.EXPANDED - 164 in calls


def test_frames_of_two_activations_are_two_regions() -> None:
    text = (
        MAIN + "  v1 = call @f() #0\n  v2 = call @f() #1\n  exit 2 #2\n}\n"
        "fn @f() static {\nb0:\n  v1 = frame -8 #3\n  v2 = call helper 14() #3\n  store.8 v1, 0, v2 #4\n"
        "  v3 = atomic_fetch_add.8 v1, 0, 1 #5\n  exit 0 #6\n}\n"
    )
    module = module_of(text)
    unit, facts = judge(module, request()).facts["f"]
    address = next(op.result for op in module.functions[1].ops() if isinstance(op, FrameAddr))
    assert len({p.region for p in pointers_of(facts.known(address))}) == 2
    assert all(isinstance(value, Value) for value in facts.of)
    assert unit.fn.frame_bytes == 1024
