"""Arguments of what a program is attached to, by 8-byte slot of its context.

    arguments_of(types, "tracing", "trace_fentry", "vfs_read")
    (KernelPointer("struct file", …), 8, 8, KernelPointer("long long int", …))   as the function has them
    arguments_of(types, "tracing", "trace_raw_tp", "sched_switch")
    (1, KernelPointer("struct task_struct", …), …)                               as `btf_trace_sched_switch` has them

The rules are those of the kernel's `btf_ctx_access`: pointers to a struct keep their type, everything else is a number; a struct
that is passed by value takes a slot for every 8 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.frontend.btf import types as t

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.btf.types import Parameter
    from bpfcc.types.kernel import KernelBtf, KernelPointer

SLOT_BYTES: Final = 8
RAW_TRACEPOINT_SLOTS: Final = 12
# Where a function's type is not looked at, its five registers are numbers.
UNTYPED: Final = (SLOT_BYTES,) * 5
# Hooks that are called while an object is made or freed: `untrusted_lsm_hooks` of the kernel.
UNTRUSTED_HOOKS: Final = frozenset({
    "bpf_map_free", "bpf_prog_free", "file_alloc_security", "file_free_security", "sk_alloc_security", "sk_free_security", "task_free",
})  # fmt: skip
NULLABLE_SUFFIX: Final = "__nullable"
_NUMBERS: Final = frozenset({t.INT, t.ENUM, t.ENUM64})
_STRUCTS: Final = frozenset({t.STRUCT, t.UNION})


def arguments_of(
    types: KernelBtf, program_type: str, attach_type: str | None, target: str | None
) -> tuple[KernelPointer | int | None, ...] | None:
    """Arguments by slot; None: not known, or programs of that type get no arguments. A slot that is None may not be read."""
    if program_type in ("raw_tracepoint", "raw_tracepoint_writable"):
        return (SLOT_BYTES,) * RAW_TRACEPOINT_SLOTS
    if not target:
        return None
    match program_type, attach_type:
        case "tracing", "trace_raw_tp":
            return _of_tracepoint(types, target)
        case "tracing", "trace_fentry":
            return _of_function(types, target)
        case "tracing", "trace_fexit" | "trace_fsession" | "modify_return":
            return _of_function(types, target, returned=True)
        case "tracing", "trace_iter":
            return _of_iterator(types, target)
        case "tracing", "trace_fentry_multi" | "trace_fexit_multi" | "trace_fsession_multi":
            return UNTYPED
        case "lsm", _:
            return _of_function(types, f"bpf_lsm_{target}", returned=True, trusted=target not in UNTRUSTED_HOOKS)
        case "struct_ops", _:
            return _of_operation(types, target)
        case _:
            return None


def _of_function(
    types: KernelBtf, name: str, *, returned: bool = False, trusted: bool = False
) -> tuple[KernelPointer | int | None, ...] | None:
    found = types.btf.find(name, "func")
    return _of_prototype(types, types.btf.referred(found), returned=returned, trusted=trusted) if found is not None else None


def _of_prototype(
    types: KernelBtf, type_id: int, *, skip: int = 0, returned: bool = False, nullable: frozenset[int] = frozenset(), trusted: bool = False
) -> tuple[KernelPointer | int | None, ...] | None:
    proto = types.btf.type(type_id)
    if proto.kind != "func_proto":
        return None
    slots: list[KernelPointer | int | None] = []
    for index, parameter in enumerate(proto.parameters[skip:]):
        null = index in nullable or parameter.name.endswith(NULLABLE_SUFFIX)
        slots += _slots(types, parameter.type_id, nullable=null, trusted=trusted)
    if returned and proto.type_id:
        slots += _slots(types, proto.type_id)
    return tuple(slots)


def _slots(types: KernelBtf, type_id: int, *, nullable: bool = False, trusted: bool = False) -> list[KernelPointer | int | None]:
    """The slots of one argument."""
    btf = types.btf
    found = btf.skip_modifiers(type_id)
    kind = btf.kind_number(found)
    if kind in _NUMBERS:
        size = btf.size_of(found)
        return [size] if size <= SLOT_BYTES else [None] * (size // SLOT_BYTES)
    if kind in _STRUCTS:
        return [SLOT_BYTES] * max(1, (btf.size_of(found) + SLOT_BYTES - 1) // SLOT_BYTES)
    if kind != t.PTR:
        return [None]
    pointee = btf.referred(found)
    target = btf.kind_number(btf.skip_modifiers(pointee))
    if target not in _STRUCTS:
        # To void or an integer: as safe as any number, and no more useful. Others the kernel does not let out.
        return [SLOT_BYTES if target in (t.VOID, t.INT) else None]
    tag = types.tag_of(pointee)
    pointer = types.pointer_to(pointee, tag if tag in ("user", "percpu") else "trusted" if trusted else "")
    return [pointer.as_nullable() if nullable else pointer]


def _of_tracepoint(types: KernelBtf, name: str) -> tuple[KernelPointer | int | None, ...] | None:
    """`btf_trace_NAME` is a pointer to a function whose first parameter is the tracepoint's own."""
    from bpfcc.runtime.specs.tables import attach_arguments

    btf = types.btf
    found = btf.find(f"btf_trace_{name}", "typedef")
    if found is None:
        return None
    pointer = btf.skip_modifiers(found)
    if btf.kind_number(pointer) != t.PTR:
        return None
    proto = btf.skip_modifiers(btf.referred(pointer))
    told = attach_arguments()["tracepoints"].get(name, {})
    named = _nullable_by_name(btf, name)
    slots = _of_prototype(types, proto, skip=1, nullable=frozenset(told.get("null", ())) | named, trusted=True)
    errors = told.get("error", ())
    # An error number may stand in the pointer's place, so the pointer is a number.
    return tuple(SLOT_BYTES if index in errors else slot for index, slot in enumerate(slots)) if slots is not None else None


def _nullable_by_name(btf: Btf, name: str) -> frozenset[int]:
    """The function behind the tracepoint names its parameters, the typedef does not."""
    found = btf.find(f"__bpf_trace_{name}", "func")
    if found is None:
        return frozenset()
    parameters = btf.type(btf.referred(found)).parameters[1:]
    return frozenset(index for index, each in enumerate(parameters) if each.name.endswith(NULLABLE_SUFFIX))


def _of_iterator(types: KernelBtf, name: str) -> tuple[KernelPointer | int | None, ...] | None:
    """The context is the arguments of `bpf_iter_NAME`. What is iterated over is null at the end; the first is always there."""
    from bpfcc.runtime.specs.tables import attach_arguments

    btf = types.btf
    found = btf.find(f"bpf_iter_{name}", "func")
    if found is not None:
        kinds = [each.type_id for each in btf.type(btf.referred(found)).parameters]
    else:
        struct = btf.find(f"bpf_iter__{name}", "struct")
        if struct is None:
            return None
        kinds = [_only_member(btf, each.type_id) for each in btf.type(struct).members]
    others = tuple(range(1, len(kinds)))
    told = attach_arguments()["iterators"].get(name, {"null": others, "plain": others})
    null, plain = told.get("null", ()), told.get("plain", ())
    slots: list[KernelPointer | int | None] = []
    for index, type_id in enumerate(kinds):
        # Keys and values of maps, which the kernel knows the size of when the iterator is attached.
        is_buffer = index in null and _is_void_pointer(btf, type_id)
        slots += [_buffer(types)] if is_buffer else _slots(types, type_id, nullable=index in null, trusted=index not in plain)
    return tuple(slots)


def _is_void_pointer(btf: Btf, type_id: int) -> bool:
    found = btf.skip_modifiers(type_id)
    return btf.kind_number(found) == t.PTR and btf.skip_modifiers(btf.referred(found)) == t.VOID


def _buffer(types: KernelBtf) -> KernelPointer:
    return types.pointer_to(t.VOID, "buffer").as_nullable()


def _only_member(btf: Btf, type_id: int) -> int:
    """Pointers in contexts are members of unions with one more nameless bit-field that makes them 8 bytes wide."""
    found = btf.type(btf.skip_modifiers(type_id))
    named = [each for each in found.members if each.name] if found.kind == "union" else []
    return named[0].type_id if len(named) == 1 else type_id


def _of_operation(types: KernelBtf, target: str) -> tuple[KernelPointer | int | None, ...] | None:
    """`STRUCT/MEMBER`, or a member alone where only one kind of operations has it."""
    struct, _, member = target.replace(".", "/").rpartition("/")
    structs = [struct] if struct else sorted(operation_structs(types.btf))
    protos = [(name, proto) for name in structs if (proto := _operation(types.btf, name, member)) is not None]
    if len(protos) != 1:
        return None
    name, proto = protos[0]
    stub = types.btf.find(f"{name}__{member}", "func")
    parameters: tuple[Parameter, ...] = types.btf.type(types.btf.referred(stub)).parameters if stub is not None else ()
    nullable = frozenset(index for index, each in enumerate(parameters) if each.name.endswith(NULLABLE_SUFFIX))
    return _of_prototype(types, proto, nullable=nullable, trusted=True)


def _operation(btf: Btf, struct: str, member: str) -> int | None:
    found = btf.find(struct, "struct")
    place = btf.field(found, member) if found is not None else None
    if place is None:
        return None
    pointer = btf.skip_modifiers(place.type_id)
    if btf.kind_number(pointer) != t.PTR:
        return None
    proto = btf.skip_modifiers(btf.referred(pointer))
    return proto if btf.kind_number(proto) == t.FUNC_PROTO else None


def operation_structs(btf: Btf) -> frozenset[str]:
    """Structs of operations that programs can implement: the kernel wraps each in a `struct bpf_struct_ops_NAME`."""
    prefix = b"\0bpf_struct_ops_"
    found: set[str] = set()
    at = btf.strings.find(prefix)
    while at >= 0:
        end = btf.strings.find(0, at + 1)
        name = btf.strings[at + len(prefix) : end].decode("utf-8", "replace")
        if btf.find(f"bpf_struct_ops_{name}", "struct") is not None and btf.find(name, "struct") is not None:
            found.add(name)
        at = btf.strings.find(prefix, end)
    return frozenset(found)
