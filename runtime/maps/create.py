"""Making maps from their definitions, as libbpf makes them in Linux.

>>> from bpfcc.bpfir.module import MapSpec
>>> with create_map(MapSpec("counters", "percpu_array", 4, 8, 2), cpus=2) as counters:
...     counters[1] = [10, 20]
...     dict(counters)
{0: [0, 0], 1: [10, 20]}
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.errors import InputError
from bpfcc.runtime.library import MapDef
from bpfcc.runtime.maps.base import Map, MapCalls, native_map
from bpfcc.runtime.maps.events import PerfBuffer, RingBuffer
from bpfcc.runtime.maps.keyed import keyed_class
from bpfcc.runtime.maps.keyless import BloomFilter, QueueMap, StackTraceMap
from bpfcc.runtime.maps.types import EINVAL, map_error, type_number

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.maps.values import Codec

PAGE_BYTES: Final = 4096
U32_MAX: Final = 0xFFFF_FFFF


def ring_bytes(size: int, page_bytes: int = PAGE_BYTES) -> int:
    """The size that libbpf gives a ring buffer: the next power of two of whole pages. 0 stays 0, which is refused."""
    if size == 0 or (size % page_bytes == 0 and size & (size - 1) == 0):
        return size
    adjusted = page_bytes
    while adjusted < size:
        adjusted *= 2
    return adjusted


def adjusted(spec: MapSpec, cpus: int, page_bytes: int = PAGE_BYTES) -> MapSpec:
    """What libbpf changes before it asks the kernel; a perf event array without keys is one of Windows, of a ring for each CPU."""
    if spec.type == "ringbuf":
        return replace(spec, max_entries=ring_bytes(spec.max_entries, page_bytes))
    if spec.type == "perf_event_array" and spec.key_size == spec.value_size == 0:
        return replace(spec, key_size=4, value_size=4, max_entries=cpus)
    if spec.type == "perf_event_array" and spec.max_entries == 0:
        return replace(spec, max_entries=cpus)
    return spec


def _definition(spec: MapSpec, number: int, cpus: int, perf_ring_bytes: int) -> MapDef:
    extra = spec.map_extra
    for what, value in (
        ("key_size", spec.key_size),
        ("value_size", spec.value_size),
        ("max_entries", spec.max_entries),
        ("flags", spec.flags),
    ):
        if not 0 <= value <= U32_MAX:
            raise InputError(f"map {spec.name!r}: {what} {value} does not fit into 32 bits")
    if not 0 <= extra < 1 << 64:
        raise InputError(f"map {spec.name!r}: map_extra {extra} does not fit into 64 bits")
    if spec.type == "perf_event_array":
        if extra:
            raise map_error(spec.name, "create with map_extra", EINVAL)
        extra = perf_ring_bytes
    return MapDef(number, spec.key_size, spec.value_size, spec.max_entries, spec.flags, cpus, extra)


def wrap_map(spec: MapSpec, handle: int, cpus: int, codec: Codec | None, calls: MapCalls | None = None) -> Map:
    """The object for a map that is there already, of the native library or of who else has `calls`."""
    match spec.type:
        case "queue" | "stack":
            return QueueMap(spec, handle, cpus, codec, calls)
        case "bloom_filter":
            return BloomFilter(spec, handle, cpus, codec, calls)
        case "ringbuf":
            return RingBuffer(spec, handle, cpus, calls)
        case "perf_event_array":
            return PerfBuffer(spec, handle, cpus, calls)
        case "stack_trace":
            return StackTraceMap(spec, handle, cpus, codec, calls)
        case kind:
            return keyed_class(kind)(spec, handle, cpus, codec, calls)


def create_map(
    spec: MapSpec,
    *,
    cpus: int = 1,
    codec: Codec | None = None,
    inner: MapSpec | None = None,
    perf_ring_bytes: int = 0,
    lock_offset: int | None = None,
    timer_offset: int | None = None,
) -> Map:
    """A new map. MapError with Linux's errno for a definition that Linux refuses; UnsupportedError for kinds without a meaning here.

    `cpus` is how many copies per-CPU maps have, `codec` reads keys and values whose BTF type ids the definition names, `inner`
    stands in for a definition of inner maps that the object lacks. `perf_ring_bytes` is a power of two, 0 = 256 KiB; `lock_offset`
    and `timer_offset` say where the value has `struct bpf_spin_lock` and `struct bpf_timer`. Global data gets its initial
    contents, and is frozen where programs may only read it.
    """
    number = type_number(spec.type)
    if not 1 <= cpus <= PAGE_BYTES:
        raise InputError(f"map {spec.name!r}: {cpus} CPUs; there can be 1 to {PAGE_BYTES}")
    spec = adjusted(replace(spec, inner=spec.inner or inner), cpus)
    handle = native_map(_definition(spec, number, cpus, perf_ring_bytes), spec.name)
    made = wrap_map(spec, handle, cpus, codec)
    if lock_offset is not None or timer_offset is not None:
        made.set_fields(lock_offset=lock_offset, timer_offset=timer_offset)
    if spec.initial is not None:
        fill_initial(made, spec.initial)
    return made


def fill_initial(made: Map, initial: bytes) -> None:
    """Store the contents of .data, .rodata or .bss, and freeze them where programs may only read them."""
    from bpfcc.runtime.maps.keyed import KeyedMap

    if not isinstance(made, KeyedMap) or len(initial) > made.value_size:
        raise InputError(f"map {made.name!r}: {len(initial)} bytes of initial contents for a value of {made.value_size}")
    made.write_bytes(b"\0\0\0\0", initial.ljust(made.value_size, b"\0"))
    if made.spec.read_only_program:
        made.freeze()
