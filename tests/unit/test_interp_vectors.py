"""Every instruction vector through lifter and interpreter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.backends.aot import Aot
from bpfcc.backends.llvm import Llvm
from bpfcc.errors import Trap
from tests.conformance.vectors import PacketVector, TrapVector, packet_vectors, trap_vectors, vectors
from tests.interp_harness import run_raw

if TYPE_CHECKING:
    from tests.conformance.builder import Vector


@pytest.mark.parametrize("optimised", [False, True], ids=["lifted", "optimised"])
@pytest.mark.parametrize("vector", tuple(vectors()), ids=lambda v: v.name)
def test_vector(vector: Vector, optimised: bool) -> None:
    result, after = run_raw(vector.code, vector.memory, optimised=optimised)
    assert after == vector.memory_after, vector.differences(after)
    assert result.return_value == vector.return_value


@pytest.mark.parametrize("vector", tuple(packet_vectors()), ids=lambda v: v.name)
def test_packet_vector(vector: PacketVector) -> None:
    result, _ = run_raw(vector.code, b"", optimised=True, packet=vector.packet)
    assert result.return_value & 0xFFFF_FFFF == vector.return_value


@pytest.mark.parametrize("vector", tuple(trap_vectors()), ids=lambda v: v.name)
def test_trap_vector(vector: TrapVector) -> None:
    with pytest.raises(Trap) as caught:
        run_raw(vector.code, vector.memory, optimised=True, steps=10_000)
    assert caught.value.kind == vector.kind


# Hardened code of a thousand instructions takes a compiler a second: some here, all of them in the long run.
STEP = 23
CHOSEN = [pytest.param(v, marks=() if at % STEP == 0 else pytest.mark.soak, id=v.name) for at, v in enumerate(vectors())]


@pytest.mark.parametrize("compiler", [Llvm, Aot])
@pytest.mark.parametrize("vector", CHOSEN)
def test_vector_of_compiled_code(vector: Vector, compiler: type[Llvm | Aot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interp_harness.Interpreter", compiler)
    result, after = run_raw(vector.code, vector.memory, optimised=False)
    assert after == vector.memory_after, vector.differences(after)
    assert result.return_value == vector.return_value


@pytest.mark.parametrize("compiler", [Llvm, Aot])
@pytest.mark.parametrize("vector", tuple(trap_vectors()), ids=lambda v: v.name)
def test_trap_vector_of_compiled_code(vector: TrapVector, compiler: type[Llvm | Aot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.interp_harness.Interpreter", compiler)
    with pytest.raises(Trap) as caught:
        run_raw(vector.code, vector.memory, optimised=True, steps=10_000)
    assert caught.value.kind == vector.kind
