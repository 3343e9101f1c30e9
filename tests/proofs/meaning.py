"""RFC 9669 in z3: what an operation does to words, as bit-vector terms.

    alu("arsh", 8, 4, x, y)      the 4-bit arithmetic shift of two 8-bit words, zero-extended

Written from the standard and not from `bpfcc.bpfir.semantics`; test_meaning.py shows that the two agree.
"""

from __future__ import annotations

from typing import Any

import z3


def _low(width: int, x: Any) -> Any:
    return z3.Extract(width - 1, 0, x)


def _word(bits: int, x: Any) -> Any:
    return z3.ZeroExt(bits - x.size(), x) if x.size() < bits else x


def _zero(width: int) -> Any:
    return z3.BitVecVal(0, width)


def alu(kind: str, bits: int, width: int, x: Any, y: Any) -> Any:
    """Section 4.1: `x kind y` in words of `bits`, on operands of `width`, upper half of the result zero."""
    a, b = _low(width, x), _low(width, y)
    places = b & (width - 1)
    results = {
        "add": lambda: a + b,
        "sub": lambda: a - b,
        "mul": lambda: a * b,
        # Nothing traps: a quotient by zero is zero, a remainder by zero the dividend; z3's signed division wraps as the standard's.
        "div": lambda: z3.If(b == 0, _zero(width), z3.UDiv(a, b)),
        "mod": lambda: z3.If(b == 0, a, z3.URem(a, b)),
        "sdiv": lambda: z3.If(b == 0, _zero(width), a / b),
        "smod": lambda: z3.If(b == 0, a, z3.SRem(a, b)),
        "and": lambda: a & b,
        "or": lambda: a | b,
        "xor": lambda: a ^ b,
        "lsh": lambda: a << places,
        "rsh": lambda: z3.LShR(a, places),
        "arsh": lambda: a >> places,
    }
    return _word(bits, results[kind]())


def compare(kind: str, width: int, x: Any, y: Any) -> Any:
    """Section 4.3: the condition of a jump."""
    a, b = _low(width, x), _low(width, y)
    results = {
        "eq": lambda: a == b,
        "ne": lambda: a != b,
        "ult": lambda: z3.ULT(a, b),
        "ule": lambda: z3.ULE(a, b),
        "ugt": lambda: z3.UGT(a, b),
        "uge": lambda: z3.UGE(a, b),
        "slt": lambda: a < b,
        "sle": lambda: a <= b,
        "sgt": lambda: a > b,
        "sge": lambda: a >= b,
        "test": lambda: (a & b) != 0,
    }
    return results[kind]()


def cast(kind: str, bits: int, from_bits: int, width: int, x: Any) -> Any:
    """The low `from_bits` extended to `width`, the rest of the word zero."""
    small = _low(min(from_bits, width), x)
    grown = (z3.ZeroExt if kind == "zext" else z3.SignExt)(width - small.size(), small)
    return _word(bits, grown)


def bswap(bits: int, byte: int, width: int, x: Any) -> Any:
    """Section 4.2: the bytes of the low `width` bits, reversed."""
    parts = [z3.Extract(at + byte - 1, at, x) for at in range(0, width, byte)]
    return _word(bits, z3.Concat(*parts) if len(parts) > 1 else parts[0])
