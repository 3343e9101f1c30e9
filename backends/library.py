"""What compiled code needs of the native library, as ctypes sees it; see runtime/native/bpfcc.h.

lib = runtime()            lib.bpfcc_compiled_bind(…)
"""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import CDLL, c_int, c_int64, c_uint32, c_uint64, c_void_p
from functools import lru_cache
from typing import Any, Final

from bpfcc.runtime.library import declare, native

_P = c_void_p
PROTOTYPES: Final[Mapping[str, tuple[Any, tuple[Any, ...]]]] = {
    "bpfcc_reach": (c_int, (_P, c_uint64, c_uint64, c_int, _P)),
    "bpfcc_more_steps": (c_int64, (_P, c_int64)),
    "bpfcc_load_packet": (c_int64, (_P, c_int64, c_uint32)),
    "bpfcc_push_frame": (c_int, (_P, c_uint32)),
    "bpfcc_pop_frame": (None, (_P, c_uint32)),
    "bpfcc_compiled_bind": (None, (_P, _P, _P)),
    "bpfcc_compiled_unbind": (None, (_P, _P)),
    "bpfcc_run_begin": (c_int, (_P, c_uint64)),
    "bpfcc_run_end": (None, (_P,)),
}


@lru_cache(maxsize=1)
def runtime() -> CDLL:
    """The native library with these functions declared."""
    library = native()
    declare(library, PROTOTYPES)
    return library
