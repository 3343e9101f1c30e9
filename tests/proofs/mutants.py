"""Wrong transfer functions: what each changes, the claim that must fail, and the property that must fail.

A mutant is a replacement in the source of one module of the domain, under which some result no longer contains a word that it should.
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """`old` becomes `new` in `module`; `claim` (a name in the register) is then refuted, `check` (a property) fails."""

    name: str
    module: str
    old: str
    new: str
    claim: str
    check: str


MUTANTS = (
    Mutant("add without carries", "arith", "(value + a.mask + b.mask) ^ value | a.mask | b.mask", "a.mask | b.mask", "add many, many", "alu add"),
    Mutant("add keeps bounds that wrap", "arith", "lo < 0 or hi >= SPAN:", "lo < 0:", "add many, const", "alu add"),
    Mutant("add_half keeps bounds that wrap", "arith", "slo < S32MIN or shi > S32MAX", "slo < S32MIN", "add_half many, many", "alu add"),
    Mutant("sub with the bounds of b exchanged", "arith", "lo = a.umin - b.umax", "lo = a.umin - b.umin", "sub many, many", "alu sub"),
    Mutant("unsound known bits of a product", "arith", "unknown = (total + unknown + blur) ^ total | unknown | blur", "unknown |= blur", "mul_bits, 2 ones", "alu mul"),
    Mutant("a congruence of products that wrap", "arith", "    if hi > UMAX:\n        modulus = gcd(modulus, SPAN)\n", "", "mul many, const", "alu mul"),
    Mutant("division by zero is impossible", "arith", "lo = a.umin // b.umax if b.umin else 0", "lo = a.umin // b.umax", "div many, many", "alu div"),
    Mutant("remainder by zero is less than the divisor", "arith", "if b.umin and b.umax <= a.umax", "if b.umax <= a.umax", "mod many, many", "alu mod"),
    Mutant("INT_MIN / -1 is positive", "arith", "        if most > SMAX:\n            return TOP\n", "", "sdiv many, many", "alu sdiv"),
    Mutant("signed remainder is not negative", "arith", "lo = a.smin if a.smin < 0 else 0", "lo = 0", "smod many, many", "alu smod"),
    Mutant("and made with or", "bits", "value = a.value & b.value", "value = a.value | b.value", "and many, many", "alu and"),
    Mutant("or as great as the greater", "bits", "hi = (1 << (a.umax | b.umax).bit_length()) - 1\n    if hi <= S32MAX:\n        return narrow(lo,", "hi = a.umax | b.umax\n    if hi <= S32MAX:\n        return narrow(lo,", "or many, many", "alu or"),
    Mutant("xor of anything is a difference", "bits", "if c & (c + 1) == 0 and a.umax <= c:", "if c & (c + 1) == 0:", "xor many, const", "alu xor"),
    Mutant("shift count masked with one bit too many", "bits", "places = BITS - 1", "places = 2 * BITS - 1", "lsh many, const", "alu lsh"),
    Mutant("variable shift by the greatest count only", "bits", "hi = a.umax >> first", "hi = a.umax >> last", "rsh many, many", "alu rsh"),
    Mutant("arithmetic shift without the sign", "bits", "mask = (a.mask ^ SIGN) - SIGN >> last & UMAX", "mask = a.mask >> last", "arsh many, const", "alu arsh"),
    Mutant("sign extension from one bit too high", "bits", "top = 1 << (from_bits - 1)", "top = 1 << from_bits", "sext 1/4 to 1/1", "cast"),
    Mutant("a low half that is the word", "bits", "if a.umin & HIGH == a.umax & HIGH:", "if a.modulus > 1:", "zext_half", "cast"),
    Mutant("signed comparison refined as unsigned", "refine", "bound_signed(a, SMIN, b.smax - 1)", "bound_unsigned(a, 0, b.umax - 1)", "refine slt 1/1 True: many, many", "comparison slt"),
    Mutant("off by one in refinement", "refine", "bound_unsigned(a, 0, b.umax - 1)", "bound_unsigned(a, 0, b.umax - 2)", "refine ult 1/1 True: many, many", "comparison ult"),
    Mutant("32-bit comparison bounds the word", "refine", "bound_unsigned_half(b, a.u32min, U32MAX)", "bound_unsigned(b, a.u32min, U32MAX)", "refine ule 1/2 True: many, many", "comparison ule"),
    Mutant("equal halves are equal words", "refine", "mask = a.mask & (b.mask | HIGH)", "mask = a.mask & b.mask", "refine eq 1/2 True: many, many", "comparison eq"),
    Mutant("ne removes two", "refine", "bound_unsigned(a, c + 1, a.umax)", "bound_unsigned(a, c + 2, a.umax)", "refine ne 1/1 True: many, const", "comparison ne"),
    Mutant("a test that fails sets bits", "refine", "_with_bits(a, 0, b.value & all_bits)", "_with_bits(a, b.value & all_bits, 0)", "refine test 1/1 False: many, const", "comparison test"),
    Mutant("one common bit of two", "refine", "if common & (common - 1):", "if common & (common - 1) & (common - 2):", "refine test 1/1 True: many, many", "comparison test"),
    Mutant("less is decided at equality", "refine", "return False if low >= other_high else None", "return False if low >= other_low else None", "truth ult 1/1: many, many", "comparison ult"),
    Mutant("bounds on both sides of zero lose the upper one", "reduction", "return umin, umax, smin, smax\n            umax = smax", "return umin, smax, smin, smax\n            umax = smax", "reduce", "alu sub"),
    Mutant("low half one too high", "reduction", "x = ((x & HIGH) + SPAN32) | u32min", "x = ((x & HIGH) + SPAN32 + 1) | u32min", "_settle", "comparison ult"),
    Mutant("known bits from bounds that differ", "reduction", "low = (1 << (lo ^ hi).bit_length()) - 1", "low = ((1 << (lo ^ hi).bit_length()) - 1) >> 1", "narrow", "alu and"),
    Mutant("join forgets bits in which values differ", "lattice", "a.mask | b.mask | (a.value ^ b.value)", "a.mask | b.mask", "join many, many, 1", "bounds"),
    Mutant("meet looks at one side's bits", "lattice", "a.umin if a.umin > b.umin else b.umin,\n        a.umax if a.umax < b.umax else b.umax,", "a.umin if a.umin > b.umin else b.umin,\n        a.umax - 1 if a.umax < b.umax else b.umax,", "meet many, many", "bounds"),
    Mutant("widening takes the threshold below", "widen", "at = bisect_left(thresholds, new)", "at = max(bisect_left(thresholds, new) - 1, 0)", "thresholds", "widening"),
)  # fmt: skip
