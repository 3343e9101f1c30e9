"""Judge the programs of objects in confined children: several at once, answers in order, nothing believed that was not checked.

    for found in judge_objects([request, …], jobs=2, cache=VerdictCache.default()):
        found.file, [(each.key, each.verdict.status) for each in found.programs]

`bpfcc.isolate.judge` is what a child does, `bpfcc.isolate.task` what becomes of its answers; here they are started, heard and ended.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, final

from bpfcc.errors import InputError
from bpfcc.isolate.confine import Limits
from bpfcc.isolate.task import Attempt, JudgedObject, JudgedProgram, ObjectTask
from bpfcc.isolate.worker import Crew, ForkedCrew, choose_crew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bpfcc.isolate.judge import JudgeRequest
    from bpfcc.isolate.solver import SolverChild
    from bpfcc.isolate.worker import Worker
    from bpfcc.verdict_cache import VerdictCache

JUDGE_LIMITS: Final = Limits(wall_seconds=60.0, cpu_seconds=60, memory_bytes=1 << 30, answer_bytes=64 << 20)
# How long to wait before the caller may show that something is going on.
TICK_SECONDS: Final = 0.5

__all__ = ["JUDGE_LIMITS", "JudgedObject", "JudgedProgram", "judge_object", "judge_objects"]


def judge_object(
    request: JudgeRequest, *, limits: Limits = JUDGE_LIMITS, jobs: int = 1, cache: VerdictCache | None = None, crew: Crew | None = None,
    meanwhile: Callable[[], None] | None = None, tick: Callable[[], None] | None = None,
) -> tuple[JudgedProgram, ...]:  # fmt: skip
    """The verdicts on one object's programs, over `jobs` children; what is wrong with the object is raised.

    `meanwhile` is called once, while the first children work; `tick` now and then.
    """
    waiting = [meanwhile] if meanwhile is not None else []

    def tock() -> None:
        while waiting:
            waiting.pop()()
        if tick is not None:
            tick()

    found = next(judge_objects([request], limits=limits, jobs=jobs, parts=jobs, cache=cache, crew=crew, tick=tock))
    if found.error is not None:
        raise found.error
    return found.programs


def judge_objects(
    requests: Iterable[JudgeRequest | JudgedObject], *, limits: Limits = JUDGE_LIMITS, jobs: int = 1, parts: int = 1,
    cache: VerdictCache | None = None, crew: Crew | None = None, tick: Callable[[], None] | None = None,
) -> Iterator[JudgedObject]:  # fmt: skip
    """Each object's verdicts, in order, as soon as they and those before them are there.

    `jobs` children at a time; `parts` share the programs of one object. A request is taken when there is a child for it; one that is
    answered already is handed on. `tick` is called now and then.
    """
    board = Board(requests, limits, jobs, parts, cache, crew or choose_crew())
    try:
        while not board.finished:
            board.start()
            if tick is not None:
                tick()
            yield from board.answers()
            board.listen()
    finally:
        board.close()


@final
class Board:
    """Objects in work, and the children that work on them."""

    def __init__(
        self, requests: Iterable[JudgeRequest | JudgedObject], limits: Limits, jobs: int, parts: int, cache: VerdictCache | None, crew: Crew
    ) -> None:
        self.limits, self.jobs, self.parts, self.cache, self.crew = limits, max(1, jobs), max(1, parts), cache, crew
        self._requests = iter(requests)
        self._more = True
        self._tasks: deque[ObjectTask | JudgedObject] = deque()
        self._working: dict[Worker, Attempt] = {}
        self._solver: SolverChild | None = None

    @property
    def finished(self) -> bool:
        """Whether every answer has been given."""
        return not self._more and not self._tasks

    def start(self) -> None:
        """Give work to as many children as may be."""
        while len(self._working) < self.jobs:
            task = next((each for each in self._tasks if isinstance(each, ObjectTask) and each.waiting), None)
            if task is None:
                if not self._pull():
                    return
                continue
            attempt = task.take()
            try:
                worker = self.crew.start(attempt.request, self.limits)
            except InputError as error:
                task.fail(error)
                attempt.on_end(0)
            else:
                self._working[worker] = attempt

    def _pull(self) -> bool:
        """Take another request, if there is one."""
        request = next(self._requests, None) if self._more else None
        if request is None:
            self._more = False
            return False
        if isinstance(request, JudgedObject):
            self._tasks.append(request)
        else:
            self._tasks.append(ObjectTask(request, self.limits, self.cache, parts=self.parts))
        return True

    def answers(self) -> Iterator[JudgedObject]:
        """Objects that are done, in order."""
        while self._tasks:
            first = self._tasks[0]
            if isinstance(first, ObjectTask) and not first.finished:
                return
            self._tasks.popleft()
            yield first if isinstance(first, JudgedObject) else first.result()

    def listen(self) -> None:
        """Wait for what children say, and end those that take too long."""
        if not self._working:
            return
        soonest = min(worker.deadline for worker in self._working) - time.monotonic()
        for worker, data in self.crew.wait(list(self._working), min(soonest, TICK_SECONDS)):
            self._hear(worker, data)
        now = time.monotonic()
        for worker, attempt in list(self._working.items()):
            if now >= worker.deadline:
                attempt.timed_out = True
                self._retire(worker)
            elif attempt.task.error is not None:
                self._retire(worker)

    def _hear(self, worker: Worker, data: bytes) -> None:
        attempt = self._working.get(worker)
        if attempt is None:
            return
        if not data:
            self._retire(worker, kill=False)
            return
        try:
            for record in attempt.lines.feed(data):
                attempt.on_record(record, worker, self._solve)
        except InputError as error:
            attempt.task.fail(error)
            self._retire(worker)

    def _retire(self, worker: Worker, *, kill: bool = True) -> None:
        """End a child and hear how it ended."""
        attempt = self._working.pop(worker)
        if kill:
            worker.kill()
        attempt.on_end(worker.end())

    def _solve(self, text: str, rlimit: int) -> dict[str, Any]:
        from bpfcc.isolate.solver import UNKNOWN, SolverChild

        if not isinstance(self.crew, ForkedCrew):
            return UNKNOWN
        if self._solver is None:
            self._solver = SolverChild(self.limits)
        return self._solver.ask(text, rlimit)

    def close(self) -> None:
        """End what is left."""
        for worker in self._working:
            worker.kill()
            worker.end()
        self._working.clear()
        if self._solver is not None:
            self._solver.close()
