"""The claims: one function for each, run once a path by the explorer.

    prove_word(setting, "add", ("many", "const"))      64-bit addition of anything and a constant
    prove_refinement(setting, "slt", 32, True, …)      what w1 s< w2 says of both

`tests/proofs/register.py` lists them with their settings.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import z3

from tests.proofs import meaning
from tests.proofs.claims import Cut, Setting, assume, conj, guard_of, prove, signed, unsigned
from tests.proofs.selection import equal
from tests.proofs.symbolic import Explorer, Truth, expression, symbol

Shapes = tuple[str, str]
WORD_OPERATIONS = {
    "add": ("arith", "add"),
    "sub": ("arith", "sub"),
    "mul": ("arith", "mul"),
    "div": ("arith", "div"),
    "mod": ("arith", "mod"),
    "sdiv": ("arith", "sdiv"),
    "smod": ("arith", "smod"),
    "and": ("bits", "and_"),
    "or": ("bits", "or_"),
    "xor": ("bits", "xor"),
    "lsh": ("bits", "lsh"),
    "rsh": ("bits", "rsh"),
    "arsh": ("bits", "arsh"),
}


def _operation(setting: Setting, kind: str) -> Callable[[Any, Any], Any]:
    module, name = WORD_OPERATIONS[kind]
    operation: Callable[[Any, Any], Any] = getattr(getattr(setting.domain, module), name)
    return operation


def _sums(setting: Setting, kind: str, x: Any, y: Any) -> None:
    """Congruences of sums by their own claim (tests/proofs/integers.py)."""
    # The one way from a division to a sum is 0 - x.
    minuend, subtrahend = (z3.BitVecVal(0, setting.bits), x) if kind == "sdiv" else (x, y)
    total, difference = unsigned(x) + unsigned(y), unsigned(minuend) - unsigned(subtrahend)
    setting.domain.replace("add_congruence", lambda _a, _b: setting.some_congruence(total))
    setting.domain.replace("sub_congruence", lambda _a, _b: setting.some_congruence(difference))


def prove_word(setting: Setting, kind: str, shapes: Shapes) -> None:
    """The 64-bit operation."""
    setting.witnesses = []
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    guard = guard_of(setting, (a, x), (b, y))
    _sums(setting, kind, x, y)
    result = _operation(setting, kind)(a, b)
    setting.prove_result(result, guard, meaning.alu(kind, setting.bits, setting.bits, x, y), kind)


def prove_sum_of_halves(setting: Setting, kind: str, shapes: Shapes) -> None:
    """`add_half` and `sub_half`: the 32-bit sums, of words that are zero-extended already (`zext_half` has its own claim)."""
    setting.witnesses = []
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    guard = guard_of(setting, (a, x), (b, y))
    for c in (a, b):
        assume(c.umax <= setting.word.U32MAX)
    _sums(setting, kind, x, y)
    result = getattr(setting.domain.arith, f"{kind}_half")(a, b)
    setting.prove_result(result, guard, meaning.alu(kind, setting.bits, setting.half, x, y), f"{kind}_half")


def prove_multiplication(setting: Setting, shapes: Shapes) -> None:
    """`mul`, with products as numbers of which only the order is known: what a product is besides is in the claims of
    `products`, `mul_bits` and `mul_congruence`. Words, halves, signed or not: all have the same low bits."""
    setting.witnesses = []
    explorer = Explorer.current
    explorer.products = None
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    guard = guard_of(setting, (a, x), (b, y))
    if "const" in shapes:
        c = b if shapes[1] == "const" else a
        assume(c.umin > 1)
    explorer.products = []
    half, low = setting.half, lambda t: z3.Extract(setting.half - 1, 0, t)
    views = [(view(x), view(y)) for view in (unsigned, signed)] + [(view(low(x)), view(low(y))) for view in (unsigned, signed)]
    products = [first * second for first, second in views]
    z = z3.Extract(setting.bits - 1, 0, products[0].term)
    assume(z3.Extract(setting.bits - 1, 0, products[1].term) == z)
    for product in products[2:]:
        assume(z3.Extract(half - 1, 0, product.term) == low(z))

    def corners(alo: Any, ahi: Any, blo: Any, bhi: Any) -> tuple[Any, Any]:
        most = setting.word.SPAN**2
        tag = len(explorer.names)
        lo, hi = symbol(f"lo{tag}", -most, most), symbol(f"hi{tag}", -most, most)
        swapped = [(second, first) for first, second in views]
        for (first, second), product in zip([*views, *swapped], [*products, *products], strict=True):
            if explorer.likely(conj(alo <= first, first <= ahi, blo <= second, second <= bhi)):
                assume(conj(lo <= product, product <= hi))
        assume(lo <= hi)
        return lo, hi

    def bits(_value: Any, _mask: Any, _factor: Any) -> tuple[Any, Any]:
        tag = len(explorer.names)
        value, mask = symbol(f"value{tag}", 0, setting.word.UMAX), symbol(f"mask{tag}", 0, setting.word.UMAX)
        assume(conj(equal(value & mask, 0), setting.has_bits(z, value, mask)))
        return value, mask

    def congruence(p: Any, q: Any) -> tuple[Any, Any]:
        modulus, residue = setting.some_congruence(products[0], setting.word.SPAN**2)
        assume(modulus <= p.umax * q.umax)
        return modulus, residue

    setting.domain.replace("products", corners)
    setting.domain.replace("mul_bits", bits)
    setting.domain.replace("mul_congruence", congruence)
    setting.prove_result(setting.domain.arith.mul(a, b), guard, z, "mul")
    explorer.products = None


def prove_small_multiplication(setting: Setting, shapes: Shapes) -> None:
    """`mul` by nothing, or one."""
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    guard = guard_of(setting, (a, x), (b, y))
    c = b if shapes[1] == "const" else a
    assume(c.umin <= 1)
    setting.prove_result(setting.domain.arith.mul(a, b), guard, meaning.alu("mul", setting.bits, setting.bits, x, y), "mul")


def prove_mul_bits(setting: Setting, ones: int) -> None:
    """Known bits of the product with a constant of so many ones (0: any other number, of which nothing is claimed)."""
    w = setting.word
    value, mask = symbol("value", 0, w.UMAX), symbol("mask", 0, w.UMAX)
    assume(equal(value & mask, 0))
    x = setting.concrete("x")
    assume(setting.has_bits(x, value, mask))
    places = [symbol(f"place{i}", 0, setting.bits - 1) for i in range(ones)]
    for first, second in zip(places, places[1:], strict=False):
        assume(first < second)
    factor: Any = 0
    product: Any = 0
    for place in places:
        factor = factor | (1 << place)
        product = product + (unsigned(x) << place)
    z = z3.Extract(setting.bits - 1, 0, product.term)
    got, unknown = setting.domain.arith.mul_bits(value, mask, factor)
    prove(conj(got >= 0, unknown >= 0, got <= w.UMAX, unknown <= w.UMAX, equal(got & unknown, 0)), "mul_bits: malformed")
    prove(setting.has_bits(z, got, unknown), "mul_bits")


def prove_low(setting: Setting, kind: str) -> None:
    """The 32-bit operation made of the 64-bit one: by the claims of that one and of the extensions."""
    ghosts: dict[int, Any] = {}
    kept: list[Any] = []

    def some(term: Any) -> Any:
        made, word = setting.scalar(f"s{len(Explorer.current.names)}")
        assume(z3.And(word == term, setting.member(word, made)))
        ghosts[id(made)] = term
        kept.append(made)
        return made

    def extension(how: str) -> Callable[[Any], Any]:
        return lambda a: some(meaning.cast(how, setting.bits, setting.half, setting.bits, ghosts[id(a)]))

    scalar = setting.domain.scalar
    x, y = setting.concrete("x"), setting.concrete("y")
    a, b = some(x), some(y)
    ghosts[id(scalar._PLACES)] = z3.BitVecVal(setting.half - 1, setting.bits)
    setting.domain.replace("zext_half", extension("zext"))
    setting.domain.replace("sext_half", extension("sext"))
    setting.domain.replace("and_", lambda p, q: some(ghosts[id(p)] & ghosts[id(q)]))
    scalar._WORD = {kind: lambda p, q: some(meaning.alu(kind, setting.bits, setting.bits, ghosts[id(p)], ghosts[id(q)]))}
    result = scalar._low_of(kind)(a, b)
    prove(ghosts[id(result)] == meaning.alu(kind, setting.bits, setting.half, x, y), f"{kind} of halves")


def prove_extension(setting: Setting, name: str) -> None:
    """`zext_half` and `sext_half`."""
    setting.witnesses = []
    a, x = setting.scalar("a")
    guard = guard_of(setting, (a, x))
    expected = meaning.cast(name[:4], setting.bits, setting.half, setting.bits, x)
    setting.prove_result(getattr(setting.domain.bits, name)(a), guard, expected, name)


def prove_cast(setting: Setting, kind: str, from_bits: int, width: int) -> None:
    """`zext` and `sext`, by way of shifts and masks."""
    a, x = setting.scalar("a")
    guard = guard_of(setting, (a, x))
    bits = setting.bits
    expected = meaning.cast(kind, bits, from_bits, width, x)
    setting.watched = [x << (bits - from_bits), meaning.cast("sext", bits, from_bits, bits, x), expected, x & setting.word.U32MAX]
    try:
        result = getattr(setting.domain.bits, kind)(from_bits, width, a)
    finally:
        setting.watched = None
    setting.prove_result(result, guard, expected, f"{kind} {from_bits} to {width}")


def prove_bswap(setting: Setting, width: int) -> None:
    """`bswap`."""
    a, x = setting.scalar("a")
    guard = guard_of(setting, (a, x))
    expected = meaning.bswap(setting.bits, setting.byte, width, x)
    setting.watched = [expected, meaning.cast("zext", setting.bits, width, setting.bits, x), x & setting.word.U32MAX]
    try:
        result = setting.domain.bits.bswap(width, a)
    finally:
        setting.watched = None
    setting.prove_result(result, guard, expected, f"bswap {width}")


def prove_refinement(setting: Setting, kind: str, width: int, holds: bool, shapes: Shapes) -> None:
    """What a comparison that holds, or does not, leaves of both operands."""
    setting.witnesses = []
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    fact = meaning.compare(kind, width, x, y)
    fact = fact if holds else z3.Not(fact)
    guard = z3.And(guard_of(setting, (a, x), (b, y)), fact)
    if not setting.total:
        assume(fact)
    setting.domain.replace("meet_congruence", lambda *c: setting.some_common_class(x, *c))
    if (kind, holds) in (("eq", True), ("ne", False)) and width != setting.bits:
        # The one refinement that asks a reduction twice.
        setting.watched = [x, y]
    try:
        result = setting.domain.refine.refine(kind, width, holds, a, b)
    finally:
        setting.watched = None
    what = f"{kind} {width} {holds}"
    if result is None:
        if not setting.total:
            prove(z3.Not(guard), f"{what}: None, but there are words")
        return
    setting.prove_result(result[0], guard, x, f"{what}, left")
    setting.prove_result(result[1], guard, y, f"{what}, right")


def prove_truth(setting: Setting, kind: str, width: int, shapes: Shapes) -> None:
    """A comparison said to hold always does; one said to hold never does not."""
    a, x = setting.scalar("a", shapes[0])
    b, y = setting.scalar("b", shapes[1])
    guard_of(setting, (a, x), (b, y))
    # Congruences tell words apart by a common divisor, of which this is known: it divides the difference of equal words.
    said = setting.domain.refine.truth(kind, width, a, b)
    fact = meaning.compare(kind, width, x, y)
    if said is None:
        return
    said = said.term if isinstance(said, Truth) else z3.BoolVal(bool(said))
    prove(said == fact, f"truth of {kind} {width}")


def prove_join(setting: Setting, side: int, shapes: Shapes) -> None:
    """The words of one operand are in the result, whether the other has any or not."""
    setting.witnesses = []
    operands = [setting.scalar("a", shapes[0]), setting.scalar("b", shapes[1])]
    (a, _), (b, _) = operands
    guard = guard_of(setting, operands[side])
    x = operands[side][1]
    setting.domain.replace("join_congruence", lambda p, q: setting.some_hull(x, p, q))
    setting.prove_result(setting.domain.lattice.join(a, b), guard, x, "join")


def prove_meet(setting: Setting, shapes: Shapes) -> None:
    """What is in both is in the result."""
    setting.witnesses = []
    a, x = setting.scalar("a", shapes[0])
    b, _ = setting.scalar("b", shapes[1])
    guard = guard_of(setting, (a, x), (b, x))
    setting.domain.replace("meet_congruence", lambda *c: setting.some_common_class(x, *c))
    setting.prove_result(setting.domain.lattice.meet(a, b), guard, x, "meet", empty=True)


def prove_order(setting: Setting, shapes: Shapes) -> None:
    """What is said to be contained is."""
    a, x = setting.scalar("a", shapes[0])
    b, _ = setting.scalar("b", shapes[1])
    guard_of(setting, (a, x))
    contained = expression(setting.domain.lattice.leq(a, b))
    for i, part in enumerate(setting.members(x, b)):
        prove(z3.Implies(contained, part), f"leq, part {i}")


def prove_widening(setting: Setting, side: int, shapes: Shapes) -> None:
    """The words of one operand are in the result, whatever thresholds `_down` and `_up` find."""
    setting.witnesses = []
    operands = [setting.scalar("a", shapes[0]), setting.scalar("b", shapes[1])]
    (a, _), (b, _) = operands
    guard = guard_of(setting, operands[side])
    x = operands[side][1]

    def down(old: Any, new: Any, _thresholds: Any, end: int) -> Any:
        bound = symbol(f"down{len(Explorer.current.names)}", end, max(-end, setting.word.UMAX))
        assume(conj(bound <= old, bound <= new))
        return bound

    def up(old: Any, new: Any, _thresholds: Any, end: int) -> Any:
        bound = symbol(f"up{len(Explorer.current.names)}", -end - 1, end)
        assume(conj(bound >= old, bound >= new))
        return bound

    setting.domain.replace("_down", down)
    setting.domain.replace("_up", up)
    setting.domain.replace("join_congruence", lambda p, q: setting.some_hull(x, p, q))
    setting.prove_result(setting.domain.widen.widen(a, b, ()), guard, x, "widen")


def prove_thresholds(setting: Setting) -> None:
    """`_down` and `_up`: a bound of both, and a threshold or the end of the type where it moved."""
    w = setting.word
    old, new = symbol("old", w.SMIN, w.UMAX), symbol("new", w.SMIN, w.UMAX)
    thresholds = [symbol(f"threshold{i}", w.SMIN, w.UMAX) for i in range(3)]
    assume(conj(thresholds[0] <= thresholds[1], thresholds[1] <= thresholds[2]))
    for name, end in (("_down", w.SMIN), ("_up", w.UMAX)):
        bound = getattr(setting.domain.widen, name)(old, new, thresholds, end)
        below = conj(bound <= old, bound <= new) if name == "_down" else conj(bound >= old, bound >= new)
        prove(below, name)
        prove(z3.Or(*[expression(equal(bound, c)) for c in (old, end, *thresholds)]), f"{name}: neither old nor a threshold")


def prove_constructors(setting: Setting) -> None:
    """`const`, `urange`, `srange`, `tnum`."""
    setting.witnesses = []
    w, lattice = setting.word, setting.domain.lattice
    x = setting.concrete("x")
    number = symbol("number", -w.SPAN, w.UMAX)
    lo, hi, slo, shi = symbol("lo", 0, w.UMAX), symbol("hi", 0, w.UMAX), symbol("slo", w.SMIN, w.SMAX), symbol("shi", w.SMIN, w.SMAX)
    value, mask = symbol("value", 0, w.UMAX), symbol("mask", 0, w.UMAX)
    same = z3.Extract(setting.bits - 1, 0, number.term) == x
    in_range, in_signed_range = conj(lo <= unsigned(x), unsigned(x) <= hi), conj(slo <= signed(x), signed(x) <= shi)
    guard = z3.And(same, in_range, in_signed_range, setting.has_bits(x, value & ~mask, mask))
    if not setting.total:
        assume(guard)
    setting.prove_result(setting.domain.number.const(number), guard, x, "const")
    setting.prove_result(lattice.urange(lo, hi), guard, x, "urange")
    setting.prove_result(lattice.srange(slo, shi), guard, x, "srange")
    setting.prove_result(lattice.tnum(value, mask), guard, x, "tnum")


def prove_products(setting: Setting) -> None:
    """The products of two ranges are between their corners."""
    w = setting.word
    alo, ahi, blo, bhi = (symbol(name, w.SMIN, w.SMAX) for name in ("alo", "ahi", "blo", "bhi"))
    first, second = symbol("first", w.SMIN, w.SMAX), symbol("second", w.SMIN, w.SMAX)
    assume(conj(alo <= first, first <= ahi, blo <= second, second <= bhi))
    lo, hi = setting.domain.arith.products(alo, ahi, blo, bhi)
    prove(conj(lo <= first * second, first * second <= hi), "products")


def prove_reduction(setting: Setting, name: str) -> None:
    """A reduction keeps every word that its arguments admit, and goes on only with smaller arguments."""
    setting.witnesses = []
    asked = setting.arguments(name)
    term = setting.concrete("x")
    guard = z3.And(*setting.admits(asked, term))
    if not setting.total:
        assume(guard)
    setting.round(term)
    if name not in ("word", "_reduce_half"):
        setting.domain.replace("combine", lambda *c: setting.some_combination(term, *c))
    result = setting.real[name](*asked.arguments)
    setting.prove_result(result, guard, term, name, empty=True)
    if isinstance(result, Cut) and result.name == name == "narrow":
        lo, hi = result.arguments[:2]
        first, last = asked.arguments[:2]
        prove(z3.And(expression(lo < hi), expression((lo ^ hi).bit_length() < (first ^ last).bit_length())), "narrow: it may not end")
    if isinstance(result, Cut) and name in ("_reduce_half", "_settle"):
        # Each round of `reduce` goes through all three parts, and the third one counts.
        expected = asked.arguments[-1] - 1 if name == "_settle" else asked.arguments[-1]
        prove(equal(result.arguments[-1], expected), f"{name}: it may not end")
        if name == "_settle":
            prove(asked.arguments[-1] > 0, "_settle: it may not end")


def prove_common_congruence(setting: Setting, name: str) -> None:
    """`join_congruence`: a congruence that holds in either class; `meet_congruence`: of what is in both."""
    w = setting.word
    made = []
    for side in ("a", "b"):
        modulus, residue = setting.modulus(f"{side}.modulus"), symbol(f"{side}.residue", 0, w.UMAX)
        assume(residue < modulus)
        made.append((modulus, residue))
    (m1, r1), (m2, r2) = made
    x = setting.concrete("x")
    if name == "meet_congruence":
        assume(z3.And(setting.congruent(x, m1, r1), setting.congruent(x, m2, r2)))
        met = setting.domain.lattice.meet_congruence(m1, r1, m2, r2)
        if met is None:
            prove(False, "meet_congruence: None, but there is a word")
        modulus, residue = met
    else:
        lo, hi, other_lo, other_hi = (symbol(n, 0, w.UMAX) for n in ("lo", "hi", "other_lo", "other_hi"))
        assume(conj(lo < hi, other_lo <= other_hi, z3.Or(expression(other_lo < other_hi), conj(equal(m2, 1), equal(r2, 0)))))
        assume(conj(m1 <= hi - lo, z3.Or(expression(equal(other_lo, other_hi)), expression(m2 <= other_hi - other_lo))))
        a = SimpleNamespace(umin=lo, umax=hi, modulus=m1, residue=r1)
        b = SimpleNamespace(umin=other_lo, umax=other_hi, modulus=m2, residue=r2)
        left = setting.congruent(x, m1, r1)
        right = z3.And(setting.congruent(x, m2, r2), conj(other_lo <= unsigned(x), unsigned(x) <= other_hi))
        assume(z3.Or(left, right))
        modulus, residue = setting.domain.lattice.join_congruence(a, b)
        prove(modulus <= m1, f"{name}: finer than one alone")
    prove(conj(modulus >= 1, residue >= 0, residue < modulus, modulus <= w.SPAN), f"{name}: malformed")
    prove(setting.congruent(x, modulus, residue), name)


def prove_combination(setting: Setting) -> None:
    """`combine` keeps every word of the class with these bits."""
    w = setting.word
    value, mask, residue = symbol("value", 0, w.UMAX), symbol("mask", 0, w.UMAX), symbol("residue", 0, w.UMAX)
    modulus = setting.modulus("modulus", w.SPAN)
    assume(conj(equal(value & mask, 0), mask > 0, residue < modulus))
    term = setting.concrete("x")
    guard = z3.And(setting.has_bits(term, value, mask), setting.congruent(term, modulus, residue))
    if not setting.total:
        assume(guard)
    combined = setting.domain.reduction.combine(modulus, residue, value, mask)
    if combined is None:
        if not setting.total:
            prove(z3.Not(guard), "combine: None, but there is a word")
        return
    for i, fact in enumerate(setting.combined(combined, mask)):
        prove(fact, f"combine: malformed, part {i}")
    if not setting.total:
        prove(setting.has_bits(term, *combined[2:]), "combine: lost by its bits")
        prove(setting.congruent(term, *combined[:2]), "combine: lost by its congruence")
