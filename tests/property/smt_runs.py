"""Random XDP programs, and runs of them on paper: what every value was on the part of the run that a query is about.

    prepared = prepare(random_code(random.Random(7)))
    run = execute(prepared.given.unit, Inputs(context=…, packet=b"…"))
    run.values[v9], run.path                  the last value of v9; blocks, loops left out but for their last round

The programs do arithmetic of every kind on two fields of the context and on bytes of the packet, branch forwards, go round small loops,
and access the packet with and without checks. They run on Python integers, with the tables of `bpfcc.bpfir.semantics`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bpfcc.bpfir.function import Block
from bpfcc.bpfir.ops import Alu, Assume, Branch, ByteSwap, Cast, Exit, FrameAddr, Jump, Load, Op, Operand, Store, Undef, Value
from bpfcc.bpfir.semantics import ALU, BSWAP, COMPARE, sext, zext
from bpfcc.judgement import Rules, request_for
from bpfcc.program import Program
from bpfcc.verifier.expand import expand
from bpfcc.verifier.linear import Linear
from bpfcc.verifier.places import find_places
from bpfcc.verifier.smt_cone import Writes
from bpfcc.verifier.smt_encode import Given
from bpfcc.verifier.solver import solve
from bpfcc.verifier.subjects import parameters_of, program
from bpfcc.verifier.unit import Surroundings, Unit
from bpfcc.verifier.versions import Versions
from tests.property.programs import insn

CONTEXT, PACKET, FRAME = 0x1_0000, 0x2_0000, 0x4_0000
WORD: Final = 1 << 64
# Of struct xdp_md: data, data_end, ingress_ifindex, rx_queue_index.
FIELDS: Final = {0: "data", 4: "end", 12: "first", 16: "second"}
CONSTANTS: Final = (0, 1, -1, 2, 3, 7, 8, 10, 14, 31, 63, 64, 255, 1500, 0x7FFF_FFFF, -0x8000_0000)
NUMBERS: Final = (0, 4, 5, 7, 8)
KINDS: Final = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x90, 0xA0, 0xC0)
JUMPS: Final = (0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0, 0xB0, 0xC0, 0xD0)


class Inputs(NamedTuple):
    """What a run is given."""

    first: int
    second: int
    packet: bytes


class Prepared(NamedTuple):
    """A program with what the verifier's first stage knows of it."""

    program: Program
    given: Given


class Outside(Exception):
    """An access outside of everything."""

    def __init__(self, op: Op) -> None:
        super().__init__()
        self.op = op


@dataclass(slots=True)
class Run:
    """Values, the blocks that count, and what ended it: the returned value or an operation that accessed what it may not."""

    values: dict[Value, int] = field(default_factory=dict)
    path: list[Block] = field(default_factory=list)
    returned: int | None = None
    trapped: Op | None = None


# ---- programs


class _Writer:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.out: list[bytes] = [insn(0xBF, 6, 1), insn(0x61, 7, 6, 12), insn(0x61, 8, 6, 16), insn(0x61, 2, 6, 0), insn(0x61, 3, 6, 4)]
        self.out += [insn(0xB7, r, 0, 0, rng.choice(CONSTANTS)) for r in (0, 4, 5)]

    def alu(self) -> None:
        rng = self.rng
        kind, base = rng.choice(KINDS), rng.choice((4, 7))
        offset = int(kind in (0x30, 0x90) and rng.random() < 0.5)
        if rng.random() < 0.4:
            self.out.append(insn(base | 8 | kind, rng.choice(NUMBERS), rng.choice(NUMBERS), offset))
        else:
            self.out.append(insn(base | kind, rng.choice(NUMBERS), 0, offset, rng.choice(CONSTANTS)))

    def move(self) -> None:
        rng = self.rng
        dst, src = rng.choice(NUMBERS), rng.choice(NUMBERS)
        kind = rng.randrange(4)
        forms = (
            insn(0xBF, dst, src),
            insn(0xBC, dst, src),
            insn(0xBF, dst, src, rng.choice((8, 16, 32))),
            insn(rng.choice((0xD4, 0xDC, 0xD7)), dst, 0, 0, rng.choice((16, 32, 64))),
        )
        self.out.append(forms[kind])

    def branch(self) -> None:
        """Around a few operations."""
        rng = self.rng
        at = len(self.out)
        self.out.append(b"")
        for _ in range(rng.randrange(1, 4)):
            rng.choice((self.alu, self.move))()
        opcode = rng.choice((5, 6)) | rng.choice(JUMPS)
        distance = len(self.out) - at - 1
        plain = rng.random() < 0.6
        source = (0, rng.choice(CONSTANTS)) if plain else (rng.choice(NUMBERS), 0)
        self.out[at] = insn(opcode | (0 if plain else 8), rng.choice(NUMBERS), source[0], distance, source[1])

    def loop(self) -> None:
        """A few rounds of a few operations, counted in r9."""
        rng = self.rng
        self.out.append(insn(0xB7, 9, 0, 0, rng.choice((0, 1, 3))))
        at = len(self.out)
        for _ in range(rng.randrange(1, 4)):
            rng.choice((self.alu, self.move, self.branch))()
        self.out.append(insn(0x07, 9, 0, 0, 1))
        self.out.append(insn(0xA5, 9, 0, at - len(self.out) - 1, rng.choice((3, 5))))

    def packet(self) -> None:
        """r1 = data + something; a byte or more at r1, behind a check that is right or wrong."""
        rng = self.rng
        size_code, size = rng.choice(((0x71, 1), (0x69, 2), (0x61, 4), (0x79, 8)))
        offset = rng.choice((0, 1, 4, 12))
        self.out.append(insn(0xBF, 1, 2))
        register = rng.choice(NUMBERS)
        if rng.random() < 0.6:
            self.out.append(insn(rng.choice((0x57, 0x54)), register, 0, 0, rng.choice((1, 15, 63, 255))))
            self.out.append(insn(0x0F, 1, register))
        if rng.random() < 0.5:
            self.out.append(insn(0x07, 1, 0, 0, rng.choice((1, 14, -1, 4))))
        wrong = rng.choice((0, 0, 0, 1, 4))
        self.out += [insn(0xBF, 0, 1), insn(0x07, 0, 0, 0, max(offset + size - wrong, 0))]
        checked = rng.random() < 0.9
        if checked:
            self.out.append(insn(rng.choice((0x2D, 0x3D)), 0, 3, 2))
        self.out += [insn(size_code, rng.choice((4, 5, 7)), 1, offset), insn(0xB7, 4, 0, 0, 1), insn(0xB7, 0, 0, 0, rng.choice(CONSTANTS))]

    def table(self) -> None:
        """A byte of 16 on the stack, the index in its bounds or nearly."""
        rng = self.rng
        index = rng.choice(NUMBERS)
        self.out += [insn(0x7A, 10, 0, -8, rng.choice(CONSTANTS)), insn(0x7A, 10, 0, -16, rng.choice(CONSTANTS))]
        way = rng.randrange(3)
        if way == 0:
            self.out.append(insn(0x57, index, 0, 0, rng.choice((15, 7, 31))))
        elif way == 1:
            self.out.append(insn(rng.choice((0x97, 0x94)), index, 0, 0, rng.choice((16, 10, 17))))
        else:
            self.out.append(insn(0x77, index, 0, 0, rng.choice((60, 28, 59))))
        self.out += [insn(0xBF, 1, 10), insn(0x07, 1, 0, 0, -16), insn(0x0F, 1, index), insn(0x71, rng.choice((4, 5, 7)), 1, 0)]

    def divided(self) -> None:
        """A remainder, or nearly, as compilers write it."""
        rng = self.rng
        index = rng.choice(NUMBERS[1:])
        divisor = rng.choice((3, 10, 11, 48))
        places = 32 + (divisor - 1).bit_length()
        factor = -(-(1 << places) // divisor) + rng.choice((0, 0, 0, 1, -1))
        if factor >= 1 << 32:
            factor, places = factor >> 1, places - 1
        word = 5 if index != 5 else 4
        self.out += [insn(0xBC, index, index), insn(0x18, word, 0, 0, factor - (factor >> 31 << 32)), insn(0)]
        self.out += [insn(0x2F, word, index), insn(0x77, word, 0, 0, places), insn(0x24, word, 0, 0, divisor), insn(0x1C, index, word)]
        self.out += [insn(0x7A, 10, 0, -8 * at, 1) for at in range(1, 7)]
        self.out += [insn(0xBF, 1, 10), insn(0x0F, 1, index), insn(0x71, 4, 1, -(divisor + rng.choice((0, 0, -1))))]

    def related(self) -> None:
        """An index that is checked in another form than it is used in: what interval and bits of each value do not tell."""
        rng = self.rng
        index, other = rng.sample(NUMBERS[1:], 2)
        constant = rng.choice((1, 5, 0x55))
        before, after = rng.choice(((0xA7, 0xA7), (0x07, 0x17), (0xA4, 0xA4), (0x27, 0x37)))
        self.out += [insn(0x7A, 10, 0, -8, 1), insn(0x7A, 10, 0, -16, 1), insn(0xBF, other, index), insn(before, other, 0, 0, constant)]
        self.out.append(insn(rng.choice((0x25, 0x26, 0x65)), index, 0, 4, rng.choice((15, 15, 14, 16))))
        self.out += [insn(after, other, 0, 0, rng.choice((constant, constant, 3)))]
        self.out += [insn(0xBF, 1, 10), insn(0x0F, 1, other), insn(0x71, 4, 1, -16), insn(0xB7, other, 0, 0, 7)]


def random_code(rng: random.Random, length: int = 24, *, memory: bool = True, loops: bool = True) -> bytes:
    """A program of about `length` instructions."""
    writer = _Writer(rng)
    steps = [writer.alu, writer.alu, writer.move, writer.branch]
    if memory:
        steps += [writer.packet, writer.table, writer.related, writer.divided]
    if loops:
        steps.append(writer.loop)
    while len(writer.out) < length:
        rng.choice(steps)()
    writer.out += [insn(0x0F, 0, 4), insn(0xAF, 0, 7), insn(0x57, 0, 0, 0, 3), insn(0x95)]
    return b"".join(writer.out)


def random_inputs(rng: random.Random) -> Inputs:
    """Inputs with numbers at boundaries."""
    numbers = (0, 1, 2, 9, 10, 16, 64, 255, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, rng.randrange(1 << 32))
    packet = bytes(rng.choice((0, 1, 0xFF, 0x80, rng.randrange(256))) for _ in range(rng.choice((0, 1, 4, 14, 20, 64, 300))))
    return Inputs(rng.choice(numbers), rng.choice(numbers), packet)


def prepare(code: bytes) -> Prepared:
    """What the verifier knows before a solver is asked."""
    made = Program.from_bytes(code, type="xdp")
    around = Surroundings(made.ir, request_for(made, Rules(), None))
    subject = program(around)
    unit = Unit(expand(around, subject.fn), around, subject.returns)
    facts = solve(unit, parameters_of(unit, subject), 1_000_000)
    linear = Linear(unit, facts.known, Versions(unit, facts).of)
    return Prepared(made, Given(unit, facts, linear, find_places(unit, facts, linear), Writes(unit, facts)))


# ---- runs


class _Memory:
    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.frame = bytearray(512)

    def context(self, offset: int) -> int:
        end = PACKET + len(self.inputs.packet)
        return {"data": PACKET, "end": end, "first": self.inputs.first, "second": self.inputs.second}[FIELDS[offset]]

    def load(self, op: Load, address: int) -> int:
        if CONTEXT <= address < CONTEXT + 24:
            return self.context(address - CONTEXT)
        for begin, content in ((PACKET, self.inputs.packet), (FRAME, self.frame)):
            if begin <= address and address + op.size_bytes <= begin + len(content):
                return int.from_bytes(content[address - begin : address - begin + op.size_bytes], "little")
        raise Outside(op)

    def store(self, op: Store, address: int, value: int) -> None:
        at = address - FRAME
        if not 0 <= at <= 512 - op.size_bytes:
            raise Outside(op)
        self.frame[at : at + op.size_bytes] = (value & ((1 << 8 * op.size_bytes) - 1)).to_bytes(op.size_bytes, "little")


def execute(unit: Unit, inputs: Inputs, budget: int = 2000) -> Run:
    """Run the judged form."""
    run = Run()
    memory = _Memory(inputs)
    values = run.values
    values.update(dict.fromkeys(unit.fn.params, 0))
    values[unit.fn.params[0]] = CONTEXT
    block = unit.fn.entry
    for _ in range(budget):
        if block in run.path:
            # Another round: what the one before did no longer counts.
            del run.path[run.path.index(block) :]
        run.path.append(block)
        for op in block.ops:
            try:
                _step(op, values, memory)
            except Outside as outside:
                run.trapped = outside.op
                return run
        ending = block.terminator
        if isinstance(ending, Exit):
            run.returned = _get(values, ending.value)
            return run
        if isinstance(ending, Jump):
            edge = ending.target
        else:
            assert isinstance(ending, Branch)
            holds = COMPARE[ending.kind](ending.width_bits, _get(values, ending.lhs), _get(values, ending.rhs))
            edge = ending.then if holds else ending.otherwise
        args = [_get(values, arg) for arg in edge.args]
        values.update(zip(edge.block.params, args, strict=True))
        block = edge.block
    raise AssertionError("these programs end")


def _get(values: dict[Value, int], operand: Operand) -> int:
    return values[operand] if isinstance(operand, Value) else operand


def _step(op: Op, values: dict[Value, int], memory: _Memory) -> None:
    match op:
        case Alu():
            values[op.result] = ALU[op.kind](op.width_bits, _get(values, op.lhs), _get(values, op.rhs))
        case Cast():
            values[op.result] = (zext if op.kind == "zext" else sext)(op.from_bits, op.width_bits, _get(values, op.value))
        case ByteSwap():
            values[op.result] = BSWAP[op.width_bits](_get(values, op.value))
        case Assume():
            assert COMPARE[op.kind](op.width_bits, _get(values, op.lhs), _get(values, op.rhs)) != op.negated
            values[op.result] = _get(values, op.value)
        case FrameAddr():
            values[op.result] = FRAME + 512 + op.offset
        case Undef():
            values[op.result] = 0
        case Load():
            loaded = memory.load(op, (_get(values, op.base) + op.offset) % WORD)
            values[op.result] = sext(8 * op.size_bytes, 64, loaded) if op.signed else loaded
        case Store():
            memory.store(op, (_get(values, op.base) + op.offset) % WORD, _get(values, op.value))
        case _:
            raise AssertionError(f"these programs have no {op!r}")
