"""The second stage: an obligation that the facts of the whole function did not meet is looked at path by path.

    prover.prove(failure)       None: it holds on every path; else the problems of the path on which it does not

Paths are walked forwards from a dominator near the obligation, with facts of their own for the few values that decide it, and
parts of paths that come to the same knowledge are walked once. Where a path fails, it is walked again with everything that is
known: if it cannot be taken, the values that show this join the slice (after Clarke and others, counterexample-guided abstraction
refinement, 2000); if it can, a dominator further up is tried.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Call, CallExtern, Op, Value, operands
from bpfcc.verifier import facts as fa
from bpfcc.verifier.checks.operation import check
from bpfcc.verifier.places import CHANGES
from bpfcc.verifier.slices import cells_of, closure, settled
from bpfcc.verifier.steps import step
from bpfcc.verifier.view import View
from bpfcc.verifier.walk import Overlay, Spent, Walk, lookup

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Block
    from bpfcc.verifier.checks.problem import Problems
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.linear import Linear, Terms
    from bpfcc.verifier.options import Budget
    from bpfcc.verifier.slices import Cell
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit


ROUNDS: Final = 24
# What an obligation may cost that only warns, as a part of what others may.
LINT_SHARE: Final = 40
# Warnings that cost all that before the others are no longer looked at.
SPENT_LINTS: Final = 8
HELD_CODES: Final = frozenset({"V040", "V041", "V042"})


@final
class Prover:
    """Proves obligations of one function."""

    def __init__(self, unit: Unit, facts: Facts, places: dict[Block, State], linear: Linear, budget: Budget) -> None:
        self.unit: Final = unit
        self.facts: Final = facts
        self.places: Final = places
        self.linear: Final = linear
        self.budget: Final = budget
        self.steps = 0
        self.steps_here = 0
        self.limit = budget.path_steps_each
        self.spent_lints = 0
        # What the last exploration came upon that it was not to look for.
        self.set_aside: Problems = []
        # What proofs left behind: facts that hold in a block and in all that it dominates.
        self.learned: dict[Block, Overlay] = {}
        self.learned_order: dict[Block, dict[Terms, int]] = {}
        self.headers: Final = {target for _, target in unit.back_edges}

    @cached_property
    def cells(self) -> dict[Op, Cell]:
        """Loads that read one place of the frame."""
        return cells_of(self.unit, self.facts, set(self.facts.of))

    # ---- the obligation

    def prove(
        self, block: Block, op: Op, problems: Problems, *, deciding: bool = True, aside: frozenset[str] = frozenset()
    ) -> Problems | Spent | None:
        """None where it holds; `Spent` where the budget ended; else what is wrong. What only warns is looked at less.

        `aside`: codes that are not looked for: a path on which something else is wrong may come after one on which only they are.
        """
        if self._known_already(block, op):
            return None
        if not deciding and self.spent_lints >= SPENT_LINTS:
            return Spent(block)
        needed = {p.code for p in problems}
        values: set[Value] = set()
        wanted = [v for v in operands(op) if type(v) is Value]
        if needed & HELD_CODES:
            # Whether something is held is decided by tests of what was acquired.
            wanted += [r.result for r in self.places[block].may if isinstance(r, Op) and r.HAS_RESULT]  # type: ignore[attr-defined]
            wanted += self._pointers_in_calls()
        closure(self.unit, self.facts, wanted, values)
        self.steps_here = 0
        self.limit = self.budget.path_steps_each if deciding else self.budget.path_steps_each // LINT_SHARE
        last: Problems = problems
        for start in self._starts(block):
            outcome = self._from(Walk(self, start, block, op, needed, aside), values)
            if outcome is None:
                return None
            if isinstance(outcome, Spent):
                self.spent_lints += not deciding
                return outcome
            last = outcome
        return last

    def _pointers_in_calls(self) -> list[Value]:
        """Arguments that may be one of several things: which of them is released is a matter of the path."""
        calls = [op for block in self.unit.order for op in block.ops if isinstance(op, (Call, CallExtern))]
        values = [arg for op in calls for arg in op.args if type(arg) is Value]
        return [v for v in values if type(fact := self.facts.known(v)) is fa.Fact and fact.ptrs and not settled(fact)]

    def _starts(self, block: Block) -> list[Block]:
        """Dominators, further and further up; the entry last."""
        chain = [block]
        while chain[-1] is not self.unit.order[0]:
            chain.append(self.unit.dominators.idom[chain[-1]])
        found, at = [], 1
        while at < len(chain):
            found.append(chain[at])
            at = at * 2 + 1
        if not found or found[-1] is not chain[-1]:
            found.append(chain[-1])
        return found

    def _from(self, walk: Walk, values: set[Value]) -> Problems | Spent | None:
        problems: Problems = []
        for _ in range(ROUNDS):
            outcome = walk.explore(values)
            if outcome is None:
                self._learn(walk.block, walk)
                return None
            if isinstance(outcome, Spent):
                return outcome
            problems = outcome.problems
            more = walk.refute(outcome.trail)
            if more is None:
                return problems
            # The fewest values first: what the slice follows, it has to tell apart.
            if not any(closure(self.unit, self.facts, few, values) for few in more) and not walk.look_closer():
                return problems
        return problems

    # ---- what was learned

    def _learn(self, block: Block, walk: Walk) -> None:
        if walk.arrived:
            self.learned.setdefault(block, {}).update(walk.arrived)
        if walk.arrived_order:
            self.learned_order.setdefault(block, {}).update(walk.arrived_order)

    def learned_at(self, block: Block) -> Overlay:
        """Facts that proofs established for `block` and its dominators."""
        found: Overlay = {}
        if not self.learned:
            return found
        at = block
        while True:
            for value, fact in self.learned.get(at, {}).items():
                found.setdefault(value, fact)
            above = self.unit.dominators.idom[at]
            if above is at:
                return found
            at = above

    def place(self, block: Block) -> State:
        """The state at the start of a block, with the order that proofs established for its dominators."""
        state = self.places[block]
        if not self.learned_order:
            return state
        lower = dict(state.lower)
        at = block
        while True:
            for terms, bound in self.learned_order.get(at, {}).items():
                lower[terms] = max(bound, lower.get(terms, bound))
            above = self.unit.dominators.idom[at]
            if above is at:
                return state.with_lower(lower)
            at = above

    def _known_already(self, block: Block, op: Op) -> bool:
        overlay = self.learned_at(block)
        state = self.place(block)
        if state is self.places[block] and not any(type(v) is Value and v in overlay for v in operands(op)):
            return False
        view = View(self.unit, lookup(overlay, self.facts), state, self.linear)
        for other in block.ops:
            if other is op:
                break
            if type(other) in CHANGES:
                view.state = step(view, other)
        return not check(view, op)

    def spend(self, amount: int) -> bool:
        """Whether there is still budget."""
        self.steps += amount
        self.steps_here += amount
        return self.steps <= self.budget.path_steps and self.steps_here <= self.limit
