"""Checks of headers, sections, relocations, imports and exports: what rules.py names.

list(wx_section(subject))        ["section .data can be written and run"]
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bpfcc.compat.image.memory import guarded_functions
from bpfcc.compat.image.pe import MACHINES, NATIVE, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bpfcc.compat.image.pe import Section
    from bpfcc.compat.image.subject import Subject

HIGH_ENTROPY_VA: Final = 0x0020
DYNAMIC_BASE: Final = 0x0040
NX_COMPAT: Final = 0x0100
GUARD_CF: Final = 0x4000
RELOCATIONS_STRIPPED: Final = 0x0001
EXECUTABLE_IMAGE: Final = 0x0002
LARGE_ADDRESS_AWARE: Final = 0x0020
LIBRARY: Final = 0x2000
OPTIONAL_BYTES: Final = 240
DIRECTORY_COUNT: Final = 16
BASE_ALIGNMENT: Final = 0x10000
# Directories whose places no other rule looks at.
INSIDE: Final = ("resource", "exception", "iat", "import", "export")
# Directories that nothing here is meant to have, and what they would make of it.
FOREIGN: Final = {"managed": "managed code", "global_pointer": "a global pointer", "architecture": "reserved", "reserved": "reserved"}
# Of the subsystem: the first of 64 bits, and today's.
FIRST_VERSION: Final = (5, 2)
LAST_VERSION: Final = (10, 0)
USER_SUBSYSTEMS: Final = frozenset({2, 3})
DIR64: Final = 10
ADDRESS_BYTES: Final = 8
EX_DLL_CHARACTERISTICS: Final = 20
CET_COMPAT: Final = 1
KERNEL_LIBRARIES: Final = frozenset({"ntoskrnl.exe", "netio.sys"})
USER_LIBRARIES: Final = frozenset({"kernel32.dll", "ntdll.dll", "msvcrt.dll", "ucrtbase.dll", "vcruntime140.dll", "vcruntime140_1.dll"})
# The C runtime of today's Windows is a set of libraries with names that begin so.
USER_PREFIX: Final = "api-ms-win-crt-"
TABLE_FUNCTION: Final = "get_metadata_table"


def machine(subject: Subject) -> Iterator[str]:
    """x86-64 or arm64."""
    if subject.image.machine not in MACHINES:
        yield f"it is for machine {subject.image.machine:#06x}"


def headers(subject: Subject) -> Iterator[str]:
    """Sizes and marks that readers rely on, so that all of them read the same."""
    image = subject.image
    if image.optional_size != OPTIONAL_BYTES or image.directory_count != DIRECTORY_COUNT:
        sizes = f"{image.optional_size} bytes with {image.directory_count} directories"
        yield f"the optional header has {sizes}, instead of {OPTIONAL_BYTES} with {DIRECTORY_COUNT}"
    if image.headers_size < image.headers_end or image.headers_size % (image.file_alignment or 1):
        yield f"the headers end at {image.headers_end:#x}, and are said to take {image.headers_size:#x} bytes"
    if image.base % BASE_ALIGNMENT or image.base + image.image_size >= 1 << 64:
        yield f"no image is loaded at {image.base:#x}"
    if not image.characteristics & EXECUTABLE_IMAGE:
        yield "it is not marked as linked (EXECUTABLE_IMAGE)"
    if image.kind == "dll" and not image.characteristics & LIBRARY:
        yield "a library that is not marked as one"
    if image.reserved or any(each.unused for each in image.sections):
        yield "reserved fields are not zero"
    for name, where in ((name, image.directory(name)) for name in INSIDE):
        if any(where) and image.offset_of(where.address, where.size) is None:
            yield f"the {name.replace('_', ' ')} directory, {where.size} bytes at RVA {where.address:#x}, does not lie in a section"
    for name, what in FOREIGN.items():
        if any(image.directory(name)):
            yield f"it has a directory for what no native image has: {what}"


def file_layout(subject: Subject) -> Iterator[str]:
    """Sections in the file, apart, and all of the file accounted for."""
    image = subject.image
    if image.file_alignment not in {1 << n for n in range(9, 17)}:
        yield f"the file alignment is {image.file_alignment}"
    for each in image.sections:
        # Windows rounds these down, so that it would load other bytes than are read here.
        if each.raw_size and (each.offset % (image.file_alignment or 1) or each.raw_size % (image.file_alignment or 1)):
            yield f"section {each.name} has {each.raw_size:#x} bytes at {each.offset:#x}, not in units of {image.file_alignment}"
        elif each.raw_size > each.mapped:
            yield f"section {each.name} has {each.raw_size:#x} bytes in the file, of which Windows loads {each.mapped:#x}"
    at = image.headers_size
    for each in sorted((each for each in image.sections if each.raw_size), key=lambda each: each.offset):
        if each.offset + each.raw_size > len(image.data):
            yield f"section {each.name} ends at {each.offset + each.raw_size:#x}, behind the end of the file at {len(image.data):#x}"
        elif each.offset < at:
            yield f"section {each.name} at {each.offset:#x} overlaps what ends at {at:#x}"
        at = max(at, each.offset + each.raw_size)
    yield from _behind(subject, at)


def _behind(subject: Subject, at: int) -> Iterator[str]:
    """What lies behind the sections: a symbol table at most, and the certificates, which are the end."""
    image = subject.image
    signed = image.directory("security")
    end = len(image.data)
    if signed.size:
        if signed.address + signed.size != end or signed.address < at or signed.address % 8:
            yield f"the certificates, {signed.size} bytes at {signed.address:#x}, are not the end of the file, at {end:#x}"
            return
        end = signed.address
    if image.symbols_offset:
        yield "it has a table of symbols, which nothing needs and no section holds"
    elif end - at >= 8 or any(image.data[at:end]):
        yield f"{end - at} bytes at {at:#x} belong to no section"


def section_alignment(subject: Subject) -> Iterator[str]:
    """Each section on pages of its own, in order."""
    image = subject.image
    alignment = image.section_alignment
    if alignment < PAGE or alignment & (alignment - 1):
        yield f"the section alignment is {alignment}"
        return
    at = -(-image.headers_size // alignment) * alignment
    for each in image.sections:
        if each.address % alignment:
            yield f"section {each.name} is at RVA {each.address:#x}, in the middle of a page"
        elif each.address < at:
            yield f"section {each.name} at RVA {each.address:#x} shares pages with what lies before it"
        elif each.address > at:
            yield f"section {each.name} is at RVA {each.address:#x}: Windows loads no image with a gap, here after {at:#x}"
        elif each.end == each.address:
            yield f"section {each.name} is empty"
        at = max(at, -(-each.end // alignment) * alignment)
    if image.image_size != at:
        yield f"the image says that it takes {image.image_size:#x} bytes; its sections take {at:#x}"


def entry_point(subject: Subject) -> Iterator[str]:
    """In an executable section; a library may have none. Nothing runs before it."""
    image = subject.image
    if any(image.directory("tls")):
        yield "functions of thread-local storage run before the entry point"
    if not image.entry and image.kind == "dll":
        return
    where = image.section_at(image.entry)
    if where is None or not where.executable:
        yield f"RVA {image.entry:#x} lies in {f'section {where.name}, which cannot be run' if where else 'no section'}"


def subsystem(subject: Subject) -> Iterator[str]:
    """Native for drivers only."""
    image = subject.image
    if image.kind == "sys" and image.subsystem != NATIVE:
        yield f"a driver (.sys) with subsystem {image.subsystem} instead of {NATIVE}"
    if image.kind == "dll" and image.subsystem not in USER_SUBSYSTEMS:
        yield f"a library (.dll) with subsystem {image.subsystem} instead of 2 or 3"
    if not FIRST_VERSION <= image.subsystem_version <= LAST_VERSION:
        versions = ".".join(map(str, image.subsystem_version)), ".".join(map(str, LAST_VERSION))
        yield f"it asks for version {versions[0]} of the subsystem; Windows has up to {versions[1]}"


def imports(subject: Subject) -> Iterator[str]:
    """Libraries of the allow-list, functions by name, found when it is loaded."""
    image = subject.image
    if isinstance(subject.imports, str):
        yield subject.imports
        return
    by_library: dict[str, list[str]] = {}
    for each in subject.imports:
        by_library.setdefault(each.library, []).append(each.function)
    for library, functions in by_library.items():
        name = library.lower()
        user = name in USER_LIBRARIES or name.startswith(USER_PREFIX)
        if not (name in KERNEL_LIBRARIES if image.kind == "sys" else user):
            more = f" and {len(functions) - 3} more" if len(functions) > 3 else ""
            yield f"{library or 'a library without a name'}: {', '.join(functions[:3])}{more}"
        elif numbers := [each for each in functions if each.startswith("#")]:
            yield f"{library}: {', '.join(numbers[:3])} by number, which is another function in another release"
    if any(image.directory("delay")):
        yield "libraries that are loaded at the first call"
    if any(image.directory("bound")) or any(each.bound for each in subject.imports):
        yield "addresses that were found when it was linked, on another machine"


def exports(subject: Subject) -> Iterator[str]:
    """The table's function of a library, nothing of a driver."""
    image = subject.image
    if isinstance(subject.exports, str):
        yield subject.exports
        return
    names = [each.name for each in subject.exports]
    if image.kind == "sys":
        if names or any(image.directory("export")):
            yield f"a driver that exports {', '.join(names[:4]) or 'an empty table'}"
        return
    found = [each for each in subject.exports if each.name == TABLE_FUNCTION]
    if len(found) != 1:
        yield (
            f"it exports {TABLE_FUNCTION} {len(found)} times"
            if found
            else f"it does not export {TABLE_FUNCTION}" + (f", only {', '.join(names[:4])}" if names else "")
        )
    for each in found:
        where = image.section_at(each.address)
        if each.forwarded:
            yield f"its {TABLE_FUNCTION} is that of another library"
        elif where is None or not where.executable:
            yield f"its {TABLE_FUNCTION}, at RVA {each.address:#x}, is no code"


def wx_section(subject: Subject) -> Iterator[str]:
    """Data that can be run. (Code that can be written is the next rule.)"""
    programs = {where for at in subject.metadata.functions if (where := subject.image.section_at(at)) is not None}
    for each in subject.image.sections:
        if each.executable and not each.code and (each.writable or each not in programs):
            yield f"section {each.name} can be written and run" if each.writable else f"section {each.name} holds data and can be run"


def writable_code(subject: Subject) -> Iterator[str]:
    """Code sections that are writable, and import tables in them."""
    image = subject.image
    for each in image.sections:
        if each.code and each.writable:
            yield f"section {each.name} holds code and can be written"
    table = image.directory("iat")
    slots = () if isinstance(subject.imports, str) else subject.imports
    # The directory is a hint only: what is written is what the descriptors name.
    touched = [*((table.address, table.address + table.size - 1) if table.size else ()), *(each.slot for each in slots)]
    for name in sorted({where.name for at in touched if (where := image.section_at(at)) is not None and where.executable}):
        yield f"the import address table lies in section {name}, which can be run"
    for found in slots:
        if table.size and not table.address <= found.slot <= table.address + table.size - ADDRESS_BYTES:
            yield f"the address of {found.function} is written to RVA {found.slot:#x}, outside of the import address table"
        elif image.bytes_at(found.slot, ADDRESS_BYTES) is None:
            yield f"the address of {found.function} is written to RVA {found.slot:#x}, which is in no section"


def _touched(subject: Subject, address: int) -> Section | None:
    """The code section that 8 bytes at an RVA reach into; data that can be run is the business of another rule."""
    for at in (address, address + ADDRESS_BYTES - 1):
        found = subject.image.section_at(at)
        if found is not None and (found.code or (found.executable and not found.writable)):
            return found
    return None


def code_relocation(subject: Subject) -> Iterator[str]:
    """None may reach into code."""
    if isinstance(subject.relocations, str):
        return
    for each in subject.relocations:
        where = _touched(subject, each.address)
        if where is not None:
            yield f"RVA {each.address:#x} in section {where.name}"


def relocation_kind(subject: Subject) -> Iterator[str]:
    """Well-formed, 64 bits each, inside of the image."""
    if isinstance(subject.relocations, str):
        yield subject.relocations
        return
    for each in subject.relocations:
        if each.kind != DIR64:
            yield f"kind {each.kind} at RVA {each.address:#x}"
        elif any(subject.image.section_at(at) is None for at in (each.address, each.address + ADDRESS_BYTES - 1)):
            yield f"RVA {each.address:#x} is in no section"
    ordered = sorted(each.address for each in subject.relocations)
    for first, second in pairwise(ordered):
        if second < first + ADDRESS_BYTES:
            yield f"RVA {second:#x} is changed twice"


def nx_compat(subject: Subject) -> Iterator[str]:
    """The flag."""
    if not subject.image.dll_flags & NX_COMPAT:
        yield "the flag is not set"


def dynamic_base(subject: Subject) -> Iterator[str]:
    """The flag, and relocations to make it true."""
    if not subject.image.dll_flags & DYNAMIC_BASE:
        yield "the flag is not set"
    elif subject.image.characteristics & RELOCATIONS_STRIPPED:
        yield "its relocations were stripped"


def high_entropy_va(subject: Subject) -> Iterator[str]:
    """The flag."""
    if not subject.image.dll_flags & HIGH_ENTROPY_VA:
        yield "the flag is not set"
    elif not subject.image.characteristics & LARGE_ADDRESS_AWARE:
        yield "the flag is set, but not the one that allows addresses above 2 GiB (LARGE_ADDRESS_AWARE)"


def cfg(subject: Subject) -> Iterator[str]:
    """The flag, and a load configuration that says which calls are fine."""
    if not subject.image.dll_flags & GUARD_CF:
        yield "the flag is not set"
    elif not subject.image.directory("load_config").size:
        yield "the flag is set, but there is no load configuration"
    elif not guarded_functions(subject.image):
        yield "the flag is set, but no table says which functions may be called"


def cet(subject: Subject) -> Iterator[str]:
    """The extended flag among the debug entries; other processors than x86-64 do not have it."""
    if subject.image.architecture == "x86_64" and not isinstance(subject.debug, str):
        marks = [int.from_bytes(each.data[:4], "little") for each in subject.debug if each.kind == EX_DLL_CHARACTERISTICS]
        if not any(mark & CET_COMPAT for mark in marks):
            yield "the mark is not set"


def checksum(subject: Subject) -> Iterator[str]:
    """The header's field."""
    found, wanted = subject.image.checksum, subject.checksum
    if found != wanted:
        yield f"it is {found:#x}, and should be {wanted:#x}"
