"""From emitted C to machine code: the bundled compiler, or one that the caller names.

    Build(target=Target("x86_64", "linux")).shared(text)            the bytes of a .so
    Target.parse("arm64-macos"), Target.host()

What comes out is looked at: format and machine have to be the ones that were asked for.
"""

from __future__ import annotations

import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final

from bpfcc.errors import CompileError, InputError, InternalError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WARNINGS: Final = ("-std=c99", "-Wall", "-Wextra", "-Wconversion")
FLAGS: Final = ("-O2", "-fPIC", "-fvisibility=hidden", "-fno-stack-protector")
# Of the bundled compiler: pointers wrap, so that the emitted code may leave its address arithmetic to the optimiser.
WRAP: Final = ("-fwrapv-pointer", "-DBPFCC_POINTERS_WRAP")
COMPILE_SECONDS: Final = 300.0
MACHINES: Final = {"amd64": "x86_64", "x86_64": "x86_64", "x86-64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}
SYSTEMS: Final = ("linux", "macos")
# The oldest C library that programs of today run on, as for the package's own native library.
TRIPLES: Final = {
    ("x86_64", "linux"): "x86_64-linux-gnu.2.28",
    ("arm64", "linux"): "aarch64-linux-gnu.2.28",
    ("x86_64", "macos"): "x86_64-macos",
    ("arm64", "macos"): "aarch64-macos",
}
ELF_MACHINES: Final = {62: "x86_64", 183: "arm64"}
MACHO_MACHINES: Final = {0x0100_0007: "x86_64", 0x0100_000C: "arm64"}
MACHO_MAGIC: Final = b"\xcf\xfa\xed\xfe"
ERROR_LINES: Final = 20
HOST_OBJECT: Final = "host.o"


class Target(NamedTuple):
    """What machine code is for: `machine` x86_64 or arm64, `system` linux or macos."""

    machine: str
    system: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """`x86_64-linux`, `arm64-macos`. InputError for another."""
        machine, _, system = text.lower().rpartition("-")
        found = MACHINES.get(machine)
        if found is None or system not in SYSTEMS:
            known = ", ".join(f"{m}-{s}" for m, s in TRIPLES)
            raise InputError(f"no target {text!r}; choose one of {known}")
        return cls(found, system)

    @classmethod
    def host(cls) -> Self:
        """This machine. UnsupportedError where nothing can be built for it."""
        machine = MACHINES.get(platform.machine().lower())
        system = {"linux": "linux", "darwin": "macos"}.get(sys.platform)
        if machine is None or system is None:
            raise UnsupportedError(
                "native code for this machine", f"machine code for {sys.platform} on {platform.machine()} cannot be built"
            )
        return cls(machine, system)

    def __str__(self) -> str:
        return f"{self.machine}-{self.system}"


def machine_of(data: bytes) -> Target | None:
    """What a library or program is for, by its header; None for what is neither ELF nor Mach-O."""
    if data[:6] == b"\x7fELF\x02\x01" and len(data) > 20:
        machine = ELF_MACHINES.get(int.from_bytes(data[18:20], "little"))
        return Target(machine, "linux") if machine else None
    if data[:4] == MACHO_MAGIC and len(data) > 8:
        machine = MACHO_MACHINES.get(int.from_bytes(data[4:8], "little"))
        return Target(machine, "macos") if machine else None
    return None


@final
@dataclass(frozen=True, slots=True)
class Build:
    """`cc`: a command line, split as a shell does; None: the bundled compiler. `cpu`: baseline, or host for this very processor."""

    target: Target
    cc: str | None = None
    cpu: str = "baseline"
    warnings: bool = False

    def command(self) -> list[str]:
        """The compiler, for the target. UnsupportedError where there is none, InputError where the named one is not there."""
        if self.cc is not None:
            words = shlex.split(self.cc)
            if not words or shutil.which(words[0]) is None:
                raise InputError(f"no compiler {self.cc!r} (from --cc): it does not exist or cannot be run")
            return words + (["-march=native"] if self.cpu == "host" else [])
        cpu = "native" if self.cpu == "host" else "baseline"
        return [str(bundled_binary()), "cc", "-target", TRIPLES[self.target], f"-mcpu={cpu}", "-fno-sanitize=undefined", "-s", *WRAP]

    def shared(self, text: str) -> bytes:
        """A shared library. CompileError where the compiler refuses the text."""
        link = ["-shared", "-nostdlib"] if self.target.system == "linux" else ["-shared"]
        return self._make(text, [*FLAGS, *link, "program.c"], {})

    def program(self, text: str, host: bytes) -> bytes:
        """A program of emitted C and an object file with its host, linked. CompileError likewise."""
        unused = ["-Wl,-dead_strip"] if self.target.system == "macos" else ["-Wl,--gc-sections"]
        return self._make(text, [*FLAGS, "program.c", HOST_OBJECT, *unused, "-lpthread"], {HOST_OBJECT: host})

    def object(self, sources: Sequence[Path], flags: Sequence[str]) -> bytes:
        """One object file of sources of ours."""
        return self._compile([*flags, "-r", *map(str, sources)], {})

    def _make(self, text: str, arguments: Sequence[str], files: Mapping[str, bytes]) -> bytes:
        language = WARNINGS if self.warnings else ("-std=c99", "-w")
        data = self._compile([*language, *arguments], {"program.c": text.encode(), **files})
        found = machine_of(data)
        if found != self.target:
            raise InternalError(f"the compiler was asked for {self.target} and made {found or 'something else'}")
        return data

    def _compile(self, arguments: Sequence[str], files: Mapping[str, bytes]) -> bytes:
        with tempfile.TemporaryDirectory(prefix="bpfcc-build-") as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            output = Path(folder) / "output"
            self._run([*arguments, "-o", str(output)], folder)
            if not output.is_file():
                raise CompileError(f"{self.command()[0]} made nothing of the emitted C", ())
            return output.read_bytes()

    def _run(self, arguments: Sequence[str], folder: str) -> None:
        command = self.command()
        said = run_tool([*command, *arguments], folder)
        if self.warnings and said:
            raise CompileError("the compiler warns of the emitted C:\n" + "\n".join(said.splitlines()[:ERROR_LINES]), ())


def bundled_binary() -> Path:
    """The bundled compiler. UnsupportedError where it is not installed."""
    from bpfcc.frontend.toolchain import INSTALL_BUNDLED, bundled_directory

    directory = bundled_directory()
    if directory is None:
        message = f"no C compiler: install the bundled one with `{INSTALL_BUNDLED}`, or name one with --cc"
        raise UnsupportedError("compiling emitted C", message)
    return directory / ("zig.exe" if sys.platform == "win32" else "zig")


def run_tool(command: Sequence[str], folder: str, *, what: str = "does not compile the emitted C") -> str:
    """Run a compiler or linker in a folder; what it says where it is content. CompileError where it is not."""
    from bpfcc.frontend.toolchain import tool_environment

    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, env=tool_environment(), timeout=COMPILE_SECONDS,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise CompileError(f"the C compiler did not end within {COMPILE_SECONDS:.0f} s", ()) from error
    except OSError as error:
        raise InputError(f"{command[0]} cannot be run: {error.strerror}") from error
    said = (done.stderr + done.stdout).decode("utf-8", "replace").strip()
    if done.returncode:
        raise CompileError(f"{command[0]} {what}:\n" + "\n".join(said.splitlines()[:ERROR_LINES]), ())
    return said
