"""What must hold of a native image, as a table: id, what it is, why it matters, how to mend it, and the check.

    for outcome in apply(subject):
        outcome.rule.id, outcome.status, outcome.details        "wx-section", "failed", ("section .data …",)

Ids are stable: scripts may name them. An error keeps an image from loading somewhere that it is meant for, or makes what it says of itself
untrue; a warning is for what an image can do without.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, final

from bpfcc.compat.image import layout, memory
from bpfcc.compat.image import origin as made

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bpfcc.compat.image.pe import Kind
    from bpfcc.compat.image.subject import Subject

Level = Literal["error", "warning"]
Status = Literal["passed", "failed", "skipped"]
BOTH: Final[frozenset[Kind]] = frozenset({"sys", "dll"})
DRIVER: Final[frozenset[Kind]] = frozenset({"sys"})
MAX_DETAILS: Final = 8

CODE_AGAIN: Final = "build it again with `bpfcc build --target windows`, which sets this"


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `check` yields what is wrong, a sentence each. `library`: what `why` and `mend` are where it is asked of a library."""

    id: str
    level: Level
    title: str
    why: str
    mend: str
    check: Callable[[Subject], Iterator[str]]
    kinds: frozenset[Kind] = BOTH
    library: tuple[str, str] | None = None

    def about(self, kind: Kind) -> Rule:
        """As it is explained for a driver, or a library."""
        return replace(self, why=self.library[0], mend=self.library[1]) if kind == "dll" and self.library is not None else self


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """A rule and what became of it. `level` is the rule's, or what the caller made of it."""

    rule: Rule
    level: Level
    status: Status
    details: tuple[str, ...] = ()


def metadata_rule(rule: str) -> Callable[[Subject], Iterator[str]]:
    """The problems that reading the metadata noted under this rule."""

    def check(subject: Subject) -> Iterator[str]:
        yield from (each.text for each in subject.metadata.problems if each.rule == rule)

    return check


RULES: Final[tuple[Rule, ...]] = (
    # ---- can it be loaded at all
    Rule(
        "machine", "error", "the image is for x86-64 or arm64",
        "eBPF for Windows runs on these two.",
        "build it with --arch x86_64 or --arch arm64", layout.machine,
    ),
    Rule(
        "headers", "error", "headers have the sizes and marks that Windows goes by",
        "Readers that take a header differently see different images: what is checked would not be what is loaded.",
        CODE_AGAIN, layout.headers,
    ),
    Rule(
        "file-layout", "error", "sections lie in the file, apart from each other, and nothing lies behind them but a signature",
        "A file that was cut off or added to is not what was linked, and what belongs to no section escapes most tools.",
        "copy or build the file again", layout.file_layout,
    ),
    Rule(
        "section-alignment", "error", "sections begin on pages of their own, one after the other",
        "Protection is by page: two sections on one page get the rights of both, which HVCI refuses; and Windows loads no image with gaps.",
        "link with a section alignment of at least 4096, without /ALIGN or --section-alignment", layout.section_alignment,
    ),
    Rule(
        "entry-point", "error", "the entry point lies in code, and nothing runs before it",
        "The loader jumps there; memory that is not code may not be run.",
        "name the entry with -e DriverEntry (.sys) or leave it to the linker (.dll)", layout.entry_point,
    ),
    Rule(
        "subsystem", "error", "a driver has the native subsystem, a library the one of programs",
        "The kernel loads only images of the native subsystem; user mode loads all but these.",
        "link a driver with --subsystem native (/SUBSYSTEM:NATIVE)", layout.subsystem,
    ),
    Rule(
        "imports", "error", "it imports only what is there where it is loaded",
        "A driver with eBPF programs needs ntoskrnl.exe and NETIO.SYS; anything else may be missing, or is more than it should get at.",
        "take the call out, or link it statically", layout.imports,
    ),
    Rule(
        "exports", "error", "a library exports get_metadata_table, a driver nothing",
        "eBPF for Windows finds a library's programs through this function; a driver hands them over by itself.",
        "link a driver without a list of exports (--exclude-all-symbols)", layout.exports,
    ),
    Rule(
        "resident", "error", "what programs need stays in memory, can be read, and is not shared",
        "The kernel throws discardable sections away once a driver has started, and may page others out: programs run later, and anywhere.",
        "do not merge code or data into INIT, PAGE or .reloc; do not mark sections as shared", memory.resident,
    ),
    Rule(
        "unwinding", "error", "the table for unwinding the stack is in order and about code",
        "Windows searches it whenever something fails while a program runs, and trusts what it finds.",
        CODE_AGAIN, memory.unwinding,
    ),
    # ---- what hypervisor-protected code integrity (HVCI) asks
    Rule(
        "wx-section", "error", "no section can be both written and run, and none of data run",
        "HVCI never lets memory be both; an image that asks for it is not loaded.",
        "do not mark data as executable; do not merge sections", layout.wx_section,
    ),
    Rule(
        "writable-code", "error", "nothing that is written lies in code",
        "Code pages are read-only for good under HVCI: the loader could not fill an import table there, nor a program its variables.",
        "keep the import address table and data out of code sections (no /MERGE into .text)", layout.writable_code,
    ),
    Rule(
        "code-relocation", "error", "no relocation changes code",
        "The loader would have to write to code pages; HVCI counts such images as not compatible.",
        "compile position-independent code: no absolute addresses or jump tables in code sections", layout.code_relocation,
    ),
    Rule(
        "relocation-kind", "error", "relocations are 64-bit addresses",
        "Other kinds change parts of instructions or cut addresses off, which a high load address does not survive.",
        "do not truncate addresses; " + CODE_AGAIN, layout.relocation_kind,
    ),
    Rule(
        "addresses", "error", "addresses in the records are relocated, and nothing else of them is",
        "An image is loaded elsewhere each time: an address that is not moved leads nowhere, and a number that is moved is another one in "
        "memory than in the file.",
        CODE_AGAIN, memory.addresses,
    ),
    Rule(
        "nx-compat", "error", "data is not executable (NX_COMPAT)",
        "Without the flag Windows may map the image's data, and with it the stack, executable.",
        "link with --nxcompat (/NXCOMPAT)", layout.nx_compat,
    ),
    Rule(
        "dynamic-base", "error", "it can be loaded anywhere (DYNAMIC_BASE)",
        "Addresses that are the same on every machine help whoever attacks it; code integrity asks for the flag.",
        "link with --dynamicbase (/DYNAMICBASE) and keep the relocations", layout.dynamic_base,
    ),
    Rule(
        "high-entropy-va", "error", "it can be loaded at any 64-bit address (HIGH_ENTROPY_VA)",
        "Without the flag it gets one of few addresses.",
        "link with --high-entropy-va (/HIGHENTROPYVA)", layout.high_entropy_va,
    ),
    Rule(
        "cfg", "warning", "calls are guarded (Control Flow Guard)",
        "Guarded images call through pointers only where functions begin. Loading does not depend on it.",
        "link with /guard:cf (lld-link, MSVC)", layout.cfg,
    ),
    Rule(
        "load-config", "error", "the load configuration, where there is one, and its tables are where it says",
        "The loader takes from it which calls are guarded and where its own functions go; it refuses images whose tables make no sense.",
        CODE_AGAIN, memory.load_config,
    ),
    Rule(
        "cet", "warning", "it is marked compatible with shadow stacks (CET)",
        "Kernel shadow stacks work without the mark for drivers that return as they are called; user mode wants it in strict mode.",
        "link with /cetcompat (lld-link, MSVC)", layout.cet,
    ),
    Rule(
        "checksum", "error", "the checksum in the header is right",
        "The kernel refuses drivers whose checksum is wrong.",
        "build it again: the file was changed, or linked by a tool that sets none", layout.checksum,
    ),
    # ---- what eBPF for Windows asks
    Rule(
        "programs-section", "error", "section `programs` holds the program records",
        "ebpfapi reads programs from this section without running the image: zero marker, header, record after record.",
        CODE_AGAIN, metadata_rule("programs-section"),
    ),
    Rule(
        "maps-section", "error", "section `maps` holds the map records",
        "ebpfapi reads maps from this section: two zero markers, header, record after record of 80 bytes.",
        CODE_AGAIN + "; for types of an extension, name its tables (--platform FILE)", metadata_rule("maps-section"),
    ),
    Rule(
        "section-order", "error", ".rdata comes before `maps`",
        "ebpfapi goes through the section table once: names of maps are looked up in an .rdata that it has seen already.",
        "link with lld or MSVC's linker: GNU ld puts .rdata behind", metadata_rule("section-order"),
    ),
    Rule(
        "strings-place", "error", "names lie in .rdata or in their own section",
        "ebpfapi looks for them nowhere else.",
        CODE_AGAIN, metadata_rule("strings-place"),
    ),
    Rule(
        "guid-place", "error", "GUIDs of program and attach types lie in .data",
        "ebpfapi looks for them nowhere else, and without bounds: a const GUID in .rdata makes it read wild.",
        "do not declare the GUIDs const", metadata_rule("guid-place"),
    ),
    Rule(
        "program-names", "error", "names have their lengths: 1 to 63 bytes, and 1 to 8 for code sections",
        "The loader refuses longer ones, and a section's name ends after eight bytes.",
        "shorten the name of the program or section", metadata_rule("program-names"),
    ),
    Rule(
        "program-code", "error", "each program lies in the code section that its record names, at a place of its own",
        "ebpfapi shows only programs whose section it finds, marked as code; those of one section of the object share one.",
        "compile with clang -fms-extensions or MSVC, which heed #pragma code_seg (GCC does not)", metadata_rule("program-code"),
    ),
    Rule(
        "program-tables", "error", "maps, helpers and digests that a program's record names are there",
        "The kernel follows these addresses and numbers without bounds when it loads the image.",
        CODE_AGAIN, metadata_rule("program-tables"),
    ),
    Rule(
        "interface", "warning", "digests of programs' interfaces are those of Windows' types and helpers",
        "A program is loaded only where its digest is that of the helpers and the context of the machine. Newer extensions have others.",
        "build it again; for types of an extension, name its tables (--platform FILE)", made.interface,
    ),
    # ---- what it was made from
    Rule(
        "deterministic", "error", "nothing in it depends on when or where it was linked",
        "Only then do two builds of one input give the same bytes, so that an image can be shown to be what was verified.",
        "link with /Brepro, and strip debug information (-s)", made.deterministic,
    ),
    Rule(
        "record", "warning", "it carries a record of what it was made from",
        "`bpfcc image check --against` builds it again from the record and compares.",
        "build it with `bpfcc build --target windows`", made.record_present,
    ),
    Rule(
        "record-valid", "error", "its record can be read, and is about the programs that are in it",
        "A record that does not fit says nothing about this image.",
        "build it again: somebody changed the image or the record", made.record_valid,
    ),
    Rule(
        "record-verdict", "error", "the record says that every program was accepted",
        "A program that the verifier did not accept must not run in a kernel.",
        "see what `bpfcc verify --platform windows` says of the source, and build without --no-verify", made.record_verdict,
    ),
    # ---- who vouches for it
    Rule(
        "signed", "warning", "it is signed",
        "Windows loads no driver without a signature; eBPF for Windows asks code integrity about each image.",
        "`bpfcc image sign` for test machines; production signing is Microsoft's process", made.signed, DRIVER,
        ("Whoever loads a library cannot tell who made it without a signature. Windows asks for none, --signed does.",
         "sign it with `bpfcc image sign`, or leave --signed away"),
    ),
    Rule(
        "signature", "error", "its signature is valid and covers this very image",
        "A changed byte makes it another image; Windows compares as well.",
        "sign it again", made.signature,
    ),
    Rule(
        "signer", "warning", "its signer is known",
        "A self-made certificate counts only on machines that were told to trust it, in test-signing mode.",
        "give the certificates that you trust with --trust; for production, have it signed by Microsoft", made.signer,
    ),
)  # fmt: skip


def apply(subject: Subject, *, warn: frozenset[str] = frozenset()) -> list[Outcome]:
    """Apply every rule. `warn`: ids of rules whose failure shall only be a warning."""
    found = []
    for each in RULES:
        rule = each.about(subject.image.kind)
        level: Level = "warning" if rule.id in warn else rule.level
        if rule.id == "signed" and subject.must_be_signed:
            level = "error"
        if subject.image.kind not in rule.kinds and not (rule.id == "signed" and subject.must_be_signed):
            found.append(Outcome(rule, level, "skipped"))
            continue
        details = tuple(rule.check(subject))
        if len(details) > MAX_DETAILS:
            details = (*details[:MAX_DETAILS], f"and {len(details) - MAX_DETAILS} more")
        found.append(Outcome(rule, level, "failed" if details else "passed", details))
    return found


def rejected(outcomes: Sequence[Outcome]) -> bool:
    """Whether an error is among them."""
    return any(each.status == "failed" and each.level == "error" for each in outcomes)
