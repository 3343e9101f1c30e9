"""C expressions of words: text, type, and how tightly they hold together.

    binary("+", variable("a", 64), constant(14))        a + 14
    low(variable("a", 64), 32)                          (uint32_t)a

Numbers are of type `uint32_t` or `uint64_t`, addresses that are known to be such `uint8_t *`; what is needed otherwise is converted in
sight, so that nothing is promoted to a signed type and no compiler has a conversion to warn of.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MASK32: Final = (1 << 32) - 1
MASK64: Final = (1 << 64) - 1
POINTER: Final = 0
MAX_INT: Final = (1 << 31) - 1
# How tightly: what binds less than its surroundings gets parentheses.
ATOM, UNARY, PRODUCT, SUM, OTHER = range(5)
LEVELS: Final = {"*": PRODUCT, "+": SUM, "-": SUM}
# Small numbers are read as decimals, masks and addresses not.
DECIMAL_BELOW: Final = 4096


class Expr(NamedTuple):
    """`bits` of its type, POINTER for an address; `value` where it is a constant; `reads`: variables in it."""

    text: str
    bits: int
    level: int = ATOM
    value: int | None = None
    reads: frozenset[str] = frozenset()
    # The operator on top, for chains of one.
    operator: str = ""


def constant(value: int, bits: int = 64) -> Expr:
    """A number. One that fits an `int` is written plainly: next to an unsigned operand it is converted without loss."""
    value &= MASK64 if bits == 64 else MASK32
    shown = str(value) if value < DECIMAL_BELOW or value % 1000 == 0 else hex(value)
    suffix = "" if value <= MAX_INT else "U" if value <= MASK32 else "ULL"
    return Expr(shown + suffix, 32 if value <= MASK32 else 64, ATOM, value)


def variable(name: str, bits: int) -> Expr:
    """A variable."""
    return Expr(name, bits, ATOM, None, frozenset((name,)))


def typed(e: Expr, bits: int) -> Expr:
    """Of that type for certain: constants, too."""
    if e.value is None and e.bits == bits:
        return e
    return Expr(f"(uint{bits}_t){inside(e)}", bits, UNARY, None, e.reads)


def inside(e: Expr) -> str:
    """As the operand of a cast or a unary operator."""
    return e.text if e.level <= UNARY else f"({e.text})"


def low(e: Expr, width: int) -> Expr:
    """Its low 32 bits, or all 64."""
    if e.value is not None:
        return constant(e.value, width)
    return e if width == 64 or e.bits == 32 else typed(e, 32)


def call(name: str, *args: Expr, bits: int = 64) -> Expr:
    """A call of a function without effects."""
    return Expr(f"{name}({', '.join(a.text for a in args)})", bits, ATOM, None, reads(*args))


def reads(*args: Expr) -> frozenset[str]:
    """Variables in them."""
    return frozenset().union(*(a.reads for a in args)) if args else frozenset()


def binary(operator: str, a: Expr, b: Expr, bits: int | None = None) -> Expr:
    """`a operator b` of two operands of which one at least has the type of the result."""
    level = LEVELS.get(operator, OTHER)
    # A chain of one operator needs none; what compilers advise parentheses for, gets them.
    same = a.operator == operator or (level == SUM and a.level == SUM)
    left = a.text if a.level < PRODUCT or same else f"({a.text})"
    right = b.text if b.level < PRODUCT else f"({b.text})"
    return Expr(f"{left} {operator} {right}", bits or max(a.bits, b.bits), level, None, a.reads | b.reads, operator)


def offset(base: Expr, by: int) -> Expr:
    """An address some bytes from another: of a number a number, of a pointer a pointer."""
    by &= MASK64
    negative = by >> 63
    if not by:
        return base
    if base.bits == POINTER:
        return plus(base, constant(by) if not negative else Expr(f"(uint64_t)-{(1 << 64) - by}", 64, UNARY))
    wide = base if base.bits == 64 and base.value is None else typed(base, 64)
    return binary("-" if negative else "+", wide, constant((1 << 64) - by if negative else by), 64)


def plus(base: Expr, by: Expr) -> Expr:
    """A pointer some bytes from another."""
    return Expr(f"plus({base.text}, {by.text})", POINTER, ATOM, None, base.reads | by.reads)


def as_word(e: Expr) -> Expr:
    """As a number."""
    return Expr(f"address_of({e.text})", 64, ATOM, None, e.reads) if e.bits == POINTER else e


def as_pointer(e: Expr) -> Expr:
    """As an address."""
    if e.bits == POINTER:
        return e
    return Expr("NULL" if e.value == 0 else f"memory({e.text})", POINTER, ATOM, None, e.reads)
