"""Maps as native modules describe them: definitions, initial values, sections of global variables.

entries, numbers = map_entries(load_platform("windows"), module.maps)
entries[0]                                  MapEntry(name="counters", type=2, key_size=4, …)
numbers["outer"]                            0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.backends.aot.descriptor import wrapped
from bpfcc.compat.native.names import checked_name
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.runtime.specs import Platform

MAX_MAPS: Final = 0xFFFF
MAX_VALUES: Final = 1 << 16
NESTED: Final = frozenset(("array_of_maps", "hash_of_maps"))
FILLED: Final = frozenset(("prog_array", *NESTED))
RINGS: Final = frozenset(("ringbuf", "perf_event_array"))
KEYLESS: Final = frozenset(("queue", "stack", *RINGS))
INDEX_BYTES: Final = 4
PAGE_BYTES: Final = 4096
HANDLE_BYTES: Final = 4
MAX_GLOBAL_BYTES: Final = 1 << 20


class MapEntry(NamedTuple):
    """A map's definition. `id` is one more than its number, `inner_id` the id of the map that says what its values are."""

    name: str
    type_name: str
    type: int
    key_size: int
    value_size: int
    max_entries: int
    pinning: int
    id: int
    inner_id: int
    initial: bytes | None
    values: Mapping[int, str]


def map_entries(platform: Platform, specs: Sequence[MapSpec]) -> tuple[list[MapEntry], dict[str, int]]:
    """The definitions in order, behind them templates of inner maps that no map has, and the number of each by name."""
    specs = list(specs)
    numbers = {spec.name: at for at, spec in enumerate(specs)}
    inner = {spec.name: _template(spec, specs) for spec in list(specs) if spec.type in NESTED}
    if len(specs) > MAX_MAPS:
        raise InputError(f"{len(specs)} maps; a native module has at most {MAX_MAPS}")
    return [_entry(platform, spec, at, inner.get(spec.name)) for at, spec in enumerate(specs)], numbers


def _template(outer: MapSpec, specs: list[MapSpec]) -> int:
    """The number of a map like those that `outer` holds; one is added where there is none."""
    if outer.inner is None:
        raise UnsupportedError(f"map {outer.name!r}", f"map {outer.name!r} holds maps, and does not say of what kind")
    wanted = _shape(outer.inner)
    for at, spec in enumerate(specs):
        if _shape(spec) == wanted and spec.initial is None and spec is not outer:
            return at
    from dataclasses import replace

    specs.append(replace(outer.inner, name=f"__anonymous_{len(specs) + 1}", initial=None, pinning="none"))
    return len(specs) - 1


def _shape(spec: MapSpec) -> tuple[object, ...]:
    return spec.type, spec.key_size, spec.value_size, spec.max_entries


def _fault(spec: MapSpec) -> str | None:
    """What the loader refuses to make, and what its helpers would read beyond; None where that is fine."""
    if spec.type in KEYLESS and spec.key_size:
        return f"keys of {spec.key_size} bytes, where there are none"
    if spec.type == "prog_array" and spec.key_size != INDEX_BYTES:
        return f"keys of {spec.key_size} bytes, not {INDEX_BYTES}"
    if spec.type == "lpm_trie" and spec.key_size <= INDEX_BYTES:
        return f"keys of {spec.key_size} bytes: no prefix behind its length"
    if spec.type not in KEYLESS and not spec.key_size:
        return "keys of 0 bytes"
    if spec.type not in RINGS | NESTED | {"prog_array"} and not spec.value_size:
        return "values of 0 bytes"
    if spec.type in RINGS and spec.max_entries % PAGE_BYTES:
        return f"{spec.max_entries} bytes, which are no whole pages"
    return "no entries" if not spec.max_entries else None


def _entry(platform: Platform, spec: MapSpec, at: int, inner: int | None) -> MapEntry:
    if spec.type not in platform.map_types:
        known = ", ".join(sorted(platform.map_types))
        raise UnsupportedError(
            f"map type {spec.type}", f"map {spec.name!r}: {platform.name} has no map type {spec.type}; there are {known}"
        )
    if spec.initial is not None and spec.value_size > MAX_GLOBAL_BYTES:
        raise UnsupportedError(f"{spec.value_size} bytes of global variables", f"{spec.name}: Windows takes {MAX_GLOBAL_BYTES} bytes")
    wrong = _fault(spec)
    if wrong is not None:
        raise UnsupportedError(f"map {spec.name!r}", f"map {spec.name!r} ({spec.type}): {wrong}; eBPF for Windows makes no such map")
    value_size = HANDLE_BYTES if spec.type in NESTED | {"prog_array"} else spec.value_size
    return MapEntry(
        checked_name(spec.name), spec.type, platform.map_types[spec.type].number, spec.key_size, value_size, spec.max_entries,
        int(spec.pinning == "by_name"), at + 1, 0 if inner is None else inner + 1,
        None if spec.initial is None else spec.initial.ljust(spec.value_size, b"\0"), spec.values,
    )  # fmt: skip


def initial_values(entries: Iterable[MapEntry], programs: set[str], maps: Mapping[str, int]) -> list[dict[str, Any]]:
    """Names that program arrays and arrays of maps hold at the start. InputError for one that the module does not have."""
    found = []
    for entry in entries:
        if not entry.values:
            continue
        if entry.type_name not in FILLED:
            raise UnsupportedError(
                f"initial values of map {entry.name!r}", f"Windows fills in maps of maps and of programs only: {entry.name}"
            )
        known = programs if entry.type_name == "prog_array" else set(maps)
        missing = sorted(set(entry.values.values()) - known)
        if missing:
            raise InputError(f"map {entry.name!r} holds {missing[0]!r}, which the module does not have")
        last = max(entry.values)
        if last >= min(entry.max_entries, MAX_VALUES):
            raise InputError(f"map {entry.name!r} has {entry.max_entries} entries, none at {last}")
        found.append({"map": entry.name, "names": [entry.values.get(at) for at in range(last + 1)]})
    return found


def global_sections(entries: Iterable[MapEntry]) -> list[dict[str, Any]]:
    """Sections of global variables, with their contents; zeros are not written out."""
    return [
        {"name": entry.name, "size": len(entry.initial), "lines": wrapped(entry.initial) if any(entry.initial) else []}
        for entry in entries
        if entry.initial is not None
    ]
