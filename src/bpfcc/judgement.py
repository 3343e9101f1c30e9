"""Judging one program: lift it, ask the verifier; then fold, name and illustrate what it found.

    verdict = judge_program(program, Rules("linux", Options(deny=frozenset({"uninit-stack"}))))
    verdict.status, verdict.findings[0].code, verdict.digest
    explain_verdict(verdict, program, program.ir)       C names, source lines; illustrate(…): inputs that show what goes wrong

This is what the library does in-process and what isolated children do (`bpfcc.isolate.judge`); nothing here reads or writes files once
`warm_up` has been called. Illustrating is a step of its own, for what runs programs takes longer to import than most take to judge, and
most have no error to show. A program that cannot be judged still gets a verdict, that says so.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Protocol, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.hints import NONE as NO_HINTS
from bpfcc.verifier.options import Options, Request
from bpfcc.verifier.verdict import Finding, Stats, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.bpfir.function import Module
    from bpfcc.hints import Hints
    from bpfcc.program import Program
    from bpfcc.smt import Smt
    from bpfcc.verifier.options import KernelTypes
    from bpfcc.verifier.verdict import Cause, Status

ENGINE: Final = "bpfcc.verifier.judge"
# Findings of a program that get a search for an input that shows them, and what each may cost.
MAX_SEARCHED: Final = 4
SEARCH_RUNS: Final = 300
# What a finding's text calls the operands of its instruction, where nothing names them.
WORDS: Final = {
    "base": "the address", "value": "the value", "lhs": "the left operand", "rhs": "the right operand", "result": "the result",
    "arg1": "argument 1", "arg2": "argument 2", "arg3": "argument 3", "arg4": "argument 4", "arg5": "argument 5",
}  # fmt: skip
MAX_CALLED_BACK: Final = 64
PLACEHOLDER: Final = re.compile(r"\{(" + "|".join(WORDS) + r")\}")
# Whether back ends ask for a verdict.
GATE: Final = True
# The platform whose programs can be run: that is how a counterexample is found.
RUNS_HERE: Final = "linux"
UNSUPPORTED: Final = "V075"
EXHAUSTED: Final = "V071"


class Judgement(Protocol):
    """What the verifier's engine answers."""

    @property
    def status(self) -> Status: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def zeroed(self) -> Mapping[str, int]: ...


class Engine(Protocol):
    """`bpfcc.verifier.judge.judge`."""

    def __call__(self, module: Module, request: Request, /, *, smt: Smt | None = None) -> Judgement: ...


class Named(Protocol):
    """What a verdict says of its program, whatever it finds."""

    @property
    def name(self) -> str: ...
    @property
    def section(self) -> str: ...
    @property
    def type(self) -> str | None: ...


@final
@dataclass(frozen=True, slots=True)
class Rules:
    """How programs are judged: `platform` is `linux`, `windows` or a file; `explain` names variables and folds follow-ups.

    `port`: programs are Linux's, and rewritten for Windows before they are judged (`bpfcc.porting`).
    """

    platform: str = "linux"
    options: Options = field(default_factory=Options)
    explain: bool = True
    port: bool = False


def engine_present() -> bool:
    """Whether this installation has the verifier's engine: without it nothing is refused, and everything runs checked."""
    return find_spec(ENGINE) is not None


def gate_closed() -> bool:
    """Whether programs have to be accepted before they run."""
    return GATE and engine_present()


def load_engine() -> Engine:
    """The engine. UnsupportedError where there is none."""
    if not engine_present():
        raise UnsupportedError("verification", "this installation has no verifier")
    engine: Engine = import_module(ENGINE).judge
    return engine


def judge_program(
    program: Program, rules: Rules, *, kernel_types: KernelTypes | None = None, smt: Smt | None = None, engine: Engine | None = None,
    module: Module | None = None, digest: str | None = None,
) -> Verdict:  # fmt: skip
    """The verdict on `program`. InputError where its code cannot be linked; everything else is a verdict.

    `module`: its IR where the caller has it (and its digest); it must be what `lift_for` gives.
    """
    return judge_and_hint(program, rules, kernel_types=kernel_types, smt=smt, engine=engine, module=module, digest=digest)[0]


def judge_and_hint(
    program: Program, rules: Rules, *, kernel_types: KernelTypes | None = None, smt: Smt | None = None, engine: Engine | None = None,
    module: Module | None = None, digest: str | None = None,
) -> tuple[Verdict, Hints]:  # fmt: skip
    """The same, and inputs that may show what is wrong, for `illustrate`."""
    from bpfcc.program import module_digest

    if program.type is None:
        return unknown_type(program, rules), NO_HINTS
    begun = time.perf_counter_ns()
    try:
        if module is None:
            module = lift_for(program, rules)
        request = request_for(program, rules, kernel_types)
        judged = ask(engine or load_engine(), module, request, smt if rules.options.smt else None)
    except UnsupportedError as error:
        return unsupported(program, rules, error), NO_HINTS
    except RecursionError:
        return exhausted(program, rules, "nesting: the program's structure is too deep"), NO_HINTS
    stats = judged.stats
    if not stats.time_us:
        stats = replace(stats, time_us=(time.perf_counter_ns() - begun) // 1000)
    if not stats.insns:
        stats = replace(stats, insns=len(program.bytecode.code) // 8)
    verdict = Verdict(
        program.name, program.section, program.type, request.platform.name, judged.status, tuple(judged.findings), stats,
        digest or module_digest(module), judged.zeroed,
    )  # fmt: skip
    return verdict, getattr(judged, "hints", NO_HINTS)


def ask(engine: Engine, module: Module, request: Request, smt: Smt | None) -> Judgement:
    """Ask the engine, with a solver where it takes one."""
    return engine(module, request, smt=smt) if "smt" in getattr(engine, "__annotations__", ()) else engine(module, request)


def subject_of(program: Program, rules: Rules) -> tuple[Program, Module]:
    """What is judged: the program and its IR, rewritten where the rules say so. UnsupportedError: it does not port."""
    if not rules.port:
        return program, lift_for(program, rules)
    from bpfcc.porting import rewritten

    there = rewritten(program)
    return there, there.ir


def lift_for(program: Program, rules: Rules) -> Module:
    """The IR that is judged: the same that runs, by the rules of its own platform."""
    from bpfcc.pipeline import lift_bytecode

    return program.ir if rules.platform == program.platform else lift_bytecode(program.bytecode, program.type, rules.platform)


def request_for(program: Program, rules: Rules, kernel_types: KernelTypes | None) -> Request:
    """What the engine is told of the program's surroundings. UnsupportedError: the platform has no such type."""
    from bpfcc.runtime.specs import load_platform
    from bpfcc.types import object_types

    platform = load_platform(rules.platform)
    program_type = program.type or ""
    platform.program_type(program_type)
    # An object without a license section says that it has none; of bare instructions nobody may have said anything.
    license = "" if program.license is None and program.object is not None else program.license  # noqa: A001 - the field's name
    return Request(
        platform=platform, type=program_type, attach_type=program.attach_type, attach_target=program.attach_target,
        sleepable=program.sleepable, license=license, options=rules.options, kernel_types=kernel_types,
        object_types=object_types(program.btf, program_type, platform), btf=program.btf,
    )  # fmt: skip


def explain_verdict(verdict: Verdict, program: Program, module: Module) -> Verdict:
    """The verdict with follow-ups folded, C names and source lines. `module` is what was judged."""
    if not verdict.findings or not verdict.digest:
        # Without a digest the engine had no part in it.
        return verdict
    from bpfcc.explain import fold, name_findings

    return replace(verdict, findings=tuple(name_findings(fold(verdict.findings, module), program, module)))


def illustrate(verdict: Verdict, program: Program, module: Module, hints: Hints = NO_HINTS) -> Verdict:
    """The verdict with inputs that show what goes wrong, for errors where such are found. It is Linux's rules that programs run by here.

    `hints`: inputs to try first, by instruction.
    """
    from bpfcc.counterexamples import search

    findings = list(verdict.findings)
    wanted = [
        at for at, finding in enumerate(findings) if finding.level == "error" and finding.counterexample is None and finding.insn >= 0
    ]
    for at in wanted[:MAX_SEARCHED]:
        found = search(program, module, findings[at], budget_runs=SEARCH_RUNS, hints=hints.get(findings[at].insn, ()))
        if found is not None:
            findings[at] = replace(findings[at], counterexample=found, cause="source")
    return replace(verdict, findings=tuple(findings))


def unexplained(verdict: Verdict) -> Verdict:
    """The verdict as the engine gave it, in words that need no names."""
    return replace(verdict, findings=tuple(replace_texts(finding) for finding in verdict.findings))


def replace_texts(finding: Finding) -> Finding:
    """A finding with words in place of names."""

    def filled(text: str | None) -> str | None:
        return None if text is None else PLACEHOLDER.sub(lambda match: WORDS[match.group(1)], text)

    related = tuple(replace(each, message=filled(each.message) or "") for each in finding.related)
    return replace(
        finding, message=filled(finding.message) or "", required=filled(finding.required), known=filled(finding.known),
        suggestion=filled(finding.suggestion), related=related,
    )  # fmt: skip


# ---- verdicts on what cannot be judged


def unknown_type(program: Named, rules: Rules) -> Verdict:
    """Neither the section nor the caller says what the program is."""
    place = program.section or program.name
    return refused(
        program, rules, "unsupported", UNSUPPORTED,
        f"section {program.section!r} does not tell the type of program {program.name!r}" if program.section else
        f"the type of program {program.name!r} is not known",
        suggestion=f"say it with --type {place}=TYPE (types= in Python)", cause="environment",
    )  # fmt: skip


def unsupported(program: Named, rules: Rules, error: UnsupportedError, digest: str = "") -> Verdict:
    """Something that bpfcc recognises and cannot judge."""
    insn = error.insn if error.insn is not None else -1
    if rules.port and not digest:
        # It is known, and not there.
        hint = "`bpfcc compat` says what is absent, where, and why"
        return refused(program, rules, "unsupported", UNSUPPORTED, error.message, insn=insn, cause="environment", suggestion=hint)
    return refused(program, rules, "unsupported", UNSUPPORTED, error.message, insn=insn, cause="unsupported", digest=digest)


def malformed(program: Named, rules: Rules, error: InputError) -> Verdict:
    """Its code or relocations make no program; others of its object may be fine."""
    insn = error.insn if error.insn is not None else -1
    what = str(InputError(error.message, section=error.section, offset=error.offset))
    return refused(program, rules, "rejected", UNSUPPORTED, f"it cannot be read as a program: {what}", insn=insn, cause="source")


def exhausted(program: Named, rules: Rules, what: str, digest: str = "") -> Verdict:
    """Judging it used up what a verification may use: `what` names it."""
    return refused(program, rules, "rejected", EXHAUSTED, f"judging it ran out of {what}", cause="analysis-limit", digest=digest)


def refused(
    program: Named, rules: Rules, status: Status, code: str, message: str, *, insn: int = -1, cause: Cause, suggestion: str | None = None,
    digest: str = "",
) -> Verdict:  # fmt: skip
    """A verdict of one finding that the engine did not make."""
    # A finding's text has placeholders in braces; these texts quote what they were given.
    message = message.replace("{", "(").replace("}", ")")
    finding = Finding(code, "error", message, function=program.name, insn=insn, cause=cause, suggestion=suggestion)
    stats = Stats()
    return Verdict(program.name, program.section, program.type, rules.platform, status, (finding,), stats, digest)


# ---- a child without files

# Modules that are imported where they are needed: (packages with everything in them, modules).
FOR_JUDGING: Final = (
    ("bpfcc.verifier", "bpfcc.types", "bpfcc.explain"),
    ("bpfcc.frontend.dwarf", "bpfcc.smt", "bpfcc.program", "bpfcc.runtime.specs.kfuncs"),
)
FOR_ILLUSTRATING: Final = (
    ("bpfcc.explain", "bpfcc.counterexamples", "bpfcc.runtime", "bpfcc.backends"),
    ("bpfcc.frontend.dwarf", "bpfcc.frontend.btf_values", "bpfcc.execution", "bpfcc.seeds", "bpfcc.values"),
)
# Prose, forms of output, and the native library, which is loaded but not imported.
NOT_FOR_CHILDREN: Final = frozenset(
    {"bpfcc.runtime._native", "bpfcc.verifier.catalogue", "bpfcc.explain.sarif", "bpfcc.explain.text", "bpfcc.explain.cause"}
)


def warm_up(rules: Rules, *, runs: bool = False) -> None:
    """Import everything that judging imports when it needs it (or running, to illustrate), and read the platform's tables."""
    from bpfcc.runtime.specs import load_platform

    platform = load_platform(rules.platform)
    packages, modules = FOR_ILLUSTRATING if runs else FOR_JUDGING
    if not runs:
        load_engine()
        # A table of its own, which is read at the first question.
        _ = platform.kfuncs
        if rules.port:
            warm_up_ports()
    for package in packages:
        import_all(package)
    for name in modules:
        import_module(name)
    if runs:
        warm_up_runs()


def warm_up_ports() -> None:
    """What rewriting imports and reads."""
    from bpfcc.runtime.specs import load_platform

    import_module("bpfcc.porting")
    import_all("bpfcc.compat.rewrite")
    import_module("bpfcc.compat.rewrite.table").correspondence()
    load_platform(RUNS_HERE)


def warm_up_runs() -> None:
    """Let a child run programs: the native library is there, and room for functions that it calls back, which is executable memory."""
    import ctypes

    from bpfcc.runtime.memory import state_library

    state_library()
    # The allocator keeps what is freed: later ones take no system call.
    function = ctypes.CFUNCTYPE(None)
    del [function(tuple) for _ in range(MAX_CALLED_BACK)][:]


def import_all(package: str) -> None:
    """Import a package with everything in it that children need."""
    import pkgutil

    made = import_module(package)
    for found in pkgutil.iter_modules(made.__path__, f"{package}."):
        if found.name in NOT_FOR_CHILDREN:
            continue
        if found.ispkg:
            import_all(found.name)
        else:
            import_module(found.name)
