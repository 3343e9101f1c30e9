"""What is known of an operation's result, from what is known of its operands.

    v3 = add.64 v1, v2        v1 = packet+[14, 34], v2 = [0, 60]        v3 = packet+[14, 94]

`transfer(unit, op, known)` is used by every stage: `known` says what the stage knows of an operand. None: nothing can get here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from bpfcc.bpfir import ops
from bpfcc.bpfir.ops import Alu, Assume, ByteSwap, Cast, Load, Op, Operand
from bpfcc.errors import InputError
from bpfcc.verifier.compare import refine
from bpfcc.verifier.domains import scalar as sc
from bpfcc.verifier.facts import ANYTHING, MAX_PACKET, NULL, TOP, UNDEFINED, Fact, Ptr, Region, join, make, number_of, pointer, pointers_of
from bpfcc.verifier.handles import borrowed, is_slice
from bpfcc.verifier.results import call_result

if TYPE_CHECKING:
    from bpfcc.runtime.specs.model import Field
    from bpfcc.verifier.domains.scalar import Scalar
    from bpfcc.verifier.options import BtfPointer
    from bpfcc.verifier.unit import Unit

Known = Callable[[Operand], "Scalar | Fact"]
# What is freed only after an RCU grace period (`rcu_protected_types` of the kernel).
KEPT_BY_RCU: Final = frozenset(
    {"struct prog_test_ref_kfunc", "struct cgroup", "struct bpf_cpumask", "struct task_struct", "struct bpf_crypto_ctx"}
)
END_OFFSET: Final = sc.urange(0, MAX_PACKET)
# Members of contexts that are trusted pointers: `struct bpf_nf_ctx`.
KERNEL_FIELDS: Final = {"state": "nf_hook_state", "skb": "sk_buff"}
META_OFFSET: Final = sc.urange(0, 4096)


def transfer(unit: Unit, op: Op, known: Known) -> Scalar | Fact | None:
    """The fact of `op.result`; None where the operation is never reached."""
    found: Scalar | Fact | None = TRANSFER[type(op)](unit, op, known)
    return found


def _alu(_unit: Unit, op: Alu, known: Known) -> Scalar | Fact:
    a, b = known(op.lhs), known(op.rhs)
    if type(a) is not Fact and type(b) is not Fact:
        return sc.alu(op.kind, op.width_bits, a, b)
    if op.width_bits == 64:
        if op.kind == "add":
            return _add(a, b)
        if op.kind == "sub":
            return _subtract(a, b)
    elif op.kind == "sub":
        return _difference32(a, b)
    # Aligning an address downwards or testing its bits gives a number.
    na, nb = number_of(a), number_of(b)
    if not pointers_of(a) and not pointers_of(b) and na is not None and nb is not None:
        return sc.alu(op.kind, op.width_bits, na, nb)
    return sc.of_bytes(4) if op.width_bits == 32 else TOP


def _add(a: Scalar | Fact, b: Scalar | Fact) -> Scalar | Fact:
    na, nb = number_of(a), number_of(b)
    num = sc.alu("add", 64, na, nb) if na is not None and nb is not None else None
    ptrs: list[Ptr] = []
    if nb is not None:
        ptrs += [Ptr(p.region, sc.alu("add", 64, p.offset, nb)) for p in pointers_of(a)]
    if na is not None:
        ptrs += [Ptr(p.region, sc.alu("add", 64, p.offset, na)) for p in pointers_of(b)]
    if pointers_of(a) and pointers_of(b):
        num = TOP
    return _merged(num, ptrs)


def _subtract(a: Scalar | Fact, b: Scalar | Fact) -> Scalar | Fact:
    na, nb = number_of(a), number_of(b)
    num = sc.alu("sub", 64, na, nb) if na is not None and nb is not None else None
    ptrs: list[Ptr] = []
    if nb is not None:
        ptrs += [Ptr(p.region, sc.alu("sub", 64, p.offset, nb)) for p in pointers_of(a)]
    for q in pointers_of(b):
        if na is not None:
            num = TOP
        for p in pointers_of(a):
            if p.region is q.region and p.region.unique:
                difference = sc.alu("sub", 64, p.offset, q.offset)
                num = difference if num is None else sc.join(num, difference)
            else:
                num = TOP
    return _merged(num, ptrs)


def _difference32(a: Scalar | Fact, b: Scalar | Fact) -> Scalar:
    """The low half of the distance of two addresses of one instance; of anything else with an address nothing is known."""
    distance = _subtract(a, b)
    if type(distance) is Fact or not pointers_of(a) or not pointers_of(b):
        return sc.of_bytes(4)
    return sc.cast("zext", 32, 64, distance)


def _merged(num: Scalar | None, ptrs: list[Ptr]) -> Scalar | Fact:
    """Alternatives of one region put together."""
    if len(ptrs) > 1:
        found: Scalar | Fact | None = num
        for p in ptrs:
            found = Fact(None, (p,)) if found is None else join(found, Fact(None, (p,)))
        return found if found is not None else ANYTHING
    result = make(num, ptrs)
    return result if result is not None else ANYTHING


def _cast(_unit: Unit, op: Cast, known: Known) -> Scalar | Fact:
    a = known(op.value)
    if type(a) is Fact:
        if a.num is None or a.ptrs:
            # The low half of an address is a number of which nothing is known.
            return sc.cast(op.kind, op.from_bits, op.width_bits, TOP)
        a = a.num
    return sc.cast(op.kind, op.from_bits, op.width_bits, a)


def _swap(_unit: Unit, op: ByteSwap, known: Known) -> Scalar | Fact:
    a = known(op.value)
    if type(a) is Fact:
        a = a.num if a.num is not None and not a.ptrs else TOP
    return sc.bswap(op.width_bits, a)


def _assume(_unit: Unit, op: Assume, known: Known) -> Scalar | Fact | None:
    a, b = known(op.lhs), known(op.rhs)
    found = refine(op.kind, op.width_bits, not op.negated, a, b)
    if found is None:
        return None
    return found[0] if op.value is op.lhs or op.value == op.lhs else found[1]


def _frame_addr(unit: Unit, op: ops.FrameAddr, _known: Known) -> Fact:
    return pointer(unit.frame_region(op), sc.const(op.offset & ((1 << 64) - 1)))


def _map_addr(unit: Unit, op: ops.MapAddr, _known: Known) -> Fact:
    return pointer(unit.map_handle(unit.module.maps[op.map], op.map))


def _map_value_addr(unit: Unit, op: ops.MapValueAddr, _known: Known) -> Fact:
    return pointer(unit.global_data(unit.module.maps[op.map]), sc.const(op.offset & ((1 << 64) - 1)))


def _func_addr(unit: Unit, op: ops.FuncAddr, _known: Known) -> Fact:
    return pointer(unit.region(("func", op.function), "func", f"function {op.function}", site=op.function, unique=True))


def _extern_addr(unit: Unit, op: ops.ExternAddr, _known: Known) -> Scalar | Fact:
    extern = unit.module.externs[op.extern]
    if extern.kind == "kfunc" and extern.weak:
        from bpfcc.verifier.kfuncs import kfunc_of

        if kfunc_of(unit.around, op.extern) is None:
            # The loader puts null in the place of what the kernel has not got.
            return NULL
    size = _variable_size(unit, extern.btf_type_id)
    region = unit.region(("extern", op.extern), "btf", f"kernel variable {extern.name}", size, type=None, unique=True)
    return pointer(region, null=extern.weak)


def _variable_size(unit: Unit, type_id: int) -> int:
    """Bytes of a kernel variable by the object's own types, which the loader compares with the kernel's; 0: not known."""
    btf = unit.around.request.btf
    if btf is None or not type_id:
        return 0
    try:
        return int(btf.size_of(type_id))
    except InputError:
        return 0


def _undef(_unit: Unit, _op: ops.Undef, _known: Known) -> Fact:
    return UNDEFINED


# ---- memory -----------------------------------------------------------------------------------------------------------


def _load(unit: Unit, op: Load, known: Known) -> Scalar | Fact:
    plain = sc.of_bytes_signed(op.size_bytes) if op.signed else sc.of_bytes(op.size_bytes)
    base = known(op.base)
    found: Scalar | Fact | None = None
    for p in pointers_of(base):
        value = _load_from(unit, op, p, plain, known)
        found = value if found is None else join(found, value)
    return found if found is not None else plain


def _load_from(unit: Unit, op: Load, p: Ptr, plain: Scalar, known: Known) -> Scalar | Fact:
    kind = p.region.kind
    if kind == "frame":
        from bpfcc.verifier.stack import load_frame

        return load_frame(unit, op, plain, known)
    if kind == "ctx":
        offset = sc.alu("add", 64, p.offset, sc.const(op.offset & ((1 << 64) - 1)))
        return _load_context(unit, op, offset.smin, plain) if offset.is_const() else plain
    if kind == "map_value":
        return _load_map_value(unit, op, p, plain)
    if kind == "btf":
        return _load_kernel(unit, op, p.region, p.offset, plain)
    if kind == "unknown":
        return ANYTHING
    if kind == "sock":
        return _load_sock(unit, op, p, plain)
    return plain


def _load_context(unit: Unit, op: Load, offset: int, plain: Scalar) -> Scalar | Fact:
    if unit.around.arguments is not None and op.size_bytes == 8 and offset % 8 == 0:
        return _argument(unit, op, offset // 8, plain)
    field = unit.around.field_at(offset, op.size_bytes)
    # A sign that is extended makes a number of an address.
    if op.signed or field is None or field.kind == "scalar" or field.size != op.size_bytes:
        return plain
    return context_pointer(unit, op, field, plain)


def context_pointer(unit: Unit, op: Load, field: Field, plain: Scalar) -> Scalar | Fact:
    """What a load of a whole context field gives."""
    kind = field.kind
    if kind in ("packet_start", "packet_end", "packet_meta"):
        epoch = epoch_at(unit, op)
        if kind == "packet_start":
            return pointer(unit.packet(epoch))
        return pointer(unit.packet(epoch), END_OFFSET) if kind == "packet_end" else pointer(unit.meta(epoch))
    if kind in ("memory_start", "memory_end"):
        region = unit.region("optval", "packet", "the option's value", unique=True)
        return pointer(region) if kind == "memory_start" else pointer(region, END_OFFSET)
    if kind in ("sock", "sock_or_null", "sock_common_or_null"):
        what = "sock_common" if kind == "sock_common_or_null" else "sock"
        return pointer(unit.object(None, "sock", "the context's socket", type=what, unique=True), null=kind != "sock")
    if kind == "flow_keys":
        return pointer(unit.memory("flow_keys", "the flow keys", 56))
    if kind == "btf_pointer":
        from bpfcc.verifier.kfuncs import typed_object

        name = KERNEL_FIELDS.get(field.name)
        return pointer(typed_object(unit, name, "trusted") if name else unit.object(op, "btf", f"kernel object {field.name}", type=None))
    return plain


def _argument(unit: Unit, op: Load, index: int, plain: Scalar) -> Scalar | Fact:
    arguments = unit.around.arguments
    if arguments is None or index >= len(arguments):
        return plain
    found = arguments[index]
    if found is None or isinstance(found, int):
        return plain
    return _of_type(unit, found)


def _of_type(unit: Unit, kind: BtfPointer, lent: Region | None = None) -> Fact:
    """A pointer to a kernel type: one region for all that are to be relied on equally, and as long as what it was found in."""
    site, ref = (lent.site, lent.ref if is_slice(lent.ref) else borrowed(lent.ref)) if lent is not None else (None, None)
    return pointer(unit.object(site, "btf", kind.name, type=kind.not_null(), ref=ref), null=kind.nullable)


def _load_kernel(unit: Unit, op: Load, region: Region, offset: Scalar, plain: Scalar) -> Scalar | Fact:
    types = unit.around.request.kernel_types
    if region.type is not None and region.type.tag == "buffer":
        return plain  # keys and values of maps: what lies there is no pointer that could be followed
    if region.type is not None and types is not None and offset.is_const():
        # In a program that may sleep nothing says here whether RCU is read-locked.
        member = types.member(region.type, offset.smin + op.offset, op.size_bytes, rcu=not unit.around.request.sleepable)
        if member is None or isinstance(member, int):
            return plain
        return _of_type(unit, member, region if region.ref is not None and member.tag not in ("rcu", "untrusted") else None)
    if op.size_bytes != 8:
        return plain
    return Fact(TOP, (Ptr(unit.object(op, "btf", "a kernel object", type=None), sc.const(0)),))


def _load_sock(unit: Unit, op: Load, p: Ptr, plain: Scalar) -> Scalar | Fact:
    return plain


def _load_map_value(unit: Unit, op: Load, p: Ptr, plain: Scalar) -> Scalar | Fact:
    spec = p.region.map
    if spec is None:
        return plain
    if spec.read_only_program and spec.initial is not None and p.offset.is_const():
        at = p.offset.smin + op.offset
        if at >= 0 and at + op.size_bytes <= len(spec.initial):
            data = spec.initial[at : at + op.size_bytes]
            order: Any = "big" if unit.module.endian == "big" else "little"
            return sc.const(int.from_bytes(data, order, signed=op.signed) & ((1 << 64) - 1))
    fields = unit.around.map_fields(spec)
    if fields is not None and op.size_bytes == 8 and p.offset.is_const():
        special = fields.fields.get(p.offset.smin + op.offset)
        if special is not None and special[0].startswith("kptr"):
            return _stored_pointer(unit, special[0], fields.targets.get(p.offset.smin + op.offset, ""))
    return plain


def _stored_pointer(unit: Unit, kind: str, target: str) -> Fact:
    """A kernel pointer of a map's value: another CPU may take it out and release it, so that at most RCU keeps it."""
    types = unit.around.request.kernel_types
    found = types.named(target) if types is not None and target else None
    if found is None:
        return pointer(unit.object(None, "btf", target or "a kernel pointer of a map", type=None), null=True)
    kept = kind == "kptr" and target in KEPT_BY_RCU and not unit.around.request.sleepable
    kind_of = found.with_tag("percpu" if kind == "kptr_percpu" else "rcu" if kept else "untrusted")
    return pointer(unit.object(None, "btf", found.name, type=kind_of.not_null()), null=True)


def epoch_at(unit: Unit, op: Op) -> int:
    """The packet's epoch before `op`."""
    epochs = unit.epochs
    if not epochs.moves:
        return 0
    block = unit.block_of[op]
    epoch = epochs.at_start[block]
    for other in block.ops:
        if other is op:
            break
        epoch = epochs.after.get(other, epoch)
    return epoch


def _fetched(_unit: Unit, op: Any, _known: Known) -> Scalar:
    return sc.of_bytes(op.size_bytes)


def _call_function(_unit: Unit, _op: ops.CallFunction, _known: Known) -> Scalar:
    # Static functions were expanded; what is left is global and returns a number.
    return TOP


TRANSFER: Final[dict[type[Op], Callable[[Unit, Any, Known], Any]]] = {
    Alu: _alu,
    Cast: _cast,
    ByteSwap: _swap,
    Assume: _assume,
    ops.FrameAddr: _frame_addr,
    ops.MapAddr: _map_addr,
    ops.MapValueAddr: _map_value_addr,
    ops.FuncAddr: _func_addr,
    ops.ExternAddr: _extern_addr,
    ops.Undef: _undef,
    Load: _load,
    ops.LoadAcquire: _fetched,
    ops.AtomicFetch: _fetched,
    ops.CompareExchange: _fetched,
    ops.PacketLoad: _fetched,
    ops.Call: call_result,
    ops.CallFunction: _call_function,
    ops.CallExtern: call_result,
    ops.CallIndirect: lambda _unit, _op, _known: ANYTHING,
}
_WITH_RESULT: Final = {cls for cls in ops.OPERATIONS if cls.HAS_RESULT}
if set(TRANSFER) != _WITH_RESULT:
    raise LookupError(f"operations without a transfer function: {_WITH_RESULT ^ set(TRANSFER)}")

__all__ = ["NULL", "Known", "context_pointer", "epoch_at", "transfer"]
