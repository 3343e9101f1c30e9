"""`bpfcc build`: C in; an object, assembly, IR, LLVM IR, or native code out, and the C that it is made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from bpfcc.cli.build_windows import WindowsBuild, build_windows, check_asked
from bpfcc.cli.build_windows import default_output as windows_output
from bpfcc.cli.files import renamed, write
from bpfcc.cli.judged import Judged, open_judged
from bpfcc.cli.messages import diagnostic_lines
from bpfcc.cli.options import PATH, Reading, chosen_programs, common, reading
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.judgement import gate_closed

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen
    from bpfcc.native_images import Origin
    from bpfcc.pipeline import Source

EPILOG = """\b
Examples:
  bpfcc build firewall.bpf.c                        firewall.bpf.o, an object for Linux
  bpfcc build firewall.bpf.c --emit ir              firewall.bpf.ir, the SSA form
  bpfcc build firewall.bpf.c --emit asm -o -        to standard output
  bpfcc build firewall.bpf.c --run packet.bin       build it, then run it on these bytes
  bpfcc build firewall.bpf.c --emit c               firewall.native.c: readable C99, without dependencies
  bpfcc build firewall.bpf.c --emit so --arch arm64 firewall.bpf.so, a library for Linux on arm64
  bpfcc build firewall.bpf.c --emit exe             firewall, a program that runs it on a capture
  bpfcc build firewall.bpf.c --target windows --emit sys
                                                    firewall.sys, a driver for eBPF for Windows

\b
Every program is judged first: where one is not accepted, nothing is written, and
exit status 1 or 3 says so. --no-verify writes it all the same (and --run then
checks every access).
"""
EMITS: Final = ("obj", "asm", "ir", "llvm", "c", "so", "exe")
NATIVE: Final = ("c", "so", "exe")
SUFFIXES: Final = {"obj": ".o", "asm": ".s", "ir": ".ir", "llvm": ".ll", "c": ".native.c", "so": ".so", "exe": ""}


@click.command(epilog=EPILOG)
@click.argument("path", metavar="SRC", type=PATH)
@click.option("-o", "--output", metavar="OUT", help="Output file, - for standard output (default: SRC with another suffix).")
@click.option(
    "--emit",
    type=click.Choice([*EMITS, "dll", "sys"]),
    metavar="|".join((*EMITS, "dll", "sys")),
    help="What to write (default: obj; sys with --target windows, where there are dll and c as well).",
)
@click.option(
    "--target",
    type=click.Choice(["linux", "macos", "windows"]),
    default="linux",
    show_default=True,
    help="Which system it is for (macos: so, exe).",
)
@click.option("--arch", metavar="x86_64|arm64", help="Which processor a library or program is for (default: this one's).")
@click.option("--cc", metavar="COMMAND", help="This C compiler for so and exe instead of the bundled one.")
@click.option(
    "--from",
    "origin",
    type=click.Choice(["linux", "windows"]),
    default="linux",
    show_default=True,
    help="With --target windows: whose headers the program was written for; Linux's are rewritten.",
)
@click.option(
    "--hash",
    "digest",
    type=click.Choice(["sha256", "none"]),
    default="sha256",
    show_default=True,
    help="With --target windows: the object's digest in the image.",
)
@click.option("--lines/--no-lines", default=True, help="In emitted C: #line directives that lead to the BPF source.")
@click.option("--run", "data", type=PATH, metavar="DATA", help="Run each program on the bytes of this file afterwards.")
@click.option("--program", "names", multiple=True, metavar="NAME", help="Only this program (ir, and what is for Windows).")
@click.option("--no-verify", is_flag=True, help="Write what is rejected, too.")
@reading
@common
def command(
    path: Path, *, output: str | None, emit: str | None, target: str, arch: str | None, cc: str | None, origin: Origin, digest: str,
    lines: bool, data: Path | None, names: tuple[str, ...], no_verify: bool, reading: Reading, screen: Screen,
) -> int:  # fmt: skip
    """Compile SRC (C or an object) and write the result to one file."""
    emit = emit or ("sys" if target == "windows" else "obj")
    if target == "windows":
        asked = WindowsBuild(emit, arch, origin, digest, lines, cc, not no_verify)
        check_asked(asked, data)
        windows_path = output_path(path, output, windows_output(path, emit))
        return build_windows(path, asked, windows_path, names, reading, screen)
    check_target(emit, target, origin, reading)
    if data is not None and emit not in {"obj", "ir"}:
        raise InputError(f"--run goes with --emit obj or ir, not {emit}")
    target_path = output_path(path, output, default_output(path, emit, target))
    verify = not no_verify and gate_closed()
    if emit in NATIVE:
        native = Native(emit, target, arch, cc, lines)
        return build_native(path, native, target_path, names, reading, screen, verify=verify)
    content, judged, status = make(path, emit, names, reading, screen, verify=verify)
    if status:
        screen.note("nothing is written; --no-verify writes it all the same")
        return status
    write(target_path, content, screen)
    if data is None or judged is None:
        return 0
    from bpfcc.cli.run import run_file_on_data

    return run_file_on_data(judged, data, names, screen)


def check_target(emit: str, target: str, origin: str, reading: Reading) -> None:
    """InputError or UnsupportedError for what does not go with systems other than Windows."""
    if target == "macos" and emit not in NATIVE:
        raise UnsupportedError(f"target {target}", f"build --emit {emit} --target {target}: there is no such thing; linux works")
    if emit in ("dll", "sys"):
        raise InputError(f"--emit {emit} goes with --target windows")
    if origin != "linux":
        raise InputError(f"--from {origin} goes with --target windows")
    if reading.platform != "linux":
        raise UnsupportedError(f"platform {reading.platform}", f"platform {reading.platform!r} goes with --target windows")


def output_path(path: Path, output: str | None, default: Path) -> Path | None:
    """Where the result goes, None for standard output. InputError where that is the input."""
    found = None if output == "-" else Path(output) if output is not None else default
    if found is not None and found.exists() and path.exists() and found.samefile(path):
        raise InputError("the output would overwrite the input; name another with -o", file=str(found))
    return found


class Native(NamedTuple):
    """What native code is asked for."""

    emit: str
    system: str
    arch: str | None
    cc: str | None
    lines: bool


def default_output(path: Path, emit: str, target: str) -> Path:
    """Next to the source. A program is named as its source without `.bpf`, and so is C, which must not take the source's place."""
    if emit in ("c", "exe"):
        return renamed(path, SUFFIXES[emit])
    return path.with_suffix(".dylib" if emit == "so" and target == "macos" else SUFFIXES[emit])


def build_native(
    path: Path, native: Native, output: Path | None, names: tuple[str, ...], reading: Reading, screen: Screen, *, verify: bool
) -> int:
    """Emit C, compile it if asked to, and write the result; the exit status."""
    from bpfcc.backends.aot.build import Build, Target
    from bpfcc.emission import emit_programs

    source = reading.source(path, screen)
    judged = opened(source, names, reading, screen, verify=verify)
    programs = chosen_programs(judged.object, names)
    status = judged.show_refused(programs, screen)
    if status:
        screen.note("nothing is written; --no-verify writes it all the same, with checks in it")
        return status
    verdicts = [verdict for verdict in judged.verdicts.values() if verdict.accepted]
    found = emit_programs(programs, verdicts, checked=not verify, lines=native.lines, made_from=path.name, own_runtime=native.emit == "exe")
    content, what = found.text.encode(), "C"
    if native.emit != "c":
        machine = native.arch or Target.host().machine
        build = Build(Target.parse(f"{machine}-{native.system}"), native.cc)
        with screen.busy(f"compiling for {build.target}"):
            if native.emit == "so":
                content = build.shared(found.text)
            else:
                from bpfcc.backends.aot.program import build_program

                content = build_program(found.text, build)
        what = f"{'library' if native.emit == 'so' else 'program'} for {build.target}"
    write(output, content, screen)
    if output is not None and native.emit == "exe":
        output.chmod(output.stat().st_mode | 0o111)
    screen.note(
        f"{what}, {len(programs)} program{'s' if len(programs) != 1 else ''}: "
        + ("proven, nothing is checked again" if found.reason is None else f"it checks every access ({found.reason})")
    )
    return 0


def opened(source: Source, names: tuple[str, ...], reading: Reading, screen: Screen, *, verify: bool) -> Judged:
    """The object, judged if that is wanted."""
    if verify:
        return open_judged(reading, source, screen, names=names)
    return Judged(reading.open(source, lift=True, programs=names or None), {})


def make(
    path: Path, emit: str, names: tuple[str, ...], reading: Reading, screen: Screen, *, verify: bool
) -> tuple[bytes, Judged | None, int]:
    """The output's bytes, the object where it was loaded, and the exit status where a program of it is refused."""
    if emit in {"asm", "llvm"}:
        content = compile_text(path, emit, reading, screen, quiet=verify)
        if not verify:
            return content, None, 0
        # The same source and options give the object that is judged, and the warnings.
        judged = open_judged(reading, reading.source(path, screen), screen, names=())
        return content, judged, judged.show_refused(list(judged.object.programs.values()), screen)
    source = reading.source(path, screen)
    judged = opened(source, names, reading, screen, verify=verify)
    programs = chosen_programs(judged.object, names)
    status = judged.show_refused(programs, screen)
    if emit == "obj":
        for program in programs if not status else ():
            screen.note(f"{program.name}: {len(program.bytecode.code) // 8} instructions, type {program.type or 'unknown'}", level=1)
        return source.data, judged, status
    from bpfcc.bpfir.printer import print_module

    if len(programs) > 1:
        raise InputError(
            f"{len(programs)} programs, one file: pick one with --program ({', '.join(p.name for p in programs)})", file=str(path)
        )
    return (b"" if status else print_module(programs[0].ir).encode()), judged, status


def compile_text(path: Path, emit: str, reading: Reading, screen: Screen, *, quiet: bool) -> bytes:
    """Assembly or LLVM IR, which only the compiler makes; `quiet` leaves its warnings out."""
    from bpfcc.pipeline import C_SUFFIXES

    if path.suffix.lower() not in C_SUFFIXES:
        raise UnsupportedError(
            f"build --emit {emit} of an object", f"{path}: --emit {emit} needs C source; for an object see `bpfcc dump --insns`"
        )
    from bpfcc.frontend.clang import compile_c
    from bpfcc.frontend.toolchain import find_toolchain

    with screen.busy(f"compiling {path}"):
        result = compile_c(
            path, toolchain=find_toolchain(reading.clang), emit="asm" if emit == "asm" else "llvm", **reading.compile_options
        )
    if not screen.quiet and not quiet:
        for line in diagnostic_lines(result.diagnostics, screen):
            screen.error_line(line)
    return result.output
