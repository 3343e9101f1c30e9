"""Lifting, and every pass, keeps the meaning of bytecode: the IR evaluator against the oracle, which shares nothing with the lifter."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.check import check
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.evaluate import Environment, evaluate
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.parser import parse_module
from bpfcc.bpfir.passes import PASSES, optimise, run_pass
from bpfcc.bpfir.printer import print_module
from bpfcc.errors import InputError, Trap
from tests.oracle.machine import Layout, Machine
from tests.oracle.memory import PACKET_BASE, Memory, Region
from tests.property.programs import EFFECTS, MEMORY_BYTES, random_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Module

BUDGET = 3000


def helpers(memory: Memory, log: list[tuple[int, ...]]) -> dict[int, Callable[..., int]]:
    """The four helpers that random programs call."""

    def mix(*args: int) -> int:
        log.append((1, *args))
        return sum((n + 3) * a for n, a in enumerate(args)) % (1 << 64)

    def fill(pointer: int, size: int, *_rest: int) -> int:
        if size:
            memory.write(pointer, bytes((7 * n + size) & 255 for n in range(min(size, 4096))))
        return size

    def digest(pointer: int, *_rest: int) -> int:
        log.append((3, memory.load(pointer, 8)))
        return memory.load(pointer, 8)

    def unknown(pointer: int, *_rest: int) -> int:
        old = memory.load(pointer, 8)
        memory.store(pointer, 8, old * 3 + 1)
        return old

    return {1: mix, 2: fill, 3: digest, 4: unknown}


def fresh_memory(content: bytes) -> Memory:
    return Memory([Region("packet", PACKET_BASE, content)])


def _for_machine(helper: Callable[..., int]) -> Callable[..., int]:
    return lambda _machine, *args: helper(*args)


def run_oracle(code: bytes, content: bytes) -> tuple[object, ...]:
    memory = fresh_memory(content)
    log: list[tuple[int, ...]] = []
    table = {number: _for_machine(helper) for number, helper in helpers(memory, log).items()}
    machine = Machine(code, memory, helpers=table, budget=BUDGET)
    machine.registers[1:3] = [PACKET_BASE, MEMORY_BYTES]
    result = machine.run()
    if result.trap is not None and result.trap.kind == "budget":
        return ("budget",)
    if result.trap is not None:
        return ("trap",)
    return (result.return_value, bytes(memory["packet"].bytes), log)


def run_ir(module: Module, content: bytes) -> tuple[object, ...]:
    memory = fresh_memory(content)
    layout = Layout()
    log: list[tuple[int, ...]] = []

    def enter(depth: int) -> None:
        memory.regions.append(Region(f"frame{depth}", layout.frame_top(depth) - 512, bytes(512)))

    def leave(_depth: int) -> None:
        memory.regions.pop()

    environment = Environment(memory, layout.frame_top, enter, leave, helpers=helpers(memory, log), budget=100 * BUDGET)
    try:
        value = evaluate(module, (PACKET_BASE, MEMORY_BYTES), environment)
    except Trap as trap:
        assert trap.kind != "internal", trap
        return ("trap",)
    return (value, bytes(memory["packet"].bytes), log)


def lifted(code: bytes) -> Module:
    return lift(Bytecode(code, discover_functions(decode(code))), type="raw", effects=EFFECTS.get)


def compare(seed: int, change: Callable[[Module], object]) -> None:
    rng = random.Random(seed)
    code = random_program(rng, rng.randrange(4, 60))
    try:
        module = lifted(code)
    except InputError:
        return
    check(module)
    change(module)
    check(module)
    content = rng.randbytes(MEMORY_BYTES)
    expected = run_oracle(code, content)
    if expected == ("budget",):
        return
    assert run_ir(module, content) == expected, f"seed {seed}\n{print_module(module)}"


@pytest.mark.parametrize("part", range(4))
def test_lifting_keeps_the_meaning(part: int) -> None:
    for seed in range(part * 150, part * 150 + 150):
        compare(seed, lambda _module: None)


@pytest.mark.parametrize("name", sorted(PASSES))
def test_each_pass_keeps_the_meaning(name: str) -> None:
    for seed in range(300):
        compare(seed, lambda module: run_pass(name, module, EFFECTS.get))


def test_the_pipeline_keeps_the_meaning() -> None:
    for seed in range(600):
        compare(seed, lambda module: optimise(module, EFFECTS.get, check_each=True))


@pytest.mark.soak
def test_the_pipeline_keeps_the_meaning_at_length() -> None:
    for seed in range(10_000, 40_000):
        compare(seed, lambda module: optimise(module, EFFECTS.get, check_each=True))


def test_printing_and_parsing_are_inverse() -> None:
    for seed in range(200):
        rng = random.Random(seed)
        code = random_program(rng, rng.randrange(4, 60))
        module = lifted(code)
        for _ in range(2):
            text = print_module(module)
            again = parse_module(text)
            check(again)
            assert print_module(again) == text
            optimise(module, EFFECTS.get)


def test_a_pass_that_changes_the_meaning_is_seen() -> None:
    def damage(module: Module) -> None:
        for fn in module.functions:
            for op in fn.ops():
                if getattr(op, "kind", None) == "add" and type(op).__name__ == "Alu":
                    op.kind = "sub"  # type: ignore[attr-defined]

    with pytest.raises(AssertionError):
        for seed in range(100):
            compare(seed, damage)
