"""An emitted program as a library in this process.

    code = Loaded(data, slots=12)            code.entry, code.table

The library is written to a private file, loaded, and the file is gone at once. It has no data of its own that is written, so each
`Loaded` brings its own table.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

from bpfcc.errors import InternalError, UnsupportedError

if TYPE_CHECKING:
    from ctypes import Array

VERSION: Final = 1


class ProgramInfo(ctypes.Structure):
    """`struct bpfcc_program_info`."""

    _fields_ = (
        ("name", ctypes.c_char_p), ("section", ctypes.c_char_p), ("type", ctypes.c_char_p),
        ("type_number", ctypes.c_uint32), ("max_insns", ctypes.c_uint32),
        ("entry", ctypes.c_void_p), ("program", ctypes.c_void_p), ("call_back", ctypes.c_void_p),
        ("context", ctypes.c_void_p), ("verdicts", ctypes.c_void_p), ("verdict_count", ctypes.c_uint32),
        ("other_disposition", ctypes.c_uint32), ("other_name", ctypes.c_char_p), ("other_numbered", ctypes.c_uint32),
        ("instructions", ctypes.c_uint32), ("functions", ctypes.c_void_p), ("function_count", ctypes.c_uint32),
    )  # fmt: skip


class ObjectInfo(ctypes.Structure):
    """`struct bpfcc_object_info`."""

    _fields_ = (
        ("version", ctypes.c_uint32), ("checked", ctypes.c_uint32), ("made_from", ctypes.c_char_p), ("made_by", ctypes.c_char_p),
        ("programs", ctypes.POINTER(ProgramInfo)), ("maps", ctypes.c_void_p), ("slots", ctypes.c_void_p),
        ("program_count", ctypes.c_uint32), ("map_count", ctypes.c_uint32), ("slot_count", ctypes.c_uint32),
    )  # fmt: skip


@final
class Loaded:
    """Code in memory. Nothing of it may run any more once it is closed."""

    def __init__(self, data: bytes, slots: int) -> None:
        self._library: ctypes.CDLL | None = open_library(data)
        try:
            info = ObjectInfo.in_dll(self._library, "bpfcc_object")
        except ValueError as error:
            raise InternalError("the emitted library has no bpfcc_object") from error
        if info.version != VERSION or info.slot_count != slots or not info.program_count:
            raise InternalError("the emitted library is not of this program")
        program = info.programs[0]
        self.entry: Final[int] = program.entry
        self.program: Final[int] = program.program
        self.call_back: Final[int] = program.call_back
        self.table: Final[Array[ctypes.c_uint64]] = (ctypes.c_uint64 * slots)()

    def close(self) -> None:
        """Unload it."""
        library, self._library = self._library, None
        if library is not None and sys.platform != "win32":
            from _ctypes import dlclose

            dlclose(library._handle)


def open_library(data: bytes) -> ctypes.CDLL:
    """Load a library from its bytes. UnsupportedError where the system does not let programs be loaded from files of ours."""
    from bpfcc.frontend.toolchain import cache_dir

    problems = []
    for folder in (cache_dir(), Path(tempfile.gettempdir())):
        try:
            handle, name = tempfile.mkstemp(prefix="bpfcc-", suffix=".so", dir=folder)
        except OSError as error:
            problems.append(f"{folder}: {error.strerror}")
            continue
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            return ctypes.CDLL(name)
        except OSError as error:
            problems.append(f"{folder}: {error}")
        finally:
            Path(name).unlink(missing_ok=True)
    raise UnsupportedError("backend aot", f"compiled code cannot be loaded from a file ({'; '.join(problems)})")
