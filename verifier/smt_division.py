"""Divisions by constants as compilers write them: as multiplications and shifts, of which a solver makes nothing.

    v2 = mul.64 v1, 0xcccccccd
    v3 = rsh.64 v2, 35                   v3 = v1 // 10, as long as v1 is a number of 32 bits

All forms compute floor(x * f / 2**p). With d = 2**p / f, rounded up, and e = f * d - 2**p, that is floor((x + x * e / 2**p) / d): the
quotient, as long as x * e < 2**p. For negative x they add 1, and that is the quotient rounded towards zero if e > 0 as well: x * f / 2**p
is then never a whole number, and lies above that of the quotient's next neighbour (after Granlund and Montgomery, 1994).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.bpfir.ops import Alu, Operand, Value
from bpfcc.verifier.facts import Fact

if TYPE_CHECKING:
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.solver import Facts

HALF: Final = 1 << 32
SIGN: Final = 1 << 31
LIMIT: Final = 1 << 63


class Quotient(NamedTuple):
    """x // divisor; `signed`: rounded towards zero, in 32 bits."""

    x: Operand
    divisor: int
    signed: bool = False


def quotient(op: Alu, facts: Facts) -> Quotient | None:
    """What the result divides by what, None where it is not known to be a quotient."""
    if op.kind == "rsh" and type(op.rhs) is int:
        return _shifted(op, facts) or _averaged(op, facts)
    return _signed(op, facts) if op.kind == "add" and op.width_bits == 32 else None


def _made(operand: Operand, kind: str, width: int) -> Alu | None:
    """The operation that made an operand, where it is of that kind."""
    definition = operand.definition if type(operand) is Value else None
    return definition if type(definition) is Alu and definition.kind == kind and definition.width_bits == width else None


def _constant(op: Alu | None) -> int:
    """The right operand, 0 where it is none."""
    return op.rhs if op is not None and type(op.rhs) is int else 0


def _number(operand: Operand, facts: Facts) -> Scalar | None:
    fact = facts.known(operand)
    return None if type(fact) is Fact else fact


def _divisor(factor: int, places: int, most: int, *, least_excess: int = 0) -> int | None:
    """d, if floor(x * factor / 2**places) is x // d for every x up to `most`."""
    if factor <= 0:
        return None
    divisor = -(-(1 << places) // factor)
    excess = factor * divisor - (1 << places)
    return divisor if divisor >= 2 and excess >= least_excess and most * excess < 1 << places else None


def _shifted(op: Alu, facts: Facts) -> Quotient | None:
    """x * f >> p, where the product does not wrap around."""
    product = _made(op.lhs, "mul", op.width_bits)
    factor, places = _constant(product), _constant(op) & (op.width_bits - 1)
    fact = _number(product.lhs, facts) if product is not None else None
    if product is None or fact is None or not places or fact.umax * factor >= 1 << op.width_bits:
        return None
    divisor = _divisor(factor, places, fact.umax)
    return Quotient(product.lhs, divisor) if divisor is not None else None


def _averaged(op: Alu, facts: Facts) -> Quotient | None:
    """((x - q >> 1) + q) >> s with q = x * m >> 32: that is (x + q) >> s + 1, and so x * (2**32 + m) >> s + 33."""
    total = _made(op.lhs, "add", 32)
    if op.width_bits != 32 or total is None:
        return None
    half, q = _made(total.lhs, "rsh", 32), total.rhs
    rest = _made(half.lhs, "sub", 32) if half is not None and half.rhs == 1 else None
    high = _made(q, "rsh", 64)
    product = _made(high.lhs, "mul", 64) if high is not None and high.rhs == 32 else None
    factor = _constant(product)
    if rest is None or product is None or rest.rhs is not q or rest.lhs is not product.lhs or not 0 < factor < HALF:
        return None
    fact = _number(product.lhs, facts)
    if fact is None or fact.umax >= HALF:
        return None
    divisor = _divisor(HALF + factor, 33 + (_constant(op) & 31), fact.umax)
    return Quotient(product.lhs, divisor) if divisor is not None else None


def _signed(op: Alu, facts: Facts) -> Quotient | None:
    """What the product's high part says, plus its sign."""
    for shifted, sign in ((op.lhs, op.rhs), (op.rhs, op.lhs)):
        found = _signed_product(shifted, sign, facts) or _signed_sum(shifted, sign, facts)
        if found is not None:
            return found
    return None


def _signed_product(shifted: Operand, sign: Operand, facts: Facts) -> Quotient | None:
    """(x * f s>> p) + (x * f >> 63)."""
    high, bit = _made(shifted, "arsh", 64), _made(sign, "rsh", 64)
    if high is None or bit is None or high.lhs is not bit.lhs or bit.rhs != 63:
        return None
    product = _made(high.lhs, "mul", 64)
    factor, places = _constant(product), _constant(high) & 63
    most = _magnitude(product, facts)
    if product is None or most is None or not 0 < factor < LIMIT or most * factor >= LIMIT:
        return None
    return _rounded_to_zero(product, factor, places, most)


def _signed_sum(shifted: Operand, sign: Operand, facts: Facts) -> Quotient | None:
    """(t s>> s) + (t >> 31) with t = x + (x * m >> 32), m negative: t is x * (2**32 + m) >> 32, and fits."""
    high, bit = _made(shifted, "arsh", 32), _made(sign, "rsh", 32)
    total = _made(high.lhs, "add", 32) if high is not None else None
    if high is None or bit is None or total is None or high.lhs is not bit.lhs or bit.rhs != 31:
        return None
    for part, x in ((total.lhs, total.rhs), (total.rhs, total.lhs)):
        upper = _made(part, "rsh", 64) or _made(part, "arsh", 64)
        product = _made(upper.lhs, "mul", 64) if upper is not None and upper.rhs == 32 else None
        factor = _constant(product) - (1 << 64) + HALF
        most = _magnitude(product, facts)
        if product is not None and product.lhs is x and 0 < factor < HALF and most is not None:
            return _rounded_to_zero(product, factor, 32 + (_constant(high) & 31), most)
    return None


def _magnitude(product: Alu | None, facts: Facts) -> int | None:
    """How large a factor of 32 bits is at most, whatever its sign."""
    fact = _number(product.lhs, facts) if product is not None else None
    return max(-fact.smin, fact.smax) if fact is not None and fact.smin >= -SIGN and fact.smax < SIGN else None


def _rounded_to_zero(product: Alu, factor: int, places: int, most: int) -> Quotient | None:
    divisor = _divisor(factor, places, most, least_excess=1)
    return Quotient(product.lhs, divisor, signed=True) if divisor is not None and divisor < SIGN else None


__all__ = ["Quotient", "quotient"]
