"""Maps of the kernel, as the classes of `bpfcc.runtime.maps` show them: the same mappings, queues and event streams.

    with make_map(spec, types, codec) as flows:
        flows[1] = 2
        flows.handle                    its file descriptor

Those classes call the native library with a map's handle; `KernelCalls` has the same functions, and the handle is a file descriptor.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.backends.kernel import syscall
from bpfcc.backends.kernel.buffers import PerfRings, Ring
from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError
from bpfcc.runtime.library import MapArea, MapDef
from bpfcc.runtime.maps.create import adjusted, fill_initial, wrap_map
from bpfcc.runtime.maps.types import PER_CPU, map_error, type_number

if TYPE_CHECKING:
    from bpfcc.backends.kernel.types import TypeStore
    from bpfcc.runtime.maps import Map
    from bpfcc.runtime.maps.values import Codec

ENOENT: Final = 2
EBUSY: Final = 16
ENOTSUP: Final = 95
OUTER: Final = frozenset({"array_of_maps", "hash_of_maps"})
# Kinds to which Linux gives no types of keys and values (libbpf leaves them out, too).
UNTYPED: Final = OUTER | {
    "perf_event_array", "cgroup_array", "stack_trace", "devmap", "devmap_hash", "cpumap", "xskmap", "sockmap", "sockhash", "queue", "stack",
    "prog_array", "ringbuf", "bloom_filter",
}  # fmt: skip


def _errno(work: Callable[[], object]) -> int:
    """What a call of the native library would give: 0, or the errno as a negative number."""
    try:
        work()
    except OSError as error:
        return -(error.errno or 1)
    return 0


@final
@dataclass(slots=True)
class KernelCalls:
    """The native library's functions for one map of the kernel. `names`: of maps that an outer map may hold, id to file descriptor."""

    spec: MapSpec
    cpus: int
    names: dict[int, int] = field(default_factory=dict)
    ring: Ring | None = None
    perf: PerfRings | None = None
    _walks: dict[int, bytes] = field(default_factory=dict)
    _taken: list[bytes] = field(default_factory=list)

    @property
    def value_bytes(self) -> int:
        """Bytes of a value as bpf(2) has it."""
        if self.spec.type in PER_CPU:
            return (self.spec.value_size + 7) // 8 * 8 * self.cpus
        return self.spec.value_size

    # ---- the map itself

    def bpfcc_map_free(self, handle: int) -> None:
        if self.ring is not None:
            self.ring.close()
        if self.perf is not None:
            self.perf.close()
        os.close(handle)

    def bpfcc_map_definition(self, _handle: int) -> Any:
        spec = self.spec
        return ctypes.pointer(
            MapDef(type_number(spec.type), spec.key_size, spec.value_size, spec.max_entries, spec.flags, self.cpus, spec.map_extra)
        )

    def bpfcc_map_key_bytes(self, _handle: int) -> int:
        return self.spec.key_size

    def bpfcc_map_value_bytes(self, _handle: int) -> int:
        return self.value_bytes

    def bpfcc_map_area(self, _handle: int, _area: MapArea) -> int:
        return -ENOTSUP

    def bpfcc_map_set_fields(self, _handle: int, _lock: int, _timer: int) -> int:
        # The kernel finds them by the map's types.
        return -ENOTSUP

    def bpfcc_map_freeze(self, handle: int) -> int:
        return _errno(lambda: syscall.map_freeze(handle))

    def bpfcc_map_count(self, handle: int) -> int:
        if self.spec.type in {"queue", "stack"}:
            return len(self._drained(handle))
        if "array" in self.spec.type and self.spec.type not in OUTER:
            return self.spec.max_entries
        count, key = 0, self._after(handle, None)
        while key is not None and count < self.spec.max_entries:
            count += 1
            key = self._after(handle, key)
        return count

    def _after(self, handle: int, key: bytes | None) -> bytes | None:
        """The next key of a walk, which is over where Linux does not let anybody walk (storage of sockets, tasks, …)."""
        try:
            return syscall.map_next_key(handle, key, self.spec.key_size)
        except OSError:
            return None

    # ---- entries

    def bpfcc_map_read(self, handle: int, key: bytes | None, buffer: ctypes.Array[ctypes.c_char], flags: int) -> int:
        given = buffer.raw if self.spec.type == "bloom_filter" else b""

        def read() -> None:
            found = syscall.map_lookup(handle, key, self.value_bytes, flags, value=given)
            ctypes.memmove(buffer, found, len(found))

        return _errno(read)

    def bpfcc_map_write(self, handle: int, key: bytes | None, value: bytes, flags: int) -> int:
        if self.spec.type in OUTER:
            inner = self.names.get(int.from_bytes(value, "little"))
            if inner is None:
                return -ENOENT
            value = inner.to_bytes(4, "little")
        return _errno(lambda: syscall.map_update(handle, key, value, flags))

    def bpfcc_map_erase(self, handle: int, key: bytes) -> int:
        return _errno(lambda: syscall.map_delete(handle, key))

    def bpfcc_map_take(self, handle: int, key: bytes | None, buffer: ctypes.Array[ctypes.c_char]) -> int:
        def take() -> None:
            found = syscall.map_take(handle, key, self.value_bytes)
            ctypes.memmove(buffer, found, len(found))

        return _errno(take)

    def bpfcc_map_next_key(self, handle: int, key: bytes | None, buffer: ctypes.Array[ctypes.c_char]) -> int:
        def step() -> None:
            found = syscall.map_next_key(handle, key, self.spec.key_size)
            if found is None:
                raise FileNotFoundError(ENOENT, "no key after it")
            ctypes.memmove(buffer, found, len(found))

        return _errno(step)

    def bpfcc_map_batch(
        self, handle: int, cursor: Any, keys: ctypes.Array[ctypes.c_char], values: ctypes.Array[ctypes.c_char], most: int
    ) -> int:
        """As many entries as there is room for; `cursor` counts them, and the key that was the last is kept."""
        done = int(cursor.contents.value)
        key = self._walks.pop(done, None)
        if done and key is None:
            return 0
        size, found = self.spec.key_size, 0
        # A walk over a table that changes may begin anew, without an end.
        while found < most and done + found < self.spec.max_entries:
            key = self._after(handle, key)
            if key is None:
                break
            try:
                value = syscall.map_lookup(handle, key, self.value_bytes)
            except OSError:
                # Gone meanwhile, an index of an array of maps with nothing in it, or a socket, which nobody can look at.
                done += 1
                continue
            ctypes.memmove(ctypes.addressof(keys) + found * size, key, size)
            ctypes.memmove(ctypes.addressof(values) + found * self.value_bytes, value, self.value_bytes)
            found += 1
        cursor.contents.value = done + found
        if key is not None and found:
            self._walks[done + found] = key
        return found

    # ---- queues

    def _drained(self, handle: int) -> list[bytes]:
        """What is in a queue or stack, first what comes out first: taken out, and put back."""
        found: list[bytes] = []
        while len(found) < self.spec.max_entries:
            try:
                found.append(syscall.map_take(handle, None, self.spec.value_size))
            except FileNotFoundError:
                break
        for value in found if self.spec.type == "queue" else reversed(found):
            syscall.map_update(handle, None, value)
        return found

    def bpfcc_map_each(self, handle: int, cursor: Any, _key: None, value: Any, _cpu: int) -> int:
        at = int(cursor.contents.value)
        if at == 0:
            self._taken = self._drained(handle)
        if at >= len(self._taken):
            return -ENOENT
        cursor.contents.value = at + 1
        value.contents.value = ctypes.cast(ctypes.c_char_p(self._taken[at]), ctypes.c_void_p).value
        return 0

    # ---- buffers

    def bpfcc_ring_read(self, _handle: int, buffer: ctypes.Array[ctypes.c_char], size: int, needed: Any) -> int:
        return self.ring.read(buffer, size, needed.contents) if self.ring is not None else -ENOTSUP

    def bpfcc_ring_wait(self, _handle: int, timeout_ms: int) -> int:
        return self.ring.wait(timeout_ms) if self.ring is not None else -ENOTSUP

    def bpfcc_ring_query(self, _handle: int, what: int) -> int:
        return self.ring.query(what) if self.ring is not None else 0

    def bpfcc_ring_output(self, _handle: int, _data: bytes, _size: int, _flags: int) -> int:
        return -ENOTSUP

    def bpfcc_perf_read(self, _handle: int, cpu: int, buffer: ctypes.Array[ctypes.c_char], size: int, needed: Any) -> int:
        return self.perf.read(cpu, buffer, size, needed.contents) if self.perf is not None else -ENOTSUP

    def bpfcc_perf_wait(self, _handle: int, timeout_ms: int) -> int:
        return self.perf.wait(timeout_ms) if self.perf is not None else -ENOTSUP

    def bpfcc_perf_lost(self, _handle: int, cpu: int) -> int:
        return self.perf.take_lost(cpu) if self.perf is not None else 0

    def bpfcc_perf_output(self, _handle: int, *_arguments: object) -> int:
        return -ENOTSUP

    def bpfcc_stack_id(self, _handle: int, *_arguments: object) -> int:
        return -ENOTSUP


# ---- making them


def make_map(spec: MapSpec, types: TypeStore, codec: Codec | None, known: dict[int, int]) -> Map:
    """A map of the kernel with its initial contents; MapError where Linux refuses. `known`: ids to file descriptors, this map's added."""
    type_number(spec.type)
    cpus = syscall.possible_cpus()
    spec = adjusted(spec, cpus, mmap.PAGESIZE)
    fd = create(spec, types)
    try:
        calls = KernelCalls(spec, cpus, known)
        if spec.type == "ringbuf":
            calls.ring = Ring(fd, spec.max_entries)
        elif spec.type == "perf_event_array":
            calls.perf = PerfRings(fd, min(cpus, spec.max_entries))
        number = syscall.object_id(fd)
    except OSError as error:
        os.close(fd)
        raise map_error(spec.name, "create", error.errno or 0) from None
    with ExitStack() as stack:
        made = stack.enter_context(wrap_map(spec, fd, cpus, codec, calls))
        made.id = number
        if spec.initial is not None:
            fill_initial(made, spec.initial)
        known[number] = fd
        stack.pop_all()
    return made


def create(spec: MapSpec, types: TypeStore) -> int:
    """BPF_MAP_CREATE, with types where the definition has some: for locks, timers and the like Linux wants them."""
    for what, value in (("key_size", spec.key_size), ("value_size", spec.value_size), ("max_entries", spec.max_entries)):
        if not 0 <= value < 1 << 32:
            raise InputError(f"map {spec.name!r}: {what} {value} does not fit into 32 bits")
    definition = syscall.MapCreate(
        map_type=type_number(spec.type),
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        map_flags=spec.flags,
        map_name=syscall.object_name(spec.name),
        map_extra=spec.map_extra,
    )
    if spec.numa_node is not None:
        definition.numa_node = spec.numa_node
    inner = None
    if spec.type in OUTER and spec.inner is not None:
        inner = create(adjusted(spec.inner, 1, mmap.PAGESIZE), types)
        definition.inner_map_fd = inner
    try:
        return _create(spec, definition, types)
    except OSError as error:
        raise map_error(spec.name, "create", error.errno or 0) from None
    finally:
        if inner is not None:
            os.close(inner)


def _create(spec: MapSpec, definition: syscall.MapCreate, types: TypeStore) -> int:
    typed = spec.btf is not None and spec.btf_value_type_id and spec.type not in UNTYPED
    fd = types.fd(spec.btf) if spec.btf is not None and typed else None
    if fd is not None:
        definition.btf_fd = fd
        definition.btf_key_type_id = spec.btf_key_type_id
        definition.btf_value_type_id = spec.btf_value_type_id
        try:
            return syscall.map_create(definition)
        except OSError:
            # Types that this kernel does not take for such a map say nothing that most programs need.
            definition.btf_fd = definition.btf_key_type_id = definition.btf_value_type_id = 0
    return syscall.map_create(definition)
