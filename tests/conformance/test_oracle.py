"""The oracle on every vector: table, semantics and oracle say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.isa_table import FORMS, form_of
from tests.conformance.vectors import PacketVector, TrapVector, packet_vectors, trap_vectors, vectors
from tests.oracle import CONTEXT_BASE, Memory, OracleResult, Region, run

if TYPE_CHECKING:
    from tests.conformance.builder import Vector

VECTORS = tuple(vectors())

# Forms that need an environment; `tests/unit/test_oracle.py` has them.
WITH_ENVIRONMENT = {
    "call_helper", "call_kfunc", "lddw_map", "lddw_map_value", "lddw_variable", "lddw_map_idx", "lddw_map_idx_value",
}  # fmt: skip


def on_oracle(code: bytes, memory: bytes, budget: int = 1_000_000) -> OracleResult:
    regions = Memory([Region("memory", CONTEXT_BASE, memory)])
    return run(code, regs={1: CONTEXT_BASE, 2: len(memory)}, memory=regions, budget=budget)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)
def test_vector(vector: Vector) -> None:
    result = on_oracle(vector.code, vector.memory)
    assert result.trap is None
    after = bytes(result.memory["memory"].data)
    assert after == vector.memory_after, vector.differences(after)
    assert result.return_value == vector.return_value


@pytest.mark.parametrize("vector", tuple(packet_vectors()), ids=lambda v: v.name)
def test_packet_vector(vector: PacketVector) -> None:
    result = run(vector.code, regs={1: CONTEXT_BASE}, packet=vector.packet)
    assert result.trap is None
    assert result.return_value == vector.return_value


@pytest.mark.parametrize("vector", tuple(trap_vectors()), ids=lambda v: v.name)
def test_trap_vector(vector: TrapVector) -> None:
    result = on_oracle(vector.code, vector.memory, vector.budget)
    assert result.return_value is None
    assert result.trap is not None
    assert (result.trap.kind, result.trap.insn) == (vector.kind, vector.insn)


def test_every_supported_form_has_a_vector() -> None:
    codes = [*(v.code for v in VECTORS), *(v.code for v in packet_vectors())]
    covered = {form_of(insn) for code in codes for insn in decode(code) if insn is not None}
    names = {form.name for form in FORMS if form.supported}
    assert names - {form.name for form in covered if form is not None} == WITH_ENVIRONMENT


def test_a_wrong_result_is_seen() -> None:
    vector = next(v for v in VECTORS if v.name == "add64_imm")
    wrong = bytearray(vector.memory_after)
    wrong[vector.results_at] ^= 1
    assert len(vector.differences(bytes(wrong))) == 1


def test_names_are_unique() -> None:
    assert len({v.name for v in VECTORS}) == len(VECTORS)
