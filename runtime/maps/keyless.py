"""Maps without keys: queues and stacks, bloom filters, stack traces by id.

jobs.push(7); jobs.peek(); jobs.pop()
seen.add(b"..."); b"..." in seen
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bpfcc.runtime.maps.base import Map, MapCalls
from bpfcc.runtime.maps.keyed import KeyedMap
from bpfcc.runtime.maps.types import BPF_ANY, ENOENT, EmptyError
from bpfcc.runtime.maps.values import Codec, Item, item_codec

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec


class QueueMap(Map):
    """queue (first in, first out) and stack (last in, first out)."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, codec: Codec | None, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, calls)
        self.values_as = item_codec(spec.value_size, f"value of map {spec.name!r}", codec, spec.btf_value_type_id)

    def push(self, value: Item, flags: int = BPF_ANY) -> None:
        """MapError (E2BIG) when full, unless BPF_EXIST: then the oldest one goes."""
        self.check(self._calls.bpfcc_map_write(self.handle, None, self.values_as.encode(value), flags), "push")

    def pop(self) -> Item:
        """The next value, removed. EmptyError, an IndexError, when there is none."""
        buffer = ctypes.create_string_buffer(self.value_size)
        return self._value(self._calls.bpfcc_map_take(self.handle, None, buffer), buffer, "pop")

    def peek(self) -> Item:
        """The next value, which stays."""
        buffer = ctypes.create_string_buffer(self.value_size)
        return self._value(self._calls.bpfcc_map_read(self.handle, None, buffer, 0), buffer, "peek")

    def _value(self, result: int, buffer: ctypes.Array[ctypes.c_char], action: str) -> Item:
        if result == -ENOENT:
            raise EmptyError(f"map {self.name!r}: {action}: it is empty", ENOENT)
        self.check(result, action)
        return self.values_as.decode(buffer.raw)

    def raw_values(self) -> Iterator[bytes]:
        """The values' bytes in the order in which pop would give them; they stay."""
        cursor, value = ctypes.c_uint64(0), ctypes.c_void_p()
        while self._calls.bpfcc_map_each(self.handle, ctypes.pointer(cursor), None, ctypes.pointer(value), 0) == 0:
            yield ctypes.string_at(value.value or 0, self.value_size)

    def __iter__(self) -> Iterator[Item]:
        return (self.values_as.decode(raw) for raw in self.raw_values())

    def __len__(self) -> int:
        return self.count()


class BloomFilter(Map):
    """bloom_filter: may say that something is in which is not, never the reverse."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, codec: Codec | None, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, calls)
        self.values_as = item_codec(spec.value_size, f"value of map {spec.name!r}", codec, spec.btf_value_type_id)

    def add(self, value: Item) -> None:
        """Put a value in."""
        self.check(self._calls.bpfcc_map_write(self.handle, None, self.values_as.encode(value), BPF_ANY), "push")

    def __contains__(self, value: object) -> bool:
        buffer = ctypes.create_string_buffer(self.values_as.encode(value), self.value_size)
        result = self._calls.bpfcc_map_read(self.handle, None, buffer, 0)
        return result != -ENOENT and self.check(result, "peek") == 0


class StackTraceMap(KeyedMap):
    """stack_trace: ids of stacks to lists of addresses, innermost first."""

    def decode(self, data: bytes) -> Item:
        """The addresses, without the zeros that follow."""
        words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
        while words and words[-1] == 0:
            words.pop()
        return words

    def add(self, addresses: Sequence[int], flags: int = 0) -> int:
        """The id of a stack, as bpf_get_stackid gives it."""
        array = (ctypes.c_uint64 * len(addresses))(*addresses)
        return self.check(self._calls.bpfcc_stack_id(self.handle, array, len(addresses), flags), "stack id")
