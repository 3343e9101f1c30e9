"""C variables found as IR values, through the register bindings of the lifter and the passes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from bpfcc.bpfir.bindings import Bindings
from bpfcc.bpfir.check import check
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.ops import Load, Value
from bpfcc.bpfir.passes import optimise
from bpfcc.errors import InputError
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


def without_sections(data: bytes, names: tuple[str, ...]) -> bytes:
    """The object with sections renamed, so that nobody finds them: as long as the name, with an `x` for its dot."""
    for name in names:
        data = data.replace(b"\0" + name.encode() + b"\0", b"\0x" + name[1:].encode() + b"\0")
    return data


def test_objects_without_btf_take_their_lines_from_debug_information(tmp_path: Path) -> None:
    source = tmp_path / "v.bpf.c"
    source.write_text(SOURCE)
    data = compile_c(source).object
    stripped = without_sections(data, (".BTF", ".BTF.ext", ".rel.BTF", ".rel.BTF.ext"))
    assert load(stripped).btf is None
    with_btf = load(data).programs["filter"].bytecode
    without = load(stripped).programs["filter"].bytecode
    assert without.code == with_btf.code
    shared = set(with_btf.lines) & set(without.lines)
    assert len(shared) > 5
    same = [slot for slot in shared if with_btf.lines[slot].line == without.lines[slot].line]
    assert len(same) >= len(shared) - 1
    second = without.functions[1].start
    assert without.lines[min(s for s in without.lines if s >= second)].line == 5


def test_malformed_debug_information_gives_no_lines(tmp_path: Path) -> None:
    source = tmp_path / "v.bpf.c"
    source.write_text(SOURCE)
    stripped = without_sections(compile_c(source).object, (".BTF", ".BTF.ext", ".rel.BTF", ".rel.BTF.ext"))
    at = ELFFile(io.BytesIO(stripped)).get_section_by_name(".debug_info")["sh_offset"]
    damaged = stripped[:at] + b"\xf0" * 8 + stripped[at + 8 :]
    assert dict(load(damaged).programs["filter"].bytecode.lines) == {}
    with pytest.raises(InputError):
        DebugInfo.from_elf(damaged).lines("xdp")
