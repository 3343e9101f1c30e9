"""Recursion, nesting, stack of chains of calls, and what a call does through others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bpfcc.bpfir.check import check
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.module import MapSpec
from bpfcc.bpfir.parser import parse_module
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.callgraph import CallGraph
from bpfcc.verifier.judge import judge
from bpfcc.verifier.options import Request
from bpfcc.verifier.unit import Surroundings

MAPS = (MapSpec("next", "prog_array", 4, 4, 8), MapSpec("timers", "array", 4, 16, 1))


def function(name: str, *ops: str, stack: int = 0) -> str:
    """A function that names `stack` bytes of its frame."""
    lines = [f"fn @{name}(v0) static {{", "b0:"]
    if stack:
        lines += [f"  v90 = frame -{stack} #0", "  store.8 v90, 0, 1 #0", "  v91 = atomic_fetch_add.8 v90, 0, 1 #0"]
    return "\n".join([*lines, *(f"  {op}" for op in ops), "  exit 0 #99", "}", ""])


def graph_of(*functions: str, program_type: str = "xdp") -> CallGraph:
    module = parse_module("bpfir 1\n" + "".join(functions))
    found = Module(module.functions, MAPS, type=program_type)
    check(found)
    return CallGraph(Surroundings(found, Request(load_platform("linux"), program_type)))


def faults(graph: CallGraph) -> list[tuple[str, str, int]]:
    return [(fault.problem.code, fault.function, fault.op.insn) for fault in graph.faults]


def call(name: str, insn: int, result: int = 1) -> str:
    return f"v{result} = call @{name}(v0) #{insn}"


def test_order_is_callers_first() -> None:
    graph = graph_of(
        function("main", call("a", 1), call("b", 2, 2)), function("a", call("b", 3)), function("b"), function("unused", call("a", 4))
    )
    assert graph.order == ["main", "a", "b"]
    assert graph.faults == []


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ([function("main", call("main", 1))], ("V061", "main", 1)),
        ([function("main", call("a", 1)), function("a", call("b", 2)), function("b", call("a", 3))], ("V061", "b", 3)),
        ([function("main", call("a", 1)), function("a", "v1 = function @a #2", "v2 = call helper 181(3, v1, 0, 0) #3")], ("V061", "a", 3)),
    ],
)
def test_recursion(functions: list[str], expected: tuple[str, str, int]) -> None:
    assert faults(graph_of(*functions)) == [expected]


def test_recursion_ends_the_judgement() -> None:
    module = Module(parse_module("bpfir 1\n" + function("main", call("a", 1)) + function("a", call("a", 2))).functions, MAPS)
    found = judge(module, Request(load_platform("linux"), "xdp"))
    assert (found.status, [f.code for f in found.findings]) == ("rejected", ["V061"])


@pytest.mark.parametrize(("frames", "expected"), [(8, []), (9, [("V063", "f7", 7)]), (40, [("V063", "f7", 7)])])
def test_nesting(frames: int, expected: list[tuple[str, str, int]]) -> None:
    assert faults(graph_of(*(function(f"f{n}", *([call(f"f{n + 1}", n)] if n + 1 < frames else [])) for n in range(frames)))) == expected


def test_the_longest_way_counts() -> None:
    """b is called by main with room enough, by a without."""
    functions = [
        function("main", call("b", 1), call("a", 2, 2), stack=185),
        function("a", call("b", 3), stack=200),
        function("b", stack=112),
    ]
    graph = graph_of(*functions)
    assert (faults(graph), graph.stack_bytes) == ([], 192 + 208 + 112)
    graph = graph_of(*functions[:2], function("b", stack=120))
    assert faults(graph) == [("V062", "a", 3)]
    assert graph.faults[0].problem.known == "bytes of frames: main 192, a 208, b 128"


def test_each_frame_by_itself() -> None:
    functions = [function("main", call("a", 1), stack=400), function("a", stack=400)]
    assert faults(graph_of(*functions)) == [("V062", "main", 1)]
    assert faults(graph_of(*functions, program_type="kprobe")) == []


def test_what_runs_later_has_a_stack_of_its_own() -> None:
    later = ["v1 = function @fires #1", "v2 = call helper 170(v0, v1) #2"]
    graph = graph_of(function("main", *later, stack=400), function("fires", *later, stack=400))
    assert faults(graph) == []
    assert graph.roots() == ["main", "fires"]


TAIL = ("v8 = map 0 #5", "v9 = call helper 12(v0, v8, 1) #6")


def test_tail_calls() -> None:
    assert faults(graph_of(function("main", *TAIL, stack=400))) == []
    assert faults(graph_of(function("main", call("a", 1), stack=240), function("a", *TAIL, stack=200))) == []
    assert faults(graph_of(function("main", call("a", 1), stack=250), function("a", *TAIL))) == [("V064", "a", 6)]
    callback = function("main", "v1 = function @a #1", "v2 = call helper 181(3, v1, 0, 0) #2")
    assert faults(graph_of(callback, function("a", call("b", 3)), function("b", *TAIL))) == [("V064", "b", 6)]


def test_tail_calls_of_functions_where_there_are_none() -> None:
    module = Module(parse_module("bpfir 1\n" + function("main", call("a", 1)) + function("a", *TAIL)).functions, MAPS)
    platform = load_platform("linux")
    around = Surroundings(module, replace(Request(platform, "xdp")))
    assert CallGraph(around).faults == []
    limits = platform.limits
    try:
        platform.limits = limits._replace(stack_bytes_tail_call=None)
        assert faults(CallGraph(around)) == [("V064", "a", 6)]
    finally:
        platform.limits = limits


def test_who_moves_the_packet() -> None:
    moves = "v1 = call helper 44(v0, 4) #3"
    graph = graph_of(
        function("main", call("a", 1), call("c", 2, 2)),
        function("a", call("b", 1)),
        function("b", moves),
        function("c", "v1 = call helper 7() #3"),
    )
    assert {name: graph.moves_packet(name) for name in ("a", "b", "c")} == {"a": True, "b": True, "c": False}


def test_who_may_sleep() -> None:
    sleeps = "v1 = call helper 148(v0, 8, 0) #3"
    graph = graph_of(function("main", call("a", 1), call("c", 2, 2)), function("a", call("b", 1)), function("b", sleeps), function("c"))
    assert {name: graph.sleeping(name) for name in ("a", "b", "c")} == {"a": "copy_from_user", "b": "copy_from_user", "c": None}
