"""Calls of helpers: that they exist and are allowed here, and that every argument is what the table says.

v4 = call helper 1(v2, v3)       map_lookup_elem(const_map_ptr, map_key)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Call
from bpfcc.verifier.checks.arguments import ARGUMENTS, ROLES
from bpfcc.verifier.checks.problem import Problem, Problems, stops
from bpfcc.verifier.checks.sections import check_held_nothing, check_sleep
from bpfcc.verifier.facts import pointers_of
from bpfcc.verifier.flow import UNSURE
from bpfcc.verifier.goals import NotIn
from bpfcc.verifier.pseudo import check_pseudo, is_pseudo

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import Op
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.options import Request
    from bpfcc.verifier.view import View

# Arguments that are not looked at as memory.
ANY_VALUE: Final = frozenset({"anything", "unchecked"})
OPTION: Final = "the option's value"
GPL_LICENSES: Final = frozenset({"GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"})


def check_call(view: View, op: Call, problems: Problems) -> None:
    """One call of a helper."""
    if is_pseudo(op.helper):
        check_pseudo(view, op, problems)
        return
    around = view.unit.around
    helper = around.helper(op.helper)
    if helper is None:
        problems.append(Problem("V030", f"{around.platform.name} has no helper number {op.helper}", cause="environment"))
        return
    if not _allowed(view, op, helper, problems):
        return
    for index in range(len(helper.arguments)):
        before = len(problems)
        if not _outside_packet(view, op, helper, index, problems):
            return
        ARGUMENTS[helper.arguments[index].kind](view, op, helper, index, problems)
        if stops(problems, before):
            return
    _check_places(view, op, helper, problems)


def _outside_packet(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> bool:
    """Few helpers take memory of the packet (`may_access_direct_pkt_data`)."""
    if helper.arguments[index].kind in ANY_VALUE:
        return True
    for p in pointers_of(view.known(op.args[index])):
        kind, role = p.region.kind, ROLES[index]
        if (
            kind in ("packet", "meta")
            and not helper.packet
            and p.region.name != OPTION
            and not view.suppose(NotIn(op.args[index], p.region))
        ):
            problems.append(
                Problem(
                    "V033",
                    f"{helper.name} does not take memory of the packet",
                    known=f"{{{role}}} points into {p.region}",
                    role=role,
                    suggestion="copy it to the stack first",
                )
            )
            return False
        if helper.in_map_value == index and kind != "map_value" and not view.suppose(NotIn(op.args[index], p.region)):
            problems.append(
                Problem("V033", f"{helper.name} takes memory of a map's value only", known=f"{{{role}}} points into {p.region}", role=role)
            )
            return False
    return True


def _allowed(view: View, op: Call, helper: Helper, problems: Problems) -> bool:
    around = view.unit.around
    request = around.request
    if not around.platform.helper_allowed(helper.id, request.type, request.attach_type):
        where = f"of type {around.type.name}"
        if around.platform.helper_allowed(helper.id, request.type):
            where += f" that are attached as {request.attach_type}"
        problems.append(Problem("V031", f"{helper.name} is not for programs {where}", cause="environment"))
        return False
    if helper.gpl_only and not gpl_compatible(request):
        problems.append(
            Problem(
                "V032",
                f"{helper.name} is for programs under the GPL; this one is under {request.license!r}",
                suggestion='char LICENSE[] SEC("license") = "GPL";',
            )
        )
        return False
    if helper.may_sleep and not check_sleep(view, helper.name, problems):
        return False
    if len(op.args) < len(helper.arguments):
        problems.append(Problem("V033", f"{helper.name} takes {len(helper.arguments)} arguments"))
        return False
    return True


def gpl_compatible(request: Request) -> bool:
    """Whether functions for the GPL may be called. Where the object does not say its license, its loader has to: see `doubt_license`."""
    return not request.license or request.license in GPL_LICENSES


def doubt_license(view: View, op: Op) -> Problem | None:
    """A call that wants the GPL in an object without a license: if its loader gives none either, Linux refuses the program.

    It is no matter of the path, nor of what is known at the call: so it is asked beside the checks.
    """
    around = view.unit.around
    helper = around.helper(op.helper) if around.request.license == "" and type(op) is Call else None
    if helper is None or not helper.gpl_only:
        return None
    return Problem(
        "V029",
        f"{helper.name} is for programs under the GPL, and the object does not say its license",
        required="a license section, or a loader that gives a license compatible with the GPL",
        suggestion='char LICENSE[] SEC("license") = "GPL";',
    )


def _check_places(view: View, op: Call, helper: Helper, problems: Problems) -> None:
    """Calls that are not allowed while something is held."""
    state = view.state
    if state.lock is not None and not helper.under_lock:
        what = "locking again" if helper.name == "spin_lock" else f"calling {helper.name}"
        problems.append(Problem("V045", f"{what} while a spin lock is held"))
    elif helper.name == "spin_unlock":
        from bpfcc.verifier.calls import lock_key, same_lock

        if state.lock is None or state.lock == UNSURE:
            problems.append(Problem("V046", "a lock is released that is not held on every path"))
        elif not same_lock(state.lock, lock_key(view, op)):
            problems.append(Problem("V046", "another lock is released than the one that is held"))
    elif helper.name == "tail_call":
        # The program that is called knows nothing of it.
        check_held_nothing(view, "a tail call", problems, "V042")
    if helper.releases and helper.name != "kptr_xchg" and "dynptr" not in helper.name:
        _check_release(view, op, helper, problems)


def _check_release(view: View, op: Call, helper: Helper, problems: Problems) -> None:
    from bpfcc.verifier.calls import released

    _, found = released(view, op)
    if not found:
        problems.append(Problem("V041", f"{{arg1}} was not acquired, and {helper.name} releases it", role="arg1"))
    for region in found:
        if region.ref in view.state.must:
            continue
        known = "it may have been released already" if region.ref in view.state.may else "it was released already"
        problems.append(Problem("V041", f"{helper.name} releases {region} again", known=known, role="arg1"))
        return
