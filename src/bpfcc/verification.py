"""Verdicts for the library: `bpfcc.verify`.

    verdict = bpfcc.verify(prog, deny=["uninit-stack"])
    verdict.accepted, verdict.findings[0].code
    print(verdict)                                   as `bpfcc verify` shows it
    verdict.facts_at("filter.bpf.c", 14)             what is known of each variable there

A program is judged in this process, or in a confined child (`isolated=True`) when its object is a stranger's. A rejected program is a
value here; only running it is refused.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, final

from bpfcc.errors import InputError, UnsupportedError
from bpfcc.fingerprint import about, program_key, surroundings
from bpfcc.judgement import Rules, explain_verdict, illustrate, judge_and_hint, judge_program, lift_for, unexplained
from bpfcc.verdict_cache import VerdictCache
from bpfcc.verifier.codes import CLASSES
from bpfcc.verifier.options import Budget, Options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bpfcc.bpfir.function import Module
    from bpfcc.hints import Hints
    from bpfcc.program import Program
    from bpfcc.verifier import verdict as plain
    from bpfcc.verifier.options import KernelTypes
    from bpfcc.verifier.verdict import Finding, Stats, Status

# A cache, none, or the user's own where the caller does not care.
CacheChoice = VerdictCache | Literal["default"] | None

# Only for programs that run here: the same rules, every time.
HERE: Final = Rules()


@final
class Verdict:
    """The judgement on one program. `str()` is what `bpfcc verify` prints about it."""

    __slots__ = ("_facts", "_program", "_rules", "record")

    def __init__(self, record: plain.Verdict, program: Program, rules: Rules) -> None:
        self.record: Final = record
        self._program = program
        self._rules = rules
        self._facts: LineFacts | None = None

    @property
    def accepted(self) -> bool:
        """Whether the program may run unchecked."""
        return self.record.accepted

    @property
    def status(self) -> Status:
        """`accepted`, `rejected` or `unsupported`."""
        return self.record.status

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong (errors), and what is doubtful (warnings), in the program's order."""
        return self.record.findings

    @property
    def stats(self) -> Stats:
        """Sizes, times, and the bound on executed instructions."""
        return self.record.stats

    @property
    def name(self) -> str:
        """The program's name."""
        return self.record.name

    @property
    def section(self) -> str:
        """The section that it is in, "" without an object."""
        return self.record.section

    @property
    def type(self) -> str | None:
        """Its type."""
        return self.record.type

    @property
    def platform(self) -> str:
        """Whose rules it was judged by."""
        return self.record.platform

    @property
    def digest(self) -> str:
        """SHA-256 of the IR that was judged, "" where it did not come so far."""
        return self.record.digest

    def facts_at(self, file: str | Path, line: int) -> dict[str, str]:
        """What is known of each variable before that line of the source runs: name -> words. Empty where nothing of it runs there.

        `file` may be the end of the path that debug information has. It takes an object with debug information (`-g`).
        """
        if self._facts is None:
            self._facts = LineFacts(self._program, self._rules)
        return self._facts.at(str(file), line)

    def to_dict(self) -> dict[str, Any]:
        """The document of `bpfcc verify --json` for this program alone (schema `bpfcc.verify/1`)."""
        from bpfcc.explain import object_record

        return object_record(self._program.file or "", [self.record])

    def to_json(self, *, indent: int | None = None) -> str:
        """The same as text."""
        import json

        return json.dumps(self.to_dict(), indent=indent)

    def to_sarif(self) -> dict[str, Any]:
        """A SARIF 2.1.0 log with one run."""
        from bpfcc.explain import to_sarif

        return to_sarif(self._program.file or self.record.name, [self.record])

    def __str__(self) -> str:
        from bpfcc.explain import render_verdict

        return render_verdict(self.record, color=False, object_name=self._program.file)

    def __repr__(self) -> str:
        codes = ", ".join(finding.code for finding in self.findings)
        return f"<Verdict {self.name} {self.status}{f': {codes}' if codes else ''}>"


def verify(
    program: Program, platform: str | None = None, *, attach_type: str | None = None, deny: Iterable[str] = (), warn: Iterable[str] = (),
    strict: bool = False, termination: bool = True, max_insns: int | None = None, budget: Budget | None = None, isolated: bool = False,
    explain: bool = True, cache: CacheChoice = "default",
) -> Verdict:  # fmt: skip
    """Judge a program by the rules of `platform` (`linux`, `windows`, or a file with tables), of its own where that is None.

    `deny` and `warn` set the level of classes of findings, `strict` denies all that `warn` does not name. `termination`: loops need a
    bound; `max_insns`: and a run may execute no more than that. `budget`: what judging may cost, in steps. `isolated`: in a confined
    child. `explain`: C names, source lines and counterexamples. `cache`: None for none. InputError: a class that is none, a program
    that cannot be linked.
    """
    options = Options(classes(deny), classes(warn), strict, termination, max_insns, budget=budget or Budget())
    rules = Rules(platform or program.platform, options, explain)
    if attach_type is not None:
        program = program.attached(attach_type)
    kept = VerdictCache.default() if cache == "default" else cache
    record = judge_apart(program, rules, kept) if isolated else judge_here(program, rules, kept)
    return Verdict(record, program, rules)


def classes(names: Iterable[str]) -> frozenset[str]:
    """Classes of findings; InputError for a name that is none."""
    found = frozenset([names] if isinstance(names, str) else names)
    unknown = sorted(found - set(CLASSES))
    if unknown:
        raise InputError(f"no class of findings {', '.join(unknown)}; there are {', '.join(sorted(CLASSES))}")
    return found


def judge_here(program: Program, rules: Rules = HERE, cache: CacheChoice = "default") -> plain.Verdict:
    """The verdict on a program, in this process. InputError where it cannot be linked."""
    if program.type is None:
        return judge_program(program, rules)
    kept = VerdictCache.default() if cache == "default" else cache
    try:
        module = lift_for(program, rules)
    except UnsupportedError as error:
        from bpfcc.judgement import unsupported

        return unsupported(program, rules, error)
    digest = digest_for(program, rules, module)
    key = "" if kept is None else program_key(base_of(program, rules), about(program), digest)
    found = remembered(kept, key, digest)
    if found is not None:
        return found
    from bpfcc.smt import local_solver

    verdict, hints = judge_and_hint(
        program, rules, kernel_types=kernel_types(program, rules), smt=local_solver(), module=module, digest=digest
    )
    verdict = finished(verdict, program, rules, module, hints)
    if kept is not None and verdict.digest:
        from bpfcc.explain import object_record

        kept.put(key, object_record("", [verdict], wire=True))
    return verdict


def finished(verdict: plain.Verdict, program: Program, rules: Rules, module: Module, hints: Hints) -> plain.Verdict:
    """The verdict as it is shown."""
    if not rules.explain:
        return unexplained(verdict)
    named = explain_verdict(verdict, program, module)
    return illustrate(named, program, module, hints) if rules.platform == HERE.platform else named


def remembered(cache: VerdictCache | None, key: str, digest: str) -> plain.Verdict | None:
    """What the cache has, if it makes sense."""
    record = cache.get(key) if cache is not None else None
    if record is None:
        return None
    from bpfcc.isolate.task import verdict_of

    try:
        found = verdict_of(record, "")
    except InputError:
        return None
    return found if found.digest == digest else None


def digest_for(program: Program, rules: Rules, module: Module) -> str:
    """SHA-256 of the IR that is judged."""
    from bpfcc.program import module_digest

    return program.ir_digest if rules.platform == program.platform else module_digest(module)


def base_of(program: Program, rules: Rules) -> str:
    """What the verdicts on programs of its object share."""
    owner = program.object
    target = owner.target_btf if owner is not None else None
    data = Path(target).read_bytes() if target is not None else None
    return surroundings(rules, owner.digest if owner is not None else "", data)


def kernel_types(program: Program, rules: Rules) -> KernelTypes | None:
    """Types of the kernel: those that the object was loaded with, else the running one's, read at the first question."""
    if rules.platform != HERE.platform:
        return None
    from bpfcc.frontend.btf import Btf
    from bpfcc.types import LazyKernelTypes

    target = program.object.target_btf if program.object is not None else None
    return LazyKernelTypes((lambda: Btf.from_file(target)) if target is not None else Btf.kernel)


def judge_apart(program: Program, rules: Rules, cache: VerdictCache | None) -> plain.Verdict:
    """The verdict on a program, in a confined child that reads its object anew."""
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.judging import judge_object
    from bpfcc.isolate.reader import ReadRequest

    owner = program.object
    if owner is None:
        raise UnsupportedError("isolated verification without an object", "a program without an object is judged in this process")
    key = f"{program.section}:{program.name}"
    target = Path(owner.target_btf).read_bytes() if owner.target_btf is not None else None
    types = {key: program.type} if program.type is not None else None
    read = ReadRequest(owner.data, owner.file, types, target, programs=(key,), platform=owner.platform)
    (found,) = judge_object(JudgeRequest(read, rules, smt=rules.options.smt), cache=cache)
    if found.verdict is None or found.error is not None:
        raise found.error or InputError("it has no verdict", file=owner.file)
    return replace(found.verdict, name=program.name, section=program.section)


@final
class LineFacts:
    """What is known of variables, line by line."""

    def __init__(self, program: Program, rules: Rules) -> None:
        from bpfcc.judgement import ask, load_engine, request_for
        from bpfcc.pipeline import lift_bytecode
        from bpfcc.smt import local_solver

        self._program = program
        # The same operations as those that were judged, with what registers held kept.
        self._module = lift_bytecode(program.bytecode, program.type, rules.platform, bindings=True)
        request = request_for(program, rules, kernel_types(program, rules))
        judged: Any = ask(load_engine(), self._module, request, local_solver())
        self._facts = {name: facts for name, (_, facts) in judged.facts.items()}

    def at(self, file: str, line: int) -> dict[str, str]:
        """By the first instruction of the line that says something about the variable."""
        owner = self._program.object
        found: dict[str, str] = {}
        if owner is None:
            return found
        from bpfcc.frontend.variables import variables_at

        for insn in self._instructions(file, line):
            for bound in variables_at(owner.debug_info, self._module, self._program.bytecode, insn):
                text = self._text(bound.value, insn)
                if text and bound.name not in found:
                    found[bound.name] = text
        return found

    def _instructions(self, file: str, line: int) -> list[int]:
        """Instructions of a line, in order."""
        ends = sorted(self._module.lines)
        wanted = [
            at for at in ends if self._module.lines[at].line == line and is_end_of(file, self._module.lines[at].file)
        ]  # fmt: skip
        return [insn for start in wanted for insn in range(start, next((at for at in ends if at > start), start + 1))]

    def _text(self, value: object, insn: int) -> str:
        from bpfcc.bpfir.ops import Value

        if isinstance(value, int):
            return str(value)
        if not isinstance(value, Value):
            return ""
        functions = [fn for fn in self._module.functions if fn.start <= insn]
        facts = self._facts.get(max(functions, key=lambda fn: fn.start).name) if functions else None
        if facts is None or value not in facts.of:
            return ""
        return fact_text(facts.of[value])


def fact_text(fact: object) -> str:
    """A fact in words."""
    from bpfcc.verifier.domains.number import describe
    from bpfcc.verifier.domains.scalar import Scalar

    return describe(fact) if isinstance(fact, Scalar) else repr(fact)


def is_end_of(wanted: str, path: str) -> bool:
    """Whether a path is the one that is wanted, or ends in it."""
    if wanted == path:
        return True
    parts, given = Path(path).parts, Path(wanted).parts
    return bool(given) and parts[-len(given) :] == given
