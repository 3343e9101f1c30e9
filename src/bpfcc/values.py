"""Bytes of a map or an event as readable values, by BTF: what `bpfcc run` prints.

    struct prefix { __u32 prefixlen; struct in6_addr address; }      "203.0.113.0/24"
    struct flow { struct in6_addr source; __be16 source_port; }      {"source": "192.0.2.7", "source_port": 443}
    enum reason                                                      "BLOCKED_SOURCE"

`decode` gives what JSON can hold. Types whose meaning the kernel's headers fix are shown as that
meaning: `__be16` and `__be32` as the number they stand for, `struct in_addr` and `struct in6_addr` as addresses (an IPv4
address in the mapped form as IPv4), `char[]` as text. Without BTF a value is a number where it is 1, 2, 4 or 8 bytes long, else hex.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from bpfcc.frontend.btf import Btf, BtfType

Endian = Literal["little", "big"]
BIG_ENDIAN_NAMES: Final = frozenset({"__be16", "__be32", "__be64"})
ADDRESS_STRUCTS: Final = {"in_addr": 4, "in6_addr": 16}
MAPPED_PREFIX: Final = bytes(10) + b"\xff\xff"
MAX_DEPTH: Final = 16
# Longer arrays are shown as hex where their elements are bytes, and cut otherwise.
MAX_ELEMENTS: Final = 256


def decode(btf: Btf | None, type_id: int, data: bytes, endian: Endian = "little") -> Any:
    """`data` as type `type_id` of `btf`."""
    if btf is None or not type_id or btf.size_of(type_id) != len(data):
        return decode_plain(data, endian)
    return _decode(btf, type_id, data, endian, MAX_DEPTH)


def decode_plain(data: bytes, endian: Endian = "little") -> Any:
    """Bytes about which nothing is known but their length."""
    return int.from_bytes(data, endian) if len(data) in {1, 2, 4, 8} else data.hex()


def _decode(btf: Btf, type_id: int, data: bytes, endian: Endian, depth: int) -> Any:
    if depth == 0:
        return data.hex()
    if is_big_endian(btf, type_id):
        return int.from_bytes(data, "big")
    found = btf.type(btf.skip_modifiers(type_id))
    match found.kind:
        case "int" | "enum" | "enum64":
            return _decode_number(found, data, endian)
        case "float":
            return (
                struct.unpack(("<" if endian == "little" else ">") + ("f" if len(data) == 4 else "d"), data)[0]
                if len(data) in {4, 8}
                else data.hex()
            )
        case "struct" | "union" if ADDRESS_STRUCTS.get(found.name) == len(data):
            return address_text(data)
        case "struct" | "union":
            return _decode_members(btf, found, data, endian, depth)
        case "datasec":
            return _decode_section(btf, found, data, endian, depth)
        case "array":
            return _decode_array(btf, found, data, endian, depth)
        case _:
            return decode_plain(data, endian)


def _decode_number(found: BtfType, data: bytes, endian: Endian) -> Any:
    value = int.from_bytes(data, endian, signed=found.signed)
    if found.kind == "int":
        return bool(value) if found.encoding & 4 and value in {0, 1} else value
    return next((e.name for e in found.enumerators if e.value == value), value)


def _decode_members(btf: Btf, found: BtfType, data: bytes, endian: Endian, depth: int) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for number, member in enumerate(found.members):
        if member.bitfield_bits:
            out[member.name or f"_{number}"] = bits_of(data, member.bit_offset, member.bitfield_bits, endian)
            continue
        start = member.bit_offset // 8
        inner = _decode(btf, member.type_id, data[start : start + btf.size_of(member.type_id)], endian, depth - 1)
        if not member.name and isinstance(inner, dict):
            out |= inner
        else:
            out[member.name or f"_{number}"] = inner
    return out


def _decode_section(btf: Btf, found: BtfType, data: bytes, endian: Endian, depth: int) -> dict[str, Any]:
    """Global variables of a data section, by name."""
    out = {}
    for variable in found.variables:
        content = data[variable.offset : variable.offset + variable.size]
        out[btf.name(variable.type_id)] = _decode(btf, btf.type(variable.type_id).type_id, content, endian, depth - 1)
    return out


def tag_of(btf: Btf | None, variable: str, key: str) -> str | None:
    """What a declaration tag `bpfcc:KEY=VALUE` on a global variable says: how users name types that map definitions cannot."""
    target = btf.find(variable, "var") if btf is not None else None
    if btf is None or target is None:
        return None
    start = f"bpfcc:{key}="
    for found in btf.types():
        if found.kind == "decl_tag" and found.type_id == target and found.name.startswith(start):
            return found.name.removeprefix(start)
    return None


def bits_of(data: bytes, offset: int, width: int, endian: Endian) -> int:
    """A bit-field, unsigned, numbered as BTF does: from the low bit on little-endian machines, from the high bit on big-endian ones."""
    whole = int.from_bytes(data, endian)
    shift = offset if endian == "little" else len(data) * 8 - offset - width
    return whole >> shift & (1 << width) - 1


def _decode_array(btf: Btf, found: BtfType, data: bytes, endian: Endian, depth: int) -> Any:
    element = btf.type(btf.skip_modifiers(found.type_id))
    size = btf.size_of(found.type_id)
    if element.kind == "int" and size == 1:
        if btf.name(element.id) == "char" or element.encoding & 2:
            text = data.split(b"\0", 1)[0]
            if all(32 <= byte < 127 for byte in text):
                return text.decode("ascii")
        return data.hex()
    count = min(found.length, MAX_ELEMENTS)
    return [_decode(btf, found.type_id, data[i * size : (i + 1) * size], endian, depth - 1) for i in range(count)]


def address_text(data: bytes) -> str:
    """An IP address of 4 or 16 bytes; IPv4 in the mapped form is shown as IPv4."""
    if len(data) == 16 and data.startswith(MAPPED_PREFIX):
        data = data[12:]
    return str(ipaddress.ip_address(data))


def is_big_endian(btf: Btf, type_id: int) -> bool:
    """Whether it is a number in network order, by the name of its type."""
    for _ in range(MAX_DEPTH):
        found = btf.type(type_id)
        if found.kind == "typedef" and found.name in BIG_ENDIAN_NAMES:
            return True
        if found.kind not in {"typedef", "const", "volatile", "restrict", "type_tag"}:
            return False
        type_id = found.type_id
    return False
