"""Calls of kernel functions: that they exist and are allowed here, what they take, and where they may be called.

v3 = call extern 0(v1)      bpf_task_release(btf:task_struct): v1 was acquired
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

from bpfcc.runtime.specs.model import Argument, Helper
from bpfcc.verifier.checks.access import READ_ONLY_PACKET, Mode, Span, check_span
from bpfcc.verifier.checks.arguments import ARGUMENTS, MAX_SIZE, ROLES, check_lent, check_new_handle, check_own_map, lent_dynptr
from bpfcc.verifier.checks.exits import check_result
from bpfcc.verifier.checks.problem import Problem, Problems, stops
from bpfcc.verifier.checks.sections import check_held_nothing, check_sleep
from bpfcc.verifier.checks.trust import Wanted, check_object, in_rcu
from bpfcc.verifier.facts import Fact, number_of, pointers_of
from bpfcc.verifier.handles import ITERATOR, OF_PACKETS, handle_at, slot_of
from bpfcc.verifier.kfuncs import FLAVOUR, NOT_MODELLED, SECTION_ENDS, kfunc_of, memory_size, not_modelled, section_name
from bpfcc.verifier.linear import Sum

if TYPE_CHECKING:
    from bpfcc.bpfir.ops import CallExtern
    from bpfcc.runtime.specs.kfuncs import Kfunc
    from bpfcc.verifier.view import View

    Check = Callable[["View", CallExtern, Kfunc, int, Problems], None]

READ_WRITE_SLICE: Final = "bpf_dynptr_slice_rdwr"
# What the kernel keeps in a map's value, and is told the map of.
IN_VALUES: Final = frozenset({"wq", "task_work"})
# Where the context is another one, these take the kernel's own struct.
SKB_FUNCTIONS: Final = frozenset({"bpf_dynptr_from_skb"})
NAME_CUTOFF: Final = 0.75


def check_kfunc(view: View, op: CallExtern, problems: Problems) -> None:
    """What must hold for the call."""
    row = kfunc_of(view.unit.around, op.extern)
    if row is None:
        _unknown(view, op, problems)
        return
    if not _allowed(view, row, problems):
        return
    if len(op.args) < len(row.arguments):
        problems.append(Problem("V033", f"{row.name} takes {len(row.arguments)} arguments"))
        return
    for index, each in enumerate(row.arguments):
        before = len(problems)
        ARGUMENT_CHECKS[each.kind](view, op, row, index, problems)
        if stops(problems, before):
            return
    _check_places(view, op, row, problems)


def _unknown(view: View, op: CallExtern, problems: Problems) -> None:
    around = view.unit.around
    name, module = around.module.externs[op.extern].name, around.module.externs[op.extern].module
    if module is not None:
        what = f"{around.platform.name} has no function {name} of module {module}"
        problems.append(Problem("V067", what, cause="environment", suggestion="describe it in a platform's file, below `kfuncs`"))
        return
    near = get_close_matches(name.partition(FLAVOUR)[0], list(around.platform.kfuncs.by_name), 1, NAME_CUTOFF)
    suggestion = f"is {near[0]} meant?" if near else None
    problems.append(Problem("V067", f"{around.platform.name} has no kernel function {name}", cause="environment", suggestion=suggestion))


def _allowed(view: View, row: Kfunc, problems: Problems) -> bool:
    from bpfcc.verifier.checks.calls import gpl_compatible

    around = view.unit.around
    request = around.request
    if "builtin" in row.flags:
        return True
    if not row.allowed(request.type, request.attach_type):
        where = f"programs of type {request.type}"
        if row.types is None or request.type in row.types:
            where += f" that are attached as {request.attach_type}"
        problems.append(Problem("V067", f"{row.name} is not for {where}", cause="environment"))
        return False
    # Functions of other modules than a kernel under the GPL have no such rule.
    if row.module is None and not gpl_compatible(request):
        problems.append(
            Problem(
                "V032",
                f"{row.name} is for programs under the GPL; this one is under {request.license!r}",
                suggestion='char LICENSE[] SEC("license") = "GPL";',
            )
        )
        return False
    missing = not_modelled(row)
    if missing:
        problems.append(Problem("V075", f"{row.name}: {', '.join(missing)} of kernel functions are not supported", cause="unsupported"))
        return False
    return True


def _check_places(view: View, op: CallExtern, row: Kfunc, problems: Problems) -> None:
    state = view.state
    if "sleepable" in row.flags and not check_sleep(view, row.name, problems):
        return
    if state.lock is not None and not row.flags & {"under_lock", "builtin"}:
        problems.append(Problem("V045", f"calling {row.name} while a spin lock is held"))
    if "rcu_protected" in row.flags and not in_rcu(view):
        problems.append(Problem("V067", f"{row.name} is called without bpf_rcu_read_lock", suggestion="bpf_rcu_read_lock();"))
    if "noreturn" in row.flags:
        check_held_nothing(view, f"{row.name} ends the program", problems)
        if not problems and op.args:
            # Whatever function throws, it is the program that returns.
            check_result(view, op.args[0], view.unit.around.return_range, ROLES[0], problems)
        _check_exception(view, row.name, problems)
    for flag in sorted(row.flags & SECTION_ENDS.keys()):
        name = section_name(view, op, row, SECTION_ENDS[flag])
        sections = state.sections
        nested = [each for each in sections if each.startswith("irq")] if isinstance(sections, tuple) else []
        if not isinstance(sections, tuple) or name not in sections:
            problems.append(Problem("V046", f"{row.name} ends what was not begun on every path"))
        elif name in nested and nested[-1] != name:
            problems.append(Problem("V046", f"{row.name} is not for the last bpf_local_irq_save"))


def _check_exception(view: View, name: str, problems: Problems) -> None:
    """What is thrown is what the program returns: unless it says what else to call with that."""
    around = view.unit.around
    types, entry = around.request.object_types, around.module.entry
    callback = types.exception_callback(entry.btf_type_id) if types is not None and entry.btf_type_id else None
    if callback is not None:
        what = f"{name}: exception callbacks ({callback}) are not supported"
        problems.append(Problem("V075", what, cause="unsupported"))


# ---- arguments --------------------------------------------------------------------------------------------------------


@cache
def _as_helper(row: Kfunc) -> Helper:
    """For the kinds of arguments that helpers have as well."""
    return Helper(-1, row.name, tuple(Argument(each.kind, each.size) for each in row.arguments), releases="release" in row.flags)


def _as(kind: str) -> Check:
    def check(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
        ARGUMENTS[kind](view, op, _as_helper(row), index, problems)

    return check


def _written(view: View, op: CallExtern, index: int, problems: Problems) -> bool:
    fact = view.known(op.args[index])
    if type(fact) is Fact and fact.undef:
        problems.append(
            Problem("V001", f"argument {index + 1} is read, and on some path nothing was written to {{{ROLES[index]}}}", role=ROLES[index])
        )
        return False
    return True


def _need(view: View, op: CallExtern, row: Kfunc, index: int, wanted: str, problems: Problems) -> None:
    role = ROLES[index]
    known = f"{{{role}}} is {view.known(op.args[index])!r}"
    problems.append(Problem("V033", f"argument {index + 1} of {row.name} must be {wanted}", required=wanted, known=known, role=role))


def _ignored(_view: View, _op: CallExtern, _row: Kfunc, _index: int, _problems: Problems) -> None:
    """Whatever it is."""


def _number(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    if _written(view, op, index, problems) and pointers_of(view.known(op.args[index])):
        _need(view, op, row, index, "a number", problems)


def _memory(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    each = row.arguments[index]
    fact = view.known(op.args[index])
    if not _written(view, op, index, problems):
        return
    num = number_of(fact)
    if each.nullable and num is not None and num.umax == 0 and not pointers_of(fact):
        return
    size = memory_size(row, op, index, view.known)
    if size is None or size[1] >= MAX_SIZE or (each.size_argument is not None and pointers_of(view.known(op.args[each.size_argument]))):
        return  # said of the size itself
    if size[1] == 0:
        return
    total = Sum((), size[0]) if each.size_argument is None else view.linear.of(op.args[each.size_argument])
    found: Problems = []
    for mode in _modes(row, index):
        if not found:
            check_span(view, op, op.args[index], Span(0, *size, total, mode, helper=True, role=ROLES[index]), found)
    allowed_null = each.nullable and num is not None and num.umax == 0
    problems += [p for p in found if not (allowed_null and p.code == "V020")]


def _modes(row: Kfunc, index: int) -> tuple[Mode, ...]:
    each = row.arguments[index]
    if each.kind == "mem_read":
        return ("read",)
    # A buffer that the result may lie in is written first.
    filled = each.kind == "mem_uninit" or (row.returns.size_argument is not None and row.returns.size_argument == each.size_argument)
    return ("write",) if filled else ("write", "read")


def _object(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    each = row.arguments[index]
    if not _written(view, op, index, problems):
        return
    trust = "trusted" if row.flags & {"trusted_args", "release"} else "rcu" if "rcu" in row.flags else ""
    wanted = Wanted(row.name, each.type, trust, each.nullable, "release" in row.flags, maps=each.type == "bpf_map")
    check_object(view, op, index, wanted, problems)


def _context(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    around = view.unit.around
    if row.name in SKB_FUNCTIONS and (around.context is None or around.context.name != "__sk_buff"):
        check_object(view, op, index, Wanted(row.name, "sk_buff", "trusted"), problems)
    else:
        ARGUMENTS["ctx"](view, op, _as_helper(row), index, problems)


def _map(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None or not found or any(p.region.kind != "map" or p.offset.umax for p in found):
        _need(view, op, row, index, "a map", problems)
        return
    for at, each in enumerate(row.arguments):
        if each.kind in IN_VALUES:
            check_own_map(view, op, row.name, (at, index), problems)


def _function(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None or len(found) != 1 or found[0].region.kind != "func":
        problems.append(
            Problem(
                "V065",
                f"argument {index + 1} of {row.name} must be a function of the program",
                known=f"{{{ROLES[index]}}} is {fact!r}",
                role=ROLES[index],
            )
        )


def _dynptr(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    num = number_of(fact)
    if row.arguments[index].nullable and num is not None and num.umax == 0 and not pointers_of(fact):
        return
    if lent_dynptr(fact):
        check_lent(view, fact, ROLES[index], problems)
        return
    handle = handle_at(view.state, slot_of(fact))
    if slot_of(fact) is None:
        _need(view, op, row, index, "a dynptr on the stack", problems)
    elif handle is None or handle.kind.startswith(ITERATOR):
        problems.append(Problem("V033", f"{{{ROLES[index]}}} is no initialised dynptr on every path", role=ROLES[index]))
    elif row.name == READ_WRITE_SLICE and handle.kind in OF_PACKETS and view.unit.around.type.name in READ_ONLY_PACKET:
        problems.append(Problem("V015", "programs of this type may not write the packet", role=ROLES[index]))


def _new_dynptr(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    check_new_handle(view, op, row.name, index, 16, problems)


def _iterator(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    each = row.arguments[index]
    size = each.size or 8
    if "iter_new" in row.flags:
        check_new_handle(view, op, row.name, index, size, problems)
        return
    slot = slot_of(view.known(op.args[index]), size)
    if slot is None:
        _need(view, op, row, index, f"an iterator (struct bpf_iter_{each.type}) on the stack", problems)
        return
    handle = handle_at(view.state, slot)
    if handle is None or handle.kind != ITERATOR + each.type:
        problems.append(Problem("V033", f"{{{ROLES[index]}}} is no initialised bpf_iter_{each.type} on every path", role=ROLES[index]))
    elif "iter_destroy" in row.flags and handle.ref not in view.state.must:
        problems.append(
            Problem("V041", f"{row.name}: the iterator was destroyed already, or was made in an earlier round of a loop", role=ROLES[index])
        )


def _irq_flag(view: View, op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    if "irq_save" in row.flags:
        check_new_handle(view, op, row.name, index, 8, problems)
    elif slot_of(view.known(op.args[index]), 8) is None:
        _need(view, op, row, index, "what bpf_local_irq_save filled, on the stack", problems)


def _not_modelled(_view: View, _op: CallExtern, row: Kfunc, index: int, problems: Problems) -> None:
    problems.append(Problem("V075", f"argument {index + 1} of {row.name} is not supported", cause="unsupported"))


ARGUMENT_CHECKS: Final[dict[str, Check]] = {
    "number": _number,
    "const": _as("const_alloc_size"),
    "const_size": _as("const_alloc_size"),
    "size": _as("size"),
    "size_or_zero": _as("size_or_zero"),
    "mem": _memory,
    "mem_read": _memory,
    "mem_uninit": _memory,
    "btf": _object,
    "ctx": _context,
    "map": _map,
    "const_str": _as("const_str"),
    "func": _function,
    "dynptr": _dynptr,
    "dynptr_uninit": _new_dynptr,
    "iter": _iterator,
    "wq": _as("wq"),
    "task_work": _as("task_work"),
    "irq_flag": _irq_flag,
    "ignored": _ignored,
    **dict.fromkeys(sorted(NOT_MODELLED), _not_modelled),
}
