"""Runs one after another, repeats, batches, threads: what goes in, what comes out, and that nothing is left behind."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.batch import BatchOptions, run_batch
from bpfcc.runtime.options import RunOptions
from bpfcc.runtime.run import Run
from tests.back_ends import each_back_end
from tests.kernel import SCHED_CLS, needs_kernel, prog_load, prog_test_run
from tests.runtime_harness import Lab, bytecode, prepare_here, run_here

back_end = each_back_end("tests.runtime_harness")
COUNTER = MapSpec("counter", "array", 4, 8, 1)
PERCPU = MapSpec("percpu", "percpu_array", 4, 8, 1)
SECOND_BYTE = "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 2\nr0 = 0\nif r4 > r3 goto +1\nr0 = *(u8 *)(r2 + 1)\nexit"


@contextmanager
def bound(text: str, lab: Lab) -> Iterator[Any]:
    lab.end()
    _, exe = prepare_here(text, lab)
    with exe.bind(lab.run):  # type: ignore[attr-defined]
        yield exe


def test_batch_is_as_many_single_runs() -> None:
    packets = [bytes([index % 256, index % 251]) * (1 + index % 40) for index in range(5000)]
    with Lab() as lab, bound(SECOND_BYTE, lab) as exe:
        batch = run_batch(lab.run, exe.entry, packets)
        assert len(batch.results) == 5000
        assert [each.return_value for each in batch.results] == [packet[1] for packet in packets]
        assert [each.packet for each in batch.results] == packets
        assert len({each.steps for each in batch.results}) == 1
        assert batch.total_ns > 0
        lab.run.prepare(packets[7])
        single = lab.run.repeat(exe.entry)
        assert (single.return_value, single.packet, single.steps) == (packets[7][1], packets[7], batch.results[7].steps)


def test_one_call_is_what_preparing_and_repeating_are() -> None:
    text = (
        "r2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 2\nr0 = *(u32 *)(r1 + 12)\n"
        "if r4 > r3 goto out\n*(u8 *)(r2 + 1) = 7\nout: exit"
    )
    with Lab() as lab, bound(text, lab) as exe:
        for packet in (b"abc", b"a", b"", b"\x00\x07"):
            lab.run.prepare(packet)
            expected = lab.run.repeat(exe.entry)
            call = lab.run.once(exe.entry, packet)
            assert (call.result, lab.run.packet(), call.steps) == (expected.return_value, expected.packet, expected.steps)
            assert lab.run.context_after.raw == expected.context_bytes
            assert bool(call.same) == (expected.packet == packet)
            assert call.trap == 0


def test_one_call_traps_and_refuses() -> None:
    with Lab() as lab, bound("r0 = *(u64 *)(r10 - 520)\nexit", lab) as exe:
        assert lab.run.once(exe.entry, b"abc").trap == 1
        with pytest.raises(InputError, match="packet: too large"):
            lab.run.once(exe.entry, bytes(1 << 20))
    with Lab("kprobe") as lab, bound("r0 = 0\nexit", lab) as exe, pytest.raises(InputError, match="get no packets"):
        lab.run.once(exe.entry, b"abc")


def test_results_of_a_batch_are_made_when_they_are_asked_for() -> None:
    packets = [bytes([index % 256, index % 251]) * 3 for index in range(4100)]
    with Lab() as lab, bound(SECOND_BYTE, lab) as exe:
        results = run_batch(lab.run, exe.entry, packets).results
    values = [packet[1] for packet in packets]
    assert list(results.return_values()) == values
    # The last ones are of a second native call.
    assert [results[at].return_value for at in (0, 4095, 4096, -1)] == [values[at] for at in (0, 4095, 4096, -1)]
    assert [each.packet for each in results[4094:4098]] == packets[4094:4098]
    assert results[::2000] == [results[0], results[2000], results[4000]]
    assert results == list(results)
    assert results != [results[0]]
    for at in (4100, -4101):
        with pytest.raises(IndexError):
            results[at]


def test_batch_fills_the_context() -> None:
    text = "r0 = *(u32 *)(r1 + 12)\nr2 = *(u32 *)(r1 + 16)\nr0 <<= 8\nr0 += r2\nexit"
    with Lab() as lab, bound(text, lab) as exe:
        batch = run_batch(lab.run, exe.entry, [b"a", b"b"], {"rx_queue_index": 9}, BatchOptions(ifindexes=[3, 4]))
        assert [each.return_value for each in batch.results] == [3 << 8 | 9, 4 << 8 | 9]
    text = "r0 = *(u32 *)(r1 + 16)\nexit"
    with Lab("sched_cls") as lab, bound(text, lab) as exe:
        packets = [bytes(12) + b"\x08\x00", bytes(12) + b"\x86\xdd", b"short"]
        assert [each.return_value for each in lab.run.batch(exe.entry, packets).results] == [0x0008, 0xDD86, 0]


def test_batch_drives_the_clock() -> None:
    with Lab(options=RunOptions(clock_ns=1)) as lab, bound("call 5\nexit", lab) as exe:
        batch = run_batch(lab.run, exe.entry, [b"", b"", b""], options=BatchOptions(times_ns=[100, 0, 300]))
        assert [each.return_value for each in batch.results] == [100, 100, 300]


def test_batch_goes_on_after_a_trap_or_stops() -> None:
    text = "r2 = *(u32 *)(r1 + 0)\nr0 = *(u8 *)(r2 + 1)\nexit"
    packets = [b"ab", b"", b"cd"]
    with Lab() as lab, bound(text, lab) as exe:
        results = run_batch(lab.run, exe.entry, packets).results
        assert [each.trap for each in results] == [None, "access", None]
        assert (results[1].trap_size, results[2].return_value) == (1, ord("d"))
        stopped = run_batch(lab.run, exe.entry, packets, options=BatchOptions(stop_on_trap=True)).results
        assert [each.trap for each in stopped] == [None, "access"]


def test_batch_without_packets_kept_and_with_times() -> None:
    with Lab() as lab, bound("r0 = 2\nexit", lab) as exe:
        results = run_batch(lab.run, exe.entry, [b"abc"] * 3, options=BatchOptions(keep_packets=False, time_each=True)).results
        assert [each.packet for each in results] == [None] * 3
        assert all(each.ns is not None and each.ns >= 0 for each in results)


def test_packets_that_grow_are_all_kept() -> None:
    with Lab() as lab, bound("r2 = 3000\ncall 65\nr0 = 2\nexit", lab) as exe:
        results = run_batch(lab.run, exe.entry, [bytes([index]) * 64 for index in range(20)]).results
        assert [each.packet for each in results] == [bytes([index]) * 64 + bytes(3000) for index in range(20)]


def test_packets_that_change_are_told_from_those_that_do_not() -> None:
    """One in three is changed, one in three made short, too: more of them than one call has room for."""
    text = (
        "r6 = r1\nr2 = *(u32 *)(r1 + 0)\nr3 = *(u32 *)(r1 + 4)\nr4 = r2\nr4 += 1\nif r4 > r3 goto out\nr5 = *(u8 *)(r2 + 0)\n"
        "if r5 == 0 goto out\nr5 += 1\n*(u8 *)(r2 + 0) = r5\nif r5 == 2 goto out\nr1 = r6\nr2 = -1386\ncall 65\nout: r0 = 2\nexit"
    )
    packets = [bytes([index % 3]) + bytes(1399) for index in range(5000)]
    expected = [(packet, b"\x02" + packet[1:], b"\x03" + packet[1:14])[packet[0]] for packet in packets]
    with Lab() as lab, bound(text, lab) as exe:
        results = run_batch(lab.run, exe.entry, packets).results
        assert [each.packet for each in results] == expected
        assert [results[at].packet for at in (4999, 4097, 2, 0)] == [expected[at] for at in (4999, 4097, 2, 0)]


def test_batch_takes_bytes_only() -> None:
    with Lab() as lab, bound("r0 = 2\nexit", lab) as exe:
        with pytest.raises(InputError, match="packets are bytes"):
            run_batch(lab.run, exe.entry, [memoryview(bytes(8)).cast("I")])  # type: ignore[list-item]
        with pytest.raises(TypeError):
            run_batch(lab.run, exe.entry, ["text"])  # type: ignore[list-item]


def test_batch_can_be_stopped() -> None:
    flag = ctypes.c_int32(1)
    with Lab() as lab, bound("r0 = 2\nexit", lab) as exe:
        lab.run.stop_on(flag)
        assert run_batch(lab.run, exe.entry, [b"x"] * 5).results == []
        flag.value = 0
        assert len(run_batch(lab.run, exe.entry, [b"x"] * 5).results) == 5
        lab.run.stop_on(None)
        assert len(run_batch(lab.run, exe.entry, [b"x"] * 5).results) == 5


def test_batch_refuses_what_does_not_fit() -> None:
    with Lab() as lab, bound("r0 = 2\nexit", lab) as exe:
        with pytest.raises(InputError, match="1 times for 2 packets"):
            run_batch(lab.run, exe.entry, [b"a", b"b"], options=BatchOptions(times_ns=[1]))
        with pytest.raises(InputError, match="at most"):
            run_batch(lab.run, exe.entry, [bytes((1 << 19) + 1)])
        assert run_batch(lab.run, exe.entry, []).results == []
    with Lab("kprobe", context={}) as lab, bound("r0 = 2\nexit", lab) as exe, pytest.raises(InputError, match="get no packets"):
        run_batch(lab.run, exe.entry, [b"a"])


def test_repeat_starts_from_the_same_packet() -> None:
    text = """
        r6 = r1
        r2 = -4
        call 44
        r2 = *(u32 *)(r6 + 0)
        r3 = *(u32 *)(r6 + 4)
        r4 = r2
        r4 += 8
        r0 = 0
        if r4 > r3 goto out
        r0 = *(u32 *)(r2 + 4)
        r5 = 7
        *(u32 *)(r2 + 4) = r5
    out:
        exit
    """
    with Lab() as lab, bound(text, lab) as exe:
        lab.run.prepare(b"\1\2\3\4" + bytes(60))
        result = lab.run.repeat(exe.entry, 1000)
        assert result.return_value == 0x04030201
        assert result.packet == bytes(4) + b"\7\0\0\0" + bytes(60)
        assert result.ns is not None
        assert 0 < result.ns < 1_000_000


def test_repeat_ends_at_a_trap() -> None:
    count = "r1 = map_value[0] +0 ll\nr2 = *(u64 *)(r1 + 0)\nr2 += 1\n*(u64 *)(r1 + 0) = r2\n"
    text = count + "r0 = 0\nif r2 != 5 goto +1\nr0 = *(u8 *)(r1 + 8)\nexit"
    with Lab(maps=[COUNTER]) as lab, bound(text, lab) as exe:
        result = lab.run.repeat(exe.entry, 100)
        assert (result.trap, result.trap_size) == ("access", 1)
        assert lab.maps["counter"][0] == 5  # type: ignore[index]


def test_step_budget() -> None:
    with Lab(options=RunOptions(steps=1000)) as lab, bound("r0 = 0\nr0 += 1\ngoto -2", lab) as exe:
        lab.run.prepare(b"")
        assert lab.run.repeat(exe.entry).trap == "budget"
    for steps in (-1, 1 << 64):
        with pytest.raises(InputError, match="budget"):
            RunOptions(steps=steps)


@pytest.mark.parametrize("cpus", [0, 4097])
def test_number_of_cpus_is_bounded(cpus: int) -> None:
    with pytest.raises(InputError, match="between 1 and 4096"):
        RunOptions(cpus=cpus)


def test_raw_memory() -> None:
    text = "r0 = *(u8 *)(r1 + 2)\n*(u8 *)(r1 + 0) = r2\nexit"
    with Lab("raw") as lab, bound(text, lab) as exe:
        lab.run.prepare(memory=b"abc")
        result = lab.run.repeat(exe.entry)
        assert (result.return_value, result.context_bytes) == (ord("c"), b"\3bc")


def test_memory_pointers_of_a_context() -> None:
    with Lab("cgroup_sockopt", context={}) as lab:
        lab.run.prepare(None, {"optlen": 4}, memory=b"opts")
        fields = lab.run.result(0).context
        assert fields["optval_end"] - fields["optval"] == 4  # type: ignore[operator]
        lab.begin()
        assert lab.get(int(fields["optval"]), 4) == b"opts"  # type: ignore[call-overload]
        assert lab.run.memory() == b"opts"


def test_program_arrays_and_arrays_of_maps_are_filled() -> None:
    programs = MapSpec("programs", "prog_array", 4, 4, 4, values={0: "tail", 3: "main", 1: "elsewhere"})
    with Lab(maps=[programs]) as lab:
        lab.runtime.set_programs(["main", "tail"])
        assert dict(lab.maps["programs"]) == {0: 2, 3: 1}  # type: ignore[call-overload]
    with (
        pytest.raises(InputError, match="names 'nothing'"),
        Lab(maps=[MapSpec("outer", "array_of_maps", 4, 4, 1, inner=COUNTER, values={0: "nothing"})]),
    ):
        pass
    with (
        pytest.raises(InputError, match="outside of its 1 entries"),
        Lab(maps=[COUNTER, MapSpec("outer", "array_of_maps", 4, 4, 1, inner=COUNTER, values={9: "counter"})]),
    ):
        pass


def test_helper_that_a_platform_does_not_know() -> None:
    with Lab() as lab, pytest.raises(UnsupportedError, match="helper 9999"):
        lab.runtime.helper_address(9999)
    with pytest.raises(UnsupportedError, match="bpf_sys_bpf"):
        run_here("r1 = 0\nr2 = 0\nr3 = 0\ncall 166\nexit", packet=b"")


ADD_ONE = """
    r1 = map_value[0] +0 ll
    r2 = 1
    lock *(u64 *)(r1 + 0) += r2
    r3 = 0
    *(u32 *)(r10 - 4) = r3
    r1 = map[1] ll
    r2 = r10
    r2 += -4
    call 1
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    call 7
out:
    r0 = 2
    exit
"""


def test_threads_share_a_runtime() -> None:
    threads, packets = 4, 2000
    with Lab(maps=[COUNTER, PERCPU], options=RunOptions(cpus=threads)) as lab:
        lab.end()
        _, exe = prepare_here(ADD_ONE, lab)
        counts: list[int] = []

        def work(cpu: int) -> None:
            with Run(lab.runtime, "xdp", cpu=cpu) as run, exe.bind(run):  # type: ignore[attr-defined]
                results = run_batch(run, exe.entry, [bytes(60)] * packets).results  # type: ignore[attr-defined]
                counts.append(sum(each.return_value == 2 for each in results))

        workers = [threading.Thread(target=work, args=(cpu,)) for cpu in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert counts == [packets] * threads
        assert lab.maps["counter"][0] == threads * packets  # type: ignore[index]
        assert lab.maps["percpu"][0] == [packets] * threads  # type: ignore[index]


def test_threads_write_one_log() -> None:
    text = """
        r1 = 0x0a64252065746f6e ll
        *(u64 *)(r10 - 16) = r1
        r1 = 0
        *(u64 *)(r10 - 8) = r1
        call 8
        r3 = r0
        r1 = r10
        r1 += -16
        r2 = 9
        call 6
        exit
    """
    with Lab(options=RunOptions(cpus=3)) as lab:
        lab.end()
        _, exe = prepare_here(text, lab)

        def work(cpu: int) -> None:
            with Run(lab.runtime, "xdp", cpu=cpu) as run, exe.bind(run):  # type: ignore[attr-defined]
                run_batch(run, exe.entry, [b""] * 500)  # type: ignore[attr-defined]

        workers = [threading.Thread(target=work, args=(cpu,)) for cpu in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        lines = lab.runtime.take_log()
        assert len(lines) == 1500
        assert all(line.text == f"note {line.cpu}" for line in lines)  # type: ignore[union-attr]


LINK = bytes(6) + b"\2\0\0\0\0\1"
SKB_PACKETS = {
    LINK + b"\x08\x00\x45" + bytes(30): (0x0008, 0),
    b"\xff" * 6 + LINK[6:] + b"\x86\xdd\x60" + bytes(50): (0xDD86, 1),
    b"\x01\0\x5e\0\0\1" + LINK[6:] + b"\x81\x00" + bytes(40): (0x0081, 2),
    LINK + b"\x05\xff\x42\x42\x03" + bytes(40): (0x0400, 0),
    LINK + b"\x00\x28\xff\xff" + bytes(40): (0x0100, 0),
    LINK + b"\x06\x00": (0x0006, 0),
}
SKB_SAYS = "r0 = *(u32 *)(r1 + 16)\nr2 = *(u32 *)(r1 + 4)\nr0 <<= 4\nr0 += r2\nr2 = *(u32 *)(r1 + 160)\nr0 <<= 8\nr0 += r2\nexit"


def skb_says(packet: bytes) -> int:
    protocol, kind = SKB_PACKETS[packet]
    return (protocol << 4 | kind) << 8 | len(packet)


def test_socket_buffers_say_what_their_packet_says() -> None:
    with Lab("sched_cls") as lab, bound(SKB_SAYS, lab) as exe:
        packets = list(SKB_PACKETS)
        expected = [skb_says(packet) for packet in packets]
        assert [each.return_value & 0xFFFF_FFFF for each in run_batch(lab.run, exe.entry, packets).results] == expected
        for packet, value in zip(packets, expected, strict=True):
            lab.run.prepare(packet)
            assert lab.run.repeat(exe.entry, 2).return_value & 0xFFFF_FFFF == value


@needs_kernel
@pytest.mark.parametrize("packet", [packet for packet in SKB_PACKETS if len(packet) > 14])
def test_the_kernel_says_the_same_of_packets(packet: bytes) -> None:
    descriptor = prog_load(SCHED_CLS, bytecode(SKB_SAYS).code)
    assert isinstance(descriptor, int), descriptor
    try:
        value, _, _ = prog_test_run(descriptor, packet, bytes(192))
    finally:
        os.close(descriptor)
    # The loopback device's broadcast address is all zeros: to it, ff:ff:… is a group.
    assert value == skb_says(packet) + (0x100 if packet.startswith(b"\xff" * 6) else 0)


@pytest.mark.parametrize(("packet", "protocol"), [(b"\x45" + bytes(19), 0x0008), (b"\x60" + bytes(39), 0xDD86), (b"\x12", 0), (b"", 0)])
def test_packets_without_link_header_have_the_protocol_of_their_version(packet: bytes, protocol: int) -> None:
    with Lab("cgroup_skb") as lab, bound("r0 = *(u32 *)(r1 + 16)\nexit", lab) as exe:
        lab.run.prepare(packet)
        assert lab.run.repeat(exe.entry).return_value == protocol
        assert run_batch(lab.run, exe.entry, [packet]).results[0].return_value == protocol


@pytest.mark.parametrize(("kind", "offsets"), [("xdp", (12,)), ("sched_cls", (36, 40))])
def test_a_packet_comes_by_a_device(kind: str, offsets: tuple[int, ...]) -> None:
    text = "r0 = 0\n" + "".join(f"r2 = *(u32 *)(r1 + {offset})\nr0 <<= 8\nr0 += r2\n" for offset in offsets) + "exit"
    names = ("ingress_ifindex", "ifindex")[: len(offsets)]
    for options, context, value in ((RunOptions(), None, 1), (RunOptions(ifindex=7), None, 7), (RunOptions(), dict.fromkeys(names, 5), 5)):
        with Lab(kind, options=options) as lab, bound(text, lab) as exe:
            lab.run.prepare(bytes(60), context)
            expected = int.from_bytes(bytes([value] * len(offsets)), "big")
            assert lab.run.repeat(exe.entry).return_value == expected
            assert run_batch(lab.run, exe.entry, [bytes(60)], context).results[0].return_value == expected


def test_what_the_caller_says_of_a_packet_stays() -> None:
    context = {"protocol": 0x1122, "pkt_type": 3, "wire_len": 9}
    with Lab("sched_cls") as lab, bound(SKB_SAYS, lab) as exe:
        packet = b"\xff" * 60
        lab.run.prepare(packet, context)
        assert lab.run.repeat(exe.entry).return_value == (0x1122 << 4 | 3) << 8 | 9
        assert run_batch(lab.run, exe.entry, [packet], context).results[0].return_value == (0x1122 << 4 | 3) << 8 | 9
