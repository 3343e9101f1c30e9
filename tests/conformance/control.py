"""Vectors for control flow, written by hand: jumps, calls, frames, and programs that must trap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.assembler import assemble
from tests.conformance.builder import Vector

if TYPE_CHECKING:
    from collections.abc import Iterator

# (name, r0, whether Linux takes it, text). Linux gives all frames of a call chain 512 bytes together, and takes no dead code.
_PROGRAMS: Final[tuple[tuple[str, int, bool, str], ...]] = (
    ("exit", 0x1234_5678_9ABC_DEF0, True, "r0 = 0x123456789abcdef0 ll\n exit"),
    ("goto_forward", 1, False, "r0 = 1\n goto end\n r0 = 2\n end: exit"),
    ("goto_zero", 2, True, "r0 = 1\n goto +0\n r0 = 2\n exit"),
    (
        "goto_back",
        45,
        True,
        """
            r0 = 0
            r3 = 0
            goto test
        body:
            r0 += r3
            r3 += 1
        test:
            if r3 < 10 goto body
            exit
        """,
    ),
    ("gotol_forward", 1, False, "r0 = 1\n gotol end\n r0 = 2\n end: exit"),
    (
        "gotol_back",
        7,
        True,
        """
            r0 = 7
            goto there
        back:
            exit
        there:
            gotol back
        """,
    ),
    (
        "over_lddw",
        3,
        True,
        """
            r0 = 3
            if r0 == 3 goto end
            r0 = 0x1122334455667788 ll
        end:
            exit
        """,
    ),
    (
        "nested_loops",
        100,
        True,
        """
            r0 = 0
            r3 = 0
        outer:
            r4 = 0
        inner:
            r0 += 1
            r4 += 1
            if r4 != 10 goto inner
            r3 += 1
            if r3 != 10 goto outer
            exit
        """,
    ),
    (
        "call_arguments",
        12345,
        True,
        """
            r1 = 1
            r2 = 2
            r3 = 3
            r4 = 4
            r5 = 5
            call digits
            exit
        digits:
            r0 = r1
            r0 *= 10
            r0 += r2
            r0 *= 10
            r0 += r3
            r0 *= 10
            r0 += r4
            r0 *= 10
            r0 += r5
            exit
        """,
    ),
    (
        "call_saves_registers",
        6789,
        True,
        """
            r6 = 6
            r7 = 7
            r8 = 8
            r9 = 9
            call clobber
            r0 = r6
            r0 *= 10
            r0 += r7
            r0 *= 10
            r0 += r8
            r0 *= 10
            r0 += r9
            exit
        clobber:
            r6 = -1
            r7 = -1
            r8 = -1
            r9 = -1
            r0 = 0
            exit
        """,
    ),
    (
        "frames_are_separate",
        11,
        True,
        """
            *(u64 *)(r10 - 8) = 11
            call other
            r0 = *(u64 *)(r10 - 8)
            exit
        other:
            *(u64 *)(r10 - 8) = 22
            *(u64 *)(r10 - 256) = 33
            r0 = 0
            exit
        """,
    ),
    (
        "whole_frames",
        11,
        False,
        """
            *(u64 *)(r10 - 8) = 11
            call other
            r0 = *(u64 *)(r10 - 8)
            exit
        other:
            *(u64 *)(r10 - 8) = 22
            *(u64 *)(r10 - 512) = 33
            r0 = 0
            exit
        """,
    ),
    (
        "callee_writes_callers_frame",
        77,
        True,
        """
            *(u64 *)(r10 - 8) = 0
            r1 = r10
            r1 += -8
            call fill
            r0 = *(u64 *)(r10 - 8)
            exit
        fill:
            *(u64 *)(r1 + 0) = 77
            r0 = 0
            exit
        """,
    ),
    (
        "seven_calls_deep",
        7,
        True,
        "call f1\n exit\n" + "".join(f"f{n}: call f{n + 1}\n r0 += 1\n exit\n" for n in range(1, 7)) + "f7: r0 = 1\n exit\n",
    ),
    (
        "recursion",
        120,
        False,
        """
            r1 = 5
            call factorial
            exit
        factorial:
            r6 = r1
            r0 = 1
            if r1 == 0 goto done
            r1 += -1
            call factorial
            r0 *= r6
        done:
            exit
        """,
    ),
    (
        "callx",
        42,
        False,
        """
            r1 = 40
            r3 = func two ll
            callx r3
            exit
        one:
            r0 = r1
            r0 += 1
            exit
        two:
            r0 = r1
            r0 += 2
            exit
        """,
    ),
    (
        "callx_selects",
        312,
        False,
        """
            r6 = 0
            r7 = func one ll
            r8 = func two ll
            r9 = func three ll
            callx r9
            r6 = r0
            callx imm(r7)
            r6 *= 10
            r6 += r0
            callx r8
            r6 *= 10
            r0 += r6
            exit
        one:
            r0 = 1
            exit
        two:
            r0 = 2
            exit
        three:
            r0 = 3
            exit
        """,
    ),
)

# (name, kind of trap, slot, text)
TRAPS: Final[tuple[tuple[str, str, int, str], ...]] = (
    ("read_past_end", "access", 0, "r0 = *(u8 *)(r1 + 16)\n exit"),
    ("read_across_end", "access", 0, "r0 = *(u64 *)(r1 + 9)\n exit"),
    ("read_before_start", "access", 0, "r0 = *(u8 *)(r1 - 1)\n exit"),
    ("write_across_end", "access", 0, "*(u32 *)(r1 + 13) = 0\n exit"),
    ("read_null", "access", 1, "r3 = 0\n r0 = *(u64 *)(r3 + 0)\n exit"),
    ("read_wild", "access", 2, "r3 = 0xfffffffffffffff8 ll\n r0 = *(u64 *)(r3 + 8)\n exit"),
    ("read_high", "access", 3, "r3 = 1\n r3 <<= 40\n r3 += r1\n r0 = *(u8 *)(r3 + 0)\n exit"),
    ("frame_above", "access", 0, "r0 = *(u8 *)(r10 + 0)\n exit"),
    ("frame_across_top", "access", 0, "r0 = *(u64 *)(r10 - 4)\n exit"),
    ("frame_below", "access", 0, "*(u64 *)(r10 - 520) = 1\n exit"),
    ("atomic_past_end", "access", 1, "r3 = 1\n lock *(u64 *)(r1 + 16) += r3\n exit"),
    ("atomic_misaligned", "misaligned", 1, "r3 = 1\n lock *(u64 *)(r1 + 4) += r3\n exit"),
    ("atomic32_misaligned", "misaligned", 1, "r3 = 1\n w3 = xchg32_32(r1 + 2, w3)\n exit"),
    ("load_acquire_misaligned", "misaligned", 0, "w3 = load_acquire((u16 *)(r1 + 1))\n exit"),
    ("endless", "budget", 0, "again: goto again\n exit"),
    ("endless_recursion", "stack", 0, "again: call again\n exit"),
    (
        "eight_calls_deep",
        "stack",
        20,
        "call f1\n exit\n" + "".join(f"f{n}: call f{n + 1}\n r0 += 1\n exit\n" for n in range(1, 8)) + "f8: r0 = 1\n exit\n",
    ),
    ("callx_number", "call", 1, "r3 = 5\n callx r3\n exit"),
    ("callx_between", "call", 3, "r3 = func f ll\n r3 += 1\n callx r3\n exit\n f: r0 = 0\n exit"),
)


def control_vectors() -> Iterator[Vector]:
    """Programs that do not look at their memory."""
    memory = bytes(16)
    for name, expected, linux, text in _PROGRAMS:
        yield Vector(name, assemble(text), memory, expected, memory, linux=linux)
