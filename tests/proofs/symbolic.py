"""Python integers as z3 terms, and the exploration of what a function does with them.

    explorer = Explorer()
    def body() -> None:
        x = symbol("x", 0, 255)
        y = x & 15
        prove(y <= x, "a mask does not add")
    explorer.run(body)

A `Sym` is a bit vector that is always wide enough: it carries bounds computed from those of its operands, as Python's
integers are computed, and grows with them, so nothing can overflow. A comparison gives a `Truth`; where the program asks for its
`bool`, the run forks: `Explorer.run` calls the body again and again, each time with other answers, until all feasible ones were given
(z3 says which are). What z3 does not answer counts as not proven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import z3

from tests.proofs.relevance import conjuncts, is_hard, names_of


class RefutedError(Exception):
    """A claim does not hold; the message says which, and for what numbers."""


class UnknownError(Exception):
    """z3 gave no answer within its budget."""


class CannotMergeError(Exception):
    """Two branches gave what is not a number: the run must fork."""


class Explorer:
    """One exploration: the solver, the path taken so far, and the decisions that are still to be tried."""

    current: Explorer

    def __init__(self, timeout_ms: int = 0) -> None:
        self.timeout_ms = timeout_ms
        self.try_ms = timeout_ms // 4
        self.paths = 0
        self.checks = 0
        self.claims = 0
        self.trail: list[tuple[bool, bool]] = []
        self.at = 0
        self.merging = 0
        self.names: dict[str, Any] = {}
        self.solver: Any = None
        # Bits of the longest shift that is taken for granted; a longer one must be shown not to happen.
        self.longest_shift = 256
        self.decided: list[Any] = []
        self.assumed: list[Any] = []
        # Where products are symbols of their own: (factor, factor, product); None: they are computed.
        self.products: list[tuple[Any, Any, Any]] | None = None

    def run(self, body: Callable[[], None], limit: int = 1_000_000) -> None:
        """Run `body` on every feasible path."""
        Explorer.current = self
        self.trail = []
        while True:
            self.at = 0
            self.merging = 0
            self.names = {}
            self.decided = []
            self.assumed = []
            self.solver = self.make_solver(self.timeout_ms)
            self.paths += 1
            if self.paths > limit:
                raise UnknownError(f"more than {limit} paths")
            body()
            while self.trail and not self.trail[-1][1]:
                self.trail.pop()
            if not self.trail:
                return
            self.trail[-1] = (not self.trail[-1][0], False)

    def _check(self, *extra: Any) -> Any:
        self.checks += 1
        return self.solver.check(*extra)

    def assume(self, condition: Any) -> None:
        """Only what satisfies `condition` is of interest from here on."""
        term = expression(condition)
        self.solver.add(term)
        self.assumed.extend(conjuncts(term))

    def branch(self, condition: Any) -> bool:
        """Which way a condition goes on this path."""
        if self.merging:
            if self._check(condition) == z3.unsat:
                return False
            if self._check(z3.Not(condition)) == z3.unsat:
                return True
            raise CannotMergeError
        if self.at < len(self.trail):
            taken = self.trail[self.at][0]
        else:
            can_hold = self._check(condition) != z3.unsat
            can_fail = not can_hold or self._check(z3.Not(condition)) != z3.unsat
            taken = can_hold
            self.trail.append((taken, can_hold and can_fail))
        self.at += 1
        fact = condition if taken else z3.Not(condition)
        self.solver.add(fact)
        self.decided.extend(conjuncts(fact))
        return taken

    def prove(self, claim: Any, what: str) -> None:
        """`claim` holds on this path, or RefutedError.

        Fewer facts are tried first: those that speak of nothing but what the claim speaks of, then also the decisions of the path.
        """
        claim = z3.simplify(expression(claim))
        if z3.is_true(claim):
            return
        self.claims += 1
        if self.merging == 0 and any(self._follows(claim, facts) for facts in self._relevant(claim)):
            return
        found = self._check(z3.Not(claim))
        if found == z3.sat:
            model = self.solver.model()
            numbers = ", ".join(f"{name}={_number(model, term)}" for name, term in self.names.items())
            raise RefutedError(f"{what}: {numbers}")
        if found != z3.unsat:
            raise UnknownError(what)

    def _relevant(self, claim: Any) -> Iterator[list[Any]]:
        names = names_of(claim)
        facts = [*self.assumed, *self.decided]
        near = [fact for fact in facts if names_of(fact) <= names]
        yield near
        # One step further, but no more products and remainders: those are what takes long.
        wider = names.union(*(names_of(fact) for fact in facts if names_of(fact) & names and not is_hard(fact)))
        reach = [fact for fact in facts if names_of(fact) <= names or (names_of(fact) <= wider and not is_hard(fact))]
        if len(reach) > len(near):
            yield reach

    def _follows(self, claim: Any, facts: Sequence[Any]) -> bool:
        self.checks += 1
        solver = self.make_solver(self.try_ms)
        solver.add(*facts, z3.Not(claim))
        return bool(solver.check() == z3.unsat)

    @staticmethod
    def make_solver(timeout_ms: int) -> Any:
        """Of z3's ways the fastest here: every query on its own, with preprocessing."""
        solver = z3.Then("simplify", "propagate-values", "solve-eqs", "bit-blast", "sat").solver()
        if timeout_ms:
            solver.set("timeout", timeout_ms)
        return solver

    def product(self, a: Any, b: Any) -> Any:
        """A number that is known as a product only by this: of what is not negative, more times more is not less."""
        assert self.products is not None
        for c, d, known in self.products:
            if _same(a, c) and _same(b, d):
                return known
        (alo, ahi), (blo, bhi) = bounds(a), bounds(b)
        corners = (alo * blo, alo * bhi, ahi * blo, ahi * bhi)
        made = fresh("product", min(corners), max(corners))
        for c, d, known in self.products:
            if min(alo, blo, bounds(c)[0], bounds(d)[0]) < 0:
                continue
            for p, q in ((c, d), (d, c)):
                self.assume(z3.Implies(z3.And(expression(a <= p), expression(b <= q)), expression(made <= known)))
                self.assume(z3.Implies(z3.And(expression(p <= a), expression(q <= b)), expression(known <= made)))
        self.products.append((a, b, made))
        return made

    def holds(self, claim: Any) -> bool:
        """Whether `claim` is certain on this path."""
        return bool(self._check(z3.Not(expression(claim))) == z3.unsat)

    def likely(self, claim: Any) -> bool:
        """Whether `claim` follows from a few of the facts; False says nothing."""
        claim = z3.simplify(expression(claim))
        return z3.is_true(claim) or any(self._follows(claim, facts) for facts in self._relevant(claim))

    def under(self, condition: Any, action: Callable[[], Any]) -> Any:
        """The value of `action` where `condition` holds, without forking; CannotMergeError where that is not possible."""
        self.solver.push()
        self.solver.add(condition)
        self.merging += 1
        try:
            return action()
        finally:
            self.merging -= 1
            self.solver.pop()


def _number(model: Any, term: Any) -> int:
    return model.eval(term, model_completion=True).as_signed_long()


def _width(lo: int, hi: int) -> int:
    return max((hi if hi >= 0 else ~hi).bit_length(), (lo if lo >= 0 else ~lo).bit_length()) + 1


def _same(a: Any, b: Any) -> bool:
    """Whether two numbers are the same term."""
    if isinstance(a, Sym) and isinstance(b, Sym):
        return bool(a.term.eq(b.term))
    return not isinstance(a, Sym) and not isinstance(b, Sym) and bool(a == b)


def _fit(term: Any, width: int) -> Any:
    have = term.size()
    if have < width:
        return z3.SignExt(width - have, term)
    return z3.Extract(width - 1, 0, term) if have > width else term


def make(term: Any, lo: int, hi: int) -> Any:
    """A number in [lo, hi]: a Sym, or an int where there is only one."""
    if lo == hi:
        return lo
    return Sym(_fit(term, _width(lo, hi)), lo, hi)


def term_of(x: Any, width: int) -> Any:
    """The bit vector of an int or Sym, sign-extended to `width`, which must be enough."""
    if isinstance(x, Sym):
        return _fit(x.term, width)
    assert _width(int(x), int(x)) <= width
    return z3.BitVecVal(int(x), width)


def bounds(x: Any) -> tuple[int, int]:
    """The bounds that are known without asking z3."""
    return (x.lo, x.hi) if isinstance(x, Sym) else (int(x), int(x))


def symbol(name: str, lo: int, hi: int) -> Any:
    """A new number in [lo, hi]."""
    width = _width(lo, hi)
    term = z3.BitVec(name, width)
    explorer = Explorer.current
    explorer.names[name] = term
    if lo == 0 and hi + 1 == 1 << (width - 1):
        explorer.assume(z3.Extract(width - 1, width - 1, term) == 0)
    elif (lo, hi) != (-(1 << (width - 1)), (1 << (width - 1)) - 1):
        explorer.assume(z3.And(term >= lo, term <= hi))
    return make(term, lo, hi)


def power_symbol(name: str, most: int) -> Any:
    """A new power of two, at most 2**most: division by it is a shift."""
    exponent = symbol(f"log_{name}", 0, most)
    power = 1 << exponent
    if isinstance(power, Sym):
        power.power = True
    return power


def fresh(hint: str, lo: int, hi: int) -> Any:
    """A new number that nothing is known of but its bounds; the same one each time a path is run again."""
    if Explorer.current.merging:
        # What is assumed of it would be forgotten at the end of the branch.
        raise CannotMergeError
    return symbol(f"{hint}#{len(Explorer.current.names)}", lo, hi)


class Truth:
    """A condition: its `bool` forks the run."""

    __slots__ = ("term",)

    def __init__(self, term: Any) -> None:
        self.term = term

    def __bool__(self) -> bool:
        return Explorer.current.branch(self.term)

    def __eq__(self, other: object) -> Any:
        return truth(self.term == expression(other))

    __hash__ = None  # type: ignore[assignment]


def truth(term: Any) -> Any:
    """A Truth, or a bool where z3 sees at once what it is."""
    term = z3.simplify(term) if z3.is_expr(term) else term
    if z3.is_true(term):
        return True
    return False if z3.is_false(term) else Truth(term)


def expression(condition: Any) -> Any:
    """The z3 term of a condition of any kind."""
    if isinstance(condition, Truth):
        return condition.term
    if isinstance(condition, Sym):
        return condition.term != 0
    if isinstance(condition, (bool, int)):
        return z3.BoolVal(bool(condition))
    return condition


def _smear(lo: int, hi: int) -> int:
    return 1 << (_width(lo, hi) - 1)


class Sym:
    """A Python integer: a signed bit vector of exactly the width that its bounds need."""

    __slots__ = ("hi", "lo", "negated", "power", "rest_of", "term")

    def __init__(self, term: Any, lo: int, hi: int) -> None:
        self.term = term
        self.lo = lo
        self.hi = hi
        # Known to be a power of two, or zero.
        self.power = False
        # What this one is the negative of.
        self.negated: Sym | None = None
        # Dividend and divisor, of a remainder.
        self.rest_of: tuple[Any, Any] | None = None

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        return bool(self != 0)

    def __repr__(self) -> str:
        return f"<{self.lo}..{self.hi}>"

    def _binary(self, other: Any, lo: int, hi: int, operation: Callable[[Any, Any], Any]) -> Any:
        other_lo, other_hi = bounds(other)
        width = max(_width(lo, hi), _width(self.lo, self.hi), _width(other_lo, other_hi))
        return make(operation(term_of(self, width), term_of(other, width)), lo, hi)

    def __add__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        return self._binary(other, self.lo + lo, self.hi + hi, lambda a, b: a + b)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        return self._binary(other, self.lo - hi, self.hi - lo, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        return self._binary(other, lo - self.hi, hi - self.lo, lambda a, b: b - a)

    def __neg__(self) -> Any:
        negated = 0 - self
        if isinstance(negated, Sym):
            negated.negated = self
        return negated

    def __abs__(self) -> Any:
        return ite(self < 0, lambda: -self, lambda: self)

    def __invert__(self) -> Any:
        return make(~self.term, ~self.hi, ~self.lo)

    def __mul__(self, other: Any) -> Any:
        if is_power(other) and isinstance(other, Sym) and other.lo > 0:
            return self << (other.bit_length() - 1)
        explorer = Explorer.current
        if explorer.products is not None and (isinstance(other, Sym) or other > 1):
            return explorer.product(self, other)
        lo, hi = bounds(other)
        corners = (self.lo * lo, self.lo * hi, self.hi * lo, self.hi * hi)
        product = self._binary(other, min(corners), max(corners), lambda a, b: a * b)
        if isinstance(product, Sym):
            product.power = self.power and is_power(other)
        return product

    __rmul__ = __mul__

    def __and__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        if isinstance(other, Sym) and other.negated is self and self.lo >= 0:
            lowest = make(self.term & term_of(other, self.term.size()), 0, self.hi)
            lowest.power = True
            return lowest
        if self.lo >= 0 or lo >= 0:
            at_most = min(top for low, top in ((self.lo, self.hi), (lo, hi)) if low >= 0)
            return self._binary(other, 0, at_most, lambda a, b: a & b)
        smear = max(_smear(self.lo, self.hi), _smear(lo, hi))
        return self._binary(other, -smear, max(self.hi, hi), lambda a, b: a & b)

    __rand__ = __and__

    def __or__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        smear = max(_smear(self.lo, self.hi), _smear(lo, hi))
        return self._binary(other, max(self.lo, lo) if self.lo >= 0 and lo >= 0 else min(self.lo, lo), smear - 1, lambda a, b: a | b)

    __ror__ = __or__

    def __xor__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        smear = max(_smear(self.lo, self.hi), _smear(lo, hi))
        return self._binary(other, 0 if self.lo >= 0 and lo >= 0 else -smear, smear - 1, lambda a, b: a ^ b)

    __rxor__ = __xor__

    def __lshift__(self, other: Any) -> Any:
        return _shift(self, other, left=True)

    def __rlshift__(self, other: Any) -> Any:
        return _shift(other, self, left=True)

    def __rshift__(self, other: Any) -> Any:
        return _shift(self, other, left=False)

    def __rrshift__(self, other: Any) -> Any:
        return _shift(other, self, left=False)

    def __mod__(self, other: Any) -> Any:
        return _divide(self, other)[1]

    def __rmod__(self, other: Any) -> Any:
        return _divide(other, self)[1]

    def __floordiv__(self, other: Any) -> Any:
        return _divide(self, other)[0]

    def __rfloordiv__(self, other: Any) -> Any:
        return _divide(other, self)[0]

    def bit_length(self) -> Any:
        """As of int: of the magnitude."""
        magnitude = ite(self < 0, lambda: -self, lambda: self)
        _, hi = bounds(magnitude)
        width = hi.bit_length() + 1
        term = term_of(magnitude, width)
        size = max(hi.bit_length().bit_length() + 1, 2)
        result = z3.BitVecVal(0, size)
        for bit in range(hi.bit_length()):
            result = z3.If(z3.Extract(bit, bit, term) == 1, z3.BitVecVal(bit + 1, size), result)
        return make(result, 0, hi.bit_length())

    def bit_count(self) -> Any:
        """As of int, of what is not negative."""
        assert self.lo >= 0
        bits = self.hi.bit_length()
        size = bits.bit_length() + 1
        total = z3.BitVecVal(0, size)
        for bit in range(bits):
            total = total + z3.ZeroExt(size - 1, z3.Extract(bit, bit, self.term))
        return make(total, 0, bits)

    def _compare(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        lo, hi = bounds(other)
        width = max(_width(self.lo, self.hi), _width(lo, hi))
        return truth(operation(term_of(self, width), term_of(other, width)))

    def __lt__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        if self.hi < lo or self.lo >= hi:
            return self.hi < lo
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        if self.hi <= lo or self.lo > hi:
            return self.hi <= lo
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        if self.lo > hi or self.hi <= lo:
            return self.lo > hi
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> Any:
        lo, hi = bounds(other)
        if self.lo >= hi or self.hi < lo:
            return self.lo >= hi
        return self._compare(other, lambda a, b: a >= b)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (int, Sym)):
            return NotImplemented
        lo, hi = bounds(other)
        if self.hi < lo or self.lo > hi:
            return False
        return self._compare(other, lambda a, b: a == b)

    def __ne__(self, other: object) -> Any:
        if not isinstance(other, (int, Sym)):
            return NotImplemented
        return negation(self == other)


def _places(places: Any) -> Any:
    """The amount of a shift, which must not be negative (ValueError in Python)."""
    explorer = Explorer.current
    first, last = bounds(places)
    if first < 0:
        explorer.prove(places >= 0, "a shift by a negative number")
        first = 0
    if last > explorer.longest_shift:
        explorer.prove(places <= explorer.longest_shift, "a shift by more than any word has")
        last = explorer.longest_shift
    return make(places.term, first, last) if isinstance(places, Sym) else places


def _shift(value: Any, places: Any, *, left: bool) -> Any:
    places = _places(places)
    lo, hi = bounds(value)
    first, last = bounds(places)
    width = max(_width(lo, hi), _width(0, last))
    if left:
        lo, hi = min(lo << first, lo << last), max(hi << first, hi << last)
        width = max(width, _width(lo, hi))
        term = term_of(value, width) << term_of(places, width)
    else:
        lo, hi = min(lo >> first, lo >> last), max(hi >> first, hi >> last)
        term = term_of(value, width) >> term_of(places, width)
    shifted = make(term, lo, hi)
    if isinstance(shifted, Sym):
        shifted.power = is_power(value)
    return shifted


def _divide(dividend: Any, divisor: Any) -> tuple[Any, Any]:
    """Quotient and remainder as Python has them: rounded down."""
    lo, hi = bounds(dividend)
    least, most = bounds(divisor)
    if least <= 0:
        # ZeroDivisionError in Python; and nothing here divides by a negative number.
        Explorer.current.prove(divisor > 0, "a division by what is not positive")
        least = 1
        most = max(most, 1)
    corners = (lo // least, lo // most, hi // least, hi // most)
    if (least == most and least & (least - 1) == 0) or (isinstance(divisor, Sym) and divisor.power):
        rest = dividend & (divisor - 1)
        exponent = divisor.bit_length() - 1
        if isinstance(exponent, Sym) and exponent.lo < 0:
            exponent = make(exponent.term, 0, exponent.hi)
        return dividend >> exponent, rest
    width = max(_width(lo, hi), _width(0, most))
    a, b = term_of(dividend, width), term_of(divisor, width)
    if lo >= 0:
        quotient, rest = make(z3.UDiv(a, b), min(corners), max(corners)), make(z3.URem(a, b), 0, min(most - 1, hi))
    else:
        remainder = a % b
        quotient, rest = make((a - remainder) / b, min(corners), max(corners)), make(remainder, 0, most - 1)
    if isinstance(rest, Sym):
        rest.rest_of = (dividend, divisor)
    return quotient, rest


def negation(condition: Any) -> Any:
    """`not condition`, without a fork."""
    return truth(z3.Not(expression(condition))) if isinstance(condition, (Truth, Sym)) else not condition


def merged(condition: Any, then: Any, other: Any) -> Any:
    """`then` where the condition holds, else `other`, as one value."""
    if then is other:
        return then
    if isinstance(then, tuple) and isinstance(other, tuple) and len(then) == len(other):
        return tuple(merged(condition, a, b) for a, b in zip(then, other, strict=True))
    if isinstance(then, (bool, Truth)) and isinstance(other, (bool, Truth)):
        return truth(z3.If(condition, expression(then), expression(other)))
    if isinstance(then, bool) or isinstance(other, bool) or not isinstance(then, (int, Sym)) or not isinstance(other, (int, Sym)):
        raise CannotMergeError
    lo, hi = bounds(then)
    other_lo, other_hi = bounds(other)
    lo, hi = min(lo, other_lo), max(hi, other_hi)
    width = _width(lo, hi)
    result = make(z3.If(expression(condition), term_of(then, width), term_of(other, width)), lo, hi)
    if isinstance(result, Sym):
        result.power = is_power(then) and is_power(other)
    return result


def is_power(x: Any) -> bool:
    return x.power if isinstance(x, Sym) else x > 0 and x & (x - 1) == 0


def ite(condition: Any, then: Callable[[], Any], other: Callable[[], Any]) -> Any:
    """`then() if condition else other()`: one value where both are numbers, else a fork."""
    if not isinstance(condition, (Truth, Sym)):
        return then() if condition else other()
    explorer = Explorer.current
    term = expression(condition)
    try:
        a = explorer.under(term, then)
        b = explorer.under(z3.Not(term), other)
        return merged(term, a, b)
    except CannotMergeError:
        return then() if explorer.branch(term) else other()
