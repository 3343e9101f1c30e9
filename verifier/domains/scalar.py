"""Numbers: what the verifier knows of a word, and how every operation of the IR changes it.

>>> alu("and", 64, TOP, const(255))
[0, 255]
>>> cast("sext", 8, 64, of_bytes(1))
[-128, 127]
>>> refine("ult", 32, True, TOP, const(10))[0]
[0, 0xffffffff00000009] low [0, 9]

The one module that others import. The meanings are those of `bpfcc.bpfir.semantics`: for all words x of `a` and y of `b`, the word
`ALU[kind](width, x, y)` is in `alu(kind, width, a, b)`. That is what tests/proofs proves of these functions as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from bpfcc.bpfir.semantics import ALU, AluKind
from bpfcc.verifier.domains import arith, bits
from bpfcc.verifier.domains.lattice import join, leq, meet, of_bytes, of_bytes_signed, srange, tnum, urange
from bpfcc.verifier.domains.number import TOP, Scalar, const
from bpfcc.verifier.domains.refine import refine, truth
from bpfcc.verifier.domains.widen import widen
from bpfcc.verifier.domains.word import BITS, HALF

__all__ = [
    "TOP",
    "Scalar",
    "alu",
    "bswap",
    "cast",
    "const",
    "join",
    "leq",
    "meet",
    "of_bytes",
    "of_bytes_signed",
    "refine",
    "srange",
    "tnum",
    "truth",
    "urange",
    "widen",
]

Transfer = Callable[[Scalar, Scalar], Scalar]

_WORD: Final[Mapping[AluKind, Transfer]] = {
    "add": arith.add,
    "sub": arith.sub,
    "mul": arith.mul,
    "div": arith.div,
    "mod": arith.mod,
    "sdiv": arith.sdiv,
    "smod": arith.smod,
    "and": bits.and_,
    "or": bits.or_,
    "xor": bits.xor,
    "lsh": bits.lsh,
    "rsh": bits.rsh,
    "arsh": bits.arsh,
}
_SHIFTS: Final = frozenset(("lsh", "rsh", "arsh"))
_PLACES: Final = const(HALF - 1)


def _low_of(kind: AluKind) -> Transfer:
    """The 32-bit operation: the low half of the 64-bit one on extended operands; a shift's amount is taken modulo 32 first."""
    transfer = _WORD[kind]
    extend = bits.sext_half if kind in ("sdiv", "smod", "arsh") else bits.zext_half

    def low_half(a: Scalar, b: Scalar) -> Scalar:
        return bits.zext_half(transfer(extend(a), extend(b)))

    def low_half_shifted(a: Scalar, b: Scalar) -> Scalar:
        return bits.zext_half(transfer(extend(a), b if b.umax < HALF else bits.and_(b, _PLACES)))

    return low_half_shifted if kind in _SHIFTS else low_half


_HALF: Final[Mapping[AluKind, Transfer]] = {**{kind: _low_of(kind) for kind in _WORD}, "add": arith.add_half, "sub": arith.sub_half}


def alu(kind: AluKind, width: int, a: Scalar, b: Scalar) -> Scalar:
    """The words that `a kind b` can be."""
    if a.umin == a.umax and b.umin == b.umax:
        return const(ALU[kind](width, a.umin, b.umin))
    return (_WORD if width == BITS else _HALF)[kind](a, b)


def cast(kind: Literal["zext", "sext"], from_bits: int, width: int, a: Scalar) -> Scalar:
    """The low `from_bits` of `a` extended to `width`, then zero-extended."""
    return bits.zext(from_bits, width, a) if kind == "zext" else bits.sext(from_bits, width, a)


def bswap(width: int, a: Scalar) -> Scalar:
    """The low `width` bits of `a` with the order of bytes reversed, zero-extended."""
    return bits.bswap(width, a)


def complete(table: Mapping[AluKind, object]) -> None:
    """Every operation has exactly one entry."""
    if set(table) != set(ALU):
        msg = f"operations without exactly one entry: {sorted(set(table) ^ set(ALU))}"
        raise LookupError(msg)


for _table in (_WORD, _HALF):
    complete(_table)
