"""`bpfcc compat`: what of a Linux program, or of its application, ports to Windows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bpfcc.cli.judged import open_judged
from bpfcc.cli.options import PATH, Reading, chosen_programs, common, reading, worst
from bpfcc.errors import EXIT_INPUT, EXIT_OK, EXIT_REJECTED, BpfccError, InputError, InternalError

if TYPE_CHECKING:
    from bpfcc.cli.screen import Screen
    from bpfcc.compat.report import Outcome, ProgramReport, Report
    from bpfcc.compat.rewrite import Entry

EPILOG = """\b
Examples:
  bpfcc compat firewall.bpf.c               does it port, and what has to change?
  bpfcc compat filter.o --program main      of a compiled object, this program
  bpfcc compat loader.c -I include          do the libbpf calls of an application?
  bpfcc compat *.o --json                   one JSON document an input, in order
  bpfcc compat firewall.bpf.c --markdown    for a review

\b
Each program is rewritten for Windows, and the result is judged by the rules there.
Entries: same, renamed, emulated, differs (it may do something else), absent.

\b
Exit status: 0 everything ports, 1 something is absent or rejected, 2 bad input or
usage, 3 not supported, 70 a bug in bpfcc.
"""
STATUSES: Final[dict[Outcome, int]] = {"ports": EXIT_OK, "differs": EXIT_OK, "rejected": EXIT_REJECTED, "absent": EXIT_REJECTED}
STYLES: Final[dict[Outcome, str]] = {"ports": "good", "differs": "warning", "rejected": "bad", "absent": "bad"}
NEEDS: Final = ("bpfcc.porting", "bpfcc.compat.report", "bpfcc.verifier.judge")


@click.command(epilog=EPILOG)
@click.argument("paths", metavar="SRC|OBJ...", type=PATH, nargs=-1, required=True)
@click.option("--program", "names", multiple=True, metavar="NAME", help="Only this program.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document an input (schema bpfcc.compat/1).")
@click.option("--markdown", "as_markdown", is_flag=True, help="As Markdown.")
@reading
@common
def command(paths: tuple[Path, ...], *, names: tuple[str, ...], as_json: bool, as_markdown: bool, reading: Reading, screen: Screen) -> int:
    """Say what of the programs in each SRC or OBJ ports to eBPF for Windows."""
    if as_json and as_markdown:
        raise InputError("--json and --markdown exclude each other")
    statuses = []
    for path in paths:
        try:
            report = report_of(path, names, reading, screen)
        except InternalError:
            raise
        except BpfccError as error:
            if len(paths) == 1:
                raise
            statuses.append(failed(path, error, screen, as_json=as_json))
            continue
        show(report, screen, as_json=as_json, as_markdown=as_markdown, single=len(paths) == 1)
        statuses.append(STATUSES[report.verdict])
    return worst(statuses)


def report_of(path: Path, names: tuple[str, ...], reading: Reading, screen: Screen) -> Report:
    """The report on one input: an application's source, or an object's programs."""
    from bpfcc.compat.report_calls import is_application, report_calls

    if is_application(path):
        if names:
            raise InputError("--program: an application has no BPF programs", file=str(path))
        options = reading.compile_options
        return report_calls(path, include_dirs=options["include_dirs"], defines=options["defines"])
    source = reading.source(path, screen)
    from bpfcc.compat.report import make_report
    from bpfcc.porting import RULES, port

    judged = open_judged(reading, source, screen, names=names, needs=NEEDS, rules=RULES)
    programs = chosen_programs(judged.object, names)
    with screen.busy(f"porting {path}"):
        return make_report(str(path), [port(each, known=judged.verdict(each)) for each in programs])


def failed(path: Path, error: BpfccError, screen: Screen, *, as_json: bool) -> int:
    """An input of several that cannot be read; the others are reported all the same."""
    from bpfcc.cli.messages import error_lines

    for line in error_lines(error, screen):
        screen.error_line(line)
    if as_json:
        kind = "input" if error.exit_status == EXIT_INPUT else "unsupported"
        screen.line(json.dumps({"schema": "bpfcc.compat/1", "object": str(path), "error": {"kind": kind, "message": str(error)}}))
    return error.exit_status


# ---- what is printed


def show(report: Report, screen: Screen, *, as_json: bool, as_markdown: bool, single: bool) -> None:
    """The report in the form that was asked for."""
    if as_json:
        screen.line(json.dumps(report.record(), indent=2 if single else None))
    elif as_markdown:
        from bpfcc.compat.report import to_markdown

        screen.line(to_markdown(report).rstrip("\n"))
    else:
        for program in report.programs:
            show_program(program, screen)
        if report.calls:
            show_entries(list(report.calls), screen)
        screen.line(f"{screen.style(f'{report.file}:', 'bold')} {screen.style(printable(report.sentence), STYLES[report.verdict])}")


def show_program(program: ProgramReport, screen: Screen) -> None:
    """One program: where it goes, what is not the same there, and what the verifier says."""
    from bpfcc.compat.report import SENTENCES

    there = f"section {program.section} is {program.windows_section} there" if program.windows_section is not None else program.section
    verdict = screen.style(SENTENCES[program.verdict], STYLES[program.verdict])
    screen.line(f"{screen.style(printable(program.name), 'bold')} ({printable(there)}): {verdict}")
    show_entries(list(program.entries), screen)
    if program.verification is not None and not program.verification.accepted:
        for finding in program.verification.findings:
            place = f"{finding.source}: " if finding.source is not None else ""
            screen.line(f"  {place}{finding.level}[{finding.code}]: {printable(finding.message)}")
    screen.line()


def show_entries(entries: list[Entry], screen: Screen) -> None:
    """A table of what is not the same, and a line on what is; with -v all in the table."""
    from bpfcc.compat.report import kind_text, places_text

    shown = [each for each in entries if each.kind != "same" or screen.verbose]
    rows: list[list[Any]] = [
        [kind_text(each), each.what, spelling(each), places_text(each.places, each.count), printable(each.reason)]
        for each in sorted(shown, key=lambda each: -ORDER.index(each.kind))
    ]
    if rows and not (screen.quiet and all(each.kind == "same" for each in shown)):
        screen.table([(name, "left") for name in ("", "what", "Linux → Windows", "where", "why")], rows)
    same = [printable(each.name) for each in entries if each.kind == "same"]
    if same and not screen.verbose and not screen.quiet:
        screen.line(screen.style(f"the same there: {', '.join(dict.fromkeys(same))}", "dim"))


def spelling(entry: Entry) -> str:
    """What it is called, and there where that is something else."""
    name, there = printable(entry.name), printable(entry.windows or "")
    return name if there in name else f"{name} → {there}"


ORDER: Final = ("same", "renamed", "emulated", "differs", "absent")


def printable(text: str) -> str:
    """Names are a stranger's."""
    return "".join(each if each.isprintable() else "?" for each in text)
