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

PAIR: Final = "<QHHHHHHii4x"  # first, left, right; second, right, left | immediates
LOAD_THEN: Final = "<QHHHhHHH2xi4x"  # loaded, base, index, displacement, cache; result, right | immediate
THEN_BRANCH: Final = "<QHHiiIIi"  # result, left, immediate, target, costs, other operand
LOAD_BRANCH: Final = "<QHHHhiIIi"  # loaded, base, cache, displacement, target, costs, immediate
FOLD: Final = "<QHHHHHHh2xi4xII8x"  # sum, base, index, limit, cache, factor, displacement, step, costs

# Operations that others combine with, as native/fused.def lists them; those in `i` take an immediate.
FORMS: Final = (
    "add64", "sub64", "mul64", "and64", "or64", "xor64", "add64i", "mul64i", "and64i", "xor64i", "lsh64i", "rsh64i", "rotl64i",
    "add32", "sub32", "mul32", "and32", "or32", "xor32", "add32i", "and32i", "lsh32i", "rsh32i", "rotl32i", "zext32",
)  # fmt: skip
LOADS_THEN: Final = ("ld1", "ld2", "ld4", "ld8", "ldb2", "ldb4")
ALU_BRANCHES: Final = ("add64i", "add32i", "and64i", "and32i")
LOAD_BRANCHES: Final = ("ld1", "ld2", "ld4", "ldb2")
FOLDS: Final = ("add64", "add32", "xor64", "add64_mul64", "xor64_mul64", "mul64_add64", "mul64_xor64")
FOLD_CONDITIONS: Final = ("ne64", "ult64")

# There where the library has fused handlers at all.
ANY_FUSED: Final = "p_add64_add64"

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
    found |= {"map_index": "<QHHHhII8x", "map_index_f": "<QH2xiII8x", "map_get_f": "<QH2xiII8x"}
    found |= {"movi_jump": "<QH2xiiI8x", "jump": "<QiI", "mov_jump": "<QHH4xiI8x", "ret": R, "reti": "<Q4xi", "unresolved": "<Q8x"}
    found |= {"call_function": "<QHHHHHHH2xII", "call_indirect": "<QHHHHHHHHI4x", "call_tail": CALL}
    for count in range(6):
        found |= {f"call{count}": CALL, f"call{count}_keeps": CALL}
    return found


def _fused_formats() -> dict[str, str]:
    found: dict[str, str] = {}
    for second in FORMS:
        for first in FORMS:
            found[f"p_{first}_{second}"] = found[f"n_{first}_{second}"] = PAIR
        for first in LOADS_THEN:
            found[f"{first}_{second}"] = found[f"{first}_x_{second}"] = LOAD_THEN
    for kind in CONDITIONS:
        for width in (64, 32):
            for first in ALU_BRANCHES:
                found[f"br_{first}_{kind}{width}"] = found[f"br_{first}_{kind}{width}i"] = THEN_BRANCH
            for first in LOAD_BRANCHES:
                found[f"br_{first}_{kind}{width}i"] = LOAD_BRANCH
    for first in LOADS_THEN:
        for how in FOLDS:
            for condition in FOLD_CONDITIONS:
                found[f"loop_{first}_{how}_{condition}"] = FOLD
    return found


def handler_table(names: str) -> dict[str, Handler]:
    """The handlers by name; `names` is the library's list, one a line."""
    numbers = {name: number for number, name in enumerate(names.split())}
    formats = _formats()
    missing = sorted(set(formats) - set(numbers))
    if missing:
        raise InternalError(f"the native library has no handler {', '.join(missing)}: it is older than this package")
    # A library whose loop is not threaded has no fused handlers; code for it does without.
    formats |= {name: text for name, text in _fused_formats().items() if name in numbers}
    structs: dict[str, Struct] = {}
    table: dict[str, Handler] = {}
    for name, text in formats.items():
        packer = structs.setdefault(text, Struct(text))
        table[name] = Handler(numbers[name], packer, packer.size // WORD_BYTES)
    return table
