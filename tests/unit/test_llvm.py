"""What is particular to compiled code: its memory, what it refers to, what is kept of it, and what LLVM is not told."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile

import bpfcc
from bpfcc.backends.base import ContextLayout, Environment
from bpfcc.backends.kinds import CONTEXT, MAP, NUMBER, PACKET, STACK, Kinds, join
from bpfcc.backends.llvm import Llvm, engine
from bpfcc.backends.llvm.lower import lower
from bpfcc.backends.llvm.operations import OPERATIONS as LOWERED
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.ops import OPERATIONS, TERMINATORS, Alu, Assume, Load
from bpfcc.errors import InternalError, UnsupportedError
from tests.interp_harness import NativeMemory, lifted

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module

SUM = "r0 = 0\nr3 = *(u8 *)(r1 + 0)\nr0 += r3\n*(u64 *)(r10 - 8) = r0\nr0 = *(u64 *)(r10 - 8)\nexit"
XDP64 = ContextLayout(0, 8, -1, 8)


def test_every_operation_has_a_form() -> None:
    assert set(LOWERED) == set(OPERATIONS) - set(TERMINATORS) - {Assume}


# ---- code


def text_of(text: str, *, checked: bool = True, type: str = "raw", layout: ContextLayout | None = None) -> str:  # noqa: A002
    return lower(lifted(assemble(text), optimised=True, type=type), Environment(checked=checked, layout=layout or ContextLayout())).text


@pytest.mark.parametrize("checked", [False, True])
def test_code_refers_to_nothing_outside_of_it(checked: bool) -> None:
    code = engine.compile_text(text_of(SUM, checked=checked))
    symbols = [
        symbol
        for section in ELFFile(io.BytesIO(code)).iter_sections()
        if section["sh_type"] == "SHT_SYMTAB"
        for symbol in section.iter_symbols()
    ]
    undefined = [symbol.name for symbol in symbols if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name]
    assert undefined == []
    assert {"bpfcc_entry", "bpfcc_program", "bpfcc_call_back", "bpfcc_table"} <= {symbol.name for symbol in symbols}


def test_the_text_is_the_same_every_time() -> None:
    assert text_of(SUM) == text_of(SUM)


def test_text_that_makes_no_sense_is_a_bug() -> None:
    with pytest.raises(InternalError, match="LLVM refuses"):
        engine.optimised("define i64 @f() { ret i32 0 }")


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_no_memory_is_writable_and_executable() -> None:
    def dangerous() -> set[str]:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        return {line.split()[0] for line in lines if line.split()[1].startswith("rwx")}

    before = dangerous()
    exe = Llvm().compile(lifted(assemble(SUM), optimised=True), Environment())
    assert dangerous() <= before
    exe.close()


def test_code_that_is_closed_is_not_bound() -> None:
    exe = Llvm().compile(lifted(assemble(SUM), optimised=True), Environment())
    exe.close()
    with NativeMemory(user=b"a") as memory, pytest.raises(InternalError, match="closed"):
        exe.bind(memory)


def test_without_llvmlite_it_is_not_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    engine.llvm.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    with pytest.raises(UnsupportedError, match="llvmlite"):
        engine.llvm()
    engine.llvm.cache_clear()


# ---- kinds


def kinds_of(module: Module, layout: ContextLayout) -> Kinds:
    return Kinds(module, Environment(checked=False, layout=layout), {})


def test_kinds_of_a_packet_program() -> None:
    text = "r2 = *(u64 *)(r1 + 0)\nr3 = *(u64 *)(r1 + 8)\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\nr0 = *(u8 *)(r2 + 13)\nout: exit"
    module = lifted(assemble("r0 = 1\n" + text), optimised=True, type="xdp")
    kinds = kinds_of(module, XDP64)
    found = {type(op): kinds.kind(op.result) for fn in module.functions for op in fn.ops() if type(op) in (Load, Alu)}
    assert kinds.kind(module.entry.params[0]) == CONTEXT
    assert found[Alu] == PACKET
    assert found[Load] == NUMBER, "the last load is a byte of the packet"


def test_counters_that_begin_with_zero_are_numbers() -> None:
    text = "r2 = *(u64 *)(r1 + 0)\nr0 = 0\nr3 = 0\nl: r4 = r2\nr4 += r3\nr5 = *(u8 *)(r4 + 0)\nr0 += r5\nr3 += 1\nif r3 != 9 goto l\nexit"
    module = lifted(assemble(text), optimised=True, type="xdp")
    kinds = kinds_of(module, XDP64)
    bases = [kinds.kind(op.base) for fn in module.functions for op in fn.ops() if type(op) is Load and op.size_bytes == 1]
    assert bases == [PACKET]


def test_kinds_are_joined() -> None:
    assert join(STACK, None) == STACK
    assert join(STACK, NUMBER) == NUMBER
    both = join(STACK, MAP)
    assert both is not None
    assert both.memory == {"stack", "map"}


# ---- what LLVM is not told: that memory may be read before the program has looked how much of it there is

GUARDED = """
import ctypes, mmap
from bpfcc.backends.base import ContextLayout, Environment
from bpfcc.backends.llvm import Llvm
from bpfcc.bpfir.assembler import assemble
from tests.interp_harness import NativeMemory, lifted
PAGE = mmap.PAGESIZE
memory = mmap.mmap(-1, 2 * PAGE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.mprotect(ctypes.c_void_p(start + PAGE), ctypes.c_size_t(PAGE), 0) == 0
layout = ContextLayout(0, 8, -1, 8)
text = '''r0 = 1
r2 = *(u64 *)(r1 + 0)
r3 = *(u64 *)(r1 + 8)
r4 = r2
r4 += 34
if r4 > r3 goto out
r0 = 0
r5 = 0
again: r4 = r2
r4 += r5
r4 = *(u8 *)(r4 + 0)
r0 += r4
r5 += 1
if r5 != 34 goto again
out: exit'''
exe = Llvm().compile(lifted(assemble(text), optimised=True, type="xdp"), Environment(checked=False, layout=layout, zeroed={}))
with NativeMemory(context=bytes(16), packet=bytes(64), layout=layout, checked=False) as native, exe.bind(native) as bound:
    for length in range(40):
        first = start + PAGE - length
        ctypes.memmove(first, bytes([1]) * length, length)
        context = first.to_bytes(8, "little") + (first + length).to_bytes(8, "little")
        assert native.library.bpfcc_run_set_context(native.pointer, context, 16, None, None) == 0
        assert bound.run().return_value == (34 if length >= 34 else 1), length
print("well")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="mprotect is POSIX's")
def test_a_short_packet_at_the_end_of_a_page_does_not_fault() -> None:
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    command = [sys.executable, "-c", GUARDED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("well\n", "", 0)


def test_the_example_runs_proven() -> None:
    source = Path(__file__).parents[2] / "examples/firewall.bpf.c"
    frame = bytes.fromhex("000102030405060708090a0b0800450005dc00000000401100000a0000010a0000023039003505c80000")
    outcomes = []
    for back_end in ("interp", "llvm"):
        with bpfcc.prepare(bpfcc.compile(source).programs["firewall"], backend=back_end) as exe:
            assert not exe.checked
            outcomes.append((exe.run(frame).return_value, exe.run(frame[:20]).return_value))
    assert outcomes[0] == outcomes[1]
