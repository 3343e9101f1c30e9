"""What a call does to memory, as far as the IR has to know it.

    map_update_elem(map, key, value, flags)   reads what arguments 1 and 2 point to, writes no memory of the program
    probe_read(dst, size, src)                writes as many bytes behind argument 0 as argument 1 says

The tables that know this live above this package (`bpfcc.runtime.specs`); what the lifter and the passes need of them is
this small view. Where a helper is not known, `UNKNOWN_CALL` says the worst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol


class Touch(NamedTuple):
    """Memory behind one argument: `size` bytes, or as many as argument `size_argument` says, or an unknown number (both None)."""

    argument: int
    size: int | None = None
    size_argument: int | None = None


class CallbackWay(NamedTuple):
    """How an argument gets to a function of the program that a helper calls: argument `function` is the function, and argument
    `context` comes in as its parameter number `parameter`."""

    function: int
    context: int
    parameter: int


class HelperEffects(NamedTuple):
    """`arity` arguments in r1…; memory it reads and writes through them; `moves_packet`: packet pointers are stale afterwards.

    `calls_back`: it calls functions of the program, which get no argument but what `callback` says; None: they may get any.
    """

    arity: int
    reads: tuple[Touch, ...] = ()
    writes: tuple[Touch, ...] = ()
    moves_packet: bool = False
    calls_back: bool = False
    callback: CallbackWay | None = None


class EffectsOf(Protocol):
    """Effects by helper id; None for a helper that the platform does not know."""

    def __call__(self, helper: int, /) -> HelperEffects | None: ...


EVERYTHING: Final = tuple(Touch(argument) for argument in range(5))
UNKNOWN_CALL: Final = HelperEffects(arity=5, reads=EVERYTHING, writes=EVERYTHING, moves_packet=True, calls_back=True)


# Functions of plain memory that compilers call where an object defines none, by name.
MEMORY_FUNCTIONS: Final[Mapping[str, HelperEffects]] = {
    "memset": HelperEffects(arity=3, writes=(Touch(0, None, 2),)),
    "memcpy": HelperEffects(arity=3, reads=(Touch(1, None, 2),), writes=(Touch(0, None, 2),)),
    "memmove": HelperEffects(arity=3, reads=(Touch(1, None, 2),), writes=(Touch(0, None, 2),)),
    "memcmp": HelperEffects(arity=3, reads=(Touch(0, None, 2), Touch(1, None, 2))),
}


def no_effects(_helper: int, /) -> HelperEffects | None:
    """For code without a platform: every helper is unknown."""
    return None
