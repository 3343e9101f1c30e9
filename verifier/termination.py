"""Whether a function comes to an end: a bound for every loop, and from these one for the instructions that a run executes.

    found = Termination(unit, facts)
    found.visits          {b1: 1024}       how often the header b1 is entered, once the loop is
    found.most(callee)    6151             instructions of bytecode, None where there is no bound
    found.problems        V060 for a loop without a bound, with the operation that it is reported at

Inner loops come first. For each, ranks are tried (`bpfcc.verifier.ranks`), then it is walked (`bpfcc.verifier.unroll`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Assume, Branch, Call, CallExtern, CallFunction, Op, Operand, Value
from bpfcc.verifier import pseudo
from bpfcc.verifier.checks.problem import Problem
from bpfcc.verifier.cost import Cost
from bpfcc.verifier.cycles import Cycle, Cycles
from bpfcc.verifier.differences import FAR, OFFSET, Effort
from bpfcc.verifier.facts import pointers_of
from bpfcc.verifier.induction import find_inductions
from bpfcc.verifier.ranks import Counter, Ranks, root_of
from bpfcc.verifier.unroll import BUDGET, Unrolling

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.bpfir.function import Module
    from bpfcc.verifier.expand import Expanded
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.verdict import Cause, Role

# What judging the loops of one function may cost: values looked at, and operations walked.
EFFORT: Final = 400_000
WALKED: Final = 200_000
# The kernel ends an iterator over numbers after 2**23 steps (BPF_MAX_LOOPS); of others it is only known that they end.
MAX_ITERATIONS: Final = (1 << 23) + 1
REQUIRED: Final = "a counter that every round moves towards a limit"


class Endless(NamedTuple):
    """A loop without a bound, and where it is reported."""

    problem: Problem
    block: Block
    op: Op


@final
class Termination:
    """See the module."""

    def __init__(self, unit: Unit, facts: Facts) -> None:
        self.unit: Final = unit
        self.facts: Final = facts
        self.cycles: Final = Cycles(unit, facts)
        self.visits: dict[Block, int | None] = {}
        self.problems: list[Endless] = []
        self._effort = Effort(EFFORT)
        self._walked = WALKED
        self._inductions = find_inductions(unit)
        for cycle in self.cycles.inner_first:
            self.visits[cycle.header] = self._bound(cycle)

    def most(self, callee: Callable[[Op], int | None]) -> int | None:
        """Instructions that a run of the function executes at most; `callee` says it of what a call runs."""
        counted = any(block.steps for block in self.unit.order)
        return Cost(self.cycles, self.visits, callee, counted=counted).most

    def _bound(self, cycle: Cycle) -> int | None:
        counters: list[Counter] = []
        if cycle.deep:
            self._report(cycle, counters, None)
            return None
        if not cycle.irreducible:
            ranks = Ranks(self.unit, self.facts, self.cycles, cycle, self.visits, self._effort)
            induction = self._inductions.get(cycle.header)
            counted = induction.visits(self.facts) if induction is not None else None
            found = [visits for visits in (ranks.visits, counted) if visits is not None]
            if found and not self._too_often(min(found)):
                return min(found)
            counters = ranks.counters
            iterator = self._iterator(cycle)
            if iterator is not None:
                return MAX_ITERATIONS if iterator == "bpf_iter_num_next" else None
            if found:
                return self._many(cycle, min(found))
        if not self._is_left(cycle):
            self._report(cycle, counters, None)
            return None
        budget = min(BUDGET, self._walked)
        walk = Unrolling(self.unit, self.facts, self.cycles, cycle, budget)
        self._walked -= budget - max(walk.left, 0)
        if walk.visits is None:
            self._report(cycle, counters, walk)
        elif self._too_often(walk.visits):
            self._report_many(cycle, walk.visits)
        return walk.visits

    def _too_often(self, visits: int) -> bool:
        limit = self.unit.around.platform.limits.loop_rounds
        return limit is not None and visits > limit + 1

    def _many(self, cycle: Cycle, visits: int) -> int:
        """A bound that is no good here: walking the loop may give a better one. The bound, whichever it is."""
        budget = min(BUDGET, self._walked)
        walk = Unrolling(self.unit, self.facts, self.cycles, cycle, budget)
        self._walked -= budget - max(walk.left, 0)
        best = visits if walk.visits is None else min(visits, walk.visits)
        if self._too_often(best):
            self._report_many(cycle, best)
        return best

    def _report_many(self, cycle: Cycle, visits: int) -> None:
        block, op, _ = self._place(cycle)
        platform = self.unit.around.platform
        problem = Problem(
            "V060", f"this loop may go round {visits - 1} times", f"at most {platform.limits.loop_rounds} rounds",
            f"{platform.name} takes no more",
            suggestion="count the rounds, and leave the loop after a smaller number of them",
        )  # fmt: skip
        self.problems.append(Endless(problem, block, op))

    def _is_left(self, cycle: Cycle) -> bool:
        """Whether any way out of the loop may be taken."""
        return any(edge.block not in cycle.blocks for block in cycle.blocks for _, edge in self.cycles.ways(block))

    def _iterator(self, cycle: Cycle) -> str | None:
        """The iterator of the kernel that every round asks for more, and that ends: the function's name."""
        for block in cycle.blocks:
            for op in block.ops:
                if type(op) is CallExtern and self._every_round(cycle, block) and self._leaves_on_null(cycle, op.result):
                    name = self.unit.module.externs[op.extern].name
                    if name.startswith("bpf_iter_") and name.endswith("_next") and not self._begun_again(cycle, op):
                        return name
        return None

    def _every_round(self, cycle: Cycle, block: Block) -> bool:
        return all(self.unit.dominators.dominates(block, source) for source, _ in cycle.back)

    def _leaves_on_null(self, cycle: Cycle, result: Value) -> bool:
        """Whether the loop is left where the iterator has no more."""
        for block in cycle.blocks:
            ending = block.terminator
            if type(ending) is Branch and _renamed(ending.lhs) is result and ending.rhs == 0 and ending.kind in ("eq", "ne"):
                out = ending.then if ending.kind == "eq" else ending.otherwise
                if ending.width_bits == 64 and out.block not in cycle.blocks and self._every_round(cycle, block):
                    return True
        return False

    def _begun_again(self, cycle: Cycle, following: CallExtern) -> bool:
        """Whether an iterator may be made anew within the loop, where it is not sure to be another one."""
        place = self._place_of(following)
        for block in cycle.blocks:
            for op in block.ops:
                if type(op) is CallExtern and self.unit.module.externs[op.extern].name.endswith("_new"):
                    other = self._place_of(op)
                    if place is None or other is None or place == other:
                        return True
        return place is None

    def _place_of(self, op: CallExtern) -> int | None:
        """Where in the frame an iterator is."""
        fact = self.facts.known(op.args[0]) if op.args else None
        ptrs = pointers_of(fact) if fact is not None else ()
        if len(ptrs) != 1 or ptrs[0].region.kind != "frame" or not ptrs[0].offset.is_const():
            return None
        return ptrs[0].offset.smin

    # ---- what to say

    def _report(self, cycle: Cycle, counters: list[Counter], walk: Unrolling | None) -> None:
        block, op, operand = self._place(cycle)
        cause: Cause = "source"
        role: Role | None = None
        if cycle.deep:
            message, known, cause = "no bound was found for a loop: it lies in too many others", None, "analysis-limit"
        elif cycle.irreducible:
            message = "no bound was found for a loop that is entered at several places"
            known = "walking it round by round did not come to an end" if walk is not None else "no way leads out of it"
            cause = "source" if walk is None or walk.repeats else "analysis-limit"
        else:
            message = "no bound was found for this loop"
            counter = self._counter(counters, operand)
            known = self._explained(cycle, counter, operand)
            if type(op) is Branch and type(operand) is Value:
                role = "lhs" if op.lhs is operand else "rhs"
                known = known.replace("{lhs}", "{" + role + "}")
        if self._effort.left <= 0 or (walk is not None and walk.left <= 0 and not walk.repeats and not counters):
            cause = "analysis-limit"
        suggestion = "count the rounds, and leave the loop after a constant number of them"
        self.problems.append(Endless(Problem("V060", message, REQUIRED, known, role, cause, suggestion), block, op))

    def _place(self, cycle: Cycle) -> tuple[Block, Op, Operand | None]:
        """The branch at a latch, else the first operation of the header that an instruction stands for; and what it tests."""
        exits = [
            block
            for block in sorted(cycle.blocks, key=self.unit.number.__getitem__)
            if type(block.terminator) is Branch and any(edge.block not in cycle.blocks for edge in block.edges())
        ]
        latches = {source for source, _ in cycle.back}
        # A latch may be a block for the renamings of one way of a branch.
        latches |= {
            source for latch in list(latches) for source, _ in self.cycles.into(latch) if latch not in exits and len(latch.edges()) == 1
        }
        best = next((block for block in reversed(exits) if block in latches), None) or next(iter(exits), None)
        if best is not None and isinstance(best.terminator, Branch):
            ending = best.terminator
            return best, ending, ending.lhs if type(ending.lhs) is Value else ending.rhs
        for block in (cycle.header, *(source for source, _ in cycle.back)):
            for op in block.all_ops():
                if op.insn >= 0:
                    return block, op, None
        return cycle.header, cycle.header.terminator, None

    def _counter(self, counters: list[Counter], operand: Operand | None) -> Counter | None:
        """The parameter that the exit test is about, else the one that comes nearest to a counter."""
        if not counters:
            return None
        tested = root_of(operand) if operand is not None else None

        def rank(counter: Counter) -> tuple[bool, bool, int]:
            low, high = min(s[0] for s in counter.steps), max(s[1] for s in counter.steps)
            moves = any(s[0] > 0 or s[1] < 0 for s in counter.steps)
            return counter.param is tested, moves, -min(high - low, FAR)

        return max(counters, key=rank)

    def _explained(self, cycle: Cycle, counter: Counter | None, operand: Operand | None) -> str:
        if not self._is_left(cycle):
            return "no way leads out of the loop"
        if type(operand) is Value and self._from_before(cycle, operand):
            return "{lhs} does not change in the loop"
        if counter is None:
            return "no variable of the loop counts"
        name = "{lhs}" if type(operand) is Value and root_of(operand) is counter.param else "the variable that comes nearest to a counter"
        fact = self.facts.known(counter.param)
        if all(s == (0, 0) for s in counter.steps):
            return f"{name} does not change"
        stays = [way for way, s in zip(cycle.back, counter.steps, strict=True) if s == (0, 0)]
        if stays:
            return f"{name} does not change on the way through instruction {self._insn(stays[0][0])}"
        low, high = min(s[0] for s in counter.steps), max(s[1] for s in counter.steps)
        if counter.system is not OFFSET and self._may_wrap(counter):
            return f"{name} is {fact!r} and may wrap around before the loop is left"
        if low == 0 or high == 0:
            return f"{name} may stay the same for a round: it changes by {_named(low)} to {_named(high)}"
        return f"{name} is not always moved one way: it changes by {_named(low)} to {_named(high)} (it may be reset)"

    def _from_before(self, cycle: Cycle, operand: Value) -> bool:
        """Whether a value is the same in every round."""
        root = root_of(operand)
        definition = root.definition if type(root) is Value else None
        block = definition if isinstance(definition, Block) else self.unit.block_of.get(definition) if definition is not None else None
        return block not in cycle.blocks

    def _may_wrap(self, counter: Counter) -> bool:
        """Whether what a round gives is known by its range alone, in every reading, though the parameter is made of itself."""
        at = counter.param.definition.params.index(counter.param) if isinstance(counter.param.definition, Block) else 0
        cycle = self.cycles.innermost.get(counter.param.definition) if isinstance(counter.param.definition, Block) else None
        if cycle is None:
            return False
        return all(root_of(source.edges()[index].args[at]) is counter.param for source, index in cycle.back)

    @staticmethod
    def _insn(block: Block) -> int:
        found = [op.insn for op in block.all_ops() if op.insn >= 0]
        return found[-1] if found else -1


def _renamed(operand: Operand) -> Operand:
    while type(operand) is Value and isinstance(operand.definition, Assume):
        operand = operand.definition.value
    return operand


def _named(amount: int) -> str:
    return str(amount) if -(1 << 32) <= amount <= 1 << 32 else "anything"


@final
class Bounds:
    """Of a whole module: every function that is judged, as it is found."""

    def __init__(self, module: Module) -> None:
        self._module: Final = module
        self._found: dict[str, list[tuple[Expanded, Termination]]] = {}
        self._most: dict[str, int | None] = {}

    def judge(self, form: Expanded, unit: Unit, facts: Facts) -> list[Endless]:
        """The loops of one function in its judged form; those without a bound."""
        found = Termination(unit, facts)
        self._found.setdefault(form.fn.name, []).append((form, found))
        return found.problems

    def of(self, name: str) -> list[Termination]:
        """Of one function, each time that it was judged."""
        return [found for _, found in self._found.get(name, [])]

    def most(self) -> int | None:
        """Instructions of bytecode that a run of the program executes at most; None where a loop or a callee has no bound."""
        return self._of(self._module.entry.name)

    def _of(self, name: str) -> int | None:
        if name not in self._most:
            self._most[name] = None  # what calls itself has no bound
            bounds = [found.most(self._callee) for _, found in self._found.get(name, [])]
            self._most[name] = max((b for b in bounds if b is not None), default=None) if None not in bounds else None
        return self._most[name]

    def _callee(self, op: Op) -> int | None:
        """Instructions of what a call runs. Helpers are none; callbacks that are called later are runs of their own."""
        if type(op) is Call:
            is_global = pseudo.EXPANDED < op.helper <= pseudo.GLOBAL
            return self._of(self._module.functions[pseudo.GLOBAL - op.helper].name) if is_global else 0
        return self._of(op.function) if type(op) is CallFunction else None

    def loops(self) -> dict[str, dict[int, int]]:
        """By function and number of a header, how often that is entered at most: whatever copy of the function it is in."""
        found: dict[str, dict[int, int]] = {}
        unbounded: set[tuple[str, int]] = set()
        for copies in self._found.values():
            for form, termination in copies:
                places = {made: (name, old.id) for name, old, made in form.blocks}
                for header, visits in termination.visits.items():
                    name, number = places.get(header, (form.fn.name, header.id) if not form.blocks else ("", -1))
                    if visits is None:
                        unbounded.add((name, number))
                    elif name:
                        own = found.setdefault(name, {})
                        own[number] = max(own.get(number, 0), visits)
        for name, number in unbounded:
            found.get(name, {}).pop(number, None)
        return found


def too_many(most: int, limit: int) -> Problem:
    """A run may execute more instructions than is allowed."""
    return Problem(
        "V072", f"the program may execute {most} instructions", f"at most {limit} instructions", f"the longest run has up to {most}",
        suggestion="lower the bounds of its loops",
    )  # fmt: skip
