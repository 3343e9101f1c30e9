"""Proven code that counts the rounds of its loops, for callers who do not trust that they end."""

from __future__ import annotations

import ctypes
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

import bpfcc
from bpfcc.errors import InputError, RejectedError, Trap, UnsupportedError
from bpfcc.execution import prepare
from bpfcc.program import Program

ROUNDS = """
r0 = 0
r2 = *(u32 *)(r1 + 0)
r3 = *(u32 *)(r1 + 4)
r4 = r2
r4 += 2
if r4 > r3 goto +6
r5 = *(u16 *)(r2 + 0)
r5 &= 0x3ff
if r5 == 0 goto +3
r0 += 3
r5 -= 1
goto -4
exit
"""
BACK_ENDS = pytest.mark.parametrize("back_end", ["llvm", "aot"])


def counting() -> Program:
    """Runs as many rounds as the packet's first two bytes say, up to 1,023."""
    return Program.from_bytes(bpfcc.assemble(ROUNDS), type="xdp")


def packet(rounds: int) -> bytes:
    return rounds.to_bytes(2, "little") + bytes(60)


@BACK_ENDS
def test_runs_end_when_the_rounds_are_spent(back_end: str) -> None:
    with prepare(counting(), backend=back_end, budget=100) as exe:
        assert not exe.checked
        for _ in range(3):
            assert exe.run(packet=packet(50)).return_value == 150
            assert exe.run(packet=packet(99)).return_value == 297
            with pytest.raises(Trap) as caught:
                exe.run(packet=packet(101))
            assert (caught.value.kind, caught.value.function) == ("budget", "main")
            assert caught.value.insn is not None
        traps = [item.trap for item in exe.run_raw_batch([packet(5), packet(500), packet(7)]).results]
        assert traps == [None, "budget", None]


@BACK_ENDS
def test_without_a_budget_nothing_is_counted(back_end: str) -> None:
    with prepare(counting(), backend=back_end) as exe:
        assert exe.run(packet=packet(1000)).return_value == 3000


@BACK_ENDS
def test_no_bound_is_asked_for(back_end: str) -> None:
    """A verdict without a bound lets the program run checked, or else counted."""
    program = counting()
    accepted = bpfcc.verify(program).record
    unbounded = replace(accepted, stats=replace(accepted.stats, max_path_insns=None))
    with prepare(program, backend=back_end, verdict=[unbounded]) as exe:
        assert exe.checked
    with prepare(program, backend=back_end, verdict=[unbounded], budget=10_000) as exe:
        assert not exe.checked
        assert exe.run(packet=packet(1000)).return_value == 3000


@BACK_ENDS
def test_the_stop_flag_is_seen(back_end: str) -> None:
    text = "r0 = 0\nr2 = 0\nr2 += 1\nr0 += r2\nif r2 < 2000000000 goto -3\nexit"
    program = Program.from_bytes(bpfcc.assemble(text), type="xdp")
    accepted = bpfcc.verify(counting()).record
    forged = replace(accepted, digest=program.ir_digest, stats=replace(accepted.stats, max_path_insns=None))
    flag = ctypes.c_int32(0)
    with prepare(program, backend=back_end, verdict=[forged], budget=1 << 62) as exe:
        exe.stop_on(flag)
        threading.Timer(0.2, lambda: setattr(flag, "value", 1)).start()
        start = time.monotonic()
        try:
            exe.run(packet=packet(0))
        except Trap as trap:
            assert trap.kind == "stopped"
        else:
            # The optimiser may have found what the loop computes.
            assert time.monotonic() - start < 0.2


@BACK_ENDS
def test_functions_that_are_called_back_are_counted(back_end: str, tmp_path: Path) -> None:
    source = (
        "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\n"
        "static int each(__u32 i, void *c) { volatile int *n = c; for (int j = 0; j < 5; j++) *n += j; return 0; }\n"
        'SEC("xdp") int loops(struct xdp_md *x) { int n = 0; bpf_loop(10, each, &n, 0); return n; }\n'
        'char LICENSE[] SEC("license") = "GPL";\n'
    )
    path = tmp_path / "loops.bpf.c"
    path.write_text(source)
    program = bpfcc.compile(path, opt="1").programs["loops"]
    with prepare(program, backend=back_end, budget=1000) as exe:
        assert exe.run(packet=bytes(60)).return_value == 100
    with prepare(program, backend=back_end, budget=20) as exe, pytest.raises(Trap) as caught:
        exe.run(packet=bytes(60))
    assert caught.value.kind == "budget"


@pytest.mark.parametrize(
    ("back_end", "checked", "budget", "error"),
    [
        ("interp", False, 10, UnsupportedError),
        ("kernel", False, 10, UnsupportedError),
        ("llvm", True, 10, InputError),
        ("aot", False, 0, InputError),
    ],
)
def test_what_cannot_be_counted(back_end: str, checked: bool, budget: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        prepare(counting(), backend=back_end, checked=checked, budget=budget)


def test_what_is_rejected_stays_rejected() -> None:
    wild = Program.from_bytes(bpfcc.assemble("r0 = *(u64 *)(r1 + 4096)\nexit"), type="xdp")
    with pytest.raises(RejectedError):
        prepare(wild, backend="llvm", budget=10)
