"""Operations of the IR as SMT-LIB terms over 64-bit words: the third writing of `bpfcc.bpfir.semantics`, tested against it.

    alu("add", 32, "v1", number(1))      ((_ zero_extend 32) (bvadd ((_ extract 31 0) v1) #x00000001))
    compare("test", 64, "v1", "v2")      (not (= (bvand v1 v2) #x0000000000000000))

Every function takes terms of 64-bit words (`(_ BitVec 64)`) and gives one, or a Boolean where it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.ops import CastKind
    from bpfcc.bpfir.semantics import AluKind, CompareKind
    from bpfcc.verifier.domains.scalar import Scalar

WORD: Final = 1 << 64
ZERO: Final = "#x0000000000000000"
TRUE: Final = "true"
FALSE: Final = "false"
UMAX: Final = WORD - 1
SMIN, SMAX = -(1 << 63), (1 << 63) - 1
# A remainder by anything else costs a division, for the little that it says.
MAX_MODULUS: Final = 4096


def number(value: int, bits: int = 64) -> str:
    """A constant."""
    return f"#x{value & ((1 << bits) - 1):0{bits // 4}x}"


def low(bits: int, term: str) -> str:
    """The low bits of a word, as a shorter one."""
    if bits == 64:
        return term
    if term.startswith("#x"):
        return "#x" + term[len(term) - bits // 4 :]
    return f"((_ extract {bits - 1} 0) {term})"


def wide(bits: int, term: str) -> str:
    """A shorter word, zero-extended to 64 bits."""
    return term if bits == 64 else f"((_ zero_extend {64 - bits}) {term})"


def both(terms: Iterable[str]) -> str:
    """All of them."""
    found = [term for term in dict.fromkeys(terms) if term != TRUE]
    if FALSE in found:
        return FALSE
    return TRUE if not found else found[0] if len(found) == 1 else f"(and {' '.join(found)})"


def either(terms: Iterable[str]) -> str:
    """Any of them."""
    found = [term for term in dict.fromkeys(terms) if term != FALSE]
    if TRUE in found:
        return TRUE
    return FALSE if not found else found[0] if len(found) == 1 else f"(or {' '.join(found)})"


def negated(term: str) -> str:
    """Not that."""
    return FALSE if term == TRUE else TRUE if term == FALSE else f"(not {term})"


def chosen(condition: str, a: str, b: str) -> str:
    """`a` where the condition holds, else `b`."""
    return a if condition == TRUE or a == b else b if condition == FALSE else f"(ite {condition} {a} {b})"


def equal(a: str, b: str) -> str:
    """Whether two words are the same."""
    return TRUE if a == b else f"(= {a} {b})"


def _divided(kind: AluKind, bits: int, a: str, b: str) -> str:
    # SMT-LIB defines remainders by zero as RFC 9669 does (the dividend), quotients as all ones or one.
    zero = number(0, bits)
    name = {"div": "bvudiv", "mod": "bvurem", "sdiv": "bvsdiv", "smod": "bvsrem"}[kind]
    term = f"({name} {a} {b})"
    return chosen(equal(b, zero), zero, term) if kind in ("div", "sdiv") else term


_PLAIN: Final = {"add": "bvadd", "sub": "bvsub", "mul": "bvmul", "and": "bvand", "or": "bvor", "xor": "bvxor"}
_SHIFTS: Final = {"lsh": "bvshl", "rsh": "bvlshr", "arsh": "bvashr"}


def alu(kind: AluKind, width: int, a: str, b: str) -> str:
    """lhs `kind` rhs at that width, zero-extended."""
    left, right = low(width, a), low(width, b)
    if kind in _PLAIN:
        return wide(width, f"({_PLAIN[kind]} {left} {right})")
    if kind in _SHIFTS:
        places = number(int(f"0{b[1:]}", 0) & (width - 1), width) if b.startswith("#x") else f"(bvand {right} {number(width - 1, width)})"
        return wide(width, f"({_SHIFTS[kind]} {left} {places})")
    return wide(width, _divided(kind, width, left, right))


def cast(kind: CastKind, from_bits: int, width: int, a: str) -> str:
    """The low `from_bits`, extended to `width` and zero-extended from there."""
    if kind == "zext" or from_bits >= width:
        return wide(min(from_bits, width), low(min(from_bits, width), a))
    return wide(width, f"((_ sign_extend {width - from_bits}) {low(from_bits, a)})")


def swapped(width: int, a: str) -> str:
    """The low `width` bits with their bytes reversed."""
    parts = " ".join(f"((_ extract {8 * at + 7} {8 * at}) {a})" for at in range(width // 8))
    return wide(width, f"(concat {parts})")


_COMPARISONS: Final = {
    "eq": "=", "ult": "bvult", "ule": "bvule", "ugt": "bvugt", "uge": "bvuge",
    "slt": "bvslt", "sle": "bvsle", "sgt": "bvsgt", "sge": "bvsge",
}  # fmt: skip


def compare(kind: CompareKind, width: int, a: str, b: str) -> str:
    """Whether lhs `kind` rhs: a Boolean."""
    left, right = low(width, a), low(width, b)
    if kind == "ne":
        return f"(not (= {left} {right}))"
    if kind == "test":
        return f"(not (= (bvand {left} {right}) {number(0, width)}))"
    return f"({_COMPARISONS[kind]} {left} {right})"


def is_in(term: str, fact: Scalar, *, remainders: bool = False) -> str:
    """Whether a word is in the set that is known of it: a Boolean. With `remainders` what it is modulo small numbers is said too."""
    if fact.umin == fact.umax:
        return equal(term, number(fact.umin))
    found = _ranged(term, 64, fact.umin, fact.umax, fact.smin, fact.smax)
    if (fact.u32min, fact.u32max) != (fact.umin, fact.umax):
        found += _ranged(low(32, term), 32, fact.u32min, fact.u32max, fact.s32min, fact.s32max)
    known = UMAX & ~fact.mask
    if known & ~_above(fact.umax):
        found.append(equal(f"(bvand {term} {number(known)})", number(fact.value)))
    if remainders and 1 < fact.modulus <= MAX_MODULUS and fact.modulus & (fact.modulus - 1):
        found.append(equal(f"(bvurem {term} {number(fact.modulus)})", number(fact.residue)))
    return both(found)


def _above(bound: int) -> int:
    """Bits that are zero in every number up to `bound`."""
    return UMAX & ~((1 << bound.bit_length()) - 1)


def _ranged(term: str, bits: int, umin: int, umax: int, smin: int, smax: int) -> list[str]:
    half, found = 1 << (bits - 1), []
    if umin > 0:
        found.append(f"(bvuge {term} {number(umin, bits)})")
    if umax < 2 * half - 1:
        found.append(f"(bvule {term} {number(umax, bits)})")
    if (smin >= 0 and umax < half) or (smax < 0 and umin >= half):
        return found  # the same order
    if smin > -half:
        found.append(f"(bvsge {term} {number(smin, bits)})")
    if smax < half - 1:
        found.append(f"(bvsle {term} {number(smax, bits)})")
    return found


__all__ = [
    "FALSE", "TRUE", "ZERO", "alu", "both", "cast", "chosen", "compare", "either", "equal", "is_in", "low", "negated", "number", "swapped",
    "wide",
]  # fmt: skip
