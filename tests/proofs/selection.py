"""Selecting instead of branching: what `if`, `and`, `or`, `==`, `min` and `max` become in the rewritten domain.

    ite(x < y, lambda: x, lambda: y)         one number, and no fork

Both sides are computed, each under its condition, and merged; where that gives anything but numbers and conditions, the run forks
after all. Also what stands for `gcd` and for inverses: their contracts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import z3

from tests.proofs.symbolic import CannotMergeError, Explorer, Sym, Truth, bounds, expression, fresh, is_power, ite, truth


class _Unbound:
    """The value of a name that has none yet."""


UNBOUND = _Unbound()


def bound_or_not(read: Callable[[], Any]) -> Any:
    """The value of a local name, or UNBOUND."""
    try:
        return read()
    except NameError:
        return UNBOUND


def merge_branches(condition: Any, then: Callable[..., Any], other: Callable[..., Any], values: Sequence[Any]) -> Any:
    """What `if condition: …` leaves in the names it assigns."""
    return ite(condition, lambda: then(*values), lambda: other(*values))


def both(*conditions: Callable[[], Any]) -> Any:
    """`and`, without a fork where all are conditions."""
    return _chain(conditions, until=False)


def either(*conditions: Callable[[], Any]) -> Any:
    """`or`, without a fork where all are conditions."""
    return _chain(conditions, until=True)


def _chain(conditions: Sequence[Callable[[], Any]], *, until: bool) -> Any:
    first = conditions[0]()
    if len(conditions) == 1:
        return first
    if not isinstance(first, (Truth, Sym)):
        return first if bool(first) is until else _chain(conditions[1:], until=until)
    term = expression(first)
    explorer = Explorer.current
    try:
        rest = explorer.under(z3.Not(term) if until else term, lambda: _chain(conditions[1:], until=until))
        if not isinstance(rest, (bool, Truth, Sym)):
            raise CannotMergeError
        return truth(z3.Or(term, expression(rest)) if until else z3.And(term, expression(rest)))
    except CannotMergeError:
        if explorer.branch(term) is until:
            return until
        return _chain(conditions[1:], until=until)


def equal(a: Any, b: Any) -> Any:
    """`a == b`, of tuples element by element, without a fork."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        if len(a) != len(b):
            return False
        return truth(z3.And(*[expression(equal(p, q)) for p, q in zip(a, b, strict=True)]))
    return a == b


def least(first: Any, *rest: Any) -> Any:
    """`min`."""
    for other in rest:
        first = ite(other < first, lambda other=other: other, lambda first=first: first)  # type: ignore[misc]
    return first


def greatest(first: Any, *rest: Any) -> Any:
    """`max`."""
    for other in rest:
        first = ite(other > first, lambda other=other: other, lambda first=first: first)  # type: ignore[misc]
    return first


def divisor_of(*numbers: Any) -> Any:
    """`math.gcd` by its contract: a divisor of all, zero only where all are. That it is the greatest is not used by any proof.

    The divisor of a number and a power of two is that power, or the number's own if it is less: exact, as the claims about
    powers of two need it.
    """
    if not any(isinstance(n, Sym) for n in numbers):
        return math.gcd(*numbers)
    if len(numbers) == 2 and any(is_power(n) for n in numbers):
        number, power = numbers if is_power(numbers[1]) else (numbers[1], numbers[0])
        low = number & -number
        result = ite(number == 0, lambda: power, lambda: ite(low < power, lambda: low, lambda: power))
        if isinstance(result, Sym):
            result.power = True
        return result
    if len(numbers) > 2:
        return divisor_of(numbers[0], divisor_of(*numbers[1:]))
    most = max(max(abs(b) for b in bounds(n)) for n in numbers)
    divisor = fresh("gcd", 0, most)
    explorer = Explorer.current
    all_zero = z3.And(*[expression(n == 0) for n in numbers])
    explorer.assume((expression(divisor == 0)) == all_zero)
    for n in numbers:
        factor = fresh("factor", *((-most, most) if bounds(n)[0] < 0 else (0, most)))
        explorer.assume(divisor * factor == n)
    # Where one is zero, the other one it is.
    a, b = numbers
    explorer.assume(
        z3.Implies(expression(a == 0), expression(divisor == least(b, -b) if bounds(b)[0] >= 0 else divisor == greatest(b, -b)))
    )
    explorer.assume(z3.Implies(expression(b == 0), expression(divisor == greatest(a, -a))))
    return divisor


def inverse_of(number: Any, modulus: Any) -> Any:
    """`pow(number, -1, modulus)` by its contract; ValueError in Python where there is none."""
    if not isinstance(number, Sym) and not isinstance(modulus, Sym):
        return pow(number, -1, modulus)
    result = fresh("inverse", 0, bounds(modulus)[1])
    explorer = Explorer.current
    explorer.assume(result < modulus)
    explorer.assume(equal((number * result) % modulus, 1 % modulus))
    return result
