"""Kernel functions: what they take and return, from the platform's table.

    v3 = call extern 0(v1)      bpf_task_release
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import CallExtern, Operand
from bpfcc.verifier.checks.access import Mode, Span, check_span
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import ANYTHING, TOP, Fact, number_of
from bpfcc.verifier.steps import frame_mask

if TYPE_CHECKING:
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.view import View

Known = Callable[[Operand], "Scalar | Fact"]


# Plain memory functions that compilers call where the object has none; what each argument is, and what comes back.
BUILTINS: Final = {
    "memset": (("write", 2), None, None),
    "memcpy": (("write", 2), ("read", 2), None),
    "memmove": (("write", 2), ("read", 2), None),
    "memcmp": (("read", 2), ("read", 2), None),
}
ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")
MAX_SIZE: Final = 1 << 29


def kfunc_result(unit: Unit, op: CallExtern, known: Known) -> Scalar | Fact:
    """What the call returns."""
    name = unit.module.externs[op.extern].name
    if name in BUILTINS:
        return TOP if name == "memcmp" or not op.args else known(op.args[0])
    return ANYTHING


def after_kfunc(view: View, op: CallExtern) -> State:
    """The state after the call."""
    name = view.unit.module.externs[op.extern].name
    if BUILTINS.get(name, ((None, 0), None, None))[0] == ("write", 2) and len(op.args) > 2:
        size = number_of(view.known(op.args[2]))
        if size is not None and size.umax <= view.unit.fn.frame_bytes:
            mask, sure = frame_mask(view, view.known(op.args[0]), 0, size.umin)
            if sure:
                return view.state.with_init(view.state.init | mask)
    return view.state


def check_kfunc(view: View, op: CallExtern, problems: Problems) -> None:
    """What must hold for the call."""
    extern = view.unit.module.externs[op.extern]
    found = BUILTINS.get(extern.name)
    if found is None:
        problems.append(Problem("V067", f"kernel function {extern.name} is not in the platform's table", cause="environment"))
        return
    size = number_of(view.known(op.args[2])) if len(op.args) > 2 else None
    if size is None or size.umax >= MAX_SIZE:
        problems.append(Problem("V035", f"the size of {extern.name} is not bounded", known=f"{{arg3}} is {size}", role="arg3"))
        return
    for at, argument in enumerate(found):
        if argument is not None and size.umax:
            mode: Mode = "write" if argument[0] == "write" else "read"
            check_span(view, op, op.args[at], Span(0, size.umin, size.umax, view.linear.of(op.args[2]), mode, helper=True, role=ROLES[at]), problems)
