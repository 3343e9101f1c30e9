"""Map definitions: types by name, sizes that mean something else, flags that are ignored.

MapSpec("events", "perf_event_array", 4, 4, 2)      becomes      MapSpec("events", "perf_event_array", 0, 0, 65536)
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.ops import MapAddr, MapValueAddr
from bpfcc.runtime.maps.create import ring_bytes

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.table import Correspondence, Row

# Native images have no flags. That programs do not write a map is a promise of theirs, which the verifier holds them to; that entries are
# allocated when they are made is how it is on Windows, and what tries of prefixes ask for elsewhere.
KEPT_FLAGS: Final = 0x80 | 0x01
NO_ENTRIES: Final = "it has no entries until the application says how many, for which ebpfapi has nothing: give it its max_entries"


def rewrite_maps(module: Module, table: Correspondence, notes: Notes, updated: AbstractSet[int]) -> tuple[MapSpec, ...]:
    """The module's maps as Windows has them; what it has not is noted. `updated`: numbers of those that the program puts entries into."""
    places = map_places(module)
    made = []
    for number, spec in enumerate(module.maps):
        with notes.at(places.get(number, ())):
            made.append(_rewritten(spec, table, notes, updated=number in updated))
    return tuple(made)


def map_places(module: Module) -> dict[int, list[tuple[str, int]]]:
    """Functions and instructions that name each map."""
    found: dict[int, list[tuple[str, int]]] = {}
    for fn in module.functions:
        for op in fn.ops():
            if isinstance(op, (MapAddr, MapValueAddr)):
                found.setdefault(op.map, []).append((fn.name, op.insn))
    return found


def _rewritten(spec: MapSpec, table: Correspondence, notes: Notes, *, updated: bool) -> MapSpec:
    row = table.map_type(spec.type)
    name = f"{spec.name} ({spec.type})"
    if row is None or row.kind == "absent":
        notes.absent("map", name, table.why_no_map_type(spec.type) if row is None else row.reason)
        return spec
    if not spec.max_entries and row.recipe != "perf_ring":
        notes.absent("map", name, NO_ENTRIES)
        return spec
    _note(spec, name, row, notes, updated=updated)
    if spec.initial is None:
        for bit, flag in table.map_flags.items():
            if spec.flags & bit:
                notes.add("map", f"{name}: {flag['name']}", "differs", row.to, flag["text"], depends=flag["depends"])
        unknown = spec.flags & ~sum(table.map_flags)
        if unknown:
            notes.add("map", f"{name}: flags {unknown:#x}", "differs", row.to, "flags that nobody knows here are ignored", depends=True)
    inner = _rewritten(spec.inner, table, notes, updated=True) if spec.inner is not None else None
    made = replace(spec, type=row.to or spec.type, flags=spec.flags & KEPT_FLAGS, inner=inner, numa_node=None, map_extra=0)
    if row.recipe == "perf_ring":
        return replace(made, key_size=0, value_size=0, max_entries=int(row.data["bytes"]))
    return replace(made, value_size=0, max_entries=ring_bytes(spec.max_entries)) if spec.type == "ringbuf" else made


def _note(spec: MapSpec, name: str, row: Row, notes: Notes, *, updated: bool) -> None:
    for each in row.differences:
        depends = bool(each["depends"]) and (updated or each["when"] != "updated")
        notes.add("map", name, "differs", row.to, each["text"], depends=depends)
    if not row.differences:
        reason = row.reason
        if spec.pinning == "by_name":
            reason = "; ".join(filter(None, (reason, f"pinned as BPF:\\{spec.name}, not below /sys/fs/bpf")))
        elif spec.initial is not None and spec.read_only_program:
            reason = "an array of one value; Windows itself does not protect it"
        notes.add("map", name, row.kind, row.to, reason)
