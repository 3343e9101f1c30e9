"""Instructions to bytes: the inverse of `bpfcc.bpfir.decode`.

    encode([Insn(0xB7, dst=0, imm=1), Insn(0x95)])  ->  b7 00 00 00 01 00 00 00  95 00 00 00 00 00 00 00

Takes what `decode` gives (None after each `lddw`) as well as a plain list without the None entries.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bpfcc.bpfir.decode import fault_of, to_big
from bpfcc.bpfir.isa import OP_LDDW
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.insn import Insn
    from bpfcc.bpfir.module import Endian

_SLOT: Final = struct.Struct("<BBhi")


def encode_insn(insn: Insn) -> bytes:
    """The 8 (for lddw 16) little-endian bytes of one instruction, whose fields are taken as they are."""
    first = _SLOT.pack(insn.opcode, insn.dst | insn.src << 4, insn.off, insn.imm)
    return first + _SLOT.pack(0, 0, 0, insn.imm2) if insn.opcode == OP_LDDW else first


def encode(insns: Iterable[Insn | None], endian: Endian = "little") -> bytes:
    """Encode; raises InputError for anything that `decode` would refuse."""
    parts: list[bytes] = []
    slot = 0
    after_lddw = False
    for insn in insns:
        if insn is None:
            if not after_lddw:
                raise InputError("a second slot without lddw before it", insn=slot)
            after_lddw = False
            continue
        fault = fault_of(insn)
        if fault is not None:
            raise InputError(fault, insn=slot)
        parts.append(encode_insn(insn))
        slot += insn.slots
        after_lddw = insn.slots == 2
    code = b"".join(parts)
    return to_big(code) if endian == "big" else code
