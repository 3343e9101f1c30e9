"""Instructions as text, in the syntax of LLVM and the kernel.

    61 12 04 00 00 00 00 00     r2 = *(u32 *)(r1 + 4)
    6d 21 03 00 00 00 00 00     if r1 s> r2 goto +3         or `goto L5` where the target is known

The inverse of `bpfcc.bpfir.assembler`: assembling the text gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from bpfcc.bpfir.decode import decode
from bpfcc.bpfir.isa import OP_CALL, OP_LDDW
from bpfcc.bpfir.isa_table import form_of
from bpfcc.bpfir.syntax import Names, Operand, is_label, parts_of
from bpfcc.errors import InternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.module import Endian


@final
@dataclass(frozen=True, slots=True)
class DisassembledLine:
    """One instruction: first slot, fields, text, and the label that stands before it."""

    slot: int
    insn: Insn
    text: str
    label: str | None = None

    def __str__(self) -> str:
        head = f"{self.label}:\n" if self.label is not None else ""
        return f"{head}{self.slot:5}  {self.text}"


@final
@dataclass(frozen=True, slots=True)
class _Scope:
    """What an instruction's text depends on besides its fields."""

    slot: int
    labels: Mapping[int, str]
    names: Names


_NO_NAMES: Final = Names()


def _signed(value: int) -> str:
    return f"- {-value}" if value < 0 else f"+ {value}"


def jump_distance(insn: Insn) -> int | None:
    """Distance in slots from the next slot of a goto, branch, local call or function address; None for all others."""
    form = form_of(insn)
    if form is None:
        return None
    if form.off == "jump":
        return insn.off
    return insn.imm if form.imm == "jump" else None


def _target(insn: Insn, scope: _Scope) -> tuple[str | None, str]:
    distance = jump_distance(insn) or 0
    return scope.labels.get(scope.slot + 1 + distance), f"{distance:+d}"


def _jump(insn: Insn, scope: _Scope) -> str:
    label, distance = _target(insn, scope)
    return label or distance


def _pc(insn: Insn, scope: _Scope) -> str:
    label, distance = _target(insn, scope)
    return label or f"pc{distance}"


def _named(index: int, name: str | None) -> str:
    return name if name is not None and is_label(name) else str(index)


def _indexed(index: int, names: Sequence[str]) -> str:
    # A name that is there twice would not lead back to this index.
    name = names[index] if 0 <= index < len(names) else None
    return _named(index, name if name is not None and names.index(name) == index else None)


def _helper(insn: Insn, scope: _Scope) -> str:
    name = scope.names.helpers.get(insn.imm)
    return _named(insn.imm, None if name in scope.labels.values() else name)


_FORMAT: Final[Mapping[Operand, Callable[[Insn, _Scope], str]]] = {
    "dst": lambda insn, _: f"r{insn.dst}",
    "src": lambda insn, _: f"r{insn.src}",
    "dst32": lambda insn, _: f"w{insn.dst}",
    "src32": lambda insn, _: f"w{insn.src}",
    "r0": lambda _insn, _scope: "r0",
    "w0": lambda _insn, _scope: "w0",
    "immreg": lambda insn, _: f"r{insn.imm}",
    "off": lambda insn, _: _signed(insn.off),
    "disp": lambda insn, _: _signed(insn.imm),
    "imm": lambda insn, _: str(insn.imm),
    "imm2": lambda insn, _: _signed(insn.imm2),
    "imm64": lambda insn, _: f"{insn.imm64:#x}",
    "dst_space": lambda insn, _: f"{insn.imm >> 16 & 0xFFFF:#x}",
    "src_space": lambda insn, _: f"{insn.imm & 0xFFFF:#x}",
    "jump": _jump,
    "pc": _pc,
    "helper": _helper,
    "map": lambda insn, scope: _indexed(insn.imm, scope.names.maps),
    "extern": lambda insn, scope: _indexed(insn.imm, scope.names.externs),
}


def format_insn(insn: Insn, slot: int = 0, *, labels: Mapping[int, str] | None = None, names: Names | None = None) -> str:
    """One instruction as text.

    `labels` (slot -> label) name the targets of jumps and calls; where there is none, the distance is written.
    """
    form = form_of(insn)
    if form is None:
        raise InternalError(f"{insn} is not an instruction")
    scope = _Scope(slot, labels or {}, names or _NO_NAMES)
    return "".join(text + (_FORMAT[operand](insn, scope) if operand is not None else "") for text, operand in parts_of(form.syntax))


def _targets(insns: Sequence[Insn | None]) -> tuple[set[int], set[int]]:
    """Slots inside the code that are jumped to, and those that are called."""
    jumps: set[int] = set()
    calls: set[int] = set()
    for slot, insn in enumerate(insns):
        if insn is None:
            continue
        distance = jump_distance(insn)
        if distance is None:
            continue
        target = slot + 1 + distance
        # The second slot of lddw is no place for a label.
        if 0 <= target < len(insns) and insns[target] is not None:
            (calls if insn.opcode in {OP_CALL, OP_LDDW} else jumps).add(target)
    return jumps, calls


def labels_of(insns: Sequence[Insn | None], names: Names | None = None) -> dict[int, str]:
    """A label for every function that has a name, and for every slot that is called (`F12`) or jumped to (`L12`)."""
    labels: dict[int, str] = {}
    taken: set[str] = set()
    for slot, name in sorted((names or _NO_NAMES).functions.items()):
        if is_label(name) and name not in taken and 0 <= slot < len(insns) and insns[slot] is not None:
            labels[slot] = name
            taken.add(name)
    jumps, calls = _targets(insns)
    for slot in sorted(jumps | calls):
        label = f"{'F' if slot in calls else 'L'}{slot}"
        while label in taken:
            label += "_"
        if slot not in labels:
            labels[slot] = label
            taken.add(label)
    return labels


def disassemble(
    code: bytes,
    *,
    names: Names | None = None,
    endian: Endian = "little",
    file: str | None = None,
    section: str | None = None,
) -> list[DisassembledLine]:
    """Disassemble `code`; raises InputError as the decoder does. Instructions that are recognised only are shown too."""
    insns = decode(code, endian=endian, file=file, section=section, allow_unsupported=True)
    labels = labels_of(insns, names)
    return [
        DisassembledLine(slot, insn, format_insn(insn, slot, labels=labels, names=names), labels.get(slot))
        for slot, insn in enumerate(insns)
        if insn is not None
    ]


def assembly_text(lines: Iterable[DisassembledLine]) -> str:
    """The lines as text that `assemble` reads."""
    out: list[str] = []
    for line in lines:
        if line.label is not None:
            out.append(f"{line.label}:")
        out.append(f"    {line.text}")
    return "".join(f"{line}\n" for line in out)
