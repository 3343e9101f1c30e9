"""Bytes of a map or an event as readable values, by BTF, and back: what `bpfcc run` prints and what a seed file says.

    struct prefix { __u32 prefixlen; struct in6_addr address; }      "203.0.113.0/24"
    struct flow { struct in6_addr source; __be16 source_port; }      {"source": "192.0.2.7", "source_port": 443}
    enum reason                                                      "BLOCKED_SOURCE"

`decode` gives what JSON can hold, and `encode` takes it back. Types whose meaning the kernel's headers fix are shown as that
meaning: `__be16` and `__be32` as the number they stand for, `struct in_addr` and `struct in6_addr` as addresses (an IPv4
address in the mapped form as IPv4), `char[]` as text. Without BTF a value is a number where it is 1, 2, 4 or 8 bytes long, else hex.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, Any, Final, Literal

from bpfcc.errors import InputError

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
    if _is_big_endian(btf, type_id):
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


def _is_big_endian(btf: Btf, type_id: int) -> bool:
    for _ in range(MAX_DEPTH):
        found = btf.type(type_id)
        if found.kind == "typedef" and found.name in BIG_ENDIAN_NAMES:
            return True
        if found.kind not in {"typedef", "const", "volatile", "restrict", "type_tag"}:
            return False
        type_id = found.type_id
    return False


# ---- the other way ---------------------------------------------------------------------------------------------------


def encode(btf: Btf | None, type_id: int, value: Any, size: int, endian: Endian = "little") -> bytes:
    """`value` as `size` bytes of type `type_id`; InputError where it does not fit."""
    if btf is None or not type_id or btf.size_of(type_id) != size:
        return encode_plain(value, size, endian)
    prefix = _encode_prefix(btf, type_id, value, endian)
    return prefix if prefix is not None else _encode(btf, type_id, value, endian, MAX_DEPTH)


def encode_plain(value: Any, size: int, endian: Endian = "little") -> bytes:
    """A number, hex digits (with or without spaces), or a list of bytes."""
    if isinstance(value, str):
        try:
            data = bytes.fromhex(value.removeprefix("0x"))
        except ValueError:
            raise InputError(f"{value!r} is not hex, and no type says what else it is") from None
        if len(data) != size:
            raise InputError(f"{value!r} is {len(data)} bytes, {size} are needed")
        return data
    if isinstance(value, list):
        if len(value) != size or not all(isinstance(b, int) and 0 <= b <= 255 for b in value):
            raise InputError(f"a list of {size} bytes is needed, not {value!r}")
        return bytes(value)
    return _encode_int(value, size, endian, signed=isinstance(value, int) and value < 0)


def _encode_int(value: Any, size: int, endian: Endian, *, signed: bool) -> bytes:
    if not isinstance(value, int):
        raise InputError(f"a number is needed, not {value!r}")
    try:
        return value.to_bytes(size, endian, signed=signed)
    except OverflowError:
        raise InputError(f"{value} does not fit {size} bytes") from None


def _encode_prefix(btf: Btf, type_id: int, value: Any, endian: Endian) -> bytes | None:
    """`"192.0.2.0/24"` for a struct of a 32-bit prefix length and an address, as tries have them for keys."""
    if not isinstance(value, str) or "/" not in value:
        return None
    found = btf.type(btf.skip_modifiers(type_id))
    if found.kind != "struct" or found.size not in {8, 20}:
        return None
    try:
        network = ipaddress.ip_network(value, strict=True)
    except ValueError as error:
        raise InputError(f"{value!r} is no network: {error}") from None
    address, length, room = network.network_address.packed, network.prefixlen, found.size - 4
    if len(address) < room:
        address, length = MAPPED_PREFIX + address, length + 96
    if len(address) != room:
        raise InputError(f"{value!r} is an IPv6 network, the key holds IPv4")
    return length.to_bytes(4, endian) + address


def _encode(btf: Btf, type_id: int, value: Any, endian: Endian, depth: int) -> bytes:
    size = btf.size_of(type_id)
    if depth == 0:
        raise InputError("its type is nested too deeply")
    if _is_big_endian(btf, type_id):
        return _encode_int(value, size, "big", signed=False)
    found = btf.type(btf.skip_modifiers(type_id))
    match found.kind:
        case "int" | "enum" | "enum64":
            return _encode_number(found, value, size, endian)
        case "struct" | "union" if ADDRESS_STRUCTS.get(found.name) == size and isinstance(value, str):
            return encode_address(value, size)
        case "struct" | "union" if isinstance(value, dict):
            return _encode_members(btf, found, value, endian, depth)
        case "array":
            return _encode_array(btf, found, value, endian, depth)
        case _:
            return encode_plain(value, size, endian)


def _encode_number(found: BtfType, value: Any, size: int, endian: Endian) -> bytes:
    if found.kind != "int" and isinstance(value, str):
        named = next((e.value for e in found.enumerators if e.name == value), None)
        if named is None:
            names = ", ".join(e.name for e in found.enumerators[:12])
            raise InputError(f"enum {found.name} has no {value!r}; it has {names}")
        value = named
    return _encode_int(value, size, endian, signed=isinstance(value, int) and value < 0)


def encode_address(value: str, size: int) -> bytes:
    """An address as `size` bytes; IPv4 in 16 bytes takes the mapped form."""
    try:
        packed = ipaddress.ip_address(value).packed
    except ValueError:
        raise InputError(f"{value!r} is no IP address") from None
    if len(packed) < size:
        packed = MAPPED_PREFIX + packed
    if len(packed) != size:
        raise InputError(f"{value!r} does not fit an IPv4 address")
    return packed


def _encode_members(btf: Btf, found: BtfType, value: dict[Any, Any], endian: Endian, depth: int) -> bytes:
    out = bytearray(found.size)
    for name, content in value.items():
        place = btf.field(found.id, name) if isinstance(name, str) else None
        if place is None:
            names = ", ".join(member.name for member in found.members)
            raise InputError(f"{found.kind} {found.name} has no field {name!r}; it has {names}")
        if place.bitfield_bits:
            raise InputError(f"field {name!r} is a bit-field: give the whole value as hex")
        start = place.bit_offset // 8
        out[start : start + btf.size_of(place.type_id)] = _encode(btf, place.type_id, content, endian, depth - 1)
    return bytes(out)


def _encode_array(btf: Btf, found: BtfType, value: Any, endian: Endian, depth: int) -> bytes:
    size = btf.size_of(found.type_id)
    total = size * found.length
    if isinstance(value, str) and size == 1:
        element = btf.type(btf.skip_modifiers(found.type_id))
        if element.encoding & 2 or element.name == "char":
            data = value.encode()
            if len(data) > total:
                raise InputError(f"{value!r} is longer than {total} bytes")
            return data.ljust(total, b"\0")
        return encode_plain(value, total, endian)
    if not isinstance(value, list) or len(value) > found.length:
        raise InputError(f"a list of at most {found.length} values is needed, not {value!r}")
    return b"".join(_encode(btf, found.type_id, item, endian, depth - 1) for item in value).ljust(total, b"\0")
