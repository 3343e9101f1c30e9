"""How the operands of each handler of the native loop lie in its words.

    "add64"      a b c              one word
    "ld4_x"      a b c | off cache  two words

A format takes the handler's number, then the registers, then the immediates, in the order of native/ops.def. Handlers are
numbered by the library itself (`bpfcc_interp_handlers`), so the two sides cannot disagree about a number; a name that the
library does not have is an InternalError when the table is built.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from bpfcc.bpfir.ops import ALU_KINDS, COMPARE_KINDS
from bpfcc.errors import InternalError

WORD_BYTES: Final = 16


class Handler(NamedTuple):
    """A handler: its number, how to pack it, and the words it takes."""

    number: int
    packer: Struct
    words: int


RRR: Final = "<QHHH2x"
RRI: Final = "<QHHi"
RR: Final = "<QHH4x"
R: Final = "<QH6x"
RI: Final = "<QH2xi"
R4: Final = "<QHHHH"
NEAR: Final = "<QHHHh"  # two registers | cache, displacement
FAR: Final = "<QHHHhH14x"  # three registers | displacement, cache
BRANCH_RR: Final = "<QHH4xiII4x"  # | target, cost taken, cost fallen
BRANCH_RI: Final = "<QH2xiiII4x"  # | immediate, target, costs
CALL: Final = "<QHHHHHHIQ"  # a b c d, arguments 4 and 5 | registers of the caller, address

ROTATES: Final = ("rotl",)
CONDITIONS: Final = (*COMPARE_KINDS, "ntest")
LOADS: Final = ("ld1", "ld2", "ld4", "ld8", "lds1", "lds2", "lds4", "ldb2", "ldb4", "ldb8")
FETCHES: Final = ("add", "or", "and", "xor", "xchg")


def _formats() -> dict[str, str]:
    found: dict[str, str] = {}
    for width in (64, 32):
        for kind in (*ALU_KINDS, *ROTATES):
            found[f"{kind}{width}"] = RRR
            found[f"{kind}{width}i"] = RRI
        found[f"rsub{width}i"] = RRI
        for kind in CONDITIONS:
            found[f"br_{kind}{width}"] = BRANCH_RR
            found[f"br_{kind}{width}i"] = BRANCH_RI
    for name in ("mov", "zext32", "sext8_64", "sext16_64", "sext32_64", "sext8_32", "sext16_32", "bswap16", "bswap32", "bswap64"):
        found[name] = RR
    found |= {"movi": RI, "movq": "<QH6xQ8x", "mov2": R4, "frame": RI}
    for name in LOADS:
        found |= {name: NEAR, f"{name}_x": FAR, f"{name}_f": RI, f"{name}_fx": NEAR}
    for size in (1, 2, 4, 8):
        name = f"st{size}"
        found |= {name: NEAR, f"{name}_x": FAR, f"{name}_f": RI, f"{name}_fx": NEAR}
        found |= {f"{name}_i": "<QH2xHhi12x", f"{name}_fi": "<Q4xii12x"}
        found |= {f"lda{size}": NEAR, f"str{size}": NEAR}
    for size in (4, 8):
        for kind in FETCHES:
            found |= {f"at_{kind}{size}": NEAR, f"af_{kind}{size}": FAR}
        found[f"cmpxchg{size}"] = "<QHHHHHh12x"
    found |= {"packet_load": "<QHH4xiI8x", "packet_data": R, "packet_end": R, "packet_meta": R}
    found |= {"jump": "<QiI", "mov_jump": "<QHH4xiI8x", "ret": R, "reti": "<Q4xi", "unresolved": "<Q8x"}
    found |= {"call_function": "<QHHHHHHH2xII", "call_indirect": "<QHHHHHHHHI4x", "call_tail": CALL}
    for count in range(6):
        found |= {f"call{count}": CALL, f"call{count}_keeps": CALL}
    return found


def handler_table(names: str) -> dict[str, Handler]:
    """The handlers by name; `names` is the library's list, one a line."""
    numbers = {name: number for number, name in enumerate(names.split())}
    formats = _formats()
    missing = sorted(set(formats) - set(numbers))
    if missing:
        raise InternalError(f"the native library has no handler {', '.join(missing)}: it is older than this package")
    structs: dict[str, Struct] = {}
    table: dict[str, Handler] = {}
    for name, text in formats.items():
        packer = structs.setdefault(text, Struct(text))
        table[name] = Handler(numbers[name], packer, packer.size // WORD_BYTES)
    return table
