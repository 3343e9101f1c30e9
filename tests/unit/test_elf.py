"""ELF files that are well-formed, and files that lie about themselves."""

from __future__ import annotations

import struct

import pytest

from bpfcc.errors import InputError
from bpfcc.frontend.elf import MAX_NOBITS_BYTES, ElfFile
from tests.data import compiled
from tests.property.mutations import parts_of

OBJECT = "programs.bpf.c"


def patched(at: int, code: str, value: int) -> bytes:
    data = bytearray(compiled(OBJECT))
    struct.pack_into("<" + code, data, at, value)
    return bytes(data)


def header_of(name: str) -> int:
    return next(p.header for p in parts_of(compiled(OBJECT))[1] if p.name == name)


@pytest.mark.parametrize("endian", ["little", "big"])
def test_sections_symbols_and_relocations(endian: str) -> None:
    elf = ElfFile(compiled(OBJECT, endian="big" if endian == "big" else "little"))
    assert elf.endian == endian
    xdp = elf.section("xdp")
    assert xdp is not None
    assert xdp.executable
    assert xdp.size % 8 == 0
    assert elf.section_at(xdp.index) is xdp
    assert elf.section("nothing") is None
    names = {elf.name_of(s) for s in elf.symbols}
    assert {"filter", "flows", "shared", "xdp"} <= names
    relocations = elf.relocations_of(xdp)
    assert [r.offset for r in relocations] == sorted(r.offset for r in relocations)
    assert {elf.name_of(elf.symbols[r.symbol]) for r in relocations} >= {"flows", "jumps", "shared"}
    bss = elf.section(".bss")
    assert bss is not None
    assert elf.contents(bss) == bytes(bss.size)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an ELF file"),
        (b"MZ" * 40, "not an ELF file"),
        (b"\x7fELF", "cut off"),
        (compiled(OBJECT)[:63], "cut off"),
        (patched(4, "B", 1), "not a 64-bit"),
        (patched(5, "B", 3), "unknown byte order"),
        (patched(58, "H", 40), "section headers of 40 bytes"),
        (patched(60, "H", 0), "without entries"),
        (patched(60, "H", 0xFFFF), "cut off"),
        (patched(40, "Q", 1 << 63), "cut off"),
        (patched(62, "H", 0xFFF0), "to hold the section names"),
        (compiled(OBJECT)[:-1], "cut off"),
    ],
)
def test_headers_that_lie(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ElfFile(data, file="x.o")
    assert caught.value.file == "x.o"
    assert caught.value.offset is not None


def test_no_sections_are_no_fault() -> None:
    assert ElfFile(patched(40, "Q", 0)).sections == []


def test_a_section_outside_the_file() -> None:
    elf = ElfFile(patched(header_of("xdp") + 32, "Q", 1 << 40))
    xdp = elf.section("xdp")
    assert xdp is not None
    with pytest.raises(InputError, match="after the end of the file") as caught:
        elf.contents(xdp)
    assert caught.value.section == "xdp"


def test_zeros_have_a_limit() -> None:
    elf = ElfFile(patched(header_of(".bss") + 32, "Q", MAX_NOBITS_BYTES + 1))
    bss = elf.section(".bss")
    assert bss is not None
    with pytest.raises(InputError, match="zeros"):
        elf.contents(bss)


def test_a_compressed_section_is_refused() -> None:
    elf = ElfFile(patched(header_of("xdp") + 8, "Q", 0x806))
    xdp = elf.section("xdp")
    assert xdp is not None
    with pytest.raises(InputError, match="compressed"):
        elf.contents(xdp)


def test_names_outside_and_without_end() -> None:
    with pytest.raises(InputError, match="outside the string table"):
        ElfFile(patched(header_of("xdp"), "I", 0x7FFF_FFFF))
    order, parts = parts_of(compiled(OBJECT))
    strings = next(p for p in parts if p.name == ".strtab")
    data = bytearray(compiled(OBJECT))
    data[strings.offset : strings.offset + strings.size] = b"x" * strings.size
    with pytest.raises(InputError, match="a name without an end"):
        ElfFile(bytes(data))
    assert order == "<"


def test_broken_symbol_and_relocation_tables() -> None:
    elf = ElfFile(patched(header_of(".symtab") + 56, "Q", 16))
    with pytest.raises(InputError, match="not of 24 bytes"):
        _ = elf.symbols
    elf = ElfFile(patched(header_of(".relxdp") + 32, "Q", 15))
    xdp = elf.section("xdp")
    assert xdp is not None
    with pytest.raises(InputError, match="not of 16 bytes"):
        elf.relocations_of(xdp)
    elf = ElfFile(patched(header_of(".relxdp") + 4, "I", 2))
    with pytest.raises(InputError, match="a second symbol table"):
        _ = elf.symbols
    elf = ElfFile(patched(header_of(".symtab") + 40, "I", 0))
    with pytest.raises(InputError, match="names no string table"):
        [elf.name_of(s) for s in elf.symbols]
    with pytest.raises(InputError, match="relocation against symbol 60000"):
        elf.symbol(60000, section=xdp, offset=8)


def test_relocations_with_addends_are_read() -> None:
    data = bytearray(compiled(OBJECT))
    header = header_of(".relxdp")
    offset = struct.unpack_from("<Q", data, header + 24)[0]
    struct.pack_into("<I", data, header + 4, 4)
    struct.pack_into("<Q", data, header + 32, 24)
    struct.pack_into("<Q", data, header + 56, 24)
    struct.pack_into("<QQq", data, offset, 8, 5 << 32 | 10, -3)
    elf = ElfFile(bytes(data))
    xdp = elf.section("xdp")
    assert xdp is not None
    assert elf.relocations_of(xdp) == [(8, 10, 5, -3)]


def test_debug_sections_are_never_read() -> None:
    """Reading everything of an object leaves its debug sections alone: they may be garbage."""
    data = bytearray(compiled(OBJECT))
    for part in parts_of(compiled(OBJECT))[1]:
        if ".debug" in part.name:
            struct.pack_into("<QQ", data, part.header + 24, 1 << 50, 1 << 50)
    from bpfcc.frontend.objects import load

    obj = load(bytes(data))
    assert all(p.bytecode.lines for p in obj.programs.values())
