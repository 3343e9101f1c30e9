"""Random programs that end and that the verifier accepts, nearly all of them, reaching every instruction of the table.

    case = generate(random.Random(7))           its programs (the first is run, the others are tail-called), its maps
    case.programs[0].code

Each program uses some of the pieces much and others not at all. What it computed is in its packet, its maps and r0 at the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.fuzzing.case import Case, Part
from tests.fuzzing.code import assemble
from tests.fuzzing.memory import COUNTERS, PASSED, SCRATCH
from tests.fuzzing.tables import CONSTANT, GLOBAL, JUMPS, POOL, TableWriter
from tests.fuzzing.writer import CTX, FP, KEPT

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from bpfcc.bpfir.module import MapSpec

KINDS: Final = ("xdp", "xdp", "xdp", "sched_cls", "sched_cls", "socket_filter")
TAIL_CALL, FOR_EACH, LOOP = 12, 164, 181
MAX_DEPTH: Final = 3
# Rounds of a loop that has others around it.
ROUNDS: Final = ((1, 2, 3, 5, 8, 10), (2, 3, 4), (2,))
Piece = tuple[str, "Callable[[], None]"]


class Generator(TableWriter):
    """Writes one program: its entry, then the functions that it calls."""

    def __init__(self, rng: random.Random, kind: str, maps: Sequence[MapSpec]) -> None:
        super().__init__(rng, kind, maps)
        self.out = self.label()
        self.loops = 0
        self.depth = 0
        # Functions that are still to be written: label, level, and what it is.
        self.pending: list[tuple[int, int, str]] = []
        self.level = 0
        self.callback = False
        self.weights: dict[str, float] = {}
        # Kernels want type information where packet loads and functions meet: there is none here.
        self.classic = kind == "socket_filter" and rng.random() < 0.7

    # ---- which pieces

    def pieces(self) -> list[Piece]:
        """What may be written here."""
        found: list[Piece] = [
            ("arithmetic", self.arithmetic), ("arithmetic", self.arithmetic), ("frame", self.frame), ("frame_indexed", self.frame_indexed),
            ("frame_atomic", self.frame_atomic), ("choice", self.choice), ("loop", self.loop), ("leave", self.leave),
            ("processor", self.processor),
        ]  # fmt: skip
        if self.direct:
            found.append(("checksum", self.checksum))
        if self.has_context:
            found += [("context", self.context)]
            if self.direct:
                found += [("packet", self.packet), ("packet_indexed", self.packet_indexed), ("packet_walk", self.packet_walk)]
                found += [("length", self.length)]
            if self.kind == "xdp":
                found.append(("adjust", self.adjust))
            else:
                found.append(("skb_bytes", self.skb_bytes))
            if self.classic and self.level == 0:
                found.append(("packet_load", self.packet_load))
        if self.has_passed:
            found.append(("passed", self.passed))
        if self.tables:
            found += [("lookup", self.lookup), ("lookup", self.lookup), ("update", self.update), ("delete", self.delete)]
        if self.globals:
            found.append(("variable", self.variable))
        if self.level < 2 and not self.classic and not self.callback:
            found += [("function", self.function), ("bpf_loop", self.bpf_loop)]
            if any(self.maps[index].type == "array" for index in self.tables):
                found.append(("for_each", self.for_each))
        if self.level == 0 and any(spec.type == "prog_array" for spec in self.maps):
            found.append(("tail_call", self.tail_call))
        return found

    def body(self, count: int) -> None:
        """So many pieces."""
        pieces = self.pieces()
        weights = [self.weights.setdefault(name, self.rng.choice((0, 0.5, 1, 1, 3))) or 0.01 for name, _ in pieces]
        for _ in range(count):
            name, piece = self.rng.choices(pieces, weights)[0]
            if self.depth < MAX_DEPTH or name not in ("choice", "loop"):
                piece()

    def arithmetic(self) -> None:
        """Several operations on numbers."""
        for _ in range(self.rng.choice((1, 3, 6, 10))):
            self.alu()

    # ---- control flow

    def choice(self) -> None:
        """One way or the other."""
        self.depth += 1
        other, end = self.label(), self.label()
        self.branch(other)
        before = set(self.numbers)
        self.body(self.rng.choice((1, 1, 2, 3)))
        after = set(self.numbers)
        if self.rng.random() < 0.6:
            self.goto(end)
            self.place(other)
            self.numbers = before
            self.body(self.rng.choice((1, 1, 2)))
            self.numbers &= after
        else:
            self.place(other)
            self.numbers = before & after
        self.place(end)
        self.depth -= 1

    def leave(self) -> None:
        """An early end."""
        self.branch(self.out)

    def loop(self) -> None:
        """A loop that counts up or down, in a register or in the frame, tested before or after."""
        if self.loops >= 2:
            return
        free = sorted(set(KEPT) - self.reserved)
        rounds = self.rng.choice(ROUNDS[self.loops])
        self.depth += 1
        self.loops += 1
        if len(free) > 1 and self.rng.random() < 0.75:
            self._register_loop(self.rng.choice(free), rounds)
        else:
            self._frame_loop(COUNTERS[self.loops - 1], rounds)
        self.loops -= 1
        self.depth -= 1

    def _register_loop(self, counter: int, rounds: int) -> None:
        rng = self.rng
        bits = rng.choice(("", "", "32"))
        step = rng.choice((1, 1, 1, 2, 3))
        up = rng.random() < 0.6
        first = rng.choice((0, 0, 1, 5)) if up else rounds * step
        last = first + rounds * step if up else 0
        again, done = self.label(), self.label()
        self.form("mov64_imm", counter, imm=first)
        self.numbers.add(counter)
        before = rng.random() < 0.4
        self.reserved.add(counter)
        entering = self._enter()
        self.place(again)
        if before:
            stop = ("jge", "jeq", "jsge") if up else ("jeq", "jle", "jsle")
            self.form(f"{rng.choice(stop)}{bits}_imm", counter, imm=last, to=done)
        self._round(done)
        self._repair(entering)
        self.form("add64_imm" if up else "sub64_imm", counter, imm=step)
        if before:
            self.goto(again)
        else:
            go = ("jlt", "jne", "jslt") if up else ("jne", "jgt", "jsgt")
            self.form(f"{rng.choice(go)}{bits}_imm", counter, imm=last, to=again)
        self.place(done)
        self.reserved.discard(counter)
        self.settle()

    def _frame_loop(self, slot: int, rounds: int) -> None:
        rng = self.rng
        size = rng.choice(("w", "dw"))
        again, done = self.label(), self.label()
        self.form(f"st{size}", FP, off=slot, imm=0)
        entering = self._enter()
        self.place(again)
        self._round(done)
        self._repair(entering)
        with self.temporary(1) as (count,):
            self.form(f"ldx{size}", count, FP, slot)
            self.form("add64_imm", count, imm=1)
            self.form(f"stx{size}", FP, count, slot)
            self.form(rng.choice(("jlt_imm", "jne_imm", "jle_imm")), count, imm=rounds, to=again)
        self.place(done)
        self.settle()

    def _enter(self) -> set[int]:
        if self.rng.random() < 0.7:
            self.settle()
        return set(self.numbers)

    def _round(self, done: int) -> None:
        """What is done in a loop, with a way out now and then."""
        rng = self.rng
        self.body(rng.choice((1, 1, 2, 3)))
        if rng.random() < 0.3:
            self.branch(done)
            self.body(1)

    def _repair(self, wanted: set[int]) -> None:
        """Numbers that the next round counts on."""
        for register in sorted(wanted - self.numbers):
            self.form("mov64_imm", register, imm=self.rng.randrange(8))
        self.numbers |= wanted

    # ---- functions

    def target(self, kind: str, level: int) -> int:
        """A function that is written later, or one of its kind that is already asked for."""
        known = [label for label, at, what in self.pending if what == kind and at == level]
        if known and self.rng.random() < 0.4:
            return self.rng.choice(known)
        label = self.label()
        self.pending.append((label, level, kind))
        return label

    def function(self) -> None:
        """r1 = the context (or a number), r2 = a number, r3 = 16 bytes of the frame."""
        rng = self.rng
        self.mov(2, self.number())
        self.mov(3, FP)
        self.form("add64_imm", 3, imm=SCRATCH + 8 * rng.randrange(7))
        self.mov(1, CTX) if self.has_context else self.form("mov64_imm", 1, imm=3)
        self.form("call_local", to=self.target("context" if self.has_context else "plain", self.level + 1))
        self.clobber()

    def bpf_loop(self) -> None:
        """A function is called several times."""
        rng = self.rng
        self.numbers -= {1, 2, 3, 4}
        self.form("mov64_imm", 1, imm=rng.choice((0, 1, 3, 6)))
        if rng.random() < 0.3:
            self.masked(1, 4)
        self.emit(0x18, 2, 4, to=self.target("loop", self.level + 1))
        self.mov(3, FP)
        self.form("add64_imm", 3, imm=SCRATCH + 8 * rng.randrange(7))
        self.form("mov64_imm", 4, imm=0)
        self.call(LOOP)

    def for_each(self) -> None:
        """A function is called for each element of an array."""
        rng = self.rng
        index = rng.choice([index for index in self.tables if self.maps[index].type == "array"])
        self.numbers -= {1, 2, 3, 4}
        self.map(1, index)
        self.emit(0x18, 2, 4, to=self.target("element", self.level + 1))
        self.mov(3, FP)
        self.form("add64_imm", 3, imm=SCRATCH + 8 * rng.randrange(7))
        self.form("mov64_imm", 4, imm=0)
        self.call(FOR_EACH)

    def tail_call(self) -> None:
        """Another program goes on, where there is one at that place."""
        rng = self.rng
        index = next(at for at, spec in enumerate(self.maps) if spec.type == "prog_array")
        self.numbers -= {1, 2, 3}
        if rng.random() < 0.5:
            self.masked(3, 8)
        else:
            self.form("mov64_imm", 3, imm=rng.randrange(5))
        self.mov(1, CTX)
        self.map(2, index)
        self.form("call_helper", imm=TAIL_CALL)
        self.clobber()
        self.numbers.discard(0)

    def _begin(self, kind: str) -> None:
        """Arguments to their places, numbers into every register that has to have one."""
        rng = self.rng
        self.numbers = set()
        self.reserved = {CTX, FP}
        self.has_context = kind in ("entry", "context")
        self.has_passed = kind != "entry"
        self.callback = kind in ("loop", "element")
        given = {"context": 2, "plain": 2, "loop": 1}.get(kind)
        self.mov(CTX, 1) if self.has_context else self.form("mov64_imm", CTX, imm=0)
        for register in KEPT:
            if given is not None and register == 7:
                self.mov(register, given)
            elif register == 8 and rng.random() < 0.3:
                self.wide(register, rng.randrange(1 << 64))
            else:
                self.form("mov64_imm", register, imm=self.edge())
            self.numbers.add(register)
        if self.has_passed:
            self.form("stxdw", FP, {"loop": 2, "element": 4}.get(kind, 3), PASSED)
        if kind == "element":
            self.form("ldxw", 7, 2, 0)
            self.form("ldxw", 8, 3, 0)
            if rng.random() < 0.7:
                self.form("stxw", 3, rng.choice(KEPT), 4)
        if kind == "entry" and self.variables and rng.random() < 0.8:
            self.map_value(1, self.variables[0], 0)
            for register in rng.sample(KEPT, rng.choice((1, 2, 3))):
                self.form(rng.choice(("ldxdw", "ldxdw", "ldxw", "ldxsw")), register, 1, 8 * rng.randrange(8))
        self.fill_frame()

    def entry(self, size: int) -> None:
        """The program's own function."""
        self._begin("entry")
        self.body(size)
        self.place(self.out)
        self.settle()
        if self.variables and self.rng.random() < 0.8:
            self.map_value(1, self.variables[0], 0)
            for number, register in enumerate(KEPT):
                self.form("stxdw", 1, register, 8 * number)
            for number, offset in enumerate(self.rng.sample(range(SCRATCH, 0, 8), 4), len(KEPT)):
                self.form("ldxdw", 0, FP, offset)
                self.form("stxdw", 1, 0, 8 * number)
        self.form("mov64_reg", 0, 7)
        for register in (8, 9):
            self.form(self.rng.choice(("add64_reg", "xor64_reg")), 0, register)
        for offset in self.rng.sample(range(SCRATCH, 0, 8), 6):
            self.form("ldxdw", 1, FP, offset)
            self.form("xor64_reg", 0, 1)
        self.mov(1, 0)
        self.form("rsh64_imm", 1, imm=32)
        self.form("xor64_reg", 0, 1)
        self.form("exit")

    def functions(self) -> None:
        """What was asked for, and what that asks for."""
        for label, level, kind in self.pending:
            self.out = self.label()
            self.level = level
            self.depth = self.loops = 0
            self.place(label)
            self._begin(kind)
            self.body(self.rng.choice((1, 2, 3, 5)))
            self.place(self.out)
            self.settle()
            self.form("mov64_reg", 0, self.rng.choice(KEPT))
            if self.callback:
                self.form("and64_imm", 0, imm=self.rng.choice((0, 1)))
            self.form("exit")


def chosen_maps(rng: random.Random) -> list[MapSpec]:
    """Maps of one case."""
    found = [POOL[name] for name in rng.sample(sorted(POOL), rng.choice((0, 1, 1, 2, 3)))]
    if rng.random() < 0.9:
        found.append(GLOBAL)
    if rng.random() < 0.25:
        found.append(CONSTANT)
    return found


def generate(rng: random.Random) -> Case:
    """One case."""
    kind = rng.choice(KINDS)
    maps = chosen_maps(rng)
    names = ["main"]
    if rng.random() < 0.2:
        names += ["next", "last"][: rng.choice((1, 2))]
        # They may call each other, and themselves: Linux ends that after 33 calls.
        values = {index: rng.choice(names[1:]) for index in range(3) if rng.random() < 0.8}
        maps.append(replace(JUMPS, values=values))
    parts = []
    for name in names:
        writer = Generator(rng, kind, maps)
        writer.entry(rng.choice((2, 4, 6, 8, 12)))
        writer.functions()
        parts.append(Part(name, assemble(writer.lines())))
    return Case(kind, tuple(parts), tuple(maps))
