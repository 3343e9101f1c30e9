"""Readable values by BTF, tables made of them, and seed files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bpfcc
from bpfcc.cli.run_text import flat, is_empty, row_of, short_names, size_text, total_of
from bpfcc.contents import prefix_text, type_named
from bpfcc.seeds import mapped, read_seeds, seeded_spec, with_mapped_keys
from bpfcc.values import address_text, decode, decode_plain, tag_of

TYPES = """
#include <linux/types.h>
#include <linux/in6.h>
#include <bpf/bpf_helpers.h>
enum color { RED, GREEN = 5 };
struct inner { __be16 port; __be32 address; };
struct everything {
	__u8 small; __s16 negative; _Bool flag; enum color color;
	char name[8]; __u8 raw[4]; __u16 numbers[2];
	struct inner inner;
	struct in6_addr six;
	union { __u32 word; __u8 bytes[4]; };
	__u32 low : 4; __u32 high : 28;
	double real;
	void *pointer;
};
struct everything everything;
struct inner other SEC(".data.x");
int tagged __attribute__((btf_decl_tag("bpfcc:record=inner"), btf_decl_tag("bpfcc:key=color")));
int plain;
"""


@pytest.fixture(scope="module")
def obj(tmp_path_factory: pytest.TempPathFactory) -> bpfcc.Object:
    source = tmp_path_factory.mktemp("values") / "types.bpf.c"
    source.write_text(TYPES)
    return bpfcc.compile(source)


def test_every_kind_of_member(obj: bpfcc.Object) -> None:
    btf = obj.btf
    assert btf is not None
    type_id = type_named(btf, "everything")
    fields: dict[str, bytes] = {
        "small": b"\x07", "negative": struct.pack("<h", -3), "flag": b"\x01", "color": struct.pack("<I", 5), "name": b"eth0\0xx\0",
        "raw": b"\x01\x02\x03\x04", "numbers": struct.pack("<HH", 1, 2), "inner": struct.pack(">H2xI", 443, 0xC0000201),
        "six": bytes(10) + b"\xff\xff\xc0\x00\x02\x09", "word": struct.pack("<I", 0x01020304), "real": struct.pack("<d", 1.5),
        "pointer": struct.pack("<Q", 0x1234),
    }  # fmt: skip
    data = bytearray(btf.size_of(type_id))
    for name, content in fields.items():
        place = btf.field(type_id, name)
        assert place is not None
        data[place.bit_offset // 8 : place.bit_offset // 8 + len(content)] = content
    bits = btf.field(type_id, "low")
    assert bits is not None
    struct.pack_into("<I", data, bits.bit_offset // 8, 0x12345 << 4 | 0xA)
    assert decode(btf, type_id, bytes(data)) == {
        "small": 7, "negative": -3, "flag": True, "color": "GREEN", "name": "eth0", "raw": "01020304", "numbers": [1, 2],
        "inner": {"port": 443, "address": 0xC0000201}, "six": "192.0.2.9", "word": 0x01020304, "bytes": "04030201",
        "low": 0xA, "high": 0x12345, "real": 1.5, "pointer": 0x1234,
    }  # fmt: skip


def test_what_is_not_typed_is_a_number_or_hex(obj: bpfcc.Object) -> None:
    assert decode(None, 0, b"\x01\x00") == 1
    assert decode_plain(b"\x01\x00", "big") == 256
    assert decode_plain(b"abc") == "616263"
    # Bytes of another length than the type has are shown as they are.
    assert obj.btf is not None
    assert decode(obj.btf, type_named(obj.btf, "inner"), b"abc") == "616263"


@given(st.binary(min_size=0, max_size=200))
def test_any_bytes_can_be_shown(obj: bpfcc.Object, data: bytes) -> None:
    assert obj.btf is not None
    type_id = type_named(obj.btf, "everything")
    json.dumps(decode(obj.btf, type_id, data.ljust(obj.btf.size_of(type_id), b"\xee")[: obj.btf.size_of(type_id)]))


def test_unknown_enumerators_stay_numbers(obj: bpfcc.Object) -> None:
    assert obj.btf is not None
    assert decode(obj.btf, type_named(obj.btf, "color"), struct.pack("<I", 4)) == 4
    with pytest.raises(bpfcc.InputError, match="no type 'nothing'"):
        type_named(obj.btf, "nothing")


def test_tags(obj: bpfcc.Object) -> None:
    assert tag_of(obj.btf, "tagged", "record") == "inner"
    assert tag_of(obj.btf, "tagged", "key") == "color"
    assert tag_of(obj.btf, "plain", "record") is None
    assert tag_of(obj.btf, "nowhere", "record") is None
    assert tag_of(None, "tagged", "record") is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (bytes([192, 0, 2, 1]), "192.0.2.1"),
        (bytes(10) + b"\xff\xff\xc0\x00\x02\x01", "192.0.2.1"),
        (bytes.fromhex("20010db8") + bytes(11) + b"\x01", "2001:db8::1"),
    ],
)
def test_addresses(data: bytes, text: str) -> None:
    assert address_text(data) == text


def test_prefixes() -> None:
    assert prefix_text(struct.pack("<I", 24) + bytes([203, 0, 113, 0])) == "203.0.113.0/24"
    assert prefix_text(struct.pack("<I", 120) + bytes(10) + b"\xff\xff\xcb\x00\x71\x00") == "203.0.113.0/24"
    assert prefix_text(struct.pack("<I", 4) + bytes(10) + b"\xff\xff\xcb\x00\x71\x00").endswith("/4")


class TestTables:
    def test_columns(self) -> None:
        assert flat({"a": {"b": 1, "c": 2}, "d": 3}) == {"a.b": 1, "a.c": 2, "d": 3}
        assert short_names(["a.b", "a.c", "d.c"]) == ["b", "a.c", "d.c"]

    def test_rows_sum_over_cpus(self) -> None:
        assert row_of({"key": 1, "value": [{"n": 1}, {"n": 2}]}) == {"key": 1, "n": 3}
        assert row_of({"key": {"a": 1}, "value": [4, 5]}) == {"a": 1, "value": 9}
        assert row_of({"key": {"a": 1}, "value": {"a": 2}}) == {"a": 1, "value.a": 2}
        assert total_of(["x", "y"]) == ["x", "y"]
        assert row_of({"key": None, "value": 7}) == {"value": 7}

    @pytest.mark.parametrize("value", [0, "", "0000", "::", False, [0, {"a": 0}], {"a": [0, 0]}])
    def test_empty(self, value: Any) -> None:
        assert is_empty(value)

    @pytest.mark.parametrize("value", [1, "x", "0001", [0, 1], {"a": 2}])
    def test_not_empty(self, value: Any) -> None:
        assert not is_empty(value)

    def test_sizes(self) -> None:
        assert [size_text(n) for n in (0, 999, 1000, 31_903, 22_300_000, 5 * 10**12)] == [
            "0 bytes", "999 bytes", "1.0 kB", "31.9 kB", "22.3 MB", "5000.0 GB",
        ]  # fmt: skip


class TestSeeds:
    def test_variables_by_name(self, obj: bpfcc.Object) -> None:
        spec = next(spec for spec in obj.maps.values() if spec.name == ".data.x")
        seeded = seeded_spec(spec, {".data.x": {"other": {"port": 1, "address": 2}}})
        assert seeded.initial is not None
        assert spec.initial != seeded.initial
        assert seeded_spec(spec, {}) is spec
        for seed, message in (({"nothing": 1}, "no variable 'nothing'"), ([1], "its variables by name")):
            with pytest.raises(bpfcc.InputError, match=message):
                seeded_spec(spec, {".data.x": seed})

    @pytest.mark.parametrize(
        ("text", "message"),
        [("[1]", "a seed file is an object"), ("{", "not JSON"), ("[" * 100_000, "not JSON"), ("\xff", "not JSON")],
    )
    def test_files_that_are_none(self, tmp_path: Path, text: str, message: str) -> None:
        path = tmp_path / "seed.json"
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(bpfcc.InputError, match=message):
            read_seeds(path)

    def test_ipv4_prefixes_in_tries_of_ipv6(self) -> None:
        assert mapped("10.0.0.0/8") == "::ffff:10.0.0.0/104"
        assert [mapped(key) for key in ("2001:db8::/32", "x", 5, "10.0.0.1/8")] == ["2001:db8::/32", "x", 5, "10.0.0.1/8"]
        assert with_mapped_keys({"10.0.0.0/8": 1}) == {"::ffff:10.0.0.0/104": 1}
        assert with_mapped_keys([{"key": "10.0.0.0/8", "value": 1}, 3]) == [{"key": "::ffff:10.0.0.0/104", "value": 1}, 3]
        assert with_mapped_keys(7) == 7

    @pytest.mark.parametrize(
        ("seeds", "message"),
        [
            ({"nowhere": {}}, "no map 'nowhere' to seed"),
            ({"blocklist": 5}, "blocklist"),
            ({"blocklist": [{"key": "1.2.3.4/99", "value": {}}]}, "1.2.3.4/99"),
            ({"blocklist": [{"key": "10.0.0.0/8", "value": {"nothing": 1}}]}, "nothing"),
            ({"flows": [{"key": {"vlan": 70_000}, "value": {}}]}, "70000"),
            ({"events": [1]}, "ringbuf"),
        ],
    )
    def test_what_does_not_fit_is_named(self, seeds: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        from bpfcc.cli.app import run

        path = tmp_path / "seed.json"
        path.write_text(json.dumps(seeds))
        firewall = Path(__file__).parents[2] / "examples/firewall.bpf.c"
        assert run(["run", str(firewall), "--hex", "00", "--maps", str(path)]) in {2, 3}
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
