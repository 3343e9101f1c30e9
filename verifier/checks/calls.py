"""Calls of helpers: that they exist and are allowed here, and that every argument is what the table says.

    v4 = call helper 1(v2, v3)       map_lookup_elem(const_map_ptr, map_key)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import Call
from bpfcc.verifier.checks.arguments import ARGUMENTS
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.pseudo import check_pseudo, is_pseudo

if TYPE_CHECKING:
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.view import View

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
        ARGUMENTS[helper.arguments[index].kind](view, op, helper, index, problems)
        if len(problems) > before:
            return
    _check_places(view, op, helper, problems)


def _allowed(view: View, op: Call, helper: Helper, problems: Problems) -> bool:
    around = view.unit.around
    request = around.request
    if around.type.helper_ids is not None and helper.id not in around.type.helper_ids:
        problems.append(Problem("V031", f"{helper.name} is not for programs of type {around.type.name}", cause="environment"))
        return False
    if helper.gpl_only and request.license is not None and request.license not in GPL_LICENSES:
        problems.append(Problem("V032", f"{helper.name} is for programs under the GPL; this one is under {request.license!r}", suggestion='char LICENSE[] SEC("license") = "GPL";'))
        return False
    if helper.may_sleep and not request.sleepable:
        problems.append(Problem("V038", f"{helper.name} may sleep, and this program may not (section names ending in .s may)"))
        return False
    if len(op.args) < len(helper.arguments):
        problems.append(Problem("V033", f"{helper.name} takes {len(helper.arguments)} arguments"))
        return False
    return True


def _check_places(view: View, op: Call, helper: Helper, problems: Problems) -> None:
    """Calls that are not allowed while something is held."""
    state = view.state
    if state.lock is not None and helper.name != "spin_unlock":
        what = "locking again" if helper.name == "spin_lock" else f"calling {helper.name}"
        problems.append(Problem("V045", f"{what} while a spin lock is held"))
    elif helper.name == "spin_unlock":
        from bpfcc.verifier.calls import lock_key

        if state.lock is None or state.lock == "unsure":
            problems.append(Problem("V046", "a lock is released that is not held on every path"))
        elif state.lock != lock_key(view, op):
            problems.append(Problem("V046", "another lock is released than the one that is held"))
    elif helper.name == "tail_call" and state.may:
        problems.append(Problem("V042", "a tail call while a reference is held", known="the program that is called knows nothing of it"))
    if helper.releases and helper.name != "kptr_xchg" and "dynptr" not in helper.name:
        _check_release(view, op, helper, problems)


def _check_release(view: View, op: Call, helper: Helper, problems: Problems) -> None:
    from bpfcc.verifier.calls import released

    region = released(view, op)
    if region is None:
        problems.append(Problem("V041", f"{{arg1}} was not acquired, and {helper.name} releases it", role="arg1"))
    elif region.ref not in view.state.must:
        known = "it may have been released already" if region.ref in view.state.may else "it was released already"
        problems.append(Problem("V041", f"{helper.name} releases {region} again", known=known, role="arg1"))
