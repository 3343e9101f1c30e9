"""Ahead of time: IR as readable C99, compiled by any C compiler.

    exe = Aot().compile(module, environment)         emitted, compiled, loaded into this process
    emit([Part(module)], [environment]).text         the C (`bpfcc.backends.aot.emit`)

The same program as file, library or executable: `bpfcc build --emit c|so|exe`. As a back end it is what shows that the C is right.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, ClassVar, Final, final

from bpfcc.backends.aot.build import Build, Target
from bpfcc.backends.aot.emit import Part, emit
from bpfcc.backends.aot.loaded import Loaded
from bpfcc.backends.base import Capabilities, check_maps
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.backends.compiled import CompiledExecutable

if TYPE_CHECKING:
    from bpfcc.backends.base import CodeCache, Environment
    from bpfcc.bpfir.function import Module

FORMAT: Final = "bpfcc.aot/1"


@final
class Aot:
    """The back end for files."""

    capabilities: ClassVar[Capabilities] = Capabilities(jit=False, native_image=True, checked=True, windows=True)

    def compile(self, module: Module, environment: Environment) -> CompiledExecutable:
        """Emit, compile and load `module`; UnsupportedError where it needs what the environment, or this installation, does not have."""
        refuse_big_endian(module)
        check_maps(module.maps, environment)
        emitted = emit([Part(module, zeroed=environment.zeroed)], [environment], lines=False)
        # As for the package's own native library: another compiler than the bundled one.
        build = Build(Target.host(), os.environ.get("BPFCC_CC") or None, cpu=environment.cpu)
        data = compiled(emitted.text, build, environment.cache)
        return CompiledExecutable(module, environment, Loaded(data, len(emitted.table.slots)), emitted.table, emitted.text)


def compiled(text: str, build: Build, cache: CodeCache | None) -> bytes:
    """A shared library, from the cache where it was built before."""
    key = ""
    if cache is not None:
        parts = (FORMAT, *build.command(), cpu_identity() if build.cpu == "host" else "", text)
        key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        kept = cache.get(key)
        if kept is not None:
            return kept
    data = build.shared(text)
    if cache is not None:
        cache.put(key, data)
    return data


def cpu_identity() -> str:
    """What code for this very processor depends on."""
    from pathlib import Path

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        import platform

        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
