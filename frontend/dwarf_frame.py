"""The size of a function's frame, from its instructions.

    *(u32 *)(r10 - 56) = r1        frame_bytes(…) -> 56
    r1 = r10; r1 += -32

LLVM's BPF back end writes frame offsets that count from the lowest byte of the frame, though the frame base says r10,
which is the highest. To get from one to the other takes the size, which debug information does not hold; the code
tells it, since the lowest slot of a frame is there because something uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.frontend.dwarf_reader import OFFSET_MASK, SECTION_SHIFT

if TYPE_CHECKING:
    from bpfcc.bpfir.module import Endian
    from bpfcc.frontend.dwarf_locations import Span
    from bpfcc.frontend.dwarf_reader import DebugSections

R10: Final = 10
CLASS_LDX, CLASS_ST, CLASS_STX = 1, 2, 3
OP_MOV64_REGISTER: Final = 0xBF
OP_ADD64_CONSTANT: Final = 0x07
LARGEST_FRAME: Final = 1 << 16


def frame_bytes(sections: DebugSections, spans: list[Span]) -> int:
    """The distance from r10 down to the lowest byte that the code in `spans` uses; 0 if it uses none."""
    lowest = 0
    for span in spans:
        section = sections.elf.section_at(span.start >> SECTION_SHIFT)
        if section is not None and section.executable:
            code = sections.elf.contents(section)[span.start & OFFSET_MASK : span.end & OFFSET_MASK]
            lowest = min(lowest, _lowest(code, little=sections.elf.endian == "little"))
    size = -lowest
    return (size + 7) & ~7 if size <= LARGEST_FRAME else 0


def _lowest(code: bytes, *, little: bool) -> int:
    lowest = 0
    order: Endian = "little" if little else "big"
    copies: set[int] = set()
    for at in range(0, len(code) - 7, 8):
        opcode, registers = code[at], code[at + 1]
        dst, src = (registers & 15, registers >> 4) if little else (registers >> 4, registers & 15)
        kind = opcode & 7
        if (kind == CLASS_LDX and src == R10) or (kind in (CLASS_ST, CLASS_STX) and dst == R10):
            lowest = min(lowest, int.from_bytes(code[at + 2 : at + 4], order, signed=True))
        if opcode == OP_ADD64_CONSTANT and dst in copies:
            lowest = min(lowest, int.from_bytes(code[at + 4 : at + 8], order, signed=True))
        if kind not in (CLASS_ST, CLASS_STX):
            copies.discard(dst)
        if opcode == OP_MOV64_REGISTER and src == R10:
            copies.add(dst)
    return lowest
