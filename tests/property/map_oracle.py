"""The same map twice, for comparing: in the running kernel through bpf(2), and in the native library.

kernel, ours = KernelMap.create(definition), OurMap.create(definition)    # a map, or the errno of the refusal
kernel.lookup(key)                                                        # (errno, bytes)
"""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass
from typing import Protocol, final

from bpfcc.runtime.library import MapDef, native
from tests import kernel

Answer = tuple[int, bytes]

_CREATE, _LOOKUP, _UPDATE, _DELETE, _NEXT_KEY, _TAKE, _FREEZE = 0, 1, 2, 3, 4, 21, 22


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """What both sides are made from."""

    type: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int = 0
    extra: int = 0

    @property
    def percpu(self) -> bool:
        return self.type in (5, 6, 10)


class AnyMap(Protocol):
    """Operations from outside: errno (0: fine) and what was read."""

    def lookup(self, key: bytes | None, value: bytes = b"", flags: int = 0) -> Answer: ...
    def update(self, key: bytes | None, value: bytes, flags: int = 0) -> Answer: ...
    def delete(self, key: bytes | None) -> Answer: ...
    def next_key(self, key: bytes | None) -> Answer: ...
    def take(self, key: bytes | None) -> Answer: ...
    def freeze(self) -> Answer: ...
    def close(self) -> None: ...


def kernel_cpus() -> int:
    """How many values a per-CPU map has in the kernel."""
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:  # noqa: PTH123 - sysfs
        return int(file.read().strip().rpartition("-")[2]) + 1


def value_bytes(definition: Definition, cpus: int) -> int:
    """Bytes of a value as operations from outside take it."""
    return (definition.value_size + 7) // 8 * 8 * cpus if definition.percpu else definition.value_size


@final
class KernelMap:
    """A map of the kernel."""

    def __init__(self, definition: Definition, fd: int) -> None:
        self.definition = definition
        self.fd = fd
        self.bytes = value_bytes(definition, kernel_cpus())

    @staticmethod
    def create(definition: Definition) -> KernelMap | int:
        attributes = struct.pack(
            "<IIIIIII16sIIIIIQ",
            definition.type,
            definition.key_size,
            definition.value_size,
            definition.max_entries,
            definition.flags,
            0,
            0,
            b"",
            0,
            0,
            0,
            0,
            0,
            definition.extra,
        )
        try:
            return KernelMap(definition, kernel._bpf(_CREATE, attributes)[0])
        except OSError as error:
            return error.errno or 0

    def _call(self, command: int, key: bytes | None, value: bytes, flags: int) -> Answer:
        keys = ctypes.create_string_buffer(key or b"", max(1, len(key or b"")))
        values = ctypes.create_string_buffer(value, max(8, len(value), self.bytes, self.definition.key_size))
        address = ctypes.addressof(values) if command != _DELETE else 0
        attributes = struct.pack("<IIQQQ", self.fd, 0, ctypes.addressof(keys) if key is not None else 0, address, flags)
        try:
            kernel._bpf(command, attributes)
        except OSError as error:
            return error.errno or 0, b""
        return 0, values.raw

    def lookup(self, key: bytes | None, value: bytes = b"", flags: int = 0) -> Answer:
        errno, data = self._call(_LOOKUP, key, value, flags)
        return errno, data[: self.bytes]

    def update(self, key: bytes | None, value: bytes, flags: int = 0) -> Answer:
        return self._call(_UPDATE, key, value, flags)[0], b""

    def delete(self, key: bytes | None) -> Answer:
        return self._call(_DELETE, key, b"", 0)[0], b""

    def next_key(self, key: bytes | None) -> Answer:
        errno, data = self._call(_NEXT_KEY, key, b"", 0)
        return errno, data[: self.definition.key_size]

    def take(self, key: bytes | None) -> Answer:
        errno, data = self._call(_TAKE, key, b"", 0)
        return errno, data[: self.bytes]

    def freeze(self) -> Answer:
        try:
            kernel._bpf(_FREEZE, struct.pack("<I", self.fd))
        except OSError as error:
            return error.errno or 0, b""
        return 0, b""

    def close(self) -> None:
        os.close(self.fd)


@final
class OurMap:
    """A map of the native library."""

    def __init__(self, definition: Definition, handle: int, cpus: int) -> None:
        self.definition = definition
        self.handle = handle
        self.bytes = value_bytes(definition, cpus)

    @staticmethod
    def create(definition: Definition, cpus: int | None = None) -> OurMap | int:
        cpus = kernel_cpus() if cpus is None else cpus
        handle = ctypes.c_void_p()
        made = MapDef(
            definition.type,
            definition.key_size,
            definition.value_size,
            definition.max_entries,
            definition.flags,
            cpus,
            definition.extra,
        )
        errno = -native().bpfcc_map_create(ctypes.byref(made), ctypes.byref(handle))
        return errno or OurMap(definition, handle.value or 0, cpus)

    def lookup(self, key: bytes | None, value: bytes = b"", flags: int = 0) -> Answer:
        buffer = ctypes.create_string_buffer(value, max(1, self.bytes, len(value)))
        errno = -native().bpfcc_map_read(self.handle, key, buffer, flags)
        return errno, b"" if errno else buffer.raw[: self.bytes]

    def update(self, key: bytes | None, value: bytes, flags: int = 0) -> Answer:
        return -native().bpfcc_map_write(self.handle, key, value, flags), b""

    def delete(self, key: bytes | None) -> Answer:
        return -native().bpfcc_map_erase(self.handle, key), b""

    def next_key(self, key: bytes | None) -> Answer:
        buffer = ctypes.create_string_buffer(max(1, self.definition.key_size))
        errno = -native().bpfcc_map_next_key(self.handle, key, buffer)
        return errno, b"" if errno else buffer.raw[: self.definition.key_size]

    def take(self, key: bytes | None) -> Answer:
        buffer = ctypes.create_string_buffer(max(1, self.bytes))
        errno = -native().bpfcc_map_take(self.handle, key, buffer)
        return errno, b"" if errno else buffer.raw[: self.bytes]

    def freeze(self) -> Answer:
        return -native().bpfcc_map_freeze(self.handle), b""

    def count(self) -> int:
        return int(native().bpfcc_map_count(self.handle))

    def close(self) -> None:
        native().bpfcc_map_free(self.handle)


def all_keys(subject: AnyMap, most: int = 100_000) -> list[bytes]:
    """Every key, in the order of BPF_MAP_GET_NEXT_KEY."""
    keys: list[bytes] = []
    errno, key = subject.next_key(None)
    while not errno and len(keys) < most:
        keys.append(key)
        errno, key = subject.next_key(key)
    return keys
