"""Accepted programs on inputs made to hurt: lengths around every constant of the program, maps that are empty, full, or anything.

with Attack(program, module) as attack:
    attack.first_trap(random.Random(7), 12)         Failure(kind="access", …), None where every run came to its end
"""

from __future__ import annotations

import random
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final

from bpfcc.bpfir.ops import Load, Value
from bpfcc.counterexamples.inputs import FILL, LENGTH, Shape, special_members
from bpfcc.counterexamples.mutations import TCP_IN_IPV4, UDP_IN_IPV4, UDP_IN_IPV6
from bpfcc.errors import InputError, Trap
from bpfcc.execution import RAW, Executable, needed_maps
from bpfcc.program import tail_callable
from bpfcc.runtime.maps import KeyedMap, MapError, PerCpuMap, QueueMap
from bpfcc.runtime.options import RunOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.counterexamples.expressions import Model
    from bpfcc.counterexamples.inputs import Given
    from bpfcc.program import Program

STEPS: Final = 200_000
LENGTHS: Final = (0, 1, 2, 13, 14, 15, 33, 34, 35, 41, 42, 53, 54, 64, 128, 256, 1514)
MAX_LENGTH: Final = 4096
BYTES: Final = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
HEADERS: Final = (UDP_IN_IPV4, TCP_IN_IPV4, UDP_IN_IPV6)
FILLED: Final = 48
MAX_VALUE: Final = 4096


class Failure(NamedTuple):
    """A run that did what no accepted program does."""

    kind: str
    message: str
    insn: int | None
    given: Given | None


def constants_of(module: Module) -> list[int]:
    """Small constants of the program, as they stand in its operations."""
    found: set[int] = set()
    for fn in module.functions:
        for block in fn.blocks:
            for op in block.all_ops():
                for name in op.USES:
                    operand = getattr(op, name)
                    if type(operand) is not Value:
                        found |= {operand & 0xFFFF_FFFF, -operand & 0xFFFF_FFFF, operand >> 8 & 0xFF}
                if isinstance(op, Load):
                    found.add(op.offset + op.size_bytes)
    return sorted(c for c in found if 0 <= c <= MAX_LENGTH)


def lengths_of(module: Module) -> list[int]:
    """Lengths at which something may be decided differently."""
    found = set(LENGTHS)
    constants = constants_of(module)
    for c in constants:
        found |= {c - 1, c, c + 1, c + 14, c + 13}
    # Offsets are often added up.
    for a in constants[:12]:
        for b in constants[:12]:
            found |= {a + b, a + b - 1}
    return sorted(n for n in found if 0 <= n <= MAX_LENGTH)


@final
class Inputs:
    """What one program is run on."""

    def __init__(self, shape: Shape, module: Module) -> None:
        self.shape = shape
        self.lengths = lengths_of(module)
        self.constants = [c & 0xFF for c in constants_of(module)] or [0]

    def models(self, rng: random.Random) -> Iterator[Model]:
        """Inputs without end, the plainest first."""
        yield {LENGTH: 0}
        yield {LENGTH: 1514, FILL: 0xFF}
        number = 0
        while True:
            number += 1
            model: Model = {LENGTH: rng.choice(self.lengths), FILL: rng.choice((0, 0, 0xFF, rng.randrange(256)))}
            link = 14 if self.shape.spec.packet == "link" else 0
            if number % 2:
                header = rng.choice(HEADERS)
                model |= {("packet", at - 14 + link): byte for at, byte in header.items() if at >= 14 - link}
            place = "data" if self.shape.type == RAW else "packet"
            for _ in range(rng.choice((0, 2, 8, 40))):
                model[place, rng.randrange(rng.choice((16, 64, 128)))] = self.byte(rng)
            for offset in rng.sample(sorted(self.shape.fields), min(len(self.shape.fields), rng.choice((0, 4, 16)))):
                model["context", offset] = self.byte(rng)
            if self.shape.context_size and not self.shape.takes_packets:
                for _ in range(rng.choice((0, 8, 32))):
                    model["context", rng.randrange(self.shape.context_size)] = self.byte(rng)
            yield model

    def byte(self, rng: random.Random) -> int:
        """A byte at which something may be decided."""
        kind = rng.randrange(4)
        if kind == 0:
            return rng.randrange(256)
        return rng.choice(BYTES) if kind == 1 else (rng.choice(self.constants) + rng.choice((-1, 0, 0, 1))) & 0xFF

    def content(self, rng: random.Random, size: int) -> bytes:
        """A value of a map."""
        kind = rng.randrange(5)
        if kind < 2:
            return bytes([rng.choice((0, 0xFF, 1, 0x7F, 0x80))]) * size
        if kind == 2:
            return rng.randbytes(size)
        words = b"".join(
            (rng.choice(self.constants) + rng.choice((-1, 0, 1)) & 0xFFFF_FFFF).to_bytes(4, "little") for _ in range(size // 4 + 1)
        )
        return words[:size]

    def entries(self, rng: random.Random, spec: MapSpec) -> dict[bytes, bytes]:
        """What another process may have put into a map; nothing where that is not known to be allowed."""
        if (
            spec.type not in KEYED
            or spec.read_only_program
            or spec.value_size > MAX_VALUE
            or any(each is not None for each in special_members(spec))
        ):
            return {}
        return {key: self.content(rng, spec.value_size) for key in keys_of(rng, spec.type, spec.key_size, spec.max_entries)}


def keys_of(rng: random.Random, kind: str, size: int, entries: int) -> Sequence[bytes]:
    """Keys that a program may look up."""
    if kind.endswith("array"):
        last = entries - 1
        return [index.to_bytes(4, "little") for index in dict.fromkeys((0, min(1, last), last, *range(min(entries, 8))))]
    found = [bytes(size), b"\xff" * size, b"\1" + bytes(size - 1), *(rng.randbytes(size) for _ in range(rng.choice((0, FILLED))))]
    if kind == "lpm_trie":
        found = [rng.randrange(8 * (size - 4) + 1).to_bytes(4, "little") + key[4:] for key in found]
    return found[:entries]


@final
class Attack:
    """One accepted program, prepared once. `longest`: what the verifier says that a run takes at most."""

    def __init__(self, program: Program, module: Module, longest: int | None = None) -> None:
        self.program = program
        self.module = module
        self.shape = Shape(program, module)
        self.inputs = Inputs(self.shape, module)
        chain = list(tail_callable(program))
        self.longest = longest if len(chain) == 1 else None
        with ExitStack() as stack:
            self.exe = stack.enter_context(
                Executable(
                    [module, *(each.ir for each in chain[1:])], [each.name for each in chain], needed_maps(chain),
                    program_type=program.type or RAW, attach_type=program.attach_type, options=RunOptions(seed=7),
                )
            )  # fmt: skip
            self.stack = stack.pop_all()

    def first_trap(self, rng: random.Random, runs: int) -> Failure | None:
        """The first run that fails."""
        for number, model in zip(range(runs), self.inputs.models(rng), strict=False):
            given = self.shape.given(model)
            self.fill(rng, number)
            failure = self.run(given)
            if failure is not None:
                return failure
        return None

    def run(self, given: Given) -> Failure | None:
        """Run on one input; what was wrong."""
        context = given.context if given.context is not None else given.fields
        try:
            if self.exe.type == RAW:
                result = self.exe.run(data=given.data, steps=STEPS)
            elif self.exe.takes_packets:
                result = self.exe.run(packet=given.packet, context=context, steps=STEPS)
            else:
                result = self.exe.run(context=context, steps=STEPS)
        except Trap as trap:
            if trap.kind == "budget" and (self.longest is None or self.longest >= STEPS):
                return None
            return Failure(trap.kind, str(trap), trap.insn, given)
        if self.longest is not None and result.steps is not None and result.steps > self.longest:
            return Failure("bound", f"{result.steps} steps, and at most {self.longest} were said", None, given)
        return None

    def fill(self, rng: random.Random, number: int) -> None:
        """Maps as another process may have left them; empty in the first runs."""
        for made in self.exe.maps.values():
            if number < 3 or rng.random() < 0.3:
                continue
            with suppress(MapError, InputError):
                if isinstance(made, QueueMap):
                    made.push(made.values_as.decode(self.inputs.content(rng, made.spec.value_size)))
                elif isinstance(made, KeyedMap):
                    for key, value in self.inputs.entries(rng, made.spec).items():
                        each = value + bytes(-len(value) % 8)
                        made.write_bytes(key, each * made.cpus if isinstance(made, PerCpuMap) else value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()


KEYED: Final = frozenset({"array", "percpu_array", "hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "lpm_trie"})
