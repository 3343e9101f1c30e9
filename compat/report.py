"""The porting report: what of each program ports, how, and what keeps it from porting.

    report = make_report("filter.o", [ported, …])
    report.verdict                 "ports", "differs", "rejected" or "absent"
    report.record()                the document of `bpfcc compat --json` (schema `bpfcc.compat/1`)
    to_markdown(report)

*rejected*: everything has a counterpart, and the verifier does not accept the result by the rules of Windows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpfcc.compat.rewrite.entries import Entry, Place
    from bpfcc.compat.rewrite.port import Ported
    from bpfcc.verifier.verdict import Verdict

SCHEMA: Final = "bpfcc.compat/1"
Outcome = Literal["ports", "differs", "rejected", "absent"]
# From good to bad.
OUTCOMES: Final[tuple[Outcome, ...]] = ("ports", "differs", "rejected", "absent")
SENTENCES: Final[dict[Outcome, str]] = {
    "ports": "ports as it is", "differs": "ports, with differences", "rejected": "does not port: the verifier rejects the result",
    "absent": "does not port",
}  # fmt: skip
MAX_NAMED: Final = 4


@final
@dataclass(frozen=True, slots=True)
class ProgramReport:
    """One program: where it goes, what was found, and the verdict on what came out."""

    name: str
    section: str
    type: str | None
    attach_type: str | None
    windows_section: str | None
    windows_type: str | None
    windows_attach_type: str | None
    entries: tuple[Entry, ...]
    verification: Verdict | None

    @property
    def verdict(self) -> Outcome:
        """Whether it ports."""
        if any(entry.kind == "absent" for entry in self.entries):
            return "absent"
        if self.verification is None or not self.verification.accepted:
            return "rejected"
        return "differs" if any(entry.kind == "differs" and entry.depends is not False for entry in self.entries) else "ports"

    @property
    def why(self) -> tuple[str, ...]:
        """What keeps it from porting, or what it has to live with."""
        verdict = self.verdict
        if verdict == "rejected":
            findings = self.verification.findings if self.verification is not None else ()
            return tuple(f"{each.code} {each.message}" for each in findings if each.level == "error")
        if verdict == "ports":
            return ()
        kind = "absent" if verdict == "absent" else "differs"
        chosen = [entry for entry in self.entries if entry.kind == kind and (kind == "absent" or entry.depends is not False)]
        return tuple(f"{entry.what} {entry.name}: {entry.reason}" for entry in chosen)


@final
@dataclass(frozen=True, slots=True)
class Report:
    """One input: an object's programs, or the calls that an application makes."""

    file: str
    programs: tuple[ProgramReport, ...] = ()
    calls: tuple[Entry, ...] = field(default=())

    @property
    def verdict(self) -> Outcome:
        """The worst of its parts."""
        found: list[Outcome] = ["ports", *(program.verdict for program in self.programs)]
        if any(entry.kind == "absent" for entry in self.calls):
            found.append("absent")
        elif any(entry.kind == "differs" and entry.depends is not False for entry in self.calls):
            found.append("differs")
        return max(found, key=OUTCOMES.index)

    @property
    def sentence(self) -> str:
        """The verdict in words, with the first reasons."""
        why = [f"{program.name}: {each}" for program in self.programs if program.verdict == self.verdict for each in program.why[:1]]
        why += [f"{entry.name}: {entry.reason}" for entry in self.calls if entry.kind == self.verdict]
        shown = "; ".join(why[:MAX_NAMED]) + (f"; and {len(why) - MAX_NAMED} more" if len(why) > MAX_NAMED else "")
        return SENTENCES[self.verdict] + (f" ({shown})" if shown else "")

    def record(self) -> dict[str, Any]:
        """The document of `bpfcc compat --json`."""
        return {
            "schema": SCHEMA,
            "object": self.file,
            "verdict": self.verdict,
            "summary": self.sentence,
            "programs": [program_record(each) for each in self.programs],
            "calls": [entry_record(each) for each in self.calls],
        }


def make_report(file: str, ported: Iterable[Ported]) -> Report:
    """Of programs that were rewritten; those without an absent entry are judged now."""
    return Report(file, tuple(program_report(each) for each in ported))


def program_report(ported: Ported) -> ProgramReport:
    """Of one program."""
    program = ported.program
    return ProgramReport(
        program.name, program.section, program.type, program.attach_type, ported.section, ported.type, ported.attach_type, ported.entries,
        ported.verdict,
    )  # fmt: skip


# ---- JSON


def program_record(program: ProgramReport) -> dict[str, Any]:
    """One program."""
    there = None
    if program.windows_type is not None:
        there = {"section": program.windows_section, "type": program.windows_type, "attach_type": program.windows_attach_type}
    return {
        "section": program.section,
        "name": program.name,
        "type": program.type,
        "attach_type": program.attach_type,
        "windows": there,
        "verdict": program.verdict,
        "why": list(program.why),
        "entries": [entry_record(each) for each in program.entries],
        "verification": verification_record(program.verification),
    }


def entry_record(entry: Entry) -> dict[str, Any]:
    """One entry."""
    return {
        "what": entry.what,
        "name": entry.name,
        "kind": entry.kind,
        "windows": entry.windows,
        "reason": entry.reason,
        "depends": entry.depends,
        "count": entry.count,
        "places": [place_record(each) for each in entry.places],
    }


def place_record(place: Place) -> dict[str, Any]:
    """One place."""
    source = place.source
    return {
        "function": place.function,
        "insn": place.insn,
        "source": None if source is None else {"file": source.file, "line": source.line, "column": source.column},
    }


def verification_record(verdict: Verdict | None) -> dict[str, Any] | None:
    """The verdict by the rules of Windows, in short."""
    if verdict is None:
        return None
    findings = [
        {
            "code": each.code, "level": each.level, "message": each.message, "insn": each.insn,
            "source": None if each.source is None else {"file": each.source.file, "line": each.source.line, "column": each.source.column},
        }
        for each in verdict.findings
    ]  # fmt: skip
    return {"verdict": verdict.status, "digest": verdict.digest, "findings": findings}


# ---- words


def places_text(places: Sequence[Place], count: int, most: int = 3) -> str:
    """`filter.bpf.c:14, 20 and 3 more`."""
    shown: list[str] = []
    last = ""
    spots = dict.fromkeys(map(spot, places))
    for name, number in spots:
        shown.append(str(number) if name == last else f"{name}:{number}")
        last = name
    more = max(len(spots), count if count > len(places) else 0) - most
    return ", ".join(shown[:most]) + (f" and {more} more" if more > 0 else "")


def spot(place: Place) -> tuple[str, int]:
    """File and line; without a source function and instruction."""
    if place.source is None:
        return f"{place.function}()", place.insn
    return place.source.file.replace("\\", "/").rsplit("/", 1)[-1], place.source.line


def kind_text(entry: Entry) -> str:
    """The kind, and of one that differs whether it matters here."""
    return f"{entry.kind} (harmless)" if entry.kind == "differs" and entry.depends is False else entry.kind


def to_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {escaped(report.file)}", "", f"On Windows it {escaped(report.sentence)}.", ""]
    for program in report.programs:
        there = f" → `{program.windows_section}`" if program.windows_section is not None else ""
        lines += [f"## {escaped(program.name)}", "", f"Section `{program.section}`{there}: {SENTENCES[program.verdict]}.", ""]
        lines += [f"- {escaped(each)}" for each in program.why]
        lines += ([""] if program.why else []) + table_lines(program.entries) + [""]
    if report.calls:
        lines += ["## Calls", "", *table_lines(report.calls), ""]
    return "\n".join(lines)


def table_lines(entries: Iterable[Entry]) -> list[str]:
    """Entries as a table."""
    rows = [
        (
            kind_text(each), each.what, f"`{each.name}`", f"`{each.windows}`" if each.windows else "",
            places_text(each.places, each.count), each.reason,
        )
        for each in entries
    ]  # fmt: skip
    heads = ("kind", "what", "Linux", "Windows", "where", "reason")
    return [
        "| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads),
        *("| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows),
    ]  # fmt: skip


def escaped(text: str) -> str:
    """Text that ends no cell and starts no tag; names are a stranger's."""
    shown = "".join(each if each.isprintable() else "?" for each in text)
    return shown.replace("|", "\\|").replace("<", "&lt;")
