"""Write the program of a vector: many cases in a row, each leaving one 64-bit result in memory.

    build = Builder(inputs=[5, 7])
    build.load(3, 0)                                   # r3 = 5
    build.op("add64_imm", dst=3, imm=2)
    build.result(3, "5 + 2", expected=7)               # stored behind the inputs, and folded into r6
    build.vector("add64_imm")                          # r0 = fold of all results

r1 is the memory's address throughout, r6 the fold; r2 to r5, r0 and r7 to r9 are free for the case.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.encode import encode
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import FORM
from bpfcc.bpfir.semantics import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLD = 31


@final
@dataclass(frozen=True, slots=True)
class Vector:
    """A program with r1 = address of `memory` (8-byte aligned), r2 = its length; r0 and memory after it.

    `cases` names the 64-bit results that `memory_after` holds from `results_at` on. `linux` is false where
    Linux's verifier refuses the program, though the standard defines it.
    """

    name: str
    code: bytes
    memory: bytes
    return_value: int
    memory_after: bytes
    results_at: int = 0
    cases: tuple[str, ...] = ()
    linux: bool = True

    def differences(self, memory: bytes) -> list[str]:
        """Which results in `memory` are not as expected, for messages."""
        out = []
        for index, case in enumerate(self.cases):
            place = slice(self.results_at + 8 * index, self.results_at + 8 * index + 8)
            if memory[place] != self.memory_after[place]:
                wrong, right = (int.from_bytes(m[place], "little") for m in (memory, self.memory_after))
                out.append(f"{self.name}: {case}: {wrong:#x}, expected {right:#x}")
        return out


@final
@dataclass(slots=True)
class Builder:
    """Instructions and expectations of one vector."""

    inputs: Sequence[int]
    # What the results' place holds before the run.
    fill: int = 0xA5
    insns: list[Insn] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    expected: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.op("mov64_imm", dst=6)

    def op(self, form_name: str, **fields: int) -> None:
        """Append an instruction of the table; fields that the form fixes are filled in."""
        form = FORM[form_name]
        fixed = {"dst": form.dst, "src": form.src, "off": form.off, "imm": form.imm}
        self.insns.append(Insn(form.opcode, **{**{k: v for k, v in fixed.items() if isinstance(v, int)}, **fields}))

    def load(self, register: int, index: int) -> None:
        """register = inputs[index]"""
        self.op("ldxdw", dst=register, src=1, off=8 * index)

    @property
    def results_at(self) -> int:
        """Offset of the first result."""
        return 8 * len(self.inputs)

    @property
    def place(self) -> int:
        """Offset of the next result."""
        return self.results_at + 8 * len(self.cases)

    def result(self, register: int, case: str, expected: int) -> None:
        """Store `register` as the result of `case`."""
        self.op("stxdw", dst=1, src=register, off=self.place)
        self.stored(case, expected)

    def stored(self, case: str, expected: int) -> None:
        """Take the 8 bytes at `place`, already stored, as the result of `case`."""
        # Reading it back also keeps the kernel's verifier from following every constant.
        self.op("ldxdw", dst=5, src=1, off=self.place)
        self.op("mul64_imm", dst=6, imm=FOLD)
        self.op("add64_reg", dst=6, src=5)
        self.cases.append(case)
        self.expected.append(mask(64, expected))

    def code(self) -> bytes:
        """The instructions so far."""
        return encode(self.insns)

    def vector(self, name: str, *, linux: bool = True) -> Vector:
        """The finished vector."""
        self.op("mov64_reg", dst=0, src=6)
        self.op("exit")
        fold = 0
        for value in self.expected:
            fold = mask(64, fold * FOLD + value)
        before = b"".join(mask(64, value).to_bytes(8, "little") for value in self.inputs)
        after = before + b"".join(value.to_bytes(8, "little") for value in self.expected)
        memory = before + bytes([self.fill]) * (8 * len(self.cases))
        return Vector(name, self.code(), memory, fold, after, len(before), tuple(self.cases), linux)
