"""Kernel functions: what they return and what they do to the state, from the platform's table.

    v3 = call extern 0(v1)      bpf_task_acquire: {0, a struct task_struct}, and a reference is held

What they take is in `bpfcc.verifier.checks.kernel`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import CallExtern, Operand
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import ANYTHING, NULL, TOP, Fact, Ptr, number_of, pointer, pointers_of
from bpfcc.verifier.handles import (
    ITERATOR,
    RCU,
    Handle,
    begin,
    end,
    handle_at,
    hold,
    lend,
    lend_of_lent,
    lent_by,
    packet_moved,
    slice_ref,
    slot_of,
    taken_back,
)

if TYPE_CHECKING:
    from bpfcc.runtime.specs.kfuncs import Kfunc
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.facts import Region
    from bpfcc.verifier.flow import State
    from bpfcc.verifier.unit import Surroundings, Unit
    from bpfcc.verifier.view import View

Known = Callable[[Operand], "Scalar | Fact"]

# Arguments and results that need what is not modelled: objects that programs allocate, lists and trees of them, queued spin locks.
NOT_MODELLED: Final = frozenset({
    "object", "percpu_object", "refcounted", "list_head", "list_node", "rb_root", "rb_node", "res_spin_lock", "node", "arena",
})  # fmt: skip
# libbpf: what stands behind three underscores only tells declarations of one function apart.
FLAVOUR: Final = "___"
DYNPTR_KINDS: Final = {"bpf_dynptr_from_skb": "skb", "bpf_dynptr_from_xdp": "xdp", "bpf_dynptr_from_skb_meta": "skb_meta"}
CLONE: Final = "bpf_dynptr_clone"
UNTRUSTED_RESULTS: Final = frozenset({"bpf_get_kmem_cache"})
# Iterators that hold a lock on what they walk over.
KEEP_ALL: Final = frozenset({"iter:task_vma"})
MEMORY: Final = frozenset({"mem", "mem_read", "mem_uninit"})
FILLED: Final = frozenset({"mem", "mem_uninit", "irq_flag"})
WRITTEN: Final = FILLED | {"dynptr", "dynptr_uninit", "iter"}
# Sections by the flag that begins and the flag that ends them.
SECTIONS: Final = {"rcu_lock": "rcu", "preempt_disable": "preempt", "irq_save": "irq"}
SECTION_ENDS: Final = {"rcu_unlock": "rcu", "preempt_enable": "preempt", "irq_restore": "irq"}
# The kernel's BPF_MAX_LOOPS: `bpf_iter_num_new` refuses more.
MAX_ROUNDS: Final = 1 << 23
MAX_MEMORY: Final = 1 << 29


def kfunc_of(around: Surroundings, number: int) -> Kfunc | None:
    """The row of extern `number`, None where the platform has no such function, or has it of another module."""
    table = around.platform.kfuncs.by_name
    extern = around.module.externs[number]
    found = table.get(extern.name) or table.get(extern.name.partition(FLAVOUR)[0])
    return found if found is None or extern.module in (None, found.module) else None


def not_modelled(row: Kfunc) -> list[str]:
    """Kinds of arguments and results that the verifier has no model of."""
    return sorted(({each.kind for each in row.arguments} | {row.returns.kind}) & NOT_MODELLED)


def moves_packet(around: Surroundings, op: CallExtern) -> bool:
    """Whether packet pointers are stale after it."""
    row = kfunc_of(around, op.extern)
    return row is None or "moves_packet" in row.flags


# ---- results ----------------------------------------------------------------------------------------------------------


def kfunc_result(unit: Unit, op: CallExtern, known: Known) -> Scalar | Fact:
    """What the call returns."""
    row = kfunc_of(unit.around, op.extern)
    if row is None:
        return ANYTHING
    found = _result(unit, op, row, known)
    if not row.nullable or type(found) is not Fact or found.num is not None:
        return found
    return Fact(NULL, found.ptrs)


def _result(unit: Unit, op: CallExtern, row: Kfunc, known: Known) -> Scalar | Fact:
    returned = row.returns
    match returned.kind:
        case "void":
            return Fact(TOP, undef=True)
        case "number":
            return TOP
        case "arg":
            at = returned.argument or 0
            return known(op.args[at]) if at < len(op.args) else TOP
        case "btf":
            return pointer(_object(unit, op, row, returned.type))
        case "kernel_ctx":
            name = unit.around.platform.kfuncs.kernel_contexts.get(unit.around.type.name, "")
            return pointer(typed_object(unit, name, "trusted")) if name else TOP
        case "cast":
            return pointer(unit.object(op, "btf", "a kernel object", type=None))
        case "mem" | "mem_read":
            return pointer(_lent(unit, op, row, known))
        case _:
            # Objects of the program's own types: the call is refused as such.
            return Fact(TOP, (Ptr(unit.object(op, "btf", "an object of the program", type=None), sc.const(0)),))


def typed_object(unit: Unit, name: str, tag: str) -> Region:
    """An object of a kernel struct; one region for all that are to be relied on equally."""
    types = unit.around.request.kernel_types
    found = types.named(name) if types is not None else None
    kind = found.with_tag(tag).not_null() if found is not None else None
    return unit.object(None, "btf", f"struct {name}", type=kind)


def _object(unit: Unit, op: CallExtern, row: Kfunc, name: str) -> Region:
    if row.flags & {"acquire", "iter_next"}:
        rcu = _over_rcu(unit, row)
        types = unit.around.request.kernel_types
        found = types.named(name) if types is not None else None
        kind = found.with_tag("rcu" if rcu else "trusted") if found is not None else None
        if rcu and not unit.around.request.sleepable:
            return unit.object(None, "btf", f"struct {name}", type=kind)
        return unit.object(op, "btf", f"struct {name}", type=kind, ref=op if "acquire" in row.flags else slice_ref(op))
    return typed_object(unit, name, "untrusted" if row.name in UNTRUSTED_RESULTS else "")


def _over_rcu(unit: Unit, row: Kfunc) -> bool:
    """Whether it is the next of an iterator that RCU protects."""
    if "iter_next" not in row.flags:
        return False
    new = unit.around.platform.kfuncs.by_name.get(row.name.removesuffix("_next") + "_new")
    return new is not None and "rcu_protected" in new.flags


def _lent(unit: Unit, op: CallExtern, row: Kfunc, known: Known) -> Region:
    returned = row.returns
    size = returned.size
    if size is None:
        given = (
            number_of(known(op.args[returned.size_argument]))
            if returned.size_argument is not None and returned.size_argument < len(op.args)
            else None
        )
        size = given.umin if given is not None and given.umin < MAX_MEMORY else 0
    # An iterator counts in what it returns.
    read_only = returned.kind == "mem_read" or "iter_next" in row.flags
    of_handle = any(each.kind in ("dynptr", "iter") for each in row.arguments)
    return unit.memory(op, f"what {row.name} returned", size, read_only=read_only, ref=slice_ref(op) if of_handle else None)


# ---- the state --------------------------------------------------------------------------------------------------------


def after_kfunc(view: View, op: CallExtern) -> State:
    """The state after the call."""
    row = kfunc_of(view.unit.around, op.extern)
    if row is None or not_modelled(row):
        # The call is refused: nothing follows from it.
        return view.state
    state = packet_moved(view.state) if "moves_packet" in row.flags else view.state
    state = _sections(view, op, row, state)
    state = _written(view, op, row, state)
    state = _handles(view, op, row, state)
    if "release" in row.flags:
        from bpfcc.verifier.calls import give_back

        state = give_back(view, op, state)
    if view.unit.around.request.sleepable and row.returns.kind == "btf" and _over_rcu(view.unit, row):
        state = lent_by(state, RCU, slice_ref(op))
    return hold(state, op) if "acquire" in row.flags else state


def _sections(view: View, op: CallExtern, row: Kfunc, state: State) -> State:
    sections = state.sections
    if "rcu_unlock" in row.flags:
        # Not even a section around this one is known to be the one that it was found in.
        state = taken_back(state, RCU)
    if not isinstance(sections, tuple):
        return state
    for flag in row.flags & SECTIONS.keys():
        sections = (*sections, section_name(view, op, row, SECTIONS[flag]))
    for flag in row.flags & SECTION_ENDS.keys():
        name = section_name(view, op, row, SECTION_ENDS[flag])
        if name in sections:
            last = len(sections) - 1 - sections[::-1].index(name)
            sections = (*sections[:last], *sections[last + 1 :])
    return state.with_sections(sections)


def section_name(view: View, op: CallExtern, row: Kfunc, kind: str) -> str:
    """How a section is told from others: where interrupts were disabled, by the place of the flags."""
    if kind != "irq":
        return kind
    at = next(index for index, each in enumerate(row.arguments) if each.kind == "irq_flag")
    return f"irq{slot_of(view.known(op.args[at]), 8)}" if at < len(op.args) else kind


def _written(view: View, op: CallExtern, row: Kfunc, state: State) -> State:
    """Bytes of the frame that are written for sure, and handles among those that may be."""
    from bpfcc.verifier.steps import aliased, frame_mask, spoilt

    total = view.unit.fn.frame_bytes
    for index, each in enumerate(row.arguments[: len(op.args)]):
        if each.kind in FILLED and state.dynptrs:
            _, most = memory_size(row, op, index, view.known) or (0, total)
            state = aliased(view, state, view.known(op.args[index]))
            state = spoilt(view, state, frame_mask(view, view.known(op.args[index]), 0, min(most, total))[0])
        if each.kind in ("mem_uninit", "irq_flag"):
            least, _ = memory_size(row, op, index, view.known) or (0, 0)
            mask, sure = frame_mask(view, view.known(op.args[index]), 0, min(least, total))
            state = state.with_init(state.init | mask) if sure else state
    return state


def memory_size(row: Kfunc, op: CallExtern, index: int, known: Known) -> tuple[int, int] | None:
    """The least and the most bytes behind an argument; None where that is not known."""
    each = row.arguments[index]
    if each.size is not None:
        return each.size, each.size
    if each.size_argument is None or each.size_argument >= len(op.args):
        return None
    size = number_of(known(op.args[each.size_argument]))
    return (size.umin, size.umax) if size is not None else None


def _handles(view: View, op: CallExtern, row: Kfunc, state: State) -> State:
    for index, each in enumerate(row.arguments[: len(op.args)]):
        fact = view.known(op.args[index])
        if each.kind == "dynptr_uninit":
            slot = slot_of(fact)
            state = begin(view, state, _new_dynptr(view, op, row, state, slot)) if slot is not None else state
        elif each.kind == "dynptr" and row.returns.kind in MEMORY:
            handle = handle_at(state, slot_of(fact))
            state = lend(state, handle, op) if handle is not None else lend_of_lent(view, state, op, index)
        elif each.kind == "iter":
            state = _iterator(view, op, row, state, slot_of(fact, each.size or 8))
    return state


def _new_dynptr(view: View, op: CallExtern, row: Kfunc, state: State, slot: int) -> Handle:
    if row.name == CLONE:
        source = handle_at(state, slot_of(view.known(op.args[0])))
        return Handle(slot, source.ref, source.kind) if source is not None else Handle(slot, None, "other")
    return Handle(slot, op if "acquire" in row.flags else None, DYNPTR_KINDS.get(row.name, "other"))


def _iterator(view: View, op: CallExtern, row: Kfunc, state: State, slot: int | None) -> State:
    if slot is None:
        return state
    if "iter_new" in row.flags:
        # Even one that could not be made has to be destroyed.
        kind = next(each for each in row.arguments if each.kind == "iter")
        return begin(view, state, Handle(slot, op, ITERATOR + kind.type, kind.size or 8))
    handle = handle_at(state, slot)
    if handle is None:
        return state
    if "iter_destroy" in row.flags:
        return end(state, handle)
    if row.returns.kind == "btf" and not _over_rcu(view.unit, row):
        # Most iterators keep one object at a time.
        return lend(state if handle.kind in KEEP_ALL else taken_back(state, slot), handle, op)
    return lend(state, handle, op) if row.returns.kind in MEMORY else state


# ---- for others -------------------------------------------------------------------------------------------------------


def writes_cell(unit: Unit, op: CallExtern, cell: tuple[int, int], known: Known) -> bool:
    """Whether the call may write those bytes of the frame: (offset, size)."""
    row = kfunc_of(unit.around, op.extern)
    if row is None:
        return True
    for index, each in enumerate(row.arguments[: len(op.args)]):
        if each.kind not in WRITTEN:
            continue
        size = memory_size(row, op, index, known)
        for p in pointers_of(known(op.args[index])):
            if p.region.kind == "unknown":
                return True
            high = p.offset.smax + (size[1] if size is not None else MAX_MEMORY)
            if p.region.kind == "frame" and p.offset.smin < cell[0] + cell[1] and cell[0] < high:
                return True
    return False


def rounds_of(unit: Unit, op: CallExtern) -> int | None:
    """At most how often the next of an iterator gives something before it is null for good; None where `op` is no such call.

    Tasks, mappings and the like are finite; that there are not more of them than this is the kernel's to see to.
    """
    row = kfunc_of(unit.around, op.extern)
    return MAX_ROUNDS if row is not None and "iter_next" in row.flags else None
