"""Random inputs of a case: packets with and without headers, fields of the context, maps with few keys that meet those of programs.

for given in inputs(random.Random(7), case, 20): …
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.fuzzing.case import Input
from tests.soundness.runs import HEADERS, keys_of

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from bpfcc.bpfir.module import MapSpec
    from tests.fuzzing.case import Case

# Test runs of the kernel take no shorter packets.
SHORTEST: Final = 14
LENGTHS: Final = (14, 14, 15, 18, 22, 30, 34, 42, 54, 60, 64, 74, 128, 300, 600)
BYTES: Final = (0, 1, 2, 4, 6, 0x7F, 0x80, 0xFE, 0xFF)
FIELDS: Final = {"xdp": (), "sched_cls": ("mark", "priority", "cb"), "socket_filter": ("cb",)}


def byte(rng: random.Random) -> int:
    """One that decides something, or any."""
    return rng.choice(BYTES) if rng.random() < 0.5 else rng.randrange(256)


def packet(rng: random.Random, kind: str) -> bytes:
    """A packet that a test run of the kernel takes: one that says it is IP has room for the header.

    Socket filters get one that says what it is: with a length in that place it depends on what follows, and that is not the same there.
    """
    made = any_packet(rng)
    if kind == "socket_filter" and made[12] < 6:
        made = made[:12] + b"\x12" + made[13:]
    room = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(made[12:14], 0)
    return made[:12] + b"\x12\x34" + made[14:] if len(made) < room else made


def any_packet(rng: random.Random) -> bytes:
    """Headers, noise, or both."""
    length = rng.choice(LENGTHS)
    kind = rng.randrange(3)
    if kind == 0:
        return rng.randbytes(length)
    content = bytearray([rng.choice((0, 0xFF, byte(rng)))]) * length
    if kind == 1:
        for at, value in rng.choice(HEADERS).items():
            if at < length:
                content[at] = value
    for _ in range(rng.choice((2, 8, 30))):
        content[rng.randrange(length)] = byte(rng)
    return bytes(content)


def number(rng: random.Random) -> int:
    """32 bits."""
    return rng.choice((0, 1, 7, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, rng.getrandbits(32)))


def content(rng: random.Random, size: int) -> bytes:
    """A value of a map."""
    return bytes([byte(rng)]) * size if rng.random() < 0.4 else rng.randbytes(size)


def keys(rng: random.Random, spec: MapSpec) -> list[bytes]:
    """Keys that are there."""
    if spec.type.endswith("array"):
        return list(keys_of(rng, spec.type, spec.key_size, spec.max_entries))
    if spec.type == "lpm_trie":
        found = [
            rng.choice((0, 8, 24, 31, 32)).to_bytes(4, "little") + rng.randrange(6).to_bytes(4, "little") for _ in range(rng.randrange(6))
        ]
    else:
        found = [key.to_bytes(spec.key_size, "little") for key in range(8) if rng.random() < 0.5]
    return list(dict.fromkeys(found))[: spec.max_entries]


def inputs(rng: random.Random, case: Case, count: int) -> Iterator[Input]:
    """So many inputs; the first with empty maps."""
    for at in range(count):
        context: dict[str, int | tuple[int, ...]] = {}
        for name in FIELDS[case.kind]:
            if rng.random() < 0.6:
                context[name] = tuple(number(rng) for _ in range(5)) if name == "cb" else number(rng)
        maps: dict[str, dict[bytes, bytes]] = {}
        for spec in case.maps:
            if at and not spec.read_only_program and spec.type != "prog_array" and rng.random() < 0.8:
                maps[spec.name] = {key: content(rng, spec.value_size) for key in keys(rng, spec)}
        yield Input(packet(rng, case.kind), context, maps)
