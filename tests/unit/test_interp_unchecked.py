"""Unchecked code: host addresses, packet fields of contexts, and what it refuses."""

from __future__ import annotations

import pytest

from bpfcc.backends.base import ContextLayout, Environment
from bpfcc.backends.interp import Interpreter
from bpfcc.bpfir.assembler import assemble
from bpfcc.bpfir.function import Module
from bpfcc.errors import UnsupportedError
from tests.back_ends import each_back_end
from tests.interp_harness import NativeMemory, lifted

back_end = each_back_end(__name__)
XDP = ContextLayout(0, 4, 8, 4)


def _context_program(text: str) -> Module:
    return lifted(assemble(text), optimised=True, type="xdp")


def test_unchecked_code_gets_host_addresses_of_the_packet() -> None:
    text = (
        "r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)\n r0 = 1\n r4 = r2\n r4 += 4\n if r4 > r3 goto out\n"
        " r0 = *(u32 *)(r2 + 0)\n r5 = *(u32 *)(r1 + 12)\n r0 += r5\nout: exit"
    )
    for checked in (False, True):
        exe = Interpreter().compile(_context_program(text), Environment(checked=checked, layout=XDP))
        context = bytes(12) + (100).to_bytes(4, "little") + bytes(8)
        for packet, expected in ((b"\x01\x02\x00\x00\xff", 0x201 + 100), (b"\x01\x02\x00", 1)):
            with NativeMemory(context=context, packet=packet, layout=XDP, checked=checked) as memory, exe.bind(memory) as bound:
                result = bound.run()
                assert result.return_value == expected
                assert (result.steps is None) is not checked


def test_unchecked_code_takes_contexts_with_room_for_addresses() -> None:
    layout = ContextLayout(0, 8, -1, 8)
    text = "r2 = *(u64 *)(r1 + 0)\n r3 = *(u64 *)(r1 + 8)\n r0 = r3\n r0 -= r2\n r4 = *(u8 *)(r2 + 1)\n r0 += r4\n exit"
    for checked in (False, True):
        exe = Interpreter().compile(_context_program(text), Environment(checked=checked, layout=layout))
        with NativeMemory(context=bytes(16), packet=b"\x05\x06\x07", layout=layout, checked=checked) as memory, exe.bind(memory) as bound:
            assert bound.run().return_value == 9


def test_unchecked_code_takes_differences_of_packet_addresses_in_32_bits() -> None:
    text = "r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 4)\n w3 -= w2\n r0 = r3\n exit"
    for checked in (False, True):
        exe = Interpreter().compile(_context_program(text), Environment(checked=checked, layout=XDP))
        with NativeMemory(context=bytes(24), packet=b"\x05\x06\x07", layout=XDP, checked=checked) as memory, exe.bind(memory) as bound:
            assert bound.run().return_value == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("r0 = *(u64 *)(r1 + 0)\n exit", "other than a load"),
        ("r0 = *(u16 *)(r1 + 0)\n exit", "other than a load"),
        ("*(u32 *)(r1 + 4) = 1\n r0 = 0\n exit", "other than a load"),
        ("r2 = *(u32 *)(r1 + 12)\n r1 += r2\n r0 = *(u32 *)(r1 + 0)\n exit", "the context or something else"),
        (
            "r2 = *(u32 *)(r1 + 12)\n if r2 == 0 goto l\n r1 = r10\n r1 += -8\nl: r0 = *(u32 *)(r1 + 0)\n exit",
            "the context or something else",
        ),
        ("r2 = r10\n r2 += -8\n r3 = *(u32 *)(r1 + 12)\n r2 += r3\n *(u64 *)(r2 + 0) = r1\n r0 = 0\n exit", "stored in memory"),
        ("r2 = *(u32 *)(r1 + 0)\n w2 += 4\n r0 = *(u8 *)(r2 + 0)\n exit", "number of 32 bits"),
        ("r2 = *(u32 *)(r1 + 0)\n r3 = *(u32 *)(r1 + 12)\n w2 -= w3\n r0 = r2\n exit", "number of 32 bits"),
    ],
)
def test_unchecked_code_refuses_what_it_cannot_tell(text: str, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why):
        Interpreter().compile(_context_program(text), Environment(checked=False, layout=XDP))
    Interpreter().compile(_context_program(text), Environment(checked=True, layout=XDP)).close()
