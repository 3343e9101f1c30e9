"""What is known of a cone as SMT-LIB text: its values as words, which of its blocks are reached, and what facts say of both.

    (define-fun v4 () (_ BitVec 64) (bvadd v1 #x000000000000000e))        v4 = add.64 v1, 14
    (define-fun r3 () Bool (and r1 (bvule v4 v2)))                        b3 is entered from b1 where v4 <= v2

A value that may be an address has two words more: `k4`, what it is (0: a number, 1: never written, else a region), and `b4`, where the
thing that it points to begins. Definitions are total, so they hold whether or not their block is reached; facts hold where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Branch, ByteSwap, Cast, Load, Operand, Undef, Value, operands
from bpfcc.verifier.edges import region_across
from bpfcc.verifier.facts import MAX_PACKET, UNKNOWN, Fact, pointers_of
from bpfcc.verifier.linear import Sum
from bpfcc.verifier.smt_division import quotient
from bpfcc.verifier.smt_memory import Bytes, stored
from bpfcc.verifier.smt_terms import (
    FALSE,
    TRUE,
    ZERO,
    alu,
    both,
    cast,
    chosen,
    compare,
    either,
    equal,
    is_in,
    low,
    negated,
    number,
    swapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Ptr, Region
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.linear import Linear
    from bpfcc.verifier.smt_cone import Cone, Writes
    from bpfcc.verifier.solver import Facts
    from bpfcc.verifier.unit import Unit

# Values of one query; what lies further away is only known by its fact.
MAX_VALUES: Final = 1500
NUMBER: Final = "#x00"
UNWRITTEN: Final = "#x01"
MAX_REGIONS: Final = 250
PRIVATE: Final = frozenset({"packet", "meta", "ctx"})
# Where things may lie: nowhere near 0 or the end of the address space, and never across its middle.
LOW: Final = "(and (bvule #x0000000000001000 x) (bvule x #x00ffffffffffffff))"
HIGH: Final = "(and (bvule #xff00000000000000 x) (bvule x #xfffffffbffffffff))"
PLACED: Final = f"(define-fun placed ((x (_ BitVec 64))) Bool (or {LOW} {HIGH}))"


class Word(NamedTuple):
    """Terms of one value; `kind` and `begin` where it may be an address."""

    word: str
    kind: str = NUMBER
    begin: str = ZERO


class Given(NamedTuple):
    """What a query is about, the same for all queries of a function."""

    unit: Unit
    facts: Facts
    linear: Linear
    places: dict[Block, State]
    writes: Writes


@final
class Encoder:
    """The text for one cone; `lines` declare and assert."""

    def __init__(self, given: Given, cone: Cone, *, inputs: bool = False) -> None:
        self.unit: Final = given.unit
        self.facts: Final = given.facts
        self.given: Final = given
        self.cone: Final = cone
        self.lines: Final[list[str]] = [PLACED]
        self.words: Final[dict[Value, Word]] = {}
        self.reached: Final[dict[Block, str]] = {}
        # Whether the answer is to say what a run would have to be given.
        self.wants_inputs: Final = inputs
        self.bytes: Final = Bytes(self)
        self.regions: Final[dict[int, tuple[int, Region]]] = {}
        self._begins: dict[int, str] = {}
        self._packets: dict[object, tuple[str, str, str]] = {}
        self._same: set[tuple[Region, Region, str]] = set()
        self._edges: dict[tuple[Block, int], str] = {}
        self._outcomes: dict[Block, str] = {}
        self._needed: set[Value] = set()
        self._tested: set[Block] = set()

    # ---- what is needed

    def need(self, operands: Iterable[Operand]) -> bool:
        """Add values with all that they are computed from; False where that would be too much, and was left out."""
        fresh: set[Value] = set()
        work = [v for v in operands if type(v) is Value and v not in self._needed]
        while work:
            value = work.pop()
            if value in fresh:
                continue
            fresh.add(value)
            if len(self._needed) + len(fresh) > MAX_VALUES:
                return False
            work += [v for v in self._inputs(value) if type(v) is Value and v not in fresh and v not in self._needed]
        self._needed |= fresh
        return True

    def need_tests(self) -> None:
        """Branches of the cone, the nearest first, those first that test what is needed already."""
        branches = [block for block in reversed(self.cone.blocks) if type(block.terminator) is Branch and block is not self.cone.target]
        for related in (True, False):
            for block in branches:
                tested = [v for v in operands(block.terminator) if type(v) is Value]
                if block not in self._tested and (not related or any(v in self._needed for v in tested)) and self.need(tested):
                    self._tested.add(block)

    def _inputs(self, value: Value) -> list[Operand]:
        """Operands that the term of a value is made of."""
        op = value.definition
        fact = self.facts.known(value)
        if type(fact) is not Fact and fact.is_const():
            return []
        if isinstance(op, Block):
            if not self._merges(op):
                return []
            at = op.params.index(value)
            return [source.edges()[index].args[at] for source, index in self.cone.entering[op]]
        if type(op) is Alu:
            divided = quotient(op, self.facts)
            return [divided.x] if divided is not None else [op.lhs, op.rhs]
        if isinstance(op, (Cast, ByteSwap, Assume)):
            return [op.value]
        return self._load_inputs(op) if type(op) is Load else []

    def _load_inputs(self, op: Load) -> list[Operand]:
        source = stored(self.unit, op)
        if source is not None:
            return [source]
        base = pointers_of(self.facts.known(op.base)) if self.wants_inputs else ()
        return [op.base] if len(base) == 1 and base[0].region.kind in PRIVATE and not base[0].offset.is_const() else []

    def _merges(self, block: Block) -> bool:
        """Whether the block's parameters are known by the ways into it."""
        return block in self.cone.members and block is not self.cone.start and block not in self.cone.cut

    # ---- encoding

    def encode(self) -> None:
        """Everything that is needed, in an order in which each comes after what it is made of."""
        by_block: dict[Block | None, list[Value]] = {}
        for value in self._needed:
            by_block.setdefault(self._home(value), []).append(value)
        for param in self.unit.fn.params:
            if param in self._needed:
                self._value(param)
        for block in self.unit.order:
            inside = block in self.cone.members
            if inside:
                self._enter(block)
            found = set(by_block.get(block, ()))
            for param in block.params:
                if param in found:
                    self._value(param)
            for op in block.ops if found else ():
                if op.HAS_RESULT and op.result in found:  # type: ignore[attr-defined]
                    self._value(op.result)  # type: ignore[attr-defined]
        for block in self.cone.blocks:
            if block is self.cone.start or block is self.cone.target or block in self.cone.cut:
                self._order(block)

    def _home(self, value: Value) -> Block | None:
        definition = value.definition
        return definition if isinstance(definition, Block) else self.unit.block_of.get(definition) if definition is not None else None

    def _enter(self, block: Block) -> None:
        if block is self.cone.start:
            self.reached[block] = TRUE
            return
        ways = either(self.edge(source, index) for source, index in self.cone.entering[block])
        name = f"r{block.id}"
        self.lines.append(f"(define-fun {name} () Bool {ways})")
        self.reached[block] = name

    def edge(self, source: Block, index: int) -> str:
        """Whether that way is taken."""
        found = self._edges.get((source, index))
        if found is None:
            found = self._edges[source, index] = both((self.reached[source], self._outcome(source, index)))
        return found

    def _outcome(self, source: Block, index: int) -> str:
        ending = source.terminator
        if type(ending) is not Branch:
            return TRUE
        name = f"c{source.id}"
        if source not in self._outcomes:
            self._outcomes[source] = name
            if source in self._tested:
                term = compare(ending.kind, ending.width_bits, self.of(ending.lhs).word, self.of(ending.rhs).word)
                self.lines.append(f"(define-fun {name} () Bool {term})")
            else:
                # Either way may be taken, but only one of them.
                self.lines.append(f"(declare-const {name} Bool)")
        return name if index == 0 else negated(name)

    def guard(self, value: Value) -> str:
        """Whether the definition of a value is reached."""
        home = self._home(value)
        return self.reached.get(home, TRUE) if home is not None else TRUE

    def of(self, operand: Operand) -> Word:
        """The terms of an operand that is needed."""
        return self.words[operand] if type(operand) is Value else Word(number(operand))

    def declare(self, name: str, bits: int = 64) -> str:
        """A constant of which nothing is known."""
        self.lines.append(f"(declare-const {name} (_ BitVec {bits}))")
        return name

    def define(self, name: str, term: str, bits: int = 64) -> str:
        """A name for a term; itself where it is short."""
        if " " not in term:
            return term
        self.lines.append(f"(define-fun {name} () (_ BitVec {bits}) {term})")
        return name

    def claim(self, term: str, under: str = TRUE) -> None:
        """Assert something, where `under` holds."""
        if term != TRUE and under != FALSE:
            self.lines.append(f"(assert {term})" if under == TRUE else f"(assert (=> {under} {term}))")

    # ---- values

    def _value(self, value: Value) -> None:
        fact = self.facts.known(value)
        if type(fact) is not Fact and fact.is_const():
            self.words[value] = Word(number(fact.umin))
            return
        found = self._defined(value, fact)
        if found is None:
            self.words[value] = self._free(value, fact)
            return
        if type(fact) is not Fact:
            found = Word(found.word)
        self.words[value] = Word(
            self.define(f"v{value.id}", found.word), self.define(f"k{value.id}", found.kind, 8), self.define(f"b{value.id}", found.begin)
        )
        self.claim(self.allowed(self.words[value], fact), self.guard(value))

    def _defined(self, value: Value, fact: Scalar | Fact) -> Word | None:
        """What the value is computed from; None where it may be anything that its fact allows."""
        op = value.definition
        if isinstance(op, Block):
            return self._merged(value, op) if self._merges(op) else None
        if type(op) is Alu:
            return self._alu(op, value)
        if type(op) is Cast:
            return Word(cast(op.kind, op.from_bits, op.width_bits, self.of(op.value).word))
        if type(op) is ByteSwap:
            return Word(swapped(op.width_bits, self.of(op.value).word))
        if type(op) is Assume:
            return self.of(op.value)
        if type(op) is Undef:
            return Word(ZERO, UNWRITTEN)
        return self._load(op, value, fact) if type(op) is Load else None

    def _merged(self, value: Value, block: Block) -> Word | None:
        at = block.params.index(value)
        found: Word | None = None
        for source, index in self.cone.entering[block]:
            arg = self._across(self.of(source.edges()[index].args[at]), source, block)
            taken = self.edge(source, index)
            found = arg if found is None else Word(*(chosen(taken, a, b) for a, b in zip(arg, found, strict=True)))
        return found

    def _across(self, word: Word, source: Block, target: Block) -> Word:
        """The same address, with the region's name on the other side of the edge."""
        if word.kind in (NUMBER, UNWRITTEN) or not self.unit.epochs.crosses(source, target):
            return word
        kind = word.kind
        taken = both((self.reached[source], self._outcome(source, next(i for i, e in enumerate(source.edges()) if e.block is target))))
        for number_before, region in list(self.regions.values()):
            after = region_across(self.unit, source, target, region)
            if after is region:
                continue
            before, now = f"#x{number_before:02x}", self.kind_of(after)
            kind = now if word.kind == before else kind if _literal(word.kind) else f"(ite (= {word.kind} {before}) {now} {kind})"
            if region.kind == "packet" and after.epoch != -1:
                self._same_packet(region, after, taken)
        return Word(word.word, kind, word.begin)

    def _same_packet(self, before: Region, after: Region, taken: str) -> None:
        key = (before, after, taken)
        if key not in self._same:
            self._same.add(key)
            pairs = zip(self.packet(before), self.packet(after), strict=True)
            self.claim(both(equal(a, b) for a, b in pairs), taken)

    def _alu(self, op: Alu, value: Value) -> Word:
        divided = quotient(op, self.facts)
        if divided is not None:
            x = self.of(divided.x).word
            return Word(self._truncated(value, x, divided.divisor) if divided.signed else self._quotient(value, 64, x, divided.divisor)[0])
        a, b = self.of(op.lhs), self.of(op.rhs)
        divisor = op.rhs & ((1 << op.width_bits) - 1) if type(op.rhs) is int else 0
        if op.kind in ("div", "mod") and divisor:
            found = self._quotient(value, op.width_bits, low(op.width_bits, a.word), divisor)
            return Word(found[0] if op.kind == "div" else found[1])
        word = alu(op.kind, op.width_bits, a.word, b.word)
        if op.width_bits != 64 or op.kind not in ("add", "sub"):
            return Word(word)
        if b.kind == NUMBER:
            return Word(word, a.kind, a.begin)
        if op.kind == "add":
            if a.kind == NUMBER:
                return Word(word, b.kind, b.begin)
            plain = equal(a.kind, NUMBER)
            return Word(word, chosen(plain, b.kind, a.kind), chosen(plain, b.begin, a.begin))
        plain = equal(b.kind, NUMBER)
        return Word(word, chosen(plain, a.kind, NUMBER), a.begin)

    def _quotient(self, value: Value, width: int, x: str, divisor: int) -> tuple[str, str]:
        """Quotient and remainder by a constant, said by what they are: a divider costs the solver far more."""
        name = f"q{value.id}"
        self.declare(name, width)
        d, most = number(divisor, width), number(((1 << width) - 1) // divisor, width)
        product = self.define(f"p{value.id}", f"(bvmul {name} {d})", width)
        rest = f"(bvsub {x} {product})"
        self.claim(f"(and (bvule {name} {most}) (bvule {product} {x}) (bvult {rest} {d}))")
        return (name, rest) if width == 64 else (f"((_ zero_extend 32) {name})", f"((_ zero_extend 32) {rest})")

    def _truncated(self, value: Value, x: str, divisor: int) -> str:
        """A signed quotient of 32 bits, rounded towards zero."""
        name, zero = self.declare(f"q{value.id}", 32), number(0, 32)
        narrow = self.define(f"s{value.id}", low(32, x), 32)
        rest = self.define(f"t{value.id}", f"(bvsub {narrow} (bvmul {name} {number(divisor, 32)}))", 32)
        most, least = number(((1 << 31) - 1) // divisor, 32), number(-((1 << 31) // divisor), 32)
        above = f"(and (bvsle {zero} {name}) (bvsle {name} {most}) (bvsle {zero} {rest}) (bvslt {rest} {number(divisor, 32)}))"
        below = f"(and (bvsle {least} {name}) (bvsle {name} {zero}) (bvslt {number(-divisor, 32)} {rest}) (bvsle {rest} {zero}))"
        self.claim(f"(ite (bvsge {narrow} {zero}) {above} {below})")
        return f"((_ zero_extend 32) {name})"

    def _load(self, op: Load, value: Value, fact: Scalar | Fact) -> Word | None:
        source = stored(self.unit, op)
        if source is not None:
            found = self.of(source)
            if op.size_bytes == 8:
                return found
            return Word(cast("sext" if op.signed else "zext", 8 * op.size_bytes, 64, found.word))
        if type(fact) is Fact:
            return self._end_of_packet(value, fact)
        return self.bytes.load(op, value)

    def _end_of_packet(self, value: Value, fact: Fact) -> Word | None:
        """A load of data_end from the context."""
        if fact.num is not None or len(fact.ptrs) != 1 or fact.ptrs[0].region.kind != "packet":
            return None
        region = fact.ptrs[0].region
        if self.given.linear.of(value) != Sum(((self.given.linear.limits(region)[1], 1),), 0):
            return None
        data, length, _ = self.packet(region)
        return Word(f"(bvadd {data} {length})", self.kind_of(region), data)

    # ---- what facts say

    def _free(self, value: Value, fact: Scalar | Fact) -> Word:
        """Anything that the fact allows: these constants are used for nothing else, so that it may be said of them everywhere."""
        name = f"v{value.id}"
        if type(fact) is not Fact:
            self.claim(is_in(self.declare(name), fact, remainders=True))
            return Word(name)
        if fact.num is None and not fact.undef and len(fact.ptrs) == 1 and fact.ptrs[0].region is not UNKNOWN:
            return self._address(value, fact.ptrs[0])
        found = Word(self.declare(name), self.declare(f"k{value.id}", 8), self.declare(f"b{value.id}"))
        self.claim(f"(placed b{value.id})")
        self.claim(self.allowed(found, fact))
        return found

    def _address(self, value: Value, p: Ptr) -> Word:
        begin = self.begin_of(p.region)
        if begin is None:
            begin = self.declare(f"b{value.id}")
            if p.region.kind != "btf":
                self.claim(f"(placed {begin})")
        if p.offset.is_const():
            offset = number(p.offset.umin)
        else:
            offset = self.declare(f"o{value.id}")
            self.claim(is_in(offset, p.offset, remainders=True))
        return Word(self.define(f"v{value.id}", begin if offset == ZERO else f"(bvadd {begin} {offset})"), self.kind_of(p.region), begin)

    def allowed(self, word: Word, fact: Scalar | Fact) -> str:
        """Whether a value is what its fact says: a Boolean."""
        if type(fact) is not Fact:
            return is_in(word.word, fact)
        ways = [both((self.is_kind(word, UNWRITTEN),))] if fact.undef else []
        if fact.num is not None:
            ways.append(both((self.is_kind(word, NUMBER), is_in(word.word, fact.num))))
        for p in fact.ptrs:
            there = self.is_kind(word, self.kind_of(p.region))
            if p.region is UNKNOWN:
                ways.append(there)
                continue
            begin = self.begin_of(p.region)
            same = equal(word.begin, begin) if begin is not None else TRUE
            ways.append(both((there, same, is_in(self.offset(word), p.offset))))
        return either(ways)

    @staticmethod
    def offset(word: Word) -> str:
        """How far an address is into what it points to."""
        return f"(bvsub {word.word} {word.begin})"

    @staticmethod
    def is_kind(word: Word, kind: str) -> str:
        """Whether a value is of that kind: a Boolean."""
        if _literal(word.kind):
            return TRUE if word.kind == kind else FALSE
        return f"(= {word.kind} {kind})"

    def kind_of(self, region: Region) -> str:
        """The number of a region."""
        found = self.regions.get(id(region))
        if found is None:
            found = self.regions[id(region)] = (min(len(self.regions) + 2, MAX_REGIONS), region)
        return f"#x{found[0]:02x}"

    @property
    def crowded(self) -> bool:
        """Whether there are more regions than numbers for them."""
        return len(self.regions) + 2 > MAX_REGIONS

    def begin_of(self, region: Region) -> str | None:
        """Where a region begins; None where several things share its name."""
        if not region.unique or (region.kind in ("packet", "meta") and region.epoch == -1):
            return None
        if region.kind in ("packet", "meta"):
            return self.packet(region)[0 if region.kind == "packet" else 2]
        found = self._begins.get(id(region))
        if found is None:
            found = self._begins[id(region)] = self.declare(f"base{len(self._begins)}")
            if region.kind != "btf":
                self.claim(f"(placed {found})")
        return found

    def packet(self, region: Region) -> tuple[str, str, str]:
        """Names of data, of the length and of data_meta."""
        epoch: object = region.epoch if region.name != "the option's value" else "option"
        found = self._packets.get(epoch)
        if found is None:
            data, length, meta = found = self._packets[epoch] = (f"data_{epoch}", f"len_{epoch}", f"meta_{epoch}")
            for name in found:
                self.declare(name)
            most = number(MAX_PACKET)
            self.claim(f"(and (placed {data}) (placed {meta}) (bvule {length} {most}))")
            self.claim(f"(and (bvule {meta} {data}) (bvule (bvsub {data} {meta}) {most}))")
        return found

    @property
    def lengths(self) -> list[str]:
        """Names of the packets' lengths."""
        return [length for _, length, _ in self._packets.values()]

    @property
    def beginnings(self) -> list[str]:
        """Names of the places where regions begin."""
        return [data for data, _, _ in self._packets.values()] + list(self._begins.values())

    # ---- order

    def _order(self, block: Block) -> None:
        """What is known of the order of values where a block begins."""
        state = self.given.places.get(block)
        if state is None or not state.lower:
            return
        names: dict[int, str] = {}
        for _, region in list(self.regions.values()):
            if region.kind in ("packet", "meta") and region.epoch != -1:
                data, length, meta = self.packet(region)
                start, end = self.given.linear.limits(region)
                names |= {start: data, end: f"(bvadd {data} {length})"} if region.kind == "packet" else {start: meta, end: data}
        for terms, bound in state.lower.items():
            parts: list[str] = []
            for symbol, coefficient in terms:
                word = names.get(symbol) or self._symbol(symbol, block)
                if word is not None:
                    parts.append(word if coefficient == 1 else f"(bvmul {number(coefficient)} {word})")
            if len(parts) == len(terms):
                total = parts[0] if len(parts) == 1 else f"(bvadd {' '.join(parts)})"
                self.claim(f"(bvsge {total} {number(bound)})", self.reached[block])

    def _symbol(self, symbol: int, block: Block) -> str | None:
        """The word of a symbol, where its value is older than the block or its parameter."""
        value = self.given.linear.values.get(symbol)
        if value is None or value not in self.words:
            return None
        home = self._home(value)
        old = home is None or value.definition is block or (home is not block and self.unit.dominators.dominates(home, block))
        return self.words[value].word if old else None


def _literal(kind: str) -> bool:
    return kind.startswith("#x")


__all__ = ["Encoder", "Given", "Word"]
