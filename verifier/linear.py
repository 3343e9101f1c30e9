"""Values as sums: what two of them differ by, and which are the same number computed twice.

    v5 = add.64 v1, 14        data + 14
    v9 = add.64 v5, v7        data + v7 + 14            v1 loaded from ctx->data

Sums are exact modulo 2**64. Where two near addresses (or two small numbers) are known to be integers that do not wrap, equal
terms mean equal integers. Symbols are numbered by what computes them, so that a value computed twice is one symbol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, ByteSwap, Cast, Load, Operand, Value
from bpfcc.bpfir.renamed import renamed
from bpfcc.verifier.facts import Fact, pointers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.unit import Unit

Terms = tuple[tuple[int, int], ...]  # (symbol, coefficient), by symbol
MAX_TERMS: Final = 6
# Of a value: so that it can still be compared with the end of the packet.
MAX_OF_VALUE: Final = MAX_TERMS - 1
# Coefficients stay small, so that a sum of near values (`View.range_of`) is an integer far below 2**63.
MAX_FACTOR: Final = 1 << 15
HALF: Final = 1 << 63
WORD: Final = 1 << 64


class Sum(NamedTuple):
    """Terms plus a constant (signed)."""

    terms: Terms
    constant: int


NOTHING: Final = Sum((), 0)


def signed(value: int) -> int:
    """A word as two's complement."""
    value &= WORD - 1
    return value - WORD if value >= HALF else value


def add(a: Sum, b: Sum, factor: int = 1) -> Sum:
    """a + factor * b; the constant stays a signed word."""
    constant = signed(a.constant + factor * b.constant)
    if not b.terms:
        return Sum(a.terms, constant)
    if not a.terms and factor == 1:
        return Sum(b.terms, constant)
    found = dict(a.terms)
    for symbol, coefficient in b.terms:
        total = found.get(symbol, 0) + factor * coefficient
        if total:
            found[symbol] = total
        else:
            del found[symbol]
    return Sum(tuple(sorted(found.items())), constant)


@final
class Linear:
    """Sums of the values of one function; facts decide which truncations change nothing."""

    __slots__ = ("_axioms", "_facts", "_numbers", "_sums", "_unit", "_versions", "also", "epochs", "values")

    def __init__(self, unit: Unit, facts: Callable[[Operand], Scalar | Fact], versions: Callable[[Load], int | None]) -> None:
        self._unit = unit
        self._facts = facts
        self._versions = versions
        self._numbers: dict[object, int] = {}
        self._sums: dict[Value, Sum] = {}
        # A value for each symbol that is one, and others that are the same number where they are computed.
        self.values: dict[int, Value] = {}
        self.also: dict[int, list[Value]] = {}
        # The packet's epoch for each symbol that is the start or the end of it.
        self.epochs: dict[int, int] = {}
        self._axioms: dict[object, tuple[Terms, int]] = {}

    def symbol(self, key: object, value: Value | None = None) -> int:
        """The number of a symbol."""
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._numbers) + 1
            if value is not None:
                self.values[found] = value
            elif isinstance(key, tuple) and isinstance(key[1], int):
                self.epochs[found] = key[1]
        elif value is not None and value is not self.values.get(found):
            self.also.setdefault(found, []).append(value)
        return found

    def limits(self, region: Region) -> tuple[int, int]:
        """Symbols of the start and the end of a packet region: of metadata, data_meta and data."""
        epoch: object = region.epoch if region.name != "the option's value" else "option"
        names = ("data", "end") if region.kind == "packet" else ("meta", "data")
        self._order_of(epoch)
        return self.symbol((names[0], epoch)), self.symbol((names[1], epoch))

    def axioms(self) -> list[tuple[Terms, int]]:
        """What always holds: data_meta <= data <= data_end."""
        return list(self._axioms.values())

    def _order_of(self, epoch: object) -> None:
        if epoch not in self._axioms:
            data, end, meta = (self.symbol((name, epoch)) for name in ("data", "end", "meta"))
            self._axioms[epoch] = (tuple(sorted(((end, 1), (data, -1)))), 0)
            self._axioms["meta", epoch] = (tuple(sorted(((data, 1), (meta, -1)))), 0)

    def of(self, operand: Operand) -> Sum:
        """The sum of an operand."""
        if type(operand) is not Value:
            return Sum((), signed(operand))
        found = self._sums.get(operand)
        if found is None:
            found = self._work(operand)
        return found

    def _work(self, value: Value) -> Sum:
        """Definitions first, without recursion: chains may be thousands long."""
        stack = [value]
        while stack:
            at = stack[-1]
            if at in self._sums:
                stack.pop()
                continue
            missing = [v for v in self._inputs(at) if v not in self._sums]
            if missing and len(stack) < 100_000:
                stack += missing
                continue
            self._sums[at] = self._make(at)
            stack.pop()
        return self._sums[value]

    def _inputs(self, value: Value) -> list[Value]:
        op = value.definition
        found: list[Operand] = []
        if isinstance(op, Alu):
            found = [op.lhs, op.rhs]
        elif isinstance(op, (Assume, Cast, ByteSwap)):
            found = [op.value]
        elif isinstance(op, Load):
            found = [op.base]
        elif isinstance(op, Block) and op in self._unit.incoming and value in op.params:
            at = op.params.index(value)
            before = self._unit.dominators.predecessors[op]
            found = [e.args[at] for s in before if (s, op) not in self._unit.back_edges for e in s.edges() if e.block is op]
        return [v for v in found if type(v) is Value]

    def _opaque(self, value: Value) -> Sum:
        return Sum(((self.symbol(value, value), 1),), 0)

    def _make(self, value: Value) -> Sum:
        op = value.definition
        kind = type(op)
        if kind is Alu:
            found = self._alu(op, value)  # type: ignore[arg-type]
        elif kind is Assume:
            found = self.of(op.value)  # type: ignore[union-attr]
        elif kind is Cast:
            found = self._cast(op, value)  # type: ignore[arg-type]
        elif kind is Load:
            found = self._load(op, value)  # type: ignore[arg-type]
        elif kind is ByteSwap:
            found = self._same(("bswap", op.width_bits, self.of(op.value)), value)  # type: ignore[union-attr]
        elif kind is Block and op in self._unit.incoming:
            found = self._parameter(op, value)
        else:
            found = self._opaque(value)
        small = len(found.terms) <= MAX_OF_VALUE and all(-MAX_FACTOR <= c <= MAX_FACTOR for _, c in found.terms)
        return found if small else self._opaque(value)

    def _parameter(self, block: Block, value: Value) -> Sum:
        """A parameter that is the same sum on every way is that sum."""
        unit = self._unit
        if value not in block.params:
            return self._opaque(value)
        at = block.params.index(value)
        found: Sum | None = None
        round_and_moved = False
        for source in dict.fromkeys(unit.dominators.predecessors[block]):
            for edge in source.edges():
                if edge.block is not block:
                    continue
                if renamed(edge.args[at]) is value:
                    round_and_moved = round_and_moved or unit.epochs.crosses(source, block)
                    continue
                if (source, block) in unit.back_edges:
                    return self._opaque(value)
                one = self._across(source, block, self.of(edge.args[at]))
                if found is not None and one != found:
                    return self._opaque(value)
                found = one
        if found is None or (round_and_moved and any(symbol in self.epochs for symbol, _ in found.terms)):
            # What comes round is of the packet before it was moved, and the header's epoch is that of the packet now.
            return self._opaque(value)
        return found

    def _across(self, source: Block, target: Block, found: Sum) -> Sum:
        """The same sum in the epoch that begins at the target."""
        unit = self._unit
        if not unit.epochs.crosses(source, target):
            return found
        old, new = unit.epochs.at_end[source], unit.epochs.at_start[target]
        names = {self.symbol((name, old)): self.symbol((name, new)) for name in ("data", "end", "meta")}
        return Sum(tuple(sorted((names.get(symbol, symbol), c) for symbol, c in found.terms)), found.constant)

    def _same(self, key: object, value: Value) -> Sum:
        return Sum(((self.symbol(key, value), 1),), 0)

    def _small(self, operand: Operand, bits: int) -> bool:
        fact = self._facts(operand)
        return type(fact) is not Fact and fact.umax < 1 << bits

    def _alu(self, op: Alu, value: Value) -> Sum:
        a, b = self.of(op.lhs), self.of(op.rhs)
        if op.kind in ("add", "sub") and (op.width_bits == 64 or self._exact32(op)):
            return add(a, b, 1 if op.kind == "add" else -1)
        if op.kind in ("lsh", "mul") and not b.terms and self._fits(op):
            factor = b.constant if op.kind == "mul" else 1 << (b.constant & (op.width_bits - 1))
            if 0 < factor <= MAX_FACTOR:
                return Sum(tuple((s, c * factor) for s, c in a.terms), signed(a.constant * factor))
        return self._same((op.kind, op.width_bits, a, b), value)

    def _fits(self, op: Alu) -> bool:
        if op.width_bits == 64:
            return True
        fact = self._facts(op.result)
        return self._small(op.lhs, 16) and type(fact) is not Fact and type(op.rhs) is int and op.rhs < 1 << 16

    def _exact32(self, op: Alu) -> bool:
        a, b = self._facts(op.lhs), self._facts(op.rhs)
        if type(a) is Fact or type(b) is Fact:
            return False
        if op.kind == "add":
            return a.umax + b.umax < 1 << 32
        return b.umax <= a.umin and a.umax < 1 << 32

    def _cast(self, op: Cast, value: Value) -> Sum:
        bits = op.from_bits if op.kind == "zext" else op.from_bits - 1
        if self._small(op.value, bits):
            return self.of(op.value)
        return self._same((op.kind, op.from_bits, op.width_bits, self.of(op.value)), value)

    def _load(self, op: Load, value: Value) -> Sum:
        found = self._facts(value)
        for p in pointers_of(found):
            region = p.region
            if region.kind in ("packet", "meta") and type(found) is Fact and found.num is None and len(found.ptrs) == 1:
                return self._packet_load(op, value)
        version = self._versions(op)
        if version is None:
            return self._opaque(value)
        return self._same(("load", op.size_bytes, op.signed, op.offset, self.of(op.base), version), value)

    def _packet_load(self, op: Load, value: Value) -> Sum:
        base = self._facts(op.base)
        where = pointers_of(base)
        fact = self._facts(value)
        (p,) = pointers_of(fact)
        if len(where) == 1 and where[0].region.kind == "ctx":
            self._order_of(p.region.epoch if p.region.name != "the option's value" else "option")
            if p.region.kind == "meta":
                return Sum(((self.symbol(("meta", p.region.epoch)), 1),), 0)
            name = "data" if p.offset.is_const() else "end"
            key = (name, p.region.epoch) if p.region.name != "the option's value" else (name, "option")
            return Sum(((self.symbol(key), 1),), 0)
        return self._opaque(value)
