"""Registers and arithmetic: everything that is used was written, and addresses are only moved.

v3 = mul.64 v1, 2       V023 where v1 is an address
v4 = div.64 v2, v5      V021 where v5 may be 0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import Alu, ByteSwap, Cast, Op, Value, operands
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import Fact, number_of, pointers_of
from bpfcc.verifier.goals import InRange, Written

if TYPE_CHECKING:
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

DIVISIONS = frozenset({"div", "mod", "sdiv", "smod"})
# Things whose address may not be moved at all.
FIXED = frozenset({"map", "func", "sock"})


def check_written(view: View, op: Op, problems: Problems) -> None:
    """No operand may be a register that was never written."""
    for at, operand in enumerate(operands(op)):
        if type(operand) is Value:
            fact = view.known(operand)
            if type(fact) is Fact and fact.undef and not view.suppose(Written(operand)):
                problems.append(
                    Problem("V001", f"{{{role_of(op, at)}}} is read, and on some path nothing was written to it", role=role_of(op, at))
                )
                return


def role_of(op: Op, index: int) -> Role:
    """How a finding calls operand number `index`."""
    name = op.USES[index] if index < len(op.USES) else f"arg{index - len(op.USES) + 1}"
    return name if name in ("base", "value", "lhs", "rhs", "arg1", "arg2", "arg3", "arg4", "arg5") else "value"  # type: ignore[return-value]


def check_alu(view: View, op: Alu, problems: Problems) -> None:
    """An arithmetic operation."""
    a, b = view.known(op.lhs), view.known(op.rhs)
    if op.kind in DIVISIONS:
        divisor = number_of(b)
        highest = (1 << op.width_bits) - 1
        if divisor is not None and _may_be_zero(divisor, op.width_bits) and not view.suppose(InRange(op.rhs, 1, highest, op.width_bits)):
            problems.append(
                Problem(
                    "V021",
                    "the divisor {rhs} may be zero",
                    required="a divisor that is not 0; else the result of the division is 0",
                    known=f"{{rhs}} is {divisor}",
                    role="rhs",
                    suggestion="if ({rhs} == 0) return 0;",
                )
            )
    if type(a) is Fact or type(b) is Fact:
        _check_pointers(op, a, b, problems)


def _may_be_zero(divisor: Scalar, width: int) -> bool:
    return divisor.contains(0) if width == 64 else divisor.u32min == 0


def _check_pointers(op: Alu, a: Scalar | Fact, b: Scalar | Fact, problems: Problems) -> None:
    left, right = pointers_of(a), pointers_of(b)
    if not left and not right:
        return
    role: Role = "lhs" if left else "rhs"
    what = str((left or right)[0].region)
    if op.kind not in ("add", "sub") or (op.width_bits == 32 and op.kind == "add"):
        width = " in 32 bits" if op.width_bits == 32 else ""
        problems.append(Problem("V023", f"{op.kind}{width} on {{{role}}}, which may be an address ({what})", role=role))
    elif op.kind == "add" and left and right:
        problems.append(Problem("V023", "two addresses are added", role="rhs"))
    elif op.kind == "sub" and right:
        if number_of(a) is not None and not left and op.width_bits == 64:
            problems.append(Problem("V023", f"an address ({right[0].region}) is subtracted from a number", role="rhs"))
        elif any(p.region is not q.region for p in left for q in right) or not left or number_of(a) is not None:
            problems.append(Problem("V024", "the difference of two addresses that do not belong together", role="lhs"))
    elif left and any(p.region.kind in FIXED for p in (*left, *right)):
        problems.append(Problem("V023", f"{{{role}}} is {what}, which has no memory to move in", role=role))


def check_cast(view: View, op: Cast | ByteSwap, problems: Problems) -> None:
    """Parts of addresses are numbers, and give the address away."""
    found = pointers_of(view.known(op.value))
    if found:
        problems.append(Problem("V024", f"a part of an address ({found[0].region}) becomes a number", role="value"))
