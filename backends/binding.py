"""What an operation's names stand for in an environment: the same in every back end.

    map_handle(environment, op)             of `v2 = map 0`
    helper_address(environment, op)         of `call helper 5`; UnsupportedError where there is none

What a program needs and the environment has not got is refused here, in the same words everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from bpfcc.bpfir import semantics
from bpfcc.errors import UnsupportedError
from bpfcc.runtime.memory import SLOT_FUNCTIONS, SLOT_MAP_HANDLES, SLOT_SHIFT

if TYPE_CHECKING:
    from bpfcc.backends.base import Environment, MapBinding
    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.ops import Call, CallExtern, ExternAddr, MapAddr, MapValueAddr, Operand, PacketLoad

HANDLE_BITS: Final = 4
MAP_HANDLES: Final = SLOT_MAP_HANDLES << SLOT_SHIFT
FUNCTION_HANDLES: Final = SLOT_FUNCTIONS << SLOT_SHIFT
# Maps whose values lie side by side by index, and others that are looked up by a key.
INDEXED_MAPS: Final = frozenset(("array", "percpu_array"))
KEYED_MAPS: Final = frozenset(("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "lpm_trie"))
# SKF_AD_OFF of linux/filter.h, which classic filters load fields of the socket buffer from.
ANCILLARY: Final = -0x1000
ANCILLARY_FIELDS: Final = 64


def refuse_big_endian(module: Module) -> None:
    """UnsupportedError for a module whose numbers lie the other way round."""
    if module.endian == "big":
        message = "programs for big-endian machines can be read and shown here, but not run"
        raise UnsupportedError("running big-endian programs", message)


def map_handle_of(binding: MapBinding) -> int:
    """A map, as helpers take it."""
    return MAP_HANDLES + (binding.id << HANDLE_BITS)


def map_handle(environment: Environment, op: MapAddr) -> int:
    """The map that an operation names, likewise."""
    return map_handle_of(environment.maps[op.map])


def function_handle(index: int) -> int:
    """A function of the module by its number, as helpers and `callx` take it."""
    return FUNCTION_HANDLES + (index << HANDLE_BITS)


def value_address(module: Module, environment: Environment, op: MapValueAddr) -> int:
    """An address in the first value of a map."""
    binding = environment.maps[op.map]
    base = binding.guest_base if environment.checked else binding.host_base
    if not base:
        raise UnsupportedError(f"the value of map {module.maps[op.map].name!r} as an address", insn=op.insn)
    return base + op.offset


def extern_address(module: Module, environment: Environment, op: ExternAddr) -> int:
    """A kernel variable; a weak one that is not there is null."""
    extern = module.externs[op.extern]
    address = environment.externs.get(extern.name)
    if address is None and not extern.weak:
        raise UnsupportedError(f"{extern.kind} {extern.name}", insn=op.insn)
    return address or 0


def helper_address(environment: Environment, op: Call) -> int:
    """The C function of a helper."""
    address = environment.helper_address(op.helper)
    if not address:
        raise UnsupportedError(f"helper {environment.helper_name(op.helper)}", insn=op.insn)
    return address


def refuse_extern_call(module: Module, op: CallExtern) -> NoReturn:
    """UnsupportedError: no kernel function is here."""
    extern = module.externs[op.extern]
    raise UnsupportedError(f"{extern.kind} {extern.name}", insn=op.insn)


def refuse_ancillary(op: PacketLoad, index: Operand) -> None:
    """UnsupportedError where a packet load at a known place is one of the socket buffer's fields."""
    if type(index) is int:
        offset = semantics.signed(32, index + op.offset)
        if ANCILLARY <= offset < ANCILLARY + ANCILLARY_FIELDS:
            raise UnsupportedError(f"packet load of ancillary data (field {offset - ANCILLARY})", insn=op.insn)
