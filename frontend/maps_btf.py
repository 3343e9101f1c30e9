"""Map definitions in `.maps`: the definition is the type of a variable, written with pointers and array lengths.

    struct {
        int (*type)[1];              __uint(type, 1)          the number is an array's length
        u32 *key;                    __type(key, u32)         the type is what a pointer points to
        struct inner *values[];      __array(values, …)       a template of inner maps, or programs
    } outer SEC(".maps") = { .values = { &a, [3] = &b } };

The initialiser of `values` is found in the section's relocations.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Literal

from bpfcc.bpfir.module import MapSpec
from bpfcc.frontend.elf import STT_SECTION
from bpfcc.frontend.map_table import NESTED, MapTable

if TYPE_CHECKING:
    from bpfcc.errors import InputError
    from bpfcc.frontend.btf import Btf, BtfType
    from bpfcc.frontend.btf.types import Variable
    from bpfcc.frontend.conventions import Conventions
    from bpfcc.frontend.elf import ElfFile, Relocation, Section

POINTER_BYTES: Final = 8
MAX_FIELDS: Final = 64


def read_btf_maps(elf: ElfFile, btf: Btf | None, section: Section, table: MapTable) -> None:
    """Add the section's maps in order of offset."""
    type_id = btf.find(section.name, "datasec") if btf is not None else None
    if btf is None or type_id is None:
        raise elf.error("map definitions without BTF to read them by (compile with -g)", section=section, offset=0)
    outer: list[tuple[Variable, MapSpec]] = []
    for variable in sorted(btf.type(type_id).variables, key=lambda v: v.offset):
        found = btf.type(variable.type_id)
        if found.kind != "var" or not found.name:
            raise elf.error(f"a map definition is a {found.kind} named {found.name!r}", section=section, offset=variable.offset)
        if variable.offset + variable.size > section.size:
            raise elf.error(f"map {found.name!r} leaves the section", section=section, offset=variable.offset)
        definition = btf.type(btf.skip_modifiers(found.type_id))
        spec = _Definition(elf, btf, section, found.name, variable.offset, table.conventions).read(definition)
        table.add(spec, section.index, variable.offset, elf)
        outer.append((variable, spec))
    _fill_values(elf, btf, section, outer)


class _Definition:
    """Reads one definition. What is wrong is reported with the map's name and place."""

    def __init__(
        self, elf: ElfFile, btf: Btf, section: Section, name: str, offset: int, conventions: Conventions, *, inner: bool = False
    ) -> None:  # fmt: skip
        self.elf, self.btf, self.section, self.name, self.offset, self.inner = elf, btf, section, name, offset, inner
        self.conventions = conventions

    def fault(self, message: str) -> InputError:
        return self.elf.error(f"map {self.name!r}: {message}", section=self.section, offset=self.offset)

    def read(self, definition: BtfType) -> MapSpec:
        if definition.kind != "struct":
            raise self.fault(f"defined by a {definition.kind}, not a struct")
        if len(definition.members) > MAX_FIELDS:
            raise self.fault(f"{len(definition.members)} fields")
        spec = MapSpec(self.name, "unspec", section=self.section.name, btf=self.btf)
        for member in definition.members:
            if self.conventions.counts(member.name):
                self._field(spec, member.name, member.type_id)
        if spec.type == "unspec":
            raise self.fault("no type is given")
        return spec

    def _field(self, spec: MapSpec, name: str, type_id: int) -> None:
        match name:
            case "type":
                spec.type = self.conventions.map_type(self._number(name, type_id))
            case "max_entries":
                spec.max_entries = self._number(name, type_id)
            case "map_flags":
                spec.flags = self._number(name, type_id)
            case "numa_node":
                spec.numa_node = self._number(name, type_id)
            case "map_extra":
                spec.map_extra = self._number(name, type_id)
            case "key_size":
                spec.key_size = self._agree(name, spec.key_size, self._number(name, type_id))
            case "value_size":
                spec.value_size = self._agree(name, spec.value_size, self._number(name, type_id))
            case "key":
                spec.btf_key_type_id, size = self._pointed(name, type_id)
                spec.key_size = self._agree(name, spec.key_size, size)
            case "value":
                spec.btf_value_type_id, size = self._pointed(name, type_id)
                spec.value_size = self._agree(name, spec.value_size, size)
            case "pinning":
                spec.pinning = self._pinning(self._number(name, type_id))
            case "values":
                self._values(spec, type_id)
            case _:
                raise self.fault(f"unknown field {name!r}")

    def _number(self, name: str, type_id: int) -> int:
        """`int (*name)[N]` says N; `enum { … } name` (for 64-bit values) says its enumerator."""
        found = self.btf.type(self.btf.skip_modifiers(type_id))
        if found.kind in ("enum", "enum64") and len(found.enumerators) == 1:
            return found.enumerators[0].value & 0xFFFF_FFFF_FFFF_FFFF
        if found.kind == "ptr":
            pointed = self.btf.type(self.btf.skip_modifiers(found.type_id))
            if pointed.kind == "array":
                return pointed.length
            if pointed.kind in ("enum", "enum64") and len(pointed.enumerators) == 1:
                return pointed.enumerators[0].value & 0xFFFF_FFFF_FFFF_FFFF
        raise self.fault(f"field {name!r} is not written with __uint or __ulong")

    def _pointed(self, name: str, type_id: int) -> tuple[int, int]:
        found = self.btf.type(self.btf.skip_modifiers(type_id))
        if found.kind != "ptr":
            raise self.fault(f"field {name!r} is a {found.kind}, not a pointer")
        return found.type_id, self.btf.size_of(found.type_id)

    def _agree(self, name: str, before: int, size: int) -> int:
        if before and before != size:
            raise self.fault(f"field {name!r} says {size} bytes, another {before}")
        return size

    def _pinning(self, number: int) -> Literal["none", "by_name"]:
        if self.inner and self.conventions.kind == "linux":
            raise self.fault("an inner map cannot be pinned")
        found = self.conventions.pinning(number)
        if found is None:
            raise self.fault(f"pinning {number}: 0 is not at all, 1 is by name")
        return found

    def _values(self, spec: MapSpec, type_id: int) -> None:
        if self.inner and not (spec.type == "prog_array" and self.conventions.kind == "windows"):
            raise self.fault("maps nest one deep only")
        if spec.type not in NESTED and spec.type != "prog_array":
            raise self.fault(f"'values' in a map of type {spec.type}")
        spec.value_size = self._agree("values", spec.value_size, 4)
        if not spec.key_size:
            spec.key_size = 4
        found = self.btf.type(type_id)
        if found.kind != "array" or found.length:
            raise self.fault("'values' is not written with __array")
        pointer = self.btf.type(self.btf.skip_modifiers(found.type_id))
        pointed = self.btf.type(self.btf.skip_modifiers(pointer.type_id)) if pointer.kind == "ptr" else pointer
        if spec.type == "prog_array":
            if pointed.kind != "func_proto":
                raise self.fault(f"'values' of a program array are {pointed.kind}, not functions")
            return
        inner = _Definition(self.elf, self.btf, self.section, f"{self.name}.inner", self.offset, self.conventions, inner=True)
        spec.inner = inner.read(pointed)


def _fill_values(elf: ElfFile, btf: Btf, section: Section, maps: list[tuple[Variable, MapSpec]]) -> None:
    starts = [variable.offset for variable, _ in maps]
    names: dict[int, dict[int, str]] = {}
    for relocation in elf.relocations_of(section):
        number = bisect_right(starts, relocation.offset) - 1
        variable, spec = maps[number] if number >= 0 else (None, None)
        if variable is None or spec is None or relocation.offset + POINTER_BYTES > variable.offset + variable.size:
            raise elf.error("a relocation outside every map", section=section, offset=relocation.offset)
        if spec.type not in NESTED and spec.type != "prog_array":
            raise elf.error(f"map {spec.name!r} of type {spec.type} has no values", section=section, offset=relocation.offset)
        definition = btf.type(btf.skip_modifiers(btf.type(variable.type_id).type_id))
        last = definition.members[-1] if definition.members else None
        start = variable.offset + last.bit_offset // 8 if last is not None and last.name == "values" else -1
        slot, rest = divmod(relocation.offset - start, POINTER_BYTES)
        if start < 0 or slot < 0 or rest:
            raise elf.error(f"map {spec.name!r} has a relocation outside its values", section=section, offset=relocation.offset)
        names.setdefault(number, {})[slot] = _target_name(elf, section, relocation, spec)
    for number, values in names.items():
        spec = maps[number][1]
        spec.values = values
        if not spec.max_entries:
            spec.max_entries = max(values) + 1


def _target_name(elf: ElfFile, section: Section, relocation: Relocation, spec: MapSpec) -> str:
    """The name of the map or program that a slot of `values` points to."""
    symbol = elf.symbol(relocation.symbol, section=section, offset=relocation.offset)
    target = elf.section_at(symbol.section)
    wanted = "a program" if spec.type == "prog_array" else "a map"
    if target is None or symbol.type == STT_SECTION or (target.executable if spec.type != "prog_array" else not target.executable):
        raise elf.error(f"a value of map {spec.name!r} is not {wanted}", section=section, offset=relocation.offset)
    return elf.name_of(symbol)
