"""Contents of maps and events, readable, by the object's types.

    map_records(program, exe.maps)      [{"name": "counters", "entries": [{"key": "PASSED", "value": {"packets": 247, "bytes": 29610}}], …}]

A map definition cannot say everything: a declaration tag on the map can.

    struct { … } events SEC(".maps") __attribute__((btf_decl_tag("bpfcc:record=event")));     records are `struct event`
    struct { … } counters SEC(".maps") __attribute__((btf_decl_tag("bpfcc:key=reason")));     keys are `enum reason`
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bpfcc.errors import InputError
from bpfcc.runtime.maps import KeyedMap, PerCpuMap, PerfBuffer, QueueMap, RingBuffer
from bpfcc.values import decode, decode_plain, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bpfcc.frontend.btf import Btf
    from bpfcc.program import Program
    from bpfcc.runtime.maps import Map

MAX_ENTRIES: Final = 100_000
# Maps that hold programs, sockets and the like: nothing to read in them.
OPAQUE: Final = frozenset({"prog_array", "perf_event_array", "cgroup_array", "stack_trace", "bloom_filter", "ringbuf"})


def map_records(program: Program, maps: Mapping[str, Map]) -> list[dict[str, Any]]:
    """Every map with its definition and its entries (at most `MAX_ENTRIES`)."""
    return [map_record(program, made) for made in maps.values()]


def map_record(program: Program, made: Map) -> dict[str, Any]:
    """One map. `entries` is None for kinds that have none to show."""
    spec = made.spec
    record: dict[str, Any] = {
        "name": made.name, "type": made.type, "key_size": spec.key_size, "value_size": spec.value_size, "max_entries": made.max_entries,
        "data": spec.initial is not None, "count": None, "entries": None,
    }  # fmt: skip
    if isinstance(made, QueueMap):
        values = [decode(spec.btf, spec.btf_value_type_id, raw) for raw in islice(made.raw_values(), MAX_ENTRIES)]
        record |= {"count": made.count(), "entries": [{"key": None, "value": value} for value in values]}
    elif isinstance(made, KeyedMap) and made.type not in OPAQUE:
        entries = [entry(program, made, key, value) for key, value in islice(sorted_items(made), MAX_ENTRIES)]
        record |= {"count": made.count(), "entries": entries}
    return record


def sorted_items(made: KeyedMap) -> Iterator[tuple[bytes, bytes]]:
    """Entries in an order that does not depend on how they came in."""
    items = islice(made.raw_items(), MAX_ENTRIES)
    return iter(sorted(items, key=lambda item: (int.from_bytes(item[0], "little") if made.key_size in {1, 2, 4, 8} else 0, item[0])))


def entry(program: Program, made: KeyedMap, key: bytes, value: bytes) -> dict[str, Any]:
    """One entry, typed where the types are known; per-CPU values are lists."""
    spec = made.spec
    if isinstance(made, PerCpuMap):
        stride = len(value) // made.cpus
        shown: Any = [decode(spec.btf, spec.btf_value_type_id, value[i * stride : i * stride + made.value_size]) for i in range(made.cpus)]
    else:
        shown = decode(spec.btf, spec.btf_value_type_id, value)
    return {"key": key_of(program, made, key), "value": shown}


def key_of(program: Program, made: KeyedMap, key: bytes) -> Any:
    """A key by its type, a prefix in its usual form, or by the enum that the map's tag names."""
    spec = made.spec
    if made.type == "lpm_trie":
        return prefix_text(key)
    named = tag_of(program.btf, made.name, "key")
    if named is not None and program.btf is not None:
        return decode(program.btf, type_named(program.btf, named), key)
    return decode(spec.btf, spec.btf_key_type_id, key)


def prefix_text(key: bytes) -> str:
    """`203.0.113.0/24`, also where the key holds it in IPv6's mapped form."""
    from bpfcc.runtime.maps import format_prefix
    from bpfcc.values import MAPPED_PREFIX, address_text

    length, data = int.from_bytes(key[:4], "little"), key[4:]
    if len(data) == 16 and length >= 96 and data.startswith(MAPPED_PREFIX):
        return f"{address_text(data)}/{length - 96}"
    return format_prefix(key)


def type_named(btf: Btf, name: str) -> int:
    """The struct, union, enum or typedef of that name. InputError where there is none."""
    for kind in ("struct", "union", "enum", "enum64", "typedef"):
        found = btf.find(name, kind)
        if found is not None:
            return found
    raise InputError(f"the object has no type {name!r}")


def take_events(program: Program, maps: Mapping[str, Map], types: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What lies in ring and perf buffers now: `record` by the type that the caller or the map's tag names, else None; `bytes` in hex."""
    for name, made in maps.items():
        samples: Iterator[tuple[int | None, bytes]]
        if isinstance(made, RingBuffer):
            samples = ((None, data) for data in made.consume())
        elif isinstance(made, PerfBuffer):
            samples = ((event.cpu, event.data) for event in made.consume())
        else:
            continue
        type_id = record_type(program, name, types)
        for cpu, data in samples:
            yield {"map": name, "cpu": cpu, "record": decode_event(program.btf, type_id, data), "bytes": data.hex()}


def record_type(program: Program, name: str, types: Mapping[str, str]) -> int:
    """The type of a buffer's records, 0 where nobody says it."""
    wanted = types.get(name) or tag_of(program.btf, name, "record")
    return type_named(program.btf, wanted) if wanted is not None and program.btf is not None else 0


def decode_event(btf: Btf | None, type_id: int, data: bytes) -> Any:
    """A record; samples of perf buffers may have padding behind."""
    if btf is None or not type_id:
        return None
    size = btf.size_of(type_id)
    return decode(btf, type_id, data[:size]) if len(data) >= size else decode_plain(data)
