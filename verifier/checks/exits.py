"""The end of a program: what it returns, and that nothing is held any more.

exit v3        v3 in [0, 1] where the type wants that
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.checks.sections import check_held_nothing
from bpfcc.verifier.facts import Fact, number_of, pointers_of
from bpfcc.verifier.goals import InRange, Written

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Exit, Operand
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View


def check_exit(view: View, op: Exit, problems: Problems) -> None:
    """The return of the function that is judged."""
    fact = view.known(op.value)
    if type(fact) is Fact and fact.undef and not view.suppose(Written(op.value)):
        problems.append(Problem("V001", "the function returns, and on some path no value was given", role="value"))
    elif pointers_of(fact) and view.unit.returns is not None:
        wanted = "a value from {} to {}".format(*view.unit.returns)
        problems.append(Problem("V050", f"the program returns an address ({pointers_of(fact)[0].region})", required=wanted, role="value"))
    elif pointers_of(fact):
        problems.append(Problem("V024", f"the program returns an address ({pointers_of(fact)[0].region})", role="value"))
    check_result(view, op.value, view.unit.returns, "value", problems)
    check_held_nothing(view, "the program ends", problems)
    if view.state.lock is not None:
        problems.append(Problem("V045", "the program ends while a spin lock is held"))


def check_result(view: View, value: Operand, wanted: tuple[int, int] | None, role: Role, problems: Problems) -> None:
    """What the program returns, where it may not be any number."""
    num = number_of(view.known(value))
    if wanted is None or num is None:
        return
    low, high = wanted
    # Hooks of security modules return an int; of everything else the whole register is looked at.
    width = 32 if view.unit.around.request.attach_type == "lsm_mac" else 64
    least, most = (num.s32min, num.s32max) if width == 32 else (num.smin, num.smax)
    if not (low <= least and most <= high) and not view.suppose(InRange(value, low, high, width, signed=True)):
        shown = f"[{least}, {most}]"
        problems.append(
            Problem(
                "V050",
                "the return value may be out of range",
                required=f"a value from {low} to {high}",
                known=f"{{{role}}} is in {shown}",
                role=role,
            )
        )
