"""What a confined child does when it judges: read an object, lift and judge its programs, one after another, and say so as it goes.

    {"programs": [["filter", "filter", "xdp", "xdp"], …], "share": [0, …], "needs_kernel_types": false}     key, name, section, type
    {"start": 0}                                            whatever ends the child now, this program is why
    {"ask": ["filter", …], "ir": "6b86…"}                    -> {"hit": false}
    {"draft": {"code": "…", "ir": "…", "verdict": {…}}}      there are findings, and names for them are looked for
    {"index": 0, "code": "…", "ir": "…", "verdict": {…}}     {"index": 0, …, "hit": true} where the parent knew it
    {"end": true}

Queries for the solver go the same way: {"smt": "(assert …)", "rlimit": 4000000}. A second child looks for inputs that show the errors
that the first one found, see `bpfcc.judgement`. The parent's side is `bpfcc.isolate.judging`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NoReturn, final

from bpfcc.bpfir.collector import paused_collector
from bpfcc.errors import InputError, UnsupportedError
from bpfcc.hints import from_text, to_text
from bpfcc.isolate.fork import result_of
from bpfcc.isolate.reader import ReadRequest, btf_from_bytes, code_digest, wants_target
from bpfcc.judgement import (
    Rules,
    explain_verdict,
    illustrate,
    judge_and_hint,
    lift_for,
    malformed,
    subject_of,
    unknown_type,
    unsupported,
    warm_up,
)
from bpfcc.program import tail_callable
from bpfcc.smt import STATUSES, SmtAnswer, local_solver

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bpfcc.frontend.btf import Btf
    from bpfcc.frontend.objects import Object as RawObject
    from bpfcc.isolate.channel import Channel
    from bpfcc.program import Object, Program
    from bpfcc.smt import Smt
    from bpfcc.verifier.options import BtfPointer, KernelTypes
    from bpfcc.verifier.verdict import Verdict

# Less code than that is judged by one child.
SHARED_BYTES: Final = 4_000
# Programs whose arguments the kernel's types describe: it is no use to begin without them.
TYPED: Final = frozenset({"tracing", "lsm", "struct_ops", "ext"})


@final
@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """An object to read, and how its programs are judged.

    `part` (i, n): the i-th of n shares of the programs. `sections`: only programs of these. `targets`: those that these can
    tail-call too. `only`: of all these, those that are left to do. `cached`: the parent answers what it knows already. `smt`: it
    has a solver.
    """

    read: ReadRequest
    rules: Rules
    # Verdicts to illustrate, by key: then nothing is judged.
    illustrate: Mapping[str, Verdict] = field(default_factory=dict)
    # Inputs to try for these (`bpfcc.hints`), by key.
    hints: Mapping[str, str] = field(default_factory=dict)
    part: tuple[int, int] = (0, 1)
    sections: tuple[str, ...] | None = None
    targets: bool = False
    only: tuple[str, ...] | None = None
    cached: bool = False
    smt: bool = False


class KernelTypesWantedError(Exception):
    """A program needs the kernel's types, which this child has not got and cannot open."""


@final
class WantedTypes:
    """Stands in for the kernel's types: the first question says that they are wanted."""

    def arguments(self, program_type: str, attach_type: str | None, target: str | None) -> NoReturn:
        raise KernelTypesWantedError

    def member(self, pointer: BtfPointer, offset: int, size: int, *, rcu: bool = True) -> NoReturn:
        raise KernelTypesWantedError

    def is_a(self, pointer: BtfPointer, name: str, *, strict: bool = False, offset: int = 0) -> NoReturn:
        raise KernelTypesWantedError

    def named(self, name: str) -> NoReturn:
        raise KernelTypesWantedError


@final
class JudgeJob:
    """A request with everything imported and opened that serving it needs. Made before the child is confined."""

    def __init__(self, request: JudgeRequest, *, own_solver: bool = False) -> None:
        """`own_solver`: a process that cannot ask for another child answers its queries itself, where z3 is installed."""
        from bpfcc.frontend.btf import Btf
        from bpfcc.frontend.conventions import conventions_of
        from bpfcc.pipeline import warm_up as warm_up_reading

        warm_up_reading(lift=True)
        warm_up(request.rules, runs=bool(request.illustrate))
        conventions_of(request.read.platform)
        self.request: Final = request
        self.kernel_btf: Final[Btf | None] = Btf.kernel() if request.read.kernel_types and request.read.target_btf is None else None
        self.types: KernelTypes | None = WantedTypes() if request.rules.platform == "linux" else None
        if request.read.kernel_types and not request.illustrate:
            self.types = preloaded(self.kernel_btf)
        self._usage = import_module("resource").getrusage if sys.platform != "win32" else None
        self.object: Object | None = None
        self.programs: dict[str, Program] = {}
        self._own_solver: Smt | None = None
        if own_solver and request.smt:
            self._own_solver = local_solver()
            if self._own_solver is not None:
                self._own_solver("(assert true)", 1000)

    # ---- in the child

    def serve(self, channel: Channel) -> None:
        """Read, then judge program after program."""
        begun = result_of(self._read)
        channel.send(begun)
        if self.object is None or begun.get("needs_kernel_types"):
            return
        for index in begun["share"]:
            key = begun["programs"][index][0]
            channel.send({"start": index})
            try:
                # What one program leaves behind is collected after it.
                with paused_collector():
                    answer: dict[str, Any] = result_of(lambda key=key: self._judge(key, channel))  # type: ignore[misc]
            except KernelTypesWantedError:
                answer = {"needs_kernel_types": True}
            channel.send({"index": index} | answer)
            if "needs_kernel_types" in answer or answer.get("error", {}).get("kind") == "memory":
                return
        channel.send({"end": True})

    def _read(self) -> dict[str, Any]:
        from bpfcc.frontend.conventions import conventions_of
        from bpfcc.frontend.objects import load
        from bpfcc.program import Object

        read = self.request.read
        target = btf_from_bytes(read.target_btf) if read.target_btf is not None else self.kernel_btf
        if read.target_btf is not None and not self.request.illustrate:
            self.types = preloaded(target)
        raw = load(read.data, types=read.types, target_btf=target, file=read.file, conventions=conventions_of(read.platform))
        obj = Object(raw)
        chosen = [key for key in obj.programs if read.programs is None or key in read.programs]
        chosen += [key for key in read.programs or () if key not in chosen and obj.program(key)]
        if self.request.sections is not None:
            chosen = in_sections(obj, chosen, self.request.sections)
        missing = target is None and not read.kernel_types
        if missing and (wants_target(raw) or self._wants_types(raw)):
            return {"programs": [], "share": [], "needs_kernel_types": True}
        self.object = obj
        self.programs = {key: obj.programs.get(key) or obj.program(key) for key in chosen}
        if self.request.targets:
            self._add_targets()
        if self.request.only is not None:
            self.programs = {key: program for key, program in self.programs.items() if key in self.request.only}
        named = [[key, program.name, program.section, program.type] for key, program in self.programs.items()]
        return {"programs": named, "share": self._share(), "needs_kernel_types": False}

    def _share(self) -> list[int]:
        """Which of the programs are this child's: the longest first, each to whoever has the least; all children count the same."""
        part, parts = self.request.part
        sizes = [size_of(program) for program in self.programs.values()] if parts > 1 else []
        if sum(sizes) < SHARED_BYTES:
            # Another child would cost more than it saves.
            return list(range(len(self.programs))) if part == 0 else []
        given, mine = [0] * parts, []
        for index in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
            to = given.index(min(given))
            given[to] += sizes[index] + 1
            if to == part:
                mine.append(index)
        return sorted(mine)

    def _wants_types(self, raw: RawObject) -> bool:
        return not self.request.illustrate and self.types is not None and any(program.type in TYPED for program in raw.programs.values())

    def _add_targets(self) -> None:
        """Programs that tail calls can enter: they are judged as what their callers are."""
        for program in list(self.programs.values()):
            try:
                targets = list(tail_callable(program))
            except (InputError, UnsupportedError):
                # It is that program's fault, and found when it is judged.
                continue
            known = {each.name for each in self.programs.values()}
            self.programs |= {each.name: each for each in targets if each.name not in known}

    def _judge(self, key: str, channel: Channel) -> dict[str, Any]:
        program = self.programs[key]
        rules = self.request.rules
        if key in self.request.illustrate:
            return self._illustrate(program, key)
        try:
            code = code_digest(program.bytecode)
        except InputError as error:
            return self._answer(None, None, malformed(program, rules, error))
        except UnsupportedError as error:
            return self._answer(None, None, unsupported(program, rules, error))
        if program.type is None and not rules.port:
            return self._answer(code, None, unknown_type(program, rules))
        return self._judge_linked(program, code, channel)

    def _judge_linked(self, program: Program, code: str, channel: Channel) -> dict[str, Any]:
        from bpfcc.fingerprint import about
        from bpfcc.program import module_digest

        rules = self.request.rules
        try:
            judged, module = subject_of(program, rules)
        except InputError as error:
            return self._answer(code, None, malformed(program, rules, error))
        except UnsupportedError as error:
            return self._answer(code, None, unsupported(program, rules, error))
        digest = module_digest(module)
        if self.request.cached and channel.ask({"ask": about(program), "ir": digest})["hit"]:
            return {"code": code, "ir": digest, "hit": True}
        smt = self._own_solver or (RemoteSolver(channel) if self.request.smt else None)
        verdict, hints = judge_and_hint(judged, rules, kernel_types=self.types, smt=smt, module=module, digest=digest)
        answer = self._answer(code, digest, verdict)
        if not rules.explain or not verdict.findings or not verdict.digest:
            return answer
        # Names come from debug information, which may be anything: should this child end there, the verdict is not lost.
        channel.send({"draft": answer})
        answer = self._answer(code, digest, explain_verdict(verdict, program, module))
        return answer | {"hints": to_text(hints)} if hints else answer

    def _illustrate(self, program: Program, key: str) -> dict[str, Any]:
        from bpfcc.explain import object_record
        from bpfcc.program import module_digest

        verdict = self.request.illustrate[key]
        module = lift_for(program, self.request.rules)
        if module_digest(module) == verdict.digest:
            verdict = illustrate(verdict, program, module, from_text(self.request.hints.get(key, "")))
        return {"code": None, "ir": verdict.digest, "verdict": object_record("", [verdict], wire=True)}

    def _answer(self, code: str | None, digest: str | None, verdict: Verdict) -> dict[str, Any]:
        from bpfcc.explain import object_record

        if self._usage is not None and not verdict.stats.peak_kib:
            peak = self._usage(0).ru_maxrss
            verdict = replace(verdict, stats=replace(verdict.stats, peak_kib=peak if sys.platform == "linux" else peak >> 10))
        # A verdict without a digest is of this run only.
        return {
            "code": code,
            "ir": digest if verdict.digest else None,
            "verdict": object_record(self.request.read.file or "", [verdict], wire=True),
        }


def size_of(program: Program) -> int:
    """Bytes of code; 0 where it cannot be linked, which is found when it is judged."""
    try:
        return len(program.bytecode.code)
    except (InputError, UnsupportedError):
        return 0


def in_sections(obj: Object, keys: list[str], sections: tuple[str, ...]) -> list[str]:
    """Those of the programs that are in one of the sections. InputError for a section without programs."""
    known = {obj.program(key).section for key in keys}
    for section in sections:
        if section not in known:
            raise InputError(
                f"no program in section {section!r}; sections with programs: {', '.join(sorted(known)) or 'none'}", file=obj.file
            )
    return [key for key in keys if obj.program(key).section in sections]


@final
class RemoteSolver:
    """`bpfcc.smt.Smt` in a child: the parent passes queries to the child that has z3."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __call__(self, text: str, rlimit: int) -> SmtAnswer:
        """Answer one query; `unknown` where the solver is gone."""
        return answer_of_record(self._channel.ask({"smt": text, "rlimit": rlimit}))


def answer_of_record(record: Any) -> SmtAnswer:
    """A solver's answer from JSON; whatever is not as it should be is `unknown`."""
    if not isinstance(record, dict) or record.get("status") not in STATUSES:
        return SmtAnswer("unknown")
    model = record.get("model", {})
    if not isinstance(model, dict) or not all(isinstance(name, str) and isinstance(value, int) for name, value in model.items()):
        return SmtAnswer("unknown")
    return SmtAnswer(record["status"], model)


def preloaded(btf: Btf | None) -> KernelTypes | None:
    """The kernel's types with everything read that is read late; None where there are none."""
    if btf is None:
        return None
    from bpfcc.types import kernel_types

    types = kernel_types(btf)
    types.preload()
    return types
