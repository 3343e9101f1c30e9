"""Names of C for registers of the bytecode, and the places of findings in the source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bpfcc
from bpfcc.explain import name_findings
from bpfcc.explain.naming import Namer
from bpfcc.explain.operands import Code, Immediate, Register
from bpfcc.frontend.clang import compile_c
from bpfcc.program import Program
from bpfcc.verifier.verdict import Finding, Related, Role

SOURCE = """\
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

struct flow { __u64 packets, bytes; __u8 slots[16]; };
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, __u32);
    __type(value, struct flow);
} flows SEC(".maps");

static __always_inline int parse(struct ethhdr *eth)
{
    struct iphdr *ip = (void *)(eth + 1);

    return ip->protocol == 6 ? ip->saddr : 0;
}

SEC("xdp") int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data;
    void *data_end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    __u32 key = 0;
    struct flow *flow;

    if (eth->h_proto != bpf_htons(ETH_P_IP))
        return XDP_PASS;
    key = parse(eth);
    flow = bpf_map_lookup_elem(&flows,
                               &key);
    flow->packets += 1;
    __sync_fetch_and_add(&flow->bytes, data_end - data);
    __u8 *bytes = data;
    __u32 count = bytes[60] & 15;
    bytes[count] = 4;
    flow->slots[key & 15] += 1;
    volatile __u8 local[12] = {};
    __u32 queue = ctx->rx_queue_index;
    local[queue] = 1;
    flow->slots[queue] = 1;
    return 1500 / count;
}
char _license[] SEC("license") = "GPL";
"""


def line_of(text: str) -> int:
    """The line of SOURCE with this text."""
    return next(number for number, line in enumerate(SOURCE.splitlines(), 1) if text in line)


class Named:
    """The program with what names it; instructions are found by the text of their line and their form."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.namer = Namer(program, program.ir)

    def insn(self, text: str, opcodes: tuple[int, ...]) -> int:
        line = line_of(text)
        for slot, insn in enumerate(self.program.instructions):
            position = self.program.ir.position(slot)
            if insn is not None and insn.opcode in opcodes and position is not None and position.line == line:
                return slot
        raise AssertionError(f"no such instruction on the line of {text!r}")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(tmp_path_factory.mktemp("naming") / "filter.bpf.c")
    path.write_text(SOURCE)
    return path


@pytest.fixture(scope="module")
def named(source: Path) -> Named:
    return Named(bpfcc.compile(source).programs["filter"])


LOAD1, LOAD4, LOAD8, CALL, STORE1, STORE8, DIV32, ADD64, EXIT = 0x71, 0x61, 0x79, 0x85, 0x73, 0x7B, 0x3C, 0x07, 0x95


@pytest.mark.parametrize(
    ("text", "opcode", "role", "name"),
    [
        ("eth->h_proto", LOAD1, "base", "eth"),
        ("ip->protocol", LOAD1, "base", "ip"),
        ("flow->packets", LOAD8, "base", "flow"),
        ("flow->packets", STORE8, "base", "flow"),
        ("flow->packets", STORE8, "value", "flow->packets + 1"),
        ("flow = bpf", CALL, "arg1", "&flows"),
        ("flow = bpf", CALL, "arg2", "&key"),
        ("flow = bpf", CALL, "result", "the result of bpf_map_lookup_elem()"),
        ("bytes[60]", LOAD1, "base", "bytes"),
        ("bytes[count] = 4", STORE1, "base", "&bytes[count]"),
        ("flow->slots[key & 15]", LOAD1, "base", "&flow->slots[key & 15]"),
        ("flow->slots[key & 15]", STORE1, "base", "&flow->slots[key & 15]"),
        ("local[queue] = 1", STORE1, "base", "&local[queue]"),
        ("1500 / count", DIV32, "rhs", "count"),
        ("1500 / count", DIV32, "lhs", "1500"),
    ],
)
def test_operands_have_the_names_of_the_source(named: Named, text: str, opcode: int, role: Role, name: str) -> None:
    assert named.namer.name(named.insn(text, (opcode,)), role) == name


def test_the_return_value(named: Named) -> None:
    exits = [slot for slot, insn in enumerate(named.program.instructions) if insn is not None and insn.opcode == EXIT]
    assert named.namer.name(exits[0], "value") == "the return value"


def test_findings_get_names_and_places(named: Named) -> None:
    at = named.insn("eth->h_proto", (LOAD1,))
    call = named.insn("flow = bpf", (CALL,))
    given = Finding(
        "V011", "error", "{base} + 12, and {nothing}", "filter", at, required="{base}", known="{base}", role="base",
        related=(Related("{base} comes from here", call), Related("no place", -1)),
    )  # fmt: skip
    (found,) = name_findings([given], named.program, named.program.ir)
    assert (found.message, found.required, found.known) == ("eth + 12, and {nothing}", "eth", "eth")
    assert found.source is not None
    assert (found.source.line, found.source.column) == (line_of("eth->h_proto"), 9)
    assert found.source.end_column == 9 + len("eth->h_proto")
    assert found.related[0].message == "eth comes from here"
    assert found.related[0].source is not None
    assert found.related[0].source.line == line_of("flow = bpf")
    assert found.suggestion == f"write `if ((void *)(eth + 1) > data_end) return XDP_PASS;` before line {line_of('eth->h_proto')}"


@pytest.mark.parametrize(
    ("code", "text", "opcode", "role", "suggestion"),
    [
        ("V020", "flow->packets", LOAD8, "base", "if (!flow) return XDP_PASS;"),
        ("V021", "1500 / count", DIV32, "rhs", "if (count == 0) return XDP_PASS;"),
        ("V010", "local[queue] = 1", STORE1, "base", "if (queue >= 12) return XDP_PASS;"),
        ("V013", "flow->slots[queue] = 1", STORE1, "base", "if (queue >= 16) return XDP_PASS;"),
        # Inlined: what that function returns is another matter. Its data_end is not in scope there.
        ("V020", "ip->protocol", LOAD1, "base", "if (!ip) return 0;"),
    ],
)
def test_suggestions(named: Named, code: str, text: str, opcode: int, role: Role, suggestion: str) -> None:
    (found,) = name_findings(
        [Finding(code, "error", "", "filter", named.insn(text, (opcode,)), role=role)], named.program, named.program.ir
    )
    assert found.suggestion == f"write `{suggestion}` before line {line_of(text)}"


def test_the_end_of_the_packet_is_called_as_it_is_here(named: Named) -> None:
    at, inlined = named.insn("eth->h_proto", (LOAD1,)), named.insn("ip->protocol", (LOAD1,))

    def required(insn: int, program: Named) -> str | None:
        given = Finding("V011", "error", "", "filter", insn, role="base", required="{base} <= data_end")
        return name_findings([given], program.program, program.program.ir)[0].required

    assert required(at, named) == "eth <= data_end"
    assert required(inlined, named) == "ip <= data_end"


@pytest.mark.parametrize("name", ["end", "pkt_end"])
def test_other_names_of_the_end(name: str, tmp_path: Path) -> None:
    source = tmp_path / "end.bpf.c"
    source.write_text(SOURCE.replace("*data_end =", f"*{name} =").replace("data_end - data", f"{name} - data"))
    found = Named(bpfcc.compile(source).programs["filter"])
    given = Finding("V011", "error", "", "filter", found.insn("eth->h_proto", (LOAD1,)), role="base", required="{base} <= data_end")
    (done,) = name_findings([given], found.program, found.program.ir)
    assert done.required == f"eth <= {name}"
    assert done.suggestion is not None
    assert f"> {name})" in done.suggestion


def test_a_check_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    source = tmp_path / "checked.bpf.c"
    source.write_text(SOURCE.replace("if (eth->h_proto", "if ((void *)(eth + 1)> data_end || eth->h_proto"))
    named = Named(bpfcc.compile(source).programs["filter"])
    at = next(slot for slot, insn in enumerate(named.program.instructions) if insn is not None and insn.opcode == LOAD1)
    given = Finding("V011", "error", "", "filter", at, role="base", suggestion="if ((void *)({base}) + 2 > data_end) return 0;")
    assert name_findings([given], named.program, named.program.ir)[0].suggestion is None


@pytest.mark.parametrize(("code", "role"), [("V050", "value"), ("V020", None), ("V011", "arg1")])
def test_no_suggestion_where_nothing_is_sure(named: Named, code: str, role: Role | None) -> None:
    at = named.insn("bytes[60]", (LOAD1,))
    (found,) = name_findings([Finding(code, "error", "", "filter", at, role=role)], named.program, named.program.ir)
    assert found.suggestion is None


def test_a_suggestion_of_the_engine_is_kept(named: Named) -> None:
    at = named.insn("flow->packets", (LOAD8,))

    def suggestion(code: str, text: str) -> str | None:
        given = Finding(code, "error", "", "filter", at, role="base", suggestion=text)
        return name_findings([given], named.program, named.program.ir)[0].suggestion

    assert suggestion("V041", "test {base}") == "test flow"
    # A check gets the place and the way out; ours, where there is one, goes before it.
    assert (
        suggestion("V035", "if ({base} > 3) return 0;") == f"write `if (flow > 3) return XDP_PASS;` before line {line_of('flow->packets')}"
    )
    assert suggestion("V020", "if (!{base}) return 0;") == f"write `if (!flow) return XDP_PASS;` before line {line_of('flow->packets')}"
    assert suggestion("V035", "if (r3 > 3) return 0;") is None


def test_findings_without_an_instruction_stand_at_their_function(named: Named) -> None:
    (found,) = name_findings([Finding("V060", "error", "a loop", "filter", -1)], named.program, named.program.ir)
    assert found.source is not None
    assert found.source.column == 0
    (found,) = name_findings([Finding("V060", "error", "a loop", "nowhere", -1)], named.program, named.program.ir)
    assert found.source is None


def test_every_operand_of_every_instruction_has_a_name(named: Named) -> None:
    roles: tuple[Role, ...] = ("base", "value", "lhs", "rhs", "result", "arg1", "arg2", "arg3", "arg4", "arg5")
    for slot in range(-1, len(named.program.instructions) + 1):
        for role in roles:
            assert named.namer.name(slot, role)


def stripped(data: bytes) -> bytes:
    """The object with its debug sections renamed, so that nobody finds them."""
    for name in (".debug_info", ".debug_line", ".debug_loclists"):
        data = data.replace(b"\0" + name.encode() + b"\0", b"\0x" + name[1:].encode() + b"\0")
    return data


def test_without_debug_information_the_line_has_the_names(source: Path) -> None:
    named = Named(bpfcc.load(stripped(compile_c(source).object)).programs["filter"])
    assert named.namer.variables(named.insn("eth->h_proto", (LOAD1,))) == []
    assert named.namer.name(named.insn("eth->h_proto", (LOAD1,)), "base") == "eth"
    assert named.namer.name(named.insn("flow = bpf", (CALL,)), "arg2") == "&key"


def test_broken_debug_information_is_none(source: Path) -> None:
    data = compile_c(source).object
    start = data.index(b"\x05\x00\x01\x08")
    broken = data[:start] + b"\xff" * 40 + data[start + 40 :]
    named = Named(bpfcc.load(broken).programs["filter"])
    assert named.namer.name(named.insn("flow->packets", (LOAD8,)), "base") == "flow"


def test_bytes_without_anything_have_registers() -> None:
    from bpfcc.bpfir.assembler import assemble

    code = assemble("r6 = r1\nr2 = *(u32 *)(r6 + 0)\nr3 = r10\nr3 += -8\n*(u64 *)(r3 + 0) = r2\nr0 = 0\nr0 /= 3\nexit")
    program = Program.from_bytes(code, type="xdp")
    namer = Namer(program, program.ir)
    assert namer.name(1, "base") == "r6"
    assert namer.name(4, "base") == "the stack at -8"
    assert namer.name(4, "value") == "r2"
    assert namer.name(6, "rhs") == "3"
    assert namer.name(6, "lhs") == "0"
    (found,) = name_findings([Finding("V011", "error", "{base}", "main", 1, role="base")], program, program.ir)
    assert (found.message, found.source, found.suggestion) == ("r6", None, None)


class TestOperands:
    """Registers by role, and where their values came from."""

    CODE = """
        r6 = r1
        *(u64 *)(r10 - 8) = r6
        r1 = 7
        call 5
        r7 = *(u64 *)(r10 - 8)
        r7 += 14
        r8 = *(u32 *)(r7 + 4)
        if r8 > 3 goto out
        r8 += 1
        out:
        lock *(u32 *)(r10 - 8) += r8
        r0 = r8
        exit
    """

    @pytest.fixture
    def code(self) -> Code:
        from bpfcc.bpfir.assembler import assemble
        from bpfcc.bpfir.decode import decode

        return Code(tuple(decode(assemble(re.sub("lock ", "lock ", self.CODE)))), [0])

    @pytest.mark.parametrize(
        ("slot", "role", "expected"),
        [
            (6, "base", Register(7, 4)), (6, "result", Register(8)), (1, "value", Register(6)), (1, "base", Register(10, -8)),
            (3, "arg3", Register(3)), (6, "arg1", None), (5, "rhs", Immediate(14)), (5, "lhs", Register(7)), (7, "rhs", Immediate(3)),
            (11, "value", Register(0)), (9, "value", Register(8)), (3, "base", None), (99, "base", None), (2, "value", Immediate(7)),
        ],
    )  # fmt: skip
    def test_roles(self, code: Code, slot: int, role: Role, expected: Register | Immediate | None) -> None:
        assert code.operand(slot, role) == expected

    def test_origins_go_through_spills_copies_and_constants(self, code: Code) -> None:
        assert code.origin(6, 7) is None  # r1 of the function's entry: nothing here made it
        made = code.origin(8, 8)
        assert made is not None
        assert made.insn == 6
        result = code.origin(6, 0)
        assert result is not None
        assert (result.insn, result.form.kind) == (3, "call")

    def test_origins_stop_where_ways_meet(self, code: Code) -> None:
        assert code.origin(9, 8) is None
        assert code.origin(11, 8) is None
