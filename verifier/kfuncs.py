"""Kernel functions: what they take and return, from the platform's table.

    v3 = call extern 0(v1)      bpf_task_release
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bpfcc.bpfir.ops import CallExtern, Operand
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.facts import ANYTHING, Fact

if TYPE_CHECKING:
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.unit import Unit
    from bpfcc.verifier.view import View

Known = Callable[[Operand], "Scalar | Fact"]


def kfunc_result(_unit: Unit, _op: CallExtern, _known: Known) -> Scalar | Fact:
    """What the call returns."""
    return ANYTHING


def after_kfunc(view: View, _op: CallExtern) -> State:
    """The state after the call."""
    return view.state


def check_kfunc(view: View, op: CallExtern, problems: Problems) -> None:
    """What must hold for the call."""
    extern = view.unit.module.externs[op.extern]
    problems.append(Problem("V067", f"kernel function {extern.name} is not in the platform's table", cause="environment"))
