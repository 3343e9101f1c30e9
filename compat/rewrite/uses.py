"""What becomes of a value: whether only its sign is looked at, which constants it can be, where a reservation goes.

v4 = call helper 2(…)        looked_at(fn, v4)   "sign" where all that is done is `if slt.64 v4, 0` or `if ne.32 v4, 0`
exit v9                      constants(fn, v9)   {1, 2} where every edge that leads to v9 passes 1 or 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.bpfir.ops import Alu, Assume, Branch, Call, Cast, MapAddr, Value, edges, operands
from bpfcc.bpfir.renamed import renamed
from bpfcc.bpfir.semantics import ALU, sext, zext

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function
    from bpfcc.bpfir.ops import Op, Operand

Look = Literal["never", "sign", "value"]
MINUS_ONE: Final = frozenset({(1 << 64) - 1, (1 << 32) - 1})
SIGN_KINDS: Final = frozenset({"eq", "ne", "slt", "sle", "sgt", "sge", "ugt", "ule"})
MAX_CONSTANTS: Final = 64
MAX_DEPTH: Final = 8
# Steps of all questions about one function; what is asked afterwards is answered with no knowledge.
BUDGET: Final = 2_000_000
MAX_RESERVATIONS: Final = 64


class Use(NamedTuple):
    """A use of a value: the operation, or the parameter that an edge passes it to."""

    op: Op
    param: Value | None = None


@final
class Uses:
    """The uses of every value of a function."""

    def __init__(self, fn: Function) -> None:
        self._budget = BUDGET
        self.of: dict[Value, list[Use]] = {}
        self.passed: dict[Value, list[Operand]] = {}
        for op in fn.ops():
            for operand in operands(op):
                if type(operand) is Value:
                    self.of.setdefault(operand, []).append(Use(op))
            for edge in edges(op):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    self.passed.setdefault(param, []).append(arg)
                    if type(arg) is Value:
                        self.of.setdefault(arg, []).append(Use(op, param))

    def looked_at(self, value: Value) -> Look:
        """How a helper's result is looked at: not at all, for its sign or being zero, or as a number."""
        found: Look = "never"
        seen, work = {value}, [value]
        while work:
            each = work.pop()
            uses = self.of.get(each, ())
            self._budget -= 1 + len(uses)
            if self._budget < 0:
                return "value"
            for use in uses:
                if use.param is not None:
                    following: Value | None = use.param
                else:
                    match use.op:
                        case Assume():
                            following = use.op.result if use.op.value is each else None
                        case Cast():
                            following = use.op.result
                            if use.op.from_bits < 32:
                                return "value"
                        case Branch() if _is_sign(use.op, each):
                            found, following = "sign", None
                        case _:
                            return "value"
                if following is not None and following not in seen:
                    seen.add(following)
                    work.append(following)
        return found

    def sources(self, value: Operand) -> set[Operand] | None:
        """What a value is one of, without renamings and joins; None where that takes too long to tell."""
        found: set[Operand] = set()
        seen: set[Value] = set()
        work: list[Operand] = [value]
        while work:
            each = renamed(work.pop())
            self._budget -= 1
            if self._budget < 0:
                return None
            if type(each) is not Value or each not in self.passed:
                found.add(each)
            elif each not in seen:
                seen.add(each)
                self._budget -= len(self.passed[each])
                work += self.passed[each]
        return found

    def constants(self, value: Operand, depth: int = 0) -> set[int] | None:
        """Every value that it can have, None where that cannot be told."""
        found: set[int] = set()
        sources = self.sources(value)
        if sources is None:
            return None
        for each in sources:
            computed = {each} if type(each) is int else self._computed(each.definition, depth)  # type: ignore[union-attr]
            if computed is None:
                return None
            found |= computed
        return found if len(found) <= MAX_CONSTANTS else None

    def _computed(self, op: object, depth: int) -> set[int] | None:
        """Of an operation on what is constant."""
        match op:
            case Cast() if depth < MAX_DEPTH:
                inner = self.constants(op.value, depth + 1)
                extend = sext if op.kind == "sext" else zext
                return None if inner is None else {extend(op.from_bits, op.width_bits, each) for each in inner}
            case Alu(lhs=int() as lhs, rhs=int() as rhs):
                return {ALU[op.kind](op.width_bits, lhs, rhs)}
            case _:
                return None


@final
class Reservations:
    """Which calls may have reserved the record that a value is."""

    def __init__(self, fn: Function, helper: int) -> None:
        self.calls: dict[Value, set[Call]] = {}
        reserving = [op for op in fn.ops() if isinstance(op, Call) and op.helper == helper]
        if not 0 < len(reserving) <= MAX_RESERVATIONS:
            return
        following: dict[Value, list[Value]] = {}
        for op in fn.ops():
            if isinstance(op, Assume) and type(op.value) is Value:
                following.setdefault(op.value, []).append(op.result)
            for edge in edges(op):
                for param, arg in zip(edge.block.params, edge.args, strict=True):
                    if type(arg) is Value:
                        following.setdefault(arg, []).append(param)
        for call in reserving:
            work = [call.result]
            while work:
                value = work.pop()
                found = self.calls.setdefault(value, set())
                if call not in found:
                    found.add(call)
                    work += following.get(value, ())


def _is_sign(op: Branch, value: Value) -> bool:
    """A comparison with zero, or with -1 where that comes to the same."""
    if op.lhs is not value or type(op.rhs) is not int:
        return False
    if op.rhs == 0:
        return op.kind in SIGN_KINDS
    return op.rhs in MINUS_ONE and op.kind in ("sgt", "sle")


def closure(start: set[Value], ways: tuple[dict[Value, list[Value]], ...]) -> set[Value]:
    """Everything that is made of the values in those ways."""
    known, work = set(start), list(start)
    while work:
        value = work.pop()
        for way in ways:
            for each in way.get(value, ()):
                if each not in known:
                    known.add(each)
                    work.append(each)
    return known


def map_number(operand: Operand) -> int | None:
    """Which map of the module a helper gets, None where it is not one alone."""
    found = renamed(operand)
    return found.definition.map if type(found) is Value and isinstance(found.definition, MapAddr) else None
