"""How much of its frame a function uses: where bytes may be added to it.

    v1 = frame -16                         16 bytes
    v2 = sub.64 v1, v7                     no saying: what is below may be in use
    used_bytes(fn, …)                      16, None

What is named is known. An address that is moved down by a distance that is no constant, here or in a function that gets it, names nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir import frame
from bpfcc.bpfir.frame import ACCESSES, Pointers, frame_offset
from bpfcc.bpfir.ops import Alu, Assume, Call, Cast, Load, Value, operands
from bpfcc.bpfir.semantics import signed
from bpfcc.compat.rewrite.uses import root

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function, Module
    from bpfcc.bpfir.ops import Operand
    from bpfcc.compat.rewrite.uses import Uses

MAX_DISTANCE: Final = 1 << 31
# Steps of all questions about one function.
BUDGET: Final = 500_000


def used_bytes(fn: Function, below: frozenset[str], uses: Uses) -> int | None:
    """Bytes of the frame down to the deepest one that may be in use; None where that cannot be told. `below`: `going_below`."""
    if below - {fn.name}:
        return None
    depths = _Depths(fn, uses)
    return max(fn.stack_bytes, frame.used_bytes(fn), depths.deepest) if depths.known else None


@final
class _Depths:
    """Where addresses of the frame are moved to."""

    def __init__(self, fn: Function, uses: Uses) -> None:
        self.known, self.deepest = True, 0
        self._uses = uses
        self._budget = BUDGET
        self._pointers = Pointers(fn)
        for op in fn.ops():
            if isinstance(op, Alu):
                self._sum(op)
            elif isinstance(op, ACCESSES) and op.base in self._pointers and op.offset < 0 and frame_offset(op.base) is None:
                self.known = False

    def _sum(self, op: Alu) -> None:
        left, right = op.lhs in self._pointers, op.rhs in self._pointers
        if (not left and not right) or (left and right):
            return
        address, distance = (op.lhs, op.rhs) if left else (op.rhs, op.lhs)
        if op.width_bits != 64 or op.kind not in ("add", "sub"):
            self.known = False
        elif type(distance) is int:
            moved = signed(64, distance if op.kind == "add" else -distance)
            start = frame_offset(address)
            if start is not None:
                self.deepest = max(self.deepest, -(start + moved))
            elif moved < 0:
                self.known = False
        elif op.kind == "sub" or not self._upwards(distance):
            self.known = False

    def _upwards(self, distance: Operand) -> bool:
        """Whether a distance is no negative number. One in a loop is none where nothing makes it one."""
        seen: set[Value] = set()
        work = [distance]
        while work:
            each = work.pop()
            self._budget -= 1
            if self._budget < 0:
                return False
            if type(each) is int:
                if each >= MAX_DISTANCE:
                    return False
                continue
            each = root(each)
            if type(each) is not Value or each in seen:
                continue
            seen.add(each)
            if each in self._uses.passed:
                work += self._uses.passed[each]
                continue
            more = _parts(each.definition)
            if more is None:
                return False
            work += more
        return True


def _parts(op: object) -> tuple[Operand, ...] | None:
    """What has to be no negative number so that the result is none; None: it may be one."""
    match op:
        case Load():
            return () if op.size_bytes < 8 and not op.signed else None
        case Cast():
            return () if op.kind == "zext" else None
        case Alu() if op.width_bits == 32:
            return ()
        case Alu() if op.kind in ("add", "mul", "lsh", "or"):
            return op.lhs, op.rhs
        case Alu() if op.kind == "and":
            return () if type(op.rhs) is int and op.rhs < MAX_DISTANCE else None
        case Alu() if op.kind == "rsh":
            return () if type(op.rhs) is int and op.rhs & 63 else (op.lhs,)
        case _:
            return None


def going_below(module: Module) -> frozenset[str]:
    """Functions that may reach what lies before an address that they get."""
    return frozenset(fn.name for fn in module.functions if _callee_goes_below(fn))


def _callee_goes_below(fn: Function) -> bool:
    """Whether a function reaches what lies before an address that it gets."""
    params = set(fn.params)
    for op in fn.ops():
        if isinstance(op, ACCESSES) and _before(op.base, op.offset, params):
            return True
        if isinstance(op, Call) and any(_before(arg, 0, params) for arg in operands(op)):
            return True
    return False


def _before(operand: Operand, distance: int, params: set[Value]) -> bool:
    """Whether an address is a parameter, moved down."""
    while type(operand) is Value and operand not in params:
        definition = operand.definition
        if isinstance(definition, Assume):
            operand = definition.value
        elif isinstance(definition, Alu) and definition.kind in ("add", "sub") and type(definition.rhs) is int:
            distance += signed(64, definition.rhs if definition.kind == "add" else -definition.rhs)
            operand = definition.lhs
        else:
            return False
    return type(operand) is Value and distance < 0
