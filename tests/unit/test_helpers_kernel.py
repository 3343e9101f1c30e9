"""Helpers here and in the kernel: the same program, the same result and the same packet afterwards."""

from __future__ import annotations

import os
import struct

import pytest

from bpfcc.bpfir.module import MapSpec
from tests.back_ends import each_back_end
from tests.kernel import _bpf, map_create, map_update, needs_kernel
from tests.runtime_harness import Lab, run_here, run_in_kernel

back_end = each_back_end("tests.runtime_harness")
MAP_FREEZE = 22
PACKET = bytes.fromhex("020000000001020000000002 0800") + bytes.fromhex("4500003c1c4640004006b1e6ac100a63ac100a0c") + bytes(range(40))
PACKET6 = bytes.fromhex("020000000001020000000002 86dd") + bytes.fromhex("6000000000201140") + bytes(range(32)) + bytes(32)
TAGGED = PACKET[:12] + bytes.fromhex("8100 0064") + PACKET[12:]


def on_stack(data: bytes, top: int = 0) -> str:
    """Statements that put `data` into the frame, its end at r10 - top."""
    padded = data.ljust((len(data) + 7) // 8 * 8, b"\0")
    start = -(top + len(padded))
    words = [struct.unpack_from("<Q", padded, at)[0] for at in range(0, len(padded), 8)]
    return "\n".join(f"r0 = {word:#x} ll\n*(u64 *)(r10 {start + 8 * index:+d}) = r0" for index, word in enumerate(words))


def at(data: bytes, top: int = 0) -> str:
    """The offset expression of what `on_stack` put there."""
    return f"{-(top + (len(data) + 7) // 8 * 8)}"


def both(text: str, program_type: str = "xdp", packet: bytes = PACKET) -> int:
    """Run in both worlds; the result they agree on, 32 bits signed."""
    ours, theirs = run_here(text, program_type, packet=packet), run_in_kernel(text, program_type, packet=packet)
    assert ours.trap is None
    assert ours.return_value & 0xFFFF_FFFF == theirs.return_value, (
        f"here {ours.return_value & 0xFFFF_FFFF:#x}, kernel {theirs.return_value:#x}"
    )
    assert ours.metadata + (ours.packet or b"") == theirs.packet
    value = theirs.return_value
    return value - (1 << 32) if value >> 31 else value


@needs_kernel
@pytest.mark.parametrize("delta", [0, 1, 14, 50, 60, 61, 74, -1, -100, -215, -216, -217, -256, -1000, 0x7FFFFFFF])
def test_adjust_head(delta: int) -> None:
    both(f"r2 = {delta}\ncall 44\nexit")


@needs_kernel
@pytest.mark.parametrize("delta", [0, 1, 200, 3444, 3445, 3446, 4000, -1, -59, -60, -61, -74, 0x7FFFFFFF, -0x80000000])
def test_adjust_tail(delta: int) -> None:
    both(f"r2 = {delta}\ncall 65\nexit")


@needs_kernel
@pytest.mark.parametrize("delta", [0, 4, -4, -3, -8, -32, -36, -64, -128, -216, -220, -252, -256])
def test_adjust_meta(delta: int) -> None:
    both(f"r2 = {delta}\ncall 54\nr0 = r0\nexit")


@needs_kernel
@pytest.mark.parametrize(("meta", "head"), [(-4, -4), (-32, -100), (-8, 14), (-16, -200), (-16, -201), (-4, -212), (-4, -213)])
def test_adjust_meta_then_head(meta: int, head: int) -> None:
    both(f"r6 = r1\nr2 = {meta}\ncall 54\nr1 = r6\nr2 = {head}\ncall 44\nexit")


@needs_kernel
@pytest.mark.parametrize(
    ("old", "new", "seed"),
    [
        (b"", b"", 0),
        (b"", b"", 0x12345678),
        (b"\x01\x02\x03\x04", b"", 0),
        (b"", b"\x01\x02\x03\x04", 0),
        (b"\x01\x02\x03\x04", b"\x05\x06\x07\x08", 0xFFFF),
        (b"\xff" * 8, b"\x00" * 8, 0),
        (b"\x00" * 8, b"\xff" * 8, 0),
        (b"\xff" * 16, b"\xff" * 16, 0xFFFFFFFF),
        (b"\x12\x34\x56\x78" * 4, b"\x9a\xbc\xde\xf0" * 4, 0x80000000),
        (b"\x00\x00\x00\x80", b"", 0),
    ],
)
def test_csum_diff(old: bytes, new: bytes, seed: int) -> None:
    text = on_stack(old) + "\n" + on_stack(new, 64) + "\n"
    text += (f"r1 = r10\nr1 += {at(old)}\n" if old else "r1 = 0\n") + f"r2 = {len(old)}\n"
    text += (f"r3 = r10\nr3 += {at(new, 64)}\n" if new else "r3 = 0\n") + f"r4 = {len(new)}\n"
    both(text + f"r5 = {seed:#x} ll\ncall 28\nexit")


@needs_kernel
@pytest.mark.parametrize("sizes", [(1, 4), (4, 2), (3, 3), (7, 5)])
def test_csum_diff_of_odd_sizes(sizes: tuple[int, int]) -> None:
    text = on_stack(b"\x12\x34\x56\x78\x9a\xbc\xde\xf0")
    both(text + f"\nr1 = r10\nr1 += -8\nr2 = {sizes[0]}\nr3 = r10\nr3 += -8\nr4 = {sizes[1]}\nr5 = 0\ncall 28\nexit")


@needs_kernel
@pytest.mark.parametrize("flags", [0, 1, 2, 3, 4, 0x100])
@pytest.mark.parametrize("offset", [0, 30, 66, 67, 0x10000, -1])
def test_skb_store_bytes(offset: int, flags: int) -> None:
    data = b"\xde\xad\xbe\xef\x01\x02\x03\x04"
    text = "r6 = r1\n" + on_stack(data) + f"\nr1 = r6\nr2 = {offset}\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = {flags}\ncall 9\nexit"
    both(text, "sched_cls")


@needs_kernel
@pytest.mark.parametrize("offset", [0, 14, 66, 67, 0x7FFFFFFF, -1])
@pytest.mark.parametrize("kind", ["sched_cls", "socket_filter"])
def test_skb_load_bytes(offset: int, kind: str) -> None:
    tail = "r2 = *(u64 *)(r10 - 8)\nr0 += r2\nexit"
    text = on_stack(b"\xaa" * 8) + f"\nr2 = {offset}\nr3 = r10\nr3 += -8\nr4 = 8\ncall 26\n{tail}"
    if kind == "socket_filter":
        # The kernel's test run hands socket filters the packet from its network header.
        ours = run_here(text, kind, packet=PACKET[14:])
        assert ours.return_value & 0xFFFF_FFFF == run_in_kernel(text, kind, packet=PACKET).return_value
    else:
        both(text, kind)


@needs_kernel
@pytest.mark.parametrize("offset", [0, 8, 46, 47, 0xFFFF, 0x10000])
@pytest.mark.parametrize("start", [0, 1, 2])
def test_skb_load_bytes_relative(offset: int, start: int) -> None:
    text = (
        on_stack(b"\xaa" * 8)
        + f"\nr2 = {offset}\nr3 = r10\nr3 += -8\nr4 = 8\nr5 = {start}\ncall 68\nr2 = *(u64 *)(r10 - 8)\nr0 += r2\nexit"
    )
    both(text, "sched_cls")


@needs_kernel
@pytest.mark.parametrize(
    ("offset", "old", "new", "flags"),
    [
        (24, 0x1234, 0x4321, 2), (24, 0x12345678, 0x9ABCDEF0, 4), (24, 0, 0x1234, 0), (24, 1, 0x1234, 0), (24, 0, 0, 3), (24, 0, 0, 0x12),
        (25, 0, 1, 2), (72, 0, 1, 2), (73, 0, 1, 2), (74, 0, 1, 2), (0x10000, 0, 1, 2), (24, 0xFFFF, 0xFFFF, 2), (24, 0, 0xFFFF, 2),
        (24, 0xB1E6, 0, 2), (24, 0, 0xFFFFFFFF, 0),
    ],
)  # fmt: skip
def test_l3_csum_replace(offset: int, old: int, new: int, flags: int) -> None:
    both(f"r2 = {offset}\nr3 = {old:#x} ll\nr4 = {new:#x} ll\nr5 = {flags}\ncall 10\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("flags", [0, 2, 4, 3, 0x12, 0x14, 0x22, 0x24, 0x32, 0x62, 0x42, 0x94, 0x102])
@pytest.mark.parametrize(("offset", "old", "new"), [(50, 0x1234, 0x4321), (60, 0, 0xFFFF), (24, 0xFFFF, 0), (51, 0, 0), (34, 0, 5)])
def test_l4_csum_replace(offset: int, old: int, new: int, flags: int) -> None:
    both(f"r2 = {offset}\nr3 = {old:#x} ll\nr4 = {new:#x} ll\nr5 = {flags}\ncall 11\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("length", [0, 13, 14, 15, 34, 74, 75, 1500, 16000, 20000, -1])
def test_skb_change_tail(length: int) -> None:
    # And back, because the test run's answer has room for little more than went in.
    back = "r6 = r0\nr1 = r7\nr2 = 80\nr3 = 0\ncall 38\nr0 = r6\nexit"
    both(f"r7 = r1\nr2 = {length}\nr3 = 0\ncall 38\n{back}", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("room", [0, 1, 14, 200, 1000, 3000, 20000, -1])
def test_skb_change_head(room: int) -> None:
    both(f"r2 = {room}\nr3 = 0\ncall 43\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("helper", [38, 43])
def test_resizing_refuses_flags(helper: int) -> None:
    assert both(f"r2 = 80\nr3 = 1\ncall {helper}\nexit", "sched_cls") == -22


@needs_kernel
@pytest.mark.parametrize("length", [0, 1, 74, 75, 1000, -1])
def test_skb_pull_data(length: int) -> None:
    both(f"r2 = {length}\ncall 39\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("delta", [0, 4, 20, 0xFFF, 0x1000, -4, -20, -40, -41, -54, -1000])
@pytest.mark.parametrize("mode", [0, 1, 2])
@pytest.mark.parametrize("packet", [PACKET, PACKET6], ids=["ipv4", "ipv6"])
def test_skb_adjust_room(delta: int, mode: int, packet: bytes) -> None:
    both(f"r2 = {delta}\nr3 = {mode}\nr4 = 0\ncall 50\nexit", "sched_cls", packet)


@needs_kernel
@pytest.mark.parametrize(
    "flags", [1, 2, 4, 6, 8, 0xA, 0x12, 0x1A, 0x20, 0x80, 0x100, 0x180, 0x200, 0x1 << 32, (14 << 56) | 2, (60 << 56) | 2]
)
@pytest.mark.parametrize("delta", [40, -20])
def test_skb_adjust_room_flags(delta: int, flags: int) -> None:
    both(f"r2 = {delta}\nr3 = 1\nr4 = {flags:#x} ll\ncall 50\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("value", [0, 3, 4, -1])
def test_skb_change_type(value: int) -> None:
    # The kernel takes the packet for another host's at first: only what the helper did is compared.
    first = "r6 = r1\nr2 = 1\ncall 32\nr1 = r6\n"
    both(f"{first}r2 = {value}\ncall 32\nr7 = r0\nr0 = *(u32 *)(r6 + 4)\nr0 <<= 8\nr0 += r7\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("protocol", [0xDD86, 0x0008, 0x1234])
@pytest.mark.parametrize("packet", [PACKET, PACKET6], ids=["ipv4", "ipv6"])
def test_skb_change_proto(protocol: int, packet: bytes) -> None:
    both(f"r6 = r1\nr2 = {protocol}\nr3 = 0\ncall 31\nr7 = r0\nr0 = *(u32 *)(r6 + 16)\nr0 += r7\nexit", "sched_cls", packet)


# vlan_present, vlan_tci, vlan_proto and protocol, added up.
VLAN_STATE = "".join(f"r7 = *(u32 *)(r6 + {offset})\nr0 += r7\n" for offset in (20, 24, 28, 16)) + "exit"


@needs_kernel
@pytest.mark.parametrize("packet", [PACKET, TAGGED], ids=["plain", "tagged"])
@pytest.mark.parametrize("pushes", [1, 2, 3])
@pytest.mark.parametrize("protocol", [0x0081, 0xA888, 0x1234])
def test_skb_vlan_push(packet: bytes, pushes: int, protocol: int) -> None:
    push = "".join(f"r1 = r6\nr2 = {protocol}\nr3 = {0x123 + index}\ncall 18\n" for index in range(pushes))
    both("r6 = r1\n" + push + VLAN_STATE, "sched_cls", packet)


@needs_kernel
@pytest.mark.parametrize("packet", [PACKET, TAGGED, TAGGED[:12] + TAGGED[12:16] + TAGGED[12:]], ids=["plain", "tagged", "twice"])
@pytest.mark.parametrize("pops", [1, 2])
@pytest.mark.parametrize("push", ["", "r1 = r6\nr2 = 0x0081\nr3 = 5\ncall 18\n"], ids=["", "pushed"])
def test_skb_vlan_pop(packet: bytes, pops: int, push: str) -> None:
    both("r6 = r1\n" + push + "r1 = r6\ncall 19\n" * pops + VLAN_STATE, "sched_cls", packet)


@needs_kernel
@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (b"123", 10), (b"-123", 10), (b"0x1f", 16), (b"0x1f", 0), (b"017", 0), (b"017", 8), (b"  42abc", 10), (b"", 10),
        (b"abc", 10), (b"-", 10),
        (b"abc", 16), (b"9223372036854775807", 10), (b"9223372036854775808", 10), (b"-9223372036854775808", 10),
        (b"-9223372036854775809", 10),
        (b"18446744073709551615", 10), (b"18446744073709551616", 10), (b"99999999999999999999999", 10), (b"12", 2), (b"12", 7), (b"12", 32),
        (b"0x", 0), (b"0x", 16), (b"0xg", 0), (b"08", 0), (b"+5", 10), (b" ", 10), (b"- 5", 10), (b"--5", 10), (b"\t\n7", 10), (b"0", 0),
        (b"1" * 70, 10), (b"0" * 69 + b"7", 10), (b"0" * 70 + b"7", 10), (b"0" * 63 + b"7", 10), (b"0X1F", 16),
    ],
)  # fmt: skip
@pytest.mark.parametrize("helper", [105, 106], ids=["strtol", "strtoul"])
def test_numbers_from_text(text: bytes, flags: int, helper: int) -> None:
    data = text or b"\0"
    program = on_stack(b"\x11" * 8) + "\n" + on_stack(data, 8)
    program += f"\nr1 = r10\nr1 += {at(data, 8)}\nr2 = {len(data)}\nr3 = {flags}\nr4 = r10\nr4 += -8\ncall {helper}\n"
    both(program + "r0 *= 1000003\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nr2 = r1\nr2 >>= 32\nr0 += r2\nexit")


@needs_kernel
@pytest.mark.parametrize(("offset", "size"), [(0, 8), (66, 8), (67, 8), (0xFFFF, 8), (0x10000, 8), (-1, 8)])
@pytest.mark.parametrize("helper", [189, 190], ids=["load", "store"])
def test_xdp_bytes(offset: int, size: int, helper: int) -> None:
    text = "r6 = r1\n" + on_stack(b"\x55" * 8)
    text += f"\nr1 = r6\nr2 = {offset}\nr3 = r10\nr3 += -8\nr4 = {size}\ncall {helper}\nr1 = *(u64 *)(r10 - 8)\nr0 += r1\nexit"
    both(text)


@needs_kernel
def test_xdp_get_buff_len() -> None:
    assert both("call 188\nexit") == len(PACKET)


@needs_kernel
@pytest.mark.parametrize(("ifindex", "flags"), [(1, 0), (1, 1), (5, 2)])
@pytest.mark.parametrize("kind", ["xdp", "sched_cls"])
def test_redirect(ifindex: int, flags: int, kind: str) -> None:
    # A test run returns the verdict and sends nothing.
    both(f"r1 = {ifindex}\nr2 = {flags}\ncall 23\nexit", kind)


@needs_kernel
@pytest.mark.parametrize("flags", [0, 1])
def test_redirect_peer(flags: int) -> None:
    both(f"r1 = 1\nr2 = {flags}\ncall 155\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize(("size", "flags"), [(0, 0), (19, 0), (20, 0), (24, 0), (20, 1)])
def test_redirect_neigh(size: int, flags: int) -> None:
    pointer = "r2 = r10\nr2 += -24" if size else "r2 = 0"
    both(on_stack(bytes(24)) + f"\nr1 = 1\n{pointer}\nr3 = {size}\nr4 = {flags}\ncall 152\nexit", "sched_cls")


@needs_kernel
@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_csum_level(level: int) -> None:
    both(f"r2 = {level}\ncall 135\nexit", "sched_cls")


@needs_kernel
def test_csum_update() -> None:
    assert both("r2 = 5\ncall 40\nexit", "sched_cls") == -524


@needs_kernel
@pytest.mark.parametrize("value", [0, 1, 0xDEADBEEF])
def test_set_hash(value: int) -> None:
    both(
        f"r6 = r1\nr2 = {value:#x} ll\ncall 48\nr0 = *(u32 *)(r6 + 68)\nr1 = r6\ncall 34\nexit" if value else "r2 = 0\ncall 48\nexit",
        "sched_cls",
    )


@needs_kernel
@pytest.mark.parametrize("traffic_class", [0, 1, 2, 3])
@pytest.mark.parametrize("packet", [PACKET, PACKET6], ids=["ipv4", "ipv6"])
def test_skb_set_tstamp(traffic_class: int, packet: bytes) -> None:
    both(f"r2 = 1234\nr3 = {traffic_class}\ncall 192\nexit", "sched_cls", packet)
    both(f"r2 = 0\nr3 = {traffic_class}\ncall 192\nexit", "sched_cls", packet)


@needs_kernel
@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("%d", [5]), ("%d", [-5 & (1 << 64) - 1]), ("%u", [1 << 32 | 7]), ("%x %X", [255, 255]), ("%ld", [-1 & (1 << 64) - 1]),
        ("%lu", [1 << 63]), ("%llx", [0xDEADBEEFCAFE]), ("%5d|", [42]), ("%-5d|", [42]), ("%05d|", [42]), ("%+d", [42]), ("% d", [42]),
        ("%%", []), ("100%% %d", [1]), ("%c%c", [65, 66]), ("%3c|", [65]), ("%-3c|", [65]), ("%d", []), ("%d %d", [1]), ("plain", []),
        ("%q", [1]), ("%", []), ("%.3d", [1]), ("%#x", [1]), ("%i", [-7 & (1 << 64) - 1]), ("%-05d|", [42]), ("%05x|", [0xABC]),
        ("%+05d|", [-42 & (1 << 64) - 1]), ("%px", [0x1234]), ("%l", [1]), ("%hd", [1]), ("\t%d\n", [1]), ("\x01", []), ("%20d", [1]),
        ("%s!", [0]), ("%pI4", [0]), ("%pi4 %pI6", [0, 0]), ("%pi6", [0]), ("%pI5", [0]), ("%pks", [0]), ("%s1", [0]), ("%px1", [1]),
        ("%pKx", [0]), ("%d" * 8, list(range(8))),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [32, 4])
def test_snprintf(text: str, arguments: list[int], size: int) -> None:
    compare_snprintf(text, arguments, size)


def compare_snprintf(text: str, arguments: list[int], size: int) -> None:
    """A raw tracepoint program (no test run there needs a packet); the format lies in a frozen map."""
    format_bytes = text.encode() + b"\0"
    fd = map_create(2, 4, len(format_bytes), 1, 0x80)
    map_update(fd, bytes(4), format_bytes)
    _bpf(MAP_FREEZE, struct.pack("<I", fd))
    spec = MapSpec(".rodata", "array", 4, len(format_bytes), 1, flags=0x80, initial=format_bytes)
    data = struct.pack(f"<{len(arguments)}Q", *arguments)
    program = on_stack(b"\xaa" * 32) + "\n" + on_stack(data, 32)
    program += f"\nr1 = r10\nr1 += -32\nr2 = {size}\nr3 = map_value[{{map}}] +0 ll\n"
    program += (f"r4 = r10\nr4 += {at(data, 32)}\n" if data else "r4 = 0\n") + f"r5 = {len(data)}\ncall 165\n"
    program += (
        "".join(f"r1 = *(u64 *)(r10 {offset})\nr0 *= 1000003\nr0 += r1\n" for offset in range(-32, 0, 8))
        + "r1 = r0\nr1 >>= 32\nr0 ^= r1\nexit"
    )
    try:
        theirs = run_in_kernel(program.format(map=fd), "xdp", packet=PACKET)
    except AssertionError as refused:
        # A constant format that is wrong is refused by the verifier already.
        assert "Invalid format string" in str(refused)
        with Lab("xdp", packet=PACKET, maps=[spec]) as lab:
            at_format = lab.runtime.binding(".rodata").guest_base
            assert lab.call("snprintf", lab.room(32), size, at_format, lab.put(data) if data else 0, len(data)) == -22
        return
    finally:
        os.close(fd)
    ours = run_here(program.format(map=0), "xdp", packet=PACKET, maps=[spec])
    assert ours.trap is None
    assert ours.return_value & 0xFFFF_FFFF == theirs.return_value
