"""Map definitions as records in a `maps` section: `struct bpf_map_def` and iproute2's `struct bpf_elf_map`.

    type, key_size, value_size, max_entries                                        16 bytes
    …, map_flags                                                                   20
    …, map_flags, inner_map_idx, numa_node      or      …, map_flags, id, pinning  28
    …, map_flags, id, pinning, inner_id, inner_idx                                 36 and more
    …, inner_map_idx, pinning, id, inner_id                                        32, on Windows

Nothing in an object says which structure it is. All begin alike; 28 bytes mean the kernel samples' structure where the
map is nested or names a NUMA node, and iproute2's otherwise.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.bpfir.module import MapSpec
from bpfcc.frontend.elf import STT_NOTYPE, STT_OBJECT
from bpfcc.frontend.map_table import NESTED, NUMA_NODE_GIVEN, MapTable, unpack_words

if TYPE_CHECKING:
    from bpfcc.frontend.elf import ElfFile, Section, Symbol

SMALLEST: Final = 16
# Where a record names no entry of the outer map.
NO_INDEX: Final = 1 << 32
LARGEST: Final = 256
WINDOWS_WORDS: Final = 8


class LegacyMap(NamedTuple):
    """A map, with what its record says of other maps."""

    map: int
    id: int
    inner_id: int
    inner_index: int
    # By position among the object's records, as the kernel's samples do it; -1 where the record has no such field.
    inner_position: int


def read_legacy_maps(elf: ElfFile, section: Section, table: MapTable) -> list[LegacyMap]:
    """Add the section's maps in order of offset; `nest_legacy_maps` puts those of all sections together."""
    symbols = sorted(_map_symbols(elf, section), key=lambda s: s.value)
    if not symbols:
        raise elf.error("map definitions without symbols", section=section, offset=0)
    size = _record_size(elf, section, symbols)
    records = []
    content = elf.contents(section)
    for symbol in symbols:
        if (section.index, symbol.value) in table.by_place:
            continue
        if symbol.value + size > len(content):
            raise elf.error(f"map {elf.name_of(symbol)!r} of {size} bytes leaves the section", section=section, offset=symbol.value)
        words = unpack_words(elf, content[symbol.value : symbol.value + size])
        records.append(_add(elf, section, symbol, words, table))
    return records


def _map_symbols(elf: ElfFile, section: Section) -> list[Symbol]:
    """Maps are named by symbols with a name; labels of debug information begin with a dot or have none."""
    return [s for s in elf.symbols if s.section == section.index and s.type in (STT_NOTYPE, STT_OBJECT) and s.name_offset]


def _record_size(elf: ElfFile, section: Section, symbols: list[Symbol]) -> int:
    """All records of a section are of one size: what the symbols say, or an equal share of the section."""
    sizes = {s.size for s in symbols if s.size}
    places = len({s.value for s in symbols})
    size = min(sizes) if sizes else section.size // places
    if not SMALLEST <= size <= LARGEST or size % 4:
        raise elf.error(f"{places} map definitions of {size} bytes each", section=section, offset=symbols[0].value)
    return size


def _add(elf: ElfFile, section: Section, symbol: Symbol, words: tuple[int, ...], table: MapTable) -> LegacyMap:
    if not words[0]:
        raise elf.error(f"map {elf.name_of(symbol)!r}: no type is given", section=section, offset=symbol.value)
    kind = table.conventions.map_type(words[0])
    spec = MapSpec(elf.name_of(symbol), kind, key_size=words[1], value_size=words[2], max_entries=words[3], section=section.name)
    index = table.add(spec, section.index, symbol.value, elf)
    if table.conventions.kind == "windows":
        _, _, _, _, inner_index, pinning, number, inner_id = (*words, *(0,) * WINDOWS_WORDS)[:WINDOWS_WORDS]
        found = table.conventions.pinning(pinning)
        if found is None:
            message = f"map {spec.name!r}: pinning {pinning}: 0 is not at all, 1 is by name"
            raise elf.error(message, section=section, offset=symbol.value)
        spec.pinning = found
        return LegacyMap(index, number, 0 if inner_index else inner_id, NO_INDEX, inner_index or -1)
    spec.flags = words[4] if len(words) > 4 else 0
    if len(words) == 7 and (kind in NESTED or spec.flags & NUMA_NODE_GIVEN):
        spec.numa_node = words[6] if spec.flags & NUMA_NODE_GIVEN else None
        return LegacyMap(index, 0, 0, 0, words[5] if kind in NESTED else -1)
    if len(words) >= 7 and words[6]:
        spec.pinning = "by_name"
    wide = len(words) >= 9
    return LegacyMap(index, words[5] if len(words) > 5 else 0, words[7] if wide else 0, words[8] if wide else 0, -1)


def nest_legacy_maps(table: MapTable, records: list[LegacyMap], elf: ElfFile) -> None:
    """Give each map of maps the template of its inner maps, and the inner maps that are put in by number."""
    for record in records:
        outer = table.places[record.map].spec
        if outer.type not in NESTED:
            continue
        if record.inner_position >= 0:
            inner = [records[record.inner_position]] if record.inner_position < len(records) else []
        else:
            inner = [r for r in records if record.inner_id and r.id == record.inner_id and r is not record]
        specs = [table.places[r.map].spec for r in inner]
        if specs and specs[0].type not in NESTED:
            outer.inner = replace(specs[0])
        elif table.conventions.kind == "windows":
            place = table.places[record.map]
            raise elf.error(f"map {outer.name!r} names no inner map", section=elf.section_at(place.section), offset=place.offset)
        if record.inner_position < 0:
            outer.values = {r.inner_index: s.name for r, s in zip(inner, specs, strict=True) if r.inner_index < outer.max_entries}
