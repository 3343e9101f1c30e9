"""Every operation and what must hold for it.

for op in block.ops: problems = check(view, op)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir import ops
from bpfcc.verifier.checks.access import check_access
from bpfcc.verifier.checks.arithmetic import check_alu, check_cast, check_written
from bpfcc.verifier.checks.calls import check_call
from bpfcc.verifier.checks.exits import check_exit
from bpfcc.verifier.checks.kernel import check_kfunc
from bpfcc.verifier.checks.maps import check_map
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.checks.sections import check_held_nothing
from bpfcc.verifier.checks.stores import check_stored
from bpfcc.verifier.facts import Fact, pointers_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.verifier.view import View


# kernel/bpf/verifier.c, may_access_skb.
LOAD_PACKETS: Final = frozenset({"socket_filter", "sched_cls", "sched_act"})


def check(view: View, op: ops.Op) -> Problems:
    """What is wrong with `op` as far as the view knows."""
    problems: Problems = []
    handler = CHECKS.get(type(op))
    if handler is not None:
        handler(view, op, problems)
    return problems


def _access(view: View, op: Any, problems: Problems) -> None:
    check_written(view, op, problems)
    if problems:
        return
    check_access(view, op, problems)
    if not problems and not isinstance(op, (ops.Load, ops.LoadAcquire)):
        check_stored(view, op, problems)


def _alu(view: View, op: ops.Alu, problems: Problems) -> None:
    a, b = view.known(op.lhs), view.known(op.rhs)
    if type(a) is Fact or type(b) is Fact:
        check_written(view, op, problems)
        if problems:
            return
        check_alu(view, op, problems)
    elif op.kind in ("div", "mod", "sdiv", "smod"):
        check_alu(view, op, problems)


def _cast(view: View, op: Any, problems: Problems) -> None:
    if type(view.known(op.value)) is Fact:
        check_written(view, op, problems)
        if not problems:
            check_cast(view, op, problems)


def _compare(view: View, op: ops.Branch, problems: Problems) -> None:
    if type(view.known(op.lhs)) is Fact or type(view.known(op.rhs)) is Fact:
        check_written(view, op, problems)


def _packet_load(view: View, op: ops.PacketLoad, problems: Problems) -> None:
    fact = view.known(op.context)
    found = pointers_of(fact)
    if len(found) != 1 or found[0].region.kind != "ctx" or type(fact) is not Fact or fact.num is not None:
        problems.append(Problem("V033", "a packet load needs the context in r6", role="base"))
    elif view.unit.around.type.name not in LOAD_PACKETS:
        problems.append(Problem("V031", f"packet loads are not for programs of type {view.unit.around.type.name}"))
    elif view.state.lock is not None:
        problems.append(Problem("V042", "a packet load may end the program while a spin lock is held"))
    else:
        check_held_nothing(view, "a packet load may end the program", problems, "V042")


def _call_function(_view: View, op: ops.CallFunction, problems: Problems) -> None:
    # In the judged form there is none.
    problems.append(Problem("V066", f"{op.function} was not put in the place of its call", cause="analysis-limit"))


def _call_indirect(view: View, op: ops.CallIndirect, problems: Problems) -> None:
    platform = view.unit.around.platform
    if not platform.indirect_calls:
        problems.append(Problem("V066", f"{platform.name} has no calls of functions by address", cause="environment"))
        return
    found = pointers_of(view.known(op.target))
    names = {p.region.name for p in found if p.region.kind == "func"}
    known = f"it may be {', '.join(sorted(names))}" if names else None
    problems.append(Problem("V066", "the function that is called is not known", known=known, cause="analysis-limit"))


def _unresolved(_view: View, op: ops.Unresolved, problems: Problems) -> None:
    problems.append(Problem("V070", f"an instruction that does not exist on this kernel is reached: {op.reason}", cause="environment"))


CHECKS: Final[dict[type[ops.Op], Callable[[View, Any, Problems], None]]] = {
    ops.Alu: _alu,
    ops.Cast: _cast,
    ops.ByteSwap: _cast,
    ops.Load: _access,
    ops.Store: _access,
    ops.LoadAcquire: _access,
    ops.StoreRelease: _access,
    ops.Atomic: _access,
    ops.AtomicFetch: _access,
    ops.CompareExchange: _access,
    ops.MapAddr: check_map,
    ops.MapValueAddr: check_map,
    ops.PacketLoad: _packet_load,
    ops.Call: check_call,
    ops.CallFunction: _call_function,
    ops.CallExtern: check_kfunc,
    ops.CallIndirect: _call_indirect,
    ops.Branch: _compare,
    ops.Exit: check_exit,
    ops.Unresolved: _unresolved,
}
# What needs no check: it only makes addresses and constants, renames, or goes on.
HARMLESS: Final = {ops.FrameAddr, ops.FuncAddr, ops.ExternAddr, ops.Undef, ops.Assume, ops.Jump}
if set(CHECKS) | HARMLESS != set(ops.OPERATIONS):
    raise LookupError(f"operations without a check: {set(ops.OPERATIONS) - set(CHECKS) - HARMLESS}")
