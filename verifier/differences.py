"""By how much a value differs from a parameter of the loop's header, as integers: what a round adds.

    b1(v1): v2 = assume v1 where ult.64 v1, 100;  v3 = add.64 v2, 4;  jump b1(v3)        v3 - v1 in [4, 4]

Words are read as integers in one of five ways (`SYSTEMS`); a difference holds only where the operations on the way do not wrap around in
that reading, by what the facts say of their operands. The range of the difference that the facts alone give holds always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Cast, Operand, Value
from bpfcc.verifier.facts import Fact

if TYPE_CHECKING:
    from bpfcc.verifier.cycles import Cycle, Cycles
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

Span = tuple[int, int]
FAR: Final = 1 << 100
ANY: Final[Span] = (-FAR, FAR)
MAX_VALUES: Final = 1500
WORD: Final = 1 << 64
HALF: Final = 1 << 32


@final
class Effort:
    """How many values may still be looked at: what judging the loops of one function may cost, in steps so that verdicts repeat."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class System(NamedTuple):
    """A way to read a word as an integer: `low` to `high`, of `bits` bits; "offset": an address by its distance from the region's start."""

    name: str
    bits: int
    low: int
    high: int
    span: Callable[[Scalar], Span]


U64: Final = System("unsigned", 64, 0, WORD - 1, lambda s: (s.umin, s.umax))
S64: Final = System("signed", 64, -(WORD >> 1), (WORD >> 1) - 1, lambda s: (s.smin, s.smax))
U32: Final = System("low unsigned", 32, 0, HALF - 1, lambda s: (s.u32min, s.u32max))
S32: Final = System("low signed", 32, -(HALF >> 1), (HALF >> 1) - 1, lambda s: (s.s32min, s.s32max))
OFFSET: Final = System("offset", 64, -(1 << 62), 1 << 62, lambda s: (s.smin, s.smax))
NUMBERS: Final = (U64, S64, U32, S32)
# Both readings of an amount that is added: either gives the same word.
AMOUNTS: Final = {64: (S64, U64), 32: (S32, U32)}
# At which width and sign a comparison says something of this reading.
COMPARES: Final[Mapping[str, tuple[int, str]]] = {
    "unsigned": (64, "u"), "signed": (64, "s"), "low unsigned": (32, "u"), "low signed": (32, "s"), "offset": (64, "u"),
}  # fmt: skip


def span_of(system: System, fact: Scalar | Fact, region: Any = None) -> Span | None:
    """The integers that a value may be; None where it is none in this reading (of that region)."""
    if type(fact) is not Fact:
        return system.span(fact) if system is not OFFSET else None
    if system is OFFSET and fact.num is None and len(fact.ptrs) == 1 and not fact.undef:
        p = fact.ptrs[0]
        if region is None or p.region is region:
            return p.offset.smin, p.offset.smax
    return None


@final
class Differences:
    """`of(v)`: the integers that v - base may be, in the same round of `cycle`; `base` is a parameter of its header, or of another block.

    `visits`: how often the headers of inner cycles are entered, where that is known already.
    """

    def __init__(
        self, unit: Unit, facts: Facts, cycles: Cycles, cycle: Cycle, base: Value, *, system: System, visits: Mapping[Block, int | None],
        effort: Effort,
    ) -> None:  # fmt: skip
        self.unit: Final = unit
        self.facts: Final = facts
        self.cycles: Final = cycles
        self.cycle: Final = cycle
        self.base: Final = base
        self.system: Final = system
        self.visits: Final = visits
        self.effort: Final = effort
        fact = facts.known(base)
        self.region = fact.ptrs[0].region if type(fact) is Fact and fact.ptrs else None
        self.start = span_of(system, fact)
        self.memo: dict[Value, Span] = {base: (0, 0)}
        self.open: set[Value] = set()

    def of(self, operand: Operand) -> Span:
        """The difference of an operand."""
        if type(operand) is not Value:
            return self.by_facts(operand)
        stack = [operand]
        while stack:
            value = stack[-1]
            if value in self.memo:
                stack.pop()
                continue
            missing: list[Value] = []
            self.effort.left -= 1
            if value not in self.open and len(self.memo) + len(self.open) < MAX_VALUES and self.effort.left > 0:
                self.open.add(value)
                missing = [v for v in self._inputs(value) if v not in self.memo and v not in self.open]
            if missing:
                stack += missing
                continue
            self.memo[value] = _both(self._derive(value), self.by_facts(value))
            stack.pop()
        return self.memo[operand]

    def by_facts(self, operand: Operand) -> Span:
        """What the ranges of both say."""
        span = span_of(self.system, self.facts.known(operand), self.region)
        if span is None or self.start is None:
            return ANY
        return span[0] - self.start[1], span[1] - self.start[0]

    # ---- the way back to the base

    def _inside(self, value: Value) -> Block | None:
        """The block of the cycle that the value comes from."""
        definition = value.definition
        if isinstance(definition, Block):
            block: Block | None = definition if value in definition.params else None
        else:
            block = self.unit.block_of.get(definition) if definition is not None else None
        return block if block in self.cycle.blocks else None

    def _inputs(self, value: Value) -> list[Value]:
        block = self._inside(value)
        definition = value.definition
        if block is None:
            return []
        if isinstance(definition, Block):
            return [a for a in self._arguments(definition, value) if type(a) is Value]
        if isinstance(definition, Alu):
            return [v for v in (definition.lhs, definition.rhs) if type(v) is Value]
        if isinstance(definition, Assume):
            return [v for v in (definition.value, definition.lhs, definition.rhs) if type(v) is Value]
        if isinstance(definition, Cast):
            return [definition.value] if type(definition.value) is Value else []
        return []

    def _arguments(self, block: Block, value: Value) -> list[Operand]:
        """What the parameter may be: of an inner header, what it is at first."""
        if block is self.cycle.header:
            return []
        inner = self._inner(block)
        at = block.params.index(value)
        return [
            edge.args[at]
            for source, edge in self.cycles.into(block)
            if source in self.cycle.blocks and (inner is None or source not in inner.blocks)
        ]

    def _inner(self, block: Block) -> Cycle | None:
        """The inner cycle whose header the block is."""
        cycle = self.cycles.innermost.get(block)
        return cycle if cycle is not None and cycle is not self.cycle and cycle.header is block else None

    def _seen(self, operand: Operand) -> Span:
        if type(operand) is Value:
            found = self.memo.get(operand)
            if found is not None:
                return found
        return self.by_facts(operand)

    def _derive(self, value: Value) -> Span:
        block = self._inside(value)
        definition = value.definition
        if block is None:
            return ANY
        if isinstance(definition, Block):
            return self._parameter(definition, value)
        if isinstance(definition, Alu):
            return self._alu(definition)
        if isinstance(definition, Assume):
            return self._assume(definition)
        if isinstance(definition, Cast):
            return self._cast(definition)
        return ANY

    def _parameter(self, block: Block, value: Value) -> Span:
        if block is self.cycle.header:
            return ANY
        arguments = self._arguments(block, value)
        if not arguments:
            return ANY
        spans = [self._seen(a) for a in arguments]
        found = min(s[0] for s in spans), max(s[1] for s in spans)
        inner = self._inner(block)
        return found if inner is None else self._around(inner, block, value, found)

    def _around(self, inner: Cycle, block: Block, value: Value, found: Span) -> Span:
        """The parameter of an inner header: what it is at first and what the rounds add."""
        if inner.irreducible or inner.deep:
            return ANY
        own = Differences(self.unit, self.facts, self.cycles, inner, value, system=self.system, visits=self.visits, effort=self.effort)
        at = block.params.index(value)
        steps = [own.of(source.edges()[index].args[at]) for source, index in inner.back]
        low, high = min(s[0] for s in steps), max(s[1] for s in steps)
        visits = self.visits.get(block)
        rounds = visits - 1 if visits is not None else None
        down = 0 if low >= 0 else low * rounds if rounds is not None and low > -FAR else -FAR
        up = 0 if high <= 0 else high * rounds if rounds is not None and high < FAR else FAR
        return max(found[0] + down, -FAR), min(found[1] + up, FAR)

    def _assume(self, op: Assume) -> Span:
        found = self._seen(op.value)
        width, sign = COMPARES[self.system.name]
        kind = op.kind
        if op.negated or op.width_bits != width or kind[0] != sign or kind[1:] not in ("lt", "le", "gt", "ge"):
            return found
        if self.system is OFFSET and not self._one_region(op):
            return found
        strict = int(kind[2] == "t")
        other = self._seen(op.rhs if op.value is op.lhs else op.lhs)
        below = (kind[1] == "l") == (op.value is op.lhs)
        bound = (-FAR, other[1] - strict) if below else (other[0] + strict, FAR)
        return _both(found, bound)

    def _one_region(self, op: Assume) -> bool:
        facts = [self.facts.known(op.lhs), self.facts.known(op.rhs)]
        regions = [f.ptrs[0].region for f in facts if type(f) is Fact and f.num is None and len(f.ptrs) == 1]
        if len(regions) != 2 or regions[0] is not regions[1] or not regions[0].unique:
            return False
        spans = [span_of(OFFSET, f) for f in facts]
        return all(s is not None and s[0] >= -(1 << 32) and s[1] <= 1 << 32 for s in spans)

    def _range(self, operand: Operand) -> Span | None:
        return span_of(self.system, self.facts.known(operand))

    def _cast(self, op: Cast) -> Span:
        span, bits = self._range(op.value), op.from_bits
        if span is None or self.system is OFFSET:
            return ANY
        seen = self._seen(op.value)
        system = self.system
        if system.bits == 32 and bits == 32:
            return seen
        low, high = (0, (1 << bits) - 1) if op.kind == "zext" else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        if op.kind == "sext" and (op.width_bits < system.bits or system.low == 0):
            low = 0
        if low <= span[0] and span[1] <= high:
            return seen
        return (-FAR, seen[1]) if op.kind == "zext" and span[0] >= 0 else ANY

    # ---- arithmetic

    def _alu(self, op: Alu) -> Span:
        kind = op.kind
        if kind == "add":
            return _both(self._sum(op, op.lhs, op.rhs, 1), self._sum(op, op.rhs, op.lhs, 1))
        if kind == "sub":
            return self._sum(op, op.lhs, op.rhs, -1)
        if self.system is OFFSET or not self._plain(op):
            return ANY
        handler = _PLAIN.get(kind)
        return handler(self, op) if handler is not None else ANY

    def _sum(self, op: Alu, lhs: Operand, rhs: Operand, sign: int) -> Span:
        """lhs + sign * rhs, where that does not wrap around."""
        system = self.system
        width = op.width_bits
        left, fact = self._range(lhs), self.facts.known(rhs)
        if left is None or type(fact) is Fact or (system is OFFSET and width != 64):
            return ANY
        # A 32-bit result is never negative and less than 2**32 as a word.
        lowest, highest = (0, HALF - 1) if width < system.bits else (system.low, system.high)
        seen = self._seen(lhs)
        found = ANY
        for amount in AMOUNTS[min(width, system.bits)]:
            low, high = amount.span(fact)
            if sign < 0:
                low, high = -high, -low
            if lowest <= left[0] + low and left[1] + high <= highest:
                found = _both(found, (seen[0] + low, seen[1] + high))
        return found

    def _plain(self, op: Alu) -> bool:
        """Whether both operands are non-negative integers below the operation's width, so that the operation is what it is on integers."""
        limit = 1 << min(op.width_bits, self.system.bits)
        spans = [self._range(op.lhs), self._range(op.rhs)]
        return all(s is not None and s[0] >= 0 and s[1] < limit for s in spans)

    def _and(self, op: Alu) -> Span:
        left, right = self._seen(op.lhs), self._seen(op.rhs)
        for value, mask, seen in ((op.lhs, op.rhs, left), (op.rhs, op.lhs, right)):
            if self._keeps(value, mask):
                return seen
        return -FAR, min(left[1], right[1])

    def _keeps(self, value: Operand, mask: Operand) -> bool:
        """Whether the mask takes nothing away."""
        fact, known = self.facts.known(value), self.facts.known(mask)
        if type(fact) is Fact or type(known) is Fact or not known.is_const():
            return False
        bits = (1 << self.system.bits) - 1
        return (fact.value | fact.mask) & bits & ~known.umin == 0

    def _or(self, op: Alu) -> Span:
        left, right = self._seen(op.lhs), self._seen(op.rhs)
        a, b = self._range(op.lhs), self._range(op.rhs)
        if a is None or b is None:
            return ANY
        low, high = max(left[0], right[0]), min(left[1] + b[1], right[1] + a[1])
        if self._apart(op):
            low = max(low, left[0] + b[0], right[0] + a[0])
        return low, high

    def _apart(self, op: Alu) -> bool:
        """Whether no bit can be set in both: then the result is their sum."""
        a, b = self.facts.known(op.lhs), self.facts.known(op.rhs)
        if type(a) is Fact or type(b) is Fact:
            return False
        bits = (1 << self.system.bits) - 1
        return (a.value | a.mask) & (b.value | b.mask) & bits == 0

    def _scaled(self, op: Alu) -> Span:
        """Multiplication and left shift by a constant, where the product fits."""
        left, factor = self._range(op.lhs), self._range(op.rhs)
        if left is None or factor is None or factor[0] != factor[1]:
            return ANY
        times = factor[0] if op.kind == "mul" else 1 << (factor[0] & (op.width_bits - 1))
        limit = self.system.high if op.width_bits >= self.system.bits else HALF - 1
        if times < 1 or left[1] * times > limit:
            return ANY
        seen = self._seen(op.lhs)
        return seen[0] + left[0] * (times - 1), seen[1] + left[1] * (times - 1)

    def _smaller(self, op: Alu) -> Span:
        """Right shift, and division by at least one."""
        left, right = self._range(op.lhs), self._range(op.rhs)
        if left is None or right is None or op.width_bits > self.system.bits:
            return ANY  # the upper half decides too
        seen = self._seen(op.lhs)
        least = right[0] if op.kind == "div" else 1 << right[0] if right[1] < min(op.width_bits, self.system.bits) else 1
        if least < 1:
            return ANY
        # x - x // least does not fall where x grows.
        return -FAR, seen[1] - (left[0] - left[0] // least)

    def _remainder(self, op: Alu) -> Span:
        return (-FAR, self._seen(op.lhs)[1]) if op.width_bits <= self.system.bits else ANY


_PLAIN: Final[Mapping[str, Callable[[Differences, Alu], Span]]] = {
    "and": Differences._and,
    "or": Differences._or,
    "mul": Differences._scaled,
    "lsh": Differences._scaled,
    "rsh": Differences._smaller,
    "div": Differences._smaller,
    "mod": Differences._remainder,
}


def _both(a: Span, b: Span) -> Span:
    return max(a[0], b[0]), min(a[1], b[1])


__all__ = ["NUMBERS", "OFFSET", "Differences", "Span", "System", "span_of"]
