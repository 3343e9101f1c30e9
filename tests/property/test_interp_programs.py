"""Random bytecode through lifter, passes and interpreter does what the oracle says: r0, memory, helper calls, steps, traps."""

from __future__ import annotations

import ctypes
import random
from ctypes import CFUNCTYPE, c_int, c_uint64, c_void_p
from typing import TYPE_CHECKING

import pytest

from bpfcc.backends.base import Environment
from bpfcc.backends.interp import Interpreter
from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.passes import optimise
from bpfcc.bpfir.printer import print_module
from bpfcc.errors import InputError, Trap
from bpfcc.runtime.library import declare, native
from tests.interp_harness import NativeMemory
from tests.oracle import USER_BASE
from tests.oracle.machine import Machine
from tests.oracle.memory import Memory, Region
from tests.property.programs import EFFECTS, MEMORY_BYTES, random_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Module

BUDGET = 3000
HELPER = CFUNCTYPE(c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_uint64, c_void_p)
Log = list[tuple[int, ...]]


def oracle_helpers(memory: Memory, log: Log) -> dict[int, Callable[..., int]]:
    """The four helpers that random programs call, on the oracle's memory."""

    def mix(_machine: Machine, *args: int) -> int:
        log.append((1, *args))
        return sum((n + 3) * a for n, a in enumerate(args)) % (1 << 64)

    def fill(_machine: Machine, pointer: int, size: int, *_rest: int) -> int:
        if size:
            memory.write(pointer, filling(size))
        return size

    def digest(_machine: Machine, pointer: int, *_rest: int) -> int:
        log.append((3, memory.load(pointer, 8)))
        return memory.load(pointer, 8)

    def unknown(_machine: Machine, pointer: int, *_rest: int) -> int:
        old = memory.load(pointer, 8)
        memory.store(pointer, 8, old * 3 + 1)
        return old

    return {1: mix, 2: fill, 3: digest, 4: unknown}


def filling(size: int) -> bytes:
    return bytes((7 * n + size) & 255 for n in range(min(size, 4096)))


class NativeHelpers:
    """The same as C functions; `log` is what they saw."""

    def __init__(self) -> None:
        self.log: Log = []
        library = native()
        declare(library, {"bpfcc_access_slow": (c_void_p, (c_void_p, c_uint64, c_uint64, c_int))})
        self.access = library.bpfcc_access_slow
        self.functions = {1: HELPER(self.mix), 2: HELPER(self.fill), 3: HELPER(self.digest), 4: HELPER(self.unknown)}

    def address(self, helper: int) -> int:
        return ctypes.cast(self.functions[helper], c_void_p).value or 0

    def mix(self, *args: int) -> int:
        self.log.append((1, *args[:5]))
        return sum((n + 3) * a for n, a in enumerate(args[:5])) % (1 << 64)

    def fill(self, pointer: int, size: int, *rest: int) -> int:
        content = filling(size)
        host = self.access(rest[-1], pointer, len(content), 1)
        if host and content:
            ctypes.memmove(host, content, len(content))
        return size

    def digest(self, pointer: int, *rest: int) -> int:
        host = self.access(rest[-1], pointer, 8, 0)
        if not host:
            return 0
        value = int.from_bytes(ctypes.string_at(host, 8), "little")
        self.log.append((3, value))
        return value

    def unknown(self, pointer: int, *rest: int) -> int:
        host = self.access(rest[-1], pointer, 8, 1)
        if not host:
            return 0
        old = int.from_bytes(ctypes.string_at(host, 8), "little")
        ctypes.memmove(host, ((old * 3 + 1) % (1 << 64)).to_bytes(8, "little"), 8)
        return old


HELPERS = NativeHelpers()


def run_oracle(code: bytes, content: bytes) -> tuple[object, ...]:
    memory = Memory([Region("memory", USER_BASE, content)])
    log: Log = []
    machine = Machine(code, memory, helpers=oracle_helpers(memory, log), budget=BUDGET)
    machine.registers[1:3] = [USER_BASE, MEMORY_BYTES]
    result = machine.run()
    if result.trap is not None:
        return (result.trap.kind,)
    return (result.return_value, bytes(memory["memory"].bytes), log, result.steps)


def run_interpreter(module: Module, content: bytes) -> tuple[object, ...]:
    HELPERS.log = []
    exe = Interpreter().compile(module, Environment(helper_address=HELPERS.address))
    try:
        with NativeMemory(user=content) as memory, exe.bind(memory) as bound:
            try:
                result = bound.run(100 * BUDGET)
            except Trap as trap:
                assert trap.insn is not None
                return (trap.kind,)
            return (result.return_value, memory.user, HELPERS.log, result.steps)
    finally:
        exe.close()


def compare(seed: int, *, optimised: bool) -> None:
    rng = random.Random(seed)
    code = random_program(rng, rng.randrange(4, 60))
    try:
        module = lift(Bytecode(code, discover_functions(decode(code))), type="raw", effects=EFFECTS.get)
    except InputError:
        return
    if optimised:
        optimise(module, EFFECTS.get)
    content = rng.randbytes(MEMORY_BYTES)
    expected = run_oracle(code, content)
    if expected == ("budget",):
        return
    assert run_interpreter(module, content) == expected, f"seed {seed}\n{print_module(module)}"


@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
def test_random_programs(optimised: bool) -> None:
    for seed in range(50_000, 50_700):
        compare(seed, optimised=optimised)


@pytest.mark.soak
@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
def test_random_programs_at_length(optimised: bool) -> None:
    for seed in range(60_000, 90_000):
        compare(seed, optimised=optimised)
