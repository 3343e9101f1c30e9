"""Pieces of programs that read and write: the frame, the packet, the context.

Frame of each function, from r10: 64 bytes of numbers, a key, a value, two counters, an address that waits, an address that was passed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from tests.fuzzing.writer import CTX, FP, KEPT, SIZES, Writer

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

SCRATCH, SCRATCH_BYTES = -64, 64
KEY, VALUE, VALUE_BYTES = -72, -120, 48
COUNTERS: Final = (-128, -136)
WAITING, PASSED = -144, -152
# Fields of contexts by offset, with the bytes of each: what may be read, and what may be written. No packet pointers.
READABLE: Final = {
    "xdp": ((12, 4), (16, 4)),
    "sched_cls": ((0, 4), (8, 4), (16, 4), (20, 4), (32, 4), (40, 4), (44, 4), (48, 20), (68, 4)),
    "socket_filter": ((0, 4), (8, 4), (16, 4), (20, 4), (32, 4), (40, 4), (48, 20)),
}
WRITABLE: Final = {"xdp": (), "sched_cls": ((8, 4), (32, 4), (48, 20)), "socket_filter": ((48, 20),)}
PACKET: Final = {"xdp": (0, 4), "sched_cls": (76, 80)}
CSUM_DIFF, SKB_LOAD, SKB_STORE, ADJUST_HEAD, ADJUST_META, ADJUST_TAIL, CPU = 28, 26, 9, 44, 54, 65, 8


class MemoryWriter(Writer):
    """Writes pieces that use memory. `direct`: the packet is there to be read through pointers."""

    def __init__(self, rng: random.Random, kind: str) -> None:
        super().__init__(rng)
        self.kind = kind
        self.direct = kind in PACKET
        # Whether this function has the context in r6, and an address in its frame at PASSED.
        self.has_context = True
        self.has_passed = False

    @contextmanager
    def holding(self, *registers: int) -> Iterator[None]:
        """They are not written meanwhile, and are no numbers then."""
        fresh = set(registers) - self.reserved
        self.numbers -= fresh
        self.reserved |= fresh
        yield
        self.reserved -= fresh

    @contextmanager
    def temporary(self, count: int) -> Iterator[list[int]]:
        """Registers for addresses."""
        found = self.temporaries(count)
        with self.holding(*found):
            yield found

    # ---- frame

    def fill_frame(self) -> None:
        """The numbers of a frame, at its beginning."""
        for offset in range(SCRATCH, 0, 8):
            if self.rng.random() < 0.5:
                self.form("stdw", FP, off=offset, imm=self.edge())
            else:
                self.form("stxdw", FP, self.rng.choice(KEPT), offset)

    def frame(self) -> None:
        """An access at a known place."""
        size = self.rng.choice((1, 2, 4, 8))
        offset = SCRATCH + self.rng.randrange(0, SCRATCH_BYTES, size)
        if self.rng.random() < 0.3:
            with self.temporary(1) as (base,):
                shift = self.rng.choice((0, -8, -64))
                self.mov(base, FP)
                if shift:
                    self.form("add64_imm", base, imm=shift)
                self.access(base, offset - shift, size)
        else:
            self.access(FP, offset, size)

    def frame_indexed(self) -> None:
        """An access at a place that a number says."""
        rng = self.rng
        size = rng.choice((1, 2, 4, 8))
        count = rng.choice([n for n in (2, 4, 8, 16, 32) if n * size <= SCRATCH_BYTES])
        with self.temporary(2) as (index, base):
            self.masked(index, count)
            if size > 1:
                self.form("lsh64_imm", index, imm={2: 1, 4: 2, 8: 3}[size])
            self.mov(base, FP)
            self.form("add64_imm", base, imm=SCRATCH)
            self.form("add64_reg", base, index)
            self.access(base, rng.choice((0, SCRATCH_BYTES - size * count)), size)

    def frame_atomic(self) -> None:
        """An atomic operation on the frame."""
        size = self.rng.choice((1, 2, 4, 4, 8, 8))
        self.atomic(FP, SCRATCH + self.rng.randrange(0, SCRATCH_BYTES, size), size)

    def passed(self) -> None:
        """An access through the address that the function was given: 16 bytes of its caller's numbers."""
        size = self.rng.choice((1, 2, 4, 8))
        offset = self.rng.randrange(0, 16, size)
        with self.temporary(1) as (base,):
            self.form("ldxdw", base, FP, PASSED)
            if self.rng.random() < 0.3:
                self.atomic(base, offset, size)
            else:
                self.access(base, offset, size)

    def wait(self, register: int) -> None:
        """An address goes to the frame and comes back."""
        self.form("stxdw", FP, register, WAITING)
        if self.rng.random() < 0.5:
            self.alu()
        self.form("ldxdw", register, FP, WAITING)

    # ---- packet

    def packet(self) -> None:
        """Bytes at known places, behind a check."""
        rng = self.rng
        room = rng.choice((1, 2, 4, 8, 14, 14, 20, 34, 40, 60))
        with self.temporary(3) as (data, end, beyond):
            self.pointers(data, end)
            if rng.random() < 0.2:
                self.wait(data)
            self.mov(beyond, data)
            self.form("add64_imm", beyond, imm=room)
            outside = self.check(beyond, end)
            for _ in range(rng.choice((1, 2, 3, 4))):
                size = rng.choice([size for size in (1, 2, 4, 8) if size <= room])
                self.access(data, rng.randrange(room - size + 1), size)
            self.place(outside)
        self.settle()

    def packet_indexed(self) -> None:
        """A header whose place is a number."""
        rng = self.rng
        size, most, extra = rng.choice((1, 2, 4, 8)), rng.choice((4, 16, 64, 256)), rng.choice((0, 0, 8, 14, 20))
        with self.temporary(4) as (data, end, beyond, index):
            self.masked(index, most)
            self.pointers(data, end)
            self.form("add64_reg", data, index)
            self.mov(beyond, data)
            self.form("add64_imm", beyond, imm=extra + size)
            outside = self.check(beyond, end)
            for _ in range(rng.choice((1, 1, 2))):
                self.access(data, rng.randrange(extra + 1), size)
            self.place(outside)
        self.settle()

    def packet_walk(self) -> None:
        """Byte after byte, to an end that is a number of rounds or the packet's."""
        rng = self.rng
        size, rounds = rng.choice((1, 2, 4)), rng.choice((2, 4, 7, 12))
        with self.temporary(5) as (data, end, beyond, count, found):
            self.pointers(data, end)
            self.form("mov64_imm", count, imm=rounds)
            again, outside = self.label(), self.label()
            self.place(again)
            self.mov(beyond, data)
            self.form("add64_imm", beyond, imm=size)
            self.form("jgt_reg", beyond, end, to=outside)
            kept = sorted({7, 8, 9} - self.reserved)
            self.form(f"ldx{SIZES[size]}", found, data)
            into = rng.choice(kept)
            self.form(rng.choice(("add64_reg", "xor64_reg", "sub32_reg", "mul64_reg", "add32_reg")), into, found)
            if rng.random() < 0.4:
                self.form(f"stx{SIZES[size]}", data, into, 0)
            if rng.random() < 0.3:
                self.form(rng.choice(("jeq_imm", "jgt_imm", "jset32_imm")), found, imm=rng.choice((0, 7, 128)), to=outside)
            self.mov(data, beyond)
            self.form("add64_imm", count, imm=-1)
            self.form(rng.choice(("jne_imm", "jgt_imm", "jsgt_imm", "jne32_imm")), count, imm=0, to=again)
            self.place(outside)
        self.settle()

    def pointers(self, data: int, end: int) -> None:
        """The packet's begin and end."""
        first, last = PACKET[self.kind]
        order = [(data, first), (end, last)]
        if self.rng.random() < 0.3:
            order.reverse()
        for register, offset in order:
            self.form("ldxw", register, CTX, offset)

    def check(self, beyond: int, end: int) -> int:
        """Go on where `beyond` is no further than the packet's end; the label of what comes otherwise."""
        outside = self.label()
        kind = self.rng.randrange(4)
        if kind == 0:
            self.form("jgt_reg", beyond, end, to=outside)
        elif kind == 1:
            self.form("jlt_reg", end, beyond, to=outside)
        else:
            inside = self.label()
            self.form("jle_reg", beyond, end, to=inside) if kind == 2 else self.form("jge_reg", end, beyond, to=inside)
            self.goto(outside)
            self.place(inside)
        return outside

    def settle(self) -> None:
        """After a join: only what always holds a number still does."""
        self.numbers &= set(KEPT)

    def length(self) -> None:
        """How long the packet is, by its pointers."""
        with self.temporary(2) as (data, end):
            self.pointers(data, end)
            self.form("sub64_reg", end, data)
            self.numbers.add(end)
            self.mov(self.changed(), end)

    def adjust(self) -> None:
        """The packet's ends move."""
        rng = self.rng
        self.mov(1, CTX)
        helper = rng.choice((ADJUST_HEAD, ADJUST_TAIL, ADJUST_META))
        self.numbers -= {1, 2}
        if rng.random() < 0.3 and helper == ADJUST_HEAD:
            self.masked(2, 8)
        else:
            self.form("mov64_imm", 2, imm=rng.choice((-16, -8, -4, 4, 8, 2, -3) if helper != ADJUST_META else (-8, -4, -16, 4)))
        self.call(helper)

    def skb_bytes(self) -> None:
        """Bytes copied out of or into a socket buffer."""
        rng = self.rng
        size = rng.choice((1, 2, 4, 8, 16))
        self.numbers -= {1, 2, 3, 4, 5}
        self.form("mov64_imm", 2, imm=rng.choice((0, 4, 12, 20, 60, 200)))
        if rng.random() < 0.5:
            self.masked(2, 64)
        self.mov(3, FP)
        self.form("add64_imm", 3, imm=SCRATCH + rng.randrange(0, SCRATCH_BYTES - size + 1, 8))
        self.form("mov64_imm", 4, imm=size)
        self.mov(1, CTX)
        if self.kind == "sched_cls" and rng.random() < 0.5:
            self.form("mov64_imm", 5, imm=0)
            self.call(SKB_STORE)
        else:
            self.call(SKB_LOAD)

    def packet_load(self) -> None:
        """LD_ABS or LD_IND: a packet that is too short ends the program."""
        rng = self.rng
        letters = rng.choice(("b", "h", "w"))
        if rng.random() < 0.5:
            self.form(f"ldabs{letters}", imm=rng.choice((0, 1, 4, 9, 12, 13, 14, 20, 40)))
        else:
            with self.temporary(1) as (index,):
                self.masked(index, rng.choice((4, 16, 64)))
                self.form(f"ldind{letters}", src=index, imm=rng.choice((0, 1, 6, 14)))
        self.clobber()

    # ---- context, helpers without memory

    def context(self) -> None:
        """A field of the context."""
        rng = self.rng
        writable = WRITABLE[self.kind]
        if writable and rng.random() < 0.4:
            offset, size = rng.choice(writable)
            wide = min(size, 4)
            self.form(f"stx{SIZES[wide]}", CTX, self.number(), offset + rng.randrange(0, size - wide + 1, 4))
            return
        offset, size = rng.choice(READABLE[self.kind])
        self.form("ldxw", self.read_into(), CTX, offset + rng.randrange(0, size - 3, 4))

    def read_into(self) -> int:
        """A register that a number comes to."""
        dst = self.writable()
        self.numbers.add(dst)
        return dst

    def checksum(self) -> None:
        """A checksum over numbers of the frame."""
        rng = self.rng
        self.numbers -= {1, 2, 3, 4, 5}
        first, second = rng.choice((0, 4, 16, 32)), rng.choice((4, 8, 32))
        self.mov(1, FP)
        self.form("add64_imm", 1, imm=SCRATCH)
        self.form("mov64_imm", 2, imm=first)
        self.mov(3, FP)
        self.form("add64_imm", 3, imm=SCRATCH + 32)
        self.form("mov64_imm", 4, imm=second)
        self.mov(5, rng.choice(KEPT))
        self.call(CSUM_DIFF)

    def processor(self) -> None:
        """On which CPU it runs."""
        self.call(CPU)
