"""Small native images for the tests of `bpfcc image`: one program, one map, made with the bundled compiler; and a pen to spoil them.

data = linked("sys")                            cached for the session
patched(data, lambda pen: pen.flags(".data", pe.EXECUTE))
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from bpfcc.compat.image.checksum import places, with_checksum
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.record import ProgramRecord, Record, record_c
from bpfcc.frontend.toolchain import find_toolchain, tool_environment

DIGEST = "5a" * 32
PROGRAM = ProgramRecord("drop", "xdp", "xdp", "xdp", DIGEST, "accepted", 3)
RECORD = Record("drop.bpf.c", DIGEST, "windows", DIGEST, {"emit": "sys"}, (PROGRAM,), "0.1.0")
TRIPLES = {"x86_64": "x86_64-windows-gnu", "arm64": "aarch64-windows-gnu"}
SOURCE = r"""
typedef unsigned long long u64;
typedef unsigned int u32;
typedef unsigned short u16;
typedef unsigned char u8;
struct guid { u32 a; u16 b, c; u8 d[8]; };
struct header { u16 version; u64 size, total; };
struct program { u64 zero; struct header header; u64 (*function)(void *, const void *); const char *code, *section, *name; u16 *maps;
    u16 map_count; void *helpers; u16 helper_count; u64 insns; struct guid *type, *attach; const u8 *hash; u64 hash_size;
    const char *hash_type; void *btf; u16 btf_count; };
struct map { u64 zero[2]; struct header header; u32 type, key, value, entries, rest[4]; const char *name; };
struct table { u64 size; void (*get[6])(void *, u64 *); };

#ifndef CODE
#define CODE "xdp"
#endif
#ifndef NAME
#define NAME "drop"
#endif
#ifndef GUIDS
#define GUIDS
#endif
#ifdef STRINGS
#define IN_STRINGS __attribute__((section("strs")))
#else
#define IN_STRINGS
#endif
static const char code_name[] IN_STRINGS = CODE, section_name[] IN_STRINGS = "xdp", program_name[] IN_STRINGS = NAME;
static const char map_name[] IN_STRINGS = "counts";
GUIDS struct guid type = {0xf1832a85, 0x85d5, 0x45b0, {0x98, 0xa0, 0x70, 0x69, 0xd6, 0x30, 0x13, 0xb0}};
GUIDS struct guid attach = {0x85e0d8ef, 0x579e, 0x4931, {0xb0, 0x72, 0x8e, 0xe2, 0x26, 0xbb, 0x2e, 0x9d}};

#pragma code_seg(push, "xdp")
static u64 drop(void *context, const void *runtime) { return runtime && *(u64 *)context & 1 ? 2 : 1; }
#pragma code_seg(pop)
#pragma data_seg(push, "programs")
static struct program programs_[] = {{0, {1, 154, 160}, drop, code_name, section_name, program_name, 0, 0, 0, 0, 3,
    (struct guid *)&type, (struct guid *)&attach, 0, 0, "SHA256", 0, 0}};
#pragma data_seg(pop)
#pragma data_seg(push, "maps")
static struct map maps_[] = {{{0, 0}, {1, 80, 80}, 1, 4, 8, 16, {0}, map_name}};
#pragma data_seg(pop)

static void get_programs(void *out, u64 *count) { *(void **)out = programs_; *count = 1; }
static void get_maps(void *out, u64 *count) { *(void **)out = maps_; *count = 1; }
struct table drop_metadata_table = {56, {get_programs, get_maps, get_maps, get_maps, get_maps, get_maps}};

#ifdef SYS
long NmrRegisterClient(void *, void *, void **);
#ifdef FOREIGN
int MessageBoxA(void *, const char *, const char *, u32);
#endif
int DriverEntry(void *driver, void *path)
{
    void *handle;
#ifdef FOREIGN
    MessageBoxA(0, "a", "b", 0);
#endif
    return NmrRegisterClient(&drop_metadata_table, path, &handle);
}
#else
__declspec(dllexport) struct table *get_metadata_table(void) { return &drop_metadata_table; }
int __stdcall DllMainCRTStartup(void *instance, u32 reason, void *reserved) { return instance || reason || reserved || 1; }
#endif
"""


@cache
def linked(kind: str, *flags: str, arch: str = "x86_64", record: str | None = None) -> bytes:
    """An image as a builder leaves it: with its record and checksum, not signed."""
    if record is None:
        record = record_c(replace(RECORD, options={"emit": kind}))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "drop.c").write_text(SOURCE + record, encoding="utf-8")
        common = ["-target", TRIPLES[arch], "-mcpu=baseline", "-fno-sanitize=undefined", "-fms-extensions", "-O2", "-s", "-nostdlib", "-w"]
        if kind == "sys":
            own = ["-DSYS", "-Wl,--subsystem,native", "-Wl,-e,DriverEntry", "-lntoskrnl", "-lnetio"]
        else:
            own = ["-shared", "-Wl,-e,DllMainCRTStartup"]
        command = [find_toolchain().path, "cc", *common, "drop.c", "-o", f"drop.{kind}", *own, *flags]
        subprocess.run(command, cwd=folder, env=tool_environment(), check=True, timeout=300, stdin=subprocess.DEVNULL)
        return with_checksum(Path(folder, f"drop.{kind}").read_bytes())


class Pen:
    """Changes fields of an image by their names."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.image = read_image(data)
        self.optional = places(data).checksum - 64
        self.rows = self.optional + int.from_bytes(data[self.optional - 4 : self.optional - 2], "little")

    def put(self, at: int, value: int, size: int = 4) -> None:
        self.data[at : at + size] = value.to_bytes(size, "little")

    def get(self, at: int, size: int = 4) -> int:
        return int.from_bytes(self.data[at : at + size], "little")

    def row(self, name: str) -> int:
        """Offset of a section's row in the table."""
        return self.rows + 40 * [each.name for each in self.image.sections].index(name)

    def flags(self, name: str, on: int = 0, off: int = 0) -> None:
        at = self.row(name) + 36
        self.put(at, (self.get(at) | on) & ~off)

    def rename(self, name: str, new: str) -> None:
        at = self.row(name)
        self.data[at : at + 8] = new.encode().ljust(8, b"\0")

    def at(self, name: str, offset: int = 0) -> int:
        """File offset of a place in a section."""
        found = self.image.section(name)
        assert found is not None
        return found.offset + offset

    def directory(self, number: int) -> int:
        return self.optional + 112 + 8 * number

    def clear(self, number: int) -> None:
        """Take a row out of the directory."""
        self.put(self.directory(number), 0, 8)

    def relocate(self, *addresses: int, kind: int = 10) -> None:
        """Add relocations of RVAs, a block each."""
        row, entry = self.row(".reloc"), self.directory(5) + 4
        for address in addresses:
            at, size = self.at(".reloc", self.get(entry)), self.get(entry)
            self.data[at : at + 12] = struct.pack("<IIHH", address & ~0xFFF, 12, kind << 12 | address & 0xFFF, 0)
            self.put(entry, size + 12)
            self.put(row + 8, size + 12)

    def shift(self, address: int, by: int) -> None:
        """Move the relocations of a page."""
        at, end = self.at(".reloc"), self.at(".reloc", self.get(self.directory(5) + 4))
        while at < end:
            page, size = self.get(at), self.get(at + 4)
            for entry in range(at + 8, at + size, 2):
                if page == address and self.get(entry, 2):
                    self.put(entry, self.get(entry, 2) + by, 2)
            at += size

    def address(self, name: str) -> int:
        """RVA of a section."""
        found = self.image.section(name)
        assert found is not None
        return found.address

    def replace(self, old: bytes, new: bytes) -> None:
        assert self.data.count(old) == 1, old
        assert len(old) == len(new)
        at = self.data.index(old)
        self.data[at : at + len(old)] = new


def patched(data: bytes, change: Callable[[Pen], object], *, checksum: bool = True) -> bytes:
    """The image with a change, and a checksum that fits again."""
    pen = Pen(data)
    change(pen)
    return with_checksum(bytes(pen.data)) if checksum else bytes(pen.data)
