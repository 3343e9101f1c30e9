"""Programs as native images for Windows: what `bpfcc build --target windows` writes.

    found = judged_for_windows([obj.programs["filter"]], origin="linux")
    found[0].verdict.accepted, found[0].entries
    native = emit_image(found, ImageRequest("filter.bpf.c", "sys", "x86_64"))         native.text
    build_image(native.text, "sys", "x86_64")                                         the bytes of filter.sys

Programs for Linux are rewritten first (`bpfcc.porting`), programs for Windows are taken as they are; either is judged by the rules of
Windows, and only what is accepted gets any further. The image carries a record of what it was made from.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from bpfcc.bpfir.ops import Value
from bpfcc.compat.image.record import ProgramRecord, Record, record_c
from bpfcc.compat.native.emit import NativeOptions, NativeProgram, emit_native
from bpfcc.compat.native.link import NativeBuild
from bpfcc.errors import InternalError, RejectedError, UnsupportedError
from bpfcc.gate import reason
from bpfcc.judgement import Rules
from bpfcc.program import known_type, module_digest, with_targets
from bpfcc.runtime.specs.tables import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bpfcc.bpfir.function import Module
    from bpfcc.bpfir.module import MapSpec
    from bpfcc.compat.image.record import Option
    from bpfcc.compat.native.emit import Native
    from bpfcc.compat.rewrite import Entry
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Verdict

    # The verdict on a program, where there is one already.
    Known = Callable[[Program], Verdict | None]

Origin = Literal["linux", "windows"]
Emit = Literal["c", "dll", "sys"]
WINDOWS: Final = "windows"
LINUX: Final = "linux"
WRITABLE_DATA: Final = frozenset((".data", ".bss"))
SLOT_BYTES: Final = 8


class ForWindows(NamedTuple):
    """A program on Windows: its IR there (None: `entries` say what is absent), and the verdict by the rules there."""

    program: Program
    module: Module | None
    type: str
    attach_type: str | None
    section: str
    verdict: Verdict | None
    entries: tuple[Entry, ...] = ()
    names: Mapping[str, Mapping[Value, str]] = {}

    @property
    def accepted(self) -> bool:
        """Whether it may become an image."""
        return self.module is not None and self.verdict is not None and self.verdict.accepted


class ImageRequest(NamedTuple):
    """What is built: `source` names its file, `machine` is None for C alone. `hash`: whether the object's digest is in the image.
    `options`: what else has to be repeated to get the same bytes."""

    source: str
    emit: Emit
    machine: str | None = None
    origin: Origin = "linux"
    platform: str = WINDOWS
    lines: bool = True
    hash: bool = True
    options: Mapping[str, Option] = {}


# ---- programs


def nobody(_program: Program) -> Verdict | None:
    """Nothing is known of any program."""
    return None


def rules_for(origin: Origin, platform: str = WINDOWS) -> Rules:
    """How programs are judged that are to become an image."""
    return Rules(WINDOWS, port=True) if origin == "linux" else Rules(platform)


def judged_for_windows(
    programs: Sequence[Program], *, origin: Origin = "linux", platform: str = WINDOWS, known: Known = nobody
) -> list[ForWindows]:
    """The programs and those that they can tail-call, each judged by the rules of Windows. UnsupportedError: their type is not known.

    `known`: the verdicts by `rules_for`, where a confined child made them. Without one a program is judged in this process.
    """
    from bpfcc.porting import has_place

    judge = ported if origin == "linux" else partial(native, platform=platform)
    found = with_targets(programs)
    for program in found:
        if origin != "linux" or not has_place(program):
            known_type(program)
    return [judge(program, known=known(program)) for program in found]


def ported(program: Program, *, known: Verdict | None = None) -> ForWindows:
    """A program for Linux, rewritten."""
    from bpfcc.emission import named_by, value_names
    from bpfcc.porting import port
    from bpfcc.runtime.specs import load_platform

    made = port(program, known=known, bindings=named_by(program) is not None)
    told = load_platform(WINDOWS).section(program.section)
    same = told is not None and (told.type, told.attach_type) == (made.type, made.attach_type)
    section = program.section if same else made.section or program.section
    names = value_names(program, made.module) if made.module is not None else {}
    return ForWindows(program, made.module, made.type or "", made.attach_type, section, made.verdict, made.entries, names)


def native(program: Program, *, platform: str, known: Verdict | None = None) -> ForWindows:
    """A program that was written for Windows."""
    from bpfcc.emission import value_names
    from bpfcc.pipeline import lift_bytecode
    from bpfcc.verification import judge_here

    verdict = known or judge_here(program, rules_for("windows", platform))
    kind = program.type or ""
    if not verdict.digest:
        return ForWindows(program, None, kind, program.attach_type, program.section, verdict)
    module = lift_bytecode(program.bytecode, program.type, platform, bindings=True)
    if module_digest(module) != verdict.digest:
        raise InternalError(f"program {program.name!r} is lifted in two ways")
    return ForWindows(program, module, kind, program.attach_type, program.section, verdict, (), value_names(program, module))


# ---- images


def emit_image(found: Sequence[ForWindows], request: ImageRequest, *, claimed: Record | None = None) -> Native:
    """The C of an image. RejectedError where a program is not accepted, UnsupportedError where it is absent from Windows.

    `claimed`: a record whose digests of object and IR stand in the image's; everything else is found out here.
    """
    programs = [native_program(each) for each in found]
    digest = object_digest(found) if claimed is None else bytes.fromhex(claimed.object)
    record = record_of(found, request, digest)
    if claimed is not None:
        digests = {each.name: each.ir for each in claimed.programs}
        record = replace(record, programs=[replace(each, ir=digests.get(each.name, each.ir)) for each in record.programs])
    options = NativeOptions(
        Path(request.source).name, request.platform, request.lines, Path(request.source).name, digest if request.hash else None,
        record_c(record),
    )  # fmt: skip
    return emit_native(programs, options, maps=held_maps(found))


def object_digest(found: Sequence[ForWindows]) -> bytes:
    """SHA-256 of the object that the programs come from, of their instructions where there is none."""
    owner = found[0].program.object if found else None
    return sha256(owner.data if owner is not None else b"".join(each.program.bytecode.code for each in found)).digest()


def native_program(each: ForWindows) -> NativeProgram:
    """As the emitter takes it."""
    name = each.program.name
    if each.module is None:
        absent = [entry for entry in each.entries if entry.kind == "absent"]
        what = f"{absent[0].name}: {absent[0].reason}" if absent else reason_of(each)
        raise UnsupportedError(f"program {name} on Windows", f"program {name!r} does not port to Windows: {what}", file=each.program.file)
    verdict = each.verdict
    if verdict is None:
        raise InternalError(f"program {name!r} was not judged")
    if not verdict.accepted or verdict.digest != module_digest(each.module):
        raise RejectedError(f"program {name!r} is not accepted by the rules of Windows: {reason_of(each)}", verdict, file=each.program.file)
    count = len(each.program.bytecode.code) // SLOT_BYTES
    # Bare instructions come from no section.
    section = each.section or each.type
    return NativeProgram(each.module, each.type, section, name, each.attach_type, each.names, verdict.zeroed, count)


def reason_of(each: ForWindows) -> str:
    """Why a verdict is none that accepts."""
    return reason(each.verdict) if each.verdict is not None else "it was not judged"


def held_maps(found: Sequence[ForWindows]) -> list[MapSpec]:
    """Maps that no program names: those that maps of maps hold, and those that applications find by their names.

    Sections of variables are among them where applications may write. Of an object for Linux there are only maps proper, as they are on
    Windows; what Windows has not is of no use to anybody there.
    """
    named = {spec.name for each in found if each.module is not None for spec in each.module.maps}
    held: dict[str, MapSpec] = {}
    for each in found:
        owner = each.program.object
        for spec in owner.maps.values() if owner is not None else ():
            if spec.name not in named and (spec.initial is None or spec.name in WRITABLE_DATA):
                there = spec if owner is not None and owner.platform != LINUX else map_there(spec)
                held |= {spec.name: there} if there is not None else {}
    known = {*named, *held, *(each.program.name for each in found)}
    return [replace(spec, values={at: name for at, name in spec.values.items() if name in known}) for spec in held.values()]


def map_there(spec: MapSpec) -> MapSpec | None:
    """A map for Linux as it is on Windows; None for one that Windows has not, and for a section of variables."""
    from bpfcc.bpfir.function import Module
    from bpfcc.compat.rewrite.entries import Notes
    from bpfcc.compat.rewrite.maps import rewrite_maps
    from bpfcc.compat.rewrite.table import correspondence

    if spec.initial is not None:
        return None
    module = Module([], (spec,))
    notes = Notes(module)
    (made,) = rewrite_maps(module, correspondence(), notes, frozenset())
    return made if all(entry.kind != "absent" for entry in notes.entries()) else None


def record_of(found: Sequence[ForWindows], request: ImageRequest, digest: bytes) -> Record:
    """What the image says of itself."""
    tables = (FOLDER / f"{request.platform}.json") if request.platform == WINDOWS else Path(request.platform)
    options = {"emit": request.emit, "arch": request.machine, "from": request.origin, "hash": request.hash} | dict(request.options)
    programs = [
        ProgramRecord(
            each.program.name, each.section, each.type, each.attach_type, each.verdict.digest, each.verdict.status,
            each.verdict.stats.max_path_insns,
        )
        for each in found
        if each.verdict is not None
    ]  # fmt: skip
    return Record(
        Path(request.source).name, digest.hex(), Path(request.platform).name, sha256(tables.read_bytes()).hexdigest(), options, programs
    )


def build_image(text: str, emit: Emit, machine: str, *, warnings: bool = False) -> bytes:
    """The image of emitted C. CompileError where the compiler refuses it."""
    build = NativeBuild(NativeBuild.parse(machine).machine, warnings)
    return build.driver(text) if emit == "sys" else build.library(text)
