"""Give up, inside a child, everything that reading an object does not need.

    Confinement(5, Limits()).apply()            one pipe to write to, so much memory and CPU, no files, no network, no processes

Linux: resource limits and a seccomp filter. macOS and other Unix: resource limits. Windows: a job object, set by the parent
(`spawn.py`). What holds here is what `describe()` says, and `bpfcc doctor` shows it.
"""

from __future__ import annotations

import gc
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from bpfcc.isolate import seccomp

PAGE_BYTES_MINIMUM: Final = 4096


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. `memory_bytes` comes on top of what the process has when it is confined.

    In a child that judges programs, the wall clock starts again with each of them.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 60
    memory_bytes: int = 1 << 30
    answer_bytes: int = 1 << 20


def describe() -> str:
    """One line on how children are confined on this system."""
    if seccomp.supported():
        return "full: child with resource limits and a system call filter"
    if sys.platform == "win32":
        return "partial: child in a job object with memory, time and process limits; it could read files"
    return "partial: child with resource limits, without a system call filter on this system"


def address_space_bytes() -> int:
    """Address space in use; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except (OSError, ValueError):
        return 0
    import resource

    return pages * max(resource.getpagesize(), PAGE_BYTES_MINIMUM)


@final
class Confinement:
    """Everything that must be imported and opened is, when this is made; `apply` then only limits."""

    def __init__(self, answer_fd: int, limits: Limits, reply_fd: int | None = None) -> None:
        self.limits = limits
        self.filter = seccomp.Filter(answer_fd, reply_fd) if seccomp.supported() else None
        self.space_bytes = address_space_bytes()

    def die_with_parent(self) -> None:
        """Ask the kernel to end this process when its parent ends, where the kernel can."""
        if self.filter is not None:
            self.filter.set_death_signal(signal.SIGKILL)

    def apply(self) -> None:
        """Confine this process for the rest of its life."""
        # No collection may run a finaliser of the parent's objects here.
        gc.freeze()
        if sys.platform != "win32":
            self._limit_resources()
        if self.filter is not None:
            self.filter.install()

    def _limit_resources(self) -> None:
        import resource

        cpu = self.limits.cpu_seconds
        wanted = {"FSIZE": (0, 0), "CORE": (0, 0), "NOFILE": (0, 0), "NPROC": (0, 0), "CPU": (cpu, cpu + 1)}
        if self.space_bytes:
            total = self.space_bytes + self.limits.memory_bytes
            wanted["AS"] = (total, total)
        for name, (soft, hard) in wanted.items():
            number = getattr(resource, f"RLIMIT_{name}", None)
            if number is not None:
                # A hard limit that is lower already stays.
                present = resource.getrlimit(number)[1]
                ceiling = hard if present == resource.RLIM_INFINITY else min(hard, present)
                resource.setrlimit(number, (min(soft, ceiling), ceiling))
