"""Assembler and disassembler: exact inverses, in LLVM's syntax, with errors that say where."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.disassembler import assembly_text, disassemble, format_insn, jump_distance, labels_of
from bpfcc.bpfir.encode import encode
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import FORMS
from bpfcc.bpfir.syntax import Names, is_label, keywords, shapes
from bpfcc.errors import InputError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bpfcc.bpfir.isa import Form

OFFSETS = (0, 1, -1, 0x7FFF, -0x8000)
IMMEDIATES = (0, 1, -1, 0x7FFF_FFFF, -0x8000_0000)


def _registers(rule: object) -> range:
    if isinstance(rule, int):
        return range(rule, rule + 1)
    return range(10 if "w" in str(rule) else 11)


def _instances(form: Form) -> Iterator[Insn]:
    """All registers with one value of the other fields, and all edge values with one pair of registers."""
    offsets = (form.off,) if isinstance(form.off, int) else OFFSETS
    if isinstance(form.imm, int):
        immediates: tuple[int, ...] = (form.imm,)
    else:
        special = {"register": tuple(range(1, 11)), "spaces": (1, 0x10000, 0x7FFF_FFFF, -0x8000_0000)}
        immediates = special.get(form.imm, IMMEDIATES)
    seconds = IMMEDIATES if form.imm2 == "value" else (0,)
    for dst, src in itertools.product(_registers(form.dst), _registers(form.src)):
        yield Insn(form.opcode, dst, src, offsets[-1], immediates[-1], seconds[-1])
    dst, src = _registers(form.dst)[-1], _registers(form.src)[-1]
    for off, imm, imm2 in itertools.product(offsets, immediates, seconds):
        yield Insn(form.opcode, dst, src, off, imm, imm2)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_form_with_every_register_and_edge_value(form: Form) -> None:
    insns = list(_instances(form))
    text = "\n".join(format_insn(insn) for insn in insns)
    assert assemble(text) == encode(insns)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("0701000002000000", "r1 += 2"),
        ("c401000003000000", "w1 s>>= 3"),
        ("3f21010000000000", "r1 s/= r2"),
        ("9701010003000000", "r1 s%= 3"),
        ("8701000000000000", "r1 = -r1"),
        ("b701000001000000", "r1 = 1"),
        ("bc21080000000000", "w1 = (s8)w2"),
        ("bf21200000000000", "r1 = (s32)r2"),
        ("dc01000010000000", "r1 = be16 r1"),
        ("d401000040000000", "r1 = le64 r1"),
        ("d701000020000000", "r1 = bswap32 r1"),
        ("6121040000000000", "r1 = *(u32 *)(r2 + 4)"),
        ("9121000000000000", "r1 = *(s8 *)(r2 + 0)"),
        ("79a1f8ff00000000", "r1 = *(u64 *)(r10 - 8)"),
        ("6321040000000000", "*(u32 *)(r1 + 4) = r2"),
        ("7201040007000000", "*(u8 *)(r1 + 4) = 7"),
        ("db21000000000000", "lock *(u64 *)(r1 + 0) += r2"),
        ("c321000040000000", "lock *(u32 *)(r1 + 0) |= w2"),
        ("db21000001000000", "r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)"),
        ("c3210000a1000000", "w2 = atomic_fetch_xor((u32 *)(r1 + 0), w2)"),
        ("db210000e1000000", "r2 = xchg_64(r1 + 0, r2)"),
        ("c3210000e1000000", "w2 = xchg32_32(r1 + 0, w2)"),
        ("db210000f1000000", "r0 = cmpxchg_64(r1 + 0, r0, r2)"),
        ("c3210000f1000000", "w0 = cmpxchg32_32(r1 + 0, w0, w2)"),
        ("db12000000010000", "r2 = load_acquire((u64 *)(r1 + 0))"),
        ("d312000000010000", "w2 = load_acquire((u8 *)(r1 + 0))"),
        ("cb21000010010000", "store_release((u16 *)(r1 + 0), w2)"),
        ("1801000034120000 0000000001000000", "r1 = 0x100001234 ll"),
        ("1811000002000000 0000000000000000", "r1 = map[2] ll"),
        ("1821000002000000 0000000008000000", "r1 = map_value[2] + 8 ll"),
        ("1831000002000000 0000000000000000", "r1 = extern[2] ll"),
        ("1841000009000000 0000000000000000", "r1 = func pc+9 ll"),
        ("1851000002000000 0000000000000000", "r1 = map_idx[2] ll"),
        ("1861000002000000 00000000ffffffff", "r1 = map_idx_value[2] - 1 ll"),
        ("0500030000000000", "goto +3"),
        ("06000000fdffffff", "gotol -3"),
        ("6d21030000000000", "if r1 s> r2 goto +3"),
        ("4601030005000000", "if w1 & 5 goto +3"),
        ("850000000c000000", "call 12"),
        ("8510000005000000", "call pc+5"),
        ("8520000005000000", "call extern[5]"),
        ("8d02000000000000", "callx r2"),
        ("8d00000002000000", "callx imm(r2)"),
        ("3000000004000000", "r0 = *(u8 *)skb[4]"),
        ("4810000004000000", "r0 = *(u16 *)skb[r1 + 4]"),
        ("9500000000000000", "exit"),
        ("e500040000000000", "may_goto +4"),
        ("0d03000000000000", "gotox r3"),
        ("bf21010003000100", "r1 = addr_space_cast(r2, 0x1, 0x3)"),
    ],
)
def test_syntax(code: str, text: str) -> None:
    raw = bytes.fromhex(code)
    assert [line.text for line in disassemble(raw)] == [text]
    assert assemble(text) == raw


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("r1=r2", "r1 = r2"),
        ("  r1  +=0x10  ", "r1 += 16"),
        ("r1 += -0x80000000", "r1 += -2147483648"),
        ("w1 &= 0xffffffff", "w1 &= -1"),
        ("if w1 == 0xfffffffe goto +0", "if w1 == -2 goto +0"),
        ("*(u32 *)(r1+4) = 0xffffffff", "*(u32 *)(r1 + 4) = -1"),
        ("w1 = *(u16 *)(r2 + 0)", "r1 = *(u16 *)(r2 + 0)"),
        ("*(u8 *)(r2 - 1) = w3", "*(u8 *)(r2 - 1) = r3"),
        ("lock *(u32 *)(r1 + 0) += r2", "lock *(u32 *)(r1 + 0) += w2"),
        ("r2 = load_acquire((u8 *)(r1 + 0))", "w2 = load_acquire((u8 *)(r1 + 0))"),
        ("r0 = cmpxchg32_32(r1 + 0, r0, r2)", "w0 = cmpxchg32_32(r1 + 0, w0, w2)"),
        ("goto pc+3", "goto +3"),
        ("r0 = *(u8 *)skb[r1]", "r0 = *(u8 *)skb[r1 + 0]"),
        ("r1 = -1 ll", "r1 = 0xffffffffffffffff ll"),
        ("r1 = 12 ll # comment", "r1 = 0xc ll"),
        ("exit // comment", "exit"),
        ("exit ; comment", "exit"),
    ],
)
def test_spellings(written: str, normal: str) -> None:
    assert [line.text for line in disassemble(assemble(written))] == [normal]


def test_labels() -> None:
    text = """
        # nothing but a comment

        start:
        main.entry: r1 = 0
        again:
            r1 += 1
            if r1 < 10 goto again
            r2 = func f ll
            call f
            gotol end
        f:  exit
        end:
    """
    code = assemble(text + "\n exit")
    shown = assembly_text(disassemble(code))
    assert shown.splitlines() == [
        "    r1 = 0",
        "L1:",
        "    r1 += 1",
        "    if r1 < 10 goto L1",
        "    r2 = func F7 ll",
        "    call F7",
        "    gotol L8",
        "F7:",
        "    exit",
        "L8:",
        "    exit",
    ]
    assert assemble(shown) == code


NAMES = Names(
    helpers={1: "bpf_map_lookup_elem", 2: "L1", 3: "goto"},
    maps=("flows", "r1", "flows", "counts"),
    externs=("bpf_task_acquire",),
    functions={0: "entry", 4: "helper", 5: "goto", 99: "outside"},
)


def test_names() -> None:
    code = assemble(
        """
            call bpf_map_lookup_elem
            call 2
            call 3
            call pc+0
            r1 = map[0] ll
            r1 = map[1] ll
            r1 = map_value[2] + 4 ll
            r1 = map[counts] ll
            call extern[bpf_task_acquire]
            r3 = extern[7] ll
            exit
        """,
        names=NAMES,
    )
    shown = assembly_text(disassemble(code, names=NAMES))
    assert shown.splitlines() == [
        "entry:",
        "    call bpf_map_lookup_elem",
        "    call L1",
        "    call 3",
        "    call helper",
        "helper:",
        "    r1 = map[flows] ll",
        "    r1 = map[1] ll",
        "    r1 = map_value[2] + 4 ll",
        "    r1 = map[counts] ll",
        "    call extern[bpf_task_acquire]",
        "    r3 = extern[7] ll",
        "    exit",
    ]
    assert assemble(shown, names=NAMES) == code


def test_a_function_hides_a_helper_of_the_same_name() -> None:
    names = Names(helpers={7: "f"})
    assert assemble("call f", names=names) == encode([Insn(0x85, imm=7)])
    code = assemble("call f\ncall 7\nf: exit", names=names)
    assert decode(code)[0] == Insn(0x85, src=1, imm=1)
    named = Names(helpers={7: "f"}, functions={2: "f"})
    assert assembly_text(disassemble(code, names=named)) == "    call f\n    call 7\nf:\n    exit\n"


def test_generated_labels_make_way_for_names() -> None:
    code = assemble("goto +0\nexit")
    assert labels_of(decode(code), Names(functions={0: "L1"})) == {0: "L1", 1: "L1_"}


def test_targets_that_are_no_place_stay_numbers() -> None:
    text = "    goto +1\n    r1 = 0x5 ll\n    goto +7\n    goto -9\n    exit\n"
    code = assemble(text)
    assert assembly_text(disassemble(code)) == text


def test_a_line_as_text() -> None:
    lines = disassemble(assemble("goto +0\nexit"))
    assert [str(line) for line in lines] == ["    0  goto L1", "L1:\n    1  exit"]


def test_big_endian_code() -> None:
    assert [line.text for line in disassemble(bytes.fromhex("6132fffc00000000"), endian="big")] == ["r3 = *(u32 *)(r2 - 4)"]


def test_what_is_no_instruction_cannot_be_formatted() -> None:
    with pytest.raises(InternalError):
        format_insn(Insn(0xFF))
    assert jump_distance(Insn(0xFF)) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r1 ++ r2", "x.s:1:4: cannot read '++ r2'"),
        ("exit\n  r1 @ r2", "x.s:2:6: cannot read '@ r2'"),
        ("r1 = 12abc", "x.s:1:6: cannot read '12abc'"),
        ("frobnicate r1", "x.s:1:1: not an instruction: frobnicate r1"),
        ("r1 = *(u32 *)(r2 4)", "x.s:1:1: not an instruction: r1 = *(u32 *)(r2 4)"),
        ("r1 = w2", "x.s:1:1: not an instruction: r1 = w2"),
        ("L: r11 = 0", "x.s:1:4: register r11 does not exist"),
        ("r1 = w99999", "x.s:1:6: register w99999 does not exist"),
        ("  r10 = 0", "x.s:1:3: r10 is read-only"),
        ("r10 = atomic_fetch_add((u64 *)(r1 + 0), r10)", "x.s:1:1: r10 is read-only"),
        ("r1 = -r2", "x.s:1:7: r2 must be the same register as the first"),
        ("r1 = be16 r2", "x.s:1:11: r2 must be the same register as the first"),
        ("r1 = cmpxchg_64(r1 + 0, r0, r2)", "x.s:1:1: r1 must be r0"),
        ("r1 = *(u8 *)(r2 + 32768)", "x.s:1:17: 32768 is outside -32768 to 32767"),
        ("r1 += 4294967296", "x.s:1:7: 4294967296 is outside -2147483648 to 4294967295"),
        ("r1 = 0xffffffff", "x.s:1:6: 0xffffffff does not fit into a signed 32-bit immediate; `rN = 0xffffffff ll` loads it"),
        ("r1 = 0x10000000000000000 ll", "x.s:1:6: 18446744073709551616 is outside -9223372036854775808 to 18446744073709551615"),
        ("goto nowhere", "x.s:1:6: there is no label 'nowhere'"),
        ("call nobody", "x.s:1:6: there is no label or helper 'nobody'"),
        ("r1 = map[none] ll", "x.s:1:10: there is no map 'none'"),
        ("call extern[none]", "x.s:1:13: there is no external symbol 'none'"),
        ("goto +32768", "x.s:1:6: a jump over 32768 slots does not fit into 16 bits; `gotol` reaches further"),
        ("call pc+2147483648", "x.s:1:8: a distance of 2147483648 slots does not fit into 32 bits"),
        ("a: exit\na: exit", "x.s:2:1: label 'a' is already defined in line 1"),
        ("goto: exit", "x.s:1:1: 'goto' is a reserved word and cannot be a label"),
        ("r1: exit", "x.s:1:1: 'r1' is a reserved word and cannot be a label"),
        ("r1 = addr_space_cast(r2, 0x10000, 1)", "x.s:1:26: 65536 is outside 0 to 65535"),
        ("r1 = 1 exit", "x.s:1:1: not an instruction: r1 = 1 exit"),
        ("r1 = " + "9" * 5000, "x.s:1:6: " + "9" * 32 + " is outside -2147483648 to 4294967295"),
    ],
)
def test_errors(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        assemble(text, file="x.s")
    assert str(caught.value) == message


def test_a_jump_too_far() -> None:
    text = "goto end\n" + "exit\n" * 40000 + "end: exit"
    with pytest.raises(InputError, match="`gotol` reaches further"):
        assemble(text)
    assert decode(assemble("gotol" + text[4:]))[0] == Insn(0x06, imm=40000)


def test_only_calls_of_a_name_can_be_two_things() -> None:
    assert {shape for shape, candidates in shapes().items() if len(candidates) > 1} == {"call $"}


def test_words() -> None:
    assert {"goto", "lock", "ll", "pc", "bswap64", "atomic_fetch_xor"} <= keywords()
    assert is_label("bpf_map_lookup_elem")
    assert is_label("r11x")
    assert not any(is_label(name) for name in ("", "r1", "w10", "goto", "a b", "1a", "é"))


fragments = st.sampled_from(
    [
        *keywords(),
        "r1",
        "w2",
        "r10",
        "r11",
        "5",
        "-3",
        "+ 4",
        "0x10",
        "=",
        "+=",
        "(",
        ")",
        "[",
        "]",
        "*",
        ",",
        ":",
        "s>",
        "name",
        "\n",
        ";",
        "-",
        "pc+1",
        "é",
    ]
)


@given(st.one_of(st.text(max_size=40), st.lists(fragments, max_size=10).map(" ".join)))
def test_any_text_is_assembled_or_refused(text: str) -> None:
    try:
        code = assemble(text)
    except InputError as error:
        assert error.position is not None
        return
    assert assemble(assembly_text(disassemble(code))) == code


programs = st.lists(
    st.one_of(
        st.sampled_from(["r1 = 1", "exit", "r1 = 0x1 ll", "call 4", "*(u64 *)(r10 - 8) = r1"]),
        st.tuples(st.sampled_from(["goto", "gotol", "if r1 s> 3 goto", "call pc", "if w1 & w2 goto"]), st.integers(-6, 6)).map(
            lambda pair: f"{pair[0]}{pair[1]:+d}" if pair[0] == "call pc" else f"{pair[0]} {pair[1]:+d}"
        ),
    ),
    max_size=12,
)


@given(programs)
def test_programs_with_labels_come_back(lines: list[str]) -> None:
    code = assemble("\n".join(lines))
    shown = assembly_text(disassemble(code))
    assert assemble(shown) == code
    assert assembly_text(disassemble(assemble(shown))) == shown


# Syntax of our own, for what LLVM's assembler leaves to relocations, and what it spells with one register only.
OURS = {
    "call_local",
    "call_kfunc",
    "callx_imm",
    "lddw_map",
    "lddw_map_value",
    "lddw_variable",
    "lddw_function",
    "lddw_map_idx",
    "lddw_map_idx_value",
}


def test_llvm_reads_the_same_syntax(tmp_path: Path) -> None:
    pytest.importorskip("ziglang", reason="the bundled clang is LLVM's assembler here")
    insns = []
    for form in FORMS:
        if form.name not in OURS:
            imm = form.imm if isinstance(form.imm, int) else {"ld_ind": 0, "addr_space_cast": 0x10003}.get(form.kind, 5)
            dst, src = (3 if isinstance(rule, str) else rule for rule in (form.dst, form.src))
            insns.append(Insn(form.opcode, dst, src, form.off if isinstance(form.off, int) else -8, imm, 7 if form.imm2 else 0))
    text = "".join(f"{format_insn(insn)}\n".replace("skb[r3 + 0]", "skb[r3]") for insn in insns)
    source, target = tmp_path / "all.s", tmp_path / "all.o"
    source.write_text(text)
    cache = {"ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "cache"), "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "cache")}
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        "bpfel-freestanding-none",
        "-mcpu=v4",
        "-c",
        str(source),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True, env={**os.environ, **cache}, timeout=120)
    with target.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".text")
        assert section is not None
        found = section.data()
    assert [line.text for line in disassemble(found)] == [line.text for line in disassemble(encode(insns))]
    assert found == encode(insns)
