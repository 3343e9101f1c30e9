"""The abstract word: what is known of 64 bits.

>>> const(300)
300
>>> TOP.contains(7), const(5).contains(7)
(True, False)
"""

# The constructor is called by position: by name it would cost twice as much.
# ruff: noqa: PLR0917
from __future__ import annotations

from typing import Final, final

from bpfcc.verifier.domains.word import S32MAX, S32MIN, SIGN, SIGN32, SMAX, SMIN, U32MAX, UMAX


@final
class Scalar:
    """A set of words: those that every field admits. Immutable by convention; equal where all fields are.

    Unsigned and signed bounds of the word and of its low half; known bits (`mask`: unknown, `value`: known ones);
    `word % modulus == residue`. The empty set is None, never a Scalar. A constant has `umin == umax`, no unknown bits and
    modulus 1; of any other set the bounds are at least a modulus apart.
    """

    __slots__ = ("mask", "modulus", "residue", "s32max", "s32min", "smax", "smin", "u32max", "u32min", "umax", "umin", "value")

    def __init__(
        self,
        umin: int,
        umax: int,
        smin: int,
        smax: int,
        u32min: int,
        u32max: int,
        s32min: int,
        s32max: int,
        value: int,
        mask: int,
        modulus: int,
        residue: int,
    ) -> None:
        self.umin = umin
        self.umax = umax
        self.smin = smin
        self.smax = smax
        self.u32min = u32min
        self.u32max = u32max
        self.s32min = s32min
        self.s32max = s32max
        self.value = value
        self.mask = mask
        self.modulus = modulus
        self.residue = residue

    def is_const(self) -> bool:
        """Whether exactly one word is in the set: `umin`."""
        return self.umin == self.umax

    def contains(self, x: int) -> bool:
        """Whether the unsigned word `x` is in the set."""
        low = x & U32MAX
        return (
            self.umin <= x <= self.umax
            and self.smin <= (x ^ SIGN) - SIGN <= self.smax
            and self.u32min <= low <= self.u32max
            and self.s32min <= (low ^ SIGN32) - SIGN32 <= self.s32max
            and x & ~self.mask == self.value
            and x % self.modulus == self.residue
        )

    def fields(self) -> tuple[int, int, int, int, int, int, int, int, int, int, int, int]:
        """All fields, in the order of the constructor."""
        return (
            self.umin,
            self.umax,
            self.smin,
            self.smax,
            self.u32min,
            self.u32max,
            self.s32min,
            self.s32max,
            self.value,
            self.mask,
            self.modulus,
            self.residue,
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Scalar):
            return NotImplemented
        return self.umin == other.umin and self.umax == other.umax and self.fields() == other.fields()

    def __hash__(self) -> int:
        return hash((self.umin, self.umax, self.smin, self.s32min, self.value, self.mask, self.modulus))

    def __repr__(self) -> str:
        return describe(self)


def _bound(x: int) -> str:
    return str(x) if -(1 << 20) <= x <= 1 << 20 else hex(x)


def describe(a: Scalar) -> str:
    """The set in a few words: the narrowest bounds, then what they do not say."""
    if a.umin == a.umax:
        return _bound(a.umin)
    parts = []
    if a.smin < 0 <= a.smax and a.smax - a.smin < SIGN:
        parts.append(f"[{_bound(a.smin)}, {_bound(a.smax)}]")
    elif a.umax - a.umin < SIGN or (a.umin, a.umax) != (a.value, a.value | a.mask):
        parts.append(f"[{_bound(a.umin)}, {_bound(a.umax)}]")
    known = ~((1 << (a.umin ^ a.umax).bit_length()) - 1) | ((a.mask & -a.mask) - 1)
    if a.umax - a.umin >= U32MAX and a.smax - a.smin >= U32MAX:
        if a.u32max - a.u32min < U32MAX and (a.u32min, a.u32max) != (a.value & U32MAX, (a.value | a.mask) & U32MAX & -a.modulus):
            parts.append(f"low [{_bound(a.u32min)}, {_bound(a.u32max)}]")
            known |= ~((1 << (a.u32min ^ a.u32max).bit_length()) - 1) & U32MAX
        elif a.s32max - a.s32min < U32MAX and a.u32max > S32MAX:
            parts.append(f"low signed [{_bound(a.s32min)}, {_bound(a.s32max)}]")
    if a.modulus > 1:
        parts.append(f"step {_bound(a.modulus)}" + (f" from {_bound(a.residue)}" if a.residue and a.umin % a.modulus != a.residue else ""))
    if ~a.mask & ~known & UMAX:
        parts.append("bits " + _bits(a.value, a.mask))
    return " ".join(parts) or "any"


def _bits(value: int, mask: int) -> str:
    """Known bits: `0b1x0x`, or two numbers where that would be long."""
    width = (value | mask).bit_length()
    if width > 16:
        return f"{value:#x}/{mask:#x}"
    return "0b" + "".join("x" if mask >> i & 1 else str(value >> i & 1) for i in reversed(range(width)))


_CONSTANTS: Final[dict[int, Scalar]] = {}
_CONSTANTS_KEPT: Final = 1 << 14


def const(c: int) -> Scalar:
    """The set of one word; negative numbers are taken modulo the word."""
    found = _CONSTANTS.get(c)
    if found is not None:
        return found
    word = c & UMAX
    low = word & U32MAX
    number = (word ^ SIGN) - SIGN
    half = (low ^ SIGN32) - SIGN32
    made = Scalar(word, word, number, number, low, low, half, half, word, 0, 1, 0)
    if len(_CONSTANTS) < _CONSTANTS_KEPT:
        _CONSTANTS[c] = made
    return made


TOP: Final = Scalar(0, UMAX, SMIN, SMAX, 0, U32MAX, S32MIN, S32MAX, 0, UMAX, 1, 0)
