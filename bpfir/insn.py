"""One decoded instruction.

    bf 61 00 00 00 00 00 00      <->      Insn(opcode=0xbf, dst=1, src=6, off=0, imm=0)      r1 = r6

`lddw` is one `Insn` whose `imm` is the first and `imm2` the second 32-bit immediate; it takes two slots.
"""

from __future__ import annotations

from typing import NamedTuple


class Insn(NamedTuple):
    """Fields of RFC 9669 section 3. `off` and `imm` are signed (16 and 32 bits), `imm2` is the second slot's imm, signed."""

    opcode: int
    dst: int = 0
    src: int = 0
    off: int = 0
    imm: int = 0
    imm2: int = 0

    @property
    def slots(self) -> int:
        """8-byte slots this instruction takes: 2 for `lddw`, else 1."""
        return 2 if self.opcode == 0x18 else 1

    @property
    def imm64(self) -> int:
        """The unsigned 64-bit immediate of `lddw`."""
        return (self.imm & 0xFFFF_FFFF) | ((self.imm2 & 0xFFFF_FFFF) << 32)
