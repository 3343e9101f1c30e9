"""What a helper takes in each register, by the kind that the platform's table gives it.

const_map_ptr, map_key      a map, and as many readable bytes as its keys have
mem_uninit, size            writable bytes, and how many
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.ops import Call, CallExtern
from bpfcc.verifier.checks.access import Mode, Span, check_span
from bpfcc.verifier.checks.leaks import check_copied, check_printed
from bpfcc.verifier.checks.problem import Problem, Problems
from bpfcc.verifier.checks.trust import HELPER_TYPES, Wanted, check_object
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import Fact, Region, number_of, pointers_of
from bpfcc.verifier.goals import InRange, NotNumber, Written
from bpfcc.verifier.handles import DYNPTR_BYTES, ITERATOR, handle_at, is_lent, is_slice, overlapping, slot_of
from bpfcc.verifier.linear import Sum
from bpfcc.verifier.steps import bits

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.bpfir.ops import Operand
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.verdict import Role
    from bpfcc.verifier.view import View

Check = Callable[["View", Any, "Helper", int, Problems], None]
# The kernel's BPF_MAX_VAR_SIZ.
MAX_SIZE: Final = 1 << 29
# What follows addresses with care takes any.
CAREFUL: Final = frozenset({
    "probe_read", "probe_read_user", "probe_read_kernel", "probe_read_str", "probe_read_user_str", "probe_read_kernel_str",
    "copy_from_user", "trace_printk",
})  # fmt: skip
# Flags that Linux wants to be the constant 0.
ZERO_FLAGS: Final = frozenset({("get_local_storage", 1)})
ROLES: Final[tuple[Role, ...]] = ("arg1", "arg2", "arg3", "arg4", "arg5")
MAPS_OF_MAPS: Final = frozenset({"array_of_maps", "hash_of_maps"})


def _need(op: Call, helper: Helper, index: int, wanted: str, fact: Scalar | Fact, problems: Problems) -> None:
    role = ROLES[index]
    problems.append(
        Problem(
            "V033", f"argument {index + 1} of {helper.name} must be {wanted}", required=wanted, known=f"{{{role}}} is {fact!r}", role=role
        )
    )


def _anything(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    if not _written(view, op, index, problems):
        return
    if (helper.name, index) in ZERO_FLAGS:
        _zero(view, op, helper, index, problems)
        return
    if helper.name in CAREFUL or (helper.name == "redirect_map" and view.unit.around.platform.objects == "linux"):
        return
    for p in pointers_of(fact):
        if p.region.kind not in ("btf", "unknown", "sock"):
            problems.append(Problem("V024", f"an address ({p.region}) is given to {helper.name} as a number", role=ROLES[index]))
            return


def _zero(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    num = number_of(fact)
    known_zero = type(fact) is not Fact and num is not None and num.umax == 0
    if not known_zero and not view.suppose(InRange(op.args[index], 0, 0)):
        what = f"argument {index + 1} of {helper.name} must be the constant 0"
        problems.append(Problem("V037", what, known=f"{{{ROLES[index]}}} is {fact!r}", role=ROLES[index]))


def _written(view: View, op: Call, index: int, problems: Problems) -> bool:
    fact = view.known(op.args[index])
    if type(fact) is Fact and fact.undef and not view.suppose(Written(op.args[index])):
        problems.append(
            Problem("V001", f"argument {index + 1} is read, and on some path nothing was written to {{{ROLES[index]}}}", role=ROLES[index])
        )
        return False
    return True


def _unchecked(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    """Whatever it is: only some forms of the call look at it."""
    check_printed(view, op, helper, index, problems)


def _map(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    role = ROLES[index]
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None and found and not view.suppose(NotNumber(op.args[index])):
        problems.append(Problem("V020", f"{{{role}}} may be null", required="a map", role=role, suggestion=f"if (!{{{role}}}) return 0;"))
        return
    if not found or any(p.region.kind != "map" or not p.offset.is_const() or p.offset.umin for p in found):
        _need(op, helper, index, "a map", fact, problems)
        return
    for p in found:
        _check_map_type(view, helper, p.region, role, problems)
    if index and not problems and helper.arguments[0].kind == "timer":
        check_own_map(view, op, helper.name, (0, index), problems)


def check_own_map(view: View, op: Call | CallExtern, name: str, pair: tuple[int, int], problems: Problems) -> None:
    """A timer, and what else the kernel keeps in a value, is for the map that its value is of. `pair`: its argument, and the map's."""
    member, index = pair
    handles = [p.region for p in pointers_of(view.known(op.args[index]))]
    values = [p.region for p in pointers_of(view.known(op.args[member]))]
    same = len({id(each.map) for each in handles}) == 1 and {id(each.map) for each in values} == {id(each.map) for each in handles}
    # Maps in a map are told apart by where they were found.
    if same and any(each.site is not None for each in handles):
        same = len(values) == 1 and _found_in(view, op.args[member], values[0].site, op.args[index])
    if not same:
        what = f"argument {index + 1} of {name} must be the map that {{arg{member + 1}}} is in"
        problems.append(Problem("V039", what, known=f"{{{ROLES[index]}}} is {handles[0]}", role=ROLES[index]))


def _found_in(view: View, value: Operand, site: Any, handle: Operand) -> bool:
    """Whether a value of a map was found in the map that a handle means."""
    if type(site) is not Call or not site.args:
        return False
    found = view.linear.of(site.result)
    return bool(found.terms) and view.linear.of(value).terms == found.terms and view.linear.of(site.args[0]) == view.linear.of(handle)


def _check_map_type(view: View, helper: Helper, region: Region, role: Role, problems: Problems) -> None:
    spec = region.map
    if spec is None:
        return
    kind = view.unit.around.platform.map_types.get(spec.type)
    if kind is None:
        problems.append(Problem("V039", f"the platform has no map type {spec.type!r}", role=role, cause="environment"))
    elif helper.any_map:
        return
    elif kind.helpers and helper.name not in kind.helpers:
        problems.append(
            Problem("V036", f"{helper.name} does not take a map of type {spec.type}", known=f"{{{role}}} is map {spec.name}", role=role)
        )
    elif not kind.helpers:
        problems.append(Problem("V036", f"{helper.name} does not take a map of type {spec.type}", role=role))
    elif spec.type in MAPS_OF_MAPS and spec.inner is None:
        problems.append(Problem("V039", f"map {spec.name} has no inner map", role=role))
    elif spec.read_only_program and helper.name in ("map_update_elem", "map_delete_elem", "map_push_elem", "map_pop_elem"):
        problems.append(Problem("V015", f"map {spec.name} may only be read", role=role))


def _spec(view: View, op: Call) -> MapSpec | None:
    for argument in op.args:
        for p in pointers_of(view.known(argument)):
            if p.region.kind == "map":
                return p.region.map
    return None


def _memory(view: View, op: Call, index: int, mode: Mode, size: int, problems: Problems) -> None:
    if size:
        check_span(view, op, op.args[index], Span(0, size, size, Sum((), size), mode, helper=True, role=ROLES[index]), problems)


def _sized_memory(view: View, op: Call, index: int, mode: Mode, at: int, size: Scalar, problems: Problems) -> None:
    """As many bytes as argument number `at` says."""
    if size.umax == 0:
        return
    count = op.args[at]
    # Where only the low half of the register counts, the sum of the register is not that of the size.
    whole = number_of(view.known(count))
    total = view.linear.of(count) if whole is not None and whole.umax == size.umax else Sum((), size.umax)
    span = Span(0, size.umin, size.umax, total, mode, helper=True, role=ROLES[index], amount=count)
    check_span(view, op, op.args[index], span, problems)


def _of_map(which: str, mode: Mode, *, nullable: bool = False) -> Check:
    def check(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
        fact = view.known(op.args[index])
        if not _written(view, op, index, problems):
            return
        if nullable and type(fact) is not Fact and fact.umax == 0:
            return
        specs = {id(p.region.map): p.region.map for a in op.args for p in pointers_of(view.known(a)) if p.region.kind == "map"}
        for spec in specs.values():
            if spec is None:
                continue
            size = view.unit.around.platform.key_bytes(spec) if which == "key" else spec.value_size
            if which == "key" and size == 0 and spec.type not in ("queue", "stack", "bloom_filter"):
                problems.append(Problem("V039", f"map {spec.name} has no keys", role=ROLES[index]))
                return
            _memory(view, op, index, mode, size, problems)
            if mode == "read" and not problems:
                check_copied(view, op, helper, index, size, problems)

    return check


def size_in(view: View, op: Call, helper: Helper, at: int) -> Scalar | None:
    """The size that the helper sees: many take it as an `int`, and look at the low half of the register only."""
    fact = view.known(op.args[at])
    size = number_of(fact)
    if size is None or pointers_of(fact):
        return None
    return sc.cast("zext", 32, 64, size) if helper.arguments[at].size == 32 and size.umax >= MAX_SIZE else size


def _mem(mode: Mode, *, nullable: bool = False) -> Check:
    def check(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
        argument = helper.arguments[index]
        fact = view.known(op.args[index])
        if not _written(view, op, index, problems):
            return
        if argument.size is not None:
            if nullable and type(fact) is not Fact and fact.umax == 0:
                return
            _memory(view, op, index, mode, argument.size, problems)
            return
        at = helper.size_argument(index)
        if at is None or at >= len(op.args):
            return
        size = size_in(view, op, helper, at)
        if size is None:
            return  # said of the size itself
        if size.umax >= MAX_SIZE:
            if not view.suppose(InRange(op.args[at], 0, MAX_SIZE - 1)):
                return
            size = sc.meet(size, sc.urange(0, MAX_SIZE - 1)) or size
        # Null goes with no bytes at all; which of the two it is may be a matter of the path.
        _sized_memory(view, op, index, mode, at, size, problems)
        if mode == "read" and not problems:
            check_copied(view, op, helper, index, size.umax, problems)

    return check


def _read_and_written(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    before = len(problems)
    _mem("write")(view, op, helper, index, problems)
    if len(problems) == before:
        _mem("read")(view, op, helper, index, problems)


def _size(*, zero: bool) -> Check:
    def check(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
        role = ROLES[index]
        fact = view.known(op.args[index])
        if not _written(view, op, index, problems):
            return
        if type(fact) is Fact and fact.ptrs:
            _need(op, helper, index, "a size", fact, problems)
            return
        size = size_in(view, op, helper, index)
        if size is None:
            return
        least = 0 if zero else 1
        if (size.umax < MAX_SIZE and size.umin >= least) or view.suppose(InRange(op.args[index], least, MAX_SIZE - 1)):
            return
        if size.umax >= MAX_SIZE:
            what = "negative" if size.smin < 0 else "too large"
            problems.append(
                Problem(
                    "V035",
                    f"the size {{{role}}} may be {what}",
                    required="a size of at most 2**29",
                    known=f"{{{role}}} is {size}",
                    role=role,
                    suggestion=f"if ({{{role}}} > sizeof(buffer)) return 0;",
                )
            )
        else:
            problems.append(
                Problem(
                    "V035",
                    f"the size {{{role}}} may be zero",
                    required="at least 1",
                    known=f"{{{role}}} is {size}",
                    role=role,
                    suggestion=f"if ({{{role}}} == 0) return 0;",
                )
            )

    return check


def _constant_size(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    num = number_of(fact)
    if type(fact) is Fact or num is None or not num.is_const():
        problems.append(
            Problem(
                "V037",
                f"argument {index + 1} of {helper.name} must be a constant",
                known=f"{{{ROLES[index]}}} is {fact!r}",
                role=ROLES[index],
            )
        )


def _ctx(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if helper.arguments[index].kind == "ctx_or_null" and type(fact) is not Fact and fact.umax == 0:
        return
    if (
        number_of(fact) is not None
        or len(found) != 1
        or found[0].region.kind != "ctx"
        or not found[0].offset.is_const()
        or found[0].offset.umin
    ):
        _need(op, helper, index, "the context", fact, problems)


def _function(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None or len(found) != 1 or found[0].region.kind != "func":
        problems.append(
            Problem(
                "V065",
                f"argument {index + 1} of {helper.name} must be a function of the program",
                known=f"{{{ROLES[index]}}} is {fact!r}",
                role=ROLES[index],
            )
        )
    elif op.helper >= 0 and helper.callback is not None and not helper.callback.deferred:
        # Else it was put beside the call.
        problems.append(
            Problem(
                "V065",
                f"which function {helper.name} is given is not constant",
                known=f"{{{ROLES[index]}}} is {fact!r}",
                role=ROLES[index],
                cause="analysis-limit",
            )
        )


def _stack_or_null(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    num = number_of(fact)
    if (num is not None and num.umax != 0) or any(p.region.kind != "frame" for p in found):
        _need(op, helper, index, "an address of the stack, or null", fact, problems)


def _special(kind: str, code: str) -> Check:
    def check(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
        role = ROLES[index]
        fact = view.known(op.args[index])
        found = pointers_of(fact)
        if number_of(fact) is not None and found and not view.suppose(NotNumber(op.args[index])):
            problems.append(Problem("V020", f"{{{role}}} may be null", role=role, suggestion=f"if (!{{{role}}}) return 0;"))
            return
        if len(found) == 1 and found[0].region.kind == "map_value" and found[0].offset.is_const() and found[0].region.map is not None:
            fields = view.unit.around.map_fields(found[0].region.map)
            if fields is not None and fields.fields.get(found[0].offset.smin, ("", 0))[0] == kind:
                return
        problems.append(
            Problem(
                code,
                f"argument {index + 1} of {helper.name} must be the {kind} of a map's value",
                known=f"{{{role}}} is {fact!r}",
                role=role,
            )
        )

    return check


def _const_string(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is None and len(found) == 1 and found[0].region.kind == "map_value" and found[0].offset.is_const():
        spec = found[0].region.map
        at = found[0].offset.smin
        if spec is not None and found[0].region.read_only and spec.initial is not None and at >= 0 and b"\0" in spec.initial[at:]:
            return
    _need(op, helper, index, "a constant string in read-only data", fact, problems)


def _dynptr(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    role = ROLES[index]
    fact = view.known(op.args[index])
    if not helper.releases and lent_dynptr(fact):
        check_lent(view, fact, role, problems)
        return
    slot = slot_of(fact)
    if slot is None:
        _need(op, helper, index, "a dynptr on the stack", fact, problems)
        return
    handle = handle_at(view.state, slot)
    if handle is None or handle.kind.startswith(ITERATOR):
        problems.append(Problem("V033", f"{{{role}}} is no initialised dynptr on every path", role=role))
    elif helper.releases and (handle.ref is None or handle.ref not in view.state.must):
        problems.append(Problem("V041", f"{helper.name} releases a dynptr that is not held", role=role))


def check_lent(view: View, fact: Scalar | Fact, role: Role, problems: Problems) -> None:
    """What a callback was given is used before it returns."""
    for p in pointers_of(fact):
        if is_slice(p.region.ref) and not is_lent(view.state, p.region.ref):
            problems.append(Problem("V041", f"{p.region} was given to a callback that has returned", role=role))
            return


def lent_dynptr(fact: Scalar | Fact) -> bool:
    """Whether it is a dynptr that a callback is given."""
    found = pointers_of(fact)
    return number_of(fact) is None and len(found) == 1 and found[0].region.kind == "dynptr" and found[0].offset.umax == 0


def _new_dynptr(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    check_new_handle(view, op, helper.name, index, DYNPTR_BYTES, problems)


def check_new_handle(view: View, op: Call | CallExtern, name: str, index: int, size: int, problems: Problems) -> None:
    """Bytes of the stack where a dynptr or an iterator is going to be."""
    fact = view.known(op.args[index])
    slot = slot_of(fact, size)
    if slot is None or slot % 8:
        wanted = f"{size} bytes of the stack, aligned to 8"
        problems.append(
            Problem(
                "V033",
                f"argument {index + 1} of {name} must be {wanted}",
                required=wanted,
                known=f"{{{ROLES[index]}}} is {fact!r}",
                role=ROLES[index],
            )
        )
        return
    check_span(view, op, op.args[index], Span(0, size, size, Sum((), size), "write", helper=True, role=ROLES[index], renews=True), problems)
    if any(h.ref in view.state.may for h in overlapping(view, view.state, bits(view, slot, slot + size))):
        problems.append(Problem("V040", "a dynptr or iterator is overwritten before it was released", role=ROLES[index]))


def _record(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    role = ROLES[index]
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None and found and not view.suppose(NotNumber(op.args[index])):
        problems.append(Problem("V020", f"{{{role}}} may be null", role=role, suggestion=f"if (!{{{role}}}) return 0;"))
    elif not found or any(p.region.kind != "mem" or p.region.ref is None or is_slice(p.region.ref) for p in found):
        _need(op, helper, index, "a record that bpf_ringbuf_reserve returned", fact, problems)
    elif any(not p.offset.is_const() or p.offset.umin for p in found):
        problems.append(
            Problem("V041", f"{{{role}}} does not point to the start of the record", known=f"{{{role}}} is {fact!r}", role=role)
        )


def _object(name: str, kinds: frozenset[str], *, nullable: bool = False) -> Check:
    def check(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
        if not _written(view, op, index, problems):
            return
        if helper.name == EXCHANGE:
            _exchanged(view, op, helper, index, problems)
            return
        kind = name or HELPER_TYPES.get((helper.name, index), "")
        check_object(view, op, index, Wanted(helper.name, kind, nullable=nullable, kinds=kinds), problems)

    return check


def _exchanged(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    """What goes into a map's value: null, or something held that is of the type that the member is declared with."""
    found = kptr_at(view, op.args[0])
    name = found[1].removeprefix("struct ") if found is not None else ""
    wanted = Wanted(helper.name, name, "trusted", nullable=True, releases=True, kinds=frozenset({"btf"}))
    check_object(view, op, index, wanted, problems)


def kptr_at(view: View, operand: Operand) -> tuple[str, str] | None:
    """Kind and type of the kernel pointer in a map's value that an address is of."""
    fact = view.known(operand)
    found = pointers_of(fact)
    if number_of(fact) is not None or len(found) != 1 or found[0].region.map is None or not found[0].offset.is_const():
        return None
    at = found[0].offset.smin
    fields = view.unit.around.map_fields(found[0].region.map)
    if found[0].region.kind != "map_value" or fields is None or fields.fields.get(at, ("", 0))[0] not in EXCHANGEABLE:
        return None
    return fields.fields[at][0], fields.targets.get(at, "")


def _per_cpu(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    fact = view.known(op.args[index])
    found = pointers_of(fact)
    if number_of(fact) is not None and found and not view.suppose(NotNumber(op.args[index])):
        problems.append(
            Problem("V020", f"{{{ROLES[index]}}} may be null", role=ROLES[index], suggestion=f"if (!{{{ROLES[index]}}}) return 0;")
        )
    elif not found or any(p.region.kind != "btf" or getattr(p.region.type, "tag", "percpu") != "percpu" for p in found):
        _need(op, helper, index, "a per-CPU kernel variable", fact, problems)


def _kptr(view: View, op: Call, helper: Helper, index: int, problems: Problems) -> None:
    if kptr_at(view, op.args[index]) is None:
        _need(op, helper, index, "a kernel pointer in a map's value", view.known(op.args[index]), problems)


EXCHANGE: Final = "kptr_xchg"
EXCHANGEABLE: Final = frozenset({"kptr", "kptr_percpu"})
SOCKETS: Final = frozenset({"sock", "btf"})
ARGUMENTS: Final[dict[str, Check]] = {
    "anything": _anything,
    "unchecked": _unchecked,
    "const_map_ptr": _map,
    "map_key": _of_map("key", "read"),
    "map_value": _of_map("value", "read"),
    "map_value_or_null": _of_map("value", "read", nullable=True),
    "map_value_uninit": _of_map("value", "write"),
    "mem": _mem("read"),
    "mem_or_null": _mem("read", nullable=True),
    "mem_write": _read_and_written,
    "mem_uninit": _mem("write"),
    "mem_uninit_or_null": _mem("write", nullable=True),
    "size": _size(zero=False),
    "size_or_zero": _size(zero=True),
    "const_alloc_size": _constant_size,
    "ctx": _ctx,
    "ctx_or_null": _ctx,
    "func": _function,
    "stack_or_null": _stack_or_null,
    "spin_lock": _special("spin_lock", "V047"),
    "timer": _special("timer", "V033"),
    "wq": _special("wq", "V033"),
    "task_work": _special("task_work", "V033"),
    "const_str": _const_string,
    "dynptr": _dynptr,
    "dynptr_uninit": _new_dynptr,
    "ringbuf_mem": _record,
    "sock_common": _object("", frozenset({"sock"})),
    "sock_common_or_null": _object("", frozenset({"sock"}), nullable=True),
    "btf_id_sock_common": _object("sock_common", SOCKETS),
    "btf_id_sock_common_or_null": _object("sock_common", SOCKETS, nullable=True),
    "btf_id": _object("", frozenset({"btf"})),
    "btf_id_or_null": _object("", frozenset({"btf"}), nullable=True),
    "percpu_btf_id": _per_cpu,
    "kptr": _kptr,
}
