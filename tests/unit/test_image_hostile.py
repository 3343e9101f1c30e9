"""Mutated images: rules or one message, never another exception, never long."""

from __future__ import annotations

import random
import time

import pytest

from bpfcc.compat.image.checksum import unsigned
from bpfcc.compat.image.compare import differences
from bpfcc.compat.image.document import document
from bpfcc.compat.image.install import install_script
from bpfcc.compat.image.rules import apply
from bpfcc.compat.image.signing import Verification
from bpfcc.compat.image.subject import examine
from bpfcc.errors import BpfccError
from tests.image_harness import linked

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
