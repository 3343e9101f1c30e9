"""Random bytecode that does something: loops, joins, calls, frame traffic of mixed sizes, pointers that escape.

    random_program(random.Random(7), 40)        bytes; r1 = memory of 64 bytes, r2 = its length (type `raw`)

Most accesses are valid; the rest makes the traps worth comparing.
"""

from __future__ import annotations

import random
import struct
from typing import Final

from bpfcc.bpfir.effects import HelperEffects, Touch

MEMORY_BYTES: Final = 64
JUMPS: Final = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0)
ALU: Final = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0, 0xC0)
ATOMICS: Final = (0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xA0, 0xA1, 0xE1, 0xF1)
EDGES: Final = (0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 0x7FFF_FFFF, -0x8000_0000, 0xFF, 0x80, 0x8000)

# 1: a number from five arguments; 2: fills [r1, r1 + r2); 3: sums the 8 bytes at r1; 4 is not in the table (unknown effects).
EFFECTS: Final = {
    1: HelperEffects(5),
    2: HelperEffects(2, writes=(Touch(0, size_argument=1),)),
    3: HelperEffects(1, reads=(Touch(0, size=8),)),
}


def insn(opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """One slot."""
    return struct.pack("<BBhi", opcode, dst | src << 4, off, imm)


class _Writer:
    def __init__(self, rng: random.Random, length: int) -> None:
        self.rng = rng
        self.length = length
        self.out: list[bytes] = []

    def register(self) -> int:
        return self.rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 8))

    def alu(self) -> None:
        rng = self.rng
        operation, base = rng.choice(ALU), rng.choice((4, 7))
        off = int(operation in (0x30, 0x90) and rng.random() < 0.5)
        if rng.random() < 0.5:
            self.out.append(insn(base | 8 | operation, self.register(), self.register(), off))
        else:
            self.out.append(insn(base | operation, self.register(), 0, off, rng.choice(EDGES)))

    def move(self) -> None:
        rng = self.rng
        kind = rng.randrange(6)
        dst, src = self.register(), self.register()
        self.out.append(
            (
                insn(0xBF, dst, src),
                insn(0xBC, dst, src),
                insn(0xB7, dst, 0, 0, rng.choice(EDGES)),
                insn(0xBF, dst, src, rng.choice((8, 16, 32))),
                insn(rng.choice((0xD4, 0xDC, 0xD7)), dst, 0, 0, rng.choice((16, 32, 64))),
                insn(0xBC, dst, src, rng.choice((8, 16))),
            )[kind]
        )

    def frame(self) -> None:
        rng = self.rng
        size_code, size = rng.choice(((0x00, 4), (0x08, 2), (0x10, 1), (0x18, 8)))
        offset = -rng.choice((8, 16, 24)) + rng.choice((0, 0, 0, 4, 2, 1, 6))
        base = 10
        if rng.random() < 0.2:
            base = self.register()
            self.out += [insn(0xBF, base, 10), insn(0x07, base, 0, 0, -16)]
            offset += 16
        kind = rng.randrange(5)
        if kind < 2:
            self.out.append(insn(0x63 | size_code, base, self.register(), offset))
        elif kind == 2:
            self.out.append(insn(0x62 | size_code, base, 0, offset, rng.choice(EDGES)))
        elif kind == 3 and size < 8:
            self.out.append(insn(0x81 | size_code, self.register(), base, offset))
        else:
            self.out.append(insn(0x61 | size_code, self.register(), base, offset))

    def memory(self) -> None:
        rng = self.rng
        size_code, _ = rng.choice(((0x00, 4), (0x08, 2), (0x10, 1), (0x18, 8)))
        offset = rng.randrange(0, MEMORY_BYTES - 8 + (rng.random() < 0.05) * 16)
        if rng.random() < 0.5:
            self.out.append(insn(0x63 | size_code, 9, self.register(), offset))
        else:
            self.out.append(insn(0x61 | size_code, self.register(), 9, offset))

    def atomic(self) -> None:
        rng = self.rng
        base, offset = (10, -8 * rng.randrange(1, 4)) if rng.random() < 0.5 else (9, 8 * rng.randrange(8))
        self.out.append(insn(rng.choice((0xC3, 0xDB)), base, self.register(), offset, rng.choice(ATOMICS)))

    def call(self) -> None:
        rng = self.rng
        helper = rng.randrange(1, 5)
        if helper > 1:
            if rng.random() < 0.8:
                self.out += [insn(0xBF, 1, 10), insn(0x07, 1, 0, 0, -8 * rng.randrange(1, 4))]
            else:
                self.out.append(insn(0xBF, 1, 9))
            if rng.random() < 0.8:
                self.out.append(insn(0xB7, 2, 0, 0, rng.choice((1, 2, 4, 8))))
        self.out.append(insn(0x85, 0, 0, 0, helper))

    def jump(self) -> None:
        rng = self.rng
        at = len(self.out)
        back = rng.random() < 0.2
        target = rng.randrange(max(0, at - 20), at + 1) if back else rng.randrange(at + 1, at + 12)
        target = min(target, self.length)
        off = target - at - 1
        if rng.random() < 0.15:
            self.out.append(insn(0x05, 0, 0, off))
            return
        opcode = rng.choice((5, 6)) | rng.choice(JUMPS)
        if rng.random() < 0.5:
            self.out.append(insn(opcode | 8, self.register(), self.register(), off))
        else:
            self.out.append(insn(opcode, self.register(), 0, off, rng.choice(EDGES)))


def random_function(rng: random.Random, length: int, *, calls: bool) -> list[bytes]:
    """A function of about `length` instructions that ends in `exit`; r9 = r1 at its start."""
    writer = _Writer(rng, length)
    writer.out.append(insn(0xBF, 9, 1))
    steps = [writer.alu, writer.move, writer.frame, writer.frame, writer.memory, writer.atomic, writer.jump]
    if calls:
        steps.append(writer.call)
    while len(writer.out) < length:
        rng.choice(steps)()
    # Steps may have gone past the length that jumps were limited to; both ends are exits.
    writer.out.append(insn(0x95))
    return writer.out


def random_program(rng: random.Random, length: int, *, calls: bool = True) -> bytes:
    """An entry function, and now and then a second one that it calls first."""
    main = random_function(rng, length, calls=calls)
    if not calls or rng.random() < 0.6:
        return b"".join(main)
    second = random_function(rng, max(length // 2, 3), calls=calls)
    at = rng.randrange(1, 4)
    if rng.random() < 0.5:
        head = [insn(0xBF, 9, 1), insn(0xBF, 2, 10), insn(0x07, 2, 0, 0, -16)][:at]
        prologue = [*head, insn(0x85, 0, 1, 0, 0), insn(0xBF, 1, 9)]
    else:
        prologue = [insn(0xBF, 9, 1), insn(0x18, 3, 4, 0, 0), insn(0), insn(0x8D, 3), insn(0xBF, 1, 9)]
    total = len(prologue) + len(main)
    for index, slot in enumerate(prologue):
        if slot[0] == 0x85:
            prologue[index] = insn(0x85, 0, 1, 0, total - index - 1)
        elif slot[0] == 0x18:
            prologue[index] = insn(0x18, 3, 4, 0, total - index - 1)
    return b"".join([*prologue, *main, *second])
