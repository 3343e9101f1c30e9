"""Which IR value a register of the bytecode holds before an instruction: how debug information finds values.

    5: r6 = *(u32 *)(r1 + 4)
    6: r6 += 1                     held(fn, 6, 6)  ->  v3, the result of the load

The lifter keeps the table where it is asked to (`lift(…, bindings=True)`). Passes that replace a value by another call `follow`;
a value whose operation a pass dropped is held by nothing any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from bpfcc.bpfir.ops import Assume, Operand, Value

if TYPE_CHECKING:
    from bpfcc.bpfir.function import Function

Table = dict[int, tuple[Operand | None, ...]]


def follow(table: Table, replacement: dict[Value, Operand]) -> None:
    """Replace values in the table, as in the code; `replacement` has no chains."""
    for insn, held in table.items():
        if any(type(v) is Value and v in replacement for v in held):
            table[insn] = tuple([replacement.get(v, v) if type(v) is Value else v for v in held])


@final
class Bindings:
    """The table of one function, with what still exists."""

    __slots__ = ("_defined", "_table")

    def __init__(self, fn: Function) -> None:
        self._table = fn.bindings or {}
        self._defined = set(fn.params)
        for block in fn.blocks:
            self._defined.update(block.params)
            self._defined.update(op.result for op in block.ops if op.HAS_RESULT)  # type: ignore[attr-defined]

    def held(self, insn: int, register: int) -> Operand | None:
        """The operand in `register` before instruction `insn`; None where nothing was written to it or a pass dropped the value."""
        row = self._table.get(insn)
        operand = row[register] if row is not None else None
        while type(operand) is Value and operand not in self._defined:
            # Where a dropped operation was only another name of a value, the value is still there.
            operand = operand.definition.value if isinstance(operand.definition, Assume) else None
        return operand
