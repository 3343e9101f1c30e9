"""Contexts as data: bytes from named fields, named fields from bytes, and which bytes a program may touch.

    codec = context_codec(platform, "xdp")
    codec.encode({"ingress_ifindex": 3})         24 bytes; data and data_end come with the packet
    codec.decode(bytes)["rx_queue_index"]        0

The two bitmaps have one bit a byte, as `struct bpfcc_region` wants them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias, final

from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.runtime.specs import ContextSpec, Field, Platform

FieldValue: TypeAlias = int | bytes | Sequence[int]
ContextValues: TypeAlias = Mapping[str, FieldValue]

FILLED_BY_PACKET: Final = frozenset({"packet_start", "packet_end", "packet_meta", "packet_length"})
ORDER: Final = sys.byteorder


def bitmap(size: int, ranges: Sequence[tuple[int, int]]) -> bytes:
    """Bits set for the bytes of each (offset, length)."""
    value = 0
    for offset, length in ranges:
        value |= ((1 << length) - 1) << offset
    return value.to_bytes((size + 7) // 8 or 1, "little")


def _encode_field(spec: Field, value: FieldValue) -> bytes:
    if isinstance(value, bytes | bytearray):
        if len(value) != spec.size:
            raise InputError(f"context field {spec.name} has {spec.size} bytes, not {len(value)}")
        return bytes(value)
    items = [value] if isinstance(value, int) else list(value)
    if len(items) != spec.count:
        raise InputError(f"context field {spec.name} has {spec.count} elements, not {len(items)}")
    bits = 8 * spec.element_size
    for item in items:
        if not -(1 << (bits - 1)) <= item < 1 << bits:
            raise InputError(f"{item} does not fit into context field {spec.name} of {spec.element_size} bytes")
    return b"".join((item & ((1 << bits) - 1)).to_bytes(spec.element_size, ORDER) for item in items)


@final
class DecodedContext(Mapping[str, FieldValue]):
    """The fields of a context, decoded when they are first asked for."""

    __slots__ = ("_codec", "_fields", "_raw")

    def __init__(self, codec: ContextCodec, raw: bytes) -> None:
        self._codec = codec
        self._raw = raw
        self._fields: dict[str, FieldValue] | None = None

    def _decoded(self) -> dict[str, FieldValue]:
        if self._fields is None:
            self._fields = self._codec.decode(self._raw)
        return self._fields

    def __getitem__(self, key: str) -> FieldValue:
        return self._decoded()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._decoded())

    def __len__(self) -> int:
        return len(self._decoded())

    def __repr__(self) -> str:
        return repr(self._decoded())


@final
@dataclass(frozen=True)
class ContextCodec:
    """A context's layout for one program type and attach type."""

    spec: ContextSpec
    readable_fields: frozenset[str]
    writable_fields: frozenset[str]
    _by_name: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({each.name: each for each in self.spec.fields})

    def encode(self, values: ContextValues) -> bytes:
        """The context's bytes; what is not named is zero. InputError for a field that is not there or is the packet's."""
        out = bytearray(self.spec.size)
        for name, value in values.items():
            spec = self._by_name.get(name)
            if spec is None:
                known = ", ".join(self._by_name)
                raise InputError(f"context {self.spec.name} has no field {name!r}; it has {known or 'none, give its bytes'}")
            if spec.kind in FILLED_BY_PACKET:
                raise InputError(f"context field {name} comes with the packet")
            out[spec.offset : spec.offset + spec.size] = _encode_field(spec, value)
        return bytes(out)

    def decode(self, context: bytes) -> dict[str, FieldValue]:
        """The fields that are in `context`: numbers, tuples where the field is an array."""
        found: dict[str, FieldValue] = {}
        for spec in self.spec.fields:
            raw = context[spec.offset : spec.offset + spec.size]
            if len(raw) < spec.size:
                continue
            step = spec.element_size
            numbers = tuple(int.from_bytes(raw[at : at + step], ORDER) for at in range(0, spec.size, step))
            found[spec.name] = numbers if spec.count > 1 else numbers[0]
        return found

    def _ranges(self, names: frozenset[str]) -> list[tuple[int, int]]:
        return [(each.offset, each.size) for each in self.spec.fields if each.name in names]

    @cached_property
    def readable(self) -> bytes | None:
        """Bitmap of readable bytes; None = all."""
        if self.spec.fields:
            return bitmap(self.spec.size, self._ranges(self.readable_fields))
        hidden = self.spec.readable_from
        return bitmap(self.spec.size, [(hidden, self.spec.size - hidden)]) if hidden else None

    @cached_property
    def writable(self) -> bytes | None:
        """Bitmap of writable bytes; None = all."""
        return None if "*" in self.writable_fields else bitmap(self.spec.size, self._ranges(self.writable_fields))

    def offset_of(self, name: str) -> int:
        """Where a field begins, -1 where there is none."""
        spec = self._by_name.get(name)
        return -1 if spec is None else spec.offset

    def offset_of_kind(self, kind: str) -> int:
        """Where the first readable field of a kind begins, -1 where there is none."""
        return next((each.offset for each in self.spec.fields if each.kind == kind and each.name in self.readable_fields), -1)

    @property
    def pointer_bytes(self) -> int:
        """Bytes of a packet pointer in this context: 4 in most of Linux's, else 8."""
        return next((each.size for each in self.spec.fields if each.kind == "packet_start"), 8)


def context_codec(platform: Platform, program_type: str, attach_type: str | None = None, arch: str | None = None) -> ContextCodec | None:
    """The codec of what such programs get as their context, None where the type has none of its own (`ext`)."""
    spec = platform.context_of(program_type, arch)
    if spec is None:
        return None
    readable = platform.readable_fields(program_type, attach_type)
    if spec is not platform.context_of(program_type):
        readable = frozenset(each.name for each in spec.fields)
    return ContextCodec(spec, readable, platform.writable_fields(program_type, attach_type))
