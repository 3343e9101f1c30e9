"""Link one program: its function first, then every function it reaches, calls and maps renumbered.

    section "xdp": filter            code: filter | parse | checksum
    section ".text": parse, checksum       call +0 -> the distance to where `parse` now is
                                           lddw map -> an index into the program's own maps

Functions come in the order in which libbpf appends them (depth first, in order of call), so that instruction numbers
agree with a kernel's log.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.bpfir.module import Bytecode, FunctionSpan
from bpfcc.frontend.dwarf_line_map import DwarfLineMap, Placed
from bpfcc.frontend.lines import LineMap, Segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bpfcc.bpfir.module import Extern, MapSpec
    from bpfcc.diagnostics import SourcePosition
    from bpfcc.frontend.btf import Btf, BtfExt
    from bpfcc.frontend.core_reloc import CoreRelocator
    from bpfcc.frontend.elf import ElfFile
    from bpfcc.frontend.map_table import MapTable
    from bpfcc.frontend.reloc import CodeFunction, CodeSection, Reference

SLOT: Final = 8
LDDW: Final = 0x18
# What Linux's verifier takes from a privileged user.
MAX_SLOTS: Final = 1_000_000
# Linux takes 256; more than this is no program but an attempt to keep us busy.
MAX_FUNCTIONS: Final = 4096
_U32: Final = struct.Struct("<I")


@final
class Linker:
    """Links programs of one object; knows nothing that belongs to a single program."""

    def __init__(
        self, elf: ElfFile, sections: Mapping[int, CodeSection], maps: MapTable, externs: list[Extern], *,
        btf: Btf | None, ext: BtfExt | None, core: CoreRelocator | None,
    ) -> None:  # fmt: skip
        self.elf, self.sections, self.maps, self.externs = elf, sections, maps, externs
        self.btf, self.ext, self.core = btf, ext, core
        self._function_types: dict[int, dict[int, int]] = {}

    def link(self, entry: CodeFunction) -> Bytecode:
        """The bytecode of the program that starts with `entry`."""
        return _Link(self, entry).finish()

    def target(self, reference: Reference, *, at: CodeFunction, slot: int) -> CodeFunction:
        """The function that a call or an address means."""
        section = self.sections.get(reference.target)
        found = section.function_at(reference.offset) if section is not None else None
        if found is None:
            where = self.sections[at.section].section
            raise self.elf.error(f"{at.name!r} refers to slot {reference.offset}, where no function is", section=where, offset=slot * SLOT)
        return found

    def type_of(self, function: CodeFunction) -> int:
        """The function's type in BTF, 0 where there is none."""
        if self.ext is None:
            return 0
        found = self._function_types.get(function.section)
        if found is None:
            table = self.ext.functions.get(self.sections[function.section].section.name)
            found = dict(zip(table.offsets, table.column(1), strict=True)) if table is not None else {}
            self._function_types[function.section] = found
        return found.get(function.start * SLOT, 0)

    def linkage_of(self, function: CodeFunction, type_id: int) -> Literal["static", "global", "extern"]:
        """What BTF says; a hidden function counts as static, as its callers are all here."""
        if function.local or function.hidden:
            return "static"
        if type_id and self.btf is not None and self.btf.kind(type_id) == "func":
            return self.btf.type(type_id).linkage
        return "global"


class _Link:
    """One link in progress."""

    def __init__(self, linker: Linker, entry: CodeFunction) -> None:
        self.linker = linker
        self.order: list[tuple[CodeFunction, int]] = []
        self.place: dict[tuple[int, int], int] = {}
        self.slots = 0
        self.maps: dict[int, int] = {}
        self.externs: dict[int, int] = {}
        self.unresolved: dict[int, str] = {}
        self._reach(entry)

    def _append(self, function: CodeFunction) -> Iterator[tuple[int, Reference]]:
        self.place[function.section, function.start] = self.slots
        self.order.append((function, self.slots))
        self.slots += function.length
        if self.slots > MAX_SLOTS or len(self.order) > MAX_FUNCTIONS:
            limit = f"{MAX_SLOTS} instructions" if self.slots > MAX_SLOTS else f"{MAX_FUNCTIONS} functions"
            section = self.linker.sections[function.section].section
            raise self.linker.elf.error(f"a program of more than {limit}", section=section, offset=function.start * SLOT)
        return self._references(function)

    def _references(self, function: CodeFunction) -> Iterator[tuple[int, Reference]]:
        section = self.linker.sections[function.section]
        slots, references = section.reference_slots, section.references
        first = bisect_left(slots, function.start)
        last = bisect_left(slots, function.start + function.length)
        return ((slot, references[slot]) for slot in slots[first:last])

    def _reach(self, entry: CodeFunction) -> None:
        """Depth first without recursion: a chain of calls may be as long as an object wants."""
        pending = [(entry, self._append(entry))]
        while pending:
            function, references = pending[-1]
            for slot, reference in references:
                if reference.kind in ("call", "address"):
                    callee = self.linker.target(reference, at=function, slot=slot)
                    if (callee.section, callee.start) not in self.place:
                        pending.append((callee, self._append(callee)))
                        break
            else:
                pending.pop()

    def finish(self) -> Bytecode:
        """Copy the code and write what every reference has become."""
        linker = self.linker
        code = bytearray()
        for function, _ in self.order:
            code += linker.sections[function.section].code[function.start * SLOT : (function.start + function.length) * SLOT]
        for function, start in self.order:
            end = start + function.length
            for slot, reference in self._references(function):
                linked = start + slot - function.start
                if linked + 1 == end and code[linked * SLOT] == LDDW:
                    section = linker.sections[function.section].section
                    raise linker.elf.error(f"{function.name!r} ends within an instruction", section=section, offset=slot * SLOT)
                self._patch(code, linked, reference)
        self._relocate_types(code)
        return Bytecode(
            bytes(code),
            tuple(self._span(function, start) for function, start in self.order),
            maps=tuple(self._map(index) for index in self.maps),
            externs=tuple(linker.externs[index] for index in self.externs),
            lines=self._lines(),
            unresolved=dict(sorted(self.unresolved.items())),
            endian=linker.elf.endian,
        )

    def _map(self, index: int) -> MapSpec:
        return self.linker.maps.places[index].spec

    def _span(self, function: CodeFunction, start: int) -> FunctionSpan:
        type_id = self.linker.type_of(function)
        linkage = self.linker.linkage_of(function, type_id)
        section = self.linker.sections[function.section].section.name
        return FunctionSpan(function.name, start, function.length, type_id, linkage, section, function.start)

    def _patch(self, code: bytearray, slot: int, reference: Reference) -> None:
        at = slot * SLOT
        match reference.kind:
            case "call" | "address":
                target = self.place[reference.target, reference.offset]
                self._write(code, at, 1 if reference.kind == "call" else 4, target - slot - 1)
                if reference.kind == "address":
                    _U32.pack_into(code, at + 12, 0)
            case "map" | "value":
                local = self.maps.setdefault(reference.target, len(self.maps))
                self._write(code, at, 1 if reference.kind == "map" else 2, local)
                _U32.pack_into(code, at + 12, reference.offset & 0xFFFF_FFFF)
            case "extern":
                local = self.externs.setdefault(reference.target, len(self.externs))
                is_call = code[at] == 0x85
                self._write(code, at, 2 if is_call else 3, local)
                if is_call:
                    code[at + 2 : at + 4] = b"\0\0"
                else:
                    _U32.pack_into(code, at + 12, 0)
            case "unresolved":
                self.unresolved[slot] = reference.reason

    @staticmethod
    def _write(code: bytearray, at: int, source: int, imm: int) -> None:
        code[at + 1] = (code[at + 1] & 0x0F) | source << 4
        _U32.pack_into(code, at + 4, imm & 0xFFFF_FFFF)

    def _relocate_types(self, code: bytearray) -> None:
        core = self.linker.core
        if core is None:
            return
        for function, start in self.order:
            section = self.linker.sections[function.section].section
            core.apply(code, section.name, function.start, start, function.length, unresolved=self.unresolved)

    def _lines(self) -> Mapping[int, SourcePosition]:
        linker = self.linker
        if linker.ext is None or linker.btf is None:
            names = {section: linker.sections[section].section.name for section in {f.section for f, _ in self.order}}
            return DwarfLineMap(linker.elf, [Placed(names[f.section], f.start, start, f.length) for f, start in self.order])
        segments = []
        for function, start in self.order:
            table = linker.ext.lines.get(linker.sections[function.section].section.name)
            if table is not None:
                segments.append(Segment(table, function.start, start, function.length))
        return LineMap(linker.btf, segments) if segments else {}
