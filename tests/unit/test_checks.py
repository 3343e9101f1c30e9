"""What operations must fulfil, by the tables of the platform: programs that need no kernel to be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.module import Bytecode, Extern, MapSpec
from bpfcc.bpfir.syntax import Names
from bpfcc.explain import fold
from bpfcc.judgement import ask, load_engine
from bpfcc.pipeline import lift_bytecode
from bpfcc.program import Program
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier.options import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.verifier.verdict import Finding

LINUX = load_platform("linux")
ENDING = "\nr0 = 0\nexit\n"
LDDW, VALUE = 0x18, 2
CALL_EXTERN = bytes((0x85, 0x20, 0, 0, 0, 0, 0, 0))


def found(
    text: str, *, type: str = "xdp", maps: Sequence[MapSpec] = (), attach_type: str | None = None, sleepable: bool = False,  # noqa: A002
    license: str | None = "GPL", kfunc: str | None = None,  # noqa: A002
) -> list[Finding]:  # fmt: skip
    """Findings of a program; a call of helper 4096 becomes one of the kernel function `kfunc`."""
    names = Names(helpers={number: each.name for number, each in LINUX.helpers_by_id.items()}, maps=[spec.name for spec in maps])
    code = bytearray(assemble(text, file="test.s", names=names))
    for at in range(0, len(code), 8):
        if code[at] == LDDW and maps and maps[0].initial is not None:
            # Its data, not the map.
            code[at + 1] = code[at + 1] & 0x0F | VALUE << 4
        if code[at] == CALL_EXTERN[0] and int.from_bytes(code[at + 4 : at + 8], "little") == 4096:
            code[at : at + 8] = CALL_EXTERN
    plain = Program.from_bytes(bytes(code), type=type, maps=maps).bytecode
    externs = (Extern(kfunc, "kfunc"),) if kfunc is not None else ()
    module = lift_bytecode(replace_externs(plain, externs), type)
    request = Request(LINUX, type, attach_type, sleepable=sleepable, license=license)
    return list(fold(ask(load_engine(), module, request, None).findings, module))


def replace_externs(bytecode: Bytecode, externs: tuple[Extern, ...]) -> Bytecode:
    return replace(bytecode, externs=externs)


def codes(text: str, **more: object) -> list[tuple[str, str]]:
    return [(finding.code, finding.level) for finding in found(text, **more)]  # type: ignore[arg-type]


# ---- helpers


@pytest.mark.parametrize(
    ("license", "expected"),
    [("GPL", []), ("Dual MIT/GPL", []), (None, []), ("", [("V029", "warning")]), ("MIT", [("V032", "error")])],
)
def test_functions_for_the_gpl(license: str | None, expected: list[tuple[str, str]]) -> None:  # noqa: A002
    text = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall probe_read_kernel" + ENDING
    assert codes(text, type="kprobe", license=license) == expected


@pytest.mark.parametrize(("attach", "refused"), [("cgroup_inet4_connect", False), ("cgroup_inet4_getpeername", True)])
def test_where_a_program_is_attached_takes_helpers_away(attach: str, refused: bool) -> None:
    text = "r1 = -1\ncall set_retval\nr0 = 1\nexit\n"
    assert [code for code, _ in codes(text, type="cgroup_sock_addr", attach_type=attach)] == (["V031"] if refused else [])


def test_a_helper_of_no_such_type() -> None:
    assert codes("call get_hash_recalc" + ENDING) == [("V031", "error")]


def test_what_sleeps_and_what_may() -> None:
    text = "r1 = r10\nr1 += -8\nr2 = 8\nr3 = 0\ncall copy_from_user" + ENDING
    assert codes(text, type="kprobe") == [("V038", "error")]
    assert codes(text, type="kprobe", sleepable=True) == []


def test_null_with_a_size_is_refused_and_without_is_not() -> None:
    text = "r1 = 0\nr2 = {size}\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff" + ENDING
    assert codes(text.format(size=4), type="sched_cls") == [("V020", "error")]
    assert codes(text.format(size=0), type="sched_cls") == []


# ---- what is returned


@pytest.mark.parametrize(("value", "fits"), [(0, True), (1, True), (2, False), (-1, False), (1 << 30, False)])
def test_the_whole_register_is_returned(value: int, fits: bool) -> None:
    assert codes(f"r0 = {value}\nexit\n", type="cgroup_sock") == ([] if fits else [("V050", "error")])


def test_the_upper_half_counts_too_but_for_security_modules() -> None:
    text = "r0 = 1\nr0 <<= 32\nexit\n"
    assert codes(text, type="cgroup_sock") == [("V050", "error")]
    assert codes(text, type="lsm", attach_type="lsm_mac") == []


def test_an_address_is_no_return_value_where_there_is_a_range() -> None:
    assert codes("r0 = r1\nexit\n", type="cgroup_sock") == [("V050", "error")]
    assert codes("r0 = r1\nexit\n") == [("V024", "warning")]


# ---- memory

HASH = MapSpec("counts", "hash", 4, 8, 16)
LOOKUP = "*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = map[counts] ll\ncall map_lookup_elem\nif r0 == 0 goto out\n"


def test_a_map_that_is_only_written() -> None:
    read, write = "r0 = *(u64 *)(r0 + 0)\n", "*(u64 *)(r0 + 0) = 1\n"
    secret = replace(HASH, flags=0x100)
    assert codes(f"{LOOKUP}{read}out:{ENDING}", maps=[secret]) == [("V039", "error")]
    assert codes(f"{LOOKUP}{write}out:{ENDING}", maps=[secret]) == []
    assert codes(f"{LOOKUP}{read}out:{ENDING}", maps=[HASH]) == []


def test_a_map_that_programs_that_sleep_cannot_use() -> None:
    trie = MapSpec("counts", "lpm_trie", 8, 8, 16, 1)
    text = "*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr1 = map[counts] ll\ncall map_delete_elem" + ENDING
    assert codes(text, type="syscall", maps=[trie]) == []
    sleeping = LINUX.map_types["lpm_trie"].sleepable
    assert codes(text, type="syscall", maps=[trie], sleepable=True) == ([] if sleeping else [("V039", "error")])


def test_stack_accesses_at_offsets_that_vary() -> None:
    text = "*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\nr2 = *(u32 *)(r1 + 12)\nr2 &= {mask}\nr3 = r10\nr3 += -16\n"
    text += "r3 += r2\nr0 = *(u32 *)(r3 + 0)"
    assert codes(text.format(mask=12) + ENDING) == []
    assert codes(text.format(mask=10) + ENDING) == [("V017", "error")]


def test_one_instruction_accesses_one_kind_of_thing() -> None:
    text = "*(u64 *)(r10 - 8) = 0\nr2 = r10\nr2 += -8\nr3 = *(u32 *)(r1 + 12)\nif r3 > 9 goto other\n{}other:\nr0 = *(u32 *)(r2 + 4)"
    assert codes(text.format("r2 = r1\n") + ENDING, type="socket_filter") == [("V025", "error")]
    assert codes(text.format("r2 = r10\nr2 += -8\n") + ENDING, type="socket_filter") == []


# ---- leaks

FORMAT = MapSpec(".rodata", "array", 4, 8, 1, 0x80, initial=b"at %lx\0\0")
TEXT = replace(FORMAT, initial=b"at %s\0\0\0")


@pytest.mark.parametrize(("spec", "value", "expected"), [
    (FORMAT, "r3 = r10", [("V024", "warning")]), (FORMAT, "r3 = 7", []), (TEXT, "r3 = r10\nr3 += -8", []),
])  # fmt: skip
def test_addresses_are_not_printed_as_numbers(spec: MapSpec, value: str, expected: list[tuple[str, str]]) -> None:
    text = f"*(u64 *)(r10 - 8) = 0\nr1 = map[.rodata] ll\nr2 = 8\n{value}\ncall trace_printk{ENDING}"
    assert codes(text, type="kprobe", maps=[spec]) == expected


def test_an_address_that_was_overwritten_is_not_copied() -> None:
    leak = "*(u64 *)(r10 - 8) = r1\n{}r2 = r10\nr2 += -8\nr1 = map[counts] ll\ncall map_delete_elem"
    wide = replace(HASH, key_size=8)
    assert codes(leak.format("") + ENDING, maps=[wide]) == [("V024", "warning")]
    assert codes(leak.format("*(u64 *)(r10 - 8) = 0\n") + ENDING, maps=[wide]) == []


# ---- kernel functions


def test_a_name_that_is_near_is_suggested() -> None:
    (finding,) = found("call 4096" + ENDING, kfunc="bpf_rcu_read_loc")
    assert (finding.code, finding.cause) == ("V067", "environment")
    assert finding.suggestion is not None
    assert "bpf_rcu_read_lock" in finding.suggestion
    (finding,) = found("call 4096" + ENDING, kfunc="quite_another_thing")
    assert finding.suggestion is None


def test_flavours_are_of_one_function() -> None:
    assert codes("call 4096\nr0 = 0\nexit\n", kfunc="bpf_rcu_read_lock___local") == [("V040", "error")]


def test_objects_of_the_program_are_not_supported() -> None:
    (finding,) = found("r1 = 1\nr2 = 0\ncall 4096" + ENDING, type="tracing", kfunc="bpf_obj_new_impl")
    assert (finding.code, finding.cause) == ("V075", "unsupported")


def test_functions_that_are_for_one_place_of_attachment() -> None:
    assert codes("call 4096" + ENDING, type="kprobe", kfunc="bpf_session_is_return") == [("V067", "error")]
    assert codes("call 4096" + ENDING, type="kprobe", attach_type="trace_kprobe_session", kfunc="bpf_session_is_return") == []


def test_copying_is_for_everybody() -> None:
    text = "*(u64 *)(r10 - 8) = 1\nr1 = r10\nr1 += -16\nr2 = r10\nr2 += -8\nr3 = {}\ncall 4096\nr0 = *(u64 *)(r10 - 16)\nr0 = 0\nexit\n"
    assert codes(text.format(8), kfunc="memcpy", license="MIT") == []
    assert codes(text.format(4), kfunc="memcpy") == [("V002", "warning")]
    assert codes(text.format(9), kfunc="memcpy") == [("V034", "error")]


def test_null_where_the_size_may_be_zero_is_a_matter_of_the_path() -> None:
    text = (
        "*(u64 *)(r10 - 8) = 0\nr6 = *(u32 *)(r1 + 0)\nr1 = 0\nr2 = 0\nif r6 > 9 goto sum\nr1 = r10\nr1 += -8\nr2 = {size}\n"
        "sum:\nr3 = 0\nr4 = 0\nr5 = 0\ncall csum_diff" + ENDING
    )
    assert codes(text.format(size=8), type="sched_cls") == []
    assert codes(text.format(size="8\nif r6 > 5 goto sum\nr1 = 0"), type="sched_cls") == [("V020", "error")]
