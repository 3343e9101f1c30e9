"""Guest addresses, and Python's view of `runtime/native/state.h`.

    describe_address(0x0300_013c)      "packet + 60"
    state_library().bpfcc_state_create()

A checked run sees 256 slots of 16 MiB: stack, context, packet, map values and so on; host addresses never show.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, Structure, c_char, c_char_p, c_double, c_int, c_int32, c_uint8, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from typing import Any, Final

from bpfcc.runtime.library import AbiRow, declare, mirror_layout, native

SLOT_SHIFT: Final = 24
SLOT_STACK, SLOT_CONTEXT, SLOT_PACKET, SLOT_MAP_HANDLES, SLOT_RING, SLOT_USER, SLOT_FUNCTIONS = 1, 2, 3, 4, 5, 6, 8
SLOT_MAP_VALUES: Final = 16
FRAME_BYTES: Final = 512
MAX_FRAMES: Final = 8
STACK_BASE: Final = SLOT_STACK << SLOT_SHIFT
CONTEXT_BASE: Final = SLOT_CONTEXT << SLOT_SHIFT
PACKET_BASE: Final = SLOT_PACKET << SLOT_SHIFT
USER_BASE: Final = SLOT_USER << SLOT_SHIFT
GENERATION_SHIFT: Final = 20
MAX_PACKET_BYTES: Final = 1 << 19

BIND_READ_ONLY: Final = 1
TASK_CGROUP, TASK_TASK, TASK_NETNS, TASK_SOCKET = 1, 2, 4, 8
LOG_TRACE, LOG_CLONE, LOG_SIGNAL, LOG_WRITE, LOG_PRINT = 1, 2, 3, 4, 5

TRAPS: Final[Mapping[int, str]] = {
    1: "access", 2: "budget", 3: "stack", 4: "call", 5: "helper", 6: "misaligned", 7: "stopped", 8: "reference", 9: "unresolved",
}  # fmt: skip


class LogRecord(Structure):
    """The head of a record of the log (`struct bpfcc_log_record`)."""

    _fields_ = (("kind", c_uint32), ("cpu", c_uint32), ("time_ns", c_uint64), ("length", c_uint32), ("padded", c_uint32))


class NativeTask(Structure):
    """The current task (`struct bpfcc_task`)."""

    _fields_ = (
        ("pid_tgid", c_uint64),
        ("uid_gid", c_uint64),
        ("cgroup_id", c_uint64),
        ("task", c_uint64),
        ("ancestors", c_uint64 * 8),
        ("ancestor_count", c_uint32),
        ("numa_node", c_uint32),
        ("netns_cookie", c_uint64),
        ("socket_cookie", c_uint64),
        ("socket_uid", c_uint32),
        ("set", c_uint32),
        ("comm", c_char * 16),
    )


class NativeReadable(Structure):
    """Memory for probe_read (`struct bpfcc_readable`)."""

    _fields_ = (("address", c_uint64), ("size", c_uint64), ("host", c_void_p))


class NativeRoute(Structure):
    """A route (`struct bpfcc_route`)."""

    _fields_ = (
        ("prefix", c_uint8 * 16),
        ("gateway", c_uint8 * 16),
        ("source", c_uint8 * 16),
        ("smac", c_uint8 * 6),
        ("dmac", c_uint8 * 6),
        ("family", c_uint32),
        ("prefix_bits", c_uint32),
        ("gateway_family", c_uint32),
        ("ifindex", c_uint32),
        ("mtu", c_uint32),
        ("table", c_uint32),
        ("metric", c_uint32),
        ("kind", c_uint32),
        ("neighbour", c_uint32),
        ("has_source", c_uint32),
    )


class NativeDevice(Structure):
    """A network device (`struct bpfcc_device`)."""

    _fields_ = (
        ("ifindex", c_uint32),
        ("mtu", c_uint32),
        ("forwarding", c_uint32),
        ("vlan_proto", c_uint32),
        ("vlan_id", c_uint32),
        ("parent", c_uint32),
    )


class NativeRedirect(Structure):
    """Where a packet was redirected (`struct bpfcc_redirect`)."""

    _fields_ = (
        ("kind", c_uint32),
        ("ifindex", c_uint32),
        ("map_id", c_uint32),
        ("family", c_uint32),
        ("key", c_uint64),
        ("flags", c_uint64),
        ("target", c_uint32),
        ("reserved", c_uint32),
        ("next_hop", c_uint8 * 16),
    )


class Outcome(Structure):
    """What helpers noted about a run: the part of `struct bpfcc_outcome` that is shown outside."""

    _fields_ = (
        ("platform", c_uint32),
        ("program_type", c_uint32),
        ("redirect", NativeRedirect),
        ("override_value", c_uint64),
        ("attach_cookie", c_uint64),
        ("function_ip", c_uint64),
        ("bytes_changed", c_uint64),
        ("overridden", c_uint32),
        ("retval", c_int32),
        ("references", c_uint32),
        ("locks", c_uint32),
        ("hash", c_uint32),
        ("hash_valid", c_uint32),
        ("link_bytes", c_uint32),
        ("network_offset", c_uint32),
        ("ifindex", c_uint32),
        ("function_arguments", c_uint32),
    )


class BatchNote(Structure):
    """What a run of a batch did besides its result (`struct bpfcc_batch_note`)."""

    _fields_ = (
        ("index", c_uint64),
        ("trap", c_uint32),
        ("trap_size", c_uint32),
        ("trap_address", c_uint64),
        ("redirect", NativeRedirect),
    )


class BatchLists(Structure):
    """A batch as lists (`struct bpfcc_batch_lists`)."""

    _fields_ = (
        ("packets", c_void_p),
        ("lengths", c_void_p),
        ("ifindexes", c_void_p),
        ("times_ns", c_void_p),
        ("results", c_void_p),
        ("steps", c_void_p),
        ("ns", c_void_p),
        ("out_lengths", c_void_p),
        ("notes", c_void_p),
        ("note_count", c_uint64),
        ("changed", c_uint64),
        ("first", c_uint64),
        ("ifindex", c_uint32),
        ("reserved", c_uint32),
    )


class PacketFields(Structure):
    """Where the context repeats what the packet says (`struct bpfcc_packet_fields`)."""

    _fields_ = (("protocol", c_int32), ("pkt_type", c_int32), ("wire_len", c_int32), ("link", c_uint32))


class Batch(Structure):
    """Many runs in one call (`struct bpfcc_batch`)."""

    _fields_ = (
        ("items", c_void_p),
        ("lists", POINTER(BatchLists)),
        ("count", c_uint64),
        ("context", c_void_p),
        ("context_size", c_uint32),
        ("ifindex_offset", c_int32),
        ("steps", c_uint64),
        ("out", c_void_p),
        ("out_capacity", c_uint64),
        ("out_used", c_uint64),
        ("total_ns", c_uint64),
        ("done", c_uint64),
        ("time_each", c_uint32),
        ("stop_on_trap", c_uint32),
        ("fields", PacketFields),
        ("out_full", c_uint32),
        ("reserved", c_uint32),
    )


class Call(Structure):
    """One run as `bpfcc_run_once` makes it (`struct bpfcc_call`)."""

    _fields_ = (
        ("run", c_void_p),
        ("entry", c_void_p),
        ("context", c_void_p),
        ("context_after", c_void_p),
        ("readable", c_void_p),
        ("writable", c_void_p),
        ("context_size", c_uint32),
        ("error", c_int32),
        ("budget", c_uint64),
        ("fields", PacketFields),
        ("result", c_uint64),
        ("steps", c_uint64),
        ("ns", c_double),
        ("trap", c_uint32),
        ("redirect", c_uint32),
        ("same", c_uint32),
        ("reserved", c_uint32),
    )


STRUCTURES: Final[Mapping[str, type[Structure]]] = {
    "call": Call,
    "log_record": LogRecord,
    "task": NativeTask,
    "readable": NativeReadable,
    "route": NativeRoute,
    "device": NativeDevice,
    "redirect": NativeRedirect,
    "outcome": Outcome,
    "batch_note": BatchNote,
    "batch_lists": BatchLists,
    "packet_fields": PacketFields,
    "batch": Batch,
}

_P = c_void_p

PROTOTYPES: Final[Mapping[str, tuple[Any, tuple[Any, ...]]]] = {
    "bpfcc_state_create": (_P, ()),
    "bpfcc_state_free": (None, (_P,)),
    "bpfcc_state_add_map": (c_int, (_P, _P, c_uint32, POINTER(c_uint32))),
    "bpfcc_state_map_base": (c_uint64, (_P, c_uint32)),
    "bpfcc_state_map_host": (_P, (_P, c_uint32)),
    "bpfcc_state_map": (_P, (_P, c_uint32)),
    "bpfcc_state_set_clock": (None, (_P, c_uint32, c_uint64)),
    "bpfcc_state_set_clock_offsets": (None, (_P, c_uint64, c_uint64, c_uint64)),
    "bpfcc_state_now": (c_uint64, (_P,)),
    "bpfcc_state_set_seed": (None, (_P, c_uint64)),
    "bpfcc_state_set_cpus": (None, (_P, c_uint32)),
    "bpfcc_state_set_task": (None, (_P, POINTER(NativeTask))),
    "bpfcc_state_set_readable": (c_int, (_P, _P, c_uint32)),
    "bpfcc_state_set_routes": (c_int, (_P, _P, c_uint32)),
    "bpfcc_state_set_devices": (c_int, (_P, _P, c_uint32)),
    "bpfcc_state_set_stack": (c_int, (_P, _P, c_uint32)),
    "bpfcc_state_set_log_limit": (None, (_P, c_uint64)),
    "bpfcc_state_take_log": (c_uint64, (_P, _P, c_uint64)),
    "bpfcc_state_log_dropped": (c_uint64, (_P,)),
    "bpfcc_state_abi_table": (POINTER(AbiRow), ()),
    "bpfcc_run_create": (_P, (_P, c_uint32, c_int)),
    "bpfcc_run_free": (None, (_P,)),
    "bpfcc_run_outcome": (_P, (_P,)),
    "bpfcc_run_set_context": (c_int, (_P, _P, c_uint32, _P, _P)),
    "bpfcc_run_describe_packet": (None, (_P, _P)),
    "bpfcc_run_set_packet": (c_int, (_P, _P, c_uint32)),
    "bpfcc_run_set_headroom": (None, (_P, c_uint32)),
    "bpfcc_run_set_user": (c_int, (_P, c_uint32, _P, c_uint64, c_int)),
    "bpfcc_run_begin": (c_int, (_P, c_uint64)),
    "bpfcc_run_end": (None, (_P,)),
    "bpfcc_run_batch": (c_int, (_P, _P, POINTER(Batch))),
    "bpfcc_run_repeat": (c_uint64, (_P, _P, c_uint64, c_uint64, POINTER(c_uint64))),
    "bpfcc_run_once": (c_int, (POINTER(Call), c_char_p, c_uint64)),
    "bpfcc_longest": (c_uint32, (_P, c_uint64, POINTER(c_uint64))),
    "bpfcc_clock_ns": (c_uint64, ()),
    "bpfcc_helper_table": (_P, (c_uint32,)),
    "bpfcc_helper_table_windows": (_P, (c_uint32, c_uint32)),
    "bpfcc_timers_next": (c_uint64, (_P,)),
    "bpfcc_timers_fire": (c_uint32, (_P, c_uint64)),
    "bpfcc_access_slow": (_P, (_P, c_uint64, c_uint64, c_int)),
}


@lru_cache(maxsize=1)
def state_library() -> ctypes.CDLL:
    """The native library with the functions of `state.h` declared."""
    library = native()
    declare(library, PROTOTYPES)
    return library


def abi_differences() -> list[str]:
    """What the mirrors above and the library disagree about; empty when all is well."""
    ours = {name: mirror_layout(mirror) for name, mirror in STRUCTURES.items()}
    ours["outcome"].pop(None)  # the structure goes on behind what is mirrored
    theirs: dict[str, dict[str | None, tuple[int, int]]] = {}
    rows = state_library().bpfcc_state_abi_table()
    index = 0
    while rows[index].structure is not None:
        row = rows[index]
        theirs.setdefault(row.structure.decode(), {})[row.field and row.field.decode()] = (row.offset, row.size)
        index += 1
    names = sorted(ours.keys() | theirs.keys())
    return [f"{name}: C has {theirs.get(name)}, Python {ours.get(name)}" for name in names if theirs.get(name) != ours.get(name)]


def map_handle(map_id: int) -> int:
    """What a register that names a map holds."""
    return (SLOT_MAP_HANDLES << SLOT_SHIFT) + (map_id << 4)


def function_handle(index: int) -> int:
    """What a register that names a function holds."""
    return (SLOT_FUNCTIONS << SLOT_SHIFT) + (index << 4)


def frame_top(depth: int) -> int:
    """r10 of call depth `depth`; the frame is the 512 bytes below."""
    return STACK_BASE + (MAX_FRAMES - depth) * FRAME_BYTES


def describe_address(address: int, maps: Mapping[str, tuple[int, int]] | None = None) -> str:
    """A guest address in words. `maps`: name -> (guest address, bytes) of the values."""
    slot, offset = address >> SLOT_SHIFT, address & ((1 << SLOT_SHIFT) - 1)
    if slot == SLOT_STACK:
        top = MAX_FRAMES * FRAME_BYTES
        return f"stack {offset - top:+d}" if offset <= top else f"stack + {offset - top}"
    if slot == SLOT_PACKET:
        return f"packet buffer + {offset & ((1 << GENERATION_SHIFT) - 1)}"
    if slot >= SLOT_MAP_VALUES and slot < 256:
        for name, (base, size) in (maps or {}).items():
            if base <= address < base + max(size, 1 << SLOT_SHIFT):
                return f"values of map {name} + {address - base}"
    plain = {
        0: "address",
        SLOT_CONTEXT: "context +",
        SLOT_MAP_HANDLES: "map handle",
        SLOT_RING: "reservation area +",
        SLOT_FUNCTIONS: "function handle",
    }
    if slot in plain and slot not in {0, SLOT_MAP_HANDLES, SLOT_FUNCTIONS}:
        return f"{plain[slot]} {offset}"
    if slot in {SLOT_USER, SLOT_USER + 1}:
        return f"supplied memory {slot - SLOT_USER} + {offset}"
    return f"{plain.get(slot, 'address')} {address:#x}"
