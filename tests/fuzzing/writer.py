"""What writes programs: instructions, labels, and which registers hold numbers at each place.

    w = Writer(rng, "xdp")
    w.emit(0xB7, 7, imm=3); over = w.label(); w.branch(over); …; w.place(over)
    w.lines()                       jumps name lines (see tests.fuzzing.code)

r6 is the context, r7 to r9 always hold numbers; r0 to r5 hold what the moment needs. A register in `numbers` may be read as a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import FORM
from tests.fuzzing.code import Line

if TYPE_CHECKING:
    import random

CTX, FP = 6, 10
KEPT: Final = (7, 8, 9)
SIZES: Final = {1: "b", 2: "h", 4: "w", 8: "dw"}
EDGES: Final = (0, 1, -1, 2, 7, 8, 31, 32, 63, 64, 255, 0x80, 0x8000, 0xFFFF, 0x7FFF_FFFF, -0x8000_0000, -0x7FFF_FFFF, 0x5555_5555)
WIDE: Final = (0, 1, 1 << 63, (1 << 63) - 1, (1 << 64) - 1, 1 << 32, (1 << 32) - 1, 0x8000_0000, 0x0123_4567_89AB_CDEF)
CONDITIONS: Final = ("jeq", "jne", "jgt", "jge", "jlt", "jle", "jsgt", "jsge", "jslt", "jsle", "jset")
KINDS: Final = ("add", "sub", "mul", "div", "sdiv", "or", "and", "lsh", "rsh", "mod", "smod", "xor", "arsh")
ATOMICS: Final = ("add", "or", "and", "xor", "add_fetch", "or_fetch", "and_fetch", "xor_fetch", "xchg", "cmpxchg")


class Writer:
    """The code of one program, function after function."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._insns: list[tuple[Insn, int | None]] = []
        self._places: list[int | None] = []
        self.numbers: set[int] = set()
        # Not to be written: counters of loops, addresses in use.
        self.reserved: set[int] = {CTX, FP}

    # ---- instructions

    def label(self) -> int:
        """A place that is not yet known."""
        self._places.append(None)
        return len(self._places) - 1

    def place(self, label: int) -> None:
        """It is here."""
        self._places[label] = len(self._insns)

    def emit(self, opcode: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0, imm2: int = 0, to: int | None = None) -> None:
        """One instruction; `to` is the label that it leads to."""
        self._insns.append((Insn(opcode, dst, src, off, imm, imm2), to))

    def form(self, name: str, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0, to: int | None = None) -> None:
        """One instruction by its name in the table."""
        row = FORM[name]
        self.emit(
            row.opcode, dst,
            row.src if isinstance(row.src, int) else src,
            row.off if isinstance(row.off, int) else off,
            row.imm if isinstance(row.imm, int) else imm,
            to=to,
        )  # fmt: skip

    def lines(self) -> list[Line]:
        """What was written."""
        return [Line(insn, None if to is None else self._places[to]) for insn, to in self._insns]

    def mov(self, dst: int, src: int) -> None:
        """dst = src, and no longer a number of the program's where it is an address."""
        self.form("mov64_reg", dst, src)

    def set(self, dst: int, imm: int) -> None:
        """dst = imm"""
        self.form(self.rng.choice(("mov64_imm", "mov32_imm")) if imm >= 0 else "mov64_imm", dst, imm=imm)
        self.numbers.add(dst)

    def wide(self, dst: int, imm: int) -> None:
        """dst = a number of 64 bits"""
        low, high = imm & 0xFFFF_FFFF, imm >> 32
        self.emit(0x18, dst, imm=low - (low >> 31 << 32), imm2=high - (high >> 31 << 32))
        self.numbers.add(dst)

    def map(self, dst: int, index: int) -> None:
        """dst = a map"""
        self.numbers.discard(dst)
        self.emit(0x18, dst, 1, imm=index)

    def map_value(self, dst: int, index: int, offset: int) -> None:
        """dst = an address in the one value of a map"""
        self.numbers.discard(dst)
        self.emit(0x18, dst, 2, imm=index, imm2=offset)

    def call(self, helper: int) -> None:
        """A helper; r0 is a number afterwards."""
        self.form("call_helper", imm=helper)
        self.clobber()

    def clobber(self) -> None:
        """What a call leaves."""
        self.numbers -= {1, 2, 3, 4, 5}
        self.numbers.add(0)

    # ---- registers

    def number(self) -> int:
        """A register that holds a number."""
        return self.rng.choice(sorted(self.numbers))

    def writable(self) -> int:
        """A register that may be written as a number."""
        return self._preferred([register for register in range(10) if register not in self.reserved])

    def changed(self) -> int:
        """A register that holds a number and may be written."""
        return self._preferred(sorted(self.numbers - self.reserved))

    def _preferred(self, registers: list[int]) -> int:
        """Mostly one whose number is still there at the end."""
        kept = [register for register in registers if register in KEPT]
        return self.rng.choice(kept if kept and self.rng.random() < 0.6 else registers)

    def temporaries(self, count: int) -> list[int]:
        """Registers for addresses; they hold no numbers any more."""
        free = [register for register in range(6) if register not in self.reserved]
        found = self.rng.sample(free, count)
        self.numbers -= set(found)
        return found

    def edge(self) -> int:
        """An immediate."""
        rng = self.rng
        return rng.choice(EDGES) if rng.random() < 0.8 else rng.randrange(-(1 << 31), 1 << 31)

    # ---- numbers

    def alu(self) -> None:
        """One operation on numbers."""
        rng = self.rng
        kind = rng.randrange(12)
        width = rng.choice((32, 64))
        if kind < 4:
            name = rng.choice(KINDS)
            self.form(f"{name}{width}_reg", self.changed(), self.number())
        elif kind < 8:
            name = rng.choice(KINDS)
            imm = self.edge()
            if name in ("lsh", "rsh", "arsh"):
                imm = rng.choice((0, 1, 7, 8, 16, 31, width - 1, rng.randrange(width)))
            elif name in ("div", "mod", "sdiv", "smod") and not imm:
                imm = -1
            self.form(f"{name}{width}_imm", self.changed(), imm=imm)
        elif kind < 9:
            self.form(f"neg{width}", self.changed())
        elif kind < 10:
            name = rng.choice([f"{order}{bits}" for order in ("le", "be", "bswap") for bits in (16, 32, 64)])
            self.form(name, self.changed())
        else:
            self.move(width)

    def move(self, width: int) -> None:
        """A number to another register."""
        rng = self.rng
        dst, src = self.writable(), self.number()
        kind = rng.randrange(5)
        if kind < 2:
            self.form(f"mov{width}_reg", dst, src)
        elif kind < 3:
            self.form(rng.choice(("movs8_32", "movs16_32", "movs8_64", "movs16_64", "movs32_64")), dst, src)
        elif kind < 4:
            self.form(f"mov{width}_imm", dst, imm=self.edge())
        else:
            self.wide(dst, rng.choice(WIDE) if rng.random() < 0.6 else rng.randrange(1 << 64))
        self.numbers.add(dst)

    def branch(self, to: int) -> None:
        """A condition on numbers."""
        rng = self.rng
        name = rng.choice(CONDITIONS) + rng.choice(("", "32"))
        if rng.random() < 0.5:
            self.form(f"{name}_reg", self.number(), self.number(), to=to)
        else:
            self.form(f"{name}_imm", self.number(), imm=self.edge(), to=to)

    def goto(self, to: int) -> None:
        """Jump, near or far."""
        self.form("gotol" if self.rng.random() < 0.3 else "ja", to=to)

    def masked(self, dst: int, most: int) -> None:
        """dst = a number in [0, most), in one of the ways that compilers find; `most` is a power of two."""
        rng = self.rng
        src = rng.choice(sorted(self.numbers - {dst})) if self.numbers - {dst} else None
        if src is None:
            self.form("mov64_imm", dst, imm=rng.randrange(most))
            return
        self.mov(dst, src)
        kind = rng.random()
        if kind < 0.65:
            self.form(rng.choice(("and64_imm", "and32_imm")), dst, imm=most - 1)
        elif kind < 0.67:
            # Linux knows nothing of a remainder, and refuses most of what depends on it.
            self.form(rng.choice(("mod64_imm", "mod32_imm")), dst, imm=most)
        else:
            inside = self.label()
            self.form("jlt_imm", dst, imm=most, to=inside)
            self.form("mov64_imm", dst, imm=rng.randrange(most))
            self.place(inside)

    # ---- memory

    def load(self, base: int, offset: int, size: int, dst: int | None = None) -> None:
        """Read a number."""
        dst = self.writable() if dst is None else dst
        signed = size < 8 and self.rng.random() < 0.3
        self.form(f"ldx{'s' if signed else ''}{SIZES[size]}", dst, base, offset)
        self.numbers.add(dst)

    def store(self, base: int, offset: int, size: int) -> None:
        """Write one."""
        if self.rng.random() < 0.25:
            self.form(f"st{SIZES[size]}", base, off=offset, imm=self.edge())
        else:
            self.form(f"stx{SIZES[size]}", base, self.number(), offset)

    def access(self, base: int, offset: int, size: int, *, writable: bool = True) -> None:
        """Read or write."""
        if writable and self.rng.random() < 0.45:
            self.store(base, offset, size)
        else:
            self.load(base, offset, size)

    def atomic(self, base: int, offset: int, size: int) -> None:
        """An atomic operation, an ordered load or an ordered store."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.15:
            dst = self.writable()
            self.form(f"load_acquire_{SIZES[size]}", dst, base, offset)
            self.numbers.add(dst)
        elif kind < 0.3 or size < 4:
            self.form(f"store_release_{SIZES[size]}", base, self.number(), offset)
        else:
            name = rng.choice(ATOMICS)
            if name == "cmpxchg" and (0 in self.reserved or 0 not in self.numbers):
                if 0 in self.reserved:
                    name = "xchg"
                else:
                    self.mov(0, self.number())
                    self.numbers.add(0)
            register = self.changed() if "fetch" in name or name == "xchg" else self.number()
            self.form(f"{name}_{8 * size}", base, register, offset)
