"""Instructions of the native loop before registers are assigned.

    Insn("add64i", dst=v3, srcs=[v1], imms=(8,), origin=5)         v3 = v1 + 8, from bytecode instruction 5

`dst` and `srcs` are values; the allocator gives each a register, and a `Handler` says how they are packed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from bpfcc.backends.interp.flow import Node
    from bpfcc.bpfir.ops import Operand, Value

# Stands for the number of registers of the function, known only once they are assigned.
FRAME_REGISTERS: Final = "registers"
FRAME_BYTES: Final = 512


def signed32(value: int) -> bool:
    """Whether a signed number fits an immediate."""
    return -0x8000_0000 <= value < 0x8000_0000


def signed16(value: int) -> bool:
    """Whether a signed number fits a displacement."""
    return -0x8000 <= value < 0x8000


@final
class Insn:
    """One instruction: name of the handler, result, registers read, immediates, bytecode instruction.

    A fused one has a second result `also`, and `fields`: what is packed, in its order; None is register 0. Of a test, `tail`
    comes behind the costs.
    """

    __slots__ = ("also", "dst", "fields", "imms", "name", "origin", "srcs", "tail")

    def __init__(self, name: str, dst: Value | None, srcs: list[Value], imms: tuple[int | str, ...], origin: int) -> None:
        self.name = name
        self.dst = dst
        self.srcs = srcs
        self.imms = imms
        self.origin = origin
        self.also: Value | None = None
        self.fields: tuple[Value | int | None, ...] | None = None
        self.tail: tuple[Value | int, ...] = ()


@final
class Code:
    """The instructions of one node, and how it ends.

    `test` is a branch (its handler's name without the prefix, registers, immediates) or None; `leaves` the value returned.
    """

    __slots__ = ("insns", "leaves", "node", "origin", "test")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.insns: list[Insn] = []
        self.test: Insn | None = None
        self.leaves: Operand | None = None
        self.origin = node.block.terminator.insn
