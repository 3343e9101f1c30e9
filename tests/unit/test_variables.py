"""C variables found as IR values, through the register bindings of the lifter and the passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bpfcc.bpfir.bindings import Bindings
from bpfcc.bpfir.check import check
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.ops import Load, Value
from bpfcc.bpfir.passes import optimise
from bpfcc.frontend.clang import compile_c
from bpfcc.frontend.dwarf import DebugInfo
from bpfcc.frontend.dwarf_locations import OptimisedOut
from bpfcc.frontend.objects import load
from bpfcc.frontend.variables import Bound, span_of, variables_at
from bpfcc.runtime.specs import load_platform

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int twice(int amount) { return amount * 2 + (int)bpf_get_prandom_u32(); }

SEC("xdp") int filter(struct xdp_md *ctx)
{
    int unused = 5;
    __u32 queue = ctx->rx_queue_index;
    __u64 started = bpf_ktime_get_ns();
    if (queue > 3)
        return twice(queue);
    return started & 1 ? XDP_PASS : XDP_DROP;
}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, Bound]]]:
    """Every variable at every instruction of the program and its subprogram, by name."""
    source = Path(tmp_path_factory.mktemp("c") / "v.bpf.c")
    source.write_text(SOURCE)
    data = compile_c(source).object
    bytecode = load(data).programs["filter"].bytecode
    effects = load_platform("linux").effects
    module = lift(bytecode, type="xdp", effects=effects, bindings=True)
    optimise(module, effects)
    check(module)
    info = DebugInfo.from_elf(data)
    by_name: dict[str, list[tuple[int, Bound]]] = {}
    for insn in range(len(bytecode.code) // 8):
        for bound in variables_at(info, module, bytecode, insn):
            by_name.setdefault(bound.name, []).append((insn, bound))
            assert any(first <= insn < end for first, end in bound.insns) or isinstance(bound.value, OptimisedOut)
    return by_name


def test_a_variable_is_the_load_that_made_it(found: dict[str, list[tuple[int, Bound]]]) -> None:
    values = {b.value for _, b in found["queue"] if isinstance(b.value, Value)}
    assert values
    assert any(isinstance(v.definition, Load) and v.definition.offset == 16 for v in values)
    assert found["queue"][0][1].type_name == "__u32"


def test_the_context_is_the_parameter(found: dict[str, list[tuple[int, Bound]]]) -> None:
    bound = found["ctx"][0][1]
    assert isinstance(bound.value, Value)
    assert bound.value.definition is None
    assert bound.is_parameter


def test_what_was_optimised_out_says_so(found: dict[str, list[tuple[int, Bound]]]) -> None:
    assert any(isinstance(b.value, OptimisedOut) for _, b in found["started"])
    assert {b.value for _, b in found["unused"]} == {5}


def test_subprograms_are_found_where_they_were_linked(found: dict[str, list[tuple[int, Bound]]]) -> None:
    assert {b.function for _, b in found["amount"]} == {"twice"}
    assert any(isinstance(b.value, Value) for _, b in found["amount"])


def test_bindings_only_where_they_were_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "v.bpf.c"
    source.write_text(SOURCE)
    data = compile_c(source).object
    bytecode = load(data).programs["filter"].bytecode
    module = lift(bytecode, type="xdp")
    assert Bindings(module.entry).held(1, 1) is None
    assert span_of(bytecode, 10_000) is None
    assert variables_at(DebugInfo.from_elf(data), module, bytecode, 10_000) == []
