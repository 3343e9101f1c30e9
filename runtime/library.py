"""The native library: found next to the package, its version checked, its functions and structures declared.

    lib = native()
    lib.bpfcc_map_count(handle)

Structures mirror `runtime/native/bpfcc.h`; `abi_differences()` compares them with what the C compiler made of it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Mapping
from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int16,
    c_int32,
    c_int64,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from bpfcc.errors import InternalError, UnsupportedError

ABI_VERSION: Final = 1
SLOTS: Final = 256


class Region(Structure):
    """A live range of guest memory (`struct bpfcc_region`)."""

    _fields_ = (
        ("host", c_void_p),
        ("base", c_uint64),
        ("lo", c_uint64),
        ("hi", c_uint64),
        ("stride", c_uint32),
        ("element", c_uint32),
        ("flags", c_uint32),
        ("reserved", c_uint32),
        ("readable", c_void_p),
        ("writable", c_void_p),
    )


class MapDef(Structure):
    """What a map is made from (`struct bpfcc_map_def`); numbers are Linux's."""

    _fields_ = (
        ("type", c_uint32),
        ("key_size", c_uint32),
        ("value_size", c_uint32),
        ("max_entries", c_uint32),
        ("flags", c_uint32),
        ("cpus", c_uint32),
        ("extra", c_uint64),
    )


class MapArea(Structure):
    """Where a map's values lie (`struct bpfcc_map_area`)."""

    _fields_ = (
        ("host", c_void_p),
        ("size", c_uint64),
        ("stride", c_uint32),
        ("element", c_uint32),
        ("cpu_bytes", c_uint64),
    )


class MapHead(Structure):
    """The beginning of every map (`struct bpfcc_map_head`)."""

    _fields_ = (
        ("lookup", c_void_p),
        ("values", c_void_p),
        ("cpu_bytes", c_uint64),
        ("stride", c_uint32),
        ("entries", c_uint32),
    )


class ContextLayout(Structure):
    """Which context fields hold packet addresses (`struct bpfcc_context_layout`)."""

    _fields_ = (
        ("data", c_int16),
        ("data_end", c_int16),
        ("data_meta", c_int16),
        ("length", c_int16),
        ("pointer_bytes", c_uint8),
        ("reserved", c_uint8 * 7),
    )


class Run(Structure):
    """One run of a program (`struct bpfcc_run`)."""

    _fields_ = (
        ("slots", c_void_p * SLOTS),
        ("checked", c_uint32),
        ("cpu", c_uint32),
        ("trap", c_uint32),
        ("trap_size", c_uint32),
        ("trap_address", c_uint64),
        ("steps_left", c_uint64),
        ("tail_calls", c_uint32),
        ("tail_target", c_int32),
        ("stop", POINTER(c_int32)),
        ("invoke", c_void_p),
        ("backend", c_void_p),
        ("state", c_void_p),
        ("frames", c_void_p),
        ("depth", c_uint32),
        ("reserved", c_uint32),
        ("context", c_void_p),
        ("context_size", c_uint32),
        ("layout", ContextLayout),
        ("packet", c_void_p),
        ("packet_capacity", c_uint32),
        ("packet_meta", c_uint32),
        ("packet_data", c_uint32),
        ("packet_end", c_uint32),
        ("reserved2", c_uint32),
        ("outcome", c_void_p),
    )


class AbiRow(Structure):
    """A row of the table of sizes and offsets (`struct bpfcc_abi_row`)."""

    _fields_ = (("structure", c_char_p), ("field", c_char_p), ("offset", c_uint32), ("size", c_uint32))


STRUCTURES: Final[Mapping[str, type[Structure]]] = {
    "region": Region,
    "map_def": MapDef,
    "map_area": MapArea,
    "map_head": MapHead,
    "context_layout": ContextLayout,
    "run": Run,
}

_P = c_void_p

# name -> (result, arguments)
PROTOTYPES: Final[Mapping[str, tuple[Any, tuple[Any, ...]]]] = {
    "bpfcc_abi_version": (c_uint32, ()),
    "bpfcc_abi_table": (POINTER(AbiRow), ()),
    "bpfcc_run_enter": (c_uint32, ()),
    "bpfcc_run_leave": (None, (c_uint32,)),
    "bpfcc_map_create": (c_int, (POINTER(MapDef), POINTER(_P))),
    "bpfcc_map_free": (None, (_P,)),
    "bpfcc_map_area": (c_int, (_P, POINTER(MapArea))),
    "bpfcc_map_definition": (POINTER(MapDef), (_P,)),
    "bpfcc_map_lookup": (_P, (_P, _P, c_uint32)),
    "bpfcc_map_update": (c_int, (_P, _P, _P, c_uint64, c_uint32)),
    "bpfcc_map_delete": (c_int, (_P, _P)),
    "bpfcc_map_erase": (c_int, (_P, _P)),
    "bpfcc_map_read": (c_int, (_P, _P, _P, c_uint64)),
    "bpfcc_map_write": (c_int, (_P, _P, _P, c_uint64)),
    "bpfcc_map_take": (c_int, (_P, _P, _P)),
    "bpfcc_map_next_key": (c_int, (_P, _P, _P)),
    "bpfcc_map_batch": (c_int, (_P, POINTER(c_uint64), _P, _P, c_uint32)),
    "bpfcc_map_each": (c_int, (_P, POINTER(c_uint64), _P, POINTER(_P), c_uint32)),
    "bpfcc_map_push": (c_int, (_P, _P, c_uint64)),
    "bpfcc_map_pop": (c_int, (_P, _P)),
    "bpfcc_map_peek": (c_int, (_P, _P)),
    "bpfcc_map_count": (c_uint64, (_P,)),
    "bpfcc_map_freeze": (c_int, (_P,)),
    "bpfcc_map_set_fields": (c_int, (_P, c_uint32, c_uint32)),
    "bpfcc_map_key_bytes": (c_uint32, (_P,)),
    "bpfcc_map_value_bytes": (c_uint64, (_P,)),
    "bpfcc_stack_id": (c_int64, (_P, _P, c_uint32, c_uint64)),
    "bpfcc_ring_reserve": (_P, (_P, c_uint64, c_uint64)),
    "bpfcc_ring_commit": (None, (_P, _P, c_uint64, c_int)),
    "bpfcc_ring_output": (c_int, (_P, _P, c_uint64, c_uint64)),
    "bpfcc_ring_query": (c_uint64, (_P, c_uint64)),
    "bpfcc_ring_read": (c_int64, (_P, _P, c_uint64, POINTER(c_uint64))),
    "bpfcc_ring_wait": (c_int, (_P, c_int64)),
    "bpfcc_perf_output": (c_int, (_P, c_uint32, c_uint64, _P, c_uint64, _P, c_uint64)),
    "bpfcc_perf_read": (c_int64, (_P, c_uint32, _P, c_uint64, POINTER(c_uint64))),
    "bpfcc_perf_lost": (c_uint64, (_P, c_uint32)),
    "bpfcc_perf_wait": (c_int, (_P, c_int64)),
}


def library_path() -> Path:
    """Where the shared library belongs, whether it is there or not."""
    suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
    return Path(__file__).with_name(f"_native{suffix}")


def declare(library: ctypes.CDLL, prototypes: Mapping[str, tuple[Any, tuple[Any, ...]]]) -> None:
    """Give functions of the library their types; for other modules' functions, too."""
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments


def open_library(path: Path) -> ctypes.CDLL:
    """Load and check the library at `path`."""
    if not path.is_file():
        raise UnsupportedError(
            "native runtime",
            f"the native library is missing ({path}); build it with `pip install .` or `python setup.py build_ext --inplace`",
        )
    try:
        library = ctypes.CDLL(str(path))
        version: Callable[[], int] = library.bpfcc_abi_version
        found = version()
    except (OSError, AttributeError) as error:
        raise UnsupportedError(
            "native runtime", f"the native library cannot be loaded ({error}); rebuild it with `pip install .`"
        ) from error
    if found != ABI_VERSION:
        raise UnsupportedError(
            "native runtime",
            f"the native library has interface version {found}, not {ABI_VERSION}; rebuild it with `pip install .` ({path})",
        )
    declare(library, PROTOTYPES)
    return library


@lru_cache(maxsize=1)
def native() -> ctypes.CDLL:
    """The library, loaded once. UnsupportedError where it is missing or of another version."""
    return open_library(library_path())


def abi_table() -> dict[str, dict[str | None, tuple[int, int]]]:
    """Structure -> field (None: the whole) -> (offset, size) in bytes, as the C compiler laid them out."""
    table: dict[str, dict[str | None, tuple[int, int]]] = {}
    rows = native().bpfcc_abi_table()
    index = 0
    while rows[index].structure is not None:
        row = rows[index]
        field = None if row.field is None else row.field.decode()
        table.setdefault(row.structure.decode(), {})[field] = (row.offset, row.size)
        index += 1
    return table


def mirror_layout(mirror: type[Structure]) -> dict[str | None, tuple[int, int]]:
    """The same for a ctypes structure."""
    layout: dict[str | None, tuple[int, int]] = {None: (0, ctypes.sizeof(mirror))}
    for name, *_ in mirror._fields_:
        field = getattr(mirror, name)
        layout[name] = (field.offset, field.size)
    return layout


def abi_differences(mirrors: Mapping[str, type[Structure]] = STRUCTURES) -> list[str]:
    """What the mirrors and the library disagree about; empty when all is well."""
    table, found = abi_table(), []
    for name, mirror in mirrors.items():
        theirs, ours = table.get(name), mirror_layout(mirror)
        if theirs is None:
            found.append(f"{name}: not in the library's table")
            continue
        found += [
            f"{name}.{field or '<size>'}: C has {theirs.get(field)}, Python {ours.get(field)}"
            for field in sorted(set(theirs) | set(ours), key=str)
            if theirs.get(field) != ours.get(field)
        ]
    return found


def check_abi() -> None:
    """InternalError when a mirror does not fit; tests call it, and so may whoever suspects a stale build."""
    differences = abi_differences()
    if differences:
        raise InternalError("the native library's structures differ from their mirrors: " + "; ".join(differences))
