"""One object that is being judged: which of its programs have a verdict, which child judges what, what is tried again.

    task = ObjectTask(request, limits, cache, parts=1)
    attempt = task.take()                        a child's share of the work; start one with attempt.request
    attempt.on_record(record, worker)            what the child says
    attempt.on_end(status)                       how it ended
    task.finished, task.result()

A child that is ended while it judges a program has shown nothing about it. Where it had judged others before, the program is tried
again alone, with the limits all for itself; else its verdict says what ran out. Such a verdict is not kept.
"""

from __future__ import annotations

import hashlib
import signal
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from bpfcc.errors import BpfccError, InputError, InternalError
from bpfcc.fingerprint import program_key, surroundings
from bpfcc.hints import MAX_CHARS
from bpfcc.isolate.channel import Lines
from bpfcc.isolate.fork import ended_by_signal
from bpfcc.isolate.wire import MAX_PROGRAMS, digest_of, error_of, number_below, rubbish, text_of
from bpfcc.judgement import RUNS_HERE, exhausted, unexplained

if TYPE_CHECKING:
    from collections.abc import Callable

    from bpfcc.isolate.confine import Limits
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.worker import Worker
    from bpfcc.verdict_cache import VerdictCache
    from bpfcc.verifier.verdict import Verdict

MAX_ABOUT: Final = 16


class Identity(NamedTuple):
    """A program as its object names it."""

    key: str
    name: str
    section: str
    type: str | None


class JudgedProgram(NamedTuple):
    """A program's verdict, or the bug that kept it from having one. `code` and `ir` are digests, None where it did not get so far."""

    key: str
    verdict: Verdict | None
    code: str | None = None
    ir: str | None = None
    error: BpfccError | None = None
    cached: bool = False


class JudgedObject(NamedTuple):
    """The programs of an object in its order; or `error`, where the object itself cannot be read."""

    file: str
    programs: tuple[JudgedProgram, ...] = ()
    error: BpfccError | None = None


@final
class ObjectTask:
    """See the module."""

    def __init__(self, request: JudgeRequest, limits: Limits, cache: VerdictCache | None, *, parts: int = 1) -> None:
        self.request = request
        self.limits = limits
        self.cache = cache
        self.file: Final = request.read.file or ""
        self.order: tuple[Identity, ...] | None = None
        self.error: BpfccError | None = None
        self.done: dict[str, JudgedProgram] = {}
        self.running = 0
        self._shared = False
        self.base = ""
        # What verdicts are cached under, by program; and those whose errors wait to be shown by an input.
        self.keys: dict[str, str] = {}
        self._errors: dict[str, Verdict] = {}
        # What the child that judges has to say to the one that illustrates; nobody here reads it.
        self.hints: dict[str, str] = {}
        self._kernel_types = request.read.kernel_types
        if cache is not None:
            digest = hashlib.sha256(request.read.data).hexdigest()
            self.base = surroundings(request.rules, digest, request.read.target_btf)
        self._waiting = deque([Attempt(self, replace(request, part=(0, parts), cached=cache is not None))])

    @property
    def waiting(self) -> bool:
        """Whether there is work for another child."""
        return bool(self._waiting) and self.error is None

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return not self.running and not self.waiting

    def settle(self, program: JudgedProgram) -> None:
        """A program has its verdict: it is kept, or illustrated first."""
        self.done[program.key] = program
        verdict, rules = program.verdict, self.request.rules
        if verdict is None or program.cached:
            return
        runs = rules.explain and rules.platform == RUNS_HERE and verdict.digest
        if runs and any(finding.level == "error" for finding in verdict.findings):
            self._errors[program.key] = verdict
        else:
            self.remember(program.key, verdict)

    def remember(self, key: str, verdict: Verdict) -> None:
        """The verdict as it is shown, and as the cache has it from now on. Without a digest it is of this run only."""
        self.done[key] = self.done[key]._replace(verdict=verdict)
        if self.cache is not None and key in self.keys and verdict.digest:
            from bpfcc.explain import object_record

            self.cache.put(self.keys[key], object_record("", [verdict], wire=True))

    def illustrate(self) -> None:
        """When all are judged: work for a child that runs programs."""
        if self.running or self.waiting or not self._errors or self.error is not None:
            return
        found, self._errors = self._errors, {}
        read = replace(self.request.read, kernel_types=self._kernel_types)
        more = replace(self.request, read=read, part=(0, 1), only=tuple(found), cached=False, illustrate=found, hints=self.hints)
        self._waiting.append(Attempt(self, more))

    def take(self) -> Attempt:
        """A share of the work."""
        self.running += 1
        return self._waiting.popleft()

    def share(self, first: JudgeRequest) -> None:
        """The child with the first share leaves programs to others."""
        index, parts = first.part
        if index == 0 and not self._shared:
            self._shared = True
            self._waiting.extend(Attempt(self, replace(first, part=(other, parts))) for other in range(1, parts))

    def fail(self, error: BpfccError) -> None:
        """The object itself cannot be read, or its child makes no sense."""
        self.error = self.error or error

    def again(self, request: JudgeRequest, keys: tuple[str, ...] | None, *, kernel_types: bool) -> None:
        """Work that another child has to do: these programs, or the same share where None."""
        read = replace(request.read, kernel_types=kernel_types)
        self._kernel_types = self._kernel_types or kernel_types
        if keys is not None:
            if not keys:
                return
            request = replace(request, part=(0, 1), only=keys)
        if request.illustrate:
            request = replace(request, illustrate={key: verdict for key, verdict in request.illustrate.items() if key in (keys or ())})
        self._waiting.append(Attempt(self, replace(request, read=read)))

    def result(self) -> JudgedObject:
        """The object's verdicts, in its order."""
        if self.error is None and self.order is not None and any(each.key not in self.done for each in self.order):
            self.error = rubbish(self.file)
        if self.error is not None or self.order is None:
            return JudgedObject(self.file, (), self.error or rubbish(self.file))
        return JudgedObject(self.file, tuple(self.done[each.key] for each in self.order))


@final
class Attempt:
    """One child's share of an object."""

    def __init__(self, task: ObjectTask, request: JudgeRequest) -> None:
        self.task = task
        self.request = request
        self.lines = Lines(task.limits.answer_bytes, file=task.file)
        self.programs: tuple[Identity, ...] | None = None
        self.mine: list[Identity] = []
        self.current: Identity | None = None
        self.answered: set[str] = set()
        # The verdict on the program in work, should the child end while it looks for names.
        self._draft: JudgedProgram | None = None
        self.ended = False
        self.timed_out = False
        # What the program in work would be cached under, and what the cache has.
        self._known: Verdict | None = None

    # ---- what the child says

    def on_record(self, record: dict[str, Any], worker: Worker, solve: Callable[[str, int], dict[str, Any]]) -> None:
        """One record; InputError where it makes no sense."""
        file = self.task.file
        if self.ended:
            raise rubbish(file)
        if self.programs is None:
            self._begin(record)
        elif "start" in record:
            self._start(self.programs[number_below(record["start"], len(self.programs), file)], worker)
        elif "ask" in record:
            worker.reply({"hit": self._look_up(record)})
        elif "draft" in record and self.current is not None and not self.request.illustrate:
            self._draft = self._judged(self.current, record["draft"])
        elif "smt" in record:
            begun = time.monotonic()
            worker.reply(solve(text_or_empty(record["smt"]), number_below(record.get("rlimit"), 1 << 32, file)))
            worker.deadline += time.monotonic() - begun
        elif "index" in record:
            self._finish(self.programs[number_below(record["index"], len(self.programs), file)], record)
        elif "end" in record and self.current is None and not self._left():
            self.ended = True
        else:
            raise rubbish(file)

    def _begin(self, record: dict[str, Any]) -> None:
        file, request = self.task.file, self.request
        if "error" in record:
            self.task.fail(error_of(record["error"], file))
            self.ended = True
            return
        programs, needs = record.get("programs"), record.get("needs_kernel_types")
        if not isinstance(programs, list) or len(programs) > MAX_PROGRAMS or not isinstance(needs, bool):
            raise rubbish(file)
        if needs:
            if request.read.kernel_types:
                raise rubbish(file)
            self.task.again(request, None, kernel_types=True)
            self.ended = True
            return
        self.programs = tuple(identity(each, file) for each in programs)
        if len({each.key for each in self.programs}) != len(self.programs):
            raise rubbish(file)
        share = record.get("share")
        if not isinstance(share, list) or len(share) > len(self.programs):
            raise rubbish(file)
        self.mine = [self.programs[number_below(index, len(self.programs), file)] for index in share]
        if len(self.mine) < len(self.programs):
            self.task.share(request)
        if self.task.order is None:
            self.task.order = self.programs

    def _start(self, program: Identity, worker: Worker) -> None:
        if self.current is not None or program not in self._left():
            raise rubbish(self.task.file)
        self.current, self._known, self._draft = program, None, None
        worker.deadline = time.monotonic() + self.task.limits.wall_seconds

    def _left(self) -> list[Identity]:
        return [each for each in self.mine if each.key not in self.answered]

    def _look_up(self, record: dict[str, Any]) -> bool:
        """Whether the cache knows the program that the child is about to judge."""
        task, described = self.task, record["ask"]
        if self.current is None or not isinstance(described, list) or len(described) > MAX_ABOUT or task.cache is None:
            raise rubbish(task.file)
        ir = digest_of(record.get("ir"), task.file)
        key = task.keys[self.current.key] = program_key(task.base, described, ir)
        found = task.cache.get(key)
        if found is not None:
            try:
                verdict = verdict_of(found, task.file)
            except InputError:
                return False
            if verdict.digest == ir and verdict.name == self.current.name:
                self._known = verdict
        return self._known is not None

    def _finish(self, program: Identity, record: dict[str, Any]) -> None:
        if program != self.current:
            raise rubbish(self.task.file)
        if record.get("needs_kernel_types") is True and not self.request.read.kernel_types:
            self.current, self.ended = None, True
            self.task.again(self.request, tuple(each.key for each in self._left()), kernel_types=True)
        elif "error" in record:
            self._fault(program, record["error"])
        else:
            self._keep(program, record)
            self.current = None

    def _keep(self, program: Identity, record: dict[str, Any]) -> None:
        task, file = self.task, self.task.file
        self.answered.add(program.key)
        if self.request.illustrate:
            task.remember(program.key, self._more_of(self.request.illustrate[program.key], verdict_of(record.get("verdict"), file)))
            return
        if record.get("hit") is True:
            code, ir = self._digests(record)
            if self._known is None or self._known.digest != ir:
                raise rubbish(file)
            task.settle(JudgedProgram(program.key, self._known, code, ir, cached=True))
            return
        judged = self._judged(program, record)
        if judged.verdict is not None and self._draft is not None and self._draft.verdict is not None:
            judged = self._draft._replace(verdict=self._more_of(self._draft.verdict, judged.verdict))
        else:
            judged = plain(judged)
        hints = record.get("hints", "")
        if not isinstance(hints, str) or len(hints) > MAX_CHARS:
            raise rubbish(file)
        task.hints[program.key] = hints
        task.settle(judged)

    def _digests(self, record: dict[str, Any]) -> list[str | None]:
        return [None if record.get(name) is None else digest_of(record[name], self.task.file) for name in ("code", "ir")]

    def _judged(self, program: Identity, record: Any) -> JudgedProgram:
        """The verdict in a record."""
        if not isinstance(record, dict):
            raise rubbish(self.task.file)
        code, ir = self._digests(record)
        verdict = verdict_of(record.get("verdict"), self.task.file)
        if verdict.digest != (ir or "") or (verdict.accepted and ir is None):
            raise rubbish(self.task.file)
        return JudgedProgram(program.key, replace(verdict, name=program.name, section=program.section, type=program.type), code, ir)

    def _more_of(self, known: Verdict, verdict: Verdict) -> Verdict:
        """What a child says once there is a verdict: it may say more of it, not another."""
        if (verdict.status, verdict.digest) != (known.status, known.digest):
            raise rubbish(self.task.file)
        return replace(known, findings=verdict.findings)

    def _fault(self, program: Identity, record: Any) -> None:
        """The child could not judge the program, and says why."""
        kind = record.get("kind") if isinstance(record, dict) else None
        self.current = None
        if kind == "memory":
            self.ended = True
            self._ran_out(program, self._memory())
        elif kind == "recursion":
            self._give_up(program, "nesting: its structure is too deep")
        else:
            self._crashed(program, InternalError(f"{program.key}: {error_of(record, self.task.file)}"))

    # ---- how it ends

    def on_end(self, status: int) -> None:
        """The child has ended; a negative status is a signal's number."""
        task = self.task
        task.running -= 1
        self._settle(status)
        task.illustrate()

    def _settle(self, status: int) -> None:
        task, program = self.task, self.current
        if self.ended or task.error is not None:
            return
        if self.programs is None or program is None:
            task.fail(self._reading_fault(status))
            return
        self.current = None
        ended_by = -status
        if self.timed_out:
            self._ran_out(program, f"time ({task.limits.wall_seconds:g} s)")
        elif ended_by == getattr(signal, "SIGXCPU", 0):
            self._ran_out(program, f"processor time ({task.limits.cpu_seconds} s)")
        elif ended_by == getattr(signal, "SIGKILL", 0):
            self._ran_out(program, "memory or time: its process was killed")
        else:
            name = signal.Signals(ended_by).name if ended_by in set(signal.Signals) else f"status {status}"
            self._crashed(program, InternalError(f"the isolated verifier crashed ({name}) while it judged {program.key}"))
            self._others()

    def _reading_fault(self, status: int) -> BpfccError:
        file, limits = self.task.file, self.task.limits
        if self.timed_out:
            return InputError(f"reading it took longer than {limits.wall_seconds:g} s", file=file)
        return ended_by_signal(-status, limits, file) if status < 0 else rubbish(file)

    def _memory(self) -> str:
        return f"memory ({self.task.limits.memory_bytes >> 20} MiB)"

    def _ran_out(self, program: Identity, what: str) -> None:
        """Once more alone, unless it was alone or only names are missing; the others in any case."""
        if not self.answered or self._draft is not None:
            self._give_up(program, what)
        else:
            self.task.again(self.request, (program.key,), kernel_types=self.request.read.kernel_types)
        self._others(but=program)

    def _others(self, but: Identity | None = None) -> None:
        left = tuple(each.key for each in self._left() if each != but)
        self.task.again(self.request, left, kernel_types=self.request.read.kernel_types)

    def _give_up(self, program: Identity, what: str) -> None:
        self.answered.add(program.key)
        if self.request.illustrate:
            # The verdict stands; an input that shows it is missing.
            self.task.done[program.key] = self.task.done[program.key]._replace(verdict=self.request.illustrate[program.key])
        elif self._draft is not None:
            self.task.done[program.key] = plain(self._draft)
        else:
            self.task.settle(JudgedProgram(program.key, exhausted(program, self.request.rules, what)))

    def _crashed(self, program: Identity, error: InternalError) -> None:
        self.answered.add(program.key)
        found = self.task.done.get(program.key) or self._draft or JudgedProgram(program.key, None)
        self.task.done[program.key] = plain(found)._replace(error=error)


def plain(found: JudgedProgram) -> JudgedProgram:
    """Its verdict in words that need no names; of one that has names already nothing changes."""
    return found._replace(verdict=unexplained(found.verdict)) if found.verdict is not None else found


def identity(record: Any, file: str) -> Identity:
    """A program's names from a child's answer."""
    if not isinstance(record, list) or len(record) != 4:
        raise rubbish(file)
    key, name, section, kind = record
    return Identity(text_of(key, file), text_of(name, file), text_of(section, file), None if kind is None else text_of(kind, file))


def verdict_of(record: Any, file: str) -> Verdict:
    """One verdict from a document of one. InputError where it is none."""
    from bpfcc.explain import parse_record

    if not isinstance(record, dict):
        raise rubbish(file)
    try:
        _, verdicts = parse_record(record, file=file)
    except InputError as error:
        raise rubbish(file, error.message) from None
    if len(verdicts) != 1:
        raise rubbish(file)
    return verdicts[0]


def text_or_empty(value: Any) -> str:
    """A query's text; of what is none the empty one, which the solver answers with no knowledge."""
    return value if isinstance(value, str) else ""
