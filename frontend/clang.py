"""Compile BPF C with clang: an object and what clang said about it, or a `CompileError`.

    result = compile_c(Path("drop.bpf.c"), defines=["PORT=80"])
    result.object        b"\\x7fELF…"
    result.diagnostics   (Diagnostic("warning", "unused variable 'n'", …),)

The compiler runs in a process group of its own, in a temporary directory, under a time limit; the output file
appears by one rename or not at all. Sources see our headers (`compat/include`) and the compiler's own
freestanding ones, nothing of the machine, unless `system_headers` asks for it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.diagnostics import Diagnostic
from bpfcc.errors import CompileError, InputError, InternalError, UnsupportedError
from bpfcc.frontend.clang_diagnostics import diagnostics_lost, forget_sources, parse_diagnostics
from bpfcc.frontend.outputs import atomic_output
from bpfcc.frontend.toolchain import Toolchain, find_toolchain, tool_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

Emit = Literal["obj", "asm", "llvm", "preprocessed"]
Endian = Literal["little", "big"]

# What clang itself defaults to: 32-bit ALU and jumps and atomics, understood by every kernel since 5.13.
# v4 objects are refused by kernels before 6.6.
DEFAULT_MCPU: Final = "v3"
MCPUS: Final = ("v1", "v2", "v3", "v4", "generic", "probe")
DEFAULT_TIMEOUT_SECONDS: Final = 60.0
MAX_OUTPUT_BYTES: Final = 256 << 20
MAX_STDERR_BYTES: Final = 4 << 20
EMIT_FLAGS: Final[dict[Emit, tuple[str, ...]]] = {
    "obj": ("-c",),
    "asm": ("-S",),
    "llvm": ("-S", "-emit-llvm"),
    "preprocessed": ("-E",),
}
OPT_LEVELS: Final = ("-O0", "-O1", "-O2", "-O3", "-Os", "-Oz", "-Og")
# bpf_tracing.h picks the registers of the traced machine by these.
TARGET_ARCHS: Final = {
    "x86_64": "x86", "amd64": "x86", "i686": "x86", "aarch64": "arm64", "arm64": "arm64", "armv7l": "arm", "riscv64": "riscv",
    "s390x": "s390", "ppc64le": "powerpc", "loongarch64": "loongarch", "mips64": "mips",
}  # fmt: skip
# What the driver adds when the back end has said why it gives up.
DRIVER_GAVE_UP: Final = "clang frontend command failed"
SARIF_FLAGS: Final = ("-fdiagnostics-format=sarif", "-Wno-sarif-format-unstable")
TEXT_FLAGS: Final = ("-fno-caret-diagnostics", "-fdiagnostics-print-source-range-info", "-fno-color-diagnostics")


@final
@dataclass(frozen=True, slots=True)
class CompileOptions:
    """What the user may choose about a compile; defaults give what `clang -target bpf -O2 -g` gives."""

    include_dirs: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    opt: str = "-O2"
    mcpu: str = DEFAULT_MCPU
    endian: Endian = "little"
    debug: bool = True
    system_headers: bool = False
    extra: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT_SECONDS


@final
@dataclass(frozen=True, slots=True)
class CompileResult:
    """A finished compile; `output` is the object, assembly, LLVM IR or preprocessed C as bytes."""

    output: bytes
    diagnostics: tuple[Diagnostic, ...]
    command: tuple[str, ...]

    @property
    def object(self) -> bytes:
        return self.output


def compile_c(
    source: Path,
    *,
    output: Path | None = None,
    include_dirs: Sequence[str | Path] = (),
    defines: Sequence[str] = (),
    opt: str = "-O2",
    mcpu: str = DEFAULT_MCPU,
    endian: Endian = "little",
    debug: bool = True,
    system_headers: bool = False,
    extra: Sequence[str] = (),
    toolchain: Toolchain | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
    emit: Emit = "obj",
) -> CompileResult:
    """Compile `source`; with `output` also write the result there, by one rename.

    Raises CompileError with clang's diagnostics, InputError for bad options, UnsupportedError without a compiler.
    """
    options = CompileOptions(
        include_dirs=tuple(str(d) for d in include_dirs),
        defines=tuple(defines),
        opt=opt if opt.startswith("-") else f"-{opt}" if opt.startswith("O") else f"-O{opt}",
        mcpu=mcpu,
        endian=endian,
        debug=debug,
        system_headers=system_headers,
        extra=tuple(extra),
        timeout=timeout,
    )
    return compile_with(source, options, toolchain or find_toolchain(), emit=emit, output=output)


def compile_with(
    source: Path, options: CompileOptions, toolchain: Toolchain, *, emit: Emit = "obj", output: Path | None = None
) -> CompileResult:
    """The same with the options in one value."""
    check_options(source, options)
    with tempfile.TemporaryDirectory(prefix="bpfcc-cc-", ignore_cleanup_errors=True) as work:
        product = Path(work) / "output"
        command = command_line(source, product, options, toolchain, emit)
        status, stderr = run_compiler(command, Path(work), options.timeout, str(source))
        if diagnostics_lost(stderr, failed=status != 0):
            command = command_line(source, product, options, toolchain, emit, diagnostic_flags=TEXT_FLAGS)
            status, stderr = run_compiler(command, Path(work), options.timeout, str(source))
        diagnostics = read_diagnostics(stderr, source)
        if status != 0 or not product.is_file():
            raise failure(source, status, stderr, diagnostics)
        result = CompileResult(product.read_bytes(), diagnostics, tuple(command))
    if output is not None:
        write_atomically(output, result.output)
    return result


def check_options(source: Path, options: CompileOptions) -> None:
    """Refuse what clang would explain badly or not at all."""
    if not source.is_file():
        raise InputError("no such file" if not source.exists() else "not a regular file", file=str(source))
    if options.mcpu not in MCPUS:
        raise InputError(f"no BPF processor {options.mcpu!r}; choose one of {', '.join(MCPUS)}")
    if options.opt not in OPT_LEVELS:
        raise InputError(f"no optimisation level {options.opt!r}; choose one of {', '.join(OPT_LEVELS)}")
    for directory in options.include_dirs:
        if not Path(directory).is_dir():
            raise InputError("include directory does not exist", file=directory)
    if any("\0" in text for text in (*options.defines, *options.extra)):
        raise InputError("a compiler flag contains a NUL character")


def command_line(
    source: Path,
    product: Path,
    options: CompileOptions,
    toolchain: Toolchain,
    emit: Emit,
    *,
    diagnostic_flags: tuple[str, ...] = SARIF_FLAGS,
) -> list[str]:
    """The full command; everything that decides the object is on it."""
    target = "bpfel" if options.endian == "little" else "bpfeb"
    command = [*toolchain.command, f"--target={target}", f"-mcpu={options.mcpu}", options.opt]
    if options.debug:
        command.append("-g")
    # A crash of clang must not leave files in the temporary directory.
    command += [*diagnostic_flags, "-fno-crash-diagnostics"]
    command += architecture_define(options)
    command += [f"-D{define}" for define in options.defines]
    command += [f"-I{directory}" for directory in options.include_dirs]
    command += header_flags(toolchain, options)
    command += [*options.extra, *EMIT_FLAGS[emit], "-x", "c"]
    name = str(source)
    return [*command, f".{os.sep}{name}" if name.startswith("-") else name, "-o", str(product)]


def architecture_define(options: CompileOptions) -> list[str]:
    """`-D__TARGET_ARCH_…` of this machine, unless the user has chosen one."""
    given = (*options.defines, *(flag.removeprefix("-D") for flag in options.extra if flag.startswith("-D")))
    if any(define.startswith("__TARGET_ARCH_") for define in given):
        return []
    arch = TARGET_ARCHS.get(platform.machine().lower(), "x86")
    return [f"-D__TARGET_ARCH_{arch}"]


def our_include_dir() -> Path:
    """`compat/include`, the default include path: data that every part may read."""
    spec = importlib.util.find_spec("bpfcc.compat")
    if spec is None or not spec.submodule_search_locations:
        raise InternalError("the package bpfcc.compat is missing from this installation")
    return Path(next(iter(spec.submodule_search_locations))) / "include"


def header_flags(toolchain: Toolchain, options: CompileOptions) -> list[str]:
    """Which headers are seen: ours and the compiler's, or the machine's with ours for what it lacks."""
    builtin = ["-isystem", str(toolchain.include_dir)] if toolchain.include_dir else []
    off = "-nostdinc" if toolchain.include_dir else "-nostdlibinc"
    if not options.system_headers:
        return [off, "-isystem", str(our_include_dir()), *builtin]
    machine: list[str] = []
    for directory in system_include_dirs():
        machine += ["-isystem", directory]
    return [off, *machine, *builtin, "-idirafter", str(our_include_dir())]


def system_include_dirs() -> list[str]:
    """The machine's header directories, the ones of its architecture included."""
    machine = platform.machine()
    candidates = [Path("/usr/local/include"), Path(f"/usr/include/{machine}-linux-gnu"), Path("/usr/include")]
    found = [str(path) for path in candidates if path.is_dir()]
    if not sys.platform.startswith("linux") or not found:
        raise UnsupportedError(
            "--system-headers", "--system-headers: this machine has no Linux headers; leave the option out to use bpfcc's own"
        )
    return found


def run_compiler(command: list[str], work: Path, timeout: float, source: str) -> tuple[int, str]:
    """Run to the end or the time limit; whatever stops us, nothing of the compiler's process group is left."""
    log = work / "stderr"
    environment = tool_environment() | {"TMPDIR": str(work), "TMP": str(work), "TEMP": str(work)}
    with log.open("wb") as stderr, ExitSignal() as exited:
        process = start(command, environment, stderr.fileno(), exited)
        try:
            status = wait_bounded(process, work, timeout, exited)
        except subprocess.TimeoutExpired:
            raise CompileError(f"the compiler was stopped after {timeout:g} seconds", (), file=source) from None
        except OverflowError:
            raise CompileError(f"the output is larger than {MAX_OUTPUT_BYTES >> 20} MiB", (), file=source) from None
        finally:
            kill_group(process)
    with log.open("rb") as stream:
        return status, stream.read(MAX_STDERR_BYTES).decode("utf-8", "replace")


@final
class ExitSignal:
    """A pipe that the child holds open: its end of file is the child's end.

    `Popen.wait` with a time limit polls, with naps of up to 50 ms on POSIX: longer than a compile.
    """

    def __enter__(self) -> ExitSignal:
        self.read, self.write = os.pipe() if os.name == "posix" else (-1, -1)
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self.read, self.write):
            if end >= 0:
                os.close(end)

    def started(self) -> None:
        if self.write >= 0:
            os.close(self.write)
            self.write = -1

    def wait(self, seconds: float) -> None:
        if self.read >= 0:
            with selectors.DefaultSelector() as selector:
                selector.register(self.read, selectors.EVENT_READ)
                selector.select(seconds)


def start(command: list[str], environment: dict[str, str], stderr: int, exited: ExitSignal) -> subprocess.Popen[bytes]:
    """Start the compiler in a process group of its own, so that it can be stopped with all its children."""
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        process = subprocess.Popen(
            command,
            pass_fds=(exited.write,) if exited.write >= 0 else (),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=environment,
            start_new_session=os.name == "posix",
            creationflags=flags,
        )
    except OSError as error:
        raise InputError(f"the compiler cannot be run: {error.strerror}", file=command[0]) from error
    exited.started()
    return process


def wait_bounded(process: subprocess.Popen[bytes], work: Path, timeout: float, exited: ExitSignal) -> int:
    """Wait for the end, and look now and then at the size of what it writes."""
    deadline = time.monotonic() + timeout
    while True:
        left = deadline - time.monotonic()
        pause = max(0.0, min(left, 0.5))
        exited.wait(pause)
        try:
            return process.wait(0.01 if exited.read >= 0 else pause)
        except subprocess.TimeoutExpired:
            if left <= 0:
                raise
        if sum(entry.stat().st_size for entry in os.scandir(work) if entry.is_file()) > MAX_OUTPUT_BYTES:
            raise OverflowError


def kill_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        if os.name == "posix":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.wait()


def current_directory() -> str:
    """The current directory as the start of paths in it; what no path starts with if it was deleted below us."""
    try:
        return str(Path.cwd()) + os.sep
    except FileNotFoundError:
        return "\0"


def read_diagnostics(stderr: str, source: Path) -> tuple[Diagnostic, ...]:
    """Parse, and name files as the user did: the source by its given name, others relative to the current directory."""
    forget_sources()
    given, absolute = str(source), str(source.resolve())
    here = current_directory()

    def renamed(diagnostic: Diagnostic) -> Diagnostic:
        position = diagnostic.position
        if position is not None:
            file = given if position.file in {given, absolute, here + given} else position.file.removeprefix(here)
            position = replace(position, file=file)
        return replace(diagnostic, position=position, notes=tuple(renamed(n) for n in diagnostic.notes))

    return tuple(renamed(d) for d in parse_diagnostics(stderr))


def failure(source: Path, status: int, stderr: str, diagnostics: tuple[Diagnostic, ...]) -> CompileError:
    """The error for a compile that gave no output, with advice where a header is missing."""
    from bpfcc.frontend.missing_headers import advise

    said = [d for d in diagnostics if DRIVER_GAVE_UP not in d.message]
    diagnostics = tuple(said) or diagnostics
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        more = f" (and {len(errors) - 1} more error{'s' if len(errors) > 2 else ''})" if len(errors) > 1 else ""
        message = errors[0].message + more
    elif status < 0:
        message = f"the compiler was ended by signal {-status}"
    else:
        last = stderr.strip().splitlines()[-1:] or ["it said nothing"]
        message = f"the compiler failed (exit status {status}): {last[0][:300]}"
    return CompileError(message, tuple(advise(d) for d in diagnostics), file=str(source))


def write_atomically(output: Path, data: bytes) -> None:
    """Write `data` so that `output` is either what it was or complete; see `atomic_output`."""
    with atomic_output(output) as stream:
        stream.write(data)
