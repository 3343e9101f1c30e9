"""The size of a word and of its low half: the only place where the domain knows them.

    BITS, HALF = 64, 32        in the product
    BITS, HALF = 8, 4          where every operand is tried, or proven, at once (tests/proofs)

Every other module of the domain reads these names and no literal, so that the functions proven at eight bits are the
functions that run at sixty-four. `u32min` and the like name the low half, whatever its width.
"""

from __future__ import annotations

from typing import Final

from bpfcc.bpfir.semantics import bswap

BITS: Final = 64
HALF: Final = 32
# Unit of byte swaps.
BYTE: Final = 8

SPAN: Final = 1 << BITS
UMAX: Final = SPAN - 1
SIGN: Final = 1 << (BITS - 1)
SMAX: Final = SIGN - 1
SMIN: Final = -SIGN

SPAN32: Final = 1 << HALF
U32MAX: Final = SPAN32 - 1
SIGN32: Final = 1 << (HALF - 1)
S32MAX: Final = SIGN32 - 1
S32MIN: Final = -SIGN32
# The bits above the low half, for Python's unbounded integers.
HIGH: Final = ~U32MAX


def swap_bytes(width: int, value: int) -> int:
    """The low `width` bits of `value` with the order of bytes reversed."""
    return bswap(width, value)


def inverse(number: int, modulus: int) -> int:
    """The inverse of an odd number modulo a power of two, by congruence."""
    return pow(number, -1, modulus)
