"""Ranks: integers within known limits that every round of a loop brings nearer to one of them.

    low, high in [0, 12]; a round makes low larger, or high smaller        high - low: at most 25 rounds

A round is a way from the header to a back edge; where ways meet before it, each is looked at alone. Ranks are the header's parameters and
their differences. Where none falls in every round, several are put in order (lexicographic ranks): what the first leaves alone, the
next must lower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Cast, Operand, Value
from bpfcc.verifier.differences import ANY, FAR, NUMBERS, OFFSET, S32, U64, Differences, Effort, Span, System, span_of
from bpfcc.verifier.facts import Fact
from bpfcc.verifier.halving import Halving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.verifier.cycles import Cycle, Cycles
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

MAX_ROUNDS: Final = 48
MAX_PARAMS: Final = 24
MAX_PAIRS: Final = 8
MAX_RENAMES: Final = 60


class Shift(NamedTuple):
    """A value and by how much what is meant differs from it."""

    operand: Operand
    low: int
    high: int


class Counter(NamedTuple):
    """What a round does to a parameter: for findings. `steps` by back edge, in the reading that says most."""

    param: Value
    steps: tuple[Span, ...]
    system: System


@final
class Ranks:
    """`visits`: how often the header of a reducible cycle is entered at most, once it is; None where no rank was found."""

    def __init__(self, unit: Unit, facts: Facts, cycles: Cycles, cycle: Cycle, visits: Mapping[Block, int | None], effort: Effort) -> None:
        self.unit: Final = unit
        self.facts: Final = facts
        self.cycles: Final = cycles
        self.cycle: Final = cycle
        self.inner: Final = visits
        self.effort: Final = effort
        self.params: Final = cycle.header.params[:MAX_PARAMS]
        self.counters: list[Counter] = []
        found = self._alone() + self._halved()
        self.visits: int | None = min(found) if found else self._together()

    def _differences(self, base: Value, system: System) -> Differences:
        return Differences(self.unit, self.facts, self.cycles, self.cycle, base, system=system, visits=self.inner, effort=self.effort)

    def _readings(self, param: Value) -> list[System]:
        """Readings of a parameter that differ."""
        fact = self.facts.known(param)
        if type(fact) is Fact:
            return [OFFSET] if span_of(OFFSET, fact) is not None else []
        if fact.umax < 1 << 31:
            return [U64]
        return list(NUMBERS) if fact.umax >= 1 << 32 else [U64, S32]

    # ---- one parameter

    def _alone(self) -> list[int]:
        """Bounds by parameters that move one way in every round."""
        found: list[int] = []
        for at, param in enumerate(self.params):
            for system in self._readings(param):
                differences = self._differences(param, system)
                steps = tuple(differences.of(source.edges()[index].args[at]) for source, index in self.cycle.back)
                span = span_of(system, self.facts.known(param))
                assert span is not None  # noqa: S101 - one of its readings
                step = max(min(s[0] for s in steps), -max(s[1] for s in steps))
                if step > 0:
                    found.append((span[1] - span[0]) // step + 1)
                self.counters.append(Counter(param, steps, system))
        return found

    def _halved(self) -> list[int]:
        found = [Halving(self.facts, self.cycles, self.cycle, param, bits).visits() for param in self.params for bits in (64, 32)]
        return [visits for visits in found if visits is not None]

    # ---- several parameters, each way through the body for itself

    def _together(self) -> int | None:
        found = [bound for system in (*NUMBERS, OFFSET) if (bound := self._in(system)) is not None]
        return min(found, default=None)

    def _in(self, system: System) -> int | None:
        places = [at for at, param in enumerate(self.params) if span_of(system, self.facts.known(param)) is not None]
        if not places:
            return None
        differences = {at: self._differences(self.params[at], system) for at in places}
        rounds = self._rounds(places, system)
        steps = [{at: _shifted(differences[at].of(shift.operand), shift) for at, shift in zip(places, way, strict=True)} for way in rounds]
        return self._ordered(places, steps, system)

    def _rounds(self, places: list[int], system: System) -> list[tuple[Shift, ...]]:
        """What the parameters become, for each way that can be told apart."""
        work = [tuple(Shift(source.edges()[index].args[at], 0, 0) for at in places) for source, index in self.cycle.back]
        done: list[tuple[Shift, ...]] = []
        while work:
            way = work.pop()
            block = self._last_join(way)
            if block is None or len(done) + len(work) >= MAX_ROUNDS:
                done.append(way)
                continue
            relative: dict[Value, Differences] = {}
            for source, edge in self.cycles.into(block):
                if source in self.cycle.blocks:
                    work.append(tuple(self._before(shift, block, edge.args, system, relative) for shift in way))
        return done

    def _last_join(self, way: tuple[Shift, ...]) -> Block | None:
        """The last block that what is passed on is a parameter of."""
        found = [b for shift in way if (b := self._joined_at(shift.operand)) is not None]
        return max(found, key=self.unit.number.__getitem__, default=None)

    def _joined_at(self, operand: Operand) -> Block | None:
        root = root_of(operand)
        block = root.definition if type(root) is Value else None
        if not isinstance(block, Block) or block is self.cycle.header or self.cycles.innermost.get(block) is not self.cycle:
            return None
        return block if root in block.params else None

    def _before(self, shift: Shift, block: Block, args: list[Operand], system: System, relative: dict[Value, Differences]) -> Shift:
        """The same on one way into `block`."""
        root = root_of(shift.operand)
        if type(root) is not Value or root.definition is not block:
            return shift
        if root not in relative:
            relative[root] = self._differences(root, system)
        more = relative[root].of(shift.operand)
        argument = args[block.params.index(root)]
        return Shift(argument, max(shift.low + more[0], -FAR), min(shift.high + more[1], FAR))

    def _ordered(self, places: list[int], steps: list[dict[int, Span]], system: System) -> int | None:
        """The product of the ranks' lengths; None where some round lowers none of them."""
        ranks = self._candidates(places, system)
        rest = steps
        total = 1
        while rest:
            best: tuple[int, int, list[dict[int, Span]]] | None = None
            for terms, length in ranks:
                falls = [_fall(terms, step) for step in rest]
                if min(falls) < 0 or max(falls) <= 0:
                    continue
                left = [step for step, fall in zip(rest, falls, strict=True) if fall <= 0]
                times = length // min(fall for fall in falls if fall > 0) + 1
                if best is None or (len(left), times) < best[:2]:
                    best = len(left), times, left
            if best is None:
                return None
            total *= best[1]
            rest = best[2]
        return total

    def _candidates(self, places: list[int], system: System) -> list[tuple[dict[int, int], int]]:
        """(Coefficients, how far apart its ends are) of every rank that is tried."""
        spans = {at: span for at in places if (span := span_of(system, self.facts.known(self.params[at]))) is not None}
        found: list[tuple[dict[int, int], int]] = []
        for at, span in spans.items():
            found += [({at: 1}, span[1] - span[0]), ({at: -1}, span[1] - span[0])]
        some = list(spans.items())[:MAX_PAIRS]
        for at, span in some:
            found += [({at: 1, other: -1}, span[1] - span[0] + far[1] - far[0]) for other, far in some if other != at]
            found += [({at: s, other: s}, span[1] - span[0] + far[1] - far[0]) for other, far in some if other > at for s in (1, -1)]
        return found


def _fall(terms: dict[int, int], step: dict[int, Span]) -> int:
    """By how much a round lowers the rank at least; negative where it may raise it."""
    return -sum(c * (step[at][1] if c > 0 else step[at][0]) for at, c in terms.items())


def _shifted(span: Span, shift: Shift) -> Span:
    if span == ANY:
        return ANY
    return max(span[0] + shift.low, -FAR), min(span[1] + shift.high, FAR)


def root_of(operand: Operand) -> Operand:
    """What a value was made of simply: renamed, extended, a constant added."""
    for _ in range(MAX_RENAMES):
        if type(operand) is not Value:
            break
        op = operand.definition
        if isinstance(op, (Assume, Cast)):
            operand = op.value
        elif isinstance(op, Alu) and op.kind in ("add", "sub") and type(op.rhs) is int:
            operand = op.lhs
        else:
            break
    return operand
