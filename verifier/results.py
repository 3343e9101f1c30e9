"""What calls return, as facts.

map_lookup_elem(counters, key)       {0, a value of map counters}
probe_read_str(dst, 16, src)         [-4095, 16]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir.ops import Call, CallExtern, Op, Operand
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import ANYTHING, NULL, TOP, Fact, Ptr, Region, join, number_of, pointer, pointers_of
from bpfcc.verifier.pseudo import is_pseudo, pseudo_result

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs.model import Helper
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.unit import Unit

Known = Callable[[Operand], "Scalar | Fact"]
MAX_ERRNO: Final = 4095
MAX_MEMORY: Final = 1 << 29
# Regions below the object's end: what a helper without a row may give is a number, and whoever uses it as an address is refused.
NO_VALUE: Final = Fact(TOP, undef=True)
MAPS_OF_MAPS: Final = frozenset({"array_of_maps", "hash_of_maps"})
SOCKET_MAPS: Final = frozenset({"sockmap", "sockhash"})
ALWAYS_THERE: Final = frozenset({"array", "percpu_array"})
# BPF_F_INNER_MAP: what is found in an array of maps may have another number of entries than the map that describes it.
OF_ANY_SIZE: Final = 1 << 12
# Kernel types that helpers return, by helper.
RETURNED_TYPES: Final = {
    "get_current_task_btf": "task_struct", "task_pt_regs": "pt_regs", "skc_to_tcp6_sock": "tcp6_sock", "skc_to_tcp_sock": "tcp_sock",
    "skc_to_tcp_timewait_sock": "tcp_timewait_sock", "skc_to_tcp_request_sock": "tcp_request_sock", "skc_to_udp6_sock": "udp6_sock",
    "skc_to_unix_sock": "unix_sock", "skc_to_mptcp_sock": "mptcp_sock", "sock_from_file": "socket",
}  # fmt: skip
SOCK_NAMES: Final = {"sock": "a socket", "sock_common": "a socket", "tcp_sock": "a TCP socket"}


def call_result(unit: Unit, op: Call | CallExtern, known: Known) -> Scalar | Fact:
    """The fact of the result of a helper or kernel function."""
    if isinstance(op, CallExtern):
        from bpfcc.verifier.kfuncs import kfunc_result

        return kfunc_result(unit, op, known)
    if is_pseudo(op.helper):
        return pseudo_result(unit, op, known)
    helper = unit.around.helper(op.helper)
    if helper is None:
        return TOP
    found: Scalar | Fact = RESULTS[helper.returns](unit, op, helper, known)
    return found


def _integer(_unit: Unit, op: Call, helper: Helper, known: Known) -> Scalar:
    if helper.result_at_most is not None and helper.result_at_most < len(op.args):
        size = number_of(known(op.args[helper.result_at_most]))
        if size is not None and 0 <= size.umax <= 1 << 30:
            return sc.srange(-MAX_ERRNO, size.umax)
    result_range = getattr(helper, "result_range", None)
    if result_range is not None:
        return sc.srange(*result_range)
    return TOP


def _void(_unit: Unit, _op: Call, helper: Helper, _known: Known) -> Scalar | Fact:
    return TOP if helper.name == "tail_call" else NO_VALUE


def maps_of(fact: Scalar | Fact) -> list[Region]:
    """The maps that a handle may mean."""
    return [p.region for p in pointers_of(fact) if p.region.kind == "map"]


def _map_value(unit: Unit, op: Call, helper: Helper, known: Known) -> Scalar | Fact:
    nullable = helper.returns.endswith("_or_null")
    found: Scalar | Fact | None = None
    for handle in maps_of(known(op.args[0])) if op.args else []:
        spec = handle.map
        if spec is None:
            continue
        one = _looked_up(unit, op, spec, helper, known, nullable=nullable)
        found = one if found is None else join(found, one)
    return found if found is not None else TOP


def _looked_up(unit: Unit, op: Call, spec: MapSpec, helper: Helper, known: Known, *, nullable: bool) -> Scalar | Fact:
    if spec.type in MAPS_OF_MAPS:
        if spec.inner is None:
            return TOP
        inner = unit.region((op, "inner", id(spec)), "map", f"a map of {spec.name}", map=spec.inner, site=op)
        return pointer(inner, null=True)
    if spec.type in SOCKET_MAPS and helper.name == "map_lookup_elem":
        return pointer(unit.object(op, "sock", "a socket", ref=op), null=True)
    if spec.type == "xskmap":
        return pointer(unit.object(op, "sock", "an XDP socket", type="xdp_sock"), null=True)
    if nullable and spec.type in ALWAYS_THERE and not spec.flags & OF_ANY_SIZE and helper.name == "map_lookup_elem":
        from bpfcc.verifier.stack import constant_at

        key = constant_at(unit, op, known(op.args[1]), 4, known) if len(op.args) > 1 else None
        nullable = key is None or key >= spec.max_entries
    return pointer(unit.map_value(op, spec), null=nullable)


def _sock(unit: Unit, op: Call, helper: Helper, _known: Known) -> Scalar | Fact:
    kind = helper.returns.removesuffix("_or_null")
    refs = [op] if helper.acquires else _argument_refs(op, _known)
    found = [Ptr(unit.object(op, "sock", SOCK_NAMES[kind], type=kind, ref=ref), sc.const(0)) for ref in refs]
    return Fact(NULL, tuple(found))


def _argument_refs(op: Call, known: Known) -> list[Any]:
    """What a socket made of another one is released with: of one of several, each of theirs."""
    found = pointers_of(known(op.args[0])) if op.args else ()
    return list(dict.fromkeys(p.region.ref for p in found)) or [None]


def _ringbuf(unit: Unit, op: Call, _helper: Helper, known: Known) -> Scalar | Fact:
    return pointer(unit.memory(op, "the reserved record", _least(op, 1, known), ref=op), null=True)


def _dynptr_memory(unit: Unit, op: Call, _helper: Helper, known: Known) -> Scalar | Fact:
    from bpfcc.verifier.handles import slice_ref

    return pointer(unit.memory(op, "the dynptr's data", _least(op, 2, known), ref=slice_ref(op)), null=True)


def _least(op: Call, index: int, known: Known) -> int:
    """The bytes that there are whatever the size argument is: where it is no constant, that is said of itself."""
    size = number_of(known(op.args[index])) if index < len(op.args) else None
    return size.umin if size is not None and size.umin < MAX_MEMORY else 0


def _kernel_object(unit: Unit, op: Call, helper: Helper, _known: Known) -> Scalar | Fact:
    types = unit.around.request.kernel_types
    name = _exchanged(unit, op, _known) if helper.name == "kptr_xchg" else RETURNED_TYPES.get(helper.name)
    found = types.named(name) if types is not None and name is not None else None
    shown = f"struct {name}" if name is not None else "a kernel object"
    refs = [op] if helper.acquires else _argument_refs(op, _known)
    # Helpers return what is kept alive by RCU or by what they were given.
    kind = found.with_tag("trusted").not_null() if found is not None else None
    objects = [Ptr(unit.object(op, "btf", shown, type=kind, ref=ref), sc.const(0)) for ref in refs]
    return Fact(NULL if helper.returns.endswith("_or_null") else None, tuple(objects))


def _exchanged(unit: Unit, op: Call, known: Known) -> str | None:
    """The struct that a kernel pointer in a map's value points to."""
    for p in pointers_of(known(op.args[0])) if op.args else ():
        fields = unit.around.map_fields(p.region.map) if p.region.map is not None and p.offset.is_const() else None
        if fields is not None and p.offset.smin in fields.targets:
            return fields.targets[p.offset.smin].removeprefix("struct ")
    return None


def _number_or_object(unit: Unit, op: Call, helper: Helper, known: Known) -> Scalar | Fact:
    given = pointers_of(known(op.args[0])) if op.args else ()
    # As large as the variable that it is one processor's copy of.
    size = min((p.region.size for p in given), default=0)
    region = unit.region((op, "variable", size), "btf", "a kernel variable", size, type=None, site=op)
    return Fact(NULL if helper.returns.endswith("_or_null") else None, (Ptr(region, sc.const(0)),))


RESULTS: Final[dict[str, Callable[[Unit, Call, Helper, Known], Any]]] = {
    "integer": _integer,
    "void": _void,
    "map_value": _map_value,
    "map_value_or_null": _map_value,
    "sock_or_null": _sock,
    "sock_common_or_null": _sock,
    "tcp_sock_or_null": _sock,
    "ringbuf_mem_or_null": _ringbuf,
    "dynptr_mem_or_null": _dynptr_memory,
    "btf_id": _kernel_object,
    "btf_id_or_null": _kernel_object,
    "mem_or_btf_id": _number_or_object,
    "mem_or_btf_id_or_null": _number_or_object,
}

__all__ = ["ANYTHING", "Op", "call_result", "maps_of"]
