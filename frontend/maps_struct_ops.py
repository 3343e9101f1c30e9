"""Tables of programs that the kernel calls by name of member: variables in `.struct_ops` and `.struct_ops.link`.

    SEC(".struct_ops.link") struct tcp_congestion_ops mine = { .init = (void *)mine_init, .name = "mine" };

    -> MapSpec("mine", "struct_ops", value_size=…, initial=b"…", values={3: "mine_init"})

`values` maps the number of a member to the program it holds; the other members' bytes are in `initial`.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.module import MapSpec

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.btf.types import Variable
    from bpfcc.frontend.elf import ElfFile, Relocation, Section
    from bpfcc.frontend.map_table import MapTable

# BPF_F_LINK: registered by a link instead of an update.
LINK: Final = 1 << 13
POINTER_BYTES: Final = 8
_offset: Final = attrgetter("offset")


def is_struct_ops_section(name: str) -> bool:
    """Whether the section holds such variables."""
    return name.removeprefix("?") in (".struct_ops", ".struct_ops.link")


def read_struct_ops(elf: ElfFile, btf: Btf | None, section: Section, table: MapTable) -> None:
    """Add the section's variables in order of offset."""
    type_id = btf.find(section.name, "datasec") if btf is not None else None
    if btf is None or type_id is None:
        raise elf.error("struct_ops without BTF to read them by (compile with -g)", section=section, offset=0)
    content = elf.contents(section)
    relocations = elf.relocations_of(section)
    for variable in sorted(btf.type(type_id).variables, key=lambda v: v.offset):
        table.add(_spec(elf, btf, section, variable, content, relocations), section.index, variable.offset, elf)


def _spec(elf: ElfFile, btf: Btf, section: Section, variable: Variable, content: bytes, relocations: list[Relocation]) -> MapSpec:
    found = btf.type(variable.type_id)
    target = btf.skip_modifiers(found.type_id) if found.kind == "var" else 0
    if btf.kind(target) != "struct" or not found.name:
        raise elf.error(f"struct_ops {found.name!r} is no struct", section=section, offset=variable.offset)
    size = btf.size_of(target)
    if variable.offset + size > len(content):
        raise elf.error(f"struct_ops {found.name!r} leaves the section", section=section, offset=variable.offset)
    places = {m.bit_offset // 8: number for number, m in enumerate(btf.type(target).members) if m.name and not m.bit_offset % 8}
    values = {}
    first = bisect_left(relocations, variable.offset, key=_offset)
    for relocation in relocations[first : bisect_left(relocations, variable.offset + size, key=_offset)]:
        at = relocation.offset - variable.offset
        if at not in places or at + POINTER_BYTES > size:
            raise elf.error(f"struct_ops {found.name!r} has a relocation outside its members", section=section, offset=relocation.offset)
        symbol = elf.symbol(relocation.symbol, section=section, offset=relocation.offset)
        code = elf.section_at(symbol.section)
        if code is None or not code.executable:
            raise elf.error(f"a member of struct_ops {found.name!r} is no program", section=section, offset=relocation.offset)
        values[places[at]] = elf.name_of(symbol)
    return MapSpec(
        found.name, "struct_ops", key_size=4, value_size=size, max_entries=1, flags=LINK if section.name.endswith(".link") else 0,
        values=values, section=section.name, initial=content[variable.offset : variable.offset + size], btf=btf, btf_value_type_id=target,
    )  # fmt: skip
