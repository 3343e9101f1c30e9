"""Directed search for an input with which the checked interpreter traps at a finding's instruction.

    search(program, program.ir, finding)      Counterexample(packet=b"…", trap="access of 4 bytes at …", …), or None

Each run shows its branches and what they depended on; the nearest branch that leads to the target is turned around by solving its
condition backwards, and where the target is reached, what would make it trap is solved in the same way. Every number here counts
runs or operations, never time, so the same finding gets the same answer.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias, final

from bpfcc.bpfir.ops import Call
from bpfcc.counterexamples.distances import FAR, Distances
from bpfcc.counterexamples.expressions import Expression, lookups_in
from bpfcc.counterexamples.goals import Target, goals, last_entry, target_of
from bpfcc.counterexamples.inputs import LENGTH, REPEAT, Given, Shape
from bpfcc.counterexamples.mutations import depends_on, hinted, mutations, starts
from bpfcc.counterexamples.replaying import replay, shrunk
from bpfcc.counterexamples.solving import solve, solve_path, tightened
from bpfcc.counterexamples.tracing import MAX_OPS, Trace, Tracer
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.execution import prepare
from bpfcc.runtime.maps import MapError
from bpfcc.runtime.memory import SLOT_CONTEXT, SLOT_SHIFT
from bpfcc.verifier.verdict import Counterexample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bpfcc.bpfir.function import Block, Module
    from bpfcc.bpfir.ops import Op
    from bpfcc.counterexamples.expressions import Model, Variable
    from bpfcc.counterexamples.solving import Condition
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Finding

# Operations, and what a run and each of its conditions take besides, in operations.
BUDGET_COST: Final = 150_000
COST_OF_RUN: Final = 200
COST_OF_EVENT: Final = 20
# Branches of one run that are turned around, and ways for each.
EVENTS_EACH: Final = 48
WAYS: Final = 4
GOALS_EACH: Final = 60
# So many runs that show nothing new end the search.
STALE: Final = 120
MANY_EVENTS: Final = 200
MANY_PLACES: Final = 400
TIMES_EACH: Final = 8
MUTATED_EACH: Final = 2
# Their contexts hold pointers to kernel objects, or numbers: nobody here knows which.
TYPED_ARGUMENTS: Final = frozenset({"tracing", "lsm", "struct_ops"})
FIRST_PAGE: Final = 4096
CONTEXT_CODES: Final = frozenset({"V012", "V016"})
REPEATS: Final = (1000, 70_000)
LEAVES_SOMETHING: Final = frozenset({"map_update_elem", "map_push_elem", "ringbuf_reserve", "ringbuf_reserve_dynptr", "ringbuf_output"})
REPEATED_EACH: Final = 1
# Endless loops: so many candidates are run for real, and first for fewer steps than a run has.
ENDLESS: Final = 60
MAX_CONFIRMED: Final = 100
SOME_STEPS: Final = 1_000_000
LOOP_OPS: Final = 4000
# An input, or a program, that this runtime cannot run.
CANNOT: Final = (InputError, UnsupportedError, MapError)
REPEATED_OPS: Final = 10_000_000
# A branch, the block that it did not go to, the call depth, and which time it was.
Turn: TypeAlias = "tuple[Op, Block, int, int]"
Hints: TypeAlias = "Iterable[Mapping[str, object]]"


def search(
    program: Program,
    module: Module,
    finding: Finding,
    *,
    budget_runs: int = 2000,
    seed: int = 0,
    hints: Iterable[Mapping[str, object]] = (),
) -> Counterexample | None:
    """An input with which the checked interpreter traps at `finding`'s instruction, replayed in a fresh executable; None: not found.

    `hints` are inputs to try first: `packet` and `data` (bytes), `length`, `context` (fields), `maps` (name -> key -> value, bytes).
    """
    target = target_of(module, finding)
    if target is None:
        return None
    try:
        shape = Shape(program, module, whole_context=finding.code in CONTEXT_CODES)
        with prepare(program, checked=True):
            pass
    except CANNOT:
        return None
    return _Search(shape, target, budget_runs, seed).run(hints)


@final
@dataclass(order=True, slots=True)
class _Candidate:
    score: int
    number: int
    model: Model = field(compare=False)


@final
class _Search:
    def __init__(self, shape: Shape, target: Target, budget_runs: int, seed: int) -> None:
        self.shape = shape
        self.target = target
        self.budget_runs = budget_runs
        self.seed = seed
        self.tracer = Tracer(shape, target.ops, max_ops=LOOP_OPS if target.loop else MAX_OPS)
        self.far = Distances(shape.module, target.function, target.blocks)
        self.queue: list[_Candidate] = []
        self.known: set[frozenset[tuple[object, int]]] = set()
        self.turned: Counter[Turn] = Counter()
        self.aimed: Counter[object] = Counter()
        self.runs = self.cost = self.endless = self.stale = self.confirmed = 0
        # Blocks that runs came to, and addresses at the target.
        self.places: set[object] = set()
        self.best: list[tuple[Model, int]] = []

    def run(self, hints: Hints) -> Counterexample | None:
        """The whole search."""
        if self.far.of(self.shape.module.entry, self.shape.module.entry.entry) is None:
            return None
        for model in hinted(self.shape, hints):
            self._add(-2, model)
        for number, model in enumerate(starts(self.shape)):
            self._add(number // 2, model)
        while self.queue and self.runs < self.budget_runs and self.cost < BUDGET_COST and self.stale < STALE:
            candidate = heappop(self.queue)
            trace = self._trace(candidate.model)
            if trace is None:
                continue
            found = self._judge(trace)
            if found is not None:
                return found
            self._expand(trace)
        return self._repeated()

    def _add(self, score: int, model: Model) -> None:
        key = frozenset(model.items())
        if key not in self.known:
            self.known.add(key)
            heappush(self.queue, _Candidate(score, len(self.known), model))

    def _trace(self, model: Model) -> Trace | None:
        self.runs += 1
        try:
            trace = self.tracer.run(model)
        except CANNOT:
            return None
        self.cost += trace.ops + COST_OF_RUN + COST_OF_EVENT * len(trace.events)
        before = len(self.places)
        self.places |= {block for _, block in trace.seen}
        if len(self.places) < MANY_PLACES:
            self.places |= {(access.address, access.size) for access in trace.accesses[:2] if access.bounds is not None}
        self.places.add(min(len(trace.events), MANY_EVENTS))
        self.stale = 0 if len(self.places) > before else self.stale + 1
        return trace

    # ---- what a run showed

    def _judge(self, trace: Trace) -> Counterexample | None:
        target = self.target
        if target.met_at(trace.trap) and not self._artefact(trace):
            found = self._confirm(trace.given)
            if found is not None:
                return found
        if target.loop and any(fn is target.function and block in target.blocks for fn, block in trace.seen[-1:]) and trace.cut:
            self.endless += 1
            return self._confirm(trace.given) if self.endless <= ENDLESS else None
        if trace.reached and trace.trap is None and len(self.best) < REPEATED_EACH:
            self.best.append((trace.model, trace.ops))
        return None

    def _artefact(self, trace: Trace) -> bool:
        """The trap tells of what a runtime lacks and a kernel has: a longer context, memory of the kernel's own."""
        failed, codec = trace.failed, self.shape.codec
        if failed is None or codec is None:
            return False
        if failed.address >> SLOT_SHIFT == SLOT_CONTEXT:
            return codec.spec.variable and (failed.address & (1 << SLOT_SHIFT) - 1) + failed.size <= codec.spec.size
        if failed.bounds is not None or not isinstance(failed.symbol, Expression):
            return False
        if self.target.code == "V022" or (self.target.code == "V020" and failed.address < FIRST_PAGE):
            return False
        sources = {each[0] for each in failed.symbol.leaves}
        return "kernel" in sources or (self.shape.type in TYPED_ARGUMENTS and "context" in sources)

    def _confirm(self, given: Given, repeat: int = 1) -> Counterexample | None:
        """Replay in a fresh executable, as `bpfcc run` would; without particular surroundings where it goes without."""
        self.confirmed += 1
        if self.confirmed > MAX_CONFIRMED:
            return None
        surroundings = dict(given.surroundings)
        plain = replace(given, surroundings={})
        for each in (plain, given) if surroundings else (plain,):
            found = self._replayed(each, repeat)
            if found is not None:
                return found
        return None

    def _replayed(self, given: Given, repeat: int) -> Counterexample | None:
        try:
            made = self._counterexample(given, repeat)
            if self.target.loop and replay(self.shape.program, made, steps=SOME_STEPS) is None:
                return None
            trap = replay(self.shape.program, made)
        except CANNOT:
            return None
        if trap is None or not self.target.met(trap):
            return None
        found = replace(made, trap=str(trap))
        return found if self.target.loop else shrunk(self.shape.program, found, self.target.met)

    def _counterexample(self, given: Given, repeat: int) -> Counterexample:
        environment = given.surroundings | ({REPEAT: repeat} if repeat > 1 else {})
        data = given.data if given.data is not None else given.context
        seeds = self.shape.seeds(given)
        return Counterexample(packet=given.packet, data=data, context=given.fields, maps=seeds, environment=environment)

    def _repeated(self) -> Counterexample | None:
        """What one run leaves behind may be what the next one stumbles over: a full buffer, a full map."""
        called = {op.helper for fn in self.shape.module.functions for op in fn.ops() if isinstance(op, Call)}
        known = self.shape.platform.helpers_by_id
        if self.target.loop or not any(known[each].name in LEAVES_SOMETHING for each in called if each in known):
            return None
        for model, ops in self.best:
            given = self.shape.given(model)
            for repeat in REPEATS:
                found = self._confirm(given, repeat) if ops * repeat < REPEATED_OPS else None
                if found is not None:
                    return found
        return None

    # ---- the next inputs

    def _expand(self, trace: Trace) -> None:
        self._aim(trace)
        self._turn(trace)
        self._avoid(trace)

    def _aim(self, trace: Trace) -> None:
        """The target was reached: make it trap."""
        conditions = [event.condition for event in trace.events]
        path = tuple(event.op.insn for event in trace.events[-6:])
        for goal, before in islice(goals(trace, self.target), GOALS_EACH):
            key = (goal.kind, goal.rhs if isinstance(goal.rhs, int) else -1, path)
            self.aimed[key] += 1
            if self.aimed[key] > 2:
                continue
            for model, broken in solve_path(conditions[:before], goal, trace.model, WAYS):
                self._add(-1 + 3 * broken + self.aimed[key], model)
        for model in self._corners(trace, conditions):
            self._add(0, model)
        leaves = depends_on(trace)
        self.aimed[leaves] += 1
        if leaves and self.aimed[leaves] <= MUTATED_EACH:
            for number, model in enumerate(mutations(trace, leaves, self.seed)):
                self._add(5 + number // 4, model)

    def _corners(self, trace: Trace, conditions: list[Condition]) -> Iterator[Model]:
        """Where an address has several parts: all of them as large as the path lets them be; the last entry of an array."""
        for access in trace.accesses[:2]:
            before = conditions[: access.before]
            leaves: frozenset[Variable] = frozenset()
            for symbol in (access.symbol, access.size_symbol):
                if isinstance(symbol, Expression):
                    leaves |= symbol.leaves
                    for each in lookups_in(symbol):
                        yield from islice(solve(last_entry(each), trace.model), 1)
            if len(leaves) > 1:
                yield tightened(before, leaves, trace.model)

    def _turn(self, trace: Trace) -> None:
        """Turn branches around that lead nearer."""
        ranked = sorted(self._ways(trace), key=lambda way: way[:2])[:EVENTS_EACH]
        conditions = [event.condition for event in trace.events]
        for score, number, key in ranked:
            self.turned[key] += 1
            goal = conditions[number].negated()
            for way, (model, broken) in enumerate(solve_path(conditions[:number], goal, trace.model, WAYS)):
                self._add(score + way + 6 * broken, model)

    def _ways(self, trace: Trace) -> Iterator[tuple[int, int, Turn]]:
        times: Counter[tuple[Op, Block]] = Counter()
        for number, event in enumerate(trace.events):
            far = self.far.of(event.fn, event.other)
            times[event.op, event.other] += 1
            if far is None or far >= FAR:
                continue
            # Each turn of a loop is a branch of its own: the next one may be the one that matters.
            turn = times[event.op, event.other]
            key = (event.op, event.other, event.depth, turn)
            if self.turned[key] < TIMES_EACH:
                yield far + 2 * self.turned[key] + turn.bit_length(), number, key

    def _avoid(self, trace: Trace) -> None:
        """The run trapped elsewhere: give it what it missed there."""
        if trace.trap is None or self.target.met_at(trace.trap) or trace.failed is None:
            return
        failed = trace.failed
        if failed.end is not None:
            self._add(1, trace.model | {LENGTH: trace.model.get(LENGTH, 64) + 64})
        symbol = failed.symbol
        if not isinstance(symbol, int):
            for each in symbol.leaves:
                if each[0] == "entry":
                    self._add(1, trace.model | {each: 1})
            self._add(2, trace.model | {each: 0 for each in symbol.leaves if each[0] not in {"entry", "length", "random"}})
