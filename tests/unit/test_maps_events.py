"""Ring and perf buffers: order, room, waking, what is lost."""

from __future__ import annotations

import ctypes
import threading
import time

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InternalError
from bpfcc.runtime.library import native
from bpfcc.runtime.maps import MapError, PerfBuffer, PerfEvent, RingBuffer, create_map
from bpfcc.runtime.maps.create import ring_bytes
from bpfcc.runtime.maps.events import RB_AVAIL_DATA, RB_CONS_POS, RB_PROD_POS, RB_RING_SIZE, split_records


def ring(size: int = 4096) -> RingBuffer:
    """A ring buffer."""
    made = create_map(MapSpec("r", "ringbuf", 0, 0, size))
    assert isinstance(made, RingBuffer)
    return made


def perf(cpus: int = 2, size: int = 4096) -> PerfBuffer:
    """A perf buffer."""
    made = create_map(MapSpec("p", "perf_event_array", 4, 4, 0), cpus=cpus, perf_ring_bytes=size)
    assert isinstance(made, PerfBuffer)
    return made


def test_records_come_out_in_order() -> None:
    with ring() as events:
        sent = [bytes([i]) * i for i in range(50)]
        for data in sent:
            events.output(data)
        assert list(events.poll()) == sent
        assert list(events.poll()) == []


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 100, 1000])
def test_as_many_records_fit_as_in_linux(size: int) -> None:
    with ring() as events:
        each, fitted = (size + 8 + 7) // 8 * 8, 0
        for _ in range(5):  # from every place in the ring
            with pytest.raises(MapError) as error:
                while True:
                    events.output(bytes(size))
                    fitted += 1
            assert error.value.errno_name == "EAGAIN"
            assert fitted == 4095 // each  # Linux keeps one byte free
            fitted = 0
            assert len(list(events.consume())) == 4095 // each
            events.output(b"shift")
            list(events.consume())


def test_the_largest_record() -> None:
    with ring() as events:
        events.output(bytes(4080))
        assert [len(data) for data in events.consume()] == [4080]
        with pytest.raises(MapError):
            events.output(bytes(4089))


def test_records_stay_in_one_piece_where_the_ring_wraps() -> None:
    with ring() as events:
        for i in range(500):
            data = bytes([i % 251]) * (100 + i % 777)
            events.output(data)
            assert list(events.consume()) == [data]
        assert events.query(RB_PROD_POS) > 10 * 4096


def test_a_reservation_holds_back_what_follows() -> None:
    with ring() as events:
        reserve, commit = native().bpfcc_ring_reserve, native().bpfcc_ring_commit
        first, second = reserve(events.handle, 4, 0), reserve(events.handle, 4, 0)
        ctypes.memmove(second, b"two!", 4)
        commit(events.handle, second, 0, 0)
        assert list(events.poll()) == []
        assert events.query(RB_AVAIL_DATA) == 32
        ctypes.memmove(first, b"one!", 4)
        commit(events.handle, first, 0, 0)
        assert list(events.poll()) == [b"one!", b"two!"]


def test_a_discarded_record_is_not_seen_and_its_room_comes_back() -> None:
    with ring() as events:
        for _ in range(1000):
            record = native().bpfcc_ring_reserve(events.handle, 1000, 0)
            native().bpfcc_ring_commit(events.handle, record, 0, 1)
            assert list(events.poll()) == []
        assert events.query(RB_CONS_POS) == events.query(RB_PROD_POS) == 1000 * 1008


def test_a_busy_record_keeps_its_room_until_it_is_committed() -> None:
    with ring() as events:
        busy = native().bpfcc_ring_reserve(events.handle, 2000, 0)
        events.output(bytes(1000))
        with pytest.raises(MapError):
            events.output(bytes(2000))
        native().bpfcc_ring_commit(events.handle, busy, 0, 1)
        assert [len(data) for data in events.consume()] == [1000]
        events.output(bytes(2000))


def test_queries_and_wrong_arguments() -> None:
    with ring(8192) as events:
        assert events.query(RB_RING_SIZE) == 8192
        assert events.query(99) == 0
        assert native().bpfcc_ring_reserve(events.handle, 8, 1) is None
        assert native().bpfcc_ring_reserve(events.handle, 2**31, 0) is None
        with pytest.raises(MapError) as error:
            events.output(b"", 4)
        assert error.value.errno_name == "EINVAL"


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 4096), (4096, 4096), (5000, 8192), (12288, 16384), (65536, 65536)])
def test_sizes_are_adjusted_as_libbpf_does(asked: int, given: int) -> None:
    assert ring_bytes(asked) == given


def test_a_record_larger_than_the_reader_s_buffer() -> None:
    with ring(1 << 20) as events:
        events.output(b"small")
        events.output(bytes(500_000))
        events.output(b"last")
        assert [len(data) for data in events.consume()] == [5, 500_000, 4]


def test_poll_waits_for_the_first_record() -> None:
    with ring() as events:
        begin = time.monotonic()
        assert list(events.poll(timeout_ms=30)) == []
        assert time.monotonic() - begin > 0.02
        timer = threading.Timer(0.05, events.output, (b"late",))
        timer.start()
        begin = time.monotonic()
        assert list(events.poll(timeout_ms=5000)) == [b"late"]
        assert time.monotonic() - begin < 4
        timer.join()


def test_a_discarded_record_does_not_swallow_the_next_wake_up() -> None:
    """A consumer that steps over a discarded record waits for the one behind it: that one has to wake it."""
    with ring() as events:
        found: list[bytes] = []
        consumer = threading.Thread(target=lambda: found.extend(events.poll(timeout_ms=20_000)))
        consumer.start()
        time.sleep(0.05)
        record = native().bpfcc_ring_reserve(events.handle, 8, 0)
        native().bpfcc_ring_commit(events.handle, record, 0, 1)
        time.sleep(0.05)
        begin = time.monotonic()
        events.output(b"real")
        consumer.join()
        assert found == [b"real"]
        assert time.monotonic() - begin < 0.9  # the wait looks by itself once a second


def test_a_decoder() -> None:
    with ring() as events:
        events.decode = lambda data: int.from_bytes(data, "little")
        events.output(b"\5\0\0\0")
        assert list(events.poll()) == [5]


def test_malformed_copies_are_a_bug_of_ours() -> None:
    with pytest.raises(InternalError):
        list(split_records(b"\xff\0\0\0abcd"))


def test_perf_samples_by_cpu() -> None:
    with perf() as samples:
        samples.output(b"zero", cpu=0)
        samples.output(b"one", cpu=1)
        samples.output(b"two", cpu=1, flags=1)
        assert list(samples.poll(10)) == [PerfEvent(0, b"zero"), PerfEvent(1, b"one"), PerfEvent(1, b"two")]


@pytest.mark.parametrize(("cpu", "flags", "errno"), [(0, 1, "EOPNOTSUPP"), (0, 2, "E2BIG"), (0, 1 << 32, "EINVAL"), (0, 0xFFFFFFFF, None)])
def test_perf_errors(cpu: int, flags: int, errno: str | None) -> None:
    with perf() as samples:
        if errno is None:
            samples.output(b"fine", cpu=cpu, flags=flags)
            return
        with pytest.raises(MapError) as error:
            samples.output(b"", cpu=cpu, flags=flags)
        assert error.value.errno_name == errno


def test_lost_samples_are_counted() -> None:
    with perf() as samples:
        kept = 0
        for _ in range(1000):
            try:
                samples.output(bytes(100))
                kept += 1
            except MapError as error:
                assert error.errno_name == "ENOSPC"
        assert len(list(samples.consume())) == kept == 4095 // 112
        assert samples.lost == 1000 - kept


def test_context_bytes_follow_the_data() -> None:
    with perf() as samples:
        assert native().bpfcc_perf_output(samples.handle, 1, 1, b"head", 4, b"tail", 4) == 0
        assert list(samples.consume()) == [PerfEvent(1, b"headtail")]
