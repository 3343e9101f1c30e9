"""Mutations of ELF objects that know the format: they break one thing and leave the rest readable.

mutate(data, random.Random(7))   -> (bytes, "section 4 sh_size = 0x7fffffff")
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

SECTION_FIELDS = {
    "name": (0, 4),
    "type": (4, 4),
    "flags": (8, 8),
    "offset": (24, 8),
    "size": (32, 8),
    "link": (40, 4),
    "info": (44, 4),
    "entsize": (56, 8),
}
HEADER_FIELDS = {
    "class": (4, 1),
    "order": (5, 1),
    "type": (16, 2),
    "machine": (18, 2),
    "shoff": (40, 8),
    "shentsize": (58, 2),
    "shnum": (60, 2),
    "shstrndx": (62, 2),
}
SYMBOL_FIELDS = {"name": (0, 4), "info": (4, 1), "other": (5, 1), "shndx": (6, 2), "value": (8, 8), "size": (16, 8)}
RELOCATION_FIELDS = {"offset": (0, 8), "type": (8, 4), "symbol": (12, 4)}


@dataclass(frozen=True)
class Part:
    """A section's place in the file."""

    name: str
    header: int
    offset: int
    size: int
    kind: int


def parts_of(data: bytes) -> tuple[str, list[Part]]:
    """Byte order and sections of a well-formed object."""
    order = "<" if data[5] == 1 else ">"
    start, count, names = struct.unpack_from(order + "Q", data, 40)[0], *struct.unpack_from(order + "HH", data, 60)
    headers = [start + 64 * i for i in range(count)]
    strings = struct.unpack_from(order + "Q", data, headers[names] + 24)[0]
    found = []
    for header in headers:
        name, kind = struct.unpack_from(order + "II", data, header)
        offset, size = struct.unpack_from(order + "QQ", data, header + 24)
        text = data[strings + name : data.index(0, strings + name)].decode()
        found.append(Part(text, header, offset, size if kind != 8 else 0, kind))
    return order, found


def _value(rng: random.Random, old: int, size: int, limit: int) -> int:
    top = (1 << (8 * size)) - 1
    choice = rng.choice(["edge", "near", "flip", "limit", "random", "double"])
    new = {
        "edge": rng.choice([0, 1, 2, 3, 4, 7, 8, 16, 0x7F, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, top, top >> 1]),
        "near": old + rng.choice([-8, -4, -1, 1, 4, 8]),
        "flip": old ^ 1 << rng.randrange(8 * size),
        "limit": limit + rng.choice([-64, -8, -1, 0, 1, 8]),
        "random": rng.getrandbits(8 * size),
        "double": old * 2,
    }[choice]
    return new & top


def _poke(rng: random.Random, data: bytearray, at: int, size: int, order: str) -> int:
    if at + size > len(data):
        return 0
    byteorder = "little" if order == "<" else "big"
    old = int.from_bytes(data[at : at + size], byteorder)
    new = _value(rng, old, size, len(data))
    data[at : at + size] = new.to_bytes(size, byteorder)
    return new


def _field(rng: random.Random, data: bytearray, base: int, fields: dict[str, tuple[int, int]], order: str) -> str:
    name, (offset, size) = rng.choice(sorted(fields.items()))
    return f"{name} = {_poke(rng, data, base + offset, size, order):#x}"


def mutate(original: bytes, rng: random.Random) -> tuple[bytes, str]:
    """One to three mutations; what was done, for the message of a failing test."""
    data = bytearray(original)
    order, parts = parts_of(original)
    done = [_mutate_once(rng, data, order, parts) for _ in range(rng.choice([1, 1, 1, 2, 3]))]
    return bytes(data), "; ".join(done)


def mutate_btf(original: bytes, rng: random.Random) -> tuple[bytes, str]:
    """The same with words of `.BTF` only: the file around it stays sound."""
    data = bytearray(original)
    order, parts = parts_of(original)
    part = next(p for p in parts if p.name == ".BTF")
    done = []
    for _ in range(rng.choice([1, 2, 4, 8])):
        at = rng.randrange(24, part.size) & ~3
        done.append(f".BTF word {at:#x} = {_poke(rng, data, part.offset + at, 4, order):#x}")
    return bytes(data), "; ".join(done)


def _mutate_once(rng: random.Random, data: bytearray, order: str, parts: list[Part]) -> str:
    kind = rng.choice(
        ["byte", "header", "section", "symbol", "relocation", "btf", "btf", "ext", "code", "maps", "truncate", "swap", "copy"]
    )
    named = {p.name: p for p in parts}
    match kind:
        case "byte":
            at = rng.randrange(len(data)) if data else 0
            if data:
                data[at] ^= 1 << rng.randrange(8)
            return f"byte {at:#x}"
        case "header":
            return "header " + _field(rng, data, 0, HEADER_FIELDS, order)
        case "section":
            part = rng.choice(parts)
            return f"section {part.name} " + _field(rng, data, part.header, SECTION_FIELDS, order)
        case "symbol":
            part = named[".symtab"]
            base = part.offset + 24 * rng.randrange(max(part.size // 24, 1))
            return f"symbol at {base:#x} " + _field(rng, data, base, SYMBOL_FIELDS, order)
        case "relocation":
            part = rng.choice([p for p in parts if p.kind == 9 and p.size])
            base = part.offset + 16 * rng.randrange(max(part.size // 16, 1))
            return f"relocation {part.name} at {base:#x} " + _field(rng, data, base, RELOCATION_FIELDS, order)
        case "btf" | "ext" | "maps" | "code":
            name = {"btf": ".BTF", "ext": ".BTF.ext", "maps": "maps"}.get(kind, "")
            choices = [named[name]] if name in named and named[name].size else [p for p in parts if p.kind == 1 and p.size >= 8]
            part = rng.choice(choices)
            near = rng.randrange(min(part.size, 64) if rng.random() < 0.2 else part.size) & ~3
            return f"{part.name} word {near:#x} = {_poke(rng, data, part.offset + near, 4, order):#x}"
        case "truncate":
            length = rng.randrange(len(data)) if data else 0
            del data[length:]
            return f"truncated to {length:#x}"
        case "swap":
            one, two = rng.choice(parts), rng.choice(parts)
            if max(one.header, two.header) + 64 <= len(data):
                a, b = data[one.header : one.header + 64], data[two.header : two.header + 64]
                data[one.header : one.header + 64], data[two.header : two.header + 64] = b, a
            return f"swapped {one.name} and {two.name}"
        case _:
            source, target = rng.choice(parts), rng.choice(parts)
            count = min(source.size, target.size, rng.choice([4, 16, 64, 1 << 16]))
            if max(source.offset, target.offset) + count <= len(data):
                data[target.offset : target.offset + count] = data[source.offset : source.offset + count]
            return f"{count} bytes of {source.name} over {target.name}"
