"""A Windows job object around a child: memory, processor time, one process, and it ends when we end.

job = Job(Limits()); job.add(process); …; job.close()
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final

from bpfcc.errors import InternalError

if TYPE_CHECKING:
    import subprocess

    from bpfcc.isolate.confine import Limits

EXTENDED_LIMITS: Final = 9
UI_RESTRICTIONS: Final = 4
LIMIT_PROCESS_TIME, LIMIT_ACTIVE_PROCESS, LIMIT_PROCESS_MEMORY = 0x2, 0x8, 0x100
LIMIT_DIE_ON_EXCEPTION, LIMIT_KILL_ON_CLOSE = 0x400, 0x2000
ALL_UI_LIMITS: Final = 0xFF
# The launcher of a virtual environment starts the real interpreter as a second process.
MAX_PROCESSES: Final = 2


class _Basic(ctypes.Structure):
    _fields_ = (
        ("process_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", ctypes.c_uint32),
        ("minimum_set", ctypes.c_size_t), ("maximum_set", ctypes.c_size_t), ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t), ("priority", ctypes.c_uint32), ("scheduling", ctypes.c_uint32),
    )  # fmt: skip


class _Extended(ctypes.Structure):
    _fields_ = (
        ("basic", _Basic), ("io", ctypes.c_uint64 * 6), ("process_memory", ctypes.c_size_t), ("job_memory", ctypes.c_size_t),
        ("peak_process", ctypes.c_size_t), ("peak_job", ctypes.c_size_t),
    )  # fmt: skip


class Job:
    """A job object with limits. Best effort: a job does not keep a process from reading files."""

    def __init__(self, limits: Limits) -> None:
        loader: Any = getattr(ctypes, "WinDLL", None)
        if loader is None:
            raise InternalError("job objects exist on Windows only")
        self._kernel: Any = loader("kernel32", use_last_error=True)
        self._kernel.CreateJobObjectW.restype = ctypes.c_void_p
        self._handle = ctypes.c_void_p(self._kernel.CreateJobObjectW(None, None))
        extended = _Extended()
        extended.basic.flags = (
            LIMIT_PROCESS_TIME | LIMIT_ACTIVE_PROCESS | LIMIT_PROCESS_MEMORY | LIMIT_DIE_ON_EXCEPTION | LIMIT_KILL_ON_CLOSE
        )
        extended.basic.process_time = limits.cpu_seconds * 10_000_000
        extended.basic.processes = MAX_PROCESSES
        extended.process_memory = limits.memory_bytes
        interface = ctypes.c_uint32(ALL_UI_LIMITS)
        for kind, value in ((EXTENDED_LIMITS, extended), (UI_RESTRICTIONS, interface)):
            if not self._kernel.SetInformationJobObject(self._handle, kind, ctypes.byref(value), ctypes.sizeof(value)):
                raise InternalError(f"job limits cannot be set (error {self._kernel.GetLastError()})")

    def add(self, process: subprocess.Popen[bytes]) -> None:
        """Put a process into the job; it must not have been given its input yet."""
        handle = ctypes.c_void_p(int(process._handle))  # type: ignore[attr-defined, unused-ignore]
        if not self._kernel.AssignProcessToJobObject(self._handle, handle):
            process.kill()
            raise InternalError(f"the isolated reader cannot be confined (error {self._kernel.GetLastError()})")

    def close(self) -> None:
        """End what is left of the job."""
        self._kernel.CloseHandle(self._handle)
