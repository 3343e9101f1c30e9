"""Programs as lists of lines whose jumps name lines: what is written and cut without counting slots.

lines = parse(code)
lines[3].target                     the line that it jumps to, calls, or takes the address of; None where it does not
assemble(without(lines, {4, 5}))    the code without two instructions: jumps to them lead to what follows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.disassembler import jump_distance
from bpfcc.bpfir.encode import encode_insn
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import form_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Line(NamedTuple):
    """One instruction. The field that holds a distance is what `target` makes it."""

    insn: Insn
    target: int | None = None


def parse(code: bytes) -> list[Line]:
    """InputError where something is no instruction."""
    insns = decode(code)
    number_of: dict[int, int] = {}
    for slot, insn in enumerate(insns):
        if insn is not None:
            number_of[slot] = len(number_of)
    lines = []
    for slot, insn in enumerate(insns):
        if insn is not None:
            distance = jump_distance(insn)
            lines.append(Line(insn, None if distance is None else number_of[slot + 1 + distance]))
    return lines


def assemble(lines: Sequence[Line]) -> bytes:
    """The inverse of `parse`."""
    slots = [0]
    for line in lines:
        slots.append(slots[-1] + line.insn.slots)
    out = []
    for number, (insn, target) in enumerate(lines):
        made = insn
        if target is not None:
            distance = slots[target] - slots[number] - 1
            form = form_of(insn)
            made = insn._replace(off=distance) if form is not None and form.off == "jump" else insn._replace(imm=distance)
        out.append(encode_insn(made))
    return b"".join(out)


def without(lines: Sequence[Line], removed: Collection[int]) -> list[Line]:
    """The lines that are left; jumps to one that is not lead to the next that is."""
    moved, left = [], 0
    for number in range(len(lines) + 1):
        moved.append(left)
        left += number not in removed
    return [
        line if line.target is None else line._replace(target=moved[line.target])
        for number, line in enumerate(lines)
        if number not in removed
    ]
