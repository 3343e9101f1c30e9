"""A verdict as a terminal shows it, after the manner of compilers.

    filter.bpf.c:14:9: error[V011]: access outside of the packet
       14 |     if (eth->h_proto == bpf_htons(ETH_P_IP))
          |         ^~~~~~~~~~~~ 2 bytes at eth + 12
          = required: at least 14 bytes of packet
          = known: nothing, no comparison with data_end is on this path
          = help: write `if ((void *)(eth + 1) > data_end) return XDP_PASS;` before line 14
    filter.bpf.c:12:9: note: the check was made for another pointer
       12 |     if (data > data_end)
          |         ^~~~~~~~~~~~~~~

    filter (xdp): rejected: 1 error; 31 instructions, …

Text that came from an object or a source is made printable: nothing in it reaches the terminal as a command.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

from bpfcc.diagnostics import SourcePosition
from bpfcc.explain.quote import line_text, printable, quoted, short_path
from bpfcc.verifier.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from bpfcc.verifier.verdict import Counterexample, Finding, Related, Stats, Verdict

    Paint = Callable[[str, str], str]

STYLES: Final = {
    "bold": "1", "error": "1;31", "warning": "1;35", "note": "1;36", "help": "1;32", "caret": "1;32", "good": "1;32", "bad": "1;31",
    "dim": "2",
}  # fmt: skip
STATUS_STYLES: Final = {"accepted": "good", "rejected": "bad", "unsupported": "warning"}
CAUSES: Final = {
    "analysis-limit": "the program may be right: the analysis did not come to a result",
    "compiler": "the compiler: the C source has the check, the object does not show it",
    "environment": "the environment: this platform, kernel or type of program does not have it",
    "unsupported": "bpfcc: it does not know this feature",
}
TRAP_PLACE: Final = re.compile(r"^.*?\binstruction \d+: ")
# A label longer than this stands on a line of its own, not behind the caret.
MAX_LABEL: Final = 100
MAX_HEX: Final = 4_000
PAD: Final = "      "


def render_verdict(verdict: Verdict, *, color: bool, object_name: str | None = None) -> str:
    """Every finding of a program, then one line that sums up. `object_name` is what the user typed, for commands to repeat."""
    paint = painter(color=color)
    lines = [line for finding in verdict.findings for line in (*finding_lines(finding, verdict, paint, object_name), "")]
    return "\n".join([*lines, summary_line(verdict, paint)])


def painter(*, color: bool) -> Paint:
    """What puts text into a style."""
    return lambda text, style: f"\x1b[{STYLES[style]}m{text}\x1b[0m" if color and text else text


def finding_lines(finding: Finding, verdict: Verdict, paint: Paint, object_name: str | None = None) -> Iterator[str]:
    """One finding with all that belongs to it."""
    title = CODES[finding.code].title
    label = paint(f"{finding.level}[{finding.code}]:", finding.level)
    yield f"{_place(finding.source, finding.insn, finding.function, paint)} {label} {paint(title, 'bold')}"
    message = printable(finding.message) if finding.message and finding.message != title else ""
    yield from _quote(finding.source, paint, message, finding.level)
    if finding.required:
        yield _detail("required", finding.required, paint)
    if finding.known:
        yield _detail("known", finding.known, paint)
    if finding.suggestion:
        yield _detail("help", finding.suggestion, paint, style="help")
    if finding.cause != "source":
        yield _detail("cause", CAUSES[finding.cause], paint)
    if finding.counterexample is not None:
        for line in counterexample_lines(finding.counterexample, verdict, object_name):
            yield _detail(*line, paint)
    # What needs no place of its own comes first, or it would seem to belong to another note's line.
    for related in sorted(finding.related, key=lambda each: not _is_here(each, finding)):
        yield from _note(related, finding, paint)


def _is_here(related: Related, finding: Finding) -> bool:
    return related.source is None or (related.insn == finding.insn and finding.source is not None)


def _place(source: SourcePosition | None, insn: int, function: str, paint: Paint) -> str:
    if source is not None:
        return paint(f"{_shown(source)}:", "bold")
    name = printable(function) or "program"
    return paint(f"{name}: instruction {insn}:" if insn >= 0 else f"{name}:", "bold")


def _shown(source: SourcePosition) -> str:
    return str(SourcePosition(printable(short_path(source.file)), source.line, source.column))


def _quote(source: SourcePosition | None, paint: Paint, message: str, style: str) -> Iterator[str]:
    """The source line with the message behind the caret, or below where there is no room."""
    behind = message if source is not None and source.column and line_text(source) is not None and len(message) <= MAX_LABEL else ""
    if source is not None:
        yield from quoted(source, lambda text, _style: paint(text, style), paint(behind, style))
    if message and not behind:
        yield f"{PAD}= {message}"


def _detail(name: str, text: str, paint: Paint, *, style: str = "bold") -> str:
    return f"{PAD}= {paint(f'{name}:', style)} {printable(text)}"


def _note(related: Related, finding: Finding, paint: Paint) -> Iterator[str]:
    label = paint("note:", "note")
    if related.source is None or _is_here(related, finding):
        where = f" (instruction {related.insn})" if related.insn >= 0 and related.insn != finding.insn else ""
        yield f"{PAD}= {label} {printable(related.message)}{where}"
        return
    yield f"{paint(f'{_shown(related.source)}:', 'bold')} {label} {printable(related.message)}"
    yield from quoted(related.source, lambda text, _style: paint(text, "note"))


def counterexample_lines(found: Counterexample, verdict: Verdict, object_name: str | None) -> Iterator[tuple[str, str]]:
    """What makes it happen, and the command that shows it."""
    given = found.packet if found.packet is not None else found.data
    kind = "a packet" if found.packet is not None else "input"
    size = "" if given is None else f"with {kind} of {len(given)} byte{'' if len(given) == 1 else 's'}: "
    after = f", after {found.steps} instruction{'' if found.steps == 1 else 's'}" if found.steps else ""
    # The trap's own place is the finding's.
    yield "counterexample", f"{size}{TRAP_PLACE.sub('', found.trap) or 'it traps here'}{after}"
    # Fields of a packet's context and the surroundings are no options of the command: the Python API takes them.
    if found.context:
        yield "context", f"{_settings(found.context)} (`run(context=…)` in Python)"
    surroundings = {name: value for name, value in found.environment.items() if name != "repeat"}
    if surroundings:
        yield "environment", _settings(surroundings)
    command = ["bpfcc", "run", object_name or "FILE", "--program", verdict.name, "--checked"]
    if given is not None and 2 * len(given) > MAX_HEX:
        yield "command", f"too long to be shown ({len(given)} bytes); `bpfcc verify --json` has the bytes"
        return
    if given is not None:
        command += ["--hex", given.hex()]
    if "repeat" in found.environment:
        command += ["--repeat", str(found.environment["repeat"])]
    if found.maps:
        yield "maps", f"put into a file MAPS.json: {json.dumps(found.maps, sort_keys=True)}"
        command += ["--maps", "MAPS.json"]
    yield "command", shlex.join(command)


def _settings(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def summary_line(verdict: Verdict, paint: Paint) -> str:
    """`filter (xdp): accepted: 31 instructions, at most 120 executed, 24 bytes of stack, 0.9 ms`."""
    counts = [(sum(f.level == level for f in verdict.findings), level) for level in ("error", "warning")]
    said = ", ".join(f"{count} {level}{'' if count == 1 else 's'}" for count, level in counts if count)
    kind = f" ({verdict.type})" if verdict.type else ""
    status = paint(verdict.status, STATUS_STYLES[verdict.status])
    parts = [said, stats_text(verdict.stats)]
    return f"{paint(printable(verdict.name), 'bold')}{printable(kind)}: {status}: {'; '.join(part for part in parts if part)}"


def stats_text(stats: Stats) -> str:
    """Sizes, bounds and times, in words."""
    parts = [f"{stats.insns:,} instruction{'' if stats.insns == 1 else 's'}"]
    if stats.max_path_insns is not None:
        parts.append(f"at most {stats.max_path_insns:,} executed")
    parts += [f"{stats.stack_bytes} bytes of stack", duration(stats.time_us)]
    return ", ".join(parts)


def duration(microseconds: int) -> str:
    """A time in a unit that fits."""
    if microseconds < 1_000:
        return f"{microseconds} µs"
    return f"{microseconds / 1_000:.3g} ms" if microseconds < 1_000_000 else f"{microseconds / 1_000_000:.3g} s"
