"""Values of a loop as sums of others, modulo 2**64 or 2**32: what a round makes of them can be read off.

    v9 = add.32 v5, v7;  v5 = add.32 v2, -1        v9 = v2 + v7 - 1        modulo 2**32

No facts are used: these sums hold whatever the values are. Of the low half only 32 bits count, so that extending a value changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from bpfcc.bpfir.ops import Alu, Assume, Cast, Load, Operand, Value

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_TERMS: Final = 6
MAX_DEPTH: Final = 60
MAX_NARROW: Final = 12


class Form(NamedTuple):
    """Coefficients (never 0) by value, in the order of their numbers, and a constant."""

    terms: tuple[tuple[Value, int], ...]
    constant: int


ZERO: Final = Form((), 0)


@final
class Sums:
    """Sums modulo 2**`bits`; values that `stops` are terms and are not looked into."""

    __slots__ = ("_memo", "_stops", "bits")

    def __init__(self, bits: int, stops: Callable[[Value], bool]) -> None:
        self.bits = bits
        self._stops = stops
        self._memo: dict[Value, Form] = {}

    def signed(self, number: int) -> int:
        """A residue as the number nearest to zero."""
        number &= (1 << self.bits) - 1
        return number - (1 << self.bits) if number >> (self.bits - 1) else number

    def of(self, operand: Operand, depth: int = 0) -> Form:
        """The sum of an operand."""
        if type(operand) is not Value:
            return Form((), self.signed(operand))
        found = self._memo.get(operand)
        if found is None:
            alone = Form(((operand, 1),), 0)
            found = alone if depth > MAX_DEPTH or self._stops(operand) else self._make(operand, depth + 1)
            if found is None or len(found.terms) > MAX_TERMS:
                found = alone
            self._memo[operand] = found
        return found

    def _make(self, value: Value, depth: int) -> Form | None:
        op = value.definition
        if isinstance(op, Assume):
            return self.of(op.value, depth)
        if isinstance(op, Cast):
            return self.of(op.value, depth) if self.bits == 32 and op.from_bits == 32 else None
        if not isinstance(op, Alu) or op.width_bits < self.bits:
            return None
        if self.bits == 32 and (low := _low_half(op)) is not None:
            return self.of(low, depth)
        if op.kind in ("add", "sub"):
            return self.add(self.of(op.lhs, depth), self.of(op.rhs, depth), 1 if op.kind == "add" else -1)
        if op.kind in ("mul", "lsh") and type(op.rhs) is int:
            factor = self.signed(op.rhs) if op.kind == "mul" else 1 << (op.rhs & (op.width_bits - 1))
            return self.add(ZERO, self.of(op.lhs, depth), self.signed(factor))
        return None

    def add(self, a: Form, b: Form, factor: int = 1) -> Form:
        """a + factor * b."""
        found = dict(a.terms)
        for value, coefficient in b.terms:
            total = self.signed(found.get(value, 0) + factor * coefficient)
            if total:
                found[value] = total
            else:
                found.pop(value, None)
        return Form(tuple(sorted(found.items(), key=lambda term: term[0].id)), self.signed(a.constant + factor * b.constant))

    def replaced(self, form: Form, by: dict[Value, Form]) -> Form:
        """The form with values replaced by sums, all at once."""
        found = Form((), form.constant)
        for value, coefficient in form.terms:
            found = self.add(found, by.get(value) or Form(((value, 1),), 0), coefficient)
        return found


def _low_half(op: Alu) -> Operand | None:
    """(x << 32) >> 32, as extensions were written once: its low half is that of x."""
    inner = op.lhs.definition if type(op.lhs) is Value else None
    if (
        op.kind in ("rsh", "arsh")
        and op.rhs == 32
        and isinstance(inner, Alu)
        and inner.kind == "lsh"
        and inner.rhs == 32
        and inner.width_bits == 64
    ):
        return inner.lhs
    return None


def is_narrow(operand: Operand, seen: set[Value] | None = None) -> bool:
    """Whether the upper half is zero, by how the value is made."""
    if type(operand) is not Value:
        return operand < 1 << 32
    seen = set() if seen is None else seen
    if operand in seen:
        return True  # what comes round to itself is as wide as what it is made of elsewhere
    if len(seen) > MAX_NARROW:
        return False
    seen.add(operand)
    op = operand.definition
    if isinstance(op, Alu):
        return op.width_bits == 32 or (op.kind == "rsh" and type(op.rhs) is int and 32 <= op.rhs < 64)
    if isinstance(op, Cast):
        return op.kind == "zext" or op.width_bits == 32
    if isinstance(op, Assume):
        return is_narrow(op.value, seen)
    if isinstance(op, Load):
        return op.size_bytes < 8 and not op.signed
    return False


__all__ = ["ZERO", "Form", "Sums", "is_narrow"]
