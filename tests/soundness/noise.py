"""Input that makes no sense: random control flow over all instructions, and objects with something broken.

random_code(random.Random(7))                    bytes of a program: valid encodings, jumps to anywhere
survey(random_programs(range(100)), limit=10)    Survey(judged=100, worst=(0.2, "seed 61"), …)
"""

from __future__ import annotations

import functools
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from bpfcc.errors import BpfccError, InputError, UnsupportedError
from bpfcc.judgement import Rules, judge_program
from bpfcc.pipeline import Source, open_object
from bpfcc.program import Program
from bpfcc.runtime.specs import load_platform
from tests.data import compiled
from tests.property.mutations import mutate
from tests.property.programs import insn
from tests.soundness.generated import MAPS
from tests.twin_cases import SAFE, UNSAFE, cases, running_kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpfcc.smt import Smt

TYPES: Final = ("xdp", "xdp", "sched_cls", "socket_filter", "kprobe", "tracepoint", "raw", "cgroup_skb", "lsm", "tracing", "sk_lookup")
ALU: Final = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xA0, 0xB0, 0xC0)
JUMPS: Final = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0)
ATOMICS: Final = (0x00, 0x01, 0x40, 0x41, 0x50, 0x51, 0xA0, 0xA1, 0xE1, 0xF1)
NUMBERS: Final = (0, 1, 2, 4, 8, 14, 16, 34, 63, 64, 255, -1, -8, 0x7FFF_FFFF, -0x8000_0000, 0xFFFF, 0x10000)
SIZES: Final = (0x00, 0x08, 0x10, 0x18)
# Seconds that one verdict may take here, of this process's own time: the step budgets end it far below.
SECONDS_EACH: Final = 30.0
OBJECTS_OF_TESTS: Final = ("programs.bpf.c", "legacy.bpf.c", "values.bpf.c", "counterexamples.bpf.c")


class _Noise:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.length = rng.choice((5, 20, 20, 60, 60, 150, 400))
        self.helpers = sorted(load_platform("linux").helpers_by_id)
        self.starts: list[int] = []
        self.out: list[bytes] = []

    def register(self) -> int:
        return self.rng.randrange(10)

    def alu(self) -> None:
        rng = self.rng
        kind, base = rng.choice(ALU), rng.choice((4, 7))
        off = rng.choice((0, 1)) if kind in (0x30, 0x90) else rng.choice((0, 0, 8, 16)) if kind == 0xB0 else 0
        if kind == 0x80:
            self.out.append(insn(base | kind, self.register()))
        elif rng.random() < 0.5 or (kind == 0xB0 and off):
            self.out.append(
                insn(
                    base | 8 | kind, self.register(), rng.choice((self.register(), 10)) if kind != 0xB0 or not off else self.register(), off
                )
            )
        else:
            self.out.append(insn(base | kind, self.register(), 0, off, rng.choice(NUMBERS)))

    def swap(self) -> None:
        self.out.append(insn(self.rng.choice((0xD4, 0xDC, 0xD7)), self.register(), 0, 0, self.rng.choice((16, 32, 64))))

    def memory(self) -> None:
        rng = self.rng
        base = rng.choice((10, 10, 6, 7, self.register()))
        off = -rng.choice((1, 4, 8, 16, 64, 512)) if base == 10 else rng.choice((0, 4, 8, 12, 16, -4, 76, 80, 1000))
        kind = rng.randrange(5)
        size = rng.choice(SIZES)
        if kind < 2:
            self.out.append(insn(0x61 | size, self.register(), base, off))
        elif kind == 2:
            self.out.append(insn(0x62 | size, base, 0, off, rng.choice(NUMBERS)))
        elif kind == 3:
            self.out.append(insn(0x63 | size, base, self.register(), off))
        else:
            self.out.append(insn(rng.choice((0xC3, 0xDB)), base, self.register(), off, rng.choice(ATOMICS)))

    def packet(self) -> None:
        rng = self.rng
        opcode = rng.choice((0x20, 0x28, 0x30, 0x40, 0x48, 0x50))
        self.out.append(insn(opcode, 0, self.register() if opcode & 0x40 else 0, 0, rng.choice(NUMBERS)))

    def wide(self) -> None:
        rng = self.rng
        source = rng.choice((0, 1, 1, 2, 4))
        imm = rng.randrange(len(MAPS)) if source in (1, 2) else rng.choice(NUMBERS)
        if source == 4 and not self.starts:
            source = 0
        if source == 4:
            imm = rng.choice(self.starts) - len(self.out) - 1
        self.out += [insn(0x18, self.register(), source, 0, imm), insn(0, 0, 0, 0, 0 if source != 2 else rng.choice((0, 8, 4)))]

    def call(self) -> None:
        rng = self.rng
        if rng.random() < 0.25 and self.starts:
            self.out.append(insn(0x85, 0, 1, 0, rng.choice(self.starts) - len(self.out) - 1))
        elif rng.random() < 0.05:
            self.out.append(insn(0x8D, self.register()))
        else:
            if rng.random() < 0.7:
                self.out += [insn(0xBF, 2, 10), insn(0x07, 2, 0, 0, -8), insn(0x18, 1, 1, 0, rng.randrange(len(MAPS))), insn(0)]
            self.out.append(insn(0x85, 0, 0, 0, rng.choice((1, 1, 2, 3, 44, rng.choice(self.helpers)))))

    def jump(self) -> None:
        """To anywhere; the target is found when all is written."""
        rng = self.rng
        if rng.random() < 0.2:
            self.out.append(insn(rng.choice((0x05, 0x05, 0x06)), 15))
            return
        opcode = rng.choice((5, 6)) | rng.choice(JUMPS)
        dst = rng.choice((self.register(), 0, 7))
        if rng.random() < 0.5:
            self.out.append(insn(opcode | 8, dst, self.register(), 0x7FFF))
        else:
            self.out.append(insn(opcode, dst, 0, 0x7FFF, rng.choice(NUMBERS)))

    def leave(self) -> None:
        self.out.append(insn(0x95))

    def function(self, first: bool) -> None:
        rng = self.rng
        begin = len(self.out)
        if first or rng.random() < 0.5:
            self.out += [insn(0xBF, 6, 1), insn(0x61, 7, 6, 0), insn(0x61, 8, 6, 4), insn(0xB7, 0), insn(0x7B, 10, 7, -8)]
            self.out += [insn(0xB7, register, 0, 0, rng.choice(NUMBERS)) for register in (2, 3, 4, 5, 9)]
        steps: list[Callable[[], None]] = [self.alu] * 5 + [self.memory] * 4 + [self.jump] * 4 + [self.call, self.swap, self.wide]
        steps += [self.leave] if rng.random() < 0.5 else []
        steps += [self.packet] if rng.random() < 0.2 else []
        while len(self.out) - begin < self.length:
            rng.choice(steps)()
        self.out.append(insn(0x95))
        self.aim(begin)

    def aim(self, begin: int) -> None:
        """Give jumps their targets: any instruction of the function."""
        rng = self.rng
        at, places = begin, []
        while at < len(self.out):
            places.append(at)
            at += 2 if self.out[at][0] == 0x18 else 1
        local = rng.random() < 0.7
        for at in places:
            code = self.out[at]
            if code[0] & 7 not in (5, 6) or code[0] in (0x85, 0x8D, 0x95):
                continue
            near = [p for p in places if abs(p - at) < 12] if local else places
            ahead = [p for p in near if p > at]
            off = rng.choice(ahead if ahead and rng.random() < 0.75 else near) - at - 1
            if code[0] == 0x06 and code[1] == 15:
                self.out[at] = insn(0x06, 0, 0, 0, off)
            elif code[0] == 0x05 and code[1] == 15:
                self.out[at] = insn(0x05, 0, 0, off)
            else:
                self.out[at] = code[:2] + off.to_bytes(2, "little", signed=True) + code[4:]

    def program(self) -> bytes:
        functions = self.rng.choice((1, 1, 1, 2, 4))
        # Functions call each other before anyone knows where they begin; that is put right below.
        self.starts = [1_000_000 + each for each in range(functions)] if functions > 1 else []
        begins: list[int] = []
        for number in range(functions):
            begins.append(len(self.out))
            self.function(number == 0)
        for at, code in enumerate(self.out):
            if code[0] in (0x85, 0x18) and code[1] >> 4 in (1, 4) and (imm := int.from_bytes(code[4:], "little", signed=True)) > 900_000:
                index = imm + at + 1 - 1_000_000
                self.out[at] = code[:4] + (begins[index % functions] - at - 1).to_bytes(4, "little", signed=True)
        return b"".join(self.out)


def random_code(rng: random.Random) -> bytes:
    """One program."""
    return _Noise(rng).program()


@final
@dataclass(slots=True)
class Survey:
    """What judging many programs was like. `broken`: what was no clean answer."""

    judged: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    worst: tuple[float, str] = (0.0, "")
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = ", ".join(f"{count} {status}" for status, count in self.statuses.most_common())
        worst = f"worst {self.worst[0]:.2f} s ({self.worst[1]})"
        return f"{self.judged} judged ({said}) in {self.seconds:.0f} s of CPU; {worst}; {len(self.broken)} broken"


def survey(named: Iterable[tuple[str, Callable[[], Iterable[Program]]]], *, smt: Smt | None = None) -> Survey:
    """Judge programs; `named`: what makes them. Anything but a verdict or a clean error is noted."""
    found = Survey()
    rules = Rules("linux", explain=False)
    for name, make in named:
        begun = time.process_time()
        try:
            for program in make():
                verdict = judge_program(program, rules, kernel_types=running_kernel(), smt=smt)
                found.statuses[verdict.status] += 1
                found.judged += 1
        except (InputError, UnsupportedError) as error:
            found.statuses[type(error).__name__] += 1
        except BpfccError as error:
            found.broken.append(f"{name}: {error!r}")
        except (RecursionError, MemoryError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
            found.broken.append(f"{name}: {error!r} at {place_of(error)}")
        took = time.process_time() - begun
        found.seconds += took
        found.worst = max(found.worst, (took, name))
        if took > SECONDS_EACH:
            found.broken.append(f"{name}: {took:.1f} s")
    return found


def place_of(error: BaseException) -> str:
    """Where it was raised."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else "?"


def random_programs(seeds: Iterable[int]) -> Iterator[tuple[str, Callable[[], Iterable[Program]]]]:
    """Programs of random control flow."""
    for seed in seeds:
        rng = random.Random(seed)
        yield f"seed {seed}", functools.partial(_random_program, rng)


def _random_program(rng: random.Random) -> list[Program]:
    return [Program.from_bytes(random_code(rng), type=rng.choice(TYPES), maps=MAPS)]


@functools.cache
def objects(share: int = 1) -> tuple[tuple[str, bytes], ...]:
    """Our own objects: of the tests, the example, and of every `share`-th C twin both variants."""
    found = [(name, compiled(name)) for name in OBJECTS_OF_TESTS]
    for case in [case for case in cases() if case.is_c][::share]:
        found += [(f"{case.name} {variant}", case.object_bytes(variant)) for variant in (SAFE, UNSAFE)]
    return tuple(found)


def mutated_objects(seeds: Iterable[int], share: int = 1) -> Iterator[tuple[str, Callable[[], Iterable[Program]]]]:
    """Programs of objects with something broken."""
    made = objects(share)
    for seed in seeds:
        rng = random.Random(seed)
        name, data = made[seed % len(made)]
        data, done = mutate(data, rng)
        yield f"object {seed}, {name}: {done}", functools.partial(_programs_of, data)


def _programs_of(data: bytes) -> Iterator[Program]:
    yield from open_object(Source("mutated.o", data, compiled=True), isolated=False).programs.values()
