"""Captures: both formats, against dpkt as a second opinion, and hostile files."""

from __future__ import annotations

import contextlib
import io
import struct
from pathlib import Path

import dpkt.pcap
import dpkt.pcapng
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.captures import MAX_PACKET_BYTES, CapturedPacket, CaptureFormat, CaptureWriter, format_for, open_capture, read_capture
from bpfcc.errors import InputError, UnsupportedError

FORMATS: tuple[CaptureFormat, ...] = ("pcap", "pcapng")
PACKETS = st.lists(st.tuples(st.binary(max_size=80), st.integers(0, (2**32 - 1) * 10**9)), max_size=8)


def written(form: CaptureFormat, packets: list[tuple[bytes, int]], link_type: int = 1) -> bytes:
    stream = io.BytesIO()
    writer = CaptureWriter(stream, link_type, form)
    for data, time_ns in packets:
        writer.write(data, time_ns)
    return stream.getvalue()


def read(data: bytes) -> list[CapturedPacket]:
    return list(read_capture(io.BytesIO(data), "x.pcap"))


@pytest.mark.parametrize("form", FORMATS)
@given(packets=PACKETS)
def test_what_is_written_is_read(form: CaptureFormat, packets: list[tuple[bytes, int]]) -> None:
    assert [(p.data, p.time_ns) for p in read(written(form, packets))] == packets


@pytest.mark.parametrize("form", FORMATS)
def test_dpkt_reads_what_we_write(form: CaptureFormat) -> None:
    packets = [(bytes([i]) * (20 + i), 1_700_000_000_000_000_000 + i * 1_000_000) for i in range(5)]
    readers = {"pcap": dpkt.pcap.Reader, "pcapng": dpkt.pcapng.Reader}
    reader = readers[form](io.BytesIO(written(form, packets)))
    assert reader.datalink() == 1
    found = list(reader)
    assert [data for _, data in found] == [data for data, _ in packets]
    assert [round(float(seconds) * 1000) for seconds, _ in found] == [time_ns // 1_000_000 for _, time_ns in packets]


@pytest.mark.parametrize("make", [dpkt.pcap.Writer, dpkt.pcapng.Writer])
def test_we_read_what_dpkt_writes(make: type[dpkt.pcap.Writer]) -> None:
    stream = io.BytesIO()
    writer = make(stream)
    writer.writepkt_time(b"abcde", 1_700_000_000.25)
    writer.writepkt_time(b"", 1_700_000_001.5)
    assert read(stream.getvalue()) == [
        CapturedPacket(b"abcde", 1_700_000_000_250_000_000, 5),
        CapturedPacket(b"", 1_700_000_001_500_000_000, 0),
    ]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "unit_ns", "extra"), [(0xA1B2C3D4, 1000, 0), (0xA1B23C4D, 1, 0), (0xA1B2CD34, 1000, 8)])
def test_every_kind_of_pcap(order: str, magic: int, unit_ns: int, extra: int) -> None:
    head = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, 113)
    data = head + struct.pack(order + "IIII", 10, 7, 3, 99) + bytes(extra) + b"abc"
    capture = read_capture(io.BytesIO(data), "x")
    assert capture.link_type == 113
    assert list(capture) == [CapturedPacket(b"abc", 10 * 10**9 + 7 * unit_ns, 99)]


def block(order: str, kind: int, body: bytes) -> bytes:
    total = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + total + body + total


def section(order: str = "<") -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, link_type: int = 1, snap: int = 0, options: bytes = b"") -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, snap) + options)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_with_every_packet_block(order: str) -> None:
    resolution = struct.pack(order + "HHB3x", 9, 1, 3) + struct.pack(order + "HHq", 14, 8, 100) + struct.pack(order + "HH", 0, 0)
    data = section(order) + block(order, 0x0BAD, b"1234") + interface(order, snap=4, options=resolution) + interface(order)
    data += block(order, 6, struct.pack(order + "IIIII", 0, 0, 2500, 3, 60) + b"abc\0")
    data += block(order, 3, struct.pack(order + "I", 9) + b"wxyz")
    data += block(order, 2, struct.pack(order + "HHIIII", 1, 0, 0, 5, 2, 2) + b"hi\0\0")
    assert read(data) == [
        CapturedPacket(b"abc", 102_500_000_000, 60),
        CapturedPacket(b"wxyz", 100_000_000_000, 9),
        CapturedPacket(b"hi", 5_000, 2),
    ]


def test_sections_may_differ_in_byte_order_and_count_interfaces_anew() -> None:
    packet = {o: block(o, 6, struct.pack(o + "IIIII", 0, 0, 1, 1, 1) + b"p\0\0\0") for o in "<>"}
    assert len(read(section("<") + interface("<") + packet["<"] + section(">") + interface(">") + packet[">"])) == 2
    with pytest.raises(InputError, match="interface 0, which is not described"):
        read(section("<") + interface("<") + packet["<"] + section("<") + packet["<"])


@pytest.mark.parametrize("form", FORMATS)
def test_every_cut_is_an_error_with_its_offset(form: CaptureFormat) -> None:
    whole = written(form, [(b"0123456789ab", 5), (b"xy", 6)])
    complete = set()
    for cut in range(4, len(whole)):
        try:
            complete.add(len(read(whole[:cut])))
        except InputError as error:
            assert error.offset is not None
            assert error.offset <= cut
    # Only a cut between packets (or before the first) goes unnoticed: nothing in the formats says how many there are.
    assert complete <= {0, 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "neither pcap nor pcapng"),
        (b"\x7fELF" + bytes(100), "neither pcap nor pcapng"),
        (struct.pack("<IHHiIII", 0xA1B2C3D4, 7, 4, 0, 0, 0, 1), "version 7"),
        (
            struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0, 1) + struct.pack("<IIII", 0, 0, MAX_PACKET_BYTES + 1, 0),
            "packet of 262145 bytes",
        ),
        (b"\n\r\r\n" + bytes(30), "byte-order magic"),
        (struct.pack("<III", 0x0A0D0D0A, 12, 0x1A2B3C4D) + bytes(20), "section header of 12 bytes"),
        (section() + struct.pack("<II", 1, 4), "a block of 4 bytes"),
        (section() + struct.pack("<II", 1, 0x7FFFFFF0), "a block of 2147483632 bytes"),
        (section() + interface("<")[:-4] + bytes(4), "lengths of a block differ"),
        (section() + interface("<", options=struct.pack("<HHB3x", 9, 1, 100)), "resolution"),
        (section() + interface("<", options=struct.pack("<HH", 9, 200)), "option is cut off"),
        (section() + block("<", 6, bytes(20)), "before any interface"),
        (section() + interface("<") + block("<", 6, struct.pack("<IIIII", 0, 0, 0, 400, 400)), "a packet of 400 bytes in a block"),
        (section() + interface("<") + block("<", 6, b""), "too short"),
    ],
)
def test_hostile_captures(data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(data)


def test_two_link_types_are_not_mixed() -> None:
    packet = block("<", 6, struct.pack("<IIIII", 1, 0, 0, 0, 0))
    with pytest.raises(UnsupportedError, match="link types 1 and 101"):
        read(section() + interface("<", 1) + interface("<", 101) + packet)


@given(data=st.binary(max_size=120), form=st.sampled_from(FORMATS))
def test_rubbish_after_a_good_start(data: bytes, form: CaptureFormat) -> None:
    with contextlib.suppress(InputError, UnsupportedError):
        read(written(form, [(b"abc", 1)]) + data)


def test_a_missing_file_names_itself(tmp_path: Path) -> None:
    missing = tmp_path / "none.pcap"
    with pytest.raises(InputError, match=r"none\.pcap: cannot be read: No such file"), open_capture(missing):
        pass


def test_formats_by_name() -> None:
    assert format_for(Path("a.PCAPNG"), "pcap") == "pcapng"
    assert format_for(Path("a.cap"), "pcapng") == "pcap"
    assert format_for(Path("a.out"), "pcapng") == "pcapng"
