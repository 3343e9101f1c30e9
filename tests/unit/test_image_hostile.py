"""Mutated images: rules or one message, never another exception, never long."""

from __future__ import annotations

import random
import struct
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.compat.image.checksum import unsigned
from bpfcc.compat.image.compare import differences
from bpfcc.compat.image.document import document
from bpfcc.compat.image.install import install_script
from bpfcc.compat.image.pe import read_image
from bpfcc.compat.image.rules import apply, rejected
from bpfcc.compat.image.signing import Verification
from bpfcc.compat.image.subject import examine
from bpfcc.errors import BpfccError
from tests.image_harness import Pen, linked, patched

SECONDS_EACH = 2.0
INTERESTING = (0, 1, 7, 8, 0x7F, 0x80, 0xFF, 0x200, 0x1000, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_F000)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """A few changes, most of them in headers and tables."""
    content = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        match dice.randrange(6):
            case 0:
                del content[dice.randrange(1, len(content)) :]
            case 1:
                at = dice.randrange(len(content))
                content[at : at + dice.randrange(64)] = dice.randbytes(dice.randrange(64))
            case 2 | 3:
                at = dice.randrange(min(0x400, len(content)))
                content[at : at + 4] = dice.choice(INTERESTING).to_bytes(4, "little")
            case 4:
                at = dice.randrange(len(content)) & ~3
                content[at : at + 4] = dice.choice(INTERESTING).to_bytes(4, "little")
            case _:
                content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        if len(content) < 2:
            break
    return bytes(content)


def everything(data: bytes, original: bytes) -> bool:
    """All that is done with an image; False where it is none."""
    try:
        subject = examine(data, name="x.sys")
    except BpfccError:
        return False
    document(subject, apply(subject))
    for action in (lambda: install_script(subject), lambda: differences(data, original), lambda: unsigned(data)):
        try:
            action()
        except BpfccError as error:
            assert error.exit_status in (2, 3)
    return True


def slice_of(kind: str, seed: int, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of the mutated images could be read."""
    # The tool's own parser is not what is tried here.
    monkeypatch.setattr("bpfcc.compat.image.subject.verify", lambda *_, **__: Verification("unchecked", "not here"))
    dice, data, read = random.Random(seed), linked(kind), 0
    for number in range(count):
        content = mutated(data, dice)
        begun = time.monotonic()
        read += everything(content, data)
        assert time.monotonic() - begun < SECONDS_EACH, f"image {number} of seed {seed} takes long"
    return read


@pytest.mark.parametrize("kind", ["sys", "dll"])
def test_mutated_images(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Most changes leave it readable: the rules are what is tried, not only the first look.
    assert slice_of(kind, 1, 150, monkeypatch) > 30


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_mutated_images(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    slice_of("dll" if seed % 2 else "sys", seed, 2000, monkeypatch)


def test_a_table_of_nothing_but_records_does_not_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large images with the most of what an image can choose: relocations, sections that begin nowhere."""
    from bpfcc.compat.image.pe import MAX_BYTES
    from tests.image_harness import patched

    data = linked("sys")

    def grow(pen: object) -> None:
        row = pen.row(".reloc")  # type: ignore[attr-defined]
        size = (MAX_BYTES - len(data)) & ~0xFFF
        start = pen.at(".reloc")  # type: ignore[attr-defined]
        pen.data[start:] = (bytes.fromhex("0040000000001000") + b"\0\xa0" * (0x100000 // 2 - 4)) * (size // 0x100000)  # type: ignore[attr-defined]
        for at in (row + 8, row + 16):
            pen.put(at, len(pen.data) - start)  # type: ignore[attr-defined]
        pen.put(pen.directory(5) + 4, len(pen.data) - start)  # type: ignore[attr-defined]

    big = patched(data, grow)
    begun = time.monotonic()
    found = {each.rule.id: each.details for each in apply(examine(big, name="x.sys")) if each.status == "failed"}
    assert "more than" in found["relocation-kind"][0]
    assert time.monotonic() - begun < 10


# ---- each byte of the headers, and the most of everything


def headers_end(data: bytes) -> int:
    return read_image(data).headers_end


@pytest.mark.parametrize("kind", ["sys", "dll"])
def test_headers_that_are_cut_off_anywhere(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # pefile cleans up the whole process whenever it refuses a file.
    monkeypatch.setattr("gc.collect", lambda *_: 0)
    data = linked(kind)
    for size in range(headers_end(data) + 1):
        assert not everything(data[:size], data) or rejected(apply(examine(data[:size], name=f"x.{kind}")))


def test_each_byte_of_the_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changed in three ways: an answer, always, and soon."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)
    monkeypatch.setattr("bpfcc.compat.image.subject.verify", lambda *_, **__: Verification("unchecked", "not here"))
    data = linked("sys")
    for at in range(headers_end(data)):
        changed = bytearray(data)
        changed[at] ^= (0xFF, 0x80, 1)[at % 3]
        begun = time.monotonic()
        everything(bytes(changed), data)
        assert time.monotonic() - begun < SECONDS_EACH, at


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.sampled_from(INTERESTING)), min_size=1, max_size=5), st.sampled_from(["sys", "dll"]))
def test_words_anywhere(changes: list[tuple[int, int]], kind: str) -> None:
    data = linked(kind)
    content = bytearray(data)
    for place, word in changes:
        at = place % (len(content) - 4)
        content[at : at + 4] = word.to_bytes(4, "little")
    everything(bytes(content), data)


def limited(change: Callable[[Pen], object], kind: str = "sys") -> set[str]:
    """The errors of an image, which take neither long nor much memory."""
    data = patched(linked(kind), change)
    begun = time.monotonic()
    tracemalloc.start()
    try:
        found = apply(examine(data, name=f"x.{kind}"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begun < 20
    assert peak < 8 * len(data) + (96 << 20)
    return {each.rule.id for each in found if each.status == "failed" and each.level == "error"}


def large(pen: Pen, size: int) -> int:
    """The last section made large; the RVA of its new part."""
    row, start = pen.row(".reloc"), pen.at(".reloc")
    used = -(-(len(pen.data) - start) // 0x1000) * 0x1000
    pen.data += bytes(start + used + size - len(pen.data))
    for at in (row + 8, row + 16):
        pen.put(at, used + size)
    return pen.address(".reloc") + used


def fill(pen: Pen, address: int, content: bytes) -> None:
    at = pen.at(".reloc", address - pen.address(".reloc"))
    pen.data[at : at + len(content)] = content


MIB = 1 << 20


def many_descriptors(pen: Pen) -> None:
    """Libraries without number, all of one table of functions without number."""
    at = large(pen, 4 * MIB)
    fill(pen, at, struct.pack("<IIIII", at + 2 * MIB, 0, 0, at + 2 * MIB, at + 2 * MIB) * (2 * MIB // 20))
    fill(pen, at + 2 * MIB, struct.pack("<Q", (1 << 63) | 7) * (2 * MIB // 8))
    pen.put(pen.directory(1), at)


def many_debug_entries(pen: Pen) -> None:
    at = large(pen, 8 * MIB)
    pen.put(pen.directory(6), at)
    pen.put(pen.directory(6) + 4, 28 * 65536)
    fill(pen, at, struct.pack("<IIHHIIII", 0, 0, 0, 0, 2, 4 * MIB, at, pen.at(".reloc")) * 65536)


def many_certificates(pen: Pen) -> None:
    size = 4 * MIB
    pen.put(pen.directory(4), len(pen.data))
    pen.put(pen.directory(4) + 4, size)
    pen.data += struct.pack("<IHHQ", 16, 0x200, 2, 0) * (size // 16)


def many_guards(pen: Pen) -> None:
    at = large(pen, MIB)
    fill(pen, at, struct.pack("<I", 0x140).ljust(0x140, b"\0"))
    fill(pen, at + 0x80, struct.pack("<QQ", pen.image.base + at + 0x1000, 65536))
    pen.put(pen.directory(10), at)
    pen.put(pen.directory(10) + 4, 0x140)
    fill(pen, at + 0x1000, b"".join(struct.pack("<I", 0x1000 + each) for each in range(65536)))


def many_functions(pen: Pen) -> None:
    """Resolved functions: of many programs, all of one table."""
    at, base = large(pen, 8 * MIB), pen.image.base
    record = bytearray(pen.data[pen.at("programs") : pen.at("programs") + 160])
    record[144:154] = struct.pack("<QH", base + at, 0xFFFF)
    fill(pen, at, struct.pack("<HxxxxxxQQQ16x", 1, 48, 48, base + pen.address(".rdata")) * 0xFFFF)
    records = pen.at(".reloc", at + 4 * MIB - pen.address(".reloc"))
    pen.data[records : records + 160 * 1000] = bytes(record) * 1000
    pen.put(pen.row("programs") + 8, 160 * 1000)
    pen.put(pen.row("programs") + 16, 160 * 1000)
    pen.put(pen.row("programs") + 20, records)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (many_descriptors, "imports"), (many_debug_entries, "deterministic"), (many_certificates, "signature"),
        (many_guards, "load-config"), (many_functions, "program-tables"),
    ],
)  # fmt: skip
def test_tables_without_end(change: Callable[[Pen], object], rule: str) -> None:
    assert rule in limited(change)


def test_differences_of_large_images_take_little_memory() -> None:
    data = linked("sys")

    def grown(byte: int) -> bytes:
        def change(pen: Pen) -> None:
            fill(pen, large(pen, 2 * MIB), bytes([byte]) * (2 * MIB))

        return patched(data, change)

    one, two = grown(1), grown(2)
    tracemalloc.start()
    try:
        assert differences(one, two)[-1].startswith(f"section .reloc: {2 * MIB} bytes differ")
        assert tracemalloc.get_traced_memory()[1] < 122 * MIB
    finally:
        tracemalloc.stop()
