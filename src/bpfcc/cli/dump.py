"""`bpfcc dump`: any stage of a program as text, for reading and for diffing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bpfcc.cli.options import PATH, TARGET, Reading, chosen_programs, common, reading
from bpfcc.errors import InputError

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen
    from bpfcc.judgement import Rules
    from bpfcc.program import Object, Program

EPILOG = """\b
Examples:
  bpfcc dump firewall.bpf.c --insns                 linked instructions, in the kernel's syntax
  bpfcc dump firewall.o --ir --program firewall     the SSA form that is run
  bpfcc dump firewall.o --cfg | dot -Tpng > f.png   control flow, for graphviz
  bpfcc dump firewall.o --cfg --svg > f.svg         the same as a picture
  bpfcc dump firewall.o --facts                     the SSA form, and what the verifier knows of it
  bpfcc dump firewall.o --maps --btf                map definitions and types
"""
STAGES = ("insns", "ir", "cfg", "facts", "llvm", "c", "maps", "btf")
OF_PROGRAMS = frozenset({"insns", "ir", "cfg", "facts", "llvm", "c"})


@click.command(epilog=EPILOG)
@click.argument("path", metavar="SRC|OBJ", type=PATH)
@click.option("--insns", is_flag=True, help="Linked instructions, with source lines.")
@click.option("--ir", is_flag=True, help="SSA IR after every pass (default).")
@click.option("--cfg", is_flag=True, help="Control-flow graph as DOT.")
@click.option("--svg", is_flag=True, help="With --cfg: as SVG.")
@click.option("--maps", is_flag=True, help="Map definitions.")
@click.option("--btf", "show_types", is_flag=True, help="Types, as C.")
@click.option("--facts", is_flag=True, help="What the verifier knows of each value.")
@click.option("--llvm", is_flag=True, help="LLVM IR, optimised for this processor.")
@click.option("--c", is_flag=True, help="C99, as build --emit c writes it.")
@click.option("--program", "names", multiple=True, metavar="NAME", help="Only this program.")
@TARGET
@reading
@common
def command(
    path: Path, names: tuple[str, ...], target: str, svg: bool, show_types: bool, reading: Reading, screen: Screen, **flags: bool
) -> int:  # fmt: skip
    """Show stages of the programs in SRC or OBJ as text."""
    wanted = [stage for stage in STAGES if (show_types if stage == "btf" else flags[stage])] or ["ir"]
    if svg and wanted != ["cfg"]:
        raise InputError("--svg goes with --cfg alone")
    of_programs = bool(OF_PROGRAMS & set(wanted))
    lift = bool(OF_PROGRAMS & set(wanted) - {"insns"})
    rules = reading.rules(target)
    source = reading.source(path, screen)
    needs = ("bpfcc.cli.listing", "bpfcc.runtime.specs") if "insns" in wanted else ()
    obj = reading.open(source, lift=lift, programs=names or (None if of_programs else ()), needs=needs, origin=reading.platform)
    show(obj, wanted, names, svg=svg, screen=screen, rules=rules)
    return 0


def show(obj: Object, wanted: list[str], names: tuple[str, ...], *, svg: bool, screen: Screen, rules: Rules) -> None:
    """Print the stages in the order of the pipeline, with headings where there is more than one thing."""
    if "btf" in wanted:
        from bpfcc.frontend.btf_c import to_c

        if obj.btf is None:
            raise InputError("no BTF in it: it was compiled without -g", file=obj.file)
        screen.line(to_c(obj.btf, preserve_access_index=False).rstrip("\n"))
    if "maps" in wanted:
        show_maps(obj, names, screen)
    stages = [stage for stage in wanted if stage in OF_PROGRAMS]
    programs = chosen_programs(obj, names) if stages else []
    for program in programs:
        there = on_platform(program, rules)
        for stage in stages:
            if len(programs) > 1 or len(stages) > 1:
                comment = "//" if stage == "cfg" else ";"
                place = f"section {program.section}, type {program.type or 'unknown'}"
                screen.line(screen.style(f"{comment} {stage} of {program.name} ({place})", "title"))
            show_stage(there, stage, svg=svg, screen=screen, rules=rules)


def on_platform(program: Program, rules: Rules) -> Program:
    """The program, rewritten where the rules say so. UnsupportedError where it does not port."""
    if not rules.port:
        return program
    from bpfcc.porting import rewritten

    return rewritten(program)


def show_stage(program: Program, stage: str, *, svg: bool, screen: Screen, rules: Rules) -> None:
    """One stage of one program."""
    if stage == "insns":
        from bpfcc.cli.listing import instruction_lines

        for line in instruction_lines(program):
            screen.line(screen.style(line, "dim") if line.startswith(";") else line)
    elif stage == "ir":
        from bpfcc.bpfir.printer import print_module

        screen.line(print_module(program.ir).rstrip("\n"))
    elif stage == "facts":
        from bpfcc.cli.facts_text import facts_lines

        for line in facts_lines(program, rules.platform):
            screen.line(line)
    elif stage == "llvm":
        screen.line(llvm_text(program).rstrip("\n"))
    elif stage == "c":
        screen.line(c_text(program).rstrip("\n"))
    elif svg:
        from bpfcc.cli.graph import cfg_svg

        screen.line(cfg_svg(program.ir))
    else:
        from bpfcc.cli.graph import cfg_dot

        screen.line(cfg_dot(program.ir).rstrip("\n"))


def llvm_text(program: Program) -> str:
    """What LLVM makes of it: of an accepted program the proven code, else the code that checks itself."""
    from bpfcc.backends.compiled import CompiledExecutable
    from bpfcc.backends.llvm import optimised_text
    from bpfcc.errors import InternalError, RejectedError
    from bpfcc.execution import prepare

    try:
        exe = prepare(program, backend="llvm")
    except RejectedError:
        exe = prepare(program, backend="llvm", checked=True)
    with exe:
        native = exe.native
        if not isinstance(native, CompiledExecutable):
            raise InternalError(f"the back end llvm made a {type(native).__name__}")
        return optimised_text(native)


def c_text(program: Program) -> str:
    """The emitted C, without the header that is the same in every file."""
    from bpfcc import verify
    from bpfcc.backends.aot.emit import header_text
    from bpfcc.emission import emit_programs

    verdict = verify(program).record
    text = emit_programs([program], [verdict], checked=not verdict.accepted, lines=False, made_from=program.file or "").text
    return text.replace(header_text(), "", 1)


def show_maps(obj: Object, names: tuple[str, ...], screen: Screen) -> None:
    """Map definitions: of the programs that are named, else all of the object's."""
    maps = list({spec.name: spec for name in names for spec in obj.program(name).maps}.values()) if names else list(obj.maps.values())
    if not maps:
        screen.line("; no maps")
        return
    from bpfcc.cli.types_text import type_text

    rows = []
    for spec in maps:
        ids = (spec.btf_key_type_id, spec.btf_value_type_id)
        key, value = (type_text(spec.btf, i) if spec.btf is not None and i else "" for i in ids)
        sizes = [f"{spec.key_size} {key}".rstrip(), f"{spec.value_size} {value}".rstrip(), str(spec.max_entries)]
        rows.append([spec.name, spec.type, *sizes, f"{spec.flags:#x}" if spec.flags else ""])
    screen.table([("map", "left"), ("type", "left"), ("key", "left"), ("value", "left"), ("entries", "right"), ("flags", "right")], rows)
