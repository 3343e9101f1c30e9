"""Map definitions of an object: `.maps` by BTF, `maps` by record, global data by section.

    struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, u32); … } flows SEC(".maps");   -> MapSpec("flows", "hash", …)
    struct bpf_map_def SEC("maps") m = {…};                                                -> MapSpec("m", …)
    int counter = 7;                                                                       -> MapSpec(".data", "array", initial=…)

A global-data map is named by its section, always. (libbpf puts up to eight characters of the object's file name before
it, and the kernel sees that; a name that depends on the file's name is no use to a caller here.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.module import MapSpec
from bpfcc.frontend.conventions import LINUX
from bpfcc.frontend.elf import SHT_NOBITS, SHT_PROGBITS, STT_FUNC, STT_SECTION
from bpfcc.frontend.map_table import READ_ONLY_FOR_PROGRAMS, MapTable
from bpfcc.frontend.maps_btf import read_btf_maps
from bpfcc.frontend.maps_legacy import LegacyMap, nest_legacy_maps, read_legacy_maps
from bpfcc.frontend.maps_struct_ops import is_struct_ops_section, read_struct_ops

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.frontend.btf import Btf, BtfType
    from bpfcc.frontend.conventions import Conventions
    from bpfcc.frontend.elf import ElfFile, Section, Symbol


DATA_PREFIXES: Final = (".data", ".rodata", ".bss")


def is_data_section(section: Section) -> bool:
    """Whether the section is global data that programs use as a map."""
    if not section.size or section.type not in (SHT_PROGBITS, SHT_NOBITS) or section.executable:
        return False
    return any(section.name == p or section.name.startswith(p + ".") for p in DATA_PREFIXES)


def is_legacy_section(name: str) -> bool:
    """Whether records in `struct bpf_map_def` or `struct bpf_elf_map` form are in the section."""
    return name == "maps" or name.startswith("maps/")


def read_maps(elf: ElfFile, btf: Btf | None, conventions: Conventions = LINUX) -> MapTable:
    """Every map that the object defines."""
    table = MapTable(conventions)
    legacy: list[LegacyMap] = []
    for section in elf.sections:
        if section.name == ".maps" and section.size:
            table.definition_sections.add(section.index)
            read_btf_maps(elf, btf, section, table)
        elif is_legacy_section(section.name) and section.size:
            table.definition_sections.add(section.index)
            legacy += read_legacy_maps(elf, section, table)
        elif is_struct_ops_section(section.name) and section.size:
            table.definition_sections.add(section.index)
            read_struct_ops(elf, btf, section, table)
    nest_legacy_maps(table, legacy, elf)
    for section in elf.sections:
        if is_data_section(section):
            _add_data(elf, btf, section, table)
    return table


def _add_data(elf: ElfFile, btf: Btf | None, section: Section, table: MapTable) -> None:
    value_type = (btf.find(section.name, "datasec") or 0) if btf is not None else 0
    spec = MapSpec(
        section.name,
        "array",
        key_size=4,
        value_size=section.size,
        max_entries=1,
        flags=READ_ONLY_FOR_PROGRAMS if section.name.startswith(".rodata") and table.conventions.protects_data else 0,
        section=section.name,
        initial=elf.contents(section),
        btf=btf if value_type else None,
        btf_value_type_id=value_type,
    )
    if section.name in table.by_name:
        # Only relocatable links with `-r` and unusual scripts make two sections of a name; both are data.
        spec.name = f"{section.name}#{section.index}"
    table.data_sections.add(section.index)
    table.add(spec, section.index, 0, elf)


def complete_data_sections(elf: ElfFile, btf: Btf) -> None:
    """Give the BTF's data sections their sizes and variables their offsets, which clang leaves to the loader."""
    by_name: dict[str, Symbol] | None = None
    for section in elf.sections:
        if not section.size or not (is_data_section(section) or section.name == ".maps" or is_struct_ops_section(section.name)):
            continue
        type_id = btf.find(section.name, "datasec")
        if type_id is None:
            continue
        found = btf.type(type_id)
        if found.size:
            continue
        if by_name is None:
            by_name = {elf.name_of(s): s for s in elf.symbols if s.section and s.type not in (STT_SECTION, STT_FUNC)}
        offsets = dict(_offsets(btf, found, section, by_name))
        if section.name == ".maps" and len(offsets) < len(found.variables):
            lost = next(v for i, v in enumerate(found.variables) if i not in offsets)
            raise elf.error(f"map {btf.name(lost.type_id)!r} has no symbol", section=section, offset=0)
        btf.set_section_layout(type_id, min(section.size, 0xFFFF_FFFF), offsets)


def _offsets(btf: Btf, found: BtfType, section: Section, symbols: dict[str, Symbol]) -> Iterator[tuple[int, int]]:
    for number, variable in enumerate(found.variables):
        symbol = symbols.get(btf.name(variable.type_id))
        if symbol is not None and symbol.section == section.index:
            yield number, min(symbol.value, 0xFFFF_FFFF)
