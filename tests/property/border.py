"""Random programs near the border of what a verifier accepts: most obligations are nearly met, some just not.

    made = border_program(random.Random(7))
    made.code, MAPS                             XDP; `lddw` names maps by index

They read the context, check the packet's bounds and access it, look values up in maps and test them for null, keep numbers and pointers
in the frame, do arithmetic on numbers and pointers, branch, loop, reserve records and call helpers with sizes. Constants lie around the
limits that matter, and now and then a check is left out, turned around, or made of something else.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, NamedTuple

from bpfcc.bpfir.module import MapSpec
from tests.property.programs import insn

MAPS: Final = (
    MapSpec("values", "array", 4, 48, 4),
    MapSpec("flows", "hash", 8, 16, 8),
    MapSpec("events", "ringbuf", 0, 0, 4096),
)
SIZES: Final = ((0x71, 1), (0x69, 2), (0x61, 4), (0x79, 8))
STORES: Final = {1: 0x73, 2: 0x6B, 4: 0x63, 8: 0x7B}
NEAR: Final = (0, 1, 2, 3, 4, 7, 8, 14, 15, 16, 31, 32, 40, 44, 47, 48, 49, 63, 64, 255, 256)
FAR: Final = (-1, -2, -8, 0x7FFF_FFFF, -0x8000_0000, 0xFFFF, 0x10000, 1500)
SIMPLE: Final = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0, 0xC0)
JUMPS: Final = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0)
UPPER: Final = (0x20, 0x30, 0x60, 0x70)
CONTEXT, FRAME = 6, 10
SCRATCH: Final = (0, 1, 2, 3, 4, 5)
LASTING: Final = (7, 8, 9)
SLOTS: Final = (-8, -16, -24, -32)
BUFFER: Final = -64
JUNK: Final = "junk"
NUMBER: Final = "number"
# Kinds of pointers, and how large what they point to is (packet: how much was checked).
TARGETS: Final = {"packet": 0, "checked": 14, "value": 48, "flow": 16, "record": 24}


class Made(NamedTuple):
    """A program, and what its writer put in on purpose that is wrong."""

    code: bytes
    mistakes: int


class Border:
    """Writes one program. `kinds` is what the writer believes of each register: it may be wrong where paths meet."""

    def __init__(self, rng: random.Random, mistakes: float) -> None:
        self.rng = rng
        self.rate = mistakes
        self.made = 0
        self.out: list[bytes] = []
        self.exits: list[int] = []
        self.kinds: dict[int, str] = {}
        self.checked: dict[int, int] = {}
        self.slots: dict[int, str] = {}
        self.depth = 0
        self.held: int | None = None

    # ---- parts

    def put(self, opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> None:
        self.out.append(insn(opcode, dst, src, off, imm))

    def mistake(self) -> bool:
        wrong = self.rng.random() < self.rate
        self.made += wrong
        return wrong

    def one(self, *kinds: str) -> int | None:
        """A register that is believed to be of such a kind."""
        if self.mistake():
            return self.rng.choice((*SCRATCH, *LASTING))
        found = [register for register, kind in self.kinds.items() if kind in kinds]
        return self.rng.choice(found) if found else None

    def target(self, *, lasting: bool = False) -> int:
        """A register to write; not one that holds a record."""
        choice = LASTING if lasting or self.rng.random() < 0.3 else SCRATCH
        free = [register for register in choice if register != self.held]
        return self.rng.choice(free)

    def set(self, register: int, kind: str, checked: int = 0) -> None:
        self.kinds[register] = kind
        self.checked[register] = checked

    def leave(self, opcode: int, dst: int, src: int = 0, imm: int = 0) -> None:
        """A conditional jump to the end of the program."""
        self.exits.append(len(self.out))
        self.put(opcode, dst, src, 0, imm)

    def called(self) -> None:
        for register in (1, 2, 3, 4, 5):
            self.kinds.pop(register, None)

    # ---- numbers

    def constant(self) -> None:
        register = self.target()
        self.put(self.rng.choice((0xB7, 0xB4)), register, 0, 0, self.rng.choice(NEAR + FAR))
        self.set(register, NUMBER)

    def field(self) -> None:
        register = self.target(lasting=self.rng.random() < 0.5)
        self.put(0x61, register, CONTEXT, self.rng.choice((12, 16)))
        self.set(register, NUMBER)

    def chance(self) -> None:
        self.put(0x85, 0, 0, 0, self.rng.choice((7, 5, 8)))
        self.called()
        self.set(0, NUMBER)

    def compute(self) -> None:
        rng = self.rng
        dst = self.one(NUMBER)
        if dst is None:
            return
        kind, base = rng.choice(SIMPLE), rng.choice((4, 7, 7))
        src = self.one(NUMBER) if rng.random() < 0.35 else None
        offset = int(kind in (0x30, 0x90) and rng.random() < 0.3)
        if src is not None:
            self.put(base | 8 | kind, dst, src, offset)
            return
        imm = rng.choice(NEAR if rng.random() < 0.8 else FAR)
        width = 32 if base == 4 else 64
        if kind in (0x60, 0x70, 0xC0):
            imm = rng.choice((1, 2, 3, 8, 16, 24, 28, 31, 32, 56, 58, 63)) % width
        if kind in (0x30, 0x90):
            imm = imm or 1
        self.put(base | kind, dst, 0, offset, imm)

    def change(self) -> None:
        """Move, sign extension, byte order, negation."""
        rng = self.rng
        src = self.one(NUMBER)
        if src is None:
            return
        dst = self.target()
        forms = (
            insn(0xBF, dst, src), insn(0xBF, dst, src), insn(0xBC, dst, src), insn(0xBF, dst, src, rng.choice((8, 16, 32))),
            insn(0xBC, dst, src, rng.choice((8, 16))),
        )  # fmt: skip
        if rng.random() < 0.2:
            self.put(rng.choice((0xD4, 0xDC, 0xD7, 0x87, 0x84)), src, 0, 0, rng.choice((16, 32, 64)))
            if self.out[-1][0] in (0x87, 0x84):
                self.out[-1] = insn(self.out[-1][0], src)
            return
        self.out.append(rng.choice(forms))
        self.set(dst, NUMBER)

    def bound(self) -> None:
        """Leave unless a number is small, or in some other relation to a constant or a number."""
        rng = self.rng
        register = self.one(NUMBER)
        if register is None:
            return
        opcode = rng.choice((5, 5, 6)) | (rng.choice(UPPER) if rng.random() < 0.7 else rng.choice(JUMPS))
        if rng.random() < 0.2:
            other = self.one(NUMBER)
            if other is not None:
                self.leave(opcode | 8, register, other)
                return
        self.leave(opcode, register, 0, rng.choice(NEAR if rng.random() < 0.9 else FAR))

    def mask(self) -> None:
        register = self.one(NUMBER)
        if register is not None:
            self.put(self.rng.choice((0x57, 0x54)), register, 0, 0, self.rng.choice((1, 7, 8, 15, 16, 24, 31, 32, 40, 63)))

    # ---- packet

    def packet(self) -> None:
        """Its begin and end in lasting registers."""
        begin, end = self.rng.sample([r for r in LASTING if r != self.held], 2)
        self.put(0x61, begin, CONTEXT, 0)
        self.put(0x61, end, CONTEXT, 4)
        self.set(begin, "packet")
        self.set(end, "end")

    def advance(self) -> None:
        """A copy of a pointer, moved by a constant or a number."""
        rng = self.rng
        src = self.one("packet", "packet", "checked", "value", "flow", "record", "buffer")
        if src is None:
            return
        dst = self.target()
        kind, checked = self.kinds.get(src, JUNK), self.checked.get(src, 0)
        self.put(0xBF, dst, src)
        number = self.one(NUMBER) if rng.random() < 0.6 else None
        if number is not None and number != dst:
            self.put(rng.choice((0x0F, 0x0F, 0x0F, 0x1F)), dst, number)
            self.set(dst, "packet" if kind == "checked" else kind)
        else:
            by = rng.choice((1, 2, 4, 8, 14))
            self.put(rng.choice((0x07, 0x07, 0x07, 0x17)), dst, 0, 0, by)
            self.set(dst, kind, max(checked - by, 0))

    def check(self) -> None:
        """Leave unless so many bytes after a packet pointer lie before the end."""
        rng = self.rng
        pointer, end = self.one("packet", "checked"), self.one("end")
        if pointer is None or end is None:
            return
        length = rng.choice((1, 2, 4, 8, 14, 16))
        copy = rng.choice([r for r in SCRATCH if r != pointer])
        self.put(0xBF, copy, pointer)
        self.put(0x07, copy, 0, 0, length)
        # Past the end: copy > end, copy >= end (stricter), end < copy, end <= copy; mistakes turn it around.
        forms = ((0x2D, copy, end), (0x3D, copy, end), (0xAD, end, copy), (0xBD, end, copy))
        opcode, dst, src = rng.choice(forms if not self.mistake() else ((0xAD, copy, end), (0x2D, end, copy), (0x2E, copy, end)))
        self.leave(opcode, dst, src)
        self.set(copy, "packet")
        self.set(pointer, "checked", length + rng.choice((0, 0, 0, 0, int(opcode in (0x3D, 0xBD)))))

    def length(self) -> None:
        """end - begin as a number."""
        end, begin = self.one("end"), self.one("packet", "checked")
        if end is None or begin is None:
            return
        dst = self.rng.choice(SCRATCH)
        self.put(0xBF, dst, end)
        self.put(0x1F, dst, begin)
        self.set(dst, NUMBER)

    def access(self) -> None:
        """Read or write at a pointer, around the end of what it points to."""
        rng = self.rng
        pointer = self.one("checked", "value", "flow", "record", "buffer")
        if pointer is None:
            return
        opcode, size = rng.choice(SIZES)
        kind = self.kinds.get(pointer, JUNK)
        room = self.checked.get(pointer, 0) if kind == "checked" else {"value": 48, "flow": 16, "record": 24, "buffer": 32}.get(kind, 8)
        at = rng.choice((room - size, room - size, 0, rng.randrange(0, 9), room - size - 1))
        if at < 0 or self.mistake():
            at = rng.choice((0, room - size + 1, -1, room - size + size // 2))
        if rng.random() < 0.6:
            dst = self.target()
            self.put(opcode if rng.random() < 0.85 or size == 8 else opcode + 0x20, dst, pointer, at)
            self.set(dst, NUMBER)
            return
        value = self.one(NUMBER)
        if value is not None:
            self.put(STORES[size], pointer, value, at)

    # ---- frame

    def spill(self) -> None:
        register = self.one(NUMBER, "packet", "checked", "value", "flow", "end", "value?", "flow?")
        if register is None:
            return
        slot = self.rng.choice(SLOTS)
        kind = self.kinds.get(register, JUNK)
        if kind == NUMBER and self.rng.random() < 0.3:
            self.put(self.rng.choice((0x63, 0x6B, 0x73)), FRAME, register, slot + self.rng.choice((0, 0, 4)))
            return
        self.put(0x7B, FRAME, register, slot)
        self.slots[slot] = kind
        self.checked[slot] = self.checked.get(register, 0)

    def fill(self) -> None:
        if not self.slots:
            return
        slot = self.rng.choice(sorted(self.slots))
        dst = self.target()
        if self.rng.random() < 0.15:
            self.put(self.rng.choice((0x61, 0x69, 0x71, 0x81, 0x89)), dst, FRAME, slot + self.rng.choice((0, 0, 4)))
            self.set(dst, NUMBER)
            return
        self.put(0x79, dst, FRAME, slot)
        self.set(dst, self.slots[slot], self.checked.get(slot, 0))

    def buffer(self) -> None:
        """32 bytes of zeros in the frame, and a pointer there."""
        for at in range(BUFFER, BUFFER + 32, 8):
            if not self.mistake():
                self.put(0x7A, FRAME, 0, at, 0)
        dst = self.target()
        self.put(0xBF, dst, FRAME)
        self.put(0x07, dst, 0, 0, BUFFER)
        self.set(dst, "buffer")

    # ---- maps and helpers

    def lookup(self) -> None:
        """A value by a constant or a number; tested for null most of the time."""
        rng = self.rng
        which = rng.randrange(2)
        number = self.one(NUMBER)
        if which == 0 and number is not None and rng.random() < 0.5:
            self.put(0x63, FRAME, number, -72)
        else:
            self.put(0x7A, FRAME, 0, -72, rng.randrange(5))
        self.put(0xBF, 2, FRAME)
        self.put(0x07, 2, 0, 0, -72 + (rng.choice((8, 65, 72)) if self.mistake() else 0))
        self.out += [insn(0x18, 1, 1, 0, which), insn(0)]
        self.put(0x85, 0, 0, 0, 1)
        self.called()
        kind = ("value", "flow")[which]
        self.set(0, kind + "?")
        if rng.random() < 0.6:
            register = rng.choice([r for r in LASTING if r != self.held])
            self.put(0xBF, register, 0)
            self.set(register, kind + "?")
        if rng.random() < 0.8:
            self.null()

    def null(self) -> None:
        """Leave where a looked up value is null."""
        register = self.one("value?", "flow?")
        if register is None:
            return
        kind = self.kinds.get(register, JUNK)
        self.leave(0x55 if self.mistake() else 0x15, register)
        for other, found in list(self.kinds.items()):
            if found == kind and (other == register or self.rng.random() < 0.8):
                self.set(other, kind.rstrip("?"))

    def sized(self) -> None:
        """A helper that is given memory with its size: checksum of a buffer, or bytes of the packet into it."""
        rng = self.rng
        size = self.one(NUMBER)
        if size is None:
            return
        packet = rng.random() < 0.5
        target, length = (3, 4) if packet else (1, 2)
        pointer = self.one("value", "flow", "checked", "record") if rng.random() < 0.6 else None
        self.put(0xBF, 5, size)
        if pointer is not None and pointer != 5:
            self.put(0xBF, target, pointer)
        else:
            self.put(0xBF, target, FRAME)
            self.put(0x07, target, 0, 0, BUFFER)
        self.put(0xBF, length, 5)
        if packet:
            self.put(0xBF, 1, CONTEXT)
            self.put(0xB7, 2, 0, 0, rng.choice(NEAR))
        else:
            for register in (3, 4, 5):
                self.put(0xB7, register)
        self.put(0x85, 0, 0, 0, 189 if packet else 28)
        self.called()
        self.set(0, NUMBER)

    def move_packet(self) -> None:
        self.put(0xBF, 1, CONTEXT)
        self.put(0xB7, 2, 0, 0, self.rng.choice((0, 4, -4, 14)))
        self.put(0x85, 0, 0, 0, self.rng.choice((44, 65)))
        self.called()
        self.set(0, NUMBER)
        if self.rng.random() < 0.8:
            for register, kind in list(self.kinds.items()):
                if kind in ("packet", "checked", "end"):
                    self.kinds.pop(register)
            self.slots = {slot: kind for slot, kind in self.slots.items() if kind not in ("packet", "checked", "end")}

    def record(self) -> None:
        """Reserve, write, and give it back before the program goes on."""
        rng = self.rng
        if self.held is not None or self.depth:
            return
        self.out += [insn(0x18, 1, 1, 0, 2), insn(0)]
        self.put(0xB7, 2, 0, 0, 24)
        self.put(0xB7, 3)
        self.put(0x85, 0, 0, 0, 131)
        self.called()
        self.leave(0x55 if self.mistake() else 0x15, 0)
        self.held = rng.choice(LASTING)
        self.put(0xBF, self.held, 0)
        self.set(0, "record")
        self.set(self.held, "record")
        exits = len(self.exits)
        self.body(rng.randrange(1, 4), (self.access, self.access, self.compute, self.constant, self.advance))
        del self.exits[exits:]
        self.put(0xBF, 1, self.held)
        self.put(0xB7, 2)
        if not self.mistake():
            self.put(0x85, 0, 0, 0, rng.choice((132, 133)))
            self.called()
            self.set(0, NUMBER)
        for register, kind in list(self.kinds.items()):
            if kind == "record":
                self.kinds.pop(register)
        self.held = None
        self.put(0xB7, 0)
        self.set(0, NUMBER)

    # ---- structure

    def either(self) -> None:
        """One or the other, by a number; what both leave is believed afterwards."""
        rng = self.rng
        register = self.one(NUMBER)
        if register is None or self.depth > 2 or self.held is not None:
            return
        self.depth += 1
        at = len(self.out)
        self.put(0x05)
        before = (dict(self.kinds), dict(self.checked), dict(self.slots))
        self.body(rng.randrange(1, 4))
        first = (dict(self.kinds), dict(self.checked), dict(self.slots))
        opcode, imm = rng.choice((5, 6)) | rng.choice(JUMPS), rng.choice(NEAR)
        other = rng.random() < 0.6
        middle = len(self.out)
        if other:
            self.put(0x05)
        self.out[at] = insn(opcode, register, 0, len(self.out) - at - 1, imm)
        self.kinds, self.checked, self.slots = before
        if other:
            self.body(rng.randrange(1, 4))
            self.out[middle] = insn(0x05, 0, 0, len(self.out) - middle - 1)
        self.kinds = {r: kind for r, kind in self.kinds.items() if first[0].get(r) == kind or rng.random() < 0.05}
        self.checked = {r: min(size, first[1].get(r, 0)) for r, size in self.checked.items()}
        self.slots = {slot: kind for slot, kind in self.slots.items() if first[2].get(slot) == kind}
        self.depth -= 1

    def loop(self) -> None:
        """A few rounds, counted in a lasting register, up to a constant or a number."""
        rng = self.rng
        if self.depth or self.held is not None:
            return
        self.depth += 3
        counter = rng.choice(LASTING)
        self.put(0xB7, counter, 0, 0, rng.choice((0, 0, 1)))
        self.set(counter, NUMBER)
        at = len(self.out)
        used = [r for r in LASTING if r != counter]
        self.body(rng.randrange(1, 4), (self.compute, self.access, self.advance, self.check, self.mask, self.field, self.bound))
        self.put(0x07, counter, 0, 0, 1)
        opcode = rng.choice((0xA5, 0xA5, 0x55, 0xB5, 0xC5, 0xA6))
        self.put(opcode, counter, 0, at - len(self.out) - 1, rng.choice((2, 4, 8, 16)))
        self.kinds = {r: kind for r, kind in self.kinds.items() if r in (counter, *used)}
        self.depth -= 3

    def body(self, statements: int, choice: tuple[Callable[[], None], ...] | None = None) -> None:
        for _ in range(statements):
            self.rng.choice(choice or self.steps())()

    def steps(self) -> tuple[Callable[[], None], ...]:
        return (
            self.constant, self.field, self.field, self.compute, self.compute, self.change, self.bound, self.bound, self.mask, self.mask,
            self.packet, self.advance, self.advance, self.check, self.check, self.length, self.access, self.access, self.access,
            self.access, self.spill, self.fill, self.fill, self.buffer, self.lookup, self.null, self.sized, self.move_packet,
            self.record, self.either, self.either, self.loop, self.chance,
        )  # fmt: skip

    def finish(self) -> bytes:
        """The end, to which everything that leaves goes."""
        self.put(0xB7, 0, 0, 0, 2)
        end = len(self.out) - 1
        self.put(0x95)
        for at in self.exits:
            opcode, registers = self.out[at][0], self.out[at][1]
            imm = int.from_bytes(self.out[at][4:], "little", signed=True)
            self.out[at] = insn(opcode, registers & 15, registers >> 4, end - at - 1, imm)
        return b"".join(self.out)


def border_program(rng: random.Random, length: int | None = None, mistakes: float | None = None) -> Made:
    """A program of about so many instructions (15 to 70 where nothing is said)."""
    writer = Border(rng, rng.choice((0.0, 0.01, 0.03)) if mistakes is None else mistakes)
    length = length or rng.randrange(15, 70)
    writer.put(0xBF, CONTEXT, 1)
    writer.packet()
    writer.field()
    while len(writer.out) < length:
        writer.body(1)
    return Made(writer.finish(), writer.made)
