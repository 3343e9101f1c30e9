"""Objects whose programs are judged before anything is done with them: what `run` and `build` open.

    judged = open_judged(reading, source, screen, names=("filter",))
    judged.object, judged.verdicts["filter"]
    judged.show_refused(programs, screen)            findings of those that are not accepted; the exit status that they ask for

A confined child reads and judges; then this process reads the same bytes, and what it lifts must be what was judged.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from bpfcc.cli.options import worst
from bpfcc.cli.screen import color_wanted
from bpfcc.errors import EXIT_OK, EXIT_REJECTED, EXIT_UNSUPPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bpfcc.cli.options import Reading
    from bpfcc.cli.screen import Screen
    from bpfcc.judgement import Rules
    from bpfcc.pipeline import Source
    from bpfcc.program import Object, Program
    from bpfcc.verifier.verdict import Verdict

LINUX = "linux"
# Contexts of both systems, which have other sizes there.
CONTEXTS = frozenset({"xdp_md", "bpf_sock_addr", "bpf_sock_ops"})
STATUSES = {"accepted": EXIT_OK, "rejected": EXIT_REJECTED, "unsupported": EXIT_UNSUPPORTED}


class Judged(NamedTuple):
    """An object and what is known of its programs, by key."""

    object: Object
    verdicts: dict[str, Verdict]

    def verdict(self, program: Program) -> Verdict | None:
        """The verdict on one of them."""
        return self.verdicts.get(program.name) or self.verdicts.get(f"{program.section}:{program.name}")

    def refused(self, programs: Iterable[Program]) -> list[tuple[Program, Verdict]]:
        """Those of the programs that are not accepted."""
        found = [(program, self.verdict(program)) for program in programs]
        return [(program, verdict) for program, verdict in found if verdict is not None and not verdict.accepted]

    def show_refused(self, programs: Sequence[Program], screen: Screen) -> int:
        """Print the findings of those on standard error; the worst exit status."""
        from bpfcc.explain import render_verdict

        refused = self.refused(programs)
        for _, verdict in refused:
            screen.error_line(render_verdict(verdict, color=color_wanted(screen.color, sys.stderr), object_name=self.object.file))
        return worst([STATUSES[verdict.status] for _, verdict in refused])


def note_origin(obj: Object, screen: Screen) -> None:
    """Say so where a program for Windows gets Linux's contexts: nothing else in an object tells, and the numbers mean other things."""
    from bpfcc.runtime.specs import load_platform

    if obj.platform == LINUX or obj.btf is None:
        return
    for context in load_platform(LINUX).contexts.values():
        for name in context.types & CONTEXTS:
            found = obj.btf.find(name, "struct")
            if found is not None and obj.btf.type(found).size == context.size:
                screen.error_line(
                    f"{obj.file}: warning: struct {name} is Linux's, but the object is read as one for {obj.platform}; "
                    "programs that were written for Linux are rewritten with --target windows"
                )


def open_judged(
    reading: Reading, source: Source, screen: Screen, *, names: tuple[str, ...], needs: tuple[str, ...] = (), rules: Rules | None = None,
    origin: str = "linux",
) -> Judged:  # fmt: skip
    """Read and judge in a child, then load. `names`: only these programs and what they can tail-call. `rules`: whose, where they are
    not those that programs run by here. `origin`: whose object it is."""
    from bpfcc.cli.verify import Progress, open_cache
    from bpfcc.errors import InternalError
    from bpfcc.frontend.conventions import conventions_of
    from bpfcc.frontend.objects import load
    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.judging import judge_object
    from bpfcc.isolate.reader import ReadRequest
    from bpfcc.isolate.wire import ProgramDigest
    from bpfcc.judgement import Rules as Judging
    from bpfcc.pipeline import MAX_OBJECT_BYTES, read_bytes
    from bpfcc.program import Object

    def meanwhile() -> None:
        for name in needs:
            import_module(name)

    target = reading.target_btf
    target_btf = read_bytes(target, MAX_OBJECT_BYTES) if target is not None else None
    read = ReadRequest(source.data, source.name, reading.types, target_btf, programs=names or None, platform=origin)
    rules = rules or Judging()
    request = JudgeRequest(read, rules, targets=True, smt=True)
    with Progress(screen, 1) as progress:
        found = judge_object(request, cache=open_cache(screen), meanwhile=meanwhile, tick=progress.tick)
    for each in found:
        if isinstance(each.error, InternalError):
            raise each.error
    # By other rules other IR is judged than what runs here.
    same = rules.platform == origin and not rules.port
    digests = {each.key: ProgramDigest(each.key, each.code, each.ir if same else None) for each in found if each.code is not None}
    raw = load(source.data, types=reading.types, target_btf=target, file=source.name, conventions=conventions_of(origin))
    obj = Object(raw, digests, target_btf=target)
    note_origin(obj, screen)
    return Judged(obj, {each.key: each.verdict for each in found if each.verdict is not None})
