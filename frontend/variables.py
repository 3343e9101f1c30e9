"""C variables as IR values: what an editor shows at a line, what a message calls a register, what readable C names a local.

    module = lift(program.bytecode, bindings=True); optimise(module)
    variables_at(info, module, program.bytecode, 12)
        -> [Bound("len", "__u32", v7, …), Bound("ip", "struct iphdr *", v4, …), Bound("tmp", "int", OptimisedOut(), …)]

Debug information says where a variable is (register, frame, constant); the lifter's bindings say which IR value that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from bpfcc.bpfir.bindings import Bindings
from bpfcc.frontend.dwarf_locations import Constant, Location, OptimisedOut, Register

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import Bytecode, FunctionSpan
    from bpfcc.bpfir.ops import Operand
    from bpfcc.frontend.dwarf import DebugInfo

MASK64 = (1 << 64) - 1


@final
@dataclass(frozen=True, slots=True)
class Bound:
    """A variable in scope at an instruction, and what holds it there.

    `value` is an IR operand, a location in memory or one that only debug information can describe, or `OptimisedOut`:
    either the compiler dropped it, or one of bpfcc's passes did. `insns` are the instructions [first, end) of the program for
    which the location is the same.
    """

    name: str
    type_name: str
    value: Operand | Location
    insns: tuple[tuple[int, int], ...]
    function: str
    is_parameter: bool


def span_of(bytecode: Bytecode, insn: int) -> FunctionSpan | None:
    """The function that holds instruction `insn` of the linked code."""
    return next((span for span in bytecode.functions if span.start <= insn < span.start + span.length), None)


def variables_at(info: DebugInfo, module: Module, bytecode: Bytecode, insn: int) -> list[Bound]:
    """Variables in scope at `insn`, innermost scope first. `module` was lifted from `bytecode` with bindings.

    Empty where there is no debug information; InputError where it is malformed.
    """
    span = span_of(bytecode, insn)
    if span is None or not span.section:
        return []
    fn = module.functions[bytecode.functions.index(span)]
    bindings = Bindings(fn)
    shift = span.start - span.section_start
    return [
        Bound(
            variable.name,
            variable.type_name,
            _held(bindings, insn, variable.location),
            tuple((first + shift, end + shift) for first, end in variable.ranges),
            variable.function,
            variable.is_parameter,
        )
        for variable in info.variables_at(span.section, insn - shift)
    ]


def _held(bindings: Bindings, insn: int, location: Location) -> Operand | Location:
    match location:
        case Register():
            operand = bindings.held(insn, location.number)
            return OptimisedOut() if operand is None else operand
        case Constant():
            return location.value & MASK64
        case _:
            return location
