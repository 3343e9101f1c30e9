"""`bpfcc run`: compile, load, prepare and run, then say what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from bpfcc.cli.interrupt import interruptible
from bpfcc.cli.messages import error_lines
from bpfcc.cli.options import PATH, TARGET, Reading, chosen_programs, common, reading, worst
from bpfcc.errors import EXIT_OK, EXIT_REJECTED, BpfccError, InputError, InternalError, RejectedError, UnsupportedError

if TYPE_CHECKING:
    from bpfcc.cli.judged import Judged
    from bpfcc.cli.screen import Screen
    from bpfcc.judgement import Rules
    from bpfcc.pipeline import Source
    from bpfcc.program import Object, Program
    from bpfcc.report import Job
    from bpfcc.verifier.verdict import Verdict

EPILOG = """\b
Examples:
  bpfcc run firewall.bpf.c --pcap traffic.pcap
      every packet of a capture; counts verdicts, shows maps, events and trace output
  bpfcc run firewall.o --pcap in.pcap --pcap-out out.pcapng --maps blocklist.json
      with maps filled first; what goes on (passed, sent back, redirected) is written,
      as the program left it
  bpfcc run filter.bpf.c --hex "ffffffffffff 020000000001 0800" --repeat 100000
      one packet, many times
  bpfcc run firewall.bpf.c --pcap traffic.pcap --target windows
      rewritten for Windows, and run as it would run there
  bpfcc run probe.bpf.c --program on_open --data context.bin --json
      for types without packets, the data are the context

\b
Programs are judged first: one that is rejected is not run. With --checked any is:
every access is checked while it runs, and a step budget ends endless loops. What it
does wrong is a trap, with its place in the source; exit status 1.

\b
Each program gets maps of its own. They are filled by --maps, a JSON object of map
names to contents: {"key": value, …}, or [{"key": …, "value": …}, …] where keys are
structures; tries take "10.0.0.0/8", global data its variables by name.
"""


# Options that are about where a program runs.
SURROUNDINGS = ("clock_ns", "seed", "pid", "tid", "uid", "gid", "comm")
# Imported while the isolated child reads.
NEEDS = ("bpfcc.report", "bpfcc.contents", "bpfcc.backends.interp", "rich.console", "rich.table", "bpfcc.cli.run_text")
KERNEL: Final = "kernel"
LINUX: Final = "linux"
WINDOWS: Final = "windows"
KERNEL_NEEDS = ("bpfcc.report", "bpfcc.contents", "bpfcc.kernel", "rich.console", "rich.table", "bpfcc.cli.run_text")


@click.command(epilog=EPILOG)
@click.argument("path", metavar="SRC|OBJ", type=PATH)
@click.option("--program", "names", multiple=True, metavar="NAME", help="Only this program (default: each).")
@TARGET
@click.option("--backend", default="interp", metavar="interp|llvm|aot|kernel", show_default=True, help="What runs it.")
@click.option("--pcap", type=PATH, metavar="IN", help="Run on every packet of a capture (pcap, pcapng).")
@click.option("--pcap-out", type=PATH, metavar="OUT", help="Write packets that go on (.pcap or .pcapng).")
@click.option("--data", type=PATH, metavar="FILE", help="Run on the bytes of this file.")
@click.option("--hex", "hex_text", metavar="HEX", help="Run on these bytes.")
@click.option("--repeat", type=click.IntRange(1, 10**9), default=1, metavar="N", help="Run that many times.")
@click.option("--maps", "seeds", type=PATH, metavar="SEED.json", help="Fill maps first.")
@click.option("--record", "records", multiple=True, metavar="MAP=TYPE", help="Events of this buffer are of this type.")
@click.option("--cpus", type=click.IntRange(1, 4096), default=1, metavar="N", help="Copies of per-CPU maps; runs are on CPU 0.")
@click.option("--max-steps", type=click.IntRange(1, 2**63), metavar="N", help="Instructions a run may take.")
@click.option("--context", "fields", multiple=True, metavar="NAME=VALUE", help="A field of the context (arrays: VALUE,VALUE,…).")
@click.option("--clock", "clock_ns", type=click.IntRange(0, 2**63 - 1), metavar="NS", help="The time, which stands still.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), metavar="N", help="Of random numbers (default 0).")
@click.option("--pid", type=click.IntRange(0, 2**32 - 1), metavar="N", help="Process of the current task; --tid, --uid, --gid likewise.")
@click.option("--tid", type=click.IntRange(0, 2**32 - 1), hidden=True)
@click.option("--uid", type=click.IntRange(0, 2**32 - 1), hidden=True)
@click.option("--gid", type=click.IntRange(0, 2**32 - 1), hidden=True)
@click.option("--comm", metavar="NAME", help="Name of the current task.")
@click.option("--checked", is_flag=True, help="Run whatever it is, every access checked.")
@click.option("--limit", type=click.IntRange(0), default=10, metavar="N", show_default=True, help="Rows of each table; 0 shows all.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document (schema bpfcc.run/1).")
@reading
@common
def command(
    path: Path, *, names: tuple[str, ...], target: str, as_json: bool, limit: int, reading: Reading, screen: Screen, **given: Any
) -> int:  # fmt: skip
    """Compile and load SRC or OBJ, run its programs, and show what they did."""
    source_options = (given.pop("pcap"), given.pop("data"), given.pop("hex_text"))
    pcap_out = given.pop("pcap_out")
    job = make_job(*source_options, **given)
    if pcap_out is not None and source_options[0] is None:
        raise InputError("--pcap-out goes with --pcap")
    if job.packets is None and job.data is None and not job.context:
        screen.note("no input given (--pcap, --data, --hex): an empty packet or a context of zeros")
    if job.backend == KERNEL:
        check_kernel_job(job, given)
    rules = rules_of(target, reading, job.backend)
    # Seeds of program arrays may name any of them.
    wanted = () if job.seeds else names
    judged = open_program(reading, reading.source(path, screen), screen, wanted, rules, backend=job.backend, checked=job.checked)
    obj = judged.object
    programs = chosen_programs(obj, names)
    job.rewrite = target == WINDOWS
    if job.rewrite and job.context and any(program.type != "xdp" for program in programs):
        screen.note("--context gives the fields of the context on Windows, in its byte order and with its numbers")
    if job.seeds:
        from bpfcc.seeds import check_names

        check_names(job.seeds, obj.maps, str(given["seeds"]))
    if pcap_out is not None and len(programs) > 1:
        raise InputError(f"--pcap-out with {len(programs)} programs: pick one with --program ({', '.join(p.name for p in programs)})")
    with interruptible() as job.stop:
        reports, status = run_judged(judged, programs, job, pcap_out, source_options[0], screen)
    show(obj, str(path), reports, job, as_json=as_json, limit=limit, screen=screen)
    return status


def rules_of(target: str, reading: Reading, backend: str) -> Rules:
    """Whose rules the programs are judged by. UnsupportedError for what does not go together."""
    if target == WINDOWS and backend == KERNEL:
        raise UnsupportedError("run --target windows --backend kernel", "--backend kernel is Linux: it runs no programs for Windows")
    return reading.rules(target)


def open_program(
    reading: Reading, source: Source, screen: Screen, names: tuple[str, ...], rules: Rules, *, backend: str, checked: bool
) -> Judged:  # fmt: skip
    """The object, judged unless it runs checked, or Linux judges it."""
    from bpfcc.cli.judged import Judged, open_judged
    from bpfcc.judgement import gate_closed

    if backend == KERNEL:
        return Judged(reading.open(source, lift=False, programs=names or None, needs=KERNEL_NEEDS, origin=reading.platform), {})
    if checked or not gate_closed():
        return Judged(reading.open(source, lift=True, programs=names or None, needs=NEEDS, origin=reading.platform), {})
    return open_judged(reading, source, screen, names=names, needs=NEEDS, rules=rules, origin=reading.platform)


def run_judged(
    judged: Judged, programs: list[Program], job: Job, pcap_out: Path | None, pcap: Path | None, screen: Screen
) -> tuple[list[dict[str, Any]], int]:
    """Run the programs that are accepted, and say why the others are not."""
    made, unported = rewritten_programs(programs, screen) if job.rewrite else (programs, {})
    status = worst([judged.show_refused(made, screen), EXIT_REJECTED if unported else EXIT_OK])
    refused = {program.name: refused_report(program, verdict) for program, verdict in judged.refused(made)} | unported
    if refused:
        hint = "; --checked runs anything, every access checked" if refused.keys() - unported.keys() else ""
        screen.note(f"not run: {', '.join(refused)}{hint}")
    job.verdicts = [verdict for verdict in judged.verdicts.values() if verdict.accepted]
    accepted = [program for program in made if program.name not in refused]
    if not accepted:
        return [refused[program.name] for program in programs], status
    reports, ran = run_all(accepted, job, pcap_out, pcap, screen)
    by_name = {report["name"]: report for report in reports} | refused
    return [by_name[program.name] for program in programs if program.name in by_name], worst([status, ran])


def rewritten_programs(programs: list[Program], screen: Screen) -> tuple[list[Program], dict[str, dict[str, Any]]]:
    """The programs on Windows, and reports of those that it has not got all of, which are said."""
    from bpfcc.cli.build_windows import show_absent
    from bpfcc.porting import port, there

    found, unported = [], {}
    for ported in map(port, programs):
        program = ported.program
        if ported.module is not None:
            found.append(there(ported))
            continue
        show_absent(program, ported.entries, screen)
        names = ", ".join(entry.name for entry in ported.absent)
        record = {"kind": "unsupported", "message": f"absent on Windows: {names}", "feature": names}
        unported[program.name] = {"name": program.name, "section": program.section, "type": program.type, "error": record}
    return found, unported


def refused_report(program: Program, verdict: Verdict) -> dict[str, Any]:
    """The report of a program that is not run for what its verdict says."""
    from bpfcc.gate import reason

    record = {"kind": verdict.status, "message": reason(verdict), "feature": None}
    return {"name": program.name, "section": program.section, "type": program.type, "error": record}


def check_kernel_job(job: Job, given: dict[str, Any]) -> None:
    """UnsupportedError for options that say what Linux decides itself."""
    asked = [name for name in SURROUNDINGS if name in job.surroundings]
    asked += [name for name, usual in (("cpus", 1), ("max_steps", None), ("checked", False)) if given[name] != usual]
    for name in asked:
        option = "--" + {"clock_ns": "clock"}.get(name, name.replace("_", "-"))
        raise UnsupportedError(f"{option} with backend {KERNEL}", f"{option} has no meaning with --backend {KERNEL}: Linux has its own")


def make_job(
    pcap: Path | None, data: Path | None, hex_text: str | None, *, seeds: Path | None, records: tuple[str, ...],
    fields: tuple[str, ...] = (), **given: Any,
) -> Job:  # fmt: skip
    """What to run on. InputError where the options contradict each other."""
    from bpfcc.pipeline import read_bytes
    from bpfcc.report import Job

    if sum(option is not None for option in (pcap, data, hex_text)) > 1:
        raise InputError("--pcap, --data and --hex exclude each other")
    surroundings = {name: value for name in SURROUNDINGS if (value := given.pop(name, None)) is not None}
    job = Job(context=context_fields(fields), surroundings=surroundings, **given)
    if pcap is not None:
        from bpfcc.captures import open_capture

        with open_capture(pcap) as capture:
            job.packets = list(capture)
    elif data is not None:
        job.data = read_bytes(data, 1 << 24)
    elif hex_text is not None:
        try:
            job.data = bytes.fromhex(hex_text.removeprefix("0x"))
        except ValueError:
            raise InputError(f"--hex {hex_text!r}: not hexadecimal") from None
    if seeds is not None:
        from bpfcc.seeds import read_seeds

        job.seeds = read_seeds(seeds)
    for text in records:
        name, found, kind = text.partition("=")
        if not found:
            raise InputError(f"--record {text!r}: the form is MAP=TYPE")
        job.types_of_records[name] = kind
    return job


def context_fields(texts: tuple[str, ...]) -> dict[str, Any]:
    """`NAME=VALUE` and `NAME=VALUE,VALUE,…` as values of a context."""
    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            numbers = [int(each, 0) for each in value.split(",")]
        except ValueError:
            raise InputError(f"--context {text!r}: the form is NAME=VALUE, or NAME=VALUE,VALUE,… for an array") from None
        found[name] = tuple(numbers) if len(numbers) > 1 else numbers[0]
    return found


def run_all(
    programs: list[Program], job: Job, pcap_out: Path | None, pcap: Path | None, screen: Screen
) -> tuple[list[dict[str, Any]], int]:
    """Run each program; one that cannot be run does not keep the others from running."""
    from bpfcc.report import NoPacketsError, run_program

    reports: list[dict[str, Any]] = []
    statuses: list[int] = []
    for program in programs:
        try:
            if pcap_out is not None and pcap is not None:
                report = run_to_capture(program, job, pcap_out, pcap, screen)
            else:
                with screen.progress(program.name, len(job.packets or ()) * job.repeat) as advance:
                    report = run_program(program, replace(job, on_progress=advance))
        except InternalError:
            raise
        except BpfccError as error:
            if len(programs) == 1:
                raise
            if isinstance(error, NoPacketsError):
                screen.note(f"{program.name} left out: {program.type} programs get no packets")
                reports.append(failed(program, error))
                continue
            for line in error_lines(error, screen):
                screen.error_line(line)
            report = failed(program, error)
            statuses.append(error.exit_status)
        else:
            statuses.append(EXIT_REJECTED if report["traps"]["count"] else EXIT_OK)
        reports.append(report)
    if not statuses:
        raise InputError("none of its programs gets packets; give their context with --data or --hex", file=programs[0].file)
    return reports, worst(statuses)


def failed(program: Program, error: BpfccError) -> dict[str, Any]:
    """The report of a program that could not be run."""
    kind = "unsupported" if isinstance(error, UnsupportedError) else "rejected" if isinstance(error, RejectedError) else "input"
    feature = error.feature if isinstance(error, UnsupportedError) else None
    record = {"kind": kind, "message": str(error), "feature": feature}
    return {"name": program.name, "section": program.section, "type": program.type, "error": record}


def run_to_capture(program: Program, job: Job, pcap_out: Path, pcap: Path, screen: Screen) -> dict[str, Any]:
    """Run, writing packets that go on; the file appears when all is done."""
    from bpfcc.captures import CaptureWriter, format_for, open_capture
    from bpfcc.frontend.outputs import atomic_output
    from bpfcc.report import run_program

    with open_capture(pcap) as capture:
        link_type, form = capture.link_type, capture.format
    if pcap_out.exists() and pcap_out.samefile(pcap):
        raise InputError("--pcap-out would overwrite the capture that is read", file=str(pcap_out))
    with atomic_output(pcap_out) as stream, screen.progress(program.name, len(job.packets or ()) * job.repeat) as advance:
        writer = CaptureWriter(stream, link_type, format_for(pcap_out, form))
        written = replace(job, on_packet=lambda data, packet: writer.write(data, packet.time_ns), on_progress=advance)
        report = run_program(program, written)
    screen.note(f"wrote {pcap_out} ({writer.count} packets)")
    return report


def show(obj: Object, source: str, reports: list[dict[str, Any]], job: Job, *, as_json: bool, limit: int, screen: Screen) -> None:
    """Print the document, or the text made of it."""
    platform = WINDOWS if job.rewrite else obj.platform
    if as_json:
        from bpfcc.report import document

        screen.line(json.dumps(document(source, job.backend, reports, platform), indent=2))
        return
    if platform != LINUX:
        source += f" on {'Windows' if platform == WINDOWS else platform}"
    from bpfcc.cli.run_text import show_report

    for report in reports:
        if report["error"] is None:
            show_report(report, source, screen, limit=limit)


def run_file_on_data(judged: Judged, data: Path, names: tuple[str, ...], screen: Screen) -> int:
    """`bpfcc build --run`."""
    job = make_job(None, data, None, seeds=None, records=(), checked=not judged.verdicts)
    with interruptible() as job.stop:
        reports, status = run_judged(judged, chosen_programs(judged.object, names), job, None, None, screen)
    show(judged.object, judged.object.file or "", reports, job, as_json=False, limit=10, screen=screen)
    return status
