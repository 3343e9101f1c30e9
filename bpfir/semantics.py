"""The meaning of every operation, once, on Python integers.

    ALU["add"](32, 0xFFFF_FFFF, 1)            == 0                the upper half of a 32-bit result is zero
    ALU["sdiv"](64, 1 << 63, 2**64 - 1)       == 1 << 63          nothing traps: INT_MIN / -1 is INT_MIN
    COMPARE["slt"](32, 0xFFFF_FFFF, 0)        is True
    ATOMIC["cmpxchg"](64, 7, 9, 7)            == (9, 7)           (new memory, old memory)

Registers are unsigned: every argument and every result is in [0, 2**64). A `width_bits` of 32 reads the low halves of
its arguments and gives a zero-extended result (RFC 9669 section 4.1). The bytecode oracle, the IR evaluator, constant
folding and the property tests of every back end use this table and no other.

`neg x` is `sub 0, x`; `mov x` is `zext` or `sext` of x.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, Literal, get_args

AluKind = Literal["add", "sub", "mul", "div", "mod", "sdiv", "smod", "and", "or", "xor", "lsh", "rsh", "arsh"]
CompareKind = Literal["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge", "test"]
AtomicKind = Literal["add", "or", "and", "xor", "xchg", "cmpxchg"]

AluMeaning = Callable[[int, int, int], int]
CompareMeaning = Callable[[int, int, int], bool]
AtomicMeaning = Callable[[int, int, int, int], tuple[int, int]]


def mask(width_bits: int, value: int) -> int:
    """`value` modulo 2**width_bits, as an unsigned integer."""
    return value & ((1 << width_bits) - 1)


def signed(width_bits: int, value: int) -> int:
    """The low `width_bits` of `value`, read as two's complement."""
    sign = 1 << (width_bits - 1)
    return ((value & ((sign << 1) - 1)) ^ sign) - sign


def zext(from_bits: int, width_bits: int, value: int) -> int:
    """The low `from_bits` of `value`, zero-extended; `width_bits` (>= from_bits) does not change it."""
    return mask(min(from_bits, width_bits), value)


def sext(from_bits: int, width_bits: int, value: int) -> int:
    """The low `from_bits` of `value`, sign-extended to `width_bits`, then zero-extended to 64."""
    return mask(width_bits, signed(from_bits, value))


def _udiv(width_bits: int, lhs: int, rhs: int) -> int:
    divisor = mask(width_bits, rhs)
    return mask(width_bits, lhs) // divisor if divisor else 0


def _umod(width_bits: int, lhs: int, rhs: int) -> int:
    divisor = mask(width_bits, rhs)
    dividend = mask(width_bits, lhs)
    return dividend % divisor if divisor else dividend


def _truncated_quotient(dividend: int, divisor: int) -> int:
    # Python rounds towards minus infinity, RFC 9669 section 4.1 towards zero.
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _sdiv(width_bits: int, lhs: int, rhs: int) -> int:
    divisor = signed(width_bits, rhs)
    return mask(width_bits, _truncated_quotient(signed(width_bits, lhs), divisor)) if divisor else 0


def _smod(width_bits: int, lhs: int, rhs: int) -> int:
    dividend, divisor = signed(width_bits, lhs), signed(width_bits, rhs)
    remainder = dividend - divisor * _truncated_quotient(dividend, divisor) if divisor else dividend
    return mask(width_bits, remainder)


def _lsh(width_bits: int, lhs: int, rhs: int) -> int:
    return mask(width_bits, lhs << (rhs & (width_bits - 1)))


def _rsh(width_bits: int, lhs: int, rhs: int) -> int:
    return mask(width_bits, lhs) >> (rhs & (width_bits - 1))


def _arsh(width_bits: int, lhs: int, rhs: int) -> int:
    # Masking must come last: the sign bit of the narrow value decides what is moved in.
    return mask(width_bits, signed(width_bits, lhs) >> (rhs & (width_bits - 1)))


# kind -> (width_bits, lhs, rhs) -> result
ALU: Final[Mapping[AluKind, AluMeaning]] = {
    "add": lambda width_bits, lhs, rhs: mask(width_bits, lhs + rhs),
    "sub": lambda width_bits, lhs, rhs: mask(width_bits, lhs - rhs),
    "mul": lambda width_bits, lhs, rhs: mask(width_bits, lhs * rhs),
    "div": _udiv,
    "mod": _umod,
    "sdiv": _sdiv,
    "smod": _smod,
    "and": lambda width_bits, lhs, rhs: mask(width_bits, lhs & rhs),
    "or": lambda width_bits, lhs, rhs: mask(width_bits, lhs | rhs),
    "xor": lambda width_bits, lhs, rhs: mask(width_bits, lhs ^ rhs),
    "lsh": _lsh,
    "rsh": _rsh,
    "arsh": _arsh,
}

# kind -> (width_bits, lhs, rhs) -> truth
COMPARE: Final[Mapping[CompareKind, CompareMeaning]] = {
    "eq": lambda width_bits, lhs, rhs: mask(width_bits, lhs) == mask(width_bits, rhs),
    "ne": lambda width_bits, lhs, rhs: mask(width_bits, lhs) != mask(width_bits, rhs),
    "ult": lambda width_bits, lhs, rhs: mask(width_bits, lhs) < mask(width_bits, rhs),
    "ule": lambda width_bits, lhs, rhs: mask(width_bits, lhs) <= mask(width_bits, rhs),
    "ugt": lambda width_bits, lhs, rhs: mask(width_bits, lhs) > mask(width_bits, rhs),
    "uge": lambda width_bits, lhs, rhs: mask(width_bits, lhs) >= mask(width_bits, rhs),
    "slt": lambda width_bits, lhs, rhs: signed(width_bits, lhs) < signed(width_bits, rhs),
    "sle": lambda width_bits, lhs, rhs: signed(width_bits, lhs) <= signed(width_bits, rhs),
    "sgt": lambda width_bits, lhs, rhs: signed(width_bits, lhs) > signed(width_bits, rhs),
    "sge": lambda width_bits, lhs, rhs: signed(width_bits, lhs) >= signed(width_bits, rhs),
    "test": lambda width_bits, lhs, rhs: mask(width_bits, lhs & rhs) != 0,
}

# The comparison that holds exactly where the key does not; `test` has none.
NEGATED: Final[Mapping[CompareKind, CompareKind]] = {
    "eq": "ne",
    "ne": "eq",
    "ult": "uge",
    "uge": "ult",
    "ule": "ugt",
    "ugt": "ule",
    "slt": "sge",
    "sge": "slt",
    "sle": "sgt",
    "sgt": "sle",
}

# The comparison that says the same with its operands exchanged.
SWAPPED: Final[Mapping[CompareKind, CompareKind]] = {
    "eq": "eq",
    "ne": "ne",
    "ult": "ugt",
    "ugt": "ult",
    "ule": "uge",
    "uge": "ule",
    "slt": "sgt",
    "sgt": "slt",
    "sle": "sge",
    "sge": "sle",
    "test": "test",
}


def bswap(width_bits: int, value: int) -> int:
    """The low `width_bits` (16, 32, 64) of `value` with the order of bytes reversed, zero-extended."""
    size_bytes = width_bits // 8
    return int.from_bytes(mask(width_bits, value).to_bytes(size_bytes, "little"), "big")


# width_bits -> value -> value
BSWAP: Final[Mapping[int, Callable[[int], int]]] = {
    16: lambda value: bswap(16, value),
    32: lambda value: bswap(32, value),
    64: lambda value: bswap(64, value),
}


def _exchanged(width_bits: int, memory: int, operand: int, expected: int) -> tuple[int, int]:
    old = mask(width_bits, memory)
    return (mask(width_bits, operand) if old == mask(width_bits, expected) else old), old


# kind -> (width_bits, memory, operand, expected) -> (new memory, old memory); only cmpxchg looks at `expected` (r0)
ATOMIC: Final[Mapping[AtomicKind, AtomicMeaning]] = {
    "add": lambda width_bits, memory, operand, _expected: (mask(width_bits, memory + operand), mask(width_bits, memory)),
    "or": lambda width_bits, memory, operand, _expected: (mask(width_bits, memory | operand), mask(width_bits, memory)),
    "and": lambda width_bits, memory, operand, _expected: (mask(width_bits, memory & operand), mask(width_bits, memory)),
    "xor": lambda width_bits, memory, operand, _expected: (mask(width_bits, memory ^ operand), mask(width_bits, memory)),
    "xchg": lambda width_bits, memory, operand, _expected: (mask(width_bits, operand), mask(width_bits, memory)),
    "cmpxchg": _exchanged,
}


def _complete(table: Collection[str], kinds: object) -> None:
    missing = set(get_args(kinds)) ^ set(table)
    if missing:
        msg = f"kinds without exactly one meaning: {sorted(missing)}"
        raise LookupError(msg)


_complete(ALU, AluKind)
_complete(COMPARE, CompareKind)
_complete(ATOMIC, AtomicKind)
