"""Simple operations undone: what is found out about a result, said of the operand.

v5 = add.64 v4, -1          v5 in [0, 63]: v4 in [1, 64]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Alu, Cast, Operand
from bpfcc.verifier import facts as fa
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.domains.scalar import TOP

if TYPE_CHECKING:
    from bpfcc.bpfir.semantics import AluKind
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.view import View


def undone(view: View, op: Cast | Alu, fact: Scalar) -> tuple[Operand | None, Scalar]:
    """The operand of a simple operation and what it must be for the result to have that fact; None where nothing is learned."""
    if type(op) is Cast:
        source = view.known(op.value)
        if op.kind == "zext" and type(source) is not fa.Fact and source.umax < 1 << op.from_bits:
            return op.value, fact
        return None, fact
    source = view.known(op.lhs)
    if type(op.rhs) is not int or type(source) is fa.Fact:
        return None, fact
    if op.kind in ("add", "sub"):
        inverse: AluKind = "sub" if op.kind == "add" else "add"
        if op.width_bits == 64 or source.umax < 1 << 32:
            return op.lhs, sc.alu(inverse, op.width_bits, fact, sc.const(op.rhs))
    elif op.kind == "lsh" and op.width_bits == 64 and op.rhs == 32:
        # The low half of the operand is the high half of the result.
        low = sc.refine("uge", 32, True, TOP, sc.const(fact.umin >> 32))
        high = sc.refine("ule", 32, True, TOP, sc.const(fact.umax >> 32))
        both = sc.meet(low[0], high[0]) if low is not None and high is not None else None
        return (op.lhs, both) if both is not None else (None, fact)
    elif op.kind == "rsh" and op.width_bits == 64 and op.rhs < 64:
        return op.lhs, sc.urange(fact.umin << op.rhs, min((fact.umax << op.rhs) | ((1 << op.rhs) - 1), (1 << 64) - 1))
    elif op.kind == "and" and fact.is_const():
        seen = op.rhs if op.width_bits == 64 else op.rhs & 0xFFFFFFFF
        return op.lhs, sc.tnum(fact.umin & seen, ~seen & ((1 << 64) - 1))
    elif op.kind == "xor" and (op.width_bits == 64 or source.umax < 1 << 32):
        return op.lhs, sc.alu("xor", op.width_bits, fact, sc.const(op.rhs))
    return None, fact
