"""Consumers of ring buffers and perf buffers.

    for event in ring.poll(timeout_ms=100):     bytes, or what `decode` makes of them
        …
    for event in perf.poll():                   PerfEvent(cpu, data)

One consumer at a time; producers are programs (or `output`, for tests and tools).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.errors import InternalError
from bpfcc.runtime.maps.base import Map, MapCalls
from bpfcc.runtime.maps.values import Item

if TYPE_CHECKING:
    from bpfcc.bpfir.module import MapSpec

ENOSPC: Final = 28
FIRST_BUFFER: Final = 1 << 16
CURRENT_CPU: Final = 0xFFFF_FFFF

RB_NO_WAKEUP: Final = 1
RB_FORCE_WAKEUP: Final = 2
RB_AVAIL_DATA: Final = 0
RB_RING_SIZE: Final = 1
RB_CONS_POS: Final = 2
RB_PROD_POS: Final = 3


class PerfEvent(NamedTuple):
    """A sample: the CPU whose ring it was in, and its bytes."""

    cpu: int
    data: bytes


def split_records(data: bytes) -> Iterator[bytes]:
    """Records as the native library copies them: a u32 length and the bytes, padded to 8."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "little")
        if at + 4 + length > len(data):
            raise InternalError("a record leaves the buffer")
        yield data[at + 4 : at + 4 + length]
        at += (4 + length + 7) // 8 * 8


class _Reader:
    """Reads what one native call gives, growing the buffer for a large record."""

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(FIRST_BUFFER)

    def read(self, call: Callable[[ctypes.Array[ctypes.c_char], int, ctypes.c_uint64], int]) -> tuple[int, bytes]:
        needed = ctypes.c_uint64(0)
        result = call(self._buffer, len(self._buffer), needed)
        if result == -ENOSPC:
            self._buffer = ctypes.create_string_buffer(needed.value)
            result = call(self._buffer, len(self._buffer), needed)
        return result, ctypes.string_at(self._buffer, result) if result > 0 else b""


class RingBuffer(Map):
    """ringbuf. Sizes as in Linux: a record takes its length + 8, rounded up to 8."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, calls)
        self._reader = _Reader()
        self.decode: Callable[[bytes], Item] = bytes

    def consume(self) -> Iterator[Item]:
        """What is there now, oldest first; nothing waits."""
        while True:
            result, data = self._reader.read(
                lambda buffer, size, needed: int(self._calls.bpfcc_ring_read(self.handle, buffer, size, ctypes.pointer(needed)))
            )
            if self.check(result, "read") == 0:
                return
            yield from map(self.decode, split_records(data))

    def poll(self, timeout_ms: int = 0) -> Iterator[Item]:
        """What is there, after waiting for the first record for at most `timeout_ms` (-1: without end)."""
        if self.check(self._calls.bpfcc_ring_wait(self.handle, timeout_ms), "wait"):
            yield from self.consume()

    def output(self, data: bytes, flags: int = 0) -> None:
        """Produce a record. MapError (EAGAIN) when there is no room."""
        self.check(self._calls.bpfcc_ring_output(self.handle, data, len(data), flags), "output")

    def query(self, what: int = RB_AVAIL_DATA) -> int:
        """bpf_ringbuf_query."""
        return int(self._calls.bpfcc_ring_query(self.handle, what))


class PerfBuffer(Map):
    """perf_event_array: a ring of `ring_bytes` for each CPU."""

    def __init__(self, spec: MapSpec, handle: int, cpus: int, calls: MapCalls | None = None) -> None:
        super().__init__(spec, handle, cpus, calls)
        self._reader = _Reader()
        self.decode: Callable[[bytes], Item] = bytes
        self.lost = 0

    def consume(self) -> Iterator[PerfEvent]:
        """What is there now, CPU by CPU; `lost` counts what found no room."""
        for cpu in range(min(self.cpus, self.max_entries)):
            while True:
                data = self._read(cpu)
                if not data:
                    break
                for record in split_records(data):
                    yield PerfEvent(cpu, self.decode(record))
            self.lost += int(self._calls.bpfcc_perf_lost(self.handle, cpu))

    def _read(self, cpu: int) -> bytes:
        def call(buffer: ctypes.Array[ctypes.c_char], size: int, needed: ctypes.c_uint64) -> int:
            return int(self._calls.bpfcc_perf_read(self.handle, cpu, buffer, size, ctypes.pointer(needed)))

        result, data = self._reader.read(call)
        self.check(result, "read")
        return data

    def poll(self, timeout_ms: int = 0) -> Iterator[PerfEvent]:
        """What is there, after waiting for the first sample for at most `timeout_ms` (-1: without end)."""
        if self.check(self._calls.bpfcc_perf_wait(self.handle, timeout_ms), "wait"):
            yield from self.consume()

    def output(self, data: bytes, *, cpu: int = 0, flags: int = CURRENT_CPU) -> None:
        """Produce a sample. MapError (ENOSPC) when there is no room: then it counts as lost."""
        self.check(self._calls.bpfcc_perf_output(self.handle, cpu, flags, data, len(data), None, 0), "output")
