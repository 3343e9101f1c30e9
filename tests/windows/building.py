"""Native images of test programs: compiled, judged, emitted, and built once for each test run."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.native_images import ImageRequest, build_image, emit_image, held_maps, judged_for_windows, native_program
from bpfcc.pipeline import open_object, read_source

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.compat.native.emit import Native, NativeProgram
    from bpfcc.native_images import Origin
    from bpfcc.program import Object

PROGRAMS: Final = Path(__file__).parent / "programs"
NAMES: Final = ("xdp", "bind", "sock_addr", "jumps", "edges")


class Made(NamedTuple):
    """A source, its programs as they are on Windows, the C, and maps that only maps name."""

    object: Object
    programs: list[NativeProgram]
    native: Native
    maps: list[MapSpec]


@cache
def made(path: str, origin: Origin = "windows", platform: str = "windows") -> Made:
    """Of a file in `programs`, or another. Every program in it has to be accepted."""
    source = read_source(PROGRAMS / path, mcpu="v4")
    obj = open_object(source, isolated=False, lift=False, platform=platform if origin == "windows" else origin)
    found = judged_for_windows(list(obj.programs.values()), origin=origin, platform=platform)
    for each in found:
        assert each.accepted, (each.program.name, each.verdict, each.entries)
    native = emit_image(found, ImageRequest(path, "dll", "x86_64", origin, platform))
    return Made(obj, [native_program(each) for each in found], native, held_maps(found))


@cache
def library(path: str, origin: Origin = "windows", platform: str = "windows") -> bytes:
    """The DLL, compiled with every warning an error."""
    return build_image(made(path, origin, platform).native.text, "dll", "x86_64", warnings=True)


@cache
def driver(path: str, machine: str = "x86_64", origin: Origin = "windows") -> bytes:
    """The driver, likewise."""
    return build_image(made(path, origin).native.text, "sys", machine, warnings=True)


def packets(count: int, seed: int) -> list[bytes]:
    """Frames that look like those of networks, and some that do not; fields are of few values, so that maps meet them again."""
    rng = random.Random(seed)
    return [packet(rng) for _ in range(count)]


def packet(rng: random.Random) -> bytes:
    """One of them."""
    if rng.random() < 0.1:
        return rng.randbytes(rng.choice((0, 1, 3, 4, 13, 14, 20, 33, 34, 60)))
    protocol = rng.choice((1, 6, 6, 17, 17, 58, rng.randrange(256)))
    body = bytes([0, rng.choice((22, 53, 80)), rng.choice((0, 4, 0x35)), rng.choice((53, 80, rng.randrange(256)))]) + rng.randbytes(4)
    if protocol == 6:
        body += rng.randbytes(4) + bytes([5 << 4, rng.choice((2, 16, 24, 1))]) + rng.randbytes(6)
    body += rng.randbytes(rng.choice((0, 0, 1, 8, 40, 200)))
    kind = rng.choice((b"\x08\x00", b"\x08\x00", b"\x08\x00", b"\x86\xdd", b"\x81\x00", rng.randbytes(2)))
    hosts = bytes([10, 0, 0, rng.randrange(6)]) + bytes([192, 168, rng.randrange(2), rng.randrange(4)])
    if kind == b"\x86\xdd":
        header = bytes([0x60, 0, 0, 0]) + len(body).to_bytes(2, "big") + bytes([protocol, rng.randrange(256)]) + (hosts * 4)
    else:
        total = 20 + len(body)
        header = bytes([rng.choice((0x45, 0x45, 0x45, 0x46, 0x40)), 0]) + total.to_bytes(2, "big") + bytes([0, 1, 0, 0])
        header += bytes([rng.randrange(256), protocol]) + rng.randbytes(2) + hosts
    tag = bytes([0, rng.randrange(8)]) + b"\x08\x00" if kind == b"\x81\x00" else b""
    return rng.randbytes(12) + kind + tag + header + body
