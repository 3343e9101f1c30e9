"""Flags of events: the processor in the low half, and in 20 bits of the upper one how much of the packet goes along.

v5 = lsh.64 v4, 32        v6 = or.64 v5, 0xffffffff        for_this_processor(uses, v6)    whatever v4 is
v4 = load.2 v3, 0         v5 = lsh.64 v4, 32               is_known(uses, v6)              v4 has 16 bits: nothing else is asked for
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.ops import Alu, Assume, Cast, Load, Value

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Operand
    from bpfcc.compat.rewrite.uses import Uses

THIS_PROCESSOR: Final = 0xFFFF_FFFF
HALF: Final = 32
LENGTH_BITS: Final = 20
MAX_DEPTH: Final = 8
MAX_STEPS: Final = 2_000
ANY: Final = (1 << 64) - 1


def for_this_processor(uses: Uses, operand: Operand, depth: int = 0) -> bool:
    """Whether the low half surely is all ones: the processor at hand."""
    sources = uses.sources(operand) if depth < MAX_DEPTH else None
    return sources is not None and all(_ends_in_ones(uses, each, depth) for each in sources)


def _ends_in_ones(uses: Uses, operand: Operand, depth: int) -> bool:
    if type(operand) is int:
        return operand & THIS_PROCESSOR == THIS_PROCESSOR
    match operand.definition if type(operand) is Value else None:
        case Alu(kind="or", width_bits=64, lhs=left, rhs=right):
            return any(for_this_processor(uses, each, depth + 1) for each in (left, right))
        case Alu(kind="add" | "xor", width_bits=64, lhs=left, rhs=right):
            pairs = ((left, right), (right, left))
            return any(for_this_processor(uses, ones, depth + 1) and _ends_in_zeros(uses, other) for ones, other in pairs)
        case _:
            return False


def _ends_in_zeros(uses: Uses, operand: Operand) -> bool:
    """Whether the low half surely is zero."""
    for each in uses.sources(operand) or [None]:
        definition = each.definition if type(each) is Value else None
        shifted = isinstance(definition, Alu) and (definition.kind, definition.width_bits) == ("lsh", 64)
        if type(each) is int and not each & THIS_PROCESSOR:
            continue
        if not shifted or type(definition.rhs) is not int or not HALF <= definition.rhs < 64:  # type: ignore[union-attr]
            return False
    return True


def is_known(uses: Uses, operand: Operand) -> bool:
    """Whether flags surely have nothing above the length."""
    return Most(uses).of(operand) < 1 << HALF + LENGTH_BITS


@final
class Most:
    """What values are at most, as far as what makes them tells; one question, of so many steps."""

    def __init__(self, uses: Uses) -> None:
        self._uses, self._steps = uses, MAX_STEPS

    def of(self, operand: Operand, depth: int = 0) -> int:
        """The bound of one."""
        self._steps -= 1
        if type(operand) is not Value:
            return operand if type(operand) is int else ANY
        if depth >= MAX_DEPTH or self._steps < 0:
            return ANY
        if operand in self._uses.passed:
            return max(self.of(each, depth + 1) for each in set(self._uses.passed[operand]))
        match operand.definition:
            case Assume() as fact:
                own = self.of(fact.value, depth + 1)
                # A comparison of low halves is one of whole numbers where there is nothing above.
                whole = not fact.negated and own >> fact.width_bits == 0
                return min(own, self._limit(fact, depth + 1)) if whole else own
            case Load(size_bytes=size, signed=False):
                return (1 << 8 * size) - 1
            case Cast(kind="zext", from_bits=bits, value=value):
                return min((1 << bits) - 1, self.of(value, depth + 1))
            case Alu() as op:
                return self._result(op, depth + 1)
            case _:
                return ANY

    def _result(self, op: Alu, depth: int) -> int:
        every = (1 << op.width_bits) - 1
        left, right = self.of(op.lhs, depth), self.of(op.rhs, depth)
        shift = op.rhs if type(op.rhs) is int and op.rhs < op.width_bits else None
        match op.kind:
            case "and":
                return min(left, right, every)
            case "or" | "xor":
                return min((1 << max(left.bit_length(), right.bit_length())) - 1, every)
            case "add":
                # A sum that does not fit starts again at 0, which is less.
                return min(left + right, every)
            case "lsh" if shift is not None:
                return min(left << shift, every)
            case "rsh" if shift is not None:
                return min(left, every) >> shift
            case _:
                return every

    def _limit(self, fact: Assume, depth: int) -> int:
        """What a comparison says."""
        if fact.lhs is fact.value and fact.kind in ("ule", "ult", "eq"):
            return self.of(fact.rhs, depth)
        if fact.rhs is fact.value and fact.kind in ("uge", "ugt", "eq"):
            return self.of(fact.lhs, depth)
        return ANY
