"""Random bytecode that loops: counters of all kinds, nested, with tests that hit, miss or are jumped over.

    looping_program(random.Random(7))        bytes; r1 = memory of 64 bytes (type `raw`); most such programs come to an end

r6, r7 and r8 count; r3, r4 and r5 are numbers from memory; r9 is the memory, r0 collects.
"""

from __future__ import annotations

import random
from typing import Final

from tests.property.programs import insn

COUNTERS: Final = (6, 7, 8)
NUMBERS: Final = (3, 4, 5)
MASKS: Final = (1, 3, 7, 12, 15, 31, 60, 63)
# Jump codes: eq, gt, ge, ne, sgt, sge, lt, le, slt, sle.
TESTS: Final = (0x10, 0x20, 0x30, 0x50, 0x50, 0x50, 0x50, 0x60, 0x70, 0xA0, 0xA0, 0xA0, 0xB0, 0xC0, 0xC0, 0xD0)
ADD, SUB, AND, LSH, RSH, MOV, ARSH, DIV, XOR = 0x00, 0x10, 0x50, 0x60, 0x70, 0xB0, 0xC0, 0x30, 0xA0


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.out: list[bytes] = []
        # Where loops begin that are open.
        self.heads: list[int] = []

    def alu(self, operation: int, dst: int, imm: int | None = None, src: int = 0) -> None:
        base = self.rng.choice((4, 7, 7))
        self.out.append(insn(base | operation | (8 if imm is None else 0), dst, src if imm is None else 0, 0, imm or 0))

    def program(self) -> bytes:
        rng = self.rng
        self.out += [insn(0xBF, 9, 1), insn(0xB7, 0, 0, 0, 0)]
        for register in NUMBERS:
            self.out.append(insn(rng.choice((0x61, 0x69, 0x71, 0x79)), register, 9, 8 * rng.randrange(8)))
            if rng.random() < 0.7:
                self.out.append(insn(0x57, register, 0, 0, rng.choice(MASKS)))
            if rng.random() < 0.4:
                self.out.append(insn(0x07, register, 0, 0, rng.choice((1, 2, 4, 16))))
        for register in COUNTERS:
            self.set(register)
        for _ in range(rng.choice((1, 1, 1, 2))):
            self.loop(0)
        self.out.append(insn(0x95))
        return b"".join(self.out)

    def set(self, counter: int) -> None:
        rng = self.rng
        if rng.random() < 0.6:
            self.alu(MOV, counter, rng.choice((0, 0, 1, 2, 10, 63, 64, -1, -8, 200, 256, 1024)))
        else:
            self.alu(MOV, counter, None, rng.choice(NUMBERS))

    def loop(self, depth: int) -> None:
        """A loop that is tested at its end, or at its start, or both."""
        rng = self.rng
        counter = COUNTERS[depth]
        if rng.random() < 0.8:
            self.set(counter)
        exits: list[int] = []
        guarded = rng.random() < 0.3
        if guarded:
            exits.append(len(self.out))
            self.out.append(self.test(counter))
        head = len(self.out)
        if rng.random() < 0.3:
            exits.append(len(self.out))
            self.out.append(self.test(counter))
        self.body(depth, counter)
        back = len(self.out)
        if rng.random() < 0.85:
            self.out.append(self.test(counter, head - back - 1))
        else:
            self.out.append(insn(0x05, 0, 0, head - back - 1))
        for at in exits:
            code = self.out[at]
            self.out[at] = code[:2] + (len(self.out) - at - 1).to_bytes(2, "little") + code[4:]

    def test(self, counter: int, offset: int = 0) -> bytes:
        rng = self.rng
        code = rng.choice(TESTS) | rng.choice((5, 5, 6))
        if rng.random() < 0.6:
            return insn(code, counter, 0, offset, rng.choice((0, 0, 1, 5, 16, 63, 64, 100, 128, -1, 1000)))
        other = rng.choice((*NUMBERS, *(c for c in COUNTERS if c != counter)))
        return insn(code | 8, *((counter, other) if rng.random() < 0.7 else (other, counter)), offset)

    def body(self, depth: int, counter: int) -> None:
        rng = self.rng
        for _ in range(rng.randrange(3)):
            self.noise()
        if depth < 2 and rng.random() < 0.3:
            self.loop(depth + 1)
        if rng.random() < 0.25:
            # Only on one way, or differently on two.
            at = len(self.out)
            self.out.append(self.test(rng.choice(NUMBERS)))
            self.count(counter)
            if rng.random() < 0.7:
                middle = len(self.out)
                self.out.append(insn(0x05))
                self.count(counter)
                self.out[middle] = insn(0x05, 0, 0, len(self.out) - middle - 1)
                self.patch(at, middle)
            else:
                self.patch(at, len(self.out) - 1)
        else:
            self.count(counter)
        if rng.random() < 0.1:
            self.count(rng.choice(COUNTERS))
        if rng.random() < 0.05:
            self.alu(MOV, rng.choice(COUNTERS), rng.choice((0, 5)))

    def patch(self, at: int, before: int) -> None:
        code = self.out[at]
        self.out[at] = code[:2] + (before - at).to_bytes(2, "little", signed=True) + code[4:]

    def noise(self) -> None:
        rng = self.rng
        kind = rng.randrange(4)
        if kind == 0:
            self.alu(rng.choice((ADD, XOR, AND, RSH)), 0, None, rng.choice((*NUMBERS, *COUNTERS)))
        elif kind == 1:
            self.out.append(insn(0x73, 9, rng.choice(COUNTERS), rng.randrange(64)))
        elif kind == 2:
            self.alu(ADD, 0, rng.randrange(100))
        else:
            self.out.append(insn(0x71, rng.choice(NUMBERS), 9, rng.randrange(64)))

    def count(self, counter: int) -> None:
        rng = self.rng
        kind = rng.randrange(14)
        if kind < 6:
            self.alu(ADD, counter, rng.choice((1, 1, 1, 1, 1, 1, 2, 3, 4, -1, -1, -2)))
        elif kind == 6:
            self.alu(ADD, counter, None, rng.choice(NUMBERS))
        elif kind == 7:
            self.alu(SUB, counter, rng.choice((1, 2)))
        elif kind == 8:
            self.alu(rng.choice((RSH, RSH, LSH, ARSH, DIV)), counter, rng.choice((1, 2, 3)))
        elif kind == 9:
            self.alu(MOV, 2, None, counter)
            self.alu(ADD, 2, -1)
            self.alu(AND, counter, None, 2)
        elif kind == 10:
            self.alu(ADD, counter, 1)
            self.alu(AND, counter, rng.choice((15, 63, 127, 255)))
        elif kind == 11:
            self.alu(ADD, counter, 1)
            self.alu(LSH, counter, 32)
            self.alu(RSH, counter, 32)
        elif kind == 12:
            self.alu(SUB, counter, None, rng.choice(COUNTERS))
        else:
            self.alu(ADD, counter, rng.choice((1, 2)))
            self.alu(ADD, rng.choice(COUNTERS), rng.choice((1, -1)))


def looping_program(rng: random.Random) -> bytes:
    """One program."""
    return _Maker(rng).program()
