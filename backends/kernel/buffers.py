"""Ring buffers and perf buffers of the kernel, read through their memory.

ring = Ring(fd, 4096)
ring.read(buffer, size, needed)         records packed as the native library packs them: u32 length, bytes, padded to 8
"""

from __future__ import annotations

import ctypes
import mmap
import os
import select
import struct
from typing import TYPE_CHECKING, Final, final

from bpfcc.backends.kernel import syscall
from bpfcc.runtime.maps.events import RB_AVAIL_DATA, RB_CONS_POS, RB_PROD_POS, RB_RING_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOSPC: Final = 28
BUSY, DISCARDED, LENGTH = 1 << 31, 1 << 30, (1 << 30) - 1
HEAD_BYTES: Final = 8
U64: Final = struct.Struct("<Q")
U32: Final = struct.Struct("<I")
# struct perf_event_mmap_page: data_head and data_tail; perf_event_header: type, misc, size.
PERF_HEAD, PERF_TAIL = 1024, 1032
PERF_RECORD: Final = struct.Struct("<IHH")
RECORD_LOST, RECORD_SAMPLE = 2, 9
PERF_PAGES: Final = 64
ENABLE: Final = 0x2400


def packed(record: bytes) -> bytes:
    """A record as `bpfcc.runtime.maps.events` takes it apart."""
    return U32.pack(len(record)) + record + bytes(-(4 + len(record)) % 8)


class _Packer:
    """Fills a buffer with records until one has no room."""

    def __init__(self, buffer: ctypes.Array[ctypes.c_char], size: int) -> None:
        self._buffer, self._size = buffer, size
        self.used = 0
        self.wanted = 0

    def take(self, record: bytes) -> bool:
        """Whether there was room."""
        data = packed(record)
        if self.used + len(data) > self._size:
            self.wanted = len(data)
            return False
        ctypes.memmove(ctypes.addressof(self._buffer) + self.used, data, len(data))
        self.used += len(data)
        return True

    def result(self, needed: ctypes.c_uint64) -> int:
        """Bytes used, or -ENOSPC with what the first record needs."""
        if not self.used and self.wanted:
            needed.value = self.wanted
            return -ENOSPC
        return self.used


@final
class Ring:
    """A BPF_MAP_TYPE_RINGBUF: one page that is the reader's, one of the writers', and the data twice in a row."""

    def __init__(self, fd: int, size: int) -> None:
        self._fd, self._size, page = fd, size, mmap.PAGESIZE
        self._page = page
        self._reader = mmap.mmap(fd, page, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        try:
            self._writers = mmap.mmap(fd, page + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=page)
        except OSError:
            self._reader.close()
            raise

    def _positions(self) -> tuple[int, int]:
        return U64.unpack_from(self._reader)[0], U64.unpack_from(self._writers)[0]

    def read(self, buffer: ctypes.Array[ctypes.c_char], size: int, needed: ctypes.c_uint64) -> int:
        """Take records out; their bytes in `buffer`."""
        at, end = self._positions()
        out = _Packer(buffer, size)
        while at < end:
            place = self._page + (at & (self._size - 1))
            head = U32.unpack_from(self._writers, place)[0]
            if head & BUSY:
                break
            length = head & LENGTH
            if not head & DISCARDED and not out.take(self._writers[place + HEAD_BYTES : place + HEAD_BYTES + length]):
                break
            at += (length + HEAD_BYTES + 7) // 8 * 8
        U64.pack_into(self._reader, 0, at)
        return out.result(needed)

    def wait(self, timeout_ms: int) -> int:
        """Whether there is something, after waiting for at most that long."""
        at, end = self._positions()
        if at == end and timeout_ms:
            poll = select.poll()
            poll.register(self._fd, select.POLLIN)
            poll.poll(None if timeout_ms < 0 else timeout_ms)
            at, end = self._positions()
        return int(at < end)

    def query(self, what: int) -> int:
        """bpf_ringbuf_query."""
        at, end = self._positions()
        return {RB_AVAIL_DATA: end - at, RB_RING_SIZE: self._size, RB_CONS_POS: at, RB_PROD_POS: end}.get(what, 0)

    def close(self) -> None:
        """Give the memory back; the map itself stays."""
        self._reader.close()
        self._writers.close()


@final
class PerfRings:
    """What a BPF_MAP_TYPE_PERF_EVENT_ARRAY leads to: for each CPU that is online an event with a ring."""

    def __init__(self, fd: int, cpus: int) -> None:
        self._rings: dict[int, tuple[int, mmap.mmap]] = {}
        self._lost: dict[int, int] = {}
        self._size = PERF_PAGES * mmap.PAGESIZE
        try:
            for cpu in range(cpus):
                self._open(fd, cpu)
        except OSError:
            self.close()
            raise

    def _open(self, fd: int, cpu: int) -> None:
        import fcntl

        try:
            event = syscall.perf_output_open(cpu)
        except OSError:
            if cpu in os.sched_getaffinity(0):
                raise
            return
        try:
            ring = mmap.mmap(event, mmap.PAGESIZE + self._size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
        except OSError:
            os.close(event)
            raise
        self._rings[cpu] = event, ring
        fcntl.ioctl(event, ENABLE, 0)
        syscall.map_update(fd, U32.pack(cpu), U32.pack(event))

    def _records(self, cpu: int) -> Iterator[tuple[int, int, bytes]]:
        """(end, type, content) of each record that is there."""
        _, ring = self._rings[cpu]
        at, end = U64.unpack_from(ring, PERF_TAIL)[0], U64.unpack_from(ring, PERF_HEAD)[0]
        while at < end:
            kind, _, length = PERF_RECORD.unpack(self._slice(ring, at, PERF_RECORD.size))
            if length < PERF_RECORD.size:
                break
            yield at + length, kind, self._slice(ring, at + PERF_RECORD.size, length - PERF_RECORD.size)
            at += length

    def _slice(self, ring: mmap.mmap, at: int, length: int) -> bytes:
        start, base = at % self._size, mmap.PAGESIZE
        first = ring[base + start : base + min(start + length, self._size)]
        return first + ring[base : base + length - len(first)] if len(first) < length else first

    def read(self, cpu: int, buffer: ctypes.Array[ctypes.c_char], size: int, needed: ctypes.c_uint64) -> int:
        """Take samples out."""
        if cpu not in self._rings:
            return 0
        _, ring = self._rings[cpu]
        out = _Packer(buffer, size)
        for end, kind, content in self._records(cpu):
            if kind == RECORD_SAMPLE and not out.take(content[4 : 4 + U32.unpack_from(content)[0]]):
                break
            if kind == RECORD_LOST:
                self._lost[cpu] = self._lost.get(cpu, 0) + U64.unpack_from(content, 8)[0]
            U64.pack_into(ring, PERF_TAIL, end)
        return out.result(needed)

    def take_lost(self, cpu: int) -> int:
        """Samples that found no room since this was asked."""
        return self._lost.pop(cpu, 0)

    def wait(self, timeout_ms: int) -> int:
        """Whether there is something on any CPU, after waiting for at most that long."""
        poll = select.poll()
        for event, _ in self._rings.values():
            poll.register(event, select.POLLIN)
        if not self._any() and timeout_ms:
            poll.poll(None if timeout_ms < 0 else timeout_ms)
        return int(self._any())

    def _any(self) -> bool:
        return any(U64.unpack_from(ring, PERF_TAIL) != U64.unpack_from(ring, PERF_HEAD) for _, ring in self._rings.values())

    def close(self) -> None:
        """Close the events."""
        for event, ring in self._rings.values():
            ring.close()
            os.close(event)
        self._rings.clear()
