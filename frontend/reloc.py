"""A code section with its functions, and what its relocations and calls refer to.

    18 01 00 00 00 00 00 00 …   R_BPF_64_64  flows       -> Reference("map", target=0)          a map
    18 01 00 00 08 00 00 00 …   R_BPF_64_64  .rodata     -> Reference("value", target=2, offset=8)
    85 10 00 00 ff ff ff ff     R_BPF_64_32  helper      -> Reference("call", target=1, offset=12)   section 1, slot 12
    85 10 00 00 05 00 00 00                              -> Reference("call", …) a static function of the same section

What a relocation means follows from the instruction and the symbol, as in libbpf; the relocation's number differs
between versions of LLVM and is not looked at. Big-endian code is put into little-endian field order here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, final

from bpfcc.bpfir.module import Extern
from bpfcc.frontend.elf import (
    EM_NONE,
    HIDDEN,
    SHN_LORESERVE,
    SHN_UNDEF,
    STB_LOCAL,
    STT_FUNC,
    STT_NOTYPE,
    STT_SECTION,
    ElfFile,
    Relocation,
    Section,
    Symbol,
)

if TYPE_CHECKING:
    from bpfcc.bpfir.module import Endian
    from bpfcc.frontend.externs import ExternTable
    from bpfcc.frontend.map_table import MapTable

SLOT: Final = 8
CALL: Final = 0x85
# Aliases make a function count twice; an object whose functions all cover the section would make work without end.
MAX_OVERLAP: Final = 64
LDDW: Final = 0x18
_CALLS_AND_LDDWS: Final = re.compile(rb"[\x18\x85]")
_SWAP_NIBBLES: Final = bytes((i >> 4) | (i & 15) << 4 for i in range(256))
_HIDDEN: Final = 2

# Calls that clang makes by itself for copies it does not expand; an object cannot define what it does not know of.
LIBRARY_FUNCTIONS: Final = frozenset({"memcpy", "memmove", "memset", "memcmp"})

ReferenceKind = Literal["map", "value", "call", "address", "extern", "unresolved"]


class Reference(NamedTuple):
    """What the instruction at a slot refers to.

    map: index of the map · value: index of the map, byte offset · call, address: section, slot · extern: index ·
    unresolved: `reason` says what is missing.
    """

    kind: ReferenceKind
    target: int = 0
    offset: int = 0
    reason: str = ""


class CodeFunction(NamedTuple):
    """A function inside a section: slots `[start, start + length)`."""

    name: str
    section: int
    start: int
    length: int
    # Not callable from other objects, hence no program.
    local: bool
    # Callable from other objects until they are linked into one.
    hidden: bool = False


@final
class CodeSection:
    """One executable section. Functions are known at once; references are worked out when first asked for."""

    def __init__(self, elf: ElfFile, section: Section, symbols: list[Symbol], maps: MapTable, externs: ExternTable) -> None:
        self.elf, self.section = elf, section
        self._maps, self._externs = maps, externs
        if section.size % SLOT:
            raise elf.error(f"{section.size} bytes of code are not whole instructions", section=section, offset=section.size)
        self.slots: Final = section.size // SLOT
        self.functions: Final = self._find_functions(symbols)
        self._by_start: Final = {f.start: f for f in reversed(self.functions)}
        self._starts: Final = [f.start for f in self.functions]

    @cached_property
    def code(self) -> bytes:
        """The instructions in little-endian field order."""
        return canonical(self.elf.contents(self.section), self.elf.endian)

    def function_at(self, slot: int) -> CodeFunction | None:
        """The function that starts at a slot. One inside another (its symbol was stripped) reaches to the other's end."""
        found = self._by_start.get(slot)
        if found is not None or not 0 <= slot < self.slots:
            return found
        before = bisect_right(self._starts, slot) - 1
        if before < 0:
            return None
        outer = self.functions[before]
        length = outer.start + outer.length - slot
        return CodeFunction(f"{outer.name}.{slot - outer.start}", outer.section, slot, length, local=True) if length > 0 else None

    def _find_functions(self, symbols: list[Symbol]) -> list[CodeFunction]:
        section, elf = self.section, self.elf
        chosen = [s for s in symbols if s.type == STT_FUNC]
        if not chosen:
            # clang before 2019 gave functions no type; its labels are local.
            chosen = [s for s in symbols if s.type == STT_NOTYPE and s.bind != STB_LOCAL]
        if not chosen:
            return [CodeFunction(section.name, section.index, 0, self.slots, local=False)] if self.slots else []
        chosen.sort(key=lambda s: s.value)
        total = 0
        ends = sorted({s.value for s in chosen} | {section.size})
        found = []
        for symbol in chosen:
            name = elf.name_of(symbol)
            size = symbol.size or ends[bisect_right(ends, symbol.value)] - symbol.value if symbol.value < section.size else 0
            if symbol.value % SLOT or size % SLOT or not size:
                raise elf.error(f"function {name!r} at {symbol.value:#x} of {size} bytes", section=section, offset=symbol.value)
            if symbol.value + size > section.size:
                raise elf.error(f"function {name!r} leaves the section", section=section, offset=symbol.value)
            total += size
            if total > MAX_OVERLAP * section.size:
                raise elf.error("functions lie over each other many times", section=section, offset=symbol.value)
            local = symbol.bind == STB_LOCAL
            hidden = symbol.visibility in HIDDEN
            found.append(CodeFunction(name, section.index, symbol.value // SLOT, size // SLOT, local, hidden))
        return found

    @cached_property
    def programs(self) -> list[CodeFunction]:
        """The functions that can be programs: the global ones, and static ones that nothing in the section calls.

        libbpf refuses static programs; other loaders, which go by section, have them.
        """
        if not any(f.local for f in self.functions):
            return self.functions
        here = self.section.index
        called = {r.offset for r in self.references.values() if r.kind in ("call", "address") and r.target == here}
        return [f for f in self.functions if not f.local or f.start not in called] or self.functions

    @cached_property
    def references(self) -> dict[int, Reference]:
        """Slot -> what it refers to, in order of slot."""
        found: dict[int, Reference] = {}
        for relocation in self.elf.relocations_of(self.section):
            # Compilers from before the machine had a number gave relocations none either.
            if relocation.type or self.elf.machine == EM_NONE:
                self._relocate(relocation, found)
        self._add_unrelocated(found)
        return dict(sorted(found.items()))

    @cached_property
    def reference_slots(self) -> list[int]:
        """The slots of `references`, ascending."""
        return list(self.references)

    def _relocate(self, relocation: Relocation, found: dict[int, Reference]) -> None:
        slot, rest = divmod(relocation.offset, SLOT)
        if rest or slot >= self.slots:
            raise self.elf.error("a relocation outside the code", section=self.section, offset=relocation.offset)
        symbol = self.elf.symbol(relocation.symbol, section=self.section, offset=relocation.offset)
        opcode = self.code[slot * SLOT]
        if opcode == CALL:
            found[slot] = self._call(relocation, slot, symbol)
        elif opcode == LDDW and slot + 1 < self.slots:
            found[slot] = self._load(relocation, slot, symbol)
        else:
            raise self.elf.error(
                f"a relocation against {self.elf.name_of(symbol)!r} of an instruction that is neither call nor lddw",
                section=self.section, offset=relocation.offset,
            )  # fmt: skip

    def _imm(self, slot: int) -> int:
        return int.from_bytes(self.code[slot * SLOT + 4 : slot * SLOT + 8], "little", signed=True)

    def _call(self, relocation: Relocation, slot: int, symbol: Symbol) -> Reference:
        if symbol.section == SHN_UNDEF:
            return self._undefined(relocation, symbol, call=True)
        target = self.elf.section_at(symbol.section)
        if target is None or not target.executable:
            raise self._bad(relocation, symbol, "a call of something that is no function")
        base, rest = divmod(symbol.value, SLOT)
        if rest:
            raise self._bad(relocation, symbol, "a call into the middle of an instruction")
        # clang writes the distance in slots less one, -1 for a function with a symbol of its own.
        distance = self._imm(slot) + 1 if relocation.addend is None else relocation.addend // SLOT
        return Reference("call", target.index, base + distance)

    def _load(self, relocation: Relocation, slot: int, symbol: Symbol) -> Reference:
        if symbol.section == SHN_UNDEF:
            return self._undefined(relocation, symbol, call=False)
        if symbol.section >= SHN_LORESERVE:
            raise self._bad(relocation, symbol, "a reference to a variable without a section (is it initialised?)")
        addend = self._imm(slot) if relocation.addend is None else relocation.addend
        target = self.elf.section_at(symbol.section)
        if target is None:
            raise self._bad(relocation, symbol, f"a reference to section {symbol.section}, which does not exist")
        if target.index in self._maps.definition_sections:
            offset = symbol.value + (addend if symbol.type == STT_SECTION else 0)
            index = self._maps.by_place.get((target.index, offset))
            if index is None:
                raise self._bad(relocation, symbol, f"a reference to byte {offset:#x} of {target.name}, where no map is")
            return Reference("map", index)
        if target.index in self._maps.data_sections:
            return Reference("value", self._maps.by_place[target.index, 0], symbol.value + addend)
        if target.executable:
            start, rest = divmod(symbol.value + addend, SLOT)
            if rest:
                raise self._bad(relocation, symbol, "the address of the middle of an instruction")
            return Reference("address", target.index, start)
        raise self._bad(relocation, symbol, f"a reference to section {target.name!r}, which holds no maps, data or code")

    def _undefined(self, relocation: Relocation, symbol: Symbol, *, call: bool) -> Reference:
        externs = self._externs
        index = externs.by_symbol.get(symbol.number)
        name = self.elf.name_of(symbol)
        if index is None:
            if not call or name not in LIBRARY_FUNCTIONS:
                raise self._bad(relocation, symbol, f"{name!r} is not defined and not declared as a kernel symbol")
            index = externs.add(symbol.number, Extern(name, "kfunc"))
        kind = externs.externs[index].kind
        if call and kind != "kfunc":
            raise self._bad(relocation, symbol, f"a call of {name!r}, which is no function")
        if symbol.number in externs.missing:
            return Reference("unresolved", reason=f"the kernel configuration value {name} is not given")
        if kind == "kconfig":
            return Reference("value", self._maps.by_name[".kconfig"], externs.kconfig_offsets[symbol.number])
        return Reference("extern", index)

    def _bad(self, relocation: Relocation, symbol: Symbol, message: str) -> Exception:
        name = self.elf.name_of(symbol)
        return self.elf.error(
            f"{message} (symbol {name!r})" if name not in message else message, section=self.section, offset=relocation.offset
        )

    def _add_unrelocated(self, found: dict[int, Reference]) -> None:
        """Calls of static functions in the same section, and references that an object cannot make by itself."""
        code = self.code
        second_half = -1
        for match in _CALLS_AND_LDDWS.finditer(code[::SLOT]):
            slot = match.start()
            if slot == second_half:
                continue
            source = code[slot * SLOT + 1] >> 4
            is_lddw = code[slot * SLOT] == LDDW
            if is_lddw:
                second_half = slot + 1
            if not source or slot in found:
                continue
            if source == 4 if is_lddw else source == 1:
                found[slot] = Reference("address" if is_lddw else "call", self.section.index, slot + 1 + self._imm(slot))
            elif is_lddw and source < 7:
                found[slot] = Reference(
                    "unresolved", reason=f"lddw with source {source} refers to a map or variable, but has no relocation"
                )
            elif not is_lddw and source == 2:
                found[slot] = Reference("unresolved", reason="a call of a kernel function has no relocation")


def canonical(code: bytes, endian: Endian) -> bytes:
    """Instructions with little-endian fields: destination in the low half of the register byte, offset and imm swapped."""
    if endian == "little":
        return code
    out = bytearray(code)
    out[1::8] = code[1::8].translate(_SWAP_NIBBLES)
    out[2::8], out[3::8] = code[3::8], code[2::8]
    for low, high in ((4, 7), (5, 6)):
        out[low::8], out[high::8] = code[high::8], code[low::8]
    return bytes(out)
