"""What a platform's file says, typed: helpers, contexts, program types, map types.

    platform.helper("map_lookup_elem").arguments      (Argument("const_map_ptr"), Argument("map_key"))
    platform.contexts["xdp_md"].field("data")         Field("data", offset=0, size=4, kind="packet_start")
    platform.program_types["xdp"].return_names[2]     "XDP_PASS"

Argument and return kinds are named after the kernel's `bpf_arg_type` and `bpf_return_type`, in snake case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, final

ARGUMENT_KINDS: Final = frozenset({
    "anything", "btf_id", "btf_id_or_null", "btf_id_sock_common", "btf_id_sock_common_or_null", "const_alloc_size", "const_map_ptr",
    "const_str", "ctx", "ctx_or_null",
    "dynptr", "dynptr_uninit", "func", "kptr", "map_key", "map_value", "map_value_or_null", "map_value_uninit", "mem", "mem_or_null",
    "mem_uninit", "mem_uninit_or_null", "mem_write", "percpu_btf_id", "ringbuf_mem", "size", "size_or_zero", "sock_common",
    "sock_common_or_null", "spin_lock", "stack_or_null", "timer", "unchecked",
})  # fmt: skip
RETURN_KINDS: Final = frozenset({
    "integer", "void", "map_value", "map_value_or_null", "sock_or_null", "sock_common_or_null", "tcp_sock_or_null", "ringbuf_mem_or_null",
    "dynptr_mem_or_null", "btf_id", "btf_id_or_null", "mem_or_btf_id", "mem_or_btf_id_or_null",
})  # fmt: skip
FIELD_KINDS: Final = frozenset({
    "scalar", "packet_start", "packet_end", "packet_meta", "packet_length", "memory_start", "memory_end", "sock", "sock_or_null",
    "sock_common_or_null", "flow_keys", "btf_pointer", "tp_buffer",
})  # fmt: skip
SIZE_KINDS: Final = frozenset({"size", "size_or_zero"})
# What implementations return that do not fill a register.
RESULT_TYPES: Final = frozenset({"int32", "uint32"})
READ_KINDS: Final = frozenset({"mem", "mem_or_null", "mem_write", "map_key", "map_value", "map_value_or_null", "const_str", "unchecked"})
WRITE_KINDS: Final = frozenset({"mem_uninit", "mem_uninit_or_null", "mem_write", "map_value_uninit"})
# Of those, where nothing has to be written before.
UNWRITTEN_KINDS: Final = WRITE_KINDS - READ_KINDS

FieldKind = Literal[
    "scalar", "packet_start", "packet_end", "packet_meta", "packet_length", "memory_start", "memory_end", "sock", "sock_or_null",
    "sock_common_or_null", "flow_keys", "btf_pointer", "tp_buffer",
]  # fmt: skip
# The default of every table; tuples, as they are made in a quarter of a dataclass's time and every command makes them.
NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})

PacketKind = Literal["link", "network", "transport"]
# What a finding of a class is by default; the classes are the verifier's.
Level = Literal["error", "warning"]
LEVELS: Final = frozenset({"error", "warning"})


class Limits(NamedTuple):
    """How large a program may be. Where a platform's table says nothing, it is what Linux has.

    `stack_bytes` bounds the frames of a chain of calls taken together, or each by itself where `stack_per_frame`; each frame counts
    as a multiple of `stack_align`. `stack_bytes_tail_call` bounds the frames of the callers where a function other than the program
    itself makes a tail call, None: not at all. `call_depth` counts frames, `loop_iterations` bounds what one call of `bpf_loop` may do,
    `loop_rounds` how often any loop may go round, None: only that it ends counts. `name_chars`: of the name of a map, None: any number.
    """

    stack_bytes: int = 512
    stack_per_frame: bool = False
    stack_align: int = 16
    stack_bytes_tail_call: int | None = 256
    call_depth: int = 8
    functions: int = 256
    max_insns: int = 1_000_000
    tail_calls: int = 33
    loop_iterations: int = 1 << 23
    loop_rounds: int | None = None
    name_chars: int | None = None


# How a field may be accessed, words of a text: the element as a "whole"; "narrow": any power of two up to it, aligned in it; "low":
# any power of two, at its start; "halves": as narrow, from two bytes on. Besides: "pairs" of elements of four bytes as eight, aligned
# in the context; "four" bytes at the start of a shorter one, the rest being zero.
ACCESS_WORDS: Final = frozenset({"whole", "narrow", "low", "halves", "pairs", "four"})
NARROW_KINDS: Final = frozenset({"scalar", "packet_length"})
# What a callback is given: the number of the round, the map and the address of a key and a value of it, the callback's own context
# (what the helper was given for it), a dynptr, or a kernel object as `btf:STRUCT`.
CALLBACK_KINDS: Final = frozenset({"number", "map", "map_key", "map_value", "context", "dynptr", "node", "btf"})
# Special members of map values: see `bpfcc.types.fields`.
SPECIAL_FIELDS: Final = frozenset({
    "spin_lock", "res_spin_lock", "timer", "wq", "task_work", "list_head", "rb_root", "refcount", "kptr", "kptr_untrusted", "kptr_percpu",
    "uptr",
})  # fmt: skip


class Callback(NamedTuple):
    """A function of the program that a helper calls. `function`: index of the argument that it is; `context`: of its own context.

    `returns`: what it may return. `deferred`: it is called later, with none of what the caller holds.
    """

    function: int
    arguments: tuple[str, ...]
    returns: tuple[int, int]
    context: int | None = None
    deferred: bool = False


class Argument(NamedTuple):
    """What a helper takes in one register. `size`: bytes behind it where they are fixed; of a size argument, its width in bits."""

    kind: str
    size: int | None = None


class Helper(NamedTuple):
    """A helper's prototype and what it does beyond its result.

    `moves_packet`: packet pointers are stale afterwards. `result_at_most`: index of the size argument that bounds the result.
    `calls_back`: it calls functions of the program before it returns. `runtime`: this library has it. `result_range`: lowest and highest
    result as a signed number. `packet`: memory arguments may lie in the packet. `in_map_value`: index of a memory argument that must lie
    in a map's value. `under_lock`: it may be called while a spin lock is held. `callback`: what it calls. `prototype`: the name that
    its prototype is published with where that is another one; `published_flags`: likewise the flags, None: as the rest says.
    `any_map`: it takes maps of every type, and fails where it has no use for one. `result`: what its implementation returns where that
    is not a whole register ("int32", "uint32"): the rest of the register is anybody's. `fills`: what it is given to write to is
    written to the last byte, whatever the result; else what was there may be there still. `published_arguments`: kinds of arguments as
    they are published, where those are others.
    """

    id: int
    name: str
    arguments: tuple[Argument, ...]
    returns: str = "integer"
    gpl_only: bool = False
    moves_packet: bool = False
    may_sleep: bool = False
    acquires: bool = False
    releases: bool = False
    calls_back: bool = False
    result_at_most: int | None = None
    runtime: bool = False
    result_range: tuple[int, int] | None = None
    packet: bool = False
    in_map_value: int | None = None
    under_lock: bool = False
    callback: Callback | None = None
    prototype: str | None = None
    published_flags: int | None = None
    any_map: bool = False
    result: str | None = None
    fills: bool = True
    published_arguments: tuple[Argument, ...] | None = None

    def size_argument(self, index: int) -> int | None:
        """The argument that gives the bytes behind argument `index`, where the next one does."""
        following = index + 1
        if following < len(self.arguments) and self.arguments[following].kind in SIZE_KINDS:
            return following
        return None


@final
@dataclass(frozen=True, slots=True)
class Field:
    """A field of a context. `count` > 1: an array of equal elements; `size` is that of the whole.

    `reads` and `writes` are words of `ACCESS_WORDS`; whether a program may access the field at all is its type's business.
    """

    name: str
    offset: int
    size: int
    kind: FieldKind = "scalar"
    count: int = 1
    reads: str = "narrow"
    writes: str = "whole"

    @property
    def element_size(self) -> int:
        """Bytes of one element."""
        return self.size // self.count

    def allows(self, offset: int, size: int, *, write: bool = False) -> bool:
        """Whether `size` bytes at byte `offset` of the context are an access that the field's rules have."""
        words = (self.writes if write else self.reads).split()
        element, at = self.element_size, offset - self.offset
        inside = at % element
        if at < 0 or size <= 0 or at >= self.size:
            return False
        if size > element:
            pair = "pairs" in words and size == 2 * element == 8 and offset % 8 == 0 and at + size <= self.size
            return pair or ("four" in words and size == 4 and at == 0)
        if inside + size > element or size & (size - 1):
            return False
        if "narrow" in words or "halves" in words:
            return inside % size == 0 and (size > 1 or "narrow" in words)
        return inside == 0 and ("low" in words or size == element)


class ContextSpec(NamedTuple):
    """A context's layout. `variable`: `size` is a maximum, and the caller's bytes are the context.

    `readable_from`: in a context without fields, the first byte that programs may read. `types`: what C calls it, struct or typedef.
    `bytewise`: accesses need not keep to fields, but for pointers.
    """

    name: str
    size: int
    fields: tuple[Field, ...] = ()
    variable: bool = False
    readable_from: int = 0
    types: frozenset[str] = frozenset()
    bytewise: bool = False

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((each for each in self.fields if each.name == name), None)

    def of_kind(self, kind: FieldKind) -> Field | None:
        """The first field of that kind."""
        return next((each for each in self.fields if each.kind == kind), None)


class AttachType(NamedTuple):
    """A place to attach. What is None is as the program type has it; `without_helpers`: ids that the type has and this place has not."""

    name: str
    number: int
    unreadable: frozenset[str] | None = None
    writable: frozenset[str] | None = None
    return_range: tuple[int, int] | None = None
    guid: str | None = None
    without_helpers: frozenset[int] = frozenset()


class ProgramType(NamedTuple):
    """A program type. `packet`: where the packet of its context begins. `writable` may be {"*"}: every byte.

    `helper_ids` None: whatever the program it stands in for may call. `own_helpers` go before the platform's helpers of the same id.
    `without_fields`: special members that maps of such programs may not have in their values. `stack_per_frame`: each frame may be as
    large as the stack (on machines where Linux gives such programs a stack of their own: x86-64, arm64). `descriptor`: what the platform
    itself calls the type, where that is another name.
    """

    name: str
    number: int
    context: str | None
    helper_ids: frozenset[int] | None
    packet: PacketKind | None = None
    unreadable: frozenset[str] = frozenset()
    writable: frozenset[str] = frozenset()
    attach_types: Mapping[str, AttachType] = NOTHING
    return_range: tuple[int, int] | None = None
    return_names: Mapping[int, str] = NOTHING
    context_by_arch: Mapping[str, str] = NOTHING
    own_helpers: Mapping[int, Helper] = NOTHING
    guid: str | None = None
    without_fields: frozenset[str] = frozenset()
    stack_per_frame: bool = False
    descriptor: str | None = None


class SectionType(NamedTuple):
    """What a section's name says of the programs in it."""

    type: str
    attach_type: str | None = None


class MapType(NamedTuple):
    """A map type and the helpers that take it. `sleepable`: programs that may sleep can use it; `fields`: special members of its values;
    `types`: only programs of these may use it, None: all.
    """

    name: str
    number: int
    helpers: frozenset[str] = frozenset()
    sleepable: bool = False
    fields: frozenset[str] = frozenset()
    types: frozenset[str] | None = None
