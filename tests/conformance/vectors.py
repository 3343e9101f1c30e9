"""Test vectors for the whole instruction set, generated from the table: every form x widths x edge values.

    for vector in vectors():                 # r1 = memory, r2 = its length, as programs of type "raw" have it
        r0, memory = run_on_some_back_end(vector.code, vector.memory)
        assert memory == vector.memory_after, vector.differences(memory)
        assert r0 == vector.return_value

`packet_vectors()` (LD_ABS, LD_IND: r1 = context of a socket buffer) and `trap_vectors()` (checked runs that must stop)
are apart, because not every back end has them. Expectations come from `bpfcc.bpfir.semantics` by the table's `meaning`.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast, final

from bpfcc.bpfir import semantics
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.isa import FRAME_POINTER, Form, Kind
from bpfcc.bpfir.isa_table import FORM, FORMS
from bpfcc.bpfir.semantics import AluKind, AtomicKind, CompareKind, mask, sext
from tests.conformance.builder import Builder, Vector
from tests.conformance.control import TRAPS, control_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VALUES: Final = (
    0, 1, 3, 63, 0x80, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0001,
    0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFEDC_BA98_7654_3210, 0xFFFF_FFFF_FFFF_FFFF,
)  # fmt: skip
IMMEDIATES: Final = (0, 1, -1, 2, 7, 31, 32, 63, 64, 0x7F, 0x80, -128, 0x7FFF_FFFF, -0x8000_0000)
# Register pairs, so that no encoder or back end gets away with one.
PAIRS: Final = ((3, 4), (4, 3), (7, 8), (8, 9), (9, 7), (2, 3), (0, 4))


def _pair(index: int) -> tuple[int, int]:
    return PAIRS[index % len(PAIRS)]


def _alu(form: Form) -> Iterator[Vector]:
    kind = cast("AluKind", form.meaning)
    meaning, width = semantics.ALU[kind], form.width_bits
    if form.second_operand == "imm":
        yield from _alu_imm(form)
        return
    build = Builder(VALUES)
    for index, (a, b) in enumerate(itertools.product(range(len(VALUES)), repeat=2)):
        dst, src = _pair(index)
        build.load(dst, a)
        build.load(src, b)
        build.op(form.name, dst=dst, src=src)
        build.result(dst, f"{VALUES[a]:#x}, {VALUES[b]:#x}", meaning(width, VALUES[a], VALUES[b]))
    for a, value in enumerate(VALUES):
        build.load(3, a)
        build.op(form.name, dst=3, src=3)
        build.result(3, f"{value:#x} with itself", meaning(width, value, value))
    yield build.vector(form.name)


def _refused_by_linux(form: Form, imm: int) -> bool:
    """Linux refuses what the standard masks (shift counts) or defines (a zero divisor) when it is an immediate."""
    if form.meaning in {"lsh", "rsh", "arsh"}:
        return not 0 <= imm < form.width_bits
    return form.meaning in {"div", "mod", "sdiv", "smod"} and imm == 0


def _alu_imm(form: Form) -> Iterator[Vector]:
    meaning = semantics.ALU[cast("AluKind", form.meaning)]
    for linux in (True, False):
        build = Builder(VALUES)
        immediates = [imm for imm in IMMEDIATES if _refused_by_linux(form, imm) is not linux]
        for index, (imm, a) in enumerate(itertools.product(immediates, range(len(VALUES)))):
            dst, _ = _pair(index)
            build.load(dst, a)
            build.op(form.name, dst=dst, imm=imm)
            build.result(dst, f"{VALUES[a]:#x}, {imm}", meaning(form.width_bits, VALUES[a], mask(64, imm)))
        if immediates:
            yield build.vector(form.name if linux else f"{form.name}_masked", linux=linux)


def _unary(form: Form) -> Iterator[Vector]:
    """neg, swaps, and moves between registers."""
    build = Builder(VALUES)
    for a, value in enumerate(VALUES):
        dst, src = _pair(a)
        if form.src == 0:
            build.load(dst, a)
            build.op(form.name, dst=dst)
        else:
            build.load(src, a)
            build.op(form.name, dst=dst, src=src)
        build.result(dst, f"{value:#x}", _unary_meaning(form, value))
    yield build.vector(form.name)


def _unary_meaning(form: Form, value: int) -> int:
    match form.kind:
        case "neg":
            return semantics.ALU["sub"](form.width_bits, 0, value)
        case "mov":
            return mask(form.width_bits, value)
        case "movsx":
            return sext(8 * form.size_bytes, form.width_bits, value)
        case _:
            return mask(8 * form.size_bytes, value) if form.meaning == "le" else semantics.BSWAP[8 * form.size_bytes](value)


def _mov(form: Form) -> Iterator[Vector]:
    if form.second_operand == "src":
        yield from _unary(form)
        return
    build = Builder(())
    for index, imm in enumerate(IMMEDIATES):
        dst, _ = _pair(index)
        build.op(form.name, dst=dst, imm=imm)
        build.result(dst, f"{imm}", mask(form.width_bits, imm))
    yield build.vector(form.name)


def _lddw(form: Form) -> Iterator[Vector]:
    if form.meaning != "imm":
        return
    build = Builder(())
    for index, value in enumerate(VALUES):
        dst, _ = _pair(index)
        build.op(form.name, dst=dst, imm=semantics.signed(32, value), imm2=semantics.signed(32, value >> 32))
        build.result(dst, f"{value:#x}", value)
    yield build.vector(form.name)


def _branch(form: Form) -> Iterator[Vector]:
    meaning = semantics.COMPARE[cast("CompareKind", form.meaning)]
    build = Builder(VALUES)
    seconds = IMMEDIATES if form.second_operand == "imm" else VALUES
    for index, (a, (b, second)) in enumerate(itertools.product(range(len(VALUES)), enumerate(seconds))):
        dst, src = _pair(index)
        build.load(dst, a)
        fields = {"imm": second} if form.second_operand == "imm" else {"src": src}
        if "src" in fields:
            build.load(src, b)
        build.op("mov64_imm", dst=5, imm=1)
        build.op(form.name, dst=dst, off=1, **fields)
        build.op("mov64_imm", dst=5, imm=0)
        build.result(5, f"{VALUES[a]:#x}, {second:#x}", int(meaning(form.width_bits, VALUES[a], mask(64, second))))
    yield build.vector(form.name)


def _loaded(form: Form, data: bytes) -> int:
    value = int.from_bytes(data[: form.size_bytes], "little")
    return sext(8 * form.size_bytes, 64, value) if form.kind == "loadsx" else value


def _load(form: Form) -> Iterator[Vector]:
    build = Builder(VALUES)
    data = b"".join(value.to_bytes(8, "little") for value in VALUES)
    for index, offset in enumerate(range(0, len(data) - form.size_bytes + 1, 3)):
        dst, base = _pair(index)
        expected = _loaded(form, data[offset:])
        build.op(form.name, dst=dst, src=1, off=offset)
        build.result(dst, f"at {offset}", expected)
        build.op("mov64_reg", dst=base, src=1)
        build.op("add64_imm", dst=base, imm=len(data))
        build.op(form.name, dst=dst, src=base, off=offset - len(data))
        build.result(dst, f"at {len(data)} - {len(data) - offset}", expected)
    build.op("mov64_reg", dst=4, src=1)
    build.op(form.name, dst=4, src=4, off=8)
    build.result(4, "base and result in one register", _loaded(form, data[8:]))
    yield build.vector(form.name)


def _store(form: Form) -> Iterator[Vector]:
    build = Builder(VALUES)
    values = IMMEDIATES if form.second_operand == "imm" else VALUES
    for index, (value, inner) in enumerate(itertools.product(values, range(9 - form.size_bytes))):
        src, base = _pair(index)
        written = mask(8 * form.size_bytes, value).to_bytes(form.size_bytes, "little")
        after = bytearray([build.fill] * 8)
        after[inner : inner + form.size_bytes] = written
        build.op("mov64_reg", dst=base, src=1)
        build.op("add64_imm", dst=base, imm=64)
        if form.second_operand == "imm":
            build.op(form.name, dst=base, off=build.place + inner - 64, imm=value)
        else:
            build.load(src, VALUES.index(value))
            build.op(form.name, dst=base, src=src, off=build.place + inner - 64)
        build.stored(f"{value:#x} at +{inner}", int.from_bytes(after, "little"))
    yield build.vector(form.name)


@final
@dataclass(frozen=True, slots=True)
class _Cell:
    """Where an atomic works: register that holds the base, displacement of its 8-byte cell, and whether Linux allows it."""

    name: str
    base: int
    offset: int
    linux: bool


# Linux has no atomics on packets. The second cell is the first input, whose value (0) no case uses.
_CELLS: Final = (_Cell("stack", FRAME_POINTER, -16, linux=True), _Cell("memory", 1, 0, linux=False))
_ATOMIC_VALUES: Final = (0, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000_0000_0001, 0xFEDC_BA98_7654_3210, 0xFFFF_FFFF_FFFF_FFFF)


def _put(build: Builder, cell: _Cell, index: int | None) -> None:
    """cell = inputs[index], or 0"""
    if index is None:
        build.op("mov64_imm", dst=2, imm=0)
    else:
        build.load(2, index)
    build.op("stxdw", dst=cell.base, src=2, off=cell.offset)


def _atomic(form: Form) -> Iterator[Vector]:
    for cell in _CELLS:
        inputs = (0, *_ATOMIC_VALUES)
        build = Builder(inputs)
        inners = (0, 4) if form.size_bytes == 4 else (0,)
        cases = itertools.product(range(1, len(inputs)), repeat=2)
        for index, ((m, o), inner) in enumerate(itertools.product(cases, inners)):
            _atomic_case(build, form, cell, (m, o, (m if index % 3 else o), inner), _pair(index)[1])
        _put(build, cell, None)
        yield build.vector(f"{form.name}_{cell.name}", linux=cell.linux)


def _atomic_case(build: Builder, form: Form, cell: _Cell, where: tuple[int, int, int, int], src: int) -> None:
    """One atomic on the cell, whose bytes and old value are two results. `where`: inputs (memory, operand, r0), inner offset."""
    memory, operand, expected, inner = where
    bits = 8 * form.size_bytes
    cell_value = build.inputs[memory]
    old_part = mask(bits, cell_value >> 8 * inner)
    new, old = semantics.ATOMIC[cast("AtomicKind", form.meaning)](bits, old_part, build.inputs[operand], build.inputs[expected])
    after = cell_value & ~(mask(bits, -1) << 8 * inner) | new << 8 * inner
    _put(build, cell, memory)
    build.load(0, expected)
    build.load(src, operand)
    build.op(form.name, dst=cell.base, src=src, off=cell.offset + inner)
    back = 0 if form.meaning == "cmpxchg" else src
    left = old if form.fetch else build.inputs[operand]
    label = f"{cell_value:#x}+{inner}, {build.inputs[operand]:#x}, r0 {build.inputs[expected]:#x}"
    build.result(back, f"{label}: register", left)
    build.op("ldxdw", dst=4, src=cell.base, off=cell.offset)
    build.result(4, f"{label}: memory", after)


def _ordered(form: Form) -> Iterator[Vector]:
    """load_acquire and store_release."""
    size = form.size_bytes
    for cell in _CELLS:
        inputs = (0, *VALUES)
        build = Builder(inputs)
        for index, (m, inner) in enumerate(itertools.product(range(1, len(inputs)), range(0, 8, size))):
            dst, _ = _pair(index)
            value = inputs[m]
            _put(build, cell, m if form.kind == "load_acquire" else None)
            if form.kind == "load_acquire":
                build.op(form.name, dst=dst, src=cell.base, off=cell.offset + inner)
                build.result(dst, f"{value:#x}+{inner}", mask(8 * size, value >> 8 * inner))
            else:
                build.load(dst, m)
                build.op(form.name, dst=cell.base, src=dst, off=cell.offset + inner)
                build.op("ldxdw", dst=4, src=cell.base, off=cell.offset)
                build.result(4, f"{value:#x} to +{inner}", mask(8 * size, value) << 8 * inner)
        _put(build, cell, None)
        yield build.vector(f"{form.name}_{cell.name}", linux=cell.linux)


def _elsewhere(form: Form) -> Iterator[Vector]:
    """Kinds that `control_vectors` or `packet_vectors` cover."""
    yield from ()


GENERATORS: Final[Mapping[Kind, Callable[[Form], Iterator[Vector]]]] = {
    "alu": _alu,
    "neg": _unary,
    "mov": _mov,
    "movsx": _unary,
    "swap": _unary,
    "lddw": _lddw,
    "load": _load,
    "loadsx": _load,
    "store": _store,
    "atomic": _atomic,
    "load_acquire": _ordered,
    "store_release": _ordered,
    "branch": _branch,
    "ld_abs": _elsewhere,
    "ld_ind": _elsewhere,
    "goto": _elsewhere,
    "call": _elsewhere,
    "callx": _elsewhere,
    "exit": _elsewhere,
}


def vectors() -> Iterator[Vector]:
    """Every vector of type "raw"."""
    for form in FORMS:
        if form.supported:
            yield from GENERATORS[form.kind](form)
    yield from control_vectors()


@final
@dataclass(frozen=True, slots=True)
class PacketVector:
    """A program on a socket buffer: r1 = its context, `packet` its linear data. Only the low 32 bits of r0 count."""

    name: str
    code: bytes
    packet: bytes
    return_value: int


PACKET: Final = bytes((7 * i + 3) & 0xFF for i in range(64))


def packet_vectors() -> Iterator[PacketVector]:
    """LD_ABS and LD_IND at every edge of the packet."""
    for letters, size in (("b", 1), ("h", 2), ("w", 4)):
        for offset in (0, 1, 13, len(PACKET) - size, len(PACKET) - size + 1, len(PACKET), 0x7FFF_FFFF, -1):
            inside = 0 <= offset <= len(PACKET) - size
            # The second instruction shows whether the load left the function.
            expected = int.from_bytes(PACKET[offset : offset + size], "big") + 1 if inside else 0
            yield _packet_vector(f"ldabs{letters}", offset, 0, expected)
            for base in (0, 5, -3):
                if -0x8000_0000 <= offset - base <= 0x7FFF_FFFF:
                    yield _packet_vector(f"ldind{letters}", offset - base, base, expected)


def _packet_vector(name: str, imm: int, base: int, expected: int) -> PacketVector:
    build = Builder(())
    build.op("mov64_reg", dst=6, src=1)
    build.op("mov64_imm", dst=7, imm=base)
    register = {"src": 7} if FORM[name].src else {}
    build.op(name, imm=imm, **register)
    build.op("add64_imm", dst=0, imm=1)
    build.op("exit")
    return PacketVector(f"{name} {base}{imm:+d}", build.code(), PACKET, mask(32, expected))


@final
@dataclass(frozen=True, slots=True)
class TrapVector:
    """A program (r1 = memory, r2 = length) that a checked run must stop, at slot `insn`, with this kind of trap."""

    name: str
    code: bytes
    memory: bytes
    kind: str
    insn: int
    budget: int = 1_000_000


def trap_vectors() -> Iterator[TrapVector]:
    """Accesses around the edges of memory and frame, misaligned atomics, endless loops, deep and wild calls."""
    for name, kind, insn, text in TRAPS:
        yield TrapVector(name, assemble(text), bytes(16), kind, insn, budget=2_000)
