"""Maps with keys, as Python mappings.

flows[{"saddr": 1, "port": 80}] = 5      update (BPF_ANY)
flows[key]                               lookup; KeyError when it is not there
counters[0]                              of a per-CPU map: a list, one value for each CPU
flows.put(key, value, BPF_NOEXIST)       update with flags; MapError with errno
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING

from bpfcc.errors import InputError
from bpfcc.runtime.maps.base import Map, MapCalls
from bpfcc.runtime.maps.types import BPF_ANY, ENOENT, PER_CPU, MissingKeyError, map_error
from bpfcc.runtime.maps.values import Codec, Item, ItemCodec, PrefixItem, TypedItem, as_bytes, item_codec

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec

BATCH_BYTES = 1 << 16


class KeyedMap(Map, MutableMapping[Item, Item]):
    """A map from keys to values. Iteration is Linux's: entries that come or go meanwhile may be seen or not."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, codec: Codec | None, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, calls)
        self.keys_as = self._key_codec(codec)
        self.values_as: ItemCodec = item_codec(spec.value_size, f"value of map {spec.name!r}", codec, spec.btf_value_type_id)
        self._value_bytes = int(self._calls.bpfcc_map_value_bytes(handle))

    def _key_codec(self, codec: Codec | None) -> ItemCodec:
        what = f"key of map {self.name!r}"
        # Object storage is keyed by a number of ours, whatever type the key has in Linux.
        own_key = self.key_size != self.spec.key_size
        plain = item_codec(self.key_size, what, codec, 0 if own_key else self.spec.btf_key_type_id)
        if self.type != "lpm_trie":
            return plain
        return PrefixItem(self.key_size, what, plain if isinstance(plain, TypedItem) else None)

    # ---- bytes ----

    def read_bytes(self, key: bytes, flags: int = 0) -> bytes:
        """The value's bytes (per-CPU: of all CPUs, each padded to 8)."""
        buffer = ctypes.create_string_buffer(self._value_bytes)
        result = self._calls.bpfcc_map_read(self.handle, key, buffer, flags)
        if result == -ENOENT:
            raise MissingKeyError(f"map {self.name!r}: no entry {self.keys_as.decode(key)!r}", ENOENT)
        self.check(result, "lookup")
        return buffer.raw

    def write_bytes(self, key: bytes, value: bytes, flags: int = BPF_ANY) -> None:
        """Store bytes as `read_bytes` gives them."""
        self.check(self._calls.bpfcc_map_write(self.handle, key, value, flags), "update")

    def raw_items(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry as bytes, in the map's order, many at a time; entries may be deleted meanwhile."""
        most = max(1, min(4096, BATCH_BYTES // (self.key_size + self._value_bytes)))
        cursor = ctypes.c_uint64(0)
        keys = ctypes.create_string_buffer(self.key_size * most)
        values = ctypes.create_string_buffer(self._value_bytes * most)
        while found := self.check(self._calls.bpfcc_map_batch(self.handle, ctypes.pointer(cursor), keys, values, most), "walk"):
            key_bytes, value_bytes = keys.raw, values.raw
            for i in range(found):
                key = key_bytes[i * self.key_size : (i + 1) * self.key_size]
                yield key, value_bytes[i * self._value_bytes : (i + 1) * self._value_bytes]

    # ---- values ----

    def decode(self, data: bytes) -> Item:
        """A value from what `read_bytes` gives."""
        return self.values_as.decode(data)

    def encode(self, value: Item) -> bytes:
        """The bytes that `write_bytes` takes."""
        return self.values_as.encode(value)

    def __getitem__(self, key: Item) -> Item:
        return self.decode(self.read_bytes(self.keys_as.encode(key)))

    def __setitem__(self, key: Item, value: Item) -> None:
        self.put(key, value)

    def put(self, key: Item, value: Item, flags: int = BPF_ANY) -> None:
        """Update with BPF_NOEXIST, BPF_EXIST or BPF_F_LOCK."""
        self.write_bytes(self.keys_as.encode(key), self.encode(value), flags)

    def __delitem__(self, key: Item) -> None:
        raw = self.keys_as.encode(key)
        result = self._calls.bpfcc_map_erase(self.handle, raw)
        if result == -ENOENT:
            raise MissingKeyError(f"map {self.name!r}: no entry {self.keys_as.decode(raw)!r}", ENOENT)
        self.check(result, "delete")

    def take(self, key: Item) -> Item:
        """Lookup and delete in one."""
        raw, buffer = self.keys_as.encode(key), ctypes.create_string_buffer(self._value_bytes)
        result = self._calls.bpfcc_map_take(self.handle, raw, buffer)
        if result == -ENOENT:
            raise MissingKeyError(f"map {self.name!r}: no entry {self.keys_as.decode(raw)!r}", ENOENT)
        self.check(result, "lookup and delete")
        return self.decode(buffer.raw)

    def next_key(self, key: Item | None) -> Item | None:
        """BPF_MAP_GET_NEXT_KEY: what follows `key`, the first key for None or a key that is not there, None at the end."""
        raw = None if key is None else self.keys_as.encode(key)
        buffer = ctypes.create_string_buffer(self.key_size)
        result = self._calls.bpfcc_map_next_key(self.handle, raw, buffer)
        if result == -ENOENT:
            return None
        self.check(result, "next key")
        return self.keys_as.decode(buffer.raw)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __iter__(self) -> Iterator[Item]:
        return (self.keys_as.decode(key) for key, _ in self.raw_items())

    def __len__(self) -> int:
        return self.count()

    def __contains__(self, key: object) -> bool:
        try:
            self.read_bytes(self.keys_as.encode(key))
        except MissingKeyError:
            return False
        return True

    def entries(self) -> Iterator[tuple[Item, Item]]:
        """Keys and values together, without a second lookup for each key."""
        return ((self.keys_as.decode(key), self.decode(value)) for key, value in self.raw_items())

    def clear(self) -> None:
        """Delete every entry (of an array: MapError, as Linux has it)."""
        for key, _ in self.raw_items():
            result = self._calls.bpfcc_map_erase(self.handle, key)
            if result != -ENOENT:
                self.check(result, "delete")


class PerCpuMap(KeyedMap):
    """Values are lists, one for each CPU; a single value is stored for all of them."""

    def _stride(self) -> int:
        return (self.value_size + 7) // 8 * 8

    def decode(self, data: bytes) -> Item:
        """A list of `cpus` values."""
        stride = self._stride()
        return [self.values_as.decode(data[cpu * stride : cpu * stride + self.value_size]) for cpu in range(self.cpus)]

    def encode(self, value: Item) -> bytes:
        """From a list of `cpus` values, from one value for every CPU, or from all bytes."""
        whole = None if isinstance(value, list) or len_of(value) != self._value_bytes else as_bytes(value, self._value_bytes, self.name)
        if whole is not None:
            return whole
        values = value if isinstance(value, list) else [value] * self.cpus
        if len(values) != self.cpus:
            raise InputError(f"map {self.name!r}: {len(values)} values for {self.cpus} CPUs")
        return b"".join(self.values_as.encode(one).ljust(self._stride(), b"\0") for one in values)

    def total(self, key: Item) -> int:
        """The sum over all CPUs, for counters."""
        return sum(self[key])


def len_of(value: Item) -> int:
    """Length of bytes, -1 of anything else."""
    return len(value) if isinstance(value, (bytes, bytearray, memoryview)) else -1


class OuterMap(KeyedMap):
    """array_of_maps, hash_of_maps. Values are maps that have an id already; their objects are kept while they are in."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, codec: Codec | None, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, codec, calls)
        self._inner: dict[int, Map] = {}

    def decode(self, data: bytes) -> Item:
        """The map where it was stored from Python, else its id."""
        number = int.from_bytes(data, "little")
        return self._inner.get(number, number)

    def encode(self, value: Item) -> bytes:
        """A map with an id, an id, or its bytes."""
        if not isinstance(value, Map):
            return self.values_as.encode(value)
        if value.id is None:
            raise InputError(f"map {value.name!r} has no id yet: add it to the state first")
        if not self.accepts(value):
            raise map_error(self.name, f"update with {value.name!r}, which differs from the inner map's definition", 22)
        self._inner[value.id] = value
        return value.id.to_bytes(4, "little")

    def accepts(self, inner: Map) -> bool:
        """Linux's rule (bpf_map_meta_equal): same type, sizes and flags; arrays also the same length unless BPF_F_INNER_MAP."""
        wanted = self.spec.inner
        if wanted is None:
            return True
        same = (wanted.type, wanted.key_size, wanted.value_size, wanted.flags) == (
            inner.type,
            inner.spec.key_size,
            inner.spec.value_size,
            inner.spec.flags,
        )
        fixed = wanted.type == "array" and not wanted.flags & 1 << 12
        return same and (not fixed or wanted.max_entries == inner.max_entries)


def keyed_class(kind: str) -> type[KeyedMap]:
    """Which class wraps a kind of map."""
    if kind in PER_CPU:
        return PerCpuMap
    return OuterMap if kind in ("array_of_maps", "hash_of_maps") else KeyedMap
