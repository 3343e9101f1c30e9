"""Programs as C: what `bpfcc build --emit c|so|exe` writes, with the names and lines of their sources.

found = emit_programs([obj.programs["filter"]], [verdict], made_from="filter.bpf.c")
found.text, found.reason                    reason: why the code checks itself, None where it was proven
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from bpfcc.backends.aot.emit import Part, emit, identifier
from bpfcc.backends.base import Environment, MapBinding, layout_of
from bpfcc.backends.binding import refuse_big_endian
from bpfcc.bpfir.ops import Assume, Value
from bpfcc.errors import InputError, InternalError, UnsupportedError
from bpfcc.execution import RAW, TAIL_CALL, needed_maps, refuse_externs
from bpfcc.frontend.dwarf_locations import Register
from bpfcc.gate import MAX_TAIL_CALLS, Admission, admit
from bpfcc.program import known_type, module_digest, with_targets
from bpfcc.runtime.contexts import context_codec
from bpfcc.runtime.specs import load_platform
from bpfcc.runtime.state import NEEDS
from bpfcc.shapes import map_notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bpfcc.bpfir.function import Function, Module
    from bpfcc.frontend.dwarf import DebugInfo
    from bpfcc.program import Program
    from bpfcc.verifier.verdict import Verdict

PLATFORM: Final = "linux"
# Names cost more than all the rest where functions are very long; such C nobody reads.
MAX_NAMED_INSNS: Final = 20_000
SLOT_BYTES: Final = 8
ANY_STEPS: Final = 1 << 62
NOWHERE: Final = 0xFFFF_FFFF


class Emission(NamedTuple):
    """C, and why it checks itself (None: it was proven)."""

    text: str
    reason: str | None


def emit_programs(
    programs: Sequence[Program], verdicts: Sequence[Verdict], *, checked: bool = False, lines: bool = True, made_from: str = "",
    own_runtime: bool = False,
) -> Emission:  # fmt: skip
    """One C file of the programs, and of those that they can tail-call; they share their maps.

    Each has to be accepted, by one of the verdicts or by judging it now, or else RejectedError; with `checked` any will do, and the
    code checks itself. `own_runtime`: it will be linked with bpfcc's runtime, so a helper that this has not got is an UnsupportedError.
    """
    programs = with_targets(programs)
    for program in programs:
        known_type(program)
        if program.platform != PLATFORM:
            message = f"program {program.name!r} is for {program.platform}: what is emitted for it are native images (--target windows)"
            raise UnsupportedError(f"emitting programs for {program.platform}", message, file=program.file)
        refuse_big_endian(program.ir)
        refuse_externs(program.ir)
    admissions = [Admission(None)] * len(programs)
    reason = "--no-verify" if checked else None
    if not checked:
        admissions = [admit([program], [v for v in verdicts if v.digest == program.ir_digest], ANY_STEPS) for program in programs]
        late = [program.name for program, found in zip(programs, admissions, strict=True) if found.bound is None]
        if late:
            reason = f"{', '.join(late)}: accepted, but it follows pointers of the kernel, lets addresses out, or has no bound"
    named = [named_module(program) for program in programs]

    def made(*, checked: bool) -> str:
        parts, environments = [], []
        for program, found, (module, names) in zip(programs, admissions, named, strict=True):
            number = load_platform(PLATFORM).program_type(program.type or RAW).number
            bound = 0 if checked or found.bound is None else found.bound * (MAX_TAIL_CALLS + 1 if jumps(program) else 1)
            bound = bound if bound <= NOWHERE else 0
            zeroed = found.zeroed[0] if found.zeroed else None
            count = len(program.bytecode.code) // SLOT_BYTES
            parts.append(Part(module, names, program.section, number, bound, zeroed, program.attach_type, count))
            environments.append(offline(program, module, checked=checked, own_runtime=own_runtime))
        maps = needed_maps(programs)
        notes = {spec.name: map_notes(spec) for spec in maps}
        return emit(parts, environments, lines=lines, made_from=made_from, notes=notes, maps=maps).text

    if reason is None:
        try:
            return Emission(made(checked=False), None)
        except UnsupportedError as error:
            # What cannot be done with host addresses may be done with guest ones.
            reason = error.message
    return Emission(made(checked=True), reason)


def jumps(program: Program) -> bool:
    """Whether it can tail-call."""
    return any(spec.type == "prog_array" for spec in program.maps)


def offline(program: Program, module: Module, *, checked: bool, own_runtime: bool) -> Environment:
    """What a program is emitted against when nobody runs it yet."""
    platform = load_platform(PLATFORM)
    codec = context_codec(platform, program.type or RAW, program.attach_type) if program.type != RAW else None
    known = platform.helpers_by_id
    return Environment(
        maps=[MapBinding(0)] * len(module.maps),
        helper_address=runtime_helper if own_runtime else lambda helper: int(helper in known),
        helper_name=lambda helper: f"bpf_{known[helper].name}" if helper in known else f"helper {helper}",
        quiet_helpers=platform.settled_ids,
        tail_call_helper=TAIL_CALL,
        layout=layout_of(codec),
        checked=checked,
        offline=True,
    )


def runtime_helper(helper: int) -> int:
    """Not 0 where bpfcc's runtime has the helper, and nobody has to supply what it tells."""
    from bpfcc.runtime.memory import state_library

    known = load_platform(PLATFORM).helpers_by_id
    return int(helper in known and known[helper].name not in NEEDS and bool(state_library().bpfcc_helper_table(helper)))


# ---- names ------------------------------------------------------------------------------------------------------------------


def named_module(program: Program) -> tuple[Module, Mapping[str, Mapping[Value, str]]]:
    """The program's module, and what its source calls the values, by function; nothing where there is no debug information."""
    from bpfcc.pipeline import lift_bytecode

    info = named_by(program)
    if info is None:
        return program.ir, {}
    module = lift_bytecode(program.bytecode, program.type, bindings=True)
    if module_digest(module) != program.ir_digest:
        raise InternalError(f"program {program.name!r} is lifted in two ways")
    return module, value_names(program, module)


def named_by(program: Program) -> DebugInfo | None:
    """The debug information that names the program's values, where there is some and it is not too much."""
    info = program.object.debug_info if program.object is not None else None
    return info if info is not None and info.present and len(program.bytecode.code) // SLOT_BYTES <= MAX_NAMED_INSNS else None


def value_names(program: Program, module: Module) -> Mapping[str, Mapping[Value, str]]:
    """What the source calls the values of a module that was lifted with bindings; nothing where debug information cannot be read."""
    info = named_by(program)
    try:
        return {fn.name: names_of(fn, program, info) for fn in module.functions} if info is not None else {}
    except InputError:
        return {}


def names_of(fn: Function, program: Program, info: DebugInfo) -> dict[Value, str]:
    """Of each value of a function the variable that holds it at most instructions."""
    from bpfcc.bpfir.bindings import Bindings
    from bpfcc.frontend.variables import span_of

    span = span_of(program.bytecode, fn.start)
    if span is None or not span.section:
        return {}
    bindings = Bindings(fn)
    found: dict[Value, Counter[str]] = {}
    for insn in range(span.start, span.start + span.length):
        for variable in info.variables_at(span.section, insn - span.start + span.section_start):
            if isinstance(variable.location, Register):
                held = bindings.held(insn, variable.location.number)
                if type(held) is Value:
                    found.setdefault(itself(held), Counter())[variable.name] += 1
    return {value: identifier(counts.most_common(1)[0][0]) for value, counts in found.items()}


def itself(value: Value) -> Value:
    """What a value is another name of."""
    while isinstance(value.definition, Assume) and type(value.definition.value) is Value:
        value = value.definition.value
    return value
