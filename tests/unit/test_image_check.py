"""Rules of native images: ours pass, and each deliberately broken one is named by exactly its rule."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from bpfcc.compat.image.checksum import checksum, unsigned, with_checksum
from bpfcc.compat.image.compare import differences
from bpfcc.compat.image.pe import CODE, EXECUTE, MAX_BYTES, WRITE, read_image
from bpfcc.compat.image.record import ProgramRecord, Record, record_c, record_json
from bpfcc.compat.image.rules import RULES, Outcome, apply, rejected
from bpfcc.compat.image.subject import examine
from bpfcc.errors import InputError
from tests.image_attacks import ATTACKS
from tests.image_harness import DIGEST, PROGRAM, RECORD, Pen, linked, patched

MARKS = {"cfg", "cet"}


def outcomes(data: bytes, kind: str = "sys", **options: bool) -> list[Outcome]:
    return apply(examine(data, name=f"drop.{kind}", **options))


def failed(found: list[Outcome], level: str) -> dict[str, tuple[str, ...]]:
    return {each.rule.id: each.details for each in found if each.status == "failed" and each.level == level}


# ---- what is fine


@pytest.mark.parametrize(("kind", "arch"), [("sys", "x86_64"), ("dll", "x86_64"), ("dll", "arm64")])
def test_our_images_pass(kind: str, arch: str) -> None:
    found = outcomes(linked(kind, arch=arch), kind)
    assert not rejected(found)
    assert failed(found, "error") == {}
    expected = {"cfg", "cet"} if arch == "x86_64" else {"cfg"}
    assert set(failed(found, "warning")) == expected | ({"signed"} if kind == "sys" else set())


def test_the_table_is_whole() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
        assert min(map(len, (rule.title, rule.why, rule.mend))) > 10


def test_metadata_is_found_without_running_the_image() -> None:
    found = examine(linked("sys"), name="drop.sys").metadata
    assert [(p.name, p.section, p.code_section, p.instructions) for p in found.programs] == [("drop", "xdp", "xdp", 3)]
    assert found.programs[0].type_guid == "f1832a85-85d5-45b0-98a0-7069d63013b0"
    assert [(m.name, m.type, m.key_size, m.value_size, m.max_entries) for m in found.maps] == [("counts", 1, 4, 8, 16)]


def test_records_behind_other_bytes_are_found() -> None:
    # Strings before the first record: the scan goes on in steps of 16 (programs) and 8 (maps).
    def shift(pen: Pen) -> None:
        for name, step, size in (("programs", 16, 160), ("maps", 8, 80)):
            at = pen.at(name)
            pen.data[at : at + size + step] = b"a string".ljust(step, b"!")[: step - 1] + b"\0" + bytes(pen.data[at : at + size])
            pen.put(pen.row(name) + 8, size + step)
            pen.shift(pen.address(name), step)

    found = outcomes(patched(linked("sys"), shift))
    assert failed(found, "error") == {}


def test_warnings_can_be_asked_for() -> None:
    broken = patched(linked("sys"), lambda pen: pen.put(pen.optional + 70, 0x0060, 2))
    assert set(failed(outcomes(broken), "error")) == {"nx-compat"}
    found = apply(examine(broken, name="drop.sys"), warn=frozenset({"nx-compat"}))
    assert not rejected(found)
    assert "nx-compat" in failed(found, "warning")


# ---- what is broken


def relocation(entry: int, *, page: str, kind: int = 10) -> Callable[[Pen], None]:
    """One relocation more, at `entry` of the page of a section."""
    return lambda pen: pen.relocate(pen.address(page) + entry, kind=kind)


def section_order(pen: Pen) -> None:
    """With the strings in a section behind `maps`: that is what `.rdata` is called then."""
    pen.rename(".rdata", ".rdat0")
    pen.rename("strs", ".rdata")


def dll_flags(off: int) -> Callable[[Pen], None]:
    return lambda pen: pen.put(pen.optional + 70, pen.get(pen.optional + 70, 2) & ~off, 2)


def longer(pen: Pen) -> None:
    pen.data += b"something"


BROKEN: dict[str, tuple[str, tuple[str, ...], Callable[[Pen], object]]] = {
    # case: (the rule, flags of the compiler, the change)
    "machine": ("machine", (), lambda pen: pen.put(pen.optional - 20, 0x01C4, 2)),
    "data that can be run": ("wx-section", (), lambda pen: pen.flags(".data", on=EXECUTE)),
    "read-only data that can be written and run": ("wx-section", (), lambda pen: pen.flags(".buildid", on=EXECUTE | WRITE)),
    "code that can be written": ("writable-code", (), lambda pen: pen.flags("xdp", on=WRITE)),
    "code that can be written only": ("writable-code", (), lambda pen: pen.flags(".buildid", on=WRITE | CODE)),
    "an import table in code": (
        "writable-code", (), lambda pen: (pen.put(pen.directory(12), 0x1000), pen.put(pen.directory(12) + 4, 16)),
    ),
    "misaligned": ("section-alignment", (), lambda pen: pen.put(pen.row(".bpfcc") + 12, pen.get(pen.row(".bpfcc") + 12) + 0x200)),
    "on one page": ("section-alignment", (), lambda pen: pen.put(pen.row(".bpfcc") + 12, pen.get(pen.row(".pdata") + 12))),
    "alignment of the linker": ("section-alignment", (), lambda pen: pen.put(pen.optional + 32, 512)),
    "larger than it says": ("section-alignment", (), lambda pen: pen.put(pen.optional + 56, 0x2000)),
    "relocation in code": ("code-relocation", (), relocation(4, page="xdp")),
    "relocation of half an address": ("relocation-kind", (), relocation(0x400, page=".data", kind=3)),
    "relocation outside": ("relocation-kind", (), lambda pen: pen.relocate(0x90_0000)),
    "relocation without end": ("relocation-kind", (), lambda pen: pen.put(pen.at(".reloc") + 4, 0xFFFF_FFF0)),
    "no NX": ("nx-compat", (), dll_flags(0x100)),
    "fixed base": ("dynamic-base", (), dll_flags(0x40)),
    "no relocations": ("dynamic-base", (), lambda pen: pen.put(pen.optional - 2, pen.get(pen.optional - 2, 2) | 1, 2)),
    "few addresses": ("high-entropy-va", (), dll_flags(0x20)),
    "foreign library": ("imports", ("-DFOREIGN", "-luser32"), lambda _: None),
    "library that nobody knows": ("imports", (), lambda pen: pen.replace(b"NETIO.SYS", b"NETIX.SYS")),
    "delayed": ("imports", (), lambda pen: (pen.put(pen.directory(13), 0x2000), pen.put(pen.directory(13) + 4, 64))),
    "exports of a driver": ("exports", ("-shared",), lambda _: None),
    "console driver": ("subsystem", (), lambda pen: pen.put(pen.optional + 68, 3, 2)),
    "entry in data": ("entry-point", (), lambda pen: pen.put(pen.optional + 16, pen.get(pen.row(".data") + 12))),
    "no entry": ("entry-point", (), lambda pen: pen.put(pen.optional + 16, 0)),
    "truncated": ("file-layout", (), lambda pen: pen.data.__delitem__(slice(-0x100, None))),
    "added to": ("file-layout", (), longer),
    "with symbols": ("file-layout", (), lambda pen: pen.put(pen.optional - 12, 0x400)),
    "overlapping": ("file-layout", (), lambda pen: (pen.put(pen.row(".pdata") + 20, pen.at(".data")), pen.clear(3))),
    "no marker": ("programs-section", (), lambda pen: pen.put(pen.at("programs"), 1)),
    "program header": ("programs-section", (), lambda pen: pen.put(pen.at("programs") + 16, 150)),
    "program stride": ("programs-section", (), lambda pen: pen.put(pen.at("programs") + 24, 1 << 40, 8)),
    "half a program": ("programs-section", (), lambda pen: pen.put(pen.row("programs") + 8, 144)),
    "programs with a tail": (
        "programs-section", (), lambda pen: (pen.put(pen.row("programs") + 8, 170), pen.put(pen.at("programs") + 164, 1)),
    ),
    "programs beyond the file": ("programs-section", (), lambda pen: pen.put(pen.row("programs") + 8, 0xF00)),
    "no programs": ("programs-section", (), lambda pen: pen.rename("programs", "program")),
    "map header": ("maps-section", (), lambda pen: pen.put(pen.at("maps") + 24, 81)),
    "map marker": ("maps-section", (), lambda pen: pen.put(pen.at("maps") + 8, 7)),
    "wrong order": ("section-order", ("-DSTRINGS",), section_order),
    "strings elsewhere": ("strings-place", ("-DSTRINGS",), lambda _: None),
    "constant GUIDs": ("guid-place", ("-DGUIDS=const",), lambda _: None),
    "long name of a section": ("program-names", ('-DCODE="xdp_toolong"',), lambda _: None),
    "no name": ("program-names", ('-DCODE=""',), lambda _: None),
    "no code section": ("program-code", ('-DCODE="xdpp"',), lambda _: None),
    "code that is no code": ("program-code", (), lambda pen: pen.flags("xdp", off=CODE)),
    "function elsewhere": (
        "program-code", (), lambda pen: pen.put(pen.at("programs") + 32, pen.image.base + 0x1000, 8),
    ),
    "dated": ("deterministic", (), lambda pen: pen.put(pen.directory(6) + 4, 0)),
    "garbled record": ("record-valid", (), lambda pen: pen.put(pen.at(".bpfcc"), 0x20)),
    "record of another": ("record-valid", (), lambda pen: pen.replace(b'"name":"drop"', b'"name":"dr0p"')),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_a_broken_image_is_named_by_its_rule(case: str) -> None:
    rule, flags, change = BROKEN[case]
    found = outcomes(patched(linked("sys", *flags), change))
    errors = failed(found, "error")
    assert set(errors) == {rule}, errors
    assert all(errors[rule])
    assert rejected(found)


def test_every_error_rule_has_a_case_in_which_it_fails() -> None:
    tried = {rule for rule, _, _ in (*BROKEN.values(), *ATTACKS.values())} | {"checksum", "record-verdict", "signature"}
    assert {rule.id for rule in RULES if rule.level == "error"} <= tried


def test_a_library_without_its_function() -> None:
    broken = patched(linked("dll"), lambda pen: pen.replace(b"get_metadata_table", b"get_metadata_tablx"))
    assert set(failed(outcomes(broken, "dll"), "error")) == {"exports"}


def test_a_library_of_the_wrong_subsystem() -> None:
    broken = patched(linked("dll"), lambda pen: pen.put(pen.optional + 68, 1, 2))
    assert set(failed(outcomes(broken, "dll"), "error")) == {"subsystem"}


def test_a_relocation_that_reaches_into_code() -> None:
    def change(pen: Pen) -> None:
        pen.put(pen.row("programs") + 8, 0x1000)
        relocation(0xFFC, page="programs")(pen)

    errors = failed(outcomes(patched(linked("sys"), change)), "error")
    assert errors["code-relocation"] == ("RVA 0x8ffc in section xdp",)


@pytest.mark.parametrize(("at", "size"), [(0x400, 64), (0x1700, 0x100), (0x1800, 8), (0xFFFF_FFF8, 64)])
def test_certificates_elsewhere_than_at_the_end(at: int, size: int) -> None:
    def change(pen: Pen) -> None:
        pen.put(pen.directory(4), at)
        pen.put(pen.directory(4) + 4, size)

    errors = failed(outcomes(patched(linked("sys"), change)), "error")
    assert set(errors) == {"file-layout", "signature"}


def test_checksum() -> None:
    broken = patched(linked("sys"), lambda pen: pen.put(pen.optional + 64, 1), checksum=False)
    assert set(failed(outcomes(broken), "error")) == {"checksum"}


def test_a_program_that_was_not_accepted() -> None:
    refused = ProgramRecord(PROGRAM.name, "xdp", "xdp", "xdp", DIGEST, "rejected")
    found = outcomes(linked("sys", record=record_c(Record("drop.bpf.c", DIGEST, "windows", DIGEST, {}, (refused,)))))
    assert failed(found, "error") == {"record-verdict": ("drop: rejected",)}


def test_an_image_without_a_record() -> None:
    found = outcomes(linked("sys", record=""))
    assert failed(found, "error") == {}
    assert "record" in failed(found, "warning")


def test_an_unsigned_image_may_be_refused() -> None:
    assert "signed" in failed(outcomes(linked("sys"), must_be_signed=True), "error")
    assert "signed" in failed(outcomes(linked("dll"), "dll", must_be_signed=True), "error")


def test_two_programs_in_one_section() -> None:
    def twice(pen: Pen) -> None:
        at = pen.at("programs")
        pen.data[at + 160 : at + 320] = pen.data[at : at + 160]
        pen.put(pen.row("programs") + 8, 320)
        pen.relocate(*(pen.address("programs") + 160 + each for each in (32, 40, 48, 56, 104, 112, 136)))

    errors = failed(outcomes(patched(linked("sys", record=""), twice)), "error")
    assert set(errors) == {"program-code"}
    assert "is that of drop, too" in errors["program-code"][0]


def test_a_symbol_file_is_named() -> None:
    path = rb"C:\work\drop.pdb"

    def codeview(pen: Pen) -> None:
        debug = pen.at(".buildid")
        pen.data[debug + 28 : debug + 28 + 25 + len(path)] = b"RSDS" + bytes(20) + path + b"\0"
        kind, size, offset = debug + 12, debug + 16, debug + 24
        pen.put(kind, 2)
        pen.put(size, 25 + len(path))
        pen.put(offset, debug + 28)
        pen.put(pen.optional - 16, 0)

    errors = failed(outcomes(patched(linked("sys"), codeview)), "error")
    assert set(errors) == {"deterministic"}
    assert "drop.pdb" in errors["deterministic"][1]
    assert "a debug entry holds the time" in errors["deterministic"][0]


# ---- what is no image


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begin with MZ"),
        (b"\x7fELF" + bytes(100), "begin with MZ"),
        (b"MZ", "no PE header"),
        (b"MZ" + bytes(200), "no PE header"),
        (b"MZ" + bytes(58) + struct.pack("<I", 0xFFFF_FFF0) + bytes(100), "no PE header"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(2) + b"\xff\xff" + bytes(200), "65535 sections"),
        (b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20), "not a"),
        (b"MZ" + bytes(MAX_BYTES), "larger than 32 MiB"),
    ],
)
def test_other_files_get_one_message(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_image(data, name="x.sys")


def test_32_bit_images_are_refused() -> None:
    def narrow(pen: Pen) -> None:
        pen.put(pen.optional, 0x10B, 2)

    with pytest.raises(InputError, match="64-bit"):
        read_image(patched(linked("sys"), narrow, checksum=False), name="x.sys")


# ---- bytes


def test_checksum_is_that_of_other_tools() -> None:
    import pefile

    for data in (linked("sys"), linked("dll"), linked("sys") + b"odd"):
        assert checksum(data) == pefile.PE(data=data, fast_load=True).generate_checksum()


def test_building_twice_gives_the_same_bytes() -> None:
    assert linked.__wrapped__("sys") == linked("sys")


def test_differences_are_named() -> None:
    data = linked("sys")
    assert differences(data, data) == []
    assert differences(data, patched(data, lambda pen: pen.put(pen.optional + 64, 5), checksum=False)) == []
    code = patched(data, lambda pen: pen.put(pen.at("xdp"), 0x90, 1))
    assert differences(data, code) == ["section xdp: 1 byte differs, the first at 0x9000"]
    record = Record("drop.bpf.c", "7b" * 32, "windows", DIGEST, RECORD.options, (PROGRAM,), "0.1.0")
    other = linked("sys", record=record_c(record))
    assert any("the record: object is 5a5a" in each and "rebuilt 7b7b" in each for each in differences(data, other))
    assert "the headers" in differences(data, patched(data, dll_flags(0x20)))[0]
    renamed = patched(data, lambda pen: pen.rename("xdp", "pdx"))
    assert any(each.startswith("the sections") for each in differences(data, renamed))
    moved = patched(data, lambda pen: pen.flags(".data", on=EXECUTE))
    assert any("other rights" in each for each in differences(data, moved))


def test_what_cannot_be_unsigned_is_refused() -> None:
    with pytest.raises(InputError, match="not at the end"):
        unsigned(patched(linked("sys"), lambda pen: (pen.put(pen.directory(4), 0x400), pen.put(pen.directory(4) + 4, 64))))
    for data in (b"", b"MZ" + bytes(100), linked("sys")[:0x100]):
        with pytest.raises(InputError):
            with_checksum(data)


def test_the_record_is_in_the_image() -> None:
    image = read_image(linked("sys"), name="drop.sys")
    section = image.section(".bpfcc")
    assert section is not None
    assert not section.writable
    assert image.content(section).rstrip(b"\0") == record_json(RECORD)


def test_the_rules_are_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "windows-images.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(rule.id, rule.level, rule.title) for rule in RULES]
