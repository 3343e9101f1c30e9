"""Write `traffic.pcap`, the capture that the firewall example runs on: the same bytes every time.

    python examples/make_capture.py [OUT.pcap]

Everything in it is made up: addresses are from the ranges that RFC 5737 and RFC 3849 set aside for documentation.
"""

from __future__ import annotations

import ipaddress
import random
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import dpkt.pcap

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUTER: Final = bytes.fromhex("02005e000001")
SERVER: Final = bytes.fromhex("02005e0000fe")
START_SECONDS: Final = 1_700_000_000
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58
WEB, DNS, TELNET = 443, 53, 23
SERVER4, SERVER6 = "192.0.2.10", "2001:db8::10"


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(payload: bytes, protocol: int, vlans: tuple[tuple[int, int], ...] = ()) -> bytes:
    """A frame; each VLAN is (protocol of the tag, number), the outer one first."""
    tags = b"".join(struct.pack("!HH", kind, number) for kind, number in vlans)
    return SERVER + ROUTER + tags + struct.pack("!H", protocol) + payload


def pseudo_header(source: str, destination: str, protocol: int, length: int) -> bytes:
    """What TCP, UDP and ICMPv6 sum up besides themselves."""
    a, b = ipaddress.ip_address(source), ipaddress.ip_address(destination)
    if a.version == 4:
        return a.packed + b.packed + struct.pack("!BBH", 0, protocol, length)
    return a.packed + b.packed + struct.pack("!II", length, protocol)


def ipv4(source: str, destination: str, protocol: int, payload: bytes, *, options: bytes = b"", fragment: int = 0) -> bytes:
    """An IPv4 packet; `fragment` is the 16-bit word of flags and offset."""
    words = 5 + len(options) // 4
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, words * 4 + len(payload), 0x1234, fragment, 64, protocol, 0, a, b) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(source: str, destination: str, protocol: int, payload: bytes, *extensions: tuple[int, bytes]) -> bytes:
    """An IPv6 packet; each extension is (its own number, its bytes after the first, the next number)."""
    numbers = [number for number, _ in extensions] + [protocol]
    chain = b"".join(bytes([numbers[i + 1]]) + body for i, (_, body) in enumerate(extensions))
    a, b = ipaddress.ip_address(source).packed, ipaddress.ip_address(destination).packed
    return struct.pack("!IHBB16s16s", 6 << 28, len(chain) + len(payload), numbers[0], 64, a, b) + chain + payload


def tcp(source: str, destination: str, ports: tuple[int, int], flags: int, data: bytes = b"", *, seq: int = 1) -> bytes:
    """A TCP segment with its checksum."""
    head = struct.pack("!HHIIBBHHH", *ports, seq, 0, 5 << 4, flags, 64240, 0, 0)
    total = checksum(pseudo_header(source, destination, TCP, len(head) + len(data)) + head + data)
    return head[:16] + struct.pack("!H", total) + head[18:] + data


def udp(source: str, destination: str, ports: tuple[int, int], data: bytes) -> bytes:
    """A UDP datagram with its checksum."""
    head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
    total = checksum(pseudo_header(source, destination, UDP, len(head) + len(data)) + head + data)
    return head[:6] + struct.pack("!H", total) + data


def echo(kind: int, number: int, data: bytes, source: str, destination: str) -> bytes:
    """An echo message; ICMPv6 sums up the pseudo header too."""
    prefix = pseudo_header(source, destination, ICMPV6, 8 + len(data)) if kind >= 128 else b""
    head = struct.pack("!BBHHH", kind, 0, 0, 7, number)
    return head[:2] + struct.pack("!H", checksum(prefix + head + data)) + head[4:] + data


def conversation(source: str, destination: str, port: int, rng: random.Random) -> Iterator[bytes]:
    """What the client sends in one TCP connection."""
    ports = (port, WEB)
    seq = rng.getrandbits(32)
    yield tcp(source, destination, ports, SYN, seq=seq)
    yield tcp(source, destination, ports, ACK, seq=(seq + 1) & 0xFFFF_FFFF)
    for _ in range(rng.randrange(3, 8)):
        yield tcp(source, destination, ports, PSH | ACK, rng.randbytes(rng.randrange(20, 180)), seq=seq)
    yield tcp(source, destination, ports, FIN | ACK, seq=seq)


def web_traffic(rng: random.Random) -> Iterator[bytes]:
    """TCP over IPv4, plain, in a VLAN and in a VLAN in a VLAN; over IPv6 with and without extension headers."""
    tags: tuple[tuple[tuple[int, int], ...], ...] = ((), ((0x8100, 100),), ((0x88A8, 200), (0x8100, 7)))
    for i in range(12):
        source = f"192.0.2.{100 + i}"
        for segment in conversation(source, SERVER4, 40000 + i, rng):
            yield ethernet(ipv4(source, SERVER4, TCP, segment), 0x0800, tags[i % 3])
    hop_by_hop = (0, bytes([0, 1, 4, 0, 0, 0, 0]))
    destination = (60, bytes([1, 1, 12]) + bytes(12))
    routing = (43, bytes([2, 4, 0]) + bytes(20))
    chains = ((), (hop_by_hop,), (hop_by_hop, destination), (hop_by_hop, routing, destination))
    for i in range(8):
        source = f"2001:db8:0:1::{i + 1:x}"
        for segment in conversation(source, SERVER6, 50000 + i, rng):
            yield ethernet(ipv6(source, SERVER6, TCP, segment, *chains[i % 4]), 0x86DD, tags[i % 2])


def name_lookups(rng: random.Random) -> Iterator[bytes]:
    """UDP to port 53, a few with IPv4 options (router alert) and a few in two fragments."""
    for i in range(40):
        source = f"192.0.2.{50 + i % 6}"
        datagram = udp(source, SERVER4, (5300 + i % 6, DNS), rng.randbytes(rng.randrange(24, 60)))
        options = bytes([0x94, 4, 0, 0]) if i % 5 == 0 else b""
        if i % 13 == 7:
            yield ethernet(ipv4(source, SERVER4, UDP, datagram[:24], fragment=0x2000), 0x0800)
            yield ethernet(ipv4(source, SERVER4, UDP, datagram[24:], fragment=3), 0x0800)
        else:
            yield ethernet(ipv4(source, SERVER4, UDP, datagram, options=options), 0x0800)
    for i in range(10):
        source = f"2001:db8:0:2::{i % 3 + 1:x}"
        datagram = udp(source, SERVER6, (5400 + i % 3, DNS), rng.randbytes(40))
        fragment = (44, bytes([0, 0, 1]) + struct.pack("!I", i))
        yield ethernet(ipv6(source, SERVER6, UDP, datagram, *((fragment,) if i % 4 == 0 else ())), 0x86DD)


def pings(rng: random.Random) -> Iterator[bytes]:
    """Echo requests: over IPv4 the firewall answers them, over IPv6 it lets them pass."""
    for i in range(16):
        source = f"192.0.2.{30 + i % 4}"
        yield ethernet(ipv4(source, SERVER4, ICMP, echo(8, i, rng.randbytes(32), source, SERVER4)), 0x0800)
    for i in range(6):
        source = f"2001:db8:0:3::{i % 2 + 1:x}"
        yield ethernet(ipv6(source, SERVER6, ICMPV6, echo(128, i, rng.randbytes(32), source, SERVER6)), 0x86DD)


def unwanted(rng: random.Random) -> Iterator[bytes]:
    """What the firewall drops: blocked sources, scans, telnet."""
    for i in range(18):
        source = ("203.0.113.9", "203.0.113.70", "198.51.100.66")[i % 3]
        yield ethernet(ipv4(source, SERVER4, UDP, udp(source, SERVER4, (1900, 1900), rng.randbytes(100))), 0x0800)
    for i in range(8):
        source = ("2001:db8:bad::1", "2001:db8:bad:5::1")[i % 2]
        yield ethernet(ipv6(source, SERVER6, TCP, tcp(source, SERVER6, (6000 + i, WEB), SYN)), 0x86DD)
    for i in range(9):
        flags = (0, SYN | FIN, PSH | URG)[i % 3]
        yield ethernet(ipv4("198.51.100.7", SERVER4, TCP, tcp("198.51.100.7", SERVER4, (7000, 20 + i), flags)), 0x0800)
    for i in range(5):
        yield ethernet(ipv4("198.51.100.8", SERVER4, TCP, tcp("198.51.100.8", SERVER4, (7100 + i, TELNET), SYN)), 0x0800, ((0x8100, 100),))


def malformed(rng: random.Random) -> Iterator[bytes]:
    """Frames that end too early or lie about their lengths."""
    good = ethernet(ipv4("192.0.2.99", SERVER4, TCP, tcp("192.0.2.99", SERVER4, (7200, WEB), SYN)), 0x0800)
    for length in (20, 33, 40, 50):
        yield good[:length]
    yield good[:14] + bytes([0x43]) + good[15:]  # a header of three words
    endless = tuple((60, bytes([0, 1, 4, 0, 0, 0, 0])) for _ in range(7))
    yield ethernet(ipv6("2001:db8:0:4::1", SERVER6, UDP, udp("2001:db8:0:4::1", SERVER6, (1, 2), rng.randbytes(8)), *endless), 0x86DD)
    yield rng.randbytes(10)


def neighbours() -> Iterator[bytes]:
    """ARP: not ours to judge."""
    for i in range(6):
        request = struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, ROUTER, bytes([192, 0, 2, 1]), bytes(6), bytes([192, 0, 2, 10 + i]))
        yield ethernet(request.ljust(46, b"\0"), 0x0806)


def traffic() -> list[bytes]:
    """Every frame, mixed, but each source's own in their order."""
    rng = random.Random(20)
    streams = [list(make) for make in (web_traffic(rng), name_lookups(rng), pings(rng), unwanted(rng), malformed(rng), neighbours())]
    mixed = []
    while streams:
        stream = rng.choices(streams, [len(s) for s in streams])[0]
        mixed.append(stream.pop(0))
        streams = [s for s in streams if s]
    return mixed


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("traffic.pcap")
    rng = random.Random(21)
    with path.open("wb") as stream:
        writer = dpkt.pcap.Writer(stream)
        microseconds = 0
        frames = traffic()
        for frame in frames:
            microseconds += rng.randrange(50, 4000)
            writer.writepkt_time(frame, START_SECONDS + microseconds / 1e6)
    print(f"{path}: {len(frames)} packets, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
