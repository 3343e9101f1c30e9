"""The judged form of a raw program, run on Python integers: every value against its fact, every loop against its bound.

Walk(unit, facts, termination, memory).run(10_000)        "ended", "budget" or "trap"; AssertionError where something does not hold
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from bpfcc.bpfir import ops
from bpfcc.bpfir.ops import Operand, Value
from bpfcc.bpfir.semantics import ALU, COMPARE, bswap
from bpfcc.verifier.facts import Fact, number_of, pointers_of

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.verifier.cycles import Cycle
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.termination import Termination
    from bpfcc.verifier.unit import Unit

BASE: Final = 0x1000_0000
WORD: Final = (1 << 64) - 1


class Walk:
    """One run; `steps` so far."""

    def __init__(self, unit: Unit, facts: Facts, found: Termination, memory: bytes) -> None:
        self.unit = unit
        self.facts = facts
        self.found = found
        self.memory = bytearray(memory)
        self.values: dict[Value, int] = dict(zip(unit.fn.params, (BASE, len(memory)), strict=False))
        self.counts: dict[Cycle, int] = {}
        self.steps = 0

    def get(self, operand: Operand) -> int:
        """A word."""
        return self.values[operand] if type(operand) is Value else operand

    def set(self, value: Value, word: int) -> None:
        """A word, which the fact of the value admits."""
        fact = self.facts.known(value)
        assert admits(fact, word), f"{value} is {word:#x}, and not {fact}"
        self.values[value] = word

    def run(self, budget: int) -> Literal["ended", "budget", "trap"]:
        """Run to the end."""
        block = self.unit.order[0]
        while True:
            assert block in self.facts.reached, f"{block} is reached"
            self.steps += block.steps
            if self.steps > budget:
                return "budget"
            for op in block.ops:
                if not self.execute(op):
                    return "trap"
            ending = block.terminator
            if isinstance(ending, ops.Jump):
                index, edge = 0, ending.target
            elif isinstance(ending, ops.Branch):
                holds = COMPARE[ending.kind](ending.width_bits, self.get(ending.lhs), self.get(ending.rhs))
                index, edge = (0, ending.then) if holds else (1, ending.otherwise)
            else:
                return "ended"
            assert (block, index) not in self.facts.dead, f"{block} is left by way {index}"
            words = [self.get(arg) for arg in edge.args]
            self.steps += edge.steps
            self.entered(block, edge.block)
            for param, word in zip(edge.block.params, words, strict=True):
                self.set(param, word)
            block = edge.block

    def entered(self, source: Block, target: Block) -> None:
        """Count rounds."""
        cycle = self.found.cycles.innermost.get(target)
        while cycle is not None and source not in cycle.blocks:
            self.counts[cycle] = 0
            cycle = cycle.parent
        cycle = next((c for c in self.found.cycles.inner_first if c.header is target), None)
        if cycle is not None:
            self.counts[cycle] = self.counts.get(cycle, 0) + 1
            bound = self.found.visits[target]
            assert bound is None or self.counts[cycle] <= bound, f"{target} is entered {self.counts[cycle]} times"

    def execute(self, op: ops.Op) -> bool:
        """One operation; False at an access out of bounds."""
        match op:
            case ops.Alu():
                self.set(op.result, ALU[op.kind](op.width_bits, self.get(op.lhs), self.get(op.rhs)))
            case ops.Cast():
                self.set(op.result, extended(op, self.get(op.value)))
            case ops.ByteSwap():
                self.set(op.result, bswap(op.width_bits, self.get(op.value)))
            case ops.Assume():
                self.set(op.result, self.get(op.value))
            case ops.Undef():
                self.values[op.result] = 0
            case ops.Load():
                return self.load(op)
            case ops.Store():
                at = self.get(op.base) + op.offset - BASE
                if not 0 <= at <= len(self.memory) - op.size_bytes:
                    return False
                self.memory[at : at + op.size_bytes] = (self.get(op.value) & WORD).to_bytes(8, "little")[: op.size_bytes]
            case _:
                return False
        return True

    def load(self, op: ops.Load) -> bool:
        """From the memory."""
        at = self.get(op.base) + op.offset - BASE
        if not 0 <= at <= len(self.memory) - op.size_bytes:
            return False
        self.set(op.result, int.from_bytes(self.memory[at : at + op.size_bytes], "little", signed=op.signed) & WORD)
        return True


def extended(op: ops.Cast, word: int) -> int:
    """The low bits, zero- or sign-extended to the width."""
    low = word & ((1 << op.from_bits) - 1)
    if op.kind == "sext" and low >> (op.from_bits - 1):
        low -= 1 << op.from_bits
    return low & ((1 << op.width_bits) - 1)


def admits(fact: Scalar | Fact, word: int) -> bool:
    """Whether a word may be there, addresses being those of the memory."""
    number = number_of(fact)
    if number is not None and number.contains(word):
        return True
    return any(p.region.kind == "unknown" or p.offset.contains((word - BASE) & WORD) for p in pointers_of(fact))
