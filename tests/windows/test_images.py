"""Native images as files: what the scanner finds in them, what they import, and that they are always the same."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pefile
import pytest

from bpfcc.compat.native.info_hash import program_info_hash
from bpfcc.compat.native.link import IMPORTS, NativeBuild, machine_of_image
from bpfcc.compat.native.unit import own_text
from bpfcc.errors import CompileError, InputError
from bpfcc.runtime.specs import load_platform
from tests.windows.building import NAMES, driver, library, made
from tests.windows.scanner import Image, ScanError, scan
from tests.windows.wine import MINGW

if TYPE_CHECKING:
    from pathlib import Path

WINDOWS: Final = load_platform("windows")
CHARACTERISTICS: Final = 0x4160  # high-entropy addresses, dynamic base, NX, control flow guard


@pytest.mark.parametrize("name", NAMES)
def test_the_scanner_finds_programs_and_maps(name: str) -> None:
    found, native = made(f"{name}.c"), made(f"{name}.c").native
    for data in (library(f"{name}.c"), driver(f"{name}.c"), driver(f"{name}.c", "arm64")):
        seen = scan(data)
        assert [each.name for each in seen.programs] == [each.name for each in found.programs]
        for each, program, helpers in zip(seen.programs, found.programs, native.helpers, strict=True):
            spec = WINDOWS.program_type(program.type)
            assert each.section == program.section and each.helpers == helpers and each.instructions == program.instructions
            assert each.type == UUID(spec.guid) and each.attach_type == UUID(spec.attach_types[program.attach_type or ""].guid)
            assert each.hash == program_info_hash(WINDOWS, program.type, helpers)
        assert [each.name for each in seen.maps] == [each.name for each in native.maps]
        assert [each.definition[:4] for each in seen.maps] == [(m.type, m.key_size, m.value_size, m.max_entries) for m in native.maps]


def test_a_section_for_each_of_the_object() -> None:
    assert [each.pe_section for each in scan(driver("sock_addr.c")).programs] == ["cgroup~1", "cgroup~2", "sockops"]
    assert [each.pe_section for each in scan(driver("jumps.c")).programs] == ["xdp/se~1", "xdp/th~2", "xdp/fi~3"]


def test_definitions() -> None:
    maps = {each.name: each.definition for each in scan(driver("jumps.c")).maps}
    # Of maps of maps: which map says what they hold, by its id.
    assert maps["kinds"] == (7, 4, 4, 4, 0, 0, maps["kinds"][6], maps["even"][6])
    assert maps["programs"][:4] == (3, 4, 4, 8)
    assert {each.name: each.definition[5] for each in scan(driver("sock_addr.c")).maps} == {"routes": 0, "verdicts": 1}
    names = [each.name for each in made("xdp.c").native.maps]
    assert {"xdp.data", "xdp.bss", "xdp.rodata"} <= set(names)


@pytest.mark.parametrize("machine", ["x86_64", "arm64"])
def test_images_are_what_windows_loads_safely(machine: str) -> None:
    pe = Image(driver("xdp.c", machine)).pe
    assert pe.OPTIONAL_HEADER.Subsystem == 1 and pe.OPTIONAL_HEADER.MajorOperatingSystemVersion == 10
    assert pe.OPTIONAL_HEADER.DllCharacteristics & CHARACTERISTICS == CHARACTERISTICS
    assert pe.verify_checksum()
    for section in pe.sections:
        assert section.VirtualAddress % 4096 == 0
        assert not (section.Characteristics & 0x20000000 and section.Characteristics & 0x80000000), section.Name
    imported = {each.dll.decode(): {name.name.decode() for name in each.imports} for each in pe.DIRECTORY_ENTRY_IMPORT}
    assert set(imported) == {"ntoskrnl.exe", "NETIO.SYS"}
    assert all(names <= set(IMPORTS["sys"][file]) for file, names in imported.items())
    assert not hasattr(pe, "DIRECTORY_ENTRY_EXPORT")
    guard = pe.DIRECTORY_ENTRY_LOAD_CONFIG.struct
    assert guard.GuardFlags & 0x500 == 0x500 and guard.GuardCFFunctionCount


def test_libraries_export_the_table_alone() -> None:
    pe = pefile.PE(data=library("xdp.c"))
    assert [each.name for each in pe.DIRECTORY_ENTRY_EXPORT.symbols] == [b"get_metadata_table"]
    assert {each.dll for each in getattr(pe, "DIRECTORY_ENTRY_IMPORT", ())} <= {b"ntdll.dll"}


def test_the_same_text_gives_the_same_bytes() -> None:
    text = made("bind.c").native.text
    again = NativeBuild("x86_64", warnings=True).driver(text)
    assert hashlib.sha256(again).digest() == hashlib.sha256(driver("bind.c")).digest()


def test_the_scanner_is_picky() -> None:
    text = made("bind.c").native.text
    build = NativeBuild("x86_64")
    elsewhere = text.replace('BPFCC_CODE("bind") ', "")
    with pytest.raises(ScanError, match="no section of code 'bind'"):
        scan(build.driver(elsewhere))
    constant = text.replace("static GUID program_0_type", "static const GUID program_0_type").replace(
        "&program_0_type", "(GUID *)&program_0_type"
    )
    with pytest.raises(ScanError, match=r"not in \.data"):
        scan(build.driver(constant))


def test_another_layout_does_not_compile() -> None:
    text = made("bind.c").native.text
    for before, after in (
        ("uintptr_t address;       /*", "uintptr_t before, address;       /*"),
        ("    uint64_t zero;           /*", "    uint32_t zero[1], other[4];           /*"),
        ("    uint8_t *array_data;", "    //"),
        ("#include <stdbool.h>", "#include <stdbool.h>\n#pragma pack(1)"),
    ):
        assert before in text
        with pytest.raises(CompileError, match=r"elsewhere|another size"):
            NativeBuild("x86_64").library(text.replace(before, after))


def test_machines() -> None:
    assert NativeBuild.parse("AMD64").machine == "x86_64" and NativeBuild.parse("aarch64").machine == "arm64"
    with pytest.raises(InputError, match="no machine 'vax'"):
        NativeBuild.parse("vax")
    assert machine_of_image(driver("bind.c", "arm64")) == "arm64"
    assert machine_of_image(b"MZ") is None and machine_of_image(b"\x7fELF" + bytes(100)) is None
    assert machine_of_image(b"MZ" + bytes(100)) is None


def test_warnings_are_errors_where_asked() -> None:
    text = made("bind.c").native.text + "\nstatic int unused(void) { return 1; }\n"
    with pytest.raises(CompileError, match="unused"):
        NativeBuild("x86_64", warnings=True).library(text)


@pytest.mark.skipif(MINGW is None, reason="gcc for Windows (gcc-mingw-w64-x86-64) is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_gcc_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    assert MINGW is not None
    source = tmp_path / "module.c"
    source.write_text(made(f"{name}.c").native.text)
    for define in ("-DBPFCC_DLL", "-DBPFCC_DRIVER"):
        command = [
            MINGW,
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wconversion",
            "-O2",
            define,
            "-c",
            str(source),
            "-o",
            str(tmp_path / "module.o"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr


def test_the_header_takes_microsofts_in_its_place() -> None:
    text = own_text("bpfcc_windows.h")
    assert text.index("#if defined(BPFCC_BPF2C_H)") < text.index('#include "bpf2c.h"') < text.index("#else")
    # What is compared is compared in both cases.
    assert text.index("#endif\n\n#if !defined(__GNUC__)") < text.index("BPFCC_SIZE(GUID, 16)")
