"""The lifted and the optimised IR on every vector, by the IR's evaluator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.cfg import discover_functions
from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.effects import no_effects
from bpfcc.bpfir.evaluate import Environment, evaluate
from bpfcc.bpfir.lift import lift
from bpfcc.bpfir.module import Bytecode
from bpfcc.bpfir.passes import optimise
from bpfcc.errors import Trap
from tests.conformance.vectors import PacketVector, TrapVector, packet_vectors, trap_vectors, vectors
from tests.oracle import CONTEXT_BASE, Layout, Memory, Region

if TYPE_CHECKING:
    from tests.conformance.builder import Vector


def run_ir(code: bytes, memory: Memory, *, optimised: bool, packet: bytes = b"", budget: int = 1_000_000) -> int:
    """Lift `code` as type "raw" and evaluate it; r0."""
    module = lift(Bytecode(code, discover_functions(decode(code))), type="raw")
    if optimised:
        optimise(module, no_effects)
    layout = Layout()

    def enter(depth: int) -> None:
        memory.regions.append(Region(f"frame{depth}", layout.frame_top(depth) - 512, bytes(512)))

    def leave(_depth: int) -> None:
        memory.regions.pop()

    environment = Environment(memory, layout.frame_top, enter, leave, packet=packet, budget=budget)
    size = len(memory.regions[0].data) if memory.regions else 0
    return evaluate(module, (CONTEXT_BASE, size), environment)


@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
@pytest.mark.parametrize("vector", tuple(vectors()), ids=lambda v: v.name)
def test_vector(vector: Vector, optimised: bool) -> None:
    memory = Memory([Region("memory", CONTEXT_BASE, vector.memory)])
    value = run_ir(vector.code, memory, optimised=optimised)
    after = bytes(memory["memory"].data)
    assert after == vector.memory_after, vector.differences(after)
    assert value == vector.return_value


@pytest.mark.parametrize("vector", tuple(packet_vectors()), ids=lambda v: v.name)
def test_packet_vector(vector: PacketVector) -> None:
    assert run_ir(vector.code, Memory(), optimised=True, packet=vector.packet) & 0xFFFF_FFFF == vector.return_value


@pytest.mark.parametrize("vector", tuple(trap_vectors()), ids=lambda v: v.name)
def test_trap_vector(vector: TrapVector) -> None:
    memory = Memory([Region("memory", CONTEXT_BASE, vector.memory)])
    with pytest.raises(Trap) as caught:
        run_ir(vector.code, memory, optimised=True, budget=vector.budget)
    assert caught.value.kind == vector.kind
