"""Contexts: bytes from fields and back, which bytes may be touched, and what is refused."""

from __future__ import annotations

import pytest

from bpfcc.errors import InputError
from bpfcc.runtime.contexts import ContextCodec, bitmap, context_codec
from bpfcc.runtime.specs import load_platform

LINUX = load_platform("linux")


def codec(program_type: str, attach_type: str | None = None, arch: str | None = None) -> ContextCodec:
    found = context_codec(LINUX, program_type, attach_type, arch)
    assert found is not None
    return found


def bits(mask: bytes | None) -> set[int]:
    assert mask is not None
    return {index for index in range(len(mask) * 8) if mask[index // 8] >> (index % 8) & 1}


def test_encode_and_decode() -> None:
    skb = codec("sched_cls")
    raw = skb.encode({"mark": 7, "cb": [1, 2, 3, 4, 5], "tstamp": -1, "tstamp_type": 2})
    assert len(raw) == 192
    assert raw[8:12] == b"\x07\0\0\0"
    assert raw[48:68] == b"".join(bytes([index, 0, 0, 0]) for index in range(1, 6))
    fields = skb.decode(raw)
    assert (fields["mark"], fields["cb"], fields["tstamp"], fields["tstamp_type"]) == (7, (1, 2, 3, 4, 5), (1 << 64) - 1, 2)
    assert skb.decode(raw[:12]) == {"len": 0, "pkt_type": 0, "mark": 7}


def test_bytes_for_a_field() -> None:
    assert codec("cgroup_sock_addr").decode(codec("cgroup_sock_addr").encode({"user_ip6": bytes(range(16))}))["user_ip6"] == (
        0x03020100, 0x07060504, 0x0B0A0908, 0x0F0E0D0C,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": 5}, "comes with the packet"),
        ({"data_end": 5}, "comes with the packet"),
        ({"ifindex": 5}, "has no field 'ifindex'; it has data, data_end"),
        ({"ingress_ifindex": 1 << 32}, "does not fit"),
        ({"ingress_ifindex": -(1 << 31) - 1}, "does not fit"),
        ({"ingress_ifindex": b"12345"}, "has 4 bytes, not 5"),
        ({"ingress_ifindex": [1, 2]}, "has 1 elements, not 2"),
    ],
)
def test_wrong_values_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        codec("xdp").encode(values)


def test_array_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match="has 5 elements, not 4"):
        codec("sched_cls").encode({"cb": [1, 2, 3, 4]})


def test_context_without_fields_says_so() -> None:
    with pytest.raises(InputError, match="give its bytes"):
        codec("tracepoint").encode({"pid": 1})


def test_bitmap() -> None:
    assert bitmap(10, [(0, 2), (9, 1)]) == bytes([0b11, 0b10])
    assert bitmap(0, []) == b"\0"


def test_readable_and_writable_bytes() -> None:
    xdp = codec("xdp")
    assert bits(xdp.readable) == set(range(20))
    assert bits(xdp.writable) == set()
    assert bits(codec("xdp", "xdp_devmap").readable) == set(range(24))
    skb = codec("sched_cls")
    assert 8 in bits(skb.writable)
    assert 4 not in bits(skb.writable)
    # Padding behind tstamp_type is nobody's.
    assert 180 in bits(skb.readable)
    assert 181 not in bits(skb.readable)
    assert bits(codec("tracepoint").readable) == set(range(8, 8192))
    assert codec("raw").readable is None
    assert codec("raw").writable is None


def test_offsets_of_packet_fields() -> None:
    assert [codec("xdp").offset_of_kind(kind) for kind in ("packet_start", "packet_end", "packet_meta", "packet_length")] == [0, 4, 8, -1]
    assert codec("sched_cls").offset_of_kind("packet_length") == 0
    # A socket filter has a length, but no pointers.
    assert codec("socket_filter").offset_of_kind("packet_start") == -1
    assert (codec("xdp").pointer_bytes, codec("sk_msg").pointer_bytes) == (4, 8)
    assert codec("xdp").offset_of("nothing") == -1


def test_registers_of_another_machine() -> None:
    arm = codec("kprobe", arch="arm64")
    assert arm.spec.size == 272
    assert arm.readable_fields == {"regs", "sp", "pc", "pstate"}
    assert arm.decode(arm.encode({"regs": list(range(31)), "pc": 9}))["pc"] == 9


def test_ext_has_no_context_of_its_own() -> None:
    assert context_codec(LINUX, "ext") is None
