"""The first stage: one fact for each value, by abstract interpretation over the SSA form.

    facts = solve(unit, params, budget)         facts.of[v3] = packet+[14, 94]; facts.dead: edges that nothing takes

Blocks are interpreted in reverse postorder; in loops parameters of headers are widened with the constants that the function
compares with as thresholds, then narrowed. Every step over-approximates, so that stopping narrowing anywhere is sound.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Branch, Jump, Operand, Value, operands, used_values
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier import facts as fa
from bpfcc.verifier.compare import decide
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.edges import passed
from bpfcc.verifier.induction import clamped, find_inductions
from bpfcc.verifier.slices import WRITES
from bpfcc.verifier.transfer import transfer
from bpfcc.verifier.writers import Sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.bpfir.function import Block
    from bpfcc.bpfir.ops import Edge
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Fact
    from bpfcc.verifier.induction import Clamp
    from bpfcc.verifier.unit import Unit

PLAIN_VISITS: Final = 2
WIDE_VISITS: Final = 40
NARROWING_ROUNDS: Final = 2
TYPE_BOUNDS: Final = (0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1)
MAX_THRESHOLDS: Final = 64


class OutOfSteps(Exception):
    """The first stage's budget is spent."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.block = block


@final
class Facts:
    """Facts by value; blocks that can be reached, and edges that cannot be taken."""

    __slots__ = ("dead", "of", "reached", "steps")

    def __init__(self) -> None:
        self.of: dict[Value, Scalar | Fact] = {}
        self.reached: set[Block] = set()
        self.dead: set[tuple[Block, int]] = set()
        self.steps = 0

    def known(self, operand: Operand) -> Scalar | Fact:
        """The fact of an operand."""
        if type(operand) is Value:
            found = self.of.get(operand)
            return found if found is not None else fa.ANYTHING
        return sc.const(operand)


def solve(unit: Unit, params: Sequence[Scalar | Fact], max_steps: int) -> Facts:
    """Facts of every value of the function; OutOfSteps where `max_steps` operations were not enough."""
    solver = _Solver(unit, params, max_steps)
    # Without loops everything that reaches an operation has been looked at before it.
    unit.sources = None if solver.loops else Sources(unit, solver.facts)
    facts = solver.run()
    unit.sources = Sources(unit, facts)
    return facts


@final
class _Solver:
    def __init__(self, unit: Unit, params: Sequence[Scalar | Fact], max_steps: int) -> None:
        self.unit = unit
        self.facts = Facts()
        self.max_steps = max_steps
        self.facts.of.update(zip(unit.fn.params, params, strict=True))
        self.loops = bool(unit.back_edges)
        self.headers = {target for _, target in unit.back_edges}
        self.visits: dict[Block, int] = {}
        self.thresholds = self._thresholds() if self.loops else []
        self.inductions = find_inductions(unit) if self.loops else {}
        # Bounds of induction variables by header, as they were used last.
        self.clamps: dict[Block, list[Clamp | None]] = {}
        self.users: dict[Value, list[Block]] = {}
        self.frame_readers: list[Block] = []
        self.queue: list[int] = []
        self.queued: set[int] = set()
        self.rounds: dict[Block, int] = {}
        self.changed = False
        self.settled = False
        # Values that reach loads through the frame.
        self.watched: set[Value] = set()

    def run(self) -> Facts:
        entry = self.unit.order[0]
        self.facts.reached.add(entry)
        if not self.loops:
            for block in self.unit.order:
                if block in self.facts.reached:
                    self._visit(block)
            return self.facts
        self._index_users()
        self._push(entry)
        order = self.unit.order
        while self.queue:
            at = heapq.heappop(self.queue)
            self.queued.discard(at)
            self._visit(order[at])
            if not self.queue:
                self._check_clamps()
        self._narrow()
        return self.facts

    def _check_clamps(self) -> None:
        """What bounds of induction variables were derived from may have grown since they were used."""
        for header in list(self.clamps):
            self._check_clamp(header)

    def _check_clamp(self, header: Block) -> None:
        """Where the bounds are others now, what a round gives, which the old ones cut off, is passed on again."""
        clamps = self.inductions[header].clamps(self.facts)
        if clamps != self.clamps[header]:
            self.clamps[header] = clamps
            for latch in self.inductions[header].latches:
                if latch in self.facts.reached:
                    self._push(latch)

    def _narrow(self) -> None:
        """Look at everything again with the facts as they are: each fact that this gives holds too, and is no wider."""
        self.loops, self.settled = False, True
        for _ in range(NARROWING_ROUNDS):
            self.changed = False
            for block in self.unit.order:
                if block in self.facts.reached:
                    self._again(block)
            if not self.changed:
                break

    def _again(self, block: Block) -> None:
        facts, unit = self.facts, self.unit
        sources = [
            (source, edge)
            for source in dict.fromkeys(unit.dominators.predecessors[block])
            if source in facts.reached
            for index, edge in enumerate(source.edges())
            if edge.block is block and (source, index) not in facts.dead
        ]
        if not sources and block is not unit.order[0]:
            facts.reached.discard(block)
            self.changed = True
            return
        clamps = self.inductions[block].clamps(facts) if block in self.inductions else []
        for at, param in enumerate(block.params):
            found: Scalar | Fact | None = None
            for source, edge in sources:
                fact = passed(unit, source, edge, edge.args[at], facts.known)
                found = fact if found is None else fa.join(found, fact)
            before = facts.of.get(param)
            if found is not None and at < len(clamps) and (clamp := clamps[at]) is not None:
                found = clamped(found, clamp)
            if found is not None and before is not None and found != before:
                better = fa.meet(before, found)
                if better is not None and better != before:
                    facts.of[param] = better
                    self.changed = True
        self._visit(block)

    def _thresholds(self) -> list[int]:
        found: set[int] = set(TYPE_BOUNDS)
        for block in self.unit.order:
            ending = block.terminator
            if type(ending) is Branch:
                for operand in (ending.lhs, ending.rhs):
                    if type(operand) is int and len(found) < MAX_THRESHOLDS:
                        found |= {operand, (operand - 1) & (2**64 - 1), (operand + 1) & (2**64 - 1)}
        return sorted(found)

    def _index_users(self) -> None:
        for block in self.unit.order:
            reads_frame = False
            for op in block.ops:
                for value in used_values(op):
                    self._use(value, block)
                reads_frame = reads_frame or op in self.unit.frame.sees
            for value in used_values(block.terminator):
                self._use(value, block)
            if reads_frame:
                self.frame_readers.append(block)

    def _use(self, value: Value, block: Block) -> None:
        users = self.users.setdefault(value, [])
        if not users or users[-1] is not block:
            users.append(block)

    def _push(self, block: Block) -> None:
        number = self.unit.number[block]
        if number not in self.queued:
            self.queued.add(number)
            heapq.heappush(self.queue, number)

    # ---- one block

    def _visit(self, block: Block) -> None:
        facts = self.facts
        facts.steps += len(block.ops) + 1
        if facts.steps > self.max_steps:
            raise OutOfSteps(block)
        known, of = facts.known, facts.of
        unit, loops = self.unit, self.loops
        for op in block.ops:
            if loops and self.frame_readers and type(op) in WRITES:
                self._watch(operands(op))
            if not op.HAS_RESULT:
                continue
            found = transfer(unit, op, known)
            if found is None:
                # An assumption that cannot hold: nothing comes this way (so far, where there are loops).
                if not loops:
                    facts.reached.discard(block)
                return
            result: Value = op.result  # type: ignore[attr-defined]
            if loops:
                if op in unit.frame.sees and result in of:
                    found = self._widened_load(block, of[result], found)
                self._set(result, found, block)
            else:
                of[result] = found
        self._leave(block)

    def _widened_load(self, block: Block, before: Scalar | Fact, found: Scalar | Fact) -> Scalar | Fact:
        """Values that come round through the frame have no parameter to be widened at."""
        joined = fa.join(before, found)
        if joined == before:
            return before
        self.rounds[block] = self.rounds.get(block, 0) + 1
        if self.rounds[block] > WIDE_VISITS:
            return fa.ANYTHING
        return fa.widen(before, joined, self.thresholds) if self.rounds[block] > PLAIN_VISITS else joined

    def _watch(self, operands: Sequence[Operand]) -> None:
        """Values that reach loads through the frame; these are looked at again when one changes (see `_set`)."""
        for operand in operands:
            if type(operand) is Value and operand not in self.watched:
                self.watched.add(operand)
                for seen in {operand, *self._tested_with(operand)}:
                    users = self.users.setdefault(seen, [])
                    users += [block for block in self.frame_readers if block not in users]

    def _tested_with(self, operand: Value) -> list[Value]:
        """Values that it is compared with."""
        root = renamed(operand)
        tests = self.unit.tested.get(root, ()) if type(root) is Value else ()
        return [v for _, branch, _ in tests for v in (branch.lhs, branch.rhs) if type(v) is Value]

    def _set(self, value: Value, fact: Scalar | Fact, block: Block) -> None:
        before = self.facts.of.get(value)
        if before is fact or before == fact:
            return
        self.facts.of[value] = fact
        if self.loops and before is not None:
            for user in self.users.get(value, ()):
                if user is not block and user in self.facts.reached:
                    self._push(user)

    def _leave(self, block: Block) -> None:
        ending = block.terminator
        if type(ending) is Jump:
            self._take(block, ending.target)
        elif type(ending) is Branch:
            outcome = decide(ending.kind, ending.width_bits, self.facts.known(ending.lhs), self.facts.known(ending.rhs))
            if outcome is not False:
                self._take(block, ending.then)
            if outcome is not True:
                self._take(block, ending.otherwise)
            for way, dead in ((0, outcome is False), (1, outcome is True)):
                if dead and (block, way) not in self.facts.dead:
                    self.facts.dead.add((block, way))
                    self.changed = True
                elif not dead:
                    self.facts.dead.discard((block, way))

    def _take(self, source: Block, edge: Edge) -> None:
        target = edge.block
        new = target not in self.facts.reached
        if new:
            self.facts.reached.add(target)
        if edge.args:
            self._pass(source, edge)
        if new and self.loops:
            self._push(target)

    def _pass(self, source: Block, edge: Edge) -> None:
        target = edge.block
        if self.settled:
            return
        of = self.facts.of
        grown = False
        widening = target in self.headers and self.visits.get(target, 0) > PLAIN_VISITS
        clamps: list[Clamp | None] | None = None
        for at, (param, arg) in enumerate(zip(target.params, edge.args, strict=True)):
            fact = passed(self.unit, source, edge, arg, self.facts.known)
            before = of.get(param)
            if before is None:
                of[param] = fact
                grown = True
                continue
            joined = fa.join(before, fact)
            if joined is before or joined == before:
                continue
            clamp: Clamp | None = None
            if target in self.inductions:
                if clamps is None:
                    clamps = self.clamps[target] = self.inductions[target].clamps(self.facts)
                clamp = clamps[at] if at < len(clamps) else None
            if widening:
                far = self.visits[target] > WIDE_VISITS
                thresholds = self.thresholds if clamp is None else clamp.thresholds()
                joined = fa.ANYTHING if far and type(joined) is fa.Fact else sc.TOP if far else fa.widen(before, joined, thresholds)
            # Clamps follow facts: where these keep growing nothing may hold them back from their end.
            if clamp is not None and self.visits.get(target, 0) <= WIDE_VISITS:
                joined = fa.join(before, clamped(joined, clamp))
                if joined == before:
                    continue
            of[param] = joined
            grown = True
            if self.loops:
                for user in self.users.get(param, ()):
                    if user is not target and user in self.facts.reached:
                        self._push(user)
        if grown and self.loops:
            self.visits[target] = self.visits.get(target, 0) + 1
            self._push(target)

        if self.loops and target in self.clamps and not self.inductions[target].repeats(source):
            self._check_clamp(target)
