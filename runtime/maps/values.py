"""Keys and values as Python sees them: typed by a codec where there is one, else integers or bytes.

    size 1, 2, 4, 8         int, little-endian, unsigned when read
    any other size          bytes
    with a codec and type   what the codec makes of it
    lpm_trie keys           "10.0.0.0/8", "2001:db8::/32", or "0x0a0b/12" where the data is no address

Bytes of the right length are taken everywhere.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Protocol, TypeAlias, final

from bpfcc.errors import InputError

# A key or value of a map: int, bytes, or what the codec produces (dict, list, float, bool).
Item: TypeAlias = Any

INTEGER_SIZES = frozenset({1, 2, 4, 8})


class Codec(Protocol):
    """Values of BTF types; who loads an object supplies it (the runtime knows no BTF)."""

    def decode(self, type_id: int, data: bytes) -> Item:
        """The value that the bytes are."""
        ...

    def encode(self, type_id: int, value: Item) -> bytes:
        """The bytes of a value; InputError where it does not fit."""
        ...


class ItemCodec(Protocol):
    """How one map's keys or values are read and written."""

    size: int

    def decode(self, data: bytes) -> Item:
        """Bytes to Python."""
        ...

    def encode(self, value: Item) -> bytes:
        """Python to exactly `size` bytes."""
        ...


def as_bytes(value: Item, size: int, what: str) -> bytes | None:
    """A bytes-like value of the right length, None when it is none."""
    if not isinstance(value, (bytes, bytearray, memoryview)):
        return None
    data = bytes(value)
    if len(data) != size:
        raise InputError(f"{what}: {len(data)} bytes given, {size} wanted")
    return data


@final
class RawItem:
    """Without types: integers of the usual sizes, bytes otherwise."""

    def __init__(self, size: int, what: str) -> None:
        self.size = size
        self.what = what

    def decode(self, data: bytes) -> Item:
        """Bytes to int or bytes."""
        return int.from_bytes(data, "little") if self.size in INTEGER_SIZES else data

    def encode(self, value: Item) -> bytes:
        """Int or bytes to bytes; a negative int becomes its two's complement."""
        data = as_bytes(value, self.size, self.what)
        if data is not None:
            return data
        if not isinstance(value, int):
            raise InputError(
                f"{self.what}: bytes{' or an integer' if self.size in INTEGER_SIZES else ''} wanted, not {type(value).__name__}"
            )
        if self.size not in INTEGER_SIZES:
            raise InputError(f"{self.what}: {self.size} bytes wanted, not an integer")
        if not -(1 << (8 * self.size - 1)) <= value < 1 << (8 * self.size):
            raise InputError(f"{self.what}: {value} does not fit into {self.size} bytes")
        return (value & ((1 << (8 * self.size)) - 1)).to_bytes(self.size, "little")


@final
class TypedItem:
    """With a codec."""

    def __init__(self, codec: Codec, type_id: int, size: int, what: str) -> None:
        self.codec = codec
        self.type_id = type_id
        self.size = size
        self.what = what

    def decode(self, data: bytes) -> Item:
        """What the codec makes of the bytes."""
        return self.codec.decode(self.type_id, data)

    def encode(self, value: Item) -> bytes:
        """Bytes as they are, or what the codec makes of the value."""
        data = as_bytes(value, self.size, self.what)
        if data is not None:
            return data
        encoded = self.codec.encode(self.type_id, value)
        if len(encoded) != self.size:
            raise InputError(f"{self.what}: its type has {len(encoded)} bytes, the map {self.size}")
        return encoded


def parse_prefix(text: str, data_bytes: int) -> bytes:
    """An LPM key: `10.0.0.0/8`, an address alone (all its bits), or `0x0a0b/12`. Bits after the prefix are kept."""
    head, slash, tail = text.partition("/")
    if slash and not (tail.isascii() and tail.isdigit() and len(tail) <= 4):
        raise InputError(f"prefix {text!r}: no length after the slash")
    if head.startswith("0x"):
        try:
            data = bytes.fromhex(head[2:])
        except ValueError:
            raise InputError(f"prefix {text!r}: not hexadecimal") from None
        data = data.ljust(data_bytes, b"\0")
    else:
        try:
            data = ipaddress.ip_address(head).packed
        except ValueError:
            raise InputError(f"prefix {text!r}: no address") from None
    if len(data) != data_bytes:
        raise InputError(f"prefix {text!r}: {len(data)} bytes of data, the map has {data_bytes}")
    length = int(tail) if slash else 8 * data_bytes
    if length > 8 * data_bytes:
        raise InputError(f"prefix {text!r}: the length is more than {8 * data_bytes}")
    return length.to_bytes(4, "little") + data


def format_prefix(key: bytes) -> str:
    """The inverse of `parse_prefix`, exactly."""
    length, data = int.from_bytes(key[:4], "little"), key[4:]
    if len(data) in (4, 16):
        return f"{ipaddress.ip_address(data)}/{length}"
    return f"0x{data.hex()}/{length}"


@final
class PrefixItem:
    """Keys of an LPM trie: text, bytes, and with a codec what the codec takes. They are read as text."""

    def __init__(self, size: int, what: str, typed: TypedItem | None) -> None:
        self.size = size
        self.what = what
        self.typed = typed

    def decode(self, data: bytes) -> Item:
        """`10.0.0.0/8`."""
        return format_prefix(data)

    def encode(self, value: Item) -> bytes:
        """Text or bytes, or a value of the key's type."""
        if isinstance(value, str):
            return parse_prefix(value, self.size - 4)
        data = as_bytes(value, self.size, self.what)
        if data is not None:
            return data
        if self.typed is None:
            raise InputError(f"{self.what}: a prefix such as '10.0.0.0/8' or bytes wanted, not {type(value).__name__}")
        return self.typed.encode(value)


def item_codec(size: int, what: str, codec: Codec | None, type_id: int) -> ItemCodec:
    """The way to read and write keys or values of `size` bytes."""
    if codec is not None and type_id:
        return TypedItem(codec, type_id, size, what)
    return RawItem(size, what)
