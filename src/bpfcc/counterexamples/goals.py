"""What would make the target trap, as conditions on the input.

    access of 4 bytes at packet + v, packet of 64      v > 60, v = 61, the packet ends before, a lookup before it fails …

A finding's target is its instruction; of an endless loop it is the loop's blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.bpfir.dominance import Dominators
from bpfcc.bpfir.loops import find_loops
from bpfcc.counterexamples.expressions import MASK64, Expression, alu, lookups_in
from bpfcc.counterexamples.solving import Condition
from bpfcc.counterexamples.tracing import ops_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.bpfir.function import Block, Function, Module
    from bpfcc.bpfir.ops import Op
    from bpfcc.counterexamples.expressions import Lookup
    from bpfcc.counterexamples.tracing import Access, Event, Place, Trace
    from bpfcc.errors import Trap
    from bpfcc.verifier.verdict import Finding

LOOPS: Final = frozenset({"V060", "V072"})
HELD: Final = frozenset({"V040", "V042"})
# Traps that say nothing about an instruction.
ELSEWHERE: Final = frozenset({"budget", "stopped", "reference"})
BEYOND: Final = (0, 1, 8, 64, 256, 4096, 1 << 16, 1 << 24, 1 << 31, 1 << 40)


@final
@dataclass(slots=True)
class Target:
    """Where a run is to trap. `loop` are the instructions of the loop at fault, empty where it is no loop."""

    code: str
    function: Function
    insn: int
    ops: frozenset[Op]
    blocks: frozenset[Block]
    loop: frozenset[int]

    def met_by(self, kind: str, function: str | None, insn: int | None) -> bool:
        """Whether such a trap is what the finding says."""
        if self.code in HELD:
            return kind == "reference"
        if self.loop:
            return kind == "budget" and function == self.function.name and insn in self.loop
        return kind not in ELSEWHERE and function == self.function.name and insn == self.insn

    def met(self, trap: Trap) -> bool:
        """The same for the interpreter's own."""
        return self.met_by(trap.kind, trap.function, trap.insn)

    def met_at(self, place: Place | None) -> bool:
        """The same for a traced run."""
        return place is not None and self.met_by(*place)


def target_of(module: Module, finding: Finding) -> Target | None:
    """None where no operation is left of the instruction."""
    fn = next((fn for fn in module.functions if fn.name == finding.function), None)
    if fn is None:
        return None
    found = list(ops_at(fn, finding.insn))
    if finding.code in HELD and not found:
        found = [(block, block.terminator) for block in fn.blocks if not block.successors()]
    if finding.code in LOOPS:
        return _loop_target(finding, fn, {block for block, _ in found})
    if not found:
        return None
    return Target(finding.code, fn, finding.insn, frozenset(op for _, op in found), frozenset(block for block, _ in found), frozenset())


def _loop_target(finding: Finding, fn: Function, blocks: set[Block]) -> Target | None:
    """The outermost loop around the instruction, or all of the function's cycles where it is in none."""
    loops = find_loops(Dominators(fn))
    inside: set[Block] = set()
    for loop in loops.loops:
        if not blocks or blocks & loop.blocks:
            inside |= loop.blocks
    if not inside:
        inside = set(fn.blocks) if loops.irreducible else set()
    if not inside:
        return None
    insns = frozenset(op.insn for block in inside for op in block.all_ops())
    return Target(finding.code, fn, finding.insn, frozenset(), frozenset(inside), insns)


def goals(trace: Trace, target: Target) -> Iterator[tuple[Condition, int]]:
    """Conditions that would make the target trap, each with how many events come before it."""
    if target.loop:
        yield from _stay(trace, target)
        return
    accesses = trace.accesses[:3] + trace.accesses[3:][-2:]
    for access in accesses:
        for condition in _violations(access):
            yield condition, access.before


def _violations(access: Access) -> Iterator[Condition]:
    symbol, size, bounds = access.symbol, access.size, access.bounds
    if isinstance(symbol, Expression):
        for each in lookups_in(symbol):
            yield Condition("eq", 64, each, 0)
    if isinstance(access.size_symbol, Expression):
        room = bounds[1] - access.address if bounds is not None and access.address < bounds[1] else 0
        for beyond in (room + 1, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 63):
            yield Condition("uge", 64, access.size_symbol, beyond)
        yield Condition("slt", 32, access.size_symbol, 0)
        yield Condition("eq", 64, access.size_symbol, 0)
    if bounds is None:
        if isinstance(symbol, Expression):
            yield Condition("eq", 64, symbol, 0)
            yield Condition("ne", 64, symbol, access.address)
        return
    if isinstance(symbol, Expression):
        low, high = bounds
        yield Condition("ugt", 64, symbol, max(high - size, 0))
        yield Condition("ult", 64, symbol, low)
        for far in BEYOND:
            yield Condition("eq", 64, symbol, high - size + 1 + far & MASK64)
            yield Condition("eq", 64, symbol, low - 1 - far & MASK64)
        yield Condition("slt", 64, symbol, low)
    if access.end is not None:
        last = alu("add", 64, symbol, size, access.address + size & MASK64) if isinstance(symbol, Expression) else None
        yield Condition("ult", 64, access.end, access.address + size if last is None else last)


def last_entry(found: Expression) -> Condition:
    """The lookup gives the last entry of an array: behind it, nothing is."""
    info = cast("Lookup", found.info)
    return Condition("eq", 64, found, info.base + info.stride * (info.entries - 1) if info.entries else found.value)


def _stay(trace: Trace, target: Target) -> Iterator[tuple[Condition, int]]:
    """Conditions under which the loop goes on where it was left."""
    for number, event in enumerate(trace.events):
        if event.fn is target.function and _leaves(event, target):
            yield event.condition.negated(), number


def _leaves(event: Event, target: Target) -> bool:
    return event.other in target.blocks and event.op.insn in target.loop
