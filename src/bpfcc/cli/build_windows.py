"""`bpfcc build --target windows`: programs as C, libraries and drivers for eBPF for Windows."""

from __future__ import annotations

import platform as machines
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bpfcc.cli.files import renamed, write
from bpfcc.cli.judged import STATUSES, open_judged
from bpfcc.cli.messages import short_path
from bpfcc.cli.options import chosen_programs, worst
from bpfcc.cli.recorded import options_of
from bpfcc.errors import EXIT_REJECTED, InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bpfcc.cli.options import Reading
    from bpfcc.cli.screen import Screen
    from bpfcc.compat.rewrite import Entry
    from bpfcc.native_images import Emit, ForWindows, Origin
    from bpfcc.program import Program

EMITS: Final[tuple[Emit, ...]] = ("c", "dll", "sys")
SUFFIXES: Final = {"c": ".native.c", "dll": ".dll", "sys": ".sys"}
NEEDS: Final = ("bpfcc.native_images", "bpfcc.porting", "bpfcc.verifier.judge", "bpfcc.verification")


class WindowsBuild(NamedTuple):
    """What is asked for."""

    emit: str
    arch: str | None
    origin: Origin
    hash: str
    lines: bool
    cc: str | None
    verify: bool


def default_output(path: Path, emit: str) -> Path:
    """Next to the source."""
    return renamed(path, SUFFIXES[emit])


def check_asked(asked: WindowsBuild, data: Path | None) -> None:
    """InputError or UnsupportedError for what does not go together."""
    if asked.emit not in EMITS:
        message = f"build --target windows --emit {asked.emit}: {', '.join(EMITS)} are what there is for Windows"
        raise UnsupportedError(f"build --target windows --emit {asked.emit}", message)
    if data is not None:
        raise InputError("--run goes with --emit obj or ir, and --target linux")
    if asked.cc is not None:
        raise UnsupportedError("build --target windows --cc", "native images are built by the bundled compiler; --emit c is for others")
    if not asked.verify:
        raise UnsupportedError(
            "build --target windows --no-verify", "native images are of accepted programs only: nothing checks them later"
        )


def machine_of(arch: str | None) -> str:
    """The machine asked for, else this one's."""
    from bpfcc.backends.aot.build import MACHINES
    from bpfcc.compat.native.link import NativeBuild

    return NativeBuild.parse(arch or MACHINES.get(machines.machine().lower(), "x86_64")).machine


def build_windows(path: Path, asked: WindowsBuild, output: Path | None, names: tuple[str, ...], reading: Reading, screen: Screen) -> int:
    """Rewrite, judge, emit, compile and write; the exit status."""
    tables = "windows" if reading.platform == "linux" else reading.platform
    if asked.origin == "linux" and tables != "windows":
        raise InputError(f"--platform {tables}: tables of your own are for programs that were written for them (--from windows)")
    source = reading.source(path, screen)
    from bpfcc.native_images import ImageRequest, build_image, emit_image, judged_for_windows, rules_for

    whose = "linux" if asked.origin == "linux" else tables
    judged = open_judged(reading, source, screen, names=names, needs=NEEDS, rules=rules_for(asked.origin, tables), origin=whose)
    with screen.busy(f"rewriting {path}"):
        found = judged_for_windows(chosen_programs(judged.object, names), origin=asked.origin, platform=tables, known=judged.verdict)
    status = show_refused(found, screen)
    if status:
        screen.note("nothing is written")
        return status
    emit: Any = asked.emit
    machine = machine_of(asked.arch) if emit != "c" else None
    options = options_of(reading, compiled=source.compiled)
    request = ImageRequest(path.name, emit, machine, asked.origin, tables, asked.lines, asked.hash != "none", options)
    native = emit_image(found, request)
    content, what = native.text.encode(), "C"
    if machine is not None:
        with screen.busy(f"compiling for Windows on {machine}"):
            content, what = build_image(native.text, emit, machine), f"Windows on {machine}"
    write(output, content, screen)
    changed = sorted({entry.name for each in found for entry in each.entries if entry.kind == "differs" and entry.depends is not False})
    screen.note(f"{what}; {', '.join(each.program.name for each in found)}: accepted by the rules of Windows")
    if changed:
        screen.note(f"on Windows these may do something else: {', '.join(changed)} (see `bpfcc compat`)")
    return 0


def show_absent(program: Program, entries: Sequence[Entry], screen: Screen) -> None:
    """Print what a program uses and Windows has not, with its place."""
    for entry in entries:
        if entry.kind != "absent":
            continue
        source = next((place.source for place in entry.places if place.source is not None), None)
        place = f"{short_path(source.file)}:{source.line}: " if source is not None else f"{program.file}: " if program.file else ""
        reason = f": {entry.reason}" if entry.reason else ""
        screen.error_line(f"{place}error: {program.name}: absent on Windows: {entry.name}{reason} (see `bpfcc compat`)")


def show_refused(found: Sequence[ForWindows], screen: Screen) -> int:
    """Print why programs cannot become images on standard error; the worst exit status."""
    from bpfcc.cli.screen import color_wanted
    from bpfcc.explain import render_verdict

    statuses = []
    for each in found:
        if each.accepted:
            continue
        show_absent(each.program, each.entries, screen)
        if each.verdict is not None:
            screen.error_line(render_verdict(each.verdict, color=color_wanted(screen.color, sys.stderr), object_name=each.program.file))
        statuses.append(STATUSES[each.verdict.status] if each.verdict is not None else EXIT_REJECTED)
    return worst(statuses)
