"""Random programs as compilers make them of careful C: bounds checks, masks, lookups with null tests, buffers on the stack, loops.

    generated_program(random.Random(7))         an `xdp` or `socket_filter` Program, mostly one that the verifier accepts

Each piece is a check with what depends on it; numbers flow from one into the next. Now and then a check is a little off.
"""

from __future__ import annotations

import random
from typing import Final

from bpfcc.bpfir.module import MapSpec
from bpfcc.program import Program
from tests.property.programs import insn

MAPS: Final = (
    MapSpec("words", "array", 4, 8, 4),
    MapSpec("table", "array", 4, 64, 2),
    MapSpec("flows", "hash", 8, 16, 8),
    MapSpec("shorts", "hash", 4, 4, 4),
    MapSpec("percpu", "percpu_array", 4, 24, 3),
    MapSpec("routes", "lpm_trie", 8, 8, 4, 1),
)
LOOKUP, UPDATE, DELETE, RANDOM, TIME, CPU, ADJUST_HEAD, ADJUST_TAIL = 1, 2, 3, 7, 5, 8, 44, 65
# r6 = ctx, r7 = data, r8 = data_end, r9 = a number; r0 … r5 are of the moment.
CTX, DATA, END, NUMBER, FP = 6, 7, 8, 9, 10
LDX: Final = {1: 0x71, 2: 0x69, 4: 0x61, 8: 0x79}
STX: Final = {1: 0x73, 2: 0x6B, 4: 0x63, 8: 0x7B}
MASKS: Final = (1, 3, 7, 15, 31, 63, 60, 127, 255)
SLIP: Final = 0.04


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.out: list[bytes] = []
        self.leaving: list[int] = []
        # Calls to be aimed at functions that follow the program.
        self.calling: list[int] = []
        # Frame bytes from -slots on are written.
        self.slots = 0
        self.room = 0

    # ---- bits and pieces

    def emit(self, *made: bytes) -> None:
        self.out += made

    def leave_if(self, opcode: int, dst: int, src: int = 0, imm: int = 0) -> None:
        self.leaving.append(len(self.out))
        self.emit(insn(opcode, dst, src, 0, imm))

    def slip(self) -> int:
        """Where a program is a little wrong."""
        return self.rng.choice((-1, 1, 4)) if self.rng.random() < SLIP else 0

    def jump_over(self, at: int) -> None:
        """The jump at `at` goes to what comes next."""
        code = self.out[at]
        self.out[at] = code[:2] + (len(self.out) - at - 1).to_bytes(2, "little", signed=True) + code[4:]

    def pointers(self) -> None:
        """data and data_end anew."""
        self.emit(insn(0x61, DATA, CTX, 0), insn(0x61, END, CTX, 4))
        self.room = 0

    # ---- pieces

    def fixed_check(self) -> None:
        rng = self.rng
        size = rng.choice((1, 2, 14, 20, 34, 42, 54, 64))
        self.emit(insn(0xBF, 2, DATA), insn(0x07, 2, 0, 0, size))
        if rng.random() < 0.7:
            self.leave_if(0x2D, 2, END)
        else:
            self.leave_if(0xAD, END, 2)
        self.room = max(self.room, size)

    def fixed_read(self) -> None:
        if not self.room:
            self.fixed_check()
        rng = self.rng
        size = rng.choice([s for s in (1, 2, 4, 8) if s <= self.room])
        at = rng.randrange(self.room - size + 1) + self.slip()
        dst = rng.choice((NUMBER, NUMBER, 1))
        self.emit(insn(LDX[size], dst, DATA, at))
        if dst == 1:
            self.mix(1)
        elif rng.random() < 0.3:
            self.emit(insn(0xDC, NUMBER, 0, 0, rng.choice((16, 32, 64))))

    def fixed_write(self) -> None:
        if not self.room:
            self.fixed_check()
        size = self.rng.choice([s for s in (1, 2, 4, 8) if s <= self.room])
        self.emit(insn(STX[size], DATA, NUMBER, self.rng.randrange(self.room - size + 1) + self.slip()))

    def mix(self, register: int) -> None:
        rng = self.rng
        self.emit(insn(rng.choice((0x0F, 0xAF, 0x4F, 0x1F, 0x0C, 0xAC, 0x2F)), NUMBER, register))

    def number(self) -> None:
        """Something happens to the number."""
        rng = self.rng
        kind = rng.randrange(9)
        base = rng.choice((4, 7))
        if kind == 0:
            self.emit(insn(base | 0x00, NUMBER, 0, 0, rng.choice((1, -1, 4, 14, -14, 255, 1 << 20))))
        elif kind == 1:
            self.emit(insn(base | 0x50, NUMBER, 0, 0, rng.choice(MASKS)))
        elif kind == 2:
            self.emit(insn(base | rng.choice((0x60, 0x70, 0xC0)), NUMBER, 0, 0, rng.choice((1, 2, 3, 4, 8, 16, 31))))
        elif kind == 3:
            self.emit(insn(base | rng.choice((0x30, 0x90)), NUMBER, 0, rng.choice((0, 0, 1)), rng.choice((2, 3, 5, 10, 64))))
        elif kind == 4:
            self.emit(insn(base | 0x20, NUMBER, 0, 0, rng.choice((2, 3, 4, 12, -1))))
        elif kind == 5:
            self.emit(insn(rng.choice((0xBF, 0xBC)), NUMBER, NUMBER, rng.choice((8, 16))))
        elif kind == 6:
            self.emit(insn(0x67, NUMBER, 0, 0, 32), insn(rng.choice((0x77, 0xC7)), NUMBER, 0, 0, 32))
        elif kind == 7:
            # A choice: the number is another one on one way.
            at = len(self.out)
            self.emit(
                insn(rng.choice((0x15, 0x55, 0x25, 0xA5, 0x65, 0xC5)) | rng.choice((0, 1)) & 0, NUMBER, 0, 0, rng.choice((0, 1, 4, 16, 64)))
            )
            self.emit(insn(rng.choice((0xB7, 0x07, 0x57)), NUMBER, 0, 0, rng.choice((0, 1, 7, 20))))
            self.jump_over(at)
        else:
            self.emit(insn(0x85, 0, 0, 0, rng.choice((RANDOM, TIME, CPU))), insn(0xBF, NUMBER, 0))

    def limited(self, most: int) -> None:
        """Afterwards r1 is the number, in [0, most)."""
        rng = self.rng
        kind = rng.randrange(5)
        most = max(most, 1)
        self.emit(insn(0xBF, 1, NUMBER))
        if kind == 0 and most & (most - 1) == 0:
            self.emit(insn(rng.choice((0x57, 0x54)), 1, 0, 0, most - 1))
        elif kind == 1:
            self.emit(insn(rng.choice((0x97, 0x94)), 1, 0, 0, most))
        elif kind == 2:
            self.leave_if(rng.choice((0x25, 0x25, 0x26)), 1, 0, most - 1 + self.slip())
            if self.out[-1][0] == 0x26:
                self.emit(insn(0xBC, 1, 1))
        elif kind == 3:
            self.leave_if(0x65, 1, 0, most - 1)
            self.leave_if(0xC5, 1, 0, self.slip())
        else:
            at = len(self.out)
            self.emit(insn(0xA5, 1, 0, 0, most), insn(0xB7, 1, 0, 0, most - 1))
            self.jump_over(at)

    def variable_read(self) -> None:
        """A header whose length is in the packet."""
        rng = self.rng
        limit, extra, size = rng.choice((16, 60, 64, 256, 1024)), rng.choice((0, 8, 14, 20)), rng.choice((1, 2, 4, 8))
        self.limited(limit)
        self.emit(insn(0xBF, 2, DATA), insn(0x0F, 2, 1), insn(0xBF, 3, 2), insn(0x07, 3, 0, 0, extra + size))
        self.leave_if(0x2D, 3, END)
        self.emit(insn(LDX[size], 4, 2, extra + self.slip()))
        if rng.random() < 0.3:
            self.emit(insn(STX[size], 2, NUMBER, extra))
        self.mix(4)

    def frame(self) -> None:
        """A buffer, filled whole, and read at a variable place."""
        rng = self.rng
        bytes_ = rng.choice((8, 16, 32, 64))
        for at in range(-bytes_, 0, 8):
            self.emit(insn(0x7B, FP, NUMBER, at) if rng.random() < 0.5 else insn(0x7A, FP, 0, at, rng.randrange(256)))
        size = rng.choice((1, 2, 4, 8))
        self.limited(bytes_ // size)
        self.emit(insn(0x67, 1, 0, 0, {1: 0, 2: 1, 4: 2, 8: 3}[size]), insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -bytes_), insn(0x0F, 2, 1))
        self.emit(insn(LDX[size], 4, 2, self.slip()))
        if rng.random() < 0.4:
            self.emit(insn(STX[size], 2, NUMBER, 0))
        self.mix(4)

    def key(self, spec: MapSpec) -> None:
        """A key at r10 - 8 (and r10 - 16 for long ones)."""
        rng = self.rng
        if spec.type == "lpm_trie":
            self.emit(insn(0x62, FP, 0, -8, 32), insn(0x63, FP, NUMBER, -4))
        elif spec.key_size == 8:
            self.emit(insn(0x7B, FP, NUMBER, -8))
        else:
            source = rng.random()
            if source < 0.3:
                self.emit(insn(0x62, FP, 0, -8, rng.randrange(5)))
            elif source < 0.6:
                self.limited(spec.max_entries)
                self.emit(insn(0x63, FP, 1, -8))
            else:
                self.emit(insn(0x63, FP, NUMBER, -8))

    def lookup(self) -> None:
        """A value of a map, read and written at constant and variable places."""
        rng = self.rng
        index = rng.randrange(len(MAPS))
        spec = MAPS[index]
        self.key(spec)
        self.emit(insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -8), insn(0x18, 1, 1, 0, index), insn(0), insn(0x85, 0, 0, 0, LOOKUP))
        if rng.random() > SLIP:
            if rng.random() < 0.6:
                self.leave_if(0x15, 0)
                self.value(spec)
                return
            at = len(self.out)
            self.emit(insn(0x15, 0))
            self.value(spec)
            self.jump_over(at)
            return
        self.value(spec)

    def value(self, spec: MapSpec) -> None:
        rng = self.rng
        for _ in range(rng.choice((1, 1, 2))):
            size = rng.choice([s for s in (1, 2, 4, 8) if s <= spec.value_size])
            kind = rng.randrange(5)
            if kind < 2:
                at = rng.randrange(0, spec.value_size - size + 1, size) + self.slip()
                self.emit(insn(LDX[size], 4, 0, at) if kind == 0 else insn(STX[size], 0, NUMBER, at))
                if kind == 0:
                    self.mix(4)
            elif kind == 2:
                wide = min(rng.choice((4, 8)), 4 if spec.value_size < 8 else 8)
                self.emit(
                    insn(
                        0xC3 if wide == 4 else 0xDB, 0, NUMBER, rng.randrange(0, spec.value_size - wide + 1, wide), rng.choice((0, 1, 0xE1))
                    )
                )
            else:
                self.emit(insn(0xBF, 5, 0))
                self.limited(spec.value_size // size)
                self.emit(insn(0x67, 1, 0, 0, {1: 0, 2: 1, 4: 2, 8: 3}[size]), insn(0x0F, 5, 1))
                self.emit(insn(LDX[size], 4, 5, 0) if kind == 3 else insn(STX[size], 5, NUMBER, 0))
                if kind == 3:
                    self.mix(4)

    def update(self) -> None:
        rng = self.rng
        index = rng.choice((0, 2, 3))
        spec = MAPS[index]
        for at in range(-8 - spec.value_size, 0, 8):
            self.emit(insn(0x7B, FP, NUMBER, at) if at % 8 == 0 else insn(0x7A, FP, 0, at - at % 8, 1))
        self.emit(insn(0x7A, FP, 0, -8, rng.randrange(6)) if rng.random() < 0.5 else insn(0x7B, FP, NUMBER, -8))
        self.emit(insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -8), insn(0xBF, 3, FP), insn(0x07, 3, 0, 0, -8 - spec.value_size))
        self.emit(insn(0xB7, 4, 0, 0, rng.choice((0, 1, 2))), insn(0x18, 1, 1, 0, index), insn(0), insn(0x85, 0, 0, 0, UPDATE))
        self.mix(0)

    def loop(self) -> None:
        """Bytes of the packet, one by one."""
        rng = self.rng
        rounds = rng.choice((2, 4, 8, 16))
        self.emit(insn(0xB7, 5, 0, 0, 0), insn(0xBF, 2, DATA))
        head = len(self.out)
        self.emit(insn(0xBF, 3, 2), insn(0x07, 3, 0, 0, 1))
        inner = len(self.out)
        self.emit(insn(0x2D, 3, END))
        self.emit(insn(0x71, 4, 2, self.slip()))
        self.mix(4)
        step = rng.choice((1, 1, 2))
        self.emit(insn(0xBF, 2, 3) if step == 1 else insn(0x07, 2, 0, 0, 2), insn(0x07, 5, 0, 0, 1))
        kind = rng.choice((0x55, 0xA5, 0xC5))
        self.emit(insn(kind, 5, 0, head - len(self.out) - 1, rounds))
        self.jump_over(inner)

    def fill_loop(self) -> None:
        """An array on the stack, filled and read back in loops."""
        rng = self.rng
        count = rng.choice((4, 8, 16))
        self.emit(insn(0xB7, 5, 0, 0, 0), insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -8 * count))
        head = len(self.out)
        self.emit(insn(0x7B, 2, 5, 0), insn(0x07, 2, 0, 0, 8), insn(0x07, 5, 0, 0, 1))
        self.emit(insn(rng.choice((0x55, 0xA5)), 5, 0, head - len(self.out) - 1, count + self.slip()))
        self.limited(count)
        self.emit(insn(0x67, 1, 0, 0, 3), insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -8 * count), insn(0x0F, 2, 1), insn(0x79, 4, 2, 0))
        self.mix(4)

    def spilled(self) -> None:
        """Pointers wait on the stack while something else happens."""
        self.emit(insn(0x7B, FP, DATA, -72), insn(0x7B, FP, END, -80), insn(0xB7, DATA, 0, 0, 0))
        self.number()
        self.emit(insn(0x79, DATA, FP, -72))
        if self.rng.random() < 0.5:
            self.emit(insn(0x79, END, FP, -80))

    def moved(self) -> None:
        """The packet is made longer or shorter."""
        rng = self.rng
        helper = rng.choice((ADJUST_HEAD, ADJUST_TAIL))
        self.emit(insn(0xBF, 1, CTX), insn(0xB7, 2, 0, 0, rng.choice((-4, 4, 14, -14))), insn(0x85, 0, 0, 0, helper))
        if rng.random() < 0.5:
            self.leave_if(0x55, 0)
        if rng.random() > SLIP:
            self.pointers()
        else:
            self.room = 0

    def function(self) -> None:
        """A function of its own is called, with a number and perhaps an address."""
        rng = self.rng
        self.emit(insn(0xBF, 1, NUMBER))
        if rng.random() < 0.5:
            self.emit(insn(0x7B, FP, NUMBER, -88), insn(0xBF, 2, FP), insn(0x07, 2, 0, 0, -88))
        else:
            self.emit(insn(0xB7, 2, 0, 0, 0))
        self.calling.append(len(self.out))
        self.emit(insn(0x85, 0, 1, 0, 0), insn(0xBF, NUMBER, 0))

    def callee(self) -> None:
        """What is called: r1 = a number, r2 = null or the address of one."""
        rng = self.rng
        count = rng.choice((1, 2, 4))
        written = count if rng.random() > SLIP else count - 1
        for at in range(written):
            self.emit(insn(0x7B, FP, 1, -8 * count + 8 * at))
        self.emit(insn(0xB7, 0, 0, 0, rng.randrange(8)))
        if rng.random() > SLIP:
            at = len(self.out)
            self.emit(insn(0x15, 2))
            self.emit(insn(0x79, 0, 2, 0), insn(0x0F, 0, 1))
            if rng.random() < 0.5:
                self.emit(insn(0x7B, 2, 0, 0))
            self.jump_over(at)
        else:
            self.emit(insn(0x79, 0, 2, 0))
        kind = rng.randrange(3)
        if kind == 0:
            self.emit(insn(0x57, 1, 0, 0, count - 1 if count & (count - 1) == 0 else 0))
        elif kind == 1:
            at = len(self.out)
            self.emit(insn(0xA5, 1, 0, 0, count), insn(0xB7, 1, 0, 0, 0))
            self.jump_over(at)
        else:
            self.emit(insn(0x97, 1, 0, 0, count + self.slip()))
        self.emit(insn(0x67, 1, 0, 0, 3), insn(0xBF, 3, FP), insn(0x07, 3, 0, 0, -8 * count), insn(0x0F, 3, 1), insn(0x79, 4, 3, 0))
        self.emit(insn(0x0F, 0, 4), insn(0x95))

    def functions(self) -> None:
        """What is called, by one or two of the calls each."""
        begins: list[int] = []
        for at in self.calling:
            if not begins or self.rng.random() < 0.6:
                begins.append(len(self.out))
                self.callee()
            target = self.rng.choice(begins)
            self.out[at] = insn(0x85, 0, 1, 0, target - at - 1)

    def program(self) -> bytes:
        rng = self.rng
        self.emit(insn(0xBF, CTX, 1), insn(0xB7, NUMBER, 0, 0, rng.choice((0, 1, 300))))
        self.pointers()
        pieces = [
            self.fixed_check, self.fixed_read, self.fixed_read, self.fixed_write, self.number, self.number, self.variable_read,
            self.frame, self.lookup, self.lookup, self.update, self.loop, self.fill_loop, self.spilled, self.moved, self.function,
        ]  # fmt: skip
        for _ in range(rng.randrange(2, 9)):
            rng.choice(pieces)()
        self.emit(insn(0xBF, 0, NUMBER), insn(0x57, 0, 0, 0, 3), insn(0x95))
        for at in self.leaving:
            self.jump_over(at)
        self.emit(insn(0xB7, 0, 0, 0, 1), insn(0x95))
        self.functions()
        return b"".join(self.out)


def generated_program(rng: random.Random) -> Program:
    """One program."""
    return Program.from_bytes(_Writer(rng).program(), type="xdp", maps=MAPS)
