"""Ahead of time: IR as readable C99, compiled by any C compiler.

    exe = Aot().compile(module, environment)         emitted, compiled, loaded into this process
    emit([Part(module)], [environment]).text         the C (`bpfcc.backends.aot.emit`)

The same program as file, library or executable: `bpfcc build --emit c|so|exe`. As a back end it is what shows that the C is right.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, ClassVar, final

from bpfcc.backends.aot.build import Build, Target
from bpfcc.backends.aot.emit import Part, emit
from bpfcc.backends.aot.loaded import Loaded
from bpfcc.backends.base import Capabilities, check_maps
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.backends.compiled import CompiledExecutable
from bpfcc.backends.kept import Made, kept

if TYPE_CHECKING:
    from bpfcc.backends.aot.emit import Emitted
    from bpfcc.backends.base import Environment
    from bpfcc.bpfir.function import Module


@final
class Aot:
    """The back end for files."""

    capabilities: ClassVar[Capabilities] = Capabilities(jit=False, native_image=True, checked=True, windows=True)

    def compile(self, module: Module, environment: Environment) -> CompiledExecutable:
        """Emit, compile and load `module`; UnsupportedError where it needs what the environment, or this installation, does not have."""
        refuse_big_endian(module)
        check_maps(module.maps, environment)
        # As for the package's own native library: another compiler than the bundled one.
        build = Build(Target.host(), os.environ.get("BPFCC_CC") or None, cpu=environment.cpu)
        made = kept(module, environment, identity(build), lambda: make(module, environment, build))
        code = Loaded(made.code, len(made.table.slots))
        return CompiledExecutable(module, environment, code, made.table, lambda: emitted(module, environment).text)


def emitted(module: Module, environment: Environment) -> Emitted:
    """The program as C, without the lines of its source."""
    return emit([Part(module, zeroed=environment.zeroed)], [environment], lines=False)


def make(module: Module, environment: Environment, build: Build) -> Made:
    """Emit and compile."""
    found = emitted(module, environment)
    return Made(build.shared(found.text), found.table)


def identity(build: Build) -> tuple[str, ...]:
    """What a library depends on besides the C."""
    return ("aot", *build.command(), cpu_identity() if build.cpu == "host" else "")


@cache
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
