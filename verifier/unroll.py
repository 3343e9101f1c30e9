"""Loops walked round by round, on what is known of the values that decide where they go.

    b1(v1): … if v1 is 27, then 82, then 41 …        111 rounds later it is 1 and the loop is left: 112 visits of the header

States are what is known of these values at the header. Each is walked once; the longest chain of states is the bound, and a chain that
comes back to itself a loop that has none (or none that can be shown). The budget is counted in operations, so that verdicts repeat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Branch, ByteSwap, Cast, Load, Op, Operand, Value
from bpfcc.verifier import facts as fa
from bpfcc.verifier.compare import decide
from bpfcc.verifier.cycles import Cycle
from bpfcc.verifier.edges import passed
from bpfcc.verifier.transfer import Known, transfer

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Edge
    from bpfcc.verifier.cycles import Cycles
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

BUDGET: Final = 20_000
MAX_STATES: Final = 1_500
# States of one block in one round; more are put together.
MAX_WAYS: Final = 8
PURE: Final = (Alu, Assume, Cast, ByteSwap)
Overlay = dict[Value, "Scalar | Fact"]
Key = frozenset[tuple[Value, "Scalar | Fact"]]


@final
class Unrolling:
    """`visits` of the header at most, None where that was not found; then `repeats` says whether a state came back."""

    def __init__(self, unit: Unit, facts: Facts, cycles: Cycles, cycle: Cycle, budget: int = BUDGET) -> None:
        self.unit: Final = unit
        self.facts: Final = facts
        self.cycles: Final = cycles
        self.cycle: Final = cycle
        self.left = budget
        self.repeats = False
        self.wanted: Final = self._deciding()
        self.visits: int | None = None if cycle.deep else self._run()

    # ---- which values decide

    def _deciding(self) -> set[Value]:
        """Values that branches of the cycle (and not of inner ones) test, and what these are made of within the cycle."""
        work: list[Operand] = []
        for part in self.cycle.parts:
            if isinstance(part, Block) and type(part.terminator) is Branch:
                work += [part.terminator.lhs, part.terminator.rhs]
        found: set[Value] = set()
        while work:
            value = work.pop()
            if type(value) is Value and value not in found and self._block_of(value) is not None:
                found.add(value)
                work += self._inputs(value)
        return found

    def _block_of(self, value: Value) -> Block | None:
        """The block of the cycle, but of no inner one, where the value is made."""
        definition = value.definition
        block = definition if isinstance(definition, Block) else self.unit.block_of.get(definition) if definition is not None else None
        return block if block is not None and self.cycles.innermost.get(block) is self.cycle else None

    def _inputs(self, value: Value) -> list[Operand]:
        op = value.definition
        if isinstance(op, Block):
            at = op.params.index(value) if value in op.params else -1
            return [edge.args[at] for _, edge in self.cycles.into(op)] if at >= 0 else []
        if isinstance(op, Alu):
            return [op.lhs, op.rhs]
        if isinstance(op, Assume):
            return [op.value, op.lhs, op.rhs]
        if isinstance(op, (Cast, ByteSwap)):
            return [op.value]
        return [op.base] if isinstance(op, Load) else []

    # ---- rounds

    def _run(self) -> int | None:
        """The longest chain of states at the header."""
        after: dict[Key, set[Key]] = {}
        first = self._arrivals()
        work = list(first)
        while work:
            key = work.pop()
            if key in after:
                continue
            if self.left <= 0 or len(after) >= MAX_STATES:
                return None
            after[key] = self._round({self.cycle.header: [dict(key)]})
            work += after[key]
        if self.left <= 0:
            return None
        return self._longest(first, after)

    def _arrivals(self) -> set[Key]:
        """States at the header when it is entered for the first time."""
        entries: dict[Block, list[Overlay]] = {}
        for block in self.cycle.blocks:
            for source, edge in self.cycles.into(block):
                if source not in self.cycle.blocks:
                    entries.setdefault(block, []).append(self._passed(source, edge, {}))
        header = self.cycle.header
        found = {frozenset(overlay.items()) for overlay in entries.pop(header, [])}
        return found | self._round(entries) if entries else found

    def _round(self, at: dict[Block, list[Overlay]]) -> set[Key]:
        """From these states to the header: what is known there then."""
        found: set[Key] = set()
        for part in self.cycle.parts:
            if isinstance(part, Cycle):
                self._skip(part, at, found)
                continue
            for overlay in _few(at.get(part, [])):
                if self._execute(part, overlay):
                    self._leave(part, overlay, at, found)
        return found

    def _skip(self, inner: Cycle, at: dict[Block, list[Overlay]], found: set[Key]) -> None:
        """Through an inner cycle, of whose values nothing more than the facts is known."""
        overlays = [overlay for block in inner.blocks for overlay in at.get(block, [])]
        for overlay in _few(overlays):
            for block in inner.blocks:
                self.left -= 1
                for _, edge in self.cycles.ways(block):
                    if edge.block not in inner.blocks:
                        self._pass(block, edge, overlay, at, found)

    def _execute(self, block: Block, overlay: Overlay) -> bool:
        """Operations whose results decide something; False where nothing gets through."""
        known = self._lookup(overlay)
        self.left -= 1
        for op in block.ops:
            result: Value | None = getattr(op, "result", None)
            if result is None or result not in self.wanted:
                continue
            self.left -= 1
            fact = transfer(self.unit, op, known) if self._follows(op, known) else self.facts.known(result)
            if fact is None:
                return False
            self._set(overlay, result, fact)
        return True

    def _follows(self, op: Op, known: Known) -> bool:
        """Whether the result may be computed from what is known now: loads only from memory that does not change."""
        if type(op) is not Load:
            return isinstance(op, PURE)
        ptrs = fa.pointers_of(known(op.base))
        return bool(ptrs) and all(p.region.kind == "map_value" and p.region.read_only for p in ptrs)

    def _set(self, overlay: Overlay, value: Value, fact: Scalar | Fact) -> None:
        if fact == self.facts.of.get(value):
            overlay.pop(value, None)
        else:
            overlay[value] = fact

    def _lookup(self, overlay: Overlay) -> Known:
        get, known = overlay.get, self.facts.known

        def found(operand: Operand) -> Scalar | Fact:
            fact = get(operand) if type(operand) is Value else None
            return fact if fact is not None else known(operand)

        return found

    def _leave(self, block: Block, overlay: Overlay, at: dict[Block, list[Overlay]], found: set[Key]) -> None:
        ending = block.terminator
        outcome: bool | None = None
        if type(ending) is Branch:
            known = self._lookup(overlay)
            outcome = decide(ending.kind, ending.width_bits, known(ending.lhs), known(ending.rhs))
        for index, edge in self.cycles.ways(block):
            if outcome is None or outcome != bool(index):
                self._pass(block, edge, overlay, at, found)

    def _pass(self, source: Block, edge: Edge, overlay: Overlay, at: dict[Block, list[Overlay]], found: set[Key]) -> None:
        target = edge.block
        if target not in self.cycle.blocks:
            return
        after = self._passed(source, edge, overlay)
        if target is self.cycle.header:
            found.add(frozenset(after.items()))
        else:
            at.setdefault(target, []).append(after)

    def _passed(self, source: Block, edge: Edge, overlay: Overlay) -> Overlay:
        known = self._lookup(overlay)
        target = edge.block
        # Behind a reducible header nothing of the round before can be named but through its parameters.
        renewed = target is self.cycle.header and not self.cycle.irreducible
        after: Overlay = {} if renewed else dict(overlay)
        for param, arg in zip(target.params, edge.args, strict=True):
            if param in self.wanted:
                self._set(after, param, passed(self.unit, source, edge, arg, known))
        return after

    # ---- the longest chain

    def _longest(self, first: set[Key], after: dict[Key, set[Key]]) -> int | None:
        length: dict[Key, int] = {}
        open_: set[Key] = set()
        stack = list(first)
        while stack:
            key = stack[-1]
            if key in length:
                stack.pop()
                continue
            missing = [k for k in after[key] if k not in length]
            if not missing:
                length[key] = 1 + max((length[k] for k in after[key]), default=0)
                open_.discard(key)
                stack.pop()
            elif key in open_:
                # Its successors were walked, and one of them waits for it.
                self.repeats = True
                return None
            else:
                open_.add(key)
                if any(k in open_ for k in missing):
                    self.repeats = True
                    return None
                stack += missing
        return max((length[k] for k in first), default=0)


def _few(overlays: list[Overlay]) -> list[Overlay]:
    """The same states once; too many are put together."""
    seen: dict[Key, Overlay] = {}
    for overlay in overlays:
        seen.setdefault(frozenset(overlay.items()), overlay)
    distinct = [dict(overlay) for overlay in seen.values()]
    if len(distinct) <= MAX_WAYS:
        return distinct
    joined = distinct[0]
    for other in distinct[1:]:
        joined = {value: fa.join(fact, other[value]) for value, fact in joined.items() if value in other}
    return [joined]


__all__ = ["BUDGET", "Unrolling"]
