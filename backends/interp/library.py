"""The native half of the interpreter as ctypes sees it; see native/interp.h.

lib = interpreter()            lib.bpfcc_interp_prepare(…)
handlers()["add64"]            Handler(number=0, packer=…, words=1)
"""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import CDLL, POINTER, Structure, c_char_p, c_int, c_uint32, c_uint64, c_void_p, cast
from functools import lru_cache
from typing import Any, Final

from bpfcc.backends.interp.formats import Handler, handler_table
from bpfcc.runtime.library import declare, native

CHECKED: Final = 1
RAW: Final = 2


class CodeFunction(Structure):
    """`struct bpfcc_code_function`."""

    _fields_ = (
        ("entry", c_uint32),
        ("registers", c_uint32),
        ("params", c_uint32),
        ("zero_bytes", c_uint32),
        ("cost", c_uint32),
        ("reserved", c_uint32),
    )


_P = c_void_p
PROTOTYPES: Final[Mapping[str, tuple[Any, tuple[Any, ...]]]] = {
    "bpfcc_interp_handlers": (c_char_p, ()),
    "bpfcc_interp_dispatch": (c_char_p, ()),
    "bpfcc_interp_prepare": (c_int, (_P, _P, c_uint32, POINTER(CodeFunction), c_uint32, c_uint32, POINTER(_P))),
    "bpfcc_interp_free": (None, (_P,)),
    "bpfcc_interp_thread": (_P, (_P, _P, c_uint64)),
    "bpfcc_interp_thread_free": (None, (_P,)),
    "bpfcc_interp_link": (None, (_P, _P, c_uint32)),
    "bpfcc_interp_trapped": (_P, (_P, POINTER(c_uint64))),
    "bpfcc_interp_enter": (c_uint64, (_P,)),
    "bpfcc_helper_table": (_P, (c_uint32,)),
    "bpfcc_run_begin": (c_int, (_P, c_uint64)),
    "bpfcc_run_end": (None, (_P,)),
}


@lru_cache(maxsize=1)
def interpreter() -> CDLL:
    """The native library with the interpreter's functions declared."""
    library = native()
    declare(library, PROTOTYPES)
    return library


@lru_cache(maxsize=1)
def handlers() -> Mapping[str, Handler]:
    """The handlers of the native loop, by name."""
    names: bytes = interpreter().bpfcc_interp_handlers()
    return handler_table(names.decode())


@lru_cache(maxsize=1)
def entry_address() -> int:
    """The address of `bpfcc_interp_enter`."""
    return cast(interpreter().bpfcc_interp_enter, c_void_p).value or 0


@lru_cache(maxsize=1)
def map_lookup_address() -> int:
    """The runtime's own map lookup: what the loop may do itself instead of calling it."""
    address: int | None = interpreter().bpfcc_helper_table(1)
    return address or 0
