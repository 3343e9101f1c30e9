"""Instruction table, decoder and encoder."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bpfcc.bpfir import isa
from bpfcc.bpfir.decode import decode, fault_of, to_big, to_little
from bpfcc.bpfir.encode import encode
from bpfcc.bpfir.insn import Insn
from bpfcc.bpfir.isa_table import FORM, FORMS, form_of, selection
from bpfcc.errors import BpfccError, InputError, UnsupportedError

SLOT = struct.Struct("<BBhi")

REGISTER_BYTES = (0x00, 0x01, 0x10, 0x21, 0x0A, 0xA0, 0xA1, 0x1A, 0xAA, 0x0B, 0xB0, 0xFF)
OFFSETS = (0, 1, 2, 8, 16, 32, -1, 0x7FFF, -0x8000)
IMMEDIATES = (0, 1, 10, 11, 16, 32, 64, 0x40, 0x41, 0x50, 0x51, 0xA0, 0xA1, 0xE0, 0xE1, 0xF0, 0xF1, 0x100, 0x101, 0x110, -1, 0x7FFF_FFFF)


def _alu_is_valid(opcode: int, dst: int, src: int, off: int, imm: int) -> bool:
    """RFC 9669 section 4.1 and 4.2."""
    operation, register, wide = opcode >> 4, bool(opcode & 8), opcode & 7 == 7
    if dst > 9 or operation > 0xD:
        return False
    if operation == 0x8:
        return not register and src == off == imm == 0
    if operation == 0xD:
        return src == off == 0 and imm in {16, 32, 64} and not (register and wide)
    if operation == 0xB:
        offsets = {0, 8, 16, 32} if wide else {0, 8, 16}
        if not register:
            offsets = {0}
    else:
        offsets = {0, 1} if operation in {0x3, 0x9} else {0}
    return off in offsets and (src <= 10 and imm == 0 if register else src == 0)


def _jump_is_valid(opcode: int, dst: int, src: int, off: int, imm: int) -> bool:
    """RFC 9669 section 4.3, and callx."""
    operation, register, wide = opcode >> 4, bool(opcode & 8), opcode & 7 == 5
    if operation == 0x0:
        return not register and dst == src == 0 and (imm == 0 if wide else off == 0)
    if operation == 0x8:
        if not wide or off:
            return False
        if register:
            return src == 0 and ((0 <= imm <= 10 and dst == 0) or (imm == 0 and dst <= 10))
        return dst == 0 and src in {0, 1, 2}
    if operation == 0x9:
        return wide and not register and dst == src == off == imm == 0
    return operation <= 0xD and dst <= 10 and (src <= 10 and imm == 0 if register else src == 0)


def _memory_is_valid(opcode: int, dst: int, src: int, off: int, imm: int) -> bool:
    """RFC 9669 section 5, load_acquire and store_release."""
    mode, size, instruction_class = opcode & 0xE0, opcode & 0x18, opcode & 7
    registers = dst <= 10 and src <= 10
    if instruction_class == 0:
        return mode in {0x20, 0x40} and size != 0x18 and dst == off == 0 and (src == 0 if mode == 0x20 else src <= 10)
    if instruction_class == 1:
        return (mode == 0x60 or (mode == 0x80 and size != 0x18)) and registers and dst != 10 and imm == 0
    if instruction_class == 2:
        return mode == 0x60 and dst <= 10 and src == 0
    if mode == 0x60:
        return registers and imm == 0
    if mode != 0xC0 or not registers:
        return False
    if imm == 0x100:
        return dst != 10
    if imm == 0x110:
        return True
    if size not in {0x00, 0x18}:
        return False
    fetching = {0x01, 0x41, 0x51, 0xA1, 0xE1}
    return imm in {0x00, 0x40, 0x50, 0xA0, 0xF1} or (imm in fetching and src != 10)


def is_valid(opcode: int, dst: int, src: int, off: int, imm: int) -> bool:
    """Whether one slot (not lddw) is an instruction, written down from the standard and apart from the table."""
    instruction_class = opcode & 7
    if instruction_class in {4, 7}:
        return _alu_is_valid(opcode, dst, src, off, imm)
    return (_jump_is_valid if instruction_class in {5, 6} else _memory_is_valid)(opcode, dst, src, off, imm)


UNSUPPORTED = {"may_goto", "gotox", "addr_space_cast"}


@pytest.mark.parametrize("high", range(16))
def test_every_opcode_is_decoded_as_the_standard_says(high: int) -> None:
    for opcode, registers, off, imm in itertools.product(range(16 * high, 16 * high + 16), REGISTER_BYTES, OFFSETS, IMMEDIATES):
        if opcode == isa.OP_LDDW:
            continue
        code = SLOT.pack(opcode, registers, off, imm)
        insn = Insn(opcode, registers & 15, registers >> 4, off, imm)
        try:
            decoded = decode(code)
        except InputError as error:
            assert error.insn == 0
            assert not is_valid(*insn[:5]), (insn, str(error))
        except UnsupportedError as error:
            assert error.feature.removeprefix("instruction ") in UNSUPPORTED
        else:
            assert is_valid(*insn[:5]), insn
            assert decoded == [insn]
            assert encode(decoded) == code


@pytest.mark.parametrize("src", range(16))
def test_lddw(src: int) -> None:
    for dst, off, imm, imm2 in itertools.product((0, 9, 10, 11), (0, 1), (0, -1), (0, -1)):
        code = SLOT.pack(0x18, dst | src << 4, off, imm) + SLOT.pack(0, 0, 0, imm2)
        valid = dst <= 9 and src <= 6 and off == 0 and (imm2 == 0 or src in {0, 2, 6})
        if valid:
            assert decode(code) == [Insn(0x18, dst, src, off, imm, imm2), None]
            assert encode(decode(code)) == code
        else:
            with pytest.raises(InputError):
                decode(code)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1801000001000000", "instruction 0: lddw is cut off: its second slot is missing"),
        ("9500000000000000 1801000001000000", "instruction 1: lddw is cut off: its second slot is missing"),
        ("1801000001000000 0100000000000000", "instruction 0: lddw: reserved fields of the second slot are not 0"),
        ("1801000001000000 0001000000000000", "instruction 0: lddw: reserved fields of the second slot are not 0"),
        ("1801000001000000 0000010000000000", "instruction 0: lddw: reserved fields of the second slot are not 0"),
        ("1811000001000000 0000000001000000", "instruction 0: lddw_map: reserved field imm of the second slot is 1, must be 0"),
        ("1871000001000000 0000000000000000", "instruction 0: opcode 0x18 is not defined with src 7"),
        ("0f12000001000000", "instruction 0: add64_reg: reserved field imm is 1, must be 0"),
        ("0712000001000000", "instruction 0: add64_imm: reserved field src is 1, must be 0"),
        ("0702010001000000", "instruction 0: add64_imm: reserved field off is 1, must be 0"),
        ("070b000000000000", "instruction 0: add64_imm: register r11 does not exist"),
        ("070a000000000000", "instruction 0: add64_imm: r10 is read-only"),
        ("dba1000001000000", "instruction 0: add_fetch_64: r10 is read-only"),
        ("9500000000000000 ff00000000000000", "instruction 1: opcode 0xff is not defined"),
        ("3702020003000000", "instruction 0: opcode 0x37 is not defined with off 2"),
        ("db21000002000000", "instruction 0: opcode 0xdb is not defined with imm 2"),
        ("8d0000000b000000", "instruction 0: callx_imm: register r11 does not exist"),
        ("bf12010000000000", "instruction 0: addr_space_cast: both address spaces are 0"),
        ("95000000", "offset 0x0: code of 4 bytes is not a multiple of 8"),
    ],
)
def test_what_is_refused_says_why(code: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(bytes.fromhex(code))
    assert str(caught.value) == message


def test_the_place_is_named() -> None:
    with pytest.raises(InputError, match=r"^x\.o: section 'xdp': instruction 0: opcode 0xff is not defined$"):
        decode(b"\xff" + bytes(7), file="x.o", section="xdp")


@pytest.mark.parametrize(
    ("code", "name"), [("e500010000000000", "may_goto"), ("0d03000000000000", "gotox"), ("bf12010001000000", "addr_space_cast")]
)
def test_what_is_recognised_only(code: str, name: str) -> None:
    raw = bytes.fromhex(code)
    with pytest.raises(UnsupportedError) as caught:
        decode(raw)
    assert caught.value.feature == f"instruction {name}"
    assert caught.value.insn == 0
    assert encode(decode(raw, allow_unsupported=True)) == raw


@given(st.binary(max_size=64).map(lambda data: data[: len(data) & ~7]))
def test_bytes_are_refused_or_come_back(code: bytes) -> None:
    try:
        insns = decode(code, allow_unsupported=True)
    except BpfccError:
        return
    assert len(insns) == len(code) // 8
    assert encode(insns) == code
    assert decode(to_big(code), endian="big", allow_unsupported=True) == insns
    assert encode(insns, "big") == to_big(code)


@given(st.binary(max_size=64).map(lambda data: data[: len(data) & ~7]))
def test_byte_orders_are_inverse(code: bytes) -> None:
    assert to_little(to_big(code)) == code
    assert to_big(to_little(code)) == code


def test_big_endian_bytes() -> None:
    # r6 = r1 as a big-endian object has it: the halves of the register byte are exchanged.
    assert to_big(bytes.fromhex("bf16000000000000")) == bytes.fromhex("bf61000000000000")
    assert decode(bytes.fromhex("6132fffc00000000"), endian="big") == [Insn(0x61, dst=3, src=2, off=-4)]


@pytest.mark.parametrize(
    ("insn", "message"),
    [
        (Insn(0x07, dst=16), "field dst is 16, outside 0 to 15"),
        (Insn(0x07, imm=1 << 31), "field imm is 2147483648"),
        (Insn(0x05, off=0x8000), "field off is 32768"),
        (Insn(0x100), "field opcode is 256"),
        (Insn(0x0F, imm=1), "reserved field imm"),
        (Insn(0x18, src=1, imm2=1), "reserved field imm of the second slot"),
        (Insn(0xB7, imm2=1), "reserved field imm of the second slot"),
    ],
)
def test_the_encoder_refuses(insn: Insn, message: str) -> None:
    with pytest.raises(InputError, match=message):
        encode([insn])
    assert message in (fault_of(insn) or "")


def test_the_encoder_takes_lists_with_and_without_second_slots() -> None:
    lddw = Insn(0x18, dst=1, imm=2, imm2=3)
    assert encode([lddw, None, Insn(0x95)]) == encode([lddw, Insn(0x95)])
    with pytest.raises(InputError, match="second slot without lddw"):
        encode([Insn(0x95), None])
    with pytest.raises(InputError, match="second slot without lddw"):
        encode([lddw, None, None])


def test_names_and_slots() -> None:
    assert len(FORM) == len(FORMS)
    assert all(form.slots == (2 if form.kind == "lddw" else 1) for form in FORMS)
    assert Insn(0x18, imm=-1, imm2=1).imm64 == 0x1_FFFF_FFFF


def test_the_groups_of_the_standard() -> None:
    groups = {form.group for form in FORMS}
    assert groups == {"base32", "base64", "atomic32", "atomic64", "divmul32", "divmul64", "packet", "kernel"}
    assert {form.name for form in FORMS if form.group == "divmul32"} == {
        f"{kind}32_{operand}" for kind in ("mul", "div", "mod", "sdiv", "smod") for operand in ("imm", "reg")
    }


def test_form_of_tells_variants_apart() -> None:
    assert form_of(Insn(0x37, 1, 0, 1, 3)) is FORM["sdiv64_imm"]
    assert form_of(Insn(0x37, 1, 0, 0, 3)) is FORM["div64_imm"]
    assert form_of(Insn(0x8D, 2)) is FORM["callx"]
    assert form_of(Insn(0x8D, imm=2)) is FORM["callx_imm"]
    assert form_of(Insn(0x37, 1, 0, 2, 3)) is None
    assert form_of(Insn(0xFF)) is None


def test_rows_that_nothing_tells_apart_are_refused() -> None:
    row = FORM["div64_imm"]
    with pytest.raises(LookupError, match="opcode 0x37 apart"):
        selection([row, row._replace(name="again")])
