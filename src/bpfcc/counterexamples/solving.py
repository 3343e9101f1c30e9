"""Conditions of a run solved backwards: which bytes to write so that one comes out otherwise.

    eq.64 bswap.16(cat(packet[12], packet[13])), 0x0800          packet[12] = 8, packet[13] = 0

Each operation is undone where it can be, its other operand kept as it is. Whatever comes out is checked by evaluating the
condition again, so a rule here may be optimistic; conditions before it that it breaks are repaired in the same way, a few times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.bpfir.semantics import BSWAP, COMPARE, NEGATED, SWAPPED, CompareKind, mask, sext, signed
from bpfcc.counterexamples.expressions import MASK64, Expression, Lookup, Memo, Model, Operand, Variable, evaluate

if TYPE_CHECKING:
    from bpfcc.bpfir.semantics import AluKind

EACH: Final = 3
FUEL: Final = 600
Sides = tuple[tuple[Operand, CompareKind, int, int], ...]
REPAIRS: Final = 12
NEAR: Final = (0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16)
INEQUALITIES: Final = frozenset({"ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"})


@final
@dataclass(eq=False, slots=True)
class Condition:
    """`lhs kind rhs` at `width` bits is to be `want`."""

    kind: CompareKind
    width: int
    lhs: Operand
    rhs: Operand
    want: bool = True
    _leaves: frozenset[Variable] | None = field(default=None, repr=False)

    @property
    def leaves(self) -> frozenset[Variable]:
        """What it depends on."""
        if self._leaves is None:
            found: frozenset[Variable] = frozenset()
            for side in (self.lhs, self.rhs):
                if isinstance(side, Expression):
                    found |= side.leaves
            self._leaves = found
        return self._leaves

    def holds(self, model: Model, memo: Memo | None = None) -> bool:
        """Whether it is as wanted for that input."""
        memo = {} if memo is None else memo
        return COMPARE[self.kind](self.width, evaluate(self.lhs, model, memo), evaluate(self.rhs, model, memo)) == self.want

    def negated(self) -> Condition:
        """The same, wanted otherwise."""
        return Condition(self.kind, self.width, self.lhs, self.rhs, not self.want)


# ---- operations undone ---------------------------------------------------------------------------------------------


@final
class Inverter:
    """Undoes expressions near one input; `fuel` bounds how many it looks at."""

    __slots__ = ("_memo", "_of", "fuel")

    def __init__(self, fuel: int = FUEL) -> None:
        self.fuel = fuel
        self._of: Model | None = None
        self._memo: Memo = {}

    def value(self, e: Operand, model: Model) -> int:
        """`e` for that input."""
        if self._of is not model:
            self._of, self._memo = model, {}
        return evaluate(e, model, self._memo)

    def invert(self, e: Operand, want: int, model: Model) -> Iterator[Model]:
        """Inputs near `model` for which `e` is `want`; optimistic."""
        self.fuel -= 1
        if isinstance(e, int):
            if e == want:
                yield model
            return
        if want & ~e.may or self.fuel < 0:
            return
        match e.kind:
            case "leaf":
                yield model | {e.var: want}
            case "cat":
                yield from self._in_turn([(part, want >> (8 * i) & 0xFF) for i, part in enumerate(e.items)], model)
            case "byte":
                shift = 8 * cast("int", e.b)
                yield from self.invert(e.a, self.value(e.a, model) & ~(0xFF << shift) | want << shift, model)
            case "zext":
                yield from self.low(e.a, want, cast("int", e.b), model)
            case "sext":
                bits = cast("int", e.b)
                if sext(bits, e.width, want) == want:
                    yield from self.low(e.a, mask(bits, want), bits, model)
            case "bswap":
                yield from self.low(e.a, BSWAP[e.width](want), e.width, model)
            case "lookup":
                yield from self._look(cast("Lookup", e.info), want, model)
            case "alu":
                yield from self._alu(e, want, model)

    def low(self, e: Operand, low: int, bits: int, model: Model) -> Iterator[Model]:
        """`e` with its low bits replaced: the others as they are, or zero."""
        kept = self.value(e, model) & ~mask(bits, MASK64) & MASK64
        yield from self.invert(e, kept | low, model)
        if kept:
            yield from self.invert(e, low, model)

    def _in_turn(self, wanted: Sequence[tuple[Operand, int]], model: Model) -> Iterator[Model]:
        """Each operand as wanted, one after the other; the first way for each."""
        for operand, want in wanted:
            found = next(self.invert(operand, want, model), None)
            if found is None:
                return
            model = found
        yield model

    def _look(self, info: Lookup, want: int, model: Model) -> Iterator[Model]:
        if not info.entries:
            yield model | {("entry", info.map, info.key_bytes(model, {})): int(want != 0)}
            return
        whole = _word(info.key)
        index, rest = divmod(want - info.base, max(info.stride, 1))
        hits = (index,) if not rest and 0 <= index < info.entries else (0, 1, info.entries - 1)
        for each in hits if want else (info.entries, MASK64 >> 32, info.entries + 1, 0x8000_0000):
            yield from self.invert(whole, each, model)

    def _alu(self, e: Expression, want: int, model: Model) -> Iterator[Model]:
        kind, width, a, b = e.op, e.width, e.a, e.b
        left, right = mask(width, self.value(a, model)), mask(width, self.value(b, model))
        if kind in {"or", "add", "xor"} and isinstance(a, Expression) and isinstance(b, Expression):
            if not a.may & b.may:
                yield from self._in_turn([(a, want & a.may), (b, want & b.may)], model)
            elif kind == "add":
                # A sum of several parts: the last takes what it can, the others the rest.
                yield from self._in_turn([(b, min(want, b.may)), (a, want - min(want, b.may))], model)
        if isinstance(a, Expression):
            for value in _left_of(kind, width, want, left, right):
                yield from self.low(a, mask(width, value), width, model)
        if isinstance(b, Expression):
            for value in _right_of(kind, width, want, left, right):
                yield from self.low(b, mask(width, value), width, model)


def _word(parts: Sequence[Operand]) -> Operand:
    if all(isinstance(part, int) for part in parts):
        return sum(cast("int", part) << (8 * i) for i, part in enumerate(parts))
    return Expression("cat", 0, items=tuple(parts))


def _left_of(kind: AluKind, width: int, want: int, left: int, right: int) -> list[int]:
    """What the left operand must be for the result `want`, the right one staying."""
    match kind:
        case "add":
            return [want - right]
        case "sub":
            return [want + right]
        case "xor":
            return [want ^ right]
        case "and":
            return [left & ~right | want, want]
        case "or":
            return [want, want & ~right]
        case "mul":
            return _factors(width, want, right)
        case "div":
            return [want * right + left % right, want * right] if right else []
        case "mod":
            return [left - left % right + want, want] if right > want else []
        case "sdiv":
            return [signed(width, want) * signed(width, right)]
        case "smod":
            return [want]
        case "lsh":
            count = right % width
            return [left & ~((1 << (width - count)) - 1) | want >> count, want >> count]
        case "rsh" | "arsh":
            count = right % width
            return [mask(width, want << count) | left & ((1 << count) - 1)]


def _right_of(kind: AluKind, width: int, want: int, left: int, right: int) -> list[int]:
    """The same for the right operand."""
    match kind:
        case "add" | "xor" | "and" | "or" | "mul":
            return _left_of(kind, width, want, right, left)
        case "sub":
            return [left - want]
        case "div":
            return [left // want] if want else [0, left + 1]
        case "mod" | "smod":
            return [left - want] if left > want else []
        case "lsh" | "rsh" | "arsh":
            return list(range(width))
        case _:
            return []


def _factors(width: int, want: int, factor: int) -> list[int]:
    if not factor:
        return []
    found = [want // factor] if want % factor == 0 else []
    if factor & 1:
        found.append(want * pow(factor, -1, 1 << width))
    return found


# ---- comparisons ---------------------------------------------------------------------------------------------------


def wanted_values(kind: CompareKind, width: int, bound: int, now: int) -> list[int]:
    """Values x, the most telling first, such that `x kind bound`."""
    top, sign = (1 << width) - 1, 1 << (width - 1)
    bound, now = mask(width, bound), mask(width, now)
    match kind:
        case "eq":
            return [bound]
        case "ne":
            return [bound + 1 & top, bound - 1 & top, bound ^ sign, 0, top, bound ^ 0x80]
        case "ult" | "ule":
            first = bound if kind == "ule" else bound - 1
            return [v for v in (*(first - near for near in NEAR), 0, first // 2, 1) if v >= 0]
        case "ugt" | "uge":
            first = bound if kind == "uge" else bound + 1
            near = [first + each for each in NEAR]
            return [v for v in (first, top, *near[1:], top >> 1, 0xFFFF, 0xFF, sign, *(top - each for each in NEAR)) if first <= v <= top]
        case "slt" | "sle" | "sgt" | "sge":
            return _signed_values(kind, width, bound)
        case "test":
            bits = [1 << i for i in range(width) if bound >> i & 1]
            return [now | bit for bit in bits[:8]] + bits[:8] + [bound]


def _signed_values(kind: CompareKind, width: int, bound: int) -> list[int]:
    least, most = -(1 << (width - 1)), (1 << (width - 1)) - 1
    at = signed(width, bound)
    if kind in {"slt", "sle"}:
        first = at if kind == "sle" else at - 1
        found = [first, least, *(first - near for near in NEAR[1:]), 0, -1]
        return [mask(width, v) for v in found if least <= v <= first]
    first = at if kind == "sge" else at + 1
    found = [first, most, *(first + near for near in NEAR[1:]), 0, 1, 0xFFFF]
    return [mask(width, v) for v in found if first <= v <= most]


def solve(condition: Condition, model: Model) -> Iterator[Model]:
    """Inputs near `model` for which the condition is as wanted."""
    if condition.kind == "test" and not condition.want:
        yield from _cleared(condition, model)
        return
    kind = condition.kind if condition.want else NEGATED[condition.kind]
    inverter = Inverter()
    left, right = inverter.value(condition.lhs, model), inverter.value(condition.rhs, model)
    sides: Sides = ((condition.lhs, kind, left, right), (condition.rhs, SWAPPED[kind], right, left))
    for side, relation, now, bound in sides:
        if not isinstance(side, Expression):
            continue
        for value in wanted_values(relation, condition.width, bound, now):
            for found in islice(inverter.low(side, value, condition.width, model), EACH):
                if condition.holds(found):
                    yield found
    yield from _extremes(condition, model)


def _cleared(condition: Condition, model: Model) -> Iterator[Model]:
    inverter = Inverter()
    left, right = inverter.value(condition.lhs, model), inverter.value(condition.rhs, model)
    for side, now, bits in ((condition.lhs, left, right), (condition.rhs, right, left)):
        for value in (now & ~bits, 0):
            for found in islice(inverter.invert(side, value, model), EACH):
                if condition.holds(found):
                    yield found


def _extremes(condition: Condition, model: Model) -> Iterator[Model]:
    """Every byte that it depends on at a boundary: for what cannot be undone."""
    if len(condition.leaves) > 64:
        return
    for value in (0xFF, 0, 0x7F, 0x80, 1):
        found = model | {each: value for each in condition.leaves if each[0] not in {"entry", "length", "random"}}
        if condition.holds(found):
            yield found


def solve_path(before: Sequence[Condition], goal: Condition, model: Model, limit: int) -> Iterator[tuple[Model, int]]:
    """Inputs that meet `goal`, with how many of the conditions before it they break."""
    seen: list[Model] = []
    for found in islice(solve(goal, model), 4 * limit):
        if found in seen:
            continue
        seen.append(found)
        yield repair(before, goal, found, model)
        if len(seen) >= limit:
            return


def tightened(before: Sequence[Condition], leaves: frozenset[Variable], model: Model) -> Model:
    """`model` with whatever bounds these leaves at its bound: sums of several parts are largest there."""
    for each in before:
        if each.kind in INEQUALITIES and not each.leaves.isdisjoint(leaves):
            found = next(solve(each, model), None)
            if found is not None and found != model and len(_broken(before, found, model)) == 0:
                model = found
    return model


def repair(before: Sequence[Condition], goal: Condition, found: Model, model: Model) -> tuple[Model, int]:
    """`found` with conditions mended that it broke, and how many are still broken."""
    broken = _broken(before, found, model)
    for _ in range(REPAIRS):
        if not broken:
            break
        for each in broken[:4]:
            better = _mended(before, goal, each, found, model, len(broken))
            if better is not None:
                found, broken = better
                break
        else:
            break
    return found, len(broken)


def _mended(
    before: Sequence[Condition], goal: Condition, each: Condition, found: Model, model: Model, worst: int
) -> tuple[Model, list[Condition]] | None:
    for other in islice(solve(each, found), 8):
        if goal.holds(other):
            broken = _broken(before, other, model)
            if len(broken) < worst:
                return other, broken
    return None


def _broken(before: Sequence[Condition], found: Model, model: Model) -> list[Condition]:
    changed = {each for each, value in found.items() if model.get(each, -1) != value}
    memo: Memo = {}
    return [each for each in before if not each.leaves.isdisjoint(changed) and not each.holds(found, memo)]
