"""What a value of one run depends on: small expressions over the bytes of the input.

    v3 = load.2 v1, 12; v4 = bswap.16 v3        bswap(cat(packet[12], packet[13]))

A leaf is a byte (or word) of the input: of the packet, the context, a map's value, or whether a map has an entry. An
expression keeps the value that it had in the run it comes from, and can be evaluated for another input (a `Model`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never, cast, final

from bpfcc.bpfir.semantics import ALU, BSWAP, AluKind, mask, sext, zext

MASK64: Final = (1 << 64) - 1
# An expression of more nodes, or deeper (evaluating and undoing it are recursive), is not kept: its value is taken as a number.
MAX_NODES: Final = 400
MAX_DEPTH: Final = 100

# ("packet", i), ("length",), ("context", i), ("data", i), ("value", map, key, i), ("entry", map, key), ("task", …), ("random", n).
Variable = tuple[str | int | bytes, ...]
Model = dict[Variable, int]
Kind = Literal["leaf", "cat", "byte", "alu", "zext", "sext", "bswap", "lookup"]


@final
@dataclass(frozen=True, slots=True)
class Lookup:
    """What a lookup's result depends on: the bytes of the key, and whether such an entry is there.

    `entries`: of an array, which are always there; 0 in a map whose entries come and go. `seen`: the key of the run.
    """

    map: str
    key: tuple[Expression | int, ...]
    seen: bytes
    entries: int
    base: int = 0
    stride: int = 0

    def key_bytes(self, model: Model, memo: Memo) -> bytes:
        """The key for another input."""
        return bytes([part if type(part) is int else evaluate(part, model, memo) for part in self.key])


@final
class Expression:
    """A word of 64 bits and its value in the run it comes from; `may`: the bits that can be set.

    Of the rest, each kind has its own: `var` of a leaf, `items` of a cat (the lowest byte first), `op` of an operation, `info` of a
    lookup; `a` and `b` are operands, and `b` the index of a byte or the bits that are extended.
    """

    __slots__ = ("_leaves", "a", "b", "depth", "info", "items", "kind", "may", "nodes", "op", "value", "var", "width")

    def __init__(
        self, kind: Kind, value: int, *, a: Expression | int = 0, b: Expression | int = 0, width: int = 64, may: int = MASK64,
        var: Variable = (), items: tuple[Expression | int, ...] = (), op: AluKind = "add", info: Lookup | None = None,
    ) -> None:  # fmt: skip
        self.kind: Kind = kind
        self.value = value
        self.a = a
        self.b = b
        self.width = width
        self.may = may
        self.var = var
        self.items = items if info is None else info.key
        self.op: AluKind = op
        self.info = info
        self._leaves: frozenset[Variable] | None = None
        parts = self.parts()
        self.nodes: int = 1 + sum([each.nodes for each in parts])
        self.depth: int = 1 + max([each.depth for each in parts], default=0)

    @property
    def small(self) -> bool:
        """Whether it is kept."""
        return self.nodes <= MAX_NODES and self.depth <= MAX_DEPTH

    def parts(self) -> list[Expression]:
        """Operands that depend on the input."""
        if self.items:
            return [each for each in self.items if type(each) is Expression]
        return [each for each in (self.a, self.b) if type(each) is Expression]

    @property
    def leaves(self) -> frozenset[Variable]:
        """The parts of the input that it depends on."""
        if self._leaves is None:
            found: set[Variable] = set()
            if self.kind == "leaf":
                found.add(self.var)
            elif self.info is not None and not self.info.entries:
                found.add(("entry", self.info.map, self.info.seen))
            for part in self.parts():
                found |= part.leaves
            self._leaves = frozenset(found)
        return self._leaves


Operand = Expression | int
Memo = dict[Expression, int]


def leaf(variable: Variable, value: int, width: int = 8) -> Expression:
    """A part of the input."""
    return Expression("leaf", value, var=variable, width=width, may=(1 << width) - 1)


def _may(operand: Operand) -> int:
    return operand if isinstance(operand, int) else operand.may


def _spread(bits: int) -> int:
    """All bits up to the highest."""
    return (1 << bits.bit_length()) - 1


def alu(kind: AluKind, width: int, a: Operand, b: Operand, value: int) -> Expression | None:
    """`a kind b`; None where nothing of it depends on the input, or it would be too large."""
    if isinstance(a, int) and isinstance(b, int):
        return None
    if kind == "add" and isinstance(a, Expression) and isinstance(b, int) and (a.kind, a.op, a.width) == ("alu", "add", width):
        # A sum with a constant again: one constant.
        a, b = (cast("Expression", a.a), mask(width, a.b + b)) if isinstance(a.b, int) else (a, b)
    made = Expression("alu", value, a=a, b=b, width=width, op=kind, may=_alu_may(kind, width, a, b))
    return made if made.small and made.may else None


def _alu_may(kind: AluKind, width: int, a: Operand, b: Operand) -> int:
    left, right = mask(width, _may(a)), mask(width, _may(b))
    match kind:
        case "and":
            return left & right
        case "or" | "xor":
            return left | right
        case "lsh" if isinstance(b, int):
            return mask(width, left << (b % width))
        case "rsh" if isinstance(b, int):
            return left >> (b % width)
        case "add" | "mul":
            return mask(width, _spread(left + right if kind == "add" else left * right))
        case "div" | "mod":
            return _spread(left)
        case _:
            return mask(width, MASK64)


def extend(kind: Literal["zext", "sext"], from_bits: int, width: int, a: Expression, value: int) -> Expression:
    """The low `from_bits` of `a`, extended."""
    if kind == "zext":
        low = mask(min(from_bits, width), a.may)
        return a if a.may == low else Expression("zext", value, a=a, b=from_bits, width=width, may=low)
    if not a.may >> (from_bits - 1):
        return a
    return Expression("sext", value, a=a, b=from_bits, width=width, may=mask(width, MASK64))


def swap(width: int, a: Expression, value: int) -> Expression:
    """The bytes of the low `width` bits of `a` in the other order."""
    return Expression("bswap", value, a=a, width=width, may=mask(width, MASK64))


def cat(parts: Sequence[Operand], value: int) -> Expression | None:
    """Bytes, the first the lowest."""
    first = parts[0]
    if isinstance(first, Expression) and first.kind == "byte" and first.b == 0 and isinstance(first.a, Expression):
        inner = first.a
        if all(isinstance(p, Expression) and p.kind == "byte" and p.a is inner and p.b == i for i, p in enumerate(parts)):
            return extend("zext", 8 * len(parts), 64, inner, value)
    may = 0
    for i, part in enumerate(parts):
        may |= _may(part) << (8 * i)
    made = Expression("cat", value, items=tuple(parts), may=may)
    return made if made.small else None


def byte_of(a: Expression, index: int, value: int) -> Expression:
    """Byte `index` of `a`."""
    return Expression("byte", value, a=a, b=index, width=8, may=a.may >> (8 * index) & 0xFF)


def lookup(info: Lookup, value: int) -> Expression | None:
    """The address that a lookup gave, or 0."""
    made = Expression("lookup", value, info=info)
    return made if made.small else None


def evaluate(operand: Operand, model: Model, memo: Memo) -> int:
    """The value for another input. `memo` belongs to one model."""
    if type(operand) is int:
        return operand
    e = cast("Expression", operand)
    found = memo.get(e)
    if found is None:
        found = memo[e] = _evaluate(e, model, memo)
    return found


def _evaluate(e: Expression, model: Model, memo: Memo) -> int:
    kind = e.kind
    match kind:
        case "leaf":
            return model.get(e.var, e.value)
        case "byte":
            return evaluate(e.a, model, memo) >> (8 * cast("int", e.b)) & 0xFF
        case "alu":
            return ALU[e.op](e.width, evaluate(e.a, model, memo), evaluate(e.b, model, memo))
        case "cat":
            found = 0
            for i, part in enumerate(e.items):
                found |= evaluate(part, model, memo) << (8 * i)
            return found
        case "zext":
            return zext(cast("int", e.b), e.width, evaluate(e.a, model, memo))
        case "sext":
            return sext(cast("int", e.b), e.width, evaluate(e.a, model, memo))
        case "bswap":
            return BSWAP[e.width](evaluate(e.a, model, memo))
        case "lookup":
            return _looked_up(e, cast("Lookup", e.info), model, memo)
        case _:
            assert_never(kind)


# Where an entry lies that was not there in the run.
SOMEWHERE: Final = 0x1000_0000


def _looked_up(e: Expression, info: Lookup, model: Model, memo: Memo) -> int:
    key = info.key_bytes(model, memo)
    if info.entries:
        index = int.from_bytes(key, "little")
        return info.base + info.stride * index if index < info.entries else 0
    there = model.get(("entry", info.map, key), int(e.value != 0) if key == info.seen else 0)
    return (e.value or SOMEWHERE) if there else 0


def lookups_in(e: Expression) -> list[Expression]:
    """Lookups whose result it depends on."""
    found, work, seen = [], [e], set[Expression]()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if each.kind == "lookup":
            found.append(each)
        else:
            work += each.parts()
    return found
