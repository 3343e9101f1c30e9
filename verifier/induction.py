"""Induction variables: what a header's parameter can be, from how often the loop goes round.

    b1(v1): v2 = add.64 v1, 1;  if ne.64 v2, v9 then b1(v2) else b2        v1 = 0 at first, v9 in [1, 64]: v1 in [0, 63]

The difference d of what an exit test compares is a sum that every round changes by the same c, whatever the values are. The test fails at
d = 0; so where d is D <= 0 at first, c > 0 and c divides D, the header is entered -D / c + 1 times at most, and a parameter that
every round changes by s is within (number of rounds) * s of what it was at first. Both follow from facts of values from before the loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Assume, Branch, Operand, Value
from bpfcc.bpfir.semantics import CompareKind
from bpfcc.verifier.affine import Form, Sums, is_narrow
from bpfcc.verifier.clamps import Clamp, address, clamped, nearer, reached, span_of
from bpfcc.verifier.facts import MAX_OFFSET, Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bpfcc.bpfir.loops import Loop
    from bpfcc.bpfir.ops import Edge
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

# Comparisons that fail where both sides are equal.
STRICT: Final = frozenset({"ne", "ult", "ugt", "slt", "sgt"})
NEGATED: Final[dict[str, CompareKind]] = {
    "eq": "ne", "ne": "eq", "ult": "uge", "uge": "ult", "ule": "ugt", "ugt": "ule", "slt": "sge", "sge": "slt", "sle": "sgt", "sgt": "sle",
}  # fmt: skip
# Comparisons with a constant that say the same of the next one, and where that is.
WEAK: Final[dict[str, int]] = {"ule": 1, "sle": 1, "uge": -1, "sge": -1}
READINGS: Final = ("unsigned", "signed", "offset")
MAX_TESTS: Final = 4
MAX_CONDITIONS: Final = 24
MAX_CHANGES: Final = 24
Span = tuple[int, int]


class Condition(NamedTuple):
    """What holds whenever the loop is entered: lhs - rhs <= `most` as unsigned integers, their sum being `form`."""

    form: Form
    lhs: Operand
    rhs: Operand
    most: int


class Step(NamedTuple):
    """What a round adds, modulo 2**bits, by back edge."""

    bits: int
    changes: tuple[Form, ...]


class Test(NamedTuple):
    """The loop goes on only where `form`, at the header, is not 0 modulo 2**bits; every round adds `change`. `once`: only where it is 0."""

    form: Form
    change: int
    bits: int
    conditions: tuple[Condition, ...]
    once: bool


@final
class Induction:
    """One loop. `steps`: what a round adds to each parameter; None: it is not made of itself."""

    __slots__ = ("_loop", "_unit", "entries", "latches", "steps", "tests")

    def __init__(self, unit: Unit, loop: Loop) -> None:
        self._unit = unit
        self._loop = loop
        self.latches = loop.latches
        header = loop.header
        ways = _ways(unit, header)
        self.entries = [way for way in ways if way[0] not in loop.blocks]
        back = [edge for source, _, edge in ways if source in loop.blocks]
        sums = {bits: Sums(bits, self._stops) for bits in (64, 32)}
        self.steps = [self._step(sums, param, [edge.args[at] for edge in back]) for at, param in enumerate(header.params)]
        self.tests: list[Test] = []
        for ending, stays in self._exits():
            test = self._test(sums, ending, stays, back)
            if test is not None:
                self.tests.append(test)
            if len(self.tests) == MAX_TESTS:
                break

    def _stops(self, value: Value) -> bool:
        """Values from before the loop and the header's parameters are what sums are made of."""
        definition = value.definition
        if definition is self._loop.header or definition is None:
            return True
        block = definition if isinstance(definition, Block) else self._unit.block_of.get(definition)
        return block is None or block not in self._loop.blocks

    def _step(self, sums: dict[int, Sums], param: Value, args: list[Operand]) -> Step | None:
        for bits, own in sums.items():
            changes = self._changes(own, param, [own.add(own.of(arg), Form(((param, 1),), 0), -1) for arg in args])
            if changes:
                return Step(bits, changes)
        return None

    def _changes(self, sums: Sums, param: Value, forms: list[Form]) -> tuple[Form, ...]:
        """What is added, without the parameter itself; where ways through the loop meet, on each of them. Empty: there is no telling."""
        found: list[Form] = []
        for form in forms:
            if all(value is not param for value, _ in form.terms):
                found.append(form)
                continue
            met = next((value for value, _ in form.terms if self._meets(value)), None)
            block = met.definition if met is not None else None
            if met is None or not isinstance(block, Block) or len(forms) > MAX_CHANGES:
                return ()
            at = block.params.index(met)
            forms += [sums.replaced(form, {met: sums.of(edge.args[at])}) for _, _, edge in _ways(self._unit, block)]
        return tuple(found)

    def _meets(self, value: Value) -> bool:
        """Whether it is a parameter of a block in the loop, and not round by round."""
        block = value.definition
        return isinstance(block, Block) and block in self._loop.blocks and all(block is not loop.header for loop in self._unit.loops.loops)

    def repeats(self, source: Block) -> bool:
        """Whether an edge from there into the header is a back edge."""
        return source in self._loop.blocks

    # ---- exit tests

    def _exits(self) -> list[tuple[Branch, bool]]:
        """Branches that every round comes to and one way of which leaves; whether the loop goes on where they hold."""
        loop, dominators = self._loop, self._unit.dominators
        found = []
        block = loop.latches[0]
        while True:
            ending = block.terminator
            if type(ending) is Branch and all(dominators.dominates(block, latch) for latch in loop.latches):
                inside = [edge.block in loop.blocks for edge in (ending.then, ending.otherwise)]
                if inside[0] != inside[1]:
                    found.append((ending, inside[0]))
            if block is loop.header:
                return found
            block = dominators.idom[block]

    def _test(self, sums: dict[int, Sums], ending: Branch, stays: bool, back: list[Edge]) -> Test | None:
        kind = ending.kind if stays else NEGATED.get(ending.kind)
        lhs, rhs = ending.lhs, ending.rhs
        mask = (1 << ending.width_bits) - 1
        if kind in WEAK and type(rhs) is int and rhs & mask != _last(kind, ending.width_bits):
            # x <= 4 is x < 5.
            rhs = (rhs + WEAK[kind]) & mask
        elif kind not in STRICT and kind != "eq":
            return None
        # Of values whose upper half is zero, the low halves say it all; signed comparisons too, where both are equal.
        narrow = ending.width_bits == 32 or (is_narrow(lhs) and is_narrow(rhs))
        for bits in (64, 32) if narrow and ending.width_bits == 64 else (ending.width_bits,):
            own = sums[bits]
            form = own.add(own.of(lhs), own.of(rhs), -1)
            if any(not self._from_before(value) and value not in self._loop.header.params for value, _ in form.terms):
                continue
            changes = {self._change(own, form, edge) for edge in back}
            change = changes.pop() if len(changes) == 1 else None
            if change:
                return Test(form, change, bits, self._conditions(bits), kind == "eq")
        return None

    def _from_before(self, value: Value) -> bool:
        return self._stops(value) and value.definition is not self._loop.header

    def _change(self, sums: Sums, form: Form, edge: Edge) -> int | None:
        """By how much one round changes the sum; None where that depends."""
        by = {param: sums.of(arg) for param, arg in zip(self._loop.header.params, edge.args, strict=True)}
        difference = sums.add(sums.replaced(form, by), form, -1)
        return difference.constant if not difference.terms else None

    def _conditions(self, bits: int) -> tuple[Condition, ...]:
        """Orders that branches on the only way into the loop have established."""
        unit, sums = self._unit, Sums(bits, lambda _value: False)
        found: list[Condition] = []
        block = self._loop.header
        for _ in range(MAX_CONDITIONS):
            above = unit.dominators.idom[block]
            if above is block:
                break
            ending = above.terminator
            sources = [p for p in unit.dominators.predecessors[block] if block is not self._loop.header or p not in self._loop.blocks]
            if type(ending) is Branch and sources == [above] and ending.width_bits == bits:
                order = _order(ending, holds=ending.then.block is block)
                if order is not None:
                    lhs, rhs, most = order
                    found.append(Condition(sums.add(sums.of(lhs), sums.of(rhs), -1), lhs, rhs, most))
            block = above
        return tuple(found)

    # ---- with facts

    def visits(self, facts: Facts) -> int | None:
        """How often the header is entered at most, once the loop is."""
        found = [visits for test in self.tests if (visits := self._visits(test, facts)) is not None]
        return min(found, default=None)

    def _live(self, facts: Facts) -> list[tuple[Block, Edge]]:
        return [(source, edge) for source, index, edge in self.entries if source in facts.reached and (source, index) not in facts.dead]

    def _visits(self, test: Test, facts: Facts) -> int | None:
        if test.once:
            return 2  # where the sum was 0 it is not after a round
        most = 0
        live = self._live(facts)
        if not live:
            return None
        for _, edge in live:
            found = self._from_entry(test, facts, edge)
            if found is None:
                return None
            most = max(most, found)
        return most

    def _from_entry(self, test: Test, facts: Facts, edge: Edge) -> int | None:
        """Visits from where the loop is entered by `edge`."""
        best = 1 << test.bits if test.change % 2 else None  # an odd change comes to 0 in the end
        arguments = dict(zip(self._loop.header.params, edge.args, strict=True))
        spans = [*self._readings(test, facts, arguments).values(), *self._by_conditions(test, facts, arguments)]
        for span in spans:
            if self._runs_out(test, facts, arguments, span):
                visits = max((-span[0] if test.change > 0 else span[1]) // abs(test.change) + 1, 1)
                best = visits if best is None else min(best, visits)
        return best

    def _runs_out(self, test: Test, facts: Facts, arguments: dict[Value, Operand], span: Span) -> bool:
        """Whether the sum comes to 0, and does not pass it."""
        near = -span[1] if test.change > 0 else span[0]
        return near >= 0 and (abs(test.change) == 1 or self._divides(test, facts, arguments))

    def _readings(self, test: Test, facts: Facts, arguments: dict[Value, Operand]) -> dict[str, Span]:
        """The sum, as an integer, when the loop is entered: in each reading of its terms."""
        found: dict[str, Span] = {}
        operands = [(arguments.get(value, value), coefficient) for value, coefficient in test.form.terms]
        for reading in READINGS:
            spans = _spans([(facts.known(operand), coefficient) for operand, coefficient in operands], test.bits, reading)
            if spans is not None:
                low, high = _total(operands, spans, test.form.constant)
                # Addresses are in the order of their offsets only where these are small: what is far away may wrap around.
                ordered = reading == "unsigned" or (reading == "offset" and all(abs(end) <= MAX_OFFSET for span in spans for end in span))
                most = _ordered(operands, test.conditions) if ordered else None
                if most is not None and most[0] > 0:
                    high = min(high, most[1] + test.form.constant)
                elif most is not None:
                    low = max(low, test.form.constant - most[1])
                if low <= high:
                    found[reading] = low, high
        return found

    def _by_conditions(self, test: Test, facts: Facts, arguments: dict[Value, Operand]) -> list[Span]:
        """Integers that the sum is equal to modulo 2**bits, by what is known to be in order."""
        found: list[Span] = []
        if not test.conditions:
            return found
        sums = Sums(test.bits, lambda _value: False)
        entered = Form((), test.form.constant)
        for value, coefficient in test.form.terms:
            entered = sums.add(entered, sums.of(arguments.get(value, value)), coefficient)
        for sign in (1, -1):
            for condition in test.conditions:
                rest = sums.add(entered, condition.form, -sign)
                bounds = _condition_span(condition, facts, test.bits)
                if not rest.terms and bounds is not None:
                    found.append(_scaled(bounds, sign, rest.constant))
        return found

    def _divides(self, test: Test, facts: Facts, arguments: dict[Value, Operand]) -> bool:
        """Whether the first sum, of unsigned words, is a multiple of the change."""
        by = abs(test.change)
        total = test.form.constant
        for value, coefficient in test.form.terms:
            fact = facts.known(arguments.get(value, value))
            if type(fact) is Fact or (1 << test.bits) % by:
                return False
            if fact.is_const():
                total += coefficient * fact.umin
            elif coefficient * fact.modulus % by == 0:
                total += coefficient * fact.residue
            elif coefficient % by:
                return False
        return total % by == 0

    def clamps(self, facts: Facts) -> list[Clamp | None]:
        """Bounds of the parameters, from facts of what they are at first."""
        live = self._live(facts) if self.tests else []
        visits = self.visits(facts) if live else None
        if visits is None:
            return []
        found: list[Clamp | None] = []
        for at, step in enumerate(self.steps):
            first = [facts.known(edge.args[at]) for _, edge in live]
            change = _change_of(step, facts) if step is not None else None
            clamp = reached(first, step.bits, change, visits - 1) if step is not None and change is not None else None
            for test in self.tests:
                clamp = nearer(clamp, self._limit(test, at, first, facts))
            found.append(clamp)
        return found

    def _limit(self, test: Test, at: int, first: list[Scalar | Fact], facts: Facts) -> Clamp | None:
        """Bounds of a parameter that the test compares with something from before the loop: it does not get past that."""
        param = self._loop.header.params[at]
        own = dict(test.form.terms).get(param)
        rest = [(value, c) for value, c in test.form.terms if value is not param]
        if test.once or own not in (1, -1) or not all(self._from_before(value) for value, _ in rest):
            return None
        for reading in READINGS:
            others = _spans([(facts.known(value), c) for value, c in rest], test.bits, reading, alone=False)
            starts = [_spans([(fact, 1)], test.bits, reading, alone=False) for fact in first]
            if others is None or any(start is None for start in starts) or not self._all_run_out(test, facts, reading):
                continue
            total = _total(rest, others, test.form.constant)
            grows = (own > 0) == (test.change > 0)
            low = min(start[0][0] for start in starts if start is not None)
            high = max(start[0][1] for start in starts if start is not None)
            # own * param + rest is 0 at the limit.
            end = (-total[0] if grows else -total[1]) if own > 0 else (total[1] if grows else total[0])
            low, high = (low, end) if grows else (end, high)
            half = 1 << (test.bits - 1)
            if (low >= 0 and high < 2 * half) if reading == "unsigned" else (-half <= low and high < half):
                return Clamp(low, high, test.bits, reading != "unsigned")
        return None

    def _all_run_out(self, test: Test, facts: Facts, reading: str) -> bool:
        for _, edge in self._live(facts):
            arguments = dict(zip(self._loop.header.params, edge.args, strict=True))
            span = self._readings(test, facts, arguments).get(reading)
            if span is None or not self._runs_out(test, facts, arguments, span):
                return False
        return True


def _change_of(step: Step, facts: Facts) -> Span | None:
    """What a round adds, as an integer: any that is congruent will do."""
    found: list[Span] = []
    for signed in (True, False):
        totals: list[Span] = []
        for change in step.changes:
            spans = [span_of(facts.known(value), step.bits, signed=signed) for value, _ in change.terms]
            known = [span for span in spans if span is not None]
            if len(known) < len(spans):
                return None
            totals.append(_total(change.terms, known, change.constant))
        found.append((min(t[0] for t in totals), max(t[1] for t in totals)))
    return min(found, key=lambda span: span[1] - span[0])


def _last(kind: str, bits: int) -> int:
    """The constant of a weak comparison that has no next one: what it compares with leaves nothing out."""
    return {"ule": (1 << bits) - 1, "sle": (1 << (bits - 1)) - 1, "uge": 0, "sge": 1 << (bits - 1)}[kind]


def _order(ending: Branch, *, holds: bool) -> tuple[Operand, Operand, int] | None:
    """(a, b, most): a - b <= most as unsigned integers, where the branch goes one way."""
    kind = ending.kind if holds else NEGATED.get(ending.kind)
    if kind in ("ult", "ule"):
        return ending.lhs, ending.rhs, -1 if kind == "ult" else 0
    if kind in ("ugt", "uge"):
        return ending.rhs, ending.lhs, -1 if kind == "ugt" else 0
    return (0, ending.lhs, -1) if kind == "ne" and ending.rhs == 0 else None


def _ways(unit: Unit, header: Block) -> list[tuple[Block, int, Edge]]:
    sources = dict.fromkeys(unit.dominators.predecessors[header])
    return [(source, index, edge) for source in sources for index, edge in enumerate(source.edges()) if edge.block is header]


def _spans(terms: list[tuple[Scalar | Fact, int]], bits: int, reading: str, *, alone: bool = True) -> list[Span] | None:
    """What each term may be in a reading. `alone`: addresses cancel, and so must be of one instance of a region."""
    if reading == "offset":
        return _offsets(terms, alone=alone) if bits == 64 else None
    found = [span_of(fact, bits, signed=reading == "signed") for fact, _ in terms]
    return [span for span in found if span is not None] if all(span is not None for span in found) else None


def _offsets(terms: list[tuple[Scalar | Fact, int]], *, alone: bool) -> list[Span] | None:
    """Addresses by their offsets, numbers as signed ones."""
    found: list[Span] = []
    regions: set[int] = set()
    total = 0
    for fact, coefficient in terms:
        if type(fact) is not Fact:
            found.append((fact.smin, fact.smax))
            continue
        p = address(fact)
        if p is None or not p.region.unique:
            return None
        regions.add(id(p.region))
        total += coefficient
        found.append((p.offset.smin, p.offset.smax))
    return found if not alone or (len(regions) == 1 and total == 0) else None


def _ordered(operands: list[tuple[Operand, int]], conditions: tuple[Condition, ...]) -> tuple[int, int] | None:
    """(1, most): the sum of the two operands is at most that; (-1, most): its negative is."""
    if len(operands) != 2:
        return None
    for (a, ca), (b, cb) in (operands, operands[::-1]):
        if (ca, cb) in ((1, -1), (-1, 1)):
            for condition in conditions:
                if _same(a, condition.lhs) and _same(b, condition.rhs):
                    return ca, condition.most
    return None


def _same(a: Operand, b: Operand) -> bool:
    a, b = _renamed(a), _renamed(b)
    return a is b or (type(a) is int and a == b)


def _renamed(operand: Operand) -> Operand:
    while type(operand) is Value and isinstance(operand.definition, Assume):
        operand = operand.definition.value
    return operand


def _total(operands: Sequence[tuple[Operand, int]], spans: Sequence[Span], constant: int) -> Span:
    low = high = constant
    for (_, coefficient), span in zip(operands, spans, strict=True):
        ends = coefficient * span[0], coefficient * span[1]
        low += min(ends)
        high += max(ends)
    return low, high


def _condition_span(condition: Condition, facts: Facts, bits: int) -> Span | None:
    """lhs - rhs as unsigned integers."""
    pair = facts.known(condition.lhs), facts.known(condition.rhs)
    lhs, rhs = (span_of(fact, bits, signed=False) for fact in pair)
    if lhs is None or rhs is None:
        offsets = _offsets([(pair[0], 1), (pair[1], -1)], alone=True) if bits == 64 else None
        if offsets is None or any(abs(end) > MAX_OFFSET for span in offsets for end in span):
            return None
        lhs, rhs = offsets
    low, high = lhs[0] - rhs[1], min(lhs[1] - rhs[0], condition.most)
    return (low, high) if low <= high else None


def _scaled(span: Span, sign: int, constant: int) -> Span:
    ends = sign * span[0] + constant, sign * span[1] + constant
    return min(ends), max(ends)


def find_inductions(unit: Unit) -> dict[Block, Induction]:
    """Loops of the function whose parameters may be bounded so, by header."""
    found = {}
    for loop in unit.loops.loops:
        if loop.header.params:
            induction = Induction(unit, loop)
            if induction.tests:
                found[loop.header] = induction
    return found


__all__ = ["Clamp", "Induction", "clamped", "find_inductions"]
