"""Read and write packet captures: pcap and pcapng, times in whole nanoseconds.

    with open_capture(Path("in.pcap")) as capture:
        capture.link_type                 1 (Ethernet)
        for packet in capture:            CapturedPacket(data=b"…", time_ns=1700000000000050000, length=60)

A capture may come from anywhere: nothing is read that the file does not have, no length is believed, and what is cut off
or does not fit is an `InputError` with its offset. (Libraries at hand drop cut-off packets silently and keep times as floats.)
Formats: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, NamedTuple, final

from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CaptureFormat = Literal["pcap", "pcapng"]

ETHERNET: Final = 1
NANOSECONDS: Final = 1_000_000_000
# What libpcap calls the maximum; no network has larger packets.
MAX_PACKET_BYTES: Final = 262_144
MAX_BLOCK_BYTES: Final = 16 << 20
SECTION_BLOCK, INTERFACE_BLOCK, OLD_PACKET_BLOCK, SIMPLE_BLOCK, ENHANCED_BLOCK = 0x0A0D0D0A, 1, 2, 3, 6
OPTION_RESOLUTION, OPTION_OFFSET = 9, 14
# Magic numbers of pcap as read in little-endian order: byte order, time unit in ns, bytes after the 16 of a packet header.
PCAP_MAGICS: Final = {
    0xA1B2C3D4: ("<", 1000, 0), 0xD4C3B2A1: (">", 1000, 0), 0xA1B23C4D: ("<", 1, 0), 0x4D3CB2A1: (">", 1, 0),
    0xA1B2CD34: ("<", 1000, 8), 0x34CDB2A1: (">", 1000, 8),
}  # fmt: skip


class CapturedPacket(NamedTuple):
    """One packet: its bytes, nanoseconds since 1970, and its length on the wire (more than `data` where it was cut)."""

    data: bytes
    time_ns: int
    length: int


@final
@dataclass(slots=True)
class Interface:
    """What pcapng says about an interface, as far as packets need it."""

    link_type: int
    snap_bytes: int
    units_per_second: int = 1_000_000
    offset_seconds: int = 0

    def time_ns(self, units: int) -> int:
        """Nanoseconds since 1970 of a time stamp."""
        return units * NANOSECONDS // self.units_per_second + self.offset_seconds * NANOSECONDS


@final
@dataclass(slots=True)
class Capture:
    """An open capture: iterate over it once. `link_type` is that of the first packet's interface."""

    stream: BinaryIO
    name: str
    format: CaptureFormat
    order: str
    link_type: int
    unit_ns: int = 1000
    extra_bytes: int = 0
    interfaces: list[Interface] = field(default_factory=list)
    offset: int = 0
    # Bytes that were read to recognise the format.
    pending: bytes = b""

    def __iter__(self) -> Iterator[CapturedPacket]:
        return self._pcap_packets() if self.format == "pcap" else self._pcapng_packets()

    def error(self, message: str, offset: int | None = None) -> InputError:
        """An error of this file at `offset`, or where the reader is."""
        return InputError(message, file=self.name, offset=self.offset if offset is None else offset)

    def read(self, count: int, what: str) -> bytes:
        """Exactly `count` bytes; the end of the file inside them is an error."""
        data = self.stream.read(count)
        if len(data) != count:
            raise self.error(f"{what} is cut off: {len(data)} of {count} bytes")
        self.offset += count
        return data

    def _pcap_packets(self) -> Iterator[CapturedPacket]:
        header = struct.Struct(self.order + "IIII")
        size = header.size + self.extra_bytes
        while head := self.stream.read(1):
            at = self.offset
            self.offset += 1
            head += self.read(size - 1, "a packet header")
            seconds, fraction, captured, length = header.unpack_from(head)
            if captured > MAX_PACKET_BYTES:
                raise self.error(f"a packet of {captured} bytes", at)
            yield CapturedPacket(self.read(captured, "a packet"), seconds * NANOSECONDS + fraction * self.unit_ns, length)

    def _pcapng_packets(self) -> Iterator[CapturedPacket]:
        while (block := self.next_block()) is not None:
            kind, body, at = block
            if kind == INTERFACE_BLOCK:
                self.interfaces.append(self.interface(body, at))
            elif kind in {ENHANCED_BLOCK, OLD_PACKET_BLOCK, SIMPLE_BLOCK}:
                yield self.packet(kind, body, at)

    def next_block(self) -> tuple[int, bytes, int] | None:
        """(type, body, offset) of the next pcapng block, or None at the end; a section header starts its section."""
        at = self.offset
        first, self.pending = self.pending or self.stream.read(4), b""
        if not first:
            return None
        if len(first) < 4:
            raise self.error(f"a block is cut off: {len(first)} of 4 bytes")
        self.offset += 4
        head = first + self.read(4, "a block")
        if first == b"\n\r\r\n":
            self.start_section()
        kind, total = struct.unpack(self.order + "II", head)
        if total % 4 or not 12 <= total <= MAX_BLOCK_BYTES:
            raise self.error(f"a block of {total} bytes", at)
        consumed = self.offset - at
        if total < consumed + 4:
            raise self.error(f"a section header of {total} bytes", at)
        body = self.read(total - consumed, "a block")
        if struct.unpack(self.order + "I", body[-4:])[0] != total:
            raise self.error("the two lengths of a block differ", at)
        return kind, body[:-4], at

    def start_section(self) -> None:
        """Take the byte order of a section from its magic; interfaces count from 0 again."""
        magic = self.read(4, "a section header")
        orders = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
        if magic not in orders:
            raise self.error("a section header without its byte-order magic", self.offset - 4)
        self.order = orders[magic]
        self.interfaces = []

    def interface(self, body: bytes, at: int) -> Interface:
        """Read an interface description block and the two options that change times."""
        if len(body) < 8:
            raise self.error("an interface description is too short", at)
        link_type, _, snap = struct.unpack_from(self.order + "HHI", body)
        found = Interface(link_type, snap)
        position = 8
        while position + 4 <= len(body):
            code, length = struct.unpack_from(self.order + "HH", body, position)
            value = body[position + 4 : position + 4 + length]
            if code == 0:
                break
            if len(value) < length:
                raise self.error("an option is cut off", at)
            if code == OPTION_RESOLUTION and length == 1:
                found.units_per_second = self.resolution(value[0], at)
            elif code == OPTION_OFFSET and length == 8:
                found.offset_seconds = struct.unpack(self.order + "q", value)[0]
            position += 4 + (length + 3) // 4 * 4
        return found

    def resolution(self, value: int, at: int) -> int:
        """Time units per second: a negative power of 10, or of 2 with the top bit set."""
        exponent = value & 0x7F
        if exponent > (63 if value & 0x80 else 19):
            raise self.error(f"a time resolution of {'2' if value & 0x80 else '10'}^-{exponent}", at)
        return int(2**exponent if value & 0x80 else 10**exponent)

    def packet(self, kind: int, body: bytes, at: int) -> CapturedPacket:
        """The packet of an enhanced, old or simple packet block."""
        size = 4 if kind == SIMPLE_BLOCK else 20
        if len(body) < size:
            raise self.error("a packet block is too short", at)
        if kind == SIMPLE_BLOCK:
            (length,) = struct.unpack_from(self.order + "I", body)
            number, high, low = 0, 0, 0
            captured = length
        elif kind == ENHANCED_BLOCK:
            number, high, low, captured, length = struct.unpack_from(self.order + "IIIII", body)
        else:
            number, _, high, low, captured, length = struct.unpack_from(self.order + "HHIIII", body)
        if number >= len(self.interfaces):
            raise self.error(f"a packet of interface {number}, which is not described", at)
        interface = self.interfaces[number]
        if kind == SIMPLE_BLOCK and interface.snap_bytes:
            captured = min(captured, interface.snap_bytes)
        if captured > MAX_PACKET_BYTES or size + captured > len(body):
            raise self.error(f"a packet of {captured} bytes in a block of {len(body) + 12}", at)
        if interface.link_type != self.link_type:
            raise UnsupportedError(
                "captures of several link types",
                f"{self.name}: interfaces of link types {self.link_type} and {interface.link_type} in one capture",
            )
        time_ns = interface.time_ns(high << 32 | low)
        if not 0 <= time_ns < 1 << 64:
            raise self.error("a time that 64 bits of nanoseconds since 1970 do not hold", at)
        return CapturedPacket(body[size : size + captured], time_ns, length)


@contextmanager
def open_capture(path: Path) -> Iterator[Capture]:
    """Open a capture file, whatever its format."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from error
    with stream:
        yield read_capture(stream, str(path))


def read_capture(stream: BinaryIO, name: str) -> Capture:
    """Recognise the format by its first bytes and read up to the first packet."""
    head = stream.read(4)
    if head == b"\n\r\r\n":
        return _start_pcapng(Capture(stream, name, "pcapng", "<", ETHERNET, pending=head))
    magic = int.from_bytes(head, "little")
    if len(head) < 4 or magic not in PCAP_MAGICS:
        raise InputError("neither pcap nor pcapng: it starts with neither's magic number", file=name, offset=0)
    order, unit_ns, extra = PCAP_MAGICS[magic]
    capture = Capture(stream, name, "pcap", order, 0, unit_ns, extra, offset=4)
    major, _, _, _, _, link = struct.unpack(order + "HHiIII", capture.read(20, "the file header"))
    if major != 2:
        raise InputError(f"pcap version {major}", file=name, offset=4)
    capture.link_type = link & 0xFFFF
    return capture


def _start_pcapng(capture: Capture) -> Capture:
    while (block := capture.next_block()) is not None:
        kind, body, at = block
        if kind == INTERFACE_BLOCK:
            capture.interfaces.append(capture.interface(body, at))
            capture.link_type = capture.interfaces[0].link_type
            return capture
        if kind in {ENHANCED_BLOCK, OLD_PACKET_BLOCK, SIMPLE_BLOCK}:
            raise capture.error("a packet before any interface description", at)
    return capture


def format_for(path: Path, default: CaptureFormat) -> CaptureFormat:
    """The format that a file name asks for: `.pcapng` and `.pcap` say it, others leave it to `default`."""
    suffixes: dict[str, CaptureFormat] = {".pcapng": "pcapng", ".ntar": "pcapng", ".pcap": "pcap", ".cap": "pcap"}
    return suffixes.get(path.suffix.lower(), default)


class CaptureWriter:
    """Write packets to a stream: times in nanoseconds, little-endian on every machine. `count` says how many."""

    def __init__(self, stream: BinaryIO, link_type: int, form: CaptureFormat) -> None:
        self.stream = stream
        self.format = form
        self.count = 0
        if form == "pcap":
            stream.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, MAX_PACKET_BYTES, link_type))
        else:
            stream.write(_block(SECTION_BLOCK, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
            options = struct.pack("<HHB3xHH", OPTION_RESOLUTION, 1, 9, 0, 0)
            stream.write(_block(INTERFACE_BLOCK, struct.pack("<HHI", link_type, 0, MAX_PACKET_BYTES) + options))

    def write(self, data: bytes, time_ns: int, length: int | None = None) -> None:
        """Append a packet; `length` is its length on the wire where `data` is only a part of it."""
        self.count += 1
        on_wire = max(len(data), length or 0)
        if self.format == "pcap":
            seconds, fraction = divmod(time_ns, NANOSECONDS)
            self.stream.write(struct.pack("<IIII", seconds & 0xFFFF_FFFF, fraction, len(data), on_wire) + data)
            return
        stamp = time_ns & 0xFFFF_FFFF_FFFF_FFFF
        head = struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFF_FFFF, len(data), on_wire)
        self.stream.write(_block(ENHANCED_BLOCK, head + data + bytes(-len(data) % 4)))


def _block(kind: int, body: bytes) -> bytes:
    total = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + total + body + total
