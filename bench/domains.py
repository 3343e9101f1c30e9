"""Time of the abstract word's operations, over operands as they occur in programs.

python bench/domains.py [NAME…]        nanoseconds a call, the least of several runs
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable

from bpfcc.verifier.domains.scalar import TOP, alu, bswap, cast, const, join, leq, meet, of_bytes, refine, truth, urange, widen

BYTE, PORT, WORD = of_bytes(1), of_bytes(2), of_bytes(4)
LENGTH = urange(14, 1500)
INDEX = alu("mul", 64, BYTE, const(12))

CASES: dict[str, Callable[[], object]] = {
    "constants": lambda: alu("add", 64, const(5), const(7)),
    "any + c": lambda: alu("add", 64, TOP, const(7)),
    "any & 255": lambda: alu("and", 64, TOP, const(255)),
    "any & -8": lambda: alu("and", 64, TOP, const(-8)),
    "any >> 60": lambda: alu("rsh", 64, TOP, const(60)),
    "any >> 8": lambda: alu("rsh", 64, TOP, const(8)),
    "any s>> 56": lambda: alu("arsh", 64, TOP, const(56)),
    "any % 10": lambda: alu("mod", 64, TOP, const(10)),
    "any / 10": lambda: alu("div", 64, TOP, const(10)),
    "u8 + c": lambda: alu("add", 64, BYTE, const(5)),
    "u8 + c, 32 bits": lambda: alu("add", 32, BYTE, const(5)),
    "u8 + u8": lambda: alu("add", 64, BYTE, BYTE),
    "u8 - c, below zero": lambda: alu("sub", 64, BYTE, const(10)),
    "u8 - c, 32 bits": lambda: alu("sub", 32, BYTE, const(10)),
    "length - 14": lambda: alu("sub", 64, LENGTH, const(14)),
    "u32 + c": lambda: alu("add", 64, WORD, const(5)),
    "u32 + c, 32 bits": lambda: alu("add", 32, WORD, const(5)),
    "u8 * 12": lambda: alu("mul", 64, BYTE, const(12)),
    "u32 * 20": lambda: alu("mul", 64, WORD, const(20)),
    "index + c": lambda: alu("add", 64, INDEX, const(4)),
    "length & -8": lambda: alu("and", 64, LENGTH, const(-8)),
    "u8 << 2": lambda: alu("lsh", 64, BYTE, const(2)),
    "u32 << 32": lambda: alu("lsh", 64, WORD, const(32)),
    "u32 >> 8": lambda: alu("rsh", 64, WORD, const(8)),
    "u8 << 8 | u8": lambda: alu("or", 64, alu("lsh", 64, BYTE, const(8)), BYTE),
    "u8 ^ c": lambda: alu("xor", 64, BYTE, const(5)),
    "bswap16 u16": lambda: bswap(16, PORT),
    "zext32 any": lambda: cast("zext", 32, 64, TOP),
    "zext32 u8": lambda: cast("zext", 32, 64, BYTE),
    "sext32 u32": lambda: cast("sext", 32, 64, WORD),
    "any < c": lambda: refine("ult", 64, True, TOP, const(10)),
    "any >= c": lambda: refine("ult", 64, False, TOP, const(10)),
    "any < c, 32 bits": lambda: refine("ult", 32, True, TOP, const(10)),
    "any s> 0": lambda: refine("sgt", 64, True, TOP, const(0)),
    "any == c": lambda: refine("eq", 64, True, TOP, const(8)),
    "any != 0": lambda: refine("ne", 64, True, TOP, const(0)),
    "u8 > c": lambda: refine("ugt", 64, True, BYTE, const(10)),
    "u8 != 0": lambda: refine("ne", 64, True, BYTE, const(0)),
    "u8 <= 255, nothing new": lambda: refine("ule", 64, True, BYTE, const(255)),
    "u8 & 8 != 0": lambda: refine("test", 64, True, BYTE, const(8)),
    "u32 != 0": lambda: refine("ne", 64, True, WORD, const(0)),
    "u32 s> 0, 32 bits": lambda: refine("sgt", 32, True, WORD, const(0)),
    "truth": lambda: truth("ult", 64, BYTE, const(300)),
    "join, the same": lambda: join(BYTE, BYTE),
    "join, contained": lambda: join(BYTE, WORD),
    "join of constants": lambda: join(const(0), const(12)),
    "join of ranges": lambda: join(LENGTH, BYTE),
    "meet of ranges": lambda: meet(LENGTH, BYTE),
    "leq": lambda: leq(BYTE, WORD),
    "widen": lambda: widen(urange(0, 3), urange(0, 4), (0, 14, 1500, 65535)),
    "hash": lambda: hash(WORD),
}


def main() -> None:
    """Print a line a case. The call of the case itself, some 50 ns, is in the figure."""
    total = 0.0
    chosen = {name: case for name, case in CASES.items() if not sys.argv[1:] or any(part in name for part in sys.argv[1:])}
    for name, case in chosen.items():
        nanoseconds = min(timeit.repeat(case, number=500, repeat=60)) / 500 * 1e9
        total += nanoseconds
        print(f"{name:24} {nanoseconds:7.0f} ns   {case()}")
    print(f"{'mean':24} {total / len(chosen):7.0f} ns")


if __name__ == "__main__":
    main()
