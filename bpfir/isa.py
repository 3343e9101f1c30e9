"""The vocabulary of the instruction table: what one row says, and what a field may hold.

    Form("add64_imm", opcode=0x07, kind="alu", meaning="add", dst="rw", imm="value", syntax="{dst} += {imm}", …)

Every valid instruction is an instance of exactly one `Form`. Decoder, encoder, disassembler, assembler, the oracle
and the test vectors derive from the rows of `bpfcc.bpfir.isa_table`; nothing else knows an opcode's syntax or reserved fields.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, final

# Instruction classes (RFC 9669 section 3.3), the low three bits of an opcode.
LD: Final = 0x00
LDX: Final = 0x01
ST: Final = 0x02
STX: Final = 0x03
ALU: Final = 0x04
JMP: Final = 0x05
JMP32: Final = 0x06
ALU64: Final = 0x07

# Source of the second operand: the immediate (K) or a register (X).
K: Final = 0x00
X: Final = 0x08

# Sizes and modes of loads and stores.
SIZE_CODE: Final = {4: 0x00, 2: 0x08, 1: 0x10, 8: 0x18}
IMM: Final = 0x00
ABS: Final = 0x20
IND: Final = 0x40
MEM: Final = 0x60
MEMSX: Final = 0x80
ATOMIC: Final = 0xC0

# Operations that programs of the table are asked for by name elsewhere.
OP_LDDW: Final = 0x18
OP_JA: Final = 0x05
OP_GOTOL: Final = 0x06
OP_CALL: Final = 0x85
OP_CALLX: Final = 0x8D
OP_EXIT: Final = 0x95

# `src` of lddw (RFC 9669 section 5.4).
LDDW_IMM: Final = 0
LDDW_MAP: Final = 1
LDDW_MAP_VALUE: Final = 2
LDDW_VARIABLE: Final = 3
LDDW_FUNCTION: Final = 4
LDDW_MAP_INDEX: Final = 5
LDDW_MAP_INDEX_VALUE: Final = 6

# `src` of call.
CALL_HELPER: Final = 0
CALL_LOCAL: Final = 1
CALL_KFUNC: Final = 2

# `imm` of atomics.
FETCH: Final = 0x01
LOAD_ACQUIRE: Final = 0x100
STORE_RELEASE: Final = 0x110

REGISTERS: Final = 11
FRAME_POINTER: Final = 10

# The conformance groups of RFC 9669 section 2.4; "kernel" holds what Linux and clang added to it.
Group = Literal["base32", "base64", "atomic32", "atomic64", "divmul32", "divmul64", "packet", "kernel"]

Kind = Literal[
    "alu",  # dst = dst <meaning> (src | imm)
    "neg",  # dst = -dst
    "mov",  # dst = src | imm
    "movsx",  # dst = sign extension of the low `size_bytes` of src
    "swap",  # dst = be | le | bswap of dst, `size_bytes` wide
    "lddw",  # dst = 64-bit immediate or what `meaning` says
    "load",  # dst = zero-extended memory
    "loadsx",  # dst = sign-extended memory
    "store",  # memory = src | imm
    "atomic",  # memory <meaning>= src, with `fetch` src (cmpxchg: r0) = old memory
    "load_acquire",
    "store_release",
    "ld_abs",  # r0 = packet[imm]
    "ld_ind",  # r0 = packet[src + imm]
    "goto",
    "branch",  # if dst <meaning> (src | imm) goto
    "call",  # meaning: helper, local, kfunc
    "callx",  # call the function whose address is in a register
    "exit",
    "may_goto",
    "gotox",
    "addr_space_cast",
]

# What a field may hold: exactly this number (0 = reserved), or
#   r w rw      a register that is read, written, or both; r10 may only be read
#   memory      a displacement in bytes
#   jump        a distance in slots from the next slot
#   value       any immediate
#   index       a number of a map, helper or external symbol
#   register    a register number in `imm`
#   spaces      two address space numbers
RegisterRule = int | Literal["r", "w", "rw"]
OffRule = int | Literal["memory", "jump"]
ImmRule = int | Literal["value", "jump", "index", "register", "spaces"]


@final
class Form(NamedTuple):
    """One row of the instruction table.

    `syntax` is text with one placeholder for each operand; `aliases` are spellings that the assembler takes too.
    `width_bits` is the width of the operation, `size_bytes` that of the memory access, extension or swap.
    """

    name: str
    opcode: int
    kind: Kind
    group: Group
    syntax: str
    meaning: str = ""
    dst: RegisterRule = 0
    src: RegisterRule = 0
    off: OffRule = 0
    imm: ImmRule = 0
    # Second immediate of lddw, which only some of its forms have.
    imm2: Literal[0, "value"] = 0
    width_bits: Literal[32, 64] = 64
    size_bytes: Literal[0, 1, 2, 4, 8] = 0
    fetch: bool = False
    supported: bool = True
    aliases: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """8-byte slots an instruction of this form takes."""
        return 2 if self.opcode == OP_LDDW else 1

    @property
    def second_operand(self) -> Literal["src", "imm"]:
        """Where a two-operand form (alu, mov, store, branch) takes its second operand from."""
        return "imm" if self.src == 0 else "src"
