"""Clocks, random numbers, tasks, text, memory by address, routes, redirects, stacks, Python helpers, Windows' helpers."""

from __future__ import annotations

import ipaddress
import struct

import pytest

from bpfcc.bpfir.module import MapSpec
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.runtime.hooks import Verdict, kept_bytes, verdict
from bpfcc.runtime.log import Clone, Signal, TraceLine, UserWrite
from bpfcc.runtime.options import Device, Route, RunOptions, Task
from bpfcc.runtime.packets import ethertype, strip_link_header, wire_packet
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.state import HelperCall
from tests.back_ends import each_back_end
from tests.runtime_harness import Lab, prepare_here

EAGAIN, EFAULT, ENODEV, EINVAL, EAFNOSUPPORT, E2BIG = -11, -14, -19, -22, -97, -7
back_end = each_back_end("tests.runtime_harness")
DEVMAP = MapSpec("devices", "devmap", 4, 4, 4)
HASH = MapSpec("flows", "hash", 4, 8, 4)


def texts(lab: Lab) -> list[str]:
    return [record.text for record in lab.runtime.take_log() if isinstance(record, TraceLine)]


# ---- clocks and random numbers


def test_driven_clock() -> None:
    with Lab(packet=b"", options=RunOptions(clock_ns=1_000_000_007, boot_offset_ns=5, real_offset_ns=100)) as lab:
        assert lab.call("ktime_get_ns") == lab.call("ktime_get_ns") == 1_000_000_007
        assert lab.call("ktime_get_boot_ns") == 1_000_000_012
        assert lab.call("ktime_get_coarse_ns") == 1_000_000_000
        assert lab.call("ktime_get_tai_ns") == 1_000_000_107 + 37_000_000_000
        assert lab.call("jiffies64") == 250
        lab.runtime.set_clock(9)
        assert lab.call("ktime_get_ns") == lab.runtime.now() == 9


def test_real_clock_runs() -> None:
    with Lab(packet=b"") as lab:
        for helper in ("ktime_get_ns", "ktime_get_boot_ns", "ktime_get_tai_ns"):
            first = lab.call(helper)
            assert 0 < first <= lab.call(helper)


def test_random_numbers_repeat_from_the_seed() -> None:
    def draw(seed: int, cpu: int = 0) -> list[int]:
        with Lab(packet=b"", options=RunOptions(seed=seed, cpus=2), cpu=cpu) as lab:
            return [lab.call("get_prandom_u32") for _ in range(50)]

    assert draw(1) == draw(1)
    assert len({tuple(draw(1)), tuple(draw(2)), tuple(draw(1, cpu=1))}) == 3
    assert all(0 <= number < 1 << 32 for number in draw(3))
    assert len(set(draw(3))) == 50


# ---- who is running


def test_task() -> None:
    task = Task(pid=100, tid=101, uid=1000, gid=50, comm="a-name-that-is-too-long", numa_node=2, socket_uid=7)
    with Lab("raw_tracepoint", context=bytes(16), options=RunOptions(task=task)) as lab:
        assert lab.call("get_current_pid_tgid") == 100 << 32 | 101
        assert lab.call("get_current_uid_gid") == 50 << 32 | 1000
        assert lab.call("get_numa_node_id") == 2
        room = lab.room(16)
        assert lab.call("get_current_comm", room, 16) == 0
        assert lab.get(room, 16) == b"a-name-that-is-\0"
        short = lab.room(4)
        lab.call("get_current_comm", short, 4)
        assert lab.get(short, 4) == b"a-n\0"
        assert lab.call("get_current_comm", 8, 16) == EINVAL
        assert lab.take_trap() == "access"


@pytest.mark.parametrize(
    ("helper", "needs"),
    [
        ("get_current_task", "task.address"), ("get_current_cgroup_id", "task.cgroup_id"), ("get_netns_cookie", "task.netns_cookie"),
        ("get_socket_cookie", "task.socket_cookie"), ("get_func_arg", "function_arguments"), ("check_mtu", "devices"),
    ],
)  # fmt: skip
def test_what_was_not_supplied_is_asked_for(helper: str, needs: str) -> None:
    with Lab(packet=b"") as lab, pytest.raises(UnsupportedError, match=f"bpf_{helper} needs .*RunOptions.{needs}"):
        lab.call(helper)


def test_cgroups() -> None:
    cgroups = MapSpec("cgroups", "cgroup_array", 4, 4, 3)
    task = Task(cgroup_id=30, cgroup_ancestors=[1, 20], address=0xFFFF_8880_0000_0000, netns_cookie=5, socket_cookie=6)
    with Lab("raw_tracepoint", context=bytes(16), maps=[cgroups], options=RunOptions(task=task)) as lab:
        lab.maps["cgroups"][0] = 20  # type: ignore[index]
        lab.maps["cgroups"][1] = 99  # type: ignore[index]
        under = [lab.call("current_task_under_cgroup", lab.handle("cgroups"), index) for index in range(4)]
        assert under == [1, 0, EAGAIN, E2BIG]
        assert lab.call("get_current_cgroup_id") == 30
        assert [lab.call("get_current_ancestor_cgroup_id", level) for level in (0, 1, 2, 3, -1)] == [1, 20, 30, 0, 0]
        assert lab.call("get_current_task") & (1 << 64) - 1 == 0xFFFF_8880_0000_0000
        assert lab.call("get_netns_cookie", 0) == 5


def test_too_many_cgroup_levels_are_refused() -> None:
    with pytest.raises(InputError, match="at most eight"):
        Task(cgroup_ancestors=range(9)).to_native()


def test_noted_effects() -> None:
    with Lab("kprobe", context={"di": 5}) as lab:
        assert lab.call("override_return", lab.ctx, -12) == 0
        assert lab.call("send_signal", 9) == 0
        assert lab.call("send_signal_thread", 65) == EINVAL
        assert lab.call("set_retval", -1) == 0
        assert lab.call("get_retval") == -1
        lab.end()
        assert lab.run.result(0).override == -12 & (1 << 64) - 1
        assert lab.run.result(0).context["di"] == 5
        signal = lab.runtime.take_log()[0]
        assert isinstance(signal, Signal)
        assert (signal.number, signal.to_thread) == (9, False)


def test_traced_arguments() -> None:
    context = struct.pack("<3Q", 11, 22, 33)
    with Lab("tracing", context=context, options=RunOptions(function_arguments=2, function_ip=0x55, attach_cookie=0x66)) as lab:
        room = lab.room(8)
        assert lab.call("get_func_arg", lab.ctx, 1, room) == 0
        assert lab.get(room, 8) == struct.pack("<Q", 22)
        assert lab.call("get_func_arg", lab.ctx, 2, room) == EINVAL
        assert lab.call("get_func_ret", lab.ctx, room) == 0
        assert lab.get(room, 8) == struct.pack("<Q", 33)
        assert (lab.call("get_func_arg_cnt", lab.ctx), lab.call("get_func_ip", lab.ctx), lab.call("get_attach_cookie", lab.ctx)) == (
            2,
            0x55,
            0x66,
        )


# ---- memory by address


KERNEL = 0xFFFF_8880_1234_0000


def test_probe_read_of_supplied_memory() -> None:
    with Lab("kprobe", context={}, options=RunOptions(readable={KERNEL: b"kernel\0data", KERNEL + 11: b"more"})) as lab:
        room = lab.room(16)
        assert lab.call("probe_read_kernel", room, 6, KERNEL) == 0
        assert lab.get(room, 6) == b"kernel"
        # Across two pieces that touch.
        assert lab.call("probe_read_kernel", room, 8, KERNEL + 7) == 0
        assert lab.get(room, 8) == b"datamore"
        assert lab.call("probe_read_kernel", room, 9, KERNEL + 7) == EFAULT
        assert lab.get(room, 9) == bytes(9)
        assert lab.call("probe_read_user", room, 1, KERNEL - 1) == EFAULT
        assert lab.call("probe_read_kernel", room, 0, 0) == 0
        assert lab.run.native.trap == 0


def test_probe_read_of_the_program_s_own_memory() -> None:
    with Lab("kprobe", context={"di": 77}, maps=[HASH]) as lab:
        room, source = lab.room(8), lab.put(b"on stack")
        assert lab.call("probe_read", room, 8, source) == 0
        assert lab.get(room, 8) == b"on stack"
        assert lab.call("probe_read", room, 8, lab.ctx + 112) == 0
        assert lab.get(room, 8) == struct.pack("<Q", 77)
        assert lab.call("probe_read", room, 8, 0x1000_0000_0000) == EFAULT
        # The destination is checked as any access is.
        assert lab.call("probe_read", 16, 8, source) == EFAULT
        assert lab.take_trap() == "access"


def test_probe_read_in_unchecked_runs_reaches_only_what_is_the_run_s() -> None:
    with Lab("kprobe", context={"di": 77}, maps=[HASH], checked=False, options=RunOptions(readable={KERNEL: b"kernel"})) as lab:
        room, source = lab.room(8), lab.put(b"on stack")
        assert lab.call("probe_read", room, 8, source) == 0
        assert lab.get(room, 8) == b"on stack"
        assert lab.call("probe_read", room, 6, KERNEL) == 0
        assert lab.call("probe_read", room, 8, lab.ctx + 112) == 0
        for address in (0, 8, id(lab), lab.run.pointer, lab.ctx + 168):
            assert lab.call("probe_read", room, 8, address) == EFAULT
        assert lab.get(room, 8) == bytes(8)


def test_strings() -> None:
    with Lab("kprobe", context={}, options=RunOptions(readable={KERNEL: b"hello\0rest", 0x4000: b"no end"})) as lab:
        room = lab.room(8)
        assert lab.call("probe_read_kernel_str", room, 8, KERNEL) == 6
        assert lab.get(room, 8) == b"hello\0\xaa\xaa"
        assert lab.call("probe_read_user_str", room, 4, KERNEL) == 4
        assert lab.get(room, 4) == b"hel\0"
        assert lab.call("probe_read_str", room, 8, 0x4000) == EFAULT
        assert lab.get(room, 8) == bytes(8)
        assert lab.call("probe_read_str", room, 0, KERNEL) == 0


def test_probe_write_is_noted_and_not_done() -> None:
    with Lab("kprobe", context={}, options=RunOptions(readable={0x4000: b"old!"})) as lab:
        assert lab.call("probe_write_user", 0x4000, lab.put(b"new!"), 4) == 0
        assert lab.call("probe_write_user", 0x9000, lab.put(b"new!"), 4) == EFAULT
        written = [record for record in lab.runtime.take_log() if isinstance(record, UserWrite)]
        assert [(each.address, each.data) for each in written] == [(0x4000, b"new!")]
        room = lab.room(4)
        lab.call("probe_read_user", room, 4, 0x4000)
        assert lab.get(room, 4) == b"old!"


# ---- text


def test_trace_printk() -> None:
    with Lab(packet=b"", options=RunOptions(clock_ns=5)) as lab:
        line = lab.put(b"value %d of %s\n\0")
        assert lab.call("trace_printk", line, 16, 42, lab.put(b"name\0")) == 17
        assert lab.call("trace_printk", line, 15, 1, 2) == EINVAL
        assert lab.call("trace_printk", lab.put(b"%d %d %d %d\0"), 12, 1, 2, 3) == EINVAL
        assert lab.call("trace_printk", lab.put(b"\x80\0"), 2) == EINVAL
        assert lab.call("trace_vprintk", lab.put(b"%d %d %d %d\0"), 12, lab.put(struct.pack("<4Q", 1, 2, 3, 4)), 32) == 7
        assert lab.call("trace_vprintk", lab.put(b"%d\0"), 3, lab.put(bytes(8)), 7) == EINVAL
        assert lab.runtime.take_log() == [TraceLine(0, 5, "value 42 of name"), TraceLine(0, 5, "1 2 3 4")]
        assert lab.runtime.take_log() == []


def test_addresses_in_text() -> None:
    with Lab(packet=b"") as lab:
        four, six = lab.put(bytes([192, 0, 2, 33])), lab.put(bytes(range(16)))
        lab.call("trace_printk", lab.put(b"%pI4 %pi4 %pI6\0"), 15, four, four, six)
        lab.call("trace_printk", lab.put(b"%pi6 %s|\0"), 9, six, 0x7777)
        assert texts(lab) == ["192.0.2.33 192.000.002.033 0001:0203:0405:0607:0809:0a0b:0c0d:0e0f", "000102030405060708090a0b0c0d0e0f |"]
        assert lab.run.native.trap == 0


def test_log_is_bounded() -> None:
    with Lab(packet=b"", options=RunOptions(log_limit_bytes=100)) as lab:
        line = lab.put(b"0123456789\0")
        for _ in range(5):
            lab.call("trace_printk", line, 11)
        assert len(texts(lab)) == 2
        assert lab.runtime.log_dropped == 3


def test_strncmp() -> None:
    spec = MapSpec(".rodata", "array", 4, 8, 1, flags=0x80, initial=b"abc\0")
    with Lab(packet=b"", maps=[spec]) as lab:
        constant = lab.runtime.binding(".rodata").guest_base
        results = [lab.call("strncmp", lab.put(text), len(text), constant) for text in (b"abc\0", b"abd", b"abb", b"ab", b"abcd", b"ab\0")]
        assert results == [0, 1, -1, 0, 1, -1]
        lab.call("strncmp", lab.put(b"a"), 1, 8)
        assert lab.take_trap() == "access"


# ---- where packets go


def test_redirect_is_recorded() -> None:
    with Lab(packet=bytes(64)) as lab:
        assert lab.call("redirect", 7, 0) == 4
        redirect = lab.run.result(4).redirect
        assert redirect is not None
        assert (redirect.kind, redirect.ifindex) == ("device", 7)
        lab.begin()
        assert lab.run.result(0).redirect is None


def test_redirect_map() -> None:
    xsks = MapSpec("xsks", "xskmap", 4, 4, 4)
    with Lab(packet=bytes(64), maps=[DEVMAP, xsks, HASH]) as lab:
        lab.maps["devices"][1] = 9  # type: ignore[index]
        lab.maps["xsks"][0] = 0  # type: ignore[index]
        devices = lab.handle("devices")
        assert lab.call("redirect_map", devices, 1, 0) == 4
        redirect = lab.run.result(4).redirect
        assert redirect is not None
        assert (redirect.kind, redirect.key, redirect.target, redirect.map_id) == ("map", 1, 9, lab.runtime.binding("devices").id)
        assert [lab.call("redirect_map", devices, 0, flags) for flags in (0, 1, 2, 3, 4, 8, 32)] == [0, 1, 2, 3, 0, 4, 0]
        assert [lab.call("redirect_map", lab.handle("xsks"), key, 2) for key in (0, 1)] == [4, 2]
        assert lab.call("redirect_map", lab.handle("xsks"), 0, 8) == 0
        lab.call("redirect_map", lab.handle("flows"), 1, 0)
        assert lab.take_trap() == "helper"


def test_clone_redirect() -> None:
    with Lab("sched_cls", packet=bytes(range(64)), options=RunOptions(devices=[Device(3)])) as lab:
        before = lab.data
        assert lab.call("clone_redirect", lab.ctx, 3, 1) == 0
        assert lab.call("clone_redirect", lab.ctx, 4, 0) == EINVAL
        assert lab.call("clone_redirect", lab.ctx, 3, 2) == EINVAL
        assert lab.access(before, 1) == "access"
        (clone,) = lab.runtime.take_log()
        assert isinstance(clone, Clone)
        assert (clone.ifindex, clone.flags, clone.packet) == (3, 1, bytes(range(64)))


def fib_params(destination: bytes, *, family: int = 2, ifindex: int = 1, length: int = 0, table: int = 0) -> bytes:
    head = struct.pack("<BBHHHII", family, 6, 0, 0, length, ifindex, 0)
    return head + bytes(16) + destination.ljust(16, b"\0") + struct.pack("<I", table) + bytes(12)


ROUTES = [
    Route("10.0.0.0/8", ifindex=2, dmac="02:00:00:00:00:02", smac="02:00:00:00:00:aa", metric=3, source="10.0.0.1"),
    Route("10.1.0.0/16", ifindex=3, gateway="10.9.9.9", dmac=b"\2\0\0\0\0\3"),
    Route("10.2.0.0/16", ifindex=4),
    Route("10.3.0.0/16", ifindex=5, kind="blackhole"),
    Route("10.4.0.0/16", ifindex=5, kind="unreachable"),
    Route("10.5.0.0/16", ifindex=5, kind="prohibit"),
    Route("10.6.0.0/16", ifindex=5, kind="local"),
    Route("10.7.0.0/16", ifindex=6, gateway="fe80::1", dmac=b"\2\0\0\0\0\6"),
    Route("10.8.0.0/16", ifindex=7, dmac=b"\2\0\0\0\0\7", table=100),
    Route("2001:db8::/32", ifindex=8, dmac=b"\2\0\0\0\0\x08"),
]


def test_fib_lookup() -> None:
    devices = [Device(1), Device(9, forwarding=False)]
    with Lab(packet=bytes(64), options=RunOptions(routes=ROUTES, devices=devices)) as lab:

        def look(params: bytes, flags: int = 0) -> tuple[int, bytes]:
            lab.begin()
            address = lab.put(params)
            return lab.call("fib_lookup", lab.ctx, address, len(params), flags), lab.get(address, 64)

        result, params = look(fib_params(bytes([10, 200, 0, 1])))
        assert (result, params[8:16], params[52:64]) == (0, struct.pack("<II", 2, 3), bytes.fromhex("0200000000aa 020000000002"))
        assert params[6:8] == struct.pack("<H", 1500)
        result, params = look(fib_params(bytes([10, 1, 2, 3])))
        assert (result, params[32:36], params[8:12]) == (0, bytes([10, 9, 9, 9]), b"\3\0\0\0")
        assert [look(fib_params(bytes([10, net, 0, 1])))[0] for net in (2, 3, 4, 5, 6)] == [7, 1, 2, 3, 4]
        assert look(fib_params(bytes([10, 2, 0, 1])), 4)[0] == 0
        assert look(fib_params(bytes([192, 0, 2, 1])))[0] == 4
        result, params = look(fib_params(bytes([10, 7, 0, 1])))
        assert (result, params[0], params[32:34]) == (0, 10, b"\xfe\x80")
        assert look(fib_params(bytes([10, 8, 0, 1])))[1][8] == 2
        assert look(fib_params(bytes([10, 8, 0, 1]), table=100), 9)[1][8] == 7
        result, params = look(fib_params(bytes([10, 200, 0, 1]), length=1501))
        assert (result, params[6:8]) == (8, struct.pack("<H", 1500))
        result, params = look(fib_params(bytes([10, 200, 0, 1])), 16)
        assert (result, params[16:20]) == (0, bytes([10, 0, 0, 1]))
        assert look(fib_params(bytes([10, 1, 0, 1])), 16)[0] == 9
        assert look(fib_params(bytes.fromhex("20010db8") + bytes(12), family=10))[1][8] == 8
        assert look(fib_params(b"", family=3))[0] == EAFNOSUPPORT
        assert look(fib_params(b"", ifindex=44))[0] == ENODEV
        assert look(fib_params(b"", ifindex=9))[0] == 5
        assert look(fib_params(b""), 64)[0] == EINVAL
        assert look(fib_params(b"")[:63])[0] == EINVAL


@pytest.mark.parametrize(
    ("address", "result"), [("ff02::1", 4), ("fe80::1", 4), ("febf::1", 4), ("::1", 4), ("fec0::1", 0), ("2001:db8::1", 0), ("::2", 0)]
)
def test_fib_lookup_does_not_forward_what_stays_on_a_link(address: str, result: int) -> None:
    options = RunOptions(routes=[Route("::/0", ifindex=8, dmac=b"\2\0\0\0\0\x08")])
    there, elsewhere = ipaddress.ip_address(address).packed, ipaddress.ip_address("2001:db8::9").packed
    with Lab(packet=bytes(64), options=options) as lab:
        for source, destination in ((elsewhere, there), (there, elsewhere)):
            params = bytearray(fib_params(destination, family=10))
            params[16:32] = source
            lab.begin()
            assert lab.call("fib_lookup", lab.ctx, lab.put(bytes(params)), len(params), 0) == result


@pytest.mark.parametrize(("prefix", "message"), [("10.0.0.1/8", "is no route"), ("ten/8", "is no route")])
def test_routes_are_checked(prefix: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Route(prefix, ifindex=1).to_native()


@pytest.mark.parametrize("mac", ["02:00", "zz:00:00:00:00:00", b"12345"])
def test_link_addresses_are_checked(mac: str | bytes) -> None:
    with pytest.raises(InputError, match="link address"):
        Route("10.0.0.0/8", ifindex=1, dmac=mac).to_native()


def test_check_mtu() -> None:
    with Lab(packet=bytes(100), options=RunOptions(devices=[Device(1, mtu=86), Device(2, mtu=1500)])) as lab:

        def check(ifindex: int, length: int, delta: int = 0, flags: int = 0) -> tuple[int, int]:
            lab.begin()
            at = lab.put(struct.pack("<I", length))
            result = lab.call("check_mtu", lab.ctx, ifindex, at, delta, flags)
            return result, struct.unpack("<I", lab.get(at, 4))[0]

        assert check(0, 0) == (0, 86)
        assert check(1, 0, 1) == (1, 86)
        assert check(1, 0, -5) == (0, 86)
        assert check(2, 1500) == (0, 1500)
        assert check(2, 1501) == (1, 1500)
        assert check(3, 0)[0] == ENODEV
        assert check(2, 0, 0, 1)[0] == EINVAL


# ---- packets that the kernel's test run does not compare


def test_growing_beyond_the_headroom_keeps_the_packet() -> None:
    packet = bytes.fromhex("020000000001020000000002 0800 45") + bytes(range(100))
    with Lab("sched_cls", packet=packet) as lab:
        assert lab.call("skb_change_head", lab.ctx, 1000, 0) == 0
        assert lab.run.packet() == bytes(1000) + packet
        assert lab.access(lab.data, 1000 + len(packet), write=True) is None
        assert lab.run.result(0).context["len"] == 1000 + len(packet)


def test_congestion_mark() -> None:
    ip = bytearray(bytes.fromhex("45020054000040004001b755c0000201c0000202"))
    with Lab("sched_cls", packet=bytes(12) + b"\x08\0" + bytes(ip) + bytes(20)) as lab:
        assert lab.call("skb_ecn_set_ce", lab.ctx) == 1
        after = lab.run.packet()[14:34]
        assert after[1] == 3
        words = struct.unpack(">10H", after)
        before = struct.unpack(">10H", ip)
        # The sum over the header is what it was: the checksum was corrected.
        assert sum(words) % 0xFFFF == sum(before) % 0xFFFF
        assert lab.call("skb_ecn_set_ce", lab.ctx) == 1
    with Lab("sched_cls", packet=bytes(12) + b"\x08\0\x45\0" + bytes(40)) as lab:
        assert lab.call("skb_ecn_set_ce", lab.ctx) == 0


def test_flow_hash() -> None:
    packet = bytes(12) + b"\x08\0" + bytes.fromhex("45000028000000004006000001020304050607080050 01bb") + bytes(30)
    other = packet[:-30].replace(b"\x01\xbb", b"\x01\xbc") + bytes(30)
    with Lab("sched_cls", packet=packet) as lab, Lab("sched_cls", packet=other) as second:
        first = lab.call("get_hash_recalc", lab.ctx)
        assert first == lab.call("get_hash_recalc", lab.ctx) != second.call("get_hash_recalc", second.ctx)
        assert lab.run.result(0).context["hash"] == first
        lab.call("set_hash_invalid", lab.ctx)
        assert lab.run.result(0).context["hash"] == 0


@pytest.mark.parametrize("helper", ["xdp_adjust_head", "xdp_adjust_tail", "xdp_adjust_meta"])
def test_context_argument_must_be_the_context(helper: str) -> None:
    with Lab(packet=bytes(64)) as lab:
        lab.call(helper, lab.ctx + 4, 0)
        assert lab.take_trap() == "helper"


# ---- stacks


def test_stacks() -> None:
    stacks = MapSpec("stacks", "stack_trace", 4, 8 * 4, 8)
    with Lab("kprobe", context={}, maps=[stacks], options=RunOptions(call_stack=[0x10, 0x20, 0x30])) as lab:
        room = lab.room(24)
        assert lab.call("get_stack", lab.ctx, room, 24, 0) == 24
        assert lab.get(room, 24) == struct.pack("<3Q", 0x10, 0x20, 0x30)
        assert lab.call("get_stack", lab.ctx, room, 24, 2) == 8
        assert lab.get(room, 24) == struct.pack("<3Q", 0x30, 0, 0)
        assert lab.call("get_stack", lab.ctx, room, 8, 0) == 8
        assert lab.call("get_stack", lab.ctx, room, 24, 4) == EFAULT
        assert lab.call("get_stack", lab.ctx, room, 20, 0) == EINVAL
        assert lab.call("get_stack", lab.ctx, room, 24, 1 << 20) == EINVAL
        number = lab.call("get_stackid", lab.ctx, lab.handle("stacks"), 0)
        assert 0 <= number < 8
        assert number == lab.call("get_stackid", lab.ctx, lab.handle("stacks"), 0)
        assert lab.call("get_stackid", lab.ctx, lab.handle("stacks"), 3) == EFAULT
        assert lab.call("get_stackid", lab.ctx, lab.handle("stacks"), 1 << 30) == EINVAL


def test_no_stack_was_supplied() -> None:
    with Lab("kprobe", context={}) as lab:
        assert lab.call("get_stack", lab.ctx, lab.room(8), 8, 0) == EFAULT


# ---- Python helpers


def test_python_helper() -> None:
    seen: list[tuple[int, ...]] = []

    def answer(call: HelperCall) -> int:
        seen.append(call.arguments)
        call.write(call.arguments[0], b"abc")
        return len(call.read(call.arguments[0], 4))

    with Lab(packet=bytes(64)) as lab:
        lab.runtime.set_helper(84, answer)
        lab.end()
        text = "r1 = r10\nr1 += -8\nr2 = 0\n*(u64 *)(r10 - 8) = r2\nr2 = 2\nr3 = 3\nr4 = 4\nr5 = 5\ncall 84\n"
        text += "r1 = *(u32 *)(r10 - 8)\nr0 <<= 32\nr0 += r1\nexit"
        _, exe = prepare_here(text, lab)
        with exe.bind(lab.run):  # type: ignore[attr-defined]
            result = lab.run.repeat(exe.entry)  # type: ignore[attr-defined]
        assert result.return_value == 4 << 32 | int.from_bytes(b"abc\0", "little")
        assert seen[0][1:] == (2, 3, 4, 5)


def test_what_a_python_helper_raises_ends_the_run() -> None:
    def fail(_call: HelperCall) -> int:
        raise KeyError("no such peer")

    with Lab(packet=bytes(64)) as lab:
        lab.runtime.set_helper(84, fail)
        assert lab.call("sk_lookup_tcp", 1, 2, 3, 4, 5) == 0
        assert lab.take_trap() == "helper"
        assert isinstance(lab.runtime.failures[0], KeyError)


def test_python_helper_is_checked_as_a_program_is() -> None:
    def peek(call: HelperCall) -> int:
        return len(call.read(64, 8)) + call.write(1 << 40, b"x")

    with Lab(packet=bytes(64)) as lab:
        lab.runtime.set_helper(84, peek)
        assert lab.call("sk_lookup_tcp", 1, 2, 3, 4, 5) == 0
        assert lab.take_trap() == "access"


# ---- Windows


def test_windows_helpers() -> None:
    maps = [HASH, MapSpec("queue", "queue", 0, 4, 1)]
    with Lab(packet=bytes(64), maps=maps, platform="windows", options=RunOptions(clock_ns=1_234_567_890)) as lab:
        key, value, flows = lab.put(b"\1\0\0\0"), lab.put(bytes(8)), lab.handle("flows")
        assert lab.call("map_delete_elem", flows, key) == -19
        assert lab.call("map_update_elem", flows, key, value, 0) == 0
        assert lab.call("map_update_elem", flows, key, value, 1) == -8
        assert lab.get(lab.call("map_lookup_elem", flows, key), 8) == bytes(8)
        assert lab.call("map_pop_elem", lab.handle("queue"), lab.room(4)) == -7
        assert [lab.call("map_push_elem", lab.handle("queue"), key, 0) for _ in range(2)] == [0, -29]
        assert (lab.call("ktime_get_ns"), lab.call("ktime_get_ms")) == (1_234_567_800, 1234)
        assert lab.call("trace_printk4", lab.put(b"%d %llx\n\0"), 9, 5, 255) == 5
        assert lab.call("trace_printk2", lab.put(b"%s\0"), 3) == -1
        assert texts(lab) == ["5 ff"]


def test_windows_memory_helpers() -> None:
    with Lab(packet=bytes(64), platform="windows") as lab:
        room, text = lab.put(bytes(8)), lab.put(b"abc\0")
        assert lab.call("memcpy_s", room, 8, text, 4) == 0
        assert lab.get(room, 4) == b"abc\0"
        assert lab.call("memcpy_s", room, 3, text, 4) == EINVAL
        assert [lab.call("memcmp_s", room, 4, text, size) for size in (4, 3)] == [0, 1]
        assert lab.call("memset", room, 8, 0x141) == room
        assert lab.get(room, 8) == b"A" * 8
        assert lab.call("strnlen_s", room, 8) == 8
        assert lab.call("strncpy_s", room, 8, text, 4) == 0
        assert lab.call("strncat_s", room, 8, text, 4) == 0
        assert lab.get(room, 8) == b"abcabc\0\0"
        lab.call("memset", lab.ctx, 8, 0)
        assert lab.take_trap() == "access"


def test_windows_context_holds_whole_pointers() -> None:
    with Lab(packet=bytes(64), platform="windows") as lab:
        fields = lab.run.codec.decode(lab.run.context_bytes())  # type: ignore[union-attr]
        assert fields["data_end"] - fields["data"] == 64  # type: ignore[operator]
        with pytest.raises(UnsupportedError, match="bpf_is_current_admin"):
            lab.call("is_current_admin", lab.ctx)


# ---- hooks and packets


@pytest.mark.parametrize(
    ("program_type", "value", "expected"),
    [
        ("xdp", 2, Verdict("XDP_PASS", "pass")), ("xdp", 3, Verdict("XDP_TX", "transmit")), ("xdp", 77, Verdict("unknown (77)", "abort")),
        ("xdp", 1 << 32 | 1, Verdict("XDP_DROP", "drop")), ("sched_cls", (1 << 32) - 1, Verdict("TC_ACT_UNSPEC", "pass")),
        ("sched_cls", 2, Verdict("TC_ACT_SHOT", "drop")), ("sched_cls", 99, Verdict("unknown (99)", "pass")),
        ("socket_filter", 0, Verdict("drop", "drop")),
        ("socket_filter", 20, Verdict("keep", "pass")), ("cgroup_skb", 1, Verdict("allow", "pass")),
        ("cgroup_skb", 3, Verdict("3", "pass")), ("cgroup_sock_addr", 0, Verdict("reject", "drop")),
        ("kprobe", 5, Verdict("5", "none")), ("lwt_xmit", 2, Verdict("BPF_DROP", "drop")),
    ],
)  # fmt: skip
def test_verdicts(program_type: str, value: int, expected: Verdict) -> None:
    assert verdict(load_platform("linux"), program_type, value) == expected


def test_windows_verdicts() -> None:
    windows = load_platform("windows")
    assert [verdict(windows, "xdp", value).disposition for value in (1, 2, 3, 9)] == ["pass", "drop", "transmit", "drop"]


def test_packets() -> None:
    frame = bytes(12) + b"\x81\0\0\x05\x08\0payload"
    assert strip_link_header(frame) == (0x0800, b"payload")
    assert strip_link_header(bytes(13)) is None
    assert strip_link_header(bytes(12) + b"\x81\0\0\x05\x81\0") is None
    assert (ethertype(frame), ethertype(b"")) == (0x8100, None)
    assert wire_packet(bytes(12) + b"\x08\0x", 5) == bytes(12) + b"\x81\0\0\x05\x08\0x"
    assert wire_packet(b"short", 5) == b"short"
    assert kept_bytes("socket_filter", 3, b"abcdef") == b"abc"
    assert kept_bytes("xdp", 2, b"abcdef") == b"abcdef"
