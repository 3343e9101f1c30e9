"""Values of BTF types: there and back, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bpfcc.errors import InputError
from bpfcc.frontend.btf import Btf
from bpfcc.frontend.btf_values import decode_value, encode_value
from bpfcc.frontend.objects import load
from tests.data import compiled
from tests.data.btf_builder import BtfBuilder

ENDIANS = ("little", "big")


def everything(endian: str) -> tuple[Btf, int]:
    btf = load(compiled("values.bpf.c", endian="big" if endian == "big" else "little")).btf
    assert btf is not None
    found = btf.find("everything", "struct")
    assert found is not None
    return btf, found


VALUE: dict[str, Any] = {
    "x": 0x01020304, "small": -2, "flag": True, "mac": b"\x01\x02\x03\x04\x05\x06", "text": b"hello\0\0\0", "colour": -3,
    "large": 0x123456789A, "inner": [{"a": 1, "name": b"n\0\0\0\0\0"}, {"a": 65535, "name": b"abcdef"}], "word": 7, "f1": -4, "f2": 127,
    "f3": (1 << 33) - 1, "pointer": 0xFFFF_8000_0000_0000, "single": 1.5, "twice": -2.25, "matrix": [[1, 2, 3], [4, 5, 6]],
}  # fmt: skip


@pytest.mark.parametrize("endian", ENDIANS)
def test_a_struct_comes_back(endian: str) -> None:
    btf, type_id = everything(endian)
    decoded = decode_value(btf, type_id, encode_value(btf, type_id, VALUE))
    assert isinstance(decoded, dict)
    assert {k: v for k, v in decoded.items() if k in VALUE} == VALUE
    assert (decoded["low"], decoded["high"]) == ((7, 0) if endian == "little" else (0, 7))
    assert decoded["flag"] is True


@pytest.mark.parametrize("endian", ENDIANS)
def test_places_agree_with_the_compiler(endian: str) -> None:
    """The variable's initial bytes, which clang wrote, decode to its initialiser."""
    obj = load(compiled("values.bpf.c", endian="big" if endian == "big" else "little"))
    spec = obj.maps[".data"]
    assert spec.initial is not None
    assert spec.btf is not None
    values = decode_value(spec.btf, spec.btf_value_type_id, spec.initial)
    assert isinstance(values, dict)
    assert values["plain"] == -5
    assert (values["variable"]["x"], values["variable"]["text"], values["variable"]["colour"]) == (1, b"abc\0\0\0\0\0", -3)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(min_size=112, max_size=112), endian=st.sampled_from(ENDIANS))
def test_decoding_and_encoding_are_inverses_but_for_padding(data: bytes, endian: str) -> None:
    btf, type_id = everything(endian)
    value = decode_value(btf, type_id, data)
    again = encode_value(btf, type_id, value)
    assert repr(decode_value(btf, type_id, again)) == repr(value)
    padding = {*range(53, 56), *range(60, 64), *range(76, 80)}
    nan = value["single"] != value["single"] or value["twice"] != value["twice"]  # type: ignore[index,call-overload]
    assert nan or [i for i in range(112) if again[i] != data[i] and i not in padding] == []


def test_other_ways_to_say_a_value() -> None:
    btf, type_id = everything("little")
    value = {"text": "hé", "mac": [1, 2, 3], "colour": "GREEN", "matrix": [[9]]}
    decoded = decode_value(btf, type_id, encode_value(btf, type_id, value))
    assert isinstance(decoded, dict)
    assert decoded["text"] == "hé".encode().ljust(8, b"\0")
    assert decoded["mac"] == b"\x01\x02\x03\0\0\0"
    assert decoded["colour"] == 5
    assert decoded["matrix"] == [[9, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"nobody": 1}, "everything: no member 'nobody'"),
        ({"inner": [{}, {"a": 65536}]}, r"everything.inner\[1\].a: 65536 does not fit"),
        ({"x": -1}, "everything.x: -1 does not fit into an unsigned 32-bit"),
        ({"small": 128}, "everything.small: 128 does not fit into a signed 8-bit"),
        ({"x": "1"}, "everything.x: an integer is wanted, not str"),
        ({"x": 1.0}, "everything.x: an integer is wanted, not float"),
        ({"colour": "BLUE"}, "everything.colour: no enumerator 'BLUE'; there are RED"),
        ({"text": "123456789"}, "everything.text: 9 bytes do not fit into 8"),
        ({"text": 5}, "everything.text: bytes are wanted"),
        ({"mac": [300]}, "everything.mac: bytes are wanted"),
        ({"matrix": [[1, 2, 3, 4]]}, r"everything.matrix\[0\]: 4 elements do not fit into 3"),
        ({"matrix": 3}, "everything.matrix: a list is wanted"),
        ({"f1": 4}, "everything.f1: 4 does not fit into 3 bits"),
        ({"f2": -1}, "everything.f2: -1 does not fit into 7 bits"),
        ({"single": 1e300}, "everything.single: 1e.300 does not fit"),
        ({"twice": "x"}, "everything.twice: a number is wanted"),
        ({"word": 1, "low": 2}, "everything: member .* disagrees"),
        (5, "everything: a mapping of members is wanted"),
    ],
)
def test_what_does_not_fit_names_the_field(value: Any, message: str) -> None:
    btf, type_id = everything("little")
    with pytest.raises(InputError, match=message):
        encode_value(btf, type_id, value)


def test_the_number_of_bytes_has_to_be_right() -> None:
    btf, type_id = everything("little")
    with pytest.raises(InputError, match="111 bytes for everything, which has 112"):
        decode_value(btf, type_id, bytes(111))


def test_hostile_types_have_no_values() -> None:
    b = BtfBuilder()
    b.int("int", 4)
    b.struct("outside", 4, [("a", 1, 32)])
    b.struct("self", 8, [("a", 3, 0)])
    b.struct("empty", 0, [])
    b.array(4, 0xFFFF_FFFF)
    b.fwd("unknown")
    b.int("huge", 200)
    inner = 1
    for _ in range(40):
        inner = b.struct("", 4, [("a", inner, 0), ("", inner, 0)], union=True)
    btf = Btf.from_bytes(b.blob())
    for type_id in (2, 3, 5, 6, 7, 0):
        with pytest.raises(InputError):
            decode_value(btf, type_id, b"")
    with pytest.raises(InputError, match="nests too deeply"):
        decode_value(btf, inner, bytes(4))
