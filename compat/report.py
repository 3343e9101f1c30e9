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

from bpfcc.bpfir.function import Module
from bpfcc.compat.rewrite.entries import Entry, Notes
from bpfcc.compat.rewrite.maps import rewrite_maps
from bpfcc.compat.rewrite.table import correspondence
from bpfcc.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bpfcc.bpfir.module import MapSpec
    from bpfcc.compat.rewrite.entries import Place
    from bpfcc.compat.rewrite.port import Ported
    from bpfcc.program import Object
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
REJECTED: Final = "rejected by the verifier: "
LEFT_OUT: Final = "no program uses it: it is left out of the image"


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
        if self.verdict == "rejected":
            return tuple(f"{code} {message}" for code, message in self._errors())
        return tuple(f"{entry.what} {entry.name}: {entry.reason}" for entry in self._chosen())

    @property
    def names(self) -> tuple[str, ...]:
        """What `why` is about: names of entries, or codes of findings."""
        found = [code for code, _ in self._errors()] if self.verdict == "rejected" else [entry.name for entry in self._chosen()]
        return tuple(dict.fromkeys(found))

    @property
    def futile(self) -> tuple[str, ...]:
        """Helpers that it calls and that never succeed there."""
        return tuple(dict.fromkeys(entry.name for entry in self.entries if entry.what == "helper" and never_succeeds(entry)))

    @property
    def sentence(self) -> str:
        """The verdict in words, and what it hides."""
        return SENTENCES[self.verdict] + futile_text(self.futile)

    def _errors(self) -> list[tuple[str, str]]:
        findings = self.verification.findings if self.verification is not None else ()
        return [(each.code, each.message) for each in findings if each.level == "error"]

    def _chosen(self) -> list[Entry]:
        return deciding(self.entries, self.verdict)


@final
@dataclass(frozen=True, slots=True)
class Report:
    """One input: an object's programs and the maps that none of them uses, or the calls that an application makes."""

    file: str
    programs: tuple[ProgramReport, ...] = ()
    calls: tuple[Entry, ...] = field(default=())
    maps: tuple[Entry, ...] = field(default=())

    @property
    def verdict(self) -> Outcome:
        """The worst of its parts."""
        found = [verdict for verdict in OUTCOMES if deciding((*self.maps, *self.calls), verdict)]
        return max([OUTCOMES[0], *found, *(program.verdict for program in self.programs)], key=OUTCOMES.index)

    @property
    def sentence(self) -> str:
        """The verdict in words, with the names that decide it: what is absent, then what is rejected."""
        parts = []
        verdicts: tuple[Outcome, ...] = ("absent", "rejected") if self.verdict == "absent" else (self.verdict,)
        for verdict in verdicts:
            found = [f"{program.name}: {first_of(program.names)}" for program in self.programs if program.verdict == verdict]
            found += [entry.name for entry in deciding((*self.maps, *self.calls), verdict)]
            if found:
                parts.append((REJECTED if verdict != self.verdict else "") + first_of(found, MAX_NAMED, "; "))
        shown = f" ({'; '.join(parts)})" if parts and self.verdict != "ports" else ""
        return SENTENCES[self.verdict] + shown + futile_text([name for program in self.programs for name in program.futile])

    def record(self) -> dict[str, Any]:
        """The document of `bpfcc compat --json`."""
        return {
            "schema": SCHEMA,
            "object": self.file,
            "verdict": self.verdict,
            "summary": self.sentence,
            "programs": [program_record(each) for each in self.programs],
            "calls": [entry_record(each) for each in self.calls],
            "maps": [entry_record(each) for each in self.maps],
        }


def make_report(file: str, ported: Iterable[Ported]) -> Report:
    """Of programs that were rewritten; those without an absent entry are judged now."""
    found = tuple(ported)
    owner = found[0].program.object if found else None
    return Report(file, tuple(program_report(each) for each in found), maps=unused_maps(owner) if owner is not None else ())


def unused_maps(owner: Object) -> tuple[Entry, ...]:
    """Maps of an object that are for its application alone, and that Windows has not."""
    used: set[str] = set()
    for program in owner.programs.values():
        try:
            used |= {spec.name for spec in program.maps}
        except (InputError, UnsupportedError):
            # One that cannot be linked may use any.
            return ()
    unused = [spec for spec in owner.maps.values() if spec.name not in used and spec.initial is None]
    return tuple(each for spec in unused for each in left_out(spec))


def left_out(spec: MapSpec) -> Iterator[Entry]:
    """What keeps a map that no program uses out of the image."""
    notes = Notes(Module([], (spec,)))
    rewrite_maps(notes.module, correspondence(), notes, frozenset())
    for entry in notes.entries():
        if entry.kind == "absent":
            yield Entry("map", entry.name, "differs", None, f"{entry.reason}; {LEFT_OUT}", depends=True)


def deciding(entries: Iterable[Entry], verdict: Outcome) -> list[Entry]:
    """The entries that make a verdict what it is."""
    return [entry for entry in entries if entry.kind == verdict and (verdict == "absent" or entry.depends is not False)]


def never_succeeds(entry: Entry) -> bool:
    """Whether a helper is there, and fails whatever it is given."""
    row = correspondence().helper(entry.name.removeprefix("bpf_")) if entry.kind == "differs" else None
    return row is not None and bool(row.data.get("futile"))


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
    found = dict.fromkeys(map(spot, places))
    files = list(dict.fromkeys(name for name, _ in found))
    spots = sorted(found, key=lambda each: (files.index(each[0]), each[1]))
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


def first_of(names: Sequence[str], most: int = 1, between: str = ", ") -> str:
    """`a and 2 more`, or `a; b; 2 more` of what has names within it."""
    more = len(names) - most
    last = " and " if between == ", " else between
    return between.join(names[:most]) + (f"{last}{more} more" if more > 0 else "")


def futile_text(names: Iterable[str]) -> str:
    """What calls that always fail make of a verdict."""
    return "".join(f"; {name} never succeeds there" for name in dict.fromkeys(names))


def kind_text(entry: Entry) -> str:
    """The kind, and of one that differs whether it matters here."""
    return f"{entry.kind} (harmless)" if entry.kind == "differs" and entry.depends is False else entry.kind


def to_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {escaped(report.file)}", "", f"On Windows it {escaped(report.sentence)}.", ""]
    for program in report.programs:
        there = f" → `{program.windows_section}`" if program.windows_section is not None else ""
        lines += [f"## {escaped(program.name)}", "", f"Section `{program.section}`{there}: {program.sentence}.", ""]
        lines += [f"- {escaped(each)}" for each in program.why]
        lines += ([""] if program.why else []) + table_lines(program.entries) + [""]
    for title, entries in (("Maps that no program uses", report.maps), ("Calls", report.calls)):
        lines += [f"## {title}", "", *table_lines(entries), ""] if entries else []
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
