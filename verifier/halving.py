"""Values that lose bits in every round: shifted, divided, or with their lowest bit cleared.

    b1(v1): v2 = assume v1 where ne.64 v1, 0;  v3 = rsh.64 v2, 4;  jump b1(v3)        at most 16 rounds, and one

Three measures of a parameter p, each the length of something that gets shorter: its bit length (right shifts, division), the bits below
its lowest set one (left shifts: there are ever more of them), the number of its set bits (p & (p - 1)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Cast, Operand, Value
from bpfcc.verifier.facts import Fact

if TYPE_CHECKING:
    from bpfcc.verifier.cycles import Cycle, Cycles
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts

MAX_CHAIN: Final = 60


class Loss(NamedTuple):
    """What a value is of p: at most p >> `right`; p << `left` in `bits`; p with `cleared` set bits fewer. None: no such thing.

    `positive`: p was not zero, or the value could not have come here.
    """

    right: int | None = None
    left: int | None = None
    cleared: int | None = None
    positive: bool = False


NOTHING: Final = Loss()


@final
class Halving:
    """Losses on the way from the header's parameter `base` to a value, by 64-bit operations and by 32-bit ones on small values."""

    def __init__(self, facts: Facts, cycles: Cycles, cycle: Cycle, base: Value, bits: int) -> None:
        self.facts: Final = facts
        self.cycles: Final = cycles
        self.cycle: Final = cycle
        self.base: Final = base
        self.bits: Final = bits
        self.memo: dict[Value, Loss] = {}

    def visits(self) -> int | None:
        """How often the header is entered at most."""
        fact = self.facts.known(self.base)
        if type(fact) is Fact:
            return None
        most = fact.umax if self.bits == 64 else fact.u32max
        length = most.bit_length()
        losses = [self._of(source.edges()[index].args[self.cycle.header.params.index(self.base)], 0) for source, index in self.cycle.back]
        if not losses or not all(loss.positive for loss in losses):
            return None
        found: list[int] = []
        right = min((-1 if loss.right is None else loss.right) for loss in losses)
        if right > 0:
            found.append(-(-length // right) + 1)
        left = min((-1 if loss.left is None else loss.left) for loss in losses)
        if left > 0:
            found.append(-(-self.bits // left) + 1)
        if min((-1 if loss.cleared is None else loss.cleared) for loss in losses) > 0:
            found.append(length + 1)
        return min(found, default=None)

    def _of(self, operand: Operand, depth: int) -> Loss:
        if type(operand) is not Value or depth > MAX_CHAIN:
            return NOTHING
        found = self.memo.get(operand)
        if found is None:
            self.memo[operand] = NOTHING  # what comes round to itself has no measure
            found = self._make(operand, depth + 1)
            fact = self._fact(operand)
            if found != NOTHING and fact is not None and (fact.umin if self.bits == 64 else fact.u32min) > 0:
                found = found._replace(positive=True)
            self.memo[operand] = found
        return found

    def _fact(self, operand: Operand) -> Scalar | None:
        fact = self.facts.known(operand)
        return fact if type(fact) is not Fact else None

    def _make(self, value: Value, depth: int) -> Loss:
        if value is self.base:
            return Loss(0, 0, 0)
        definition = value.definition
        if isinstance(definition, Assume):
            return self._of(definition.value, depth)
        if isinstance(definition, Cast):
            return self._cast(definition, depth)
        if isinstance(definition, Alu):
            return self._alu(definition, depth)
        if isinstance(definition, Block) and definition in self.cycle.blocks and definition is not self.cycle.header:
            return self._parameter(definition, value, depth)
        return NOTHING

    def _parameter(self, block: Block, value: Value, depth: int) -> Loss:
        if self.cycles.innermost.get(block) is not self.cycle or value not in block.params:
            return NOTHING
        at = block.params.index(value)
        ways = [self._of(edge.args[at], depth) for source, edge in self.cycles.into(block) if source in self.cycle.blocks]
        if not ways:
            return NOTHING

        def least(found: list[int | None]) -> int | None:
            known = [f for f in found if f is not None]
            return min(known) if len(known) == len(found) else None

        lefts = {w.left for w in ways}
        return Loss(
            least([w.right for w in ways]),
            lefts.pop() if len(lefts) == 1 else None,
            least([w.cleared for w in ways]),
            all(w.positive for w in ways),
        )

    def _cast(self, op: Cast, depth: int) -> Loss:
        fact = self._fact(op.value)
        if fact is None:
            return NOTHING
        if (self.bits == 32 and op.from_bits == 32) or fact.umax < 1 << (op.from_bits - (op.kind == "sext")):
            return self._of(op.value, depth)
        return NOTHING

    def _alu(self, op: Alu, depth: int) -> Loss:
        # Operations of the other width are the same where nothing is in the upper half.
        fact = self._fact(op.lhs)
        if op.width_bits != self.bits and (fact is None or fact.umax >= 1 << 32):
            return NOTHING
        by = self._fact(op.rhs)
        if by is None:
            return NOTHING
        loss = self._of(op.lhs, depth)
        if op.kind in ("rsh", "div") and loss.right is not None:
            more = self._shift(op, by) if op.kind == "rsh" else max(by.umin if self.bits == 64 else by.u32min, 1).bit_length() - 1
            return Loss(loss.right + more, None, None, loss.positive) if self._divides(op, by) else NOTHING
        if op.kind == "lsh" and loss.left is not None and op.width_bits == self.bits:
            return Loss(None, loss.left + self._shift(op, by), None, loss.positive)
        if op.kind == "and":
            return self._and(op, depth)
        return NOTHING

    def _divides(self, op: Alu, by: Scalar) -> bool:
        """The divisor is what it seems, in the width of the operation."""
        return op.kind == "rsh" or (op.width_bits == self.bits and (by.umin if self.bits == 64 else by.u32min) > 0)

    @staticmethod
    def _shift(op: Alu, by: Scalar) -> int:
        return by.umin if by.umax < op.width_bits else 0

    def _and(self, op: Alu, depth: int) -> Loss:
        if op.width_bits != self.bits:
            return NOTHING
        left, right = self._of(op.lhs, depth), self._of(op.rhs, depth)
        for value, loss, other in ((op.lhs, left, op.rhs), (op.rhs, right, op.lhs)):
            if loss.cleared is not None:
                more = int(_is_one_less(other, value))
                return Loss(loss.right, None, loss.cleared + more, loss.positive)
        found = left if left.right is not None else right
        return Loss(found.right, None, None, found.positive) if found.right is not None else NOTHING


def _renamed(operand: Operand) -> Operand:
    while type(operand) is Value and isinstance(operand.definition, Assume):
        operand = operand.definition.value
    return operand


def _is_one_less(operand: Operand, value: Operand) -> bool:
    """operand = value - 1."""
    operand = _renamed(operand)
    if type(operand) is not Value or not isinstance(operand.definition, Alu):
        return False
    op = operand.definition
    ones = (1 << op.width_bits) - 1
    less = (op.kind == "add" and type(op.rhs) is int and op.rhs & ones == ones) or (op.kind == "sub" and op.rhs == 1)
    return less and _renamed(op.lhs) is _renamed(value)
