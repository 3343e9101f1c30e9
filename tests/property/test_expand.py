"""The judged form means what the module means: random programs with calls, one function against many."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.check import check
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.evaluate import Environment, evaluate
from bpfcc.bpfir.function import Module
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.ops import CallFunction
from bpfcc.bpfir.passes import optimise
from bpfcc.bpfir.printer import print_module
from bpfcc.errors import InputError, Trap
from bpfcc.runtime.specs import load_platform
from bpfcc.verifier import pseudo
from bpfcc.verifier.callgraph import CallGraph
from bpfcc.verifier.expand import expand
from tests.oracle.machine import Layout
from tests.oracle.memory import PACKET_BASE, Region
from tests.property.programs import EFFECTS, MEMORY_BYTES, insn, random_function, random_program
from tests.property.test_lift import BUDGET, fresh_memory, helpers, run_oracle

if TYPE_CHECKING:
    from bpfcc.verifier.expand import Expanded
    from bpfcc.verifier.unit import Surroundings


def surroundings(module: Module) -> Surroundings:
    """A platform that has the helpers of random programs and nothing else."""

    def effects(number: int) -> Any:
        return pseudo.effects_of(around, number) if number < 0 else EFFECTS.get(number)

    around: Any = SimpleNamespace(
        module=module, platform=load_platform("linux"), type=SimpleNamespace(stack_per_frame=False), helper=lambda _number: None,
        effects=effects, request=SimpleNamespace(object_types=None), moves_packet=lambda _op: False,
    )  # fmt: skip
    around.graph = CallGraph(around)
    found: Surroundings = around
    return found


def nested_calls(rng: random.Random) -> bytes:
    """Up to four functions that begin with calls of later ones: with numbers, the memory, or places in their own frame."""
    count = rng.randrange(2, 5)
    bodies: list[list[tuple[bytes, int | None]]] = []
    for number in range(count):
        body: list[tuple[bytes, int | None]] = [(insn(0xBF, 9, 1), None)]
        for callee in sorted(rng.choices(range(number + 1, count), k=rng.randrange(1, 3))) if number + 1 < count else []:
            body += _call(rng, callee)
        body.append((insn(0xBF, 1, 9), None))
        bodies.append(body + [(slot, None) for slot in random_function(rng, rng.randrange(3, 24), calls=rng.random() < 0.5)])
    starts = [sum(len(body) for body in bodies[:at]) for at in range(count)]
    flat = [pair for body in bodies for pair in body]
    return b"".join(slot if to is None else insn(0x85, 0, 1, 0, starts[to] - at - 1) for at, (slot, to) in enumerate(flat))


def _call(rng: random.Random, callee: int) -> list[tuple[bytes, int | None]]:
    given = [insn(0xBF, 1, 9)] if rng.random() < 0.6 else [insn(0xBF, 1, 10), insn(0x07, 1, 0, 0, -64)]
    other = [insn(0xB7, 2, 0, 0, rng.choice((0, 1, 7)))] if rng.random() < 0.5 else [insn(0xBF, 2, 10), insn(0x07, 2, 0, 0, -24)]
    kept = [insn(0x7B, 10, 0, -8 * rng.randrange(1, 4))] if rng.random() < 0.7 else []
    return [*((slot, None) for slot in given + other), (b"", callee), *((slot, None) for slot in kept)]


def run_expanded(module: Module, form: Expanded, content: bytes) -> tuple[object, ...]:
    """Frames come and go as the pseudo helpers say."""
    memory = fresh_memory(content)
    layout = Layout()
    log: list[tuple[int, ...]] = []
    table = helpers(memory, log)

    def enter_frame(address: int) -> int:
        memory.regions.append(Region("frame", address, bytes(512)))
        return 0

    def leave(_value: int, *_bounds: int) -> int:
        memory.regions.pop()
        return 0

    def enter(depth: int) -> None:
        enter_frame(layout.frame_top(depth) - 512)

    environment = Environment(
        memory, layout.frame_top, enter, lambda _depth: None,
        helpers={**table, pseudo.ENTER_FRAME: enter_frame, pseudo.LEAVE: leave}, budget=100 * BUDGET,
    )  # fmt: skip
    try:
        value = evaluate(
            Module([form.fn, *module.functions[1:]], module.maps, module.externs, module.type), (PACKET_BASE, MEMORY_BYTES), environment
        )
    except Trap as trap:
        assert trap.kind != "internal", trap
        return ("trap",)
    return (value, bytes(memory["packet"].bytes), log)


def compare(seed: int, *, nested: bool, optimised: bool) -> bool:
    """Whether a program with calls was compared."""
    rng = random.Random(seed)
    code = nested_calls(rng) if nested else random_program(rng, rng.randrange(4, 60))
    try:
        module = lift(Bytecode(code, discover_functions(decode(code))), type="raw", effects=EFFECTS.get)
    except InputError:
        return False
    if optimised:
        optimise(module, EFFECTS.get)
    before = print_module(module)
    form = expand(surroundings(module), module.entry)
    assert print_module(module) == before, "the module was changed"
    check(Module([form.fn, *module.functions[1:]], module.maps, module.externs, module.type), after="expand")
    assert not any(isinstance(op, CallFunction) for op in form.fn.ops())
    content = rng.randbytes(MEMORY_BYTES)
    expected = run_oracle(code, content)
    if expected == ("budget",):
        return False
    assert run_expanded(module, form, content) == expected, f"seed {seed}\n{before}\n{print_module(Module([form.fn]))}"
    return len(module.functions) > 1


@pytest.mark.parametrize("optimised", [False, True])
def test_one_function_means_what_many_mean(optimised: bool) -> None:
    compared = sum(compare(seed, nested=True, optimised=optimised) for seed in range(250))
    assert compared > 100


def test_the_programs_of_the_other_tests_too() -> None:
    assert sum(compare(seed, nested=False, optimised=True) for seed in range(150)) > 20


@pytest.mark.soak
def test_one_function_means_what_many_mean_at_length() -> None:
    for seed in range(10_000, 30_000):
        compare(seed, nested=True, optimised=bool(seed & 1))


def test_a_wrong_form_is_noticed() -> None:
    """A frame that is not lowered is that of the caller."""
    # main: [r10-8] = 7; call f; r0 = [r10-8]; exit        f: [r10-8] = 9; r0 = 0; exit
    code = b"".join(
        [
            insn(0x7A, 10, 0, -8, 7),
            insn(0x85, 0, 1, 0, 2),
            insn(0x79, 0, 10, -8),
            insn(0x95),
            insn(0x7A, 10, 0, -8, 9),
            insn(0xB7),
            insn(0x95),
        ]
    )
    module = lift(Bytecode(code, discover_functions(decode(code))), type="raw", effects=EFFECTS.get)
    form = expand(surroundings(module), module.entry)
    content = bytes(MEMORY_BYTES)
    assert run_expanded(module, form, content)[0] == 7 == run_oracle(code, content)[0]
    assert form.fn.frame_bytes == 1024
    assert sorted(map(len, form.activations.values())) == [1, 1, 2]
