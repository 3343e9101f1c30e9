"""What is proven of the domain: for every function, all abstract operands and all words that they stand for.

    prove_alu(setting, "add")     for all a, b and x in a, y in b: x + y is in add(a, b), and add(a, b) is well formed

A claim runs the function on symbols (tests/proofs/symbolic.py). Where it ends in one of the four reductions (`narrow`, `half`, `reduce`,
`word`), the run stops there, at a `Cut`, and the claim is that the concrete result is among the words which the arguments of that
call admit and that the arguments are as the reduction demands. That the reduction keeps those words is proven once, by its own claim. By composition the
whole holds: the result is None (no words) or contains every word that the cut's arguments admit. What calls a reduction and goes
on with its result gets a new symbol: any well-formed word that contains what was proven to be in the arguments.

Recursion of a reduction into itself or into another is cut likewise; that the recursion ends is proven with it (`shrinks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import z3

from tests.proofs import meaning
from tests.proofs.loader import Changes, Domain, load
from tests.proofs.selection import equal
from tests.proofs.symbolic import Explorer, Sym, bounds, expression, fresh, make, power_symbol, symbol

Moduli = Literal["any", "powers", "one"]
REDUCTIONS = ("narrow", "half", "reduce", "word", "_reduce_half", "_settle")
FIELDS = ("umin", "umax", "smin", "smax", "u32min", "u32max", "s32min", "s32max", "value", "mask", "modulus", "residue")


def conj(*conditions: Any) -> Any:
    """All of them."""
    return z3.And(*[expression(c) for c in conditions])


def unsigned(term: Any) -> Any:
    """A bit vector as a non-negative number."""
    return make(z3.ZeroExt(1, term), 0, (1 << term.size()) - 1)


def signed(term: Any) -> Any:
    """A bit vector as a number in two's complement."""
    half = 1 << (term.size() - 1)
    return make(term, -half, half - 1)


class Cut:
    """A call of a reduction, not made: what it was asked."""

    def __init__(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.name = name
        self.arguments = arguments

    @property
    def ranges(self) -> int:
        """How many pairs of bounds there are."""
        return {"narrow": 1, "half": 2, "word": 2}.get(self.name, 4)

    @property
    def rest(self) -> tuple[Any, Any, Any, Any]:
        """Value, mask, modulus and residue."""
        at = 2 * self.ranges
        value, mask, modulus, residue = self.arguments[at : at + 4]
        return value, mask, modulus, residue


class Setting:
    """A loaded copy of the domain, and what its symbols are like."""

    def __init__(self, bits: int, *, moduli: Moduli = "any", total: bool = False, change: Changes | None = None) -> None:
        self.bits = bits
        self.half = bits // 2
        self.byte = max(bits // 8, 1)
        self.moduli = moduli
        # Nothing is assumed of the concrete words: the function must not raise, and its result be well formed, even for facts that
        # contradict each other.
        self.total = total
        # A remainder by either of two moduli is harder than twice a remainder.
        forking = {"_wrapped", "_wrapped_half"} if moduli == "any" else set()
        self.domain: Domain = load(bits, self.half, self.byte, symbolic=True, forking=forking, change=change)
        self.word = self.domain.word
        self.domain.replace("swap_bytes", self._swap)
        self.real = {name: self.domain.replace(name, self._cut(name)) for name in REDUCTIONS}
        # Words that a reduction's result must contain if its arguments do; None: the result is the end of the run.
        self.watched: list[Any] | None = None
        # How many times the modulus a number is away from its residue.
        self.witnesses: list[Any] = []

    def restore(self, name: str) -> Any:
        """The real function in its place again; returns it."""
        self.domain.replace(name, self.real[name])
        return self.real[name]

    def _swap(self, width: int, value: Any) -> Any:
        if not isinstance(value, Sym):
            value = z3.BitVecVal(value, self.bits)
            return z3.simplify(meaning.bswap(self.bits, self.byte, width, value)).as_long()
        return unsigned(meaning.bswap(self.bits, self.byte, width, z3.Extract(self.bits - 1, 0, _at_least(value.term, self.bits))))

    def _cut(self, name: str) -> Callable[..., Any]:
        def cut(*arguments: Any) -> Any:
            made = Cut(name, arguments)
            if self.watched is None:
                return made
            prove(conj(*self.demands(made)), f"demands of {name}")
            kept = [word for word in self.watched if self._keeps(made, word)]
            result, _ = self.scalar(f"r{len(Explorer.current.names)}")
            for word in kept:
                assume(self.member(word, result))
            return result

        return cut

    def _keeps(self, cut: Cut, word: Any) -> bool:
        """Whether it is certain that the arguments admit the word."""
        explorer = Explorer.current
        *parts, congruent = self.admits(cut, word)
        if not all(explorer.likely(part) or explorer.holds(part) for part in parts):
            return False
        modulus, residue = cut.rest[2:]
        reasons = [conj(equal(unsigned(word) - residue, modulus * times)) for times in self.witnesses]
        return any(map(explorer.likely, [*reasons, congruent])) or explorer.holds(congruent)

    # Symbols

    def modulus(self, name: str, most: int | None = None) -> Any:
        """A modulus of a Scalar, or up to `most`."""
        most = self.word.UMAX if most is None else most
        if self.moduli == "one":
            return 1
        return power_symbol(name, most.bit_length() - 1) if self.moduli == "powers" else symbol(name, 1, most)

    def concrete(self, name: str) -> Any:
        """A concrete word."""
        term = z3.BitVec(name, self.bits)
        Explorer.current.names[name] = term
        return term

    def constant(self, name: str) -> tuple[Any, Any]:
        """Any Scalar of one word, and the word."""
        term = self.concrete(name)
        low = z3.Extract(self.half - 1, 0, term)
        c, s, u32, s32 = unsigned(term), signed(term), unsigned(low), signed(low)
        return self.domain.number.Scalar(c, c, s, s, u32, u32, s32, s32, c, 0, 1, 0), term

    def scalar(self, name: str, shape: str = "any") -> tuple[Any, Any]:
        """Any well-formed Scalar (of more than one word, for shape `many`), and a concrete word: in it, unless the claim is `total`."""
        if shape == "const":
            return self.constant(name)
        term = self.concrete(name)
        if shape == "top":
            return self.domain.number.TOP, term
        w = self.word
        ranges = [(0, w.UMAX), (w.SMIN, w.SMAX), (0, w.U32MAX), (w.S32MIN, w.S32MAX)]
        names = iter(FIELDS)
        fields = [symbol(f"{name}.{next(names)}", lo, hi) for lo, hi in ranges for _ in range(2)]
        fields += [symbol(f"{name}.{next(names)}", 0, w.UMAX) for _ in range(2)]
        modulus = self.modulus(f"{name}.modulus")
        fields += [modulus, 0 if self.moduli == "one" else symbol(f"{name}.residue", 0, w.UMAX)]
        made = self.domain.number.Scalar(*fields)
        assume(self.well_formed(made))
        if shape == "many":
            assume(made.umin < made.umax)
        return made, term

    # Claims

    def well_formed(self, a: Any) -> Any:
        """The invariant of Scalar."""
        w = self.word
        ordered = [
            conj(lo >= least, lo <= hi, hi <= most)
            for lo, hi, least, most in (
                (a.umin, a.umax, 0, w.UMAX),
                (a.smin, a.smax, w.SMIN, w.SMAX),
                (a.u32min, a.u32max, 0, w.U32MAX),
                (a.s32min, a.s32max, w.S32MIN, w.S32MAX),
            )
        ]
        bits = conj(a.value >= 0, a.mask >= 0, a.value <= w.UMAX, a.mask <= w.UMAX, equal(a.value & a.mask, 0))
        congruence = conj(a.modulus >= 1, a.modulus <= w.UMAX, a.residue >= 0, a.residue < a.modulus)
        one = expression(equal(a.umin, a.umax))
        low = a.umin & w.U32MAX
        constant = conj(
            equal(a.value, a.umin),
            equal(a.modulus, 1),
            equal(a.smin, a.smax),
            equal(a.smin & w.UMAX, a.umin),
            equal(a.u32min, low),
            equal(a.u32max, low),
            equal(a.s32min, a.s32max),
            equal(a.s32min & w.U32MAX, low),
        )
        return z3.And(
            *ordered,
            bits,
            congruence,
            one == expression(equal(a.mask, 0)),
            z3.Implies(one, constant),
            z3.Or(one, expression(a.modulus <= a.umax - a.umin)),
        )

    def member(self, term: Any, a: Any) -> Any:
        """The word is in the Scalar."""
        return z3.And(*self.members(term, a))

    def members(self, term: Any, a: Any) -> list[Any]:
        """The same, field by field."""
        low = z3.Extract(self.half - 1, 0, term)
        return [
            _between(unsigned(term), a.umin, a.umax),
            _between(signed(term), a.smin, a.smax),
            _between(unsigned(low), a.u32min, a.u32max),
            _between(signed(low), a.s32min, a.s32max),
            self.has_bits(term, a.value, a.mask),
            self.congruent(term, a.modulus, a.residue),
        ]

    @staticmethod
    def has_bits(term: Any, value: Any, mask: Any) -> Any:
        return expression(equal(unsigned(term) & ~mask, value))

    @staticmethod
    def congruent(term: Any, modulus: Any, residue: Any) -> Any:
        if not isinstance(modulus, Sym) and modulus == 1:
            return expression(equal(residue, 0))
        # Zero is refused by well_formed and demands; here it must only not stop the run.
        return z3.And(expression(modulus >= 1), expression(equal(_remainder(unsigned(term), modulus), residue)))

    def some_congruence(self, number: Any, most: int | None = None) -> tuple[Any, Any]:
        """Any congruence of which `number` is in the class: stands for a function whose own claim is that it gives such a one."""
        most = self.word.SPAN if most is None else most
        if self.moduli == "one":
            return 1, 0
        tag = len(Explorer.current.names)
        modulus = power_symbol(f"modulus{tag}", most.bit_length() - 1) if self.moduli == "powers" else symbol(f"modulus{tag}", 1, most - 1)
        residue = symbol(f"residue{tag}", -most, most)
        products, Explorer.current.products = Explorer.current.products, None
        if self.moduli == "powers":
            assume(equal(_remainder(number, modulus), _remainder(residue, modulus)))
        else:
            times = symbol(f"times{tag}", -most, most)
            assume(equal(number, residue + modulus * times))
            self.witnesses.append(times)
        Explorer.current.products = products
        return modulus, residue

    def some_hull(self, x: Any, a: Any, b: Any) -> tuple[Any, Any]:
        """Any congruence of the word, no finer than that of either Scalar alone: stands for `join_congruence`."""
        modulus, residue = self.some_congruence(unsigned(x))
        if self.moduli != "one":
            assume(conj(residue >= 0, residue < modulus))
            for c in (a, b):
                assume(z3.Implies(expression(c.umin < c.umax), expression(modulus <= c.modulus)))
            one = conj(equal(a.umin, a.umax), equal(b.umin, b.umax))
            assume(z3.Implies(one, expression(modulus <= self.word.UMAX)))
            apart = z3.And(one, expression(a.umin != b.umin))
            assume(z3.Implies(apart, z3.Or(expression(modulus <= a.umin - b.umin), expression(modulus <= b.umin - a.umin))))
        return modulus, residue

    def some_common_class(self, x: Any, m1: Any, r1: Any, m2: Any, r2: Any) -> tuple[Any, Any]:
        """Any congruence of the word that is in both classes: stands for `meet_congruence`."""
        modulus, residue = self.some_congruence(unsigned(x))
        if self.moduli != "one":
            assume(conj(residue >= 0, residue < modulus))
        return modulus, residue

    @staticmethod
    def combined(combined: tuple[Any, Any, Any, Any], mask: Any) -> list[Any]:
        """The shape of what `combine` gives."""
        modulus, residue, value, unknown = combined
        shape = [modulus >= 1, residue >= 0, residue < modulus, value >= 0, unknown >= 0, equal(value & unknown, 0)]
        return [*shape, equal(unknown & ~mask, 0)]

    def some_combination(self, x: Any, _modulus: Any, _residue: Any, _value: Any, mask: Any) -> Any:
        """Any that keeps the word: stands for `combine`."""
        tag = len(Explorer.current.names)
        if self.total and bool(symbol(f"empty{tag}", 0, 1)):
            return None
        w = self.word
        modulus, residue = self.modulus(f"modulus{tag}", w.SPAN), symbol(f"residue{tag}", 0, w.UMAX)
        value, unknown = symbol(f"value{tag}", 0, w.UMAX), symbol(f"mask{tag}", 0, w.UMAX)
        assume(conj(*self.combined((modulus, residue, value, unknown), mask)))
        if not self.total:
            assume(z3.And(self.has_bits(x, value, unknown), self.congruent(x, modulus, residue)))
        return modulus, residue, value, unknown

    def round(self, x: Any) -> None:
        """Let rounding to a class be what its claim (tests/proofs/integers.py) says of it, and no remainder."""
        if self.moduli == "one":
            return
        views = [unsigned(x), signed(x), signed(z3.Extract(self.half - 1, 0, x))]
        rounded: list[tuple[Any, Any, Any]] = []

        def stand_in(bound: Any, modulus: Any, residue: Any, *, up: bool) -> Any:
            lo, hi = bounds(bound)
            most = self.word.SPAN
            number = fresh("rounded", lo if up else lo - most, hi + most if up else hi)
            assume(conj(number >= bound, number < bound + modulus) if up else conj(number <= bound, number > bound - modulus))
            for view in views:
                beyond = conj(bound <= view) if up else conj(view <= bound)
                inside = equal(_remainder(view, modulus), _remainder(residue, modulus))
                assume(z3.Implies(z3.And(beyond, expression(inside)), conj(number <= view) if up else conj(view <= number)))
            for other, other_modulus, other_residue in rounded:
                if other_modulus is modulus and other_residue is residue:
                    apart = conj(number - other >= modulus), conj(other - number >= modulus)
                    assume(z3.Or(conj(equal(number, other)), *apart))
            rounded.append((number, modulus, residue))
            return number

        self.domain.replace("first_of_class", lambda bound, modulus, residue: stand_in(bound, modulus, residue, up=True))
        self.domain.replace("last_of_class", lambda bound, modulus, residue: stand_in(bound, modulus, residue, up=False))

    def prove_congruent(self, term: Any, modulus: Any, residue: Any, what: str) -> None:
        """The word is congruent to the residue. If it is so for a reason that is known, multiplying is easier than dividing."""
        products, Explorer.current.products = Explorer.current.products, None
        whole, divisor = residue.rest_of if isinstance(residue, Sym) and residue.rest_of else (residue, modulus)
        if divisor is modulus and isinstance(modulus, Sym) and not modulus.power:
            for times in self.witnesses:
                if Explorer.current.likely(equal(unsigned(term) - whole, modulus * times)):
                    Explorer.current.products = products
                    return
        prove(self.congruent(term, modulus, residue), what)
        Explorer.current.products = products

    def admits(self, cut: Cut, term: Any) -> list[Any]:
        """The word is among those that the arguments of the reduction admit: of bounds, bits, congruence."""
        low = z3.Extract(self.half - 1, 0, term)
        spread = cut.arguments
        views = [unsigned(term), signed(term), unsigned(low), signed(low)]
        if cut.name == "half":
            views = [unsigned(term), signed(low)]
        ranges = [_between(view, spread[2 * i], spread[2 * i + 1]) for i, view in enumerate(views[: cut.ranges])]
        value, mask, modulus, residue = cut.rest
        return [*ranges, self.has_bits(term, value, mask), self.congruent(term, modulus, residue)]

    def demands(self, cut: Cut) -> list[Any]:
        """What a reduction needs of its arguments, whatever they mean."""
        w = self.word
        value, mask, modulus, residue = cut.rest
        shape = [value >= 0, mask >= 0, equal(value & mask, 0), modulus >= 1, residue >= 0, residue < modulus, modulus <= w.SPAN]
        shape += [value <= self.most, mask <= self.most] if cut.name == "narrow" else [value <= w.UMAX, mask <= w.UMAX]
        for (least, most), lo, hi in zip(self.ranges(cut.name), cut.arguments[::2], cut.arguments[1::2], strict=False):
            # Bounds may contradict each other, and then be anywhere beyond.
            shape += [lo >= least, hi <= most, lo <= self.most, hi >= -self.most]
            if cut.name == "_settle":
                shape.append(lo <= hi)
        if cut.name == "_reduce_half":
            shape += [cut.arguments[0] <= cut.arguments[1], cut.arguments[2] <= cut.arguments[3]]
        if cut.name == "_settle":
            shape.append(mask > 0)
        return shape

    def ranges(self, name: str) -> list[tuple[int, int]]:
        """The least lower and the greatest upper bound of each range a reduction takes."""
        w = self.word
        all_ranges = [(0, w.UMAX), (w.SMIN, w.SMAX), (0, w.U32MAX), (w.S32MIN, w.S32MAX)]
        return {
            "narrow": [(0, w.S32MAX)],
            "half": [(0, w.U32MAX), (w.S32MIN, w.S32MAX)],
            "word": [(0, self.most), (w.SMIN, w.SMAX)],
            "reduce": [(0, self.most), *all_ranges[1:]],
            "_reduce_half": all_ranges,
            "_settle": all_ranges,
        }[name]

    @property
    def most(self) -> int:
        """How far beyond the word a bound may be before it is cut to size."""
        return 4 * self.word.SPAN

    def arguments(self, name: str) -> Cut:
        """Any arguments that a reduction accepts."""
        w = self.word
        made = []
        for i, (least, most) in enumerate(self.ranges(name)):
            strict = name == "_settle"
            made += [symbol(f"lo{i}", least, most if strict else self.most), symbol(f"hi{i}", least if strict else -self.most, most)]
        bits = self.most if name == "narrow" else w.UMAX
        made += [symbol("value", 0, bits), symbol("mask", 0, bits)]
        if self.moduli == "one":
            made += [1, 0]
        elif self.moduli == "powers":
            made += [power_symbol("modulus", self.bits), symbol("residue", 0, w.UMAX)]
        else:
            made += [symbol("modulus", 1, w.SPAN), symbol("residue", 0, w.UMAX)]
        if name == "_settle":
            made.append(symbol("step", 0, w.SIGN))
        if name in ("reduce", "_reduce_half", "_settle"):
            made.append(symbol("fuel", 0, 4))
        cut = Cut(name, tuple(made))
        assume(conj(*self.demands(cut)))
        return cut

    def prove_result(self, result: Any, guard: Any, term: Any, what: str, *, empty: bool = False) -> None:
        """The concrete result is in the abstract one, which is well formed. `empty`: None is a result, of no words."""
        if result is None:
            assert empty, f"{what}: None is no result"
            if not self.total:
                prove(z3.Not(guard), f"{what}: None, but there is a word")
        elif isinstance(result, Cut):
            for i, demand in enumerate(self.demands(result)):
                prove(demand, f"{what}: demand {i} of {result.name}")
            if not self.total:
                *parts, _ = self.admits(result, term)
                for i, part in enumerate(parts):
                    prove(part, f"{what}: lost by argument {i} of {result.name}")
                self.prove_congruent(term, *result.rest[2:], f"{what}: lost by the congruence")
        else:
            prove(self.well_formed(result), f"{what}: malformed")
            if not self.total:
                *parts, _ = self.members(term, result)
                for i, part in enumerate(parts):
                    prove(part, f"{what}: lost, part {i}")
                self.prove_congruent(term, result.modulus, result.residue, f"{what}: lost by the congruence")


def _at_least(term: Any, width: int) -> Any:
    return z3.ZeroExt(width - term.size(), term) if term.size() < width else term


def _between(x: Any, lo: Any, hi: Any) -> Any:
    return conj(lo <= x, x <= hi)


def _remainder(x: Any, modulus: Any) -> Any:
    """x % modulus without asking whether it is zero."""
    if isinstance(modulus, Sym) and modulus.lo <= 0:
        power = modulus.power
        modulus = make(modulus.term, 1, max(modulus.hi, 2))
        modulus.power = power
    return x % modulus


def prove(claim: Any, what: str) -> None:
    """`claim` holds on this path."""
    Explorer.current.prove(claim, what)


def assume(condition: Any) -> None:
    """Only what satisfies it matters."""
    Explorer.current.assume(condition)


def guard_of(setting: Setting, *pairs: tuple[Any, Any]) -> Any:
    """The words are in their Scalars; assumed at once, so that paths without such words are not run. Not in total claims."""
    guard = z3.And(*[setting.member(term, a) for a, term in pairs])
    if not setting.total:
        assume(guard)
    return guard
