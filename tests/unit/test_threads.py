"""One prepared program on many threads: the same maps, the same code, packets and stacks of their own, and runs that overlap."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import bpfcc
from bpfcc.errors import InputError
from bpfcc.runtime.options import RunOptions
from tests.back_ends import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.execution import Executable

THREADS = 8
ROUNDS = 4000
MAPS = (
    bpfcc.MapSpec("total", type="array", key_size=4, value_size=16, max_entries=1),
    bpfcc.MapSpec("own", type="percpu_array", key_size=4, value_size=8, max_entries=1),
    bpfcc.MapSpec("seen", type="hash", key_size=4, value_size=8, max_entries=64),
)
# A ticket from an atomic counter, for the packet; a counter of this CPU; a hash entry by the packet's first byte, made when missing.
COUNT = """
    r6 = r1
    *(u32 *)(r10 - 4) = 0
    r2 = r10
    r2 += -4
    r1 = map[0] ll
    call 1
    if r0 == 0 goto out
    r7 = 1
    r7 = atomic_fetch_add((u64 *)(r0 + 0), r7)
    r2 = r10
    r2 += -4
    r1 = map[1] ll
    call 1
    if r0 == 0 goto out
    r1 = *(u64 *)(r0 + 0)
    r1 += 1
    *(u64 *)(r0 + 0) = r1
    r2 = *(u32 *)(r6 + 0)
    r3 = *(u32 *)(r6 + 4)
    r1 = r2
    r1 += 16
    if r1 > r3 goto out
    *(u64 *)(r2 + 8) = r7
    r8 = *(u8 *)(r2 + 0)
    *(u32 *)(r10 - 4) = r8
    *(u64 *)(r10 - 16) = 0
    r2 = r10
    r2 += -4
    r1 = map[2] ll
    call 1
    if r0 != 0 goto add
    r2 = r10
    r2 += -4
    r3 = r10
    r3 += -16
    r4 = 1
    r1 = map[2] ll
    call 2
    r2 = r10
    r2 += -4
    r1 = map[2] ll
    call 1
    if r0 == 0 goto out
add:
    r1 = 1
    lock *(u64 *)(r0 + 0) += r1
out:
    r0 = 2
    exit
"""
# Sets its flag (by the packet's first byte, 0 or 1) and goes on when it sees the other's.
MEET = """
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r8 = *(u8 *)(r2 + 0)
    r8 &= 1
    r1 = map_value[0] + 0 ll
    r2 = r8
    r2 <<= 3
    r3 = r1
    r3 += r2
    r2 ^= 8
    r1 += r2
    r4 = 1
    store_release((u64 *)(r3 + 0), r4)
wait:
    r4 = load_acquire((u64 *)(r1 + 0))
    if r4 == 0 goto wait
out:
    r0 = 2
    exit
"""
# Every packet's bytes move up by one, each byte a different one.
CHANGE = """
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r5 = 0
again:
    r4 = r2
    r4 += 1
    if r4 > r3 goto out
    r0 = *(u8 *)(r2 + 0)
    r0 += r5
    r0 += 1
    *(u8 *)(r2 + 0) = r0
    r2 = r4
    r5 += 1
    if r5 != 64 goto again
out:
    r0 = r5
    exit
"""


def prepared(text: str, maps: tuple[bpfcc.MapSpec, ...], back_end: str, *, checked: bool, cpus: int = THREADS) -> Any:
    program = bpfcc.Program.from_bytes(bpfcc.assemble(text), type="xdp", maps=maps)
    return bpfcc.prepare(program, back_end, options=RunOptions(cpus=cpus), checked=checked)


def on_threads(exe: Executable, work: Callable[[int, Executable], None], count: int = THREADS) -> None:
    """`work` on so many threads at once, each with a run of its own; what one of them raises is raised here."""
    raised: list[BaseException] = []
    ready = threading.Barrier(count)

    def begin(number: int, mine: Executable) -> None:
        try:
            ready.wait(timeout=30)
            work(number, mine)
        except BaseException as error:  # noqa: BLE001 - it is raised in the test's own thread
            raised.append(error)

    runs = [exe, *(exe.thread() for _ in range(count - 1))]
    threads = [threading.Thread(target=begin, args=each) for each in enumerate(runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for mine in runs[1:]:
        mine.close()
    if raised:
        raise raised[0]


@pytest.fixture(params=NAMES)
def back_end(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.parametrize("checked", [False, True], ids=["proven", "checked"])
def test_nothing_is_lost(back_end: str, checked: bool) -> None:
    tickets: list[list[int]] = [[] for _ in range(THREADS)]
    with prepared(COUNT, MAPS, back_end, checked=checked) as exe:
        assert exe.checked == checked

        def work(number: int, mine: Executable) -> None:
            packets = [bytes([turn % 7]) + bytes(15) for turn in range(ROUNDS // 4)]
            for _ in range(4):
                results = mine.run_batch(packets)
                tickets[number] += [int.from_bytes((result.packet or b"")[8:16], "little") for result in results]

        on_threads(exe, work)
        every = sorted(ticket for own in tickets for ticket in own)
        assert every == list(range(THREADS * ROUNDS))
        assert all(own == sorted(own) for own in tickets)
        assert int.from_bytes(exe.maps["total"].read_bytes(bytes(4))[:8], "little") == THREADS * ROUNDS
        assert exe.maps["own"][0] == [ROUNDS] * THREADS
        assert sum(exe.maps["seen"].values()) == THREADS * ROUNDS
        assert sorted(exe.maps["seen"]) == list(range(7))


@pytest.mark.parametrize("checked", [False, True], ids=["proven", "checked"])
def test_packets_and_results_are_each_threads_own(back_end: str, checked: bool) -> None:
    with prepared(CHANGE, (), back_end, checked=checked) as exe:

        def work(number: int, mine: Executable) -> None:
            for turn in range(200):
                packet = bytes((31 * number + 7 * turn + at) & 255 for at in range(20 + number))
                result = mine.run(packet=packet)
                assert result.return_value == len(packet)
                assert result.packet == bytes((byte + at + 1) & 255 for at, byte in enumerate(packet))

        on_threads(exe, work)


def test_runs_overlap(back_end: str) -> None:
    """Each waits in native code for what the other does there."""
    flags = bpfcc.MapSpec(".data", type="array", key_size=4, value_size=16, max_entries=1, initial=bytes(16), section=".data")
    with prepared(MEET, (flags,), back_end, checked=True, cpus=2) as exe:
        for _ in range(20):
            exe.maps[".data"].write_bytes(bytes(4), bytes(16))
            on_threads(exe, meet, 2)


def meet(number: int, mine: Executable) -> None:
    assert mine.run(packet=bytes([number]) + bytes(13), steps=2_000_000_000).return_value == 2


def test_entries_that_come_and_go(back_end: str) -> None:
    """Updates, lookups and deletes of the same few keys: what is there at the end is whole."""
    text = """
        r2 = *(u32 *)(r1 + 0)
        r3 = *(u32 *)(r1 + 4)
        r4 = r2
        r4 += 2
        if r4 > r3 goto out
        r6 = *(u8 *)(r2 + 0)
        r7 = *(u8 *)(r2 + 1)
        *(u32 *)(r10 - 4) = r6
        r6 *= 257
        *(u64 *)(r10 - 16) = r6
        *(u64 *)(r10 - 24) = r6
        r2 = r10
        r2 += -4
        r1 = map[0] ll
        if r7 == 0 goto delete
        r3 = r10
        r3 += -24
        r4 = 0
        call 2
        goto out
    delete:
        call 3
    out:
        r0 = 2
        exit
    """
    spec = bpfcc.MapSpec("m", type="hash", key_size=4, value_size=16, max_entries=12)
    with prepared(text, (spec,), back_end, checked=False) as exe:

        def work(number: int, mine: Executable) -> None:
            packets = [bytes([(turn * (number + 3)) % 16, (turn + number) % 3]) + bytes(12) for turn in range(3000)]
            mine.run_batch(packets)

        on_threads(exe, work)
        entries = list(exe.maps["m"].raw_items())
        assert len(entries) == len(exe.maps["m"]) <= 12
        assert len({key for key, _ in entries}) == len(entries)
        for key, value in entries:
            assert value == (int.from_bytes(key, "little") * 257).to_bytes(8, "little") * 2


def test_a_cpu_has_one_run(back_end: str) -> None:
    with prepared(CHANGE, (), back_end, checked=False, cpus=3) as exe:
        second, third = exe.thread(2), exe.thread()
        with pytest.raises(InputError, match="each of the 3 CPUs has a run already"):
            exe.thread()
        with pytest.raises(InputError, match="CPU 2 has a run already"):
            exe.thread(2)
        second.close()
        with pytest.raises(InputError, match="CPU 3 does not exist"):
            exe.thread(3)
        with exe.thread(2) as again:
            assert again.run(packet=bytes(14)).return_value == 14
        assert third.run(packet=bytes(15)).return_value == 15


def test_a_thread_of_a_thread(back_end: str) -> None:
    with prepared(COUNT, MAPS, back_end, checked=False, cpus=3) as exe:
        first = exe.thread()
        second = first.thread()
        first.close()
        second.run(packet=bytes(16))
        exe.run(packet=bytes(16))
        assert exe.maps["own"][0] == [1, 0, 1]


def test_what_it_was_made_of_closes_it(back_end: str) -> None:
    exe = prepared(CHANGE, (), back_end, checked=False, cpus=3)
    others = [exe.thread(), exe.thread()]
    exe.close()
    for other in others:
        assert other._run.pointer == 0
        other.close()


def test_tail_calls_on_threads(back_end: str) -> None:
    from tests.fuzzing.case import Case, Part

    jumps = bpfcc.MapSpec("jumps", type="prog_array", key_size=4, value_size=4, max_entries=2, values={0: "next"})
    first = bpfcc.assemble("r2 = map[0] ll\nr3 = 0\ncall 12\nr0 = 1\nexit")
    second = bpfcc.assemble("r0 = 7\nexit")
    case = Case("xdp", (Part("main", first), Part("next", second)), (jumps,))
    exe: Any
    with bpfcc.prepare(case.program(), back_end, options=RunOptions(cpus=4)) as exe:

        def work(_number: int, mine: Executable) -> None:
            for _ in range(200):
                assert mine.run(packet=bytes(14)).return_value == 7

        on_threads(exe, work, 4)
