"""`bpfcc compat`: what of a Linux program, or of its application, ports to Windows."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Final, final

import click

from bpfcc.cli.judged import open_judged
from bpfcc.cli.options import PATH, Reading, chosen_programs, common, reading, worst
from bpfcc.errors import EXIT_INPUT, EXIT_OK, EXIT_REJECTED, BpfccError, InputError, InternalError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        columns = Columns([*(entry for program in report.programs for entry in program.entries), *report.maps, *report.calls], screen)
        for program in report.programs:
            show_program(program, columns, screen)
        if report.maps or report.calls:
            show_entries([*report.maps, *report.calls], columns, screen)
        screen.line(f"{screen.style(f'{report.file}:', 'bold')} {screen.style(printable(report.sentence), STYLES[report.verdict])}")


def show_program(program: ProgramReport, columns: Columns, screen: Screen) -> None:
    """One program: where it goes, what is not the same there, and what the verifier says."""
    there = f"section {program.section} is {program.windows_section} there" if program.windows_section is not None else program.section
    verdict = screen.style(program.sentence, STYLES[program.verdict])
    screen.line(f"{screen.style(printable(program.name), 'bold')} ({printable(there)}): {verdict}")
    show_entries(list(program.entries), columns, screen)
    if program.verification is not None and not program.verification.accepted:
        for finding in program.verification.findings:
            place = f"{finding.source}: " if finding.source is not None else ""
            screen.line(f"  {place}{finding.level}[{finding.code}]: {printable(finding.message)}")
    screen.line()


def show_entries(entries: list[Entry], columns: Columns, screen: Screen) -> None:
    """What is not the same, and a line on what is; with -v all one by one."""
    for entry in sorted(columns.shown(entries), key=lambda each: -ORDER.index(each.kind)):
        for line in columns.lines(entry):
            screen.line(line)
    same = [printable(each.name) for each in entries if each.kind == "same"]
    if same and not screen.verbose and not screen.quiet:
        screen.line(screen.style(f"the same there: {', '.join(dict.fromkeys(same))}", "dim"))


@final
class Columns:
    """One layout for all entries of a report. Names are never cut; where lines have no room for reasons, they get lines of their own."""

    def __init__(self, entries: list[Entry], screen: Screen) -> None:
        self.verbose, self.console_width = bool(screen.verbose), screen.console().width
        rows = [cells(each) for each in self.shown(entries)]
        self.widths = [max((len(row[at]) for row in rows), default=0) for at in range(COLUMNS)]
        start = sum(self.widths) + COLUMNS * len(GAP)
        self.beside = start + MIN_REASON <= self.console_width
        self.start = start if self.beside else self.widths[0] + len(GAP)

    def shown(self, entries: list[Entry]) -> list[Entry]:
        """Those that get a line."""
        return [each for each in entries if each.kind != "same" or self.verbose]

    def lines(self, entry: Entry) -> Iterator[str]:
        """An entry, with its reason beside or below it."""
        head = GAP.join(cell.ljust(width) for cell, width in zip(cells(entry), self.widths, strict=True))
        room = max(self.console_width - self.start, MIN_REASON)
        reason = wrap(printable(entry.reason), room, break_long_words=False, break_on_hyphens=False)
        if not self.beside or not reason:
            yield head.rstrip()
        else:
            yield (head + GAP + reason.pop(0)).rstrip()
        yield from (" " * self.start + each for each in reason)


def cells(entry: Entry) -> list[str]:
    """Kind, what it is, its names and where it is."""
    from bpfcc.compat.report import kind_text, places_text

    return [kind_text(entry), entry.what, spelling(entry), printable(places_text(entry.places, entry.count))]


def spelling(entry: Entry) -> str:
    """What it is called, and there where that is something else."""
    name, there = printable(entry.name), printable(entry.windows or "")
    return name if there in name else f"{name} → {there}"


ORDER: Final = ("same", "renamed", "emulated", "differs", "absent")
COLUMNS: Final = 4
GAP: Final = "  "
MIN_REASON: Final = 36


def printable(text: str) -> str:
    """Names are a stranger's."""
    return "".join(each if each.isprintable() else "?" for each in text)
