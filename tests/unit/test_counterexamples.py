"""Inputs that trap: found for programs that trap on some input, never for those that do not, and always replayed."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.ops import Atomic, AtomicFetch, Branch, Call, Load, Store
from bpfcc.bpfir.syntax import Names
from bpfcc.cli.app import run
from bpfcc.counterexamples import replay, run_arguments, search
from bpfcc.counterexamples.inputs import seed_for
from bpfcc.counterexamples.replaying import shrunk
from bpfcc.execution import prepare
from bpfcc.frontend.clang import compile_c
from bpfcc.pipeline import Source, open_object
from bpfcc.program import Object, Program
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.verdict import Counterexample, Finding

SOURCE = Path(__file__).parent.parent / "data" / "counterexamples.bpf.c"
ACCESSES = (Load, Store, Atomic, AtomicFetch, Call)
# The program that a marked function belongs to, where it is none itself.
CALLED_BY = {"value_at": "in_a_callee", "step": "in_a_callback"}


class Marker(NamedTuple):
    function: str
    line: int
    word: str
    code: str


def markers() -> list[Marker]:
    found, function = [], ""
    for number, line in enumerate(SOURCE.read_text().splitlines(), 1):
        named = re.match(r"(?:static __noinline )?(?:int|long|static long) (\w+)\(", line)
        function = named[1] if named else function
        marked = re.search(r"/\* (trap|never) (V\d+) \*/", line)
        if marked:
            found.append(Marker(function, number, marked[1], marked[2]))
    return found


@functools.cache
def compiled() -> Object:
    result = compile_c(SOURCE)
    assert not result.diagnostics
    return open_object(Source(SOURCE.name, result.object, compiled=True), isolated=False)


def program_of(marker: Marker) -> Program:
    return compiled().program(CALLED_BY.get(marker.function, marker.function))


def findings(marker: Marker) -> list[Finding]:
    """One for each access (of a loop: each branch) on the marked line."""
    module = program_of(marker).ir
    kinds = (Branch,) if marker.code == "V060" else ACCESSES
    # The test of a loop may lie in its body.
    last = marker.line + (marker.code == "V060")
    found = []
    for fn in module.functions:
        for op in fn.ops():
            place = module.position(op.insn) if isinstance(op, kinds) else None
            if place is not None and marker.line <= place.line <= last:
                found.append(Finding(marker.code, "error", "", fn.name, op.insn))
    return found


def found_for(program: Program, finding: Finding) -> Counterexample | None:
    found = search(program, program.ir, finding)
    if found is None:
        return None
    trap = replay(program, found)
    assert trap is not None
    assert str(trap) == found.trap
    assert trap.kind in {"budget", "reference"} or (trap.function, trap.insn) == (finding.function, finding.insn)
    return found


@pytest.mark.parametrize("marker", [m for m in markers() if m.word == "trap"], ids=lambda m: m.function)
def test_an_input_is_found(marker: Marker) -> None:
    wanted = findings(marker)
    assert wanted
    assert any(found_for(program_of(marker), finding) is not None for finding in wanted)


@pytest.mark.parametrize("marker", [m for m in markers() if m.word == "never"], ids=lambda m: m.function)
def test_none_is_found_where_none_is(marker: Marker) -> None:
    wanted = findings(marker)
    assert wanted
    assert [found_for(program_of(marker), finding) for finding in wanted] == [None] * len(wanted)


def test_every_program_is_marked() -> None:
    assert {CALLED_BY.get(m.function, m.function) for m in markers()} == set(compiled().programs)
    assert len(markers()) >= 28


def assembled(text: str, program_type: str = "xdp", maps: tuple[MapSpec, ...] = ()) -> Program:
    helpers = {number: helper.name for number, helper in load_platform("linux").helpers_by_id.items()}
    code = assemble(text, names=Names(helpers=helpers, maps=[spec.name for spec in maps]))
    return Program.from_bytes(code, type=program_type, maps=maps)


def at(insn: int, code: str = "V011", function: str = "main") -> Finding:
    return Finding(code, "error", "", function, insn)


def test_the_same_finding_gets_the_same_answer() -> None:
    marker = next(m for m in markers() if m.function == "nested_headers")
    first, second = (search(program_of(marker), program_of(marker).ir, findings(marker)[-1]) for _ in range(2))
    assert first == second


def test_without_runs_nothing_is_found() -> None:
    program = assembled("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 20)\nexit")
    assert search(program, program.ir, at(1), budget_runs=0) is None
    assert search(program, program.ir, at(1), budget_runs=5) is not None


@pytest.mark.parametrize("finding", [at(1, function="other"), at(99), at(-1), at(99, "V060")])
def test_a_finding_without_an_operation_has_none(finding: Finding) -> None:
    program = assembled("r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 20)\nexit")
    assert search(program, program.ir, finding) is None


def test_a_program_that_cannot_run_here_has_none() -> None:
    program = assembled("call get_current_task\nr0 = *(u64 *)(r0 + 8)\nexit", "kprobe")
    assert search(program, program.ir, at(1)) is None


def test_hints_come_first() -> None:
    # A hash of the packet that nothing here can undo.
    text = """
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 8
        if r4 > r3 goto out
        r5 = *(u32 *)(r2 + 0)
        r6 = *(u32 *)(r2 + 4)
        r5 *= r6
        r5 ^= r6
        r6 = r5
        r6 >>= 17
        r5 ^= r6
        r5 *= r5
        if w5 != 0x1bc9ca99 goto out
        r0 = *(u8 *)(r2 + 200)
    out:
        r0 = 2
        exit
    """
    program = assembled(text)
    first, second = 0x12345678, 0x9ABCDEF1
    mixed = first * second % 2**64 ^ second
    mixed ^= mixed >> 17
    program = assembled(text.replace("0x1bc9ca99", hex(mixed * mixed % 2**32)))
    hint = first.to_bytes(4, "little") + second.to_bytes(4, "little")
    assert search(program, program.ir, at(14)) is None
    found = search(program, program.ir, at(14), budget_runs=1, hints=[{"packet": hint}])
    assert found is not None
    assert found.packet == hint


def test_hints_say_fields_maps_and_lengths() -> None:
    table = MapSpec("table", "hash", 4, 8, 4)
    text = """
        r6 = r1
        *(u32 *)(r10 - 4) = 5
        r2 = r10
        r2 += -4
        r1 = map[table] ll
        call map_lookup_elem
        if r0 == 0 goto out
        r3 = *(u64 *)(r0 + 0)
        r4 = *(u32 *)(r6 + 16)
        r3 += r4
        r2 = *(u32 *)(r6 + 0)
        r2 += r3
        r0 = *(u8 *)(r2 + 0)
    out:
        r0 = 2
        exit
    """
    program = assembled(text, maps=(table,))
    insn = next(op.insn for op in program.ir.entry.ops() if isinstance(op, Load) and op.size_bytes == 1)
    hint = {
        "length": 30,
        "context": {"rx_queue_index": 20, "no_such_field": 1},
        "maps": {"table": {bytes([5, 0, 0, 0]): bytes([10]).ljust(8, b"\0")}, "other": {}},
    }
    found = search(program, program.ir, at(insn), budget_runs=1, hints=[hint])
    assert found is not None
    # The length is only one that will do: what is shown is the shortest.
    assert (found.packet, dict(found.context), found.maps) == (b"", {"rx_queue_index": 20}, {"table": [{"key": 5, "value": 10}]})


def test_packets_are_no_longer_than_the_fault_needs() -> None:
    text = """
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 14
        if r4 > r3 goto out
        r0 = *(u8 *)(r2 + 14)
    out:
        r0 = 2
        exit
    """
    program = assembled(text)
    insn = next(op.insn for op in program.ir.entry.ops() if isinstance(op, Load) and op.size_bytes == 1)
    long = Counterexample(packet=bytes(14) + b"x")
    assert shrunk(program, replace(long, packet=bytes(700)), lambda trap: trap.insn == insn).packet == bytes(700), (
        "no trap, nothing shorter"
    )
    assert shrunk(program, replace(long, packet=bytes(14)), lambda trap: trap.insn == insn).packet == bytes(14)
    found = search(program, program.ir, at(insn), budget_runs=20, hints=[{"length": 14}])
    assert found is not None
    assert found.packet == bytes(14)


def test_raw_memory_is_an_input() -> None:
    program = assembled("if r2 < 9 goto out\nr0 = *(u8 *)(r1 + 3)\nif r0 != 77 goto out\nr0 = *(u8 *)(r1 + 9)\nout: exit", "raw")
    found = found_for(program, at(3))
    assert found is not None
    assert found.data is not None
    assert (len(found.data), found.data[3]) == (9, 77)


def test_old_packet_loads_end_a_run_where_the_packet_does() -> None:
    text = "r6 = r1\nr0 = *(u16 *)skb[12]\nif r0 != 0x86dd goto out\nr2 = *(u32 *)(r6 + 76)\nr0 = *(u8 *)(r2 + 70)\nout: exit"
    program = assembled(text, "sched_cls")
    assert found_for(program, at(4)) is not None


@pytest.mark.parametrize("value", [0, 1, 0xFFFF_FFFF, 0x1234_5678])
@pytest.mark.parametrize("number", [0, 1, 5])
def test_a_seed_is_found_for_a_random_number(number: int, value: int) -> None:
    text = "call get_prandom_u32\n" * (number + 1) + "exit"
    with prepare(assembled(text), options=RunOptions(seed=seed_for(number, value)), checked=True) as exe:
        assert exe.run(packet=b"").return_value == value


@pytest.mark.parametrize(
    ("helper", "name"),
    [("get_prandom_u32", "seed"), ("ktime_get_ns", "clock_ns"), ("get_current_pid_tgid", "tid"), ("get_current_uid_gid", "uid")],
)
def test_surroundings_are_inputs(helper: str, name: str) -> None:
    program = assembled(f"call {helper}\nif w0 != 0x7654321 goto out\nr1 = 0\nr0 = *(u8 *)(r1 + 0)\nout: r0 = 0\nexit", "kprobe")
    found = found_for(program, at(3, "V022"))
    assert found is not None
    assert name in found.environment


def test_the_name_of_the_task_is_an_input() -> None:
    text = """
        r1 = r10
        r1 += -16
        r2 = 16
        call get_current_comm
        r3 = *(u32 *)(r10 - 16)
        if r3 != 0x68737a62 goto out
        r1 = 0
        r0 = *(u8 *)(r1 + 0)
    out:
        r0 = 0
        exit
    """
    found = found_for(assembled(text, "kprobe"), at(7, "V022"))
    assert found is not None
    assert str(found.environment["comm"]).startswith("bzsh")


def test_kernel_memory_that_is_not_here_is_no_counterexample() -> None:
    text = "r2 = *(u64 *)(r1 + 0)\nr0 = *(u32 *)(r2 + 16)\nr0 = 0\nexit"
    assert search(assembled(text, "lsm"), assembled(text, "lsm").ir, at(1, "V014")) is None
    assert search(assembled(text, "lsm"), assembled(text, "lsm").ir, at(1, "V020")) is not None


def test_a_context_that_was_only_made_short_is_no_counterexample() -> None:
    text = "r0 = *(u8 *)(r1 + 300)\nexit"
    assert search(assembled(text, "tracepoint"), assembled(text, "tracepoint").ir, at(0, "V012")) is None
    text = "r0 = *(u8 *)(r1 + 8192)\nexit"
    assert search(assembled(text, "tracepoint"), assembled(text, "tracepoint").ir, at(0, "V012")) is not None


def test_what_is_still_held_is_found() -> None:
    ring = MapSpec("events", "ringbuf", 0, 0, 4096)
    text = """
        r6 = *(u32 *)(r1 + 16)
        r1 = map[events] ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
        if r0 == 0 goto out
        if r6 == 1234 goto out
        r1 = r0
        r2 = 0
        call ringbuf_submit
    out:
        r0 = 2
        exit
    """
    program = assembled(text, maps=(ring,))
    found = found_for(program, at(12, "V040"))
    assert found is not None
    assert found.context["rx_queue_index"] == 1234


def test_fields_and_surroundings_are_arguments() -> None:
    found = Counterexample(packet=b"\1", context={"mark": 7, "cb": (1, 2, 3, 4, 5)}, environment={"clock_ns": 9, "repeat": 64})
    text = "--checked --program main --hex 01 --context mark=7 --context cb=1,2,3,4,5 --clock 9 --repeat 64"
    assert run_arguments(assembled("exit", "sched_cls"), found) == text.split()


@pytest.mark.parametrize("function", ["nested_headers", "second_lookup", "global_index", "by_register", "buffer_is_full"])
def test_the_command_shows_it(function: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marker = next(m for m in markers() if m.function == function)
    found = next(each for finding in findings(marker) if (each := found_for(program_of(marker), finding)) is not None)
    object_file, seeds = tmp_path / "programs.o", tmp_path / "maps.json"
    object_file.write_bytes(compile_c(SOURCE).object)
    arguments = run_arguments(program_of(marker), found)
    if "--maps" in arguments:
        where = arguments.index("--maps") + 1
        seeds.write_text(arguments[where])
        arguments[where] = str(seeds)
    assert run(["run", str(object_file), *arguments, "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)["programs"][0]["traps"]["shown"]
    assert [(trap["function"], trap["insn"]) for trap in shown] == [(function, findings(marker)[-1].insn)]
