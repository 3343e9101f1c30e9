"""Values of BTF types as Python values, and back: typed keys and values of maps.

    decode_value(btf, flow, b"\\x0a\\0\\0\\1\\x50\\0\\0\\0")   -> {"saddr": 16777226, "port": 80}
    encode_value(btf, flow, {"port": 80})                 -> b"\\0\\0\\0\\0\\x50\\0\\0\\0"

    integers, pointers, enums   int (bool for `_Bool`); an enum may also be given by the enumerator's name
    arrays of 8-bit integers    bytes; also taken: str and lists, padded with zeros
    other arrays                list
    structs, unions             dict; members of anonymous ones are the outer one's; a union has all of its members
    floats                      float

Decoding and encoding are inverses but for padding, which encodes as zeros. Members of a union that are given together
have to agree. What does not fit is an `InputError` that names the field: `key.ports[2]: 70000 does not fit …`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, final
from weakref import WeakKeyDictionary

from bpfcc.errors import InputError
from bpfcc.frontend.btf.types import INT_BOOL

if TYPE_CHECKING:
    from bpfcc.bpfir.module import Endian
    from bpfcc.frontend.btf import Btf, BtfType, Member

Value = bool | int | float | bytes | list[Any] | dict[str, Any]

MAX_DEPTH: Final = 64
# Elements of no size would cost memory that no data stands for.
MAX_EMPTY_ELEMENTS: Final = 4096
MAX_NODES: Final = 100_000
_FLOATS: Final = {2: "e", 4: "f", 8: "d"}


class Codec(Protocol):
    """Reads and writes values of one type at a byte offset."""

    size: int

    def decode(self, data: bytes, at: int) -> Value:
        """The value at a place that lies within the data."""
        ...

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        """Write a value; `path` names it in messages."""
        ...


def decode_value(btf: Btf, type_id: int, data: bytes) -> Value:
    """The value that the bytes are; there have to be as many as the type has."""
    codec = codec_for(btf, type_id)
    if len(data) != codec.size:
        raise InputError(f"{len(data)} bytes for {_name(btf, type_id)}, which has {codec.size}")
    return codec.decode(data, 0)


def encode_value(btf: Btf, type_id: int, value: Any) -> bytes:
    """The bytes of a value."""
    codec = codec_for(btf, type_id)
    out = bytearray(codec.size)
    codec.encode(out, 0, value, _name(btf, type_id))
    return bytes(out)


_CODECS: WeakKeyDictionary[Btf, dict[int, Codec]] = WeakKeyDictionary()


def codec_for(btf: Btf, type_id: int) -> Codec:
    """The codec of a type, made once."""
    codecs = _CODECS.setdefault(btf, {})
    found = codecs.get(type_id)
    if found is None:
        found = _Builder(btf).build(type_id, MAX_DEPTH)
        codecs[type_id] = found
    return found


def _name(btf: Btf, type_id: int) -> str:
    return btf.name(type_id) or btf.kind(type_id)


def _bad(path: str, message: str) -> InputError:
    return InputError(f"{path}: {message}")


@final
@dataclass(slots=True)
class _Integer:
    size: int
    order: Endian
    signed: bool
    boolean: bool
    names: Mapping[str, int]

    def decode(self, data: bytes, at: int) -> Value:
        number = int.from_bytes(data[at : at + self.size], self.order, signed=self.signed)
        return bool(number) if self.boolean and number < 2 else number

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        number = self.number(value, path)
        try:
            out[at : at + self.size] = number.to_bytes(self.size, self.order, signed=self.signed)
        except OverflowError:
            raise _bad(
                path, f"{number} does not fit into {'a signed' if self.signed else 'an unsigned'} {8 * self.size}-bit integer"
            ) from None

    def number(self, value: Any, path: str) -> int:
        """The integer that a value stands for."""
        if isinstance(value, str) and self.names:
            if value not in self.names:
                raise _bad(path, f"no enumerator {value!r}; there are {', '.join(self.names)}")
            return self.names[value]
        if not isinstance(value, int):
            raise _bad(path, f"an integer is wanted, not {type(value).__name__}")
        return int(value)


@final
@dataclass(slots=True)
class _Float:
    size: int
    format: struct.Struct

    def decode(self, data: bytes, at: int) -> Value:
        number: float = self.format.unpack_from(data, at)[0]
        return number

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        if not isinstance(value, (int, float)):
            raise _bad(path, f"a number is wanted, not {type(value).__name__}")
        try:
            self.format.pack_into(out, at, value)
        except (OverflowError, struct.error):
            raise _bad(path, f"{value} does not fit into a float of {self.size} bytes") from None


@final
@dataclass(slots=True)
class _Bytes:
    """An array of 8-bit integers, or anything that is only bytes to us."""

    size: int

    def decode(self, data: bytes, at: int) -> Value:
        return bytes(data[at : at + self.size])

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        try:
            raw = value.encode() if isinstance(value, str) else bytes(b & 0xFF if -128 <= b < 0 else b for b in value)
        except (TypeError, ValueError):
            raise _bad(path, f"bytes are wanted, not {value!r:.60}") from None
        if len(raw) > self.size:
            raise _bad(path, f"{len(raw)} bytes do not fit into {self.size}")
        out[at : at + self.size] = raw.ljust(self.size, b"\0")


@final
@dataclass(slots=True)
class _Array:
    size: int
    element: Codec
    length: int

    def decode(self, data: bytes, at: int) -> Value:
        step, decode = self.element.size, self.element.decode
        return [decode(data, at + i * step) for i in range(self.length)]

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            raise _bad(path, f"a list is wanted, not {type(value).__name__}")
        if len(value) > self.length:
            raise _bad(path, f"{len(value)} elements do not fit into {self.length}")
        for i, item in enumerate(value):
            self.element.encode(out, at + i * self.element.size, item, f"{path}[{i}]")


@final
@dataclass(slots=True)
class _Bits:
    """A bit-field: the bits `[first, first + count)` of the struct's bytes, counted as the byte order has it."""

    size: int
    order: Endian
    first: int
    count: int
    integer: _Integer

    def _span(self, at: int) -> tuple[int, int, int]:
        """First byte, last byte + 1, and the distance of the field's lowest bit from the lowest of those bytes' number."""
        start, end = self.first // 8, (self.first + self.count + 7) // 8
        shift = self.first - 8 * start if self.order == "little" else 8 * end - self.first - self.count
        return at + start, at + end, shift

    def decode(self, data: bytes, at: int) -> Value:
        start, end, shift = self._span(at)
        number = int.from_bytes(data[start:end], self.order) >> shift & ((1 << self.count) - 1)
        if self.integer.signed and number >> (self.count - 1):
            number -= 1 << self.count
        return bool(number) if self.integer.boolean and number < 2 else number

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        number = self.integer.number(value, path)
        low, high = (-(1 << (self.count - 1)), 1 << (self.count - 1)) if self.integer.signed else (0, 1 << self.count)
        if not low <= number < high:
            raise _bad(path, f"{number} does not fit into {self.count} bits")
        start, end, shift = self._span(at)
        mask = ((1 << self.count) - 1) << shift
        word = int.from_bytes(out[start:end], self.order) & ~mask | (number << shift) & mask
        out[start:end] = word.to_bytes(end - start, self.order)


@final
@dataclass(slots=True)
class _Struct:
    """A struct or union. `fields`: name, byte offset, codec; anonymous members have been taken apart."""

    size: int
    kind: str
    fields: tuple[tuple[str, int, Codec], ...]
    overlapping: bool

    def decode(self, data: bytes, at: int) -> Value:
        return {name: codec.decode(data, at + offset) for name, offset, codec in self.fields}

    def encode(self, out: bytearray, at: int, value: Any, path: str) -> None:
        if not isinstance(value, Mapping):
            raise _bad(path, f"a mapping of members is wanted, not {type(value).__name__}")
        given = [(name, offset, codec) for name, offset, codec in self.fields if name in value]
        if len({name for name, _, _ in given}) != len(value):
            known = {name for name, _, _ in self.fields}
            unknown = next(name for name in value if name not in known)
            raise _bad(path, f"no member {unknown!r}; there are {', '.join(sorted(known))}")
        for name, offset, codec in given:
            codec.encode(out, at + offset, value[name], f"{path}.{name}")
        if self.overlapping:
            self._check_agreement(out, at, given, value, path)

    def _check_agreement(self, out: bytearray, at: int, given: list[tuple[str, int, Codec]], value: Any, path: str) -> None:
        """What was written first may have been overwritten by a member that lies in the same place."""
        for name, offset, codec in given:
            again = bytearray(out[at : at + self.size])
            codec.encode(again, offset, value[name], f"{path}.{name}")
            if again != out[at : at + self.size]:
                raise _bad(path, f"member {name!r} disagrees with another member in the same place")


@final
class _Builder:
    """Makes codecs; counts what it makes, because types nest and a hostile one multiplies."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self.nodes = 0

    def build(self, type_id: int, depth: int) -> Codec:
        found = self.btf.type(self.btf.skip_modifiers(type_id))
        self.nodes += 1
        if not depth or self.nodes > MAX_NODES:
            raise self.btf.error("the type nests too deeply to have values", type_id=type_id)
        match found.kind:
            case "int" | "enum" | "enum64" | "ptr":
                return self._integer(found)
            case "float":
                if found.size not in _FLOATS:
                    return _Bytes(found.size)
                return _Float(found.size, struct.Struct(("<" if self.btf.endian == "little" else ">") + _FLOATS[found.size]))
            case "array":
                return self._array(found, depth)
            case "struct" | "union":
                return self._struct(found, depth)
            case "var":
                return self.build(found.type_id, depth - 1)
            case "datasec":
                return self._section(found, depth)
            case _:
                raise self.btf.error(f"{found.kind} {found.name!r} has no values", type_id=type_id)

    def _integer(self, found: BtfType) -> _Integer:
        size = 8 if found.kind == "ptr" else found.size
        if not 0 < size <= 16:
            raise self.btf.error(f"an integer of {size} bytes", type_id=found.id)
        names = {e.name: e.value for e in found.enumerators}
        return _Integer(size, self.btf.endian, found.signed if found.kind != "ptr" else False, bool(found.encoding & INT_BOOL), names)

    def _array(self, found: BtfType, depth: int) -> Codec:
        element = self.build(found.type_id, depth - 1)
        size = self.btf.size_of(found.id)
        if isinstance(element, _Integer) and element.size == 1 and not element.boolean and not element.names:
            return _Bytes(size)
        if not element.size and found.length > MAX_EMPTY_ELEMENTS:
            raise self.btf.error(f"{found.length} elements without a size", type_id=found.id)
        return _Array(size, element, found.length)

    def _struct(self, found: BtfType, depth: int) -> _Struct:
        fields: list[tuple[str, int, Codec]] = []
        overlapping = found.kind == "union"
        for member in found.members:
            if not member.name and not member.bitfield_bits:
                inner = self.build(member.type_id, depth - 1)
                if isinstance(inner, _Struct):
                    self._check_inside(found, member, inner.size)
                    base = member.bit_offset // 8
                    fields += [(name, base + offset, codec) for name, offset, codec in inner.fields]
                    overlapping |= inner.overlapping
                    self.nodes += len(inner.fields)
                continue
            if member.name:
                fields.append(self._member(found, member, depth))
        return _Struct(found.size, found.kind, tuple(fields), overlapping)

    def _member(self, found: BtfType, member: Member, depth: int) -> tuple[str, int, Codec]:
        codec = self.build(member.type_id, depth - 1)
        if member.bitfield_bits:
            if not isinstance(codec, _Integer) or (member.bit_offset + member.bitfield_bits + 7) // 8 > found.size:
                raise self.btf.error(f"bit-field {member.name!r} is malformed", type_id=found.id)
            return member.name, 0, _Bits(found.size, self.btf.endian, member.bit_offset, member.bitfield_bits, codec)
        self._check_inside(found, member, codec.size)
        return member.name, member.bit_offset // 8, codec

    def _check_inside(self, found: BtfType, member: Member, size: int) -> None:
        if member.bit_offset % 8 or member.bit_offset // 8 + size > found.size:
            raise self.btf.error(f"member {member.name!r} leaves the {found.kind}", type_id=found.id)

    def _section(self, found: BtfType, depth: int) -> _Struct:
        """Global data: a struct of the section's variables."""
        fields = []
        for variable in found.variables:
            codec = self.build(variable.type_id, depth - 1)
            if variable.offset + codec.size > found.size:
                raise self.btf.error(f"variable {self.btf.name(variable.type_id)!r} leaves the section", type_id=found.id)
            fields.append((self.btf.name(variable.type_id), variable.offset, codec))
        return _Struct(found.size, found.kind, tuple(fields), overlapping=False)
