"""Claims about congruences, for all integers: no word size, no bit vectors.

x = m q + r and the like are put in as polynomials, the real function is run on them, and what remains is the identity of two
polynomials, which z3 decides by multiplying out. `gcd` gives a symbol g with factors as its contract has it (g p for each argument).
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3

from tests.proofs.loader import Domain, load
from tests.proofs.symbolic import RefutedError


def _same(left: Any, right: Any, what: str) -> None:
    if not z3.is_true(z3.simplify(z3.simplify(left - right, som=True) == 0)):
        raise RefutedError(f"{what}: {z3.simplify(left - right, som=True)}")


def _impossible(what: str, *facts: Any) -> None:
    solver = z3.Solver()
    solver.add(*facts)
    if solver.check() != z3.unsat:
        raise RefutedError(what)


def _ints(names: str) -> list[Any]:
    return list(z3.Ints(names))


def _domain(divisor: Callable[..., Any]) -> Domain:
    domain = load(64, 32, 8)
    domain.replace("gcd", divisor)
    return domain


def _constant(c: Any) -> Any:
    return SimpleNamespace(umin=c, umax=c, modulus=z3.IntVal(1), residue=z3.IntVal(0))


def _many(modulus: Any, residue: Any, name: str) -> Any:
    lo, hi = z3.Ints(f"{name}.umin {name}.umax")
    return SimpleNamespace(umin=lo, umax=hi, modulus=modulus, residue=residue)


def prove_sum(name: str, sign: int) -> None:
    """x + y (or x - y) is congruent to what `add_congruence` (`sub_congruence`) says."""
    g, p, q, s, t, j, k, c = _ints("g p q s t j k c")
    domain = _domain(lambda *_numbers: g)
    function = getattr(domain.arith, name)
    # m = g p, n = g q are the moduli, s and t the residues; x = m j + s, y = n k + t.
    m, n = g * p, g * q
    x, y = m * j + s, n * k + t
    modulus, residue = function(_many(m, s, "a"), _many(n, t, "b"))
    _same(x + sign * y - residue, modulus * (p * j + sign * q * k), f"{name} of two")
    modulus, residue = function(_many(m, s, "a"), _constant(c))
    _same(x + sign * c - residue, modulus * j, f"{name} and a constant")
    modulus, residue = function(_constant(c), _many(n, t, "b"))
    _same(c + sign * y - residue, modulus * (sign * k), f"{name} of a constant")


def prove_product() -> None:
    """x y is congruent to what `mul_congruence` says."""
    g, m, n, s, t, j, k, c, e, f, h = _ints("g m n s t j k c e f h")
    asked: list[Any] = []

    def divisor(*numbers: Any) -> Any:
        asked.extend(numbers)
        return g

    function = _domain(divisor).arith.mul_congruence
    x, y = m * j + s, n * k + t
    modulus, residue = function(_many(m, s, "a"), _many(n, t, "b"))
    # By the contract of gcd: the numbers asked for are g e, g f, g h; what they are times what they come with is the rest.
    assert len(asked) == 3
    factors = [e, f, h]
    others = [j * k, j, k]
    excess = sum((number - g * factor) * other for number, factor, other in zip(asked, factors, others, strict=True))
    _same(x * y - residue - excess, modulus * sum(a * b for a, b in zip(factors, others, strict=True)), "mul_congruence of two")
    modulus, residue = function(_many(m, s, "a"), _constant(c))
    _same(x * c - residue, modulus * j, "mul_congruence and a constant")
    modulus, residue = function(_constant(c), _many(n, t, "b"))
    _same(c * y - residue, modulus * k, "mul_congruence of a constant")


def prove_lemmas() -> None:
    """What the claims on bit vectors use: rounding to a class; classes of a divisor; the common class of two."""
    # x = m j + r and r - lo = m k + d, 0 <= d < m: lo + d = lo + (r - lo) % m is in the class, and no member is between lo and it.
    m, i, d, lo = _ints("m i d lo")
    member = lo + d + m * i
    _impossible("rounding up to a class", m > 0, d >= 0, d < m, member >= lo, member < lo + d)
    # The same downwards: hi - (hi - r) % m.
    member = lo - d + m * i
    _impossible("rounding down to a class", m > 0, d >= 0, d < m, member <= lo, member > lo - d)
    # Two members are the same or a modulus apart.
    _impossible("members of a class", m > 0, m * i > 0, m * i < m)
    # Chinese remainders: m1 = g u, m2 = g v, u i = 1 + v l. What is m1 s away from a common member, and a multiple of m2 (u s = v w),
    # is a multiple of g u v away: s = v (i w - l s).
    u, v, ell, s, w = _ints("u v ell s w")
    _same(s - v * i * w + v * ell * s, i * (u * s - v * w) - s * (u * i - 1 - v * ell), "common class")


CLAIMS: dict[str, Callable[[], None]] = {
    "add_congruence": lambda: prove_sum("add_congruence", 1),
    "sub_congruence": lambda: prove_sum("sub_congruence", -1),
    "mul_congruence": prove_product,
    "lemmas": prove_lemmas,
}
