"""The oracle: a slow evaluator of plain bytecode, one instruction at a time, on `bpfcc.bpfir.semantics`.

    result = run(code, regs={1: CONTEXT_BASE, 2: 4}, memory=Memory([Region("context", CONTEXT_BASE, b"abcd")]))
    result.return_value, result.trap, result.memory["context"].data, result.steps

It reads opcodes bit by bit as RFC 9669 has them and shares no code with the lifter nor with the instruction table, so
that a fault of either cannot hide in it. Only `decode` is asked first whether the program is well-formed.

What the standard leaves open is fixed here:

- Registers and stack bytes that nothing has written are 0; every frame starts as zeroes.
- A call (helper, local, callx, packet load) leaves `scratch` (0) in r1-r5. A callee starts with `scratch` in r0 and r6-r9.
- A frame of 512 bytes can be read and written by its function and everything that it calls, and is gone after its exit.
- Atomic accesses must be aligned, no others.
- LD_ABS and LD_IND outside the packet leave the current function with r0 = 0, as the kernel's expansion does.

A violation is a value: `result.trap` is a `bpfcc.errors.Trap` whose `kind` is one of access, budget, stack, call, helper,
misaligned, jump, packet, and whose `insn` is the slot.
"""

from tests.oracle.machine import Helper, Layout, Machine, OracleResult, run
from tests.oracle.memory import (
    CONTEXT_BASE,
    FUNCTION_BASE,
    MAP_HANDLE_BASE,
    MAP_VALUE_BASE,
    PACKET_BASE,
    STACK_BASE,
    USER_BASE,
    Memory,
    Region,
)

__all__ = [
    "CONTEXT_BASE",
    "FUNCTION_BASE",
    "MAP_HANDLE_BASE",
    "MAP_VALUE_BASE",
    "PACKET_BASE",
    "STACK_BASE",
    "USER_BASE",
    "Helper",
    "Layout",
    "Machine",
    "Memory",
    "OracleResult",
    "Region",
    "run",
]
