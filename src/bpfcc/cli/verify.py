"""`bpfcc verify`: judge programs before they run, and say what is wrong with them."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, final

import click

from bpfcc.cli.messages import error_lines
from bpfcc.cli.options import PATH, TARGET, Reading, common, reading, worst
from bpfcc.cli.screen import SLOW_SECONDS, color_wanted
from bpfcc.errors import EXIT_INPUT, EXIT_INTERNAL, EXIT_OK, EXIT_REJECTED, EXIT_UNSUPPORTED, BpfccError, InputError, InternalError
from bpfcc.pipeline import Source
from bpfcc.verifier.codes import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bpfcc.cli.screen import Screen
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.task import JudgedObject
    from bpfcc.judgement import Rules
    from bpfcc.verdict_cache import VerdictCache
    from bpfcc.verifier.verdict import Verdict

EPILOG = """\b
Examples:
  bpfcc verify firewall.bpf.c                       is every program of it safe?
  bpfcc verify filter.o --type xdp --program main   what the section does not tell
  bpfcc verify *.o --jobs 4 --json                  one JSON document a line, in order
  bpfcc verify probe.o --strict                     warnings are errors too
  bpfcc verify firewall.bpf.c --sarif > out.sarif   for editors and code scanning

\b
Each object is read and judged in a process of its own that can do nothing else.
Verdicts are kept in your cache directory; --no-cache does without.
`bpfcc explain CODE` says what a finding means.

\b
Exit status: 0 every program accepted, 1 a program rejected, 2 bad input or usage,
3 nothing in it is supported, 70 a bug in bpfcc.
"""
STATUSES: Final = {"accepted": EXIT_OK, "rejected": EXIT_REJECTED, "unsupported": EXIT_UNSUPPORTED}
KINDS: Final = {EXIT_INPUT: "input", EXIT_UNSUPPORTED: "unsupported"}


@click.command(epilog=EPILOG)
@click.argument("paths", metavar="SRC|OBJ...", type=PATH, nargs=-1, required=True)
@click.option("--section", "sections", multiple=True, metavar="S", help="Only programs of this section.")
@click.option("--program", "names", multiple=True, metavar="P", help="Only this program.")
@click.option("--deny", multiple=True, metavar="CLASS", help="Findings of this class are errors.")
@click.option("--warn", multiple=True, metavar="CLASS", help="Findings of this class are warnings.")
@click.option("--strict", is_flag=True, help="All findings are errors, but those that --warn names.")
@click.option("--no-termination", is_flag=True, help="Loops need no bound.")
@click.option("--max-steps", type=click.IntRange(1, 2**63 - 1), metavar="N", help="Instructions that a run may execute at most.")
@TARGET
@click.option("--jobs", type=click.IntRange(1, 1024), metavar="N", help="Processes at a time (default: one a processor).")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep verdicts.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document an object (schema bpfcc.verify/1).")
@click.option("--sarif", "as_sarif", is_flag=True, help="One SARIF 2.1.0 log.")
@reading
@common
def command(
    paths: tuple[Path, ...], *, sections: tuple[str, ...], names: tuple[str, ...], target: str, jobs: int | None, no_cache: bool,
    as_json: bool, as_sarif: bool, reading: Reading, screen: Screen, **rules: Any,
) -> int:  # fmt: skip
    """Judge the programs in each SRC or OBJ."""
    if as_json and as_sarif:
        raise InputError("--json and --sarif exclude each other")
    work = Work(reading, rules_from(reading, target, **rules), names or None, sections or None, screen)
    work.cache = None if no_cache else open_cache(screen)
    output: Output = Json(screen, single=len(paths) == 1) if as_json else Sarif(screen) if as_sarif else Text(screen, many=len(paths) > 1)
    statuses = []
    for found in work.run(paths, jobs or processors()):
        output.show(found)
        show_errors(found, screen)
        statuses.append(status_of(found))
    output.end()
    return worst(statuses)


def rules_from(
    reading: Reading, target: str = "linux", *, deny: tuple[str, ...] = (), warn: tuple[str, ...] = (), strict: bool = False,
    no_termination: bool = False, max_steps: int | None = None,
) -> Rules:  # fmt: skip
    """Rules from options. InputError for a class that is none."""
    from bpfcc.verifier.options import Options

    for option, given in (("--deny", deny), ("--warn", warn)):
        for each in given:
            if each not in CLASSES:
                raise InputError(f"{option} {each}: no such class; there are {', '.join(sorted(CLASSES))}")
    both = sorted(set(deny) & set(warn))
    if both:
        raise InputError(f"--deny and --warn both name {', '.join(both)}")
    options = Options(frozenset(deny), frozenset(warn), strict, not no_termination, max_steps)
    return reading.rules(target, options)


def open_cache(screen: Screen) -> VerdictCache | None:
    """The user's cache, with a word where it is not used."""
    from bpfcc.verdict_cache import VerdictCache, default_directory

    try:
        return VerdictCache(default_directory())
    except (OSError, RuntimeError) as error:
        screen.note(f"verdicts are not kept: {error}", level=1)
        return None


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@final
class Work:
    """Which programs to judge, and how."""

    def __init__(
        self, reading: Reading, rules: Rules, programs: tuple[str, ...] | None, sections: tuple[str, ...] | None, screen: Screen
    ) -> None:
        self.reading, self.rules, self.programs, self.sections, self.screen = reading, rules, programs, sections, screen
        self.cache: VerdictCache | None = None
        self.target_btf: bytes | None = None
        self._sources: dict[str, Source] = {}

    def run(self, paths: tuple[Path, ...], jobs: int) -> Iterator[JudgedObject]:
        """Each input's verdicts, in order."""
        from bpfcc.isolate.judging import judge_objects
        from bpfcc.pipeline import MAX_OBJECT_BYTES, read_bytes

        if self.reading.target_btf is not None:
            self.target_btf = read_bytes(self.reading.target_btf, MAX_OBJECT_BYTES)
        parts = jobs // len(paths) if len(paths) < jobs else 1
        with Progress(self.screen, len(paths)) as progress:
            for found in judge_objects(self._requests(paths), jobs=jobs, parts=parts, cache=self.cache, tick=progress.tick):
                progress.done()
                yield self._blamed(found)

    def _requests(self, paths: tuple[Path, ...]) -> Iterator[JudgeRequest | JudgedObject]:
        """Inputs, read or compiled when their turn comes."""
        from bpfcc.isolate.task import JudgedObject

        for path in paths:
            try:
                source = self.reading.source(path, self.screen)
            except InternalError:
                raise
            except BpfccError as error:
                yield JudgedObject(str(path), error=error)
            else:
                if source.compiled:
                    self._sources[source.name] = source
                yield self._request(source)

    def _request(self, source: Source) -> JudgeRequest:
        from bpfcc.isolate.judge import JudgeRequest
        from bpfcc.isolate.reader import ReadRequest

        reading = self.reading
        read = ReadRequest(source.data, source.name, reading.types, self.target_btf, programs=self.programs, platform=reading.platform)
        return JudgeRequest(read, self.rules, sections=self.sections, smt=self.rules.options.smt)

    def _blamed(self, found: JudgedObject) -> JudgedObject:
        """With the compiler blamed for what it lost: other ways to compile the same source tell."""
        if found.file not in self._sources:
            return found
        from bpfcc.blame import blame_compiler
        from bpfcc.frontend.toolchain import find_toolchain

        options = self.reading.compile_options | {"toolchain": find_toolchain(self.reading.clang)}
        del self._sources[found.file]
        programs = tuple(
            each._replace(verdict=blame_compiler(each.verdict, Path(found.file), self._accepted(each.key), options))
            if each.verdict is not None and each.verdict.status == "rejected" else each
            for each in found.programs
        )  # fmt: skip
        return found._replace(programs=programs)

    def _accepted(self, key: str) -> Callable[[bytes], bool]:
        """Whether the program is accepted in another object of the same source."""
        from bpfcc.isolate.judging import judge_object

        def accepted(data: bytes) -> bool:
            request = self._request(Source("variant", data))
            request = replace(request, read=replace(request.read, programs=(key,)), sections=None)
            (program,) = judge_object(request, cache=self.cache)
            return program.verdict is not None and program.verdict.accepted

        return accepted


# ---- what is printed


def status_of(found: JudgedObject) -> int:
    """The exit status that an object asks for: 2 and 3 mean that nothing in it could be judged."""
    if found.error is not None:
        return found.error.exit_status
    statuses = [EXIT_INTERNAL if each.verdict is None else STATUSES[each.verdict.status] for each in found.programs]
    if EXIT_UNSUPPORTED in statuses and set(statuses) - {EXIT_UNSUPPORTED}:
        statuses.append(EXIT_REJECTED)
    return worst(statuses)


def verdicts_of(found: JudgedObject) -> list[Verdict]:
    """The verdicts that there are."""
    return [each.verdict for each in found.programs if each.verdict is not None]


def show_errors(found: JudgedObject, screen: Screen) -> None:
    """What kept an object, or a program of it, from having a verdict."""
    for error in [found.error, *(each.error for each in found.programs)]:
        if isinstance(error, InternalError):
            for line in bug_lines(error):
                screen.error_line(line)
        elif error is not None:
            for line in error_lines(error, screen):
                screen.error_line(line)


def bug_lines(error: InternalError) -> list[str]:
    """A fault of bpfcc in a child: the others of a list are judged all the same."""
    from bpfcc.cli.crash import crash_text

    return crash_text(type(error), error, error.__traceback__).rstrip().split("\n")


class Output(Protocol):
    """A form of output."""

    def show(self, found: JudgedObject) -> None:
        """One object."""
        ...

    def end(self) -> None:
        """After the last."""
        ...


@final
class Text:
    """For people: findings as compilers print them, and a line for each program."""

    def __init__(self, screen: Screen, *, many: bool) -> None:
        self._screen = screen
        self._many = many

    def show(self, found: JudgedObject) -> None:
        """One object; with -q only programs that are not accepted."""
        from bpfcc.explain import render_verdict

        screen = self._screen
        shown = [verdict for verdict in verdicts_of(found) if not screen.quiet or not verdict.accepted]
        if self._many and shown:
            screen.line(screen.style(f"{found.file}:", "title"))
        for verdict in shown:
            screen.line(render_verdict(verdict, color=color_wanted(screen.color, sys.stdout), object_name=found.file))
        if not found.programs and found.error is None:
            screen.note(f"{found.file}: no program in it")

    def end(self) -> None:
        """Nothing is left to say."""


@final
class Json:
    """For programs: a document an object, on a line of its own where there are several objects."""

    def __init__(self, screen: Screen, *, single: bool) -> None:
        self._screen = screen
        self._indent = 2 if single else None

    def show(self, found: JudgedObject) -> None:
        """One object. One that could not be read has a document too, so that lines stand beside inputs."""
        from bpfcc.explain import object_record

        record = object_record(found.file, verdicts_of(found))
        if found.error is not None:
            record["error"] = {"kind": KINDS.get(found.error.exit_status, "internal"), "message": str(found.error)}
        self._screen.line(json.dumps(record, indent=self._indent))
        sys.stdout.flush()

    def end(self) -> None:
        """Every document stands for itself."""


@final
class Sarif:
    """For editors and code scanning: one log, a run an object."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._log: dict[str, Any] = {}

    def show(self, found: JudgedObject) -> None:
        """One object."""
        from bpfcc.explain import to_sarif

        log = to_sarif(found.file, verdicts_of(found))
        if self._log:
            self._log["runs"] += log["runs"]
        else:
            self._log = log

    def end(self) -> None:
        """The log."""
        self._screen.line(json.dumps(self._log, indent=2))


@final
class Progress:
    """On a terminal, what is going on once it has taken a second. No thread does it: children are forked."""

    def __init__(self, screen: Screen, total: int) -> None:
        self._shown = False
        self._wanted = not screen.quiet and sys.stderr.isatty()
        self._total = total
        self._done = 0
        self._begun = time.monotonic()

    def done(self) -> None:
        """One more object; its output comes now."""
        self._done += 1
        self._clear()

    def tick(self) -> None:
        """Called now and then."""
        if self._wanted and time.monotonic() - self._begun > SLOW_SECONDS:
            self._shown = True
            of = f" ({self._done} of {self._total} files)" if self._total > 1 else ""
            sys.stderr.write(f"\rbpfcc: judging{of} …\x1b[K")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._clear()
